"""Recorded human speech without the wake word, from Debian packages: negatives to train on and to count false accepts.

Knows where the packages put their files and which are held out (heldout.toml). Packages:
asterisk-core-sounds-{en,es,fr,it,ru}-wav hedgewars-data klettres-data pocketsphinx-testdata, and for the second recipe
fillets-ng-data-{cs,nl} (3.4 hours of actors) asterisk-prompt-{es-co,fr-armelle,it-menardi-wav} ktuberling-data.
"""

import fnmatch
import re
import tomllib
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from models.hey_gemma.sound import RATE, Samples

FOLDERS = (
    "/usr/share/asterisk/sounds",
    "/usr/share/games/hedgewars/Data/Sounds/voices",
    "/usr/share/klettres",
    "/usr/share/pocketsphinx/test/data",
)
SECOND = ("/usr/share/games/fillets-ng/sound", "/usr/share/ktuberling/sounds", "/usr/share/asterisk/sounds")
LANGUAGES = {"Russian_pl": "pl", "Russian": "en", "Robot": "en", "data": "en"}  # whose folder doesn't say it
HELDOUT = Path(__file__).parent / "heldout.toml"


def files(*, held_out: bool) -> list[Path]:
    """All files of one side, sorted."""
    rules = tomllib.loads(HELDOUT.read_text())["human"]
    found = [path for folder in FOLDERS for path in Path(folder).rglob("*") if path.suffix in {".wav", ".ogg", ".raw"}]
    return sorted(path for path in found if _held_out(path, rules) == held_out and "beep" not in path.name)


def second_files(*, held_out: bool) -> list[Path]:
    """All files of one side in the second recipe, sorted: step one's sides, and the packages that came later."""
    patterns = tomllib.loads(HELDOUT.read_text())["second"]["human_paths"]
    first = files(held_out=False) + files(held_out=True)
    found = {path for folder in SECOND for path in Path(folder).rglob("*") if path.suffix in {".wav", ".ogg", ".gsm"}}
    more = [path for path in found.difference(first) if "beep" not in path.name]
    return sorted([*files(held_out=held_out), *(path for path in more if _matches(path, patterns) == held_out)])


def _matches(path: Path, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatch(str(path), pattern) for pattern in patterns)


def speaker(path: Path) -> str:
    """Who speaks, as far as the path tells: "fillets cs m", "it_IT_m_Carlo", "klettres de", "voices Surfer"."""
    parts = path.parts
    if "fillets-ng" in parts:
        who = path.stem.split("-")
        return f"fillets {path.parent.name} {who[1] if len(who) > 2 and who[1] in {'m', 'v'} else 'others'}"
    if "ktuberling" in parts:
        return f"ktuberling {parts[parts.index('sounds') + 1]}"
    for folder in ("sounds", "voices", "klettres", "pocketsphinx"):
        if folder in parts:
            return (
                parts[parts.index(folder) + 1] if folder == "sounds" else f"{folder} {parts[parts.index(folder) + 1]}"
            )
    return path.parent.name


def language(path: Path) -> str:
    """Two letters, as the folder tells."""
    name = re.sub("^(fillets|voices|klettres|ktuberling) ", "", speaker(path)).partition("@")[0]
    if name in LANGUAGES:
        return LANGUAGES[name]
    if name.startswith("Default_"):
        return name[len("Default_") :][:2]
    first = name.replace("_", " ").split()[0]
    return first if len(first) in {2, 3} and first.islower() else "en"


def _held_out(path: Path, rules: dict[str, list[str] | int]) -> bool:
    folders, percent = rules["folders"], rules["english_percent"]
    assert isinstance(folders, list)
    assert isinstance(percent, int)
    if any(part in str(path) for part in folders):
        return True
    return "en_US_f_Allison" in str(path) and zlib.crc32(path.name.encode()) % 100 < percent


def load(path: Path) -> Samples:
    """Mono, 16 kHz, peak 0.7; shape (0,) if nothing is there."""
    rate = RATE
    if path.suffix == ".raw":
        sound = np.fromfile(path, dtype="<i2").astype(np.float32)
    else:
        raw: dict[str, Any] = (
            {"samplerate": 8000, "channels": 1, "format": "RAW", "subtype": "GSM610"} if path.suffix == ".gsm" else {}
        )
        stereo, rate = soundfile.read(path, dtype="float32", always_2d=True, **raw)
        sound = stereo.mean(axis=1)
    if len(sound) < rate // 10:
        return np.zeros(0, dtype=np.float32)
    if rate != RATE:
        sound = soxr.resample(sound, rate, RATE)
    return np.asarray(sound * (0.7 / max(float(np.abs(sound).max()), 1e-6)), dtype=np.float32)
