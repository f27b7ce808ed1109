"""How a clip is said: by a child, whispered, shouted, tired. Made from plain speech with the vocoder WORLD.

Knows no text, no voice and no room. These are stand-ins: no person was recorded, and a real whisper or shout differs
in more than pitch, breath and tilt. Cost: 0.06 CPU-s per second of sound. Sound is float32, 16 kHz.
"""

from importlib import import_module
from typing import Any

import numpy as np

from models.hey_gemma.sound import RATE, Rng, Samples

MANNERS = {"plain": 0.66, "child": 0.14, "whispered": 0.05, "shouted": 0.08, "tired": 0.07}  # shares in training


def draw(rng: Rng) -> str:
    """Choose a manner by its share."""
    return str(rng.choice(list(MANNERS), p=list(MANNERS.values())))


def said(sound: Samples, manner: str, rng: Rng) -> Samples:
    """Say it so. As long as `sound`, but "tired" is up to 30 % longer: places move in proportion."""
    if manner == "plain" or len(sound) < RATE // 5:
        return sound
    world: Any = import_module("pyworld")  # heavy: only where data is made
    wave = sound.astype(np.float64)
    rough, times = world.dio(wave, RATE)
    tone = world.stonemask(wave, rough, times, RATE)
    spectrum, breath = world.cheaptrick(wave, tone, times, RATE), world.d4c(wave, tone, times, RATE)
    voiced, bins = tone > 0, np.linspace(0, 1, spectrum.shape[1])
    middle = float(np.median(tone[voiced])) if voiced.any() else 150.0
    period_ms = 5.0
    if manner == "child":
        target = rng.uniform(230, 400)
        tone[voiced] = target * (tone[voiced] / middle) ** rng.uniform(0.9, 1.4)
        spectrum = _stretched(spectrum, rng.uniform(1.08, 1.32) if middle < 160 else rng.uniform(1.02, 1.16))
    elif manner == "whispered":
        tone[:] = 0
        breath[:] = 1
        spectrum = _stretched(spectrum, 1.06) * 10 ** (np.interp(bins, [0, 0.1, 0.4, 1], [-2.2, -1, 0.3, 0.6]))
    elif manner == "shouted":
        tone[voiced] = middle * rng.uniform(1.25, 1.8) * (tone[voiced] / middle) ** 1.2
        spectrum = _stretched(spectrum, 1.08) * 10 ** (np.interp(bins, [0, 0.06, 0.35, 1], [-0.8, 0, 1.2, 0.6]))
    elif manner == "tired":
        tone[voiced] = middle * rng.uniform(0.75, 0.95) * (tone[voiced] / middle) ** rng.uniform(0.2, 0.6)
        breath = breath + rng.uniform(0.1, 0.5) * (1 - breath) * bins
        spectrum = spectrum * 10 ** (-1.2 * bins)
        period_ms *= rng.uniform(1.0, 1.3)
    else:
        raise ValueError(manner)
    made = world.synthesize(tone, np.ascontiguousarray(spectrum), np.clip(breath, 0, 1), RATE, period_ms)
    made = made[: round(len(sound) * period_ms / 5)]
    return np.asarray(made * (0.7 / max(float(np.abs(made).max()), 1e-6)), dtype=np.float32)


def _stretched(spectrum: np.ndarray[Any, Any], factor: float) -> np.ndarray[Any, Any]:
    """Move formants up by `factor`."""
    bins = np.arange(spectrum.shape[1])
    return np.array([np.exp(np.interp(bins / factor, bins, frame)) for frame in np.log(spectrum + 1e-16)])


def pitch_hz(sound: Samples) -> float:
    """Median pitch of the voiced frames, by autocorrelation; 0 where nothing is voiced."""
    size, hop = 640, 320
    found = []
    loudest = float(np.abs(sound).max(initial=0.0))
    for start in range(0, len(sound) - size, hop):
        frame = sound[start : start + size] - sound[start : start + size].mean()
        if np.abs(frame).max() < 0.15 * loudest:
            continue
        spectrum = np.abs(np.fft.rfft(frame * np.hanning(size), 2 * size)) ** 2
        lags = np.fft.irfft(spectrum)[:size] / (1 - np.arange(size) / (size * 1.3))
        low, high = RATE // 500, RATE // 65
        lag = low + int(np.argmax(lags[low:high]))
        if lags[lag] > 0.5 * lags[0]:
            found.append(RATE / lag)
    return float(np.median(found)) if found else 0.0
