"""A home that changes while we run -> the calls that are legal at once, and a prompt that follows when nobody speaks.

Knows neither the home nor the model, only that one tells and the other can be told. Changes come in bunches: the prompt
is made anew once they are over. Costs nothing while nothing changes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from assistant.errors import HeyGemmaError
from assistant.stages import Tool

SETTLE_S = 2.0
AGAIN_S = 3.0  # a turn is open, or remembered
_log = logging.getLogger(__name__)


class Teller(Protocol):
    """What the prompt is made from: the router."""

    def tools(self) -> Sequence[Tool]:
        """What the model is told that it may call now."""

    def legal(self) -> Sequence[Tool]:
        """What a call may be now."""

    def context(self) -> str:
        """Static facts for the prompt."""


class Reader(Protocol):
    """Who reads the prompt: the session."""

    def legalize(self, tools: Sequence[Tool]) -> None:
        """From the next call on, let calls be what these tools can take."""

    async def renew(self, tools: Sequence[Tool], home: str) -> bool:
        """Read another prompt between turns; False: not now. Raises HeyGemmaError: not at all."""


class Renewal:
    """Call `changed` whenever the home did; `aclose` at the end."""

    def __init__(
        self, reader: Reader, teller: Teller, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._reader = reader
        self._teller = teller
        self._sleep = sleep
        self._stale = asyncio.Event()
        self._task = asyncio.create_task(self._keep_up(), name="prompt renewal")

    def changed(self) -> None:
        """New names can be written in calls at once; the model is told of them when it has time."""
        self._reader.legalize(self._teller.legal())
        self._stale.set()

    async def aclose(self) -> None:
        """Leave the prompt as it is from now on."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_up(self) -> None:
        while True:
            await self._stale.wait()
            while self._stale.is_set():
                self._stale.clear()
                await self._sleep(SETTLE_S)
            try:
                if not await self._reader.renew(self._teller.tools(), self._teller.context()):
                    await self._sleep(AGAIN_S)
                    self._stale.set()
            except HeyGemmaError as e:
                _log.warning("the prompt stays as it was: %s. What to do: %s", e.message, e.remedy)
            except Exception:  # noqa: BLE001 - whatever a home's names did, its next change is read
                _log.exception("the prompt stays as it was")
