"""assistant/waking: a wake word of one's own, from the phrase to a head that hears it."""

import json
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import ModelMissing, UsageError
from assistant.wake import Head, WakeWord, shipped_head
from assistant.waking import head_file, network, own_words, train
from assistant.waking.own_words import Recipe
from assistant.waking.studio import Studio, cast, recorded
from assistant.waking.train import HELD_OUT, TRAINING, VALIDATION, Training, side_of

TINY = Recipe("tiny", voices=5, words=3, near=2, speech_s=1, steps=40)


def letters(text: str) -> str:
    """Phonemes, as a test spells them."""
    return text


class TestPhrase:
    def test_it_is_written_plainly(self) -> None:
        assert own_words.checked("  Hey   Computer ") == "hey computer"
        assert own_words.file_name("hey computer") == "hey_computer.onnx"

    @pytest.mark.parametrize("phrase", ["", "hey", "héy cömputer", "hey computer 2", "x" * 60, "../../etc"])
    def test_what_can_be_none_is_refused(self, phrase: str) -> None:
        with pytest.raises(UsageError):
            own_words.checked(phrase)

    def test_near_misses_are_found_nearest_first_and_none_is_the_phrase(self) -> None:
        near = own_words.near_misses("hey water", letters)
        assert len(near) == len(set(near)) >= 30
        assert "hey water" not in near
        assert {"hey weather", "they water", "okay water", "water"} <= set(near)
        assert near.index("hey weather") < near.index("my water doesn't work")

    def test_a_word_that_sounds_the_same_is_no_near_miss(self) -> None:
        said = own_words.near_misses("hey son", lambda text: text.replace("sun", "son"))
        assert "hey sun" not in said

    def test_other_speech_never_ends(self) -> None:
        lines = own_words.sentences(np.random.default_rng(0))
        said = [next(lines) for _ in range(200)]
        assert len(set(said)) > 190


class TestHeads:
    def test_the_shipped_word_one_of_ones_own_and_a_path(self, tmp_path: Path) -> None:
        own, elsewhere = tmp_path / "hey_computer.onnx", tmp_path / "else.onnx"
        own.touch()
        elsewhere.touch()
        found = own_words.heads(
            ["Hey Gemma", "hey computer", str(elsewhere)], shipped_head(), [tmp_path / "no", tmp_path]
        )
        assert found == [shipped_head(), own, elsewhere]

    def test_an_unknown_word_says_how_to_get_it(self, tmp_path: Path) -> None:
        with pytest.raises(ModelMissing) as caught:
            own_words.heads(["hey nobody"], shipped_head(), [tmp_path])
        assert caught.value.remedy == 'hey-gemma wake train "hey nobody"'


