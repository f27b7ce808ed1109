"""Answers in German, French and Spanish: complete, with the same slots, and in no English."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import manifest
from assistant.audio.clock import WallClock
from assistant.config import Config
from assistant.homes import build_home
from assistant.intents import asking, consent, french, german, home_asking, own, replies, router, spanish
from assistant.intents.translated import FAILED, language_for, refusal, thing, translated, words_for
from assistant.intents.words import ENGLISH, LANGUAGES
from assistant.stages import Call, Outcome
from assistant.turn import DONE, SORRY, WENT_WRONG

MODULES = {"de": german, "fr": french, "es": spanish}
OTHERS = sorted(MODULES)
INTENTS = Path(router.__file__).parent
# What stands in the sentences of the code, by the expression that it stands for there; else a lamp.
SAMPLES = {
    "_in(area)": " in the kitchen", "_noun(domain)": "light", "article": "a", "what": "the lamp", "kind": " timer",
    "ends": "has 4 minutes left", "question": "Open the lamp?", "be(entity.name)": "is",
    "timer.label": "timer for 5 minutes", "alarm.label": "pasta alarm", "left": "4 minutes and 1 second",
    "limit.sentence": "A position goes from 0 to 100 percent.", "f' {said}' if said else ''": " lamp",
}  # fmt: skip


def slots(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def refusals() -> set[str]:
    """Every sentence that the code refuses or asks with."""
    found = {
        *asking.QUESTIONS.values(), *home_asking._KNOWN.values(), consent.WONT, consent.NO_YES, consent.WRONG_PIN,
        consent.LOCKED, asking.NOT_GOT, router.NOT_UNDERSTOOD, router.ONE_AT_A_TIME, SORRY, DONE,
        WENT_WRONG, FAILED,
        "It's quiet time until 07:00.", "It's quiet time until 07:00: the volume goes up to 20.5 percent.",
        "Volume goes from 0 to 80 percent.", "I can set the temperature from 5 to 30 degrees.",
        "I asked, but the lamp and fan haven't changed yet.", "I asked, but 4 of them haven't changed yet.",
        "Which one: the lamp or the fan?", "That took too long.", "The lamp didn't answer in time.",
        "Something went wrong with the lamp.", "I did nothing: I can't do that.", "I only looked: the lamp is on.",
        "Lamp on: I heard you ask for it, and it makes the home safer and you said yes.", "Your timer is done.",
        "The lights are off.", "I don't know how the lights are set.", "The lights aren't available now.",
        "My volume is 40 percent.", own.GOODBYE, "I need a name for that.", "I haven't done anything yet.",
    }  # fmt: skip
    for path in INTENTS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "CallFailed" and node.args:
                found.add(_text(node.args[0]))
    return found - {""}


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(str(v.value) if isinstance(v, ast.Constant) else SAMPLES.get(_of(v), "lamp") for v in values)
    return ""


def _of(node: ast.expr) -> str:
    return ast.unparse(node.value) if isinstance(node, ast.FormattedValue) else ""


@pytest.mark.parametrize("language", OTHERS)
def test_every_template_has_its_counterpart_with_the_same_slots(language: str) -> None:
    """A half table would fail in the middle of an answer."""
    words = LANGUAGES[language]
    assert set(words) == set(ENGLISH)
    assert {key: slots(words[key]) for key in words} == {key: slots(ENGLISH[key]) for key in words}
    assert len(words["months"].split()) == 12
    assert len(words["weekdays"].split()) == 7


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_of_one_language_is_in_the_others(language: str) -> None:
    """With no slot that English hasn't."""
    for table, reference in ((MODULES[language].SAID, german.SAID), (MODULES[language].THINGS, german.THINGS)):
        assert set(table) == set(reference)
        assert all(slots(own) <= slots(english) for english, own in table.items())
    assert not MODULES[language].YES & MODULES[language].NO
    assert set(map(str, range(100))) | {"hundred"} <= set(MODULES[language].NUMBERS.values())


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("said", sorted(refusals()))
def test_every_refusal_and_question_of_the_code_can_be_said_in_every_language(said: str, language: str) -> None:
    """Whoever writes a new one writes it into german.py, french.py and spanish.py, too."""
    own = translated(said, language)
    assert own is not None
    assert own != said
    assert own[-1] in ".?!"


def test_names_are_kept_and_what_code_calls_a_thing_is_translated() -> None:
    """A person's words aren't ours to translate."""
    assert translated("I can't do that with the Stehlampe.", "de") == "Das geht bei Stehlampe nicht."
    assert translated("I can't do that with all lights.", "de") == "Das geht bei alle Lichter nicht."
    assert thing("paused pasta timer", "de") == "Timer pasta, angehalten"
    assert thing("timer for 5 minutes", "fr") == "minuteur de 5 minutes"
    assert thing("Stehlampe", "de") == "Stehlampe"
    assert thing("all lights", "en") == "all lights"


def test_what_is_not_ours_is_no_sentence_and_a_refusal_is_told_all_the_same() -> None:
    """In the language; where there is none, in English."""
    assert translated("The moon is made of cheese.", "de") is None
    assert refusal("The moon is made of cheese.", "de") == "Das hat nicht geklappt."
    assert translated("I can't do that.", "ja") is None
    assert refusal("I can't do that.", "ja") == "I can't do that."
    assert (language_for("ja"), language_for("fr")) == ("en", "fr")
    assert translated("x" * 10_000, "de") is None


