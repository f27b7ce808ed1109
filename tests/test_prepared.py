"""What is prepared is what code says, and nothing that a person said."""

import ast
from pathlib import Path

from assistant import app, manifest, turn
from assistant.audio.clock import WallClock
from assistant.config import Config
from assistant.homes import build_home
from assistant.intents import sayings
from assistant.intents.demo_home import DemoHome
from assistant.intents.translated import refusal
from assistant.stages import Call

INTENTS = Path(app.__file__).parent / "intents"


def fixed_sentences() -> set[str]:
    """Every literal that the code refuses with."""
    found = set()
    for path in INTENTS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "CallFailed" or not node.args:
                continue
            if isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return found


def test_every_fixed_refusal_is_prepared() -> None:
    """Also those that a failed turn ends with."""
    told = set(sayings.phrases(()))
    assert fixed_sentences() | {turn.SORRY, turn.DONE, turn.WENT_WRONG} <= told


async def test_confirmations_of_the_demo_home_are_prepared_word_by_word() -> None:
    """As the router really words them."""
    home = build_home(Config(), manifest.load().entry("tiny"), WallClock())
    told = sayings.phrases(home.things.seen())
    for call in (
        Call("HassTurnOn", {"name": "kitchen light"}),
        Call("HassTurnOff", {"name": "kitchen light"}),
        Call("HassLightSet", {"name": "kitchen light", "brightness": 30}),
        Call("HassClimateSetTemperature", {"temperature": 21}),
        Call("HassStartTimer", {"minutes": 10}),
        Call("HassCancelTimer", {}),
        Call("HassMediaPause", {}),
        Call("HassUnlock", {"name": "front door"}),
    ):
        said = (await home.router.dispatch([call])).sentence
        assert said is not None
        for sentence in said.replace("? ", "?\n").splitlines():
            assert sentence in told, said
    assert len(told) < 500
    await home.timers.aclose()


def test_prepared_phrases_are_in_the_language_of_the_answers() -> None:
    """As many as in English, and what a failed turn ends with is among them."""
    english = sayings.phrases(DemoHome().seen())
    for language in ("de", "fr", "es"):
        told = sayings.phrases(DemoHome().seen(), language)
        assert len(told) > 0.9 * len(english)
        assert refusal(turn.SORRY, language) in told
        assert not set(told) & set(english)


def test_a_language_without_templates_has_none() -> None:
    """Nothing is prepared that would be said in English words by another voice."""
    assert sayings.phrases(DemoHome().seen(), "ja") == ()
