"""More or less of what is: a call without a figure, and the values now -> the call with one. Pure.

"Brighter", "two degrees warmer", "louder": the model says which way, code knows from where. Never further than the
scale goes, and a dimmed light stays on; what the policy forbids it forbids here too. A call takes 2 µs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assistant.errors import CallFailed
from assistant.intents.alike import be
from assistant.intents.meaning import Entity
from assistant.stages import Call, Value

TOOL = "HassAdjust"
_LEFT = frozenset({"off", "unknown_state"})
DEGREE = "degree"  # a slot that no model is told of: how many of the home's degrees one of the person's is


@dataclass(frozen=True, slots=True)
class _Scale:
    """How a kind of thing is adjusted: the tool and slot that set it, the value it has, and a step."""

    tool: str
    slot: str
    value: str
    step: float
    lowest: float | None
    factor: float = 1


_SCALES: Mapping[str, _Scale] = {
    "light": _Scale("HassLightSet", "brightness", "brightness_pct", 20, 1),
    "climate": _Scale("HassClimateSetTemperature", "temperature", "temperature", 1, None),
    "media_player": _Scale("HassSetVolume", "volume_level", "volume_level", 10, 0, 100),
    "cover": _Scale("HassSetPosition", "position", "position", 25, 0),
}


def each(
    call: Call, targets: Sequence[Entity], exact: Callable[[Call, Entity], Call]
) -> tuple[tuple[Call, Entity], ...]:
    """The call for every target; of several, what is off or of unknown value is left as it is.

    Raises CallFailed: none can be adjusted (why the first can't), or they are of several kinds (which_one): who wants a
    room brighter doesn't want its music louder.
    """
    if call.name == TOOL and len({target.domain for target in targets}) > 1:
        raise CallFailed("Which one do you mean?", code="which_one", remedy="say its name")
    found: list[tuple[Call, Entity]] = []
    failures: list[CallFailed] = []
    for target in targets:
        try:
            found.append((exact(call, target), target))
        except CallFailed as e:
            if e.reason not in _LEFT:
                raise
            failures.append(e)
    if not found:
        raise failures[0]
    return tuple(found)


def absolute(call: Call, entity: Entity, values: Mapping[str, Value]) -> Call:
    """The call that sets what `call` adjusts. `values` are the entity's, in the demo home's terms, with its `state`.

    Raises CallFailed (unknown_state, off).
    """
    scale = _SCALES[entity.domain]
    up = call.arguments["way"] == "up"
    now = values.get(scale.value)
    if entity.domain == "light" and values.get("state") == "off":
        if not up:
            raise CallFailed(f"The {entity.name} {be(entity.name)} off.", code="off")
        now = 0
    if not isinstance(now, int | float):
        said = f"I don't know how the {entity.name} {be(entity.name)} set."
        raise CallFailed(said, code="unknown_state", remedy="say a figure")
    by = float(call.arguments.get("by", scale.step))
    if entity.domain == "climate":
        by *= float(call.arguments.get(DEGREE, 1))
    wanted = now * scale.factor + (by if up else -by)
    if scale.lowest is not None:
        wanted = min(max(wanted, scale.lowest), 100)
    exact = round(float(wanted), 1)
    return Call(scale.tool, {"name": entity.name, scale.slot: int(exact) if exact.is_integer() else exact})
