"""What fills the blanks of a wording: rooms, devices, numbers, durations, things to buy, each with its meaning.

Knows the names and ranges of the demo home. Doesn't know sentences. `Filler` is what a slot gives: the words to say,
the words to type (digits), and the arguments that they stand for. Randomness comes from `rng.random()` alone, so that
both `random.Random` and a numpy Generator will do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

Value = str | int | float
T = TypeVar("T")


class Random(Protocol):
    """What both `random.Random` and `numpy.random.Generator` can do."""

    def random(self) -> float:
        """Draw from [0, 1)."""
        ...


@dataclass(frozen=True, slots=True)
class Filler:
    """One way to fill a slot."""

    spoken: str
    typed: str
    arguments: dict[str, Value]


def words(text: str, separator: str | None = None) -> tuple[str, ...]:
    """Split a list of words that is written as one string."""
    return tuple(text.split(separator))


def choose(rng: Random, options: Sequence[T]) -> T:
    """Draw one of `options`, all equally likely."""
    return options[int(rng.random() * len(options))]


def weighted(rng: Random, options: Sequence[tuple[float, T]]) -> T:
    """Draw one of (weight, option)."""
    left = rng.random() * sum(weight for weight, _ in options)
    for weight, option in options:
        left -= weight
        if left < 0:
            return option
    return options[-1][1]


ONES = words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
TENS = ("", "", *words("twenty thirty forty fifty sixty seventy eighty ninety"))


def in_words(number: int) -> str:
    """Say 0..199 as people do: 21 -> "twenty one"."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10] + (f" {ONES[number % 10]}" if number % 10 else "")
    rest = number - 100
    return "a hundred" if rest == 0 else f"a hundred and {in_words(rest)}"


ROOMS = ("kitchen", "living room", "bedroom", "bathroom", "office", "hallway")
FAN_ROOMS = ("living room", "bedroom")
BLIND_ROOMS = ("living room", "bedroom", "office")
COLORS = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "white", "cyan")
TIMER_NAMES = words(
    "pasta egg tea pizza laundry bread rice cake chicken coffee potato soup cookie oven workout nap bath break dinner "
    "washing steak cooking meditation homework"
)
ITEMS = words(
    "milk|bread|butter|eggs|cheese|apples|bananas|oranges|lemons|tomatoes|potatoes|onions|garlic|carrots|cucumber|"
    "lettuce|"
    "spinach|mushrooms|peppers|rice|pasta|flour|sugar|salt|pepper|olive oil|vinegar|honey|jam|peanut butter|cereal|"
    "oats|"
    "yogurt|cream|ham|chicken|beef|fish|salmon|sausages|bacon|beans|lentils|soup|pizza|chocolate|biscuits|cookies|"
    "crisps|"
    "coffee|tea|orange juice|apple juice|water|beer|wine|toilet paper|kitchen roll|washing powder|shampoo|"
    "toothpaste|soap|"
    "batteries|light bulbs|dog food|cat food|nappies|ice cream|strawberries|grapes|broccoli",
    "|",
)


def same(words: str, **arguments: Value) -> Filler:
    """Make a filler that is typed as it is said."""
    return Filler(words, words, dict(arguments))


def _noun(rng: Random, room: str, one: str, many: str) -> str:
    """Name a thing in a room: the kitchen light, the light in the kitchen, kitchen lights ..."""
    word = weighted(rng, [(7, one), (3, many)]) if one != many else one
    form = weighted(rng, [(62, "the {r} {w}"), (25, "the {w} in the {r}"), (8, "{r} {w}"), (5, "my {r} {w}")])
    return form.format(r=room, w=word)


def light(rng: Random) -> Filler:
    """Name a room's light."""
    room = choose(rng, ROOMS)
    if room == "office" and rng.random() < 0.35:
        return same(weighted(rng, [(8, "the desk lamp"), (1, "desk lamp"), (1, "my desk lamp")]), name="office light")
    return same(_noun(rng, room, "light", "lights"), name=f"{room} light")


def near_light(rng: Random) -> Filler:
    """Name a light, or just "the light": the one here."""
    if rng.random() < 0.15:
        return same(weighted(rng, [(5, "the light"), (4, "the lights"), (1, "the light in here")]), name="light")
    return light(rng)


def fan(rng: Random) -> Filler:
    """Name a fan, or just "the fan"."""
    if rng.random() < 0.34:
        return same("the fan", name="fan")
    room = choose(rng, FAN_ROOMS)
    return same(_noun(rng, room, "fan", "fan"), name=f"{room} fan")


def blinds(rng: Random) -> Filler:
    """Name blinds, by the words that people use for them."""
    word = weighted(rng, [(70, "blinds"), (18, "curtains"), (12, "shades")])
    if rng.random() < 0.28:
        return same(f"the {word}", name="blinds")
    room = choose(rng, BLIND_ROOMS)
    return same(_noun(rng, room, word, word), name=f"{room} blinds")


