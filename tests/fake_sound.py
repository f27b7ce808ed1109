"""Sound hardware that a test plays by hand: what is recorded, what is pulled, when a device goes away."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from assistant.audio.devices import Device, Direction, Sound, Stream
from assistant.stages import Pcm

MIC = Device(0, "USB mic", 1, 0, 16_000, is_default_input=True, is_default_output=False)
SPEAKER = Device(1, "Loudspeaker", 0, 2, 48_000, is_default_input=False, is_default_output=True)


class FakeStream(Stream):
    """An open stream; `record` and `pull` are what PortAudio's thread would do."""

    def __init__(
        self, rate_hz: int, channels: int, on_block: Callable[[Pcm, Any, Any], None], on_end: Callable[[], None]
    ) -> None:
        self.rate_hz = rate_hz
        self.channels = channels
        self.closed = False
        self.unplug = on_end
        self._on_block = on_block

    def close(self) -> None:
        self.closed = True
        self.unplug()

    def record(self, samples: Pcm, *, overflowed: bool = False) -> None:
        """Sound comes in on channel 0; other channels are loud nonsense."""
        block = np.full((len(samples), self.channels), 32_000, np.int16)
        block[:, 0] = samples
        self._on_block(block, None, SimpleNamespace(input_overflow=overflowed))

    def pull(self, frames: int, *, latency_s: float = 0.0) -> Pcm:
        """The device takes sound, shape (frames, channels), that will be heard after `latency_s`."""
        out = np.full((frames, self.channels), 32_000, np.int16)
        self._on_block(out, SimpleNamespace(outputBufferDacTime=50 + latency_s, currentTime=50), None)
        return out


class FakeSound(Sound):
    """Devices that know the given (rate, channels) forms only."""

    def __init__(self, *devices: Device, forms: set[tuple[int, int]]) -> None:
        self.present = list(devices)
        self.forms = forms
        self.streams: list[FakeStream] = []
        self.scans = 0

    def devices(self) -> list[Device]:
        return self.present

    def rescan(self) -> bool:
        self.scans += 1
        return True

    def supports(self, device: Device, direction: Direction, *, rate_hz: int, channels: int) -> bool:
        return (rate_hz, channels) in self.forms

    def open(self, device: Device, direction: Direction, **form: Any) -> FakeStream:
        stream = FakeStream(**form)
        self.streams.append(stream)
        return stream
