"""Cutting the ear out of a text model's file, and telling one that fits from one that doesn't."""

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader

from assistant import manifest, verify, weights
from assistant.errors import ModelDamaged, ModelMissing, OutputError
from assistant.gguf import ear_slice, gguf_file, shape
from assistant.gguf.gguf_file import encode
from assistant.weights import ModelPaths


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "text.gguf"
    shape.write_text(path, shape.MINI)
    return path


@pytest.fixture
def ear(model: Path, tmp_path: Path) -> Path:
    made = weights.prepared_ear(ModelPaths(model, model), tmp_path)
    assert made is not None
    return made


def rewritten(source: Path, target: Path, **changed: gguf_file.Value) -> Path:
    """Copy a file with other values under some of its keys."""
    header = gguf_file.read_header(source)
    fields = {key: header.encoded(key) for key in header.spans}
    fields |= {key.replace("__", "."): encode(value) for key, value in changed.items()}
    gguf_file.keep(source, target, lambda _: True, fields, lambda _: None)
    return target


def test_half_of_the_layers_and_the_whole_vocabulary_are_kept(model: Path, ear: Path) -> None:
    """Tensor by tensor what the source has: whole, or its first rows or columns; one row of zeros more."""
    theirs = {t.name: t.data for t in GGUFReader(model).tensors}
    ours = {t.name: t.data for t in GGUFReader(ear).tensors}
    dropped = {name for name in theirs if name.startswith("blk.") and int(name.split(".")[1]) >= 5}
    assert dropped
    assert set(ours) == set(theirs) - dropped
    for name, data in ours.items():
        if name in ("token_embd.weight", "per_layer_token_embd.weight"):
            assert np.array_equal(data[:-1], theirs[name][:, : data.shape[1]])
            assert not data[-1].any()
        else:
            assert np.array_equal(data, theirs[name][: len(data)])
    shapes = {t.name: t.shape for t in gguf_file.read_header(ear).tensors}
    assert shapes["per_layer_token_embd.weight"] == (5 * 256, 1025)
    assert shapes["per_layer_model_proj.weight"] == (256, 5 * 256)


def test_the_header_says_what_was_kept(model: Path, ear: Path) -> None:
    values = gguf_file.read_header(ear).values
    assert values["gemma4.block_count"] == 5
    assert values["gemma4.attention.shared_kv_layers"] == 0
    assert values["gemma4.feed_forward_length"] == (256,) * 5
    assert values["gemma4.attention.sliding_window_pattern"] == (True, True, True, True, False)
    assert values["tokenizer.ggml.model"] == "none"
    assert values["gemma4.vocab_size"] == 1025
    assert not [key for key in values if key.startswith("tokenizer.") and key != "tokenizer.ggml.model"]
    assert ear_slice.problem(ear, model) is None


def test_an_ear_is_made_once(model: Path, tmp_path: Path) -> None:
    """Progress adds up to its size; the second time nothing is written."""
    steps: list[int] = []
    cut = ear_slice.cut(model)
    assert cut is not None
    cut.write(tmp_path / "ear.gguf", steps.append)
    assert sum(steps) == cut.nbytes
    found = ModelPaths(model, model)
    first = weights.prepared_ear(found, tmp_path)
    assert first == weights.ear_path(found, tmp_path)
    written = first.stat().st_mtime_ns
    assert weights.prepared_ear(found, tmp_path) == first
    assert first.stat().st_mtime_ns == written


@pytest.mark.parametrize("harm", ["truncated", "emptied", "of another version", "of another model"])
def test_an_ear_that_does_not_fit_is_made_again(model: Path, ear: Path, tmp_path: Path, harm: str) -> None:
    if harm == "truncated":
        ear.write_bytes(ear.read_bytes()[:-5000])
    elif harm == "emptied":
        ear.write_bytes(b"")
    elif harm == "of another version":
        rewritten(ear, ear, hey_gemma__ear__version=ear_slice.VERSION + 1)
    else:
        rewritten(ear, ear, hey_gemma__ear__source="0" * 64)
    assert ear_slice.problem(ear, model)
    assert weights.prepared_ear(ModelPaths(model, model), ear.parent) == ear
    ear_slice.compare(ear, model)
    assert ear_slice.problem(ear, model) is None


