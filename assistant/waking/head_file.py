"""A wake word's head as an ONNX file: networks side by side, their outputs added, a logistic at the end.

Writes the few protobuf fields that this takes by hand: the package `onnx` isn't needed to train a word of one's own.
Knows no training. Weights are stored in half the bits (float16) and computed in full: the shipped head's scores move
by 0.002 at most.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assistant.disk import replacing

Floats = NDArray[np.float32]
Layers: TypeAlias = Sequence[tuple[Floats, Floats]]  # kernel of shape (time, inputs, outputs), bias; ReLU between them

_FLOAT, _INT64, _FLOAT16 = 1, 7, 10  # TensorProto.DataType
_INTS, _INT = 7, 2  # AttributeProto.AttributeType
_IR_VERSION, _OPSET = 8, 13


def write(path: Path, networks: Sequence[Layers], about: Mapping[str, str]) -> None:
    """Write a head. `about` says what it is (phrase, recipe); all of it can be read by `assistant.wake.Head`."""
    content = encoded(networks, about)
    with replacing(path, len(content)) as file:
        file.write(content)


def encoded(networks: Sequence[Layers], about: Mapping[str, str]) -> bytes:
    """Input `embeddings`, shape (frames, 96); output `scores`, shape (frames - 15,), 0..1."""
    nodes = [
        _node("Transpose", ["embeddings"], "turned", perm=[1, 0]),
        _node("Unsqueeze", ["turned", "first"], "sound"),
    ]
    weights = [_tensor("first", np.zeros(1, np.int64)), _tensor("all", np.full(1, -1, np.int64))]
    for number, layers in enumerate(networks):
        x = "sound"
        for place, (kernel, bias) in enumerate(layers):
            if place:
                nodes.append(_node("Relu", [x], f"{x}r"))
                x += "r"
            name = f"{number}.{place}"
            for kind, values in (("kernel", kernel.transpose(2, 1, 0)), ("bias", bias)):
                weights.append(_tensor(f"{name}.{kind}16", values.astype(np.float16)))
                nodes.append(_node("Cast", [f"{name}.{kind}16"], f"{name}.{kind}", to=_FLOAT))
            nodes.append(_node("Conv", [x, f"{name}.kernel", f"{name}.bias"], f"{name}.out"))
            x = f"{name}.out"
        nodes.append(_node("Identity", [x], f"{number}.logit"))
    nodes += [
        _node("Sum", [f"{number}.logit" for number in range(len(networks))], "logit"),
        _node("Sigmoid", ["logit"], "score"),
        _node("Reshape", ["score", "all"], "scores"),
    ]
    graph = b"".join(_bytes(1, node) for node in nodes) + _bytes(2, b"wake word")
    graph += b"".join(_bytes(5, tensor) for tensor in weights)
    graph += _bytes(11, _value("embeddings", "frames", 96)) + _bytes(12, _value("scores", "places"))
    model = _number(1, _IR_VERSION) + _bytes(2, b"hey-gemma") + _bytes(7, graph) + _bytes(8, _number(2, _OPSET))
    return model + b"".join(_bytes(14, _text(1, key) + _text(2, value)) for key, value in about.items())


def _node(kind: str, inputs: Iterable[str], output: str, **attributes: int | list[int]) -> bytes:
    node = b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(4, kind)
    for name, value in attributes.items():
        if isinstance(value, list):
            given = b"".join(_number(8, item) for item in value) + _number(20, _INTS)
        else:
            given = _number(3, value) + _number(20, _INT)
        node += _bytes(5, _text(1, name) + given)
    return node


def _tensor(name: str, values: NDArray[np.generic]) -> bytes:
    kind = {np.dtype(np.int64): _INT64, np.dtype(np.float16): _FLOAT16}[values.dtype]
    head = b"".join(_number(1, size) for size in values.shape) + _number(2, kind)
    return head + _text(8, name) + _bytes(9, np.ascontiguousarray(values).tobytes())


def _value(name: str, *shape: int | str) -> bytes:
    sizes = (_number(1, size) if isinstance(size, int) else _text(2, size) for size in shape)
    tensor = _number(1, _FLOAT) + _bytes(2, b"".join(_bytes(1, size) for size in sizes))
    return _text(1, name) + _bytes(2, _bytes(1, tensor))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
