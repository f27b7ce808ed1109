"""What was done and said last: "undo that", "repeat that", "why did you do that?", and what "it" is.

Handler of three tools without parameters, for any home: each outcome brings the call that takes it back, if there is
one. Knows no home; remembers for a minute, but for the reasons. Forgets everything at the end. Costs 20 µs a call.
"""

import dataclasses
from collections import deque
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from assistant.errors import CallFailed
from assistant.intents import replies
from assistant.intents.amend import SLOTS, things
from assistant.intents.names import key
from assistant.stages import Call, Effect, Handler, Outcome, Tool, Value

REMEMBERED_S = 60.0
MOST = 8
PRONOUNS = frozenset({"it", "them", "that", "this", "those", "these", "that one", "this one"})
_TOOLS = (
    Tool("HassUndo", "Undo last"),
    Tool("HassRepeat", "Say again"),
    Tool("HassGetReason", "Why it was done", told=False),
)
_SAME_THING = frozenset({"HassAdjust", "HassLightSet", "HassSetPosition", "HassTurnOn", "HassTurnOff"})
OWN = frozenset(tool.name for tool in _TOOLS)
UNDO = Call("HassUndo")
CANNOT_UNDO = "I can't undo that."
_REASONS = {
    "exposed": "I may control it",
    "spoken yes": "you said yes",
    "PIN": "you said the PIN",
    "timer": "timers are always allowed",
    "own": "it's mine to change",
}


Deed = tuple[Handler, Outcome]  # a call that was carried out, and who can take it back


@dataclass(slots=True)
class _Deed:
    """The calls of one reply that were carried out, with the handlers that can take them back."""

    at_s: float
    done: list[Deed]


