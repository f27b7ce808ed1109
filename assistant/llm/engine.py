"""A Gemma 4 as one thing: the whole decoder, its half-depth copy (the ear) and the audio encoder.

Layers 15-34 of E2B reuse the K/V of layers 13 and 14: for a token whose logits nobody reads, the first 15 are enough.
The ear computes those and hands its K/V over, bit for bit what the whole decoder would have computed, in 0.3 of the
time. Knows no prompt, no turn and no thread: one caller at a time, from any thread.
"""

import ctypes
import os
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from assistant.errors import ModelFailed
from assistant.llm.check import check_ear, check_files
from assistant.llm.decoder import Decoder, Rows, import_llama, load
from assistant.llm.memory_plan import FULL, MemoryPlan
from assistant.llm.mtmd import Mtmd
from assistant.llm.vocabulary import Vocabulary
from assistant.stages import Pcm

BEST_DECODE_THREADS = 3  # a Pi 5 decodes fastest on three: memory is the limit
_SCRATCH = 1  # the sequence that a hand-over goes through


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
    """The decoders of one Gemma 4, each with a KV cache of `context` cells, and its audio encoder.

    `main` is the whole decoder; `ear` its half-depth copy, None without one; `plan` says how much
    memory makes them quicker. Raises ModelMissing or ModelDamaged;
    nothing llama.cpp would abort on gets through to it.
    """

    def __init__(
        self,
        model: Path,
        mmproj: Path,
        *,
        context: int = 4096,
        threads: Threads = Threads(),
        ear: Path | None = None,
        plan: MemoryPlan = FULL,
    ) -> None:
        check_files(model, mmproj)
        if ear is not None:
            check_ear(model, ear)
        self._mmproj = mmproj
        self._context_size = context
        self._stop = ctypes.create_string_buffer(2)
        self._encoder: Mtmd | None = None
        prefill, decode = self._threads = threads.resolved()
        self.main = Decoder(model, context=context, threads=(prefill, decode), stop=self._stop, repack=plan.repack_main)
        self.ear: Decoder | None = None
        try:
            if ear is not None:
                self.ear = Decoder(
                    ear, context=context, threads=(prefill, prefill), stop=self._stop, repack=plan.repack_ear
                )
        except BaseException:
            self.main.close()
            raise
        self.vocabulary = Vocabulary(import_llama(), self.main.model)

    @property
    def context(self) -> int:
        """How many cells each KV cache has."""
        return self._context_size

    @property
    def steps(self) -> int:
        """How many batches were decoded so far."""
        return self.main.steps + (self.ear.steps if self.ear is not None else 0)

    @property
    def width(self) -> int:
        """How wide a row of sound is."""
        return self.main.width

    @property
    def version(self) -> str:
        """What the bits of a saved state depend on, besides the model."""
        return f"{metadata.version('llama-cpp-python')} {self._context_size}"

    def encode(self, samples: Pcm) -> Rows:
        """Sound, shape (n,), 16 kHz int16 -> rows, shape (n / 640, width). At most 30 s. The first call loads mtmd."""
        if self._encoder is None:
            self._encoder = Mtmd(self._mmproj, self.main, threads=self._threads[0])
        return self._encoder.encode(samples)

    def lend(self, start: int) -> None:
        """Give the ear the main decoder's positions from `start` on, in place of its own. Raises ModelFailed."""
        _move(self.main, self._ear(), start)

    def hand_over(self, start: int) -> None:
        """Give the main decoder the ear's positions from `start` on, in place of its own. Raises ModelFailed."""
        _move(self._ear(), self.main, start)

    def abort(self) -> None:
        """Stop the decode that runs, and every one until `allow`. From any thread."""
        self._stop[0] = b"\1"

    def allow(self) -> None:
        """Take `abort` back."""
        self._stop[0] = b"\0"

    def close(self) -> None:
        """Free everything; the engine is of no more use."""
        if self._encoder is not None:
            self._encoder.close()
        if self.ear is not None:
            self.ear.close()
        self.main.close()

    def _ear(self) -> Decoder:
        if self.ear is None:
            raise RuntimeError("this engine has no ear")
        return self.ear


def read_vocabulary(path: Path) -> Vocabulary:
    """Read the vocabulary of a model file and none of its weights. It stays in memory until the process ends."""
    llama = import_llama()
    params = llama.llama_model_default_params()
    params.vocab_only = True
    return Vocabulary(llama, load(path, params))


def _move(source: Decoder, target: Decoder, start: int) -> None:
    """Copy sequence 0 from `start` on, through sequence 1 of both, which is empty afterwards."""
    target.remove(start)
    source.copy(0, _SCRATCH, start)
    data = source.save(_SCRATCH)
    source.remove(0, sequence=_SCRATCH)
    if not target.restore(data, _SCRATCH):
        raise ModelFailed("the cache has no room for what was heard", remedy="begin a new conversation")
    target.copy(_SCRATCH, 0, start)
    target.remove(0, sequence=_SCRATCH)
