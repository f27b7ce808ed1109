"""The prefix's K/V on disk, so that a start doesn't compute it again: 600 tokens of E2B are 10 MB, read in 20 ms.

Knows bytes only. llama.cpp trusts what it is given back, so a checksum stands in front: a file that was cut or changed
is as good as none. Nothing here fails a start: a cache that can't be written is a warning.
"""

import contextlib
import hashlib
import logging
from pathlib import Path

_LOG = logging.getLogger(__name__)
_MAGIC = b"hey-gemma prefix 1\n"
KEPT = 4


class PrefixCache:
    """At most four files in `directory`, the oldest go."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def load(self, key: str) -> bytes | None:
        """Give what was stored under `key`, or None."""
        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        head = len(_MAGIC) + hashlib.sha256().digest_size
        data = content[head:]
        if content[:head] != _MAGIC + hashlib.sha256(data).digest():
            _LOG.warning("%s is damaged: the prefix is computed again", self._path(key))
            return None
        return data

    def store(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`, whole or not at all."""
        path = self._path(key)
        part = path.with_suffix(".new")
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            part.write_bytes(_MAGIC + hashlib.sha256(data).digest() + data)
            part.replace(path)
            for old in sorted(self._directory.glob("prefix-*.kv"), key=_age)[:-KEPT]:
                old.unlink(missing_ok=True)
        except OSError as e:
            _LOG.warning("%s can't be written, the next start will be slower: %s", path, e.strerror)
            with contextlib.suppress(OSError):
                part.unlink()

    def _path(self, key: str) -> Path:
        return self._directory / f"prefix-{hashlib.sha256(key.encode()).hexdigest()[:24]}.kv"


def identity(path: Path) -> str:
    """Name a model file's content without reading it: path, size and time of the last change."""
    stat = path.stat()
    return f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}"


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns
