"""What is wrong with the sound of a quiet room, as a microphone gives it: pure, from samples to figures.

Knows no device. Hum: power within 1.5 Hz of the first six multiples of 50 or 60 Hz, against all there is. 1 ms.
"""

import math
from dataclasses import dataclass

import numpy as np

from assistant.audio.devices import SILENCE_DBFS, meter
from assistant.stages import SAMPLE_RATE_HZ, Pcm

MAINS_HZ = (50, 60)
HARMONICS = 6
_WIDTH_HZ = 1.5
_FULL_SCALE = 32768


@dataclass(frozen=True, slots=True)
class Signal:
    """Levels in dBFS, of all but the offset. `offset`: mean, of full scale. `clipped`: share of samples at the limit.

    `hum_hz`: the mains frequency that is louder; `hum_share`: its part of the power.
    """

    peak_dbfs: float
    rms_dbfs: float
    offset: float
    clipped: float
    hum_hz: int
    hum_dbfs: float
    hum_share: float


def measure(samples: Pcm) -> Signal:
    """Figures of int16 samples at 16 kHz, shape (n,); a second of them at least, for the hum."""
    if not len(samples):
        return Signal(SILENCE_DBFS, SILENCE_DBFS, 0.0, 0.0, MAINS_HZ[0], SILENCE_DBFS, 0.0)
    sound = samples.astype(np.float64) / _FULL_SCALE
    offset = float(sound.mean())
    sound -= offset
    level = meter(samples)
    rms = math.sqrt(float(np.mean(sound**2)))
    clipped = float(np.mean((samples >= _FULL_SCALE - 1) | (samples <= -_FULL_SCALE)))
    shares = {hz: _share(sound, hz) for hz in MAINS_HZ}
    hum_hz = max(shares, key=lambda hz: shares[hz])
    hum = rms * math.sqrt(shares[hum_hz])
    return Signal(level.peak_dbfs, _dbfs(rms), offset, clipped, hum_hz, _dbfs(hum), shares[hum_hz])


def _share(sound: np.ndarray[tuple[int], np.dtype[np.float64]], mains_hz: int) -> float:
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ)
    total = float(power.sum())
    if total <= 0:
        return 0.0
    near = sum(float(power[np.abs(hz - n * mains_hz) <= _WIDTH_HZ].sum()) for n in range(1, HARMONICS + 1))
    return min(1.0, near / total)


def _dbfs(amplitude: float) -> float:
    return max(SILENCE_DBFS, 20 * math.log10(amplitude)) if amplitude > 0 else SILENCE_DBFS
