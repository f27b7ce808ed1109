"""Whether the home did what it was asked: an effect, the state before and the state now -> seen or not. Pure.

Knows Home Assistant's states and attributes. Where a service leaves no trace in the state (next song, a scene), any
newer report counts. A door or blind on its way counts as seen: it does what was asked. A check takes 2 µs.
"""

from collections.abc import Mapping
from typing import Any

from assistant.intents.home_states import AWAY, State, figure
from assistant.stages import Effect

_STATES: Mapping[str, frozenset[str]] = {
    "turn_on": frozenset({"on"}),
    "turn_off": frozenset({"off", "standby"}),
    "open_cover": frozenset({"open", "opening"}),
    "close_cover": frozenset({"closed", "closing"}),
    "lock": frozenset({"locked", "locking"}),
    "unlock": frozenset({"unlocked", "unlocking", "open"}),
    "media_pause": frozenset({"paused", "idle", "off", "standby"}),
    "media_play": frozenset({"playing", "buffering"}),
    "start": frozenset({"cleaning"}),
    "return_to_base": frozenset({"returning", "docked"}),
}
_MOMENTARY = frozenset({"scene.turn_on", "script.turn_on", "media_player.media_next_track",
                        "media_player.media_previous_track"})  # fmt: skip
MOVING = frozenset({"opening", "closing"})
# Hue and saturation that Home Assistant gives a color name.
COLORS: Mapping[str, tuple[float, float]] = {
    "red": (0, 100), "green": (120, 100), "blue": (240, 100), "yellow": (60, 100), "orange": (39, 100),
    "purple": (300, 100), "pink": (350, 25), "white": (0, 0), "cyan": (180, 100),
}  # fmt: skip


def seen(effect: Effect, before: State | None, now: State | None) -> bool:
    """Whether `now` is what the effect asks for."""
    if now is None:
        return False
    newer = before is None or now.report > before.report
    if effect.service in _MOMENTARY:
        return newer
    if now.state in AWAY:
        return False
    domain, _, service = effect.service.partition(".")
    match service:
        case "turn_on" if domain in ("media_player", "climate"):
            return now.state not in _STATES["turn_off"]
        case "turn_on" if domain == "light" and effect.data:
            return _light(effect.data, now, newer=newer)
        case "open_cover" | "close_cover" | "set_cover_position" if on_its_way(effect, before, now):
            return True
        case "set_cover_position":
            position = now.attributes.get("current_position")
            return now.state in MOVING or _near(position, effect.data["position"], 2)
        case "set_temperature":
            return _near(now.attributes.get("temperature"), effect.data["temperature"], 0.5)
        case "volume_set":
            return _near(now.attributes.get("volume_level"), effect.data["volume_level"], 0.02)
        case "add_item":
            return newer and (before is None or _count(now) > _count(before))
        case "remove_item":
            return newer and (before is None or _count(now) < _count(before))
        case "set_hvac_mode":
            return now.state == effect.data["hvac_mode"]
        case "media_stop":
            return now.state in _STATES["media_pause"]
        case _:
            return now.state in _STATES.get(service, frozenset({now.state} if newer else ()))


def on_its_way(effect: Effect, before: State | None, now: State) -> str | None:
    """Say "opening" or "closing" of a blind that has moved towards what was asked, and isn't there yet; else None."""
    domain, _, service = effect.service.partition(".")
    wanted = {"open_cover": 100, "close_cover": 0}.get(service, effect.data.get("position"))
    was, at = (None if s is None else s.attributes.get("current_position") for s in (before, now))
    if domain != "cover" or before is None or now.report <= before.report:
        return None
    was, at = figure(was), figure(at)
    if was is None or at is None or not isinstance(wanted, int | float):
        return None
    if _near(at, wanted, 2) or abs(at - wanted) >= abs(was - wanted):
        return None
    return "opening" if wanted > at else "closing"


def _is_color(shown: object, wanted: tuple[float, ...]) -> bool:
    if not isinstance(shown, list) or len(shown) != 2 or any(figure(n) is None for n in shown):
        return False
    hue, saturation = wanted
    turn = abs(float(shown[0]) - hue) % 360
    return _near(shown[1], saturation, 15) and (saturation == 0 or min(turn, 360 - turn) <= 15)


def _light(data: Mapping[str, Any], now: State, *, newer: bool) -> bool:
    if data.get("brightness_pct") == 0:
        return now.state == "off"
    if now.state != "on":
        return False
    if "brightness_pct" in data and "brightness" in now.attributes:
        if not _near(now.attributes["brightness"], float(data["brightness_pct"]) * 2.55, 3):
            return False
    elif "brightness_pct" in data and not newer:
        return False
    if "brightness" in data and not _near(now.attributes.get("brightness"), data["brightness"], 3):
        return False
    if "color_temp_kelvin" in data:
        return newer or _near(now.attributes.get("color_temp_kelvin"), data["color_temp_kelvin"], 100)
    if "hs_color" in data:
        wanted = tuple(data["hs_color"])
    elif "color_name" in data:
        wanted = COLORS[str(data["color_name"])]
    else:
        return True
    shown = now.attributes.get("hs_color")
    if shown is None:
        return newer
    return _is_color(shown, wanted)


def _near(value: object, wanted: Any, by: float) -> bool:
    return (known := figure(value)) is not None and abs(known - float(wanted)) <= by


def _count(state: State) -> int:
    return int(state.state) if state.state.isdecimal() and len(state.state) < 10 else 0
