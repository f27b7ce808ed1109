"""The file that timers outlive the process in: whole or not at all, and nothing crashes because of it."""

import json
import logging
import os
from pathlib import Path

import pytest

from assistant.intents.deadlines import Alarm, Entry, Timer
from assistant.intents.timer_file import TimerFile

ENTRIES: tuple[Entry, ...] = (
    Timer("pasta", 480, 1_800_000_000.5),
    Timer(None, 600, 0.0, left_s=12.25),
    Timer("日本", 60, 1_800_000_001.0),
    Alarm("gym", 7, 30, 1_800_000_000.0),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "timers.json"


def told(entries: tuple[Entry, ...]) -> list[str]:
    return [str(entry) for entry in entries]


def test_what_was_saved_is_loaded(path: Path) -> None:
    """The directory is made; a person can read the file."""
    TimerFile(path).save(ENTRIES)
    assert told(TimerFile(path).load()) == told(ENTRIES)
    assert json.loads(path.read_text())["alarms"] == [
        {"name": "gym", "hours": 7, "minutes": 30, "at_s": 1_800_000_000.0}
    ]


def test_nothing_is_written_when_nothing_has_changed(path: Path) -> None:
    """Memory cards wear out; and without timers there is no file at all."""
    file = TimerFile(path)
    assert file.load() == ()
    file.save(())
    assert not path.exists()
    file.save(ENTRIES)
    first = path.stat().st_ino
    file.save(ENTRIES)
    again = TimerFile(path)
    again.save(again.load())
    assert path.stat().st_ino == first
    file.save(())
    assert TimerFile(path).load() == ()


DAMAGED = [
    b"",
    b"\0" * 512,
    b'{"timers": [',
    b"[]",
    b'{"timers": [{"name": "x"}], "alarms": []}',
    b'{"timers": [{"name": "x", "seconds": 5, "ends_at_s": NaN}], "alarms": []}',
    b'{"timers": [], "alarms": [{"name": null, "hours": 25, "minutes": 0, "at_s": 0}]}',
    b'{"timers": "\xff"}',
]


@pytest.mark.parametrize("damaged", DAMAGED)
def test_a_damaged_file_is_put_aside_and_told(path: Path, damaged: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever wants to can look at it; the next save works."""
    path.parent.mkdir()
    path.write_bytes(damaged)
    file = TimerFile(path)
    assert file.load() == ()
    assert path.with_name("timers.json.damaged").read_bytes() == damaged
    assert "is damaged: kept as timers.json.damaged" in caplog.text
    file.save(ENTRIES)
    assert told(TimerFile(path).load()) == told(ENTRIES)


def test_every_cut_of_a_file_is_noticed(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """None of them is taken for fewer timers."""
    caplog.set_level(logging.CRITICAL)
    TimerFile(path).save(ENTRIES)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert TimerFile(path).load() == (), length


def test_a_full_disk_is_told_once_and_leaves_the_last_file(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And when there is room again, saving goes on."""
    file = TimerFile(path)
    file.save(ENTRIES)

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for count in (0, 1, 2):
            file.save(ENTRIES[:count])
    assert caplog.text.count("No space left on device") == 1
    assert told(TimerFile(path).load()) == told(ENTRIES)
    assert [p.name for p in path.parent.iterdir()] == ["timers.json"]
    file.save(ENTRIES[:2])
    assert told(TimerFile(path).load()) == told(ENTRIES[:2])


def test_a_file_that_can_not_be_read_or_written_is_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A directory in its place, say, or a file in the directory's."""
    path.mkdir(parents=True)
    file = TimerFile(path)
    assert file.load() == ()
    file.save(ENTRIES)
    assert "can't be read: Is a directory" in caplog.text
    assert "can't be written: Is a directory" in caplog.text
    blocked = path.parent / "file"
    blocked.touch()
    TimerFile(blocked / "timers.json").save(ENTRIES)
    assert "Not a directory" in caplog.text or "File exists" in caplog.text


def test_a_folder_that_can_not_be_looked_into_keeps_no_timer_and_fails_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Another user's, say: with the last timer gone there is nothing to write, and nothing to find out."""
    file = TimerFile(tmp_path / ("s" * 300) / "timers.json")  # a name that no file system takes
    assert file.load() == ()
    file.save(ENTRIES)
    file.save(())
    assert caplog.text.count("can't be written") == 1
