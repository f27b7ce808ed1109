"""Degrees and times of day as the config says, whatever the home counts in."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from assistant import homes, manifest
from assistant.audio.clock import WallClock
from assistant.config import Config, PlaceConfig, PolicyConfig
from assistant.intents import replies
from assistant.intents.demo_home import DemoHome
from assistant.intents.local import LocalClock
from assistant.intents.policy import from_config
from assistant.intents.router import Router
from assistant.intents.timers import Timers
from assistant.intents.units import InDegrees, Scale, convert, in_degrees, temperature_limit
from assistant.stages import Call, Outcome, Value
from tests.fakes import HandClock

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Americans:
    """The demo home as people see it who count in Fahrenheit, by a clock of twelve hours."""

    def __init__(self, said: Scale = "F", home: DemoHome | None = None) -> None:
        self.home = home or DemoHome()
        things = InDegrees(self.home, said, self.home.scale, temperature_limit(said, 5, 30))
        now = NOON.replace(hour=19, minute=5)
        timers = Timers(HandClock(), lambda _: None, now=lambda: NOON)
        self.router = Router([things, timers, LocalClock(lambda: now)], twelve=True)

    async def ask(self, tool: str, /, **arguments: Value) -> str | None:
        return (await self.router.dispatch([Call(tool, arguments)])).sentence


@pytest.mark.parametrize(
    ("value", "there", "here", "expected"),
    [(20, "C", "F", 68), (68, "F", "C", 20), (70, "F", "C", 21.1), (21.1, "C", "F", 70), (-40, "C", "F", -40)],
)  # fmt: skip
def test_degrees_are_converted_to_one_decimal(value: float, there: Scale, here: Scale, expected: float) -> None:
    assert convert(value, there, here) == expected


@pytest.mark.parametrize(
    ("tool", "arguments", "sentence"),
    [
        ("HassClimateSetTemperature", {"temperature": 70}, "Temperature set to 70 degrees."),
        ("HassClimateSetTemperature", {"temperature": 21}, "I can set the temperature from 41 to 86 degrees."),
        ("HassClimateSetTemperature", {"temperature": 87}, "I can set the temperature from 41 to 86 degrees."),
        ("HassGetState", {"name": "heating"},
         "The thermostat is set to heat to 68 degrees, and it's 67.1 degrees now."),
        ("HassGetState", {"name": "living room temperature"}, "It's 70.7 degrees in the living room."),
        ("HassGetState", {"name": "kitchen light"}, "The kitchen light is off."),
        ("HassGetCurrentTime", {}, "It's 7:05 PM."),
        ("HassSetAlarm", {"hours": 0, "minutes": 5}, "Alarm set for 12:05 AM tomorrow."),
        ("HassSetAlarm", {"hours": 12, "minutes": 30}, "Alarm set for 12:30 PM."),
    ],
)  # fmt: skip
async def test_answers_are_in_the_persons_units(tool: str, arguments: dict[str, Any], sentence: str) -> None:
    assert await Americans().ask(tool, **arguments) == sentence


async def test_two_degrees_warmer_are_the_persons_degrees() -> None:
    """20 °C is 68 °F; two of those more are 21.1 °C, one less of those that nobody named 20.5."""
    house = Americans()
    assert await house.ask("HassAdjust", name="thermostat", way="up", by=2) == "Temperature set to 70 degrees."
    assert house.home.things()["climate.home"].attributes["temperature"] == 21.1
    assert await house.ask("HassAdjust", name="thermostat", way="down") == "Temperature set to 68.9 degrees."
    assert await house.ask("HassAdjust", name="kitchen light", way="up", by=30) == "Kitchen light at 30 percent."
    assert await Americans("C").ask("HassAdjust", name="thermostat", way="up", by=2) == "Temperature set to 22 degrees."


async def test_the_home_is_asked_in_its_own_units() -> None:
    """70 °F is 21.1 °C; the call is told as it was asked."""
    house = Americans()
    done = await house.router.dispatch([Call("HassClimateSetTemperature", {"temperature": 70})])
    assert done.outcomes[0].effects[0].data == {"temperature": 21.1}
    assert done.outcomes[0].call.arguments == {"temperature": 70}
    (tool,) = [tool for tool in house.router.legal() if tool.name == "HassClimateSetTemperature"]
    assert next(p.bounds for p in tool.parameters if p.name == "temperature") == (41, 86)


async def test_the_weather_is_in_the_persons_units() -> None:
    """Every figure of the demo home's forecast."""
    celsius, fahrenheit = Americans("C"), Americans()
    asked = Call("HassGetWeather", {"day": "today"})
    told = [(await house.router.dispatch([asked])).outcomes[0].result for house in (celsius, fahrenheit)]
    for name in ("temperature", "high", "low"):
        assert told[1][name] == convert(float(told[0][name]), "C", "F")


