"""The demo home: every line of its file, and what it refuses."""

import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import ConfigError
from assistant.intents.demo_file import BUILT_IN
from assistant.intents.demo_home import DemoHome
from assistant.intents.local import LocalClock
from assistant.intents.router import Dispatched, Router
from assistant.intents.timers import Timers
from assistant.stages import Call, Outcome, Value
from assistant.telling import called

COMMANDS: list[dict[str, Any]] = tomllib.loads(BUILT_IN.read_text(encoding="utf-8"))["command"]
TALK = {c["say"] for c in COMMANDS if "reply" in c or "reply_language" in c}
NOT_UNDERSTOOD = {"my sister turned on the kitchen light yesterday"}


def call(tool: str, /, **arguments: Value) -> Call:
    return Call(tool, arguments)


CALLS: dict[str, Sequence[Call]] = {
    "turn on the kitchen light": [call("HassTurnOn", name="kitchen light")],
    "switch off the light in the bedroom": [call("HassTurnOff", name="bedroom light")],
    "dim the living room light to thirty percent": [call("HassLightSet", brightness=30, name="living room light")],
    "make the office light blue": [call("HassLightSet", color="blue", name="office light")],
    "turn on the bedroom fan": [call("HassTurnOn", name="bedroom fan")],
    "close the living room blinds": [call("HassCloseCover", name="living room blinds")],
    "set the office blinds to fifty percent": [call("HassSetPosition", name="office blinds", position=50)],
    "set the heating to twenty one degrees": [call("HassClimateSetTemperature", temperature=21)],
    "turn on the coffee machine": [call("HassTurnOn", name="coffee machine")],
    "pause the music": [call("HassMediaPause")],
    "play the music": [call("HassMediaUnpause")],
    "next song": [call("HassMediaNext")],
    "set the volume to forty percent": [call("HassSetVolume", volume_level=40)],
    "add milk to the shopping list": [call("HassListAddItem", item="milk", name="shopping list")],
    "lock the front door": [call("HassLock", name="front door")],
    "set a timer for ten minutes": [call("HassStartTimer", minutes=10)],
    "set a pasta timer for eight minutes": [call("HassStartTimer", minutes=8, name="pasta")],
    "cancel the timer": [call("HassCancelTimer")],
    "turn on the fan": [call("HassTurnOn", name="fan")],
    "open the blinds": [call("HassOpenCover", name="blinds")],
    "turn off the kitchen light and the hallway light": [
        call("HassTurnOff", name="kitchen light"),
        call("HassTurnOff", name="hallway light"),
    ],
    "turn off all the lights": [call("HassTurnOff", domain="light")],
    "turn on the kitchen, no, the bedroom light": [call("HassTurnOn", name="bedroom light")],
    "turn on the garage light": [call("HassTurnOn", name="garage light")],
    "unlock the front door": [call("HassUnlock", name="front door")],
    "what's the weather": [call("HassGetWeather", day="today")],
    "what will the weather be like tomorrow": [call("HassGetWeather", day="tomorrow")],
    "how warm is it in the living room": [call("HassGetState", name="living room temperature")],
    "is the kitchen light on": [call("HassGetState", name="kitchen light")],
    "how much time is left on the timer": [call("HassTimerStatus")],
    "what time is it": [call("HassGetCurrentTime")],
    "what day is it today": [call("HassGetCurrentDate")],
    "what is on the shopping list": [call("HassGetState", name="shopping list")],
}
SENTENCES = {
    "turn on the kitchen light": "Kitchen light on.",
    "switch off the light in the bedroom": "Bedroom light off.",
    "dim the living room light to thirty percent": "Living room light at 30 percent.",
    "make the office light blue": "Office light blue.",
    "turn on the bedroom fan": "Bedroom fan on.",
    "close the living room blinds": "Living room blinds closed.",
    "set the office blinds to fifty percent": "Office blinds at 50 percent.",
    "set the heating to twenty one degrees": "Temperature set to 21 degrees.",
    "turn on the coffee machine": "Coffee machine on.",
    "pause the music": "Music paused.",
    "play the music": "Music playing.",
    "next song": "Next song.",
    "set the volume to forty percent": "Volume at 40 percent.",
    "add milk to the shopping list": "Added milk to the shopping list.",
    "lock the front door": "Front door locked.",
    "set a timer for ten minutes": "Timer set for 10 minutes.",
    "set a pasta timer for eight minutes": "Pasta timer set for 8 minutes.",
    "cancel the timer": "Timer canceled.",
    "turn on the fan": "Living room fan on.",
    "open the blinds": "Living room blinds open.",
    "turn off the kitchen light and the hallway light": "Kitchen light and hallway light off.",
    "turn off all the lights": "All lights off.",
    "turn on the kitchen, no, the bedroom light": "Bedroom light on.",
    "turn on the garage light": "I don't know a garage light.",
    "unlock the front door": "Unlock the front door? Please say yes.",
    "what's the weather": "Today it's cloudy, 7.5 degrees, high 9, low 4.",
    "what will the weather be like tomorrow": "Tomorrow it'll be rainy, high 8, low 3.",
    "how warm is it in the living room": "It's 21.5 degrees in the living room.",
    "is the kitchen light on": "The kitchen light is off.",
    "how much time is left on the timer": "10 minutes left on the timer.",
    "what time is it": "It's 14:05.",
    "what day is it today": "Tuesday, 24 November.",
    "what is on the shopping list": "On the shopping list: bread and butter.",
}
BEFORE = {
    "cancel the timer": call("HassStartTimer", minutes=10),
    "how much time is left on the timer": call("HassStartTimer", minutes=10),
}