def television(rng: Random) -> Filler:
    """Name the television."""
    words = weighted(
        rng, [(6, "the tv"), (5, "the television"), (2, "the telly"), (1, "tv"), (1, "the living room tv")]
    )
    return same(words, name="television")


def coffee(rng: Random) -> Filler:
    """Name the coffee machine."""
    words = weighted(rng, [(8, "the coffee machine"), (2, "the coffee maker"), (1, "coffee machine")])
    return same(words, name="coffee machine")


def heating(rng: Random) -> Filler:
    """Name the thermostat."""
    words = weighted(rng, [(6, "the heating"), (3, "the thermostat"), (1, "heating"), (1, "the heat")])
    return same(words, name="thermostat")


def thing(rng: Random) -> Filler:
    """Name anything that can be switched on and off."""
    return weighted(rng, [(50, near_light), (18, fan), (12, television), (10, coffee), (10, heating)])(rng)


def state_thing(rng: Random) -> Filler:
    """Name something that is on or off, for a question."""
    return weighted(rng, [(50, light), (20, fan), (12, television), (12, coffee)])(rng)


ALL_LIGHTS = words(
    "all the lights|all lights|every light|all of the lights|all the lights in the house|every light in the house|"
    "the lights everywhere|all the lights at home|every single light",
    "|",
)
ALL_FANS = words("all the fans|all fans|every fan|both fans|all of the fans|every fan in the house", "|")
ALL_BLINDS = words(
    "all the blinds|all blinds|all of the blinds|every blind|all the curtains|all the shades|all the blinds in the "
    "house|"
    "the blinds everywhere",
    "|",
)


def all_lights(rng: Random) -> Filler:
    """Name all the lights."""
    return same(choose(rng, ALL_LIGHTS), domain="light")


def all_fans(rng: Random) -> Filler:
    """Name both fans."""
    return same(choose(rng, ALL_FANS), domain="fan")


def all_blinds(rng: Random) -> Filler:
    """Name all the blinds."""
    return same(choose(rng, ALL_BLINDS), domain="cover")


def room(rng: Random) -> Filler:
    """Name a room that stands for its light."""
    name = choose(rng, ROOMS)
    return same(name, name=f"{name} light")


def fan_room(rng: Random) -> Filler:
    """Name a room that stands for its fan."""
    name = choose(rng, FAN_ROOMS)
    return same(name, name=f"{name} fan")


def blind_room(rng: Random) -> Filler:
    """Name a room that stands for its blinds."""
    name = choose(rng, BLIND_ROOMS)
    return same(name, name=f"{name} blinds")


def percent(key: str, low: int) -> Callable[[Random], Filler]:
    """Make a slot for `low`..100: "thirty percent"."""

    def fill(rng: Random) -> Filler:
        number = weighted(
            rng,
            [
                (5, 10 * (1 + int(rng.random() * 10))),
                (2, 5 * (1 + int(rng.random() * 20))),
                (3, low + int(rng.random() * (101 - low))),
            ],
        )
        words = in_words(number)
        if number == 100 and rng.random() < 0.4:
            words = "one hundred"
        bare = rng.random() < 0.15
        typed = choose(rng, [f"{number}%", f"{number} percent", f"{number} %", str(number)])
        return Filler(words if bare else f"{words} percent", typed, {key: number})

    return fill


def level(key: str) -> Callable[[Random], Filler]:
    """Make a slot for levels that have names: half, full."""

    def fill(rng: Random) -> Filler:
        number, words = choose(
            rng,
            [
                (50, "half"),
                (50, "fifty percent"),
                (100, "full"),
                (100, "maximum"),
                (100, "a hundred percent"),
                (100, "one hundred percent"),
                (50, "half"),
            ],
        )
        return same(words, **{key: number})

    return fill


def color(rng: Random) -> Filler:
    """Name a colour."""
    name = choose(rng, COLORS)
    return same(name, color=name)


def degrees(rng: Random) -> Filler:
    """Give a temperature that the thermostat takes."""
    whole = weighted(rng, [(7, 15 + int(rng.random() * 11)), (3, 5 + int(rng.random() * 26))])
    half = whole < 30 and rng.random() < 0.18
    words = in_words(whole)
    number: Value = whole
    if half:
        words += choose(rng, [" and a half", " point five", " and a half"])
        number = whole + 0.5
    words += weighted(rng, [(78, " degrees"), (16, ""), (6, " degrees celsius")])
    typed = f"{number}" + choose(rng, [" degrees", "", "°", "°C", " degrees", " C"])
    return Filler(words, typed, {"temperature": number})


def item(rng: Random) -> Filler:
    """Name something to buy."""
    name = choose(rng, ITEMS)
    return same(name, item=name)


def some_item(rng: Random) -> Filler:
    """Name an amount of something, which isn't kept: some milk."""
    name = choose(rng, ITEMS)
    return same(weighted(rng, [(4, f"some {name}"), (1, f"more {name}")]), item=name)


