"""assistant/waking/verifier.py: the word's phones, looked for in recorded sound; and what a listener makes of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from assistant.audio.pcm import amplified
from assistant.config import EndpointConfig, WakeConfig
from assistant.errors import ModelDamaged, ModelMissing
from assistant.events import Event, WakeHeard, WakeRejected
from assistant.listen import Listener
from assistant.llm import self_test
from assistant.places import models_dir
from assistant.stages import CHUNK_SAMPLES, AudioChunk, Pcm
from assistant.turn_gain import gain_for
from assistant.wake_decision import WakeDecision
from assistant.waking import hear
from assistant.waking.verifier import ENCODER_FILE, HEAD_FILE, LEAST, PhoneHead, WordVerifier, best_ratio
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
    assert verifier.was_said(amplified(softer, gain_for(softer)))


@pytest.mark.parametrize("name", ["hey-siri-joe", "hey-there-rms", "command-only-joe", "noise", "silence"])
def test_other_words_are_none(verifier: WordVerifier, name: str) -> None:
    assert verifier.ratio(clip(name)[: 4 * 16_000]) < LEAST - 4


def test_every_sound_is_heard_afresh(verifier: WordVerifier) -> None:
    first = verifier.ratio(clip("hey-gemma-joe"))
    verifier.ratio(clip("hey-siri-joe"))
    assert verifier.ratio(clip("hey-gemma-joe")) == first


def likely(*phones: int) -> NDArray[np.float32]:
    """One place each: this phone with 0.9, each of the other four with 0.025."""
    found = np.full((len(phones), 5), 0.025, np.float32)
    found[range(len(phones)), phones] = 0.9
    return np.log(found)


def test_what_was_said_is_as_likely_as_anything() -> None:
    assert best_ratio(likely(4, 1, 1, 2, 0, 3, 4), [1, 2, 3]) == 0.0


def test_each_phone_that_is_missing_costs_as_much_as_it_is_less_likely() -> None:
    once = np.log(0.9 / 0.025)
    assert best_ratio(likely(1, 4, 3), [1, 2, 3]) == pytest.approx(-once)
    assert best_ratio(likely(1, 4, 4), [1, 2, 3]) == pytest.approx(-2 * once)


def test_between_two_of_the_same_phone_there_is_a_blank() -> None:
    assert best_ratio(likely(1, 0, 1), [1, 1]) == 0.0
    assert best_ratio(likely(1, 1, 1), [1, 1]) < -1


def test_a_sound_too_short_for_the_word_has_none_of_it() -> None:
    assert best_ratio(likely(1, 2), [1, 2, 3]) == -np.inf


class Stubborn:
    """Says the same of every sound, and keeps them."""

    phrase, sound_ms = "hey gemma", 500.0

    def __init__(self, *, said: bool) -> None:
        self.said = said
        self.asked: list[Pcm] = []

    def was_said(self, samples: Pcm) -> bool:
        self.asked.append(samples)
        return self.said


def heard(stubborn: Stubborn, word: str = "hey gemma") -> list[Event]:
    """What a listener tells of a second of silence and the word."""
    wake = LevelWake()
    wake.word = word
    ear = Listener(
        EndpointConfig(), wake, WakeDecision(), LevelVad(), vad_lag_ms=0.0, early_confidence=2.0,
        now_ms=lambda: 0.0, verifier=stubborn,
    )  # fmt: skip
    samples = sound((SILENCE, 1.0), (WAKE, 0.4))
    return [
        event
        for start in range(0, len(samples), CHUNK_SAMPLES)
        for event in ear.push(AudioChunk(samples[start : start + CHUNK_SAMPLES], start))
    ]


def test_a_word_that_was_said_wakes() -> None:
    stubborn = Stubborn(said=True)
    assert [type(event) for event in heard(stubborn)] == [WakeHeard]
    assert [len(samples) for samples in stubborn.asked] == [500 * 16]


def test_one_that_was_not_said_is_told_and_wakes_nobody() -> None:
    events = heard(Stubborn(said=False))
    assert [(type(event), getattr(event, "reason", "")) for event in events] == [(WakeRejected, "not_said")]


def test_it_is_not_asked_about_other_words() -> None:
    stubborn = Stubborn(said=False)
    assert [type(event) for event in heard(stubborn, word="hey computer")] == [WakeHeard]
    assert stubborn.asked == []


def test_a_head_that_is_not_there_or_damaged_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        PhoneHead(tmp_path / "phones.npz")
    whole = (models_dir() / HEAD_FILE).read_bytes()
    for content in (b"", b"no zip", whole[: len(whole) // 2]):
        (tmp_path / "phones.npz").write_bytes(content)
        with pytest.raises(ModelDamaged):
            PhoneHead(tmp_path / "phones.npz")


@pytest.mark.parametrize(
    "changed",
    [
        {"bias": np.zeros(7, np.float32)}, {"out_bias": np.zeros(7, np.float32)}, {"kernel": np.zeros(7, np.float32)},
        {"out": np.full((128, 132), np.nan, np.float32)}, {"about": np.array('{"phones": ["a"], "word": ["a"]}')},
        {"about": np.array('{"phones": [], "word": []}')}, {"about": np.array("no JSON")},
    ],
)  # fmt: skip
def test_a_head_that_does_not_fit_itself_is_told(tmp_path: Path, changed: dict[str, NDArray[np.float32]]) -> None:
    """When it is loaded, not when somebody says the word."""
    with np.load(models_dir() / HEAD_FILE) as file:
        np.savez(tmp_path / "phones.npz", **{**file, **changed})
    with pytest.raises(ModelDamaged):
        PhoneHead(tmp_path / "phones.npz")


def test_one_for_another_encoder_is_told(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "hey_gemma").mkdir()
    shutil.copy(models_dir() / ENCODER_FILE, tmp_path / ENCODER_FILE)
    with np.load(models_dir() / HEAD_FILE) as file:
        arrays = dict(file)
    arrays["kernel"] = arrays["kernel"][:, :64]
    np.savez(tmp_path / HEAD_FILE, **arrays)
    with pytest.raises(ModelDamaged, match="doesn't fit"):
        WordVerifier(tmp_path)


def test_it_is_left_out_where_it_is_not_wanted_or_can_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hear.verifier(WakeConfig(verify=False)) is None
    assert hear.verifier(WakeConfig(words=("hey computer",))) is None
    monkeypatch.setattr(self_test, "works", lambda _: "another library")
    assert hear.verifier(WakeConfig()) is None
