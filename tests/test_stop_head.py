"""The shipped head for "stop" on synthetic speech: what it must let pass, with the real features."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from assistant.stages import CHUNK_SAMPLES, Pcm
from assistant.stop_word import StopWord
from assistant.wake import Head, WakeWord

ROOT = Path(__file__).parent.parent
CLIPS = ROOT / "tests" / "replay" / "wake"


def stops(sound: Pcm) -> int:
    wake = WakeWord()
    word = StopWord(Head(ROOT / "models" / "stop" / "stop.onnx").scores, wake, None)
    count = 0
    for start in range(0, len(sound) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
        if wake.score(sound[start : start + CHUNK_SAMPLES]) is not None:
            count += word.score(start / 16, speaking=False) is not None
    return count


@pytest.mark.parametrize("name", sorted(path.name for path in CLIPS.glob("*.flac")))
def test_the_wake_word_commands_and_noise_are_no_stop(name: str) -> None:
    samples, _ = soundfile.read(CLIPS / name, dtype="int16")
    assert stops(np.asarray(samples)) == 0


def test_a_voice_that_was_in_no_training_is_understood() -> None:
    samples, _ = soundfile.read(CLIPS.parent / "stop.flac", dtype="int16")
    assert stops(np.asarray(samples)) == 1
