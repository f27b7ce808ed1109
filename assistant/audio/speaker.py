"""The speaker: one clip at a time on a PortAudio stream, silence now when asked.

The stream stays open between the clips of an answer and is closed after ten idle seconds: an open stream costs CPU and
keeps PortAudio from seeing new devices. `stop` closes it: what lies in the driver's buffer is dropped, not played out.
A clip that comes while another plays takes its place, over 10 ms, and what the driver holds is heard first. Knows
nothing of words or files.

Measured, PulseAudio: 80 to 120 ms from `play` to the first sample, 60 of them the buffer; quiet 50 ms after `stop`.
"""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from assistant.audio.devices import Sound, Stream, Wanted, find
from assistant.audio.pcm import resample
from assistant.audio.played import Played
from assistant.audio.softer import Softer
from assistant.errors import AudioDeviceError
from assistant.stages import AudioClip, Clock, Pcm

IDLE_S = 10.0
FADE_S = 0.01
LONGEST_BUFFER_S = 2.0  # a driver that says its buffer is longer is wrong: nobody waits for it
_REMEDY = "hey-gemma devices"


@dataclass(slots=True, eq=False)
class _Playing:
    """A clip under way. `starts_s`, `ends_s`: when its first sample is, its last has been at the speaker.

    `stopped`: on purpose, or another clip has taken its place.
    """

    done: asyncio.Event
    starts_s: float | None = None
    ends_s: float | None = None
    stopped: bool = False


class SoundSpeaker:
    """A Speaker on a device: part of its name, its number, or None for the system's default.

    `clock` must be readable from any thread. `played` gets what is played, for the echo, as `softer` lets it be.
    """

    def __init__(
        self,
        sound: Sound,
        clock: Clock,
        *,
        device: Wanted = None,
        stall_s: float = 3.0,
        played: Played | None = None,
        softer: Softer | None = None,
    ) -> None:
        self._sound = sound
        self._clock = clock
        self._wanted = device
        self._stall_s = stall_s
        self._played = played
        self._softer = softer
        self._output: _Output | None = None
        self._opening = asyncio.Lock()
        self._closing: set[asyncio.Future[None]] = set()
        self._playing: _Playing | None = None
        self._unheard: set[_Playing] = set()  # that one, and one whose place it takes
        self._latest: _Playing | None = None
        self._idle: asyncio.TimerHandle | None = None

    @property
    def first_sample_s(self) -> float | None:
        """When, on the clock, the first sample of the latest clip is heard; None until that is known."""
        return self._latest.starts_s if self._latest else None

    async def open(self) -> None:
        """Open the device ahead of the first clip, which then starts some ms sooner. Raises AudioDeviceError."""
        await self._opened()
        self._close_later()

    async def play(self, clip: AudioClip) -> None:
        """Return when the last sample has been heard, or soon after `stop`, or when another clip plays instead.

        Raises AudioDeviceError.
        """
        playing = self._playing = self._latest = _Playing(asyncio.Event())
        self._unheard.add(playing)
        try:
            output = await self._opened()
            sound = await asyncio.to_thread(resample, clip, output.rate_hz)
            if self._playing is playing and not playing.stopped and len(sound.samples):  # else a later one was faster
                output.start(sound.samples, playing)
                await self._heard(output, playing, sound.duration_s)
        except asyncio.CancelledError:
            if self._playing is playing:
                self._close_now()
            raise
        finally:
            self._unheard.discard(playing)
            if self._playing is playing:
                self._playing = None
                self._close_later()

    def stop(self) -> None:
        """Silence the clip that plays. Harmless when nothing plays."""
        if self._unheard:
            for playing in self._unheard:
                playing.stopped = True
                playing.done.set()
            self._close_now()

    def let_go(self) -> None:
        """Close the stream unless something plays: PortAudio looks for new devices only while none is open."""
        if self._playing is None:
            self._close_now()

    async def aclose(self) -> None:
        """Free the device; a clip that plays is cut off."""
        self.stop()
        async with self._opening:  # what is being opened is closed, too
            if self._idle is not None:
                self._idle.cancel()
            self._close_now()
        await asyncio.gather(*self._closing)

    async def _heard(self, output: "_Output", playing: _Playing, duration_s: float) -> None:
        try:
            async with asyncio.timeout(duration_s + self._stall_s):
                await playing.done.wait()
        except TimeoutError as e:
            self._close_now()
            raise AudioDeviceError(f"the speaker {output.name!r} takes no more sound", remedy=_REMEDY) from e
        if playing.stopped:
            return
        if playing.ends_s is None:
            self._close_now()
            raise AudioDeviceError(f"the speaker {output.name!r} is gone", remedy=f"plug it in, then: {_REMEDY}")
        await self._clock.sleep(playing.ends_s - self._clock.now_s())

    async def _opened(self) -> "_Output":
        output = await asyncio.shield(self._open())  # who is cancelled meanwhile leaves it open for the next clip
        if self._idle is not None:
            self._idle.cancel()
        return output

    async def _open(self) -> "_Output":
        async with self._opening:
            if self._output is None or self._output.lost:
                self._close_now()
                output = _Output(asyncio.get_running_loop(), self._clock, self._played, self._softer)
                await asyncio.to_thread(output.open, self._sound, self._wanted)
                self._output = output
                self._close_later()
            return self._output

    def _close_later(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        if self._output is not None:
            self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._close_now)

    def _close_now(self) -> None:
        output, self._output = self._output, None
        if output is None or output.stream is None:
            return
        output.drop()
        closing = asyncio.get_running_loop().run_in_executor(None, output.stream.close)
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


