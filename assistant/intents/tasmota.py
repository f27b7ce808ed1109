"""Tasmota: `tasmota/discovery/MAC/config` and `/sensors` -> things, and what each reports and takes. Pure.

Knows the discovery messages of Tasmota 9 and later, no broker. Relays, dimmers, colored lights, shutters, temperature
and humidity. A room is the config's, by the device's name or topic. A device takes 0.2 ms.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from assistant.intents.home_registry import clean
from assistant.intents.mqtt_things import Order, Reading, brightness, color, name_in, number, parsed, said, text
from assistant.intents.names import key
from assistant.stages import Effect

CONFIGS, SENSORS = "tasmota/discovery/+/config", "tasmota/discovery/+/sensors"
_RELAY, _LIGHT, _SHUTTER = 1, 2, 3
_DIMS, _COLORS = range(1, 6), range(3, 6)  # kinds of lights: dimmer, two whites, RGB, RGBW, RGBCW
_RELAYS_ARE_LIGHTS = "30"
_UNITS = {"Temperature": "°C", "Humidity": "%"}


@dataclass(frozen=True, slots=True)
class _Device:
    """A device as it describes itself."""

    topic: str
    full: str
    prefixes: tuple[str, str, str]
    online: str
    offline: str
    on: str
    off: str
    room: str | None

    def at(self, prefix: int, last: str) -> str:
        """A whole topic: 0 commands, 1 answers, 2 telemetry."""
        plain = self.full.replace("%prefix%", self.prefixes[prefix]).replace("%topic%", self.topic)
        return f"{plain.rstrip('/')}/{last}"


@dataclass(frozen=True, slots=True)
class Tasmota:
    """One thing of a device. `number`: which relay or shutter, from 1. `sensor`: its path in the sensor message."""

    device: _Device
    domain: str
    names: tuple[str, ...]
    number: int = 1
    only: bool = True
    dims: bool = False
    colors: bool = False
    sensor: tuple[str, str] = ("", "")
    about: Mapping[str, Any] = field(default_factory=dict)
    tells: bool = True

    @property
    def key(self) -> str:
        """The device's topic and what of it this is."""
        return f"t:{self.device.topic}:{self.domain}:{self.number}:{'.'.join(self.sensor)}"

    @property
    def area(self) -> str | None:
        """Its room."""
        return self.device.room

    @property
    def topics(self) -> frozenset[str]:
        """Whether it is there, what it reports by itself, and what it answers."""
        kind = "SENSOR" if self.domain in ("sensor", "cover") else "STATE"
        answer = "STATUS10" if self.domain == "sensor" else "RESULT"
        return frozenset({self.device.at(2, "LWT"), self.device.at(2, kind), self.device.at(1, answer)})

    def heard(self, topic: str, payload: bytes) -> Reading | None:
        """What a message says: `Online`, `{"POWER": "ON", "Dimmer": 30}`, `{"AM2301": {"Temperature": 21.5}}`."""
        if topic == self.device.at(2, "LWT"):
            word = payload.decode(errors="replace").strip()
            known = (self.device.online, self.device.offline)
            return Reading(away=word == self.device.offline) if word in known else None
        told = parsed(payload)
        if not isinstance(told, Mapping):
            return None
        if self.domain == "sensor":
            sensors = told.get("StatusSNS", told)
            part = sensors.get(self.sensor[0]) if isinstance(sensors, Mapping) else None
            value = number(part.get(self.sensor[1])) if isinstance(part, Mapping) else None
            return None if value is None else Reading(f"{value:g}")
        return self._shutter(told) if self.domain == "cover" else self._relay(told)

    def orders(self, effect: Effect) -> tuple[Order, ...]:
        """One message; none where the device has not what it takes."""
        domain, _, service = effect.service.partition(".")
        if domain != self.domain or self.domain == "sensor":
            return ()
        share, hue_saturation = brightness(effect), color(effect)
        percent = None if share is None else round(100 * share)
        match service:
            case "open_cover" | "close_cover":
                which = "Open" if service == "open_cover" else "Close"
                return (self._order(f"Shutter{which}{self.number}", ""),)
            case "set_cover_position":
                return (self._order(f"ShutterPosition{self.number}", f"{effect.data['position']}"),)
            case "turn_off":
                return (self._order(self._power, self.device.off),)
            case "turn_on" if percent == 0:
                return (self._order(self._power, self.device.off),)
            case "turn_on" if hue_saturation is not None:
                return self._colored(*hue_saturation, percent) if self.colors else ()
            case "turn_on" if percent is not None:
                return (self._order("Dimmer", f"{percent}"),) if self.dims else ()
            case "turn_on":
                return (self._order(self._power, self.device.on),)
            case _:
                return ()

    def query(self) -> Order | None:
        """Ask for everything that it reports."""
        if self.domain == "sensor":
            return self._order("Status", "10")
        return self._order(f"ShutterPosition{self.number}" if self.domain == "cover" else "State", "")

    @property
    def _power(self) -> str:
        return "POWER" if self.only else f"POWER{self.number}"

    def _order(self, command: str, payload: str) -> Order:
        return Order(self.device.at(0, command), payload)

    def _colored(self, hue: float, saturation: float, percent: int | None) -> tuple[Order, ...]:
        """Hue and saturation each by itself: together they would set the brightness too."""
        parts = [f"HSBColor1 {hue:g}", f"HSBColor2 {saturation:g}"]
        parts += [f"Dimmer {percent}"] if percent is not None else []
        return (self._order("Backlog", "; ".join([*parts, f"{self._power} {self.device.on}"])),)

    def _relay(self, told: Mapping[str, Any]) -> Reading | None:
        power = told.get(f"POWER{self.number}", told.get("POWER") if self.only else None)
        states = {self.device.on: "on", self.device.off: "off"}
        attributes: dict[str, Any] = {}
        if self.dims and (level := number(told.get("Dimmer"))) is not None:
            attributes["brightness"] = round(level * 2.55)
        if self.colors and (shown := text(told.get("HSBColor"))):
            parts = [number(part) for part in shown.split(",")]
            if len(parts) == 3 and parts[0] is not None and parts[1] is not None:
                attributes |= {"hs_color": [parts[0], parts[1]], "color_mode": "hs"}
        state = states.get(power) if isinstance(power, str) else None
        return Reading(state, attributes) if state is not None or attributes else None

    def _shutter(self, told: Mapping[str, Any]) -> Reading | None:
        part = told.get(f"Shutter{self.number}")
        position = number(part.get("Position")) if isinstance(part, Mapping) else None
        if position is None or not isinstance(part, Mapping):
            return None
        moving = {1: "opening", -1: "closing"}.get(int(number(part.get("Direction")) or 0))
        return Reading(moving or ("open" if position > 0 else "closed"), {"current_position": round(position)})


