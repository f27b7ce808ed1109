"""What is found in two headers before llama.cpp sees the files."""

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import ModelDamaged, ModelMissing
from assistant.gguf import gguf_file
from assistant.gguf.shape import PRESETS, write_mmproj
from assistant.llm.check import check_files


def test_a_fitting_pair_passes(mini: tuple[Path, Path]) -> None:
    check_files(*mini)


def test_a_missing_file_is_missing(mini: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(ModelMissing) as caught:
        check_files(tmp_path / "none.gguf", mini[1])
    assert "hey-gemma" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model at all" * 100])
def test_no_gguf_is_damaged(mini: tuple[Path, Path], tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelDamaged):
        check_files(path, mini[1])


@pytest.mark.parametrize("missing", [1, 100_000])
def test_a_truncated_file_is_damaged(mini: tuple[Path, Path], tmp_path: Path, missing: int) -> None:
    """The last byte counts: mtmd would go on without it."""
    for i, path in enumerate(mini):
        cut = tmp_path / path.name
        cut.write_bytes(path.read_bytes()[: -missing - 64])
        pair = [cut if i == j else p for j, p in enumerate(mini)]
        with pytest.raises(ModelDamaged, match="cut off"):
            check_files(pair[0], pair[1])


def test_another_architecture_is_named(mini: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "llama.gguf"
    gguf_file.write(other, {"general.architecture": gguf_file.encode("llama")}, [], lambda _: None)
    with pytest.raises(ModelDamaged, match="llama model, not a gemma4"):
        check_files(other, mini[1])


def test_an_ear_of_another_width_is_named(mini: tuple[Path, Path], tmp_path: Path) -> None:
    """E2B's mmproj beside tiny's text, or the other way round."""
    dims = PRESETS["mini"]
    other = tmp_path / "wide.gguf"
    write_mmproj(other, replace(dims, text=replace(dims.text, width=512)))
    with pytest.raises(ModelDamaged, match=r"width 512.*wants 256"):
        check_files(mini[0], other)
