"""How far one voice is from another: noises of two colours, and loudness."""

import numpy as np
import pytest

from assistant.stages import Pcm
from assistant.timbre import COEFFICIENTS, FARTHER_DB, NEARER_DB, Tone, Voice, tone


def voice(seconds: float, *, smooth: float, seed: int, gain: float = 3000.0) -> Voice:
    """Noise whose high notes are as weak as `smooth` says, by turns in two shades as words are."""
    known = Voice()
    for number, chunk in enumerate(noise(seconds, seed)):
        shade = smooth * (0.7 if number % 6 < 3 else 1.0)
        shaped = np.convolve(chunk, shade ** np.arange(30), "same")
        shaped *= gain / np.sqrt(np.mean(shaped**2))
        known = known.hearing(tone(shaped.astype(np.int16)))
    return known


def noise(seconds: float, seed: int) -> list[Pcm]:
    return list(np.random.default_rng(seed).normal(size=(int(seconds * 50), 320)))


@pytest.mark.parametrize("lower_db", [-6.0, 0.0, 3.0, 8.0])
def test_a_lower_voice_of_the_same_colour_is_nearer_than_it_is_low(lower_db: float) -> None:
    other = voice(1, smooth=0.7, seed=2, gain=3000 * 10 ** (-lower_db / 20))
    assert voice(2, smooth=0.7, seed=1).other_db(other) == pytest.approx(lower_db + NEARER_DB, abs=0.5)


def test_another_colour_is_another_voice_and_never_counts_for_more_than_the_most() -> None:
    person = voice(2, smooth=0.7, seed=1)
    near, far = (person.other_db(voice(1, smooth=smooth, seed=2)) for smooth in (0.0, -0.95))
    assert 1.0 < near < far
    steady = Voice()
    for chunk in noise(1, 4):
        steady = steady.hearing(Tone(1.0, np.full(COEFFICIENTS, chunk[0] > 0, float)))
    other = Voice().hearing(Tone(1.0, np.full(COEFFICIENTS, 100.0)))
    assert steady.other_db(other) == pytest.approx(FARTHER_DB)


def test_faint_chunks_tell_no_colour_and_silence_is_no_error() -> None:
    person = voice(2, smooth=0.7, seed=1)
    hushed = person
    for chunk in noise(1, 5):
        hushed = hushed.hearing(tone((20 * chunk).astype(np.int16)))
    np.testing.assert_array_equal(hushed.sums[2:], person.sums[2:])
    assert np.isfinite(Voice().hearing(tone(np.zeros(320, np.int16))).other_db(Voice()))


def test_two_stretches_of_a_voice_together_are_the_voice() -> None:
    whole, halves = Voice(), [Voice(), Voice()]
    for number, chunk in enumerate(noise(1, 3)):
        heard = tone((1000 * chunk).astype(np.int16))
        whole, halves[number // 25] = whole.hearing(heard), halves[number // 25].hearing(heard)
    both = halves[0] + halves[1]
    assert both.count == whole.count == 50
    np.testing.assert_allclose(both.sums, whole.sums)
