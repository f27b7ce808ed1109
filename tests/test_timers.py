"""Timers on a clock that a test turns by hand."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from assistant.errors import CallFailed
from assistant.intents.deadlines import Timer
from assistant.intents.timers import Timers
from assistant.stages import Call, Effect, Outcome, Value


class HandClock:
    """Time passes when `advance` is called."""

    def __init__(self) -> None:
        self._now_s = 100.0
        self._moved = asyncio.Condition()

    def now_s(self) -> float:
        return self._now_s

    async def sleep(self, seconds: float) -> None:
        end_s = self._now_s + seconds
        async with self._moved:
            await self._moved.wait_for(lambda: self._now_s >= end_s)

    async def advance(self, seconds: float) -> None:
        await _let_others_run()
        async with self._moved:
            self._now_s += seconds
            self._moved.notify_all()
        await _let_others_run()


async def _let_others_run() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Bench:
    """Timers with their clock, and what rang."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.rang: list[str | None] = []
        self.timers = Timers(self.clock, lambda timer: self.rang.append(timer.name))

    async def ask(self, tool: str, /, **arguments: Value) -> Outcome:
        return await self.timers.handle(Call(tool, arguments))

    async def refusal(self, tool: str, /, **arguments: Value) -> tuple[str, str]:
        with pytest.raises(CallFailed) as caught:
            await self.ask(tool, **arguments)
        return caught.value.reason, caught.value.message


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.timers.aclose()


async def test_timers_ring_in_their_order_not_in_the_order_they_were_set(bench: Bench) -> None:
    """Each once, at its time."""
    await bench.ask("HassStartTimer", minutes=8, name="pasta")
    await bench.ask("HassStartTimer", minutes=3, name="egg")
    await bench.ask("HassStartTimer", minutes=10)
    await bench.clock.advance(179)
    assert bench.rang == []
    await bench.clock.advance(1)
    assert bench.rang == ["egg"]
    await bench.clock.advance(1000)
    assert bench.rang == ["egg", "pasta", None]
    assert bench.timers.running == ()


@pytest.mark.parametrize(
    ("arguments", "data", "sentence"),
    [
        ({"minutes": 10}, {"seconds": 600}, "Timer set for 10 minutes."),
        ({"minutes": 8, "name": "pasta"}, {"seconds": 480, "name": "pasta"}, "Pasta timer set for 8 minutes."),
        ({"minutes": 3, "name": "the Egg timer"}, {"seconds": 180, "name": "egg"}, "Egg timer set for 3 minutes."),
        ({"hours": 1.5, "name": "timer"}, {"seconds": 5400}, "Timer set for 1 hour and 30 minutes."),
        ({"minutes": 1, "seconds": 30}, {"seconds": 90}, "Timer set for 1 minute and 30 seconds."),
        ({"hours": 24}, {"seconds": 86_400}, "Timer set for 24 hours."),
        ({"seconds": 1}, {"seconds": 1}, "Timer set for 1 second."),
    ],
)
async def test_starting_asks_for_seconds_and_a_name_only_if_it_was_said(
    bench: Bench, arguments: dict[str, Value], data: dict[str, Value], sentence: str
) -> None:
    """Units add up."""
    outcome = await bench.ask("HassStartTimer", **arguments)
    assert outcome.effects == (Effect("timer.start", data=data),)
    assert (outcome.ok, outcome.sentence, outcome.allowed_by) == (True, sentence, "timer")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "bad_arguments"),
        ({"name": "pasta"}, "bad_arguments"),
        ({"minutes": 0}, "out_of_range"),
        ({"seconds": 0.4}, "out_of_range"),
        ({"hours": 24, "seconds": 1}, "out_of_range"),
        ({"minutes": -5}, "bad_arguments"),
        ({"minutes": float("nan")}, "bad_arguments"),
        ({"minutes": "ten"}, "bad_arguments"),
        ({"minutes": True}, "bad_arguments"),
        ({"minutes": 5, "name": "<|turn>"}, "bad_arguments"),
    ],
)
async def test_a_length_that_makes_no_sense_starts_nothing(
    bench: Bench, arguments: dict[str, Value], reason: str
) -> None:
    """1 second to 24 hours; the refusal is spoken."""
    assert (await bench.refusal("HassStartTimer", **arguments))[0] == reason
    assert bench.timers.running == ()


async def test_a_second_timer_of_one_name_is_refused_with_what_is_left(bench: Bench) -> None:
    """Nobody could say which one they mean."""
    await bench.ask("HassStartTimer", minutes=8, name="pasta")
    await bench.clock.advance(60)
    refusal = await bench.refusal("HassStartTimer", minutes=8, name="pasta")
    assert refusal == ("timer_exists", "There's already a pasta timer, with 7 minutes left.")


