"""A real home behind a wire: calls become services, and done is said when the new state has been seen.

Knows neither Home Assistant nor MQTT, nor how a service is asked for and watched (home_asking). Only what the wire
shows can be named. No service is ever called twice for one call. From call to seen state: 2 ms.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Generic, NoReturn, TypeVar

from assistant.errors import CallFailed, HomeAway
from assistant.intents import adjust, replies
from assistant.intents.alike import be
from assistant.intents.home_answers import facts, spoken_state, state_after
from assistant.intents.home_asking import ask, unseen
from assistant.intents.home_change import MOVING, on_its_way
from assistant.intents.home_facts import SHOWN, overview, static_facts
from assistant.intents.home_players import HomePlayers
from assistant.intents.home_states import State
from assistant.intents.home_undo import Past
from assistant.intents.home_wire import Declined, Unreachable, Wire
from assistant.intents.names import Directory, Entity
from assistant.intents.policy import Policy
from assistant.intents.services import IMPLIED, SERVICES, TOOLS, domains_of, effects_of, shared_values, tools_for
from assistant.intents.units import Scale, in_celsius
from assistant.stages import Call, Effect, Outcome, Seen, Tool, Value

READING = "changes nothing"
W_co = TypeVar("W_co", bound=Wire, covariant=True)


class RealHome(Generic[W_co]):
    """Handler of a real home. `here`: the area that the assistant stands in. `now` gives local time, aware of its zone.

    `shown`: how many names the prompt tells. `on_change` is called on the loop when `tools` or `context` say something
    else than before.
    """

    def __init__(
        self,
        wire: W_co,
        *,
        here: str = "",
        policy: Policy | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        on_change: Callable[[], None] = lambda: None,
        shown: int = SHOWN,
    ) -> None:
        self._wire = wire
        self._here = here
        self._policy = Policy() if policy is None else policy
        self._now = now
        self._shown = shown
        self.on_change = on_change
        wire.on_change = self._look_again
        self._directory = Directory(())
        self._tools: tuple[Tool, ...] = TOOLS
        self._past = Past()

    def tools(self) -> Sequence[Tool]:
        """What it can do now; before the home was ever reached, what homes can do."""
        return self._tools

    def players(self) -> HomePlayers:
        """What plays in the assistant's room."""

        def may(effect: Effect) -> bool:
            try:
                self._allowed([effect], "player", None)
            except CallFailed:
                return False
            return True

        return HomePlayers(self._wire, lambda: self._directory, may)

    def scale(self) -> Scale:
        """The degrees that the home counts in."""
        return "C"

    def context(self) -> str:
        """Static facts for the prompt: names by room, as many as are shown, no states."""
        return static_facts(self._directory, self._shown)

    def seen(self) -> Sequence[Seen]:
        """Everything that the wire shows."""

        def spoken(entity: Entity) -> str:
            state = self._wire.states.of(entity.id)
            return "unknown" if state is None else spoken_state(entity, state)

        return overview(self._directory, self._shown, spoken)

    async def unexposed(self) -> int:
        """How many other things it has: none that is known of. Raises HomeAway."""
        if not self._wire.ready:
            raise HomeAway("the home can't be reached", remedy="see if it runs, and what the section home says of it")
        return 0

    def states(self) -> dict[str, str]:
        """The state of every entity that may be named, by id."""
        return {e.id: state.state for e in self._directory.entities if (state := self._wire.states.of(e.id))}

    def facts(self, entity_id: str) -> list[str]:
        """The words for what is known of one entity now."""
        entity = next(e for e in self._directory.entities if e.id == entity_id)
        state = self._wire.states.of(entity_id)
        return [] if state is None else [state.state, *map(str, facts(entity, state).values())]

    async def handle(self, call: Call) -> Outcome:
        """Carry out one call. Raises CallFailed with a spoken sentence; then nothing was asked of the home."""
        if not self._wire.ready:
            self._not_there()
        try:
            if call.name == "HassUndo":
                return await self._undo(call)
            if call.name in SERVICES:
                return await self._act(call)
            return replies.worded(await self._read(call))
        except Unreachable:
            self._not_there()
        except TimeoutError as e:
            raise CallFailed("The home didn't answer in time.", code="no_answer") from e
        except Declined as e:
            raise CallFailed("The home can't tell me that.", code="declined") from e

    async def _read(self, call: Call) -> Outcome:
        """Answer a question, from what is known or from the home. Raises CallFailed and what the wire raises."""
        if call.name != "HassGetState":
            raise CallFailed("I can't do that.", code="unknown_tool")
        return await self._state(call)

    async def _more(self, entity: Entity) -> Mapping[str, Value]:
        """What has to be asked for to answer about one entity."""
        del entity
        return {}

    def _not_there(self) -> NoReturn:
        if (refusal := self._wire.refusal) is not None:
            raise CallFailed("The home doesn't let me in.", code="home_refused", remedy=refusal.remedy)
        raise CallFailed("I can't reach the home.", code="unreachable", remedy="it is tried again and again")

    def _look_again(self) -> None:
        """See what may be named now, and tell when that is something else."""
        shown = self._wire.directory(self._here)
        if shown is None:
            return
        tools = tools_for(shown)
        changed = (tools, shown) != (self._tools, self._directory)
        self._tools, self._directory = tools, shown
        if changed:
            self.on_change()

    def _resolve(self, call: Call, domains: frozenset[str], *, implied: bool = False) -> tuple[Entity, ...]:
        """The targets; an area may be called by its alias, and a floor means all its areas."""
        arguments = call.arguments
        rooms = self._wire.rooms(str(arguments["area"])) if "area" in arguments else ()
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
        found = self._resolve(call, domains_of(call), implied=call.name in IMPLIED)
        calls, targets, effects = self._able(adjust.each(call, found, self._exact))
        what = self._directory.describe(targets)
        allowed_by = self._allowed(effects, what, call.confirmed_by)
        before = {e.id: self._wire.states.of(e.id) for e in targets}
        if all((state := before[e.id]) is None or state.state == "unavailable" for e in targets):
            said = f"The {what} {be(what)}n't available now." if len(targets) == 1 else "They aren't available now."
            raise CallFailed(said, code="unavailable")
        missing, error = await ask(self._wire, effects, before)
        if error is not None:
            said = unseen(missing, targets, error)
            return Outcome(call, ok=False, sentence=said, effects=effects, error=error, allowed_by=allowed_by)
        now = self._wire.states.of(targets[0].id) or State("unknown")
        way = on_its_way(effects[0], before[targets[0].id], now)
        result: dict[str, Value] = {"name": what, "state": way or state_after(effects[0], targets[0], now)}
        result |= shared_values(calls)
        if "position" in result and (way or now.state in MOVING):
            result["moving"] = True
        undo = self._past.remember(effects, targets, before, what)
        done = Outcome(call, ok=True, sentence=None, effects=effects, result=result, allowed_by=allowed_by, undo=undo)
        return replies.worded(done)

    def _exact(self, call: Call, target: Entity) -> Call:
        """The call with a figure, where it only says more or less."""
        if call.name != adjust.TOOL:
            return call
        state = self._wire.states.of(target.id)
        exact = adjust.absolute(call, target, {} if state is None else facts(target, state))
        self._policy.check_values(in_celsius(exact.arguments, self.scale()))
        return exact

    def _able(
        self, wanted: Sequence[tuple[Call, Entity]]
    ) -> tuple[tuple[Call, ...], tuple[Entity, ...], tuple[Effect, ...]]:
        """Those of the targets that have what their call takes. Raises CallFailed (not_supported): none has."""
        asked = [(call, target, effects_of(call, [target])) for call, target in wanted]
        able = [(call, target, effects) for call, target, effects in asked if all(map(self._wire.able, effects))]
        if not able:
            what = self._directory.describe([target for _, target in wanted])
            raise CallFailed(f"I can't do that with {_the(what)}.", code="not_supported")
        calls, targets, effects = zip(*able, strict=True)
        return calls, targets, tuple(effect for some in effects for effect in some)

    async def _undo(self, call: Call) -> Outcome:
        """Bring back what was before a deed. It can't be asked for by a model: no tool of this home says so."""
        past = self._past.before(call)
        allowed_by = self._allowed(past.back, past.what, call.confirmed_by)
        self._past.forget(call)  # once asked for, it isn't asked for again, seen or not
        before = {e.id: self._wire.states.of(e.id) for e in past.targets}
        missing, error = await ask(self._wire, past.back, before)
        if error is not None:
            said = unseen(missing, past.targets, error)
            return Outcome(call, ok=False, sentence=said, effects=past.back, error=error, allowed_by=allowed_by)
        result: dict[str, Value] = {"name": past.what}
        done = Outcome(call, ok=True, sentence=None, effects=past.back, result=result, allowed_by=allowed_by)
        return replies.worded(done)

    def _allowed(self, effects: Sequence[Effect], what: str, confirmed_by: str | None) -> str:
        return self._policy.allow(
            effects,
            _the(what),
            exposed={e.id: self._called(e) for e in self._directory.entities},
            at=self._now().time(),
            confirmed_by=confirmed_by,
        )

    def _called(self, entity: Entity) -> str:
        """All that tells what a thing is: its names, and the kind of device that it says it is."""
        state = self._wire.states.of(entity.id)
        kinds = () if state is None else (state.attributes.get("device_class"), state.attributes.get("about"))
        return " ".join([*entity.names, *(str(kind) for kind in kinds if kind)])

    async def _state(self, call: Call) -> Outcome:
        everything = frozenset(e.domain for e in self._directory.entities)
        found = [(e, self._wire.states.of(e.id)) for e in self._resolve(call, everything)]
        told = [facts(e, s) for e, s in found if s is not None]
        if not told:
            raise CallFailed("I don't know that any more.", code="not_found")
        result = told[0]
        if len(told) > 1:
            result = {"name": self._directory.describe([e for e, _ in found])}
            for one in told:
                state = str(one["state"])
                result[state] = f"{result[state]}, {one['name']}" if state in result else one["name"]
        else:
            result |= await self._more(found[0][0])
        return Outcome(call, ok=True, sentence=None, result=result, allowed_by=READING)


def _the(what: str) -> str:
    return what if what.startswith("all ") else f"the {what}"
