"""ctypes for the ggml calls that the streaming ear uses, on the libraries that llama-cpp-python installs.

The only file that binds ggml. Knows no model: tensors, graphs and the memory they compute in. ggml keeps no promises
about its ABI, so the version is pinned; a wrong shape is an assertion in C and ends the process. A call costs 3 us.
"""

import ctypes
import functools
import importlib.util
import os
from ctypes import c_bool, c_char_p, c_float, c_int, c_int64, c_size_t, c_void_p
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NewType

import numpy as np
from numpy.typing import NDArray

from assistant.errors import ModelError

PACKAGE = "llama-cpp-python"
SUPPORTED = ("0.3.36", "0.25.3")  # of the package, and of the ggml inside it
F32 = 0
FLOAT_BYTES = 4
ALIGNMENT = 32
GRADIENTS = False

Tensor = NewType("Tensor", int)


class _InitParams(ctypes.Structure):
    _fields_ = (("mem_size", c_size_t), ("mem_buffer", c_void_p), ("no_alloc", c_bool))


# Result and arguments. Tensors, contexts, graphs, buffers, backends are all pointers.
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "ggml_init": (c_void_p, _InitParams),
    "ggml_free": (None, c_void_p),
    "ggml_version": (c_char_p,),
    "ggml_tensor_overhead": (c_size_t,),
    "ggml_graph_overhead_custom": (c_size_t, c_size_t, c_bool),
    "ggml_new_graph_custom": (c_void_p, c_void_p, c_size_t, c_bool),
    "ggml_build_forward_expand": (None, c_void_p, c_void_p),
    "ggml_new_tensor_4d": (c_void_p, c_void_p, c_int, *[c_int64] * 4),
    "ggml_reshape_4d": (c_void_p, c_void_p, c_void_p, *[c_int64] * 4),
    "ggml_view_4d": (c_void_p, c_void_p, c_void_p, *[c_int64] * 4, *[c_size_t] * 4),
    "ggml_permute": (c_void_p, c_void_p, c_void_p, *[c_int] * 4),
    "ggml_cont_4d": (c_void_p, c_void_p, c_void_p, *[c_int64] * 4),
    "ggml_pad_ext": (c_void_p, c_void_p, c_void_p, *[c_int] * 8),
    "ggml_conv_2d": (c_void_p, c_void_p, c_void_p, c_void_p, *[c_int] * 6),
    "ggml_concat": (c_void_p, c_void_p, c_void_p, c_void_p, c_int),
    "ggml_clamp": (c_void_p, c_void_p, c_void_p, c_float, c_float),
    **dict.fromkeys(("ggml_scale", "ggml_norm", "ggml_rms_norm"), (c_void_p, c_void_p, c_void_p, c_float)),
    **dict.fromkeys(
        ("ggml_cont", "ggml_relu", "ggml_sigmoid", "ggml_silu", "ggml_tanh", "ggml_soft_max", "ggml_transpose"),
        (c_void_p, c_void_p, c_void_p),
    ),
    **dict.fromkeys(
        ("ggml_add", "ggml_mul", "ggml_mul_mat", "ggml_ssm_conv", "ggml_cpy"),
        (c_void_p, c_void_p, c_void_p, c_void_p),
    ),
    "ggml_gallocr_new": (c_void_p, c_void_p),
    "ggml_gallocr_free": (None, c_void_p),
    "ggml_gallocr_alloc_graph": (c_bool, c_void_p, c_void_p),
    "ggml_gallocr_get_buffer_size": (c_size_t, c_void_p, c_int),
    "ggml_backend_tensor_alloc": (c_int, c_void_p, c_void_p, c_void_p),
    "ggml_backend_cpu_buffer_from_ptr": (c_void_p, c_void_p, c_size_t),
    "ggml_backend_cpu_buffer_type": (c_void_p,),
    "ggml_backend_buffer_free": (None, c_void_p),
    "ggml_backend_graph_compute": (c_int, c_void_p, c_void_p),
    "ggml_backend_free": (None, c_void_p),
}
_CPU_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "ggml_backend_cpu_init": (c_void_p,),
    "ggml_backend_cpu_set_n_threads": (None, c_void_p, c_int),
}


