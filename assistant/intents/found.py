"""What a question found -> a sentence: a state, the weather, a time, what is left on timers. Pure.

Knows the results that handlers fill, and the words of a language. None: no template fits, and the model words it.
"""

from collections.abc import Callable, Mapping
from datetime import date

from assistant.intents import translated
from assistant.intents.alike import be
from assistant.intents.words import DEGREES, LANGUAGES, Words, degrees, listing, number, remaining
from assistant.stages import Value

Result = Mapping[str, Value]


def _timers_left(told: Result, words: Words) -> str:
    """`told`: by what it is called seconds left on a timer, the day of an alarm ("tomorrow 07:30"), or "missed"."""
    language = next((code for code, table in LANGUAGES.items() if table is words), "en")
    result = {translated.thing(label, language): left for label, left in told.items()}
    timers = {timer: left for timer, left in result.items() if not isinstance(left, str)}
    kinds = ["timer_left"] + ["timer_left_too"] * len(timers)
    parts = [
        words[kind].format(timer=timer, duration=remaining(float(seconds), words))
        for kind, (timer, seconds) in zip(kinds, timers.items(), strict=False)
    ]
    for alarm, when in result.items():
        if isinstance(when, str):
            day, _, time = when.partition(" ")
            parts.append(
                words[f"left_{day}"].format(timer=alarm, at=words["left_at"].format(time=time) if time else "")
            )
    return ", ".join(parts) or words["timer_none"]


def _time(result: Result, words: Words) -> str:
    return words["time"].format(time=result["time"])


def _date(result: Result, words: Words) -> str:
    day = date.fromisoformat(str(result["date"]))
    weekday, month = words["weekdays"].split()[day.weekday()], words["months"].split()[day.month - 1]
    return words["date"].format(weekday=weekday, day=day.day, month=month)


def _weather(result: Result, words: Words) -> str | None:
    condition = str(result.get("condition", result.get("state")))
    facts = {k: number(result[k], words) for k in ("high", "low") if k in result}
    if "temperature" in result:
        facts["degrees"] = degrees(result["temperature"], words)
    try:
        template = words[f"weather_{result['day']}" if "day" in result else "weather"]
        return template.format(condition=words.get(f"sky_{condition}", condition), **facts)
    except KeyError:
        return None  # another day than these, or a figure that the template needs isn't there


def _state(result: Result, words: Words) -> str | None:
    match result:
        case {"domain": "weather", "temperature": _}:
            return _weather(result, words)
        case {"domain": "sensor", "unit": "°C" | "°F", "value": value}:
            return _warmth(result, degrees(value, words), words)
        case {"domain": "climate", "state": state, "temperature": target, "current_temperature": now}:
            facts = {"target": degrees(target, words), "now": degrees(now, words)}
            kind = "thermostat_off" if state == "off" else "thermostat"
            name = str(result["name"])
            return _agreeing(words[kind], name).format(name=name, state=words.get(f"is_{state}", state), **facts)
        case {"domain": "media_player", "state": "playing", "media_title": title}:
            return words["playing"].format(title=title)
        case {"domain": "todo", "items": items}:
            listed = listing(str(items).split(", "), words["and"])
            name = str(result["name"])
            return _agreeing(words["list" if items else "list_empty"], name).format(name=name, items=listed)
        case {"state": state}:
            return _is(str(result["name"]), _with_percent(result, str(state), words), words)
        case _:
            return _group(result, words)


def _warmth(result: Result, warm: str, words: Words) -> str:
    if "area" in result:
        return words["warm_in"].format(degrees=warm, area=result["area"])
    if set(words["outdoors"].casefold().split()) & set(str(result["name"]).casefold().split()):
        return words["warm_outdoors"].format(degrees=warm)
    return _is(str(result["name"]), warm, words)


def _with_percent(result: Result, state: str, words: Words) -> str:
    """Say how much: "on at 80 percent" of a dimmed light, "open at 50 percent" of a blind half way."""
    percent = result.get("brightness_pct" if result.get("domain") == "light" else "position")
    told = words.get(f"is_{state}", state)
    if percent is None or state in ("off", "closed") or float(percent) in (0, 100):
        return told
    return words["state_percent"].format(state=told, percent=number(percent, words))


def _is(name: str, state: str, words: Words) -> str:
    return _agreeing(words["is"], name).format(name=name, state=state)


def _agreeing(template: str, name: str) -> str:
    """The template with the verb that goes with the name; the other languages have none there."""
    return template.replace(" is ", f" {be(name)} ")


def _group(result: Result, words: Words) -> str | None:
    """`result`: names by state, and what all of them are called."""
    groups = sorted(((str(v).split(", "), k) for k, v in result.items() if k not in ("name", "domain")), key=_size)
    told = [(names, _in_words(state, words)) for names, state in groups]
    if len(told) == 1:
        return words["group"].format(name=result["name"], state=told[0][1])
    if len(groups) != 2 or len(groups[0][0]) > 3:
        return None
    (few, state), (_, rest) = told
    template = _agreeing(words["group_one"], few[0]) if len(few) == 1 else words["group_some"]
    return template.format(these=listing(few, words["and"]), state=state, rest=rest)


def _in_words(state: str, words: Words) -> str:
    if m := DEGREES.fullmatch(state):
        return degrees(float(m[1]), words)
    return words.get(f"is_{state}", state)


def _size(group: tuple[list[str], str]) -> int:
    return len(group[0])


FOUND: Mapping[str, Callable[[Result, Words], str | None]] = {
    "HassGetState": _state,
    "HassGetWeather": _weather,
    "HassGetCurrentTime": _time,
    "HassGetCurrentDate": _date,
    "HassTimerStatus": _timers_left,
}
