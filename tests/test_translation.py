"""Google's form for translated speech: what was said isn't spoken, the translation is."""

import asyncio

import pytest

from assistant import manifest
from assistant.audio.clock import WallClock
from assistant.config import Config
from assistant.homes import build_home
from assistant.intents.translate import Translate
from assistant.llm.grammar import QUOTE
from assistant.llm.parse import ReplyParser
from assistant.llm.prompt import LONGEST_RESULT, responses
from assistant.stages import Call, Piece, Say
from assistant.translation import LANGUAGES, TOOL, task
from tests.test_grammar import END, Writer

STATION = "駅はどこですか。"


def translated(*texts: str, language: str = "en") -> list[Say]:
    parser = ReplyParser(language, translates=True)
    parts = [part for text in texts for part in parser.feed(Piece(text, 1.0))] + parser.finish()
    return [part for part in parts if isinstance(part, Say)]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (f"Where is the station, my friend?\nJapanese: {STATION}", [Say(STATION, "ja")]),
        (f"Where is the station? I am late.\nJapanese:\n{STATION}", [Say(STATION, "ja")]),
        (f"Where is\nthe station?\n\n**Japanese:** {STATION}", [Say(STATION, "ja")]),
        (f"Japanese: {STATION}", [Say(STATION, "ja")]),
        (f"Where is the station?\n{STATION}", [Say(STATION, "ja")]),
        (STATION, [Say(STATION, "ja")]),
        ("I live in Germany.\nGerman: Ich wohne in Deutschland. Und du?",
         [Say("Ich wohne in Deutschland.", "de"), Say("Und du?", "de")]),
        ("German is hard.\nFrench: L'allemand est difficile.", [Say("L'allemand est difficile.", "fr")]),
        ("HassTurnOn is a word.\nSpanish: Es una palabra.", [Say("Es una palabra.", "es")]),
        ("", []),
    ],
)  # fmt: skip
def test_only_the_translation_is_spoken(reply: str, said: list[Say]) -> None:
    """Whether it comes whole or letter by letter."""
    assert translated(reply) == said
    assert translated(*reply) == said


def test_a_translation_is_spoken_clause_by_clause() -> None:
    """Its first sentence doesn't wait for its last."""
    parser = ReplyParser(translates=True)
    fed = [
        parser.feed(Piece(text, 1.0))
        for text in ("Good day. How are you?\n", "German:", " Guten Tag.", " Wie", " geht")
    ]
    assert fed == [[], [], [], [Say("Guten Tag.", "de")], []]


def test_the_task_is_googles_prompt_and_reaches_the_model_whole() -> None:
    """A result is cut at some length: this one isn't."""
    assert task("en", "ja") == (
        "Transcribe the speech segment in English, then translate it into Japanese. When formatting the answer, first "
        "output the transcription in English, then one newline, then output the string 'Japanese: ', then the "
        "translation in Japanese."
    )
    for language, code in LANGUAGES.items():
        outcome = asyncio.run(Translate("pt").handle(Call(TOOL, {"language": language})))
        assert task("pt", code) in responses([outcome])
        assert len(task("pt", code)) < LONGEST_RESULT


def test_a_model_that_is_told_its_tools_is_told_this_one() -> None:
    """Tiny was trained without it."""
    for model, told in (("e2b", True), ("tiny", False)):
        router = build_home(Config(), manifest.load().entry(model), WallClock()).router
        assert (TOOL in {tool.name for tool in router.tools()}) is told


def test_a_language_without_a_name_here_is_refused() -> None:
    """The person hears which one."""
    router = build_home(Config(), manifest.load().entry("e2b"), WallClock()).router
    done = asyncio.run(router.dispatch([Call(TOOL, {"language": "Klingon"})]))
    assert done.sentence == "I don't know the language klingon."


def test_the_grammar_asks_for_a_language_that_there_is() -> None:
    """The model isn't told of the slot: it can write nothing else."""
    writer = Writer(*Translate("en").tools())
    assert writer.written == f"call:{TOOL}{{language:{QUOTE}"
    assert writer.write(f"call:{TOOL}{{language:{QUOTE}japanese{QUOTE}}}{END}").endswith(f"japanese{QUOTE}}}{END}")
