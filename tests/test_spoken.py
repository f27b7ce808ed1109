"""Text as written -> sentences that read well."""

import time

import pytest

from assistant.speech.spoken import clauses, sentences


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("It's 21.5 °C in the living room.", "It's 21.5 degrees Celsius in the living room."),
        ("It's 20.0°C.", "It's 20 degrees Celsius."),
        ("It's 20° today.", "It's 20 degrees today."),
        ("It's -1 °C, then 1°F.", "It's -1 degree Celsius, then 1 degree Fahrenheit."),
        ("It's 1.0 °C or \N{MINUS SIGN}1 °C.", "It's 1 degree Celsius or \N{MINUS SIGN}1 degree Celsius."),
        ("6*7, 6 * 7", "6 \N{MULTIPLICATION SIGN} 7, 6 \N{MULTIPLICATION SIGN} 7"),
        ("30% and 81 %", "30% and 81 %"),
        ("It's 8:05.", "It's 8 oh 5."),
        ("It's 08:00.", "It's 8 o'clock."),
        ("It's 20:00.", "It's 20 hundred."),
        ("It's 22:30.", "It's 22 30."),
        ("It's 0:00.", "It's midnight."),
        ("At 8:00 a.m. or 8:15 PM", "At 8 a.m. or 8 15 PM"),
        ("lap time 1:02:03", "lap time 1:02:03"),
        ("3.5 kWh at 7 W, 12 km/h", "3.5 kilowatt hours at 7 watts, 12 kilometres per hour"),
        ("10–20 minutes, 3-4 times", "10 to 20 minutes, 3 to 4 times"),  # noqa: RUF001 - a range's dash
        ("on 2026-11-24", "on 24 November 2026"),
        ("2026-13-40 and 12-2026-11", "2026-13-40 and 12-2026-11"),
        ("1 km, 2 kg, 500 ml, 1 m², 3 mm", "1 kilometre, 2 kilograms, 500 millilitres, 1 square metre, 3 millimetres"),
        ("12 µg/m³ and 1 km/h", "12 micrograms per cubic metre and 1 kilometre per hour"),
        ("5 m/s², 3 sm, 4 Mbit", "5 m/s², 3 sm, 4 Mbit"),
        ("$5.50, €1, £3.00", "5 dollars 50, 1 euro, 3 pounds"),
        ("40 %, at 19:30", "40 %, at 19 30"),
        ("hall -> kitchen", "hall to kitchen"),
        ("See [the manual](http://x.org/a_b).", "See the manual."),
        ("**Done** 🙂 with `it`", "Done  with it"),
    ],
)  # fmt: skip
def test_english_is_put_into_words_where_espeak_reads_it_badly(text: str, spoken: str) -> None:
    """And left alone where it reads well: percent, decimals; what only looks like a unit or a date stays."""
    assert sentences(text, "en") == [spoken]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Sure. The light is on! Anything else?", "en", ["Sure.", "The light is on!", "Anything else?"]),
        ("Dr. Who is in. Ask him.", "en", ["Dr. Who is in.", "Ask him."]),
        ("It is 21.5 degrees. 3 lights are on.", "en", ["It is 21.5 degrees.", "3 lights are on."]),
        ("e.g. milk", "en", ["e.g. milk"]),
        ("# Shopping\n- bread\n- butter", "en", ["Shopping", "bread", "butter"]),
        ("1. Bread\n2) Butter", "en", ["1, Bread", "2, Butter"]),
        ("| room | light |\n|---|:--|\n| hall | on |", "en", ["room   light", "hall   on"]),
        ("> so\n```python\nx\n```", "en", ["so", "x"]),
        ("**Ja**, es ist `an`: [hier](x)", "de", ["Ja, es ist an: hier"]),
        ("こんにちは。あかりをつけました。", "ja", ["こんにちは。", "あかりをつけました。"]),
        ("6*7 son 42.", "es", ["6 por 7 son 42."]),
        ("Es ist 21.5 °C.", "de", ["Es ist 21,5 Grad Celsius."]),
        ("", "en", []),
        (" ... 🙂 !", "en", []),
    ],
)
def test_text_is_cut_at_the_ends_of_sentences_only(text: str, language: str, expected: list[str]) -> None:
    """Lines end a sentence too; what can't be spoken is left out; other languages are read as they are."""
    assert sentences(text, language) == expected


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("Kitchen light on.", ["Kitchen light on."]),
        ("Sure, it is on.", ["Sure, it is on."]),
        ("The capital is Paris, which is large.", ["The capital is Paris,", "which is large."]),
        ("On the list: milk, bread and butter.", ["On the list:", "milk, bread and butter."]),
        ("It costs 1,500 euros or so, thanks.", ["It costs 1,500 euros or so, thanks."]),
    ],
)
def test_a_clause_is_three_words_or_more_and_leaves_two(sentence: str, parts: list[str]) -> None:
    """Shorter ones would sound chopped; a comma inside a number ends nothing."""
    assert clauses(sentence) == parts


def test_normalizing_ends_soon_whatever_is_written() -> None:
    """100 kB of marks, digits and dashes take well under a second of processor time each."""
    began_s = time.process_time()
    for junk in ("|-" * 50_000, "1" * 100_000, "[" * 100_000, "`" * 100_000, " \n" * 50_000, "1,1 " * 25_000):
        sentences(junk, "en")
    assert time.process_time() - began_s < 10
