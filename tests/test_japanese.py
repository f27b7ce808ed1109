"""A person asks in English how something is said in Japanese, and hears it: sound in, sound out, by the command."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from assistant.audio.pcm import resample
from assistant.speech.japanese import JapaneseVoice
from assistant.stages import AudioClip
from tests.test_cli import hey_gemma

pytestmark = [pytest.mark.models, pytest.mark.slow]


def trimmed(samples: np.ndarray) -> np.ndarray:
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    return np.asarray(samples[loud[0] : loud[-1]], dtype=np.float64)


def test_good_morning_in_japanese_is_answered_in_japanese(tmp_path: Path) -> None:
    """What comes out is Open JTalk's own synthesis of the phrase, from its first sound to its last."""
    question, answer, events = tmp_path / "q.wav", tmp_path / "a.wav", tmp_path / "e.jsonl"
    asked = "Hey Gemma, how do you say good morning in Japanese?"
    assert hey_gemma("say", asked, "--speaker-file", str(question)).returncode == 0
    run = ("run", "--mic-file", str(question), "--speaker-file", str(answer), "--events", str(events), "--pace", "fast")
    assert hey_gemma(*run).returncode == 0
    assert '"text": "おはようございます", "language": "ja"' in events.read_text(encoding="utf-8")
    heard, rate_hz = soundfile.read(answer, dtype="int16")
    reference = JapaneseVoice().say("おはようございます", "ja")
    heard = trimmed(heard)
    wanted = trimmed(resample(AudioClip(reference.samples, reference.rate_hz), rate_hz).samples)
    assert abs(len(heard) - len(wanted)) < 0.02 * rate_hz
    length = min(len(heard), len(wanted))
    assert np.corrcoef(heard[:length], wanted[:length])[0, 1] > 0.99
