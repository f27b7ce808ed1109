"""The clock: timers, alarms and "what time is it" believe it."""

import ctypes
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.doctor.findings import Finding, Study, absent, fail, fine, refused, warn
from assistant.errors import ConfigError
from assistant.intents.local import local_zone

FIRST_YEAR, LAST_YEAR = 2026, 2100  # before the first, this program wasn't written
_NOT_SYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
_STRUCT_BYTES = 512  # more than any system's struct timex


@dataclass(frozen=True, slots=True)
class Clock:
    """`synchronised` None: the kernel doesn't say. `zone` "": none was chosen.

    `no_zone`: the config's is none.
    """

    now: datetime
    synchronised: bool | None
    zone: str
    no_zone: ConfigError | None = None


def studies(root: Path, time_zone: str) -> tuple[Study[Clock]]:
    """What is looked at."""
    checks = (("time zone", zone), ("year", year), ("synchronised", synchronised))
    return (Study("clock", lambda: probe(root, time_zone), checks),)


def probe(root: Path, time_zone: str) -> Clock:
    """Ask the kernel, and the system's choice of zone."""
    try:
        tz = local_zone(time_zone)
    except ConfigError as e:
        return Clock(datetime.now(UTC), _synchronised(), time_zone, e)
    name = time_zone or os.environ.get("TZ", "").removeprefix(":") or _system_zone(root)
    return Clock(datetime.now(tz), _synchronised(), name)


def _system_zone(root: Path) -> str:
    """The link's target says it; a copy doesn't, Debian's text file beside it does."""
    try:
        target = str((root / "etc/localtime").readlink())
    except OSError:
        target = ""
    if "zoneinfo/" in target:
        return target.partition("zoneinfo/")[2]
    try:
        return (root / "etc/timezone").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _synchronised() -> bool | None:
    """Whatever keeps the clock (timesyncd, chrony, ntpd) tells the kernel."""
    try:
        asked = ctypes.create_string_buffer(_STRUCT_BYTES)  # zeros: change nothing
        state: int = ctypes.CDLL(None).adjtimex(asked)
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _NOT_SYNCHRONISED


def year(facts: Clock) -> Finding:
    """A Pi without network and battery starts in the past."""
    told = facts.now.strftime("%Y-%m-%d %H:%M")
    if not FIRST_YEAR <= facts.now.astimezone(UTC).year <= LAST_YEAR:
        return fail(f"it is {told}, says the clock", "sudo timedatectl set-ntp true  (offline: add the RTC battery)")
    return fine(told)


def synchronised(facts: Clock) -> Finding:
    """By the network, so that it doesn't drift."""
    if facts.synchronised is None:
        return absent("the kernel doesn't tell it")
    if not facts.synchronised:
        return warn("by nobody: it drifts by seconds a day", "sudo timedatectl set-ntp true")
    return fine("by the network")


def zone(facts: Clock) -> Finding:
    """Times are told in it."""
    if facts.no_zone is not None:
        return refused(facts.no_zone)
    if facts.zone in {"", "UTC", "Etc/UTC"}:
        return warn("times are told in UTC", "hey-gemma setup, or: sudo timedatectl set-timezone Europe/Paris")
    return fine(facts.zone)
