"""GGUF files: read a header without its vocabulary, write one as a stream, copy a part of one.

Knows the container only: no architecture, no llama.cpp. The `gguf` package reads the real vocabulary (777,000 strings)
in 22 s of processor time; here they are stepped over in 0.1 s, and nothing but the chunk in hand is in memory.
Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (version 3, little-endian).
"""

import math
import mmap
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from assistant.disk import replacing
from assistant.errors import ModelDamaged, ModelMissing

MAGIC = b"GGUF"
VERSION = 3
ALIGNMENT = 32
COPY_BYTES = 1 << 22

Scalar = str | int | float | bool
Value = Scalar | Sequence[Scalar]
Advance = Callable[[int], None]

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9

# Whether a model is shipped, fetched or generated is not known here; `models verify` knows.
REMEDY = "hey-gemma models verify: it says how to get this model again"


@dataclass(frozen=True, slots=True)
class TensorType:
    """How ggml lays a tensor type out: its number, and the elements and bytes of a block."""

    number: int
    block_elements: int
    block_bytes: int


TYPES: Mapping[str, TensorType] = {
    "F32": TensorType(0, 1, 4),
    "F16": TensorType(1, 1, 2),
    "Q4_0": TensorType(2, 32, 18),
    "Q4_1": TensorType(3, 32, 20),
    "Q5_0": TensorType(6, 32, 22),
    "Q5_1": TensorType(7, 32, 24),
    "Q8_0": TensorType(8, 32, 34),
    "Q2_K": TensorType(10, 256, 84),
    "Q3_K": TensorType(11, 256, 110),
    "Q4_K": TensorType(12, 256, 144),
    "Q5_K": TensorType(13, 256, 176),
    "Q6_K": TensorType(14, 256, 210),
    "IQ4_NL": TensorType(20, 32, 18),
    "IQ4_XS": TensorType(23, 256, 136),
    "I32": TensorType(26, 1, 4),
    "BF16": TensorType(30, 1, 2),
}
_TYPE_NAMES = {layout.number: name for name, layout in TYPES.items()}


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor's place. `shape` is ggml's: the contiguous axis first."""

    name: str
    shape: tuple[int, ...]
    type: str
    offset: int = 0

    @property
    def nbytes(self) -> int:
        """Bytes of the data, without padding."""
        layout = TYPES[self.type]
        return math.prod(self.shape) // layout.block_elements * layout.block_bytes


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says about itself.

    `values` holds every key but arrays of strings; `spans` where each key's typed value lies in the file, so that it
    can be copied as it is.
    """

    path: Path
    values: Mapping[str, Value]
    spans: Mapping[str, tuple[int, int]]
    tensors: tuple[Tensor, ...]
    data_start: int

    def encoded(self, key: str) -> bytes:
        """Read the typed value of `key` as it stands in the file."""
        start, end = self.spans[key]
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(end - start)


@dataclass(frozen=True, slots=True)
class NewTensor:
    """A tensor to write: `chunks` yields its bytes, piece by piece."""

    name: str
    shape: tuple[int, ...]
    type: str
    chunks: Callable[[], Iterable[bytes]]

    @property
    def nbytes(self) -> int:
        """Bytes of the data, without padding."""
        return Tensor(self.name, self.shape, self.type).nbytes


def read_header(path: Path) -> Header:
    """Read and check a file's header. Raises ModelMissing or ModelDamaged."""
    if not path.is_file():
        raise ModelMissing(f"{path} is not there", remedy=REMEDY)
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            header = _Cursor(data).header(path)
    except OSError as error:
        raise ModelMissing(f"{path}: {error.strerror}", remedy="see who may read it; is its disk well?") from error
    except (struct.error, ValueError, LookupError, TypeError, ArithmeticError, MemoryError) as error:
        raise ModelDamaged(f"{path} is no usable GGUF file: {error}", remedy=REMEDY) from error
    end = max((header.data_start + t.offset + t.nbytes for t in header.tensors), default=0)
    if end > path.stat().st_size:
        missing = end - path.stat().st_size
        raise ModelDamaged(f"{path} is cut off: {missing} bytes are missing", remedy=REMEDY)
    return header


