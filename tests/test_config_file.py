"""A config file that a person wrote: what is put in goes in, everything else stays, and half a file is never there."""

import os
import stat
import tomllib
from pathlib import Path

import pytest

from assistant import config, config_file
from assistant.errors import ConfigError, OutputError

WRITTEN = """# my house
[home]  # the real one
kind = "home_assistant"   # since May
url = "http://old:8123"

[home.policy]
deny = ["cover.garage"]
"""


def test_comments_order_and_other_keys_stay() -> None:
    """Only the value changes, and what wasn't there is added."""
    text = config_file.changed(WRITTEN, {"home.url": "http://new:8123", "place.units": "imperial", "model.name": "e2b"})
    assert text.startswith(WRITTEN.replace("old", "new"))
    assert tomllib.loads(text)["place"] == {"units": "imperial"}
    assert config.parse(text, Path("x")).model.name == "e2b"


@pytest.mark.parametrize(
    "before",
    ["", "[wake]\nthreshold = 0.4\n", '[model]\nname = "tiny"\nseed = 3\n', "model.seed = 3\n", "model = {seed = 3}\n"],
)
def test_choosing_a_model_keeps_everything_else(before: str) -> None:
    """Whatever way of writing a section TOML knows."""
    earlier = config.parse(before, Path("x"))
    later = config.parse(config_file.changed(before, {"model.name": "e2b"}), Path("x"))
    assert later.model.name == "e2b"
    assert (later.model.seed, later.wake) == (earlier.model.seed, earlier.wake)


@pytest.mark.parametrize("broken", ["[home\n", "home = 3\n", "a = 1\na = 2\n"])
def test_what_is_no_config_is_told(broken: str) -> None:
    with pytest.raises(ConfigError):
        config_file.changed(broken, {"home.url": "x"})


def test_a_file_is_written_with_its_folder_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "config.toml"
    config_file.write(path, "a = 1\n")
    path.chmod(0o640)
    config_file.write(path, "a = 2\n")
    assert config_file.read(path) == "a = 2\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [file.name for file in path.parent.iterdir()] == ["config.toml"]


def test_a_secret_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    """Also where there was a file that everybody could read, and whatever the umask."""
    path = tmp_path / "token"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        config_file.write(path, "new", secret=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_stays_one(tmp_path: Path) -> None:
    """People keep such files elsewhere."""
    kept, link = tmp_path / "dotfiles.toml", tmp_path / "config.toml"
    kept.write_text("", encoding="utf-8")
    link.symlink_to(kept)
    config_file.write(link, "a = 1\n")
    assert link.is_symlink()
    assert kept.read_text(encoding="utf-8") == "a = 1\n"


def test_what_can_not_be_written_leaves_the_old_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full in the middle of it."""
    path = tmp_path / "config.toml"
    path.write_text("a = 1\n", encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space"):
        config_file.write(path, "a = 2\n")
    assert path.read_text(encoding="utf-8") == "a = 1\n"
    assert [file.name for file in tmp_path.iterdir()] == ["config.toml"]
