"""How much later than the reference its echo is heard: the two loudness curves laid over each other. Pure.

Knows no room and no clock. Needs three seconds in which something was played; says nothing where nothing fits.
"""

import numpy as np
from numpy.typing import NDArray

from assistant.stages import Pcm

STEP = 80  # samples: 5 ms
STEP_S = 0.005
SPAN = 600  # steps that are compared: 3 s
REACH = 120  # steps to either side: 600 ms
SURE = 0.6  # so alike must the curves be
EVERY = 200  # steps between two looks: 1 s


class DelayFinder:
    """Push what was heard and what was played, 20 ms at a time."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget what was pushed."""
        self._heard: list[float] = []
        self._played: list[float] = []

    def push(self, heard: Pcm, played: Pcm) -> float | None:
        """Seconds from the reference to the echo (negative: before it), once a second; None: not now, or not sure."""
        self._heard.extend(_loudness(heard))
        self._played.extend(_loudness(played))
        if len(self._heard) < SPAN:
            return None
        found = lag(np.array(self._heard[-SPAN:]), np.array(self._played[-SPAN:]))
        self._heard, self._played = self._heard[EVERY:], self._played[EVERY:]
        return found


def lag(heard: NDArray[np.float64], played: NDArray[np.float64]) -> float | None:
    """Where the curves, shape (SPAN,), fit best, in seconds; None: nowhere well."""
    middle = slice(REACH, SPAN - REACH)
    reference = played[middle]
    best, at = SURE, None
    for shift in range(-REACH, REACH + 1):
        alike = _alike(heard[middle.start + shift : middle.stop + shift], reference)
        if alike > best:
            best, at = alike, shift
    return None if at is None else at * STEP_S


def _alike(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    spread = a.std() * b.std()
    return float(np.mean((a - a.mean()) * (b - b.mean())) / spread) if spread > 1e-6 else 0.0


def _loudness(samples: Pcm) -> list[float]:
    power = np.mean(np.square(samples.reshape(-1, STEP), dtype=np.float64), axis=1)
    return list(np.log(power + 1e3))
