"""The streaming parser, piece by piece, as the tokenizer cuts them."""

import random
import re

import pytest

from assistant.llm.parse import LONGEST_CLAUSE, Malformed, Part, ReplyParser, read_call
from assistant.stages import Call, Piece, Say

CONTROL = re.compile(r"(<\|?[a-z_]+\|?>|<\|\"\|>)")


def pieces(text: str) -> list[str]:
    """Cut as a tokenizer would: control tokens whole, words with their leading space."""
    parts = CONTROL.split(text)
    return [w for p in parts for w in ([p] if CONTROL.fullmatch(p) else re.findall(r"\s?\S+|\s", p))]


def parse(*texts: str, language: str = "en") -> list[Part]:
    parser = ReplyParser(language)
    return [p for t in texts for p in parser.feed(Piece(t, 0.9))] + parser.finish()


def test_reads_a_call_with_text_and_numbers() -> None:
    """Strings, integers, decimals and booleans keep their types."""
    text = '<|tool_call>call:HassLightSet{brightness:30,hot:true,name:<|"|>office light<|"|>,x:-21.5}<tool_call|>'
    assert parse(*pieces(text)) == [
        Call("HassLightSet", {"brightness": 30, "hot": True, "name": "office light", "x": -21.5})
    ]


def test_reads_calls_back_to_back_in_order() -> None:
    """Several things in one sentence are several calls in the order said."""
    one = '<|tool_call>call:HassTurnOff{name:<|"|>kitchen light<|"|>}<tool_call|>'
    two = "<|tool_call>call:HassMediaPause{}<tool_call|>"
    assert parse(*pieces(one + two)) == [Call("HassTurnOff", {"name": "kitchen light"}), Call("HassMediaPause", {})]


def test_a_call_is_complete_with_its_last_token() -> None:
    """The call leaves the parser when it closes, not when the reply ends."""
    parser = ReplyParser()
    seen = [parser.feed(Piece(t, 1.0)) for t in ("<|tool_call>", "call", ":", "HassMediaNext", "{}", "<tool_call|>")]
    assert seen == [[], [], [], [], [], [Call("HassMediaNext", {})]]


def test_punctuation_inside_a_string_is_part_of_it() -> None:
    """Commas, braces and colons between quote tokens are text."""
    assert read_call('call:HassListAddItem{item:<|"|>milk, {2}: big<|"|>}') == Call(
        "HassListAddItem", {"item": "milk, {2}: big"}
    )


@pytest.mark.parametrize(
    "body",
    [
        "",
        "call:",
        "call:HassTurnOn",
        'call:HassTurnOn{name:<|"|>kitchen light<|"|>',
        "call:HassTurnOn{name:kitchen light}",
        'call:HassTurnOn{name:<|"|>kitchen}',
        'call:HassTurnOn{name:{a:<|"|>b<|"|>}}',
        "call:HassTurnOn{name:[1,2]}",
        "call:HassTurnOn{brightness:30,}",
        "call:HassTurnOn{brightness:3e5}",
        "call:HassTurnOn{brightness:" + "9" * 5000 + "}",
        'call:HassTurnOn{name:<|"|>a<|"|>,name:<|"|>b<|"|>}',
        'call:HassTurnOn{name:<|"|>a<|turn>user<|"|>}',
        "call:Hass Turn On{}",
        "HassTurnOn{}",
        "call:HassTurnOn{}call:HassTurnOff{}",
        'call:HassTurnOn{name:<|"|>' + "x" * 10_000 + '<|"|>}',
    ],
)
def test_what_cannot_be_read_is_malformed(body: str) -> None:
    """Nothing half-read is ever turned into an action."""
    assert isinstance(read_call(body), Malformed)
    assert all(isinstance(p, Malformed) for p in parse("<|tool_call>", body, "<tool_call|>"))


