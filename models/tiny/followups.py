"""What is said after a command, and only means something there: "brighter", "and the bedroom too", "undo that".

`draw` gives the words; `target` what they mean after an earlier turn. What "it" is, and how bright "brighter" is,
code finds out (assistant/intents), so most targets name no thing. Knows nothing of sound. Training only, and no wording
is held out: the sets that are draw from wordings.py alone, as they did before this file existed.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from models.tiny.slots import BLIND_ROOMS, ROOMS, SLOTS, Random, Value, choose, in_words, weighted
from models.tiny.turns import CALL
from models.tiny.wordings import SORRY, Call, expand

SHARE = 0.07  # of all conversations
LIGHT_TOOLS = frozenset({"HassTurnOn", "HassTurnOff", "HassLightSet", "HassAdjust"})
IT: dict[str, Value] = {"name": "it"}
UP: dict[str, Value] = {"way": "up"}
DOWN: dict[str, Value] = {"way": "down"}

Group = tuple[str, str, dict[str, Value], float, str]  # after what, tool, arguments, weight, templates

# fmt: off
GROUPS: tuple[Group, ...] = (
    ("light", "HassAdjust", UP, 4, """
        (a bit|a little|much||slightly|even) brighter
        (make it|turn it|get it|set it) (a bit|a little||slightly) brighter
        (brighten it|more light|turn it up|turn up the brightness|light it up more|it's too dark|still too dark)
        {step} percent brighter
        (brighter|turn it up) by {step} percent
    """),
    ("light", "HassAdjust", DOWN, 5, """
        (a bit|a little|much||slightly|even) (darker|dimmer|less bright)
        (make it|turn it|get it|set it) (a bit|a little||slightly) (darker|dimmer)
        dim it
        dim it (a bit|a little|some more|down|slightly)
        (less light|not so bright|turn it down|turn down the brightness|it's too bright|still too bright)
        {step} percent (darker|dimmer)
        dim it by {step} percent
    """),
    ("light", "HassLightSet", {}, 4, """
        (set|dim|put|turn|make) it to {pct}
        (make|turn|set) it {color}
        (set|change|turn) it to {color}
        (to|at) {pct}
        in {color}
    """),
    ("blinds", "HassSetPosition", {}, 1.5, """
        (set|put|move|bring) (it|them) to {position}
        (to|at) {position}
    """),
    ("heating", "HassAdjust", {"name": "thermostat", **UP}, 2.5, """
        (a bit|a little||slightly) (warmer|hotter)
        make it (a bit|a little||) (warmer|hotter)
        {count} (degrees|degree) (warmer|more|higher|hotter)
        turn it up (a bit||by {count} degrees)
        it's (still too cold|too cold)
    """),
    ("heating", "HassAdjust", {"name": "thermostat", **DOWN}, 2.5, """
        (a bit|a little||slightly) (colder|cooler)
        make it (a bit|a little||) (colder|cooler)
        {count} (degrees|degree) (colder|cooler|less|lower)
        turn it down (a bit||by {count} degrees)
        it's (still too warm|too warm|too hot)
    """),
    ("music", "HassAdjust", {"name": "music", **UP}, 2, """
        (a bit|a little|much||slightly) louder
        (make it|turn it) (a bit|a little||) louder
        (turn it up|turn it up a bit|more volume|it's too quiet)
        {step} percent louder
    """),
    ("music", "HassAdjust", {"name": "music", **DOWN}, 2, """
        (a bit|a little|much||slightly) (quieter|softer|less loud)
        (make it|turn it) (a bit|a little||) quieter
        (turn it down|turn it down a bit|less volume|it's too loud|not so loud)
        {step} percent quieter
    """),
    ("switched", "HassTurnOff", IT, 3, """
        (turn|switch|shut|put) it off
        (turn|switch) it off again
        (turn|switch) off that (light|thing|one)
        off again
        (turn|switch) that off
    """),
    ("switched", "HassTurnOn", IT, 3, """
        (turn|switch|put) it on
        (turn|switch) it (back on|on again)
        on again
        (turn|switch) that on
        (turn|switch) that back on
    """),
    ("blinds", "HassOpenCover", IT, 1, """
        (open|raise) (it|them) (again||back up)
        (up|open) again
    """),
    ("blinds", "HassCloseCover", IT, 1, """
        (close|lower|shut) (it|them) (again||)
        (down|closed) again
    """),
    ("another light", "", {}, 6, """
        (and|also|now|) the {room} (light|) (too|as well|also)
        (and|and also|also) the {room} (light|)
        (and|also) (the one|the light|that) in the {room} (too|as well|)
        (the same|do the same) (in|for) the {room}
        same (in|for) the {room}
        (what about|how about) the {room} (light|)
    """),
    ("another blind", "", {}, 2, """
        (and|also|now|) the {blindroom} (blinds|) (too|as well|also)
        (and|and also|also) the {blindroom} (blinds|)
        (the same|do the same) (in|for) the {blindroom}
        and (those|the blinds) in the {blindroom} (too|as well|)
    """),
    ("anything", "HassUndo", {}, 5, """
        (undo|undo that|undo it|undo this|please undo|can you undo that|undo the last one|undo my last command)
        take (that|it) back
        put it back (how it was|as it was|the way it was)
        (revert|reverse) (that|it)
        (that was wrong undo it|that's wrong undo that|i didn't want that|that's not what i wanted)
        go back to how it was
    """),
    ("anything", "HassRepeat", {}, 4, """
        (repeat that|repeat|say that again|say it again|can you repeat that|could you say that again)
        (what did you say|what was that|pardon|pardon me|come again|once more please|one more time)
        (i didn't hear you|i didn't catch that|i didn't get that|tell me again|what did you just say)
    """),
    ("anything", "HassGetReason", {}, 3, """
        (why|why did you do that|why did you do it|why that|how come|why is that|why have you done that)
        what (did you do that for|was that for|made you do that)
        (explain that|explain yourself|what's the reason)
    """),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Follow:
    """Words, what they must come after, and the call that they are then ("" as tool: the earlier one's)."""

    text: str
    after: str
    call: Call
    wording: str

    @staticmethod
    def of(row: dict[str, Any]) -> Follow:
        """Read what `row` wrote."""
        return Follow(row["text"], row["after"], Call(row["tool"], row["arguments"]), row["wording"])

    def row(self) -> dict[str, Any]:
        """Give the fields of a manifest line."""
        return {
            "text": self.text,
            "after": self.after,
            "tool": self.call.name,
            "arguments": self.call.arguments,
            "wording": self.wording,
        }


def draw(rng: Random, *, typed: bool = False) -> Follow:
    """Draw one; `typed`: numbers as digits."""
    group = weighted(rng, [(g[3], g) for g in GROUPS])
    after, tool, fixed, _, grammar = group
    template = choose(rng, weighted(rng, _templates(grammar)))
    text, arguments = template, dict(fixed)
    for slot in re.findall(r"\{(\w+)\}", template):
        said, meant = _filled(rng, slot, typed)
        text = text.replace(f"{{{slot}}}", said)
        arguments |= meant
    text = " ".join(text.replace("one degrees", "one degree").replace("1 degrees", "1 degree").split())
    if rng.random() < 0.12 and "please" not in text:
        text += " please"
    return Follow(text, after, Call(tool, arguments), f"follow {_label(group)}/{template}")


def target(follow: Follow, before: str | None) -> str:
    """What the model must write after the target `before`; None: nothing came before."""
    if follow.after == "anything":
        return f"{follow.call}<|tool_response>"
    if before is None or not fits(follow, before):
        return f"{own}<|tool_response>" if (own := _own_volume(follow)) else f"{SORRY}<turn|>"
    call = follow.call
    if not call.name:
        call = Call(CALL.findall(before)[0][0], call.arguments)
    return f"{call}<|tool_response>"


def _own_volume(follow: Follow) -> Call | None:
    """The assistant's own volume, which "louder" means where no player was spoken of."""
    words = follow.text.removesuffix(" please").split()
    if follow.after != "music" or words[-1] not in {"louder", "quieter"} or {"it", "percent"} & set(words):
        return None
    return Call(follow.call.name, {"name": "your volume", "way": follow.call.arguments["way"]})


def fits(follow: Follow, before: str) -> bool:
    """Tell whether the words mean something after that target."""
    calls = CALL.findall(before)
    if follow.after == "anything":
        return bool(calls)
    if len(calls) != 1:
        return False
    tool, arguments = map(str, calls[0])
    found = re.search(r'name:<\|"\|>(.*?)<\|"\|>', arguments)
    name = found[1] if found else ""
    match follow.after:
        case "light":
            return tool in LIGHT_TOOLS and name.endswith("light")
        case "blinds":
            return tool in {"HassOpenCover", "HassCloseCover", "HassSetPosition"} and bool(name)
        case "heating":
            return tool == "HassClimateSetTemperature" or name == "thermostat"
        case "music":
            return tool.startswith("HassMedia") or tool == "HassSetVolume"
        case "switched":
            return tool in {"HassTurnOn", "HassTurnOff"} and bool(name)
        case "another light":
            return tool in {"HassTurnOn", "HassTurnOff"} and name.removesuffix(" light") in ROOMS
        case "another blind":
            return tool in {"HassOpenCover", "HassCloseCover"} and name.removesuffix(" blinds") in BLIND_ROOMS
    raise ValueError(follow.after)


@functools.cache
def _templates(grammar: str) -> tuple[tuple[float, list[str]], ...]:
    every = [expand(pattern) for pattern in filter(None, map(str.strip, grammar.splitlines()))]
    return tuple((len(found) ** 0.5, found) for found in every)


def _label(group: Group) -> str:
    way = group[2].get("way", "")
    return f"{group[0]} {group[1]} {way}".strip()


def _filled(rng: Random, slot: str, typed: bool) -> tuple[str, dict[str, Value]]:
    match slot:
        case "step":
            number = 5 * (1 + int(rng.random() * 10))
        case "count":
            number = 1 + int(rng.random() * 5)
        case "room":
            room = choose(rng, ROOMS)
            return room, {"name": f"{room} light"}
        case "blindroom":
            room = choose(rng, BLIND_ROOMS)
            return room, {"name": f"{room} blinds"}
        case _:
            filler = SLOTS[slot](rng)
            return (filler.typed if typed else filler.spoken), filler.arguments
    return (str(number) if typed else in_words(number)), {"by": number}
