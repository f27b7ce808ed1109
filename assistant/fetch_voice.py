"""A Piper voice for one more language: its card and description, then its network, each checked byte by byte.

Knows the manifest and no sound. Without its description a network isn't taken for a voice, so it comes last.
"""

from collections.abc import Callable
from pathlib import Path

from assistant import disk, download
from assistant.manifest import Pinned, VoiceEntry
from assistant.progress import Advance, Meter, silent
from assistant.speech.files import VOICES

COLLECTION = "https://huggingface.co/rhasspy/piper-voices/resolve"
Fetch = Callable[[download.Remote, Path, Advance], None]


def fetch(
    entry: VoiceEntry,
    directory: Path,
    meter: Meter = silent,
    *,
    via: Fetch = download.download,
    collection: str = COLLECTION,
) -> Path:
    """Bring a voice into `directory`, what is there already excepted, and say where its network is.

    Raises OutputError (disk), ModelMissing (network), ModelDamaged (wrong bytes).
    """
    base, folder = f"{collection}/{entry.revision}/{entry.path}", directory / VOICES
    network = folder / f"{entry.name}.onnx"
    parts: tuple[tuple[str, Path, Pinned], ...] = (
        (f"{base.rpartition('/')[0]}/MODEL_CARD", card(network), entry.card),
        (f"{base}.onnx.json", Path(f"{network}.json"), entry.description),
        (f"{base}.onnx", network, entry.network),
    )
    missing = [(url, target, pinned) for url, target, pinned in parts if not target.is_file()]
    folder.mkdir(parents=True, exist_ok=True)
    disk.need_space(folder, sum(pinned.bytes for _, _, pinned in missing))
    for url, target, pinned in missing:
        with meter(target.name, pinned.bytes) as advance:
            via(download.Remote(url, pinned.bytes, pinned.sha256, pinned.md5), target, advance)
    return network


def card(network: Path) -> Path:
    """Where the card of a voice lies, which names its licence."""
    return network.with_suffix(".MODEL_CARD")