class Deeds:
    """Handler of undo, repeat and why. `now_s` is the assistant's clock."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._deeds: deque[_Deed] = deque(maxlen=MOST)
        self._latest: tuple[Outcome, ...] = ()
        self._meant: tuple[float, list[dict[str, Value]]] = (0.0, [])
        self._said: tuple[float, str] = (0.0, "")
        self._kind: tuple[float, str, str] = (0.0, "", "")  # the latest tool, and the one kind of thing it was used on

    def tools(self) -> Sequence[Tool]:
        """What it can do now."""
        return _TOOLS

    def context(self) -> str:
        """Nothing: deeds come and go."""
        return ""

    async def handle(self, call: Call) -> Outcome:
        """Carry out one call. Raises CallFailed (nothing_to_undo, nothing_said, or what the home raises)."""
        match call.name:
            case "HassUndo":
                return await self._undo(call)
            case "HassRepeat":
                return self._repeat(call)
            case "HassGetReason":
                sentence = " ".join(_because(o) for o in self._latest) or "I haven't done anything yet."
                return Outcome(call, ok=True, sentence=sentence, allowed_by="changes nothing")
            case _:
                raise CallFailed("I can't do that.", code="unknown_tool")

    def note(self, done: Sequence[tuple[Handler | None, Outcome]], before: Sequence[Deed] = ()) -> None:
        """Remember what became of the calls of one reply. `before` was done for the beginning of the same sentence."""
        acted = [*before, *((handler, o) for handler, o in done if handler is not None and o.ok and o.effects)]
        if acted := [(handler, o) for handler, o in acted if o.call.name not in OWN]:
            self.begin(*acted)
        outcomes = tuple(outcome for _, outcome in done if outcome.call.name not in OWN)
        if not outcomes:
            return
        self._latest = outcomes
        if found := [slots for outcome in outcomes if outcome.ok and (slots := _meant(outcome))]:
            self._meant = (self._now_s(), [s for i, s in enumerate(found) if s not in found[:i]])
        kinds = {str(effect.entity_id).partition(".")[0] for o in outcomes for effect in o.effects}
        tools = {o.call.name for o in outcomes}
        if len(kinds) == len(tools) == 1 and all(o.ok for o in outcomes):
            self._kind = (self._now_s(), tools.pop(), kinds.pop())

    def reopen(self, sentence: Sequence[Outcome]) -> list[Deed]:
        """Forget what was done last, as far as it was for this sentence: there is more to it. Give it."""
        found: list[Deed] = []
        while self._deeds and any(done is outcome for _, done in self._deeds[-1].done for outcome in sentence):
            found = self._deeds.pop().done + found
        return found

    def begin(self, *deeds: Deed) -> None:
        """Let these be what was done last."""
        self._deeds.append(_Deed(self._now_s(), list(deeds)))

    def follows(self, calls: Sequence[Call]) -> bool:
        """Whether calls only go on with what was done last: take it back, say it again, or change the same thing."""
        (at_s, meant), (said_at_s, said), now_s = self._meant, self._said, self._now_s()
        answered = bool(said) and now_s - said_at_s <= REMEMBERED_S
        done = bool(meant) and now_s - at_s <= REMEMBERED_S
        names = {key(str(slots["name"])) for slots in meant if "name" in slots} | PRONOUNS
        return bool(calls) and all(
            answered if call.name in OWN else done and call.name in _SAME_THING and _goes_on(call, names)
            for call in calls
        )

    def said(self, text: str) -> None:
        """Remember what was said last."""
        self._said = (self._now_s(), text)

    def pointed(self, call: Call) -> Call:
        """The call with what "it" means, or "brighter" alone: what was meant last.

        Raises CallFailed (no_target, which_one).
        """
        if "area" in call.arguments and (there := self.elsewhere(call)) is not None:
            return there
        nothing_said = call.name in _SAME_THING and not call.arguments.keys() & set(SLOTS)
        if not nothing_said and key(str(call.arguments.get("name", ""))) not in PRONOUNS:
            return call
        at_s, meant = self._meant
        if not meant or self._now_s() - at_s > REMEMBERED_S:
            raise CallFailed("You didn't say what.", code="no_target", remedy="name a thing or a room")
        if len(meant) > 1:
            raise CallFailed("Which one do you mean?", code="which_one", remedy="say its name")
        arguments = {name: value for name, value in call.arguments.items() if name != "name"}
        return dataclasses.replace(call, arguments={**meant[0], **arguments})

    def elsewhere(self, call: Call) -> Call | None:
        """The same with that kind of thing in the room that is named ("and the bedroom too"); None: another deed."""
        at_s, tool, domain = self._kind
        given = [slot for slot in SLOTS if slot in call.arguments]
        if call.name != tool or self._now_s() - at_s > REMEMBERED_S or given not in (["name"], ["area"]):
            return None
        others = {name: value for name, value in call.arguments.items() if name not in SLOTS}
        return dataclasses.replace(call, arguments={**others, "area": call.arguments[given[0]], "domain": domain})

    def stepped(self, call: Call) -> Call:
        """The call without a step that is the figure of the turn before: a small model reads it off there again."""
        figures = {value for outcome in self._latest for value in outcome.call.arguments.values()}
        if call.name != "HassAdjust" or call.arguments.get("by") not in figures:
            return call
        return dataclasses.replace(call, arguments={k: v for k, v in call.arguments.items() if k != "by"})

    async def _undo(self, call: Call) -> Outcome:
        """Take back the calls of the latest deed, the last one first. What needs a yes is asked about, and stays."""
        if not self._deeds or self._now_s() - self._deeds[-1].at_s > REMEMBERED_S:
            raise CallFailed("There's nothing to undo.", code="nothing_to_undo")
        deed = self._deeds[-1]
        effects: list[Effect] = []
        names: list[str] = []
        reasons: list[str] = []
        while deed.done:
            handler, outcome = deed.done[-1]
            if outcome.undo is None:
                self._deeds.pop()
                raise CallFailed(CANNOT_UNDO, code="cannot_undo", remedy="say what shall be done instead")
            try:
                undone = await handler.handle(dataclasses.replace(outcome.undo, confirmed_by=call.confirmed_by))
            except CallFailed as e:
                allowed = ", ".join(reasons) or None
                return Outcome(
                    call, ok=False, sentence=e.message, effects=tuple(effects), error=e.reason, allowed_by=allowed
                )
            deed.done.pop()
            effects += undone.effects
            if not undone.ok:  # asked for, and not seen: what is known is said, and nothing is asked for twice
                if not deed.done:
                    self._deeds.pop()
                return dataclasses.replace(undone, call=call, effects=tuple(effects))
            names += [str(undone.result["name"])] if "canceled" not in undone.result else []
            reasons += [undone.allowed_by] if undone.allowed_by and undone.allowed_by not in reasons else []
        self._deeds.pop()
        if not names:
            return replies.worded(dataclasses.replace(undone, call=call, effects=tuple(effects)))
        result: dict[str, Value] = {"name": ", ".join(reversed(names))}
        allowed = ", ".join(reasons)
        done = Outcome(call, ok=True, sentence=None, effects=tuple(effects), result=result, allowed_by=allowed)
        return replies.worded(done)

    def _repeat(self, call: Call) -> Outcome:
        at_s, text = self._said
        if not text or self._now_s() - at_s > REMEMBERED_S:
            raise CallFailed("I haven't said anything.", code="nothing_said")
        return Outcome(call, ok=True, sentence=text, allowed_by="changes nothing")


def _goes_on(call: Call, names: AbstractSet[str]) -> bool:
    """Whether it is about what was meant last; more or less of something always is."""
    said = [slot for slot in SLOTS if slot in call.arguments]
    return not said or call.name == "HassAdjust" or (said == ["name"] and key(str(call.arguments["name"])) in names)


def _meant(outcome: Outcome) -> dict[str, Value]:
    """The slots that mean the same things again; of a call without any, the one thing that it was about."""
    result = outcome.result
    slots = things(outcome.call)
    if not slots and len(outcome.effects) == 1 and outcome.effects[0].entity_id and "name" in result:
        return {"name": result["name"]}
    return slots


def _because(outcome: Outcome) -> str:
    """Say why a call was carried out, or wasn't."""
    said = (outcome.sentence or outcome.call.name).rstrip(".?!")
    if not outcome.ok:
        return f"I did nothing: {said}."
    if not outcome.effects:
        return f"I only looked: {said}."
    allowed_by = outcome.allowed_by or ""
    safer = "it makes the home safer"
    reason = " and ".join(_REASONS.get(part, safer) for part in allowed_by.split(", "))
    return f"{said}: I heard you ask for it, and {reason}."
