"""`hey-gemma backup|restore`: what a person would miss comes back, and nothing else gets in."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assistant import backup as b
from assistant import cli
from assistant.errors import UsageError

SETTINGS = '[home.policy]\npin = "4711"\n'


@pytest.fixture
def here(tmp_path: Path) -> b.Place:
    place = b.Place(tmp_path / "etc" / "config.toml", tmp_path / "state", tmp_path / "wake")
    place.config.parent.mkdir()
    place.heads.mkdir()
    (place.state / "wake" / "sounds").mkdir(parents=True)
    place.config.write_text(SETTINGS)
    (place.state / "timers.json").write_text('{"timers": [], "alarms": []}')
    (place.state / "muted").touch()
    (place.heads / "ours.onnx").write_bytes(b"head")
    (place.state / "wake" / "sounds" / "1.wav").write_bytes(b"private")
    (place.config.parent / "home-assistant-token").write_text("secret")
    return place


def test_everything_comes_back(here: b.Place, tmp_path: Path) -> None:
    names = b.save(tmp_path / "b.tar", here)
    assert names == ["config.toml", "state/timers.json", "state/muted", "wake/ours.onnx"]
    there = b.Place(tmp_path / "new" / "config.toml", tmp_path / "new" / "state", tmp_path / "new" / "wake")
    assert b.restore(tmp_path / "b.tar", there) == names
    assert there.config.read_text() == SETTINGS
    assert (there.heads / "ours.onnx").read_bytes() == b"head"
    assert (there.state / "muted").exists()


def test_no_token_and_no_sound_is_in_it_and_only_its_owner_reads_it(here: b.Place, tmp_path: Path) -> None:
    b.save(tmp_path / "b.tar", here)
    content = (tmp_path / "b.tar").read_bytes()
    assert b"secret" not in content
    assert b"private" not in content
    assert (tmp_path / "b.tar").stat().st_mode & 0o77 == 0


def test_what_is_replaced_is_kept(here: b.Place, tmp_path: Path) -> None:
    b.save(tmp_path / "b.tar", here)
    here.config.write_text("[wake]\nthreshold = 0.5\n")
    b.restore(tmp_path / "b.tar", here)
    assert here.config.read_text() == SETTINGS
    b.restore(here.state / b.BEFORE, here)
    assert here.config.read_text() == "[wake]\nthreshold = 0.5\n"


def test_an_ear_that_was_on_is_on_again(here: b.Place, tmp_path: Path) -> None:
    (here.state / "muted").unlink()
    b.save(tmp_path / "b.tar", here)
    (here.state / "muted").touch()
    b.restore(tmp_path / "b.tar", here)
    assert not (here.state / "muted").exists()


Change = Callable[[tarfile.TarInfo], None]


def _changed(source: Path, name: str, change: Change) -> None:
    """Rewrite a backup with one member changed."""
    with tarfile.open(source) as tar:
        members = [(m, f.read() if (f := tar.extractfile(m)) else b"") for m in tar]
    with tarfile.open(source, "w") as tar:
        for member, data in members:
            if member.name == name:
                change(member)
            tar.addfile(member, io.BytesIO(data))


def _to(name: str) -> Change:
    return lambda member: setattr(member, "name", name)


def _link(member: tarfile.TarInfo) -> None:
    member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/shadow", 0


@pytest.mark.parametrize(
    "change",
    [_to("../evil"), _to("/etc/passwd"), _to("state/../../evil"), _to("wake/../x.onnx"), _to("state/other"),
     _to("config.toml/x"), _to("wake/sub/x.onnx"), _to(b.LIST), _link],
)  # fmt: skip
def test_nothing_gets_out_of_our_folders(here: b.Place, tmp_path: Path, change: Change) -> None:
    b.save(tmp_path / "b.tar", here)
    _changed(tmp_path / "b.tar", "state/timers.json", change)
    here.config.write_text("")
    with pytest.raises(UsageError, match=r"doesn't belong|damaged|isn't what"):
        b.restore(tmp_path / "b.tar", here)
    assert here.config.read_text() == ""
    assert not (here.state / b.BEFORE).exists(), "nothing was written"


def test_a_changed_byte_is_seen(here: b.Place, tmp_path: Path) -> None:
    b.save(tmp_path / "b.tar", here)
    data = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "b.tar").write_bytes(data.replace(b"4711", b"0000"))
    with pytest.raises(UsageError, match="its list"):
        b.read(tmp_path / "b.tar")


@pytest.mark.parametrize("keep", [0, 1, 511, 700, 1500])
def test_half_a_file_is_refused(here: b.Place, tmp_path: Path, keep: int) -> None:
    b.save(tmp_path / "b.tar", here)
    (tmp_path / "b.tar").write_bytes((tmp_path / "b.tar").read_bytes()[:keep])
    with pytest.raises(UsageError, match="isn't restored"):
        b.read(tmp_path / "b.tar")


def test_a_bomb_is_not_unpacked(here: b.Place, tmp_path: Path) -> None:
    """What says that it is larger than any backup is refused before it is read."""
    b.save(tmp_path / "b.tar", here)
    _changed(tmp_path / "b.tar", "state/timers.json", lambda m: setattr(m, "sparse", None))
    with (tmp_path / "b.tar").open("r+b") as file, tarfile.open(tmp_path / "b.tar") as tar:
        member = tar.getmember("state/timers.json")
        member.size = 1 << 40
        file.seek(member.offset)
        file.write(member.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(UsageError, match="too large"):
        b.read(tmp_path / "b.tar")


def test_settings_that_cannot_be_read_are_not_restored(here: b.Place, tmp_path: Path) -> None:
    here.config.write_text("[wake]\nthresold = 1\n")
    b.save(tmp_path / "b.tar", here)
    with pytest.raises(UsageError, match="unknown key"):
        b.restore(tmp_path / "b.tar", here)


def test_root_means_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"HOME": str(tmp_path)}
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert b.place(None, environ, tmp_path).state == tmp_path
    assert b.place(None, environ, tmp_path / "none").state == tmp_path / ".local/state/hey-gemma"
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert b.place(None, environ, tmp_path).state == tmp_path / ".local/state/hey-gemma"


def test_the_commands_say_what_they_did(here: b.Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(here.state))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    file, settings = str(tmp_path / "b.tar"), str(here.config)
    said = CliRunner().invoke(cli.app, ["backup", file, "--config", settings])
    assert "config.toml, state/timers.json, state/muted" in said.stdout
    assert "Tokens and passwords aren't in it" in said.stdout
    said = CliRunner().invoke(cli.app, ["restore", file, "--config", settings])
    assert "Restored: config.toml" in said.stdout
    assert "Next:" in said.stdout
