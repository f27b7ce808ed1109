"""The ear of a Gemma 4: a copy of the decoder's file with only those layers that compute keys and values.

The later layers reuse the K/V of the last two of these (E2B: 15 of 35), so a token whose logits nobody reads needs no
more. The whole vocabulary stays, without its texts: token ids mean the same in both files. Knows GGUF, no llama.cpp.
E2B's shapes: 1.49 GB, made in 4 to 6 s of processor time, in 50 MB of memory.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from assistant.errors import HeyGemmaError, ModelDamaged
from assistant.gguf import gguf_file
from assistant.gguf.gguf_file import Advance, Header, NewTensor, Tensor, Value

VERSION = 1
REMEDY = "hey-gemma models prepare"
_VERSION_KEY, _SOURCE_KEY = "hey_gemma.ear.version", "hey_gemma.ear.source"
_SAMPLE_BYTES = 256
# An output matrix of a multiple of 8 rows is kept a second time on ARM, rearranged for speed: 330 MB of E2B's memory.
# Nobody reads the ear's logits, so one row more than the vocabulary has spares that.
_MORE_ROWS = 1


@dataclass(frozen=True, slots=True)
class Ear:
    """An ear that can be written: its header's fields and its tensors, streamed from the source."""

    fields: dict[str, bytes]
    tensors: tuple[NewTensor, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of the tensors."""
        return sum(t.nbytes for t in self.tensors)

    def write(self, path: Path, advance: Advance = lambda _: None) -> None:
        """Write the file, whole or not at all. Raises OutputError."""
        gguf_file.write(path, self.fields, self.tensors, advance)


def cut(model: Path) -> Ear | None:
    """Plan the ear of a text model's file; None where no layers share keys and values. Raises ModelError."""
    header = gguf_file.read_header(model)
    layers, own = layers_of(header)
    if own == layers:
        return None
    tensors = tuple(_kept(header, t, own) for t in header.tensors if _wanted(t.name, own))
    return Ear(_fields(header, layers, own), tensors)


def problem(ear: Path, model: Path) -> str | None:
    """Say why `ear` can't be used with `model`: not there, damaged, of another version or model. None: it can.

    Looks at both headers and at the beginning of each of the model's tensors (0.05 s), not at every byte.
    """
    try:
        header = gguf_file.read_header(ear)
    except HeyGemmaError as error:
        return error.message
    if header.values.get(_VERSION_KEY) != VERSION:
        return f"{ear} is no ear of version {VERSION}"
    if header.values.get(_SOURCE_KEY) != fingerprint(gguf_file.read_header(model)):
        return f"{ear} was made from another model than {model}"
    return None


def compare(ear: Path, model: Path, advance: Advance = lambda _: None) -> None:
    """Compare every byte of an ear with the model that it was cut from. Raises ModelDamaged."""
    wanted, header = cut(model), gguf_file.read_header(ear)
    if wanted is None or [t.name for t in wanted.tensors] != [t.name for t in header.tensors]:
        raise ModelDamaged(f"{ear} doesn't have the tensors of an ear of {model}", remedy=REMEDY)
    with ear.open("rb") as file:
        for theirs, tensor in zip(wanted.tensors, header.tensors, strict=True):
            file.seek(header.data_start + tensor.offset)
            for chunk in theirs.chunks():
                if file.read(len(chunk)) != chunk:
                    raise ModelDamaged(f"{ear} is damaged in {tensor.name}", remedy=REMEDY)
                advance(len(chunk))


def fingerprint(header: Header) -> str:
    """Name a model by its header and the beginning of each tensor's data; other weights, another name."""
    digest = hashlib.sha256()
    with header.path.open("rb") as file:
        digest.update(file.read(header.data_start))
        for tensor in header.tensors:
            file.seek(header.data_start + tensor.offset)
            digest.update(file.read(min(_SAMPLE_BYTES, tensor.nbytes)))
    return digest.hexdigest()


def layers_of(header: Header) -> tuple[int, int]:
    """Count all layers, and those with keys and values of their own. Raises ModelDamaged."""
    kind = header.values.get("general.architecture")
    if kind != "gemma4":
        raise ModelDamaged(
            f"{header.path} is a {kind} model, not a gemma4", remedy="name a Gemma 4 model in the config"
        )
    layers = _number(header, "gemma4.block_count")
    shared = _number(header, "gemma4.attention.shared_kv_layers", 0)
    if not 0 <= shared < layers:
        raise ModelDamaged(f"{header.path}: {shared} of {layers} layers share K/V", remedy=gguf_file.REMEDY)
    return layers, layers - shared


def _number(header: Header, key: str, default: int | None = None) -> int:
    value = header.values.get(key, default)
    if not isinstance(value, int):
        raise ModelDamaged(f"{header.path} has {key} {value!r}, not a number", remedy=gguf_file.REMEDY)
    return value


def _fields(header: Header, layers: int, own: int) -> dict[str, bytes]:
    """The source's header without its vocabulary, one entry a kept layer where it had one a layer."""
    fields = {
        key: header.encoded(key)
        for key in header.spans
        if not key.startswith(("tokenizer.", "general.alignment", "hey_gemma."))
    }
    for key, value in header.values.items():
        if key.startswith("gemma4.") and isinstance(value, tuple) and len(value) == layers:
            fields[key] = gguf_file.encode(value[:own])
    embeddings = next((t for t in header.tensors if t.name == "token_embd.weight"), None)
    if embeddings is None:
        raise ModelDamaged(f"{header.path} has no token_embd.weight", remedy=gguf_file.REMEDY)
    changed: dict[str, Value] = {
        "gemma4.block_count": own,
        "gemma4.attention.shared_kv_layers": 0,
        "gemma4.vocab_size": embeddings.shape[1] + _MORE_ROWS,
        "tokenizer.ggml.model": "none",
        _VERSION_KEY: VERSION,
        _SOURCE_KEY: fingerprint(header),
    }
    return fields | {key: gguf_file.encode(value) for key, value in changed.items()}


def _wanted(name: str, own: int) -> bool:
    """Whether the ear has this tensor: it gives no logits, and has the first `own` layers."""
    first, _, rest = name.partition(".")
    return name != "output.weight" and (first != "blk" or int(rest.partition(".")[0]) < own)


def _kept(header: Header, tensor: Tensor, own: int) -> NewTensor:
    """What the ear keeps of a tensor: all of it, or the columns or rows of the first `own` layers."""
    width = own * _number(header, "gemma4.embedding_length_per_layer_input", 0)
    if tensor.name == "token_embd.weight":
        return _columns(header, tensor, tensor.shape[0])
    if tensor.name == "per_layer_token_embd.weight":
        return _columns(header, tensor, width)
    if tensor.name == "per_layer_model_proj.weight":
        tensor = replace(tensor, shape=(tensor.shape[0], width))
    return NewTensor(tensor.name, tensor.shape, tensor.type, partial(gguf_file.stored, header, tensor))


def _columns(header: Header, tensor: Tensor, columns: int) -> NewTensor:
    """Keep the first `columns` of every token's row. Raises ModelDamaged where they end inside a quantized block."""
    layout = gguf_file.TYPES[tensor.type]
    if columns % layout.block_elements:
        raise ModelDamaged(
            f"{header.path}: {tensor.name} ({tensor.type}) can't be cut behind column {columns}",
            remedy="use Google's own Q4_0 file: hey-gemma models fetch",
        )
    row_bytes = replace(tensor, shape=(tensor.shape[0],)).nbytes
    kept_bytes = columns // layout.block_elements * layout.block_bytes

    def chunks() -> Iterator[bytes]:
        step = max(gguf_file.COPY_BYTES // row_bytes, 1) * row_bytes
        for chunk in gguf_file.stored(header, tensor, step):
            yield b"".join(chunk[at : at + kept_bytes] for at in range(0, len(chunk), row_bytes))
        yield bytes(_MORE_ROWS * kept_bytes)

    return NewTensor(tensor.name, (columns, tensor.shape[1] + _MORE_ROWS), tensor.type, chunks)
