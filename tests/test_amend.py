"""What a whole sentence asks for, behind its beginning: nothing is done twice, a correction undoes, and no more."""

from collections.abc import Sequence

import pytest

from assistant.intents.amend import Done
from assistant.intents.deeds import UNDO, Deeds
from assistant.intents.own import Controls, Own
from assistant.intents.router import Dispatched, Router
from assistant.intents.timers import Timers
from assistant.stages import Call, Effect, Outcome, Tool, Value
from tests.test_deeds import House


def call(tool: str, /, **arguments: Value) -> Call:
    return Call(tool, arguments)


KITCHEN = call("HassTurnOn", name="kitchen light")
BEDROOM = call("HassTurnOn", name="bedroom light")
FAN = call("HassTurnOn", name="living room fan")
BRIGHT = call("HassLightSet", name="kitchen light", brightness=30)
OFF = call("HassTurnOff", name="kitchen light")
ALL, NONE = call("HassTurnOn", area="kitchen"), call("HassTurnOff", area="kitchen")
LOCK, UNLOCK = call("HassLock", name="front door"), call("HassUnlock", name="front door")


class Timed(House):
    """With timers, and a volume of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.volume = 50
        self.timers = Timers(self.clock, lambda _: None)
        own = Own(Controls(volume=lambda: self.volume, set_volume=lambda level: setattr(self, "volume", level)))
        self.router = Router([self.home, self.timers, own], deeds=Deeds(self.clock.now_s))


async def amended(house: House, first: Sequence[Call], whole: Sequence[Call]) -> Dispatched:
    """Do the first, then what all of the sentence asks for."""
    begun = await house.router.dispatch(first)
    return await house.router.dispatch(whole, before=list(map(Done, first, begun.outcomes)))


@pytest.mark.parametrize(
    ("first", "whole", "effects"),
    [
        ([KITCHEN], [KITCHEN, BEDROOM], ["light.turn_on light.bedroom"]),
        ([KITCHEN], [BEDROOM], ["light.turn_off light.kitchen", "light.turn_on light.bedroom"]),
        ([KITCHEN], [BRIGHT], ["light.turn_on light.kitchen"]),  # no undo in between: it would flicker
        ([KITCHEN], [OFF], ["light.turn_off light.kitchen"]),
        ([KITCHEN], [OFF, KITCHEN], ["light.turn_off light.kitchen", "light.turn_on light.kitchen"]),
        ([KITCHEN, BEDROOM], [KITCHEN], ["light.turn_off light.bedroom"]),
        ([KITCHEN, FAN], [KITCHEN, BEDROOM], ["fan.turn_off fan.living_room", "light.turn_on light.bedroom"]),
        ([KITCHEN], [KITCHEN, KITCHEN], ["light.turn_on light.kitchen"]),
        ([KITCHEN], [UNDO], ["light.turn_off light.kitchen"]),
        ([KITCHEN], [call("HassGetWeather")], ["light.turn_off light.kitchen"]),
        ([KITCHEN, BEDROOM], [], ["light.turn_off light.bedroom", "light.turn_off light.kitchen"]),
        (
            [call("HassMediaNext")],
            [KITCHEN],
            ["media_player.media_previous_track media_player.living_room", "light.turn_on light.kitchen"],
        ),
    ],
)
async def test_a_whole_sentence_is_done_as_if_its_beginning_had_not_been_taken_for_it(
    first: list[Call], whole: list[Call], effects: list[str]
) -> None:
    done = await amended(House(), first, whole)
    assert [f"{e.service} {e.entity_id}" for o in done.now for e in o.effects] == effects
    assert [outcome.call.name for outcome in done.outcomes] == [call.name for call in whole]


@pytest.mark.parametrize(
    ("first", "whole"), [([ALL, KITCHEN], [KITCHEN]), ([BRIGHT, KITCHEN], [KITCHEN]), ([KITCHEN], [NONE, KITCHEN])]
)
async def test_what_is_still_asked_for_is_done_though_another_call_was_about_it_too(
    first: list[Call], whole: list[Call]
) -> None:
    one, other = House(), House()
    await one.router.dispatch(whole)
    await amended(other, first, whole)
    assert other.things() == one.things()


@pytest.mark.parametrize("first", [[KITCHEN], [ALL, BRIGHT]])
@pytest.mark.parametrize("whole", [[BRIGHT], [OFF], [OFF, KITCHEN], [NONE, KITCHEN], [KITCHEN, BEDROOM], [BEDROOM]])
async def test_undo_behind_it_takes_back_all_of_it_and_nothing_of_the_sentence_before(
    first: list[Call], whole: list[Call]
) -> None:
    house = House()
    await house.router.dispatch([FAN])
    was = house.things()
    await amended(house, first, whole)
    assert (await house.do("HassUndo")).outcomes[0].ok
    assert house.things() == was


@pytest.mark.parametrize(
    ("whole", "asks"),
    [
        (call("HassLightSet", name="kitchen light", brightness=300), ""),
        (call("HassLightSet", name="kitchen light"), "what"),
        (UNLOCK, "yes"),
    ],
)
async def test_undo_behind_a_rest_that_was_not_done_reaches_no_sentence_before(whole: Call, asks: str) -> None:
    house = House()
    await house.router.dispatch([FAN])
    assert (await amended(house, [LOCK] if whole is UNLOCK else [KITCHEN], [whole])).asks == asks
    await house.do("HassUndo")
    assert house.home.states()["fan.living_room"] == "on"


async def test_what_was_set_on_the_way_is_gone_when_it_is_not_asked_for_any_more() -> None:
    one, other = House(), House()
    await one.router.dispatch([KITCHEN])
    await amended(other, [KITCHEN, BRIGHT], [KITCHEN])
    assert other.things() == one.things()


@pytest.mark.parametrize("by", [{}, {"by": 30}])
async def test_steps_do_not_add_up_and_a_figure_that_is_said_again_counts(by: dict[str, Value]) -> None:
    first = call("HassAdjust", name="living room light", way="down", **by)
    house = House()
    await amended(house, [first], [call("HassAdjust", name="living room light", way="down", by=10)])
    assert house.things()["light.living_room"][1]["brightness_pct"] == 70
    house = House()
    await house.router.dispatch([KITCHEN])
    await amended(house, [first], [call("HassAdjust", name="kitchen light", way="down", by=30)])
    assert house.things()["light.kitchen"][1]["brightness_pct"] == 70


async def test_things_that_add_up_are_taken_back_though_they_have_the_same_name() -> None:
    house = Timed()
    await amended(
        house,
        [
            call("HassStartTimer", minutes=20, name="pasta"),
            call("HassListAddItem", item="peanut", name="shopping list"),
        ],
        [
            call("HassStartTimer", minutes=25, name="pasta"),
            call("HassListAddItem", item="peanut butter", name="shopping list"),
        ],
    )
    assert [timer.seconds for timer in house.timers.running] == [1500]
    assert "peanut butter" in house.things()["todo.shopping_list"][1]["items"]
    assert "peanut" not in house.things()["todo.shopping_list"][1]["items"]
    await house.timers.aclose()


async def test_what_was_refused_for_doubt_is_done_when_the_whole_sentence_says_it_clearly() -> None:
    house = House()
    router = Router([house.home], min_confidence=0.8, deeds=Deeds(house.clock.now_s))
    begun = await router.dispatch([KITCHEN], 0.5)
    done = await router.dispatch([KITCHEN], 0.9, before=[Done(KITCHEN, begun.outcomes[0])])
    assert done.sentence == "Kitchen light on."
    assert done.now == done.outcomes


async def test_what_needs_a_yes_to_be_taken_back_stays_and_keeps_nothing_else() -> None:
    """The sentence asked for something else: the yes would be to what nobody named."""
    house = House()
    await house.router.dispatch([UNLOCK])
    agreed = house.router.judge("Yes.", (), 0.9)
    assert isinstance(agreed, Call)
    await house.router.dispatch([agreed])
    done = await amended(house, [KITCHEN, LOCK], [BEDROOM])
    assert (done.sentence, done.asks) == ("I can't undo that. Bedroom light on.", "")
    locked = {"lock.front_door": "locked", "light.kitchen": "off", "light.bedroom": "on"}
    assert house.home.states() | locked == house.home.states()
    assert [outcome.error for outcome in done.told] == ["cannot_undo", None]


async def test_what_cannot_be_taken_back_is_told() -> None:
    house = Timed()
    await house.router.dispatch([call("HassStartTimer", minutes=5)])
    done = await amended(house, [call("HassIncreaseTimer", minutes=5)], [KITCHEN])
    assert done.sentence == "I can't undo that. Kitchen light on."
    await house.timers.aclose()


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ([KITCHEN], "Kitchen light as before."),
        ([call("HassStartTimer", minutes=5)], "Timer canceled."),
        ([call("HassSetOwnVolume", volume_level=90)], "My volume as before."),
        ([call("HassCancelTimer")], ""),  # there was none
        ([UNLOCK], ""),  # it was asked for a yes
        ([call("HassGetWeather")], ""),
    ],
)
async def test_a_never_mind_takes_back_what_was_done_and_withdraws_what_was_asked(first: list[Call], said: str) -> None:
    house = Timed()
    await house.router.dispatch([FAN])
    was = house.things()
    assert (await amended(house, first, [])).sentence == said
    assert (house.things(), house.timers.running, house.volume) == (was, (), 50)
    assert not isinstance(house.router.judge("Yes.", (), 0.9), Call)
    assert (await house.router.dispatch([BEDROOM])).sentence == "Bedroom light on."
    await house.do("HassUndo")
    assert (house.volume, house.timers.running) == (50, ())
    await house.do("HassUndo")
    assert house.home.states()["fan.living_room"] == "off"  # the sentence before that


class Slow:
    """A home that has asked a thing, and hasn't seen it change yet."""

    def tools(self) -> tuple[Tool]:
        return (Tool("Tv", "A television"),)

    def context(self) -> str:
        return ""

    async def handle(self, call: Call) -> Outcome:
        effects = (Effect("media_player.turn_on", "media_player.tv"),)
        return Outcome(
            call, ok=False, sentence="I asked, but it hasn't changed yet.", effects=effects, error="deadline"
        )


