"""The words of each language, and numbers, rows and lengths of time as a voice should say them. Pure.

Knows no results and no home. A new language is a module like german.py, with the keys of ENGLISH and their slots (a
test compares them). A number takes 1 µs.
"""

import re
from collections.abc import Mapping, Sequence

from assistant.intents.french import FRENCH
from assistant.intents.german import GERMAN
from assistant.intents.spanish import SPANISH
from assistant.stages import Value

Words = Mapping[str, str]
_STATES = """on off open closed opening closing locked unlocked locking unlocking jammed heat cool auto dry fan_only
heat_cool playing paused idle standby buffering cleaning docked returning home not_home unavailable unknown wet clear
active above_horizon below_horizon"""
_COLORS = "red green blue yellow orange purple pink white cyan"
_SKIES = "sunny cloudy rainy snowy windy exceptional"

DEGREES = re.compile(r"(-?\d+(?:\.\d+)?) °([CF])")  # a state of a sensor among others: 21.5 °C

# {these} is what several outcomes share: "kitchen light and hallway light off".
ENGLISH: Words = {
    "and": "and",
    "minus": "minus",
    "degree": "{n} degree",
    "degrees": "{n} degrees",
    "hour": "{n} hour",
    "hours": "{n} hours",
    "minute": "{n} minute",
    "minutes": "{n} minutes",
    "second": "{n} second",
    "seconds": "{n} seconds",
    "months": "January February March April May June July August September October November December",
    "weekdays": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "outdoors": "outdoor outside",
    "decimal": ".",
    "am": "AM",
    "pm": "PM",
    "made": "{these} {state}",
    "made_on": "{these} on",
    "made_off": "{these} off",
    "made_open": "{these} open",
    "made_closed": "{these} closed",
    "made_opening": "{these} opening",
    "made_closing": "{these} closing",
    "made_locked": "{these} locked",
    "made_unlocked": "{these} unlocked",
    "made_heat": "{these} on",
    "made_cleaning": "{these} cleaning",
    "made_returning": "{these} returning",
    "percent": "{these} at {percent} percent",
    "moving_percent": "{these} moving to {percent} percent",
    "color": "{these} {color}",
    "color_percent": "{these} {color} at {percent} percent",
    "HassAdjust": "{these} adjusted",
    "HassClimateSetTemperature": "temperature set to {degrees}",
    "HassSetVolume": "volume at {percent} percent",
    "HassMediaPause": "music paused",
    "HassMediaUnpause": "music playing",
    "HassMediaNext": "next song",
    "HassMediaPrevious": "previous song",
    "HassListAddItem": "added {these} to the {name}",
    "HassUndo": "{these} as before",
    "HassStartTimer": "{timer} set for {duration}",
    "HassIncreaseTimer": "{duration} added, {left} left on the {timer}",
    "HassDecreaseTimer": "{duration} taken off, {left} left on the {timer}",
    "HassPauseTimer": "{these} paused",
    "HassUnpauseTimer": "{these} running again",
    "HassCancelTimer": "{these} canceled",
    "HassCancelAllTimers": "all timers canceled",
    "timer": "timer",
    "named_timer": "{name} timer",
    "timer_left": "{duration} left on the {timer}",
    "timer_left_too": "{duration} on the {timer}",
    "timer_none": "there's no timer running",
    "timer_done": "your {timer} is done",
    "alarm": "alarm",
    "named_alarm": "{name} alarm",
    "alarm_for": "alarm for {time}",
    "alarm_today": "{timer} set for {time}",
    "alarm_tomorrow": "{timer} set for {time} tomorrow",
    "left_today": "the {timer} rings today{at}",
    "left_tomorrow": "the {timer} rings tomorrow{at}",
    "left_missed": "you missed the {timer}",
    "left_at": " at {time}",
    "alarm_rings": "it's {time}",
    "named_alarm_rings": "it's {time}, your {timer}",
    "is": "the {name} is {state}",
    "state_percent": "{state} at {percent} percent",
    "group": "{name} are {state}",
    "group_one": "the {these} is {state}, the rest {rest}",
    "group_some": "the {these} are {state}, the rest {rest}",
    "thermostat": "the {name} is set to {state} to {target}, and it's {now} now",
    "thermostat_off": "the {name} is {state}, and it's {now} now",
    "warm_in": "it's {degrees} in the {area}",
    "warm_outdoors": "it's {degrees} outside",
    "playing": "{title} is playing",
    "list": "on the {name}: {items}",
    "list_empty": "the {name} is empty",
    "weather": "it's {condition}, {degrees}",
    "weather_today": "today it's {condition}, {degrees}, high {high}, low {low}",
    "weather_tomorrow": "tomorrow it'll be {condition}, high {high}, low {low}",
    "sky_partlycloudy": "partly cloudy",
    "sky_clear-night": "clear",
    "sky_lightning": "stormy",
    "sky_lightning-rainy": "stormy",
    "sky_snowy-rainy": "sleety",
    "sky_windy-variant": "windy",
    "sky_pouring": "pouring with rain",
    "sky_hail": "hailing",
    "sky_fog": "foggy",
    "time": "it's {time}",
    "date": "{weekday}, {day} {month}",
    "is_detecting motion": "detecting motion",
    "is_detecting smoke": "detecting smoke",
    **{f"is_{state}": state.replace("_", " ") for state in _STATES.split()},
    **{f"color_{color}": color for color in _COLORS.split()},
    **{f"sky_{sky}": sky for sky in _SKIES.split()},
}
LANGUAGES: Mapping[str, Words] = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "es": SPANISH}


def listing(items: Sequence[str], conjunction: str = "and") -> str:
    """Say items in a row: a / a and b / a, b and c."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {conjunction} {items[-1]}"


def number(value: Value, words: Words = ENGLISH) -> str:
    """21.0 -> "21", -3.24 -> "minus 3.2": at most one decimal, and no sign that a voice would skip."""
    try:
        rounded = round(float(value), 1)
    except ValueError:
        return str(value)
    digits = f"{abs(rounded):.1f}".removesuffix(".0").replace(".", words["decimal"])
    return f"{words['minus']} {digits}" if rounded < 0 else digits


def degrees(value: Value, words: Words = ENGLISH) -> str:
    """21.5 -> "21.5 degrees"."""
    return _count("degree", number(value, words), words)


def duration(seconds: float, words: Words = ENGLISH) -> str:
    """5400 -> "1 hour and 30 minutes"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [_count(unit, str(n), words) for unit, n in (("hour", hours), ("minute", minutes), ("second", rest)) if n]
    return listing(parts, words["and"]) or _count("second", "0", words)


def remaining(seconds: float, words: Words = ENGLISH) -> str:
    """Time left, as exact as a person cares for: whole minutes from ten minutes on."""
    return duration(round(seconds / 60) * 60 if seconds >= 600 else seconds, words)


def _count(unit: str, n: str, words: Words) -> str:
    return words[unit if n == "1" else f"{unit}s"].format(n=n)
