"""Samples into chunks of 320 at 16 kHz."""

import numpy as np
import pytest

from assistant.audio.pcm import Chunker, resample, to_float, to_int16
from assistant.stages import AudioClip


def test_every_16_bit_value_survives_the_way_to_float_and_back() -> None:
    """No rounding, no wrap at either end."""
    every = np.arange(-32_768, 32_768).astype(np.int16)
    assert np.array_equal(to_int16(to_float(every)), every)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000, 192_000])
def test_a_second_at_any_rate_is_50_chunks_however_it_is_cut(rate_hz: int) -> None:
    """Blocks of any size give the same chunks, and nothing is lost at the end."""
    sound = np.random.default_rng(5).integers(-9_000, 9_000, rate_hz).astype(np.int16)

    def chunks(block: int) -> np.ndarray:
        chunker = Chunker(rate_hz)
        out = [c for n in range(0, rate_hz, block) for c in chunker.push(sound[n : n + block])] + chunker.finish()
        assert [c.start_sample for c in out] == list(range(0, 16_000, 320))
        return np.concatenate([c.samples for c in out])

    assert np.array_equal(chunks(rate_hz // 50), chunks(777))


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_a_hole_moves_the_place_by_exactly_its_length(rate_hz: int) -> None:
    """What the resampler or an unfinished chunk held back counts as lost with it."""
    chunker = Chunker(rate_hz, start_sample=1_000)
    chunker.push(np.zeros(rate_hz + 48, np.int16))
    chunker.skip(rate_hz // 2)
    chunks = chunker.push(np.zeros(rate_hz, np.int16))
    assert chunks[0].start_sample == 1_000 + 16_000 + 48 * 16_000 // rate_hz + 8_000
    assert chunker.next_sample == chunks[-1].start_sample + 320


def test_a_clip_is_resampled_to_the_same_length_in_time() -> None:
    """And left alone if it has the rate already."""
    clip = AudioClip(np.full(22_050, 700, np.int16), 22_050)
    assert resample(clip, 22_050) is clip
    other = resample(clip, 48_000)
    assert (len(other.samples), other.rate_hz) == (48_000, 48_000)
    assert np.median(other.samples) == 700
