"""Models of Gemma 4's shapes with random weights: for speed and memory, never for what is right.

Tensor names, sizes and types are those of Google's `gemma-4-E2B_q4_0-it.gguf`: with Q6_K embeddings, an F16 per-layer
projection and Q4_0 for the rest, the tensors and the real vocabulary add up to its size within 16 kB of 3.35 GB.
Knows nothing about prompts or llama.cpp. E2B's text file is written in 8 s of processor time, in 100 MB of memory.
"""

import lzma
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.gguf import gguf_file
from assistant.gguf.gguf_file import Advance, NewTensor
from assistant.gguf.noise import constant, matrix, noise, vector
from assistant.gguf.shape_vocabulary import synthesize

CLAMP = 1e6  # the clamps of the conformer's linears are there, and wide open


@dataclass(frozen=True, slots=True)
class TextDims:
    """The decoder. The last `shared_kv_layers` read the K/V of earlier layers and have MLPs of twice the width."""

    layers: int
    full_every: int
    shared_kv_layers: int
    width: int
    mlp_width: int
    heads: int
    kv_heads: int
    head_width: int
    full_head_width: int
    per_layer_width: int
    vocabulary: int
    window: int
    context: int


@dataclass(frozen=True, slots=True)
class AudioDims:
    """The conformer. It turns 128 mel bins into rows of the decoder's width."""

    layers: int
    width: int
    heads: int
    conv_channels: tuple[int, int]
    mel_bins: int = 128


@dataclass(frozen=True, slots=True)
class Dims:
    """A model: decoder and conformer."""

    text: TextDims
    audio: AudioDims


@dataclass(frozen=True, slots=True)
class Types:
    """Tensor types: of the matrices, the two embedding tables, the per-layer projection, the conformer's matrices."""

    matrices: str = "Q4_0"
    embeddings: str = "Q6_K"
    projection: str = "F16"
    audio: str = "Q8_0"


E2B = Dims(
    TextDims(35, 5, 20, 1536, 6144, 8, 1, 256, 512, 256, 262_144, 512, 131_072),
    AudioDims(12, 1024, 8, (128, 32)),
)
MINI = Dims(
    TextDims(10, 5, 5, 256, 256, 4, 1, 32, 64, 256, 1024, 128, 8192),
    AudioDims(2, 128, 4, (128, 8)),
)
PRESETS: Mapping[str, Dims] = {"E2B": E2B, "mini": MINI}


def write_shape(
    text_path: Path,
    mmproj_path: Path,
    dims: Dims = E2B,
    types: Types = Types(),
    advance: Advance = lambda _: None,
    *,
    vocabulary: Path | None = None,
) -> None:
    """Write both files. Raises OutputError (full disk, no permission) and then leaves neither half written.

    `vocabulary`: Gemma 4's own, a GGUF file under xz; without it one of the right size is made up.
    """
    write_text(text_path, dims, types, advance, vocabulary=vocabulary)
    write_mmproj(mmproj_path, dims, types, advance)


def write_text(
    path: Path,
    dims: Dims,
    types: Types = Types(),
    advance: Advance = lambda _: None,
    *,
    vocabulary: Path | None = None,
) -> None:
    """Write the decoder's file."""
    words = _synthetic(dims.text.vocabulary) if vocabulary is None else _real(vocabulary)
    gguf_file.write(path, _text_fields(dims.text) | words, text_tensors(dims.text, types), advance)


def write_mmproj(path: Path, dims: Dims, types: Types = Types(), advance: Advance = lambda _: None) -> None:
    """Write the conformer's file, without the vision part."""
    gguf_file.write(path, _audio_fields(dims), audio_tensors(dims, types), advance)


def _real(vocabulary: Path) -> dict[str, bytes]:
    """The vocabulary of a GGUF file under xz, without its chat template."""
    with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
        file.write(lzma.decompress(vocabulary.read_bytes()))
        file.flush()
        header = gguf_file.read_header(Path(file.name))
        keys = [k for k in header.spans if k.startswith("tokenizer.") and k != "tokenizer.chat_template"]
        return {key: header.encoded(key) for key in keys}


