"""One thing of a zigbee2mqtt device: what its reports say, and what it takes. Pure.

Knows `exposes` features, not where they were listed (zigbee2mqtt). A report takes 60 µs.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from assistant.intents.home_registry import clean
from assistant.intents.mqtt_things import Order, Reading, brightness, color, number, parsed, text
from assistant.stages import Effect

PUBLISHED, _GET = 1, 4  # bits of `access`
MIREDS = 1_000_000  # by kelvin
_SETPOINTS = ("occupied_heating_setpoint", "current_heating_setpoint")
_MOVES = {"opening": "opening", "closing": "closing", "UP": "opening", "DOWN": "closing"}
_ASKED = frozenset({"state", "position", "brightness", "local_temperature", "system_mode", *_SETPOINTS})


@dataclass(frozen=True, slots=True)
class Device:
    """A device as the bridge lists it."""

    base: str
    name: str
    address: str
    room: str | None
    about: str


@dataclass(frozen=True, slots=True)
class Zigbee:
    """One thing of a device: an actuator with its `features` by name, or one measured property."""

    device: Device
    domain: str
    names: tuple[str, ...]
    features: Mapping[str, Mapping[str, Any]]
    about: Mapping[str, Any] = field(default_factory=dict)
    endpoint: str = ""
    tells: bool = True

    @property
    def key(self) -> str:
        """The device's address and what of it this is: a new name is the same thing."""
        part = self.endpoint or next(iter(self.features), "")
        return f"z:{self.device.address or self.device.name}:{self.domain}:{part}"

    @property
    def area(self) -> str | None:
        """Its room."""
        return self.device.room

    @property
    def topics(self) -> frozenset[str]:
        """Its states, whether it is there, and whether the bridge is."""
        own = f"{self.device.base}/{self.device.name}"
        return frozenset({own, f"{own}/availability", f"{self.device.base}/bridge/state"})

    def heard(self, topic: str, payload: bytes) -> Reading | None:
        """What a message says: `{"state": "ON", "brightness": 127}`, `online`, `{"state": "offline"}`."""
        told = parsed(payload)
        if topic.endswith(("/availability", "/bridge/state")):
            word = told.get("state") if isinstance(told, Mapping) else payload.decode(errors="replace").strip()
            return Reading(away=word == "offline") if word in ("online", "offline") else None
        if not isinstance(told, Mapping):
            return None
        reading = _READ[self.domain](self, told)
        return reading if reading.state is not None or reading.attributes else None

    def orders(self, effect: Effect) -> tuple[Order, ...]:
        """One message on `NAME/set`; none where the device has not what it takes."""
        wanted = _wanted(self, effect)
        return (Order(f"{self.device.base}/{self.device.name}/set", json.dumps(wanted)),) if wanted else ()

    def query(self) -> Order | None:
        """Ask the device; battery-powered ones sleep and tell by themselves."""
        asked = {f["property"]: "" for name, f in self.features.items() if name in _ASKED and access(f) & _GET}
        if not asked or self.domain in ("sensor", "binary_sensor"):
            return None
        return Order(f"{self.device.base}/{self.device.name}/get", json.dumps(asked))

    def told(self, feature: str, report: Mapping[str, Any]) -> Any:
        """What a report says of one feature; None: nothing."""
        return report.get(self.features[feature]["property"]) if feature in self.features else None

    def is_on(self, feature: str, report: Mapping[str, Any]) -> bool | None:
        """Whether a two-valued feature is on; None: not told."""
        value = self.told(feature, report)
        if value is None:
            return None
        on, off = (self.features[feature].get(name) for name in ("value_on", "value_off"))
        return True if value == on else False if value == off else None


def access(feature: Mapping[str, Any]) -> int:
    """Whether a feature is published (1), can be set (2) and asked for (4)."""
    bits = feature.get("access")
    return bits if isinstance(bits, int) else 0


def _switched(thing: Zigbee, report: Mapping[str, Any]) -> Reading:
    on = thing.is_on("state", report)
    return Reading(None if on is None else "on" if on else "off")


def _light(thing: Zigbee, report: Mapping[str, Any]) -> Reading:
    attributes: dict[str, Any] = {}
    if (level := number(thing.told("brightness", report))) is not None:
        attributes["brightness"] = round(level * 255 / _brightest(thing))
    shown = thing.told("color_hs", report) or thing.told("color_xy", report)
    hue, full = (number(shown.get(n)) for n in ("hue", "saturation")) if isinstance(shown, Mapping) else (None, None)
    if report.get("color_mode") == "color_temp":
        attributes |= {"hs_color": None, "color_mode": "color_temp"}
        if mireds := number(thing.told("color_temp", report)):
            attributes["color_temp_kelvin"] = round(MIREDS / mireds)
    elif hue is not None and full is not None:
        attributes |= {"hs_color": [hue, full], "color_mode": "hs"}
    return replace(_switched(thing, report), attributes=attributes)


