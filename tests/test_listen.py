"""assistant/listen.py with the shipped wake word: no pause is needed after it, two in a second are one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile

from assistant.config import EndpointConfig, WakeConfig
from assistant.events import Event, SpeechContinued, WakeDoubted, WakeHeard
from assistant.listen import Listener
from assistant.stages import CHUNK_SAMPLES, AudioChunk, Pcm
from assistant.turn import Rules
from assistant.wake import WakeWord
from assistant.wake_decision import WakeDecision
from tests.fakes import SILENCE, SPEECH, WAKE, LevelVad, LevelWake, sound

REPLAY = Path(__file__).parent / "replay" / "wake"
ENDS_MS = {
    label["file"]: label["word_end_ms"] for label in map(json.loads, (REPLAY / "words.jsonl").read_text().splitlines())
}


@pytest.fixture(scope="module")
def word() -> WakeWord:
    return WakeWord()


def clip(name: str) -> Pcm:
    return np.asarray(soundfile.read(REPLAY / name, dtype="int16")[0], np.int16)


def word_alone(name: str) -> Pcm:
    """The clip up to where the word ends."""
    return clip(name)[: round(ENDS_MS[name] * 16)]


def trimmed(samples: Pcm) -> Pcm:
    """Without the silence before."""
    return samples[int(np.argmax(np.abs(samples) > 1000)) :]


@dataclass
class Ear:
    """A listener that opens a turn at every wake, also a doubtful one, as the assistant does."""

    detector: WakeWord | LevelWake
    wakes: list[WakeHeard | WakeDoubted] = field(default_factory=list)
    turn: list[Pcm] = field(default_factory=list)

    def hear(self, samples: Pcm) -> list[float]:
        """The places of the wakes, in ms."""
        self.detector.reset()
        settings = WakeConfig()
        decision = WakeDecision(doubt=(settings.maybe_threshold, settings.sure_threshold))
        listener = Listener(
            EndpointConfig(), self.detector, decision, LevelVad(), vad_lag_ms=0.0, early_confidence=0.9,
            now_ms=lambda: 0.0,
        )  # fmt: skip
        for chunk in chunks(samples):
            for event in listener.push(chunk):
                self._see(event, listener)
            self.turn += [heard.samples for heard in listener.catch_up()]
        return [event.audio_ms for event in self.wakes]

    def _see(self, event: Event, listener: Listener) -> None:
        if isinstance(event, WakeHeard | WakeDoubted):
            self.wakes.append(event)
            self.turn.clear()
            listener.open(event.audio_ms - Rules().wake_overlap_ms)


def chunks(samples: Pcm) -> Iterator[AudioChunk]:
    for start in range(0, len(samples) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
        yield AudioChunk(samples[start : start + CHUNK_SAMPLES], start)


@pytest.mark.parametrize("name", ["hey-gemma-joe.flac", "hey-gemma-slt.flac", "hey-gemma-mix13.flac"])
def test_a_command_that_follows_without_a_pause_is_in_the_turn_from_its_first_sample(word: WakeWord, name: str) -> None:
    """The word is heard a little late, when the command has begun: its beginning comes from the ring."""
    command = trimmed(clip("command-only-joe.flac"))
    before = word_alone(name)
    ear = Ear(word)
    (place,) = ear.hear(np.concatenate([before, command]))
    assert place == pytest.approx(ENDS_MS[name], abs=200)
    turn = np.concatenate(ear.turn)
    length = (len(before) + len(command)) // CHUNK_SAMPLES * CHUNK_SAMPLES
    assert length - len(turn) <= len(before)
    np.testing.assert_array_equal(turn, np.concatenate([before, command])[length - len(turn) : length])


@pytest.mark.parametrize("gap_s", [0.0, 0.1])
def test_two_words_within_a_second_are_one_wake(word: WakeWord, gap_s: float) -> None:
    said = trimmed(word_alone("hey-gemma-joe.flac"))
    assert len(said) < 16_000 - gap_s * 16_000
    pause, silence = np.zeros(round(gap_s * 16_000), np.int16), np.zeros(16_000, np.int16)
    assert len(Ear(word).hear(np.concatenate([silence, said, pause, said, silence]))) == 1


def test_two_words_further_apart_are_two(word: WakeWord) -> None:
    said, silence = trimmed(word_alone("hey-gemma-joe.flac")), np.zeros(24_000, np.int16)
    assert len(Ear(word).hear(np.concatenate([silence, said, silence, said, silence]))) == 2


@pytest.mark.parametrize(("apart_s", "wakes"), [(0.4, 1), (0.96, 1), (1.04, 2)])
def test_the_second_is_counted_from_one_wake_to_the_next(apart_s: float, wakes: int) -> None:
    again = sound((SILENCE, 0.8), (WAKE, 0.16), (SILENCE, apart_s - 0.16), (WAKE, 0.16), (SILENCE, 2.0))
    assert len(Ear(LevelWake()).hear(again)) == wakes


def test_every_score_is_told_and_the_latest_sound_can_be_cut_out() -> None:
    scores: list[tuple[float, float]] = []
    listener = Listener(
        EndpointConfig(), LevelWake(), WakeDecision(), LevelVad(), vad_lag_ms=0.0, early_confidence=0.9,
        now_ms=lambda: 0.0,
    )  # fmt: skip
    listener.words.on_score = lambda score, audio_ms: scores.append((score, audio_ms))
    assert len(listener.cut(0.0)) == 0
    samples = sound((SILENCE, 0.08), (WAKE, 0.08))
    for chunk in chunks(samples):
        listener.push(chunk)
    assert scores == [(0.0, 80.0), (0.95, 160.0)]
    np.testing.assert_array_equal(listener.cut(80.0), samples[1280:])
    np.testing.assert_array_equal(listener.cut(0.0), samples)


def test_who_goes_on_is_heard_behind_silence_where_we_may_have_spoken() -> None:
    """Nothing is heard twice, and the rest is heard as it was."""
    listener = Listener(
        EndpointConfig(), None, WakeDecision(), LevelVad(), vad_lag_ms=0.0, early_confidence=0.9, now_ms=lambda: 0.0
    )
    listener.open(0.0)
    said = sound((SPEECH, 1.0), (SILENCE, 0.9), (SPEECH, 1.0), (SILENCE, 1.0))
    said[26_000:27_600] = 7  # our own voice, in what would be a pause
    turn, gone_on = list[Pcm](), 0
    for chunk in chunks(said):
        listener.push(chunk)
        turn += [heard.samples for heard in listener.catch_up()]
        for event in listener.watch():
            assert isinstance(event, SpeechContinued)
            gone_on += 1
            listener.go_on(event.audio_ms)
    heard = np.concatenate(turn)
    assert gone_on == 1
    assert 2900 + 500 <= len(heard) / 16 <= 2900 + 900
    quiet = said.copy()
    quiet[26_000:27_600] = 0
    np.testing.assert_array_equal(heard, quiet[: len(heard)])


@pytest.mark.parametrize(("longest_s", "times"), [(15, 3), (2, 1)])
def test_who_goes_on_and_on_is_heard_as_long_as_a_turn_may_be(longest_s: float, times: int) -> None:
    listener = Listener(
        EndpointConfig(longest_turn_s=longest_s), None, WakeDecision(), LevelVad(), vad_lag_ms=0.0,
        early_confidence=0.9, now_ms=lambda: 0.0,
    )  # fmt: skip
    listener.open(0.0)
    gone_on = 0
    pauses = (
        (SPEECH, 1.0),
        (SILENCE, 0.7),
        (SPEECH, 0.8),
        (SILENCE, 1.1),
        (SPEECH, 0.8),
        (SILENCE, 1.2),
        (SPEECH, 0.8),
    )
    for chunk in chunks(sound(*pauses, (SILENCE, 2.0))):
        listener.push(chunk)
        for _ in listener.catch_up():
            pass
        for event in listener.watch():
            assert isinstance(event, SpeechContinued)
            gone_on += 1
            listener.go_on(event.audio_ms)
    assert gone_on == times