def _synthetic(size: int) -> dict[str, bytes]:
    vocabulary = synthesize(size)
    fields: dict[str, gguf_file.Value] = {
        "tokenizer.ggml.model": "gemma4",
        "tokenizer.ggml.tokens": vocabulary.pieces,
        "tokenizer.ggml.scores": [-1000.0] * len(vocabulary.pieces),
        "tokenizer.ggml.token_type": vocabulary.kinds,
        "tokenizer.ggml.merges": vocabulary.merges,
        "tokenizer.ggml.bos_token_id": 2,
        "tokenizer.ggml.eos_token_id": 1,
        "tokenizer.ggml.unknown_token_id": 3,
        "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.mask_token_id": 4,
        "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.ggml.add_bos_token": True,
    }
    return {key: gguf_file.encode(value) for key, value in fields.items()}


def _text_fields(d: TextDims) -> dict[str, bytes]:
    own = d.layers - d.shared_kv_layers
    fields: dict[str, gguf_file.Value] = {
        "general.architecture": "gemma4",
        "general.type": "model",
        "general.name": "random weights in the shapes of Gemma 4",
        "general.quantization_version": 2,
        "gemma4.block_count": d.layers,
        "gemma4.context_length": d.context,
        "gemma4.embedding_length": d.width,
        "gemma4.embedding_length_per_layer_input": d.per_layer_width,
        "gemma4.feed_forward_length": [d.mlp_width * (1 if i < own else 2) for i in range(d.layers)],
        "gemma4.attention.head_count": d.heads,
        "gemma4.attention.head_count_kv": d.kv_heads,
        "gemma4.attention.key_length": d.full_head_width,
        "gemma4.attention.value_length": d.full_head_width,
        "gemma4.attention.key_length_swa": d.head_width,
        "gemma4.attention.value_length_swa": d.head_width,
        "gemma4.attention.sliding_window": d.window,
        "gemma4.attention.sliding_window_pattern": [not _is_full(d, i) for i in range(d.layers)],
        "gemma4.attention.shared_kv_layers": d.shared_kv_layers,
        "gemma4.attention.layer_norm_rms_epsilon": 1e-6,
        "gemma4.rope.freq_base": 1e6,
        "gemma4.rope.freq_base_swa": 1e4,
        "gemma4.rope.dimension_count": d.full_head_width,
        "gemma4.rope.dimension_count_swa": d.head_width,
        "gemma4.final_logit_softcapping": 30.0,
    }
    return {key: gguf_file.encode(value) for key, value in fields.items()}


def _audio_fields(d: Dims) -> dict[str, bytes]:
    fields: dict[str, gguf_file.Value] = {
        "general.architecture": "clip",
        "general.type": "mmproj",
        "general.name": "random weights in the shapes of Gemma 4's conformer",
        "general.quantization_version": 2,
        "clip.has_audio_encoder": True,
        "clip.audio.projector_type": "gemma4a",
        "clip.audio.projection_dim": d.text.width,
        "clip.audio.embedding_length": d.audio.width,
        "clip.audio.feed_forward_length": 4 * d.audio.width,
        "clip.audio.block_count": d.audio.layers,
        "clip.audio.attention.head_count": d.audio.heads,
        "clip.audio.attention.layer_norm_epsilon": 1e-6,
        "clip.audio.num_mel_bins": d.audio.mel_bins,
    }
    return {key: gguf_file.encode(value) for key, value in fields.items()}


