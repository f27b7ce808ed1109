"""What the prompt tells of a home: areas, and names by kind. Pure.

Knows no states: what changes would make the model read everything anew. The demo home takes 0.1 ms.
"""

from assistant.intents.names import Directory, Entity, key


def static_facts(home: Directory) -> str:
    """Names by kind, the area where the name doesn't tell it. Empty for a home that shows nothing."""
    if not home.entities:
        return ""
    lines = [f"Areas: {', '.join(home.areas)}."] if home.areas else []
    if home.here is not None:
        lines.append(f"You are in the {home.here}.")
    lines.append("Things by domain:")
    kinds: dict[str, list[str]] = {}
    for entity in home.entities:
        kinds.setdefault(entity.domain, []).append(_shown(entity))
    return "\n".join([*lines, *(f"{kind}: {', '.join(names)}" for kind, names in kinds.items())])


def _shown(entity: Entity) -> str:
    names = {key(name): name for name in reversed(entity.names)}
    shown = " / ".join(reversed(names.values()))
    told = entity.area is None or any(key(entity.area) in key(name) for name in entity.names)
    return shown if told else f"{shown} ({entity.area})"
