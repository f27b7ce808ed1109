"""An mmproj file's audio encoder: sizes, weights where they lie in the mapped file, bounds of the clamped linears.

Knows the tensor names of Gemma 4's conformer and no computation. Nothing is copied: of E2B's 330 MB (Q8_0) those pages
are resident that were used, and the kernel may drop them.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assistant.errors import ModelDamaged, ModelError
from assistant.gguf.gguf_file import TYPES, Header, read_header
from assistant.gguf.gguf_file import Tensor as Place
from assistant.llm import ggml, mel
from assistant.llm.ggml import FLOAT_BYTES

READABLE = ("F32", "F16", "BF16", "Q8_0")
_FLOAT_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Layers, width and heads of the conformer; channels of the second convolution; width of the rows it makes.

    `projected`: the rows are for a decoder; else they are what the last of the layers gives.
    """

    layers: int
    width: int
    heads: int
    channels: int
    rows: int
    projected: bool = True


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a clamped linear does to its input and output."""

    input: tuple[float, float]
    output: tuple[float, float]


class ConformerFile:
    """The mapped file. Raises ModelMissing, ModelDamaged; ModelError for a tensor type that isn't read here."""

    def __init__(self, path: Path) -> None:
        header = read_header(path)
        kind = header.values.get("clip.audio.projector_type", header.values.get("clip.projector_type"))
        if not header.values.get("clip.has_audio_encoder") or kind != "gemma4a":
            raise _damaged(path, "has no gemma4 audio encoder")
        self._path = path
        self._start = header.data_start
        self._places = {t.name: t for t in header.tensors if t.name.startswith(("a.", "mm.a."))}
        for place in self._places.values():
            self._check(place)
        self.sizes = self._read_sizes(header)
        self._content = np.memmap(path, np.uint8, "r")
        self._memory = ggml.Memory(self._content)
        self._names = ggml.Graph(len(self._places))
        self.tensors: dict[str, ggml.Tensor] = {
            name: self._names.tensor(place.shape, self._memory, self._start + place.offset, TYPES[place.type].number)
            for name, place in self._places.items()
        }

    def sizes_of(self, layers: int) -> Sizes:
        """Sizes where only the first layers are used. Raises ModelDamaged where there aren't so many."""
        if not 0 < layers <= self.sizes.layers:
            raise _damaged(self._path, f"has {self.sizes.layers} layers, not {layers}")
        return replace(self.sizes, layers=layers, rows=self.sizes.width, projected=False)

    def bounds(self, name: str) -> Bounds | None:
        """Bounds of the linear `name`, None if it isn't clamped."""
        low_in, high_in, low_out, high_out = (
            self._scalar(f"{name}.{side}_{end}", default)
            for side in ("input", "output")
            for end, default in (("min", -_FLOAT_MAX), ("max", _FLOAT_MAX))
        )
        if (low_in, high_in, low_out, high_out) == (-_FLOAT_MAX, _FLOAT_MAX) * 2:
            return None
        return Bounds((low_in, high_in), (low_out, high_out))

    def close(self) -> None:
        """Let ggml forget the file."""
        self._names.close()
        self._memory.close()

    def _scalar(self, name: str, default: float) -> float:
        place = self._places.get(name)
        if place is None:
            return default
        at = self._start + place.offset
        return float(self._content[at : at + FLOAT_BYTES].view(np.float32)[0])

    def _check(self, place: Place) -> None:
        """Refuse what ggml would assert on: that ends the process."""
        linear = len(place.shape) == 2 and not place.name.endswith("conv_dw.weight")
        if place.type not in (READABLE if linear else ("F32",)):
            raise ModelError(
                f"{self._path} can't be heard while you speak: {place.name} is {place.type}",
                remedy=f"take an mmproj of the types {', '.join(READABLE)}",
            )
        if (self._start + place.offset) % ggml.ALIGNMENT:
            raise _damaged(self._path, f"has {place.name} at an odd place")

    def _read_sizes(self, header: Header) -> Sizes:
        values = header.values
        try:
            layers = int(values["clip.audio.block_count"])  # type: ignore[arg-type]
            width = int(values["clip.audio.embedding_length"])  # type: ignore[arg-type]
            heads = int(values["clip.audio.attention.head_count"])  # type: ignore[arg-type]
            bins = int(values["clip.audio.num_mel_bins"])  # type: ignore[arg-type]
            first, channels = (self._places[f"a.conv1d.{i}.weight"].shape[3] for i in (0, 1))
            rows = self._places["mm.a.input_projection.weight"].shape[1]
        except (KeyError, IndexError) as error:
            raise _damaged(self._path, f"lacks {error}") from error
        if bins != mel.BINS or width % heads:
            raise _damaged(self._path, f"has {bins} mel bins, width {width} and {heads} heads")
        sizes = Sizes(layers, width, heads, channels, rows)
        needed = expected(sizes, first)
        for name in needed:
            if name not in self._places:
                raise _damaged(self._path, f"lacks {name}")
        clamps = {name: (1,) for name in self._places if name.endswith(("_min", "_max"))}
        for name, shape in (needed | optional(sizes, first) | clamps).items():
            self._must_be(name, shape)
        return sizes

    def _must_be(self, name: str, shape: tuple[int, ...]) -> None:
        place = self._places.get(name)
        if place is not None and place.shape != shape:
            raise _damaged(self._path, f"has {name} of shape {place.shape}, not {shape}")