class StandingClock:
    """Time stands still."""

    def now_s(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing waits in these tests")


def whole_home() -> Router:
    clock = LocalClock(lambda: datetime(2026, 11, 24, 14, 5, tzinfo=UTC))
    return Router([DemoHome(), Timers(StandingClock(), lambda _: None), clock])


async def ask(home: DemoHome, tool: str, /, **arguments: Value) -> Outcome:
    (outcome,) = (await Router([home]).dispatch([Call(tool, arguments)])).outcomes
    return outcome


def effects_of(done: Dispatched) -> list[dict[str, object]]:
    """Effects as the file writes them."""
    return [effect for outcome in done.outcomes for effect in called(outcome, 0.0, 0.0).effects]


def test_every_line_of_the_file_is_covered() -> None:
    """A new command in the file must get its call and its sentence here."""
    assert set(CALLS) == {c["say"] for c in COMMANDS} - TALK - NOT_UNDERSTOOD
    assert set(SENTENCES) == set(CALLS)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c["say"] in CALLS], ids=lambda c: str(c["say"]))
async def test_a_line_of_the_file_has_exactly_its_effects_and_its_sentence(command: dict[str, Any]) -> None:
    """What is said leads to the effects in the file, nothing else, and one sentence."""
    router = whole_home()
    if before := BEFORE.get(command["say"]):
        await router.dispatch([before])
    done = await router.dispatch(CALLS[command["say"]])
    assert effects_of(done) == command["effects"]
    assert done.sentence == SENTENCES[command["say"]]
    refused = command["say"] == "turn on the garage light" or "asks" in command
    assert all(outcome.ok is not refused for outcome in done.outcomes)
    assert all((outcome.allowed_by is None) is refused for outcome in done.outcomes)


