"""The sound hardware: find devices by name, open streams on them, meter a level. The only importer of sounddevice.

Knows nothing of chunks or clips. PortAudio takes its list of devices once, when it starts: `rescan` starts it anew, so
that a microphone plugged in later is found.

Measured: starting PortAudio 60 ms of CPU; opening and starting a stream on PulseAudio 6 ms.
"""

import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from assistant.errors import AudioDeviceError
from assistant.stages import Pcm

Direction = Literal["input", "output"]
Wanted = str | int | None
SILENCE_DBFS = -120.0
LATENCY_S = 0.06  # three blocks: PortAudio's 40 ms leave one late callback of Python no room
_NAMES: dict[Direction, str] = {"input": "microphone", "output": "speaker"}
_REMEDY = "hey-gemma devices"


@dataclass(frozen=True, slots=True)
class Device:
    """One sound device. `is_default_*`: what the system would take."""

    index: int
    name: str
    input_channels: int
    output_channels: int
    rate_hz: int
    is_default_input: bool
    is_default_output: bool

    def channels(self, direction: Direction) -> int:
        """How many channels it has in this direction."""
        return self.input_channels if direction == "input" else self.output_channels

    def is_default(self, direction: Direction) -> bool:
        """Whether the system would take it in this direction."""
        return self.is_default_input if direction == "input" else self.is_default_output


@dataclass(frozen=True, slots=True)
class Level:
    """How loud a piece of sound is; digital silence is -120 dBFS."""

    peak_dbfs: float
    rms_dbfs: float


def meter(samples: Pcm) -> Level:
    """Peak and root mean square of int16 samples, shape (n,)."""
    sound = samples.astype(np.float64) / 32768
    if not len(sound):
        return Level(SILENCE_DBFS, SILENCE_DBFS)
    return Level(_dbfs(float(np.abs(sound).max())), _dbfs(math.sqrt(float(np.mean(sound**2)))))


def find(devices: list[Device], direction: Direction, wanted: Wanted) -> Device:
    """The device with this index, else the first whose name holds `wanted`; None or "": the system's default.

    Raises AudioDeviceError that names what is there.
    """
    able = [d for d in devices if d.channels(direction)]
    what = _NAMES[direction]
    if not able:
        raise AudioDeviceError(f"no {what} was found", remedy=f"plug one in, then: {_REMEDY}")
    if wanted is None or wanted == "":
        return next((d for d in able if d.is_default(direction)), able[0])
    if str(wanted).isdecimal():
        matches = [d for d in able if d.index == int(wanted)]
    else:
        matches = [d for d in able if str(wanted).casefold() in d.name.casefold()]
    if not matches:
        there = ", ".join(f"{d.index} {d.name!r}" for d in able)
        raise AudioDeviceError(f"no {what} is called {wanted!r}; there are: {there}", remedy=_REMEDY)
    return matches[0]


class Stream:
    """An open stream."""

    def __init__(self, vendor: Any, lock: threading.Lock, on_close: Callable[[], None]) -> None:
        self._vendor = vendor
        self._lock = lock
        self._on_close = on_close

    def close(self) -> None:
        """Drop what is still to be played and free the device. May take some 20 ms."""
        with self._lock:
            self._vendor.abort(ignore_errors=True)
            self._vendor.close(ignore_errors=True)
            self._on_close()


