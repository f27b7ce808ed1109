"""What a call lacks, the question that asks for it, and the answer put into the call. Pure.

Knows the slots that people leave out, no home. The answer is the same call again with the slot, or words: a figure, or
which of several things is meant. What the model only says is never taken for something to write down. 10 µs an answer.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence

from assistant.stages import UNKNOWN, Call, Tool, Value

NEEDS_SLOT = "needs_slot"
NOT_GOT = "I didn't get that, so I won't."
QUESTIONS: Mapping[str, str] = {
    "temperature": "To how many degrees?",
    "position": "To how many percent?",
    "volume_level": "To how many percent?",
    "brightness": "How bright, or which color?",
    "minutes": "For how long?",
    "item": "What shall I add?",
}
_EITHER: Mapping[str, tuple[str, ...]] = {
    "HassLightSet": ("brightness", "color"),
    "HassStartTimer": ("minutes", "hours", "seconds"),
}
_UNITS: Mapping[str, tuple[str, ...]] = {  # by how their names begin, in every language that we speak
    "hours": ("hour", "stunde", "heure", "hora"),
    "minutes": ("minut",),
    "seconds": ("second", "sekunde", "segundo"),
}
_LENGTHS: Mapping[str, str] = {
    "three quarters of an hour": "45 minutes", "a quarter of an hour": "15 minutes", "half an hour": "30 minutes",
    "half a minute": "30 seconds", "an hour": "1 hour", "a minute": "1 minute", "a second": "1 second",
}  # fmt: skip
_LENGTH = re.compile(rf"\b(?:{'|'.join(_LENGTHS)})\b")
_PARTS: Mapping[str, float] = {"half": 0.5, "quarter": 0.25}
_SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS: Mapping[str, float] = {word: n for n, word in enumerate(_SMALL.split())} | {
    word: 10 * n for n, word in enumerate(_TENS.split(), 2)
}


def missing(call: Call, tool: Tool) -> str | None:
    """The slot that the call must have and hasn't, or that nobody could hear; None: nothing that can be asked for."""
    given = {name for name, value in call.arguments.items() if str(value).casefold() != UNKNOWN}
    if either := _EITHER.get(tool.name):
        return None if given & set(either) else either[0]
    return next((p.name for p in tool.parameters if p.asked and p.name not in given), None)


def completed(asked: Call, slot: str, said: str, calls: Sequence[Call]) -> Call | None:
    """The call that was asked about, with what the answer adds; None: the answer adds nothing."""
    given = {name: value for name, value in asked.arguments.items() if str(value).casefold() != UNKNOWN}
    if calls:
        added = {k: v for k, v in calls[0].arguments.items() if str(v).casefold() != UNKNOWN}
        wanted = {slot, *_EITHER.get(asked.name, ())}
        return dataclasses.replace(asked, arguments={**given, **added}) if wanted & added.keys() else None
    added = _read(asked, slot, said)
    return dataclasses.replace(asked, arguments={**given, **added}) if added else None


def number(said: str) -> float | None:
    """The one number in a few words: "twenty one and a half", "21.5 degrees". None: none, or more than one."""
    total: float | None = None
    for word in re.findall(r"\d+(?:[.,]\d+)?|[^\W\d_]+", said.casefold()):
        value = float(word.replace(",", ".")) if word[0].isdigit() else _WORDS.get(word)
        if word == "hundred":
            total = 100.0 * (1 if total is None else total)
        elif word in _PARTS and total is not None:
            total += _PARTS[word]
        elif value is not None:
            if total is not None and (word[0].isdigit() or not _joins(total, value)):
                return None
            total = (total or 0.0) + value
    return total


def _joins(total: float, value: float) -> bool:
    """Whether "twenty" and "one", or "hundred" and "five", are one number."""
    return (total in range(20, 100, 10) and 0 < value < 10) or (total >= 100 and 0 < value < 100)


def _read(asked: Call, slot: str, said: str) -> dict[str, Value]:
    """What the words of an answer say about the slot."""
    words = said.casefold()
    match slot:
        case "name":
            return {"name": _which(str(asked.arguments.get("name", "")), said)} if 0 < len(said) <= 60 else {}
        case "item":
            return {}
        case "minutes":
            words = _LENGTH.sub(lambda m: _LENGTHS[m[0]], words)
            unit = next((unit for unit, names in _UNITS.items() if any(name in words for name in names)), None)
            value = number(words)
            return {} if unit is None or value is None else {unit: value}
    value = number(said)
    return {} if value is None else {slot: int(value) if value.is_integer() else value}


def _which(before: str, said: str) -> str:
    """Of "the fan" the answer "the bedroom one", or only "bedroom", is the bedroom fan."""
    words = [word for word in re.findall(r"[\w']+", said) if word.casefold() not in ("one", "the")]
    kind = before.split()[-1:]
    return " ".join(words if not kind or kind[0].casefold() in map(str.casefold, words) else [*words, *kind])