@pytest.mark.parametrize(
    ("name", "arguments", "entity_id", "state"),
    [
        ("HassTurnOn", {"name": "the Kitchen Lights"}, "light.kitchen", "on"),
        ("HassTurnOff", {"name": "heating"}, "climate.home", "off"),
        ("HassTurnOff", {"name": "living room blinds"}, "cover.living_room", "closed"),
        ("HassTurnOn", {"name": "bedroom curtains"}, "cover.bedroom", "open"),
        ("HassTurnOn", {"name": "front door"}, "lock.front_door", "locked"),
        ("HassLightSet", {"name": "hallway light", "brightness": 0}, "light.hallway", "off"),
        ("HassSetPosition", {"name": "office blinds", "position": 0}, "cover.office", "closed"),
        ("HassSetPosition", {"name": "bedroom blinds", "position": 1}, "cover.bedroom", "open"),
        ("HassMediaPause", {}, "media_player.living_room", "paused"),
        ("HassListAddItem", {"item": "eggs"}, "todo.shopping_list", "3"),
    ],
)
async def test_an_effect_changes_the_state_of_its_entity_only(
    name: str, arguments: dict[str, Value], entity_id: str, state: str
) -> None:
    """The state after a call is what a real home would report; everything else stays."""
    home = DemoHome()
    before = home.states()
    outcome = await ask(home, name, **arguments)
    assert outcome.ok
    assert home.states() == before | {entity_id: state}
    assert home.states() != before


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("HassTurnOff", {}, "no_target"),
        ("HassTurnOff", {"name": "garage light", "domain": "light"}, "unknown_name"),
        ("HassTurnOff", {"name": "garage light", "area": "kitchen"}, "unknown_name"),
        ("HassTurnOff", {"name": "everything"}, "unknown_name"),
        ("HassTurnOff", {"area": "garage"}, "unknown_area"),
        ("HassUnlock", {"name": "front door"}, "needs_yes"),
        ("HassTurnOff", {"name": "front door"}, "needs_yes"),
        ("HassTurnOff", {"domain": "lock"}, "needs_yes"),
        ("HassLightSet", {"name": "kitchen light", "brightness": 101}, "out_of_range"),
        ("HassLightSet", {"name": "kitchen light", "brightness": -1}, "out_of_range"),
        ("HassLightSet", {"name": "kitchen light", "color": "wellow"}, "bad_arguments"),
        ("HassLightSet", {"name": "kitchen light"}, "needs_slot"),
        ("HassLightSet", {"name": "bedroom fan", "brightness": 10}, "not_supported"),
        ("HassSetPosition", {"name": "office blinds", "position": 120}, "out_of_range"),
        ("HassClimateSetTemperature", {"temperature": 31}, "out_of_range"),
        ("HassClimateSetTemperature", {"temperature": 4.5}, "out_of_range"),
        ("HassSetVolume", {"volume_level": 101}, "out_of_range"),
        ("HassOpenCover", {"name": "front door"}, "not_supported"),
        ("HassListAddItem", {"item": " ", "name": "shopping list"}, "bad_arguments"),
        ("HassGetWeather", {"day": "yesterday"}, "bad_arguments"),
    ],
)
async def test_what_is_refused_changes_nothing_and_is_spoken(
    name: str, arguments: dict[str, Value], error: str
) -> None:
    """A refusal has a reason, a sentence and no effect."""
    home = DemoHome()
    before = home.states()
    outcome = await ask(home, name, **arguments)
    assert (outcome.ok, outcome.error, outcome.effects) == (False, error, ())
    assert outcome.sentence
    assert home.states() == before


async def test_everything_in_a_room_leaves_doors_blinds_and_heating_alone() -> None:
    """An area without a kind means lights, fans, switches and players."""
    hallway = await ask(DemoHome(), "HassTurnOff", area="hallway")
    assert [e.entity_id for e in hallway.effects] == ["light.hallway"]
    living_room = await ask(DemoHome(), "HassTurnOff", area="living room")
    assert "cover.living_room" not in [e.entity_id for e in living_room.effects]
    assert len(living_room.effects) == 4


async def test_a_light_that_was_dimmed_to_nothing_comes_back_as_bright_as_before() -> None:
    """Brightness 0 switches off and is no brightness to return to."""
    home = DemoHome()
    await ask(home, "HassLightSet", name="living room light", brightness=0)
    await ask(home, "HassTurnOn", name="living room light")
    outcome = await ask(home, "HassGetState", name="living room light")
    assert outcome.sentence == "The living room light is on at 80 percent."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"name": "thermostat"}, "The thermostat is set to heat to 20 degrees, and it's 19.5 degrees now."),
        ({"name": "outdoor temperature"}, "It's 7.5 degrees outside."),
        ({"name": "temperature", "area": "living room"}, "It's 21.5 degrees in the living room."),
        ({"name": "front door"}, "The front door is unlocked."),
        ({"name": "music"}, "So What is playing."),
        ({"name": "bedroom blinds"}, "The bedroom blinds are closed."),
        ({"name": "weather"}, "It's cloudy, 7.5 degrees."),
        ({"name": "television"}, "The television is off."),
        ({"domain": "light"}, "The living room light and hallway light are on, the rest off."),
        ({"domain": "fan"}, "All fans are off."),
        ({"area": "kitchen"}, "Kitchen light and coffee machine are off."),
        ({"domain": "light", "area": "kitchen"}, "The kitchen light is off."),
    ],
)
async def test_a_question_about_a_state_is_answered_with_it(arguments: dict[str, Value], sentence: str) -> None:
    """Every kind of thing has its own way to tell its state."""
    assert (await ask(DemoHome(), "HassGetState", **arguments)).sentence == sentence


async def test_a_room_full_of_different_states_is_left_to_the_model() -> None:
    """No template fits: the result goes back to the model."""
    outcome = await ask(DemoHome(), "HassGetState", area="living room")
    assert outcome.ok
    assert outcome.sentence is None
    assert outcome.result["playing"] == "speaker"


async def test_the_list_remembers_what_was_added() -> None:
    """A later question sees an earlier change."""
    home = DemoHome()
    await ask(home, "HassListAddItem", item="milk")
    outcome = await ask(home, "HassGetState", name="shopping list")
    assert outcome.sentence == "On the shopping list: bread, butter and milk."