class Sound:
    """PortAudio, shared by microphone and speaker. Methods block and may be called from any thread."""

    # One for the process, as PortAudio is: its calls aren't safe against one another.
    _lock = threading.Lock()
    _streams = 0

    def __init__(self) -> None:
        try:
            import sounddevice
        except OSError as e:
            raise AudioDeviceError("PortAudio isn't installed", remedy="sudo apt install libportaudio2") from e
        self._portaudio: Any = sounddevice

    def devices(self) -> list[Device]:
        """What PortAudio saw when it started."""
        with self._lock:
            default_input, default_output = self._portaudio.default.device
            return [
                Device(
                    index=d["index"],
                    name=d["name"],
                    input_channels=d["max_input_channels"],
                    output_channels=d["max_output_channels"],
                    rate_hz=round(d["default_samplerate"]),
                    is_default_input=d["index"] == default_input,
                    is_default_output=d["index"] == default_output,
                )
                for d in self._portaudio.query_devices()
            ]

    def rescan(self) -> bool:
        """Look for devices anew. Not possible, and False, while a stream is open: it would be torn away.

        Raises AudioDeviceError.
        """
        with self._lock:
            if Sound._streams:
                return False
            with _hushed():
                try:
                    with suppress(self._portaudio.PortAudioError):  # the last start failed: there is nothing to end
                        self._portaudio._terminate()  # noqa: SLF001 - the documented way to see a device plugged in later
                    self._portaudio._initialize()  # noqa: SLF001
                except self._portaudio.PortAudioError as e:
                    raise AudioDeviceError(f"PortAudio can't start: {e}", remedy=_REMEDY) from e
            return True

    def supports(self, device: Device, direction: Direction, *, rate_hz: int, channels: int) -> bool:
        """Whether 16-bit sound in this form can be opened there."""
        check = self._portaudio.check_input_settings if direction == "input" else self._portaudio.check_output_settings
        with self._lock, _hushed():
            try:
                check(device=device.index, channels=channels, dtype="int16", samplerate=rate_hz)
            except (self._portaudio.PortAudioError, ValueError):
                return False
        return True

    def open(
        self,
        device: Device,
        direction: Direction,
        *,
        rate_hz: int,
        channels: int,
        on_block: Callable[[Pcm, Any, Any], None],
        on_end: Callable[[], None],
    ) -> Stream:
        """Open and start a 16-bit stream with blocks of 20 ms. Both functions are called in PortAudio's thread.

        `on_block(block, time, status)`: int16, shape (n, channels), to be copied or filled at once; the others as in
        sounddevice. `on_end()`: the stream has ended, because the device is gone or it was closed.
        """
        make = self._portaudio.RawInputStream if direction == "input" else self._portaudio.RawOutputStream

        # Raw, because sounddevice's own arrays are made in a way that NumPy 2.5 deprecates, at every block.
        def callback(data: Any, _frames: int, time: Any, status: Any) -> None:
            on_block(np.frombuffer(data, np.int16).reshape(-1, channels), time, status)

        vendor = None
        with self._lock, _hushed():
            try:
                vendor = make(
                    device=device.index, samplerate=rate_hz, channels=channels, dtype="int16",
                    blocksize=rate_hz // 50, latency=LATENCY_S, callback=callback, finished_callback=on_end,
                )  # fmt: skip
                vendor.start()
            except (self._portaudio.PortAudioError, ValueError) as e:
                if vendor is not None:
                    vendor.close()
                message = f"the {_NAMES[direction]} {device.name!r} can't be opened: {e}"
                raise AudioDeviceError(message, remedy=f"see if another program holds it, then: {_REMEDY}") from e
            Sound._streams += 1
        return Stream(vendor, self._lock, self._closed)

    @staticmethod
    def _closed() -> None:
        Sound._streams -= 1


@contextmanager
def _hushed() -> Iterator[None]:
    """Drop what C libraries print on standard error meanwhile. What they mean is in the error that they return.

    ALSA and PortAudio print 1.5 kB for each device that can't be opened: while a microphone is waited for, 36 MB a day
    in the journal. Our own words don't go that way in a `run` (start.py), so that none of them is lost.
    """
    try:
        before = os.dup(2)
    except OSError:  # it is closed: nobody reads it
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(nowhere)


def _dbfs(amplitude: float) -> float:
    return max(SILENCE_DBFS, 20 * math.log10(amplitude)) if amplitude > 0 else SILENCE_DBFS
