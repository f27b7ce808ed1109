"""Tensors of random numbers in the layouts of ggml: seeded by their names, made chunk by chunk.

Knows no model. The bits of a quantized block are random, its scale gives the values their standard deviation: 2 s of
processor time for a gigabyte.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from assistant.gguf.gguf_file import NewTensor

CHUNK_ELEMENTS = 1 << 20

Bytes = NDArray[np.uint8]


def matrix(name: str, shape: tuple[int, int], kind: str) -> NewTensor:
    """Make noise that leaves activations as large as they are: deviation sqrt(1 / fan-in)."""
    return noise(f"{name}.weight", shape, kind, shape[0] ** -0.5)


def constant(name: str, width: int, value: float = 1.0) -> NewTensor:
    """Make a vector of one value."""
    return vector(name, [value] * width)


def vector(name: str, values: list[float]) -> NewTensor:
    """Make a vector of float32."""
    return NewTensor(name, (len(values),), "F32", lambda: [np.array(values, "<f4").tobytes()])


def noise(name: str, shape: tuple[int, ...], kind: str, deviation: float) -> NewTensor:
    """Make noise with mean about 0 and this standard deviation."""
    seed = list(name.encode())
    count = int(np.prod(shape))

    def chunks() -> Iterator[bytes]:
        rng = np.random.Generator(np.random.SFC64(seed))
        for start in range(0, count, CHUNK_ELEMENTS):
            n = min(CHUNK_ELEMENTS, count - start)
            yield _FILLS[kind](rng, n, deviation).tobytes()

    return NewTensor(name, shape, kind, chunks)


def _fill_float32(rng: np.random.Generator, n: int, deviation: float) -> Bytes:
    return (rng.standard_normal(n, np.float32) * np.float32(deviation)).view(np.uint8)


def _fill_float16(rng: np.random.Generator, n: int, deviation: float) -> Bytes:
    return _fill_float32(rng, n, deviation).view(np.float32).astype(np.float16).view(np.uint8)


def _fill_bfloat16(rng: np.random.Generator, n: int, deviation: float) -> Bytes:
    return (_fill_float32(rng, n, deviation).view(np.uint32) >> 16).astype(np.uint16).view(np.uint8)


def _fill_blocks(layout: np.dtype[np.void], elements: int, unit: float) -> "_Fill":
    """Random bits for the quants of a block; `unit` is their standard deviation, which the scale evens out."""

    def fill(rng: np.random.Generator, n: int, deviation: float) -> Bytes:
        blocks = np.frombuffer(rng.bytes(n // elements * layout.itemsize), layout).copy()
        blocks["d"] = deviation / unit
        if "scales" in (layout.names or ()):
            blocks["scales"] = 8
        return blocks.view(np.uint8)

    return fill


_Fill = Callable[[np.random.Generator, int, float], Bytes]
_FILLS: Mapping[str, _Fill] = {
    "F32": _fill_float32,
    "F16": _fill_float16,
    "BF16": _fill_bfloat16,
    "Q4_0": _fill_blocks(np.dtype([("d", "<f2"), ("quants", "u1", 16)]), 32, 4.61),
    "Q8_0": _fill_blocks(np.dtype([("d", "<f2"), ("quants", "i1", 32)]), 32, 73.9),
    "Q6_K": _fill_blocks(
        np.dtype([("low", "u1", 128), ("high", "u1", 64), ("scales", "i1", 16), ("d", "<f2")]), 256, 8 * 18.5
    ),
}
