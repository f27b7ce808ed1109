"""A mark that somebody was listened to and hasn't been answered: who finds one at the start says sorry for the crash.

It isn't empty while the home carries out calls: whoever tries those again may do them twice.

The file lies where the service manager keeps things between two starts and in memory (systemd: RuntimeDirectory), or in
the user's own such place; where there is none, nothing is said. Knows no conversation. A wake word costs one file in
memory, 20 us; no memory card is written to.
"""

import logging
from pathlib import Path

from assistant.disk import readable
from assistant.events import (
    CallsDone,
    CallsReady,
    EndpointReached,
    Event,
    ReplyAudioStarted,
    ToolCalled,
    TurnEnded,
    WakeHeard,
)

NAME = "unanswered"
_log = logging.getLogger(__name__)


class Unfinished:
    """The mark in `folder`. `found`: the process before us left one behind; it is taken away, so it is told once.

    `perhaps_done`: what was asked of that process may have been done.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / NAME
        self._called = False  # and hasn't said all yet
        self._doing = False  # the home carries out calls
        self.found = self.perhaps_done = False
        if self._path is not None and readable(self._path):
            self.found, self.perhaps_done = True, self._path.stat().st_size > 0
            _log.warning("somebody was left without an answer when hey-gemma ended the last time")
            self._remove()

    def observe(self, event: Event) -> None:
        """Take one event. What was done or answered needs no apology: saying it again could do it twice."""
        match event:
            case WakeHeard():
                self._called = True
                self._make()
            case EndpointReached() if self._called:  # since the call a turn that it interrupted may have ended
                self._called = False
                self._make()
            case CallsReady():
                self._doing = True
                self._make()
            case ToolCalled() | CallsDone() | ReplyAudioStarted():
                self._doing = False
                self._remove()
            case TurnEnded():  # what it asked of the home may go on
                self._remove()
            case _:
                pass

    async def aclose(self) -> None:
        """Take the mark away: we end on purpose."""
        self._remove()

    def _remove(self) -> None:
        if self._path is not None:
            try:
                self._path.unlink(missing_ok=True)
            except OSError as e:
                self._give_up(e)

    def _make(self) -> None:
        if self._path is not None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.write_text("doing" if self._doing else "")
            except OSError as e:
                self._give_up(e)

    def _give_up(self, e: OSError) -> None:
        _log.info("%s: %s; a crash in a turn is told to nobody", self._path, e.strerror)
        self._path = None
