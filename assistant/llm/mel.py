"""Sound -> log-mel frames as mtmd computes them: 100 frames a second of 128 bins. Knows no stream and no model.

The same float32 radix-2 FFT in the same order: bit-equal to mtmd where its C++ was compiled without fused
multiply-add (x86-64), and within rounding elsewhere (aarch64). A frame costs 60 us in hops of 16.
"""

import math

import numpy as np
from numpy.typing import NDArray

from assistant.llm.c_math import c_math
from assistant.stages import SAMPLE_RATE_HZ

HOP = 160  # samples between frames
WINDOW = 320  # samples that a frame sees
BINS = 128
_FFT = 512
_FLOOR = 0.001

Frames = NDArray[np.float32]  # (n, BINS)


class LogMel:
    """The tables: window, twiddle factors, filters."""

    def __init__(self) -> None:
        turn = np.float32(2 * math.pi) * np.arange(WINDOW, dtype=np.float32) / np.float32(WINDOW)
        self._window = np.float32(0.5) - np.float32(0.5) * c_math("cosf", turn)
        angles = 2 * math.pi * np.arange(_FFT) / _FFT
        self._cos, self._sin = c_math("cosf", angles), c_math("sinf", angles)
        self._order = _bit_reversed(_FFT)
        self._groups, self._filters = _group(_filter_bank())

    def frames(self, samples: NDArray[np.float32]) -> Frames:
        """Sound in -1..1, (160 n + 160,) or a little more -> the n frames that lie in it, (n, 128)."""
        windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
        padded = np.zeros((len(windows), _FFT), np.float32)
        padded[:, :WINDOW] = self._window * windows
        real, imaginary = self._fft(padded)
        magnitude = np.zeros((len(windows), _FFT // 2 + 4), np.float32)
        magnitude[:, : _FFT // 2 + 1] = np.sqrt(real * real + imaginary * imaginary)
        # mtmd adds four products in float32, and those sums in float64.
        products = magnitude.reshape(len(windows), -1, 4)[:, self._groups] * self._filters
        fours = products[..., 0] + products[..., 1] + products[..., 2] + products[..., 3]
        total = np.zeros(fours.shape[:2])
        for k in range(fours.shape[2]):
            total += fours[..., k]
        return np.log(np.maximum(total, np.float32(_FLOOR))).astype(np.float32)

    def _fft(self, windows: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Transform rows of 512 reals; give real and imaginary part of the bins 0..256."""
        real = windows[:, self._order]
        imaginary = np.zeros_like(real)
        size = 1
        while size < _FFT:
            shape = (len(windows), -1, 2, size)
            real, imaginary = real.reshape(shape), imaginary.reshape(shape)
            cos, sin = self._cos[:: _FFT // (2 * size)][:size], -self._sin[:: _FFT // (2 * size)][:size]
            even_re, even_im = real[:, :, 0], imaginary[:, :, 0]
            odd_re, odd_im = real[:, :, 1], imaginary[:, :, 1]
            re_re, im_im, re_im, im_re = cos * odd_re, sin * odd_im, cos * odd_im, sin * odd_re
            real = np.stack((even_re + re_re - im_im, even_re - re_re + im_im), axis=2)
            imaginary = np.stack((even_im + re_im + im_re, even_im - re_im - im_re), axis=2)
            size *= 2
        bins = _FFT // 2 + 1
        return real.reshape(len(windows), _FFT)[:, :bins], imaginary.reshape(len(windows), _FFT)[:, :bins]


def _bit_reversed(n: int) -> NDArray[np.intp]:
    """Order in which a radix-2 FFT of n takes its input."""
    order = np.zeros(1, np.intp)
    while len(order) < n:
        order = np.concatenate((2 * order, 2 * order + 1))
    return order


def _filter_bank() -> NDArray[np.float32]:
    """Weights of 128 triangles on the HTK mel scale, 0 to 8 kHz, (128, 257)."""
    top = 2595.0 * math.log10(1.0 + SAMPLE_RATE_HZ / 2 / 700.0)
    edges = [700.0 * (math.pow(10.0, top * (i / (BINS + 1)) / 2595.0) - 1.0) for i in range(BINS + 2)]
    frequency = np.arange(_FFT // 2 + 1) * (SAMPLE_RATE_HZ / _FFT)
    bank = np.zeros((BINS, _FFT // 2 + 1), np.float32)
    for i, (left, centre, right) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        rising, falling = (frequency - left) / (centre - left), (right - frequency) / (right - centre)
        bank[i] = np.maximum(0, np.where(frequency <= centre, rising, falling))
    return bank


def _group(bank: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Give the groups of four FFT bins that each filter touches, (128, k), and the weights there, (128, k, 4)."""
    padded = np.zeros((BINS, _FFT // 2 + 4), np.float32)
    padded[:, : bank.shape[1]] = bank
    fours = padded.reshape(BINS, -1, 4)
    used = fours.max(axis=2) > 0  # one run in each row, or none: some filters lie between two bins
    first, span = used.argmax(axis=1), int(used.sum(axis=1).max())
    groups = np.minimum(first[:, None], fours.shape[1] - span) + np.arange(span)
    return groups, np.take_along_axis(fours, groups[..., None], axis=1)
