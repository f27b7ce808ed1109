"""Our own voice, quieter for two seconds: somebody may have said the wake word over it, and says it again.

Knows no word. `begin` is called by who listens, `apply` by PortAudio's thread; 20 µs a block while it is quieter.
"""

import numpy as np

from assistant.stages import Clock, Pcm

LASTS_S = 2.0
SHARE = 0.25  # -12 dB
RAMP_S = 0.02


class Softer:
    """`clock` must be readable from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s = float("-inf")
        self._gain = 1.0

    def begin(self) -> None:
        """Be quieter from now on, or go on being so."""
        self._until_s = self._clock.now_s() + LASTS_S

    def apply(self, block: Pcm, rate_hz: int) -> Pcm:
        """The next samples to play, shape (n,), as loud as they shall be."""
        target = SHARE if self._clock.now_s() < self._until_s else 1.0
        if not len(block) or self._gain == target == 1.0:
            return block
        step = np.sign(target - self._gain) * (1 - SHARE) / (RAMP_S * rate_hz)
        low, high = sorted((self._gain, target))
        gains = np.clip(self._gain + step * np.arange(1, len(block) + 1), low, high)
        self._gain = float(gains[-1])
        return np.asarray(block * gains, dtype=np.int16)
