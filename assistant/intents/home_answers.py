"""What a real home knows of a thing -> the flat results that replies words, in the demo home's terms. Pure.

Knows Home Assistant's attributes and forecasts, no names but the ones it is given. A result takes 5 µs.
"""

import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from assistant.intents.home_registry import clean
from assistant.intents.home_states import State, figure
from assistant.intents.names import Entity
from assistant.stages import Effect, Value

_OPENINGS = {"on": "open", "off": "closed"}
_CLASSES: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(("door", "window", "garage_door", "opening"), _OPENINGS),
    "lock": {"on": "unlocked", "off": "locked"},
    "motion": {"on": "detecting motion", "off": "clear"},
    "moisture": {"on": "wet", "off": "dry"},
    "smoke": {"on": "detecting smoke", "off": "clear"},
}
_SAID_AS_IS = frozenset({"cover", "lock", "vacuum"})


def facts(entity: Entity, state: State) -> dict[str, Value]:
    """One thing as a flat result: name, domain, area, state, and the values that sentences tell."""
    told = state.attributes
    result: dict[str, Value] = {"name": entity.name, "domain": entity.domain, "state": spoken_state(entity, state)}
    if entity.area is not None:
        result["area"] = entity.area
    if entity.domain == "light" and (brightness := figure(told.get("brightness"))) is not None:
        result["brightness_pct"] = round(brightness / 2.55)
    if (volume := figure(told.get("volume_level"))) is not None:
        result["volume_level"] = volume
    for name, attribute in (
        ("position", "current_position"),
        ("temperature", "temperature"),
        ("current_temperature", "current_temperature"),
        ("humidity", "humidity"),
    ):
        if (value := figure(told.get(attribute))) is not None:
            result[name] = value
    if title := clean(told.get("media_title")):
        result["media_title"] = title
    if (value := _number(state.state)) is not None and (unit := clean(told.get("unit_of_measurement"))):
        result |= {"unit": unit, "value": value}
    return result


def spoken_state(entity: Entity, state: State) -> str:
    """The state in words: a door's sensor is open, not on; a sensor's figure has its unit."""
    if entity.domain == "binary_sensor":
        return _CLASSES.get(str(state.attributes.get("device_class")), {}).get(state.state, state.state)
    unit = clean(state.attributes.get("unit_of_measurement"))
    text = f"{clean(state.state)} {unit}" if unit else clean(state.state)
    return text.replace("_", " ") or "unknown"


def state_after(effect: Effect, entity: Entity, now: State) -> str:
    """What to say that a thing is after an effect on it: a blind is opening, a scene or a player is on."""
    if entity.domain in _SAID_AS_IS:
        return now.state
    return "off" if effect.service.endswith(".turn_off") or effect.data.get("brightness_pct") == 0 else "on"


def forecast_of(entries: object, day: str, at: datetime) -> dict[str, Value] | None:
    """The weather of `at`'s day, in its zone, from entries for days, half days or hours; None where there are none."""
    rows = [row for row in (entries if isinstance(entries, list) else []) if isinstance(row, Mapping) and _on(row, at)]
    highs = _figures(rows, "temperature")
    if not highs:
        return None
    lows = _figures(rows, "templow") or highs
    conditions = [str(row["condition"]) for row in rows if isinstance(row.get("condition"), str)]
    result: dict[str, Value] = {"day": day, "high": max(highs), "low": min(*lows, *highs)}
    return result | ({"condition": statistics.mode(conditions)} if conditions else {})


def _on(row: Mapping[str, Any], day: datetime) -> bool:
    try:
        at = datetime.fromisoformat(str(row.get("datetime")))
        return (at.astimezone(day.tzinfo) if at.tzinfo else at).date() == day.date()
    except (ValueError, OverflowError):  # the year 1, an hour west of us, is none
        return False


def _figures(rows: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [value for row in rows if (value := figure(row.get(name))) is not None]


def _number(text: str) -> float | None:
    try:
        return figure(float(text))
    except ValueError:
        return None
