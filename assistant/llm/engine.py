"""llama.cpp behind plain methods: tokens, sound -> rows, rows -> logits, and what the KV cache holds.

The only importer of llama_cpp. Knows no prompt, no turn and no thread: one caller at a time, from any thread. Positions
are the caller's: they must be consecutive. E2B's shapes on one core: 31 rows/s in, 10.7 tokens/s out, 2.9 GB resident.
"""

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import ModelDamaged, ModelFailed
from assistant.llm import llama_log
from assistant.llm.check import check_files
from assistant.llm.vocabulary import Vocabulary
from assistant.stages import SAMPLE_RATE_HZ, Pcm

BATCH = 512
LONGEST_AUDIO_S = 30  # mtmd cuts longer sound into pieces that don't know each other
SHORTEST_AUDIO = 1600  # one sample aborts the process, none is an error
BEST_DECODE_THREADS = 3  # a Pi 5 decodes fastest on three: memory is the limit

Rows = NDArray[np.float32]
Logits = NDArray[np.float32]


class Aborted(Exception):
    """`abort` stopped a decode. What was decoded before it is still there."""


@dataclass(frozen=True, slots=True)
class Threads:
    """How many threads; 0: chosen for the cores this process may use."""

    prefill: int = 0
    decode: int = 0

    def resolved(self) -> tuple[int, int]:
        """(prefill, decode), none of them 0."""
        cores = len(os.sched_getaffinity(0))
        return self.prefill or cores, self.decode or min(BEST_DECODE_THREADS, cores)