def timer_name(rng: Random) -> Filler:
    """Name a timer."""
    name = choose(rng, TIMER_NAMES)
    return same(name, name=name)


def _count(number: int, unit: str, *, joined: bool) -> tuple[str, str]:
    """Say and type a count: ("ten minutes", "10 minutes"), or joined as an adjective ("ten minute")."""
    plural = "" if number == 1 or joined else "s"
    words = in_words(number)
    return f"{words} {unit}{plural}", f"{number} {unit}{plural}"


def _length(rng: Random, *, joined: bool) -> Filler:
    roll = rng.random()
    if roll < 0.66:  # every minute from 1 to 60, the usual ones more often
        number = weighted(
            rng,
            [
                (45, 1 + int(rng.random() * 60)),
                (25, 1 + int(rng.random() * 12)),
                (30, 5 * (1 + int(rng.random() * 12))),
            ],
        )
        return Filler(*_count(number, "minute", joined=joined), {"minutes": number})
    if roll < 0.76:
        number = choose(rng, [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 90, 1 + int(rng.random() * 60)])
        return Filler(*_count(number, "second", joined=joined), {"seconds": number})
    if roll < 0.86:
        number = weighted(rng, [(4, 1), (4, 2), (3, 3), (6, 1 + int(rng.random() * 12))])
        if number == 1 and not joined:
            return Filler("an hour", choose(rng, ["1 hour", "an hour"]), {"hours": 1})
        return Filler(*_count(number, "hour", joined=joined), {"hours": number})
    if joined:
        number = choose(rng, [45, 50, 60, 70, 75, 80, 90, 100, 120])
        return Filler(*_count(number, "minute", joined=True), {"minutes": number})
    return _compound(rng)


def _compound(rng: Random) -> Filler:
    hours, minutes, seconds = (
        1 + int(rng.random() * 3),
        1 + int(rng.random() * 12),
        choose(rng, [10, 15, 20, 30, 40, 45]),
    )
    past = choose(rng, [5, 10, 15, 20, 25, 30, 40, 45, 50])
    hour_words, hour_typed = ("an hour", "1 hour") if hours == 1 else _count(hours, "hour", joined=False)
    minute_words, minute_typed = _count(minutes, "minute", joined=False)
    past_words, past_typed = _count(past, "minute", joined=False)
    second_words, second_typed = _count(seconds, "second", joined=False)
    half_hours = "an hour and a half" if hours == 1 else f"{in_words(hours)} and a half hours"
    half_minutes = "a minute and a half" if minutes == 1 else f"{in_words(minutes)} and a half minutes"
    ways: list[tuple[float, Filler]] = [
        (4, same("half an hour", minutes=30)),
        (1, same("a quarter of an hour", minutes=15)),
        (1, same("three quarters of an hour", minutes=45)),
        (2, same("a minute", minutes=1)),
        (3, Filler(half_hours, f"{hours}.5 hours", {"hours": hours, "minutes": 30})),
        (2, Filler(half_minutes, f"{minutes}.5 minutes", {"minutes": minutes, "seconds": 30})),
        (5, Filler(f"{hour_words} and {past_words}", f"{hour_typed} {past_typed}", {"hours": hours, "minutes": past})),
        (
            4,
            Filler(
                f"{minute_words} and {second_words}",
                f"{minute_typed} {second_typed}",
                {"minutes": minutes, "seconds": seconds},
            ),
        ),
        (
            2,
            Filler(
                f"{minute_words} {second_words}",
                f"{minute_typed} {second_typed}",
                {"minutes": minutes, "seconds": seconds},
            ),
        ),
        (2, Filler(f"{in_words(past + 50)} minutes", f"{past + 50} min", {"minutes": past + 50})),
    ]
    return weighted(rng, ways)


def duration(rng: Random) -> Filler:
    """Give a length as after "for": ten minutes, half an hour, an hour and a half."""
    return _length(rng, joined=False)


def timer_length(rng: Random) -> Filler:
    """Give a length as before "timer", without article: ten minute."""
    return _length(rng, joined=True)


SLOTS: dict[str, Callable[[Random], Filler]] = {
    "thing": thing,
    "statething": state_thing,
    "light": light,
    "nearlight": near_light,
    "fan": fan,
    "blinds": blinds,
    "tv": television,
    "coffee": coffee,
    "heating": heating,
    "alllights": all_lights,
    "allfans": all_fans,
    "allblinds": all_blinds,
    "room": room,
    "fanroom": fan_room,
    "blindroom": blind_room,
    "pct": percent("brightness", 1),
    "level": level("brightness"),
    "position": percent("position", 1),
    "volume": percent("volume_level", 0),
    "volumelevel": level("volume_level"),
    "color": color,
    "degrees": degrees,
    "item": item,
    "someitem": some_item,
    "timername": timer_name,
    "duration": duration,
    "timer": timer_length,
}
