"""models/hey_gemma, the second recipe: what is held out, the plan, recording, bounds, decisions, the picture."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from assistant.config import WakeConfig
from assistant.waking import bounds
from models import voices
from models.hey_gemma import (
    channel,
    corpus,
    debounce,
    det,
    human,
    make,
    manner,
    measure,
    measured_takes,
    opinion,
    opinion_set,
    phrases,
    takes,
)
from models.hey_gemma.channel import Condition
from models.hey_gemma.data import Example
from models.hey_gemma.measure import Clip

RULES = tomllib.loads(human.HELDOUT.read_text())
ACTORS = Path("/usr/share/games/fillets-ng/sound/airplane")


def plain(phrase: str) -> str:
    return " ".join(phrase.lower().replace(",", " ").replace(".", " ").split())


class TestHeldOut:
    def test_what_the_first_step_froze_is_still_frozen(self) -> None:
        assert RULES["voices"]["names"] == [f"kokoro:mix{n:02d}" for n in (5, 13, 21, 29, 37, 45)]
        assert RULES["voices"]["espeak_accents"] == ["en-029"]
        assert RULES["human"]["english_percent"] == 40
        assert sum(RULES["voices"]["measured"].values()) == 172

    @pytest.mark.parametrize("validation", [False, True])
    def test_no_held_out_voice_is_in_a_training_cast(self, validation: bool) -> None:
        cast = [voice for some in takes.training_voices(validation=validation).values() for voice in some]
        assert cast
        assert not {voice.name for voice in cast} & set(RULES["second"]["measured"])
        assert [voice.name for voice in cast if voice.held_out or voice.accent in {"it", "hi", "en-029"}] == []

    def test_training_and_validation_share_no_voice(self) -> None:
        sides = [
            {voice.name for some in takes.training_voices(validation=side).values() for voice in some}
            for side in (False, True)
        ]
        assert not sides[0] & sides[1]

    def test_every_measured_voice_is_held_out(self) -> None:
        assert set(RULES["second"]["measured"]) <= set(measured_takes.cast())

    def test_no_blend_contains_a_held_out_speaker(self) -> None:
        held_out = {name.removeprefix("speaker:") for name in RULES["second"]["names"] if name.startswith("speaker:")}
        assert held_out == voices.UNBLENDED

    def test_people_are_split_by_speaker(self) -> None:
        patterns = RULES["second"]["human_paths"]
        assert human._matches(ACTORS / "nl" / "let-v-oko.ogg", patterns)
        assert human._matches(ACTORS / "cs" / "let-m-oko.ogg", patterns)
        assert not human._matches(ACTORS / "cs" / "let-v-oko.ogg", patterns)

    def test_a_line_is_on_one_side(self) -> None:
        lines = [f"this is line number {n} of many" for n in range(500)]
        assert 60 < sum(corpus.of_heldout(line) for line in lines) < 140
        assert not corpus.usable("and then Gemma said that it was late")
        assert not corpus.usable("Hey German, what is the time where you are")


class TestPhrases:
    def test_there_are_many_near_misses_and_those_kept_out_are_in_no_shard(self) -> None:
        trained = {plain(phrase) for phrase in phrases.trained_near_misses()}
        kept_out = {plain(phrase) for phrase in RULES["second"]["phrases"]}
        assert len(trained) >= 60
        assert len(kept_out) == 29
        assert not trained & kept_out

    def test_the_word_is_no_near_miss(self) -> None:
        said = phrases.trained_near_misses() | set(RULES["second"]["phrases"])
        assert not {plain(phrase) for phrase in said} & {"hey gemma", "hey jemma", "hey jemmer"}

    def test_the_issue_asked_for_these(self) -> None:
        trained = {plain(phrase) for phrase in phrases.trained_near_misses()}
        assert {"hey jenna", "hey emma", "hey gamma", "hey german", "say gemma", "hey gemini"} <= trained

    def test_a_near_miss_comes_with_its_group(self) -> None:
        rng = np.random.default_rng(5)
        drawn = [phrases.other_near_miss(rng) for _ in range(400)]
        assert {"hard", "gemma in talk", "hey + rhyme"} <= {group for group, _ in drawn}


class TestWhoSpeaks:
    @pytest.mark.parametrize(
        ("path", "speaker", "language"),
        [
            ("/usr/share/asterisk/sounds/it_IT_m_Carlo/digits/1.wav", "it_IT_m_Carlo", "it"),
            ("/usr/share/games/hedgewars/Data/Sounds/voices/Default_uk/a.ogg", "voices Default_uk", "uk"),
            ("/usr/share/games/hedgewars/Data/Sounds/voices/Surfer/a.ogg", "voices Surfer", "en"),
            ("/usr/share/klettres/ml/alpha/a.ogg", "klettres ml", "ml"),
            ("/usr/share/ktuberling/sounds/sr@latin/a.ogg", "ktuberling sr@latin", "sr"),
            ("/usr/share/games/fillets-ng/sound/airplane/cs/let-m-oko.ogg", "fillets cs m", "cs"),
        ],
    )
    def test_the_path_tells(self, path: str, speaker: str, language: str) -> None:
        assert human.speaker(Path(path)) == speaker
        assert human.language(Path(path)) == language


class TestPlan:
    def test_it_has_ten_thousand_words_and_ten_hours_of_speech(self) -> None:
        shards = make.plan()
        assert sum(shard.clips for shard in shards if shard.family == "train-words") >= 10_000
        assert sum(shard.family == "train-speech" for shard in shards) * takes.SPEECH_S >= 10 * 3600
        assert sum(shard.family == "dialogue" for shard in shards) * 2 * measured_takes.DIALOGUE_S >= 10 * 3600

    def test_files_are_distinct_and_only_training_is_called_train(self) -> None:
        files = [shard.file for shard in make.plan()]
        assert len(set(files)) == len(files)
        assert {file.split("-")[0] for file in files} == {"train", "validation", "measured", "dialogue"}

    def test_a_stopped_run_is_balanced(self) -> None:
        trained = [shard.family for shard in make.plan() if shard.family.startswith("train")][:50]
        assert len(set(trained)) == 5

    def test_it_is_affordable(self) -> None:
        assert sum(shard.cpu_s for shard in make.plan()) < 5 * 3600


class TestRecording:
    def test_a_far_room_is_louder_than_the_voice_and_keeps_its_place(self) -> None:
        rng = np.random.default_rng(1)
        for _ in range(5):
            far, near = channel.far_room(3.0, rng), channel.far_room(0.5, rng)
            assert far[0] == near[0] == 1
            assert np.sum(far[1:] ** 2) > 2 > np.sum(near[1:] ** 2) / 2

    @pytest.mark.parametrize("codec", ["telephone", "gsm", "vorbis", "opus"])
    def test_a_codec_moves_nothing(self, codec: channel.Codec) -> None:
        rng = np.random.default_rng(2)
        steps = np.repeat(rng.normal(size=2000), 8) * np.hanning(16_000) * 0.2
        heard = channel.through(steps.astype(np.float32), codec)
        assert len(heard) == 16_000
        likeness = [np.dot(steps[400:-400], np.roll(heard, -lag)[400:-400]) for lag in range(-160, 161)]
        assert abs(int(np.argmax(likeness)) - 160) <= 80  # 5 ms

    def test_noise_is_as_loud_as_asked(self) -> None:
        rng = np.random.default_rng(3)
        tone = np.sin(np.arange(32_000) / 5).astype(np.float32)
        tone[:16_000] = 0
        noise = channel.background("pink", 32_000, rng, tone)
        pcm = channel.recorded(tone, noise, Condition("pink", 5.0), rng).astype(np.float64)
        speech, quiet = np.mean(pcm[18_000:] ** 2), np.mean(pcm[:14_000] ** 2)
        assert 10 * np.log10((speech - quiet) / quiet) == pytest.approx(5, abs=1.5)

    def test_conditions_have_names_for_tables(self) -> None:
        assert Condition().name == "clean"
        assert Condition("pink", 10.0, 3.0).name == "3 m, 10 dB pink"
        assert len({condition.name for condition in channel.TESTED}) == len(channel.TESTED) == 15

    def test_pitch_is_measured(self) -> None:
        buzz = np.zeros(16_000, dtype=np.float32)
        buzz[::80] = 1
        assert manner.pitch_hz(buzz) == pytest.approx(200, abs=2)
        assert manner.pitch_hz(np.zeros(16_000, dtype=np.float32)) == 0


class TestBounds:
    @pytest.mark.parametrize(("count", "low", "high"), [(0, 0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.39)])
    def test_poisson_bounds_are_the_textbook_s(self, count: int, low: float, high: float) -> None:
        found = bounds.least_events(count, measure.TAIL), bounds.most_events(count, measure.TAIL)
        assert found == pytest.approx((low, high), abs=0.01)

    @pytest.mark.parametrize(
        ("hits", "of", "low", "high"), [(0, 10, 0, 0.3085), (9, 10, 0.5550, 0.9975), (10, 10, 0.6915, 1)]
    )
    def test_binomial_bounds_are_the_textbook_s(self, hits: int, of: int, low: float, high: float) -> None:
        found = bounds.least_share(hits, of, measure.TAIL), bounds.most_share(hits, of, measure.TAIL)
        assert found == pytest.approx((low, high), abs=0.001)


class TestMeasuring:
    def clip(self, *scores: float, end_ms: float | None = None, group: str = "word", voice: str = "piper:joe") -> Clip:
        example = Example("word", group, voice, end_ms, heard="clean", phrase="hey")
        return Clip(example, np.array(scores, dtype=np.float32))

    def test_a_word_counts_when_it_is_heard_about_its_end(self) -> None:
        assert self.clip(0, 0, 0.9, 0, end_ms=200).lag_ms(0.8) == pytest.approx(40)
        assert self.clip(0.9, 0, 0, 0, end_ms=1000).lag_ms(0.8) is None
        assert self.clip(0, 0.7, 0, end_ms=100).lag_ms(0.8) is None

    def test_false_wakes_have_a_rate_and_bounds(self) -> None:
        hour = self.clip(*([0.0] * 44_999), 0.9)
        assert measure.rate([hour], 0.8) == ("1.00", "1", "1.00", "0.03-5.57")

    def test_the_speaker_heard_in_training_is_not_counted_as_unseen(self) -> None:
        clips = [self.clip(0.0, group="human en", voice="en_US_f_Allison"), self.clip(0.0, group="human it")]
        written = measure.false_wakes(clips, 0.8)
        assert "human en (speaker heard in training)" in written
        assert written.count("human, all unseen speakers | 0.00 | 0") == 1

    def test_near_misses_are_named(self) -> None:
        written = measure.near([self.clip(0.9, group="phrase kept out"), self.clip(0.1, group="phrase kept out")], 0.8)
        assert "50.0 %" in written
        assert "| hey | phrase kept out | 1/2 |" in written

    def test_a_higher_threshold_misses_more_and_wakes_less(self) -> None:
        words = [self.clip(0, score, end_ms=100) for score in (0.3, 0.6, 0.9, 0.99)]
        silent = [self.clip(score, 0) for score in (0.3, 0.7, 0.96)]
        points = measure.curve(words, silent)
        assert points == sorted(points, key=lambda point: (-point[0], point[1]))

    def test_the_picture_shows_every_curve(self) -> None:
        picture = det.picture({"hey gemma, clean": [(10, 0.01), (0.0, 0.2)], "hey jarvis, clean": [(5, 0.1)]})
        assert picture.startswith("<svg")
        assert picture.count("stroke-width") == 2
        assert "hey jarvis, clean" in picture

    def test_without_shards_it_says_what_is_missing(self, tmp_path: Path) -> None:
        written = measure.report(tmp_path, human.HELDOUT.parent / "hey_gemma.onnx", 0.8, None, tmp_path / "det.svg")
        assert "Not made yet: words, jarvis" in written
        assert "No real person's" in written


class TestDebounce:
    @pytest.mark.parametrize(
        ("way", "scores"),
        [
            ("one", [0.9, 0.2, 0.8, 0.7]),
            ("two in a row", [0.0, 0.2, 0.2, 0.7]),
            ("two of three", [0.0, 0.2, 0.8, 0.7]),
            ("mean of two", [0.45, 0.55, 0.5, 0.75]),
            ("mean of three", [0.3, 1.1 / 3, 1.9 / 3, 1.7 / 3]),
        ],
    )
    def test_each_way_is_a_score_of_its_own(self, way: str, scores: list[float]) -> None:
        given = np.array([0.9, 0.2, 0.8, 0.7], dtype=np.float32)
        assert debounce.over_time(given, way).tolist() == pytest.approx(scores, abs=1e-6)


class TestOpinion:
    def test_what_is_sure_is_not_asked_about(self) -> None:
        wake = WakeConfig(maybe_threshold=0.5, sure_threshold=0.95)
        assert opinion.decided([0.1, 0.97, 0.1], wake) == (1, 0)
        assert opinion.decided([0.1, 0.7, 0.1], wake) == (0, 1)
        assert opinion.decided([0.1, 0.7, 0.1], WakeConfig(second_opinion=False)) == (0, 0)

    def test_the_clips_are_the_same_each_time_by_held_out_voices(self) -> None:
        clips = list(opinion_set.plan(10))
        assert clips == list(opinion_set.plan(10))
        assert len(clips) == opinion_set.WORDS + opinion_set.NEAR + 10
        assert set(opinion_set.VOICES) <= set(measured_takes.cast())
        assert {clip.kind for clip in clips} == {"word", "near", "near + command", "near + talk", "talk"}
