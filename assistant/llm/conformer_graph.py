"""Gemma 4's conformer as a ggml graph: a few new frames and the state of the past -> rows, and the next state.

The operations and their order are mtmd's, so the bits are too. mtmd attends in blocks of 12 tokens that see 24 keys;
here the new tokens are put at their place in such blocks. Knows no stream. A graph of E2B's shapes has 1,370 nodes and
is made in 3 ms.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.llm import mel
from assistant.llm.c_math import c_math
from assistant.llm.conformer_file import Bounds, Sizes
from assistant.llm.ggml import FLOAT_BYTES, Graph, Memory, Tensor

BLOCK = 12  # queries that share a window of keys
WINDOW = 2 * BLOCK
PAST = BLOCK - 1  # keys before itself that a token sees
DISTANCES = BLOCK + 1  # rows of the relative-position table
CONV_PAST = 4  # tokens before itself that the depthwise convolution sees
FRAMES = 4  # mel frames a token
FRAMES_PAST = 3
EPSILON = 1e-6
SOFTCAP = 50.0
NODES_A_LAYER, NODES_BESIDE = 140, 80


@dataclass(frozen=True, slots=True)
class Place:
    """How many tokens a graph encodes, and where in their block the first one stands."""

    tokens: int
    start: int

    @property
    def blocks(self) -> int:
        """How many blocks the tokens touch."""
        return -(-(self.start + self.tokens) // BLOCK)

    @property
    def first_query(self) -> int:
        """The first place of a block that attends: of one block only the tokens do, of two all places."""
        return self.start if self.blocks == 1 else 0

    @property
    def queries(self) -> int:
        """How many places of each block attend."""
        return self.tokens if self.blocks == 1 else BLOCK


@dataclass(frozen=True, slots=True)
class Weights:
    """Tensors by their names in the file, the clamps by linear, and each layer's projected relative positions."""

    tensors: dict[str, Tensor]
    bounds: dict[str, Bounds]
    positions: Memory

    def position_offset(self, layer: int, sizes: Sizes) -> int:
        """Where in `positions` those of a layer begin, in bytes."""
        return layer * DISTANCES * sizes.width * FLOAT_BYTES


@dataclass(frozen=True, slots=True)
class Ports:
    """Memory that Python writes before a graph runs, and reads after it: `rows`. `state` is read and replaced."""

    frames: Memory  # (3 + 4 tokens, 128) mel frames
    heard: Memory  # (1 + 2 tokens,) 1 for each frame between the convolutions that lies in the sound, else 0
    mask: Memory  # (blocks, 12, 24) 0 where a query sees a key, else -1e9
    state: Memory
    keys: Memory  # (2 blocks, 24, width) those of one layer at a time, at their places; the others are masked
    values: Memory  # likewise
    rows: Memory  # (tokens, width)

    @staticmethod
    def state_floats(sizes: Sizes) -> int:
        """Floats of the whole state."""
        return sizes.layers * (2 * PAST + CONV_PAST) * sizes.width


def position_table(width: int) -> NDArray[np.float32]:
    """Sines and cosines of the distances 12..0, (13, width)."""
    count = width // 2
    step = c_math("logf", np.array([1e4])) / np.float32(max(count - 1, 1))
    scale = c_math("expf", -np.arange(count, dtype=np.float32) * step)
    angles = np.arange(BLOCK, -1, -1, dtype=np.float32)[:, None] * scale
    return np.concatenate((c_math("sinf", angles), c_math("cosf", angles)), axis=1)


def build_positions(sizes: Sizes, weights: Weights, table: Memory) -> Graph:
    """Build what projects `position_table` for every layer, once for all."""
    g = Graph(sizes.layers * 8)
    head = sizes.width // sizes.heads
    distances = g.tensor((sizes.width, DISTANCES), table)
    for i in range(sizes.layers):
        projected = g.mul_mat(weights.tensors[f"a.blk.{i}.attn_k_rel.weight"], distances)
        by_head = g.permute(g.reshape(projected, head, sizes.heads, DISTANCES), 0, 2, 1, 3)
        kept = g.tensor((head, DISTANCES, sizes.heads), weights.positions, weights.position_offset(i, sizes))
        g.expand(g.copy(by_head, kept))
    return g


def build(sizes: Sizes, weights: Weights, ports: Ports, place: Place) -> Graph:
    """Build the graph that encodes `place.tokens` tokens."""
    return _Builder(sizes, weights, ports, place).build()


