"""The config and what it names: readable by us, and its secrets by nobody else; directories that are written to."""

import os
import stat
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from assistant.config import Config
from assistant.disk import at_home
from assistant.doctor.findings import Finding, Study, absent, fail, fine, first, refused, warn
from assistant.errors import ConfigError, OutputError


@dataclass(frozen=True, slots=True)
class Settings:
    """The config file in force (None: defaults), and why it can't be read.

    `others`: files that would be read if it weren't there, as a service's.
    """

    path: Path | None
    error: ConfigError | None
    others: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Secret:
    """A file that holds one. `mode`: its permissions."""

    what: str
    path: Path
    mode: int


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory that is written to; `problem` "": it can be."""

    path: Path
    problem: str


def studies(
    path: Path | None,
    config: Config,
    error: ConfigError | None,
    places: Mapping[str, Path],
    others: Sequence[Path] = (),
) -> tuple[Study[Any], ...]:
    """What is looked at. `places`: what is written -> where."""
    found: list[Study[Any]] = [
        Study(
            "settings",
            lambda: Settings(path, error, tuple(p for p in others if p != path and p.is_file())),
            (("config", readable),),
        ),
        Study("settings", lambda: probe_secrets(path, config), (("secrets", secrets),)),
    ]
    found += [Study("settings", partial(probe_directory, place), ((what, writable),)) for what, place in places.items()]
    return tuple(found)


def secret_files(path: Path | None, config: Config) -> dict[str, Path]:
    """Files that hold a secret, by what it is."""
    named = {
        "Home Assistant's token": config.home.token_file,
        "the broker's password": config.home.mqtt.password_file,
        "the PIN in the config": str(path) if path is not None and config.home.policy.pin else "",
    }
    return {what: at_home(file) for what, file in named.items() if file}


def probe_secrets(path: Path | None, config: Config) -> list[Secret]:
    """Their permissions; those that aren't there are the home's to miss."""
    found = []
    for what, file in secret_files(path, config).items():
        try:
            found.append(Secret(what, file, stat.S_IMODE(file.stat().st_mode)))
        except (FileNotFoundError, PermissionError):  # we may not even look: neither may others
            continue
    return found


def probe_directory(path: Path) -> Directory:
    """Write a file without a name there, or see if the directory could be made."""
    there = next(p for p in (path, *path.parents) if p.exists())
    try:
        if there != path:
            return Directory(path, "" if os.access(there, os.W_OK | os.X_OK) else f"{there} can't be written to")
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
    except OSError as e:
        return Directory(path, e.strerror or str(e))
    return Directory(path, "")


def readable(facts: Settings) -> Finding:
    """TOML, with keys and values that are known."""
    if facts.error is not None:
        return refused(facts.error)
    if facts.others:
        return fine(f"{facts.path}; not in force: {', '.join(map(str, facts.others))}")
    return fine(str(facts.path) if facts.path is not None else "none: defaults (tiny, demo home)")


def secrets(facts: Sequence[Secret]) -> Finding:
    """Nobody else may read them."""
    anybody = [s for s in facts if s.mode & stat.S_IROTH]
    group = [s for s in facts if s.mode & stat.S_IRGRP]
    return first(
        absent("no file with a secret is named") if not facts else None,
        *(fail(f"anybody here can read {s.what} in {s.path}", f"chmod 600 {s.path}", 2) for s in anybody),
        *(warn(f"a group can read {s.what} in {s.path}", f"chmod 600 {s.path}") for s in group),
        otherwise=fine(f"{', '.join(s.what for s in facts)}: for the owner only"),
    )


def writable(facts: Directory) -> Finding:
    """Else timers don't outlive a restart, and every start is slow."""
    if facts.problem:
        fix = f"sudo chown -R $USER {facts.path}; see also free disk, and if the disk is mounted read-only: mount"
        return fail(f"{facts.path}: {facts.problem}", fix, OutputError.exit_code)
    return fine(str(facts.path))