class _Output:
    """One open stream and what is on it. `start` is called in the loop, `_fill` and `_on_end` in PortAudio's thread."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Clock, played: Played | None, softer: Softer | None
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._played = played
        self._softer = softer
        self._samples: Pcm = np.zeros(0, np.int16)
        self._tail: Pcm = np.zeros(0, np.int16)  # of the clip before, as it fades
        self._position = 0
        self._playing: _Playing | None = None
        self._next = deque[tuple[Pcm, _Playing]]()
        self.stream: Stream | None = None
        self.name = ""
        self.rate_hz = 0
        self.lost = False

    def open(self, sound: Sound, wanted: Wanted) -> None:
        """Open at the device's own rate: it always can, and resampling costs less than finding out what else it can."""
        device = find(sound.devices(), "output", wanted)
        self.name, self.rate_hz = device.name, device.rate_hz
        mono = sound.supports(device, "output", rate_hz=self.rate_hz, channels=1)
        self.stream = sound.open(
            device, "output", rate_hz=self.rate_hz, channels=1 if mono else 2, on_block=self._fill, on_end=self._on_end
        )

    def start(self, samples: Pcm, playing: _Playing) -> None:
        """Put a clip on, now, or in the place of the one that plays."""
        self._next.append((samples, playing))
        if self.lost:
            playing.done.set()

    def drop(self) -> None:
        """Play nothing more."""
        self._next.clear()
        self._playing = None

    def _fill(self, out: Pcm, time: Any, _status: Any) -> None:
        while self._next:
            self._take(*self._next.popleft())
        playing = self._playing
        part = self._samples[self._position : self._position + len(out)] if playing else self._samples[:0]
        out[: len(part)] = self._over(part)[:, None]
        out[len(part) :] = 0
        held_s = min(max(0.0, time.outputBufferDacTime - time.currentTime), LONGEST_BUFFER_S)
        heard_s = self._clock.now_s() + held_s
        if self._played is not None:
            self._played.put(out[:, 0].copy(), self.rate_hz, heard_s)
        if playing is None:
            return
        if playing.starts_s is None:
            playing.starts_s = heard_s
        self._position += len(part)
        if self._position >= len(self._samples):
            playing.ends_s = heard_s + len(part) / self.rate_hz
            self._playing = None
            self._tell(playing)

    def _take(self, samples: Pcm, playing: _Playing) -> None:
        """Begin a clip; one that plays fades."""
        if before := self._playing:
            left = self._samples[self._position : self._position + round(FADE_S * self.rate_hz)]
            self._tail = np.asarray(left * np.linspace(1, 0, len(left), endpoint=False), dtype=np.int16)
            before.stopped = True
            self._tell(before)
        self._samples, self._position, self._playing = samples, 0, playing

    def _over(self, part: Pcm) -> Pcm:
        """The clip's next samples with what fades under them, as loud as they shall be."""
        fading, self._tail = self._tail[: len(part)], self._tail[len(part) :]
        if len(fading):
            mixed = part.astype(np.int32)
            mixed[: len(fading)] += fading
            part = np.clip(mixed, -32768, 32767).astype(np.int16)
        return part if self._softer is None else self._softer.apply(part, self.rate_hz)

    def _on_end(self) -> None:
        self.lost = True
        for playing in [self._playing, *(waiting for _, waiting in tuple(self._next))]:
            if playing is not None:
                self._tell(playing)

    def _tell(self, playing: _Playing) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed first: nobody waits any more
            self._loop.call_soon_threadsafe(playing.done.set)
