"""Downloads from a server on this machine that cuts, lies, forgets ranges and answers oddly."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from assistant import download
from assistant.download import Remote
from assistant.errors import ModelDamaged, ModelMissing, OutputError

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Server:
    """Serves `content`; `cuts` are the bytes after which the next answers end, `codes` the next status codes."""

    content: bytes = CONTENT
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        self.asked.append(wanted)
        if self.codes and (code := self.codes.pop(0)) != 200:
            if code == 302:
                handler.send_response(302)
                handler.send_header("Location", "/elsewhere")
                handler.end_headers()
                return
            handler.send_error(code)
            return
        start = int(re.findall(r"\d+", wanted)[0]) if wanted and self.ranges else 0
        if start and start >= len(self.content):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        handler.send_header("Content-Length", str(len(self.content) - start))
        handler.end_headers()
        handler.wfile.write(self.content[start:][: self.cuts.pop(0) if self.cuts else None])


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        served.url = f"http://127.0.0.1:{running.server_port}/weights.gguf"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        running.shutdown()
        thread.join()


@dataclass
class Fetch:
    """Fetches from the server and keeps the ledger: waits between attempts and bytes reported."""

    server: Server
    target: Path
    waits: list[float] = field(default_factory=list)
    reported: int = 0
    size: int = len(CONTENT)
    sha256: str = SHA256

    def __call__(self, url: str = "", timeout_s: float = 5.0) -> None:
        remote = Remote(url or self.server.url, self.size, self.sha256)
        download.download(remote, self.target, self.report, wait=self.waits.append, timeout_s=timeout_s)

    def report(self, nbytes: int) -> None:
        self.reported += nbytes

    @property
    def part(self) -> Path:
        return self.target.with_name(self.target.name + ".part")


@pytest.fixture
def fetch(server: Server, tmp_path: Path) -> Fetch:
    return Fetch(server, tmp_path / "models" / "weights.gguf")


def test_a_file_arrives_whole(fetch: Fetch) -> None:
    fetch()
    assert fetch.target.read_bytes() == CONTENT
    assert fetch.reported == len(CONTENT)
    assert [p.name for p in fetch.target.parent.iterdir()] == ["weights.gguf"]


def test_a_redirect_is_followed(fetch: Fetch) -> None:
    fetch.server.codes = [302]
    fetch()
    assert fetch.target.read_bytes() == CONTENT


def test_a_cut_transfer_goes_on_where_it_stopped(fetch: Fetch) -> None:
    fetch.server.cuts = [1_000_000, 500_000]
    fetch()
    assert fetch.target.read_bytes() == CONTENT
    assert fetch.server.asked == [None, "bytes=1000000-", "bytes=1500000-"]
    assert fetch.waits == [1.0, 1.0]  # each attempt brought something: no backing off
    assert fetch.reported == len(CONTENT)


def test_a_part_of_an_earlier_run_is_not_fetched_again(fetch: Fetch) -> None:
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(CONTENT[:2_000_000])
    fetch()
    assert fetch.target.read_bytes() == CONTENT
    assert fetch.server.asked == ["bytes=2000000-"]
    assert fetch.reported == len(CONTENT)


def test_a_part_that_is_complete_needs_no_server(fetch: Fetch) -> None:
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(CONTENT)
    fetch()
    assert fetch.target.read_bytes() == CONTENT
    assert fetch.server.asked == []


def test_a_part_longer_than_the_file_is_thrown_away(fetch: Fetch) -> None:
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(CONTENT + b"more")
    fetch()
    assert fetch.target.read_bytes() == CONTENT


def test_a_server_without_ranges_begins_anew(fetch: Fetch) -> None:
    fetch.server.ranges = False
    fetch.server.cuts = [1_000_000]
    fetch()
    assert fetch.target.read_bytes() == CONTENT
    assert fetch.reported == len(CONTENT)


def test_wrong_bytes_are_removed_and_said(fetch: Fetch) -> None:
    fetch.server.content = CONTENT[:-1] + b"\0"
    with pytest.raises(ModelDamaged) as caught:
        fetch()
    assert "removed" in caught.value.message
    assert list(fetch.target.parent.iterdir()) == []


def test_wrong_bytes_in_the_resumed_part_are_found(fetch: Fetch) -> None:
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(b"\0" * 1_000_000)
    with pytest.raises(ModelDamaged):
        fetch()
    assert not fetch.part.exists()
    fetch()
    assert fetch.target.read_bytes() == CONTENT


def test_a_file_that_grew_upstream_is_said(fetch: Fetch) -> None:
    fetch.server.content = CONTENT + b"more"
    with pytest.raises(ModelDamaged) as caught:
        fetch()
    assert "larger" in caught.value.message


def test_a_file_that_shrank_upstream_ends_in_an_error(fetch: Fetch) -> None:
    """The server has no byte at the place that we ask for: 416, and from the start it is too short each time."""
    fetch.server.content = CONTENT[:1_000_000]
    with pytest.raises(ModelMissing):
        fetch()
    assert not fetch.target.exists()


def test_a_busy_server_is_asked_again_ever_later(fetch: Fetch) -> None:
    fetch.server.codes = [503, 429, 500]
    fetch()
    assert fetch.target.read_bytes() == CONTENT
    assert fetch.waits == [2.0, 4.0, 8.0]


def test_a_server_that_stays_busy_is_given_up(fetch: Fetch) -> None:
    fetch.server.codes = [503] * 20
    with pytest.raises(ModelMissing) as caught:
        fetch()
    assert "503" in caught.value.message
    assert "goes on where it stopped" in caught.value.remedy
    assert len(fetch.server.asked) == 6


@pytest.mark.parametrize(("code", "words"), [(404, "no such file"), (401, "login"), (403, "refuses"), (400, "400")])
def test_a_refusal_is_not_asked_twice(code: int, words: str, fetch: Fetch) -> None:
    fetch.server.codes = [code]
    with pytest.raises(ModelMissing) as caught:
        fetch()
    assert words in caught.value.message
    assert len(fetch.server.asked) == 1


def test_a_name_that_does_not_resolve_is_a_network_error(fetch: Fetch) -> None:
    with pytest.raises(ModelMissing) as caught:
        fetch("http://nowhere.invalid/weights.gguf")
    assert "nowhere.invalid can't be reached" in caught.value.message
    assert "network" in caught.value.remedy


def test_a_closed_port_keeps_the_part_for_later(fetch: Fetch) -> None:
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(CONTENT[:5])
    with pytest.raises(ModelMissing):
        fetch("http://127.0.0.1:9/weights.gguf")
    assert fetch.part.read_bytes() == CONTENT[:5]


def test_a_server_that_falls_silent_is_asked_again(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = threading.Event()
    answer: Callable[[BaseHTTPRequestHandler], None] = fetch.server.answer

    def first_silent(handler: BaseHTTPRequestHandler) -> None:
        if not waiting.is_set():
            waiting.set()
            handler.rfile.read(1)  # returns when the client hangs up
            return
        answer(handler)

    monkeypatch.setattr(fetch.server, "answer", first_silent)
    fetch(timeout_s=0.1)
    assert waiting.is_set()
    assert fetch.target.read_bytes() == CONTENT


def test_two_fetches_of_one_file_do_not_mix(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[str] = []

    def meddle(nbytes: int) -> None:
        if not refused:
            with pytest.raises(OutputError) as caught:
                download.download(Remote(fetch.server.url, fetch.size, SHA256), fetch.target)
            refused.append(caught.value.message)

    monkeypatch.setattr(fetch, "report", meddle)
    fetch()
    assert refused == ["weights.gguf is being fetched already"]
    assert fetch.target.read_bytes() == CONTENT


def test_a_directory_that_cannot_be_written_is_an_output_error(fetch: Fetch) -> None:
    fetch.target = Path("/dev/null/weights.gguf")
    with pytest.raises(OutputError):
        fetch()
