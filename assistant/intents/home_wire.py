"""What the connection to a real home offers, whichever it is, and how it fails.

Knows no wire and no home. A home is asked in Home Assistant's services, and its states are told in Home Assistant's
terms: whatever else it speaks is translated by whoever owns its wire.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from assistant.errors import HomeRefused
from assistant.intents.home_states import LiveStates
from assistant.intents.names import Directory
from assistant.stages import Effect


class Unreachable(Exception):
    """There is no connection now, or it broke while an answer was waited for."""


class Declined(Exception):
    """The home answered a command with an error."""


class News:
    """Wakes all who wait for anything to be reported."""

    def __init__(self) -> None:
        self._told = asyncio.Event()

    async def wait(self) -> None:
        """Return when anything is told."""
        await self._told.wait()

    def tell(self) -> None:
        """Wake whoever waits."""
        self._told.set()
        self._told = asyncio.Event()


class Link(Protocol):
    """A connection that somebody keeps up."""

    news: News

    @property
    def ready(self) -> bool:
        """Connected, and what is needed first is known."""

    @property
    def refusal(self) -> HomeRefused | None:
        """Why we aren't let in; None: we are, or couldn't ask."""


async def up(link: Link, within_s: float) -> None:
    """Return when a link is ready, or after `within_s` without it. Raises HomeRefused."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while not link.ready:
                if link.refusal is not None:
                    raise link.refusal
                await link.news.wait()


class Wire(Link, Protocol):
    """A connection that is kept up for ever. `on_change` is called on the loop when other things may be named.

    `yes_is_done`: a home that answers a service without an error has carried it out; False: only a report shows that.
    """

    on_change: Callable[[], None]
    yes_is_done: bool

    @property
    def states(self) -> LiveStates:
        """What was reported last."""

    def directory(self, here: str) -> Directory | None:
        """What may be named now; None: the home was never reached. `here`: the area that the assistant stands in."""

    def rooms(self, said: str) -> tuple[str, ...]:
        """The areas that an area's name, its alias or a floor means; empty: it is for the directory to say."""

    def able(self, effect: Effect) -> bool:
        """Whether the thing has what it takes; only a color of a lamp without colors, say, is known beforehand."""

    def tells(self, entity_id: str) -> bool:
        """Whether it ever reports a state."""

    async def service(self, effects: Sequence[Effect], within_s: float) -> None:
        """Ask for effects that are alike but for their entity, once. Raises Unreachable, Declined, TimeoutError."""
