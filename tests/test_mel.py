"""Log-mel frames."""

import numpy as np

from assistant.llm.mel import BINS, HOP, LogMel
from assistant.stages import SAMPLE_RATE_HZ


def noise(frames: int) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.1, HOP * (frames + 1)).astype(np.float32)


def test_hops_give_the_bits_of_the_whole() -> None:
    sound = noise(20)
    mel = LogMel()
    parts = [mel.frames(sound[HOP * i : HOP * (i + 5)]) for i in range(0, 20, 4)]
    assert np.array_equal(np.concatenate(parts), mel.frames(sound))


def test_silence_is_the_floor() -> None:
    frames = LogMel().frames(np.zeros(HOP * 3, np.float32))
    assert frames.shape == (2, BINS)
    assert np.array_equal(frames, np.full((2, BINS), np.log(0.001), np.float32))


def test_a_tone_is_loudest_in_its_bin() -> None:
    """Bins are spaced evenly on the HTK scale."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(HOP * 4) / SAMPLE_RATE_HZ).astype(np.float32)
    mel_of = 2595 * np.log10(1 + np.array([1000, 8000]) / 700)
    assert set(LogMel().frames(tone).argmax(axis=1)) == {round(mel_of[0] / mel_of[1] * (BINS + 1)) - 1}


def test_the_transform_is_a_fourier_transform() -> None:
    windows = np.random.default_rng(2).normal(size=(3, 512)).astype(np.float32)
    real, imaginary = LogMel()._fft(windows)
    assert np.allclose(real + 1j * imaginary, np.fft.rfft(windows), atol=1e-4)
