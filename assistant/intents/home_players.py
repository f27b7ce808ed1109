"""The media players of a home that play in the assistant's own room: how loud they are, and making it so.

Knows the wire and who stands where, not when anything is lowered. What the policy denies is left alone.
"""

from collections.abc import Callable, Mapping, Sequence

from assistant.intents.home_wire import Declined, Unreachable, Wire
from assistant.intents.names import Directory
from assistant.stages import Effect

ANSWER_WITHIN_S = 3.0
Volume = tuple[float, ...]


class HomePlayers:
    """Players, by entity id; a volume is one number, 0..1. `may`: whether the policy lets us ask for an effect."""

    kind = "home"
    rounding = 0.035  # half a step of a television that knows 15

    def __init__(self, wire: Wire, directory: Callable[[], Directory], may: Callable[[Effect], bool]) -> None:
        self._wire = wire
        self._directory = directory
        self._may = may

    async def playing(self) -> Mapping[str, Volume] | None:
        """What plays in this room now; nothing where nobody knows which room this is."""
        if not self._wire.ready:
            return None
        there = self._directory()
        found = {}
        for entity in there.entities:
            state = self._wire.states.of(entity.id)
            if entity.domain != "media_player" or there.here is None or entity.area != there.here or state is None:
                continue
            volume = state.attributes.get("volume_level")
            if state.state == "playing" and isinstance(volume, int | float) and self._may(_set(entity.id, 0.0)):
                found[entity.id] = (float(volume),)
        return found

    async def volumes(self, ids: Sequence[str]) -> Mapping[str, Volume] | None:
        """The volumes of these, as last reported."""
        if not self._wire.ready:
            return None
        told = {id_: state.attributes.get("volume_level") for id_ in ids if (state := self._wire.states.of(id_))}
        return {id_: (float(volume),) for id_, volume in told.items() if isinstance(volume, int | float)}

    async def set(self, player: str, volume: Volume) -> Volume | None:
        """Ask for a volume, once."""
        try:
            await self._wire.service([_set(player, round(volume[0], 4))], ANSWER_WITHIN_S)
        except (Unreachable, Declined, TimeoutError):
            return None
        return (round(volume[0], 4),)


def _set(player: str, volume: float) -> Effect:
    return Effect("media_player.volume_set", player, {"volume_level": volume})