class _Cursor:
    """A place in a mapped file that moves on as values are read."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.at = 0

    def header(self, path: Path) -> Header:
        if self.data[:4] != MAGIC:
            raise ValueError("it doesn't start with GGUF")
        self.at = 4
        version = self.scalar("<I")
        if version not in (2, VERSION):
            raise ValueError(f"version {version}")
        n_tensors, n_keys = int(self.scalar("<Q")), int(self.scalar("<Q"))
        values: dict[str, Value] = {}
        spans: dict[str, tuple[int, int]] = {}
        for _ in range(n_keys):
            key = self.string()
            start = self.at
            value = self.value()
            spans[key] = (start, self.at)
            if value is not None:
                values[key] = value
        tensors = tuple(self.tensor() for _ in range(n_tensors))
        alignment = int(values.get("general.alignment", ALIGNMENT))  # type: ignore[arg-type]
        return Header(path, values, spans, tensors, _aligned(self.at, alignment))

    def scalar(self, code: str) -> Scalar:
        (value,) = struct.unpack_from(code, self.data, self.at)
        self.at += struct.calcsize(code)
        return value  # type: ignore[no-any-return]

    def string(self) -> str:
        size = int(self.scalar("<Q"))
        start, self.at = self.at, self.at + size
        return self.data[start : self.at].decode()

    def value(self) -> Value | None:
        """Read the value here; step over an array of strings, for None."""
        kind = int(self.scalar("<I"))
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            return self.scalar(_SCALARS[kind])
        item, count = int(self.scalar("<I")), int(self.scalar("<Q"))
        if item == _STRING:
            at, data, unpack = self.at, self.data, struct.Struct("<Q").unpack_from
            for _ in range(count):
                at += 8 + unpack(data, at)[0]
            self.at = at
            return None
        code = f"<{count}{_SCALARS[item][1]}"
        start, self.at = self.at, self.at + struct.calcsize(code)
        return struct.unpack_from(code, self.data, start)

    def tensor(self) -> Tensor:
        name = self.string()
        shape = tuple(int(self.scalar("<Q")) for _ in range(int(self.scalar("<I"))))
        number, offset = int(self.scalar("<I")), int(self.scalar("<Q"))
        if number not in _TYPE_NAMES:
            raise ValueError(f"tensor {name} has type {number}, which this program doesn't know")
        return Tensor(name, shape, _TYPE_NAMES[number], offset)


def encode(value: Value) -> bytes:
    """Encode a value with its type in front: int as uint32, float as float32; in arrays int as int32."""
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _encode_string(value)
    if isinstance(value, bool):
        return struct.pack("<I?", _BOOL, value)
    if isinstance(value, int):
        return struct.pack("<II", _UINT32, value)
    if isinstance(value, float):
        return struct.pack("<If", _FLOAT32, value)
    return _encode_array(value)


def _encode_array(items: Sequence[Scalar]) -> bytes:
    kinds = {str: _STRING, bool: _BOOL, int: _INT32, float: _FLOAT32}
    kind = kinds[type(items[0])]
    head = struct.pack("<IIQ", _ARRAY, kind, len(items))
    if kind == _STRING:
        return head + b"".join(_encode_string(str(item)) for item in items)
    return head + struct.pack(f"<{len(items)}{_SCALARS[kind][1]}", *items)


def _encode_string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def write(path: Path, fields: Mapping[str, bytes], tensors: Sequence[NewTensor], advance: Advance) -> None:
    """Write a file: all of it, or nothing. `fields` are encoded values; `advance` is told the bytes as they go out.

    Raises OutputError when the disk is full or can't be written, before a byte is written where that can be known.
    """
    head = _encode_header(fields, tensors)
    total = len(head) + sum(_aligned(t.nbytes, ALIGNMENT) for t in tensors)
    with replacing(path, total) as file:
        file.write(head)
        for tensor in tensors:
            written = 0
            for chunk in tensor.chunks():
                file.write(chunk)
                written += len(chunk)
                advance(len(chunk))
            if written != tensor.nbytes:
                raise AssertionError(f"{tensor.name}: {written} bytes came, {tensor.nbytes} were announced")
            file.write(bytes(_aligned(written, ALIGNMENT) - written))


def keep(
    source: Path, target: Path, wanted: Callable[[str], bool], fields: Mapping[str, bytes], advance: Advance
) -> None:
    """Copy the tensors that are `wanted`, by name, under the header `fields`."""
    header = read_header(source)
    kept = [NewTensor(t.name, t.shape, t.type, partial(stored, header, t)) for t in header.tensors if wanted(t.name)]
    write(target, fields, kept, advance)


def stored(header: Header, tensor: Tensor, step: int = COPY_BYTES) -> Iterator[bytes]:
    """Read a tensor's bytes from its file, `step` at a time."""
    with header.path.open("rb") as file:
        file.seek(header.data_start + tensor.offset)
        left = tensor.nbytes
        while left:
            chunk = file.read(min(step, left))
            if not chunk:
                raise ModelDamaged(f"{header.path} is cut off in {tensor.name}", remedy=REMEDY)
            left -= len(chunk)
            yield chunk


def _encode_header(fields: Mapping[str, bytes], tensors: Sequence[NewTensor]) -> bytes:
    parts = [MAGIC, struct.pack("<IQQ", VERSION, len(tensors), len(fields))]
    parts += [_encode_string(key) + value for key, value in fields.items()]
    offset = 0
    for t in tensors:
        dims = struct.pack(f"<I{len(t.shape)}Q", len(t.shape), *t.shape)
        parts.append(_encode_string(t.name) + dims + struct.pack("<IQ", TYPES[t.type].number, offset))
        offset += _aligned(t.nbytes, ALIGNMENT)
    head = b"".join(parts)
    return head + bytes(_aligned(len(head), ALIGNMENT) - len(head))


def _aligned(n: int, alignment: int) -> int:
    return -(-n // alignment) * alignment
