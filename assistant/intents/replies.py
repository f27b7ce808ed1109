"""What a tool did or found -> one short sentence. Pure.

Knows the results that handlers fill (flat mappings: `name`, `state`, values), no home and no state of its own. Where no
template fits it answers None, and the model words the result. A sentence takes 5 µs; from the model, 3 s on a Pi.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.intents import translated
from assistant.intents.alike import one_line
from assistant.intents.found import FOUND, Result
from assistant.intents.words import ENGLISH, LANGUAGES, Words, degrees, duration, listing, number
from assistant.stages import Outcome, Value

_ENDS = (".", "!", "?", "。", "\uff01", "\uff1f")
LONGEST = 400
FLOOD = 4000
_FOREIGN = frozenset({"media_title", "items", "item"})  # a song may be called 10:15
_TIME = re.compile(r"(?<![\d:])([01]\d|2[0-3]):([0-5]\d)(?![\d:])")
_TOKEN = re.compile(r"<[^<>\s]{1,32}>\s?")


@dataclass(frozen=True, slots=True)
class _Clause:
    """A part of a sentence. Clauses with equal `before` and `after` become one; `alone` is a sentence of its own."""

    before: str
    these: str = ""
    after: str = ""
    alone: bool = False


def sentence(outcomes: Sequence[Outcome], language: str = "en", *, twelve: bool = False) -> str | None:
    """One sentence about all that was done, one for each thing found or refused; None where a template is missing.

    `twelve`: times of day by the clock of twelve hours.
    """
    if (words := LANGUAGES.get(language)) is None:
        return None
    spoken: list[str] = []
    doing: list[_Clause] = []
    for outcome in outcomes:
        clause = _clause(outcome, words, language)
        if clause is None:
            return None
        if twelve and words["am"] and not _FOREIGN & outcome.result.keys():
            clause = replace(clause, before=of_twelve(clause.before, words), these=of_twelve(clause.these, words))
        if not clause.alone:
            doing.append(clause)
            continue
        spoken += [*_merged(doing, words), _finish(clause.before)]
        doing = []
    return " ".join(dict.fromkeys([*spoken, *_merged(doing, words)]))


def of_twelve(text: str, words: Words = ENGLISH) -> str:
    """19:05 -> 7:05 PM, wherever our sentences tell a time of day."""

    def told(m: re.Match[str]) -> str:
        return f"{(int(m[1]) - 1) % 12 + 1}:{m[2]} {words['am' if int(m[1]) < 12 else 'pm']}"

    return _TIME.sub(told, text)


def worded(outcome: Outcome, language: str = "en") -> Outcome:
    """The outcome with its own sentence."""
    return replace(outcome, sentence=sentence((outcome,), language))


def _clause(outcome: Outcome, words: Words, language: str) -> _Clause | None:
    name, result = outcome.call.name, _named(outcome.result, language)
    if outcome.ok and name in _DONE:
        return _DONE[name](name, result, words)
    found = FOUND[name](result, words) if outcome.ok and name in FOUND else None
    if found is None and outcome.sentence is not None:
        own = translated.translated if outcome.ok else translated.refusal
        found = own(outcome.sentence, language)
    return None if found is None else _Clause(found, alone=True)


def _named(result: Result, language: str) -> Result:
    """The result with what code itself called a thing put into the language: "all lights", "heating"."""
    if language == "en" or "name" not in result:
        return result
    return {**result, "name": translated.thing(str(result["name"]), language)}


def _merged(clauses: Sequence[_Clause], words: Words) -> list[str]:
    shared: dict[tuple[str, str], list[str]] = {}
    for clause in clauses:
        these = shared.setdefault((clause.before, clause.after), [])
        if clause.these not in these:
            these.append(clause.these)
    parts = [f"{before}{listing(these, words['and'])}{after}" for (before, after), these in shared.items()]
    return [_finish(", ".join(parts))] if parts else []


def _finish(text: str) -> str:
    """End a sentence. What a home put into it (a song's title) is cut, and carries no marks that aren't heard."""
    text = _TOKEN.sub("", one_line(text[:FLOOD]))
    if len(text) > LONGEST:
        text = text[:LONGEST].rpartition(" ")[0] or text[:LONGEST]
    text = text[:1].upper() + text[1:]
    return text if not text or text.endswith(_ENDS) else f"{text}."


def _fill(template: str, these: Value = "", **facts: str) -> _Clause:
    before, shared, after = template.partition("{these}")
    return _Clause(before.format_map(facts), str(these) if shared else "", after.format_map(facts))


def _switched(_: str, result: Result, words: Words) -> _Clause:
    state = str(result["state"])
    return _fill(words.get(f"made_{state}", words["made"]), result["name"], state=words.get(f"is_{state}", state))


def _adjusted(_: str, result: Result, words: Words) -> _Clause:
    level = result.get("brightness", result.get("position"))
    parts = ("moving", "moving" in result), ("color", "color" in result), ("percent", level is not None)
    kind = "_".join(part for part, there in parts if there)
    percent = "" if level is None else number(level, words)
    return _fill(words[kind], result["name"], color=_color(result, words), percent=percent)


def _color(result: Result, words: Words) -> str:
    color = str(result.get("color", ""))
    return words.get(f"color_{color}", color)


def _more_or_less(name: str, result: Result, words: Words) -> _Clause:
    """Tell the figure; of several things with different ones, only that they were adjusted."""
    if "temperature" in result:
        return _set("HassClimateSetTemperature", result, words)
    if "volume_level" in result:
        return _set("HassSetVolume", result, words)
    if {"brightness", "position"} & result.keys():
        return _adjusted(name, result, words)
    return _fill(words[name], result["name"])


def _set(name: str, result: Result, words: Words) -> _Clause:
    facts = {
        "name": str(result["name"]),
        "degrees": degrees(result.get("temperature", 0), words),
        "percent": number(result.get("volume_level", 0), words),
    }
    return _fill(words[name], result.get("item", ""), **facts)


def _undone(name: str, result: Result, words: Words) -> _Clause:
    if "canceled" in result:  # what was begun is over, not as before
        return _timer("HassCancelTimer", result, words)
    return _fill(words[name], listing(str(result["name"]).split(", "), words["and"]))


def _timer(name: str, result: Result, words: Words) -> _Clause:
    timer = _timer_name(result, words)
    length, left = (duration(float(result.get(slot, 0)), words) for slot in ("seconds", "left"))
    return _fill(words[name], timer, timer=timer, duration=length, left=left)


def _timer_name(result: Result, words: Words) -> str:
    """What a timer is called, or alarms: `alarms` are their times."""
    kind = "alarm" if "alarms" in result else "timer"
    if "name" in result:
        return words[f"named_{kind}"].format(name=result["name"])
    return words["alarm_for"].format(time=result["alarms"]) if "alarms" in result else words["timer"]


def _alarm(_: str, result: Result, words: Words) -> _Clause:
    alarm = words["named_alarm"].format(name=result["name"]) if "name" in result else words["alarm"]
    return _fill(words[f"alarm_{result['day']}"], timer=alarm, time=str(result["time"]))


def announced(text: str) -> str:
    """A text of strangers as it may be spoken: one line of bounded length, without marks. Empty: nothing to say."""
    said = _finish(text)
    return said if any(c.isalnum() for c in said) else ""


def rung(rings: Sequence[tuple[str | None, str | None]], language: str = "en", *, twelve: bool = False) -> str:
    """What is said while timers and alarms ring, given name and, of an alarm, the time of day."""
    words = LANGUAGES.get(language, LANGUAGES["en"])
    said = []
    for name, time in rings:
        result: Result = {} if name is None else {"name": name}
        if time is None:
            said.append(words["timer_done"].format(timer=_timer_name(result, words)))
        else:
            named = _timer_name({"name": name, "alarms": time}, words) if name is not None else ""
            when = of_twelve(time, words) if twelve and words["am"] else time
            said.append(words["named_alarm_rings" if named else "alarm_rings"].format(time=when, timer=named))
    return " ".join(_finish(text) for text in dict.fromkeys(said))


_DONE: Mapping[str, Callable[[str, Result, Words], _Clause]] = {
    "HassTurnOn": _switched,
    "HassTurnOff": _switched,
    "HassOpenCover": _switched,
    "HassCloseCover": _switched,
    "HassLock": _switched,
    "HassUnlock": _switched,
    "HassVacuumStart": _switched,
    "HassVacuumReturnToBase": _switched,
    "HassLightSet": _adjusted,
    "HassAdjust": _more_or_less,
    "HassSetPosition": _adjusted,
    "HassClimateSetTemperature": _set,
    "HassSetVolume": _set,
    "HassMediaPause": _set,
    "HassMediaUnpause": _set,
    "HassMediaNext": _set,
    "HassMediaPrevious": _set,
    "HassListAddItem": _set,
    "HassUndo": _undone,
    "HassStartTimer": _timer,
    "HassIncreaseTimer": _timer,
    "HassDecreaseTimer": _timer,
    "HassPauseTimer": _timer,
    "HassUnpauseTimer": _timer,
    "HassSetAlarm": _alarm,
    "HassCancelTimer": _timer,
    "HassCancelAllTimers": _timer,
}