def test_other_weights_in_the_same_place_make_the_ear_stale(model: Path, tmp_path: Path) -> None:
    """Same name, same size, same header: the data tells."""
    mine = tmp_path / "text.gguf"
    shutil.copy(model, mine)
    ear = weights.prepared_ear(ModelPaths(mine, mine), tmp_path)
    assert ear is not None
    header = gguf_file.read_header(mine)
    with mine.open("r+b") as file:
        tensor = next(t for t in header.tensors if t.name == "blk.9.ffn_up.weight")
        file.seek(header.data_start + tensor.offset)
        file.write(b"\x01\x02\x03")
    problem = ear_slice.problem(ear, mine)
    assert problem is not None
    assert "another model" in problem


def test_a_copy_of_the_model_keeps_its_ear(model: Path, ear: Path, tmp_path: Path) -> None:
    """The content counts, not the date."""
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(model.read_bytes())
    assert ear_slice.problem(ear, copy) is None


def test_a_flipped_bit_is_found_by_comparing(model: Path, ear: Path) -> None:
    ear_slice.compare(ear, model)
    data = bytearray(ear.read_bytes())
    data[-100_000] ^= 1
    ear.write_bytes(data)
    with pytest.raises(ModelDamaged, match="is damaged in"):
        ear_slice.compare(ear, model)


def test_a_model_that_shares_no_layers_has_no_ear(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One line says so."""
    alone = rewritten(model, tmp_path / "alone.gguf", gemma4__attention__shared_kv_layers=0)
    with caplog.at_level(logging.INFO, logger="assistant.weights"):
        assert weights.prepared_ear(ModelPaths(alone, alone), tmp_path / "cache") is None
    assert len(caplog.records) == 1
    assert "has no ear" in caplog.text
    assert not (tmp_path / "cache").exists()


def test_what_cannot_be_cut_says_why(model: Path, tmp_path: Path) -> None:
    """Another architecture, numbers that make no sense, a quantization whose blocks end elsewhere, no file."""
    other = rewritten(model, tmp_path / "other.gguf", general__architecture="llama")
    with pytest.raises(ModelDamaged, match="is a llama model, not a gemma4"):
        ear_slice.cut(other)
    odd = rewritten(model, tmp_path / "odd.gguf", gemma4__attention__shared_kv_layers=10)
    with pytest.raises(ModelDamaged, match="10 of 10 layers"):
        ear_slice.cut(odd)
    words = rewritten(model, tmp_path / "words.gguf", gemma4__block_count="ten")
    with pytest.raises(ModelDamaged, match="not a number"):
        ear_slice.cut(words)
    narrow = tmp_path / "narrow.gguf"
    shape.write_text(narrow, replace(shape.MINI, text=replace(shape.MINI.text, per_layer_width=128)))
    with pytest.raises(ModelDamaged, match="can't be cut behind column 640"):
        ear_slice.cut(narrow)
    with pytest.raises(ModelMissing):
        weights.prepared_ear(ModelPaths(tmp_path / "none.gguf", model), tmp_path)


def test_a_full_disk_leaves_no_half_ear(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known before a byte is written."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(OutputError, match="are needed"):
        weights.prepared_ear(ModelPaths(model, model), tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]
    monkeypatch.undo()
    assert weights.prepared_ear(ModelPaths(model, model), tmp_path)


def test_a_cache_that_cannot_be_written_is_an_output_error(model: Path) -> None:
    with pytest.raises(OutputError, match="can't be written"):
        weights.prepared_ear(ModelPaths(model, model), Path("/dev/null/cache"))


def test_verify_and_list_know_the_ear(tmp_path: Path) -> None:
    """`models verify` compares every byte of it; `models list` says whether there is one that fits."""
    known = manifest.load()
    entry = known.entry("tiny")
    (before,) = (row for row in weights.listing(known, ears=tmp_path) if row.name == "tiny")
    ear = weights.prepared_ear(weights.paths(entry), tmp_path)
    (after,) = (row for row in weights.listing(known, ears=tmp_path) if row.name == "tiny")
    assert (before.ear, after.ear) == (None, ear)
    assert verify.verify(entry, ears=tmp_path).checks[-1].what == "ear"
    assert verify.verify(entry, ears=tmp_path).ok
    assert ear is not None
    data = bytearray(ear.read_bytes())
    data[-1000] ^= 1
    ear.write_bytes(data)
    check = verify.verify(entry, ears=tmp_path).checks[-1]
    assert "is damaged in" in check.problem
    assert check.remedy == "hey-gemma models prepare"