@pytest.mark.parametrize(
    ("language", "said", "meant"),
    [("de", "ja bitte", "yes"), ("de", "vergiss es", "never mind"), ("fr", "oui", "yes"), ("es", "sí", "yes"),
     ("de", "eins zwei drei vier", "1 2 3 4"), ("fr", "neuf zéro", "9 0"), ("es", "no", "no"),
     ("de", "yes", "yes"), ("en", "yes", "yes"), ("de", "siebenundneunzig", "97"), ("de", "dreissig", "30"),
     ("fr", "soixante et onze", "71"), ("fr", "quatre vingts pour cent", "80 percent"), ("fr", "trente neuf", "39"),
     ("es", "cincuenta y una", "51"), ("es", "dieciséis por ciento", "16 percent"), ("es", "ciento", "hundred")],
)  # fmt: skip
def test_a_yes_is_a_yes_in_its_language(language: str, said: str, meant: str) -> None:
    """And a PIN is digits."""
    assert words_for(said, language) == meant


CALLS = (
    Call("HassTurnOn", {"name": "kitchen light"}), Call("HassTurnOff", {"name": "all lights"}),
    Call("HassLightSet", {"name": "kitchen light", "color": "red", "brightness": 30}),
    Call("HassOpenCover", {"name": "living room blinds"}),
    Call("HassSetPosition", {"name": "living room blinds", "position": 40}),
    Call("HassClimateSetTemperature", {"temperature": 21.5}), Call("HassGetState", {"name": "kitchen light"}),
    Call("HassGetState", {"name": "all lights"}), Call("HassGetState", {"name": "living room temperature"}),
    Call("HassGetState", {"name": "thermostat"}), Call("HassGetState", {"name": "shopping list"}),
    Call("HassGetWeather", {}), Call("HassGetWeather", {"day": "tomorrow"}), Call("HassGetCurrentDate"),
    Call("HassStartTimer", {"minutes": 90, "name": "pasta"}), Call("HassStartTimer", {"minutes": 5}),
    Call("HassTimerStatus"), Call("HassPauseTimer", {"name": "pasta"}), Call("HassTimerStatus"),
    Call("HassSetAlarm", {"hours": 7}),
    Call("HassCancelTimer", {"name": "pasta"}), Call("HassMediaNext"), Call("HassSetVolume", {"volume_level": 200}),
    Call("HassUnlock", {"name": "front door"}), Call("HassTurnOn", {"name": "garage light"}),
    Call("HassLightSet", {"name": "kitchen light"}),
    Call("HassUndo"), Call("HassWhy"), Call("HassNothing"),
)  # fmt: skip
NOT_ENGLISH = re.compile(r"\b(?:the|is|are|was|with|timer for|left|percent|degrees?|today|nothing|don't|can't|set)\b")


@pytest.mark.parametrize("language", OTHERS)
async def test_a_whole_evening_is_answered_in_one_language(language: str) -> None:
    """Through the router and the demo home, refusals, timers and questions too; only names are English."""
    config = replace(Config(), speech=replace(Config().speech, language=language))
    home = build_home(config, manifest.load().entry("tiny"), WallClock())
    for call in CALLS:
        said = (await home.router.dispatch([call])).sentence
        assert said, call
        assert not NOT_ENGLISH.search(said), (call, said)
        assert said[0].isupper() or said[0] == "\N{INVERTED QUESTION MARK}", said
    await home.timers.aclose()


def test_sentences_as_they_are_heard() -> None:
    """Read once by a person; what changes here is heard."""

    def done(tool: str, /, **result: str | float) -> Outcome:
        return Outcome(Call(tool), ok=True, sentence=None, result=result)

    told = [
        done("HassTurnOn", name="Küchenlicht", state="on"),
        done("HassGetState", name="x", area="Wohnzimmer", domain="sensor", state="21.5", value=21.5, unit="°C"),
        done("HassStartTimer", seconds=5400),
        done("HassGetCurrentTime", time="19:30"),
        done("HassGetState", name="Haustür", domain="lock", state="locked"),
    ]  # fmt: skip
    heard = {language: [replies.sentence([one], language) for one in told] for language in OTHERS}
    assert heard == {
        "de": ["Küchenlicht an.", "Wohnzimmer: 21,5 Grad.", "Timer auf 1 Stunde und 30 Minuten gestellt.",
               "Es ist 19:30.", "Haustür: verriegelt."],
        "fr": ["Küchenlicht, c'est allumé.", "Wohnzimmer : il fait 21,5 degrés.",
               "Minuteur réglé sur 1 heure et 30 minutes.", "Il est 19:30.", "Haustür : verrouillé."],
        "es": ["Encendido: Küchenlicht.", "Wohnzimmer: 21,5 grados.", "Temporizador de 1 hora y 30 minutos.",
               "Son las 19:30.", "Haustür: cerrado con llave."],
    }  # fmt: skip
    assert replies.rung([("Pizza", None)], "de") == "Timer Pizza ist abgelaufen."
    assert replies.rung([(None, "07:30")], "es", twelve=True) == "Son las 7:30 de la mañana."
    assert replies.rung([(None, "19:30")], "de", twelve=True) == "Es ist 19:30."
