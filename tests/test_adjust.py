"""Follow-ups that code decides: more or less of what is, and what was meant last."""

import pytest

from assistant.errors import CallFailed
from assistant.intents.adjust import absolute
from assistant.intents.deeds import REMEMBERED_S, Deeds
from assistant.intents.demo_home import DemoHome
from assistant.intents.meaning import Entity
from assistant.intents.policy import Policy, limits
from assistant.intents.router import Router
from assistant.stages import Call, Value


class House:
    def __init__(self, policy: Policy | None = None) -> None:
        self.now_s = 0.0
        self.home = DemoHome(policy=policy)
        self.router = Router([self.home], deeds=Deeds(lambda: self.now_s))

    async def say(self, tool: str, /, **arguments: Value) -> str | None:
        return (await self.router.dispatch([Call(tool, arguments)])).sentence


@pytest.mark.parametrize(
    ("domain", "said", "values", "tool", "slots"),
    [
        ("light", {"way": "up"}, {"state": "on", "brightness_pct": 30}, "HassLightSet", {"brightness": 50}),
        ("light", {"way": "down"}, {"state": "on", "brightness_pct": 30}, "HassLightSet", {"brightness": 10}),
        ("light", {"way": "up", "by": 90}, {"state": "on", "brightness_pct": 30}, "HassLightSet", {"brightness": 100}),
        ("light", {"way": "down", "by": 90}, {"state": "on", "brightness_pct": 30}, "HassLightSet", {"brightness": 1}),
        ("light", {"way": "up"}, {"state": "off", "brightness_pct": 80}, "HassLightSet", {"brightness": 20}),
        ("climate", {"way": "up", "by": 2}, {"temperature": 20.5}, "HassClimateSetTemperature", {"temperature": 22.5}),
        ("climate", {"way": "down"}, {"temperature": 20}, "HassClimateSetTemperature", {"temperature": 19}),
        ("media_player", {"way": "up"}, {"volume_level": 0.3}, "HassSetVolume", {"volume_level": 40}),
        ("media_player", {"way": "down", "by": 50}, {"volume_level": 0.3}, "HassSetVolume", {"volume_level": 0}),
        ("cover", {"way": "down"}, {"position": 100}, "HassSetPosition", {"position": 75}),
    ],
)
def test_more_or_less_is_counted_from_what_is(
    domain: str, said: dict[str, Value], values: dict[str, Value], tool: str, slots: dict[str, Value]
) -> None:
    """Up to the end of the scale; a light that is dimmed stays on."""
    assert absolute(Call("HassAdjust", said), Entity(f"{domain}.x", ("thing",)), values) == Call(
        tool, {"name": "thing", **slots}
    )


@pytest.mark.parametrize(
    ("domain", "values", "reason"),
    [
        ("light", {"state": "off"}, "off"),
        ("light", {"state": "on"}, "unknown_state"),
        ("climate", {"state": "off"}, "unknown_state"),
    ],
)
def test_what_isnt_known_isnt_guessed(domain: str, values: dict[str, Value], reason: str) -> None:
    with pytest.raises(CallFailed) as failed:
        absolute(Call("HassAdjust", {"way": "down"}), Entity(f"{domain}.x", ("thing",)), values)
    assert failed.value.reason == reason


async def test_brighter_means_what_was_meant_last_for_a_minute() -> None:
    house = House()
    assert await house.say("HassAdjust", way="up") == "You didn't say what."
    await house.say("HassLightSet", name="living room light", brightness=30)
    assert await house.say("HassAdjust", way="up") == "Living room light at 50 percent."
    assert await house.say("HassAdjust", way="down", by=45) == "Living room light at 5 percent."
    assert await house.say("HassLightSet", color="blue") == "Living room light blue."
    assert await house.say("HassTurnOff") == "Living room light off."
    assert await house.say("HassAdjust", way="down") == "The living room light is off."
    house.now_s = REMEMBERED_S + 1
    assert await house.say("HassAdjust", way="up") == "You didn't say what."


async def test_warmer_louder_and_undo() -> None:
    """Values that the home didn't name are known from what it did."""
    house = House()
    assert await house.say("HassClimateSetTemperature", temperature=21) == "Temperature set to 21 degrees."
    assert await house.say("HassAdjust", way="up", by=2) == "Temperature set to 23 degrees."
    assert await house.say("HassAdjust", name="music", way="up") == "Volume at 40 percent."
    assert await house.say("HassUndo") == "Speaker as before."
    assert house.home.things()["media_player.living_room"].attributes["volume_level"] == 0.3


async def test_several_lights_are_each_counted_from_where_they_are() -> None:
    house = House()
    await house.say("HassTurnOn", domain="light")
    assert await house.say("HassAdjust", domain="light", way="down") == "All lights adjusted."
    things = house.home.things()
    assert things["light.living_room"].attributes["brightness_pct"] == 60
    assert things["light.hallway"].attributes["brightness_pct"] == 80


async def test_of_several_lights_those_that_are_on_are_dimmed() -> None:
    """One that is off keeps no other from it; that all are off is said."""
    house = House()
    await house.say("HassTurnOff", domain="light")
    assert "is off." in str(await house.say("HassAdjust", domain="light", way="down"))
    await house.say("HassLightSet", name="hallway light", brightness=80)
    assert await house.say("HassAdjust", domain="light", way="down") == "Hallway light at 60 percent."
    assert set(house.home.states().values()) & {"on"}
    assert house.home.states()["light.kitchen"] == "off"


