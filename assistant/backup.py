"""One file with what a person has set and would miss: settings, timers and alarms, own wake words, the mute.

No token, no password, no recorded sound and no model: those are made or fetched anew. A backup is checked whole, in
memory, before anything of it is written: only names that we know, plain files, sizes within bounds, every byte as its
list says, and settings that can be read. A restore first keeps what it replaces, as a backup of its own.
"""

import hashlib
import io
import json
import os
import re
import tarfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tarfile import TarFile

from assistant import __version__, config, manifest
from assistant.disk import replacing
from assistant.errors import OutputError, UsageError
from assistant.places import SERVICE_DIR, asks_for_service, state_dir

LIST = "hey-gemma-backup.json"
KEPT = re.compile(r"config\.toml|state/(timers\.json|muted)|wake/[A-Za-z0-9][A-Za-z0-9._-]{0,60}\.onnx")
MOST_BYTES = 32_000_000
MOST_FILES = 100
BEFORE = "before-restore.tar"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an assistant keeps what is backed up."""

    config: Path
    state: Path
    heads: Path  # of own wake words

    def path(self, name: str) -> Path:
        """Where the member `name` of a backup belongs."""
        if name == "config.toml":
            return self.config
        folder = self.heads if name.startswith("wake/") else self.state
        return folder / PurePosixPath(name).name


def place(explicit: Path | None, environ: Mapping[str, str] = os.environ, service: Path = SERVICE_DIR) -> Place:
    """Of this user's assistant; root's is the system's service, where there is one."""
    file = config.find(explicit, environ) or config.user_file(environ)
    if asks_for_service(environ, service):
        return Place(file, service, service / "wake")
    return Place(file, state_dir(environ), manifest.data_dirs(environ)[0].parent / "wake")


def save(target: Path, where: Place) -> list[str]:
    """Write a backup; return what is in it. Raises OutputError."""
    found = dict(_found(where))
    listed = {name: hashlib.sha256(data).hexdigest() for name, data in found.items()}
    about = {"format": 1, "hey-gemma": __version__, "made": time.strftime("%Y-%m-%d %H:%M:%S"), "sha256": listed}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, data in {LIST: json.dumps(about, indent=1).encode(), **found}.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(data), 0o600, int(time.time())
            tar.addfile(member, io.BytesIO(data))
    with replacing(target, packed.tell(), private=True) as file:
        file.write(packed.getvalue())
    return list(found)


def _found(where: Place) -> list[tuple[str, bytes]]:
    heads = sorted(where.heads.glob("*.onnx"))
    names = ["config.toml", "state/timers.json", "state/muted", *(f"wake/{head.name}" for head in heads)]
    found = []
    for name in names:
        try:
            found.append((name, where.path(name).read_bytes()))
        except FileNotFoundError:
            continue
        except OSError as e:
            raise OutputError(f"{where.path(name)}: {e.strerror}", remedy="sudo hey-gemma backup FILE") from e
    return found


def read(source: Path) -> Mapping[str, bytes]:
    """Check a backup and return its files; nothing is written. Raises UsageError."""
    try:
        if source.stat().st_size > 2 * MOST_BYTES:
            raise _refused(source, "it is too large")
        with source.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            members = _members(source, tar)
        about = json.loads(members.pop(LIST))
        listed = dict(about["sha256"])
        version = about["format"]
    except OSError as e:
        raise UsageError(f"{source}: {e.strerror or e}", remedy="name a file that hey-gemma backup wrote") from e
    except (tarfile.TarError, ValueError, KeyError, TypeError, EOFError) as e:
        raise _refused(source, "it is damaged, or no backup") from e
    if version != 1:
        raise _refused(source, f"its format {version} is newer than this program")
    if {name: hashlib.sha256(data).hexdigest() for name, data in members.items()} != listed:
        raise _refused(source, "its content isn't what its list says")
    if text := members.get("config.toml"):
        config.parse(_text(source, text), source)
    return members


def _members(source: Path, tar: TarFile) -> dict[str, bytes]:
    """Every file by its name. Nothing that could lie outside of our folders, and no more than a backup has."""
    members: dict[str, bytes] = {}
    total = 0
    for member in tar:
        if member.name in members or not member.isreg() or not (member.name == LIST or KEPT.fullmatch(member.name)):
            raise _refused(source, f"{member.name!r} doesn't belong into a backup")
        total += member.size
        if total > MOST_BYTES or len(members) > MOST_FILES:
            raise _refused(source, "it is too large")
        content = tar.extractfile(member)
        members[member.name] = content.read() if content is not None else b""
    return members


def restore(source: Path, where: Place) -> list[str]:
    """Put a checked backup in place of what is there; return what was written. Raises UsageError, OutputError."""
    members = read(source)
    save(where.state / BEFORE, where)
    if "state/muted" not in members:
        with suppress(FileNotFoundError):
            where.path("state/muted").unlink()
    for name, data in members.items():
        path = where.path(name)
        owner = _owner(path)
        with replacing(path, len(data), private=name != "config.toml") as file:
            file.write(data)
            if os.geteuid() == 0:
                os.fchown(file.fileno(), *owner)
            if name == "config.toml":
                os.fchmod(file.fileno(), 0o640)
    return list(members)


def _owner(path: Path) -> tuple[int, int]:
    """Whose the file is, or will be: its folder's owner's."""
    there = next(p for p in (path, *path.parents) if p.exists())
    return there.stat().st_uid, there.stat().st_gid


def _text(source: Path, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as e:
        raise _refused(source, "its settings aren't UTF-8 text") from e


def _refused(source: Path, why: str) -> UsageError:
    return UsageError(f"{source} isn't restored: {why}", remedy="name a file that hey-gemma backup wrote")
