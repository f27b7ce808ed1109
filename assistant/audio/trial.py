"""Is this the right microphone, the right speaker? Sound in for some seconds, with its level; a short tune out.

Knows no words and no wake word. Opening a device takes 10 ms.
"""

from collections.abc import Callable

import numpy as np

from assistant.audio import earcons
from assistant.audio.clock import WallClock
from assistant.audio.devices import Level, Sound, meter
from assistant.audio.mic import Microphone
from assistant.audio.speaker import SoundSpeaker
from assistant.stages import CHUNK_MS, Pcm

SECONDS = 3.0
_CHUNKS = 100 // CHUNK_MS


async def listen(
    sound: Sound, device: str, gain_db: float, on_level: Callable[[Level], None], seconds: float = SECONDS
) -> Level:
    """The level of all that was heard; `on_level` gets one ten times a second. Raises AudioDeviceError."""
    heard: list[Pcm] = []
    async with Microphone(sound, device=device or None, gain_db=gain_db) as microphone:
        async for chunk in microphone:
            heard.append(chunk.samples)
            if len(heard) % _CHUNKS == 0:
                on_level(meter(np.concatenate(heard[-_CHUNKS:])))
            if len(heard) * CHUNK_MS >= seconds * 1000:
                break
    return meter(np.concatenate(heard) if heard else np.zeros(0, np.int16))


async def play(sound: Sound, device: str) -> None:
    """A short tune. Raises AudioDeviceError."""
    speaker = SoundSpeaker(sound, WallClock(), device=device or None)
    try:
        await speaker.play(earcons.make()["timer"])
    finally:
        await speaker.aclose()
