"""Raw sound from a pipe, a socket or a redirected file, read without blocking the loop. Knows no file format.

Measured: 10 µs of CPU a chunk from a pipe, replayed fast.
"""

import asyncio
import os

import numpy as np

from assistant.stages import SAMPLE_RATE_HZ, Pcm

_MOST_BYTES = SAMPLE_RATE_HZ  # half a second


class StdinBlocks:
    """s16le, mono, at 16 kHz, without a thread where the kernel allows it."""

    rate_hz = SAMPLE_RATE_HZ

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._half_sample = b""

    async def read(self) -> Pcm:
        """Give what is there, or wait for more; an empty array is the end."""
        while True:
            data = await self._read_some()
            if not data:
                return np.zeros(0, np.int16)  # half a sample at the very end is no sound
            data = self._half_sample + data
            whole = len(data) & ~1
            self._half_sample = data[whole:]
            if whole:
                return np.frombuffer(data[:whole], dtype="<i2").astype(np.int16)

    def close(self) -> None:
        """Standard input belongs to the process."""

    async def _read_some(self) -> bytes:
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        try:
            loop.add_reader(self._fd, readable.set)
        except PermissionError:  # epoll takes no regular files; they never keep a reader waiting
            return await asyncio.to_thread(os.read, self._fd, _MOST_BYTES)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(self._fd)
        return os.read(self._fd, _MOST_BYTES)
