"""The tiny model's sentences: `sample(rng, split)` draws what is said and what must be answered.

Puts templates (phrases.py, negatives.py) and fillers (slots.py) together: politeness, several things in a sentence,
corrections, typed spelling. Knows nothing of sound. Wordings held out by models/tiny/heldout.toml come out only with
split="heldout"; "known" are the others of phrases.py, "train" adds paraphrases.py, "late" and "own" are parts of that.
`Sample.target` is the exact string that the model learns, in Gemma 4's format.
"""

import functools
import re
import tomllib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from models.tiny import negatives, paraphrases, phrases
from models.tiny.slots import (
    COLORS,
    ITEMS,
    ONES,
    ROOMS,
    SLOTS,
    TENS,
    TIMER_NAMES,
    Filler,
    Random,
    Value,
    choose,
    same,
    weighted,
    words,
)

Split = Literal["train", "known", "heldout", "late", "own"]
SORRY = "Sorry, I didn't understand that."
HELDOUT_FILE = Path(__file__).parent / "heldout.toml"

# The lines of demo_home.toml: a template that can say one of them is never held out.
DEMO_LINES = words(
    "turn on the kitchen light|switch off the light in the bedroom|"
    "dim the living room light to thirty percent|make the office light blue|turn on the bedroom fan|"
    "close the living room blinds|set the office blinds to fifty percent|"
    "set the heating to twenty one degrees|turn on the coffee machine|pause the music|play the music|"
    "next song|set the volume to forty percent|add milk to the shopping list|lock the front door|"
    "set a timer for ten minutes|set a pasta timer for eight minutes|cancel the timer|turn on the fan|"
    "open the blinds|turn off the kitchen light and the hallway light|turn off all the lights|"
    "turn on the kitchen, no, the bedroom light|turn on the garage light|unlock the front door|"
    "my sister turned on the kitchen light yesterday|what's the weather|"
    "what will the weather be like tomorrow|how warm is it in the living room|is the kitchen light on|"
    "how much time is left on the timer|what time is it|what day is it today|what is on the shopping list|"
    "how do you say good morning in japanese|say thank you in japanese|tell me a joke|who are you|"
    "never mind",
    "|",
)

BOTH_LIGHTS = (
    "the {} and {} lights",
    "the lights in the {} and the {}",
    "the {} and the {} light",
    "the {} and {} light",
)
MARKERS = words("no|no wait|sorry|i mean|actually|wait|no sorry|uh no|oh no|make that|or rather|wait no|um no", "|")
TAKEN_BACK = ("never mind", "forget it", "cancel that", "forget that")
LINKS = [(8, " and "), (2, " and then "), (2, ", then "), (1, " and also "), (2, ", and ")]
OPENERS = words(
    "please|could you|can you|would you|could you please|can you please|would you please|will you|i'd like you to|"
    "i want you to|i need you to|go ahead and|just|please can you|please could you|quickly",
    "|",
)
FILLERS = words("um|uh|okay|so|hey|well|alright|now|right|er|oh|and", "|")
TAILS = [
    (40, "please"), (8, "now"), (8, "for me"), (6, "thanks"), (4, "thank you"), (6, "right now"), (3, "would you"),
    (3, "will you"), (2, "if you can"), (3, "for me please"), (3, "again"), (2, "okay"),
]  # fmt: skip
NOT_VERBS = frozenset(
    words(
        "the a an i i'd i'll in no music volume half full temperature thermostat heating timer lights light let all "
        "every both "
        "any another new max maximum one next previous on to my shopping for it's front as not bedroom kitchen "
        "living bathroom office hallway desk tv"
    )
) | {*ONES, *(ten for ten in TENS if ten), *TIMER_NAMES, *COLORS, *(item.split()[0] for item in ITEMS)}
SPLICED = frozenset(words("thing light nearlight fan blinds item tv coffee"))  # "the A and the B" makes two calls
CORRECTED = SPLICED | frozenset(
    words("pct position volume degrees duration color room blindroom fanroom timername someitem timer")
)


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call."""

    name: str
    arguments: dict[str, Value]

    def __str__(self) -> str:
        """Write it in Gemma 4's form: keys sorted, strings in <|"|>, numbers bare."""
        shown = (
            f"{key}:" + (f'<|"|>{value}<|"|>' if isinstance(value, str) else f"{value:g}")
            for key, value in sorted(self.arguments.items())
        )
        return f"<|tool_call>call:{self.name}{{{','.join(shown)}}}<tool_call|>"


