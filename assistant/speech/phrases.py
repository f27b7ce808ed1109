"""Sound of prepared phrases on disk: found by voice and text, bounded, checked when read.

Knows neither voices nor what is said at home. Nothing is written when a phrase is heard, and none twice: cards wear
out. Where nothing can be written, phrases are kept in memory, a few megabytes of them, and that is said once.

Measured: a phrase of 1.1 s is 47 kB, found and checked in 0.1 ms of CPU.
"""

import contextlib
import hashlib
import logging
import shutil
import struct
import zlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

from assistant.disk import readable
from assistant.stages import AudioClip

_log = logging.getLogger(__name__)
_MAGIC = b"HGP1"
_HEAD = struct.Struct("<4sIII")  # magic, rate, samples, checksum
IN_MEMORY = 8_000_000
KEEP_FREE = 64_000_000


class PhraseStore:
    """Phrases of one voice in `folder`/`voice`, at most `limit` bytes in all of `folder`; 0: in memory only."""

    def __init__(self, folder: Path, voice: str, *, limit: int = 64_000_000, free: int = KEEP_FREE) -> None:
        """`voice` names everything that decides about the sound but the text. `free`: bytes left to others."""
        self._all = folder
        self._folder = folder / voice
        self._limit = limit
        self._free = free
        self._memory: dict[str, AudioClip] = {}
        self._in_memory = 0
        self._writes = limit > 0

    def get(self, text: str, language: str) -> AudioClip | None:
        """The sound of a phrase; None: not prepared. A damaged one is thrown away."""
        name = _name(text, language)
        if clip := self._memory.get(name):
            return clip
        path = self._folder / name
        try:
            content = path.read_bytes()
        except OSError:
            return None
        clip = _read(content)
        if clip is None:
            _log.warning("%s is damaged: it is made again", path)
            with contextlib.suppress(OSError):
                path.unlink()
        return clip

    def has(self, text: str, language: str) -> bool:
        """Whether it is there, damaged or not."""
        name = _name(text, language)
        return name in self._memory or readable(self._folder / name)

    def put(self, text: str, language: str, clip: AudioClip) -> bool:
        """Keep a phrase. False: there is no room for more."""
        name = _name(text, language)
        data = np.ascontiguousarray(clip.samples, "<i2").tobytes()
        content = _HEAD.pack(_MAGIC, clip.rate_hz, len(clip.samples), _checksum(clip.rate_hz, data)) + data
        if self._writes:
            if self._used() + len(content) > self._limit:
                return False
            try:
                self._write(self._folder / name, content)
            except OSError as e:
                self._writes = False
                _log.warning("%s: %s; prepared phrases are kept in memory until the end", self._folder, e.strerror or e)
            else:
                return True
        if self._in_memory + len(data) > IN_MEMORY:
            return False
        self._memory[name] = clip
        self._in_memory += len(data)
        return True

    def keep_only(self, wanted: Collection[tuple[str, str]]) -> None:
        """Throw away what nobody would say any more (text and language), and all other voices' phrases.

        Only once half of the room is taken: who goes to and fro between two voices wears no card out.
        """
        if 2 * self._used() <= self._limit:
            return
        names = {_name(text, language) for text, language in wanted}
        with contextlib.suppress(OSError):
            for path in list(self._all.glob("*/*")):
                if path.parent != self._folder or path.name not in names:
                    path.unlink(missing_ok=True)
            for folder in list(self._all.iterdir()):
                if folder != self._folder and folder.is_dir():
                    folder.rmdir()

    def _used(self) -> int:
        with contextlib.suppress(OSError):
            return sum(path.stat().st_size for path in self._all.glob("*/*"))
        return 0

    def _write(self, path: Path, content: bytes) -> None:
        """Whole or not at all; not forced onto the card: the checksum tells what a power cut has left."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if _free_bytes(path.parent) < self._free:
            raise OSError(None, "the disk is nearly full")
        part = path.with_suffix(".new")
        try:
            part.write_bytes(content)
            part.replace(path)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


def voice_key(name: str, content: Path | None, speed: float) -> str:
    """A folder's name for all that decides about the sound: voice, bytes of its file, speed. 60 MB take 0.1 s."""
    digest = hashlib.sha256(f"{name} {speed}".encode())
    if content is not None:
        with content.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:24]


def _name(text: str, language: str) -> str:
    return hashlib.sha256(f"{language} {text}".encode()).hexdigest()[:32]


def _read(content: bytes) -> AudioClip | None:
    if len(content) < _HEAD.size:
        return None
    magic, rate_hz, samples, checksum = _HEAD.unpack_from(content)
    data = content[_HEAD.size :]
    if magic != _MAGIC or len(data) != 2 * samples or _checksum(rate_hz, data) != checksum or not samples:
        return None
    return AudioClip(np.frombuffer(data, "<i2").astype(np.int16), rate_hz)


def _checksum(rate_hz: int, data: bytes) -> int:
    return zlib.crc32(data, rate_hz)


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free
