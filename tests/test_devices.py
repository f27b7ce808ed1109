"""Finding devices, metering, and PortAudio against a private sound server."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.audio import devices
from assistant.audio.devices import Device, Level, Sound, Wanted, find, meter
from assistant.errors import AudioDeviceError
from tests.fake_sound import MIC, SPEAKER
from tests.sound_server import sound_server, why_not

JABRA = replace(MIC, index=4, name="Jabra Speak 510: USB Audio (hw:2,0)", output_channels=2, is_default_input=False)
THERE = [MIC, SPEAKER, JABRA]


@pytest.mark.parametrize(
    ("wanted", "index"), [(None, 0), ("", 0), ("jabra", 4), ("USB", 0), (4, 4), ("4", 4), ("usb audio", 4)]
)
def test_a_microphone_is_found_by_part_of_its_name_or_number(wanted: Wanted, index: int) -> None:
    """Case doesn't matter; without a wish the system's default is taken."""
    assert find(THERE, "input", wanted).index == index


def test_only_devices_of_the_right_direction_are_found() -> None:
    """A loudspeaker is no microphone, and the default output isn't the default input."""
    assert find(THERE, "output", None) is SPEAKER
    with pytest.raises(AudioDeviceError, match="no microphone is called 'Loud'"):
        find(THERE, "input", "Loud")
    with pytest.raises(AudioDeviceError, match="no microphone is called 1"):
        find(THERE, "input", 1)


def test_without_a_system_default_the_first_device_is_taken() -> None:
    """A bare Pi often names none."""
    assert find([JABRA], "input", None) is JABRA


def test_what_is_missing_is_told_with_what_is_there() -> None:
    """The message lists the devices, the remedy is a command."""
    with pytest.raises(AudioDeviceError) as caught:
        find(THERE, "output", "hdmi")
    assert "1 'Loudspeaker', 4 'Jabra Speak 510" in caught.value.message
    assert "hey-gemma devices" in caught.value.remedy
    with pytest.raises(AudioDeviceError, match="no speaker was found"):
        find([MIC], "output", None)


@pytest.mark.parametrize(
    ("samples", "level"),
    [
        (np.full(320, 16_384), Level(-6.02, -6.02)),
        (16_384 * np.sin(2 * np.pi * np.arange(320) / 32), Level(-6.02, -9.03)),
        (np.full(320, -32_768), Level(0.0, 0.0)),
        (np.zeros(320), Level(-120.0, -120.0)),
        (np.zeros(0), Level(-120.0, -120.0)),
    ],
)
def test_levels_are_in_db_below_full_scale(samples: np.ndarray, level: Level) -> None:
    """Peak and rms; silence and nothing are -120."""
    metered = meter(samples.astype(np.int16))
    assert metered.peak_dbfs == pytest.approx(level.peak_dbfs, abs=0.01)
    assert metered.rms_dbfs == pytest.approx(level.rms_dbfs, abs=0.01)


def test_portaudio_that_is_not_installed_is_told_with_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Linux wheel of sounddevice comes without PortAudio and raises OSError."""

    def missing(name: str, *args: object) -> object:
        raise OSError("PortAudio library not found")

    monkeypatch.setattr("builtins.__import__", missing)
    with pytest.raises(AudioDeviceError) as caught:
        Sound()
    monkeypatch.undo()
    assert caught.value.remedy == "sudo apt install libportaudio2"


class _PortAudio:
    """Doesn't start twice, then does; as the real one it can't be ended where it wasn't started."""

    class PortAudioError(Exception):
        """Its error."""

    def __init__(self) -> None:
        self.started, self.fails = True, 2

    def _terminate(self) -> None:
        if not self.started:
            raise self.PortAudioError("Error terminating PortAudio: PortAudio not initialized")
        self.started = False

    def _initialize(self) -> None:
        self.fails -= 1
        if self.fails >= 0:
            raise self.PortAudioError("Error initializing PortAudio: Unanticipated host error")
        self.started = True


def test_portaudio_that_cannot_look_anew_is_a_device_error_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a microphone is waited for, and nobody stays deaf because of one bad moment."""
    sound = Sound.__new__(Sound)  # without the real one
    monkeypatch.setattr(sound, "_portaudio", _PortAudio(), raising=False)
    for _ in range(2):
        with pytest.raises(AudioDeviceError, match="Unanticipated host error"):
            sound.rescan()
    assert sound.rescan()


@pytest.mark.sound
@pytest.mark.skipif(bool(why_not()), reason=str(why_not()))
def test_a_real_server_is_listed_opened_and_looked_at_anew(tmp_path: Path) -> None:
    """Its devices are there; while a stream is open they can't be looked at anew; what can't be opened says so."""
    with sound_server(tmp_path):
        sound = Sound()
        assert sound.rescan()
        mic = find(sound.devices(), "input", "mic")
        assert sound.supports(mic, "input", rate_hz=16_000, channels=1)
        assert not sound.supports(mic, "input", rate_hz=16_000, channels=100)
        stream = sound.open(mic, "input", rate_hz=16_000, channels=1, on_block=_ignore, on_end=_ignore)
        assert not sound.rescan()
        stream.close()
        assert sound.rescan()
        with pytest.raises(AudioDeviceError, match="'mic' can't be opened"):
            sound.open(mic, "input", rate_hz=16_000, channels=100, on_block=_ignore, on_end=_ignore)
        nowhere = Device(99, "ghost", 1, 1, 16_000, is_default_input=False, is_default_output=False)
        assert not sound.supports(nowhere, "output", rate_hz=16_000, channels=1)
        assert sound.rescan()


def _ignore(*_: object) -> None: ...


def test_what_alsa_prints_about_devices_is_dropped_and_our_words_are_not(capfd: pytest.CaptureFixture[str]) -> None:
    """It prints 1.5 kB for each that can't be opened, every two seconds while a microphone is waited for."""
    with devices._hushed():
        os.write(2, b"ALSA lib confmisc.c: cannot find card '0'\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"
