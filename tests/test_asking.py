"""What is missing is asked for, once, and the answer completes the call."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from assistant.events import ToolCalled
from assistant.intents.asking import NOT_GOT, QUESTIONS, number
from assistant.intents.demo_file import read
from assistant.intents.demo_home import DemoHome
from assistant.intents.router import Router
from assistant.intents.timers import Timers
from assistant.intents.translated import refusal
from assistant.stages import Call, Value
from tests.fakes import SILENCE, SPEECH, ScriptedSession, sound
from tests.test_conversation import COMMAND, House
from tests.test_deeds import Hand

THERMOSTAT = Call("HassClimateSetTemperature", {"name": "thermostat"})


def a_router(least: float = 0.0) -> tuple[Router, DemoHome]:
    home = DemoHome()
    return Router([home, Timers(Hand(), lambda _: None)], min_confidence=least), home


async def asked(router: Router, tool: str, /, **arguments: Value) -> str | None:
    done = await router.dispatch([Call(tool, arguments)])
    assert done.asks
    assert not done.outcomes[0].effects
    return done.sentence


@pytest.mark.parametrize(
    ("language", "tool", "answer", "slots"),
    [
        ("de", "HassClimateSetTemperature", "Auf 21,5 Grad, bitte.", {"temperature": 21.5}),
        ("fr", "HassClimateSetTemperature", "21.5 degrés", {"temperature": 21.5}),
        ("de", "HassStartTimer", "fünf Minuten", {"minutes": 5.0}),
        ("de", "HassStartTimer", "2 Stunden", {"hours": 2.0}),
        ("de", "HassStartTimer", "30 Sekunden", {"seconds": 30.0}),
        ("fr", "HassStartTimer", "deux heures", {"hours": 2.0}),
        ("es", "HassStartTimer", "10 minutos", {"minutes": 10.0}),
        ("es", "HassStartTimer", "2 horas", {"hours": 2.0}),
        ("es", "HassStartTimer", "30 segundos", {"seconds": 30.0}),
        ("de", "HassStartTimer", "Zwanzig Minuten.", {"minutes": 20.0}),
        ("de", "HassStartTimer", "fünfunddreißig Minuten", {"minutes": 35.0}),
        ("de", "HassSetVolume", "auf hundert", {"volume_level": 100}),
        ("fr", "HassStartTimer", "vingt minutes", {"minutes": 20.0}),
        ("fr", "HassStartTimer", "vingt et une minutes", {"minutes": 21.0}),
        ("fr", "HassSetVolume", "soixante-quinze pour cent", {"volume_level": 75}),
        ("fr", "HassSetVolume", "Quatre-vingt-dix-sept.", {"volume_level": 97}),
        ("fr", "HassSetVolume", "deux cents", {"volume_level": 200}),
        ("fr", "HassClimateSetTemperature", "vingt et un degrés et demi", {"temperature": 21.5}),
        ("es", "HassStartTimer", "veinte minutos", {"minutes": 20.0}),
        ("es", "HassStartTimer", "treinta y un minutos", {"minutes": 31.0}),
        ("es", "HassClimateSetTemperature", "a veintidós y medio", {"temperature": 22.5}),
    ],
)
async def test_an_answer_may_be_given_in_the_language_of_the_question(
    language: str, tool: str, answer: str, slots: dict[str, Value]
) -> None:
    """A figure with its decimals, and a length with its unit."""
    router = Router([DemoHome(), Timers(Hand(), lambda _: None)], language=language)
    await asked(router, tool)
    assert router.judge(answer, (), 0.9) == Call(tool, slots)


@pytest.mark.parametrize(
    ("language", "answer"),
    [("de", "zweihundert"), ("fr", "cent vingt"), ("es", "ciento veinte"), ("de", "zehn oder zwanzig")],
)
async def test_a_number_that_is_not_understood_is_not_half_of_it(language: str, answer: str) -> None:
    """A hundred and twenty isn't twenty."""
    router = Router([DemoHome()], language=language)
    await asked(router, "HassSetVolume")
    assert router.judge(answer, (), 0.9) == refusal(NOT_GOT, language)


