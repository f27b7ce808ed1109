"""What is between a mouth and the assistant: distance, room, background, microphone, codec, level.

Knows no text and no voice; nothing here moves speech in time by more than a codec's few milliseconds. `Condition` names
one way of recording; tests use named ones, training draws them. Sound is float32, 16 kHz, full scale 1.
"""

import io
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from models.hey_gemma import sound
from models.hey_gemma.sound import RATE, Rng, Samples

SOUND_SPEED_MS = 343.0
Codec = Literal["none", "telephone", "gsm", "vorbis", "opus"]
CODECS: dict[Codec, float] = {"none": 0.82, "telephone": 0.05, "gsm": 0.03, "vorbis": 0.05, "opus": 0.05}


@dataclass(frozen=True, slots=True)
class Condition:
    """One way of recording. `background`: white, pink, babble, music, mixed, talker; no `snr_db`: only a hiss."""

    background: str = "white"
    snr_db: float | None = None
    distance_m: float = 0.3
    codec: Codec = "none"
    coloured: bool = False

    @property
    def name(self) -> str:
        """For tables."""
        place = f"{self.distance_m:.0f} m" if self.distance_m > 0.5 else ""
        noise = "" if self.snr_db is None else f"{self.snr_db:.0f} dB {self.background}"
        return ", ".join(part for part in (place, noise) if part) or "clean"


TESTED = (
    Condition(),
    *(Condition(kind, snr) for kind in ("white", "pink", "babble", "music") for snr in (10.0, 5.0, 0.0)),
    Condition(distance_m=3.0),
    Condition("pink", 10.0, distance_m=3.0),
)


def drawn(rng: Rng, *, near: bool = False) -> Condition:
    """A training condition: half of them at 0 to 20 dB, a third from across the room."""
    snr = None if rng.random() < 0.3 else float(rng.uniform(0, 25))
    kind = str(
        rng.choice(["white", "pink", "babble", "music", "mixed", "talker"], p=[0.08, 0.17, 0.25, 0.2, 0.15, 0.15])
    )
    distance = 0.3 if near or rng.random() < 0.45 else float(rng.uniform(0.8, 4.5))
    codec = rng.choice(list(CODECS), p=list(CODECS.values()))
    return Condition(kind, snr, distance, codec, bool(rng.random() < 0.5))


def far_room(distance_m: float, rng: Rng) -> Samples:
    """A room's response `distance_m` from the mouth: direct path at sample 0, six first reflections, a decaying tail.

    Direct and reverberant energy are in the ratio that Sabine's critical distance asks for: at 3 m in a living room the
    tail is 8 to 13 dB over the direct sound (a mouth's directivity of 2 counted in).
    """
    size = rng.uniform([3.0, 3.0, 2.3], [7.0, 6.0, 3.0])
    decay_s = float(rng.uniform(0.25, 0.75))
    critical_m = 0.057 * np.sqrt(2 * size.prod() / decay_s)
    length = int(decay_s * RATE * 0.9)
    tail = rng.normal(size=length) * 10 ** (-3 * np.arange(length) / (decay_s * RATE))
    tail = np.convolve(tail, [0.6, 0.4])[:length]  # walls swallow more of the high sounds
    tail[: int(0.004 * RATE)] = 0
    tail *= distance_m / critical_m / np.sqrt(np.sum(tail**2))
    response = tail
    for wall in range(6):
        path = float(np.hypot(distance_m, 2 * rng.uniform(0.4, size[wall // 2] - 0.4)))
        place = int((path - distance_m) / SOUND_SPEED_MS * RATE)
        if 0 < place < length:
            response[place] += rng.choice([-1, 1]) * rng.uniform(0.3, 0.8) * distance_m / path
    response[0] = 1.0
    return response.astype(np.float32)


def background(kind: str, length: int, rng: Rng, babble: "npt.NDArray[np.float32]") -> Samples:
    """Sound of that kind, RMS 1. `babble`: what babble or a second talker says, at least as long."""
    made: npt.NDArray[np.floating[Any]]
    if kind == "white":
        made = rng.normal(size=length)
    elif kind == "pink":
        hz = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 30)
        made = np.fft.irfft((rng.normal(size=len(hz)) + 1j * rng.normal(size=len(hz))) * hz**-0.5, length)
    elif kind in {"babble", "talker"}:
        made = babble[:length].astype(np.float64)
    elif kind == "music":
        made = sound.music(length, rng)
    else:
        made = sound.noise(length, rng)
    return np.asarray(made / (np.std(made) + 1e-9), dtype=np.float32)


def recorded(spoken: Samples, noise: Samples, condition: Condition, rng: Rng) -> npt.NDArray[np.int16]:
    """Record `spoken` with `noise` (RMS 1, as long) behind it; the SNR is of the loud parts of what arrives."""
    heard = spoken
    if condition.distance_m > 0.5:
        heard = sound.convolve(heard, far_room(condition.distance_m, rng))
    loud = np.abs(heard) > 0.05 * np.abs(heard).max(initial=0.0)
    level = float(np.sqrt(np.mean(heard[loud] ** 2))) if loud.any() else 0.1
    nearest_db, farthest_db = (-30, -16) if condition.distance_m <= 0.5 else (-42, -26)
    gain = 10 ** (rng.uniform(nearest_db, farthest_db) / 20)
    share = rng.choice([0.0, 1.0, 6.0]) / 32768 / gain if condition.snr_db is None else 10 ** (-condition.snr_db / 20)
    mixed = heard / max(level, 1e-6) + noise * share
    if condition.coloured:
        mixed = sound.colour(np.asarray(mixed, dtype=np.float32), rng)
    coded = through(np.asarray(mixed * gain, dtype=np.float32), condition.codec)
    return np.clip(np.round(coded * 32768), -32768, 32767).astype(np.int16)


def through(heard: Samples, codec: Codec) -> Samples:
    """Encode and decode; as long as `heard`."""
    if codec == "none":
        return heard
    rate, kind, subtype = {
        "telephone": (8000, "WAV", "ULAW"),
        "gsm": (8000, "WAV", "GSM610"),
        "vorbis": (RATE, "OGG", "VORBIS"),
        "opus": (RATE, "OGG", "OPUS"),
    }[codec]
    sent = soxr.resample(heard, RATE, rate) if rate != RATE else heard
    file = io.BytesIO()
    soundfile.write(file, np.clip(sent, -1, 1), rate, format=kind, subtype=subtype)
    file.seek(0)
    back, got = soundfile.read(file, dtype="float32")
    back = soxr.resample(back, got, RATE) if got != RATE else back
    return np.resize(np.concatenate([back, np.zeros(max(0, len(heard) - len(back)), np.float32)]), len(heard))
