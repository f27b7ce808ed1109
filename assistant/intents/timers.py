"""The calls for timers and alarms: start, add to, pause, cancel, how long is left; "wake me at half past seven".

Knows what people mean by a name, and what a length may be; countdown lets them run, timer_file keeps them. Nothing is
cancelled or changed on a guess: where several may be meant the answer asks. Starting one takes 0.05 ms.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from assistant.errors import CallFailed
from assistant.intents import replies
from assistant.intents.countdown import Countdown
from assistant.intents.deadlines import Alarm, Entry, Timer, called, labels, next_at
from assistant.intents.names import key, speakable
from assistant.intents.timer_file import TimerFile
from assistant.intents.words import listing, remaining
from assistant.stages import Call, Clock, Effect, Outcome, Parameter, Tool, Value

LONGEST_S = 24 * 3600
MOST = 50
_NAME = Parameter("name", "string")
_SOME_NAME = replace(_NAME, told=False)
_HOURS = Parameter("hours", "number", bounds=(0, 24))
_MINUTES = Parameter("minutes", "number", bounds=(0, 1440))
_SECONDS = Parameter("seconds", "number", bounds=(0, 3600))
_CHANGE = (replace(_HOURS, told=False), _MINUTES, replace(_SECONDS, told=False), _SOME_NAME)  # minutes have halves
_TOOLS = (
    Tool("HassStartTimer", "Start a timer", (replace(_HOURS, told=False), _MINUTES, _SECONDS, _NAME), bare=False),
    Tool("HassIncreaseTimer", "Add time to a timer", _CHANGE, bare=False),
    Tool("HassDecreaseTimer", "Take time off a timer", _CHANGE, told=False, bare=False),
    Tool("HassPauseTimer", "Pause a timer", (_SOME_NAME,), told=False),
    Tool("HassUnpauseTimer", "Resume a timer", (_SOME_NAME,), told=False),
    Tool("HassCancelTimer", "Cancel a timer, alarm or all timers", (_NAME,)),
    Tool("HassCancelAllTimers", "Cancel all timers", told=False),
    Tool("HassTimerStatus", "Time left on timers", (_SOME_NAME,)),
    Tool(
        "HassSetAlarm",
        "Wake at a time",
        (
            Parameter("hours", "integer", bounds=(0, 23)),
            Parameter("minutes", "integer", bounds=(0, 59)),
            _SOME_NAME,
        ),
        bare=False,
    ),
)


def _utc() -> datetime:
    return datetime.now(UTC)


class Timers:
    """Handler of timers and alarms. `ring` is called on the event loop when one is due; it must not block.

    `now` gives local time, aware of its zone. Without a `file` they end with the process.
    """

    def __init__(
        self,
        clock: Clock,
        ring: Callable[[Entry], None],
        *,
        now: Callable[[], datetime] = _utc,
        file: TimerFile | None = None,
    ) -> None:
        self.countdown = Countdown(clock, ring, now=now, file=file)

    @property
    def running(self) -> tuple[Timer, ...]:
        """Timers that haven't rung, in the order they were started."""
        return tuple(entry for entry in self.countdown.entries if isinstance(entry, Timer))

    def tools(self) -> Sequence[Tool]:
        """What it can do now."""
        return _TOOLS

    def context(self) -> str:
        """Nothing: timers come and go."""
        return ""

    async def handle(self, call: Call) -> Outcome:
        """Carry out one call. Raises CallFailed (bad_arguments, out_of_range, timer_exists, unknown_timer, ...)."""
        self.countdown.look()
        match call.name:
            case "HassStartTimer":
                outcome = self._start(call)
            case "HassIncreaseTimer":
                outcome = self._lengthen(call, _length_s(call.arguments))
            case "HassDecreaseTimer":
                outcome = self._lengthen(call, -_length_s(call.arguments))
            case "HassPauseTimer" | "HassUnpauseTimer":
                outcome = self._pause(call)
            case "HassCancelTimer":
                outcome = self._cancel(call)
            case "HassCancelAllTimers":
                outcome = self._cancelled(call, self.running)
            case "HassTimerStatus":
                outcome = self._status(call)
            case "HassSetAlarm":
                outcome = self._set_alarm(call)
            case "HassUndo":
                outcome = self._undo(call)
            case _:
                raise CallFailed("I can't do that.", code="unknown_tool")
        return replies.worded(outcome) if outcome.ok else outcome

    async def aclose(self) -> None:
        """Let none ring any more."""
        await self.countdown.aclose()

    def _start(self, call: Call) -> Outcome:
        seconds = _length_s(call.arguments)
        name = _name(call.arguments)
        self._check_room()
        if name is not None and (same := [t for t in self.running if t.name == name]):
            left = remaining(self.countdown.left_s(same[0]))
            raise CallFailed(f"There's already a {name} timer, with {left} left.", code="timer_exists")
        timer = Timer(name, seconds, self.countdown.now_s() + seconds)
        self.countdown.arm(timer)
        said = _with_name({"seconds": seconds}, name)
        return replace(_done(call, Effect("timer.start", data=said), said), undo=_undo_of(timer.ends_at_s))

    def _lengthen(self, call: Call, seconds: int) -> Outcome:
        """Add seconds, or take them off."""
        timer = self._one(call)
        left_s = self.countdown.left_s(timer)
        if not 1 <= left_s + seconds <= LONGEST_S:
            ends = f"has {remaining(left_s)} left" if seconds < 0 else "can run for 24 hours at most"
            raise CallFailed(f"The {timer.label} {ends}.", code="out_of_range")
        if timer.left_s is None:
            self.countdown.change(timer, replace(timer, ends_at_s=timer.ends_at_s + seconds))
        else:
            self.countdown.change(timer, replace(timer, left_s=timer.left_s + seconds))
        data = _with_name({"seconds": seconds}, timer.name)
        result = _with_name({"seconds": abs(seconds), "left": round(left_s + seconds, 1)}, timer.name)
        return _done(call, Effect("timer.change", data=data), result)

    def _pause(self, call: Call) -> Outcome:
        pausing = call.name == "HassPauseTimer"
        timer = self._one(call, [t for t in self.running if (t.left_s is None) is pausing])
        left_s = self.countdown.left_s(timer)
        ends_at_s = self.countdown.now_s() + left_s
        self.countdown.change(timer, replace(timer, ends_at_s=ends_at_s, left_s=left_s if pausing else None))
        service = "timer.pause" if pausing else "timer.unpause"
        result = _with_name({"left": round(left_s, 1)}, timer.name)
        return _done(call, Effect(service, data=_with_name({}, timer.name)), result)

    def _cancel(self, call: Call) -> Outcome:
        chosen = self._chosen(call, self.countdown.entries)
        if len(chosen) < 2:
            return self._cancelled(call, chosen)
        if not str(call.arguments.get("name", "")).casefold().startswith("all "):
            raise self._ask_which(chosen)
        timers = all(isinstance(entry, Timer) for entry in chosen)
        return self._cancelled(Call("HassCancelAllTimers") if timers else call, chosen)

    def _cancelled(self, call: Call, chosen: Sequence[Entry]) -> Outcome:
        """Cancelling is asked for even when nothing runs: it does no harm, and the answer says so."""
        for entry in chosen:
            self.countdown.drop(entry)
        if not chosen:
            effects: tuple[Effect, ...] = (Effect("timer.cancel", data=_with_name({}, _name(call.arguments))),)
            sentence = "There's no timer running."
            return Outcome(call, ok=False, sentence=sentence, effects=effects, error="no_timer", allowed_by="timer")
        effects = tuple(_cancel_of(entry) for entry in chosen)
        alarms = [entry.time for entry in chosen if isinstance(entry, Alarm)]
        result = _with_name({"alarms": listing(alarms)} if alarms else {}, chosen[0].name if len(chosen) == 1 else None)
        return Outcome(call, ok=True, sentence=None, effects=effects, result=result, allowed_by="timer")

    def _status(self, call: Call) -> Outcome:
        entries = self.countdown.entries
        chosen = self._chosen(call, entries)
        alone = len(entries) == 1 and isinstance(entries[0], Timer) and entries[0].name is None
        names = {entries[0]: "timer"} if alone else labels(entries)
        left: dict[str, Value] = {}
        for entry in chosen:
            paused = "paused " if isinstance(entry, Timer) and entry.left_s is not None else ""
            left[paused + names[entry]] = self._due(entry)
        missed = self.countdown.missed() if "name" not in call.arguments else ()
        left |= {label: "missed" for label in labels(missed).values() if label not in left}
        return Outcome(call, ok=True, sentence=None, result=left, allowed_by="changes nothing")

    def _due(self, entry: Entry) -> Value:
        """Seconds left on a timer; the day of an alarm, and its time where its label doesn't tell it."""
        if isinstance(entry, Timer):
            return round(max(0.0, self.countdown.left_s(entry)), 1)
        return f"{self._day(entry)} {entry.time if entry.name is not None else ''}".strip()

    def _set_alarm(self, call: Call) -> Outcome:
        hours, minutes = call.arguments.get("hours"), call.arguments.get("minutes", 0)
        if hours is None:
            raise CallFailed("For what time?", code="bad_arguments", remedy="say it as in half past seven")
        if type(hours) is not int or type(minutes) is not int or not (0 <= hours < 24 and 0 <= minutes < 60):
            raise CallFailed("That's no time of day.", code="out_of_range", remedy="say it as in half past seven")
        self._check_room()
        said = _name(call.arguments)
        name = None if said in (None, "alarm") else said.removesuffix(" alarm")
        alarm = Alarm(name, hours, minutes, next_at(hours, minutes, self.countdown.now()))
        if any(isinstance(e, Alarm) and e.label == alarm.label for e in self.countdown.entries):
            raise CallFailed(f"There's already an {alarm.label}.", code="timer_exists")
        self.countdown.arm(alarm)
        data = _with_name({"time": alarm.time}, name)
        done = _done(call, Effect("alarm.set", data=data), {**data, "day": self._day(alarm)})
        return replace(done, undo=_undo_of(alarm.at_s))

    def _undo(self, call: Call) -> Outcome:
        """Cancel one that was started, by when it is due; no tool says so. One that was changed since isn't it."""
        due_s = call.arguments.get("due_s")
        for entry in self.countdown.entries:
            if due_s == (entry.ends_at_s if isinstance(entry, Timer) else entry.at_s):
                done = self._cancelled(call, (entry,))
                return replace(done, result={**done.result, "canceled": True})
        raise CallFailed("I can't undo that.", code="cannot_undo")

    def _day(self, alarm: Alarm) -> str:
        now = self.countdown.now()
        return "today" if datetime.fromtimestamp(alarm.at_s, now.tzinfo).date() == now.date() else "tomorrow"

    def _check_room(self) -> None:
        if len(self.countdown.entries) >= MOST:
            raise CallFailed("There are too many timers running.", code="too_many", remedy="cancel one")

    def _one(self, call: Call, fitting: Sequence[Timer] | None = None) -> Timer:
        """The only timer that the call may mean; without a name one that is `fitting`. Raises CallFailed."""
        timers = fitting if fitting and _name(call.arguments) is None else self.running
        chosen = [entry for entry in self._chosen(call, timers) if isinstance(entry, Timer)]
        if not chosen:
            raise CallFailed("There's no timer running.", code="no_timer")
        if len(chosen) > 1:
            raise self._ask_which(chosen)
        return chosen[0]

    def _chosen(self, call: Call, entries: Sequence[Entry]) -> tuple[Entry, ...]:
        """Those of `entries` that the call may mean; empty only if there are none."""
        if "name" not in call.arguments:
            return tuple(entries)
        if found := called(str(call.arguments["name"]), entries):
            return found
        if (name := _name(call.arguments)) is None or not entries:
            return ()
        name = "alarm" if key(name) in ("alarm", "all alarm") else name
        kind = "" if name.endswith(("alarm", "alarms")) else " timer"
        raise CallFailed(f"There's no {name}{kind}.", code="unknown_timer")

    def _ask_which(self, chosen: Sequence[Entry]) -> CallFailed:
        names = labels(self.countdown.entries)
        which = listing([f"the {names[entry]}" for entry in chosen], "or")
        question = f"Which one: {which}?" if len(chosen) <= 4 else "Which timer do you mean?"
        return CallFailed(question, code="which_one", remedy="say its name")