def things(config: object, sensors: object, rooms: Mapping[str, str]) -> list[Tasmota]:
    """All things of one device, from what it says of itself. `rooms`: the config's rooms by device name or topic."""
    if not isinstance(config, Mapping) or (device := _device(config, rooms)) is None:
        return []
    own = clean(text(config.get("dn"))) or clean(said(device.topic))
    found = [*_outputs(device, own, config)]
    listed = sensors.get("sn") if isinstance(sensors, Mapping) else None
    told: Mapping[str, Any] = listed if isinstance(listed, Mapping) else {}
    for name, part in told.items():
        for what in _UNITS if isinstance(part, Mapping) and isinstance(name, str) else ():
            if what in part:
                names = (f"{device.room} {what.casefold()}",) if device.room else ()
                unit = "°F" if what == "Temperature" and told.get("TempUnit") == "F" else _UNITS[what]
                about = {"device_class": what.casefold(), "unit_of_measurement": unit}
                called = tuple(dict.fromkeys((*names, f"{own} {what.casefold()}")))
                found.append(Tasmota(device, "sensor", called, sensor=(name, what), about=about))
    return found


def _device(config: Mapping[str, Any], rooms: Mapping[str, str]) -> _Device | None:
    topic, full = text(config.get("t")), text(config.get("ft")) or "%prefix%/%topic%/"
    full = full.replace("%hostname%", text(config.get("hn"))).replace("%id%", text(config.get("mac"))[-6:])
    prefixes = config.get("tp")
    if not topic or set(topic + full) & set("+#\0") or not isinstance(prefixes, list) or len(prefixes) != 3:
        return None
    words = config.get("state")
    off, on = (text(words[n]) if isinstance(words, list) and len(words) > n else "" for n in (0, 1))
    told = {key(said(name)): room for name, room in rooms.items()}
    room = told.get(key(said(text(config.get("dn"))))) or told.get(key(said(topic)))
    command, answer, telemetry = (text(prefix) or "cmnd" for prefix in prefixes)
    return _Device(
        topic, full, (command, answer, telemetry), text(config.get("onln")) or "Online",
        text(config.get("ofln")) or "Offline", on or "ON", off or "OFF", clean(room) or None,
    )  # fmt: skip


def _outputs(device: _Device, own: str, config: Mapping[str, Any]) -> Iterator[Tasmota]:
    """Relays, lights and shutters. A shutter takes two relays; a relay may be named by itself."""
    listed, called, options = config.get("rl"), config.get("fn"), config.get("so")
    kinds = [kind if isinstance(kind, int) else 0 for kind in listed] if isinstance(listed, list) else []
    lights = isinstance(options, Mapping) and options.get(_RELAYS_ARE_LIGHTS) == 1
    light = config.get("lt_st")
    used = [at for at, kind in enumerate(kinds) if kind in (_RELAY, _LIGHT)]
    for at in used:
        name = clean(called[at]) if isinstance(called, list) and len(called) > at else ""
        plain = name or (own if len(used) == 1 else f"{own} {at + 1}")
        dims = kinds[at] == _LIGHT and isinstance(light, int)
        yield Tasmota(
            device, "light" if kinds[at] == _LIGHT or lights else "switch", (name_in(device.room, plain),), at + 1,
            only=len([k for k in kinds if k]) == 1, dims=dims and light in _DIMS, colors=dims and light in _COLORS,
        )  # fmt: skip
    shutters = kinds.count(_SHUTTER) // 2
    for number_ in range(1, shutters + 1):
        plain = own if shutters == 1 else f"{own} {number_}"
        yield Tasmota(device, "cover", (name_in(device.room, plain),), number_)
