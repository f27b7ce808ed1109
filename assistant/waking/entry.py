"""One line of the wake log: a wake, a near-wake or a rejection. No words and no sound, only where its clip is.

Knows no file. A line that can't be read is counted and passed over; lines are about 200 bytes.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

Score = Annotated[float, Field(ge=0, le=1)]
Decibels = Annotated[float, Field(ge=-200, le=100)]


class Kind(StrEnum):
    """`NEAR`: under the threshold. `REJECTED`: over it, and turned down all the same."""

    WAKE = "wake"
    NEAR = "near"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Entry:
    """What was heard, with the highest `score` of its rise and the `threshold` in force.

    `word`: which one. `then`: what a wake led to: acted, answered, nothing (said), stopped (something that rang) or "".
    `peak_dbfs`: how loud the word was, `gain_db` included. `clip`: a file name. `meant`: what a person said about it
    later.
    """

    number: Annotated[int, Field(ge=0)]
    at: AwareDatetime
    kind: Kind
    score: Score
    threshold: Score
    peak_dbfs: Decibels
    gain_db: Decibels = 0.0
    then: str = ""
    word: str = ""
    clip: str = ""
    meant: bool | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A person's word about an entry, a line of its own."""

    mark: Annotated[int, Field(ge=0)]
    meant: bool | None


@dataclass(frozen=True, slots=True)
class Log:
    """Entries, oldest first, marks applied; how many lines couldn't be read."""

    entries: tuple[Entry, ...] = ()
    damaged: int = 0


_LINES: TypeAdapter[Entry | Mark] = TypeAdapter(Entry | Mark)


def line_of(item: Entry | Mark) -> str:
    """As it is written."""
    return json.dumps(TypeAdapter(type(item)).dump_python(item, mode="json"), ensure_ascii=False) + "\n"


def read(lines: Iterable[str]) -> Log:
    """Read a log. Whatever is in a line, it can't stop the others from being read."""
    entries: dict[int, Entry] = {}
    order: list[Entry] = []
    damaged = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            item = _LINES.validate_json(line)
        except ValidationError:
            damaged += 1
            continue
        if isinstance(item, Entry):
            order.append(item)
            entries[item.number] = item
        elif item.mark in entries:
            found = entries[item.mark]
            entries[item.mark] = order[order.index(found)] = replace(found, meant=item.meant)
    return Log(tuple(order), damaged)
