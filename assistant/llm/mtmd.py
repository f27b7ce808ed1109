"""Sound -> rows for the decoder in one go, through llama.cpp's multimodal library.

Knows no cache. Loading it adds 324 MB. E2B's shapes on one core: 0.18 s of processor time a second of sound.
"""

import ctypes
import os
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import ModelFailed
from assistant.llm import llama_log
from assistant.llm.decoder import Decoder, Rows, damaged
from assistant.stages import SAMPLE_RATE_HZ, Pcm

LONGEST_AUDIO_S = 30  # mtmd cuts longer sound into pieces that don't know each other
SHORTEST_AUDIO = 1600  # one sample aborts the process, none is an error


class Mtmd:
    """The audio encoder of one mmproj, for the decoder that it belongs to. Raises ModelDamaged."""

    def __init__(self, mmproj: Path, decoder: Decoder, *, threads: int) -> None:
        self._mtmd = _import_mtmd()
        self._width = decoder.width
        params = self._mtmd.mtmd_context_params_default()
        params.use_gpu = False
        params.print_timings = False
        params.warmup = False
        params.n_threads = threads
        llama_log.take_error()
        self._context: Any = self._mtmd.mtmd_init_from_file(os.fsencode(mmproj), decoder.model, params)
        if not self._context:
            raise damaged(f"{mmproj} can't be loaded")

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
            if mtmd.mtmd_tokenize(self._context, chunks, ctypes.byref(text), bitmaps, 1):
                raise ModelFailed("the sound can't be prepared for the model", remedy="say it again")
            every = (mtmd.mtmd_input_chunks_get(chunks, i) for i in range(mtmd.mtmd_input_chunks_size(chunks)))
            sound = [c for c in every if mtmd.mtmd_input_chunk_get_type(c) == mtmd.MTMD_INPUT_CHUNK_TYPE_AUDIO]
            return np.concatenate([self._encode_chunk(c) for c in sound])
        finally:
            mtmd.mtmd_input_chunks_free(chunks)
            mtmd.mtmd_bitmap_free(bitmap)

    def close(self) -> None:
        """Free everything; the encoder is of no more use."""
        context, self._context = self._context, None
        if context is not None:
            self._mtmd.mtmd_free(context)

    def _encode_chunk(self, chunk: Any) -> Rows:
        if self._mtmd.mtmd_encode_chunk(self._context, chunk):
            raise ModelFailed(f"the sound can't be encoded: {llama_log.take_error()}", remedy="say it again")
        n = self._mtmd.mtmd_input_chunk_get_n_tokens(chunk)
        return np.ctypeslib.as_array(self._mtmd.mtmd_get_output_embd(self._context), (n, self._width)).copy()


def _import_mtmd() -> Any:
    from llama_cpp import llama_cpp, mtmd_cpp

    for setter in (mtmd_cpp.mtmd_log_set, mtmd_cpp.mtmd_helper_log_set):
        llama_log.forward(setter, llama_cpp.llama_log_callback)
    return mtmd_cpp
