"""Timers and alarms as values: when each is due, what it is called, what a jump of the wall clock does to it. Pure.

Knows no clock, no task and no file: time is an argument. A timer ends on the monotonic clock; an alarm is a time of
day, and rings at a point of Unix time. Naming 50 of them takes 0.5 ms.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Annotated

from pydantic import Field

from assistant.intents.names import key
from assistant.intents.words import duration

DAY_S = 24 * 3600
LATE_S = 3600.0  # what is due for longer isn't rung any more, but told as missed
_DST_S = 3600.0
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")

Seconds = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, eq=False)
class Timer:
    """One timer; `name` only if it was given one. Two of the same length are two timers.

    `ends_at_s` is on the monotonic clock (in a file: Unix time). `left_s` is set while it is paused. `kept`: it comes
    from a file, so its end is known by the wall clock only, and follows it.
    """

    name: str | None
    seconds: int
    ends_at_s: Seconds
    left_s: Seconds | None = None
    kept: Annotated[bool, Field(exclude=True)] = False

    @property
    def label(self) -> str:
        """What answers call it."""
        return f"timer for {duration(self.seconds)}" if self.name is None else f"{self.name} timer"


@dataclass(frozen=True, slots=True, eq=False)
class Alarm:
    """One alarm: it rings once, at a time of day. `at_s` is Unix time."""

    name: str | None
    hours: Annotated[int, Field(ge=0, le=23)]
    minutes: Annotated[int, Field(ge=0, le=59)]
    at_s: Seconds

    @property
    def time(self) -> str:
        """The time of day: 07:30."""
        return f"{self.hours:02}:{self.minutes:02}"

    @property
    def label(self) -> str:
        """What answers call it."""
        return f"alarm for {self.time}" if self.name is None else f"{self.name} alarm"


Entry = Timer | Alarm


def next_at(hours: int, minutes: int, now: datetime) -> float:
    """Unix time of the next such time of day in the zone of `now`, which must know its rules (zoneinfo).

    A time that the change to summer time leaves out is taken as late as it would have been without the change; one that
    comes twice is the first of the two that is still to come.
    """
    found = []
    for days in (0, 1):
        for fold in (0, 1):
            at = datetime.combine(now.date() + timedelta(days), time(hours, minutes, fold=fold), now.tzinfo)
            if fold == 0 or _offset_s(at) < _offset_s(at.replace(fold=0)):
                found.append(at.timestamp())
    return next(at_s for at_s in found if at_s > now.timestamp())


def after_jump(entry: Entry, jump_s: float, now: datetime) -> Entry:
    """The entry after the wall clock was put forward by `jump_s`. A timer that runs runs on.

    An alarm is set for a day ahead at most: if it isn't near any more, the date was wrong when it was set, and it is
    set for that time of day again.
    """
    match entry:
        case Timer(kept=True, left_s=None):
            return replace(entry, ends_at_s=entry.ends_at_s - jump_s)
        case Alarm() if abs(entry.at_s - now.timestamp()) > DAY_S + _DST_S:
            return replace(entry, at_s=next_at(entry.hours, entry.minutes, now))
        case _:
            return entry


def labels(entries: Sequence[Entry]) -> dict[Entry, str]:
    """What answers call each: those that would be called the same are numbered in the order they were set."""
    alike: dict[str, list[Entry]] = {}
    for entry in entries:
        alike.setdefault(entry.label, []).append(entry)
    found = {}
    for entry in entries:
        same = alike[entry.label]
        found[entry] = entry.label if len(same) == 1 else f"{_ordinal(same.index(entry))} {entry.label}"
    return found


def called(name: str, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Those that `name` may mean: "pasta", "the pasta timer", "10 minute", "second", "alarm", "7:30", "all alarms"."""
    said = _said(name)
    kinds: Mapping[str, type[Timer | Alarm]] = {"timer": Timer, "alarm": Alarm}
    kind = kinds.get(said.removeprefix("all "))
    if kind is not None and (found := tuple(entry for entry in entries if isinstance(entry, kind))):
        return found
    return tuple(entry for entry, label in labels(entries).items() if said and said in set(_names(entry, label)))


def _names(entry: Entry, label: str) -> Iterable[str]:
    number = label.removesuffix(entry.label).strip()
    own = [entry.name] if entry.name is not None else []
    if isinstance(entry, Timer):
        own += [duration(entry.seconds)] if entry.name is None else []
    else:
        own += [entry.time, entry.time.removeprefix("0"), *([str(entry.hours)] if entry.minutes == 0 else [])]
        hour = (entry.hours - 1) % 12 + 1
        for half in ("am", "a.m.") if entry.hours < 12 else ("pm", "p.m."):
            own += [f"{hour}:{entry.minutes:02} {half}", *([f"{hour} {half}"] if entry.minutes == 0 else [])]
    for name in own:
        yield _said(name)
        yield _said(f"{number} {name}")
    yield from (_said(number), _said(label))


def _said(name: str) -> str:
    """The form in which names are compared: "the second one", "7:30 alarm" -> "second", "7 30"."""
    plain = key(name)
    for ending in (" timer", " alarm", " one"):
        plain = plain.removesuffix(ending) if plain != f"all{ending}" else plain
    return plain


def _ordinal(index: int) -> str:
    return _ORDINALS[index] if index < len(_ORDINALS) else f"{index + 1}th"


def _offset_s(at: datetime) -> float:
    return (at.utcoffset() or timedelta()).total_seconds()
