"""How much later than expected a known echo comes, a few tenths of a second after it began to sound. Pure.

The expected echo is laid over what is heard; all frequencies count alike, as far as they stand out. Says nothing
while nothing fits, the place isn't the same twice, or the echo is much louder or softer than expected: then the volume
was turned. Knows no room: whoever expects the echo does.
"""

import numpy as np
from numpy.typing import NDArray

from assistant.stages import CHUNK_SAMPLES

Floats = NDArray[np.float32]

REACH = 6 * CHUNK_SAMPLES  # samples to either side: 120 ms
FIRST, LAST = 5, 30  # chunks of one sound: soonest 100 ms, and after 600 it is given up
MOST = 100  # of all: 2 s of short sounds, or of those that should be heard and aren't expected to be
NEAR = 2.0  # samples that two findings may be apart
LOUDER = 1.6  # or softer, times
CLEAR = 2.0  # times as high as the next peak
LEAST = 1e-3  # of the strongest frequency's power: what is weaker tells less
FAINT = 1e-4  # nothing sounds yet: -80 dBFS
FADE = CHUNK_SAMPLES // 2  # at both ends: where both tones are cut off at once, they seem to fit
APART = 16  # samples around a peak that belong to it


class Alignment:
    """One search."""

    def __init__(self) -> None:
        self._heard: list[Floats] = []
        self._expected: list[Floats] = []
        self._before: float | None = None
        self._chunks = 0

    @property
    def given_up(self) -> bool:
        """It took too long."""
        return len(self._heard) >= LAST or self._chunks >= MOST

    def rinse(self) -> None:
        """The sound is over: the next one is laid over what is heard then."""
        self._heard, self._expected, self._before = [], [], None

    def push(self, heard: Floats, expected: Floats) -> float | None:
        """Take 20 ms, shape (320,); samples from the expected echo to the heard one, once that is known."""
        self._chunks += 1
        if not self._heard and np.abs(expected).max() < FAINT:
            return None
        self._heard.append(heard)
        self._expected.append(expected)
        if len(self._heard) < FIRST:
            return None
        whole = np.concatenate(self._heard), np.concatenate(self._expected)
        before, self._before = self._before, late_by(*whole)
        if before is None or self._before is None or abs(self._before - before) > NEAR:
            return None
        return self._before if 1 / LOUDER < gain(*whole, round(self._before)) < LOUDER else None


def late_by(heard: Floats, expected: Floats) -> float | None:
    """Where the expected echo fits best, in samples; None: nowhere clearly."""
    size = len(heard) + REACH
    places = np.arange(len(heard))
    ends = np.minimum(1, np.minimum(places, places[::-1]) / FADE)
    fade = (np.sin(np.pi / 2 * ends) ** 2).astype(np.float32)
    seen, known = np.fft.rfft(fade * heard, size), np.fft.rfft(fade * expected, size)
    weights = np.abs(seen) * np.abs(known)
    cross = seen * known.conj() / (weights + LEAST * weights.max(initial=0.0) + 1e-9)
    fits = np.fft.irfft(cross, size)
    fits = np.concatenate([fits[-REACH:], fits[: REACH + 1]])
    best = int(np.argmax(fits))
    others = np.concatenate([fits[: max(0, best - APART)], fits[best + APART + 1 :]])
    if not 0 < best < len(fits) - 1 or fits[best] < CLEAR * others.max(initial=0.0):
        return None
    left, middle, right = fits[best - 1 : best + 2]
    return float(best - REACH + 0.5 * (left - right) / (left - 2 * middle + right))


def gain(heard: Floats, expected: Floats, late: int) -> float:
    """How many times as loud as expected the echo is, so many samples late."""
    if late < 0:
        heard, expected = heard[:late], expected[-late:]
    else:
        heard, expected = heard[late:], expected[: max(0, len(expected) - late)]
    return float(heard @ expected) / max(float(expected @ expected), 1e-12)
