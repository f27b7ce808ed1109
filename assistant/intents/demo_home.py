"""A home in process: entities with states; a call changes them as a real home would.

What runs when no real home is configured. Knows no language: sentences come from replies. Forgets everything at the
end. A call takes 0.1 ms.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from assistant.errors import CallFailed
from assistant.intents import adjust, replies, undo
from assistant.intents.demo_file import Furnished, Thing, read
from assistant.intents.home_facts import SHOWN, overview, static_facts
from assistant.intents.names import Entity
from assistant.intents.policy import Policy
from assistant.intents.services import IMPLIED, SERVICES, domains_of, effects_of, shared_values, tools_for
from assistant.intents.units import Scale
from assistant.stages import Call, Effect, Outcome, Seen, Tool, Value

UNDOABLE = 16


@dataclass(frozen=True, slots=True)
class _Before:
    """How things were before a deed, and the service calls that a real home would be asked for to get there."""

    what: str
    back: tuple[Effect, ...]
    things: Mapping[str, tuple[str, dict[str, Any]]]


class DemoHome:
    """Handler of a home in process: the built-in one, a file's, or one that is given furnished. Raises ConfigError."""

    def __init__(
        self,
        home: Path | Furnished | None = None,
        *,
        here: str = "",
        policy: Policy | None = None,
        now: Callable[[], datetime] | None = None,
        shown: int = SHOWN,
    ) -> None:
        """`here`: another room than the file's. `shown`: how many names are told.

        `now` gives local time, for quiet hours; without it there are none.
        """
        furnished = home if isinstance(home, Furnished) else read(home)
        self._directory = replace(furnished.directory, here=here) if here else furnished.directory
        policy = Policy() if policy is None else policy
        self._policy = replace(policy, confirm=policy.confirm | furnished.confirm)
        self._now = now
        self._shown = shown
        self._things = {
            thing.entity.id: replace(thing, attributes=dict(thing.attributes)) for thing in furnished.things
        }
        self._deeds = 0
        self._before: dict[int, _Before] = {}

    def tools(self) -> Sequence[Tool]:
        """What it can do now: the tools for the kinds of devices there are."""
        return tools_for(self._directory)

    def scale(self) -> Scale:
        """The degrees that the home counts in."""
        return "C"

    def context(self) -> str:
        """Static facts for the prompt: names by room, as many as are shown, no states."""
        return static_facts(self._directory, self._shown)

    def seen(self) -> Sequence[Seen]:
        """Everything in it."""
        return overview(self._directory, self._shown, lambda entity: self._things[entity.id].state)

    async def unexposed(self) -> int:
        """None: all of it is for us."""
        return 0

    def rooms(self) -> Sequence[str]:
        """Where the assistant may stand."""
        return self._directory.areas

    def states(self) -> dict[str, str]:
        """The state of every entity, by id."""
        return {id_: thing.state for id_, thing in self._things.items()}

    def things(self) -> dict[str, Thing]:
        """Every thing as it is now, by id: copies."""
        return {id_: replace(thing, attributes=dict(thing.attributes)) for id_, thing in self._things.items()}

    def facts(self, entity_id: str) -> list[str]:
        """The words for what is known of one entity now: its state and every value, forecast too."""
        thing = self._things[entity_id]
        values = [
            thing.state,
            *thing.attributes.values(),
            *(v for day in thing.forecast.values() for v in day.values()),
        ]
        return [str(v) for value in values for v in (value if isinstance(value, list) else [value])]

    async def handle(self, call: Call) -> Outcome:
        """Carry out one call. Raises CallFailed with a spoken sentence; then nothing has changed."""
        if call.name == "HassGetState":
            outcome = self._state(call)
        elif call.name == "HassGetWeather":
            outcome = self._weather(call)
        elif call.name == "HassUndo":
            outcome = self._undo(call)
        elif call.name in SERVICES:
            outcome = self._act(call)
        else:
            raise CallFailed("I can't do that.", code="unknown_tool")
        return replies.worded(outcome)

    def _act(self, call: Call) -> Outcome:
        self._policy.check_values(call.arguments)
        meant = self._directory.resolve(call.arguments, domains_of(call), implied=call.name in IMPLIED)
        calls, targets = zip(*adjust.each(call, meant, self._exact), strict=True)
        effects = tuple(e for c, target in zip(calls, targets, strict=True) for e in effects_of(c, [target]))
        what = self._directory.describe(targets)
        allowed_by = self._allowed(effects, what, call.confirmed_by)
        taken_back_by = self._remember(effects, what)
        for effect in effects:
            _apply(self._things[str(effect.entity_id)], effect)
        result: dict[str, Value] = {"name": what, "state": self._things[targets[0].id].state}
        result |= shared_values(calls)
        return Outcome(
            call, ok=True, sentence=None, effects=effects, result=result, allowed_by=allowed_by, undo=taken_back_by
        )

    def _exact(self, call: Call, target: Entity) -> Call:
        """The call with a figure, where it only says more or less."""
        if call.name != adjust.TOOL:
            return call
        exact = adjust.absolute(call, target, _seen(self._things[target.id]))
        self._policy.check_values(exact.arguments)
        return exact

    def _remember(self, effects: Sequence[Effect], what: str) -> Call:
        """Keep what is about to change; the call that brings it back."""
        self._deeds += 1
        before = {str(e.entity_id): self._things[str(e.entity_id)] for e in effects}
        back = tuple(b for e in effects for b in _back(e, before[str(e.entity_id)]))
        self._before[self._deeds] = _Before(what, back, {i: (t.state, dict(t.attributes)) for i, t in before.items()})
        self._before.pop(self._deeds - UNDOABLE, None)
        return Call("HassUndo", {"deed": self._deeds})

    def _undo(self, call: Call) -> Outcome:
        """Bring back what was before a deed. It can't be asked for by a model: no tool of this home says so."""
        number = call.arguments.get("deed")
        before = self._before.get(number) if isinstance(number, int) else None
        if before is None:
            raise CallFailed("I can't undo that.", code="cannot_undo")
        allowed_by = self._allowed(before.back, before.what, call.confirmed_by)
        del self._before[int(call.arguments["deed"])]
        for entity_id, (state, attributes) in before.things.items():
            self._things[entity_id].state, self._things[entity_id].attributes = state, attributes
        result: dict[str, Value] = {"name": before.what}
        return Outcome(call, ok=True, sentence=None, effects=before.back, result=result, allowed_by=allowed_by)

    def _allowed(self, effects: Sequence[Effect], what: str, confirmed_by: str | None) -> str:
        return self._policy.allow(
            effects,
            what if what.startswith("all ") else f"the {what}",
            exposed={e.id: " ".join(e.names) for e in self._directory.entities},
            at=None if self._now is None else self._now().time(),
            confirmed_by=confirmed_by,
        )

    def _state(self, call: Call) -> Outcome:
        everything = frozenset(e.domain for e in self._directory.entities)
        targets = self._directory.resolve(call.arguments, everything)
        things = [self._things[e.id] for e in targets]
        result = _seen(things[0]) if len(things) == 1 else self._group(things)
        return Outcome(call, ok=True, sentence=None, result=result, allowed_by="changes nothing")

    def _group(self, things: Sequence[Thing]) -> dict[str, Value]:
        names: dict[str, list[str]] = {}
        for thing in things:
            unit = thing.attributes.get("unit")
            state = f"{thing.state} {unit}" if unit else thing.state
            names.setdefault(state, []).append(thing.entity.name)
        result: dict[str, Value] = {state: ", ".join(alike) for state, alike in names.items()}
        return result | {"name": self._directory.describe([t.entity for t in things])}

    def _weather(self, call: Call) -> Outcome:
        entity = self._directory.weather()
        day = str(call.arguments.get("day", "today"))
        thing = self._things[entity.id]
        if (forecast := thing.forecast.get(day)) is None:
            raise CallFailed("I don't have a forecast for that day.", code="no_forecast")
        result = dict(forecast)
        if day == "today":
            result |= {"condition": thing.state, "temperature": thing.attributes["temperature"]}
        return Outcome(call, ok=True, sentence=None, result=result, allowed_by="changes nothing")


