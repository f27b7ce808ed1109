"""Two sound cards never run equally fast: how one drifts off the other, and the reference read at that speed. Pure.

How fast is seen in the learned path, whose phases turn while everything in it comes later and later. 100 parts in a
million cost the filter 9 dB of its 19. Knows no device and no clock.
"""

import numpy as np
from numpy.typing import NDArray

from assistant.stages import CHUNK_SAMPLES

Floats = NDArray[np.float32]

EVERY = 25  # chunks between two looks at the path: 0.5 s
GAIN = 0.25
MOST = 4e-4  # parts: no pair of working cards is that far apart
ALIKE = 0.7  # so alike must two looks be to tell anything
LOW, HIGH = 8, 160  # bins of 25 Hz: 200 Hz to 4 kHz
TAPS = 16
PHASES = 128
REACH = 160  # samples that can be made up for before the path has to be moved


def _sinc_table() -> Floats:
    offsets = np.arange(TAPS) - TAPS // 2 + 1
    places = offsets[None] - np.arange(PHASES + 1)[:, None] / PHASES
    table = np.sinc(places) * np.cos(np.pi * np.clip(places / TAPS, -0.5, 0.5)) ** 2
    return np.asarray(table / table.sum(axis=1, keepdims=True), dtype=np.float32)


class Drift:
    """`parts` is how much faster the microphone's clock runs than the loudspeaker's: 1e-4 are 100 ppm.

    `blocks` of 20 ms are kept, to be read again.
    """

    def __init__(self, blocks: int = 1) -> None:
        self.parts = 0.0
        self._blocks = blocks
        self._table = _sinc_table()
        self._behind = 0.0  # samples that the reading is behind (or before) its middle place
        self._idle = 0.0  # by so many the clocks drifted in a silence that hasn't ended yet
        self._kept = np.zeros(blocks * CHUNK_SAMPLES + 2 * REACH + TAPS, np.float32)
        self._path: NDArray[np.complex64] | None = None
        self._chunks = 0

    def idle(self) -> None:
        """20 ms went by in which nothing was played."""
        self._idle += CHUNK_SAMPLES * self.parts
        self._path = None

    def compared(self) -> None:
        """The clocks were compared in this silence: it has no drift left, and the path may be moved."""
        self._idle = 0.0
        self._path = None

    def read(self, played: Floats) -> Floats:
        """The reference, shape (320,), as the microphone's clock counts it, some ms late."""
        self._kept = np.concatenate([self._kept[CHUNK_SAMPLES:], played])
        self._behind += CHUNK_SAMPLES * self.parts
        return self._newest(CHUNK_SAMPLES)

    def again(self) -> Floats:
        """What was read last, shape (blocks * 320,), as it would be read from the place where the reading is now."""
        return self._newest(self._blocks * CHUNK_SAMPLES)

    def _newest(self, samples: int) -> Floats:
        places = len(self._kept) - REACH - TAPS // 2 - self._behind + np.arange(-samples, 0) * (1 - self.parts)
        whole = np.floor(places).astype(int)
        phase = np.rint((places - whole) * PHASES).astype(int)
        around = whole[:, None] + np.arange(TAPS) - TAPS // 2 + 1
        return np.asarray((self._kept[around] * self._table[phase]).sum(axis=1), dtype=np.float32)

    def overrun(self) -> int:
        """By how many samples the path must be moved back, because the reading has come to its end; mostly 0."""
        self._behind += self._idle
        self._idle = 0.0
        moved = int(self._behind / REACH) * REACH
        if moved:
            self._behind -= moved
            self._path = None
        return moved

    def learn(self, path: NDArray[np.complex64]) -> None:
        """Look at the path, shape (partitions, bins), after every chunk."""
        self._chunks += 1
        if self._chunks % EVERY:
            return
        before, self._path = self._path, path[:, LOW:HIGH].copy()
        if before is None:
            return
        turned = (before.conj() * self._path).sum(axis=0)
        power = np.sqrt((np.abs(before) ** 2).sum() * (np.abs(self._path) ** 2).sum())
        weight = np.abs(turned)
        if weight.sum() <= ALIKE * power:
            return
        bins = np.arange(LOW, HIGH) * np.pi / (path.shape[1] - 1)
        late = -float((weight * bins * np.angle(turned)).sum() / (weight * bins**2).sum())
        change = GAIN * late / (EVERY * CHUNK_SAMPLES)
        self.parts = float(np.clip(self.parts + change, -MOST, MOST))
