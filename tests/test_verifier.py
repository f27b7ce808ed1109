"""assistant/waking/verifier.py: the word in recorded sound, the head's arithmetic, and what a listener makes of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from assistant.audio.pcm import amplified
from assistant.config import EndpointConfig, WakeConfig
from assistant.errors import ModelDamaged, ModelMissing
from assistant.events import Event, WakeDoubted, WakeHeard, WakeRejected
from assistant.listen import Listener
from assistant.llm import self_test
from assistant.places import models_dir
from assistant.stages import CHUNK_SAMPLES, AudioChunk, Pcm
from assistant.turn_gain import gain_for
from assistant.wake_decision import Doubted, WakeDecision
from assistant.waking import hear
from assistant.waking.verifier import ENCODER_FILE, HEAD_FILE, WordHead, WordVerifier, score_log_odds
from tests.fakes import SILENCE, WAKE, LevelVad, LevelWake, sound

REPLAY = Path(__file__).parent / "replay" / "wake"


@pytest.fixture(scope="module")
def verifier() -> Iterator[WordVerifier]:
    found = WordVerifier()
    yield found
    found.close()


def clip(name: str) -> Pcm:
    return np.asarray(soundfile.read(REPLAY / f"{name}.flac", dtype="int16")[0], np.int16)


@pytest.mark.parametrize("name", ["hey-gemma-joe", "hey-gemma-slt", "hey-gemma-mix13", "hey-gemma-command-rms"])
@pytest.mark.parametrize("gain_db", [0, -30])
def test_the_word_is_found(verifier: WordVerifier, name: str, gain_db: float) -> None:
    """However softly: a faint turn is amplified."""
    softer = (clip(name) * 10 ** (gain_db / 20)).astype(np.int16)
    assert verifier.likely(amplified(softer, gain_for(softer)), 0.8) >= verifier.enough


@pytest.mark.parametrize("name", ["hey-siri-joe", "hey-there-rms", "command-only-joe", "noise", "silence"])
def test_other_words_are_none(verifier: WordVerifier, name: str) -> None:
    assert verifier.likely(clip(name)[: 4 * 16_000], 0.8) < verifier.enough


def test_every_sound_is_heard_afresh(verifier: WordVerifier) -> None:
    first = verifier.log_odds(clip("hey-gemma-joe"))
    verifier.log_odds(clip("hey-siri-joe"))
    assert verifier.log_odds(clip("hey-gemma-joe")) == first


def made(path: Path, **changed: NDArray[np.float32]) -> WordHead:
    """A head of one number a row: the one in the middle less the one before; it scores that less 4."""
    kernel = np.array([[[-1.0]], [[1.0]], [[0.0]]], np.float32)
    about = np.array('{"depth": 3, "layers": 1, "least": 0.5}')
    arrays: dict[str, Any] = {
        "kernel0": kernel,
        "bias0": np.zeros(1),
        "out": np.ones(1),
        "out_bias": np.array(-4.0),
        "about": about,
    }
    np.savez(path, **{**arrays, **changed})
    return WordHead(path)


def test_the_place_where_the_word_is_counts(tmp_path: Path) -> None:
    """Beyond the ends is nothing; GELU leaves large numbers and stops those below nothing."""
    head = made(tmp_path / "head.npz")
    assert head.width == 1
    assert head.log_odds(np.array([[0], [0], [10], [0]], np.float32)) == pytest.approx(6, abs=0.02)
    assert head.log_odds(np.array([[10]], np.float32)) == pytest.approx(6, abs=0.02)
    assert head.log_odds(np.zeros((1, 1), np.float32)) == pytest.approx(-4)


def test_two_places_are_likelier_than_one(tmp_path: Path) -> None:
    head = made(tmp_path / "head.npz")
    once, twice = (head.log_odds(np.array(rows, np.float32)[:, None]) for rows in ([10, 0, 0], [10, 0, 10]))
    assert twice - once == pytest.approx(np.log(2), abs=0.02)


def test_what_the_wake_word_thinks_counts_as_much(monkeypatch: pytest.MonkeyPatch, verifier: WordVerifier) -> None:
    """And no more than e to the 7th, however sure it is."""
    assert score_log_odds(0.5) == 0
    assert score_log_odds(0.9) == pytest.approx(np.log(9)) == pytest.approx(-score_log_odds(0.1))
    assert score_log_odds(1.0) == pytest.approx(-score_log_odds(0.0)) == pytest.approx(np.log(999))
    monkeypatch.setattr(verifier, "log_odds", lambda _: verifier._head.least - 1)
    likely = [verifier.likely(clip("noise"), score) for score in (0.5, 0.7, 0.75)]
    assert [value >= verifier.enough for value in likely] == [False, False, True]


class Stubborn:
    """Is as certain of every sound, and keeps them."""

    phrase, sound_ms, enough, sure = "hey gemma", 500.0, 0.6, 0.95

    def __init__(self, likely: float) -> None:
        self._likely = likely
        self.asked: list[Pcm] = []

    def likely(self, samples: Pcm, score: float) -> float:
        self.asked.append(samples)
        return self._likely


def heard(stubborn: Stubborn, word: str = "hey gemma") -> list[Event]:
    """What a listener tells of a second of silence and the word."""
    wake = LevelWake()
    wake.word = word
    decision = WakeDecision(witnessed=(stubborn.enough, stubborn.sure))
    ear = Listener(
        EndpointConfig(), wake, decision, LevelVad(), vad_lag_ms=0.0, early_confidence=2.0,
        now_ms=lambda: 0.0, verifier=stubborn,
    )  # fmt: skip
    samples = sound((SILENCE, 1.0), (WAKE, 0.4), (SILENCE, 0.3))
    return [
        event
        for start in range(0, len(samples), CHUNK_SAMPLES)
        for event in ear.push(AudioChunk(samples[start : start + CHUNK_SAMPLES], start))
    ]


def test_a_word_that_was_said_wakes() -> None:
    stubborn = Stubborn(0.7)
    assert [type(event) for event in heard(stubborn)] == [WakeHeard]
    assert [len(samples) for samples in stubborn.asked] == [500 * 16]


def test_one_that_was_not_said_is_told_and_wakes_nobody() -> None:
    events = heard(Stubborn(0.5))
    assert [(type(event), getattr(event, "reason", "")) for event in events] == [(WakeRejected, "not_said")]


class Rising:
    """A word whose score is there bit by bit; a chunk is a score."""

    word = "hey gemma"

    def __init__(self, *scores: float) -> None:
        self._scores = [*scores]

    def score(self, samples: Pcm) -> float | None:
        return self._scores.pop(0) if self._scores else 0.0

    def reset(self) -> None:
        pass


@pytest.mark.parametrize(
    ("likely", "told"),
    [
        (0.95, [None, WakeHeard, None, None, None]),  # sooner, and without a second opinion
        (0.94, [None, None, None, WakeDoubted, None]),
        (0.5, [None, None, None, WakeRejected, None]),
    ],
)
def test_what_it_is_sure_of_is_heard_at_once(likely: float, told: list[type[Event] | None]) -> None:
    """A doubtful word waits for its score to fall, unless the second ear is sure of it."""
    witnessed = (Stubborn.enough, Stubborn.sure)
    doubting = WakeDecision(doubt=(0.5, 0.95), maybe_of={"hey gemma": 0.1}, witnessed=witnessed)
    ear = Listener(
        EndpointConfig(), Rising(0.05, 0.2, 0.6, 0.4, 0.05), doubting, LevelVad(), vad_lag_ms=0.0,
        early_confidence=2.0, now_ms=lambda: 0.0, verifier=Stubborn(likely),
    )  # fmt: skip
    silence = np.zeros(CHUNK_SAMPLES, np.int16)
    heard = [ear.push(AudioChunk(silence, n * CHUNK_SAMPLES)) for n in range(len(told))]
    assert [type(events[0]) if events else None for events in heard] == told


def test_it_is_not_asked_about_other_words() -> None:
    stubborn = Stubborn(0.5)
    assert [type(event) for event in heard(stubborn, word="hey computer")] == [WakeHeard]
    assert stubborn.asked == []


def test_a_head_that_is_not_there_or_damaged_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        WordHead(tmp_path / "head.npz")
    whole = (models_dir() / HEAD_FILE).read_bytes()
    for content in (b"", b"no zip", whole[: len(whole) // 2]):
        (tmp_path / "head.npz").write_bytes(content)
        with pytest.raises(ModelDamaged):
            WordHead(tmp_path / "head.npz")


@pytest.mark.parametrize(
    "changed",
    [
        {"bias0": np.zeros(7, np.float32)}, {"out": np.zeros(7, np.float32)}, {"kernel0": np.zeros(7, np.float32)},
        {"out": np.full(1, np.nan, np.float32)}, {"about": np.array('{"layers": 2, "least": 0}')},
        {"about": np.array('{"layers": 0, "least": 0}')}, {"about": np.array('{"layers": 1, "least": NaN}')},
        {"about": np.array('{"layers": 1}')}, {"about": np.array("no JSON")},
    ],
)  # fmt: skip
def test_a_head_that_does_not_fit_itself_is_told(tmp_path: Path, changed: dict[str, NDArray[np.float32]]) -> None:
    """When it is loaded, not when somebody says the word."""
    with pytest.raises(ModelDamaged):
        made(tmp_path / "head.npz", **changed)


def test_one_for_another_encoder_is_told(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "hey_gemma").mkdir()
    shutil.copy(models_dir() / ENCODER_FILE, tmp_path / ENCODER_FILE)
    with np.load(models_dir() / HEAD_FILE) as file:
        arrays = dict(file)
    arrays["kernel0"] = arrays["kernel0"][:, :64]
    np.savez(tmp_path / HEAD_FILE, **arrays)
    with pytest.raises(ModelDamaged, match="doesn't fit"):
        WordVerifier(tmp_path)


def test_it_is_left_out_where_it_is_not_wanted_or_can_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hear.verifier(WakeConfig(verify=False)) is None
    assert hear.verifier(WakeConfig(words=("hey computer",))) is None
    monkeypatch.setattr(self_test, "works", lambda _: "another library")
    assert hear.verifier(WakeConfig()) is None


def test_only_what_it_listens_to_may_be_as_doubtful_as_its_threshold() -> None:
    """Without it, and for other words, the usual threshold counts."""
    scores = [0.05, 0.2, 0.3, 0.2, 0.05]

    def doubted(second: Stubborn | None, word: str) -> bool:
        decision = hear.decision(WakeConfig(), second)
        return any(isinstance(decision.update(s, n * 80.0, word), Doubted) for n, s in enumerate(scores, 1))

    assert doubted(Stubborn(0.7), "hey gemma")
    assert not doubted(Stubborn(0.7), "hey computer")
    assert not doubted(None, "hey gemma")