@pytest.mark.parametrize(
    ("language", "answers"),
    [
        ("en", {"An hour, please.": ("hours", 1), "for a minute": ("minutes", 1), "a second": ("seconds", 1),
                "half an hour": ("minutes", 30), "half a minute": ("seconds", 30), "an hour and a half": ("hours", 1.5),
                "a quarter of an hour": ("minutes", 15), "three quarters of an hour": ("minutes", 45),
                "two and a half hours": ("hours", 2.5), "an hour and a quarter": ("hours", 1.25)}),
        ("de", {"Eine Stunde, bitte.": ("hours", 1), "eine Minute": ("minutes", 1), "eine Sekunde": ("seconds", 1),
                "eine halbe Stunde": ("minutes", 30), "eine halbe Minute": ("seconds", 30),
                "anderthalb Stunden": ("hours", 1.5), "eineinhalb Stunden": ("hours", 1.5),
                "eine Viertelstunde": ("minutes", 15), "eine Dreiviertelstunde": ("minutes", 45)}),
        ("fr", {"Une heure, s'il te plaît.": ("hours", 1), "une minute": ("minutes", 1), "une seconde": ("seconds", 1),
                "une demi-heure": ("minutes", 30), "une heure et demie": ("hours", 1.5),
                "une heure et quart": ("hours", 1.25), "un quart d'heure": ("minutes", 15),
                "trois quarts d'heure": ("minutes", 45), "vingt et une heures": ("hours", 21)}),
        ("es", {"Una hora, por favor.": ("hours", 1), "un minuto": ("minutes", 1), "un segundo": ("seconds", 1),
                "media hora": ("minutes", 30), "medio minuto": ("seconds", 30), "una hora y media": ("hours", 1.5),
                "una hora y cuarto": ("hours", 1.25), "un cuarto de hora": ("minutes", 15),
                "tres cuartos de hora": ("minutes", 45), "treinta y una horas": ("hours", 31)}),
    ],
)  # fmt: skip
async def test_a_length_may_be_one_or_a_part_of_one(language: str, answers: dict[str, tuple[str, float]]) -> None:
    """Nobody says "one hour"."""
    router = Router([Timers(Hand(), lambda _: None)], language=language)
    for answer, (unit, value) in answers.items():
        await asked(router, "HassStartTimer")
        assert router.judge(answer, (), 0.9) == Call("HassStartTimer", {unit: value}), answer


@pytest.mark.parametrize(
    ("language", "answer"),
    [("en", "an hour and ten minutes"), ("de", "eine Stunde und zehn Minuten"), ("fr", "une heure trente"),
     ("es", "una hora y diez minutos"), ("en", "an hour or two"), ("en", "a moment"), ("de", "eine Weile")],
)  # fmt: skip
async def test_of_two_lengths_none_is_taken_for_all(language: str, answer: str) -> None:
    """An hour and ten minutes were ten hours."""
    router = Router([Timers(Hand(), lambda _: None)], language=language)
    await asked(router, "HassStartTimer")
    assert router.judge(answer, (), 0.9) == refusal(NOT_GOT, language)


async def answered(router: Router, said: str, *calls: Call) -> str | None:
    """What is said in the end."""
    match router.judge(said, calls, 0.9):
        case Call() as complete:
            return (await router.dispatch([complete])).sentence
        case str(sentence):
            return sentence
        case None:
            return (await router.dispatch(calls)).sentence


@pytest.mark.parametrize(
    ("tool", "arguments", "question", "answer", "done"),
    [
        ("HassClimateSetTemperature", {}, "To how many degrees?", "twenty one", "Temperature set to 21 degrees."),
        (
            "HassClimateSetTemperature",
            {"temperature": "unknown"},
            "To how many degrees?",
            "To 21.5 degrees, please.",
            "Temperature set to 21.5 degrees.",
        ),
        ("HassSetPosition", {"name": "office blinds"}, "To how many percent?", "50 or 60", NOT_GOT),
        ("HassSetPosition", {"name": "office blinds"}, "To how many percent?", "50 percent", "Office blinds at 50 "),
        ("HassSetVolume", {}, "To how many percent?", "forty", "Volume at 40 percent."),
        ("HassLightSet", {"name": "desk lamp"}, "How bright, or which color?", "thirty percent", "Office light at 30 "),
        ("HassStartTimer", {}, "For how long?", "ten minutes", "Timer set for 10 minutes."),
        ("HassStartTimer", {}, "For how long?", "ten", NOT_GOT),
        ("HassTurnOn", {"name": "fan", "area": "bedroom"}, None, "", ""),
        ("HassClimateSetTemperature", {}, "To how many degrees?", "never mind", ""),
        ("HassClimateSetTemperature", {}, "To how many degrees?", "ninety", "I can set the temperature from 5 to 30 "),
        ("HassClimateSetTemperature", {}, "To how many degrees?", "Sorry, I didn't understand that.", NOT_GOT),
        ("HassListAddItem", {}, "What shall I add?", "Sorry, I didn't understand that.", NOT_GOT),
    ],
)
async def test_an_answer_in_words_completes_the_call(
    tool: str, arguments: dict[str, Value], question: str | None, answer: str, done: str
) -> None:
    """Or says why it isn't done; what a model says is never written onto a list."""
    router, _ = a_router()
    if question is None:
        assert not (await router.dispatch([Call(tool, arguments)])).asks
        return
    assert await asked(router, tool, **arguments) == question
    assert str(await answered(router, answer)).startswith(done)


