"""Timers on a clock that a test turns by hand."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from assistant.errors import CallFailed
from assistant.intents.deadlines import Timer
from assistant.intents.timers import Timers
from assistant.stages import Call, Effect, Outcome, Value
from tests.fakes import HandClock

EVENING_S = datetime(2026, 11, 24, 22, tzinfo=UTC).timestamp()


class Bench:
    """Timers with their clock, and what rang."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.rang: list[str | None] = []
        self.timers = Timers(self.clock, lambda entry: self.rang.append(entry.name), now=self.now)

    def now(self) -> datetime:
        return datetime.fromtimestamp(EVENING_S + self.clock.now_s(), UTC)

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
    await bench.ask("HassStartTimer", minutes=10)
    await bench.ask("HassStartTimer", minutes=10)
    outcome = await bench.ask("HassCancelTimer", name="all timers")
    assert (outcome.sentence, len(outcome.effects)) == ("All timers canceled.", 2)


@pytest.mark.parametrize("tool", ["HassCancelTimer", "HassCancelAllTimers"])
async def test_cancelling_without_timers_is_asked_for_and_told_honestly(bench: Bench, tool: str) -> None:
    """The effect is what was asked; the answer says that there was nothing."""
    outcome = await bench.ask(tool)
    assert outcome.effects == (Effect("timer.cancel"),)
    assert (outcome.ok, outcome.error, outcome.sentence) == (False, "no_timer", "There's no timer running.")


async def test_all_of_a_kind_of_which_there_is_none_is_no_name(bench: Bench) -> None:
    """An alarm is set and all timers shall be canceled, or the other way round."""
    await bench.ask("HassSetAlarm", hours=7)
    outcome = await bench.ask("HassCancelTimer", name="all timers")
    assert (outcome.error, outcome.sentence) == ("no_timer", "There's no timer running.")
    assert outcome.effects == (Effect("timer.cancel"),)
    await bench.ask("HassCancelTimer")
    await bench.ask("HassStartTimer", minutes=10)
    assert await bench.refusal("HassCancelTimer", name="all alarms") == ("unknown_timer", "There's no alarm.")
    assert len(bench.timers.running) == 1


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


async def test_two_timers_of_one_length_are_told_apart_by_their_order(bench: Bench) -> None:
    """Asked for, cancelled and changed as the first and the second."""
    await bench.ask("HassStartTimer", minutes=10)
    await bench.clock.advance(60)
    await bench.ask("HassStartTimer", minutes=10)
    assert (await bench.ask("HassTimerStatus")).sentence == (
        "9 minutes left on the first timer for 10 minutes, 10 minutes on the second timer for 10 minutes."
    )
    assert await bench.refusal("HassCancelTimer") == (
        "which_one",
        "Which one: the first timer for 10 minutes or the second timer for 10 minutes?",
    )
    assert (await bench.ask("HassCancelTimer", name="the second one")).ok
    assert (await bench.ask("HassTimerStatus")).sentence == "9 minutes left on the timer."


async def test_time_is_added_to_a_timer_and_taken_off(bench: Bench) -> None:
    """The only one needs no name; the answer says what is left."""
    await bench.ask("HassStartTimer", minutes=8, name="pasta")
    await bench.clock.advance(60)
    outcome = await bench.ask("HassIncreaseTimer", minutes=2)
    assert outcome.effects == (Effect("timer.change", data={"seconds": 120, "name": "pasta"}),)
    assert outcome.sentence == "2 minutes added, 9 minutes left on the pasta timer."
    await bench.ask("HassStartTimer", minutes=3, name="egg")
    assert (await bench.refusal("HassIncreaseTimer", minutes=2))[0] == "which_one"
    outcome = await bench.ask("HassDecreaseTimer", minutes=5, seconds=30, name="the pasta timer")
    assert outcome.effects == (Effect("timer.change", data={"seconds": -330, "name": "pasta"}),)
    assert outcome.sentence == ("5 minutes and 30 seconds taken off, 3 minutes and 30 seconds left on the pasta timer.")
    for _ in range(7):
        await bench.clock.advance(30)
    assert bench.rang == ["egg", "pasta"]


async def test_time_that_can_not_be_added_or_taken_off_changes_nothing(bench: Bench) -> None:
    """Not below one second, not above a day, not without a timer or a length."""
    assert await bench.refusal("HassIncreaseTimer", minutes=2) == ("no_timer", "There's no timer running.")
    await bench.ask("HassStartTimer", minutes=8, name="pasta")
    assert await bench.refusal("HassDecreaseTimer", minutes=8) == (
        "out_of_range",
        "The pasta timer has 8 minutes left.",
    )
    assert (await bench.refusal("HassIncreaseTimer", hours=24))[0] == "out_of_range"
    assert (await bench.refusal("HassIncreaseTimer"))[0] == "bad_arguments"
    assert (await bench.refusal("HassIncreaseTimer", minutes=1, name="rice"))[0] == "unknown_timer"
    assert (await bench.ask("HassTimerStatus")).result == {"pasta timer": 480.0}


