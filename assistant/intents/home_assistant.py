"""A real home behind Home Assistant: calls become services, and done is said when the new state has been seen.

Knows nothing of the wire (home_link), nor of how a service is asked for and watched (home_asking). Only what is exposed
can be named. No service is ever called twice for one call. From call to seen state: 2 ms on a real server.
"""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from assistant.config import HomeConfig
from assistant.errors import CallFailed, ConfigError, HomeAway
from assistant.intents import adjust, replies
from assistant.intents.home_answers import facts, forecast_of, spoken_state, state_after
from assistant.intents.home_asking import ANSWER_WITHIN_S, ask, unseen
from assistant.intents.home_change import MOVING
from assistant.intents.home_facts import SHOWN, overview, static_facts
from assistant.intents.home_link import Declined, HomeLink, Unreachable
from assistant.intents.home_registry import clean
from assistant.intents.home_states import AWAY, State
from assistant.intents.home_token import read_token
from assistant.intents.home_undo import Past
from assistant.intents.names import Directory, Entity, key
from assistant.intents.policy import Policy, from_config
from assistant.intents.services import IMPLIED, SERVICES, TOOLS, domains_of, effects_of, shared_values, tools_for
from assistant.intents.units import Scale, in_celsius
from assistant.stages import Call, Effect, Outcome, Seen, Tool, Value

WAIT_S = 5.0  # for the home at the start; one that comes later is taken in when it comes
_READING = "changes nothing"
_log = logging.getLogger(__name__)
_KINDS_OF_FORECAST = ((1, "daily"), (4, "twice_daily"), (2, "hourly"))  # Home Assistant's feature bits


