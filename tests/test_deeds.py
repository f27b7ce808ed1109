"""Undo, repeat, why, and what "it" is."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from assistant.intents.consent import WONT
from assistant.intents.deeds import PRONOUNS, REMEMBERED_S, Deeds
from assistant.intents.demo_home import DemoHome
from assistant.intents.router import Dispatched, Router
from assistant.intents.timers import Timers
from assistant.intents.undo import inverse
from assistant.stages import Call, Effect, Value


class Hand:
    """Time that a test moves; whoever sleeps never wakes."""

    def __init__(self) -> None:
        self.time_s = 0.0

    def now_s(self) -> float:
        return self.time_s

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


class House:
    def __init__(self) -> None:
        self.clock = Hand()
        self.home = DemoHome()
        self.router = Router([self.home], deeds=Deeds(self.clock.now_s))

    async def do(self, tool: str, /, **arguments: Value) -> Dispatched:
        return await self.router.dispatch([Call(tool, arguments)])

    def things(self) -> Mapping[str, Any]:
        return {i: (t.state, dict(t.attributes)) for i, t in self.home._things.items()}


DEEDS: list[tuple[str, dict[str, Value], list[Effect]]] = [
    ("HassTurnOn", {"name": "kitchen light"}, [Effect("light.turn_off", "light.kitchen")]),
    (
        "HassTurnOff",
        {"name": "living room light"},
        [Effect("light.turn_on", "light.living_room", {"brightness_pct": 80})],
    ),
    (
        "HassLightSet",
        {"name": "living room light", "brightness": 10},
        [Effect("light.turn_on", "light.living_room", {"brightness_pct": 80})],
    ),
    (
        "HassLightSet",
        {"name": "hallway light", "color": "red"},
        [Effect("light.turn_on", "light.hallway", {"brightness_pct": 100, "color_name": "white"})],
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
    ("HassTurnOff", {"name": "heating"}, [Effect("climate.turn_on", "climate.home")]),
    (
        "HassSetVolume",
        {"volume_level": 90},
        [Effect("media_player.volume_set", "media_player.living_room", {"volume_level": 0.3})],
    ),
    ("HassMediaPause", {}, [Effect("media_player.media_play", "media_player.living_room")]),
    ("HassMediaNext", {}, [Effect("media_player.media_previous_track", "media_player.living_room")]),
    ("HassListAddItem", {"item": "milk"}, [Effect("todo.remove_item", "todo.shopping_list", {"item": "milk"})]),
]


@pytest.mark.parametrize(("tool", "arguments", "back"), DEEDS, ids=[f"{t} {list(a.values())}" for t, a, _ in DEEDS])
async def test_undo_brings_back_exactly_what_was(tool: str, arguments: dict[str, Value], back: list[Effect]) -> None:
    """State and attributes of everything, by the services that a real home would be asked for."""
    house = House()
    before = house.things()
    assert (await house.do(tool, **arguments)).outcomes[0].ok
    assert house.things() != before or tool == "HassMediaNext"
    done = await house.do("HassUndo")
    assert house.things() == before
    assert list(done.outcomes[0].effects) == back
    assert done.outcomes[0].allowed_by == "exposed"
    assert done.sentence is not None
    assert done.sentence.endswith(" as before.")


async def test_all_calls_of_one_reply_are_undone_together_and_earlier_ones_by_another_undo() -> None:
    house = House()
    start = house.things()
    await house.do("HassTurnOn", name="bedroom light")
    before = house.things()
    await house.router.dispatch([Call("HassTurnOff", {"domain": "light"}), Call("HassTurnOn", {"name": "fan"})])
    done = await house.do("HassUndo")
    assert house.things() == before
    assert done.sentence == "All lights and living room fan as before."
    await house.do("HassUndo")
    assert house.things() == start
    assert (await house.do("HassUndo")).outcomes[0].error == "nothing_to_undo"


async def test_after_a_minute_there_is_nothing_to_undo() -> None:
    house = House()
    await house.do("HassTurnOn", name="kitchen light")
    house.clock.time_s = REMEMBERED_S + 1
    assert (await house.do("HassUndo")).sentence == "There's nothing to undo."
    assert house.home.states()["light.kitchen"] == "on"


async def test_what_was_refused_or_asked_is_nothing_to_undo() -> None:
    house = House()
    await house.do("HassTurnOn", name="garage light")
    await house.do("HassGetState", name="kitchen light")
    assert (await house.do("HassUndo")).outcomes[0].error == "nothing_to_undo"


async def test_undoing_a_lock_asks_as_unlocking_does() -> None:
    """And is done after the yes only."""
    house = House()
    await house.do("HassLock", name="front door")
    done = await house.do("HassUndo")
    assert (done.asks, done.sentence) == ("yes", "Unlock the front door? Please say yes.")
    assert house.home.states()["lock.front_door"] == "locked"
    assert house.router.judge("No.", (), 0.9) == WONT
    await house.do("HassUndo")
    agreed = house.router.judge("Yes.", (), 0.9)
    assert isinstance(agreed, Call)
    done = await house.router.dispatch([agreed])
    assert house.home.states()["lock.front_door"] == "unlocked"
    assert (done.outcomes[0].allowed_by, done.sentence) == ("spoken yes", "Front door as before.")


async def test_what_cannot_be_undone_is_not_passed_over_for_something_older() -> None:
    """That a timer was made longer was the last deed: the light before it stays."""
    house = House()
    timers = Timers(house.clock, lambda _: None)
    router = Router([house.home, timers], deeds=Deeds(house.clock.now_s))
    await router.dispatch([Call("HassTurnOn", {"name": "kitchen light"})])
    await router.dispatch([Call("HassStartTimer", {"minutes": 5})])
    await router.dispatch([Call("HassIncreaseTimer", {"minutes": 5})])
    assert (await router.dispatch([Call("HassUndo")])).sentence == "I can't undo that."
    assert house.home.states()["light.kitchen"] == "on"
    assert (await router.dispatch([Call("HassUndo")])).sentence == "I can't undo that."  # it isn't as it was begun
    await timers.aclose()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (Call("HassStartTimer", {"minutes": 5}), "Timer canceled."),
        (Call("HassStartTimer", {"minutes": 5, "name": "pasta"}), "Pasta timer canceled."),
        (Call("HassSetAlarm", {"hours": 7}), "Alarm for 07:00 canceled."),
    ],
)
async def test_a_timer_that_was_just_started_is_canceled_and_the_others_run_on(call: Call, said: str) -> None:
    hand = Hand()
    timers = Timers(hand, lambda _: None)
    router = Router([timers], deeds=Deeds(hand.now_s))
    await router.dispatch([Call("HassStartTimer", {"minutes": 4})])
    hand.time_s += 1
    await router.dispatch([call])
    assert (await router.dispatch([Call("HassUndo")])).sentence == said
    assert [timer.seconds for timer in timers.running] == [240]
    assert len(timers.countdown.entries) == 1
    await timers.aclose()


async def test_a_model_cannot_name_a_deed_of_its_own_choice() -> None:
    house = House()
    await house.do("HassTurnOn", name="kitchen light")
    await house.do("HassTurnOn", name="fan")
    assert (await house.do("HassUndo", deed=1)).outcomes[0].error == "bad_arguments"
    assert (await Router([house.home]).dispatch([Call("HassUndo", {"deed": 1})])).outcomes[0].error == "unknown_tool"
    assert house.home.states()["light.kitchen"] == "on"


@pytest.mark.parametrize("word", sorted(PRONOUNS))
async def test_it_is_what_was_meant_last(word: str) -> None:
    """Also after a question about it."""
    house = House()
    await house.do("HassGetState", name="kitchen light")
    await house.do("HassTurnOn", name=word)
    done = await house.do("HassLightSet", name=word.upper(), brightness=20)
    (effect,) = done.outcomes[0].effects
    assert (effect.entity_id, dict(effect.data)) == ("light.kitchen", {"brightness_pct": 20})


async def test_a_question_about_nothing_in_the_home_changes_nothing_about_it() -> None:
    """The weather isn't turned off; the music that was paused is."""
    house = House()
    await house.do("HassTurnOn", name="kitchen light")
    await house.do("HassGetWeather")
    assert (await house.do("HassTurnOff", name="it")).sentence == "Kitchen light off."
    await house.do("HassMediaPause")
    assert (await house.do("HassTurnOff", name="it")).sentence == "Speaker off."


