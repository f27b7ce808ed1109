"""What a home in process is made of, and how it is read from TOML (`demo_home.toml` shows the form).

Knows names, states and values, no service. A file of 20 things is read in 2 ms.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.errors import ConfigError
from assistant.intents.names import Directory, Entity
from assistant.stages import Value

BUILT_IN = Path(__file__).with_name("demo_home.toml")


@dataclass(slots=True)
class Thing:
    """What a home knows of one entity."""

    entity: Entity
    state: str
    attributes: dict[str, Any] = field(default_factory=dict)
    forecast: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Furnished:
    """A whole home before anything happens in it. `confirm`: entities whose guarded services may happen after a yes."""

    directory: Directory
    things: tuple[Thing, ...]
    confirm: frozenset[str] = frozenset()


def read(path: Path | None = None) -> Furnished:
    """Read a home from a file; None: the built-in one. Raises ConfigError when it can't be read or is no home."""
    path = BUILT_IN if path is None else path
    try:
        home = tomllib.loads(path.read_text(encoding="utf-8"))
        things = [_thing(table) for table in home["entity"]]
        directory = Directory([t.entity for t in things], tuple(home.get("areas", ())), home.get("assistant_area"))
        confirm = frozenset(str(entity_id) for entity_id in home.get("confirm", ()))
    except OSError as e:
        raise ConfigError(f"{path}: {e.strerror}", remedy="check demo_file in the section home") from e
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        reason = f"no {e}" if isinstance(e, KeyError) else str(e)
        raise ConfigError(f"{path}: not a demo home: {reason}", remedy="compare with the built-in one") from e
    return Furnished(directory, tuple(things), confirm)


def _thing(table: Mapping[str, Any]) -> Thing:
    attributes = dict(table.get("attributes", {}))
    entity = Entity(table["id"], tuple(table["names"]), table.get("area"))
    if not table["names"] or "." not in entity.id:
        raise ValueError(f"{entity.id} needs a name, and an id like light.kitchen")
    if "unit" in attributes:
        float(table["state"])  # a wrong figure shows at the start, not in an answer
    if entity.domain == "weather":
        float(attributes["temperature"])
    return Thing(entity, table["state"], attributes, {day["day"]: day for day in table.get("forecast", ())})
