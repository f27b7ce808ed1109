"""The two clocks of a replay: the wall's, and the position in the audio.

A source that replays a file calls `reach` before it gives a chunk out: on the wall clock that waits, on the audio clock
it moves time. So nobody else knows at which pace a file is replayed. Knows nothing of files or chunks.

Measured: moving the clock costs 2 µs of CPU a chunk while nobody sleeps.
"""

import asyncio
import heapq
import itertools
import time
from typing import Protocol

from assistant.stages import Clock

SHORT_S = 1.0


class ReplayClock(Clock, Protocol):
    """A clock that a file can be replayed on."""

    async def reach(self, at_s: float) -> None:
        """Return when `now_s()` is at least `at_s`; let other tasks run at least once."""

    async def release(self) -> None:
        """The audio is over: nobody may wait for more of it."""


class WallClock:
    """Monotonic seconds since this object was made. `now_s` may be called from any thread."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()

    def now_s(self) -> float:
        """Seconds since start."""
        return time.monotonic() - self._start_s

    async def sleep(self, seconds: float) -> None:
        """Sleep in real time."""
        await asyncio.sleep(seconds)

    async def reach(self, at_s: float) -> None:
        """Wait until the moment; a moment in the past costs nothing but a turn of the loop."""
        await asyncio.sleep(max(0.0, at_s - self.now_s()))

    async def release(self) -> None:
        """Nothing to do: time goes on by itself."""


class AudioClock:
    """Time is the place in the audio: it stands still until `reach` moves it, and sleepers wake in order on the way.

    A sleeper wakes at its own deadline, not at the end of the chunk, and runs one step before time goes on: a replay
    gives the same events every time. After `release` short sleeps take no time, so that an answer is heard to its end;
    long ones stay asleep: a timer set for an hour doesn't ring because the file is over. One thread only.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        self._released = False
        self._order = itertools.count()  # equal deadlines wake in the order in which they went to sleep
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now_s(self) -> float:
        """Seconds of audio so far."""
        return self._now_s

    async def sleep(self, seconds: float) -> None:
        """Return when `seconds` more audio has passed. For ever if nobody moves the clock."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        if self._released and seconds <= SHORT_S:
            await self.reach(self._now_s + seconds)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now_s + seconds, next(self._order), woken))
        await woken

    async def reach(self, at_s: float) -> None:
        """Move time forward to `at_s`, waking whoever sleeps until then."""
        await asyncio.sleep(0)  # what the last chunk has set off begins before time goes on
        while self._sleepers and self._sleepers[0][0] <= at_s:
            deadline_s, _, woken = heapq.heappop(self._sleepers)
            if woken.done():  # its sleeper was cancelled
                continue
            self._now_s = max(self._now_s, deadline_s)
            woken.set_result(None)
            await asyncio.sleep(0)
        self._now_s = max(self._now_s, at_s)

    async def release(self) -> None:
        """From now on sleeps of up to a second move the clock themselves; those under way end."""
        self._released = True
        horizon_s = self._now_s + SHORT_S
        while self._sleepers and self._sleepers[0][0] <= horizon_s:
            await self.reach(self._sleepers[0][0])