def _done(call: Call, effect: Effect, result: Mapping[str, Value]) -> Outcome:
    return Outcome(call, ok=True, sentence=None, effects=(effect,), result=result, allowed_by="timer")


def _undo_of(due_s: float) -> Call:
    return Call("HassUndo", {"due_s": due_s})


def _cancel_of(entry: Entry) -> Effect:
    if isinstance(entry, Alarm):
        return Effect("alarm.cancel", data=_with_name({"time": entry.time}, entry.name))
    return Effect("timer.cancel", data=_with_name({}, entry.name))


def _with_name(data: Mapping[str, Value], name: str | None) -> dict[str, Value]:
    return dict(data) if name is None else {**data, "name": name}


def _length_s(arguments: Mapping[str, Value]) -> int:
    units = {"hours": 3600, "minutes": 60, "seconds": 1}
    given = {unit: arguments[unit] for unit in units if unit in arguments}
    if not given:
        raise CallFailed("For how long?", code="bad_arguments", remedy="say how long the timer shall run")
    total = 0.0
    for unit, value in given.items():
        if isinstance(value, bool | str) or not math.isfinite(value) or value < 0:
            raise CallFailed("I didn't get how long.", code="bad_arguments", remedy="say it as in ten minutes")
        total += value * units[unit]
    if not 1 <= round(total) <= LONGEST_S:
        raise CallFailed("A timer can run from 1 second to 24 hours.", code="out_of_range")
    return round(total)


def _name(arguments: Mapping[str, Value]) -> str | None:
    if "name" not in arguments:
        return None
    name = speakable(str(arguments["name"]))
    if name is None:
        raise CallFailed("I didn't get the timer's name.", code="bad_arguments", remedy="give it a short name")
    return None if key(name) in ("timer", "all timer") else name.removesuffix(" timer")
