"""The microphone: PortAudio's callback -> a bounded queue -> chunks of 20 ms at 16 kHz.

Overflow policy: the oldest sound is dropped, and the next chunk's `start_sample` jumps over the hole. The callback only
copies; resampling and gain happen in the reader. A stream that falls silent without a word (no callback for 2 s) is an
error, so that nobody listens to a dead device. Knows nothing of wake words or files.

Measured: with an idle speaker stream beside it 0.02 s of CPU per second; a killed sound server is told within 1 ms.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Self

from assistant.audio.devices import Device, Sound, Stream, Wanted, find
from assistant.audio.pcm import Chunker, amplified
from assistant.audio.played import Timeline
from assistant.errors import AudioDeviceError
from assistant.stages import SAMPLE_RATE_HZ, AudioChunk, Clock, Pcm

BLOCK_MS = 20
RESCANS, RESCAN_EVERY_S = 10, 0.03
_REMEDY = "hey-gemma devices"


class Microphone:
    """An AudioSource over a device: part of its name, its number, or None for the system's default.

    `start_sample` is where in the input the first sample lies: give `next_sample` of the microphone before it when
    one is opened again, and time never runs backwards. `clock`, readable from any thread: for `heard_s`. Only for the
    loop that entered it.
    """

    def __init__(
        self,
        sound: Sound,
        *,
        device: Wanted = None,
        gain_db: float = 0.0,
        queue_s: float = 2.0,
        stall_s: float = 2.0,
        start_sample: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self._sound = sound
        self._wanted = device
        self._gain = 10 ** (gain_db / 20)
        self._stall_s = stall_s
        self._queue = BlockQueue(round(queue_s * 1000 / BLOCK_MS))
        self._start_sample = start_sample
        self._clock = clock
        self._timeline = Timeline()
        self._rate_hz = SAMPLE_RATE_HZ
        self._recorded = 0  # samples of the device, lost ones included
        self._name = ""
        self._ended = False
        self._chunker: Chunker | None = None
        self._stream: Stream | None = None

    @property
    def next_sample(self) -> int:
        """Where the next chunk will begin."""
        return self._chunker.next_sample if self._chunker else self._start_sample

    @property
    def name(self) -> str:
        """What the device is called, once it is open."""
        return self._name

    @property
    def runs(self) -> int:
        """How often `heard_s` had to begin anew, because sound came much earlier or later than counted."""
        return self._timeline.runs

    def heard_s(self, start_sample: int) -> float:
        """When, on the clock that it was given, this place of the input was heard."""
        return self._timeline.at((start_sample - self._start_sample) / SAMPLE_RATE_HZ)

    def anchor(self) -> None:
        """Let `heard_s` take up by how much the device's clock has run ahead or behind."""
        self._timeline.anchor()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        opening = asyncio.create_task(asyncio.to_thread(self._open))
        try:
            self._stream = await asyncio.shield(opening)
        except asyncio.CancelledError:  # muted meanwhile: the thread goes on, and what it opens must not stay open
            with contextlib.suppress(AudioDeviceError):
                await asyncio.to_thread((await opening).close)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._stream is not None:
            await asyncio.to_thread(self._stream.close)
            self._stream = None

    async def __aiter__(self) -> AsyncIterator[AudioChunk]:
        """Chunks for ever. Raises AudioDeviceError when the device is lost or goes deaf."""
        if self._chunker is None:
            raise RuntimeError("Microphone is iterated outside of `async with`")
        while True:
            async for chunk in self._waiting(self._chunker):
                yield chunk
            if self._ended:
                raise AudioDeviceError(f"the microphone {self._name!r} is gone", remedy=f"plug it in, then: {_REMEDY}")
            try:
                async with asyncio.timeout(self._stall_s):
                    await self._arrived.wait()
            except TimeoutError as e:
                message = f"the microphone {self._name!r} gave no sound for {self._stall_s:.0f} s"
                raise AudioDeviceError(message, remedy=f"unplug it and plug it in again, then: {_REMEDY}") from e

    async def _waiting(self, chunker: Chunker) -> AsyncIterator[AudioChunk]:
        self._arrived.clear()
        while (taken := self._queue.take()) is not None:
            lost_samples, block = taken
            if lost_samples:
                chunker.skip(lost_samples)
            for chunk in chunker.push(amplified(block, self._gain)):
                yield chunk

    def _open(self) -> Stream:
        for _ in range(RESCANS):  # what plays may be about to end
            if self._sound.rescan():
                break
            time.sleep(RESCAN_EVERY_S)
        device = find(self._sound.devices(), "input", self._wanted)
        rate_hz, channels = self._form(device)
        self._name, self._rate_hz = device.name, rate_hz
        self._chunker = Chunker(rate_hz, self._start_sample)
        return self._sound.open(
            device, "input", rate_hz=rate_hz, channels=channels, on_block=self._on_block, on_end=self._on_end
        )

    def _form(self, device: Device) -> tuple[int, int]:
        """16 kHz mono if the device can, else what it has: a raw ALSA card often knows only 48 kHz stereo."""
        forms = [(rate, channels) for rate in (SAMPLE_RATE_HZ, device.rate_hz) for channels in (1, 2)]
        forms.append((device.rate_hz, device.input_channels))
        for rate_hz, channels in forms:
            if self._sound.supports(device, "input", rate_hz=rate_hz, channels=channels):
                return rate_hz, channels
        return forms[-1]  # let opening it say what is wrong

    def _on_block(self, block: Pcm, time: Any, status: Any) -> None:
        self._recorded += len(block) if status.input_overflow else 0
        if self._clock is not None:
            age_s = time.currentTime - time.inputBufferAdcTime
            seen_s = self._clock.now_s() - (age_s if 0 <= age_s < 1 else BLOCK_MS / 1000)
            self._timeline.see(self._recorded / self._rate_hz, seen_s)
        self._recorded += len(block)
        self._queue.put(one_channel(block).copy(), overflowed=bool(status.input_overflow))
        self._wake_reader()

    def _on_end(self) -> None:
        self._ended = True
        self._wake_reader()

    def _wake_reader(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed first: nobody waits any more
            self._loop.call_soon_threadsafe(self._arrived.set)


def one_channel(block: Pcm) -> Pcm:
    """The first channel of a block, shape (n, channels); a later one while that is digitally silent, as on some cards.

    Not the mean: microphone arrays put their best signal first, and a mean of two microphones combs.
    """
    first: Pcm = block[:, 0]
    if block.shape[1] == 1 or first.any():
        return first
    return next((channel for channel in block.T if channel.any()), first)


class BlockQueue:
    """At most `capacity` blocks from one thread to another; the oldest makes room, and the next one taken says so."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._blocks: deque[tuple[int, Pcm]] = deque()
        self._position = 0  # samples put so far, lost ones included
        self._taken_to = 0

    def put(self, block: Pcm, *, overflowed: bool = False) -> None:
        """Add a block. `overflowed`: the driver lost sound just before it; it doesn't say how much: count one block."""
        self._position += len(block) if overflowed else 0
        # deque's append and popleft are atomic: no lock in the audio callback.
        self._blocks.append((self._position, block))
        self._position += len(block)
        if len(self._blocks) > self._capacity:
            self._pop()

    def take(self) -> tuple[int, Pcm] | None:
        """The oldest block and how many samples were lost before it; None if there is none."""
        oldest = self._pop()
        if oldest is None:
            return None
        start, block = oldest
        lost_samples = start - self._taken_to
        self._taken_to = start + len(block)
        return lost_samples, block

    def _pop(self) -> tuple[int, Pcm] | None:
        try:
            return self._blocks.popleft()
        except IndexError:  # the other thread was faster
            return None