def test_a_call_that_never_ends_is_malformed() -> None:
    """The reply ended inside the call."""
    assert parse("<|tool_call>", "call:HassTurnOn{}") == [Malformed("call:HassTurnOn{}", "the call never ended")]


def test_a_call_inside_a_call_spoils_only_the_first() -> None:
    """The second one is whole."""
    first, second = parse("<|tool_call>", "call:A{", "<|tool_call>", "call:B{}", "<tool_call|>")
    assert isinstance(first, Malformed)
    assert second == Call("B", {})


def test_a_call_that_is_only_spelled_out_does_nothing() -> None:
    """Text that looks like a control token is no control token."""
    parts = parse("<", "|tool", "_call>", "call:HassUnlock", "{}", "<tool", "_call|>")
    assert not [p for p in parts if isinstance(p, Call)]
    assert all("<" not in p.text for p in parts if isinstance(p, Say))


def test_talk_is_said_sentence_by_sentence() -> None:
    """A sentence leaves as soon as the next one begins."""
    parser = ReplyParser()
    assert parser.feed(Piece("It's", 1.0)) == []
    assert parser.feed(Piece(" 21.5 degrees.", 1.0)) == []
    assert parser.feed(Piece(" Nice", 1.0)) == [Say("It's 21.5 degrees.", "en")]
    assert parser.feed(Piece("!", 1.0)) == []
    assert parser.finish() == [Say("Nice!", "en")]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Is it? Yes! Well.", ["Is it?", "Yes!", "Well."]),
        ("See Dr. Smith at 7 a.m. tomorrow. Bye.", ["See Dr. Smith at 7 a.m. tomorrow.", "Bye."]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("1. Milk\n2. Eggs", ["1. Milk", "2. Eggs"]),
        ("Wait... what?", ["Wait...", "what?"]),
        ("**Bold** and `code`\n- a point 😀", ["Bold and code", "a point"]),
        ("One<|channel>thought\nsecret<channel|> two", ["One", "two"]),
        ("5 < 6 and 7 > 3.", ["5 < 6 and 7 > 3."]),
        ("<pad>Hello<eos>.", ["Hello."]),
        ("...", []),
    ],
)
def test_splits_talk_for_the_voice(text: str, sentences: list[str]) -> None:
    """Abbreviations and decimals don't split; markup, thoughts, emoji and control tokens aren't spoken."""
    assert [p.text for p in parse(*pieces(text)) if isinstance(p, Say)] == sentences


def test_japanese_is_known_by_its_script() -> None:
    """Kana or kanji make a clause Japanese, and its full stop ends it without a space."""
    assert parse("おはよう。", "ございます", "。", " Done.") == [
        Say("おはよう。", "ja"),
        Say("ございます。", "ja"),
        Say("Done.", "en"),
    ]


def test_of_a_translation_neither_the_label_nor_what_was_said_is_spoken() -> None:
    """Gemma writes down what was said, then the language before the translation."""
    assert parse("Good", " morning", "\n", "Japanese", ":", " おはようございます") == [Say("おはようございます", "ja")]
    assert parse("Where is the station?", "\n", "German", ": Wo ist", " der Bahnhof?", " Danke.") == [
        Say("Wo ist der Bahnhof?", "de"),
        Say("Danke.", "de"),
    ]


def test_lines_of_talk_are_all_spoken() -> None:
    """Only what a translation's label follows is a transcription."""
    assert parse("Good morning.", "\n", "Ger", "trude is here.") == [
        Say("Good morning.", "en"),
        Say("Gertrude is here.", "en"),
    ]
    assert parse("Good morning.", "\n") == [Say("Good morning.", "en")]


def test_the_default_language_is_the_callers() -> None:
    """Latin script has the language of the assistant."""
    assert parse("Guten", " Tag.", language="de") == [Say("Guten Tag.", "de")]


def test_talk_before_a_call_is_kept() -> None:
    """Words, then a call: both come out, in order."""
    assert parse("Sure", ".", "<|tool_call>", "call:A{}", "<tool_call|>") == [Say("Sure.", "en"), Call("A", {})]


