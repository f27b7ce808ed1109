"""What was heard on its way to the model, when the person goes on."""

import asyncio

import numpy as np

from assistant.events import DraftRetracted, DraftStarted, Event, Reply
from assistant.intents.router import Router
from assistant.mind import Mind
from tests.fakes import OneLight, ScriptedSession

CHUNK = np.ones(320, np.int16)


class SlowSession(ScriptedSession):
    """Takes its time to throw a draft away."""

    def __init__(self) -> None:
        super().__init__(["Hello."], ["Hello again."])
        self.free = asyncio.Event()

    async def retract(self) -> None:
        await self.free.wait()
        await super().retract()


async def test_sound_that_waited_when_a_commit_was_taken_back_is_heard_all_the_same() -> None:
    session, events, errors = SlowSession(), list[Event](), list[Exception]()
    mind = Mind(session, Router([OneLight()]), language="en", here=lambda: (0.0, 0.0))
    mind.attach(events.append, errors.append)
    mind.open()
    mind.retract()
    for _ in range(5):
        mind.hear(CHUNK)
    mind.commit()
    await asyncio.sleep(0)
    mind.reopen()
    session.free.set()
    async with asyncio.timeout(5):
        await mind.wait()
    mind.hear(CHUNK)
    mind.commit()
    async with asyncio.timeout(5):
        await mind.wait()
    assert session.turns == [("", 6 * len(CHUNK))]
    assert errors == []


async def test_a_draft_that_heard_another_voice_is_told_to_be_thrown_away() -> None:
    """And the answer is to what was said before it."""
    session, events = ScriptedSession(["?"], ["Good evening."], listens_ahead=True), list[Event]()
    mind = Mind(session, Router([OneLight()]), language="en", here=lambda: (0.0, 0.0))
    mind.attach(events.append, lambda error: None)
    mind.open()
    for _ in range(5):
        mind.hear(CHUNK)
    mind.draft()
    mind.cut(40)
    mind.commit()
    async with asyncio.timeout(5):
        await mind.wait()
    assert session.turns == [("", 3 * len(CHUNK))]
    kinds = [type(event) for event in events]
    assert kinds.index(DraftStarted) < kinds.index(DraftRetracted) < kinds.index(Reply)
    assert session.retracted == [["?"]]
