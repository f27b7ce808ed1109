"""What the assistant does for itself while nobody speaks: the model reads a changed home, phrases are made ahead.

Knows when both must wait, not how either is done.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from assistant.events import Announced, Event, SpeechStarted, TimerRang, WakeDoubted, WakeHeard, WakeRejected
from assistant.homes import Home
from assistant.intents import sayings
from assistant.intents.real_home import RealHome
from assistant.llm.session import LlamaSession
from assistant.rehearsal import Rehearsal
from assistant.renewal import Renewal
from assistant.speech.voices import Voices
from assistant.stages import Voice
from assistant.states import Idle, Muted, State, WaitingForMicrophone

# Of what is made for nobody yet.
_INTERRUPTS = (WakeHeard, WakeDoubted, WakeRejected, SpeechStarted, TimerRang, Announced)


class Upkeep:
    """Of one conversation. `aclose` at the end."""

    def __init__(self, renewal: Renewal | None = None, rehearsal: Rehearsal | None = None) -> None:
        self._renewal = renewal
        self._rehearsal = rehearsal

    def changed(self) -> None:
        """The home has other things or names."""
        if self._renewal is not None:
            self._renewal.changed()
        if self._rehearsal is not None:
            self._rehearsal.changed()

    def see(self, event: Event) -> None:
        """Take one event of the conversation."""
        if self._rehearsal is not None and isinstance(event, _INTERRUPTS):
            self._rehearsal.interrupt()

    async def aclose(self) -> None:
        """Leave what isn't done."""
        await asyncio.gather(*(job.aclose() for job in (self._rehearsal, self._renewal) if job is not None))


def rehearsing(
    voice: Voice, home: Home, language: str, state: Callable[[], State], now_s: Callable[[], float]
) -> Rehearsal | None:
    """Prepare what can be said at this home, with a voice that can keep it."""
    if not isinstance(voice, Voices):
        return None
    return Rehearsal(
        voice,
        lambda: sayings.phrases(home.things.seen(), language),
        lambda: isinstance(state(), Idle | Muted | WaitingForMicrophone),
        now_s=now_s,
    )


def renewing(session: LlamaSession, home: Home, real: RealHome[Any] | None) -> Renewal | None:
    """Let the model read a home that can change."""
    return None if real is None else Renewal(session, home.router)
