"""Random weights in Gemma 4's shapes."""

import ctypes
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGMLQuantizationType, dequantize

from assistant import gguf_file, noise, shape
from assistant.shape_vocabulary import BYTE, CONTROL, CONTROLS, SPACE, USER_DEFINED, VISIBLE, synthesize

REAL_TEXT_BYTES = 3_349_516_256
REAL_VOCABULARY_BYTES = 15_776_467  # header of llama.cpp's file of Gemma 4's vocabulary


@pytest.fixture(scope="session")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Path:
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


def test_the_files_say_what_they_are(mini: Path) -> None:
    text, mmproj = gguf_file.read_header(mini / "text.gguf"), gguf_file.read_header(mini / "mmproj.gguf")
    assert text.values["general.architecture"] == "gemma4"
    assert text.values["gemma4.feed_forward_length"] == (256,) * 5 + (512,) * 5
    assert text.values["gemma4.attention.sliding_window_pattern"] == (True, True, True, True, False) * 2
    assert mmproj.values["clip.audio.projector_type"] == "gemma4a"
    assert mmproj.values["clip.audio.projection_dim"] == text.values["gemma4.embedding_length"]


def test_the_same_weights_come_out_each_time(mini: Path, tmp_path: Path) -> None:
    shape.write_text(tmp_path / "again.gguf", shape.MINI)
    assert (tmp_path / "again.gguf").read_bytes() == (mini / "text.gguf").read_bytes()


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


@pytest.fixture(scope="module")
def llama(mini: Path) -> Iterator[tuple[Any, Any, Any]]:
    """The mini model in llama.cpp: bindings, model, context."""
    llama_cpp = pytest.importorskip("llama_cpp")
    llama_cpp.llama_backend_init()
    quiet = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(quiet, None)
    model = llama_cpp.llama_model_load_from_file(bytes(mini / "text.gguf"), llama_cpp.llama_model_default_params())
    assert model
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_threads, params.n_threads_batch, params.swa_full = 512, 1, 1, True
    context = llama_cpp.llama_init_from_model(model, params)
    yield llama_cpp, model, context
    llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(model)


def logits(llama_cpp: Any, context: Any, width: int) -> np.ndarray:
    return np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, -1), (width,)).copy()


@pytest.mark.models
def test_llama_cpp_decodes_it(llama: tuple[Any, Any, Any]) -> None:
    """A prompt with control tokens is tokenized, every logit is finite, and different prompts give different ones."""
    llama_cpp, model, context = llama
    vocabulary = llama_cpp.llama_model_get_vocab(model)
    size = llama_cpp.llama_vocab_n_tokens(vocabulary)
    results = []
    for words in (b"turn it on", b"turn it off"):
        prompt = b"<|turn>user\n" + words + b"<turn|>\n<|turn>model\n"
        tokens = (llama_cpp.llama_token * 100)()
        count = llama_cpp.llama_tokenize(vocabulary, prompt, len(prompt), tokens, 100, True, True)  # noqa: FBT003
        assert tokens[:2] == [2, 105]
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)  # noqa: FBT003
        assert llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(tokens, count)) == 0
        results.append(logits(llama_cpp, context, size))
    assert all(np.isfinite(r).all() and 0.5 < r.std() < 2 for r in results)
    assert not np.allclose(results[0], results[1])
    assert llama_cpp.llama_vocab_is_eog(vocabulary, 106)


@pytest.mark.models
@pytest.mark.parametrize("kind", ["Q8_0", "F16", "BF16"])
def test_mtmd_hears_25_rows_a_second(kind: str, llama: tuple[Any, Any, Any], tmp_path: Path) -> None:
    llama_cpp, model, _ = llama
    from llama_cpp import mtmd_cpp as mtmd

    shape.write_mmproj(tmp_path / "m.gguf", shape.MINI, shape.Types(audio=kind))
    params = mtmd.mtmd_context_params_default()
    params.use_gpu, params.n_threads, params.print_timings = False, 1, False
    hearing = mtmd.mtmd_init_from_file(bytes(tmp_path / "m.gguf"), model, params)
    assert hearing
    sound = np.sin(np.arange(16_001) * 0.2, dtype=np.float32)
    bitmap = mtmd.mtmd_bitmap_init_from_audio(len(sound), sound.ctypes.data_as(ctypes.POINTER(ctypes.c_float)))
    text = mtmd.mtmd_input_text()
    marker = mtmd.mtmd_default_marker()
    text.text, text.text_len = marker, len(marker)
    chunks = mtmd.mtmd_input_chunks_init()
    bitmaps = (mtmd.mtmd_bitmap_p_ctypes * 1)(bitmap)
    assert mtmd.mtmd_tokenize(hearing, chunks, ctypes.byref(text), bitmaps, 1) == 0
    found = [mtmd.mtmd_input_chunks_get(chunks, i) for i in range(mtmd.mtmd_input_chunks_size(chunks))]
    (audio,) = [c for c in found if mtmd.mtmd_input_chunk_get_type(c) == mtmd.MTMD_INPUT_CHUNK_TYPE_AUDIO]
    rows, width = mtmd.mtmd_input_chunk_get_n_tokens(audio), llama_cpp.llama_model_n_embd(model)
    assert mtmd.mtmd_encode_chunk(hearing, audio) == 0
    heard = np.ctypeslib.as_array(mtmd.mtmd_get_output_embd(hearing), (rows * width,)).copy()
    mtmd.mtmd_input_chunks_free(chunks)
    mtmd.mtmd_bitmap_free(bitmap)
    mtmd.mtmd_free(hearing)
    assert (rows, width) == (25, 256)
    assert np.isfinite(heard).all()
    assert 0.3 < heard.std() < 3
    assert math.isfinite(float(heard.sum()))