class _Builder:
    def __init__(self, sizes: Sizes, weights: Weights, ports: Ports, place: Place) -> None:
        self._sizes, self._weights, self._ports, self._place = sizes, weights, ports, place
        self._g = g = Graph(sizes.layers * NODES_A_LAYER + NODES_BESIDE)
        self._head = sizes.width // sizes.heads
        mask_at = WINDOW * place.first_query * FLOAT_BYTES
        self._mask = g.tensor((WINDOW, place.queries, place.blocks), ports.mask, mask_at)
        self._state_at = 0

    def build(self) -> Graph:
        g = self._g
        x = self._subsample()
        for i in range(self._sizes.layers):
            x = self._layer(x, f"a.blk.{i}", i)
        if self._sizes.projected:
            x = self._project(x)
        g.expand(g.copy(x, g.tensor((self._sizes.rows, self._place.tokens), self._ports.rows)))
        return g

    def _project(self, x: Tensor) -> Tensor:
        """States of the last layer -> rows for the decoder."""
        x = self._plus(self._linear(x, "a.pre_encode.out"), "a.pre_encode.out.bias")
        x = self._times(self._g.rms_norm(x, EPSILON), "mm.a.soft_emb_norm.weight")
        return self._linear(x, "mm.a.input_projection")

    def _subsample(self) -> Tensor:
        """128 bins x 4 frames a token -> (width, tokens). The frames are there already: padding is for bins only."""
        g, tokens = self._g, self._place.tokens
        x = g.tensor((mel.BINS, FRAMES * tokens + FRAMES_PAST), self._ports.frames)
        x = self._convolution(x, 0)
        x = g.mul(x, g.tensor((1, 2 * tokens + 1), self._ports.heard))
        x = self._convolution(x, 1)
        x = g.cont(g.permute(x, 1, 2, 0, 3))
        x = g.reshape(x, self._sizes.channels * mel.BINS // 4, tokens)
        return self._plus(self._linear(x, "a.input_projection"), "a.input_projection.bias")

    def _convolution(self, x: Tensor, i: int) -> Tensor:
        g = self._g
        x = g.conv_2d(self._weights.tensors[f"a.conv1d.{i}.weight"], x, 2, (1, 0))
        x = self._plus(x, f"a.conv1d.{i}.bias")
        x = g.norm(g.cont(g.permute(x, 1, 2, 0, 3)), EPSILON)
        x = self._times(x, f"a.conv1d.{i}.norm.weight")
        return g.relu(g.cont(g.permute(x, 2, 0, 1, 3)))

    def _layer(self, x: Tensor, at: str, i: int) -> Tensor:
        g = self._g
        x = g.add(x, g.scale(self._feed_forward(x, at, ""), 0.5))
        attended, keys, values = self._attention(self._norm(x, f"{at}.attn_pre_norm"), at, i)
        x = g.add(x, self._norm(attended, f"{at}.attn_post_norm"))
        # The file calls the norm before the module conv_norm and the one inside it norm_conv.
        mixed, past = self._convolution_module(self._norm(x, f"{at}.conv_norm"), at)
        x = g.add(x, mixed)
        x = g.add(x, g.scale(self._feed_forward(x, at, "_1"), 0.5))
        x = self._norm(x, f"{at}.ln2")
        g.expand(x)
        for kept in (keys, values, past):
            g.expand(kept)
        return x

    def _feed_forward(self, x: Tensor, at: str, which: str) -> Tensor:
        x = self._linear(self._norm(x, f"{at}.ffn_norm{which}"), f"{at}.ffn_up{which}")
        x = self._linear(self._g.silu(x), f"{at}.ffn_down{which}")
        return self._norm(x, f"{at}.ffn_post_norm{which}")

    def _attention(self, x: Tensor, at: str, i: int) -> tuple[Tensor, Tensor, Tensor]:
        """Local attention with relative positions; give its output and what replaces the state of keys and values."""
        g, place, head, heads, blocks = self._g, self._place, self._head, self._sizes.heads, self._place.blocks
        width, queries = self._sizes.width, place.queries
        log_2, log_1_e = c_math("logf", 1 + c_math("expf", np.array([0.0, 1.0])))
        q, k, v = (g.reshape(self._linear(x, f"{at}.attn_{n}"), head, heads, place.tokens) for n in "qkv")
        q = self._times(g.scale(q, float(1 / np.sqrt(np.float32(head)) / log_2)), f"{at}.per_dim_scale.weight")
        k = g.scale(k, float(log_1_e / log_2))
        k = self._times(k, f"{at}.per_dim_k_scale.weight")

        before = place.start - place.first_query
        q = g.pad(q, 2, before, queries * blocks - before - place.tokens)
        q = g.cont(g.permute(g.reshape(q, head, heads, queries, blocks), 0, 3, 1, 2))  # (head, queries, blocks, heads)
        k, next_k = self._windows(k, self._ports.keys)
        v, next_v = self._windows(v, self._ports.values)
        k = g.cont(g.permute(k, 0, 3, 1, 2))  # (head, 24, blocks, heads)
        v = g.cont(g.permute(v, 1, 3, 0, 2))  # (24, head, blocks, heads)
        scores = g.add(g.mul_mat(k, q), self._relative(q, i))
        scores = g.scale(g.tanh(g.scale(scores, 1.0 / SOFTCAP)), SOFTCAP)
        x = g.mul_mat(v, g.soft_max(g.add(scores, self._mask)))
        x = g.cont(g.cont(g.permute(x, 0, 2, 3, 1)), width, queries * blocks)
        x = g.cont(g.view(x, (width, place.tokens), (width,), width * before))
        return self._plus(self._linear(x, f"{at}.attn_out"), f"{at}.attn_out.bias"), next_k, next_v

    def _windows(self, new: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Keys or values of the new tokens -> windows of their blocks, (head, heads, 24, blocks); the next state."""
        g, width, place, blocks = self._g, self._sizes.width, self._place, self._place.blocks

        def rows(first: int, count: int) -> Tensor:
            return g.tensor((width, count), memory, first * width * FLOAT_BYTES)

        state = self._state(width, PAST)
        before = place.start + BLOCK - PAST
        g.expand(g.copy(state, rows(before, PAST)))
        g.expand(g.copy(g.reshape(new, width, place.tokens), rows(before + PAST, place.tokens)))
        kept = g.copy(rows(before + place.tokens, PAST), state)
        # The windows overlap, yet ggml wants a view to have no more elements than what it views.
        strides = (self._head, width, BLOCK * width)
        return g.view(rows(0, WINDOW * blocks), (self._head, self._sizes.heads, WINDOW, blocks), strides), kept

    def _relative(self, q: Tensor, layer: int) -> Tensor:
        """Score queries against distances and shift each row to the keys that are so far away."""
        g, heads, blocks, queries = self._g, self._sizes.heads, self._place.blocks, self._place.queries
        first = self._place.first_query
        offset = self._weights.position_offset(layer, self._sizes)
        p = g.tensor((self._head, DISTANCES, heads), self._weights.positions, offset)
        x = g.mul_mat(p, g.reshape(q, self._head, queries * blocks, heads))
        x = g.pad(g.reshape(x, DISTANCES, queries, blocks, heads), 0, first, WINDOW + 1 - DISTANCES - first)
        row = (WINDOW + 1) * queries
        x = g.view(x, (WINDOW * queries, blocks, heads), (row, row * blocks))
        return g.reshape(g.cont(x), WINDOW, queries, blocks, heads)

    def _convolution_module(self, x: Tensor, at: str) -> tuple[Tensor, Tensor]:
        """Give the gated depthwise convolution over 5 tokens, and what replaces its state."""
        g, width, tokens = self._g, self._sizes.width, self._place.tokens
        x = self._linear(x, f"{at}.conv_pw1")
        gate = g.sigmoid(g.cont(g.view(x, (width, tokens), (2 * width,), width)))
        x = g.mul(g.view(x, (width, tokens), (2 * width,)), gate)
        state = self._state(CONV_PAST, width)
        every = g.concat(state, g.cont(g.transpose(x)), 0)
        kept = g.copy(g.view(every, (CONV_PAST, width), (CONV_PAST + tokens,), tokens), state)
        x = g.ssm_conv(every, self._weights.tensors[f"{at}.conv_dw.weight"])
        x = self._norm(self._plus(x, f"{at}.conv_dw.bias"), f"{at}.norm_conv")
        return self._linear(g.silu(x), f"{at}.conv_pw2"), kept

    def _linear(self, x: Tensor, name: str) -> Tensor:
        g, bounds, weight = self._g, self._weights.bounds.get(name), self._weights.tensors[f"{name}.weight"]
        if bounds is None:
            return g.mul_mat(weight, x)
        return g.clamp(g.mul_mat(weight, g.clamp(x, *bounds.input)), *bounds.output)

    def _norm(self, x: Tensor, name: str) -> Tensor:
        return self._times(self._g.rms_norm(x, EPSILON), f"{name}.weight")

    def _plus(self, x: Tensor, optional: str) -> Tensor:
        bias = self._weights.tensors.get(optional)
        return x if bias is None else self._g.add(x, bias)

    def _times(self, x: Tensor, optional: str) -> Tensor:
        weight = self._weights.tensors.get(optional)
        return x if weight is None else self._g.mul(x, weight)

    def _state(self, *shape: int) -> Tensor:
        """Name the next part of the state."""
        tensor = self._g.tensor(shape, self._ports.state, self._state_at * FLOAT_BYTES)
        self._state_at += shape[0] * shape[1]
        return tensor