class Engine:
    """A Gemma 4 and its ear, with a KV cache of `context` cells that two sequences share."""

    def __init__(self, model: Path, mmproj: Path, *, context: int = 4096, threads: Threads = Threads()) -> None:
        """Load both files. Raises ModelMissing or ModelDamaged; nothing llama.cpp would abort on gets through to it."""
        check_files(model, mmproj)
        self._llama, self._mtmd = _import_llama(), _import_mtmd()
        self._context_size = context
        self._threads = threads.resolved()
        self._abort = ctypes.create_string_buffer(2)
        self._model: Any = None
        self._context: Any = None
        self._ear: Any = None
        try:
            params = self._llama.llama_model_default_params()
            params.lazy_mode = self._llama.LLAMA_LAZY_MODE_ON  # per-layer embeddings: 1.2 GB less resident
            params.n_gpu_layers = 0
            self._model = _load(self._llama, model, params)
            self._context = self._new_context()
            self._ear = self._new_ear(mmproj)
        except ModelDamaged:
            self.close()
            raise
        self.vocabulary = Vocabulary(self._llama, self._model)
        self._batch: int = self._llama.llama_n_batch(self._context)  # one row more aborts the process
        self._memory = self._llama.llama_get_memory(self._context)
        self.width: int = self._llama.llama_model_n_embd_inp(self._model)

    @property
    def context(self) -> int:
        """How many cells the KV cache has."""
        return self._context_size

    @property
    def version(self) -> str:
        """What the bits of a saved state depend on, besides the model."""
        return f"{metadata.version('llama-cpp-python')} {self._context_size}"

    def encode(self, samples: Pcm) -> Rows:
        """Sound, shape (n,), 16 kHz int16 -> rows for the decoder, shape (n / 640, width). At most 30 s."""
        if not 0 < len(samples) <= LONGEST_AUDIO_S * SAMPLE_RATE_HZ:
            raise ModelFailed(f"{len(samples)} samples of sound can't be heard at once", remedy="say it again")
        audio = np.zeros(max(len(samples), SHORTEST_AUDIO), np.float32)
        audio[: len(samples)] = samples.astype(np.float32) / 32768
        mtmd = self._mtmd
        bitmap = mtmd.mtmd_bitmap_init_from_audio(len(audio), audio.ctypes.data_as(ctypes.POINTER(ctypes.c_float)))
        chunks = mtmd.mtmd_input_chunks_init()
        try:
            marker = mtmd.mtmd_default_marker()
            text = mtmd.mtmd_input_text(text=marker, text_len=len(marker), parse_special=True)
            bitmaps = (ctypes.c_void_p * 1)(bitmap)
            if mtmd.mtmd_tokenize(self._ear, chunks, ctypes.byref(text), bitmaps, 1):
                raise ModelFailed("the sound can't be prepared for the model", remedy="say it again")
            every = (mtmd.mtmd_input_chunks_get(chunks, i) for i in range(mtmd.mtmd_input_chunks_size(chunks)))
            sound = [c for c in every if mtmd.mtmd_input_chunk_get_type(c) == mtmd.MTMD_INPUT_CHUNK_TYPE_AUDIO]
            return np.concatenate([self._encode_chunk(c) for c in sound])
        finally:
            mtmd.mtmd_input_chunks_free(chunks)
            mtmd.mtmd_bitmap_free(bitmap)

    def decode_tokens(self, tokens: Sequence[int], start: int, sequence: int = 0) -> Logits:
        """Put tokens at `start`..; return the logits behind the last, (vocabulary,). Raises ModelFailed, Aborted."""
        ids = np.asarray(tokens, np.int32)
        for at in range(0, len(ids), self._batch):
            part = ids[at : at + self._batch]
            self._decode(part, start + at, sequence, logits=at + self._batch >= len(ids))
        data = self._llama.llama_get_logits_ith(self._context, -1)
        return np.ctypeslib.as_array(data, (self.vocabulary.size,)).copy()

    def decode_rows(self, rows: Rows, start: int, sequence: int = 0) -> None:
        """Put rows of sound at `start`.., shape (n, width). Raises ModelFailed, Aborted."""
        rows = np.ascontiguousarray(rows, np.float32)
        if rows.ndim != 2 or rows.shape[1] != self.width:
            raise ModelFailed(
                f"rows of shape {rows.shape} don't fit width {self.width}", remedy="hey-gemma models verify"
            )
        for at in range(0, len(rows), self._batch):
            self._decode(rows[at : at + self._batch], start + at, sequence, logits=False)

    def remove(self, start: int, end: int = -1, sequence: int = 0) -> None:
        """Forget the positions from `start` up to, but not, `end` (-1: all that follow)."""
        self._llama.llama_memory_seq_rm(self._memory, sequence, start, end)

    def slide(self, start: int, by: int, sequence: int = 0) -> None:
        """Renumber the positions from `start` on, down by `by`, into a gap that `remove` left."""
        self._llama.llama_memory_seq_add(self._memory, sequence, start, -1, -by)

    def copy(self, source: int, target: int, end: int = -1) -> None:
        """Let sequence `target` share the cells of `source` up to `end`."""
        self._llama.llama_memory_seq_cp(self._memory, source, target, 0, end)

    def length(self, sequence: int = 0) -> int:
        """Count the positions that a sequence holds, if they begin at 0."""
        return int(self._llama.llama_memory_seq_pos_max(self._memory, sequence)) + 1

    def save(self, sequence: int = 0) -> bytes:
        """Copy the K/V of a sequence out: about 17 kB a position on E2B."""
        size = self._llama.llama_state_seq_get_size(self._context, sequence)
        data = (ctypes.c_uint8 * size)()
        return bytes(data[: self._llama.llama_state_seq_get_data(self._context, data, size, sequence)])

    def restore(self, data: bytes, sequence: int = 0) -> bool:
        """Put saved K/V back. Only data that `save` gave under the same `version`: llama.cpp trusts it."""
        buffer = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        self.remove(0, sequence=sequence)
        return bool(self._llama.llama_state_seq_set_data(self._context, buffer, len(data), sequence) == len(data))

    def abort(self) -> None:
        """Stop the decode that runs, and every one until `allow`. From any thread."""
        self._abort[0] = b"\1"

    def allow(self) -> None:
        """Take `abort` back."""
        self._abort[0] = b"\0"

    def close(self) -> None:
        """Free everything; the engine is of no more use."""
        ear, context, model = self._ear, self._context, self._model
        self._ear = self._context = self._model = None
        if ear is not None:
            self._mtmd.mtmd_free(ear)
        if context is not None:
            self._llama.llama_free(context)
        if model is not None:
            self._llama.llama_model_free(model)

    def _decode(self, part: NDArray[Any], start: int, sequence: int, *, logits: bool) -> None:
        n = len(part)
        positions = np.arange(start, start + n, dtype=np.int32)
        counts = np.ones(n, np.int32)
        wanted = np.zeros(n, np.int8)
        wanted[-1] = logits
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
                _pointer(wanted, ctypes.c_int8),
            ),
        )
        if status == 2:
            llama_log.take_error()  # it logs an abort as four errors
            raise Aborted
        if status == 1:
            raise ModelFailed(f"the conversation is longer than {self._context_size} tokens", remedy="begin a new one")
        if status:
            raise ModelFailed(f"llama.cpp failed ({status}): {llama_log.take_error()}", remedy="say it again")

    def _encode_chunk(self, chunk: Any) -> Rows:
        if self._mtmd.mtmd_encode_chunk(self._ear, chunk):
            raise ModelFailed(f"the sound can't be encoded: {llama_log.take_error()}", remedy="say it again")
        n = self._mtmd.mtmd_input_chunk_get_n_tokens(chunk)
        return np.ctypeslib.as_array(self._mtmd.mtmd_get_output_embd(self._ear), (n, self.width)).copy()

    def _new_context(self) -> Any:
        params = self._llama.llama_context_default_params()
        params.n_ctx = self._context_size
        params.n_batch = params.n_ubatch = BATCH
        params.n_seq_max = 2
        params.kv_unified = True
        params.swa_full = True  # without it seq_rm returns True, and the logits after it are wrong
        params.n_threads_batch, params.n_threads = self._threads
        params.no_perf = True
        # A callback in Python would wait for the GIL at each of a graph's 1,200 nodes. The C library has a function
        # that does what is needed here: the length of a string is 0 as long as its first byte is.
        params.abort_callback = ctypes.cast(ctypes.CDLL(None).strlen, self._llama.ggml_abort_callback)
        params.abort_callback_data = ctypes.cast(self._abort, ctypes.c_void_p)
        context = self._llama.llama_init_from_model(self._model, params)
        if not context:
            raise _damaged("the model can't be started")
        return context

    def _new_ear(self, path: Path) -> Any:
        params = self._mtmd.mtmd_context_params_default()
        params.use_gpu = False
        params.print_timings = False
        params.warmup = False
        params.n_threads = self._threads[0]
        ear = self._mtmd.mtmd_init_from_file(os.fsencode(path), self._model, params)
        if not ear:
            raise _damaged(f"{path} can't be loaded")
        return ear


