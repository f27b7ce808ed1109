"""The mute outside of the conversation: a file that is there while the ear is switched off.

So it outlives a restart: an ear that somebody switched off isn't on again after a power cut. And so `hey-gemma mute`
reaches a running assistant, which looks at the file twice a second: 3 us of processor time each. Knows no microphone.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from assistant.conversation import Conversation
from assistant.errors import OutputError
from assistant.events import Event, MuteSwitched
from assistant.places import SERVICE_DIR, state_dir

LOOK_S = 0.5
NAME = "muted"
_log = logging.getLogger(__name__)


class Mark:
    """The file, and whether it was there when we last looked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.muted = False
        self._complained = False
        self.look()

    def look(self) -> bool:
        """Whether somebody else has made or removed it. Where it can't be seen, nothing has changed."""
        before = self.muted
        try:
            self._path.stat()
            self.muted = True
        except FileNotFoundError:
            self.muted = False
        except OSError as e:
            if not self._complained:  # it is looked at twice a second
                _log.warning("%s: %s; the mute stays as it is", self._path, e.strerror)
            self._complained = True
        return self.muted is not before

    def keep(self, event: Event) -> None:
        """Make or remove it as the conversation is switched. An observer of events."""
        if not isinstance(event, MuteSwitched) or event.muted is self.muted:
            return
        try:
            switch(self._path, muted=event.muted)
            self.muted = event.muted
        except OSError as e:
            _log.warning("%s: %s; after a restart the ear is as before", self._path, e.strerror)


@asynccontextmanager
async def muting(mark: Mark, talk: Conversation) -> AsyncIterator[None]:
    """Let the file switch a conversation, from its first moment on. `mark.keep` must get its events."""
    if mark.muted:
        _log.warning("the microphone is switched off, as it was at the end: hey-gemma unmute switches it on")
        talk.mute(muted=True)
    watching = asyncio.create_task(_watch(mark, talk), name="mute")
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def _watch(mark: Mark, talk: Conversation) -> None:
    while True:
        await asyncio.sleep(LOOK_S)
        if mark.look():
            talk.mute(muted=mark.muted)


def marks(service_dir: Path = SERVICE_DIR) -> Sequence[Path]:
    """Where the file of this user's assistant is, and that of the system's service, if there is one."""
    own = state_dir()
    return [folder / NAME for folder in dict.fromkeys((own, *([service_dir] if service_dir.is_dir() else [])))]


def switch_all(paths: Sequence[Path], *, muted: bool) -> None:
    """Switch every assistant that looks at one of these files. Raises OutputError; the others are switched."""
    failed: OSError | None = None
    for path in paths:
        try:
            switch(path, muted=muted)
        except OSError as e:
            failed = e
    if failed is not None:
        order = "mute" if muted else "unmute"
        raise OutputError(f"{failed.filename}: {failed.strerror}", remedy=f"sudo hey-gemma {order}") from failed


def switch(path: Path, *, muted: bool) -> None:
    """Make or remove the file. Raises OSError."""
    if muted:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    else:
        path.unlink(missing_ok=True)
