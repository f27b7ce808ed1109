"""Is this the right microphone, the right speaker? Sound in for some seconds, with its level; a short tune out.

Knows no words and no wake word. Opening a device takes 10 ms.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assistant.audio import earcons
from assistant.audio.clock import WallClock
from assistant.audio.devices import Level, Sound, meter
from assistant.audio.gauge import Gauge, Reading
from assistant.audio.mic import Microphone
from assistant.audio.speaker import SoundSpeaker
from assistant.stages import CHUNK_MS, SAMPLE_RATE_HZ, AudioClip, Pcm

SECONDS = 3.0
_CHUNKS = 100 // CHUNK_MS


@dataclass(frozen=True, slots=True)
class Recording:
    """What a microphone gave: int16, shape (n,), at 16 kHz.

    `passed_s`: on the clock, from its first sound to its last; `lost_ms`: sound that the driver or we dropped in it.
    """

    samples: Pcm
    passed_s: float
    lost_ms: float


async def record(
    sound: Sound, device: str, gain_db: float, on_level: Callable[[Level], None], seconds: float = SECONDS
) -> Recording:
    """Listen; `on_level` gets a level ten times a second. Raises AudioDeviceError."""
    heard: list[Pcm] = []
    clock = WallClock()
    began_s = ended_s = 0.0
    first = end = 0
    async with Microphone(sound, device=device or None, gain_db=gain_db) as microphone:
        async for chunk in microphone:
            ended_s = clock.now_s()
            if not heard:
                began_s, first = ended_s, chunk.start_sample
            heard.append(chunk.samples)
            end = chunk.start_sample + len(chunk.samples)
            if len(heard) % _CHUNKS == 0:
                on_level(meter(np.concatenate(heard[-_CHUNKS:])))
            if len(heard) * CHUNK_MS >= seconds * 1000:
                break
    samples = np.concatenate(heard) if heard else np.zeros(0, np.int16)
    lost = (end - first - len(samples)) * 1000 / SAMPLE_RATE_HZ
    return Recording(samples, ended_s - began_s, lost)


async def watch(
    sound: Sound, device: str, gain_db: float, on_reading: Callable[[Reading], None], seconds: float
) -> None:
    """Listen, and give a reading ten times a second. Raises AudioDeviceError."""
    gauge, block, left = Gauge(), list[Pcm](), round(seconds * 1000 / CHUNK_MS)
    async with Microphone(sound, device=device or None, gain_db=gain_db) as microphone:
        async for chunk in microphone:
            block.append(chunk.samples)
            left -= 1
            if len(block) == _CHUNKS:
                on_reading(gauge.read(np.concatenate(block)))
                block.clear()
            if left <= 0:
                return


async def listen(
    sound: Sound, device: str, gain_db: float, on_level: Callable[[Level], None], seconds: float = SECONDS
) -> Level:
    """The level of all that was heard, as `record`. Raises AudioDeviceError."""
    return meter((await record(sound, device, gain_db, on_level, seconds)).samples)


async def open_speaker(sound: Sound, device: str) -> None:
    """Open it as an answer would, and close it without a sound. Raises AudioDeviceError."""
    speaker = SoundSpeaker(sound, WallClock(), device=device or None)
    try:
        await speaker.open()
    finally:
        await speaker.aclose()


async def play(sound: Sound, device: str, clip: AudioClip | None = None) -> None:
    """A clip, or a short tune. Raises AudioDeviceError."""
    speaker = SoundSpeaker(sound, WallClock(), device=device or None)
    try:
        await speaker.play(earcons.make()["timer"] if clip is None else clip)
    finally:
        await speaker.aclose()
