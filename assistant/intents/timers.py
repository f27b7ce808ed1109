"""Several timers, named or not, in memory, on an injected clock. What rings is told by a callback.

Knows nothing of sound. A timer is a task that sleeps on the clock; nobody waits for it, so that a replay ends while
timers run. Keeping them over a restart needs `running` to be stored and given back. Starting one takes 0.02 ms.
"""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assistant.errors import CallFailed
from assistant.intents import replies
from assistant.intents.names import key, speakable
from assistant.intents.words import duration, listing, remaining
from assistant.stages import Call, Clock, Effect, Outcome, Parameter, Tool, Value

LONGEST_S = 24 * 3600
MOST = 50
_NAME = Parameter("name", "string")
_TOOLS = (
    Tool(
        "HassStartTimer",
        "Start a timer",
        (
            Parameter("hours", "number", bounds=(0, 24)),
            Parameter("minutes", "number", bounds=(0, 1440)),
            Parameter("seconds", "number", bounds=(0, 3600)),
            _NAME,
        ),
        bare=False,
    ),
    Tool("HassCancelTimer", "Cancel a timer", (_NAME,)),
    Tool("HassCancelAllTimers", "Cancel all timers"),
    Tool("HassTimerStatus", "Time left on timers", (_NAME,)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Timer:
    """One running timer; `name` only if it was given one. Two of the same length are two timers."""

    name: str | None
    seconds: int
    ends_at_s: float

    @property
    def label(self) -> str:
        """What it is called among others: "pasta timer", "timer for 10 minutes"."""
        return f"timer for {duration(self.seconds)}" if self.name is None else f"{self.name} timer"

    def is_called(self, name: str) -> bool:
        """Whether `name` means this one: "pasta", "the pasta timer", "10 minute"."""
        return key(name).removesuffix(" timer") == key(self.name or duration(self.seconds)).removesuffix(" timer")


class Timers:
    """Handler of timers. `ring` is called on the event loop when one is over; it must not block."""

    def __init__(self, clock: Clock, ring: Callable[[Timer], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._tasks: dict[Timer, asyncio.Task[None]] = {}

    @property
    def running(self) -> tuple[Timer, ...]:
        """Timers that haven't rung, in the order they were started."""
        return tuple(self._tasks)

    def tools(self) -> Sequence[Tool]:
        """What it can do now."""
        return _TOOLS

    def context(self) -> str:
        """Nothing: timers come and go."""
        return ""

    async def handle(self, call: Call) -> Outcome:
        """Carry out one call. Raises CallFailed (bad_arguments, out_of_range, timer_exists, unknown_timer, ...)."""
        match call.name:
            case "HassStartTimer":
                outcome = self._start(call)
            case "HassCancelTimer":
                outcome = self._cancel(call)
            case "HassCancelAllTimers":
                outcome = self._cancelled(call, self.running)
            case "HassTimerStatus":
                outcome = self._status(call)
            case _:
                raise CallFailed("I can't do that.", code="unknown_tool")
        return replies.worded(outcome) if outcome.ok else outcome

    async def aclose(self) -> None:
        """Forget all timers; none rings any more."""
        tasks = tuple(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def arm(self, timer: Timer) -> None:
        """Let a timer run; one that should have ended rings at once."""
        self._tasks[timer] = asyncio.create_task(self._wait(timer), name=timer.label)

    async def _wait(self, timer: Timer) -> None:
        await self._clock.sleep(max(0.0, timer.ends_at_s - self._clock.now_s()))
        if self._tasks.pop(timer, None) is not None:
            self._ring(timer)

    def _start(self, call: Call) -> Outcome:
        seconds = _length_s(call.arguments)
        name = _name(call.arguments)
        if len(self._tasks) >= MOST:
            raise CallFailed("There are too many timers running.", code="too_many", remedy="cancel one")
        if name is not None and (same := [t for t in self.running if t.name == name]):
            left = remaining(self._left_s(same[0]))
            raise CallFailed(f"There's already a {name} timer, with {left} left.", code="timer_exists")
        self.arm(Timer(name, seconds, self._clock.now_s() + seconds))
        said: dict[str, Value] = {"seconds": seconds}
        if name is not None:
            said["name"] = name
        return Outcome(
            call, ok=True, sentence=None, effects=(Effect("timer.start", data=said),), result=said, allowed_by="timer"
        )

    def _cancel(self, call: Call) -> Outcome:
        chosen = self._chosen(call)
        if len(chosen) > 1:
            which = listing([f"the {t.label}" for t in chosen], "or")
            question = f"Which one: {which}?" if len(chosen) <= 4 else "Which timer do you mean?"
            raise CallFailed(question, code="which_one", remedy="say its name")
        return self._cancelled(call, chosen)

    def _cancelled(self, call: Call, chosen: Sequence[Timer]) -> Outcome:
        """Cancelling is asked for even when nothing runs: it does no harm, and the answer says so."""
        for timer in chosen:
            self._tasks.pop(timer).cancel()
        names = [t.name for t in chosen] or [_name(call.arguments)]
        effects = tuple(Effect("timer.cancel", data={} if n is None else {"name": n}) for n in names)
        if not chosen:
            sentence = "There's no timer running."
            return Outcome(call, ok=False, sentence=sentence, effects=effects, error="no_timer", allowed_by="timer")
        name = chosen[0].name if len(chosen) == 1 else None
        result: dict[str, Value] = {} if name is None else {"name": name}
        return Outcome(call, ok=True, sentence=None, effects=effects, result=result, allowed_by="timer")

    def _status(self, call: Call) -> Outcome:
        chosen = self._chosen(call)
        alone = len(self._tasks) == 1 and chosen and chosen[0].name is None
        left: dict[str, Value] = {("timer" if alone else t.label): round(self._left_s(t), 1) for t in chosen}
        return Outcome(call, ok=True, sentence=None, result=left, allowed_by="changes nothing")

    def _chosen(self, call: Call) -> tuple[Timer, ...]:
        """The timers that the call may mean; empty only if none runs."""
        name = _name(call.arguments)
        if name is None or not self._tasks:
            return self.running
        if not (found := tuple(t for t in self.running if t.is_called(name))):
            raise CallFailed(f"There's no {name} timer.", code="unknown_timer")
        return found

    def _left_s(self, timer: Timer) -> float:
        return max(0.0, timer.ends_at_s - self._clock.now_s())


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
    return None if name == "timer" else name.removesuffix(" timer")