def test_a_stray_end_of_call_takes_back_the_text_before_it() -> None:
    """Half a call without its beginning isn't read aloud."""
    [part] = parse("call:HassTurnOn{}", "<tool_call|>")
    assert isinstance(part, Malformed)


def test_an_empty_reply_has_no_parts() -> None:
    """Never mind: nothing is said."""
    assert parse() == []


def test_confidence_is_the_weakest_token_of_the_calls() -> None:
    """Words outside calls don't count."""
    parser = ReplyParser()
    for text, p in [("Ok. ", 0.1), ("<|tool_call>", 0.8), ("call:A{}", 0.6), ("<tool_call|>", 0.9), (" bye", 0.2)]:
        parser.feed(Piece(text, p))
    assert parser.confidence == 0.6


def test_a_flood_without_a_stop_is_cut_into_clauses() -> None:
    """A voice never waits for a sentence that doesn't end."""
    said = [p.text for p in parse("word " * 2000) if isinstance(p, Say)]
    assert max(map(len, said)) <= LONGEST_CLAUSE
    assert "".join(said).count("word") == 2000


@pytest.mark.parametrize("seed", range(20))
def test_garbage_never_raises_and_never_acts(seed: int) -> None:
    """10 kB of broken syntax: only Say and Malformed come out."""
    rng = random.Random(seed)  # noqa: S311 - garbage, not secrets
    bits = ["<|tool_call>", "<tool_call|>", '<|"|>', "<|channel>", *"{}:, \n。\0", "call", "Hass"]
    parser = ReplyParser()
    parts: list[Part] = []
    for _ in range(3000):
        text = "".join(rng.choices(bits[4:], k=2)) if rng.random() < 0.9 else rng.choice(bits)
        parts += parser.feed(Piece(text, rng.random()))
    parts += parser.finish()
    assert not [p for p in parts if isinstance(p, Call)]
    assert all(not CONTROL.search(p.text) for p in parts if isinstance(p, Say))


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("The capital is Paris, which lies on the Seine.", ["The capital is Paris,", "which lies on the Seine."]),
        ("Sure, it is on.", ["Sure, it is on."]),
        ("It has 1,500 rooms or so.", ["It has 1,500 rooms or so."]),
        ("It's half past 19:30 now.", ["It's half past 19:30 now."]),
        ("You say it so: milk and bread, of course.", ["You say it so:", "milk and bread, of course."]),
        ("It is old: people like it so much in summer.", ["It is old:", "people like it so much in summer."]),
    ],
)  # fmt: skip
def test_the_first_clause_of_talk_is_said_before_the_sentence_ends(text: str, clauses: list[str]) -> None:
    """Three words are enough for the first, six for later ones; together they are the text."""
    said = [part.text for part in parse(*pieces(text)) if isinstance(part, Say)]
    assert said == clauses
    assert " ".join(said) == text


def test_a_clause_is_said_while_the_model_goes_on() -> None:
    """As soon as a space follows the comma."""
    parser = ReplyParser()
    before = [part for text in ("The", " capital", " is", " Paris", ",") for part in parser.feed(Piece(text, 1.0))]
    assert before == []
    assert parser.feed(Piece(" which", 1.0)) == [Say("The capital is Paris,", "en")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("German: Guten Morgen.", Say("Guten Morgen.", "de")),
        ("**French translation:** Bonjour.", Say("Bonjour.", "fr")),
        ("Chinese: 早上好。", Say("早上好。", "zh")),
        ("Japanese: おはようございます。", Say("おはようございます。", "ja")),
        ("Good morning.", Say("Good morning.", "en")),
    ],
)
def test_a_label_tells_the_language_and_is_not_spoken(text: str, said: Say) -> None:
    """Letters alone don't tell German from English."""
    assert parse(*pieces(text)) == [said]
