"""Whether somebody talked a moment ago beside our own voice: more was left than its echo leaves. Pure.

Who calls us has been silent before the word more often than not; who talks to somebody else hasn't. Knows no word and
no room: what is usually taken out of our own voice comes with each chunk. 16 µs of CPU a chunk.
"""

from collections import deque

import numpy as np

from assistant.stages import AudioChunk

FROM_CHUNKS, UNTIL_CHUNKS = 95, 60  # 1.9 to 1.2 s ago: before a word that ends now
SHARE = 0.1  # of these chunks, with a voice: so many, and somebody talks
OVER_ECHO = 2.0  # 3 dB over what the echo leaves as a rule
CLEARLY = 10.0  # 10 dB over it: nothing that the echo leaves is so loud for long
OVER_NOISE = 6.0  # 8 dB over the room's noise
TAIL_CHUNKS = 8  # what the echo leaves lasts 160 ms longer than what is taken out
LEAST_DB = 6.0  # before the echo is known
NOISE_CHUNKS = 250  # the quietest tenth of 5 s is noise


class NearVoice:
    """Takes every chunk."""

    def __init__(self) -> None:
        self._near: deque[bool] = deque(maxlen=FROM_CHUNKS)
        self._left: deque[float] = deque([0.0], maxlen=TAIL_CHUNKS)
        self._left_now: deque[float] = deque([0.0], maxlen=TAIL_CHUNKS)
        self._powers: deque[float] = deque(maxlen=NOISE_CHUNKS)
        self.is_clear = False  # in the latest chunk somebody talks, beyond doubt

    def hear(self, chunk: AudioChunk, usual_db: float, now_db: float) -> None:
        """Take a chunk; so much of our own voice is taken out as a rule, and at best since it began to sound."""
        power = float(np.mean(np.square(chunk.samples, dtype=np.float32)))
        self._powers.append(power)
        self._left.append(chunk.echo.power * 10 ** (-max(usual_db, LEAST_DB) / 10))
        self._left_now.append(chunk.echo.power * 10 ** (-min(usual_db, now_db) / 10))
        tenth = len(self._powers) // 10
        noise = float(np.partition(np.array(self._powers), tenth)[tenth])
        echo = max(self._left)
        self._near.append(power > OVER_ECHO * echo + OVER_NOISE * noise)
        self.is_clear = power > CLEARLY * max(self._left_now) + OVER_NOISE * noise

    @property
    def talked(self) -> bool:
        """Whether there was a voice 1.9 to 1.2 s ago."""
        chunks = list(self._near)[: max(0, len(self._near) - UNTIL_CHUNKS)]
        return sum(chunks) >= SHARE * len(chunks) > 0
