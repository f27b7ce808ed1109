"""Rooms, noises and levels: makes one clean clip sound like many recordings.

Knows no voice and no label; nothing here moves speech in time. Sound is float32, 16 kHz, full scale 1.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import soxr

RATE = 16_000
Rng: TypeAlias = np.random.Generator
Samples: TypeAlias = npt.NDArray[np.float32]


def other_speaker(sound: Samples, rng: Rng) -> Samples:
    """Pitch, formants and tempo moved together by up to 20 %, formants alone by up to 15 % more: another speaker."""
    factor = float(rng.uniform(0.84, 1.2))
    return formants(
        np.asarray(soxr.resample(sound, RATE, RATE * factor), dtype=np.float32), float(rng.uniform(0.87, 1.15))
    )


def formants(sound: Samples, factor: float, size: int = 512) -> Samples:
    """Stretch the spectrum's envelope by `factor` and leave the pitch: another vocal tract. As long as `sound`."""
    hop, window = size // 4, np.hanning(size + 1)[:size]
    padded = np.concatenate([np.zeros(size), sound, np.zeros(2 * size)])
    starts = np.arange(0, len(padded) - size, hop)
    spectrum = np.fft.rfft(padded[starts[:, None] + np.arange(size)] * window)
    cepstrum = np.fft.irfft(np.log(np.abs(spectrum) + 1e-5))
    cepstrum[:, 30 : size - 29] = 0
    envelope = np.fft.rfft(cepstrum).real
    place = np.minimum(np.arange(size // 2 + 1) / factor, size // 2 - 1e-3)
    below, share = place.astype(int), place % 1
    moved = envelope[:, below] * (1 - share) + envelope[:, below + 1] * share
    frames = np.fft.irfft(spectrum * np.exp(np.clip(moved - envelope, -3, 3))) * window
    out = np.zeros(len(padded))
    for start, frame in zip(starts, frames, strict=True):
        out[start : start + size] += frame
    return np.asarray(out[size : size + len(sound)] / 1.5, dtype=np.float32)


def room(rng: Rng) -> Samples:
    """Make a synthetic room response: the direct path at sample 0, some early reflections, a decaying tail."""
    decay_s = float(rng.uniform(0.12, 0.7))
    length = int(decay_s * RATE * 0.8)
    tail = rng.normal(size=length) * 10 ** (-3 * np.arange(length) / (decay_s * RATE))
    tail[: int(rng.uniform(0.002, 0.012) * RATE)] = 0
    response = tail * rng.uniform(0.02, 0.09)
    for _ in range(int(rng.integers(2, 7))):
        response[int(rng.uniform(0.001, 0.02) * RATE)] += rng.uniform(-0.5, 0.5)
    response[0] = 1.0
    return response.astype(np.float32)


def convolve(sound: Samples, response: Samples) -> Samples:
    """As long as `sound`."""
    size = 1 << int(np.ceil(np.log2(len(sound) + len(response))))
    spectrum = np.fft.rfft(sound, size) * np.fft.rfft(response, size)
    return np.fft.irfft(spectrum, size)[: len(sound)].astype(np.float32)


def colour(sound: Samples, rng: Rng) -> Samples:
    """Sound like a cheap microphone or a telephone: a smooth random equalizer, sometimes band-limited."""
    spectrum = np.fft.rfft(sound)
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    gain_db = np.interp(hz, [0, 150, 400, 1000, 2500, 5000, 8000], rng.normal(0, 4, 7))
    if rng.random() < 0.4:
        gain_db -= 60 * np.clip((hz - rng.uniform(3200, 6500)) / 800, 0, 1)
    if rng.random() < 0.3:
        gain_db -= 30 * np.clip((rng.uniform(100, 350) - hz) / 200, 0, 1)
    return np.fft.irfft(spectrum * 10 ** (gain_db / 20), len(sound)).astype(np.float32)


def noise(length: int, rng: Rng) -> Samples:
    """White to brown noise with a random slope, now and then with hum, breathing in level; RMS 1."""
    hz = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 40)
    shape = hz ** -rng.uniform(0, 1.2)
    spectrum = shape * (rng.normal(size=len(hz)) + 1j * rng.normal(size=len(hz)))
    sound = np.fft.irfft(spectrum, length)
    sound /= sound.std() + 1e-9
    seconds = np.arange(length) / RATE
    if rng.random() < 0.3:
        base = rng.choice([50, 60, 100, 120]) * rng.uniform(0.98, 1.02)
        sound += sum(rng.uniform(0, 1.2) / n * np.sin(2 * np.pi * base * n * seconds) for n in range(1, 8))
    if rng.random() < 0.4:
        sound *= 1 + 0.8 * np.sin(2 * np.pi * rng.uniform(0.2, 4) * seconds + rng.uniform(0, 6))
    return np.asarray(sound / (sound.std() + 1e-9), dtype=np.float32)


def music(length: int, rng: Rng) -> Samples:
    """Play notes with overtones and a drum, in a random tempo; RMS 1."""
    sound = np.zeros(length + RATE, dtype=np.float64)
    step = int(rng.uniform(0.12, 0.45) * RATE)
    scale = rng.uniform(90, 260) * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) / 12)
    for start in range(0, length, step):
        span = np.arange(int(rng.uniform(0.5, 3) * step)) / RATE
        for pitch in rng.choice(scale, size=int(rng.integers(1, 4))):
            wave = sum(rng.uniform(0, 1) / n * np.sin(2 * np.pi * pitch * n * span) for n in range(1, 9))
            part = (wave * np.exp(-span * rng.uniform(1, 9)))[: len(sound) - start]
            sound[start : start + len(part)] += part
        if rng.random() < 0.5:
            beat = rng.normal(size=RATE // 12) * np.exp(-np.arange(RATE // 12) / rng.uniform(100, 600))
            sound[start : start + len(beat)] += beat * rng.uniform(0.5, 3)
    sound = sound[:length]
    return np.asarray(sound / (sound.std() + 1e-9), dtype=np.float32)


def record(sound: Samples, rng: Rng, background: Samples, *, snr_db: float | None) -> npt.NDArray[np.int16]:
    """Record `sound` in a room with `background` (same length, RMS 1), at a random level; None: no noise."""
    if rng.random() < 0.5:
        sound = convolve(sound, room(rng))
    if rng.random() < 0.5:
        sound = colour(sound, rng)
    loud = np.abs(sound) > 0.05 * np.abs(sound).max()
    level = float(np.sqrt(np.mean(sound[loud] ** 2))) if loud.any() else 0.1
    gain = 10 ** (rng.uniform(-38, -16) / 20)  # RMS of speech: from across the room to near the microphone
    hiss = rng.choice([0.0, 1.0, 8.0]) / 32768 / gain  # digital silence to an ordinary microphone's
    mixed = sound / max(level, 1e-6) + background * (hiss if snr_db is None else 10 ** (-snr_db / 20))
    return np.clip(np.round(mixed * gain * 32768), -32768, 32767).astype(np.int16)
