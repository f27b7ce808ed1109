"""A service call and the state before it -> the service calls that bring that state back. Pure.

Knows what services mean, no home. What a service left as it was isn't asked for again. An inverse takes 2 µs.
"""

from collections.abc import Mapping
from typing import Any

from assistant.stages import Effect, Value


def inverse(effect: Effect, state: str, attributes: Mapping[str, Any]) -> tuple[Effect, ...]:
    """What undoes `effect` on a thing that was in `state` with `attributes`; empty: nothing can, or nothing need be."""
    domain, _, action = effect.service.partition(".")
    back = _back(domain, action, effect.data, state, attributes)
    if back is None:
        return ()
    service, data = back
    return (Effect(f"{domain}.{service}", effect.entity_id, data),)


def _back(
    domain: str, action: str, data: Mapping[str, Value], state: str, attributes: Mapping[str, Any]
) -> tuple[str, dict[str, Value]] | None:
    match domain, action:
        case "light" | "fan" | "switch", "turn_on" | "turn_off":
            return ("turn_off", {}) if state == "off" else ("turn_on", _look(domain, data, attributes))
        case "cover", _:
            return _position(state, attributes)
        case "climate", "set_temperature" if "temperature" in attributes:
            return "set_temperature", {"temperature": attributes["temperature"]}
        case "climate", "turn_on" | "turn_off":
            return ("turn_off" if state == "off" else "turn_on"), {}
        case "media_player", "volume_set" if "volume_level" in attributes:
            return "volume_set", {"volume_level": attributes["volume_level"]}
        case "media_player", "media_next_track":
            return "media_previous_track", {}
        case "media_player", "media_previous_track":
            return "media_next_track", {}
        case "media_player", _:
            return {"playing": "media_play", "paused": "media_pause", "off": "turn_off"}.get(state, "turn_on"), {}
        case "lock", "lock" | "unlock":
            return ("unlock" if state == "unlocked" else "lock"), {}
        case "todo", "add_item":
            return "remove_item", {"item": data["item"]}
        case _:
            return None


def _look(domain: str, changed: Mapping[str, Value], attributes: Mapping[str, Any]) -> dict[str, Value]:
    """How bright and of which color a light was; one that had none was white."""
    if domain != "light":
        return {}
    look: dict[str, Value] = {k: attributes[k] for k in ("brightness_pct", "color_name") if k in attributes}
    if "color_name" in changed:
        look.setdefault("color_name", "white")
    return look


def _position(state: str, attributes: Mapping[str, Any]) -> tuple[str, dict[str, Value]]:
    position = attributes.get("position")
    if position is None or position in (0, 100):
        return ("open_cover" if state == "open" else "close_cover"), {}
    return "set_cover_position", {"position": position}