def _cover(thing: Zigbee, report: Mapping[str, Any]) -> Reading:
    position = number(thing.told("position", report))
    attributes = {} if position is None else {"current_position": round(position)}
    moving = next((_MOVES[m] for n in ("motor_state", "moving") if (m := text(report.get(n))) in _MOVES), None)
    told = {"OPEN": "open", "CLOSE": "closed"}.get(text(thing.told("state", report)))
    by_position = None if position is None else "open" if position > 0 else "closed"
    return Reading(moving or by_position or told, attributes)


def _lock(thing: Zigbee, report: Mapping[str, Any]) -> Reading:
    told = text(thing.told("lock_state", report))
    if told in ("locked", "unlocked"):
        return Reading(told)
    if told == "not_fully_locked":
        return Reading("unlocked")
    on = thing.is_on("state", report)
    return Reading(None if on is None else "locked" if on else "unlocked")


def _climate(thing: Zigbee, report: Mapping[str, Any]) -> Reading:
    attributes = {}
    for name in _SETPOINTS:
        if (wanted := number(thing.told(name, report))) is not None:
            attributes["temperature"] = wanted
    if (now := number(thing.told("local_temperature", report))) is not None:
        attributes["current_temperature"] = now
    mode = text(thing.told("system_mode", report), 20)
    on = "system_mode" not in thing.features and attributes
    return Reading(clean(mode) or ("heat" if on else None), attributes)


def _sensor(thing: Zigbee, report: Mapping[str, Any]) -> Reading:
    value = number(thing.told(next(iter(thing.features)), report))
    return Reading(None if value is None else f"{value:g}")


def _detector(thing: Zigbee, report: Mapping[str, Any]) -> Reading:
    on = thing.is_on(next(iter(thing.features)), report)
    return Reading(None if on is None else "on" if on else "off")


_READ = {
    "light": _light, "switch": _switched, "fan": _switched, "cover": _cover, "lock": _lock, "climate": _climate,
    "sensor": _sensor, "binary_sensor": _detector,
}  # fmt: skip


def _brightest(thing: Zigbee) -> float:
    return number(thing.features["brightness"].get("value_max")) or 254


def _wanted(thing: Zigbee, effect: Effect) -> dict[str, Any]:
    """What to set for a service; empty: the thing can't."""
    domain, _, service = effect.service.partition(".")
    if domain != thing.domain:
        return {}
    state = thing.features.get("state", {})
    match service:
        case "turn_on" if effect.data.get("brightness_pct") == 0:
            return _to(state, "value_off")
        case "turn_on" if domain == "climate":
            modes = thing.features.get("system_mode", {}).get("values")
            return _mode(thing, next((m for m in ("heat", "auto") if isinstance(modes, list) and m in modes), None))
        case "turn_off" if domain == "climate":
            return _mode(thing, "off")
        case "turn_on":
            look = _look(thing, effect)
            return {} if look is None else {**_to(state, "value_on"), **look}
        case "turn_off":
            return _to(state, "value_off")
        case "lock" | "unlock":
            return _to(state, "value_on" if service == "lock" else "value_off")
        case "open_cover" | "close_cover" if state:
            return {state["property"]: "OPEN" if service == "open_cover" else "CLOSE"}
        case "open_cover" | "close_cover" | "set_cover_position" if "position" in thing.features:
            position = {"open_cover": 100, "close_cover": 0}.get(service, effect.data.get("position"))
            return {thing.features["position"]["property"]: position}
        case "set_temperature":
            setpoint = next((thing.features[n] for n in _SETPOINTS if n in thing.features), None)
            return {} if setpoint is None else {setpoint["property"]: effect.data["temperature"]}
        case _:
            return {}


def _to(feature: Mapping[str, Any], end: str) -> dict[str, Any]:
    return {feature["property"]: feature[end]} if end in feature else {}


def _mode(thing: Zigbee, mode: str | None) -> dict[str, Any]:
    modes = thing.features.get("system_mode", {})
    return {modes["property"]: mode} if mode is not None and mode in (modes.get("values") or ()) else {}


def _look(thing: Zigbee, effect: Effect) -> dict[str, Any] | None:
    """Brightness and color as the lamp takes them; None: it can't."""
    look: dict[str, Any] = {}
    if isinstance(kelvin := effect.data.get("color_temp_kelvin"), int):
        if "color_temp" not in thing.features:
            return None
        look[thing.features["color_temp"]["property"]] = round(MIREDS / kelvin)
    if (share := brightness(effect)) is not None:
        if "brightness" not in thing.features:
            return None
        look[thing.features["brightness"]["property"]] = round(share * _brightest(thing))
    if (hue_saturation := color(effect)) is not None:
        shown = thing.features.get("color_hs") or thing.features.get("color_xy")
        if shown is None:
            return None
        look[shown["property"]] = dict(zip(("hue", "saturation"), hue_saturation, strict=True))
    return look
