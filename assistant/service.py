"""What a service manager is told (sd_notify): ready, what is going on, alive, stopping. Nothing where there is none.

Alive means that sound, or tries to open the microphone, advance, and the model's thread answers or decodes. What is
seen to stand still is logged and not reported, and systemd starts the service again. Knows neither the microphone nor
the model, only how to ask them. A report is one datagram, some 30 us.
"""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol, Self

from assistant.events import Event, MicrophoneFound, MicrophoneLost, MuteSwitched, Started

LOOKS = 3  # in the time after which systemd calls us dead
_log = logging.getLogger(__name__)


class Beating(Protocol):
    """Something that counts what it does."""

    @property
    def beats(self) -> int:
        """Grows while it is alive."""


class Thinking(Beating, Protocol):
    """Something that also answers when it is asked."""

    def settled(self) -> Awaitable[None]:
        """Return when all that was handed over is done."""


@dataclass(slots=True)
class Pulse:
    """Compares one look with the next: pure."""

    ear: int = -1
    mind: int = -1

    def look(self, ear: int, mind: int, *, answered: bool) -> str | None:
        """What stood still since the last look; None: nothing did."""
        heard, thought = ear != self.ear, answered or mind != self.mind
        self.ear, self.mind = ear, mind
        if not heard:
            return "no sound comes in, and nobody opens the microphone"
        return None if thought else "the model's thread neither answers nor decodes"


class ServiceManager:
    """Whoever listens on `$NOTIFY_SOCKET`. `watchdog_s`: how often it wants to hear that we live; 0: it doesn't."""

    def __init__(self, address: str, watchdog_s: float = 0.0) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)  # noqa: FBT003 - the standard library's name for it
        self._muted = False
        self._waits_for: str | None = None
        self._ready = False
        self.watchdog_s = watchdog_s

    @classmethod
    def given(cls, environ: Mapping[str, str] = os.environ) -> Self | None:
        """The one that started us; None: nobody did, or it doesn't want to be told."""
        address = environ.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")):
            return None
        meant_for_us = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        asked_us = environ.get("WATCHDOG_USEC", "")
        return cls(address, int(asked_us) / 1e6 if asked_us.isdecimal() and meant_for_us else 0.0)

    def observe(self, event: Event) -> None:
        """Take one event of the conversation: ready is who listens, or waits for a microphone."""
        match event:
            case Started():
                self.tell("STATUS=Opening the microphone")
                return
            case MicrophoneFound():
                self._ready, self._waits_for = True, None
            case MicrophoneLost(message=message):
                self._ready, self._waits_for = True, message
            case MuteSwitched(muted=muted):
                self._muted = muted
                self._ready = self._ready or muted  # at the start: the microphone stays closed
            case _:
                return
        if self._ready:
            self.tell("READY=1", f"STATUS={self._status()}")

    def tell(self, *lines: str) -> None:
        """Send assignments, as READY=1."""
        try:
            self._socket.sendto("\n".join(line.replace("\n", " ") for line in lines).encode(), self._address)
        except OSError as e:  # a manager that reads too slowly, or is gone: it will notice by itself
            _log.warning("the service manager can't be told %s: %s", lines[0], e)

    def close(self) -> None:
        """Free the socket."""
        self._socket.close()

    def _status(self) -> str:
        if self._muted:
            return "The ear is switched off"
        return (
            'Listening for "Hey Gemma"' if self._waits_for is None else f"Waiting for a microphone: {self._waits_for}"
        )


@asynccontextmanager
async def attended(manager: ServiceManager | None, ear: Beating, mind: Thinking) -> AsyncIterator[None]:
    """Report while it runs that it lives, and at the end that it stops."""
    if manager is None:
        yield
        return
    watch = asyncio.create_task(_watch(manager, ear, mind), name="watchdog") if manager.watchdog_s else None
    try:
        yield
    finally:
        manager.tell("STOPPING=1", "STATUS=Stopping")
        if watch is not None:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch


async def _watch(manager: ServiceManager, ear: Beating, mind: Thinking) -> None:
    pulse, asked = Pulse(), asyncio.ensure_future(mind.settled())
    try:
        while True:
            manager.tell("WATCHDOG=1")
            while True:
                await asyncio.sleep(manager.watchdog_s / LOOKS)
                answered = asked.done() and asked.exception() is None
                stands_still = pulse.look(ear.beats, mind.beats, answered=answered)
                if stands_still is None:
                    break
                _log.error("%s; the service manager isn't told that we live", stands_still)
            if asked.done():
                asked = asyncio.ensure_future(mind.settled())
    finally:
        asked.cancel()