async def test_they_are_all_that_were_meant() -> None:
    house = House()
    await house.do("HassTurnOn", domain="light")
    assert len((await house.do("HassLightSet", name="them", brightness=20)).outcomes[0].effects) == 6


async def test_it_may_be_unlocked_only_after_a_yes() -> None:
    house = House()
    await house.do("HassGetState", name="front door")
    assert (await house.do("HassUnlock", name="it")).asks


async def test_it_means_nothing_after_a_minute_at_the_start_and_of_two() -> None:
    """Then it is asked for, and nothing happens."""
    house = House()
    assert (await house.do("HassTurnOn", name="it")).sentence == "You didn't say what."
    await house.router.dispatch([Call("HassTurnOn", {"name": n}) for n in ("kitchen light", "fan")])
    assert (await house.do("HassTurnOff", name="it")).outcomes[0].error == "which_one"
    await house.do("HassTurnOn", name="fan")
    house.clock.time_s = REMEMBERED_S + 1
    assert (await house.do("HassTurnOff", name="it")).outcomes[0].error == "no_target"
    assert house.home.states()["fan.living_room"] == "on"


async def test_repeat_says_the_last_answer_again_for_a_minute() -> None:
    house = House()
    assert (await house.do("HassRepeat")).sentence == "I haven't said anything."
    house.router.said("It's 14:05.")
    assert (await house.do("HassRepeat")).sentence == "It's 14:05."
    house.clock.time_s = REMEMBERED_S + 1
    assert (await house.do("HassRepeat")).outcomes[0].error == "nothing_said"


