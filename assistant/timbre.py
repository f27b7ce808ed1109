"""How a voice sounds: loudness and colour of 20 ms of it, and how far another voice is from that. Pure.

A colour is a cepstrum as speech recognition has it: 24 mel bands, the logarithm, a cosine transform. Words change it
as well as whoever speaks them, so it takes some tenths of a second of both. 30 us a chunk.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from assistant.stages import CHUNK_MS, SAMPLE_RATE_HZ, Pcm

Numbers = npt.NDArray[np.float64]

BANDS, COEFFICIENTS = 24, 13
LOWEST_HZ, HIGHEST_HZ = 100.0, 7000.0
FFT = 512
LEAST = 1e-6  # of a band's power, so that silence has a logarithm
FAINT = 10 ** (-15 / 10)  # of a voice's own energy: what is fainter doesn't tell its colour
ALIKE = 0.36  # one person's words are so far apart, in variances: half a second of them, in the median
COLOUR_DB = 2.0  # a colour e times as far counts as so much lower a voice
STEADY = 1e-3  # the least variance
NEARER_DB, FARTHER_DB = -2.0, 5.0  # at most


def _mel(hz: float) -> float:
    return float(2595 * np.log10(1 + hz / 700))


def _mel_bands() -> Numbers:
    """Triangles, shape (bands, bins)."""
    edges = 700 * (10 ** (np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), BANDS + 2) / 2595) - 1)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bins = np.fft.rfftfreq(FFT, 1 / SAMPLE_RATE_HZ)
    return np.clip(np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)), 0, None)


_MEL_BANDS = _mel_bands()
_COSINES = np.sqrt(2 / BANDS) * np.cos(np.pi / BANDS * np.outer(np.arange(1, COEFFICIENTS + 1), np.arange(BANDS) + 0.5))
_WINDOW = np.hanning(SAMPLE_RATE_HZ * CHUNK_MS // 1000)


@dataclass(frozen=True, slots=True, eq=False)
class Tone:
    """One chunk of a voice: its mean square, and its colour, shape (13,)."""

    energy: float
    colour: Numbers


def tone(samples: Pcm) -> Tone:
    """Measure 20 ms, shape (320,)."""
    power = np.square(np.abs(np.fft.rfft(samples * _WINDOW, FFT)))
    return Tone(float(np.mean(np.square(samples, dtype=np.float32))), _COSINES @ np.log(_MEL_BANDS @ power + LEAST))


_COUNT, _ENERGIES, _TELLING = 0, 1, 2
_COLOURS, _SQUARES = slice(3, 3 + COEFFICIENTS), slice(3 + COEFFICIENTS, None)


def _nothing() -> Numbers:
    return np.zeros(3 + 2 * COEFFICIENTS)


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """What is known of a voice: sums over its chunks, of the colour over those that tell it."""

    sums: Numbers = field(default_factory=_nothing)

    def __add__(self, other: "Voice") -> "Voice":
        """Both as one."""
        return Voice(self.sums + other.sums)

    def __mul__(self, share: float) -> "Voice":
        """As if only so much of it had been heard."""
        return Voice(share * self.sums)

    @property
    def count(self) -> float:
        """How many chunks."""
        return float(self.sums[_COUNT])

    def hearing(self, tone: Tone) -> "Voice":
        """With one chunk more."""
        return self + self.chunk(tone)

    def chunk(self, tone: Tone) -> "Voice":
        """One chunk alone; it tells no colour if it is much fainter than the rest."""
        sums = _nothing()
        sums[_COUNT], sums[_ENERGIES] = 1, tone.energy
        if tone.energy * (self.count + 1) >= FAINT * (float(self.sums[_ENERGIES]) + tone.energy):
            sums[_TELLING] = 1
            sums[_COLOURS], sums[_SQUARES] = tone.colour, tone.colour * tone.colour
        return Voice(sums)

    def is_fainter(self, tone: Tone, share: float) -> bool:
        """Whether a chunk has at most such a share of the mean energy."""
        return bool(tone.energy * self.count <= share * self.sums[_ENERGIES])

    def other_db(self, heard: "Voice") -> float:
        """How far from this voice another is: so much lower, and lower still for another colour, less for the same."""
        return 10 * math.log10(self.energy / heard.energy) + self._colour_db(heard)

    @property
    def energy(self) -> float:
        """The mean square of its chunks."""
        return max(float(self.sums[_ENERGIES]), LEAST) / max(1.0, self.count)

    def _colour_db(self, heard: "Voice") -> float:
        if not (self.sums[_TELLING] and heard.sums[_TELLING]):
            return 0.0
        mean, squares = self.sums[_COLOURS] / self.sums[_TELLING], self.sums[_SQUARES] / self.sums[_TELLING]
        away = mean - heard.sums[_COLOURS] / heard.sums[_TELLING]
        apart = float(away * away @ (1 / (squares - mean * mean + STEADY))) / COEFFICIENTS
        return min(max(COLOUR_DB * math.log(max(apart, STEADY) / ALIKE), NEARER_DB), FARTHER_DB)
