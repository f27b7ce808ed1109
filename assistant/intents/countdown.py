"""Lets timers and alarms run until they are due, over restarts and jumps of the wall clock. Rings by a callback.

Each one is a task that sleeps on the clock; nobody waits for it, so that a replay ends while timers run. Timers run on
the monotonic clock, alarms follow the wall clock, which is looked at every 10 s where a file is kept. Knows no call and
no sound. Arming one and forgetting it takes 0.04 ms.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from assistant.intents.deadlines import LATE_S, Alarm, Entry, Timer, after_jump
from assistant.intents.timer_file import TimerFile
from assistant.stages import Clock

LOOK_S = 10.0
JUMP_S = 1.0  # less is a clock that is being adjusted
_EXACT_S = 0.001
_log = logging.getLogger(__name__)


class Countdown:
    """What runs. `now` gives local time, aware of its zone; without a `file` nothing is read or written.

    `ring` is called on the event loop when one is due; it must not block.
    """

    def __init__(
        self,
        clock: Clock,
        ring: Callable[[Entry], None],
        *,
        now: Callable[[], datetime],
        file: TimerFile | None = None,
    ) -> None:
        self._clock = clock
        self._ring = ring
        self._now = now
        self._file = file
        self._tasks: dict[Entry, asyncio.Task[None] | None] = {}  # None: paused
        self._rung: list[Entry] = []
        self._missed: list[Entry] = []
        self._offset_s = self._offset()
        self._changed = False
        self._writing: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What hasn't rung, in the order it was set."""
        return tuple(self._tasks)

    def now(self) -> datetime:
        """Local time."""
        return self._now()

    def now_s(self) -> float:
        """Seconds on the monotonic clock."""
        return self._clock.now_s()

    def left_s(self, entry: Entry) -> float:
        """Seconds until it is due; negative when it is over."""
        if isinstance(entry, Alarm):
            return entry.at_s - self._now().timestamp()
        return entry.ends_at_s - self._clock.now_s() if entry.left_s is None else entry.left_s

    def arm(self, entry: Entry) -> None:
        """Let it run; one that should have ended rings at once."""
        self._run(entry)
        self._keep()

    def change(self, old: Entry, new: Entry) -> None:
        """Let `new` run in the place of `old`."""
        entries = self.entries
        self._stop(old)
        for entry in entries[entries.index(old) :]:  # the order is the order they were set in
            if entry is old:
                self._run(new)
            else:
                self._tasks[entry] = self._tasks.pop(entry)
        self._keep()

    def drop(self, entry: Entry) -> None:
        """Forget one: it never rings."""
        self._stop(entry)
        self._keep()

    def missed(self) -> tuple[Entry, ...]:
        """What was due while nobody could ring it, and hasn't been told yet: it is told now."""
        missed, self._missed = tuple(self._missed), []
        return missed

    def silenced(self) -> None:
        """Nothing rings any more: only now is it gone from the file, so that a crash while it rings loses no alarm."""
        if self._rung:
            self._rung.clear()
            self._keep()

    def restore(self) -> None:
        """Take over what the file holds, and watch the wall clock from now on."""
        if self._file is None:
            return
        for entry in self._file.load():
            if isinstance(entry, Timer):
                self._run_unless_missed(replace(entry, ends_at_s=entry.ends_at_s - self._offset_s, kept=True))
            else:
                self._run_unless_missed(entry)
        if self._missed:
            self._keep()
        self._watching = asyncio.create_task(self._watch(), name="wall clock")

    def look(self) -> None:
        """See whether the wall clock has jumped; what follows it is due at another moment then."""
        offset_s = self._offset()
        jump_s = offset_s - self._offset_s
        if abs(jump_s) < JUMP_S:
            return
        self._offset_s = offset_s
        if self._tasks or self._rung:
            _log.info("the wall clock has jumped by %+.0f s", jump_s)
        for entry in self.entries:
            if isinstance(entry, Alarm) or entry.kept:
                self._stop(entry)
                self._run_unless_missed(after_jump(entry, jump_s, self._now()))
        self._keep()

    async def saved(self) -> None:
        """Return when all that has changed is in the file."""
        if self._writing is not None:
            await asyncio.shield(self._writing)

    async def aclose(self) -> None:
        """Stop all; none rings any more. The file keeps what ran."""
        await self.saved()
        self._file = None
        tasks = [task for task in (*self._tasks.values(), self._watching) if task is not None]
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _run(self, entry: Entry) -> None:
        paused = isinstance(entry, Timer) and entry.left_s is not None
        self._tasks[entry] = None if paused else asyncio.create_task(self._wait(entry), name=entry.label)

    def _run_unless_missed(self, entry: Entry) -> None:
        if (late_s := -self.left_s(entry)) <= LATE_S:
            self._run(entry)
            return
        kind = "a timer" if isinstance(entry, Timer) else "an alarm"  # its name is what somebody said
        _log.warning("%s was missed: it was due %.1f hours ago", kind, late_s / 3600)
        self._missed.append(entry)

    def _stop(self, entry: Entry) -> None:
        if (task := self._tasks.pop(entry)) is not None:
            task.cancel()

    async def _wait(self, entry: Entry) -> None:
        while (left_s := self.left_s(entry)) > _EXACT_S:
            await self._clock.sleep(left_s)
        if self._tasks.pop(entry, None) is not None:
            self._rung.append(entry)
            self._ring(entry)

    async def _watch(self) -> None:
        while True:
            await self._clock.sleep(LOOK_S)
            self.look()

    def _offset(self) -> float:
        """What has to be added to the monotonic clock for Unix time."""
        return self._now().timestamp() - self._clock.now_s()

    def _keep(self) -> None:
        if self._file is None:
            return
        self._changed = True
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(self._file), name="timer file")

    async def _write(self, file: TimerFile) -> None:
        """Save what there is then, one save after another; what isn't silenced yet, too."""
        while self._changed:
            self._changed = False
            offset_s = self._offset()
            entries = (*self._rung, *self._tasks)
            await asyncio.to_thread(file.save, tuple(_in_unix_time(entry, offset_s) for entry in entries))


def _in_unix_time(entry: Entry, offset_s: float) -> Entry:
    return replace(entry, ends_at_s=round(entry.ends_at_s + offset_s, 3)) if isinstance(entry, Timer) else entry