def test_the_prompt_is_told_names_and_rooms_but_no_state() -> None:
    """The static context of the demo home."""
    context = DemoHome().context()
    assert "You are in the living room." in context
    assert "kitchen: kitchen light, coffee machine" in context
    assert ", office light / desk lamp, office blinds" in context
    assert "elsewhere: thermostat / heating / temperature, outdoor temperature, shopping list" in context
    assert "more." not in context
    assert "So What" not in context
    assert "lamp" not in DemoHome(shown=3).context()


def test_a_home_offers_only_the_tools_for_what_it_has(tmp_path: Path) -> None:
    """No locks: no tool to lock; states can always be asked."""
    file = tmp_path / "home.toml"
    file.write_text('[[entity]]\nid = "light.a"\nnames = ["lamp"]\nstate = "on"\n', encoding="utf-8")
    offered = [tool.name for tool in DemoHome(file).tools()]
    assert offered == ["HassTurnOn", "HassTurnOff", "HassLightSet", "HassAdjust", "HassGetState"]
    assert len(DemoHome().tools()) == 18


def test_the_model_is_told_of_no_tool_that_another_one_stands_for_and_of_no_name_where_there_is_one_thing() -> None:
    """What every token of the prompt costs is paid while a person speaks."""
    told = {tool.name: {p.name for p in tool.parameters} for tool in Router([DemoHome()]).tools()}
    assert not {"HassLock", "HassOpenCover"} & set(told)
    assert told["HassMediaPause"] == set()
    assert told["HassClimateSetTemperature"] == {"temperature"}
    assert "name" in told["HassLightSet"]


@pytest.mark.parametrize(
    ("name", "arguments", "service"),
    [
        ("HassTurnOn", {"name": "office blinds"}, "cover.open_cover"),
        ("HassTurnOff", {"name": "office blinds"}, "cover.close_cover"),
        ("HassTurnOn", {"name": "front door"}, "lock.lock"),
        ("HassOpenCover", {"name": "office blinds"}, "cover.open_cover"),
        ("HassMediaPause", {"name": "music"}, "media_player.media_pause"),
    ],
)
async def test_a_tool_that_the_model_is_not_told_of_is_understood(
    name: str, arguments: dict[str, Value], service: str
) -> None:
    """Home Assistant's other names for the same thing, and names that needn't be said."""
    done = await Router([DemoHome()]).dispatch([Call(name, arguments)])
    assert [effect.service for effect in done.outcomes[0].effects] == [service]


@pytest.mark.parametrize(("here", "condition"), [("balcony", "rainy"), ("kitchen", "sunny"), ("", "sunny")])
async def test_of_several_weathers_the_one_here_is_meant_else_the_first(
    tmp_path: Path, here: str, condition: str
) -> None:
    """Nobody can say which: there is no word for it."""
    file = tmp_path / "home.toml"
    file.write_text(
        "".join(
            f'[[entity]]\nid = "weather.{name}"\nnames = ["{name}"]\nstate = "{sky}"\n{area}\n'
            f'attributes = {{ temperature = 7 }}\nforecast = [{{ day = "today", high = 9, low = 4 }}]\n'
            for name, sky, area in (("coast", "sunny", ""), ("roof", "rainy", 'area = "balcony"'))
        )
        + '[[entity]]\nid = "light.a"\nnames = ["lamp"]\narea = "kitchen"\nstate = "off"\n'
    )
    done = await Router([DemoHome(file, here=here)]).dispatch([Call("HassGetWeather")])
    assert done.sentence == f"Today it's {condition}, 7 degrees, high 9, low 4."


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[[entity]\n",
        'entity = "x"',
        '[[entity]]\nid = "light.a"\nstate = "on"\n',
        '[[entity]]\nid = "light.a"\nnames = []\nstate = "on"\n',
        '[[entity]]\nid = "lamp"\nnames = ["lamp"]\nstate = "on"\n',
        '[[entity]]\nid = "sensor.a"\nnames = ["a"]\nstate = "warm"\nattributes = { unit = "°C" }\n',
        '[[entity]]\nid = "weather.a"\nnames = ["a"]\nstate = "sunny"\n',
    ],
)
def test_a_file_that_is_no_home_is_refused_with_its_path(tmp_path: Path, text: str | None) -> None:
    """Missing, broken and incomplete files are config errors."""
    file = tmp_path / "home.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"home\.toml"):
        DemoHome(file)
