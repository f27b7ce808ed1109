"""Preparing phrases while nobody speaks, on a clock that is moved by hand."""

import asyncio
from collections.abc import Sequence

import pytest

from assistant.errors import SpeechFailed
from assistant.rehearsal import QUIET_S, Rehearsal
from tests.fakes import HandClock


class Actor:
    """Prepares in no time, or holds until it is abandoned."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.begun: list[str] = []
        self.kept: list[list[str]] = []
        self.room = 100
        self.hold: asyncio.Future[None] | None = None

    def keep_only(self, texts: Sequence[str]) -> None:
        self.kept.append(list(texts))

    async def prepare(self, text: str) -> bool | None:
        self.begun.append(text)
        if self.hold is not None:
            await self.hold
        if text in self.made:
            return False
        if len(self.made) >= self.room:
            return None
        self.made.append(text)
        return True

    def abandon(self) -> None:
        if self.hold is not None and not self.hold.done():
            self.hold.set_exception(SpeechFailed("abandoned", remedy=""))
            self.hold = None


async def later(clock: HandClock, seconds: float) -> None:
    """Let time pass, and threads come back."""
    for _ in range(round(seconds / 0.1)):
        await clock.advance(0.1)
        await asyncio.sleep(0.002)


async def test_it_waits_for_quiet_makes_all_and_then_nothing() -> None:
    """With a rest after each."""
    actor, clock = Actor(), HandClock()
    rehearsal = Rehearsal(actor, lambda: ["a", "b", "c"], lambda: True, now_s=clock.now_s, sleep=clock.sleep)
    await later(clock, QUIET_S - 0.3)
    assert not actor.begun
    await later(clock, 0.5)
    assert actor.made == ["a"]
    await later(clock, 1.0)
    assert actor.made == ["a", "b", "c"]
    await later(clock, 20.0)
    assert actor.begun == ["a", "b", "c"]
    assert actor.kept == [["a", "b", "c"]]
    rehearsal.changed()
    await later(clock, 5.0)
    assert actor.made == ["a", "b", "c"]
    await rehearsal.aclose()


async def test_it_stops_at_once_when_somebody_speaks_and_goes_on_when_it_is_quiet() -> None:
    """The phrase under way is made again."""
    actor, clock = Actor(), HandClock()
    resting = True
    rehearsal = Rehearsal(actor, lambda: ["a", "b"], lambda: resting, now_s=clock.now_s, sleep=clock.sleep)
    actor.hold = asyncio.get_running_loop().create_future()
    await later(clock, QUIET_S + 0.2)
    assert actor.begun == ["a"]
    resting = False
    rehearsal.interrupt()
    assert actor.hold is None
    await later(clock, 10.0)
    assert actor.begun == ["a"]
    resting = True
    await later(clock, 2 * QUIET_S + 1)
    assert actor.made == ["a", "b"]
    await rehearsal.aclose()


async def test_it_ends_where_there_is_no_room_or_no_voice() -> None:
    """Until the home changes."""
    actor, clock = Actor(), HandClock()
    actor.room = 1
    rehearsal = Rehearsal(actor, lambda: ["a", "b", "c"], lambda: True, now_s=clock.now_s, sleep=clock.sleep)
    await later(clock, 8.0)
    assert actor.begun == ["a", "b"]
    await rehearsal.aclose()


async def test_what_nobody_foresaw_is_logged_and_the_next_change_is_made(caplog: pytest.LogCaptureFixture) -> None:
    """Phrases go on being prepared."""
    actor, clock = Actor(), HandClock()
    told = iter([RuntimeError("a home that can't be asked")])

    def texts() -> list[str]:
        for error in told:
            raise error
        return ["a"]

    rehearsal = Rehearsal(actor, texts, lambda: True, now_s=clock.now_s, sleep=clock.sleep)
    await later(clock, QUIET_S + 0.5)
    assert "a home that can't be asked" in caplog.text
    rehearsal.changed()
    await later(clock, QUIET_S + 0.5)
    assert actor.made == ["a"]
    await rehearsal.aclose()