@pytest.mark.parametrize(
    ("said", "states", "sentence"),
    [
        ("C", ("20", "-3.5"), "The attic sensor is 20 degrees, the rest minus 3.5 degrees."),
        ("F", ("20", "-3.5"), "The attic sensor is 68 degrees, the rest 25.7 degrees."),
        ("F", ("21.5", "21.5"), "All sensors are 70.7 degrees."),
    ],
)
async def test_several_sensors_are_told_as_one_is(
    said: Scale, states: Sequence[str], sentence: str, tmp_path: Path
) -> None:
    """In degrees, the person's."""
    file = tmp_path / "home.toml"
    file.write_text(
        "\n".join(
            f'[[entity]]\nid = "sensor.{room}"\nnames = ["{room} sensor"]\nstate = "{state}"\nattributes.unit = "°C"'
            for room, state in zip(("attic", "cellar"), states, strict=True)
        )
    )
    assert await Americans(said, DemoHome(file)).ask("HassGetState", domain="sensor") == sentence


def test_figures_that_are_equal_in_the_persons_units_are_told_together() -> None:
    """70.2 and 70.1 °F are both 21.2 °C; what isn't in degrees stays."""
    told = {"70.2 °F": "attic", "70.1 °F": "cellar, porch", "64 %": "bath", "name": "all sensors"}
    assert in_degrees(told, "C") == {"21.2 °C": "attic, cellar, porch", "64 %": "bath", "name": "all sensors"}


async def test_alarms_are_told_and_asked_about_by_twelve_hours() -> None:
    """Also in questions and refusals, which no template words."""
    house = Americans()
    await house.ask("HassSetAlarm", hours=19, minutes=30)
    assert await house.ask("HassSetAlarm", hours=19, minutes=30) == "There's already an alarm for 7:30 PM."
    await house.ask("HassSetAlarm", hours=8, minutes=0)
    assert await house.ask("HassCancelTimer") == "Which one: the alarm for 7:30 PM or the alarm for 8:00 AM?"
    assert (
        replies.rung([(None, "19:30"), ("gym", "08:00")], twelve=True) == "It's 7:30 PM. It's 8:00 AM, your gym alarm."
    )


def test_what_others_call_a_thing_stays_as_it_is() -> None:
    """A song is no time of day, nor a ratio."""
    song = Outcome(
        Call("HassGetState"),
        ok=True,
        sentence=None,
        result={"name": "speaker", "domain": "media_player", "state": "playing", "media_title": "10:15 Saturday Night"},
    )
    assert replies.sentence([song], twelve=True) == "10:15 Saturday Night is playing."
    assert replies.of_twelve("16:90 and 1:2:30 and 24:00") == "16:90 and 1:2:30 and 24:00"


async def test_the_config_decides() -> None:
    """Through the composer: units and clock of the section place; rules are in Celsius whatever people say."""
    place = PlaceConfig(units="imperial", clock="12h", time_zone="Asia/Tokyo")
    config = replace(Config(), place=place)
    rules = replace(config.home, policy=PolicyConfig(max_temperature=25))
    home = homes.build_home(replace(config, home=rules), manifest.load().entry("tiny"), WallClock())
    assert from_config(rules.policy).limits["temperature"].highest == 25
    done = await home.router.dispatch([Call("HassClimateSetTemperature", {"temperature": 78})])
    assert done.sentence == "I can set the temperature from 41 to 77 degrees."
    time = (await home.router.dispatch([Call("HassGetCurrentTime")])).sentence or ""
    assert time.endswith(("AM.", "PM."))
    assert home.timers.countdown.now().tzname() == "JST"
