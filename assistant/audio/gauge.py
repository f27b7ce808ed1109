"""Levels as they come -> what a person can act on: how loud, how loud when nobody speaks, how much is cut off. Pure.

A tenth of a second at a time, of the last half minute.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from assistant.audio.devices import Level, meter
from assistant.stages import Pcm

REMEMBERED = 300
_FULL_SCALE = 32767


@dataclass(frozen=True, slots=True)
class Reading:
    """`level`: now; `floor_dbfs`: of the room, softer than nine tenths of what was heard; `clipped`: samples cut."""

    level: Level
    floor_dbfs: float
    clipped: int


class Gauge:
    """Reads one microphone."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=REMEMBERED)
        self._clipped = 0

    def read(self, samples: Pcm) -> Reading:
        """Take int16 samples, shape (n,)."""
        level = meter(samples)
        self._levels.append(level.rms_dbfs)
        self._clipped += int(np.count_nonzero((samples >= _FULL_SCALE) | (samples <= -_FULL_SCALE)))
        return Reading(level, float(np.percentile(self._levels, 10)), self._clipped)


def bar(dbfs: float, width: int = 40, lowest_dbfs: float = -80.0) -> str:
    """A level as a row of blocks, from -80 dBFS to full scale."""
    return "█" * max(0, min(width, round((1 - dbfs / lowest_dbfs) * width)))
