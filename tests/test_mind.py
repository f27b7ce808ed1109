"""What was heard on its way to the model, when the person goes on."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from assistant.events import CallsReady, ClauseReady, DraftReady, DraftRetracted, DraftStarted, Event, Reply
from assistant.intents.router import Router
from assistant.mind import Mind
from assistant.stages import Call, Verdict
from tests.fakes import OneLight, ScriptedSession
from tests.test_conversation import CALL

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


@pytest.mark.parametrize(
    ("reply", "sure", "told"),
    [
        (CALL, True, CallsReady),
        (CALL, False, Reply),  # mumbled, or a television
        ([*CALL, "<|tool_call>", "call:{", "<tool_call|>"], True, Reply),  # not to be read
        (["You", " are", " welcome."], True, Reply),
        ([], True, Reply),
    ],
)
async def test_behind_a_deed_only_calls_that_are_sure_count(
    monkeypatch: pytest.MonkeyPatch, reply: list[str], sure: bool, told: type[Event]
) -> None:
    """Of anything else nobody hears a word."""
    router, events = Router([OneLight()]), list[Event]()
    monkeypatch.setattr(router, "is_sure", lambda confidence: sure)
    mind = Mind(ScriptedSession(reply), router, language="en", here=lambda: (0.0, 0.0))
    mind.attach(events.append, lambda error: None)
    mind.open()
    mind.go_on()
    mind.hear(CHUNK)
    mind.commit(only="calls")
    async with asyncio.timeout(5):
        await mind.wait()
    assert type(events[-1]) is told
    assert ClauseReady not in map(type, events)
    assert not isinstance(events[-1], Reply) or events[-1].text == ""


@pytest.mark.parametrize("done", [True, False])
async def test_a_never_mind_behind_a_deed_takes_it_back(*, done: bool) -> None:
    """The model's silence says so; where nothing was done it means nothing."""
    router, events = Router([OneLight()]), list[Event]()
    mind = Mind(ScriptedSession(CALL, []), router, language="en", here=lambda: (0.0, 0.0))
    mind.attach(events.append, lambda error: None)
    mind.open()
    mind.hear(CHUNK)
    mind.commit()
    if done:
        mind.act([Call("TurnOn")], 0.99)
    mind.go_on()
    mind.commit(only="calls")
    async with asyncio.timeout(5):
        await mind.wait()
    assert events[-1] == (CallsReady(0.0, 0.0, (), 1.0) if done else Reply(0.0, 0.0, "", "en"))


class SlowDrafts(SlowSession):
    """Drafts that are complete when the test says so, too late too."""

    def __init__(self) -> None:
        super().__init__()
        self.verdicts: list[Callable[[Verdict], None]] = []

    async def draft(self, on_token: Callable[[], None], on_verdict: Callable[[Verdict], None]) -> bool:
        self.verdicts.append(on_verdict)
        return True


async def test_the_verdict_on_half_a_sentence_that_comes_in_the_next_pause_is_told_to_nobody() -> None:
    """It would end the turn as if all of it were complete and clear."""
    session, events = SlowDrafts(), list[Event]()
    mind = Mind(session, Router([OneLight()]), language="en", here=lambda: (0.0, 0.0))
    mind.attach(events.append, lambda error: None)
    mind.open()
    mind.draft()
    async with asyncio.timeout(5):
        await mind.wait()
    for go_on in (mind.retract, mind.reopen):
        go_on()
        mind.draft()  # the next pause, before the draft was thrown away
        session.verdicts[-1](Verdict("call", 1.0))
        assert not any(isinstance(event, DraftReady) for event in events)
        session.free.set()
        async with asyncio.timeout(5):
            await mind.wait()
    session.verdicts[-1](Verdict("talk", 1.0))
    assert [event.kind for event in events if isinstance(event, DraftReady)] == ["talk"]