def text_tensors(d: TextDims, types: Types) -> list[NewTensor]:
    """Every tensor of the decoder, in the order of the file."""
    table = d.layers * d.per_layer_width
    rotated = d.full_head_width // 8  # a quarter of the head is turned, in pairs; the rest stands still
    tensors = [
        noise("token_embd.weight", (d.width, d.vocabulary), types.embeddings, d.width**-0.5),
        noise("per_layer_token_embd.weight", (table, d.vocabulary), types.embeddings, d.per_layer_width**-0.5),
        noise("per_layer_model_proj.weight", (d.width, table), types.projection, 1.0),
        constant("per_layer_proj_norm.weight", d.per_layer_width),
        constant("output_norm.weight", d.width),
        vector("rope_freqs.weight", [1.0] * rotated + [1e30] * (d.full_head_width // 2 - rotated)),
    ]
    for i in range(d.layers):
        tensors += _text_layer(d, types, i)
    return tensors


def _text_layer(d: TextDims, types: Types, i: int) -> Iterator[NewTensor]:
    own_kv = i < d.layers - d.shared_kv_layers
    head = d.full_head_width if _is_full(d, i) else d.head_width
    mlp = d.mlp_width * (1 if own_kv else 2)
    matrices = {
        "attn_q": (d.width, head * d.heads),
        **({"attn_k": (d.width, head * d.kv_heads), "attn_v": (d.width, head * d.kv_heads)} if own_kv else {}),
        "attn_output": (head * d.heads, d.width),
        "ffn_gate": (d.width, mlp),
        "ffn_up": (d.width, mlp),
        "ffn_down": (mlp, d.width),
        "inp_gate": (d.width, d.per_layer_width),
        "proj": (d.per_layer_width, d.width),
    }
    for name, shape in matrices.items():
        yield noise(f"blk.{i}.{name}.weight", shape, types.matrices, shape[0] ** -0.5)
    for name in ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm", "post_norm"):
        yield constant(f"blk.{i}.{name}.weight", d.width)
    yield constant(f"blk.{i}.attn_q_norm.weight", head)
    if own_kv:
        yield constant(f"blk.{i}.attn_k_norm.weight", head, head**-0.5)  # attention has no other scale
    yield constant(f"blk.{i}.layer_output_scale.weight", 1)


def _is_full(d: TextDims, i: int) -> bool:
    return i % d.full_every == d.full_every - 1


def audio_tensors(d: Dims, types: Types) -> list[NewTensor]:
    """Every tensor of the conformer, and the projection into the decoder's width."""
    a, (first, second) = d.audio, d.audio.conv_channels
    tensors = [
        noise("a.conv1d.0.weight", (3, 3, 1, first), "F32", 1 / 3),
        noise("a.conv1d.1.weight", (3, 3, first, second), "F32", (9 * first) ** -0.5),
        constant("a.conv1d.0.norm.weight", first),
        constant("a.conv1d.1.norm.weight", second),
        matrix("a.input_projection", (second * a.mel_bins // 4, a.width), types.audio),
        matrix("a.pre_encode.out", (a.width, d.text.width), types.audio),
        constant("a.pre_encode.out.bias", d.text.width, 0.0),
        matrix("mm.a.input_projection", (d.text.width, d.text.width), types.audio),
    ]
    for i in range(a.layers):
        tensors += _audio_layer(a, types, f"a.blk.{i}")
    return tensors


def _audio_layer(a: AudioDims, types: Types, at: str) -> Iterator[NewTensor]:
    w = a.width
    clamped = {
        "ffn_up": (w, 4 * w), "ffn_down": (4 * w, w), "ffn_up_1": (w, 4 * w), "ffn_down_1": (4 * w, w),
        "attn_q": (w, w), "attn_k": (w, w), "attn_v": (w, w), "attn_out": (w, w),
        "conv_pw1": (w, 2 * w), "conv_pw2": (w, w),
    }  # fmt: skip
    for name, shape in clamped.items():
        yield matrix(f"{at}.{name}", shape, types.audio)
        for bound, value in (("min", -CLAMP), ("max", CLAMP)):
            yield vector(f"{at}.{name}.input_{bound}", [value])
            yield vector(f"{at}.{name}.output_{bound}", [value])
    yield matrix(f"{at}.attn_k_rel", (w, w), types.audio)
    yield noise(f"{at}.conv_dw.weight", (5, w), "F32", 5**-0.5)
    yield constant(f"{at}.per_dim_scale.weight", w // a.heads, 0.7)  # softplus(0), as at the start of a training
    norms = ("ffn_norm", "ffn_post_norm", "ffn_norm_1", "ffn_post_norm_1", "attn_pre_norm", "attn_post_norm")
    for name in (*norms, "conv_norm", "norm_conv", "ln2"):
        yield constant(f"{at}.{name}.weight", w)
