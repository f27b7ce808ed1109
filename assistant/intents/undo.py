"""A service call and the state before it -> the service calls that bring that state back. Pure.

Knows what services mean, no home. What a service left as it was isn't asked for again. An inverse takes 2 µs.
"""

from collections.abc import Mapping
from typing import Any

from assistant.stages import Datum, Effect

_PLAYERS = {"playing": "media_play", "paused": "media_pause", "off": "turn_off", "standby": "turn_off",
            "idle": "media_stop"}  # fmt: skip
_VACUUMS = {"docked": "return_to_base", "returning": "return_to_base", "cleaning": "start"}


def inverse(effect: Effect, state: str, attributes: Mapping[str, Any]) -> tuple[Effect, ...]:
    """What undoes `effect` on a thing that was in `state` with `attributes`; empty: nothing can, or nothing need be.

    Attributes are the demo home's (`brightness_pct`, `color_name`, `position`), and what a real home has beside them
    (`brightness` 0-255, `hs_color`, `color_temp_kelvin`, `percentage` of a fan, `hvac_modes`).
    """
    domain, _, action = effect.service.partition(".")
    back = _back(domain, action, effect.data, state, attributes)
    if back is None:
        return ()
    service, data = back
    return (Effect(f"{domain}.{service}", effect.entity_id, data),)


def _back(
    domain: str, action: str, data: Mapping[str, Datum], state: str, attributes: Mapping[str, Any]
) -> tuple[str, dict[str, Datum]] | None:
    match domain, action:
        case "light" | "fan" | "switch" | "input_boolean", "turn_on" | "turn_off":
            return ("turn_off", {}) if state == "off" else ("turn_on", _look(domain, data, attributes))
        case "cover", _:
            return _position(state, attributes)
        case "climate", "set_temperature" if "temperature" in attributes:
            return "set_temperature", {"temperature": attributes["temperature"]}
        case "climate", "turn_on" | "turn_off" if "hvac_modes" in attributes:
            return "set_hvac_mode", {"hvac_mode": state}
        case "climate", "turn_on" | "turn_off":
            return ("turn_off" if state == "off" else "turn_on"), {}
        case "media_player", "volume_set" if "volume_level" in attributes:
            return "volume_set", {"volume_level": attributes["volume_level"]}
        case "media_player", "media_next_track":
            return "media_previous_track", {}
        case "media_player", "media_previous_track":
            return "media_next_track", {}
        case "media_player", _:
            return _PLAYERS.get(state, "turn_on"), {}
        case "lock", "lock" | "unlock":
            return ("unlock" if state == "unlocked" else "lock"), {}
        case "todo", "add_item":
            return "remove_item", {"item": data["item"]}
        case "vacuum", "start" | "return_to_base" if state in _VACUUMS:
            return _VACUUMS[state], {}
        case _:
            return None


def _look(domain: str, changed: Mapping[str, Datum], attributes: Mapping[str, Any]) -> dict[str, Datum]:
    """How bright and of which color a light was, how fast a fan. A light that only was dimmed has kept its color."""
    if domain not in ("light", "fan"):
        return {}
    seen = ["brightness_pct", "color_name", "brightness", "percentage"]
    if "color_name" in changed or not changed:
        seen += ["hs_color", "color_temp_kelvin"]
    look: dict[str, Datum] = {name: attributes[name] for name in seen if name in attributes}
    if "color_name" in changed and not {"hs_color", "color_temp_kelvin"} & look.keys():
        look.setdefault("color_name", "white")
    return look


def _position(state: str, attributes: Mapping[str, Any]) -> tuple[str, dict[str, Datum]]:
    position = attributes.get("position")
    if position is None or position in (0, 100):
        return ("open_cover" if state in ("open", "opening") else "close_cover"), {}
    return "set_cover_position", {"position": position}
