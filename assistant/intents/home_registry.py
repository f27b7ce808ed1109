"""What Home Assistant's registries say -> a Directory of what is exposed: names, aliases, areas, floors. Pure.

Names are written by strangers (a guest's device names itself): control signs, bidi marks and a model's special tokens
are taken out before anybody sees them. Rows that make no sense are passed over. A home of 120 entities takes 3 ms.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.intents.home_states import LiveStates
from assistant.intents.names import Directory, Entity, key

LONGEST_NAME = 60
ASSISTANT = "conversation"  # what Home Assistant calls its own voice assistant, whose exposure counts for us too


@dataclass(frozen=True, slots=True)
class Place:
    """An area or a floor: its names, the first one for answers; an area may lie on a floor."""

    names: tuple[str, ...]
    floor_id: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """What the registry says of one entity."""

    area_id: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Registry:
    """The registries of one home, by id. Only what is in `exposed` may be seen or touched."""

    exposed: frozenset[str] = frozenset()
    areas: Mapping[str, Place] = field(default_factory=dict)
    floors: Mapping[str, Place] = field(default_factory=dict)
    entities: Mapping[str, Listed] = field(default_factory=dict)

    def directory(self, states: LiveStates, here: str = "") -> Directory:
        """What may be named now. `here`: the area that the assistant stands in."""
        entities = [e for id_ in sorted(self.exposed) if (e := self._entity(id_, states)) is not None]
        areas = {area.names[0]: None for area in self.areas.values()}
        own = next((a.names[0] for a in self.areas.values() if key(here) in map(key, a.names)), None)
        return Directory(entities, tuple(sorted(areas)), own)

    def other_places(self) -> tuple[str, ...]:
        """What people may say for rooms beside their names: aliases and floors."""
        aliases = [name for area in self.areas.values() for name in area.names[1:]]
        return tuple(sorted({*aliases, *(name for floor in self.floors.values() for name in floor.names)}))

    def rooms(self, said: str) -> tuple[str, ...]:
        """The areas that an area's name, its alias or a floor means; empty: nobody knows."""
        wanted = key(said)
        if found := [a.names[0] for a in self.areas.values() if wanted in map(key, a.names)]:
            return tuple(found)
        floors = {id_ for id_, floor in self.floors.items() if wanted in map(key, floor.names)}
        return tuple(sorted(a.names[0] for a in self.areas.values() if a.floor_id in floors))

    def _entity(self, entity_id: str, states: LiveStates) -> Entity | None:
        if (state := states.of(entity_id)) is None:
            return None
        listed = self.entities.get(entity_id, Listed())
        names = (clean(state.attributes.get("friendly_name")), *listed.aliases)
        if not (known := tuple(dict.fromkeys(name for name in names if name and key(name)))):
            return None
        area = self.areas.get(listed.area_id or "")
        return Entity(entity_id, known, None if area is None else area.names[0])


def exposed_of(answer: object) -> frozenset[str]:
    """What `homeassistant/expose_entity/list` exposes to a voice assistant."""
    told = answer.get("exposed_entities") if isinstance(answer, Mapping) else None
    rows = told.items() if isinstance(told, Mapping) else ()
    return frozenset(id_ for id_, to in rows if isinstance(to, Mapping) and to.get(ASSISTANT) is True)


def registry_of(
    exposed: frozenset[str], areas: object, floors: object, devices: object, entries: Mapping[str, Any]
) -> Registry:
    """The registry from what the server lists: areas, floors and devices as rows, entity entries by id."""
    device_areas = {row["id"]: row.get("area_id") for row in _rows(devices, "id")}
    entities = {}
    for entity_id, entry in entries.items():
        if isinstance(entry, Mapping):
            area_id = entry.get("area_id") or device_areas.get(str(entry.get("device_id")))
            entities[entity_id] = Listed(_text(area_id), _cleaned(entry.get("aliases")))
    return Registry(exposed, _places(areas, "area_id"), _places(floors, "floor_id"), entities)


def clean(name: object) -> str:
    """A name as it may be shown to a model and spoken: one short line of letters, digits and plain punctuation."""
    if not isinstance(name, str):
        return ""
    plain = unicodedata.normalize("NFKC", name[: 4 * LONGEST_NAME])
    plain = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in plain)
    return " ".join(re.sub(r"[<>|{}\[\]\"`\\:=_]", " ", plain).split())[:LONGEST_NAME].strip()


def _places(rows: object, id_key: str) -> dict[str, Place]:
    places = {}
    for row in _rows(rows, id_key):
        names = (clean(row.get("name")), *_cleaned(row.get("aliases")))
        if key(names[0]):
            floor_id = _text(row.get("floor_id")) if id_key == "area_id" else None
            places[row[id_key]] = Place(tuple(dict.fromkeys(names)), floor_id)
    return places


def _rows(rows: object, id_key: str) -> Iterator[Mapping[str, Any]]:
    for row in rows if isinstance(rows, Sequence) and not isinstance(rows, str) else ():
        if isinstance(row, Mapping) and isinstance(row.get(id_key), str):
            yield row


def _cleaned(names: object) -> tuple[str, ...]:
    found = names if isinstance(names, list) else []
    return tuple(cleaned for name in found if key(cleaned := clean(name)))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
