"""What a check can say, and how probes and checks belong together. Knows nothing that is checked."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from assistant.errors import HeyGemmaError

PIP = f"{sys.executable} -m pip install"  # a plain pip may be another Python's
Facts = TypeVar("Facts")


class State(StrEnum):
    """How a check came out. ABSENT: there is nothing here to be right or wrong."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    ABSENT = "not here"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and in one line what to do about it. `exit_code`: of a failure, as in errors.py."""

    state: State
    found: str
    fix: str = ""
    exit_code: int = 0


class NotHere(Exception):
    """Raised by a probe: there is nothing to look at, and why."""


@dataclass(frozen=True, slots=True)
class Study(Generic[Facts]):
    """One probe, and the named checks over what it brings. A probe that takes longer than `deadline_s` is left alone.

    A HeyGemmaError of the probe is the finding of the first check.
    """

    area: str
    probe: Callable[[], Facts]
    checks: tuple[tuple[str, Callable[[Facts], Finding]], ...]
    deadline_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report."""

    area: str
    name: str
    finding: Finding


def fine(found: str) -> Finding:
    """All is well."""
    return Finding(State.OK, found)


def warn(found: str, fix: str) -> Finding:
    """It works, but not as well as it could, or not for long."""
    return Finding(State.WARN, found, fix)


def fail(found: str, fix: str, exit_code: int = 1) -> Finding:
    """It can't work so."""
    return Finding(State.FAIL, found, fix, exit_code)


def absent(why: str) -> Finding:
    """Nothing to check."""
    return Finding(State.ABSENT, why)


def refused(error: HeyGemmaError) -> Finding:
    """A failure, as the part of the program says it that failed."""
    return fail(error.message, error.remedy, error.exit_code)


def first(*findings: Finding | None, otherwise: Finding) -> Finding:
    """The first thing that is wrong."""
    return next((finding for finding in findings if finding is not None), otherwise)
