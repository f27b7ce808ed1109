"""What a real home was like before each of the latest deeds, and the service calls that bring it back. Pure.

Knows Home Assistant's attributes, in undo.py's terms. What wasn't known before (unavailable) isn't brought back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.errors import CallFailed
from assistant.intents import undo
from assistant.intents.home_states import AWAY, State
from assistant.intents.meaning import Entity
from assistant.stages import Call, Effect

UNDOABLE = 16
_NUMBERS = ("brightness", "temperature", "volume_level", "percentage")
_COLORED = frozenset({"hs", "rgb", "xy", "rgbw", "rgbww"})


@dataclass(frozen=True, slots=True)
class Before:
    """How to get back to what was before a deed. `what`: how answers call the targets."""

    what: str
    targets: tuple[Entity, ...]
    back: tuple[Effect, ...]


class Past:
    """The latest deeds, each by the call that takes it back."""

    def __init__(self) -> None:
        self._deeds = 0
        self._before: dict[int, Before] = {}

    def remember(
        self, effects: Sequence[Effect], targets: Sequence[Entity], before: Mapping[str, State | None], what: str
    ) -> Call | None:
        """Keep what has been changed; the call that brings it back. None: nothing can."""
        known = [(e, was) for e in effects if (was := before[str(e.entity_id)]) is not None and was.state not in AWAY]
        if any(_lost_color(e, was) for e, was in known):
            return None
        back = tuple(b for e, was in known for b in undo.inverse(e, was.state, _values(was)))
        if not back:
            return None
        self._deeds += 1
        self._before[self._deeds] = Before(what, tuple(targets), back)
        self._before.pop(self._deeds - UNDOABLE, None)
        return Call("HassUndo", {"deed": self._deeds})

    def before(self, call: Call) -> Before:
        """What the call brings back. It can't be asked for by a model: no tool says so. Raises CallFailed."""
        number = call.arguments.get("deed")
        if not isinstance(number, int) or number not in self._before:
            raise CallFailed("I can't undo that.", code="cannot_undo")
        return self._before[number]

    def forget(self, call: Call) -> None:
        """It was brought back, or tried to."""
        del self._before[int(call.arguments["deed"])]


def _lost_color(effect: Effect, was: State) -> bool:
    """Whether it recolors a lamp that was on, in a color that nobody knows."""
    return (
        "color_name" in effect.data and was.state != "off" and not {"hs_color", "color_temp_kelvin"} & set(_values(was))
    )


def _values(state: State) -> dict[str, Any]:
    told = state.attributes
    values: dict[str, Any] = {name: told[name] for name in _NUMBERS if isinstance(told.get(name), int | float)}
    if isinstance(position := told.get("current_position"), int | float):
        values["position"] = position
    if told.get("color_mode") == "color_temp" and isinstance(kelvin := told.get("color_temp_kelvin"), int):
        values["color_temp_kelvin"] = kelvin
    elif told.get("color_mode") in _COLORED and isinstance(color := told.get("hs_color"), list | tuple):
        values["hs_color"] = tuple(map(float, color))
    if isinstance(modes := told.get("hvac_modes"), list):
        values["hvac_modes"] = modes
    return values
