"""A lane runs jobs one after another; one can be taken back, clearing it cancels the running one and forgets the rest.

Knows nothing of what the jobs do. Bounded: a lane that holds 1,000 jobs is stuck, and says so.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from assistant.errors import HeyGemmaError

Job = Callable[[], Awaitable[None]]
LONGEST = 1000


class Lane:
    """Jobs in order. `on_error` gets what a job raised; the next job runs all the same."""

    def __init__(self, name: str, on_error: Callable[[Exception], None]) -> None:
        self._name = name
        self._on_error = on_error
        self._jobs: deque[Job] = deque()
        self._task: asyncio.Task[None] | None = None
        self._running: Job | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def busy(self) -> bool:
        """A job runs or waits."""
        return not self._idle.is_set()

    def submit(self, job: Job) -> None:
        """Queue a job."""
        if len(self._jobs) >= LONGEST:
            raise HeyGemmaError(f"{self._name} is stuck: {LONGEST} jobs wait", remedy="restart hey-gemma")
        self._jobs.append(job)
        self._idle.clear()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=self._name)

    def clear(self, spare: Job | None = None) -> None:
        """Forget the waiting jobs, cancel the running one unless it is `spare`."""
        self._jobs.clear()
        if spare is not None and self._running is spare:
            return
        if self._task is not None:
            self._task.cancel()
            self._task = self._running = None
        self._idle.set()

    def take_back(self, job: Job) -> None:
        """Forget one job, or cancel it if it runs; those that wait go on. One that is done stays so."""
        if job in self._jobs:
            self._jobs.remove(job)
        elif job is self._running and self._task is not None:
            waiting = list(self._jobs)
            self.clear()
            for later in waiting:
                self.submit(later)

    async def wait(self) -> None:
        """Return when no job runs or waits."""
        await self._idle.wait()

    async def _run(self) -> None:
        me = asyncio.current_task()
        while self._jobs and self._task is me:
            self._running = job = self._jobs.popleft()
            try:
                await job()
            except Exception as e:  # noqa: BLE001 - a failed job must not stop the lane; it is told
                if self._task is me:
                    self._on_error(e)
            except asyncio.CancelledError:
                if me is None or me.cancelling():
                    raise
                self._on_error(HeyGemmaError(f"{self._name}: what a job waited for was cancelled", remedy="try again"))
        if self._task is me:
            self._task = self._running = None
            self._idle.set()
