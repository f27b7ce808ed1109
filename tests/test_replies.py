"""Results -> sentences."""

import pytest

from assistant.intents.replies import sentence, worded
from assistant.stages import Call, Outcome, Value


def done(tool: str, /, **result: Value) -> Outcome:
    return Outcome(Call(tool), ok=True, sentence=None, result=result)


def refused(said: str) -> Outcome:
    return Outcome(Call("HassTurnOn"), ok=False, sentence=said, error="unknown_name")


KITCHEN_OFF = done("HassTurnOff", name="kitchen light", state="off")
HALLWAY_OFF = done("HassTurnOff", name="hallway light", state="off")
TV_ON = done("HassTurnOn", name="television", state="on")
COLD = done("HassGetState", name="freezer", domain="sensor", state="-18", value=-18.0, unit="°C")


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (KITCHEN_OFF, "Kitchen light off."),
        (done("HassTurnOff", name="all lights", state="off"), "All lights off."),
        (
            done("HassGetState", name="Outdoor Sensor", domain="sensor", unit="°C", value=7.5, state="7.5"),
            "It's 7.5 degrees outside.",
        ),
        (done("HassTurnOn", name="thermostat", state="heat"), "Thermostat on."),
        (done("HassTurnOn", name="front door", state="locked"), "Front door locked."),
        (done("HassLightSet", name="lamp", state="on", color="red", brightness=50), "Lamp red at 50 percent."),
        (done("HassSetPosition", name="blinds", state="open", position=25.0), "Blinds at 25 percent."),
        (done("HassClimateSetTemperature", name="thermostat", temperature=21.5), "Temperature set to 21.5 degrees."),
        (done("HassMediaPrevious", name="speaker", state="playing"), "Previous song."),
        (done("HassStartTimer", seconds=5400), "Timer set for 1 hour and 30 minutes."),
        (done("HassCancelTimer", name="pasta"), "Pasta timer canceled."),
        (done("HassCancelAllTimers"), "All timers canceled."),
        (done("HassTimerStatus", **{"pasta timer": 480.0}), "8 minutes left on the pasta timer."),
        (
            done("HassTimerStatus", **{"pasta timer": 480.0, "egg timer": 61.0}),
            "8 minutes left on the pasta timer, 1 minute and 1 second on the egg timer.",
        ),
        (done("HassTimerStatus"), "There's no timer running."),
        (done("HassGetCurrentTime", time="09:05"), "It's 09:05."),
        (done("HassGetCurrentDate", date="2027-01-01"), "Friday, 1 January."),
        (COLD, "The freezer is minus 18 degrees."),
        (
            done("HassGetState", name="office blinds", domain="cover", state="open", position=50),
            "The office blinds are open at 50 percent.",
        ),
        (
            done("HassGetState", name="boiler", domain="climate", state="off", temperature=20, current_temperature=1),
            "The boiler is off, and it's 1 degree now.",
        ),
        (
            done("HassGetState", name="music", domain="media_player", state="paused", media_title="So What"),
            "The music is paused.",
        ),
        (
            done("HassGetState", name="blinds", domain="cover", state="open", position=100),
            "The blinds are open.",
        ),
        (done("HassGetState", name="shopping list", domain="todo", state="0", items=""), "The shopping list is empty."),
        (done("HassGetState", name="front door", domain="lock", state="unavailable"), "The front door is unavailable."),
        (
            done("HassGetWeather", day="today", condition="partlycloudy", temperature=-1, high=1, low=-4),
            "Today it's partly cloudy, minus 1 degrees, high 1, low minus 4.",
        ),
    ],
)
def test_a_result_has_one_short_sentence(outcome: Outcome, said: str) -> None:
    """Numbers and units as a voice should say them."""
    assert worded(outcome).sentence == said


def test_things_that_became_the_same_share_a_sentence() -> None:
    """No repetition, even when something else was done between."""
    assert sentence([KITCHEN_OFF, HALLWAY_OFF]) == "Kitchen light and hallway light off."
    assert sentence([KITCHEN_OFF, TV_ON, HALLWAY_OFF]) == "Kitchen light and hallway light off, television on."
    assert sentence([KITCHEN_OFF, KITCHEN_OFF]) == "Kitchen light off."
    added = [done("HassListAddItem", item=item, name="shopping list") for item in ("milk", "eggs", "rice")]
    assert sentence(added) == "Added milk, eggs and rice to the shopping list."


def test_answers_and_refusals_are_sentences_of_their_own() -> None:
    """What was done comes first where it was done first, and the same refusal isn't said twice."""
    unknown = refused("I don't know a garage light.")
    assert sentence([KITCHEN_OFF, unknown, unknown]) == "Kitchen light off. I don't know a garage light."
    assert sentence([unknown, TV_ON, COLD]) == (
        "I don't know a garage light. Television on. The freezer is minus 18 degrees."
    )


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (done("HassGetState", name="all lights", off="kitchen lights", on="lamp, hallway light"),
         "The kitchen lights are off, the rest on."),
        (done("HassGetState", name="all lights", off="lamp", on="kitchen lights, hallway light"),
         "The lamp is off, the rest on."),
        (done("HassGetState", name="radiators", domain="climate", state="off", temperature=20, current_temperature=19),
         "The radiators are off, and it's 19 degrees now."),
        (done("HassGetState", name="radiators", domain="climate", state="heat", temperature=20, current_temperature=19),
         "The radiators are set to heat to 20 degrees, and it's 19 degrees now."),
        (done("HassGetState", name="groceries", domain="todo", state="0", items=""), "The groceries are empty."),
        (done("HassGetState", name="glass", state="off"), "The glass is off."),
        (done("HassGetState", name="lamp that is on", state="off"), "The lamp that is on is off."),
    ],
)  # fmt: skip
def test_what_has_a_name_in_the_plural_has_a_verb_in_the_plural(outcome: Outcome, said: str) -> None:
    """Whatever the sentence tells of it."""
    assert worded(outcome).sentence == said


@pytest.mark.parametrize(
    "outcome",
    [
        done("HassNeverHeardOf", name="x"),
        done("HassGetWeather", day="sunday", condition="sunny", temperature=1, high=1, low=1),
        done("HassGetWeather", day="today", condition="sunny"),
        done("HassGetState", name="x", on="a", off="b", unavailable="c"),
        done("HassGetState", name="x", on="a, b, c, d", off="e, f, g, h"),
    ],
)
def test_where_no_template_fits_the_model_words_it(outcome: Outcome) -> None:
    """An unknown tool, a day without words, a missing figure, a long row."""
    assert sentence([outcome]) is None
    assert sentence([KITCHEN_OFF, outcome]) is None


def test_a_handler_may_word_its_own_result() -> None:
    """A sentence that is there is used where no template is."""
    assert sentence([Outcome(Call("Other"), ok=True, sentence="Done and dusted")]) == "Done and dusted."


def test_a_language_without_words_is_left_to_the_model() -> None:
    """English never answers in place of another language."""
    assert sentence([KITCHEN_OFF], "ja") is None


def test_names_with_braces_are_only_names() -> None:
    """A hostile name is data, not a template."""
    assert sentence([done("HassTurnOn", name="{state}{0}", state="on")]) == "{state}{0} on."
    assert sentence([done("HassGetState", name="{these}", state="{x}")]) == "The {these} is {x}."
    assert sentence([done("HassListAddItem", item="{these}", name="{these}")]) == "Added {these} to the {these}."


def test_nothing_done_is_nothing_said() -> None:
    """No calls, no words."""
    assert sentence([]) == ""
