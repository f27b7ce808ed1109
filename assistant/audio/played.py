"""What the loudspeaker was given, by the time at which it is heard: the reference for whoever wants to know its echo.

The speaker's thread puts blocks in, the microphone's reader takes 20 ms out; neither waits. At most four seconds are
kept, the oldest fall out. Knows no room, and no delay but the one that the sound system reports.
"""

from collections import deque

import numpy as np

from assistant.audio.pcm import Resampler, resampler, to_float, to_int16
from assistant.stages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, Pcm

BLOCKS = 200  # of 20 ms
KEPT = 4 * SAMPLE_RATE_HZ
TORN_S = 0.03


class Timeline:
    """Samples counted into time. Blocks are seen early and late by some ms: the count is right, until it is far off.

    `runs` counts how often it began anew: each may lie a little beside the last.
    """

    def __init__(self) -> None:
        self._began_s = float("-inf")
        self._off_s = 0.0
        self.runs = 0

    def see(self, position_s: float, seen_s: float) -> None:
        """The sample at `position_s` of the stream was seen to sound at `seen_s`."""
        off_s = seen_s - position_s - self._began_s
        if not abs(off_s) < TORN_S:
            self._begin(seen_s - position_s)
        else:
            self._off_s += 0.02 * (off_s - self._off_s)

    def anchor(self) -> None:
        """Now nobody minds: begin anew where the latest seconds say."""
        if abs(self._off_s) > TORN_S / 10:
            self._begin(self._began_s + self._off_s)

    def at(self, position_s: float) -> float:
        """When this place of the stream sounds."""
        return self._began_s + position_s

    def _begin(self, began_s: float) -> None:
        self._began_s, self._off_s = began_s, 0.0
        self.runs += 1


class Played:
    """Sound by time, at 16 kHz. `put` is for one thread, the rest for one other."""

    def __init__(self) -> None:
        self._blocks: deque[tuple[Pcm, int, float]] = deque(maxlen=BLOCKS)
        self._rate_hz = 0
        self._resampler: Resampler | None = None
        self._sound: Pcm = np.zeros(0, np.int16)
        self._began_s = 0.0
        self._taken = self._made = 0
        self.runs = 0

    def put(self, block: Pcm, rate_hz: int, heard_s: float) -> None:
        """Take a block, shape (n,), whose first sample is heard at `heard_s`."""
        self._blocks.append((block, rate_hz, heard_s))

    def at(self, from_s: float) -> Pcm | None:
        """20 ms from this time on, shape (320,); None where nothing sounded, or it isn't known yet."""
        while self._blocks:
            self._gather(*self._blocks.popleft())
        start = len(self._sound) - round((self._began_s + self._made / SAMPLE_RATE_HZ - from_s) * SAMPLE_RATE_HZ)
        first, last = max(0, start), min(len(self._sound), start + CHUNK_SAMPLES)
        if first >= last or not self._sound[first:last].any():
            return None
        found = np.zeros(CHUNK_SAMPLES, np.int16)
        found[first - start : last - start] = self._sound[first:last]
        return found

    def _gather(self, block: Pcm, rate_hz: int, heard_s: float) -> None:
        if rate_hz != self._rate_hz or abs(heard_s - self._began_s - self._taken / rate_hz) > TORN_S:
            self._forget(rate_hz, heard_s)
            self.runs += 1
        self._taken += len(block)
        fresh = block
        if self._resampler is not None:
            fresh = to_int16(self._resampler.resample_chunk(to_float(block)))
        self._sound = np.concatenate([self._sound, fresh])[-KEPT:]
        self._made += len(fresh)

    def _forget(self, rate_hz: int, began_s: float) -> None:
        self._rate_hz, self._began_s = rate_hz, began_s
        self._taken = self._made = 0
        self._sound = np.zeros(0, np.int16)
        self._resampler = resampler(rate_hz, "MQ")
