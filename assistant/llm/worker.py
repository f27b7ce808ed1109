"""The thread that a model computes on, watched from the event loop.

Jobs run one after another. One that fails takes the conversation with it (`forget`), and the next works; one that
stands still is stopped, and if it doesn't come back then, that is told (`on_stuck`). Knows no model and no turn.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from assistant.errors import HeyGemmaError, ModelFailed, ModelStuck
from assistant.llm.decoder import Aborted
from assistant.llm.patience import Patience

_LOG = logging.getLogger(__name__)

Job = Callable[[], None]


class Worker:
    """One thread. `abort` stops a job, from any thread; `beats` grows with every step of one."""

    def __init__(self, *, abort: Job, forget: Job, beats: Callable[[], int], patience: Patience | None = None) -> None:
        """Made on the event loop. `forget` is called on the thread."""
        self.on_stuck: Callable[[ModelStuck], None] = lambda e: _LOG.error("%s", e.message)
        self._abort, self._forget, self._beats = abort, forget, beats
        self._patience = Patience() if patience is None else patience
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="llama")
        self._jobs_done = 0
        self._working = self._overdue = False
        self._stuck: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watching = asyncio.create_task(self._watch(), name="patience")

    def start(self, job: Job) -> asyncio.Future[None]:
        """Hand a job over. The future raises what `guarded` raises."""
        return asyncio.get_running_loop().run_in_executor(self._thread, self.guarded, job)

    def start_quietly(self, job: Job) -> Future[None]:
        """Hand a job over that nobody waits for: when it fails, that is logged."""
        return self._thread.submit(self._logged, job)

    async def run(self, job: Job) -> None:
        """Hand a job over, and return when it is done, or was stopped. Raises ModelFailed and other errors of ours."""
        await self.start(job)

    def guarded(self, job: Job) -> None:
        """Run a job, on the thread. What isn't an error of ours becomes a ModelFailed; being stopped is none."""
        self._working, self._overdue = True, False
        try:
            job()
        except Aborted as e:
            if self._overdue:
                self._forget()
                raise ModelFailed("the model stood still, and was stopped", remedy="say it again") from e
            _LOG.debug("a decode was stopped")
        except Exception as e:
            self._forget()
            if isinstance(e, HeyGemmaError):
                raise
            raise ModelFailed(f"the model failed: {e}", remedy="say it again") from e
        finally:
            self._working = False
            self._jobs_done += 1

    async def returned(self, within_s: float | None = None) -> bool:
        """Wait until the thread has done what it was given. False: it doesn't come back."""
        back = asyncio.get_running_loop().run_in_executor(self._thread, lambda: None)
        await asyncio.wait([back, self._stuck], timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        return back.done()

    async def aclose(self) -> None:
        """Stop what runs and end the thread. Raises ModelStuck when it doesn't come back: nothing may be freed then."""
        self._watching.cancel()
        self._abort()
        if not await self.returned(self._patience.grace_s):
            self._thread.shutdown(wait=False, cancel_futures=True)
            raise _stuck()
        await asyncio.to_thread(self._thread.shutdown)

    async def _watch(self) -> None:
        """Stop a job that stands still; if that doesn't help, say so."""
        while True:
            await asyncio.sleep(self._patience.longest_s / 10)
            match self._patience.look(time.monotonic(), self._beats() + self._jobs_done, working=self._working):
                case "slow":
                    _LOG.error("the model has stood still for %.0f s: it is stopped", self._patience.longest_s)
                    self._overdue = True
                    self._abort()
                case "stuck":
                    self._stuck.set_result(None)
                    self.on_stuck(_stuck())
                    return
                case "fine":
                    pass

    def _logged(self, job: Job) -> None:
        try:
            self.guarded(job)
        except HeyGemmaError as e:
            _LOG.warning("%s", e.message)


def done() -> Future[None]:
    """A job that is done."""
    future: Future[None] = Future()
    future.set_result(None)
    return future


def _stuck() -> ModelStuck:
    return ModelStuck(
        "the model's thread doesn't come back", remedy="start hey-gemma again; as a service it does so itself"
    )