async def test_why_is_answered_from_what_was_allowed_by_what() -> None:
    """Of the last reply, however long ago; asking again changes nothing."""
    house = House()
    assert (await house.do("HassGetReason")).sentence == "I haven't done anything yet."
    await house.do("HassTurnOn", name="kitchen light")
    why = "Kitchen light on: I heard you ask for it, and I may control it."
    assert (await house.do("HassGetReason")).sentence == why
    assert (await house.do("HassGetReason")).sentence == why
    await house.do("HassTurnOn", name="garage light")
    assert (await house.do("HassGetReason")).sentence == "I did nothing: I don't know a garage light."
    await house.do("HassLock", name="front door")
    why = "Front door locked: I heard you ask for it, and it makes the home safer."
    assert (await house.do("HassGetReason")).sentence == why
    await house.do("HassGetState", name="kitchen light")
    assert (await house.do("HassGetReason")).sentence == "I only looked: The kitchen light is on."


def test_the_model_is_told_of_undo_and_repeat_only() -> None:
    """Two words each; why is understood without being told."""
    told = {tool.name: tool.description for tool in Router([], deeds=Deeds(Hand().now_s)).tools()}
    assert told == {"HassUndo": "Undo last", "HassRepeat": "Say again"}


@pytest.mark.parametrize(
    ("effect", "state", "attributes"),
    [
        (Effect("scene.turn_on", "scene.a"), "x", {}),
        (Effect("climate.set_temperature", "climate.a", {"temperature": 3}), "heat", {}),
        (Effect("lock.open", "lock.a"), "locked", {}),
        (Effect("", None), "", {}),
    ],
)
def test_what_has_no_inverse_has_none(effect: Effect, state: str, attributes: dict[str, Value]) -> None:
    assert inverse(effect, state, attributes) == ()


def test_a_blind_half_way_goes_back_half_way() -> None:
    effect = Effect("cover.open_cover", "cover.a")
    assert inverse(effect, "open", {"position": 50}) == (
        Effect("cover.set_cover_position", "cover.a", {"position": 50}),
    )


@pytest.mark.parametrize(
    ("effect", "state", "attributes", "back"),
    [
        (
            Effect("light.turn_off", "light.a"),
            "on",
            {"brightness": 77, "color_temp_kelvin": 2700},
            Effect("light.turn_on", "light.a", {"brightness": 77, "color_temp_kelvin": 2700}),
        ),
        (
            Effect("light.turn_on", "light.a", {"brightness_pct": 5}),
            "on",
            {"brightness": 77, "hs_color": (10.0, 90.0)},
            Effect("light.turn_on", "light.a", {"brightness": 77}),
        ),
        (
            Effect("fan.turn_off", "fan.a"),
            "on",
            {"percentage": 66},
            Effect("fan.turn_on", "fan.a", {"percentage": 66}),
        ),
        (
            Effect("climate.turn_off", "climate.a"),
            "cool",
            {"hvac_modes": ["cool", "off"]},
            Effect("climate.set_hvac_mode", "climate.a", {"hvac_mode": "cool"}),
        ),
        (Effect("media_player.media_play", "m.a"), "idle", {}, Effect("media_player.media_stop", "m.a")),
        (Effect("vacuum.start", "vacuum.a"), "docked", {}, Effect("vacuum.return_to_base", "vacuum.a")),
        (Effect("input_boolean.turn_on", "i.a"), "off", {}, Effect("input_boolean.turn_off", "i.a")),
    ],
)
def test_a_real_homes_values_are_brought_back_in_its_own_terms(
    effect: Effect, state: str, attributes: dict[str, Value], back: Effect
) -> None:
    assert inverse(effect, state, attributes) == (back,)
