"""A clean clip -> what a microphone in a home would have caught, cut as a wake word cuts it.

Speed and pitch, room, noise and babble, level, remnants of "hey gemma" before, silence after. Vocal tract, microphone
tilt and SpecAugment act on the spectrum (`mel`). About 6 ms an utterance. Knows nothing about text.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from models.tiny.frontend import FFT, RATE, Wave, frames, log_mel

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Heard:
    """A wave and where the speech lies in it (samples)."""

    wave: Wave
    start: int
    stop: int


def fast_size(n: int) -> int:
    """Round up to an FFT length of the form 2^a or 3 * 2^a."""
    two = 1 << (n - 1).bit_length()
    return two * 3 // 4 if two * 3 // 4 >= n else two


def coloured(rng: Rng, seconds: float, slope: float) -> Wave:
    """Noise whose power falls as f^-slope, unit RMS."""
    n = int(seconds * RATE)
    f = np.fft.rfftfreq(n, 1 / RATE)
    shape = np.maximum(f, 30.0) ** (-slope / 2)
    wave = np.fft.irfft(shape * (rng.normal(size=len(f)) + 1j * rng.normal(size=len(f))), n)
    return (wave / wave.std()).astype(np.float32)


def room(rng: Rng) -> Wave:
    """Make a room response: direct sound, a few early echoes, a decaying tail."""
    rt60 = rng.uniform(0.12, 0.75)
    n = int(min(rt60, 0.5) * RATE)
    t = np.arange(n) / RATE
    tail = rng.normal(size=n) * np.exp(-6.9 * t / rt60)
    soft = np.exp(-t * rng.uniform(0, 6))  # high tones die first, roughly
    tail = tail * soft + np.convolve(tail, np.ones(4) / 4, "same") * (1 - soft)
    tail[: int(rng.uniform(0.001, 0.006) * RATE)] = 0
    tail *= 10 ** (-rng.uniform(-2, 14) / 20) / np.sqrt((tail**2).sum() + 1e-9)
    for _ in range(rng.integers(1, 6)):
        tail[int(rng.uniform(0.001, 0.03) * RATE)] += rng.uniform(-0.5, 0.5)
    tail[0] = 1.0
    return tail.astype(np.float32)


class Home:
    """The rooms and noises one process draws from."""

    def __init__(self, rng: Rng) -> None:
        self.rng = rng
        self.rooms = [room(rng) for _ in range(200)]
        self.noises = [coloured(rng, 20.0, slope) for slope in (0.0, 0.5, 1.0, 1.0, 1.5, 2.0, 2.5)]

    def stretch(self, clip: Wave) -> Wave:
        """Another speed and pitch together."""
        rng = self.rng
        if rng.random() < 0.3:
            return clip
        factor = float(np.exp(np.clip(rng.normal(0, 0.075), -0.17, 0.17)))
        n = int(len(clip) / factor)
        return np.interp(np.arange(n) * factor, np.arange(len(clip)), clip).astype(np.float32)

    def noise(self, n: int, babble: Callable[[], Wave]) -> Wave:
        """Babble, or coloured noise with a hum now and then; unit RMS."""
        rng = self.rng
        if rng.random() < 0.3:
            out = np.zeros(n, np.float32)
            for _ in range(rng.integers(1, 5)):
                voice = babble()
                out += np.resize(np.roll(voice, int(rng.integers(len(voice)))), n) * rng.uniform(0.3, 1.0)
        else:
            bank = self.noises[int(rng.integers(len(self.noises)))]
            at = int(rng.integers(len(bank) - n)) if len(bank) > n else 0
            out = np.resize(bank[at : at + n], n).copy()
            if rng.random() < 0.15:
                out += np.sin(2 * np.pi * rng.choice((50.0, 60.0, 100.0, 120.0)) * np.arange(n) / RATE).astype(
                    np.float32
                )
        return out / (float(np.sqrt((out * out).mean())) + 1e-6)

    def live(self, clip: Wave, hey: Wave | None, babble: Callable[[], Wave]) -> Heard:
        """Say what the wake word would hand over: a remnant before, the clip, silence; in a room, in noise."""
        rng = self.rng
        clip = self.stretch(clip)
        kind = rng.random()
        lead = np.zeros(0, np.float32)
        if hey is not None and kind < 0.45:  # the tail of "...emma", then perhaps a pause
            keep = int(rng.uniform(0.03, 0.26) * RATE)
            lead = np.concatenate([hey[-keep:], np.zeros(int(rng.uniform(0, 0.25) ** 1.5 * RATE), np.float32)])
        elif hey is not None and kind < 0.58:  # all of it
            lead = np.concatenate([hey, np.zeros(int(rng.uniform(0.0, 0.5) * RATE), np.float32)])
        elif kind < 0.9:
            lead = np.zeros(int(0.4 * rng.random() ** 1.7 * RATE), np.float32)
        else:
            clip = clip[int(rng.uniform(0, 0.09) * RATE) :]
        if rng.random() < 0.5:  # a draft: the sound ends with the voice, or a little before
            silence_s = rng.uniform(-0.03, 0.12)
            clip = clip[: len(clip) + min(0, int(silence_s * RATE))]
        else:
            silence_s = 0.1 + 0.8 * rng.random() ** 2.5
        tail = np.zeros(max(0, int(silence_s * RATE)), np.float32)
        wave = np.concatenate([lead, clip, tail])
        start, stop = len(lead), len(lead) + len(clip)
        if rng.random() < 0.55:
            response = self.rooms[int(rng.integers(len(self.rooms)))]
            size = fast_size(len(wave) + len(response))
            both = torch.fft.rfft(torch.from_numpy(wave), n=size) * torch.fft.rfft(torch.from_numpy(response), n=size)
            wave = torch.fft.irfft(both, n=size).numpy()[: len(wave)]
        level = float(np.sqrt((wave[start:stop] ** 2).mean())) + 1e-6
        if rng.random() < 0.75:
            snr = rng.uniform(3, 30)
            wave = wave + self.noise(len(wave), babble) * (level * 10 ** (-snr / 20))
        wave = wave * (10 ** (rng.uniform(-34, -12) / 20) / level)
        wave = wave.clip(-1, 1)
        return Heard(wave.astype(np.float32), start, stop)

    def mel(self, wave: Wave) -> torch.Tensor:
        """Log-mel with an odd number of frames (padding in a batch is then exact), warped and masked."""
        rng = self.rng
        if frames(len(wave)) % 2 == 0:
            wave = wave[:-160]
        warp = round(float(np.clip(rng.normal(1.0, 0.08), 0.82, 1.2)), 2) if rng.random() < 0.7 else 1.0
        tilt = None
        if rng.random() < 0.5:
            knots = rng.normal(0, 4.0, 6).clip(-9, 9)
            curve = np.interp(np.arange(FFT // 2 + 1), np.array([0, 8, 24, 64, 128, 256]), knots)
            tilt = (10 ** (curve / 20)).astype(np.float32)
        mel = log_mel(wave, warp, tilt)
        if rng.random() < 0.6:
            for _ in range(rng.integers(1, 3)):
                width = int(rng.integers(1, 16))
                at = int(rng.integers(128 - width))
                mel[:, at : at + width] = mel[:, at : at + width].mean()
        if rng.random() < 0.4:
            for _ in range(rng.integers(1, 3)):
                width = int(rng.integers(1, 9))
                at = int(rng.integers(max(1, len(mel) - width)))
                mel[at : at + width] = mel[at : at + width].mean()
        return mel