@pytest.mark.parametrize(
    ("tool", "arguments", "call", "done"),
    [
        (
            "HassClimateSetTemperature",
            {"name": "thermostat"},
            Call("HassClimateSetTemperature", {"temperature": 21}),
            "Temperature set to 21 degrees.",
        ),
        ("HassListAddItem", {}, Call("HassListAddItem", {"item": "milk"}), "Added milk to the shopping list."),
        (
            "HassLightSet",
            {"name": "desk lamp"},
            Call("HassLightSet", {"color": "red", "name": "unknown"}),
            "Office light red.",
        ),
        ("HassStartTimer", {"name": "tea"}, Call("HassStartTimer", {"minutes": 3}), "Tea timer set for 3 minutes."),
        ("HassSetVolume", {}, Call("HassAnswer", {"answer": "forty"}), "Volume at 40 percent."),
        ("HassSetVolume", {}, Call("HassSetVolume", {"name": "music"}), NOT_GOT),
        ("HassSetVolume", {}, Call("HassTurnOn", {"name": "kitchen light"}), "Kitchen light on."),
    ],
)
async def test_a_model_may_answer_with_the_call_itself(
    tool: str, arguments: dict[str, Value], call: Call, done: str
) -> None:
    """What was said before stays; another command is one."""
    router, _ = a_router()
    await asked(router, tool, **arguments)
    assert await answered(router, "", call) == done


def without_a_room() -> DemoHome:
    """A home in which the assistant stands nowhere: no blind is nearer than another."""
    furnished = read()
    return DemoHome(replace(furnished, directory=replace(furnished.directory, here=None)))


async def test_it_is_asked_once() -> None:
    """An answer that leaves it open ends it; the next command may be asked about again."""
    home = without_a_room()
    router = Router([home])
    before = home.things()
    for _ in range(2):
        question = await asked(router, "HassOpenCover", name="blinds")
        again = router.judge("the blinds", (), 0.9)
        assert isinstance(again, Call)
        done = await router.dispatch([again])
        assert (done.asks, done.sentence) == ("", question)
    assert home.things() == before


@pytest.mark.parametrize("answer", ["the bedroom one", "bedroom", "The bedroom blinds.", "bedroom curtains"])
async def test_which_one_is_answered_with_what_tells_it_apart(answer: str) -> None:
    home = without_a_room()
    router = Router([home])
    question = await asked(router, "HassOpenCover", name="blinds")
    assert question == "Which one: the living room blinds, the bedroom blinds or the office blinds?"
    assert await answered(router, answer) == "Bedroom blinds open."
    assert home.states()["cover.bedroom"] == "open"


async def test_a_doubtful_answer_does_nothing() -> None:
    router, home = a_router(0.95)
    await asked(router, "HassClimateSetTemperature")
    assert router.judge("", (Call("HassClimateSetTemperature", {"temperature": 27}),), 0.9) == NOT_GOT
    assert home.things()["climate.home"].attributes["temperature"] == 20


async def test_an_answer_is_no_yes() -> None:
    """Which door it is doesn't open it."""
    router, home = a_router()
    await home.handle(Call("HassLock", {"name": "front door"}))
    await asked(router, "HassUnlock", name="front door")
    assert router.judge("the front one", (), 0.9) == "I didn't hear a yes, so I won't."
    assert home.states()["lock.front_door"] == "locked"


async def test_two_things_missing_are_said_and_not_asked() -> None:
    router, _ = a_router()
    done = await router.dispatch([THERMOSTAT, Call("HassSetVolume")])
    assert (done.asks, done.sentence) == ("", "To how many degrees? To how many percent?")


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("21", 21), ("21,5 degrees", 21.5), ("twenty one and a half", 21.5), ("one hundred percent", 100),
        ("a hundred and five", 105), ("nineteen", 19), ("sixty", 60), ("zero", 0),
        ("between ten and twenty", None), ("20 or 21", None), ("warm", None), ("", None), ("half", None),
    ],
)  # fmt: skip
def test_one_number_is_read_and_several_are_none(said: str, value: float | None) -> None:
    assert number(said) == value


SET = ["<|tool_call>", "call:HassSetVolume{}", "<tool_call|>"]
FORTY = ["<|tool_call>", "call:HassSetVolume{volume_level:40}", "<tool_call|>"]


@pytest.mark.parametrize(("reply", "said"), [(FORTY, "Volume at 40 percent."), (["Forty."], "Volume at 40 percent.")])
async def test_the_answer_needs_no_wake_word(reply: Sequence[str], said: str) -> None:
    home = DemoHome()
    house = House(ScriptedSession(SET, reply), home=home)
    await house.replay(sound(*COMMAND[:-1], (SILENCE, 2.7), (SPEECH, 0.5), (SILENCE, 2.5)))
    assert [text for text, _ in house.voice.said] == ["To how many percent?", said]
    lacking, done = house.all_of(ToolCalled)
    assert (lacking.error, lacking.effects) == ("needs_slot", [])
    assert done.effects == [
        {"service": "media_player.volume_set", "entity_id": "media_player.living_room", "data": {"volume_level": 0.4}}
    ]


def test_every_slot_that_is_asked_for_has_a_question() -> None:
    asked_for = {p.name for tool in DemoHome().tools() for p in tool.parameters if p.asked}
    assert asked_for == {"temperature", "position", "volume_level", "item"}
    assert asked_for <= QUESTIONS.keys()
