"""A voice that says nothing, for runs in which only what is done and meant counts. Knows no engine."""

from collections.abc import AsyncIterator

import numpy as np

from assistant.stages import SAMPLE_RATE_HZ, AudioClip


class Silent:
    """A Voice; with `ms_a_sign` it takes its time."""

    def __init__(self, ms_a_sign: float = 0.0) -> None:
        self._samples_a_sign = ms_a_sign * SAMPLE_RATE_HZ / 1000

    async def clips(self, text: str, language: str, ahead_s: float = 0.0) -> AsyncIterator[AudioClip]:
        """Silence as long as the text, or no clips."""
        del language, ahead_s
        if samples := round(len(text) * self._samples_a_sign):
            yield AudioClip(np.zeros(samples, np.int16), SAMPLE_RATE_HZ)
