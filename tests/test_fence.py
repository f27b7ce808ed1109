"""What the service may connect to: what the config names, as addresses."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assistant import cli, fence
from assistant.config import Config, parse
from assistant.errors import OutputError
from assistant.fence import Fence

HOME = '[home]\nkind = "home_assistant"\nurl = "http://homeassistant.local:8123"\n'
BROKER = '[home]\nkind = "mqtt"\n[home.mqtt]\nhost = "broker"\n'


def config(text: str) -> Config:
    return parse(text, Path("config.toml"))


@pytest.mark.parametrize(
    ("text", "names"),
    [("", ()), (HOME, ("homeassistant.local",)), (BROKER, ("broker",)),
     (HOME + '[home.mqtt]\nhost = "broker"\n', ("homeassistant.local",)),
     (HOME + '[home.mqtt]\nhost = "broker"\nannounce = true\n', ("homeassistant.local", "broker")),
     (HOME + '[home.mqtt]\nhost = "homeassistant.local"\nannounce = true\n', ("homeassistant.local",)),
     ('[home]\nkind = "home_assistant"\nurl = "https://[fd00::5]:8123"\n', ("fd00::5",)),
     ('[home]\nkind = "home_assistant"\nurl = "https://[fd00::5:8123"\n', ())],
)  # fmt: skip
def test_only_hosts_that_the_config_uses(text: str, names: tuple[str, ...]) -> None:
    assert fence.named(config(text)) == names


def test_a_name_that_is_not_found_keeps_what_it_had() -> None:
    known = Fence({"a": ("192.0.2.1",), "b": ("192.0.2.2",), "old": ("192.0.2.3",)})
    found = fence.survey(["a", "b", "c"], known, {"a": ("192.0.2.9",), "b": (), "c": ()}.__getitem__)
    assert found == Fence({"a": ("192.0.2.9",), "b": ("192.0.2.2",), "c": ()})
    assert found.addresses == ("192.0.2.9", "192.0.2.2")


def test_link_local_addresses_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """They need the name of a network interface, which a hosts file can't hold."""
    answer = [(socket.AF_INET6, 1, 6, "", (a, 0, 0, 2)) for a in ("fe80::1", "fd00::5", "fd00::5")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
    assert fence.look_up("homeassistant.local") == ("fd00::5",)


def test_the_hosts_file_is_ours_and_the_systems() -> None:
    found = Fence({"home.local": ("192.0.2.1", "fd00::5"), "192.0.2.7": ("192.0.2.7",)})
    text = fence.hosts_file(found, "127.0.0.1 localhost\n")
    assert text.splitlines() == [
        "192.0.2.1 home.local # hey-gemma",
        "fd00::5 home.local # hey-gemma",
        "127.0.0.1 localhost",
    ]
    assert fence.read_hosts(text) == Fence({"home.local": ("192.0.2.1", "fd00::5")})


def test_systemd_is_told_the_addresses_in_place_of_those_before() -> None:
    assert fence.command(Fence({"a": ("192.0.2.1",)}))[-2:] == ["IPAddressAllow=", "IPAddressAllow=192.0.2.1"]
    assert fence.command(Fence({}))[-1] == "IPAddressAllow="


def test_a_running_service_sees_the_new_hosts_in_the_file_that_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fence, "look_up", {"broker": ("192.0.2.4",)}.get)
    told: list[list[str]] = []
    path = tmp_path / "run" / "hosts"
    monkeypatch.setattr(fence.survey, "__defaults__", (fence.look_up,))
    fence.raise_fence(config(BROKER), path, told.append)
    inode = path.stat().st_ino
    monkeypatch.setattr(fence.survey, "__defaults__", ({"broker": ("192.0.2.5",)}.get,))
    fence.raise_fence(config(BROKER), path, told.append)
    assert path.stat().st_ino == inode
    assert path.read_text().startswith("192.0.2.5 broker # hey-gemma\n")
    assert [words[-1] for words in told] == ["IPAddressAllow=192.0.2.4", "IPAddressAllow=192.0.2.5"]


def test_without_systemd_it_says_so(tmp_path: Path) -> None:
    if Path("/run/systemd/system").is_dir():
        pytest.skip("systemd runs here")
    with pytest.raises(OutputError, match="systemd doesn't run here"):
        fence.raise_fence(Config(), tmp_path / "hosts")


def test_the_command_shows_what_it_found(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(BROKER.replace("broker", "127.0.0.1"))
    assert CliRunner().invoke(cli.app, ["service", "allow", "--show", "--config", str(file)]).stdout == (
        "127.0.0.1: 127.0.0.1\n"
    )
    file.write_text("")
    assert "names no host" in CliRunner().invoke(cli.app, ["service", "allow", "--show", "--config", str(file)]).stdout


def test_what_can_not_be_a_name_is_not_found() -> None:
    assert fence.look_up("a..b") == ()