class HomeAssistant:
    """Handler of a real home. `here`: the area that the assistant stands in. `now` gives local time, aware of its zone.

    `shown`: how many names the prompt tells. `on_change` is called on the loop when `tools` or
    `context` say something else than before.
    """

    def __init__(
        self,
        link: HomeLink,
        *,
        here: str = "",
        policy: Policy | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        on_change: Callable[[], None] = lambda: None,
        shown: int = SHOWN,
    ) -> None:
        self._link = link
        self._here = here
        self._policy = Policy() if policy is None else policy
        self._now = now
        self._shown = shown
        self.on_change = on_change
        link.on_change = self._look_again
        self._directory = Directory(())
        self._past = Past()
        self._tools: tuple[Tool, ...] = TOOLS

    def tools(self) -> Sequence[Tool]:
        """What it can do now; before the home was ever reached, what homes can do."""
        return self._tools

    def scale(self) -> Scale:
        """The degrees that the home counts in."""
        return "F" if self._link.fahrenheit else "C"

    def context(self) -> str:
        """Static facts for the prompt: names by room, as many as are shown, no states."""
        return static_facts(self._directory, self._shown)

    def seen(self) -> Sequence[Seen]:
        """Everything that is exposed to the voice assistant of Home Assistant, and so to us."""

        def spoken(entity: Entity) -> str:
            state = self._link.states.of(entity.id)
            return "unknown" if state is None else spoken_state(entity, state)

        return overview(self._directory, self._shown, spoken)

    async def unexposed(self) -> int:
        """How many other things it has. Raises HomeAway."""
        try:
            rows = await self._link.command("get_states")
        except (Unreachable, Declined, TimeoutError) as e:
            raise HomeAway(
                "Home Assistant can't be reached", remedy="see if it runs, and what url says in the section home"
            ) from e
        ids = (
            {str(row.get("entity_id")) for row in rows if isinstance(row, Mapping)} if isinstance(rows, list) else set()
        )
        return len(ids - {entity.id for entity in self._directory.entities})

    def states(self) -> dict[str, str]:
        """The state of every exposed entity, by id."""
        return {e.id: state.state for e in self._directory.entities if (state := self._link.states.of(e.id))}

    def facts(self, entity_id: str) -> list[str]:
        """The words for what is known of one entity now."""
        entity = next(e for e in self._directory.entities if e.id == entity_id)
        state = self._link.states.of(entity_id)
        return [] if state is None else [state.state, *map(str, facts(entity, state).values())]

    async def handle(self, call: Call) -> Outcome:
        """Carry out one call. Raises CallFailed with a spoken sentence; then nothing was asked of the home."""
        if not self._link.ready:
            self._not_there()
        try:
            if call.name == "HassGetState":
                outcome = await self._state(call)
            elif call.name == "HassGetWeather":
                outcome = await self._weather(call)
            elif call.name == "HassUndo":
                return await self._undo(call)
            elif call.name in SERVICES:
                return await self._act(call)
            else:
                raise CallFailed("I can't do that.", code="unknown_tool")
        except Unreachable:
            self._not_there()
        except TimeoutError as e:
            raise CallFailed("The home didn't answer in time.", code="no_answer") from e
        except Declined as e:
            raise CallFailed("The home can't tell me that.", code="declined") from e
        return replies.worded(outcome)

    def _not_there(self) -> Any:
        if self._link.refusal is not None:
            raise CallFailed("The home doesn't let me in.", code="home_refused", remedy=self._link.refusal.remedy)
        raise CallFailed("I can't reach the home.", code="unreachable", remedy="it is tried again and again")

    def _look_again(self) -> None:
        """See what may be named now, and tell when that is something else."""
        registry = self._link.registry
        if registry is None:
            return
        directory = registry.directory(self._link.states, self._here)
        shown = replace(directory, areas=(*directory.areas, *registry.other_places()))
        tools = tools_for(shown)
        changed = (tools, shown) != (self._tools, self._directory)
        self._tools, self._directory = tools, shown
        if changed:
            self.on_change()

    def _resolve(self, call: Call, domains: frozenset[str], *, implied: bool = False) -> tuple[Entity, ...]:
        """The targets; an area may be called by its alias, and a floor means all its areas."""
        arguments = call.arguments
        rooms = self._link.registry.rooms(str(arguments["area"])) if self._link.registry and "area" in arguments else ()
        if len(rooms) <= 1:
            arguments = {**arguments, "area": rooms[0]} if rooms else arguments
            return self._directory.resolve(arguments, domains, implied=implied)
        found: list[Entity] = []
        for room in rooms:
            with suppress(CallFailed):
                found += self._directory.resolve({**arguments, "area": room}, domains)
        if not found:
            raise CallFailed("There's no such thing there.", code="not_found")
        return tuple(dict.fromkeys(found))

    async def _act(self, call: Call) -> Outcome:
        self._policy.check_values(in_celsius(call.arguments, self.scale()))
        targets = self._resolve(call, domains_of(call), implied=call.name in IMPLIED)
        calls = [self._exact(call, target) for target in targets]
        effects = tuple(e for c, target in zip(calls, targets, strict=True) for e in effects_of(c, [target]))
        what = self._directory.describe(targets)
        allowed_by = self._allowed(effects, what, call.confirmed_by)
        before = {e.id: self._link.states.of(e.id) for e in targets}
        if all((state := before[e.id]) is None or state.state == "unavailable" for e in targets):
            raise CallFailed(f"The {what} isn't available now.", code="unavailable")
        missing, error = await ask(self._link, effects, before)
        if error is not None:
            said = unseen(missing, targets, error)
            return Outcome(call, ok=False, sentence=said, effects=effects, error=error, allowed_by=allowed_by)
        now = self._link.states.of(targets[0].id) or State("unknown")
        result: dict[str, Value] = {"name": what, "state": state_after(effects[0], targets[0], now)}
        result |= shared_values(calls)
        if "position" in result and now.state in MOVING:
            result["moving"] = True
        back = self._past.remember(effects, targets, before, what)
        done = Outcome(call, ok=True, sentence=None, effects=effects, result=result, allowed_by=allowed_by, undo=back)
        return replies.worded(done)

    def _exact(self, call: Call, target: Entity) -> Call:
        """The call with a figure, where it only says more or less."""
        if call.name != adjust.TOOL:
            return call
        state = self._link.states.of(target.id)
        exact = adjust.absolute(call, target, {} if state is None else facts(target, state))
        self._policy.check_values(exact.arguments)
        return exact

    async def _undo(self, call: Call) -> Outcome:
        """Bring back what was before a deed, and say so when it was seen."""
        past = self._past.before(call)
        allowed_by = self._allowed(past.back, past.what, call.confirmed_by)
        self._past.forget(call)
        before = {e.id: self._link.states.of(e.id) for e in past.targets}
        missing, error = await ask(self._link, past.back, before)
        result: dict[str, Value] = {"name": past.what}
        if error is not None:
            said = unseen(missing, past.targets, error)
            return Outcome(call, ok=False, sentence=said, effects=past.back, error=error, allowed_by=allowed_by)
        done = Outcome(call, ok=True, sentence=None, effects=past.back, result=result, allowed_by=allowed_by)
        return replies.worded(done)

    def _allowed(self, effects: Sequence[Effect], what: str, confirmed_by: str | None) -> str:
        return self._policy.allow(
            effects,
            what if what.startswith("all ") else f"the {what}",
            exposed={e.id: self._called(e) for e in self._directory.entities},
            at=self._now().time(),
            confirmed_by=confirmed_by,
        )

    def _called(self, entity: Entity) -> str:
        """All that tells what a thing is: its names, and the kind of device that it says it is."""
        state = self._link.states.of(entity.id)
        kind = "" if state is None else str(state.attributes.get("device_class") or "")
        return " ".join([*entity.names, kind])

    async def _state(self, call: Call) -> Outcome:
        everything = frozenset(e.domain for e in self._directory.entities)
        found = [(e, self._link.states.of(e.id)) for e in self._resolve(call, everything)]
        told = [facts(e, s) for e, s in found if s is not None]
        if not told:
            raise CallFailed("I don't know that any more.", code="not_found")
        result = told[0]
        if len(told) > 1:
            result = {"name": self._directory.describe([e for e, _ in found])}
            for one in told:
                state = str(one["state"])
                result[state] = f"{result[state]}, {one['name']}" if state in result else one["name"]
        elif result["domain"] == "todo":
            result["items"] = await self._items(found[0][0].id)
        return Outcome(call, ok=True, sentence=None, result=result, allowed_by=_READING)

    async def _items(self, entity_id: str) -> str:
        answer = await self._link.command("todo/item/list", within_s=ANSWER_WITHIN_S, entity_id=entity_id)
        rows = answer.get("items") if isinstance(answer, Mapping) else None
        open_ones = [row for row in rows if row.get("status") == "needs_action"] if isinstance(rows, list) else []
        return ", ".join(filter(None, (clean(row.get("summary")).replace(",", "") for row in open_ones)))

    async def _weather(self, call: Call) -> Outcome:
        entity = self._outside()
        day = str(call.arguments.get("day", "today"))
        state = self._link.states.of(entity.id) or State("unknown")
        features = state.attributes.get("supported_features", 0)
        kind = next((k for bit, k in _KINDS_OF_FORECAST if isinstance(features, int) and features & bit), "daily")
        answer = await self._link.command(
            "call_service",
            within_s=ANSWER_WITHIN_S,
            domain="weather",
            service="get_forecasts",
            service_data={"type": kind},
            target={"entity_id": entity.id},
            return_response=True,
        )
        on = self._now() + timedelta(days=day == "tomorrow")
        told = answer.get("response", {}).get(entity.id, {}) if isinstance(answer, Mapping) else {}
        if (result := forecast_of(told.get("forecast"), day, on)) is None:
            raise CallFailed("I don't have a forecast for that day.", code="no_forecast")
        temperature = state.attributes.get("temperature")
        if day == "today" and state.state not in AWAY and isinstance(temperature, int | float):
            result |= {"condition": state.state, "temperature": temperature}
        return Outcome(call, ok=True, sentence=None, result=result, allowed_by=_READING)

    def _outside(self) -> Entity:
        """The weather that is meant without a name: of several, the one that is called so, or home, or the first."""
        there = [e for e in self._directory.entities if e.domain == "weather"]
        if not there:
            raise CallFailed("I don't know any weather.", code="not_found")
        return min(there, key=lambda e: (not {"weather", "home"} & set(map(key, e.names)), "home" not in e.id, e.id))


@asynccontextmanager
async def connected(
    config: HomeConfig, now: Callable[[], datetime] = lambda: datetime.now().astimezone()
) -> AsyncIterator[HomeAssistant]:
    """The home that the config names; it needn't be there yet. `now`: local time. Raises ConfigError, HomeRefused."""
    if not config.url:
        raise ConfigError("the section home has no url", remedy="write one, as http://homeassistant.local:8123")
    read_token(config.token_file)  # a missing one ends the start
    link = HomeLink(config.url, lambda: read_token(config.token_file))
    home = HomeAssistant(link, here=config.area, policy=from_config(config.policy), now=now, shown=config.shown)
    try:
        await link.start(WAIT_S)
        if not link.ready:
            _log.warning("Home Assistant at %s can't be reached; it is tried again and again", config.url)
        yield home
    finally:
        await link.aclose()