class TestNetwork:
    def test_it_learns_what_stands_out_and_gives_the_same_head_again(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        stream = rng.normal(size=(4000, 96)).astype(np.float32)
        places = np.arange(30, 4000, 40)
        stream[places] += 4 * np.sin(np.arange(96))
        lows = np.setdiff1d(np.arange(15, 4000), places)
        data = network.Samples(stream, np.repeat(places[:, None], network.PEAK_ROWS, axis=1), lows)
        layers = network.fit(data, steps=120, seed=1)
        head_file.write(tmp_path / "head.onnx", [layers], {"phrase": "x"})
        scores = Head(tmp_path / "head.onnx").scores(stream)
        assert np.mean(scores[places - 15] > 0.5) > 0.95
        assert np.mean(scores[lows - 15] > 0.5) < 0.05
        again = network.fit(data, steps=120, seed=1)
        assert all(
            np.array_equal(a, b) for one, two in zip(layers, again, strict=True) for a, b in zip(one, two, strict=True)
        )

    def test_its_gradients_are_those_of_its_loss(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(network, "LOWS", 6)
        monkeypatch.setattr(network, "WORDS", 3)
        monkeypatch.setattr(network, "KEEP", 1.1)  # every unit stays
        rng = np.random.default_rng(2)
        weights = [rng.normal(size=shape) for shape in ((5, 4), (4,), (4, 3), (3,), (3, 1), (1,))]
        x = rng.normal(size=(6 + 3 * network.PEAK_ROWS, 5))

        def loss() -> float:
            h = np.maximum(x @ weights[0] + weights[1], 0) / 1.1
            h = np.maximum(h @ weights[2] + weights[3], 0) / 1.1
            logits = (h @ weights[4] + weights[5])[:, 0]
            best = logits[6:].reshape(3, -1).max(axis=1)
            return float(np.log1p(np.exp(logits[:6])).mean() + np.log1p(np.exp(-best)).mean())

        gradients = network._gradients(weights, x, rng)  # type: ignore[arg-type]
        for weight, gradient in zip(weights, gradients, strict=True):
            place = (0,) * weight.ndim
            weight[place] += 1e-5
            high = loss()
            weight[place] -= 2e-5
            low = loss()
            weight[place] += 1e-5
            assert gradient[place] == pytest.approx((high - low) / 2e-5, rel=1e-3, abs=1e-5)


class TestStudio:
    def test_voices_differ_and_the_same_seed_gives_the_same(self) -> None:
        some = cast(40, np.random.default_rng(1), piper=True)
        assert len({speaker.name for speaker in some}) == 40
        assert some == cast(40, np.random.default_rng(1), piper=True)
        assert sum(speaker.voice == "piper" for speaker in some) == 10
        assert all(speaker.voice != "piper" for speaker in cast(40, np.random.default_rng(1), piper=False))

    def test_they_speak_and_are_recorded_at_any_level(self) -> None:
        studio, rng = Studio([]), np.random.default_rng(3)
        said = [studio.say(speaker, "hey computer", rng) for speaker in cast(6, rng, piper=False)]
        assert all(sound is not None and 4000 < len(sound) < 40_000 for sound in said)
        for sound in said:
            assert sound is not None
            heard = recorded(sound, rng)
            assert len(heard) == len(sound)
            assert np.isfinite(heard).all()
            assert 0.001 < np.abs(heard).max() < 2

    def test_how_a_phrase_sounds_is_asked_of_espeak(self) -> None:
        assert own_words.unlike(*map(Studio([]).phonemes, ("son", "sun"))) == 0
        assert 0 < own_words.unlike(*map(Studio([]).phonemes, ("gemma", "emma"))) < 0.5


@pytest.mark.slow
class TestTraining:
    def test_each_side_has_voices(self) -> None:
        sides = [side_of(n) for n in range(20)]
        assert (sides.count(TRAINING), sides.count(VALIDATION), sides.count(HELD_OUT)) == (12, 4, 4)

    def test_from_a_phrase_to_a_head_with_its_report_and_again_without_speaking(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out, told = tmp_path / "wake" / "hey_computer.onnx", []
        training = Training("hey computer", TINY, tmp_path / "work", [])
        assert training.left() == 5
        assert training.estimate_s() > 0
        assert training.left() == 3
        report = training.run(out, lambda *said: told.append(said))
        assert told[-1] == ("networks", 3, 3)
        assert report.clean[1] + report.noisy[1] == 3
        assert report.near[1] == 2
        assert "95 %" in "\n".join(report.lines())
        assert json.loads(out.with_suffix(".json").read_text())["phrase"] == "hey computer"
        assert Head(out).phrase == "hey computer"
        before = out.read_bytes()
        monkeypatch.setattr(Studio, "say", lambda *_: pytest.fail("it spoke again"))
        again = Training("hey computer", TINY, tmp_path / "work", [])
        assert again.left() == 0
        again.run(out, lambda *_: None)
        assert out.read_bytes() == before
        assert WakeWord([shipped_head(), out]).score(np.zeros(320, np.int16)) is None

    def test_the_training_hears_no_held_out_phrase(self, tmp_path: Path) -> None:
        training = Training("hey computer", TINY, tmp_path, [])
        for n in range(5):
            training._make(n)
        said = {HELD_OUT: set(), "else": set()}  # type: dict[str, set[str]]
        for n in range(5):
            shard = training._read(n)
            said[HELD_OUT if shard.side == HELD_OUT else "else"] |= {c.said for c in shard.clips if c.kind == "near"}
        assert said[HELD_OUT]
        assert not said[HELD_OUT] & said["else"]

    def test_moving_a_threshold_keeps_what_it_decides(self) -> None:
        layers = [(np.ones((16, 96, 1), np.float32), np.zeros(1, np.float32))]
        ((_, bias),) = train.together([layers], 0.5)[0]
        assert 1 / (1 + np.exp(-bias[0])) == pytest.approx(0.8)
