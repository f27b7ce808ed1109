"""Files that are there whole or not at all, and the room that they need. Knows no content."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from assistant.errors import OutputError


@contextlib.contextmanager
def replacing(path: Path, nbytes: int, *, private: bool = False) -> Iterator[BinaryIO]:
    """Open a file that appears at `path` when the block ends well, and leaves nothing behind when it doesn't.

    `private`: only its owner may read it.
    """
    part = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        need_space(path.parent, nbytes)
        with open(part, "wb", opener=owner_only if private else None) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def owner_only(path: str, flags: int) -> int:
    """Open a file, for `open(opener=...)`, which nobody else may read if it is new."""
    return os.open(path, flags, 0o600)


@contextlib.contextmanager
def as_owner(folder: Path) -> Iterator[None]:
    """Root does as the folder's owner: what it writes there is theirs, and no link of theirs leads it elsewhere."""
    if os.geteuid() != 0:
        yield
        return
    there = next(p for p in (folder, *folder.parents) if p.exists()).stat()
    group = os.getegid()
    os.setegid(there.st_gid)
    os.seteuid(there.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)


def readable(path: Path) -> bool:
    """Whether a file or folder is there for us: one that another user keeps to itself isn't, and is no error."""
    return os.access(path, os.R_OK, effective_ids=True)


def at_home(path: str | Path) -> Path:
    """A path with `~` as that user's home; of a user that there isn't, it stays as it is, and nothing is there."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's raises RuntimeError


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let only one process at a time make the file at `path`: others wait. An empty file `path`.lock stays."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(path.name + ".lock").open("wb")
    except OSError as error:
        raise _unwritable(path, error) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def need_space(directory: Path, nbytes: int) -> None:
    """Raise OutputError unless `directory` has room for `nbytes`."""
    free = shutil.disk_usage(directory).free
    if free < nbytes:
        raise OutputError(
            f"{directory} has {free / 1e9:.1f} GB free; {nbytes / 1e9:.1f} GB are needed",
            remedy="free space, or choose another directory (XDG_DATA_HOME, XDG_CACHE_HOME)",
        )


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path} can't be written: {error.strerror or error}", remedy="free space, or choose another directory"
    )
