"""The store of prepared phrases on a real disk, full, read-only and damaged ones too."""

import logging
from pathlib import Path

import numpy as np
import pytest

from assistant.speech.phrases import PhraseStore, voice_key
from assistant.stages import AudioClip


def clip(samples: int = 1000) -> AudioClip:
    return AudioClip(np.arange(samples, dtype=np.int16), 22_050)


def test_what_was_put_is_found_by_text_language_and_voice_only(tmp_path: Path) -> None:
    """By another store too: after a restart."""
    assert PhraseStore(tmp_path, "a", free=0).put("On.", "en", clip())
    found = PhraseStore(tmp_path, "a").get("On.", "en")
    assert found is not None
    assert found.rate_hz == 22_050
    assert (found.samples == clip().samples).all()
    assert PhraseStore(tmp_path, "a").get("On.", "de") is None
    assert PhraseStore(tmp_path, "b").get("On.", "en") is None
    assert not PhraseStore(tmp_path, "a").has("Off.", "en")


def test_the_voice_is_its_bytes_and_speed(tmp_path: Path) -> None:
    """A voice that was replaced under the same name is another one."""
    file = tmp_path / "v.onnx"
    file.write_bytes(b"1")
    keys = {voice_key("v", file, 1.0), voice_key("v", file, 1.1), voice_key("espeak", None, 1.0)}
    file.write_bytes(b"2")
    assert len(keys | {voice_key("v", file, 1.0)}) == 4


@pytest.mark.parametrize("damage", ["empty", "cut", "longer", "flipped", "rate", "other"])
def test_a_damaged_phrase_is_thrown_away(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    """And said; it can be made again."""
    store = PhraseStore(tmp_path, "a", free=0)
    store.put("On.", "en", clip())
    (path,) = (tmp_path / "a").iterdir()
    content = bytearray(path.read_bytes())
    flipped, rate = bytearray(content), bytearray(content)
    flipped[100] ^= 4
    rate[5] ^= 1
    damaged: dict[str, bytes | bytearray] = {
        "empty": b"",
        "cut": content[:-3],
        "longer": content + b"ab",
        "flipped": flipped,
        "rate": rate,
        "other": b"RIFF" * 99,
    }
    path.write_bytes(damaged[damage])
    assert store.get("On.", "en") is None
    assert not path.exists()
    assert "damaged" in caplog.text
    assert store.put("On.", "en", clip())
    assert store.get("On.", "en") is not None


def test_there_is_a_limit_and_what_nobody_says_any_more_makes_room(tmp_path: Path) -> None:
    """Other voices' phrases go too."""
    PhraseStore(tmp_path, "old", free=0).put("On.", "en", clip())
    store = PhraseStore(tmp_path, "a", limit=5000, free=0)
    assert store.put("On.", "en", clip())
    assert not store.put("Off.", "en", clip())
    store.keep_only([("On.", "en")])
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert store.has("On.", "en")
    assert store.put("Off.", "en", clip())


def test_where_nothing_can_be_written_memory_keeps_some_and_that_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file in the folder's place is what root can test; a disk with less than is left to others free is the same."""
    (tmp_path / "no").write_text("")
    for store in (PhraseStore(tmp_path / "no", "a"), PhraseStore(tmp_path / "yes", "a", free=1 << 60)):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert store.put("On.", "en", clip())
            assert store.put("Off.", "en", clip())
            assert not store.put("Long.", "en", clip(5_000_000))
        assert store.get("On.", "en") is not None
        assert store.has("Off.", "en")
        assert len(caplog.records) == 1
        store.keep_only([])


def test_a_folder_that_can_not_be_looked_into_holds_no_phrase(tmp_path: Path) -> None:
    """Another user's, or a card's that fails: an answer is synthesized then, as if it had never been prepared."""
    store = PhraseStore(tmp_path, "v" * 300, free=0)  # a name that no file system takes
    assert not store.has("On.", "en")
    assert store.get("On.", "en") is None


def test_without_a_share_of_the_disk_nothing_is_written(tmp_path: Path) -> None:
    """In memory only."""
    store = PhraseStore(tmp_path, "a", limit=0)
    assert store.put("On.", "en", clip())
    assert store.has("On.", "en")
    assert not list(tmp_path.iterdir())