async def test_two_unnamed_timers_of_one_length_are_two(bench: Bench) -> None:
    """Even when they were started at the same moment."""
    await bench.ask("HassStartTimer", minutes=1)
    await bench.ask("HassStartTimer", minutes=1)
    await bench.clock.advance(60)
    assert bench.rang == [None, None]


async def test_the_only_timer_is_cancelled_without_a_name(bench: Bench) -> None:
    """And never rings."""
    await bench.ask("HassStartTimer", minutes=8, name="pasta")
    outcome = await bench.ask("HassCancelTimer")
    assert outcome.effects == (Effect("timer.cancel", data={"name": "pasta"}),)
    assert outcome.sentence == "Pasta timer canceled."
    await bench.clock.advance(1000)
    assert bench.rang == []


async def test_of_several_the_named_one_is_cancelled(bench: Bench) -> None:
    """By its name, or by its length if it has none."""
    await bench.ask("HassStartTimer", minutes=8, name="pasta")
    await bench.ask("HassStartTimer", minutes=10)
    await bench.ask("HassStartTimer", minutes=3, name="egg")
    assert (await bench.ask("HassCancelTimer", name="egg timer")).ok
    assert (await bench.ask("HassCancelTimer", name="10 minute")).ok
    assert [t.name for t in bench.timers.running] == ["pasta"]


async def test_of_several_an_unnamed_one_is_asked_about(bench: Bench) -> None:
    """Nothing is cancelled on a guess."""
    await bench.ask("HassStartTimer", minutes=8, name="pasta")
    await bench.ask("HassStartTimer", minutes=10)
    refusal = await bench.refusal("HassCancelTimer")
    assert refusal == ("which_one", "Which one: the pasta timer or the timer for 10 minutes?")
    assert (await bench.refusal("HassCancelTimer", name="rice")) == ("unknown_timer", "There's no rice timer.")
    assert len(bench.timers.running) == 2


async def test_all_are_cancelled_at_once(bench: Bench) -> None:
    """One effect a timer."""
    await bench.ask("HassStartTimer", minutes=8, name="pasta")
    await bench.ask("HassStartTimer", minutes=10)
    outcome = await bench.ask("HassCancelAllTimers")
    assert outcome.effects == (Effect("timer.cancel", data={"name": "pasta"}), Effect("timer.cancel"))
    assert outcome.sentence == "All timers canceled."
    assert bench.timers.running == ()


@pytest.mark.parametrize("tool", ["HassCancelTimer", "HassCancelAllTimers"])
async def test_cancelling_without_timers_is_asked_for_and_told_honestly(bench: Bench, tool: str) -> None:
    """The effect is what was asked; the answer says that there was nothing."""
    outcome = await bench.ask(tool)
    assert outcome.effects == (Effect("timer.cancel"),)
    assert (outcome.ok, outcome.error, outcome.sentence) == (False, "no_timer", "There's no timer running.")


async def test_the_time_left_is_told(bench: Bench) -> None:
    """Of the only one, of a named one, of all, of none."""
    assert (await bench.ask("HassTimerStatus")).sentence == "There's no timer running."
    await bench.ask("HassStartTimer", minutes=10)
    await bench.clock.advance(20)
    assert (await bench.ask("HassTimerStatus")).sentence == "9 minutes and 40 seconds left on the timer."
    await bench.ask("HassStartTimer", minutes=8, name="pasta")
    assert (await bench.ask("HassTimerStatus", name="pasta")).sentence == "8 minutes left on the pasta timer."
    assert (await bench.ask("HassTimerStatus")).sentence == (
        "9 minutes and 40 seconds left on the timer for 10 minutes, 8 minutes on the pasta timer."
    )
    assert (await bench.refusal("HassTimerStatus", name="tea"))[0] == "unknown_timer"


async def test_a_timer_that_was_kept_over_a_restart_rings(bench: Bench) -> None:
    """The seam for storing them: `running` out, `arm` in; one that is overdue rings at once."""
    bench.timers.countdown.arm(Timer("tea", 180, ends_at_s=160.0))
    bench.timers.countdown.arm(Timer("cake", 180, ends_at_s=50.0))
    await bench.clock.advance(0)
    assert bench.rang == ["cake"]
    await bench.clock.advance(60)
    assert bench.rang == ["cake", "tea"]


async def test_there_is_a_most(bench: Bench) -> None:
    """A model that repeats itself can't fill the memory."""
    for minutes in range(1, 51):
        await bench.ask("HassStartTimer", minutes=minutes)
    assert (await bench.refusal("HassStartTimer", minutes=51))[0] == "too_many"


async def test_closing_forgets_running_timers_without_waiting() -> None:
    """A replay ends while timers run."""
    bench = Bench()
    await bench.ask("HassStartTimer", hours=24)
    async with asyncio.timeout(1):
        await bench.timers.aclose()
    await bench.clock.advance(100_000)
    assert bench.rang == []
