"""One large file over HTTP: resumed where it was cut, hashed on the way, there only when its hash is right.

Knows URLs, sizes and hashes, no models. The only importer of httpx. Reading and hashing 3.35 GB takes 5 s of
processor time where there are SHA instructions (a Raspberry Pi 5 has them), so a resumed part is simply hashed again.
"""

import fcntl
import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import httpx

from assistant.errors import ModelDamaged, ModelMissing, OutputError

CHUNK_BYTES = 1 << 20
WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
_AGAIN = "run the same command again: it goes on where it stopped"


@dataclass(frozen=True, slots=True)
class Remote:
    """What to download, and what it must be."""

    url: str
    bytes: int
    sha256: str = ""
    md5: str = ""  # for small files of which no better is known

    @property
    def hash(self) -> str:
        """What it must hash to."""
        return self.sha256 or self.md5

    def hasher(self) -> "hashlib._Hash":
        """A new hash of the kind that is known."""
        return hashlib.sha256() if self.sha256 or not self.md5 else hashlib.md5(usedforsecurity=False)


class _CutError(Exception):
    """The transfer ended early for a reason that may pass."""


@dataclass(slots=True)
class _Part:
    """The beginning of the file, as far as it is there, and its hash."""

    file: BinaryIO
    advance: Callable[[int], None]
    hasher: Callable[[], "hashlib._Hash"]
    hash: "hashlib._Hash" = field(init=False)
    size: int = 0

    def __post_init__(self) -> None:
        self.hash = self.hasher()

    def load(self) -> None:
        self.file.seek(0)
        while chunk := self.file.read(CHUNK_BYTES):
            self._count(chunk)

    def append(self, chunk: bytes) -> None:
        self.file.write(chunk)
        self._count(chunk)

    def restart(self) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.advance(-self.size)
        self.hash, self.size = self.hasher(), 0

    def _count(self, chunk: bytes) -> None:
        self.hash.update(chunk)
        self.size += len(chunk)
        self.advance(len(chunk))


def download(
    remote: Remote,
    target: Path,
    advance: Callable[[int], None] = lambda _: None,
    *,
    timeout_s: float = 30.0,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Bring `remote` to `target`. What is there of it, `target` with `.part` behind, is not fetched twice.

    Gives up after six attempts in a row that brought nothing. Raises ModelMissing (no network, no such file),
    ModelDamaged (other bytes than announced: they are removed), OutputError (disk).
    """
    part_path = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part_path.open("a+b") as file:
            _lock(file, target)
            part = _Part(file, advance, remote.hasher)
            part.load()
            if part.size > remote.bytes:
                part.restart()
            if part.size < remote.bytes:
                with httpx.Client(timeout=timeout_s, follow_redirects=True) as client:
                    _transfer(remote, part, client, wait)
            file.flush()
            _check(remote, part, part_path)
        part_path.replace(target)
    except OSError as error:
        raise OutputError(
            f"{target} can't be written: {error.strerror or error}",
            remedy=f"free space, or choose another directory; then {_AGAIN}",
        ) from error


def _lock(file: BinaryIO, target: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(f"{target.name} is being fetched already", remedy="wait for the other fetch") from error


def _transfer(remote: Remote, part: _Part, client: httpx.Client, wait: Callable[[float], None]) -> None:
    failures, farthest = 0, part.size
    while part.size < remote.bytes:
        try:
            _attempt(remote, part, client)
        except (_CutError, httpx.RequestError) as error:
            failures = 0 if part.size > farthest else failures + 1
            farthest = max(farthest, part.size)
            if failures == len(WAITS_S):
                raise _unreachable(remote, error) from error
            wait(WAITS_S[failures])


def _attempt(remote: Remote, part: _Part, client: httpx.Client) -> None:
    headers = {"Range": f"bytes={part.size}-"} if part.size else {}
    headers["Accept-Encoding"] = "identity"
    with client.stream("GET", remote.url, headers=headers) as response:
        _judge(response, remote)
        if not _continues(response, part.size):
            part.restart()
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise _CutError("the server has no more of the file than we have")
        for chunk in response.iter_raw():  # as they come: a size here would lose what was gathered at a cut
            if part.size + len(chunk) > remote.bytes:
                raise ModelDamaged(
                    f"{remote.url} is larger than the {remote.bytes} bytes that the manifest says",
                    remedy="update Hey Gemma: the file was replaced upstream",
                )
            part.append(chunk)
    if part.size < remote.bytes:
        raise _CutError(f"the connection ended after {part.size} of {remote.bytes} bytes")


def _continues(response: httpx.Response, at_byte: int) -> bool:
    """Whether the answer's first byte is the one that we need next. A server without ranges begins anew."""
    if response.status_code != httpx.codes.PARTIAL_CONTENT:
        return at_byte == 0
    place = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return place is not None and int(place[1]) == at_byte


def _judge(response: httpx.Response, remote: Remote) -> None:
    code = response.status_code
    if code in (200, 206, 416):
        return
    if code == httpx.codes.TOO_MANY_REQUESTS or code >= 500:
        raise _CutError(f"the server answers {code}")
    meaning = {401: "asks for a login", 403: "refuses", 404: "has no such file", 410: "has no such file any more"}
    raise ModelMissing(
        f"{remote.url}: the server {meaning.get(code, 'answers')} ({code})",
        remedy="update Hey Gemma, or put the file in place by hand (hey-gemma models list shows where)",
    )


def _check(remote: Remote, part: _Part, path: Path) -> None:
    if part.hash.hexdigest() != remote.hash:
        path.unlink()
        raise ModelDamaged(
            f"{remote.url} brought other bytes than the manifest says ({part.hash.name} "
            f"{part.hash.hexdigest()[:12]}..., not {remote.hash[:12]}...); they are removed",
            remedy="fetch again; if it happens twice, the file was replaced upstream: update Hey Gemma",
        )


def _unreachable(remote: Remote, error: Exception) -> ModelMissing:
    host = httpx.URL(remote.url).host
    why = str(error) or type(error).__name__
    return ModelMissing(f"{host} can't be reached: {why}", remedy=f"look at the network, then {_AGAIN}")
