"""What any thing on MQTT is to us: an entity, the topics that tell of it, the messages that command it. Pure.

Knows no dialect (zigbee2mqtt, tasmota, mqtt_topics) and no broker. States and attributes are in Home Assistant's terms,
orders are absolute, never "toggle": one that arrives twice does nothing twice.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Protocol

from assistant.intents.alike import KINDS
from assistant.intents.home_change import COLORS
from assistant.intents.names import Entity, key
from assistant.stages import Effect

MOST_THINGS = 500


@dataclass(frozen=True, slots=True)
class Order:
    """A message to send."""

    topic: str
    payload: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message tells of a thing: what is None or missing, it doesn't tell. `away`: nobody reaches it now."""

    state: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    away: bool | None = None


class Thing(Protocol):
    """One thing. `key` is its place in the broker's world, the same after a restart; names and room are as given."""

    @property
    def key(self) -> str:
        """What it is called there: unique among all things."""

    @property
    def domain(self) -> str:
        """Its kind: light, cover, sensor ..."""

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called, the name for answers first."""

    @property
    def area(self) -> str | None:
        """Its room."""

    @property
    def about(self) -> Mapping[str, Any]:
        """Attributes that never change: device_class, unit_of_measurement, about."""

    @property
    def topics(self) -> frozenset[str]:
        """What tells of it; without a state among them it never tells."""

    @property
    def tells(self) -> bool:
        """Whether it reports its state."""

    def heard(self, topic: str, payload: bytes) -> Reading | None:
        """What a message on one of its topics says; None: nothing that makes sense."""

    def orders(self, effect: Effect) -> tuple[Order, ...]:
        """The messages that ask for a service; none: it hasn't what that takes."""

    def query(self) -> Order | None:
        """What makes it tell its state now; None: it tells by itself, or can't."""


def parsed(payload: bytes) -> Any:
    """JSON, or None where it is none, or too deep."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return None


def number(value: object) -> float | None:
    """A finite number, as a number or as text; else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < 1e12 else None  # NaN too


def text(value: object, longest: int = 200) -> str:
    """A text of bounded length that can be sent as UTF-8; anything else is empty."""
    return value[:longest].encode(errors="ignore").decode() if isinstance(value, str) else ""


def rows(value: object) -> list[Mapping[str, Any]]:
    """The objects in a list; anything else has none."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def color(effect: Effect) -> tuple[float, float] | None:
    """Hue and saturation that the effect asks for."""
    if isinstance(exact := effect.data.get("hs_color"), tuple):
        return exact[0], exact[1]
    name = effect.data.get("color_name")
    return COLORS.get(str(name)) if name is not None else None


def brightness(effect: Effect) -> float | None:
    """How bright the effect asks for, 0 to 1."""
    for name, most in (("brightness_pct", 100), ("brightness", 255)):
        if isinstance(value := effect.data.get(name), int | float):
            return value / most
    return None


def said(name: str) -> str:
    """A device's name as people say it: "kitchen/desk_lamp" -> "kitchen desk lamp"."""
    return " ".join(re.sub(r"[/_.:\\-]+", " ", name).split())


def name_in(room: str | None, own: str) -> str:
    """What a thing is called in its room: with the room, unless its name begins with that."""
    return own if room is None or key(own) == key(room) or room_in(own, {room}) else f"{room} {own}"


def entities_of(things: Sequence[Thing]) -> dict[str, Thing]:
    """Things by entity id: its kind and its name, numbered where two would be the same; the same order every time."""
    found: dict[str, Thing] = {}
    for thing in sorted(things, key=lambda t: t.key)[:MOST_THINGS]:
        plain = unicodedata.normalize("NFKD", thing.names[0]).encode("ascii", "ignore").decode().casefold()
        slug = re.sub(r"[^a-z0-9]+", "_", plain).strip("_") or re.sub(r"[^a-z0-9]+", "_", thing.key.casefold())
        entity_id = f"{thing.domain}.{slug}"
        another = 2
        while entity_id in found:
            entity_id, another = f"{thing.domain}.{slug}_{another}", another + 1
        found[entity_id] = thing
    return found


def entity_of(entity_id: str, thing: Thing, rooms: Iterable[str]) -> Entity:
    """The entity. A thing that was given no room is in the one that its name begins with.

    "Kitchen kettle" may also be called kettle; what is only a kind ("kitchen light") needs no name for that.
    """
    area = thing.area or room_in(thing.names[0], frozenset(rooms))
    names = thing.names
    if area is not None and room_in(names[0], {area}) and thing.domain not in ("sensor", "binary_sensor"):
        rest = " ".join(names[0].split()[len(area.split()) :])
        names = names if key(rest) in KINDS else (*names, rest)
    return Entity(entity_id, tuple(dict.fromkeys(names)), area)


def room_in(name: str, rooms: AbstractSet[str]) -> str | None:
    """The longest of the rooms that a name begins with: "living room lamp"."""
    fitting = [room for room in rooms if key(room) and key(name).startswith(f"{key(room)} ")]
    return max(fitting, key=len, default=None)
