"""models/hey_gemma: the shipped head on clips by held-out voices, and the recipe's labels, rooms and held-out lists."""

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from assistant.wake import HEAD_FRAMES, WakeWord, shipped_head
from assistant.wake_decision import Heard, Rejected, WakeDecision
from models import voices
from models.hey_gemma import data, evaluate, human, labels, phrases, sound
from models.hey_gemma.data import Example

REPLAY = Path(__file__).parent / "replay" / "wake"
CLIPS: list[dict[str, Any]] = [json.loads(line) for line in (REPLAY / "words.jsonl").read_text().splitlines()]
WORDS = [clip for clip in CLIPS if clip["word_end_ms"] is not None]
OTHERS = [clip for clip in CLIPS if clip["word_end_ms"] is None]


@pytest.fixture(scope="module")
def word() -> WakeWord:
    return WakeWord()


def listen(word: WakeWord, file: str) -> list[Heard | Rejected]:
    samples = np.asarray(soundfile.read(REPLAY / file, dtype="int16")[0], dtype=np.int16)
    word.reset()
    decision, decided = WakeDecision(), []
    for start in range(0, len(samples) - 319, 320):
        score = word.score(samples[start : start + 320])
        if score is not None:
            decided.append(decision.update(score, (start + 320) / 16))
    return [d for d in decided if isinstance(d, Heard | Rejected)]


class TestShippedHead:
    @pytest.mark.parametrize("clip", WORDS, ids=lambda clip: str(clip["file"]))
    def test_hears_the_word_once_and_knows_where_it_ended(self, word: WakeWord, clip: dict[str, Any]) -> None:
        heard = [d for d in listen(word, clip["file"]) if isinstance(d, Heard)]
        assert len(heard) == 1
        assert heard[0].end_ms == pytest.approx(clip["word_end_ms"], abs=200)

    @pytest.mark.parametrize("clip", OTHERS, ids=lambda clip: str(clip["file"]))
    def test_hears_no_word_where_there_is_none(self, word: WakeWord, clip: dict[str, Any]) -> None:
        assert [d for d in listen(word, clip["file"]) if isinstance(d, Heard)] == []

    def test_reset_makes_it_forget(self, word: WakeWord) -> None:
        first = listen(word, WORDS[0]["file"])
        assert listen(word, WORDS[0]["file"]) == first

    def test_is_small_and_is_the_one_that_the_readme_measured(self) -> None:
        content = shipped_head().read_bytes()
        assert len(content) < 1_000_000
        assert hashlib.sha256(content).hexdigest() in (shipped_head().parent / "README.md").read_text(encoding="utf-8")


class TestHeldOut:
    def test_no_voice_that_the_tiny_model_holds_out_is_trained_on(self) -> None:
        cast = voices.voices()
        assert any(voice.held_out for voice in cast)
        assert [voice.name for voice in cast if voice.held_out and not data.heldout_voice(voice)] == []

    def test_every_voice_that_recall_is_measured_with_is_held_out(self) -> None:
        measured = tomllib.loads(human.HELDOUT.read_text())["voices"]["measured"]
        held_out = {voice.name for voice in voices.voices() if data.heldout_voice(voice)}
        assert set(measured) <= held_out

    def test_no_near_miss_is_the_word_itself(self) -> None:
        said = {" ".join(phrase.lower().split()) for group in phrases.NEAR_MISSES.values() for phrase in group}
        assert not said & {"hey gemma", "hey, gemma", "hey jemma"}


class TestLabels:
    @pytest.fixture
    def shard(self, tmp_path: Path) -> Path:
        """15 rows of silence, a word that ends in row 22, ten rows of speech."""
        examples = [Example("word", "word", "v", end_ms=7 * 80 + 40.0, first_row=15, rows=20)]
        examples.append(Example("speech", "human", "", first_row=35, rows=10))
        records = [{f: getattr(e, f) for f in e.__slots__} for e in examples]
        np.savez(tmp_path / "train-00.npz", embeddings=np.zeros((45, 96), np.float16), examples=json.dumps(records))
        return tmp_path

    def test_the_score_may_peak_in_the_rows_after_the_end(self, shard: Path) -> None:
        _, words, _ = labels.load(shard)
        assert [word.tolist() for word in words] == [[22, 23, 24]]

    def test_low_rows_keep_away_from_the_word_and_from_the_silence_before(self, shard: Path) -> None:
        _, _, lows = labels.load(shard)
        assert lows.min() == HEAD_FRAMES - 1
        assert not set(lows) & set(range(20, 28))
        assert {16, 19, 28, 44} <= set(lows.tolist())


class TestSound:
    def test_a_room_adds_but_does_not_move(self) -> None:
        rng = np.random.default_rng(1)
        click = np.zeros(4000, dtype=np.float32)
        click[1000] = 1.0
        wet = sound.convolve(click, sound.room(rng))
        assert np.abs(wet[:999]).max() < 1e-5
        assert int(np.argmax(np.abs(wet))) == 1000

    def test_formants_move_and_the_pitch_stays(self) -> None:
        noise = np.random.default_rng(3).normal(size=16_000).astype(np.float32)
        hz = np.fft.rfftfreq(16_000, 1 / 16_000)
        vowel = np.fft.irfft(np.fft.rfft(noise) * np.exp(-(((hz - 1500) / 300) ** 2)) * (hz % 100 == 0))
        spectrum = np.abs(np.fft.rfft(sound.formants(vowel.astype(np.float32), 1.2)))
        assert (hz * spectrum**2).sum() / (spectrum**2).sum() == pytest.approx(1800, abs=100)
        assert (spectrum[hz % 100 == 0] ** 2).sum() > 0.9 * (spectrum**2).sum()
        assert np.abs(sound.formants(noise, 1.0) - noise).max() < 1e-4

    def test_noise_is_as_loud_as_asked(self) -> None:
        rng = np.random.default_rng(2)
        tone = np.sin(np.arange(32_000) / 5).astype(np.float32)
        tone[:16_000] = 0
        for _ in range(5):
            pcm = sound.record(tone, rng, sound.noise(32_000, rng), snr_db=0.0).astype(np.float64)
            speech, quiet = np.std(pcm[20_000:]), np.std(pcm[:12_000])
            assert 0.35 < quiet / speech < 1.4


class TestOneBreath:
    def test_the_word_ends_where_a_pause_begins(self) -> None:
        spoken = np.ones(32_000, dtype=np.float32)
        spoken[9600:11_200] = 0
        assert data.pause(spoken, 10_000) == 9600
        assert data.pause(spoken, 16_000) is None


class TestEvaluation:
    def test_places_are_where_the_score_rose(self) -> None:
        scores = np.array([0, 0, 0.7, 0.9, 0, 0], dtype=np.float32)
        assert evaluate.heard_at(scores, 0.5) == [240.0]
        assert evaluate.heard_at(scores, 0.8) == [320.0]
