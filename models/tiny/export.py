"""A checkpoint -> `tiny-text.gguf` and `tiny-mmproj.gguf`, as llama.cpp's own converter would write them.

Written with the `gguf` package and its name tables; no dummy vision tower to strip. Matrices become Q8_0 (or F16,
F32), vectors and convolutions stay F32. Knows nothing about training beyond the checkpoint's flat vector.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import gguf
import torch

from models.tiny import sizes
from models.tiny.tiny import Tiny, tie
from models.tiny.tokens import BYTES, SPECIALS, Tokens

TYPES = {
    "f32": gguf.GGMLQuantizationType.F32,
    "f16": gguf.GGMLQuantizationType.F16,
    "q8_0": gguf.GGMLQuantizationType.Q8_0,
}
FILE_TYPES = {"f32": 0, "f16": 1, "q8_0": 7}
# Shown even where control tokens are hidden: the call parser reads them
VISIBLE = {"<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", "<|tool_response>", "<tool_response|>", '<|"|>'}
BOUND = 1e6  # the real file clamps every linear layer of the ear; ours never reaches these
TEMPLATE = (
    "{{ bos_token }}{%- for m in messages %}<|turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n"
    "{{ m['content'] | trim }}<turn|>\n{% endfor %}{%- if add_generation_prompt %}<|turn>model\n{% endif %}"
)


def load(checkpoint: Path, tokens: Tokens, part: str = "ema") -> Tiny:
    """Build the module with a checkpoint's averaged weights (`ema`) or the latest ones (`weights`)."""
    state = torch.load(checkpoint)
    # The phone head is what is left over when the model's size is known
    bare = Tiny(tokens, 1)
    count = sum(p.numel() for p in bare.parameters()) - (sizes.AUDIO_WIDTH + 1)
    module = Tiny(tokens, (len(state[part]) - count) // (sizes.AUDIO_WIDTH + 1))
    flat, _, _ = tie(module)
    flat.copy_(state[part])
    return module


class File:
    """One GGUF being written."""

    def __init__(self, path: Path, arch: str, kind: str) -> None:
        self.out = gguf.GGUFWriter(path, arch)
        self.kind = kind

    def tensor(self, name: str, value: torch.Tensor, plain: bool) -> None:
        """Add a tensor; `plain` ones stay F32."""
        data = value.detach().float().numpy()
        plain = plain or data.ndim < 2
        kind = "f32" if plain else "f16" if self.kind == "q8_0" and data.shape[-1] % 32 else self.kind
        self.out.add_tensor(name, gguf.quants.quantize(data, TYPES[kind]), raw_dtype=TYPES[kind])

    def close(self) -> None:
        """Write everything out."""
        self.out.write_header_to_file()
        self.out.write_kv_data_to_file()
        self.out.write_tensors_to_file()
        self.out.close()


def vocabulary(out: Any, tokens: Tokens) -> None:
    """Write the tokenizer as llama.cpp's `gemma4` reads it."""
    model = json.loads(tokens.tokenizer.to_str())["model"]
    pieces = [piece for piece, _ in sorted(model["vocab"].items(), key=lambda item: item[1])]
    normal, control, visible, byte = (
        gguf.TokenType.NORMAL, gguf.TokenType.CONTROL, gguf.TokenType.USER_DEFINED, gguf.TokenType.BYTE
    )  # fmt: skip
    kinds = {**dict.fromkeys(BYTES, byte), **{s: visible if s in VISIBLE else control for s in SPECIALS}}
    out.add_tokenizer_model("gemma4")
    out.add_token_list(pieces)
    out.add_token_scores([-float(i) for i in range(len(pieces))])
    out.add_token_types([kinds.get(piece, normal) for piece in pieces])
    out.add_token_merges([" ".join(pair) for pair in model["merges"]])
    out.add_bos_token_id(tokens.ids["<bos>"])
    out.add_eos_token_id(tokens.ids["<eos>"])
    out.add_unk_token_id(tokens.ids["<unk>"])
    out.add_pad_token_id(tokens.ids["<pad>"])
    out.add_mask_token_id(tokens.ids["<mask>"])
    out.add_add_space_prefix(value=False)
    out.add_add_bos_token(value=True)
    out.add_chat_template(TEMPLATE)


def text(module: Tiny, tokens: Tokens, path: Path, kind: str) -> None:
    """Write the decoder."""
    file = File(path, "gemma4", kind)
    out, layers = file.out, len(sizes.LAYER_TYPES)
    own = layers - sizes.SHARED_LAYERS
    out.add_type(gguf.GGUFType.MODEL)
    out.add_name("Hey Gemma tiny")
    out.add_license("Apache-2.0")
    out.add_file_type(FILE_TYPES[kind])
    out.add_context_length(4096)
    out.add_embedding_length(sizes.TEXT_WIDTH)
    out.add_block_count(layers)
    out.add_feed_forward_length([sizes.TEXT_MLP * (1 if i < own else 2) for i in range(layers)])
    out.add_head_count(sizes.TEXT_HEADS)
    out.add_head_count_kv(1)
    out.add_layer_norm_rms_eps(1e-6)
    out.add_rope_freq_base(1_000_000.0)
    out.add_rope_freq_base_swa(10_000.0)
    out.add_sliding_window(sizes.WINDOW)
    out.add_sliding_window_pattern([kind_[0] == "s" for kind_ in sizes.LAYER_TYPES])
    out.add_shared_kv_layers(sizes.SHARED_LAYERS)
    out.add_embedding_length_per_layer_input(sizes.PER_LAYER)
    out.add_final_logit_softcapping(sizes.SOFTCAP)
    for add, size in (
        (out.add_key_length, sizes.HEAD_FULL),
        (out.add_value_length, sizes.HEAD_FULL),
        (out.add_key_length_swa, sizes.HEAD_SLIDING),
        (out.add_value_length_swa, sizes.HEAD_SLIDING),
        (out.add_rope_dimension_count, sizes.HEAD_FULL),
        (out.add_rope_dimension_count_swa, sizes.HEAD_SLIDING),
    ):
        add(size)
    vocabulary(out, tokens)
    # "Proportional" rope turns the first quarter of a full layer's head only: an endless period for the rest
    turned = sizes.HEAD_FULL // 8
    file.tensor(
        "rope_freqs.weight", torch.tensor([1.0] * turned + [1e30] * (sizes.HEAD_FULL // 2 - turned)), plain=True
    )
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.GEMMA4, layers)
    for name, value in module.model.state_dict().items():
        if not name.startswith("model.language_model.") or name.endswith(("inv_freq", "embed_scale")):
            continue
        short = name.replace("language_model.", "")
        short += ".weight" if short.endswith("layer_scalar") else ""
        mapped = names.get_name(short, try_suffixes=(".weight",))
        if mapped is None:
            raise SystemExit(f"no GGUF name for {name}")
        file.tensor(mapped, value, plain=False)
    file.close()


def ear_value(name: str, value: torch.Tensor) -> torch.Tensor:
    """Store a tensor of the ear as llama.cpp wants it: softplus applied, depthwise taps flat, bounds finite."""
    if name.endswith("per_dim_scale"):
        return torch.nn.functional.softplus(value)
    if "depthwise_conv1d" in name:
        return value[:, 0]
    return value.clamp(-BOUND, BOUND)[None] if value.dim() == 0 else value


def mmproj(module: Tiny, path: Path, kind: str) -> None:
    """Write the ear."""
    file = File(path, "clip", kind)
    out = file.out
    out.add_type(gguf.GGUFType.MMPROJ)
    out.add_name("Hey Gemma tiny")
    out.add_license("Apache-2.0")
    out.add_file_type(FILE_TYPES[kind])
    out.add_clip_has_audio_encoder(value=True)
    out.add_string("clip.audio.projector_type", "gemma4a")
    out.add_audio_projection_dim(sizes.TEXT_WIDTH)
    out.add_audio_embedding_length(sizes.AUDIO_WIDTH)
    out.add_audio_feed_forward_length(4 * sizes.AUDIO_WIDTH)
    out.add_audio_block_count(sizes.AUDIO_LAYERS)
    out.add_audio_head_count(sizes.AUDIO_HEADS)
    out.add_audio_num_mel_bins(128)
    out.add_audio_attention_layernorm_eps(1e-6)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.MMPROJ, 128)
    suffixes = (".weight", ".bias", ".input_max", ".input_min", ".output_max", ".output_min")
    for name, tensor in module.model.state_dict().items():
        if "audio" not in name:
            continue
        short = name.replace("model.audio_tower.", "conformer.").replace(".linear.", ".")
        value = ear_value(short, tensor)
        short += ".weight" if short.endswith("per_dim_scale") else ""
        mapped = names.get_name(short, try_suffixes=suffixes)
        if mapped is None:
            raise SystemExit(f"no GGUF name for {name}")
        file.tensor(mapped, value, plain=".conv" in name or "_conv" in name)
    file.close()


def ear_from(name: str, value: torch.Tensor) -> torch.Tensor:
    """Undo `ear_value`."""
    if name.endswith("per_dim_scale"):
        return value.expm1().log()
    return value[:, None] if "depthwise_conv1d" in name else value


def read_back(folder: Path, module: Tiny) -> None:
    """Put the weights of a pair of GGUF files into the module; the phone head, which they lack, is left as it is."""
    found: dict[str, torch.Tensor] = {}
    for file in ("tiny-text.gguf", "tiny-mmproj.gguf"):
        for tensor in gguf.GGUFReader(folder / file).tensors:
            plain = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            found[tensor.name] = torch.tensor(plain, dtype=torch.float32)
    names = {"text": gguf.get_tensor_name_map(gguf.MODEL_ARCH.GEMMA4, len(sizes.LAYER_TYPES))}
    names["ear"] = gguf.get_tensor_name_map(gguf.MODEL_ARCH.MMPROJ, 128)
    for name, weight in module.model.named_parameters():
        ear = "audio" in name
        short = name.replace("model.audio_tower.", "conformer.").replace(".linear.", ".").replace("language_model.", "")
        short += ".weight" if short.endswith(("per_dim_scale", "layer_scalar")) else ""
        mapped = names["ear" if ear else "text"].get_name(short, try_suffixes=(".weight", ".bias"))
        if mapped is None or mapped not in found:
            raise SystemExit(f"{folder} lacks {name} ({mapped})")
        value = ear_from(short.removesuffix(".weight") if "per_dim" in short else short, found[mapped])
        weight.data.copy_(value.reshape(weight.shape))


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).parent
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--out", type=Path, default=here)
    parser.add_argument("--type", choices=TYPES, default="q8_0")
    parser.add_argument("--part", choices=("ema", "weights"), default="ema")
    parser.add_argument("--tokenizer", type=Path, default=here / "tokenizer.json")
    args = parser.parse_args()
    torch.set_num_threads(1)
    tokens = Tokens(args.tokenizer)
    module = load(args.checkpoint, tokens, args.part)
    args.out.mkdir(parents=True, exist_ok=True)
    text(module, tokens, args.out / "tiny-text.gguf", args.type)
    mmproj(module, args.out / "tiny-mmproj.gguf", args.type)
    for name in ("tiny-text.gguf", "tiny-mmproj.gguf"):
        print(f"{args.out / name}: {(args.out / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
