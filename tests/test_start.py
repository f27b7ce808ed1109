"""The command's first lines: large pages are asked for once, where they pay."""

import os
import sys

import pytest

from assistant import cli, start


class Began(Exception):
    """The command began anew."""


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What happens instead of a new start, and of the command."""
    seen: list[object] = []

    def execv(path: str, argv: list[str]) -> None:
        seen.extend([path, argv, os.environ[start.TUNABLES]])
        raise Began

    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setattr(cli, "main", lambda: seen.append("command"))
    monkeypatch.setattr(start, "keep_stderr", lambda: None)  # pytest's own isn't ours to change
    monkeypatch.setenv(start.TUNABLES, "")
    monkeypatch.delenv(start.TUNABLES)
    return seen


def test_a_heavy_command_begins_anew_with_large_pages(begin: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "argv", ["hey-gemma", "run", "--no-wake"])
    with pytest.raises(Began):
        start.main()
    assert begin == [sys.executable, sys.orig_argv, start.LARGE_PAGES]


@pytest.mark.parametrize(
    ("platform", "tunables", "command"),
    [("linux", start.LARGE_PAGES, "run"), ("linux", "glibc.malloc.check=3", "bench"), ("darwin", None, "run")],
)
def test_once_only_and_only_where_it_is_known(
    begin: list[object], monkeypatch: pytest.MonkeyPatch, platform: str, tunables: str | None, command: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(sys, "argv", ["hey-gemma", command])
    if tunables is not None:
        monkeypatch.setenv(start.TUNABLES, tunables)
    start.main()
    assert begin == ["command"]


@pytest.mark.parametrize("argv", [["hey-gemma"], ["hey-gemma", "version"], ["hey-gemma", "say", "run"]])
def test_light_commands_begin_at_once(begin: list[object], monkeypatch: pytest.MonkeyPatch, argv: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    start.main()
    assert begin == ["command"]


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by a traceback: the doctor can't start without it either."""

    def missing() -> None:
        raise ModuleNotFoundError("No module named 'soxr'", name="soxr")

    monkeypatch.setattr(cli, "main", missing)
    monkeypatch.setattr(sys, "argv", ["hey-gemma", "doctor"])
    with pytest.raises(SystemExit, match=r"soxr is not there\nwhat to do: .* -r requirements\.lock"):
        start.main()
