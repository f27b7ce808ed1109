"""Undo, repeat, why and what "it" is, in a real home: what was before is what the server says."""

from typing import Any

import pytest

from assistant.intents.consent import WONT
from assistant.intents.deeds import Deeds
from assistant.intents.router import Router
from assistant.stages import Call, Effect, Value
from tests.real_home import Server, living_in, needs_a_home, snapshot, until

pytestmark = [pytest.mark.home_assistant, needs_a_home]
WHITE = {"hs_color": (30.0, 20.0)}
DEEDS: list[tuple[str, dict[str, Value], list[Effect]]] = [
    ("HassTurnOn", {"name": "kitchen light"}, [Effect("light.turn_off", "light.kitchen")]),
    (
        "HassTurnOff",
        {"name": "living room light"},
        [Effect("light.turn_on", "light.living_room", {"brightness": 204, **WHITE})],
    ),
    (
        "HassLightSet",
        {"name": "living room light", "brightness": 10},
        [Effect("light.turn_on", "light.living_room", {"brightness": 204})],
    ),
    (
        "HassLightSet",
        {"name": "hallway light", "color": "red", "brightness": 20},
        [Effect("light.turn_on", "light.hallway", {"brightness": 255, **WHITE})],
    ),
    ("HassTurnOn", {"name": "fan"}, [Effect("fan.turn_off", "fan.living_room")]),
    ("HassTurnOn", {"name": "coffee machine"}, [Effect("switch.turn_off", "switch.coffee_machine")]),
    ("HassCloseCover", {"name": "office blinds"}, [Effect("cover.open_cover", "cover.office")]),
    ("HassSetPosition", {"name": "bedroom blinds", "position": 40}, [Effect("cover.close_cover", "cover.bedroom")]),
    (
        "HassClimateSetTemperature",
        {"temperature": 25},
        [Effect("climate.set_temperature", "climate.home", {"temperature": 20})],
    ),
    (
        "HassTurnOff",
        {"name": "heating"},
        [Effect("climate.set_hvac_mode", "climate.home", {"hvac_mode": "heat"})],
    ),
    (
        "HassSetVolume",
        {"name": "speaker", "volume_level": 90},
        [Effect("media_player.volume_set", "media_player.living_room", {"volume_level": 0.3})],
    ),
    ("HassMediaPause", {"name": "speaker"}, [Effect("media_player.media_play", "media_player.living_room")]),
    ("HassMediaNext", {"name": "speaker"}, [Effect("media_player.media_previous_track", "media_player.living_room")]),
    ("HassListAddItem", {"item": "milk"}, [Effect("todo.remove_item", "todo.shopping_list", {"item": "milk"})]),
]


@pytest.mark.parametrize(("tool", "arguments", "back"), DEEDS, ids=[f"{t} {list(a.values())}" for t, a, _ in DEEDS])
async def test_undo_brings_back_what_the_server_said_before(
    server: Server, tool: str, arguments: dict[str, Value], back: list[Effect]
) -> None:
    """Brightness to the step, color, position, temperature, mode, volume, track, list."""
    before = await snapshot(server)
    async with living_in(server) as (home, _):
        router = Router([home], deeds=Deeds(lambda: 0.0))
        assert (await router.dispatch([Call(tool, arguments)])).outcomes[0].ok
        assert await snapshot(server) != before
        done = await router.dispatch([Call("HassUndo")])
    assert done.sentence is not None
    assert done.sentence.endswith(" as before."), done.sentence
    assert list(done.outcomes[0].effects) == back
    assert done.outcomes[0].allowed_by == "exposed"
    assert await snapshot(server) == before


async def test_several_things_come_back_each_as_it_was_and_earlier_deeds_by_another_undo(server: Server) -> None:
    """Of all lights two were on, at 80 and 100 percent; the blind stood half way."""
    start = await snapshot(server)
    async with living_in(server) as (home, _):
        router = Router([home], deeds=Deeds(lambda: 0.0))
        await router.dispatch([Call("HassSetPosition", {"name": "office blinds", "position": 50})])
        between = await snapshot(server)
        reply = [Call("HassTurnOff", {"domain": "light"}), Call("HassCloseCover", {"name": "office blinds"})]
        assert (await router.dispatch(reply)).sentence == "All lights off, office blinds closed."
        done = await router.dispatch([Call("HassUndo")])
        assert done.sentence == "All lights and office blinds as before."
        assert await snapshot(server) == between
        await router.dispatch([Call("HassUndo")])
        assert await snapshot(server) == start
        assert (await router.dispatch([Call("HassUndo")])).outcomes[0].error == "nothing_to_undo"


async def test_what_a_hand_has_changed_since_is_brought_back_too_and_only_that_thing(server: Server) -> None:
    async with living_in(server) as (home, _):
        router = Router([home], deeds=Deeds(lambda: 0.0))
        await router.dispatch([Call("HassLightSet", {"name": "living room light", "brightness": 10})])
        await server.service("light.turn_off", entity_id="light.living_room")
        await server.service("light.turn_on", entity_id="light.bathroom")
        assert (await router.dispatch([Call("HassUndo")])).outcomes[0].ok
    assert (await server.state("light.living_room"))["attributes"]["brightness"] == 204
    assert (await server.state("light.bathroom"))["state"] == "on"