@functools.cache
def load() -> Any:
    """Load ggml, once a process: an object with its functions. Raises ModelError when it isn't the pinned version."""
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None or spec.origin is None:
        raise _unsupported("none")
    version = metadata.version(PACKAGE)
    if version != SUPPORTED[0]:
        raise _unsupported(version)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # libgomp reads it once: spinning costs 10x CPU under load
    folder = Path(spec.origin).parent / "lib"
    functions: dict[str, Any] = {}
    try:
        # By the names that libllama asks for: the same file under another name would be loaded a second time.
        for file, signatures in (("libggml-base.so.0", _SIGNATURES), ("libggml-cpu.so.0", _CPU_SIGNATURES)):
            library = ctypes.CDLL(str(folder / file))
            for name, (result, *arguments) in signatures.items():
                functions[name] = function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise _unsupported(f"{version}: {error}") from error
    inside = functions["ggml_version"]().decode()
    if inside != SUPPORTED[1]:
        raise _unsupported(f"{version} with ggml {inside}")
    return SimpleNamespace(**functions)


def _unsupported(found: str) -> ModelError:
    return ModelError(
        f"hearing while you speak needs {PACKAGE} {SUPPORTED[0]} and here is {found}",
        remedy=f"pip install {PACKAGE}=={SUPPORTED[0]}",
    )


class Memory:
    """Bytes that Python owns and ggml computes in; they stay where they are until `close`, which may come twice."""

    def __init__(self, content: NDArray[np.uint8]) -> None:
        self.content = content
        self._address = content.ctypes.data
        self._ggml = load()
        self.handle = self._ggml.ggml_backend_cpu_buffer_from_ptr(self._address, content.nbytes)

    def at(self, offset: int) -> int:
        """Address of the byte at `offset`."""
        return int(self._address + offset)

    def close(self) -> None:
        """Let ggml forget it."""
        handle, self.handle = self.handle, None
        self._ggml.ggml_backend_buffer_free(handle)


def zeros(size: int) -> NDArray[np.uint8]:
    """Make `size` zero bytes, aligned as ggml wants tensors."""
    content = np.zeros(size + ALIGNMENT, np.uint8)
    start = -content.ctypes.data % ALIGNMENT
    return content[start : start + size]


