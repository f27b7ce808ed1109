"""A voice from a server on this machine, checked by what the manifest says of it."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant import download, fetch_voice, manifest
from assistant.errors import ModelDamaged, ModelMissing, UsageError
from assistant.manifest import Pinned, VoiceEntry
from assistant.speech.files import fetched
from tests.test_download import Server, server

__all__ = ["server"]
CONTENT = b"what every path of this server answers"
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
SMALL = Pinned(len(CONTENT), md5=MD5)
ENTRY = VoiceEntry(
    "German", "de/de_DE/x/medium/de_DE-x-medium", "abc",
    network=Pinned(len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest()), description=SMALL, card=SMALL,
)  # fmt: skip


def fetch(server: Server, folder: Path, entry: VoiceEntry = ENTRY) -> tuple[Path, list[str]]:
    asked: list[str] = []

    def via(remote: download.Remote, target: Path, advance: Any) -> None:
        asked.append(remote.url)
        download.download(remote, target, advance, wait=lambda _: None, timeout_s=5)

    server.content = CONTENT
    base = server.url.rpartition("/")[0]
    return fetch_voice.fetch(entry, folder, via=via, collection=base), [url.removeprefix(base) for url in asked]


def test_a_voice_is_its_network_its_description_and_its_card(server: Server, tmp_path: Path) -> None:
    """The network last: without a description it is none. Nothing is fetched twice."""
    path, asked = fetch(server, tmp_path)
    assert asked == [
        "/abc/de/de_DE/x/medium/MODEL_CARD",
        "/abc/de/de_DE/x/medium/de_DE-x-medium.onnx.json",
        "/abc/de/de_DE/x/medium/de_DE-x-medium.onnx",
    ]
    assert fetched([tmp_path]) == {"de": path}
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "de_DE-x-medium.MODEL_CARD", "de_DE-x-medium.onnx", "de_DE-x-medium.onnx.json",
    ]  # fmt: skip
    assert fetch(server, tmp_path) == (path, [])


def test_what_was_cut_is_resumed(server: Server, tmp_path: Path) -> None:
    """From where it stopped."""
    server.cuts = [len(CONTENT), len(CONTENT), 10]
    fetch(server, tmp_path)
    assert server.asked == [None, None, None, "bytes=10-"]


@pytest.mark.parametrize("part", ["network", "description", "card"])
def test_other_bytes_than_the_manifest_says_are_no_voice(server: Server, tmp_path: Path, part: str) -> None:
    """Whichever file they are in, and whichever hash is known."""
    wrong = replace(getattr(ENTRY, part), **{"sha256": "0" * 64} if part == "network" else {"md5": "0" * 32})
    with pytest.raises(ModelDamaged, match="other bytes"):
        fetch(server, tmp_path, replace(ENTRY, **{part: wrong}))
    assert fetched([tmp_path]) == {}


def test_a_voice_that_is_not_on_the_server_is_said_so(server: Server, tmp_path: Path) -> None:
    """Where the list is older than the collection."""
    server.codes = [404]
    with pytest.raises(ModelMissing, match="no such file"):
        fetch(server, tmp_path)


def test_the_manifest_pins_every_file_of_six_voices() -> None:
    """A revision, a size and a hash each; another language names those there are."""
    known = manifest.load()
    assert sorted(known.voices) == ["de", "es", "fr", "it", "pt", "zh"]
    for language, entry in known.voices.items():
        assert entry.name.startswith(language)
        assert len(entry.revision) == 40
        assert len(entry.network.sha256) == 64
        assert len(entry.description.md5) == len(entry.card.md5) == 32
        assert (entry.network.bytes > 60_000_000, entry.description.bytes < 10_000) == (True, True)
    with pytest.raises(UsageError, match="'xx'") as caught:
        known.voice("xx")
    assert "de" in caught.value.remedy
