"""Short sounds: soft, short, without clicks, and told apart."""

import numpy as np
import pytest

from assistant.audio import earcons
from assistant.audio.devices import meter

EARCONS = earcons.make(earcons.PEAK)
SOUNDS = sorted(set(EARCONS) - {"pause"})


def test_there_is_one_for_each_thing_to_tell() -> None:
    """Their names are what the turn-taking asks for."""
    assert set(EARCONS) == {
        "listening", "heard", "done", "cancelled", "not_understood", "muted", "unmuted", "error", "timer", "pause"
    }  # fmt: skip


def test_the_ring_is_as_loud_as_it_shall_be_and_its_pause_is_silent() -> None:
    """Half of full scale is -6 dBFS; nothing else gets louder."""
    for volume, peak_dbfs in ((1.0, 0.0), (0.5, -6.0), (0.05, -26.0)):
        sounds = earcons.make(volume)
        assert meter(sounds["timer"].samples).peak_dbfs == pytest.approx(peak_dbfs, abs=0.1)
        assert np.array_equal(sounds["heard"].samples, EARCONS["heard"].samples)
        assert not sounds["pause"].samples.any()
    assert not earcons.make(0.0)["timer"].samples.any()


@pytest.mark.parametrize("name", SOUNDS)
def test_an_earcon_is_soft_and_short(name: str) -> None:
    """Audible, but below the voice; only the timer may take its time."""
    clip = EARCONS[name]
    assert clip.samples.dtype == np.int16
    assert clip.rate_hz == 22_050
    assert meter(clip.samples).peak_dbfs == pytest.approx(-24.4 if name == "listening" else -14.9, abs=0.1)
    assert clip.duration_s < (3.0 if name == "timer" else 0.5)


@pytest.mark.parametrize("name", SOUNDS)
def test_an_earcon_does_not_click(name: str) -> None:
    """It begins and ends at zero, and above its tones (4 kHz) there is nothing: a click would be heard there."""
    sound = EARCONS[name].samples.astype(float)
    assert abs(sound[0]) <= 1
    assert abs(sound[-1]) <= 1
    spectrum = np.abs(np.fft.rfft(sound)) ** 2
    high = np.fft.rfftfreq(len(sound), 1 / 22_050) > 4_000
    assert 10 * np.log10(spectrum[high].sum() / spectrum.sum()) < -55


def test_yes_rises_and_no_falls() -> None:
    """The main pitch of the first half against that of the second."""

    def pitch_hz(sound: np.ndarray) -> float:
        return float(np.argmax(np.abs(np.fft.rfft(sound, 22_050))))

    for name, rises in (("heard", True), ("unmuted", True), ("cancelled", False), ("muted", False), ("error", False)):
        sound = EARCONS[name].samples
        third = len(sound) // 3
        assert (pitch_hz(sound[-third:]) > pitch_hz(sound[:third])) is rises, name
