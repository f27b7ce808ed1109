"""One model file and its KV cache: tokens and rows of sound in, logits out, state saved and restored.

Owns llama_cpp. Knows no prompt, no turn and no thread: one caller at a time, from any thread. Positions are the
caller's: they must be consecutive. E2B's shapes on one core: 31 rows/s in, 10.7 tokens/s out, 2.9 GB resident.
"""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import ModelDamaged, ModelFailed
from assistant.llm import llama_log

BATCH = 512

Rows = NDArray[np.float32]
Logits = NDArray[np.float32]
StopFlag = ctypes.Array[ctypes.c_char]  # two bytes; a first byte that isn't 0 stops a decode


class Aborted(Exception):
    """A decode was stopped. What was decoded before it is still there."""


class Decoder:
    """A Gemma 4 decoder with a KV cache of `context` cells that two sequences share.

    `threads` are those of a batch and of a single token, `stop` is looked at before each node of the graph. `repack`:
    weights are kept a second time, arranged for this processor.
    Raises ModelDamaged, with llama.cpp's own words.
    """

    def __init__(
        self, path: Path, *, context: int, threads: tuple[int, int], stop: StopFlag, repack: bool = True
    ) -> None:
        self._llama = import_llama()
        self._context_size = context
        self._context: Any = None
        self.steps = 0  # batches decoded so far
        self._slid = False  # keys that `slide` renumbered wait to be turned
        params = self._llama.llama_model_default_params()
        params.lazy_mode = self._llama.LLAMA_LAZY_MODE_ON  # per-layer embeddings: 1.2 GB less resident
        params.use_extra_bufts = repack
        params.n_gpu_layers = 0
        self.model: Any = load(path, params)
        self._context = self._new_context(threads, stop)
        self._batch: int = self._llama.llama_n_batch(self._context)  # one row more aborts the process
        self._memory = self._llama.llama_get_memory(self._context)
        self.width: int = self._llama.llama_model_n_embd_inp(self.model)
        self.vocabulary_size: int = self._llama.llama_vocab_n_tokens(self._llama.llama_model_get_vocab(self.model))

    def decode_tokens(self, tokens: Sequence[int], start: int, sequence: int = 0) -> Logits:
        """Put tokens at `start`..; return the logits behind the last, (vocabulary,). Raises ModelFailed, Aborted."""
        self._decode(np.asarray(tokens, np.int32), start, sequence, logits=True)
        return self._logits(-1)

    def decode_runs(self, runs: Sequence[Sequence[int]], start: int) -> list[Logits]:
        """Put runs of tokens at `start`..; return the logits behind each, (vocabulary,). Raises ModelFailed, Aborted.

        One batch; more than it takes are one only where there is but one run.
        """
        if len(runs) == 1:
            return [self.decode_tokens(runs[0], start)]
        tokens = np.asarray([token for run in runs for token in run], np.int32)
        ends = np.cumsum([len(run) for run in runs]) - 1
        self._decode_batch(tokens, start, 0, wanted=ends)
        return [self._logits(int(end)) for end in ends]

    def append_tokens(self, tokens: Sequence[int], start: int, sequence: int = 0) -> None:
        """Put tokens at `start`.., and compute no logits. Raises ModelFailed, Aborted."""
        self._decode(np.asarray(tokens, np.int32), start, sequence, logits=False)

    def decode_rows(self, rows: Rows, start: int, sequence: int = 0) -> None:
        """Put rows of sound at `start`.., shape (n, width). Raises ModelFailed, Aborted."""
        rows = np.ascontiguousarray(rows, np.float32)
        if rows.ndim != 2 or rows.shape[1] != self.width:
            raise ModelFailed(
                f"rows of shape {rows.shape} don't fit width {self.width}", remedy="hey-gemma models verify"
            )
        self._decode(rows, start, sequence, logits=False)

    def remove(self, start: int, end: int = -1, sequence: int = 0) -> None:
        """Forget the positions from `start` up to, but not, `end` (-1: all that follow)."""
        self._llama.llama_memory_seq_rm(self._memory, sequence, start, end)

    def slide(self, start: int, by: int, sequence: int = 0) -> None:
        """Renumber the positions from `start` on, down by `by`, into a gap that `remove` left."""
        self._llama.llama_memory_seq_add(self._memory, sequence, start, -1, -by)
        self._slid = True

    def copy(self, source: int, target: int, start: int = 0, end: int = -1) -> None:
        """Let sequence `target` share the cells of `source` from `start` up to, but not, `end`."""
        self._llama.llama_memory_seq_cp(self._memory, source, target, start, end)

    def length(self, sequence: int = 0) -> int:
        """Count the positions that a sequence holds, if they begin at 0."""
        return int(self._llama.llama_memory_seq_pos_max(self._memory, sequence)) + 1

    def save(self, sequence: int = 0) -> bytes:
        """Copy the K/V of a sequence out: about 17 kB a position on E2B. After `slide` it first decodes one token."""
        if self._slid:
            self._turn_keys()
        data = np.empty(self._llama.llama_state_seq_get_size(self._context, sequence), np.uint8)
        size = self._llama.llama_state_seq_get_data(self._context, _pointer(data, ctypes.c_uint8), len(data), sequence)
        return data[:size].tobytes()

    def restore(self, data: bytes, sequence: int = 0) -> bool:
        """Put saved K/V in place of a sequence. Only data that `save` gave: llama.cpp trusts it."""
        buffer = np.frombuffer(data, np.uint8)
        self.remove(0, sequence=sequence)
        size = self._llama.llama_state_seq_set_data(
            self._context, _pointer(buffer, ctypes.c_uint8), len(buffer), sequence
        )
        return bool(size == len(data))

    def close(self) -> None:
        """Free everything; the decoder is of no more use."""
        context, model = self._context, self.model
        self._context = self.model = None
        if context is not None:
            self._llama.llama_free(context)
        if model is not None:
            self._llama.llama_model_free(model)

    def _decode(self, inputs: NDArray[Any], start: int, sequence: int, *, logits: bool) -> None:
        """Decode int32 tokens (n,) or float32 rows (n, width), `BATCH` at a time; `logits`: behind the last of them."""
        for at in range(0, len(inputs), self._batch):
            part = inputs[at : at + self._batch]
            last = at + self._batch >= len(inputs)
            self._decode_batch(part, start + at, sequence, wanted=np.array([len(part) - 1] * (logits and last), int))

    def _decode_batch(self, part: NDArray[Any], start: int, sequence: int, *, wanted: NDArray[np.intp]) -> None:
        """Decode one batch; `wanted`: the places in it whose logits are."""
        n = len(part)
        positions = np.arange(start, start + n, dtype=np.int32)
        counts = np.ones(n, np.int32)
        flags = np.zeros(n, np.int8)
        flags[wanted] = 1
        one = (ctypes.c_int32 * 1)(sequence)
        sequences = (ctypes.POINTER(ctypes.c_int32) * n)(*[ctypes.cast(one, ctypes.POINTER(ctypes.c_int32))] * n)
        is_tokens = part.dtype == np.int32
        status = self._llama.llama_decode(
            self._context,
            self._llama.llama_batch(
                n,
                _pointer(part, ctypes.c_int32) if is_tokens else None,
                None if is_tokens else _pointer(part, ctypes.c_float),
                _pointer(positions, ctypes.c_int32),
                _pointer(counts, ctypes.c_int32),
                sequences,
                _pointer(flags, ctypes.c_int8),
            ),
        )
        self.steps += 1
        if status == 0:
            self._slid = False
        if status == 2:
            llama_log.take_error()  # it logs an abort as four errors
            raise Aborted
        if status == 1:
            raise ModelFailed(f"the conversation is longer than {self._context_size} tokens", remedy="begin a new one")
        if status:
            raise ModelFailed(f"llama.cpp failed ({status}): {llama_log.take_error()}", remedy="say it again")

    def _logits(self, at: int) -> Logits:
        data = self._llama.llama_get_logits_ith(self._context, at)
        return np.ctypeslib.as_array(data, (self.vocabulary_size,)).copy()

    def _turn_keys(self) -> None:
        """Turn the keys that `slide` renumbered: llama.cpp waits for the next decode, and saves old ones until then."""
        end = self.length()
        try:
            self._decode(np.zeros(1, np.int32), end, 0, logits=False)
        finally:
            self.remove(end)

    def _new_context(self, threads: tuple[int, int], stop: StopFlag) -> Any:
        params = self._llama.llama_context_default_params()
        params.n_ctx = self._context_size
        params.n_batch = params.n_ubatch = BATCH
        params.n_seq_max = 2
        params.kv_unified = True
        params.swa_full = True  # without it seq_rm returns True, and the logits after it are wrong
        params.n_threads_batch, params.n_threads = threads
        params.no_perf = True
        # One core, E2B's shapes, 1,400 cells: the ear takes 4 rows in 73 ms instead of 79, the model 6 in 330, not 386.
        params.flash_attn_type = self._llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        # A callback in Python would wait for the GIL at each of a graph's 1,200 nodes. The C library has a function
        # that does what is needed here: the length of a string is 0 as long as its first byte is.
        params.abort_callback = ctypes.cast(ctypes.CDLL(None).strlen, self._llama.ggml_abort_callback)
        params.abort_callback_data = ctypes.cast(stop, ctypes.c_void_p)
        context = self._llama.llama_init_from_model(self.model, params)
        if not context:
            self.close()
            raise damaged("the model can't be started")
        return context


def load(path: Path, params: Any) -> Any:
    """Load a model file under llama.cpp's `params`. Raises ModelDamaged."""
    llama_log.take_error()
    model = import_llama().llama_model_load_from_file(os.fsencode(path), params)
    if not model:
        raise damaged(f"{path} can't be loaded")
    return model


def damaged(message: str) -> ModelDamaged:
    """Make the error that says `message` and what llama.cpp logged about it."""
    reason = llama_log.take_error()
    return ModelDamaged(f"{message}: {reason}" if reason else message, remedy="hey-gemma models verify")


def import_llama() -> Any:
    """Import llama.cpp's functions, with its log sent to ours."""
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")  # a failed assertion would start a debugger before it ends us
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # libgomp reads it once: spinning costs 10x CPU under load
    from llama_cpp import llama_cpp

    llama_log.forward(llama_cpp.llama_log_set, llama_cpp.llama_log_callback)
    return llama_cpp


def _pointer(array: NDArray[Any], kind: Any) -> Any:
    return array.ctypes.data_as(ctypes.POINTER(kind))
