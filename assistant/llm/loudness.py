"""How loud a turn was: where the voice ended.

Sound as it comes, in chunks of 20 ms -> a place. Knows no rows and no model; counts levels, not words, so noise as
loud as a voice is one. A chunk costs 10 us.
"""

from collections import deque
from itertools import pairwise

import numpy as np

from assistant.stages import Pcm

CHUNK = 320  # samples, 20 ms
LOUDER = 10 ** (6 / 10)  # times the energy of what is heard now: more than the room
REMEMBERED = 8  # chunks
ROOM_CHUNKS = 100  # 2 s: the softest 40 ms of it are the room
SILENCE = 100.0  # of int16: -70 dBFS is silence anywhere


class Loudness:
    """One sound at a time."""

    def __init__(self) -> None:
        self._samples = 0
        self._room: deque[float] = deque(maxlen=ROOM_CHUNKS)
        self._levels: deque[tuple[int, float]] = deque(maxlen=REMEMBERED)  # where a chunk ends, and its energy

    def hear(self, samples: Pcm) -> None:
        """Take in sound, shape (n,), int16."""
        for at in range(0, len(samples), CHUNK):
            chunk = samples[at : at + CHUNK]
            level = float(np.mean(np.square(chunk, dtype=np.float32)))
            self._samples += len(chunk)
            self._levels.append((self._samples, level))
            self._room.append(level)

    def silent_from(self) -> int:
        """Where the last chunk that was louder than the room ended, in samples; 0 if none of the remembered ones was.

        What is softer than that may be a word's end yet: it counts as heard.
        """
        levels, lately = tuple(self._levels), tuple(self._room)
        room = max(SILENCE, min((a + b for a, b in pairwise(lately)), default=0.0) / 2)
        return max((end for end, level in levels if level > LOUDER * room), default=0)