@dataclass(frozen=True, slots=True)
class Sample:
    """What is said, what the model must write, and labels. `reply` is the text of an answer, without its end token."""

    text: str
    target: str
    kind: str
    intent: str
    wording: str
    calls: tuple[Call, ...] = ()
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a grammar: its expansions in one split, drawn with `weight`."""

    weight: float
    templates: tuple[str, ...]


def expand(pattern: str) -> list[str]:
    """`(a|b) c` -> ["a c", "b c"]."""
    found = re.search(r"\(([^()]*)\)", pattern)
    if found is None:
        return [" ".join(pattern.split()).replace(" ,", ",")]
    head, tail = pattern[: found.start()], pattern[found.end() :]
    return [text for option in found[1].split("|") for text in expand(head + option + tail)]


@functools.cache
def _rule() -> tuple[str, int]:
    rule = tomllib.loads(HELDOUT_FILE.read_text())["wordings"]
    return rule["salt"], rule["percent"]


@functools.cache
def _says_demo(template: str) -> bool:
    pattern = re.sub(r"\\\{\w+\\\}", ".+", re.escape(template))
    return any(re.fullmatch(pattern, line) for line in DEMO_LINES)


def is_held_out(intent: str, template: str) -> bool:
    """Tell whether this wording stays out of training (the frozen rule in heldout.toml)."""
    salt, percent = _rule()
    return zlib.crc32(f"{salt}:{intent}/{template}".encode()) % 100 < percent and not _says_demo(template)


@functools.cache
def lines(intent: str, text: str, split: Split) -> tuple[Line, ...]:
    """Read the lines of a grammar text that have wordings in `split`."""
    found = []
    for pattern in filter(None, map(str.strip, text.splitlines())):
        kept = tuple(t for t in expand(pattern) if is_held_out(intent, t) == (split == "heldout"))
        if kept:
            found.append(Line(len(kept) ** 0.5, kept))
    return tuple(found)


def _draw(rng: Random, grammar: Iterable[Line]) -> str:
    return choose(rng, weighted(rng, [(line.weight, line.templates) for line in grammar]))


def _groups(
    groups: tuple[phrases.Group, ...], more: tuple[phrases.Group, ...], split: Split
) -> list[tuple[float, phrases.Group]]:
    if split == "train":
        groups += more
    return [(group[2], group) for group in groups if lines(group[0], group[3], split)]


def _commands(split: Split) -> list[tuple[float, phrases.Group]]:
    if split == "late":
        return _groups(paraphrases.LATE, (), split)
    if split == "own":
        return _groups(paraphrases.OWN, (), split)
    return _groups(phrases.COMMANDS, (*paraphrases.COMMANDS, *paraphrases.LATE, *paraphrases.OWN), split)


def _fill(rng: Random, slot: str) -> Filler:
    return SLOTS[slot](rng)


def _other(rng: Random, slot: str, first: Filler) -> Filler:
    """Find another filler of the same slot, that means something else."""
    for _ in range(20):
        second = _fill(rng, slot)
        if second.arguments != first.arguments and second.arguments.keys() == first.arguments.keys():
            return second
    return first


def _plain(text: str) -> str:
    """Put articles and spaces right: "a egg timer" -> "an egg timer"."""
    text = re.sub(r"\ba (?=(?:egg|oven|eight|eleven|orange|11|8)\b|(?:eigh|8)\w*)", "an ", text)
    return " ".join(text.split()).replace(" ,", ",")


def _render(template: str, fillers: dict[str, Filler], typed: bool) -> str:
    for slot, filler in fillers.items():
        template = template.replace(f"{{{slot}}}", filler.typed if typed else filler.spoken)
    return _plain(template)


def _shorten(first: Filler, second: Filler) -> tuple[str, str]:
    """Say and type the wrong value before it is corrected, often not the whole ("five, sorry, six minutes")."""
    spoken, other = first.spoken.split(), second.spoken.split()
    typed = first.typed.split()
    if len(spoken) > 1 and spoken[-1] == other[-1]:
        return " ".join(spoken[:-1]), " ".join(typed[:-1]) if len(typed) > 1 else first.typed
    return first.spoken, first.typed


def _corrected(rng: Random, slot: str, first: Filler) -> Filler:
    right = _other(rng, slot, first)
    if right is first:
        return first
    said, typed = _shorten(first, right) if rng.random() < 0.55 else (first.spoken, first.typed)
    marker = choose(rng, MARKERS)
    glue = choose(rng, [", {m}, ", ", {m} ", ", {m}, "]).format(m=marker)
    return Filler(said + glue + right.spoken, typed + glue + right.typed, right.arguments)


def _joined(rng: Random, slot: str, first: Filler) -> tuple[Filler, list[Filler]]:
    """Put two or three things in one slot: the words for all, and each by itself."""
    every = [first, _other(rng, slot, first)]
    if rng.random() < 0.15:
        third = _other(rng, slot, every[1])
        if third.arguments != first.arguments:
            every.append(third)
    if every[0].arguments == every[1].arguments:
        return first, [first]
    names = [str(filler.arguments.get("name", "")) for filler in every]
    rooms = [name.removesuffix(" light") for name in names]
    if len(every) == 2 and all(room in ROOMS for room in rooms) and rng.random() < 0.35:
        return same(choose(rng, BOTH_LIGHTS).format(*rooms)), every
    glue = weighted(rng, [(8, " and "), (2, " and also "), (1, " as well as "), (1, ", and ")])
    spoken = ", ".join(filler.spoken for filler in every[:-1]) + glue + every[-1].spoken
    return same(spoken), every


def _command(rng: Random, group: phrases.Group, template: str, typed: bool, twist: str = "") -> tuple[str, list[Call]]:
    """Fill one template; `twist` is "", "correct" or "join" and applies to one of its slots if it can."""
    name, fixed, _, _ = group
    slots = re.findall(r"\{(\w+)\}", template)
    fillers = {slot: _fill(rng, slot) for slot in slots}
    parts: list[dict[str, Value]] = [{}]
    allowed = [slot for slot in slots if slot in (CORRECTED if twist == "correct" else SPLICED)]
    twisted = choose(rng, allowed) if twist and allowed else None
    if twisted is not None and twist == "correct":
        fillers[twisted] = _corrected(rng, twisted, fillers[twisted])
    elif twisted is not None:
        fillers[twisted], every = _joined(rng, twisted, fillers[twisted])
        parts = [filler.arguments for filler in every]
    rest = {
        key: value
        for slot in slots
        if slot != twisted or twist == "correct"
        for key, value in fillers[slot].arguments.items()
    }
    if twisted is None or twist == "correct":
        parts = [{}]
    if name == "HassClimateSetTemperature":
        rest.pop("name", None)  # there is one thermostat
    return _render(template, fillers, typed), [Call(name, {**fixed, **rest, **part}) for part in parts]


def _polite(rng: Random, text: str, split: Split) -> str:
    roll = rng.random()
    verb_first = text.split(maxsplit=1)[0].strip(",") not in NOT_VERBS
    if roll < 0.34 and verb_first:
        more = split in {"train", "late", "own"} and rng.random() < 0.5
        text = f"{choose(rng, paraphrases.OPENERS if more else OPENERS)} {text}"
    elif roll < 0.40:
        text = f"please {text}" if verb_first else f"{choose(rng, FILLERS)} {text}"
    if rng.random() < 0.10:
        text = choose(rng, FILLERS) + choose(rng, [" ", ", "]) + text
    if rng.random() < 0.24 and not ("please" in text or text.endswith(("now", "again", "thanks"))):
        more = split in {"train", "late", "own"} and rng.random() < 0.4
        glue = choose(rng, [" ", " ", ", "])
        text += glue + (choose(rng, paraphrases.TAILS) if more else weighted(rng, TAILS))
    return text


def _asking(rng: Random, text: str) -> str:
    if rng.random() < 0.16:
        text = choose(rng, FILLERS) + choose(rng, [" ", ", "]) + text
    if rng.random() < 0.07 and not text.endswith(("please", "now")):
        text += choose(rng, [" please", " right now", ", please", " gemma"])
    return text


def _typed_form(rng: Random, text: str, question: bool) -> str:
    """Spell as people type: mostly careless, sometimes with capitals and a full stop."""
    style = rng.random()
    if style < 0.45:
        return text
    text = re.sub(r"\bi\b", "I", text).replace("japanese", "Japanese")
    if style < 0.60:
        return text + ("?" if question else "")
    if rng.random() < 0.4:
        text = re.sub(r"\btv\b", "TV", text)
    text = text[:1].upper() + text[1:]
    return text + weighted(rng, [(6, "?" if question else "."), (1, "!"), (3, "")])


def _calls_target(calls: Iterable[Call]) -> str:
    return "".join(map(str, calls)) + "<|tool_response>"


def _acting(rng: Random, split: Split, typed: bool) -> Sample:
    group = weighted(rng, _commands(split))
    template = _draw(rng, lines(group[0], group[3], split))
    twist = weighted(rng, [(80, ""), (9, "correct"), (11, "join")])
    said, calls = _command(rng, group, template, typed, twist)
    intent, wording = group[0], f"{group[0]}/{template}"
    if twist == "correct" and rng.random() < 0.12:
        turn, end = choose(rng, ("no", "oh", "actually", "no wait", "sorry")), choose(rng, TAKEN_BACK)
        text = f"{said}, {turn}, {end}"
        return Sample(text, "<turn|>", "talk", "never mind", f"never mind/{wording}")
    if twist:
        wording = f"{twist}:{wording}"
    if len(calls) > 1:
        intent = "several"
    elif rng.random() < 0.055:
        second = weighted(rng, _commands(split))
        other = _draw(rng, lines(second[0], second[3], split))
        more, more_calls = _command(rng, second, other, typed)
        if len(said) + len(more) < 90 and more_calls != calls:
            said += weighted(rng, LINKS) + more
            calls += more_calls
            intent, wording = "several", f"and:{wording} + {second[0]}/{other}"
    return Sample(_polite(rng, said, split), _calls_target(calls), "command", intent, wording, tuple(calls))


def _correcting(rng: Random, split: Split, typed: bool) -> Sample:
    """Say one verb, then another one after all."""
    del split  # a handful of wordings: all are trained on
    group = weighted(rng, [(g[2], g) for g in phrases.CORRECTIONS])
    template = choose(rng, [t for line in lines("correction", group[3], "train") for t in line.templates])
    said, calls = _command(rng, group, template, typed)
    return Sample(said, _calls_target(calls), "command", group[0], f"correction/{template}", tuple(calls))


def _question(rng: Random, split: Split, typed: bool) -> Sample:
    group = weighted(rng, _groups(phrases.QUESTIONS, paraphrases.QUESTIONS, split))
    template = _draw(rng, lines(group[0], group[3], split))
    said, calls = _command(rng, group, template, typed)
    if group[0] == "HassGetState" and "name" in group[1]:
        calls = [Call(group[0], dict(group[1]))]
    return Sample(
        _asking(rng, said), _calls_target(calls), "question", group[0], f"{group[0]}/{template}", tuple(calls)
    )


def _talk(rng: Random, split: Split, typed: bool) -> Sample:
    del typed
    options = [(entry[0], label) for label, entry in phrases.TALK.items() if lines(label, entry[2], split)]
    label = weighted(rng, options)
    _, answers, grammar = phrases.TALK[label]
    template = _draw(rng, lines(label, grammar, split))
    text = template if label in {"yes", "no", "never mind"} or rng.random() < 0.7 else _asking(rng, template)
    reply = choose(rng, answers)
    return Sample(text, f"{reply}<turn|>", "talk", label, f"{label}/{template}", (), reply)


def _japanese(rng: Random, split: Split, typed: bool) -> Sample:
    del typed
    template = _draw(rng, lines("japanese", phrases.JAPANESE_WORDINGS, split))
    phrase = choose(rng, list(phrases.JAPANESE))
    text = _asking(rng, template.replace("{phrase}", phrase))
    reply = phrases.JAPANESE[phrase]
    return Sample(text, f"{reply}<turn|>", "talk", "japanese", f"japanese/{template}", (), reply)


def _negative(rng: Random, split: Split, typed: bool) -> Sample:
    known = negatives.NEGATIVES | (paraphrases.NEGATIVES if split == "train" else {})
    options = [(e[0], label) for label, e in known.items() if lines(f"not {label}", e[1], split)]
    label = weighted(rng, options)
    template = _draw(rng, lines(f"not {label}", known[label][1], split))
    text = re.sub(r"\{(\w+)\}", lambda found: choose(rng, negatives.WORDS[found[1]]), template)
    text = _plain(text)
    if label in {"unknown room", "unknown device", "out of range", *paraphrases.NEGATIVES}:
        text = _polite(rng, text, split)
    elif rng.random() < 0.3:
        text = _asking(rng, text)
    elif rng.random() < 0.04:
        text = f"{choose(rng, OPENERS)} {text}"
    del typed
    if way := paraphrases.LOUDER.get(template):
        call = Call("HassAdjust", {"name": "your volume", "way": way})
        return Sample(text, _calls_target([call]), "command", call.name, f"{call.name}/{template}", (call,))
    return Sample(text, f"{SORRY}<turn|>", "negative", f"not {label}", f"not {label}/{template}", (), SORRY)


MIX = ((50, _acting), (1.5, _correcting), (16, _question), (7, _talk), (4, _japanese), (23, _negative))


def sample(rng: Random, split: Split = "train", *, typed: bool = False) -> Sample:
    """Draw one sample. `typed`: digits, punctuation and capitals as people type, instead of words as they are said."""
    drawn = _acting(rng, split, typed) if split in {"late", "own"} else weighted(rng, MIX)(rng, split, typed)
    if not typed:
        return drawn
    question = drawn.kind == "question" or drawn.text.startswith(
        ("can you", "could you", "would you", "what", "how", "who")
    )
    return replace(drawn, text=_typed_form(rng, drawn.text, question))


def demo_samples() -> list[Sample]:
    """Give the lines of demo_home.toml with their targets: part of every training set."""

    def call(tool: str, **arguments: Value) -> Call:
        return Call(tool, arguments)

    light, shopping = "HassTurnOn", "shopping list"
    acts: list[tuple[str, list[Call]]] = [
        ("turn on the kitchen light", [call(light, name="kitchen light")]),
        ("switch off the light in the bedroom", [call("HassTurnOff", name="bedroom light")]),
        (
            "dim the living room light to thirty percent",
            [call("HassLightSet", name="living room light", brightness=30)],
        ),
        ("make the office light blue", [call("HassLightSet", name="office light", color="blue")]),
        ("turn on the bedroom fan", [call(light, name="bedroom fan")]),
        ("close the living room blinds", [call("HassCloseCover", name="living room blinds")]),
        ("set the office blinds to fifty percent", [call("HassSetPosition", name="office blinds", position=50)]),
        ("set the heating to twenty one degrees", [call("HassClimateSetTemperature", temperature=21)]),
        ("turn on the coffee machine", [call(light, name="coffee machine")]),
        ("pause the music", [call("HassMediaPause")]),
        ("play the music", [call("HassMediaUnpause")]),
        ("next song", [call("HassMediaNext")]),
        ("set the volume to forty percent", [call("HassSetVolume", volume_level=40)]),
        ("add milk to the shopping list", [call("HassListAddItem", item="milk", name=shopping)]),
        ("lock the front door", [call("HassLock", name="front door")]),
        ("set a timer for ten minutes", [call("HassStartTimer", minutes=10)]),
        ("set a pasta timer for eight minutes", [call("HassStartTimer", minutes=8, name="pasta")]),
        ("cancel the timer", [call("HassCancelTimer")]),
        ("turn on the fan", [call(light, name="fan")]),
        ("open the blinds", [call("HassOpenCover", name="blinds")]),
        (
            "turn off the kitchen light and the hallway light",
            [call("HassTurnOff", name="kitchen light"), call("HassTurnOff", name="hallway light")],
        ),
        ("turn off all the lights", [call("HassTurnOff", domain="light")]),
        ("turn on the kitchen, no, the bedroom light", [call(light, name="bedroom light")]),
        ("unlock the front door", [call("HassUnlock", name="front door")]),
    ]
    asks: list[tuple[str, list[Call]]] = [
        ("what's the weather", [call("HassGetWeather", day="today")]),
        ("what will the weather be like tomorrow", [call("HassGetWeather", day="tomorrow")]),
        ("how warm is it in the living room", [call("HassGetState", name="living room temperature")]),
        ("is the kitchen light on", [call("HassGetState", name="kitchen light")]),
        ("how much time is left on the timer", [call("HassTimerStatus")]),
        ("what time is it", [call("HassGetCurrentTime")]),
        ("what day is it today", [call("HassGetCurrentDate")]),
        ("what is on the shopping list", [call("HassGetState", name=shopping)]),
    ]
    says = [
        ("turn on the garage light", SORRY, "negative", "not unknown room"),
        ("my sister turned on the kitchen light yesterday", SORRY, "negative", "not story"),
        ("how do you say good morning in japanese", phrases.JAPANESE["good morning"], "talk", "japanese"),
        ("say thank you in japanese", phrases.JAPANESE["thank you"], "talk", "japanese"),
        ("tell me a joke", phrases.JOKES[0], "talk", "joke"),
        ("who are you", phrases.TALK["who"][1][0], "talk", "who"),
        ("never mind", "", "talk", "never mind"),
    ]
    found = []
    for kind, rows in (("command", acts), ("question", asks)):
        for text, calls in rows:
            intent = "several" if len(calls) > 1 else calls[0].name
            found.append(Sample(text, _calls_target(calls), kind, intent, f"demo/{text}", tuple(calls)))
    for text, reply, kind, intent in says:
        found.append(Sample(text, f"{reply}<turn|>", kind, intent, f"demo/{text}", (), reply))
    return found