def read_vocabulary(path: Path) -> Vocabulary:
    """Read the vocabulary of a model file and none of its weights. It stays in memory until the process ends."""
    llama = _import_llama()
    params = llama.llama_model_default_params()
    params.vocab_only = True
    return Vocabulary(llama, _load(llama, path, params))


def _load(llama: Any, path: Path, params: Any) -> Any:
    llama_log.take_error()
    model = llama.llama_model_load_from_file(os.fsencode(path), params)
    if not model:
        raise _damaged(f"{path} can't be loaded")
    return model


def _damaged(message: str) -> ModelDamaged:
    reason = llama_log.take_error()
    return ModelDamaged(f"{message}: {reason}" if reason else message, remedy="hey-gemma models verify")


def _pointer(array: NDArray[Any], kind: Any) -> Any:
    return array.ctypes.data_as(ctypes.POINTER(kind))


def _import_llama() -> Any:
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # libgomp reads it once: spinning costs 10x CPU under load
    from llama_cpp import llama_cpp

    llama_log.forward(llama_cpp.llama_log_set, llama_cpp.llama_log_callback)
    return llama_cpp


def _import_mtmd() -> Any:
    from llama_cpp import llama_cpp, mtmd_cpp

    for setter in (mtmd_cpp.mtmd_log_set, mtmd_cpp.mtmd_helper_log_set):
        llama_log.forward(setter, llama_cpp.llama_log_callback)
    return mtmd_cpp
