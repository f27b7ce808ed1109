"""What will be said at home -> sound, made while nobody speaks. Knows no voice and no home, only that both tell.

Stops at once when `interrupt` is called; never begins before it has been quiet for a while, and rests after each
phrase, so that it takes a fifth of one core at most, and nothing once all is made.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from assistant.errors import HeyGemmaError

QUIET_S = 3.0
REST = 4.0  # times what a phrase took
_log = logging.getLogger(__name__)


class Rehearsing(Protocol):
    """Who makes and keeps sound: the voices."""

    def keep_only(self, texts: Sequence[str]) -> None:
        """Throw away prepared phrases but these."""

    async def prepare(self, text: str) -> bool | None:
        """Make one phrase. True: made; False: it was there; None: there is no room for more. Raises SpeechFailed."""

    def abandon(self) -> None:
        """Stop making the phrase under way."""


class Rehearsal:
    """`texts`: what may be said now. `resting`: nobody is listened or spoken to. `aclose` at the end."""

    def __init__(
        self,
        voice: Rehearsing,
        texts: Callable[[], Sequence[str]],
        resting: Callable[[], bool],
        *,
        now_s: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._voice = voice
        self._texts = texts
        self._resting = resting
        self._now_s = now_s
        self._sleep = sleep
        self._quiet_since_s = now_s()
        self._stale = asyncio.Event()
        self._stale.set()
        self.made = 0
        self._task = asyncio.create_task(self._keep_up(), name="rehearsal")

    def interrupt(self) -> None:
        """Somebody speaks, or something is to be said."""
        self._quiet_since_s = self._now_s()
        self._voice.abandon()

    def changed(self) -> None:
        """The home has other names."""
        self._stale.set()

    async def aclose(self) -> None:
        """Leave the rest unmade."""
        self._task.cancel()
        self._voice.abandon()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_up(self) -> None:
        while True:
            await self._stale.wait()
            await self._quiet()
            self._stale.clear()
            try:
                await self._make_all()
            except Exception:  # noqa: BLE001 - phrases only save time; the home's next change has them made
                _log.exception("phrases aren't prepared")

    async def _make_all(self) -> None:
        texts = self._texts()
        await asyncio.to_thread(self._voice.keep_only, texts)
        for text in texts:
            if self._stale.is_set() or not await self._make(text):
                break

    async def _make(self, text: str) -> bool:
        """Make one phrase, again if it was interrupted. False: no more of them."""
        while True:
            await self._quiet()
            began_s = self._now_s()
            try:
                made = await self._voice.prepare(text)
            except HeyGemmaError as e:
                if self._quiet_since_s >= began_s:
                    continue  # interrupted
                _log.warning("phrases aren't prepared: %s", e.message)
                return False
            if made:
                self.made += 1
                await self._sleep(REST * max(0.05, self._now_s() - began_s))
            else:
                await self._sleep(0)
            return made is not None

    async def _quiet(self) -> None:
        while True:
            if not self._resting():
                self._quiet_since_s = self._now_s()
            left_s = self._quiet_since_s + QUIET_S - self._now_s()
            if left_s <= 0:
                return
            await self._sleep(left_s)
