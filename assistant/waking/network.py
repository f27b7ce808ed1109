"""Trains a small head in numpy: a word's best row high, all other rows low. No torch; 15 s for 1,000 steps.

Knows embeddings and rows, no sound and no phrase. The same seed gives the same head.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from assistant.wake import EMBEDDING_SIZE, HEAD_FRAMES, Floats
from assistant.waking.head_file import Layers

Rows = NDArray[np.int64]
WIDE, NARROW = 48, 24
LOWS, WORDS, PEAK_ROWS = 192, 48, 4
HARD, HARD_SHARE = 0.45, 0.02  # of a step's low rows, so many are from the share with the highest scores
LOOK_STEPS = 300  # the hardest are looked for anew
RATE, DECAY = 1e-3, 0.02
KEEP, NOISE, EMA = 0.7, 0.4, 0.995


@dataclass(frozen=True, slots=True)
class Samples:
    """A stream of embeddings; for each word the rows at which it may peak; the rows that must stay low."""

    stream: Floats
    words: NDArray[np.int64]  # (words, PEAK_ROWS)
    lows: Rows


def fit(data: Samples, *, steps: int, seed: int) -> Layers:
    """Fit one network of three layers over `HEAD_FRAMES` embeddings."""
    rng = np.random.default_rng(seed)
    mean, scale = data.stream.mean(axis=0), data.stream.std(axis=0) + 1e-3
    stream = ((data.stream - mean) / scale).astype(np.float32)
    back = np.arange(-HEAD_FRAMES + 1, 1)
    sizes = (HEAD_FRAMES * EMBEDDING_SIZE, WIDE, NARROW, 1)
    weights: list[Floats] = []
    for inputs, outputs in pairwise(sizes):
        weights += [
            (rng.normal(size=(inputs, outputs)) * np.sqrt(2 / inputs)).astype(np.float32), np.zeros(outputs, np.float32)
        ]  # fmt: skip
    first, second = ([np.zeros_like(w) for w in weights] for _ in range(2))
    average = [w.copy() for w in weights]
    hard = data.lows
    for step in range(1, steps + 1):
        if step % LOOK_STEPS == 0:
            hard = _hardest(average, stream, data.lows)
        count = int(LOWS * HARD)
        low = np.concatenate([rng.choice(data.lows, LOWS - count), rng.choice(hard, count)])
        peaks = data.words[rng.integers(len(data.words), size=WORDS)]
        rows = np.concatenate([low, peaks.ravel()])
        seen = stream[rows[:, None] + back]
        seen = seen + rng.standard_normal(seen.shape, np.float32) * NOISE
        seen *= rng.random((len(rows), 1, EMBEDDING_SIZE), np.float32) > 0.1
        gradients = _gradients(weights, seen.reshape(len(rows), -1), rng)
        rate = RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
        for n, gradient in enumerate(gradients):
            first[n] = 0.9 * first[n] + 0.1 * gradient
            second[n] = 0.999 * second[n] + 0.001 * gradient**2
            moved = first[n] / (1 - 0.9**step) / (np.sqrt(second[n] / (1 - 0.999**step)) + 1e-8)
            weights[n] -= (rate * (moved + DECAY * weights[n] * (weights[n].ndim == 2))).astype(np.float32)
            average[n] += (1 - min(EMA, step / (step + 10))) * (weights[n] - average[n])
    return _layers(average, mean, scale)


def _forward(weights: Sequence[Floats], x: Floats) -> Floats:
    for n in range(0, len(weights), 2):
        x = x @ weights[n] + weights[n + 1]
        if n < len(weights) - 2:
            x = np.maximum(x, 0)
    return x[:, 0]


def _gradients(weights: Sequence[Floats], x: Floats, rng: np.random.Generator) -> list[Floats]:
    """Of the mean softplus of low rows, and of minus the best row of each word."""
    inputs, masks = [x], []
    for n in range(0, len(weights) - 2, 2):
        z = x @ weights[n] + weights[n + 1]
        masks.append((z > 0) * (rng.random(z.shape) < KEEP).astype(np.float32) / KEEP)
        x = (np.maximum(z, 0) * (masks[-1] > 0) / KEEP).astype(np.float32)
        inputs.append(x)
    logits = (x @ weights[-2] + weights[-1])[:, 0]
    slope = np.zeros_like(logits)
    slope[:LOWS] = _logistic(logits[:LOWS]) / LOWS
    best = logits[LOWS:].reshape(WORDS, PEAK_ROWS).argmax(axis=1) + np.arange(WORDS) * PEAK_ROWS + LOWS
    slope[best] = -_logistic(-logits[best]) / WORDS
    found: list[Floats] = []
    back = slope[:, None]
    for n in range(len(weights) - 2, -1, -2):
        layer = n // 2
        found[:0] = [inputs[layer].T @ back, back.sum(axis=0)]
        if layer:
            back = (back @ weights[n].T) * masks[layer - 1]
    return found


def _hardest(weights: Sequence[Floats], stream: Floats, lows: Rows) -> Rows:
    logits = scores_of(weights, stream)[lows - HEAD_FRAMES + 1]
    return lows[np.argsort(logits)[-max(1, int(len(lows) * HARD_SHARE)) :]]


def scores_of(weights: Sequence[Floats], stream: Floats) -> Floats:
    """The logit of every place, in pieces: the windows of a long stream don't fit into memory at once."""
    windows = np.lib.stride_tricks.sliding_window_view(stream, HEAD_FRAMES, axis=0).transpose(0, 2, 1)
    pieces = (windows[start : start + 4096] for start in range(0, len(windows), 4096))
    return np.concatenate([_forward(weights, piece.reshape(len(piece), -1)) for piece in pieces])


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))), dtype=np.float32)


def _layers(weights: Sequence[Floats], mean: Floats, scale: Floats) -> Layers:
    """As kernels over time, the normalization folded into the first."""
    kernel = weights[0].reshape(HEAD_FRAMES, EMBEDDING_SIZE, -1) / scale[None, :, None]
    bias = weights[1] - (kernel * mean[None, :, None]).sum(axis=(0, 1))
    rest = [(weights[n][None], weights[n + 1]) for n in range(2, len(weights), 2)]
    return [(kernel.astype(np.float32), bias.astype(np.float32)), *rest]
