"""Random weights in Gemma 4's shapes."""

from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType, dequantize

from assistant.gguf import gguf_file, noise, shape
from assistant.gguf.shape_vocabulary import BYTE, CONTROL, CONTROLS, SPACE, USER_DEFINED, VISIBLE, synthesize
from assistant.llm.engine import Engine, Threads

REAL_TEXT_BYTES = 3_349_516_256
REAL_VOCABULARY_BYTES = 15_776_467  # header of llama.cpp's file of Gemma 4's vocabulary


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("shape")
    shape.write_shape(directory / "text.gguf", directory / "mmproj.gguf", shape.MINI)
    return directory


def nbytes(tensors: list[gguf_file.NewTensor]) -> int:
    return sum(gguf_file.Tensor(t.name, t.shape, t.type).nbytes for t in tensors)


def test_e2b_has_the_size_of_the_real_file() -> None:
    """Tensors of the types given, and the real vocabulary, miss Google's file by less than 100 kB of metadata."""
    ours = nbytes(shape.text_tensors(shape.E2B.text, shape.Types())) + REAL_VOCABULARY_BYTES
    assert abs(ours - REAL_TEXT_BYTES) < 100_000


def test_e2b_shares_keys_and_values_as_the_real_model() -> None:
    """Layers 15-34 have no K/V of their own and twice the MLP; every fifth layer sees the whole context."""
    by_name = {t.name: t for t in shape.text_tensors(shape.E2B.text, shape.Types())}
    own = [i for i in range(35) if f"blk.{i}.attn_k.weight" in by_name]
    assert own == list(range(15))
    assert [by_name[f"blk.{i}.ffn_up.weight"].shape[1] for i in (0, 14, 15, 34)] == [6144, 6144, 12288, 12288]
    full = [i for i in range(35) if by_name[f"blk.{i}.attn_q.weight"].shape == (1536, 8 * 512)]
    assert full == [4, 9, 14, 19, 24, 29, 34]
    assert by_name["per_layer_token_embd.weight"].shape == (35 * 256, 262_144)


@pytest.mark.parametrize(("kind", "megabytes"), [("Q8_0", 327), ("F16", 615), ("BF16", 615)])
def test_the_conformer_comes_in_three_types(kind: str, megabytes: int) -> None:
    size = nbytes(shape.audio_tensors(shape.E2B, shape.Types(audio=kind)))
    assert round(size / 1e6) == megabytes


def test_the_files_say_what_they_are(folder: Path) -> None:
    text, mmproj = gguf_file.read_header(folder / "text.gguf"), gguf_file.read_header(folder / "mmproj.gguf")
    assert text.values["general.architecture"] == "gemma4"
    assert text.values["gemma4.feed_forward_length"] == (256,) * 5 + (512,) * 5
    assert text.values["gemma4.attention.sliding_window_pattern"] == (True, True, True, True, False) * 2
    assert mmproj.values["clip.audio.projector_type"] == "gemma4a"
    assert mmproj.values["clip.audio.projection_dim"] == text.values["gemma4.embedding_length"]


def test_the_same_weights_come_out_each_time(folder: Path, tmp_path: Path) -> None:
    shape.write_text(tmp_path / "again.gguf", shape.MINI)
    assert (tmp_path / "again.gguf").read_bytes() == (folder / "text.gguf").read_bytes()


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q4_0", "Q8_0", "Q6_K"])
def test_noise_has_the_deviation_asked_for(kind: str) -> None:
    data = b"".join(noise.noise("some.weight", (256, 4100), kind, 0.02).chunks())
    assert len(data) == gguf_file.Tensor("", (256, 4100), kind).nbytes
    values = dequantize(np.frombuffer(data, np.uint8), GGMLQuantizationType[kind])
    assert values.std() == pytest.approx(0.02, rel=0.02)
    assert abs(values.mean()) < 0.003
    assert np.isfinite(values).all()


def test_what_is_written_is_counted(tmp_path: Path) -> None:
    counted: list[int] = []
    shape.write_mmproj(tmp_path / "m.gguf", shape.MINI, advance=counted.append)
    assert sum(counted) == pytest.approx((tmp_path / "m.gguf").stat().st_size, rel=0.02)


def test_special_tokens_stand_where_gemma_has_them() -> None:
    words = synthesize(262_144)
    assert len(words.pieces) == len(words.kinds) == len(set(words.pieces)) == 262_144
    for number, text in (CONTROLS | VISIBLE).items():
        assert words.pieces[number] == text
        assert words.kinds[number] == (USER_DEFINED if number in VISIBLE else CONTROL)
    assert words.pieces[107:109] == ["\n", "\n\n"]
    assert words.pieces[238] == "<0x00>"
    assert words.kinds.count(BYTE) == 256


def test_a_small_vocabulary_has_every_special_token() -> None:
    words = synthesize(640)
    assert set((CONTROLS | VISIBLE).values()) <= set(words.pieces)
    assert len(set(words.pieces)) == 640


def test_every_merge_makes_a_piece_of_two_pieces() -> None:
    for size in (640, 1024, 262_144):
        words = synthesize(size)
        known = set(words.pieces)
        for merge in words.merges:
            left, right = merge.split(" ")
            assert {left, right, left + right} <= known
        assert SPACE in known


@pytest.mark.models
def test_llama_cpp_decodes_it(engine: Engine) -> None:
    """A prompt with control tokens is tokenized, every logit is finite, and different prompts give different ones."""
    results = []
    for words in ("turn it on", "turn it off"):
        tokens = engine.vocabulary.tokenize(f"<bos><|turn>user\n{words}<turn|>\n<|turn>model\n")
        assert tokens[:2] == [2, 105]
        engine.main.remove(0)
        results.append(engine.main.decode_tokens(tokens, 0))
    assert all(np.isfinite(r).all() and 0.5 < r.std() < 2 for r in results)
    assert not np.allclose(results[0], results[1])
    assert engine.vocabulary.is_end(106)


@pytest.mark.models
@pytest.mark.parametrize("kind", ["Q8_0", "F16", "BF16"])
def test_mtmd_hears_25_rows_a_second(kind: str, folder: Path, tmp_path: Path) -> None:
    shape.write_mmproj(tmp_path / "m.gguf", shape.MINI, shape.Types(audio=kind))
    engine = Engine(folder / "text.gguf", tmp_path / "m.gguf", context=512, threads=Threads(1, 1))
    rows = engine.encode((np.sin(np.arange(16_001) * 0.2) * 32_000).astype(np.int16))
    engine.close()
    assert rows.shape == (25, 256)
    assert np.isfinite(rows).all()
    assert 0.3 < rows.std() < 3
