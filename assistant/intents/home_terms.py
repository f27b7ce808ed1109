"""Home Assistant's states and attributes <-> the demo home's, for homes that are written down in the former. Pure.

Knows the attributes that a call can change, and those that an answer tells; whatever else is kept as it is. Brightness
is 0-255 there and percent here. A thing takes 3 µs.
"""

from collections.abc import Mapping
from typing import Any

_NAMES = {"current_position": "position", "target_temperature": "temperature", "native_unit_of_measurement": "unit",
          "unit_of_measurement": "unit"}  # fmt: skip
_TRUE: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("cover", "valve"), ("closed", "open")),
    "lock": ("unlocked", "locked"),
}
_UNSTATED: Mapping[str, str] = {
    "light": "off", "switch": "off", "fan": "off", "binary_sensor": "off", "input_boolean": "off", "cover": "closed",
    "valve": "closed", "lock": "locked", "vacuum": "docked", "media_player": "off", "climate": "off",
}  # fmt: skip


def ours(domain: str, state: object, attributes: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A thing's state and values in the demo home's terms. Without a state it has the one that nothing is done in."""
    told = {_NAMES.get(name, name): value for name, value in attributes.items()}
    if isinstance(brightness := told.pop("brightness", None), int | float):
        told["brightness_pct"] = round(brightness / 255 * 100)
    told.pop("supported_features", None)
    if domain == "todo":
        rows = told.pop("todo_items", None) or ()
        told["items"] = [str(row.get("summary")) if isinstance(row, Mapping) else str(row) for row in rows]
        return str(len(told["items"])), told
    if domain == "climate":
        state = told.get("hvac_mode", state) if state is None else state
    if state is None:
        state = told.pop("native_value", None)
    if state is None and domain in ("cover", "valve") and "position" in told:
        state = told["position"] > 0
    return _UNSTATED.get(domain, "unknown") if state is None else word(domain, state), told


def word(domain: str, state: object) -> str:
    """A state as a word: what YAML takes for true or false is on, open or locked, or not."""
    return _TRUE.get(domain, ("off", "on"))[state] if isinstance(state, bool) else str(state)


def theirs(
    domain: str,
    attributes: Mapping[str, Any],
    before: tuple[str, Mapping[str, Any]],
    after: tuple[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """State and attributes as Home Assistant would show them `after`, from those written down and what has changed.

    `before` and `after` are states and values in the demo home's terms. A light that is off shows neither brightness
    nor color mode, a fan shows its speed as soon as it was switched.
    """
    state, values = after
    shown = dict(attributes)
    was = before[1]
    if was.get("brightness_pct", 100) != values.get("brightness_pct", 100):
        shown["brightness"] = round(255 * values["brightness_pct"] / 100)
    for theirs_name, name in (("current_position", "position"), ("temperature", "temperature")):
        if values.get(name) != was.get(name):
            shown[theirs_name] = values[name]
    for name in ("volume_level", "media_track", "color_name"):
        if values.get(name) != was.get(name):
            shown[name] = values[name]
    if domain == "light" and state != "on":
        shown |= {"brightness": None, "color_mode": None}
    if domain == "fan" and state != before[0]:
        shown["percentage"] = 100 if state == "on" else 0
    return {"state": state} | shown
