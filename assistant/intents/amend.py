"""A whole sentence against what was done for its beginning: what stands, what is to be done, what isn't wanted. Pure.

"Turn on the tv" was taken for all of it, and then came "no, the heating". Knows calls, and no home.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.stages import Call, Outcome, Value

SLOTS = ("name", "area", "domain")
LOW_CONFIDENCE = "low_confidence"
# After one of these a thing is as it says, whatever it was before.
_SETTERS = frozenset(
    {"HassTurnOn", "HassTurnOff", "HassLightSet", "HassSetPosition", "HassOpenCover", "HassCloseCover",
     "HassClimateSetTemperature", "HassSetVolume"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Done:
    """A call as the model wrote it, and what became of it."""

    call: Call
    outcome: Outcome


def compared(calls: Sequence[Call], before: Sequence[Done]) -> tuple[dict[int, Outcome], list[Outcome]]:
    """What was done of `calls` already, by their place, and what was done beside them. What was doubtful wasn't."""
    left = [each for each in before if each.outcome.error != LOW_CONFIDENCE]
    done: dict[int, Outcome] = {}
    for i, call in enumerate(calls):
        if (same := next((each for each in left if is_same(each.call, call)), None)) is not None:
            left.remove(same)
            done[i] = same.outcome
    return done, [each.outcome for each in left]


def unwanted(deeds: Sequence[Outcome], stale: Sequence[Outcome], wanted: Sequence[Call]) -> list[Outcome]:
    """What of the deeds, in their order, is to be taken back: what is stale, unless a call that is wanted replaces it.

    A thing is as it was before then: what was done to it later is taken back, too.
    """
    found: list[Outcome] = []
    touched: set[str] = set()
    for outcome in deeds:
        is_stale = is_in(outcome, stale) and not any(replaces(call, outcome.call) for call in wanted)
        if is_stale or touched & entities(outcome):
            found.append(outcome)
            touched |= entities(outcome)
    return found


def entities(outcome: Outcome) -> set[str]:
    """The things whose state an outcome changed; lists and timers have none that is the only one."""
    ids = {effect.entity_id for effect in outcome.effects if effect.entity_id is not None}
    return {entity_id for entity_id in ids if not entity_id.startswith("todo.")}


def is_in(outcome: Outcome, outcomes: Iterable[Outcome]) -> bool:
    """Whether it is one of them: the same, not one that is equal."""
    return any(outcome is each for each in outcomes)


def is_same(call: Call, other: Call) -> bool:
    """Whether two calls ask for the same, agreed to or not."""
    return call.name == other.name and call.arguments == other.arguments


def replaces(call: Call, done: Call) -> bool:
    """Whether nothing is left of what was done once the call is: the same things are set to something else."""
    about = things(call)
    both = call.name in _SETTERS and done.name in _SETTERS
    return both and about == things(done) and (bool(about) or call.name == done.name)


def things(call: Call) -> dict[str, Value]:
    """The slots that say what a call is about."""
    return {slot: call.arguments[slot] for slot in SLOTS if slot in call.arguments}
