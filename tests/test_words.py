"""Numbers, rows and lengths of time as a voice says them."""

import pytest

from assistant.intents.words import ENGLISH, LANGUAGES, degrees, duration, listing, number, remaining
from assistant.stages import Value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (21, "21"),
        (21.0, "21"),
        (21.5, "21.5"),
        (-3.24, "minus 3.2"),
        ("7.5", "7.5"),
        (-0.01, "0"),
        ("unknown", "unknown"),
    ],
)
def test_numbers_have_at_most_one_decimal_and_no_sign(value: Value, said: str) -> None:
    """A voice skips "-"."""
    assert number(value) == said


def test_one_degree_is_singular() -> None:
    """1 degree, minus 1 degrees, 2 degrees."""
    assert [degrees(n) for n in (1, -1, 2, 21.5)] == ["1 degree", "minus 1 degrees", "2 degrees", "21.5 degrees"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "1 second"),
        (60, "1 minute"),
        (90, "1 minute and 30 seconds"),
        (5400, "1 hour and 30 minutes"),
        (86_400, "24 hours"),
        (3661, "1 hour, 1 minute and 1 second"),
        (0.2, "0 seconds"),
    ],
)
def test_durations_leave_out_what_is_zero(seconds: float, said: str) -> None:
    """Hours, minutes, seconds."""
    assert duration(seconds) == said


def test_time_left_is_told_in_whole_minutes_from_ten_minutes_on() -> None:
    """Nobody wants "37 minutes and 12 seconds"."""
    assert remaining(599) == "9 minutes and 59 seconds"
    assert remaining(600) == "10 minutes"
    assert remaining(2232) == "37 minutes"
    assert remaining(7170) == "2 hours"


def test_rows() -> None:
    """The last two are joined by a word."""
    assert [listing(row) for row in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert listing(["a", "b"], "or") == "a or b"


def test_every_language_has_the_words_of_english() -> None:
    """A half table would fail in the middle of an answer."""
    assert all(set(words) == set(ENGLISH) for words in LANGUAGES.values())
