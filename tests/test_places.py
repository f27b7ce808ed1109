"""Where files are: of a checkout, of an installed program, of somebody whose HOME nobody set."""

import os
import pwd
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from assistant import config, manifest, places

ROOT = Path(__file__).parents[1]


def test_a_checkout_has_its_models_beside_the_package() -> None:
    assert places.models_dir() == ROOT / "models"


def test_an_installed_program_finds_its_own_words(tmp_path: Path) -> None:
    """With what the wheel carries, and no `models` beside the package."""
    shutil.copytree(ROOT / "assistant", tmp_path / "assistant", ignore=shutil.ignore_patterns("__pycache__"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for source, there in project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"].items():
        (tmp_path / there).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / there).symlink_to(ROOT / source)
    program = """if True:
        from assistant.places import models_dir
        from assistant.wake import Head, WakeWord
        print(WakeWord().word, Head().phrase, Head(models_dir() / "stop" / "stop.onnx").phrase, sep=", ")"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert run.stdout == "hey gemma, hey gemma, stop\n", run.stderr


def test_without_home_the_users_directory_is_what_the_system_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in cloud-init, or a bare `env -i`: nothing is kept in /var or in the root directory."""
    entry = pwd.struct_passwd(("kim", "x", 1000, 1000, "", "/home/kim", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: entry)
    for environ in ({}, {"HOME": ""}, {"HOME": "/home/kim"}):
        assert places.cache_dir(environ) == Path("/home/kim/.cache/hey-gemma")
        assert places.state_dir(environ) == Path("/home/kim/.local/state/hey-gemma")
        assert manifest.data_dirs(environ)[0] == Path("/home/kim/.local/share/hey-gemma/models")
        assert config.user_file(environ) == Path("/home/kim/.config/hey-gemma/config.toml")


def test_a_user_whom_the_system_does_not_know_has_no_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert places.home_dir({}) == Path("/")


def test_root_asks_about_the_service_where_there_is_one_and_others_about_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the service itself, which is told its directories."""
    home = {"HOME": "/home/kim"}
    own = (Path("/home/kim/.local/state/hey-gemma"), Path("/home/kim/.cache/hey-gemma"))
    service = (tmp_path, places.SERVICE_CACHE_DIR)

    def asked(environ: dict[str, str], folder: Path = tmp_path) -> tuple[Path, Path]:
        return places.asked_state_dir(environ, folder), places.asked_cache_dir(environ, folder)

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert asked(home) == own
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert asked(home) == service
    assert asked(home, tmp_path / "none") == own
    told = {"STATE_DIRECTORY": "/var/lib/hey-gemma", "CACHE_DIRECTORY": "/var/cache/hey-gemma"}
    assert asked(home | told) == (Path("/var/lib/hey-gemma"), Path("/var/cache/hey-gemma"))
