"""When an alarm is due, over midnight and over both changes of the clocks, and what people call what runs."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from assistant.intents.deadlines import Alarm, Entry, Timer, after_jump, called, labels, next_at

BERLIN = ZoneInfo("Europe/Berlin")
PASTA, EGG = Timer("pasta", 480, 0.0), Timer("egg", 180, 0.0)
TEN, TEN_TOO, FIVE = Timer(None, 600, 0.0), Timer(None, 600, 0.0), Timer(None, 300, 0.0)
EARLY, NINE, GYM = Alarm(None, 7, 30, 0.0), Alarm(None, 9, 0, 0.0), Alarm("gym", 18, 5, 0.0)
ALL: tuple[Entry, ...] = (PASTA, EGG, TEN, FIVE, EARLY, NINE, GYM)


@pytest.mark.parametrize(
    ("now", "wanted", "utc"),
    [
        ("2026-01-10 06:00:00", (7, 30), "2026-01-10 06:30"),
        ("2026-01-10 07:30:00", (7, 30), "2026-01-11 06:30"),  # it is half past seven now: tomorrow
        ("2026-01-10 23:50:00", (0, 10), "2026-01-10 23:10"),  # over midnight
        ("2026-12-31 22:00:00", (7, 0), "2027-01-01 06:00"),
        ("2026-03-28 22:00:00", (7, 30), "2026-03-29 05:30"),  # an hour less to sleep
        ("2026-10-24 22:00:00", (7, 30), "2026-10-25 06:30"),  # an hour more
        ("2026-03-28 22:00:00", (2, 30), "2026-03-29 01:30"),  # left out: 03:30 summer time
        ("2026-10-24 22:00:00", (2, 30), "2026-10-25 00:30"),  # comes twice: the first
        ("2026-10-25 02:45:00", (2, 30), "2026-10-25 01:30"),  # the first is over: the second
        ("2026-03-28 02:45:00", (2, 30), "2026-03-29 01:30"),
    ],
)
def test_an_alarm_is_due_at_the_next_such_time_of_day_here(now: str, wanted: tuple[int, int], utc: str) -> None:
    at_s = next_at(*wanted, datetime.fromisoformat(now).replace(tzinfo=BERLIN))
    assert datetime.fromtimestamp(at_s, UTC) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize("month", [3, 10])
def test_it_is_always_within_a_day_and_the_hour_of_the_change(month: int) -> None:
    """Every hour around both changes, against times of day with 37 minutes."""
    start = datetime(2026, month, 23, tzinfo=UTC)
    for hour in range(24 * 8):
        now = start + timedelta(hours=hour)
        for hours in range(24):
            at_s = next_at(hours, 37, now.astimezone(BERLIN))
            assert 0 < at_s - now.timestamp() <= 25 * 3600
            at = datetime.fromtimestamp(at_s, BERLIN)
            assert (at.hour, at.minute) == (hours, 37) or (at.day, hours, at.hour) == (29, 2, 3)


def test_a_running_timer_does_not_care_about_a_jump_one_from_a_file_does() -> None:
    """The end of the latter is known by the wall clock only."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert after_jump(PASTA, 300.0, now) is PASTA
    kept = after_jump(Timer("pasta", 480, 100.0, kept=True), 30.0, now)
    assert isinstance(kept, Timer)
    assert kept.ends_at_s == 70.0
    paused = Timer("pasta", 480, 100.0, left_s=50.0, kept=True)
    assert after_jump(paused, 30.0, now) is paused


def test_an_alarm_set_on_a_wrong_date_is_set_again_for_its_time_of_day() -> None:
    """A board without a battery starts years ago, until the network tells it the time."""
    wrong = datetime(2023, 5, 1, 22, tzinfo=BERLIN)
    right = datetime(2026, 11, 24, 22, tzinfo=BERLIN)
    alarm = Alarm(None, 7, 30, next_at(7, 30, wrong))
    moved = after_jump(alarm, right.timestamp() - wrong.timestamp(), right)
    assert isinstance(moved, Alarm)
    assert datetime.fromtimestamp(moved.at_s, BERLIN) == datetime(2026, 11, 25, 7, 30, tzinfo=BERLIN)
    assert after_jump(alarm, 7200.0, wrong + timedelta(hours=2)) is alarm


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("pasta", (PASTA,)),
        ("the Pasta timer", (PASTA,)),
        ("10 minute", (TEN,)),
        ("10 minutes timer", (TEN,)),
        ("timer for 5 minutes", (FIVE,)),
        ("timer", (PASTA, EGG, TEN, FIVE)),
        ("all timers", (PASTA, EGG, TEN, FIVE)),
        ("alarm", (EARLY, NINE, GYM)),
        ("all alarms", (EARLY, NINE, GYM)),
        ("7:30", (EARLY,)),
        ("07:30 alarm", (EARLY,)),
        ("alarm for 07:30", (EARLY,)),
        ("9", (NINE,)),
        ("gym alarm", (GYM,)),
        ("18:05", (GYM,)),
        ("6:05 PM", (GYM,)),
        ("the 6:05 p.m. alarm", (GYM,)),
        ("6:05 am", ()),
        ("9 a.m. alarm", (NINE,)),
        ("9 am", (NINE,)),
        ("9 pm", ()),
        ("second", ()),
        ("", ()),
        ("rice", ()),
    ],
)
def test_what_runs_is_called_by_its_name_its_length_or_its_time(said: str, meant: tuple[Entry, ...]) -> None:
    assert called(said, ALL) == meant


def test_two_of_one_length_are_told_apart_by_their_order() -> None:
    entries = (TEN, PASTA, TEN_TOO)
    names = list(labels(entries).values())
    assert names == ["first timer for 10 minutes", "pasta timer", "second timer for 10 minutes"]
    assert called("10 minutes", entries) == (TEN, TEN_TOO)
    for said in ("second", "the second one", "second timer", "second 10 minute timer", names[2]):
        assert called(said, entries) == (TEN_TOO,), said
