"""Files instead of devices: a sound file or raw stdin as the microphone, a WAV as the speaker.

The pace comes with the clock: on a WallClock chunks come as a microphone would give them, on an AudioClock at once, and
they move it. Knows nothing of words or devices.

Measured: three hours at 16 kHz replayed fast take 8.5 s of CPU (16 µs a chunk) and 41 MB of memory in all.
"""

import asyncio
import os
import stat
import struct
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import soundfile

from assistant.audio.clock import ReplayClock
from assistant.audio.pcm import Chunker, resample, to_int16
from assistant.audio.stdin import StdinBlocks
from assistant.errors import AudioFileError, OutputError
from assistant.stages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, AudioChunk, AudioClip, Clock, Pcm

BLOCK_S = 0.5
GAP_S = 0.3
STOP_WITHIN_S = 0.02
_FORMATS_REMEDY = "give a WAV, FLAC or OGG file, or '-' and raw 16 kHz mono s16le on standard input"


class _Blocks(Protocol):
    """Where a replay reads from. An empty block is the end."""

    rate_hz: int

    async def read(self) -> Pcm: ...
    def close(self) -> None: ...


class FileSource:
    """An AudioSource over a file or `-` (standard input). The last chunk is filled up with zeros.

    `async with` raises AudioFileError for what can't be played. Two faults can show only later, while chunks are read:
    a compressed file that is damaged further on, and a standard input that ends without a sample.
    """

    def __init__(self, path: str, clock: ReplayClock) -> None:
        self._path = path
        self._clock = clock
        self._blocks: _Blocks | None = None
        self._first = np.zeros(0, np.int16)
        self._next_sample = 0

    async def __aenter__(self) -> Self:
        if self._path == "-":
            if sys.stdin is None:  # as after `<&-`
                raise AudioFileError("standard input is closed", remedy="pipe raw 16 kHz mono s16le into it")
            self._blocks = StdinBlocks(sys.stdin.fileno())
            return self  # don't wait for the first byte: whoever feeds us may wait for us
        blocks = await asyncio.to_thread(_FileBlocks, Path(self._path))
        self._blocks = blocks
        try:
            self._first = await blocks.read()
        except BaseException:
            blocks.close()
            raise
        if not len(self._first):
            blocks.close()
            raise AudioFileError(f"{self._path} holds no sound", remedy="record it again, or give another file")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._blocks is not None:
            self._blocks.close()
        await self._clock.release()

    async def __aiter__(self) -> AsyncIterator[AudioChunk]:
        """Every chunk of the input, each when its last sample would have been recorded."""
        origin_s = self._clock.now_s()
        async for chunk in self._chunks():
            await self._clock.reach(origin_s + chunk.end_ms / 1000)
            self._next_sample = chunk.start_sample + CHUNK_SAMPLES
            yield chunk

    async def _chunks(self) -> AsyncIterator[AudioChunk]:
        if self._blocks is None:
            raise RuntimeError("FileSource is iterated outside of `async with`")
        chunker = Chunker(self._blocks.rate_hz)
        block = self._first if len(self._first) else await self._blocks.read()
        if not len(block):
            raise AudioFileError("standard input held no sound", remedy="pipe raw 16 kHz mono s16le into it")
        while len(block):
            for chunk in chunker.push(block):
                yield chunk
            block = await self._blocks.read()
        for chunk in chunker.finish():
            yield chunk