def test_lights_that_are_off_are_told_in_the_plural() -> None:
    with pytest.raises(CallFailed, match="The kitchen lights are off"):
        absolute(Call("HassAdjust", {"way": "down"}), Entity("light.x", ("kitchen lights",)), {"state": "off"})
    with pytest.raises(CallFailed, match="I don't know how the kitchen lights are set"):
        absolute(Call("HassAdjust", {"way": "down"}), Entity("light.x", ("kitchen lights",)), {})


async def test_a_room_that_shall_be_brighter_has_no_louder_music_for_it() -> None:
    """Which of the two is meant is asked, and the answer is it."""
    house = House()
    await house.say("HassLightSet", name="living room light", brightness=30)
    before = house.home.things()["media_player.living_room"].attributes["volume_level"]
    assert await house.say("HassAdjust", area="living room", way="up") == "Which one do you mean?"
    assert house.home.things()["light.living_room"].attributes["brightness_pct"] == 30
    assert await house.say("HassAdjust", area="living room", domain="light", way="up") == (
        "Living room light at 50 percent."
    )
    assert house.home.things()["media_player.living_room"].attributes["volume_level"] == before


async def test_the_limits_hold_for_more_and_less_too() -> None:
    house = House(Policy(limits=limits(volume=35, warmest=20)))
    assert await house.say("HassAdjust", name="music", way="up") == "Volume goes from 0 to 35 percent."
    assert await house.say("HassAdjust", name="heating", way="up") == "I can set the temperature from 5 to 20 degrees."
    assert await house.say("HassAdjust", name="coffee machine", way="up") == "I can't do that with the coffee machine."


async def test_a_lock_is_never_what_was_meant_by_nothing() -> None:
    house = House()
    await house.say("HassTurnOn", name="kitchen light")
    assert await house.say("HassUnlock") == "You didn't say what."


@pytest.mark.parametrize(
    ("tool", "arguments", "goes_on"),
    [
        ("HassAdjust", {"way": "up"}, True),
        ("HassAdjust", {"name": "it", "way": "down"}, True),
        ("HassLightSet", {"brightness": 50}, True),
        ("HassTurnOff", {"name": "it"}, True),
        ("HassTurnOff", {"name": "the Kitchen Light"}, True),
        ("HassUndo", {}, True),
        ("HassRepeat", {}, True),
        ("HassTurnOff", {"name": "bedroom light"}, False),
        ("HassTurnOff", {"name": "kitchen light", "area": "bedroom"}, False),
        ("HassTurnOn", {"domain": "light"}, False),
        ("HassUnlock", {"name": "it"}, False),
        ("HassSetPosition", {"name": "office blinds", "position": 3}, False),
    ],
)
async def test_what_only_goes_on_needs_less_confidence_for_a_minute(
    tool: str, arguments: dict[str, Value], goes_on: bool
) -> None:
    """The same thing again, or undo; another thing is another command, and nothing at all needs something before."""
    now = [0.0]
    router = Router([DemoHome()], min_confidence=0.9, follow_confidence=0.5, deeds=Deeds(lambda: now[0]))
    call = Call(tool, arguments)

    async def unsure(confidence: float) -> bool:
        return (await router.dispatch([call], confidence)).outcomes[0].error == "low_confidence"

    assert await unsure(0.7)
    await router.dispatch([Call("HassLightSet", {"name": "kitchen light", "brightness": 30})])
    router.said("Kitchen light at 30 percent.")
    assert await unsure(0.4)
    now[0] = REMEMBERED_S + 1
    assert await unsure(0.7)
    now[0] = REMEMBERED_S - 1
    assert await unsure(0.7) is not goes_on


async def test_a_step_that_is_the_figure_just_said_is_no_step() -> None:
    """A small model reads it off the turn before: "dim it" isn't by the eighty percent that it was set to."""
    house = House()
    await house.say("HassLightSet", name="living room light", brightness=80)
    assert await house.say("HassAdjust", way="down", by=80) == "Living room light at 60 percent."
    assert await house.say("HassAdjust", way="down", by=30) == "Living room light at 30 percent."


@pytest.mark.parametrize("slot", ["name", "area"])
async def test_and_the_bedroom_too_means_the_same_kind_of_thing_there(slot: str) -> None:
    """The room's light, not its fan and blinds, for a minute; before anything was done a room is a room."""
    house = House()
    await house.say("HassTurnOn", name="bedroom fan")
    house.now_s = REMEMBERED_S + 1
    await house.say("HassTurnOff", name="kitchen light")
    assert await house.say("HassTurnOff", **{slot: "bedroom"}) == "Bedroom light off."
    assert house.home.states()["fan.bedroom"] == "on"
    house.now_s += REMEMBERED_S + 1
    said = await house.say("HassTurnOff", **{slot: "bedroom"})
    assert said == ("I don't know a bedroom." if slot == "name" else "Bedroom light and bedroom fan off.")


async def test_another_room_of_another_deed_is_not_meant_the_same() -> None:
    """A room is named with another tool, or one that there isn't."""
    house = House()
    await house.say("HassTurnOn", name="kitchen light")
    assert "fan" in str(await house.say("HassTurnOff", area="bedroom"))
    await house.say("HassTurnOn", name="kitchen light")
    assert await house.say("HassTurnOn", name="dungeon") == "I don't know a dungeon."