def expected(s: Sizes, first_channels: int) -> dict[str, tuple[int, ...]]:
    """Name the tensors that must be there, with their shapes."""
    w, head = s.width, s.width // s.heads
    shapes: dict[str, tuple[int, ...]] = {
        "a.conv1d.0.weight": (3, 3, 1, first_channels),
        "a.conv1d.1.weight": (3, 3, first_channels, s.channels),
        "a.conv1d.0.norm.weight": (first_channels,),
        "a.conv1d.1.norm.weight": (s.channels,),
        "a.input_projection.weight": (s.channels * mel.BINS // 4, w),
        "mm.a.input_projection.weight": (s.rows, s.rows),
        "a.pre_encode.out.weight": (w, s.rows),
    }
    layer = {
        "ffn_up": (w, 4 * w), "ffn_down": (4 * w, w), "ffn_up_1": (w, 4 * w), "ffn_down_1": (4 * w, w),
        "attn_q": (w, w), "attn_k": (w, w), "attn_v": (w, w), "attn_out": (w, w), "attn_k_rel": (w, w),
        "conv_pw1": (w, 2 * w), "conv_pw2": (w, w), "conv_dw": (5, w), "per_dim_scale": (head,),
        **dict.fromkeys(("ffn_norm", "ffn_post_norm", "ffn_norm_1", "ffn_post_norm_1"), (w,)),
        **dict.fromkeys(("attn_pre_norm", "attn_post_norm", "conv_norm", "norm_conv", "ln2"), (w,)),
    }  # fmt: skip
    for i in range(s.layers):
        shapes |= {f"a.blk.{i}.{name}.weight": shape for name, shape in layer.items()}
    return shapes


def optional(s: Sizes, first_channels: int) -> dict[str, tuple[int, ...]]:
    """Name the tensors that may be there, with their shapes."""
    layer = {"attn_out.bias": s.width, "conv_dw.bias": s.width, "per_dim_k_scale.weight": s.width // s.heads}
    return {f"a.blk.{i}.{name}": (n,) for i in range(s.layers) for name, n in layer.items()} | {
        "a.conv1d.0.bias": (1, 1, first_channels),
        "a.conv1d.1.bias": (1, 1, s.channels),
        "a.input_projection.bias": (s.width,),
        "a.pre_encode.out.bias": (s.rows,),
        "mm.a.soft_emb_norm.weight": (s.rows,),
    }


def _damaged(path: Path, what: str) -> ModelDamaged:
    return ModelDamaged(f"{path} {what}", remedy="hey-gemma models verify")
