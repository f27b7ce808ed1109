"""Recorded human speech without the wake word, from Debian packages: negatives to train on and to count false accepts.

Knows where the packages put their files and which are held out (heldout.toml). Packages:
asterisk-core-sounds-{en,es,fr,it,ru}-wav hedgewars-data klettres-data pocketsphinx-testdata.
"""

import tomllib
import zlib
from pathlib import Path

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
HELDOUT = Path(__file__).parent / "heldout.toml"


def files(*, held_out: bool) -> list[Path]:
    """All files of one side, sorted."""
    rules = tomllib.loads(HELDOUT.read_text())["human"]
    found = [path for folder in FOLDERS for path in Path(folder).rglob("*") if path.suffix in {".wav", ".ogg", ".raw"}]
    return sorted(path for path in found if _held_out(path, rules) == held_out and "beep" not in path.name)


def _held_out(path: Path, rules: dict[str, list[str] | int]) -> bool:
    folders, percent = rules["folders"], rules["english_percent"]
    assert isinstance(folders, list)
    assert isinstance(percent, int)
    if any(part in str(path) for part in folders):
        return True
    return "en_US_f_Allison" in str(path) and zlib.crc32(path.name.encode()) % 100 < percent


def load(path: Path) -> Samples:
    """Mono, 16 kHz, peak 0.7; shape (0,) if nothing is there."""
    if path.suffix == ".raw":
        sound, rate = np.fromfile(path, dtype="<i2").astype(np.float32), RATE
    else:
        stereo, rate = soundfile.read(path, dtype="float32", always_2d=True)
        sound = stereo.mean(axis=1)
    if len(sound) < rate // 10:
        return np.zeros(0, dtype=np.float32)
    if rate != RATE:
        sound = soxr.resample(sound, rate, RATE)
    return np.asarray(sound * (0.7 / max(float(np.abs(sound).max()), 1e-6)), dtype=np.float32)
