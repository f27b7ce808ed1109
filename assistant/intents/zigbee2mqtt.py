"""zigbee2mqtt: `bridge/devices` and `bridge/groups` -> things. Pure.

Knows the documented `exposes`, no broker. A device's room is the config's, or the part of its name before a slash
("kitchen/lamp"), or the smallest group that it is in ("kitchen lights" -> kitchen). Devices that nobody has named are
left out. A home of 100 devices takes 40 ms.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.intents.alike import EVERY, KINDS, singular
from assistant.intents.home_registry import clean
from assistant.intents.mqtt_things import name_in, rows, said, text
from assistant.intents.names import key
from assistant.intents.zigbee_thing import PUBLISHED, Device, Zigbee, access

_SPECIFIC = frozenset({"light", "switch", "cover", "lock", "climate", "fan"})
# Property -> what people call it, and how Home Assistant classes it.
_MEASURED: Mapping[str, tuple[str, str]] = {
    "temperature": ("temperature",) * 2, "humidity": ("humidity",) * 2, "battery": ("battery",) * 2,
    "co2": ("CO2", "carbon_dioxide"), "pm25": ("air quality", "pm25"), "illuminance": ("brightness", "illuminance"),
    "pressure": ("pressure", "pressure"), "power": ("power", "power"), "soil_moisture": ("soil moisture", "moisture"),
}  # fmt: skip
_DETECTED: Mapping[str, tuple[str, str]] = {
    "contact": ("", "opening"), "occupancy": ("motion", "motion"), "presence": ("presence", "motion"),
    "water_leak": ("leak", "moisture"), "smoke": ("smoke", "smoke"),
}  # fmt: skip


def devices(base: str, listed: object, groups: object, rooms: Mapping[str, str]) -> list[Zigbee]:
    """All things of a bridge. `listed`, `groups`: the two lists; `rooms`: the config's rooms by device name."""
    told = {key(said(name)): room for name, room in rooms.items()}
    grouped = _rooms_of(groups)
    found: list[Zigbee] = []
    for row in rows(listed):
        name, address = text(row.get("friendly_name")), text(row.get("ieee_address"))
        definition = row.get("definition")
        unnamed = not name or name == address or row.get("type") == "Coordinator" or row.get("disabled") is True
        if unnamed or not isinstance(definition, Mapping) or set(name) & set("+#\0"):
            continue
        own = clean(said(name.rpartition("/")[2]))
        prefix = clean(said(name.rpartition("/")[0])) or None
        room = told.get(key(said(name))) or told.get(key(address)) or prefix or grouped.get(address)
        about = " ".join(filter(None, (text(row.get("description")), text(definition.get("description")))))
        device = Device(base, name, address, clean(room) or None, clean(about))
        if key(own):
            found += _things(device, own, rows(definition.get("exposes")))
    return found


def _rooms_of(groups: object) -> dict[str, str]:
    """The room that the smallest group of a device stands for, by the device's address."""
    found: dict[str, str] = {}
    listed = [(len(rows(g.get("members"))), text(g.get("friendly_name")), rows(g.get("members"))) for g in rows(groups)]
    for _, name, members in sorted(listed, key=lambda group: group[:2], reverse=True):
        words = [word for word in said(name).split() if singular(word.casefold()) not in KINDS]
        room = clean(" ".join(words))
        if not room or {word.casefold() for word in words} & {*EVERY, "group"}:
            continue
        for member in members:
            found[text(member.get("ieee_address"))] = room
    return found


def _things(device: Device, own: str, exposes: list[Mapping[str, Any]]) -> Iterator[Zigbee]:
    actuators = [e for e in exposes if e.get("type") in _SPECIFIC]
    for exposed in actuators:
        features = _features(exposed.get("features"))
        endpoint = text(exposed.get("endpoint"), 20)
        name = f"{own} {said(endpoint)}" if endpoint and len(actuators) > 1 else own
        about = {"about": device.about} if device.about else {}
        if features:
            names = (name_in(device.room, name),)
            yield Zigbee(device, str(exposed["type"]), names, features, about, endpoint)
    for name, feature in _features(exposes).items():
        for table, domain in ((_MEASURED, "sensor"), (_DETECTED, "binary_sensor")):
            if name in table and access(feature) & PUBLISHED:
                word, device_class = table[name]
                about = {"device_class": device_class}
                if unit := clean(feature.get("unit")):
                    about["unit_of_measurement"] = unit
                yield Zigbee(device, domain, _measured(device.room, own, word), {name: feature}, about)


def _measured(room: str | None, own: str, word: str) -> tuple[str, ...]:
    """A sensor is called after its room and what it measures; a contact after its door: "front door sensor"."""
    words = own.split()
    plain = " ".join(words[:-1]) if words[-1].casefold() in ("sensor", "contact") and len(words) > 1 else own
    name = name_in(room, plain)
    if not word:
        return (name,)
    if room is None or word == "battery":
        return (f"{name} {word}",)
    return tuple(dict.fromkeys((f"{room} {word}", f"{name} {word}")))


def _features(listed: object) -> dict[str, Mapping[str, Any]]:
    """Features by name; those of a color lie in a composite one. Each has a property to be reported under."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows(listed):
        if (name := text(row.get("name"))) and text(row.get("property")):
            found.setdefault(name, row)
    return found