@pytest.mark.parametrize("whole", [[KITCHEN], []])
async def test_what_may_still_be_done_and_is_not_wanted_is_told(whole: list[Call]) -> None:
    house = House()
    house.router = Router([house.home, Slow()], deeds=Deeds(house.clock.now_s))
    done = await amended(house, [call("Tv")], whole)
    assert str(done.sentence).startswith("I can't undo that.")


@pytest.mark.parametrize("whole", [[BEDROOM], []])
async def test_so_is_an_undo_that_is_not_wanted(whole: list[Call]) -> None:
    house = House()
    await house.router.dispatch([KITCHEN])
    assert str((await amended(house, [UNDO], whole)).sentence).startswith("I can't undo that.")


async def test_the_model_is_not_asked_to_word_a_never_mind() -> None:
    """In a language without sentences of ours; its words would be about calls, and there are none."""
    house = House()
    house.router = Router([house.home], deeds=Deeds(house.clock.now_s), language="it")
    assert (await amended(house, [KITCHEN], [])).sentence == ""
    assert house.home.states()["light.kitchen"] == "off"


async def test_undo_of_its_own_volume_and_of_a_timer_is_no_deed_that_can_be_undone() -> None:
    house = Timed()
    await house.router.dispatch([KITCHEN])
    for deed in (call("HassSetOwnVolume", volume_level=90), call("HassStartTimer", minutes=5)):
        await house.router.dispatch([deed])
        await house.do("HassUndo")
    await house.do("HassUndo")
    assert (house.volume, house.home.states()["light.kitchen"]) == (50, "off")


async def test_an_alarm_that_is_undone_with_a_light_is_no_timer() -> None:
    house = Timed()
    await house.router.dispatch([KITCHEN, call("HassSetAlarm", hours=7)])
    assert (await house.do("HassUndo")).sentence == "Kitchen light as before."
    assert house.timers.countdown.entries == ()
    await house.timers.aclose()
