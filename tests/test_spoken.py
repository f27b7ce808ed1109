"""Text as written -> sentences that read well."""

import pytest

from assistant.spoken import sentences


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("It's 21.5 °C in the living room.", "It's 21.5 degrees Celsius in the living room."),
        ("It's 20.0°C.", "It's 20 degrees Celsius."),
        ("It's 20° today.", "It's 20 degrees today."),
        ("It's -1 °C, then 1°F.", "It's -1 degree Celsius, then 1 degree Fahrenheit."),
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
        ("on 2026-11-24", "on 2026-11-24"),
        ("**Done** 🙂 with `it`", "Done  with it"),
    ],
)  # fmt: skip
def test_english_is_put_into_words_where_espeak_reads_it_badly(text: str, spoken: str) -> None:
    """And left alone where it reads well: percent, dates, decimals."""
    assert sentences(text, "en") == [spoken]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Sure. The light is on! Anything else?", "en", ["Sure.", "The light is on!", "Anything else?"]),
        ("Dr. Who is in. Ask him.", "en", ["Dr. Who is in.", "Ask him."]),
        ("It is 21.5 degrees. 3 lights are on.", "en", ["It is 21.5 degrees.", "3 lights are on."]),
        ("e.g. milk", "en", ["e.g. milk"]),
        ("# Shopping\n- bread\n- butter", "en", ["Shopping", "bread", "butter"]),
        ("こんにちは。あかりをつけました。", "ja", ["こんにちは。", "あかりをつけました。"]),
        ("Es ist 21.5 °C.", "de", ["Es ist 21.5 °C."]),
        ("", "en", []),
        (" ... 🙂 !", "en", []),
    ],
)
def test_text_is_cut_at_the_ends_of_sentences_only(text: str, language: str, expected: list[str]) -> None:
    """Lines end a sentence too; what can't be spoken is left out; other languages are read as they are."""
    assert sentences(text, language) == expected
