"""Samples into the shape that the stages want: int16, mono, 16 kHz, 320 at a time. The only importer of soxr.

Knows no device and no file. Measured: resampling 48 kHz to 16 kHz as a stream takes 7 µs of CPU per 20 ms and holds
sound back by 10 to 37 ms (soxr HQ works in blocks of 512); at 16 kHz nothing is resampled and nothing held back.
"""

import numpy as np
import soxr
from numpy.typing import NDArray

from assistant.stages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, AudioChunk, AudioClip, Pcm

Resampler = soxr.ResampleStream
_FULL_SCALE = 32768


def to_float(samples: Pcm) -> NDArray[np.float32]:
    """int16 to float32 in -1..1."""
    return np.divide(samples, _FULL_SCALE, dtype=np.float32)


def to_int16(samples: NDArray[np.float32]) -> Pcm:
    """float32 in -1..1 to int16, any shape; louder is clipped, NaN and infinity become silence."""
    finite = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(np.rint(finite * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)


def resample(clip: AudioClip, rate_hz: int) -> AudioClip:
    """The whole clip at another rate."""
    if clip.rate_hz == rate_hz:
        return clip
    return AudioClip(to_int16(soxr.resample(to_float(clip.samples), clip.rate_hz, rate_hz)), rate_hz)


def resampler(rate_hz: int, quality: str = "HQ") -> Resampler | None:
    """A stream of mono float32 from this rate to 16 kHz; None where it is that already."""
    if rate_hz == SAMPLE_RATE_HZ:
        return None
    return Resampler(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32", quality=quality)


def amplified(samples: Pcm, gain: float) -> Pcm:
    """Samples times gain, clipped."""
    if gain == 1.0:
        return samples
    louder = np.multiply(samples, gain, dtype=np.float32)
    return np.clip(np.rint(louder), -32768, 32767).astype(np.int16)


class Chunker:
    """A stream of mono int16 at any rate into chunks of 320 samples at 16 kHz.

    `start_sample` is where the first chunk begins, at 16 kHz.
    """

    def __init__(self, rate_hz: int, start_sample: int = 0) -> None:
        self._rate_hz = rate_hz
        self._start_sample = start_sample
        self._taken = 0  # samples of the stream, holes included
        self._next_sample = start_sample
        self._rest = np.zeros(0, np.int16)
        self._resampler = resampler(self._rate_hz)

    @property
    def next_sample(self) -> int:
        """Where the next chunk will begin, at 16 kHz."""
        return self._next_sample

    def push(self, samples: Pcm) -> list[AudioChunk]:
        """Take sound, shape (n,), and give the chunks that are complete."""
        self._taken += len(samples)
        if self._resampler is None:
            return self._cut(samples)
        return self._cut(to_int16(self._resampler.resample_chunk(to_float(samples))))

    def finish(self) -> list[AudioChunk]:
        """The end of the stream: what was held back, the last chunk filled up with zeros."""
        tail = np.zeros(0, np.int16)
        if self._resampler is not None:
            tail = to_int16(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        chunks = self._cut(tail)
        if len(self._rest):
            chunks += self._cut(np.zeros(CHUNK_SAMPLES - len(self._rest), np.int16))
        return chunks

    def skip(self, lost_samples: int) -> None:
        """Sound of this length, at the stream's rate, was lost: the next chunk begins behind the hole.

        What was held back for an unfinished chunk (under 60 ms) is lost with it.
        """
        self._taken += lost_samples
        self._next_sample = self._start_sample + round(self._taken * SAMPLE_RATE_HZ / self._rate_hz)
        self._rest = self._rest[:0]
        self._resampler = resampler(self._rate_hz)

    def _cut(self, samples: Pcm) -> list[AudioChunk]:
        sound = np.concatenate([self._rest, samples]) if len(self._rest) else samples
        chunks = []
        for start in range(0, len(sound) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
            chunks.append(AudioChunk(sound[start : start + CHUNK_SAMPLES], self._next_sample))
            self._next_sample += CHUNK_SAMPLES
        self._rest = sound[len(chunks) * CHUNK_SAMPLES :]
        return chunks
