"""A room for evaluation clips: an echo and background noise at a known ratio to the speech.

Made from random numbers alone; no recordings. Knows nothing of training, which has its own, different augmentation.
"""

import numpy as np
import numpy.typing as npt

RATE = 16_000
Samples = npt.NDArray[np.float32]


def response(rng: np.random.Generator) -> Samples:
    """Draw a direct path, a few early reflections and an exponential tail (RT60 0.15-0.45 s)."""
    rt60 = rng.uniform(0.15, 0.45)
    length = int(rt60 * RATE)
    tail = rng.normal(0, 1, length) * 10 ** (-3 * np.arange(length) / length)
    tail[: int(0.004 * RATE)] = 0
    direct_to_room_db = rng.uniform(3, 12)
    tail *= 10 ** (-direct_to_room_db / 20) / max(float(np.sqrt(np.sum(tail**2))), 1e-9)
    for delay in rng.uniform(0.002, 0.02, 4):
        tail[int(delay * RATE)] += rng.uniform(-0.35, 0.35)
    tail[0] += 1.0
    return tail.astype(np.float32)


def noise(rng: np.random.Generator, samples: int) -> Samples:
    """Make room noise: coloured (between white and brown), with a slow swell and sometimes a mains hum."""
    spectrum = np.fft.rfft(rng.normal(0, 1, samples))
    frequency = np.maximum(np.fft.rfftfreq(samples, 1 / RATE), 30)
    shaped = np.fft.irfft(spectrum / frequency ** rng.uniform(0.2, 0.9), samples)
    time = np.arange(samples) / RATE
    shaped *= 1 + 0.3 * np.sin(2 * np.pi * rng.uniform(0.1, 0.6) * time + rng.uniform(0, 6))
    if rng.random() < 0.4:
        shaped += 0.5 * np.std(shaped) * np.sin(2 * np.pi * 100 * time)
    return (shaped / np.std(shaped)).astype(np.float32)


def placed(sound: Samples, speech: slice, snr_db: float, rng: np.random.Generator) -> Samples:
    """Place `sound` in a room. The ratio counts the echoed speech in `speech` (samples) against the noise."""
    kernel = response(rng)
    size = 1 << (len(sound) + len(kernel)).bit_length()
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(kernel, size), size)[: len(sound)]
    level = float(np.sqrt(np.mean(wet[speech] ** 2)))
    mixed = wet + noise(rng, len(sound)) * level * 10 ** (-snr_db / 20)
    return (mixed * (0.7 / max(float(np.max(np.abs(mixed))), 1e-9))).astype(np.float32)
