"""GGUF files, with the `gguf` package as oracle."""

from pathlib import Path

import numpy as np
import pytest
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFReader

from assistant.errors import ModelDamaged, ModelMissing
from assistant.gguf import gguf_file
from assistant.gguf.gguf_file import NewTensor, encode

FIELDS = {
    "general.architecture": encode("gemma4"),
    "a.flag": encode(value=True),
    "a.count": encode(7),
    "a.rate": encode(0.5),
    "a.widths": encode([1, 2, 3]),
    "a.pattern": encode([True, False]),
    "a.words": encode(["eins", "zwei", "дrei"]),
    "clip.vision.size": encode(224),
}
VALUES = np.arange(70, dtype="<f4")


def tensor(name: str, values: np.ndarray) -> NewTensor:
    return NewTensor(name, (len(values),), "F32", lambda: [values[:10].tobytes(), values[10:].tobytes()])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "sub" / "some.gguf"
    gguf_file.write(path, FIELDS, [tensor("v.one", VALUES), tensor("a.two", VALUES * 2)], lambda _: None)
    return path


def test_the_gguf_package_reads_what_we_write(path: Path) -> None:
    reader = GGUFReader(path)
    assert [reader.fields[key].contents() for key in FIELDS] == [
        "gemma4", True, 7, 0.5, [1, 2, 3], [True, False], ["eins", "zwei", "дrei"], 224,
    ]  # fmt: skip
    one, two = reader.tensors
    assert (one.name, two.name) == ("v.one", "a.two")
    np.testing.assert_array_equal(two.data, VALUES * 2)


def test_a_header_is_read_without_its_words(path: Path) -> None:
    header = gguf_file.read_header(path)
    assert header.values["general.architecture"] == "gemma4"
    assert header.values["a.widths"] == (1, 2, 3)
    assert "a.words" not in header.values
    assert header.encoded("a.words") == FIELDS["a.words"]
    assert [(t.name, t.shape, t.type, t.nbytes) for t in header.tensors] == [
        ("v.one", (70,), "F32", 280),
        ("a.two", (70,), "F32", 280),
    ]


def test_a_part_of_a_file_can_be_kept(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.gguf"
    header = gguf_file.read_header(path)
    fields = {key: header.encoded(key) for key in header.spans if not key.startswith("clip.vision")}
    gguf_file.keep(path, copy, lambda name: name.startswith("a."), fields, lambda _: None)
    reader = GGUFReader(copy)
    assert "clip.vision.size" not in reader.fields
    assert reader.fields["a.words"].contents() == ["eins", "zwei", "дrei"]
    assert [t.name for t in reader.tensors] == ["a.two"]
    np.testing.assert_array_equal(reader.tensors[0].data, VALUES * 2)


def test_every_layout_is_the_one_of_the_gguf_package() -> None:
    for name, layout in gguf_file.TYPES.items():
        kind = GGMLQuantizationType[name]
        assert (kind.value, *GGML_QUANT_SIZES[kind]) == (layout.number, layout.block_elements, layout.block_bytes)


def test_a_missing_file_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing) as caught:
        gguf_file.read_header(tmp_path / "none.gguf")
    assert "models verify" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF\x03\0\0\0" + b"\xff" * 40, b"PK\x03\x04" * 20, b"\0" * 64])
def test_what_is_no_gguf_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "odd.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelDamaged):
        gguf_file.read_header(path)


def test_a_cut_file_is_refused_wherever_it_is_cut(path: Path) -> None:
    whole = path.read_bytes()
    for size in range(0, len(whole) - 64, 7):
        path.write_bytes(whole[:size])
        with pytest.raises(ModelDamaged):
            gguf_file.read_header(path)


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    """A writer that fails half-way leaves the old file in place, and no rest of the new one."""
    path = tmp_path / "some.gguf"
    path.write_bytes(b"old")

    def broken() -> list[bytes]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        gguf_file.write(path, FIELDS, [NewTensor("one", (8,), "F32", broken)], lambda _: None)
    assert [p.name for p in tmp_path.iterdir()] == ["some.gguf"]
    assert path.read_bytes() == b"old"


def test_a_tensor_of_another_size_than_announced_is_our_own_mistake(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        gguf_file.write(tmp_path / "x.gguf", {}, [NewTensor("one", (8,), "F32", lambda: [b"short"])], lambda _: None)
