"""How a real home was before each deed, as the service calls that bring it back. Pure.

Knows Home Assistant's attributes. What can't be brought back exactly isn't offered: nobody hears "as before" of a lamp
that had another white.
"""

from collections.abc import Mapping, Sequence

from assistant.errors import CallFailed
from assistant.intents import undo
from assistant.intents.home_change import color_of
from assistant.intents.home_states import AWAY, State
from assistant.stages import Call, Effect, Value

MOST = 16


class Past:
    """The latest deeds, numbered; older ones are forgotten."""

    def __init__(self) -> None:
        self._deeds = 0
        self._back: dict[int, tuple[str, tuple[Effect, ...]]] = {}

    def keep(self, what: str, effects: Sequence[Effect], before: Mapping[str, State | None]) -> Call | None:
        """Remember what brings `what` back; the call that asks for it. None: nothing can."""
        back: list[Effect] = []
        for effect in effects:
            state = before[str(effect.entity_id)]
            if state is None or state.state in AWAY:
                return None
            terms = _terms(state)
            if "color_name" in effect.data and "color_name" not in terms and state.state != "off":
                return None
            if not (inverse := undo.inverse(effect, state.state, terms)):
                return None
            back += inverse
        self._deeds += 1
        self._back[self._deeds] = (what, tuple(back))
        self._back.pop(self._deeds - MOST, None)
        return Call("HassUndo", {"deed": self._deeds})

    def of(self, call: Call) -> tuple[str, tuple[Effect, ...]]:
        """What a deed was about, and what brings it back. Raises CallFailed (cannot_undo)."""
        number = call.arguments.get("deed")
        if not isinstance(number, int) or (found := self._back.get(number)) is None:
            raise CallFailed("I can't undo that.", code="cannot_undo")
        return found

    def forget(self, call: Call) -> None:
        """Let a deed be undone once."""
        self._back.pop(int(call.arguments["deed"]), None)


def _terms(state: State) -> dict[str, Value]:
    """Attributes as services name them."""
    told = state.attributes
    terms: dict[str, Value] = {}
    if isinstance(brightness := told.get("brightness"), int | float):
        terms["brightness_pct"] = round(brightness / 2.55)
    if (color := color_of(told.get("hs_color"))) is not None:
        terms["color_name"] = color
    for name, attribute in (("position", "current_position"), ("temperature", "temperature"), ("volume_level",) * 2):
        if isinstance(value := told.get(attribute), int | float):
            terms[name] = value
    return terms