async def test_a_paused_timer_waits_until_it_is_resumed(bench: Bench) -> None:
    """Which one needs no name where only one can be meant."""
    await bench.ask("HassStartTimer", minutes=8, name="pasta")
    await bench.ask("HassStartTimer", minutes=3, name="egg")
    outcome = await bench.ask("HassPauseTimer", name="pasta")
    assert outcome.effects == (Effect("timer.pause", data={"name": "pasta"}),)
    assert outcome.sentence == "Pasta timer paused."
    await bench.clock.advance(1000)
    assert bench.rang == ["egg"]
    assert (await bench.ask("HassTimerStatus")).sentence == "8 minutes left on the paused pasta timer."
    await bench.ask("HassIncreaseTimer", minutes=1)
    outcome = await bench.ask("HassUnpauseTimer")
    assert outcome.effects == (Effect("timer.unpause", data={"name": "pasta"}),)
    assert outcome.sentence == "Pasta timer running again."
    await bench.clock.advance(539)
    assert bench.rang == ["egg"]
    await bench.clock.advance(1)
    assert bench.rang == ["egg", "pasta"]
    assert (await bench.refusal("HassPauseTimer"))[0] == "no_timer"


async def test_an_alarm_is_set_for_a_time_of_day(bench: Bench) -> None:
    """The answer says which day, so that a wrong half of the day is heard."""
    for arguments, sentence in (
        ({"hours": 7, "minutes": 30}, "Alarm set for 07:30 tomorrow."),
        ({"hours": 23}, "Alarm set for 23:00."),
        ({"hours": 18, "minutes": 5, "name": "the Gym alarm"}, "Gym alarm set for 18:05 tomorrow."),
    ):
        outcome = await bench.ask("HassSetAlarm", **arguments)
        assert outcome.sentence == sentence
    assert outcome.effects == (Effect("alarm.set", data={"time": "18:05", "name": "gym"}),)
    assert (await bench.ask("HassTimerStatus")).sentence == (
        "The alarm for 07:30 rings tomorrow, the alarm for 23:00 rings today, the gym alarm rings tomorrow at 18:05."
    )
    assert await bench.refusal("HassSetAlarm", hours=7, minutes=30) == (
        "timer_exists",
        "There's already an alarm for 07:30.",
    )
    assert bench.timers.running == ()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "bad_arguments"),
        ({"minutes": 30}, "bad_arguments"),
        ({"hours": 24}, "out_of_range"),
        ({"hours": -1}, "out_of_range"),
        ({"hours": 7, "minutes": 60}, "out_of_range"),
        ({"hours": 7.5}, "out_of_range"),
        ({"hours": True}, "out_of_range"),
        ({"hours": 7, "minutes": "30"}, "out_of_range"),
        ({"hours": 7, "name": "<|turn>"}, "bad_arguments"),
    ],
)
async def test_what_is_no_time_of_day_sets_no_alarm(bench: Bench, arguments: dict[str, Value], reason: str) -> None:
    assert (await bench.refusal("HassSetAlarm", **arguments))[0] == reason
    assert bench.timers.countdown.entries == ()


async def test_an_alarm_is_cancelled_like_a_timer_but_not_with_all_timers(bench: Bench) -> None:
    """Nobody wants to oversleep because the kitchen's timers were cleared."""
    await bench.ask("HassStartTimer", minutes=8)
    await bench.ask("HassSetAlarm", hours=7, minutes=30)
    await bench.ask("HassSetAlarm", hours=9)
    assert await bench.refusal("HassCancelTimer", name="alarm") == (
        "which_one",
        "Which one: the alarm for 07:30 or the alarm for 09:00?",
    )
    assert (await bench.refusal("HassCancelTimer"))[0] == "which_one"
    outcome = await bench.ask("HassCancelTimer", name="9:00")
    assert outcome.effects == (Effect("alarm.cancel", data={"time": "09:00"}),)
    assert outcome.sentence == "Alarm for 09:00 canceled."
    assert (await bench.ask("HassCancelTimer", name="timer")).sentence == "Timer canceled."
    assert (await bench.ask("HassCancelAllTimers")).error == "no_timer"
    assert (await bench.ask("HassCancelTimer", name="the alarm")).sentence == "Alarm for 07:30 canceled."
    assert (await bench.ask("HassCancelTimer", name="alarm")).ok is False


async def test_all_alarms_are_cancelled_at_once(bench: Bench) -> None:
    await bench.ask("HassSetAlarm", hours=7, minutes=30)
    await bench.ask("HassSetAlarm", hours=9, name="gym")
    outcome = await bench.ask("HassCancelTimer", name="all alarms")
    assert [effect.service for effect in outcome.effects] == ["alarm.cancel", "alarm.cancel"]
    assert outcome.sentence == "Alarm for 07:30 and 09:00 canceled."


async def test_the_model_is_told_of_few_tools_and_slots(bench: Bench) -> None:
    """Each costs tokens before every turn; what tiny knows is as it was."""
    tools = {tool.name: tool for tool in bench.timers.tools()}
    told = {name: [p.name for p in tool.parameters if p.told] for name, tool in tools.items() if tool.told}
    assert told == {
        "HassStartTimer": ["minutes", "seconds", "name"],
        "HassIncreaseTimer": ["minutes"],
        "HassCancelTimer": ["name"],
        "HassTimerStatus": [],
        "HassSetAlarm": ["hours", "minutes"],
    }


async def test_a_timer_that_somebody_calls_alarm_is_found_by_that_name(bench: Bench) -> None:
    """To set an alarm for ten minutes is to start a timer, until there is a real alarm."""
    await bench.ask("HassStartTimer", minutes=10, name="alarm")
    assert (await bench.ask("HassTimerStatus", name="alarm")).result == {"alarm timer": 600.0}
    assert (await bench.ask("HassCancelTimer", name="the alarm")).ok
