"""What the prompt tells of a home: rooms, the names of what is used most by voice, and example commands. Pure.

Knows no states: what changes would make the model read everything anew. A name that isn't shown can still be said:
names.py finds it. Choosing among 500 entities takes 3 ms.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from assistant.intents.names import Directory, Entity, key
from assistant.stages import Seen

SHOWN = 34
MOST_ROOMS = 24
# What people say to a voice, the most frequent first; everything else can only be asked about.
_USED = ("light", "cover", "climate", "media_player", "fan", "switch", "scene", "lock", "todo", "vacuum", "script",
         "input_boolean")  # fmt: skip
_NAMELESS = frozenset({"weather"})  # asked for by a tool that takes no name
_EXAMPLES: Mapping[str, str] = {
    "light": "Turn on the {name}",
    "cover": "Close the {name}",
    "climate": "Warmer please",
    "media_player": "Next song",
    "todo": "Put milk on the {name}",
}


def static_facts(home: Directory, most: int = SHOWN) -> str:
    """Names by room, at most `most` of them, and what people say. Empty for a home that shows nothing."""
    if not home.entities:
        return ""
    shown = shown_of(home, most)
    rooms: dict[str | None, list[str]] = {}
    for entity in shown:
        rooms.setdefault(entity.area, []).append(_called(entity))
    lines = [] if home.here is None else [f"You are in the {home.here}."]
    telling = [name for room, names in rooms.items() if _tell(room, names) for name in names]
    lines += [", ".join(telling)] * bool(telling)
    headed = {room: names for room, names in rooms.items() if not _tell(room, names)}
    lines += [f"{room}: {', '.join(names)}" for room, names in headed.items() if room is not None]
    if None in rooms:
        lines.append(f"{'elsewhere' if len(rooms) > 1 else 'things'}: {', '.join(rooms[None])}")
    if others := [area for area in home.areas if area not in rooms][:MOST_ROOMS]:
        lines.append(f"other rooms: {', '.join(others)}")
    if (hidden := sum(e.domain not in _NAMELESS for e in home.entities) - len(shown)) > 0:
        lines.append(f"and {hidden} more.")
    return "\n".join([*lines, f"People say: {' '.join(examples(shown, home.here))}"])


def shown_of(home: Directory, most: int = SHOWN) -> tuple[Entity, ...]:
    """The entities that the model is shown: this room's first, then lights, then other things, room by room."""
    before: Counter[tuple[str | None, str]] = Counter()
    ranks = {}
    for entity in home.entities:
        kind, here = entity.domain, entity.area is not None and entity.area == home.here
        turn = before[entity.area, kind]  # the first light of each room goes before anybody's second
        before[entity.area, kind] += 1
        usable = kind in _USED
        place = _USED.index(kind) if usable else len(_USED)
        ranks[entity.id] = (not (here and usable), kind != "light", not usable, not here, turn, place)
    able = [entity for entity in home.entities if entity.domain not in _NAMELESS]
    chosen = {entity.id for entity in sorted(able, key=lambda e: ranks[e.id])[:most]}
    return tuple(entity for entity in able if entity.id in chosen)


def overview(home: Directory, most: int, state: Callable[[Entity], str]) -> tuple[Seen, ...]:
    """The whole home for a person, by room and kind: `state` says how a thing is in words."""
    shown = {entity.id for entity in shown_of(home, most)}
    ordered = sorted(home.entities, key=lambda e: (e.area is None, e.area != home.here, e.area or "", e.domain, e.name))
    return tuple(Seen(e.id, e.names, e.area, state(e), e.id in shown) for e in ordered)


def examples(shown: Sequence[Entity], here: str | None = None) -> tuple[str, ...]:
    """Commands as people say them to this home, quoted: short ones need an example. One for each kind of thing."""
    near_first = sorted(shown, key=lambda entity: here is None or entity.area != here)
    first = {entity.domain: entity.name for entity in reversed(near_first)}
    said = [text.format(name=first[kind]) for kind, text in _EXAMPLES.items() if kind in first]
    said += ["Lights off"] if "light" in first else []
    return tuple(f'"{text}".' for text in [*said, "What time is it?", "Timer, ten minutes"])


def _tell(room: str | None, names: Sequence[str]) -> bool:
    """Whether each name begins with its room, which then needs no heading."""
    return room is not None and all(key(name).startswith(f"{key(room)} ") for name in names)


def _called(entity: Entity) -> str:
    """All its names; one that says the same again isn't shown."""
    names = {key(name): name for name in reversed(entity.names)}
    return " / ".join(reversed(names.values()))
