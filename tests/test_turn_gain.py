"""Faint voices: the gate lets them through, and a turn is amplified by the level of its wake word, once."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from assistant.config import EndpointConfig
from assistant.events import Event, WakeHeard
from assistant.listen import Listener
from assistant.stages import CHUNK_SAMPLES, AudioChunk, Pcm
from assistant.turn_gain import MOST_DB, gain_for, level_dbfs
from assistant.vad import FaintVad, WebRtcVad
from assistant.wake import WakeWord
from assistant.wake_decision import Heard, WakeDecision
from tests.fakes import SILENCE, WAKE, LevelVad, LevelWake, sound

CLIP = Path(__file__).parent / "replay" / "wake" / "hey-gemma-command-joe.flac"


def word(dbfs: float, seconds: float = 0.6) -> Pcm:
    """A tone of that level, with silence before and behind it."""
    tone = np.sin(0.3 * np.arange(round(seconds * 16_000))) * 32_768 * 2**0.5 * 10 ** (dbfs / 20)
    return np.concatenate([np.zeros(3_200), tone, np.zeros(1_600)]).astype(np.int16)


@pytest.mark.parametrize(("dbfs", "gain_db"), [(-10, 0), (-18, 0), (-35, 0), (-40, 18), (-50, 28), (-75, MOST_DB)])
def test_only_a_faint_word_is_amplified_and_never_without_bounds(dbfs: float, gain_db: float) -> None:
    assert 20 * np.log10(gain_for(word(dbfs))) == pytest.approx(gain_db, abs=0.6)


def test_the_level_is_the_voices_and_not_the_silences_around_it() -> None:
    assert level_dbfs(word(-30)) == pytest.approx(-30, abs=0.5)
    assert level_dbfs(np.zeros(16_000, np.int16)) == -120
    assert gain_for(np.zeros(0, np.int16)) == gain_for(np.zeros(16_000, np.int16)) > 1


def listener(gains: list[float]) -> Listener:
    def next_gain(_: Pcm) -> float:
        return gains.pop(0)

    return Listener(
        EndpointConfig(), LevelWake(), WakeDecision(), LevelVad(), vad_lag_ms=0, early_confidence=2,
        now_ms=lambda: 0.0, gain_for=next_gain,
    )  # fmt: skip


def test_one_gain_lasts_for_the_turn_and_changes_with_the_next_word() -> None:
    """What waits for the wake word is never amplified."""
    ear = listener([2.0, 1.0])
    heard: list[list[int]] = []
    for _ in range(2):
        turn: list[int] = []
        samples = sound((SILENCE, 0.5), (WAKE, 0.56), (100, 1.0), (SILENCE, 1.5))
        begun = round(ear.heard_ms * 16)
        for start in range(0, len(samples) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
            events: list[Event] = ear.push(AudioChunk(samples[start : start + CHUNK_SAMPLES], begun + start))
            for event in events:
                if isinstance(event, WakeHeard):
                    ear.open(event.audio_ms)
            turn += [int(chunk.samples[0]) for chunk in ear.catch_up()]
        heard.append([sample for sample in turn if 0 < sample < 1_000])
    assert set(heard[0]) == {200}
    assert set(heard[1]) == {100}


@pytest.mark.parametrize("opens", [False, True])
def test_a_word_in_a_turn_changes_its_gain_only_if_it_opens_another(*, opens: bool) -> None:
    """A television's "hey Gamma" doesn't make a far person's turn faint, nor the answer to a question after it."""
    ear = listener([8.0, 1.0])
    turn: list[int] = []
    samples = sound((SILENCE, 0.5), (WAKE, 0.24), (100, 1.5), (WAKE, 0.24), (100, 1.0))
    for start in range(0, len(samples) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
        for event in ear.push(AudioChunk(samples[start : start + CHUNK_SAMPLES], start)):
            if isinstance(event, WakeHeard) and (opens or not turn):
                ear.open(event.audio_ms)
        turn += [int(chunk.samples[0]) for chunk in ear.catch_up()]
    ear.open(ear.heard_ms - 100)
    turn += [int(chunk.samples[0]) for chunk in ear.catch_up()]
    amplified = [sample for sample in turn if 0 < sample < 1_000]
    assert amplified.count(100) == (55 if opens else 0)


@pytest.mark.models
@pytest.mark.parametrize("quieter_db", [0, 30, 45])
def test_a_quiet_microphone_is_not_deaf(quieter_db: float) -> None:
    """The gate before the wake word's models hears a voice 45 dB under a normal one; without help it doesn't."""
    spoken = np.asarray(soundfile.read(CLIP, dtype="int16")[0], np.int16)
    faint = np.rint(spoken * 10 ** (-quieter_db / 20)).astype(np.int16)
    woken = {}
    for name, gate in (("helped", FaintVad(WebRtcVad(aggressiveness=3))), ("alone", WebRtcVad(aggressiveness=3))):
        detector, decision = WakeWord(gate=gate), WakeDecision()
        scores = [(detector.score(faint[i : i + 320]), i / 16) for i in range(0, len(faint) - 319, 320)]
        found = [decision.update(score, at_ms) for score, at_ms in scores if score is not None]
        woken[name] = any(isinstance(each, Heard) for each in found)
    assert woken == {"helped": True, "alone": quieter_db == 0}


def test_the_noise_of_a_room_does_not_open_the_gate() -> None:
    """At any level: a machine that nobody talks to stays idle."""
    rng = np.random.default_rng(0)
    for dbfs in (-80, -60, -45):
        gate = FaintVad(WebRtcVad(aggressiveness=3))
        noise = (rng.normal(size=16_000 * 10) * 32_768 * 10 ** (dbfs / 20)).astype(np.int16)
        opened = [gate.probability(noise[i : i + 320]) for i in range(0, len(noise), 320)]
        assert np.mean(opened[10:]) < 0.01