async def test_undo_says_done_only_when_it_was_seen(server: Server) -> None:
    async with living_in(server) as (home, _):
        router = Router([home], deeds=Deeds(lambda: 0.0))
        await router.dispatch([Call("HassTurnOn", {"name": "kitchen light"})])
        await server.service("demo_home.freeze", entity_id="light.kitchen")
        done = await router.dispatch([Call("HassUndo")])
        assert (done.sentence, done.outcomes[0].error) == ("I asked, but it hasn't changed yet.", "not_seen")
        assert (await server.state("light.kitchen"))["state"] == "on"


async def test_undoing_that_a_door_was_locked_needs_a_yes(server: Server) -> None:
    async with living_in(server) as (home, _):
        router = Router([home], deeds=Deeds(lambda: 0.0))
        await router.dispatch([Call("HassTurnOn", {"name": "front door"})])
        asked = await router.dispatch([Call("HassUndo")])
        assert (asked.asks, asked.sentence) == ("yes", "Unlock the front door? Please say yes.")
        assert router.judge("No.", (), 1.0) == WONT
        assert (await server.state("lock.front_door"))["state"] == "locked"
        await router.dispatch([Call("HassUndo")])
        agreed = router.judge("Yes.", (), 1.0)
        assert isinstance(agreed, Call)
        assert (await router.dispatch([agreed])).outcomes[0].allowed_by == "spoken yes"
    assert (await server.state("lock.front_door"))["state"] == "unlocked"


async def test_repeat_why_and_it_work_on_what_the_home_said(server: Server) -> None:
    async with living_in(server) as (home, _):
        deeds = Deeds(lambda: 0.0)
        router = Router([home], deeds=deeds)
        done = await router.dispatch([Call("HassTurnOn", {"name": "bedroom light"})])
        router.said(str(done.sentence))

        async def say(tool: str, **arguments: Any) -> str | None:
            return (await router.dispatch([Call(tool, arguments)])).sentence

        assert await say("HassRepeat") == "Bedroom light on."
        assert await say("HassGetReason") == "Bedroom light on: I heard you ask for it, and I may control it."
        assert await say("HassLightSet", name="it", brightness=40) == "Bedroom light at 40 percent."
        assert (await server.state("light.bedroom"))["attributes"]["brightness"] == 102
        assert await say("HassTurnOn", name="movie night") == "Movie night on."
        assert await say("HassUndo") == "I can't undo that."


async def test_follow_ups_count_from_what_the_home_says(server: Server) -> None:
    """Also when a hand has changed it meanwhile."""
    async with living_in(server) as (home, link):
        router = Router([home], deeds=Deeds(lambda: 0.0))

        async def say(tool: str, **arguments: Any) -> str | None:
            return (await router.dispatch([Call(tool, arguments)])).sentence

        assert await say("HassTurnOn", name="living room light") == "Living room light on."
        assert await say("HassAdjust", way="down", by=30) == "Living room light at 50 percent."
        await server.service("light.turn_on", entity_id="light.living_room", brightness=51)
        await until(link, lambda: "20" in home.facts("light.living_room"))
        assert await say("HassAdjust", way="up") == "Living room light at 40 percent."
        assert (await server.state("light.living_room"))["attributes"]["brightness"] == 102
        assert await say("HassClimateSetTemperature", temperature=21) == "Temperature set to 21 degrees."
        assert await say("HassAdjust", way="up", by=2) == "Temperature set to 23 degrees."
        assert (await server.state("climate.home"))["attributes"]["temperature"] == 23
        assert await say("HassAdjust", name="speaker", way="up") == "Volume at 40 percent."
        assert await say("HassUndo") == "Speaker as before."
        assert (await server.state("media_player.living_room"))["attributes"]["volume_level"] == 0.3


@pytest.mark.parametrize("slot", ["name", "area"])
async def test_and_the_bedroom_too_is_its_light_and_not_its_fan(server: Server, slot: str) -> None:
    async with living_in(server) as (home, _):
        router = Router([home], deeds=Deeds(lambda: 0.0))
        await router.dispatch([Call("HassTurnOn", {"name": "kitchen light"})])
        done = await router.dispatch([Call("HassTurnOn", {slot: "bedroom"})])
        assert done.sentence == "Bedroom light on."
        assert (await router.dispatch([Call("HassUndo")])).sentence == "Bedroom light as before."
    assert (await server.state("fan.bedroom"))["state"] == "off"
    assert (await server.state("light.kitchen"))["state"] == "on"


async def test_what_is_missing_is_asked_for_and_done_in_the_home(server: Server) -> None:
    async with living_in(server) as (home, _):
        router = Router([home])
        asked = await router.dispatch([Call("HassSetPosition", {"name": "office blinds"})])
        assert (asked.asks, asked.sentence) == ("what", "To how many percent?")
        assert (await server.state("cover.office"))["attributes"]["current_position"] == 100
        complete = router.judge("forty percent", (), 1.0)
        assert isinstance(complete, Call)
        assert (await router.dispatch([complete])).sentence == "Office blinds at 40 percent."
    assert (await server.state("cover.office"))["attributes"]["current_position"] == 40