class Graph:
    """Operations on tensors, for one computation. Shapes are ggml's: the contiguous axis first.

    Each method but `tensor`, `expand` and `close` adds one node; ggml.h describes it under the same name.
    """

    def __init__(self, nodes: int) -> None:
        self._ggml = ggml = load()
        size = ggml.ggml_tensor_overhead() * nodes + ggml.ggml_graph_overhead_custom(nodes, GRADIENTS)
        self._context = ggml.ggml_init(_InitParams(mem_size=size, no_alloc=True))
        self.handle = ggml.ggml_new_graph_custom(self._context, nodes, GRADIENTS)

    def tensor(self, shape: tuple[int, ...], memory: Memory, offset: int = 0, kind: int = F32) -> Tensor:
        """Name bytes of `memory` as a tensor."""
        made = self._ggml.ggml_new_tensor_4d(self._context, kind, *_four(shape))
        self._ggml.ggml_backend_tensor_alloc(memory.handle, made, memory.at(offset))
        return Tensor(made)

    def expand(self, tensor: Tensor) -> None:
        """Let the graph compute `tensor`, after everything that it computes already."""
        self._ggml.ggml_build_forward_expand(self.handle, tensor)

    def close(self) -> None:
        """Free the nodes."""
        context, self._context = self._context, None
        self._ggml.ggml_free(context)

    def reshape(self, a: Tensor, *shape: int) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_reshape_4d(self._context, a, *_four(shape)))

    def view(self, a: Tensor, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> Tensor:
        """View `shape` of floats; `strides` of the axes after the first and `offset` count floats too."""
        padded = (*strides, *[strides[-1] * shape[-1]] * (3 - len(strides)))
        sizes = (FLOAT_BYTES * n for n in (*padded, offset))
        return Tensor(self._ggml.ggml_view_4d(self._context, a, *_four(shape), *sizes))

    def permute(self, a: Tensor, *axes: int) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_permute(self._context, a, *axes))

    def transpose(self, a: Tensor) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_transpose(self._context, a))

    def cont(self, a: Tensor, *shape: int) -> Tensor:
        """Copy into contiguous memory, and into `shape` if one is given."""
        if shape:
            return Tensor(self._ggml.ggml_cont_4d(self._context, a, *_four(shape)))
        return Tensor(self._ggml.ggml_cont(self._context, a))

    def pad(self, a: Tensor, axis: int, before: int, after: int) -> Tensor:
        """Put zeros before and after, along one axis."""
        amounts = [0] * 8
        amounts[2 * axis : 2 * axis + 2] = before, after
        return Tensor(self._ggml.ggml_pad_ext(self._context, a, *amounts))

    def concat(self, a: Tensor, b: Tensor, axis: int) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_concat(self._context, a, b, axis))

    def copy(self, a: Tensor, target: Tensor) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_cpy(self._context, a, target))

    def add(self, a: Tensor, b: Tensor) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_add(self._context, a, b))

    def mul(self, a: Tensor, b: Tensor) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_mul(self._context, a, b))

    def mul_mat(self, a: Tensor, b: Tensor) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_mul_mat(self._context, a, b))

    def scale(self, a: Tensor, factor: float) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_scale(self._context, a, factor))

    def clamp(self, a: Tensor, low: float, high: float) -> Tensor:
        """Clamp in place: `a` itself changes."""
        return Tensor(self._ggml.ggml_clamp(self._context, a, low, high))

    def norm(self, a: Tensor, epsilon: float) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_norm(self._context, a, epsilon))

    def rms_norm(self, a: Tensor, epsilon: float) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_rms_norm(self._context, a, epsilon))

    def relu(self, a: Tensor) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_relu(self._context, a))

    def silu(self, a: Tensor) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_silu(self._context, a))

    def sigmoid(self, a: Tensor) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_sigmoid(self._context, a))

    def tanh(self, a: Tensor) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_tanh(self._context, a))

    def soft_max(self, a: Tensor) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_soft_max(self._context, a))

    def conv_2d(self, kernel: Tensor, a: Tensor, stride: int, padding: tuple[int, int]) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_conv_2d(self._context, kernel, a, stride, stride, *padding, 1, 1))

    def ssm_conv(self, a: Tensor, kernel: Tensor) -> Tensor:  # noqa: D102
        return Tensor(self._ggml.ggml_ssm_conv(self._context, a, kernel))


class Processor:
    """The CPU backend and the memory for what graphs compute on the way, which they take in turns."""

    def __init__(self, threads: int) -> None:
        self._ggml = ggml = load()
        self._backend = ggml.ggml_backend_cpu_init()
        ggml.ggml_backend_cpu_set_n_threads(self._backend, threads)
        self._allocator = ggml.ggml_gallocr_new(ggml.ggml_backend_cpu_buffer_type())

    def prepare(self, graph: Graph) -> bool:
        """Give a graph its memory, once. True: the memory has moved, graphs prepared before can't be computed."""
        before = self.size
        if not self._ggml.ggml_gallocr_alloc_graph(self._allocator, graph.handle):
            raise MemoryError("no memory for the streaming ear")
        return 0 < before != self.size

    @property
    def size(self) -> int:
        """Bytes of the memory that the graphs share."""
        return int(self._ggml.ggml_gallocr_get_buffer_size(self._allocator, 0))

    def compute(self, graph: Graph) -> None:
        """Run a prepared graph. The GIL is free meanwhile."""
        status = self._ggml.ggml_backend_graph_compute(self._backend, graph.handle)
        if status:
            raise MemoryError(f"ggml failed ({status})")

    def close(self) -> None:
        """Free the memory; prepared graphs are of no more use."""
        allocator, backend = self._allocator, self._backend
        self._allocator = self._backend = None
        self._ggml.ggml_gallocr_free(allocator)
        self._ggml.ggml_backend_free(backend)


def _four(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape, *[1] * (4 - len(shape)))
