"""A whole sentence against what was done for its beginning: what stands, what is to be done, what isn't wanted. Pure.

"Turn on the tv" was taken for all of it, and then came "no, the heating". Knows calls, and no home.
"""

from collections.abc import Sequence
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
    """What was done of `calls` already, by their place; and what was done beside them.

    What was doubtful wasn't done, and what another call comes before that changes the same thing is to be done again.
    """
    left = [each for each in before if each.outcome.error != LOW_CONFIDENCE]
    done: dict[int, Done] = {}
    for i, call in enumerate(calls):
        if (same := next((each for each in left if is_same(each.call, call)), None)) is not None:
            left.remove(same)
            done[i] = same
    new = [i for i in range(len(calls)) if i not in done]
    again = [i for i in done if any(j < i and replaces(calls[j], calls[i]) for j in new)]
    left += [done.pop(i) for i in again]
    return {i: each.outcome for i, each in done.items()}, [each.outcome for each in left]


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
