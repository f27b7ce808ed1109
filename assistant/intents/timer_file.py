"""Timers and alarms in one small file, whole or not at all, so that they outlive the process.

Knows no clock: the ends of timers stand in it as Unix time. A damaged file is put aside, and nothing is running.
Written only when what it says changes: memory cards wear out. Saving three takes 8 ms, nearly all of it the fsync.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from assistant.disk import readable, replacing
from assistant.errors import OutputError
from assistant.intents.deadlines import Alarm, Entry, Timer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Content:
    timers: tuple[Timer, ...] = ()
    alarms: tuple[Alarm, ...] = ()


class TimerFile:
    """The file at `path`. One thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._adapter = TypeAdapter(_Content)
        self._written: bytes | None = None
        self._refused = False

    def load(self) -> tuple[Entry, ...]:
        """What was saved last; empty without a file, and with one that can't be read, which is warned of."""
        try:
            text = self._path.read_bytes()
            content = self._adapter.validate_json(text)
        except FileNotFoundError:
            return ()
        except OSError as e:
            _log.warning("%s can't be read: %s. No timer and no alarm was taken over.", self._path, e.strerror)
            return ()
        except ValidationError:
            self._put_aside()
            return ()
        self._written = text
        return (*content.timers, *content.alarms)

    def save(self, entries: tuple[Entry, ...]) -> None:
        """Write all of them. A file that can't be written is warned of once: then they run, but end with us."""
        timers = tuple(e for e in entries if isinstance(e, Timer))
        alarms = tuple(e for e in entries if isinstance(e, Alarm))
        text = self._adapter.dump_json(_Content(timers, alarms), indent=1)
        if text == self._written or (self._written is None and not entries and not readable(self._path)):
            return
        try:
            with replacing(self._path, len(text), private=True) as file:  # names are what somebody said
                file.write(text)
        except OutputError as e:
            if not self._refused:
                _log.warning("%s. Timers and alarms won't outlive a restart until then: %s.", e.message, e.remedy)
            self._refused = True
            return
        self._written, self._refused = text, False

    def _put_aside(self) -> None:
        aside = self._path.with_name(self._path.name + ".damaged")
        _log.warning("%s is damaged: kept as %s. Set your timers and alarms again.", self._path, aside.name)
        try:
            self._path.replace(aside)
        except OSError as e:
            _log.warning("%s can't be put aside: %s", self._path, e.strerror)
