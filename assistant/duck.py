"""Other players are quieter while the assistant listens and speaks, and then exactly as loud as before.

Knows when and in which order; what plays is known by its `Players`. What was before is kept in a file as long as
anything is lowered, so that a crash, a restart or a lost home leaves nothing quiet. A volume that somebody else has
changed meanwhile is left as it is; but a home rounds what it was asked for, and may tell it late.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from assistant.audio.streams import Streams
from assistant.conversation import Conversation
from assistant.disk import replacing
from assistant.errors import OutputError
from assistant.intents.home_wire import Wire
from assistant.intents.real_home import RealHome
from assistant.states import (
    Acting,
    Announcing,
    Confirming,
    Drafting,
    FollowUp,
    Listening,
    Ringing,
    Speaking,
    State,
    Thinking,
)

SHARE = 0.25  # of the volume that is left
LINGER_S = 0.5  # after the end, so that nothing jumps up between an answer and the next question
RETRY_S = 5.0
NEAR = 0.02  # volumes that differ by less of the loudest are the same
LATE_S = 15.0  # so long after it is loud again a home may still show it quiet
Volume = tuple[float, ...]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lowered:
    """One player that was made quieter: how loud it was, and how loud it was made. `kind` is whose it is."""

    kind: str
    id: str
    before: Volume
    after: Volume


class Players(Protocol):
    """Things that play. Volumes are whatever they count in.

    `rounding`: how far a volume that is told may be from the one that was set.
    """

    kind: str
    rounding: float

    async def playing(self) -> Mapping[str, Volume] | None:
        """The volume of everything that plays now, by id; None: nobody can tell now."""

    async def volumes(self, ids: Sequence[str]) -> Mapping[str, Volume] | None:
        """The volumes of these, playing or not, as far as they are there; None: nobody can tell now."""

    async def set(self, player: str, volume: Volume) -> Volume | None:
        """Set one; the volume that it then has, None: it couldn't be set."""


def wanted(state: State) -> bool:
    """Whether others should be quiet in this state. A doubtful wake, which nobody may notice, changes nothing."""
    heard = Listening | Drafting | Thinking | Acting | Speaking | Confirming | FollowUp
    return isinstance(state, heard | Announcing | Ringing)


class Ducker:
    """`show` gets every state, at once; what that asks for is done in a task of its own, in order."""

    def __init__(self, players: Sequence[Players], file: Path, *, linger_s: float = LINGER_S) -> None:
        self._players = {group.kind: group for group in players}
        self._file = file
        self._linger_s = linger_s
        self._lowered: list[Lowered] = []
        self._restored: tuple[float, Sequence[Lowered]] = (0.0, ())  # when, on the loop's clock
        self._low = False
        self._changed = asyncio.Event()

    def show(self, state: State) -> None:
        """Take the state of the conversation."""
        if wanted(state) is not self._low:
            self._low = not self._low
            self._changed.set()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Lower and restore while this is open; at the end everything is restored."""
        self._lowered = self._left_behind()
        if self._lowered:
            self._changed.set()
        working = asyncio.create_task(self._work(), name="duck")
        try:
            yield
        finally:
            working.cancel()
            await asyncio.wait([working])
            await self._restore()

    async def _work(self) -> None:
        while True:
            try:
                async with asyncio.timeout(RETRY_S if self._lowered and not self._low else None):
                    await self._changed.wait()
            except TimeoutError:
                pass  # something couldn't be restored
            self._changed.clear()
            if self._low:
                await self._lower()
                continue
            await asyncio.sleep(self._linger_s)
            if not self._low:
                await self._restore()

    async def _lower(self) -> None:
        for kind, group in self._players.items():
            known = {one.id for one in self._lowered if one.kind == kind}
            for player, volume in (await group.playing() or {}).items():
                if player in known or not any(volume):
                    continue
                before = self._loud(group, player, volume)
                lower = tuple(part * SHARE for part in before)
                self._keep([*self._lowered, Lowered(kind, player, before, lower)])  # before it is done
                after = await group.set(player, lower)
                if after not in (None, lower):
                    self._keep([*self._lowered[:-1], Lowered(kind, player, before, after)])

    def _loud(self, group: Players, player: str, volume: Volume) -> Volume:
        """How loud a player is when it isn't lowered: what it shows, unless that is what it was lowered to just now."""
        at_s, restored = self._restored
        if asyncio.get_running_loop().time() - at_s < LATE_S:
            for one in restored:
                if (one.kind, one.id) == (group.kind, player) and _same(volume, one.after, _near(one, group)):
                    return one.before
        return volume

    async def _restore(self) -> None:
        left: list[Lowered] = []
        restored: list[Lowered] = []
        for kind in dict.fromkeys(one.kind for one in self._lowered):
            mine = [one for one in self._lowered if one.kind == kind]
            group = self._players.get(kind)
            now = None if group is None else await group.volumes([one.id for one in mine])
            if group is None:
                continue
            if now is None:
                left += mine
                continue
            for one in mine:
                if (volume := now.get(one.id)) is None:
                    continue
                is_low, is_loud = (_same(volume, v, _near(one, group)) for v in (one.after, one.before))
                if not (is_low or is_loud):  # as before: the report may be on its way
                    continue
                if await group.set(one.id, one.before) is not None:
                    restored.append(one)
                elif not is_loud:
                    left.append(one)
        if restored:
            self._restored = (asyncio.get_running_loop().time(), restored)
        if left != self._lowered:
            self._keep(left)

    def _keep(self, lowered: list[Lowered]) -> None:
        self._lowered = lowered
        try:
            if not lowered:
                self._file.unlink(missing_ok=True)
                return
            content = json.dumps([asdict(one) for one in lowered]).encode()
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self._file, len(content)) as file:
                file.write(content)
        except (OSError, OutputError) as e:
            _log.warning("%s: %s; after a crash other players would stay quiet", self._file, e)

    def _left_behind(self) -> list[Lowered]:
        try:
            stored = json.loads(self._file.read_bytes())
            return [Lowered(one["kind"], one["id"], tuple(one["before"]), tuple(one["after"])) for one in stored]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError):
            _log.warning("%s can't be read; what it says of lowered players is lost", self._file)
            self._file.unlink(missing_ok=True)
            return []


def _near(one: Lowered, group: Players) -> float:
    return max(NEAR * max(one.before), group.rounding)


def _same(now: Volume, then: Volume, near: float) -> bool:
    return len(now) == len(then) and all(abs(a - b) < near for a, b in zip(now, then, strict=True))


@asynccontextmanager
async def ducking(wish: str, home: RealHome[Wire] | None, file: Path, talk: Conversation) -> AsyncIterator[None]:
    """Lower what `wish` ("off", "streams" or "room") names, as a conversation goes."""
    players: list[Players] = [] if wish == "off" else [Streams()]
    if wish == "room" and home is not None:
        players.append(home.players())
    ducker = Ducker(players, file)
    before = talk.on_state

    def show(state: State) -> None:
        if before is not None:
            before(state)
        ducker.show(state)

    talk.on_state = show
    try:
        async with ducker.working():
            yield
    finally:
        talk.on_state = before
