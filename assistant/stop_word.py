"""Hears a plain "stop" while the assistant speaks or rings, when nobody needs to say the wake word. Pure.

A small head over the wake word's own features (0.1 ms per 80 ms); the same head looks at what the loudspeaker is given,
so that our own "stop" stops nothing. Knows no state: whoever asks knows when it counts.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

THRESHOLD = 0.8
MAYBE = 0.5  # somebody may have said it under our voice
EXPLAINS = 0.3  # of the reference
WITHIN_MS = 900.0
REFRACTORY_MS = 1000.0


class Windowed(Protocol):
    """A wake word that runs."""

    @property
    def window(self) -> Floats | None:
        """The features of the latest 1.28 s, shape (16, 96); None: no voice, nothing was computed."""


class StopWord:
    """`scores` is the head; `heard` listens to the microphone, `played` to what we play (None: nobody does)."""

    def __init__(self, scores: Callable[[Floats], Floats], heard: Windowed, played: Windowed | None) -> None:
        self._scores = scores
        self._heard = heard
        self._played = played
        self._explained_ms = self._last_ms = float("-inf")
        self.maybe = False  # whether the latest score was that of something like it

    def score(self, at_ms: float, *, speaking: bool) -> float | None:
        """The score, if a "stop" ended at about this place; to be asked every 80 ms. `speaking`: we play something."""
        if speaking and self._of(self._played) >= EXPLAINS:
            self._explained_ms = at_ms
        score = self._of(self._heard)
        self.maybe = score >= MAYBE and at_ms - self._explained_ms >= WITHIN_MS
        if score < THRESHOLD or not self.maybe or at_ms - self._last_ms < REFRACTORY_MS:
            return None
        self._last_ms = at_ms
        return score

    def _of(self, listening: Windowed | None) -> float:
        window = None if listening is None else listening.window
        return 0.0 if window is None else float(self._scores(window)[0])