class _FileBlocks:
    """A sound file, read half a second at a time in a worker thread, channels averaged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()  # libsndfile crashes if a file is closed while it is read
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                kind = "a folder" if path.is_dir() else "no regular file"
                raise AudioFileError(f"{path} is {kind}", remedy=_FORMATS_REMEDY)
            if not path.stat().st_size:
                raise AudioFileError(f"{path} is empty (0 bytes)", remedy="record it again, or give another file")
            self._file = soundfile.SoundFile(path)
        except OSError as e:
            raise AudioFileError(f"{path}: {e.strerror}", remedy="check the path and its permissions") from e
        except (soundfile.SoundFileError, TypeError) as e:  # the latter of a name that says there is no header: .raw
            raise AudioFileError(f"{path} is no sound file that can be read: {e}", remedy=_FORMATS_REMEDY) from e
        self.rate_hz: int = self._file.samplerate

    async def read(self) -> Pcm:
        return await asyncio.to_thread(self._read)

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _read(self) -> Pcm:
        with self._lock:
            if self._file.closed:
                return np.zeros(0, np.int16)
            at_s = self._file.tell() / self.rate_hz
            try:
                block = self._file.read(int(self.rate_hz * BLOCK_S) or 1, dtype="float32", always_2d=True)
            except soundfile.SoundFileError as e:
                message = f"{self._path} is damaged {at_s:.1f} s into it: {e}"
                raise AudioFileError(message, remedy="copy or record it again") from e
        finite = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
        return to_int16(finite.mean(axis=1))


class NullSpeaker:
    """A speaker that nobody hears: clips take their time on the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stopped = False
        self._one = asyncio.Lock()
        self.first_sample_s: float | None = None

    async def play(self, clip: AudioClip) -> None:
        """Return when the clip's duration has passed, or after `stop`, or when another clip takes its place."""
        self.stop()
        async with self._one:
            await self._hear(clip)

    def stop(self) -> None:
        """End the clip that plays within 20 ms of the clock's time."""
        self._stopped = True

    async def aclose(self) -> None:
        """Nothing to free."""

    async def _hear(self, clip: AudioClip) -> None:
        self._stopped = False
        self.first_sample_s = self._clock.now_s()
        end_s = self.first_sample_s + clip.duration_s
        while not self._stopped and (left_s := end_s - self._clock.now_s()) > 0:
            await self._clock.sleep(min(STOP_WITHIN_S, left_s))


class FileSpeaker(NullSpeaker):
    """Writes what is heard as 16-bit mono WAV; the first clip decides the rate.

    Silence between clips is cut to 0.3 s; clips that follow each other at once, the pieces of an answer, have none.

    The file is a valid WAV after every clip: the sound is written first, then the header that counts it.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(clock)
        self._path = path
        self._rate_hz = 0
        self._written = 0
        self._ended_s = 0.0
        self._playing: AudioClip | None = None
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as e:
            raise self._refused(e) from e
        try:
            self._write(np.zeros(0, np.int16), rate_hz=SAMPLE_RATE_HZ)
        except OutputError:
            self._file.close()
            raise

    async def play(self, clip: AudioClip) -> None:
        """Return when the clip's duration has passed and it is in the file; after `stop`, what was heard of it."""
        self.stop()
        async with self._one:
            self._playing = clip
            try:
                await self._hear(clip)
            finally:  # a cancelled answer was heard up to here, too
                self._keep()

    async def aclose(self) -> None:
        """Close the file; what was heard of a clip that plays is in it."""
        self._keep()
        self._file.close()

    def _keep(self) -> None:
        clip, self._playing = self._playing, None
        if clip is None:
            return
        heard_s = self._clock.now_s() - (self.first_sample_s or 0.0)
        heard = AudioClip(clip.samples[: max(0, round(heard_s * clip.rate_hz))], clip.rate_hz)
        if not len(heard.samples):
            return
        self._rate_hz = self._rate_hz or clip.rate_hz
        silent_s = min(GAP_S, max(0.0, (self.first_sample_s or 0.0) - self._ended_s))
        gap = np.zeros(round(silent_s * self._rate_hz) if self._written else 0, np.int16)
        self._ended_s = self._clock.now_s()
        self._write(np.concatenate([gap, resample(heard, self._rate_hz).samples]), rate_hz=self._rate_hz)

    def _write(self, samples: Pcm, *, rate_hz: int) -> None:
        try:
            self._file.seek(44 + 2 * self._written)
            _write_all(self._file.fileno(), samples.astype("<i2").tobytes())
            self._file.seek(0)
            _write_all(self._file.fileno(), _wav_header(rate_hz, self._written + len(samples)))
        except OSError as e:
            raise self._refused(e) from e
        self._written += len(samples)

    def _refused(self, e: OSError) -> OutputError:
        remedy = "make room there, or choose another file with --speaker-file"
        return OutputError(f"{self._path}: {e.strerror}", remedy=remedy)


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _wav_header(rate_hz: int, samples: int) -> bytes:
    """RIFF header of 44 bytes: PCM, mono, 16 bit."""
    size = 2 * samples
    form = struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE")
    return form + struct.pack("<4sIHHIIHH4sI", b"fmt ", 16, 1, 1, rate_hz, 2 * rate_hz, 2, 16, b"data", size)