def _seen(thing: Thing) -> dict[str, Value]:
    """One thing as a flat result; a row becomes "a, b"."""
    result: dict[str, Value] = {
        k: ", ".join(map(str, v)) if isinstance(v, list) else v for k, v in thing.attributes.items()
    }
    result |= {"name": thing.entity.name, "domain": thing.entity.domain, "state": thing.state}
    if thing.entity.area is not None:
        result["area"] = thing.entity.area
    if "unit" in thing.attributes:
        result["value"] = float(thing.state)
    return result


_AFTER = {
    "turn_on": "on",
    "turn_off": "off",
    "climate.turn_on": "heat",
    "open_cover": "open",
    "close_cover": "closed",
    "lock": "locked",
    "unlock": "unlocked",
    "vacuum.start": "cleaning",
    "return_to_base": "returning",
    "media_pause": "paused",
    "media_play": "playing",
    "media_next_track": "playing",
    "media_previous_track": "playing",
}


def _apply(thing: Thing, effect: Effect) -> None:
    """Change state and attributes to what a real home would report."""
    data = dict(effect.data)
    thing.state = _AFTER.get(effect.service) or _AFTER.get(effect.service.partition(".")[2]) or thing.state
    match effect.service:
        case "light.turn_on" if data.get("brightness_pct") == 0:
            thing.state = "off"
        case "light.turn_on":
            thing.attributes = {"brightness_pct": 100} | thing.attributes | data
        case "cover.open_cover" | "cover.close_cover":
            thing.attributes["position"] = 100 if thing.state == "open" else 0
        case "cover.set_cover_position":
            thing.attributes |= data
            thing.state = "open" if data["position"] else "closed"
        case "media_player.media_next_track" | "media_player.media_previous_track" if "media_track" in thing.attributes:
            thing.attributes["media_track"] += 1 if effect.service.endswith("next_track") else -1
        case "todo.add_item":
            thing.attributes["items"] = [*thing.attributes.get("items", []), data["item"]]
            thing.state = str(len(thing.attributes["items"]))
        case _:
            thing.attributes |= data


def _back(effect: Effect, thing: Thing) -> tuple[Effect, ...]:
    return undo.inverse(effect, thing.state, thing.attributes)
