"""Degrees as a person says them and as a home means them, for any home. Pure.

A `Handler` around another: what is set is converted on its way in, what was found on its way out, and the sentence is
made anew. Knows no home and no rule but the range of the heating. A call costs 10 µs more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from assistant.errors import CallFailed
from assistant.intents import adjust, replies
from assistant.intents.policy import Limit, limits
from assistant.intents.words import DEGREES
from assistant.stages import Call, Handler, Outcome, Tool, Value

Scale = Literal["C", "F"]
_DEGREES = ("temperature", "current_temperature", "high", "low")
_SIGNS: Mapping[str, Scale] = {"°C": "C", "°F": "F"}
_SETS = "HassClimateSetTemperature"


def convert(value: float, there: Scale, here: Scale) -> float:
    """20 °C -> 68 °F, to one decimal."""
    if there == here:
        return value
    return round(value * 9 / 5 + 32 if here == "F" else (value - 32) * 5 / 9, 1)


def in_celsius(arguments: Mapping[str, Value], scale: Scale) -> Mapping[str, Value]:
    """What is to be set, as the rules count."""
    wanted = arguments.get("temperature")
    if isinstance(wanted, int | float) and scale != "C":
        return {**arguments, "temperature": convert(wanted, scale, "C")}
    return arguments


def in_degrees(result: Mapping[str, Value], said: Scale) -> dict[str, Value]:
    """A group's result, names by state, with degrees of `said` in its states; any other stays as it is."""
    told: dict[str, Value] = {}
    for shown, names in result.items():
        state = shown
        if (m := DEGREES.fullmatch(shown)) and (there := _SIGNS[f"°{m[2]}"]) != said:
            state = f"{convert(float(m[1]), there, said)} °{said}"
        told[state] = f"{told[state]}, {names}" if state in told else names
    return told


def temperature_limit(scale: Scale, coldest_c: float, warmest_c: float) -> Limit:
    """What the heating can be set to, in degrees of `scale`, given in Celsius."""
    coldest, warmest = (convert(limit, "C", scale) for limit in (coldest_c, warmest_c))
    return limits(coldest=coldest, warmest=warmest)["temperature"]


class InDegrees:
    """`said`: the person's scale; `meant`: asks for the home's; `limit`: what may be set, in the person's degrees."""

    def __init__(self, home: Handler, said: Scale, meant: Callable[[], Scale], limit: Limit) -> None:
        self._home = home
        self._said: Scale = said
        self._meant = meant
        self._limit = limit

    def tools(self) -> Sequence[Tool]:
        """What the home can do, with bounds as the person says them."""
        bounds = (round(self._limit.lowest), round(self._limit.highest))
        return tuple(
            replace(tool, parameters=tuple(replace(p, bounds=bounds) if p.name == "temperature" else p
                                           for p in tool.parameters)) if tool.name == _SETS else tool
            for tool in self._home.tools()
        )  # fmt: skip

    def context(self) -> str:
        """As the home tells it."""
        return self._home.context()

    async def handle(self, call: Call) -> Outcome:
        """Carry out one call. Raises CallFailed with a spoken sentence."""
        meant = self._meant()
        arguments = dict(call.arguments)
        if isinstance(wanted := arguments.get("temperature"), int | float):
            if not self._limit.lowest <= wanted <= self._limit.highest:
                raise CallFailed(self._limit.sentence, code="out_of_range")
            arguments["temperature"] = convert(wanted, self._said, meant)
        if call.name == adjust.TOOL and meant != self._said:
            arguments[adjust.DEGREE] = 5 / 9 if meant == "C" else 9 / 5
        outcome = await self._home.handle(replace(call, arguments=arguments))
        result = self._told(outcome.result, meant)
        return replies.worded(replace(outcome, call=call, result=result))

    def _told(self, result: Mapping[str, Value], meant: Scale) -> dict[str, Value]:
        told = in_degrees(result, self._said)
        for name in _DEGREES:
            if isinstance(value := told.get(name), int | float):
                told[name] = convert(value, meant, self._said)
        value, sign = told.get("value"), _SIGNS.get(str(told.get("unit")))
        if sign is not None and sign != self._said and isinstance(value, int | float):
            value = convert(value, sign, self._said)
            told |= {"value": value, "unit": f"°{self._said}", "state": f"{value} °{self._said}"}
        return told
