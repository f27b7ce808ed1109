"""Room on the disk."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assistant import disk, manifest, runs
from assistant.audio.clock import AudioClock
from assistant.audio.streams import socket_path
from assistant.config import Config, HomeConfig, LogConfig
from assistant.errors import ModelMissing, OutputError
from assistant.homes import build_home
from assistant.intents.deadlines import Timer
from assistant.intents.demo_file import BUILT_IN
from assistant.intents.demo_home import DemoHome
from assistant.intents.timer_file import TimerFile
from assistant.speech.files import fetched, find_voice
from assistant.trace import JsonLines
from assistant.unfinished import Unfinished
from assistant.waking.own_words import heads


def test_too_little_room_is_said_before_anything_is_written(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(OutputError) as caught, disk.replacing(tmp_path / "large", 2 * free):
        pytest.fail("the block must not run")
    assert "GB free" in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_a_path_may_begin_at_home_and_nobodys_home_is_a_place_without_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever mistypes a name in the config is told that the file isn't there, as of any other path."""
    monkeypatch.setenv("HOME", "/home/ada")
    assert disk.at_home("~/token") == Path("/home/ada/token")
    assert disk.at_home(Path("/etc/token")) == Path("/etc/token")
    assert disk.at_home("~nobody-here/token") == Path("~nobody-here/token")
    with pytest.raises(ModelMissing):
        heads(["~nobody-here/x.onnx"], Path("hey_gemma.onnx"), [])


async def test_events_are_written_where_the_config_says_also_below_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor looks there, too."""

    def no_model(*_: object, **__: object) -> None:
        raise ModelMissing("none", remedy="none")

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(runs, "loaded", no_model)
    settings = Config(log=LogConfig(events="~/events.jsonl"))
    with pytest.raises(ModelMissing):
        await runs.run(settings, runs.Options(mic_file="x.wav", fast=True), [])
    assert (tmp_path / "events.jsonl").exists()


def test_a_disk_that_fills_up_while_writing_keeps_nothing(tmp_path: Path) -> None:
    def fill_up() -> None:
        with disk.replacing(tmp_path / "x", 1) as file:
            file.write(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OutputError) as caught:
        fill_up()
    assert "No space left" in caught.value.message
    assert caught.value.exit_code == 6
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_an_output_error() -> None:
    with pytest.raises(OutputError), disk.replacing(Path("/dev/null/sub/x"), 1):
        pytest.fail("the block must not run")


def test_a_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    with disk.replacing(tmp_path / "a" / "b", 3) as file:
        file.write(b"abc")
        assert not (tmp_path / "a" / "b").exists()
    assert (tmp_path / "a" / "b").read_bytes() == b"abc"


def test_what_holds_words_is_for_its_owner_only(tmp_path: Path) -> None:
    """Timers are named by what somebody said, and events hold every answer."""
    TimerFile(tmp_path / "timers.json").save((Timer("pasta", 480, 0.0),))
    JsonLines(tmp_path / "events.jsonl").close()
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Root may read everything: be nobody for a while."""
    if os.geteuid():
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_another_user_keeps_to_itself_is_not_there(tmp_path: Path) -> None:
    """A service's models, for whoever runs the command beside it: no error, and the next place is looked at."""
    theirs = tmp_path / "theirs"
    for name in ("tiny.gguf", "de_DE-x.onnx", "voices/de_DE-x.onnx", "hey_computer.onnx"):
        (theirs / name).parent.mkdir(parents=True, exist_ok=True)
        (theirs / name).touch()
    theirs.chmod(0)
    entry = manifest.load().entry("e2b")
    with as_somebody_else():
        assert not disk.readable(theirs / "tiny.gguf")
        assert fetched([theirs]) == {}
        with pytest.raises(ModelMissing):
            manifest.find(entry, entry.text, (theirs, theirs))
        with pytest.raises(ModelMissing):
            find_voice("de_DE-x", [theirs])
        with pytest.raises(ModelMissing):
            heads(["hey computer"], theirs / "hey_gemma.onnx", [theirs])
        assert not Unfinished(theirs).found
        assert socket_path({"XDG_RUNTIME_DIR": str(theirs)}) is None
    theirs.chmod(0o700)
    assert disk.readable(theirs / "tiny.gguf")


def test_the_demo_homes_file_may_be_in_the_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    shutil.copy(BUILT_IN, tmp_path / "mine.toml")
    config = Config(home=HomeConfig(demo_file="~/mine.toml"))
    home = build_home(config, manifest.load().entry("tiny"), AudioClock())
    assert isinstance(home.things, DemoHome)
    assert home.things.rooms()
