"""Writes the wake log in a thread of its own: a slow, full or read-only disk never holds the ear up.

Nothing is written while nothing is heard, and at most once in 10 s: memory cards wear out. Overflow policy: 64 entries
wait at most (6 MB with their sound), a newer one is lost. Knows no event.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path

from assistant.config import WakeConfig
from assistant.errors import HeyGemmaError
from assistant.stages import Pcm
from assistant.waking.entry import Entry
from assistant.waking.store import Store

MOST_WAITING = 64
PAUSE_S = 10.0
SWEEP_S = 6 * 3600.0  # how often clips are looked through for old ones: a look writes nothing
CLOSE_S = 2.0

Heard = tuple[Entry, Pcm | None]
Keep = Callable[[Entry, Pcm | None], None]
_log = logging.getLogger(__name__)


class Keeper:
    """Takes entries from the loop and gives them to the store. A failure is warned of once, until writing works."""

    def __init__(self, store: Store, now: Callable[[], datetime], *, pause_s: float = PAUSE_S) -> None:
        self._store = store
        self._now = now
        self._pause_s = pause_s
        self._waiting: queue.Queue[Heard | None] = queue.Queue(MOST_WAITING)
        self._ending = threading.Event()
        self._refused = False
        self._thread = threading.Thread(target=self._run, name="wake-log", daemon=True)
        self._thread.start()

    def keep(self, entry: Entry, sound: Pcm | None) -> None:
        """Have an entry written soon. Never blocks, never raises."""
        try:
            self._waiting.put_nowait((entry, sound))
        except queue.Full:
            self._warn("the wake log can't keep up: an entry is lost")

    def close(self) -> None:
        """Write what waits, for 2 s at most: a disk that hangs must not keep us."""
        self._ending.set()
        with suppress(queue.Full):  # then it has work, and looks whether it ends after that
            self._waiting.put_nowait(None)
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        self._store.sweep(self._now())
        while True:
            batch = self._next_batch()
            heard = [item for item in batch if item is not None]
            if heard:
                self._write(heard)
            self._store.sweep(self._now())
            if self._ending.is_set() and self._waiting.empty():
                return
            if heard:
                self._ending.wait(self._pause_s)

    def _next_batch(self) -> list[Heard | None]:
        batch: list[Heard | None] = []
        try:
            batch.append(self._waiting.get(timeout=SWEEP_S))
            while True:
                batch.append(self._waiting.get_nowait())
        except queue.Empty:
            return batch

    def _write(self, heard: list[Heard]) -> None:
        try:
            self._store.add(heard)
        except HeyGemmaError as e:
            self._warn(f"{e.message}. Listening goes on. What to do: {e.remedy}")
        except Exception as e:  # noqa: BLE001 - the log is worth less than the ear that it observes
            self._warn(f"the wake log failed: {e}. Listening goes on.")
        else:
            self._refused = False

    def _warn(self, message: str) -> None:
        if not self._refused:
            _log.warning("%s", message)
        self._refused = True


def here_and_now() -> datetime:
    """The time of day, with this place's zone."""
    return datetime.now().astimezone()


@asynccontextmanager
async def keeping(config: WakeConfig, folder: Path) -> AsyncIterator[Keep | None]:
    """Where entries go while something runs; None: the config wants no log."""
    if not config.log:
        yield None
        return
    keeper = Keeper(Store(folder, config), here_and_now)
    try:
        yield keeper.keep
    finally:
        await asyncio.to_thread(keeper.close)
