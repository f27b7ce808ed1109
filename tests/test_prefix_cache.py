"""The prefix on disk: whole or not at all, and never in the way of a start."""

import logging
import os
from pathlib import Path

import pytest

from assistant.llm.prefix_cache import KEPT, PrefixCache, identity


def test_gives_back_what_was_stored(tmp_path: Path) -> None:
    cache = PrefixCache(tmp_path / "new" / "directory")
    assert cache.load("a") is None
    cache.store("a", b"state of a")
    assert cache.load("a") == b"state of a"
    assert cache.load("b") is None


@pytest.mark.parametrize("spoil", [lambda b: b[:-1], lambda b: b[:-1] + b"!", lambda b: b"", lambda b: b"GGUF" + b])
def test_a_changed_file_is_as_good_as_none(tmp_path: Path, spoil: object, caplog: pytest.LogCaptureFixture) -> None:
    """llama.cpp would trust it."""
    cache = PrefixCache(tmp_path)
    cache.store("a", b"state of a")
    [path] = tmp_path.iterdir()
    assert callable(spoil)
    path.write_bytes(spoil(path.read_bytes()))
    assert cache.load("a") is None
    assert "damaged" in caplog.text


def test_only_the_latest_are_kept(tmp_path: Path) -> None:
    """Each change of the home makes a new prefix."""
    cache = PrefixCache(tmp_path)
    for i in range(KEPT + 2):
        cache.store(str(i), b"x")
        newest = max(tmp_path.iterdir(), key=lambda p: p.stat().st_mtime_ns)
        os.utime(newest, ns=(i, i))
    cache.store("last", b"x")
    assert len(list(tmp_path.iterdir())) == KEPT
    assert cache.load("last") == b"x"


def test_a_disk_that_cannot_be_written_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A start doesn't fail for want of a cache."""
    (tmp_path / "file").write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        PrefixCache(tmp_path / "file").store("a", b"x")
    assert "slower" in caplog.text


def test_a_changed_model_has_another_identity(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"one")
    before = identity(path)
    assert identity(path) == before
    path.write_bytes(b"other")
    assert identity(path) != before
