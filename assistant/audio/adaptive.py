"""An adaptive filter that learns how the loudspeaker sounds at the microphone, and what is left without it. Pure.

Frequency-domain Kalman filter in blocks (Kuech, Mabande, Enzner 2014): it learns fast where the echo is all there is,
and hardly at all while somebody else speaks. Linear only: what isn't echo passes untouched, and what the loudspeaker
distorts stays. Knows no device, no delay longer than its taps and no clock.
"""

import numpy as np
from numpy.typing import NDArray

from assistant.stages import CHUNK_SAMPLES

Floats = NDArray[np.float32]
Bins = NDArray[np.complex64]

FFT = 2 * CHUNK_SAMPLES
FORGET = 0.9997  # how much of the path is still true 20 ms later: rooms change slowly, and the drift is made up for
SURER = 0.3  # theory says 0.5 (half of each window is new): then doubt is gone before the error is, 2 dB worse at 2 s
SMOOTH = 0.8  # of the spectrum of what isn't explained
FIRST_POWER = 0.05  # how wrong the silent path may be at first, for each bin


class AdaptiveFilter:
    """`partitions` blocks of 20 ms are how long an echo may be, its delay included."""

    def __init__(self, partitions: int) -> None:
        self._shape = (partitions, FFT // 2 + 1)
        self.reset()

    def reset(self) -> None:
        """Forget the room."""
        self._path: Bins = np.zeros(self._shape, np.complex64)
        self._doubt: Floats = np.full(self._shape, FIRST_POWER, np.float32)
        self._rest_power: Floats = np.zeros(self._shape[1], np.float32)
        self.rinse()

    @property
    def is_learned(self) -> bool:
        """Something is known of the room."""
        return bool(self._path.any())

    def doubt(self) -> None:
        """Learn anew from what was learned: the room may have changed, or the delay by some ms."""
        self._doubt += np.abs(self._path) ** 2 + FIRST_POWER

    def rinse(self) -> None:
        """Forget what was played, and keep the room."""
        self._played = np.zeros(self._shape, np.complex64)
        self._last = np.zeros(CHUNK_SAMPLES, np.float32)

    @property
    def path(self) -> Bins:
        """What was learned, shape (partitions, 321): blocks of 20 ms of the response, as spectra."""
        return self._path

    def move(self, samples: float, played: Floats) -> float:
        """Let everything in the learned path come so much later (or sooner) than a reference that comes sooner (later).

        `played`: the newest of that reference, shape ((partitions + 1) * 320,). Returns the share of the path's power
        that is still in it.
        """
        response = np.fft.irfft(self._path, FFT, axis=1)[:, :CHUNK_SAMPLES].ravel()
        samples = max(-len(response), min(samples, len(response)))
        room = np.pad(response, (0, len(response)))  # what is moved out at one end comes in nowhere
        late = np.exp(-2j * np.pi * np.fft.rfftfreq(len(room)) * samples)
        moved = np.fft.irfft(np.fft.rfft(room) * late, len(room))[: len(response)]
        blocks = np.pad(moved.reshape(-1, CHUNK_SAMPLES), ((0, 0), (0, CHUNK_SAMPLES)))
        self._path = np.fft.rfft(blocks, axis=1).astype(np.complex64)
        newest = played.reshape(-1, CHUNK_SAMPLES)[::-1]
        self._played = np.fft.rfft(np.concatenate([newest[1:], newest[:-1]], axis=1), axis=1).astype(np.complex64)
        self._last = newest[0]
        return float(moved @ moved) / max(float(response @ response), 1e-12)

    def cancel(self, heard: Floats, played: Floats) -> Floats:
        """20 ms of the microphone, shape (320,), without what 20 ms of the loudspeaker, and those before, explain."""
        rest = (heard - self.echo(played)).astype(np.float32)
        self._learn(rest)
        return rest

    def echo(self, played: Floats) -> Floats:
        """What 20 ms of the loudspeaker, shape (320,), and those before should sound like at the microphone."""
        self._played = np.roll(self._played, 1, axis=0)
        self._played[0] = np.fft.rfft(np.concatenate([self._last, played]))
        self._last = played
        echo = np.fft.irfft((self._played * self._path).sum(axis=0), FFT)[CHUNK_SAMPLES:]
        return echo.astype(np.float32)

    def _learn(self, rest: Floats) -> None:
        spectrum = np.fft.rfft(np.concatenate([np.zeros(CHUNK_SAMPLES, np.float32), rest])).astype(np.complex64)
        power = (np.abs(spectrum) ** 2).astype(np.float32)
        self._rest_power = SMOOTH * self._rest_power + (1 - SMOOTH) * power
        played_power = np.abs(self._played) ** 2
        explained = 0.5 * (played_power * self._doubt).sum(axis=0) + self._rest_power + 1e-6
        step = self._doubt / explained
        change = np.fft.irfft(step * self._played.conj() * spectrum, FFT, axis=1)
        change[:, CHUNK_SAMPLES:] = 0  # a block explains its own 20 ms only
        self._path += np.fft.rfft(change, axis=1).astype(np.complex64)
        kept = FORGET**2
        kept_doubt = kept * (1 - SURER * step * played_power) * self._doubt
        self._doubt = np.asarray(kept_doubt + (1 - kept) * np.abs(self._path) ** 2, dtype=np.float32)
