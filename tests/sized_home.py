"""Homes of any size with ordinary names: the same `count` gives the same home."""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from assistant.intents.names import Directory, Entity

ROOMS = (
    "living room", "kitchen", "bedroom", "bathroom", "hallway", "office", "dining room", "kids room", "guest room",
    "basement", "garage", "attic", "laundry room", "terrace", "garden",
)  # fmt: skip
KINDS: tuple[tuple[str, str], ...] = (
    ("light", "ceiling light"), ("light", "floor lamp"), ("cover", "blinds"), ("sensor", "temperature"),
    ("switch", "socket"), ("light", "reading light"), ("media_player", "speaker"), ("fan", "fan"),
    ("light", "wall light"), ("climate", "radiator"), ("switch", "heater"), ("cover", "curtains"),
    ("lock", "door"), ("light", "night light"), ("sensor", "humidity"), ("switch", "charger"),
)  # fmt: skip
_STATES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "light": ("off", {}),
    "switch": ("off", {}),
    "fan": ("off", {}),
    "lock": ("locked", {}),
    "cover": ("open", {"position": 100}),
    "climate": ("heat", {"temperature": 20, "current_temperature": 19.5}),
    "media_player": ("paused", {"volume_level": 0.3, "media_title": "Blue"}),
    "sensor": ("20.5", {"unit": "°C"}),
}


def things(size: int) -> Iterator[dict[str, Any]]:
    """Entities as tables of a demo home: one kind in every room, then the next kind; after the last, numbered."""
    kinds = ((number, kind, what) for number in count(1) for kind, what in KINDS)
    places = ((room, *kind) for kind in kinds for room in ROOMS)
    for _, (room, number, kind, what) in zip(range(size), places, strict=False):
        name = f"{room} {what}" if number == 1 else f"{room} {what} {number}"
        state, attributes = _STATES[kind]
        table = {"id": f"{kind}.more_{name.replace(' ', '_')}", "names": [name], "area": room, "state": state}
        yield table | {"attributes": attributes}


def directory(size: int) -> Directory:
    """The same home as names."""
    entities = [Entity(table["id"], tuple(table["names"]), table["area"]) for table in things(size)]
    return Directory(entities, ROOMS, ROOMS[0])
