"""Gemma 4 at toy size: the transformers configuration and the first weights.

Every part of the real E2B is there: per-layer embeddings, sliding and full attention, shared K/V, the double-wide
MLP, the causal conformer. Knows nothing about data or training.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from transformers import Gemma4Config, Gemma4ForConditionalGeneration

AUDIO_WIDTH = 128
AUDIO_LAYERS = 12
AUDIO_HEADS = 4
STEM_CHANNELS = (128, 8)  # channels[0] must equal 128: transformers derives the projection's width from it
TEXT_WIDTH = 128
TEXT_HEADS = 4
TEXT_MLP = 384
LAYER_TYPES = ("sliding_attention", "full_attention", "sliding_attention", "full_attention")
SHARED_LAYERS = 2
HEAD_SLIDING, HEAD_FULL = 32, 64
PER_LAYER = 32
WINDOW = 256
SOFTCAP = 30.0


def config(vocab: int, ids: dict[str, int]) -> Gemma4Config:
    """`ids` maps special-token texts to ids (see tokens.py)."""
    from transformers import Gemma4Config

    return Gemma4Config(
        text_config={
            "vocab_size": vocab,
            "vocab_size_per_layer_input": vocab,
            "hidden_size": TEXT_WIDTH,
            "intermediate_size": TEXT_MLP,
            "num_hidden_layers": len(LAYER_TYPES),
            "num_attention_heads": TEXT_HEADS,
            "num_key_value_heads": 1,
            "head_dim": HEAD_SLIDING,
            "global_head_dim": HEAD_FULL,
            "hidden_size_per_layer_input": PER_LAYER,
            "layer_types": list(LAYER_TYPES),
            "num_kv_shared_layers": SHARED_LAYERS,
            "use_double_wide_mlp": True,
            "sliding_window": WINDOW,
            "final_logit_softcapping": SOFTCAP,
            "max_position_embeddings": 4096,
            "pad_token_id": ids["<pad>"],
            "eos_token_id": ids["<eos>"],
            "bos_token_id": ids["<bos>"],
            "tie_word_embeddings": True,
        },
        audio_config={
            "hidden_size": AUDIO_WIDTH,
            "num_hidden_layers": AUDIO_LAYERS,
            "num_attention_heads": AUDIO_HEADS,
            "subsampling_conv_channels": list(STEM_CHANNELS),
            "output_proj_dims": TEXT_WIDTH,
        },
        vision_config=None,
        boa_token_id=ids["<|audio>"],
        eoa_token_index=ids["<audio|>"],
        audio_token_id=ids["<|audio|>"],
        tie_word_embeddings=True,
    )


def build(vocab: int, ids: dict[str, int], seed: int = 0) -> Gemma4ForConditionalGeneration:
    """Make the transformers model in float32 with fan-in scaled first weights."""
    from transformers import Gemma4ForConditionalGeneration

    torch.manual_seed(seed)
    model = Gemma4ForConditionalGeneration(config(vocab, ids))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(("q_norm.weight", "k_norm.weight")):
                # Gemma 4 attends with scale 1: unit weights would start with logits of std sqrt(head)
                weight.fill_(weight.shape[0] ** -0.25)
            elif "embed_tokens_per_layer" in name:
                weight.normal_(0, PER_LAYER**-0.5)
                weight[0] = 0  # what audio positions read
            elif "embed_tokens" in name:
                weight.normal_(0, TEXT_WIDTH**-0.5)
            elif weight.dim() >= 2 and weight.shape[1:].numel() > 0:
                weight.normal_(0, 1 / math.sqrt(weight.shape[1:].numel()))
            elif name.endswith(
                (
                    "post_attention_layernorm.weight",
                    "post_feedforward_layernorm.weight",
                    "post_per_layer_input_norm.weight",
                )
            ):
                weight.fill_(0.5)
    return model
