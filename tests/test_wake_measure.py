"""assistant/waking: recall and false wakes with their bounds, the meter."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
from rich.console import Console

from assistant.audio.clock import AudioClock
from assistant.config import WakeConfig
from assistant.errors import AudioFileError, UsageError
from assistant.progress import silent
from assistant.stages import Pcm
from assistant.waking import measure, show
from assistant.waking.bounds import least_share, most_events
from assistant.waking.measure import Recording, Report, Scored
from assistant.waking.meter import MeterView, Reading, WakeMeter, bar, watch
from tests.fakes import SILENCE, SPEECH, WAKE, LevelWake, ListSource, sound

CONFIG = WakeConfig(second_opinion=False)


class TestBounds:
    @pytest.mark.parametrize(("seen", "most"), [(0, 2.9957), (1, 4.7439), (2, 6.2958), (10, 16.9622), (100, 118.0793)])
    def test_a_poisson_count(self, seen: int, most: float) -> None:
        """Half of the chi-squared quantile 0.95 with 2 (seen + 1) degrees of freedom."""
        assert most_events(seen) == pytest.approx(most, abs=2e-4)

    @pytest.mark.parametrize(
        ("hits", "trials", "least"), [(0, 10, 0.0), (10, 10, 0.7411), (9, 10, 0.6058), (1, 1, 0.05), (95, 100, 0.8977)]
    )
    def test_a_share(self, hits: int, trials: int, least: float) -> None:
        """Clopper-Pearson: the beta quantile 0.05 of hits and misses + 1."""
        assert least_share(hits, trials) == pytest.approx(least, abs=2e-4)


def scored(name: str, scores: list[float], *, holds_word: bool, group: str = "", seconds: float = 3600.0) -> Scored:
    return Scored(Recording(Path(name), group, holds_word), seconds, tuple(scores))


WOKE, NEAR, NOTHING = [0.0, 0.7, 0.9, 0.1], [0.0, 0.5, 0.1, 0.0], [0.0] * 4


class TestReport:
    @pytest.fixture
    def report(self) -> Report:
        found = [
            scored("a1.wav", WOKE, holds_word=True, group="ann"),
            scored("a2.wav", NEAR, holds_word=True, group="ann"),
            scored("b1.wav", WOKE + [0.0] * 20 + WOKE, holds_word=True, group="bo"),
            scored("tv.wav", [*NEAR, *NOTHING], holds_word=False, group="tv"),
            scored("talk.wav", [*NOTHING * 8, *WOKE], holds_word=False, seconds=7200.0),
        ]
        return measure.report(found, CONFIG, ("bad.wav is no sound",))

    def test_recall_is_told_by_group_and_for_all(self, report: Report) -> None:
        assert [(r.group, r.recordings, r.woke) for r in report.recall] == [("ann", 2, 1), ("bo", 1, 1), ("all", 3, 2)]
        assert report.recall[-1].recall == pytest.approx(0.6667)
        assert report.recall[-1].at_least == pytest.approx(0.1354, abs=1e-4)

    def test_false_wakes_are_counted_by_the_hour_with_their_bound(self, report: Report) -> None:
        assert [(f.group, f.hours, f.wakes, f.near) for f in report.false_wakes] == [
            ("-", 2.0, 1, 0), ("tv", 1.0, 0, 1), ("all", 3.0, 1, 1),
        ]  # fmt: skip
        assert (report.false_wakes[-1].an_hour, report.false_wakes[-1].at_most) == (0.333, 1.581)

    def test_a_second_wake_in_a_recording_with_the_word_is_a_false_one(self, report: Report) -> None:
        assert [(p.file, p.at_s) for p in report.woke_falsely] == [("b1.wav", 2.1), ("talk.wav", 2.7)]

    def test_a_miss_is_named_with_its_best_score(self, report: Report) -> None:
        assert [(p.file, p.score) for p in report.missed] == [("a2.wav", 0.5)]

    def test_other_thresholds_are_told_from_the_same_scores(self, report: Report) -> None:
        at = {t.threshold: (t.recall, t.false_wakes_an_hour) for t in report.thresholds}
        assert at[0.5] == (1.0, 0.667)
        assert at[0.8] == (0.6667, 0.333)
        assert at[0.95] == (0.0, 0.0)

    def test_in_a_pipe_every_line_names_its_table(self, report: Report) -> None:
        out = io.StringIO()
        show.report(Console(file=out), report)
        lines = out.getvalue().splitlines()
        assert "recall\tall\t3\t2\t66.7%\t13.5%\t2" in lines
        assert "false\tall\t3.000\t1\t0.33\t1.58\t1\t1" in lines
        assert "place\tfalse wake\ttalk.wav\t2.7 s\t0.90" in lines
        assert lines[-1] == "left out: bad.wav is no sound"

    def test_what_the_second_ear_turns_down_is_no_wake_but_near(self) -> None:
        """It is asked at each score: a word that is refused while it is only begun is heard at its end."""
        quiet = replace(scored("tv.wav", WOKE, holds_word=False), refused=frozenset({1, 2}))
        heard = replace(scored("a.wav", WOKE, holds_word=True), refused=frozenset({1}))
        report = measure.report([quiet, heard], CONFIG)
        assert [(f.wakes, f.near, f.scored) for f in report.false_wakes] == [(0, 1, 1)]
        assert [(r.woke, r.scored) for r in report.recall] == [(1, 1)]
        at = {t.threshold: (t.recall, t.false_wakes_an_hour) for t in report.thresholds}
        assert at[0.6] == (1.0, 0.0)

    def test_with_a_second_opinion_what_begins_a_turn_counts(self) -> None:
        """Silently or not: a doubtful wake is one whose end the model decides."""
        doubtful = scored("a.wav", NEAR, holds_word=True)
        assert [r.woke for r in measure.report([doubtful], WakeConfig()).recall] == [1]
        assert [r.woke for r in measure.report([doubtful], CONFIG).recall] == [0]

    def test_one_kind_alone_is_measured_and_the_other_said_to_be_unknown(self) -> None:
        out = io.StringIO()
        only = measure.report([scored("a.wav", WOKE, holds_word=True)], CONFIG)
        show.report(Console(file=out), only)
        assert only.thresholds[0].false_wakes_an_hour is None
        assert "False wakes aren't known" in out.getvalue()


class TestRecordings:
    def write(self, path: Path, samples: Pcm) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, samples, 16_000)

    def test_they_are_found_by_folder_and_grouped_by_the_folder_inside(self, tmp_path: Path) -> None:
        for name in ("hey/a.wav", "hey/ann/far/b.WAV", "other/c.flac", "elsewhere/d.wav"):
            self.write(tmp_path / name, sound((SILENCE, 0.1)))
        (tmp_path / "hey" / "notes.txt").touch()
        found = [(r.path.name, r.group, r.holds_word) for r in measure.recordings(tmp_path)]
        assert found == [("a.wav", "", True), ("b.WAV", "ann", True), ("c.flac", "", False)]

    def test_none_at_all_is_an_error_that_says_where_they_belong(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError) as caught:
            measure.recordings(tmp_path)
        assert "DIR/hey" in caught.value.remedy

    async def test_a_word_at_the_very_end_is_heard_and_a_damaged_file_costs_no_other(self, tmp_path: Path) -> None:
        self.write(tmp_path / "hey" / "a.wav", sound((SILENCE, 0.5), (WAKE, 0.11)))
        (tmp_path / "hey" / "b.wav").write_bytes(b"no sound")
        scored, unreadable = await measure.score_all(measure.recordings(tmp_path), LevelWake(), silent)
        assert [max(one.scores) for one in scored] == [0.95]
        assert scored[0].seconds == pytest.approx(0.61, abs=0.02)
        assert len(unreadable) == 1
        assert "b.wav" in unreadable[0]

    async def test_the_second_ear_hears_what_was_said_before_each_score_that_counts(self, tmp_path: Path) -> None:
        """As much of it as it wants, and nothing where nothing scored."""
        self.write(tmp_path / "hey" / "a.wav", sound((SILENCE, 2.0), (WAKE, 0.08)))
        heard: list[Pcm] = []

        class Deaf:
            phrase, sound_ms, enough, sure = "hey gemma", 500.0, 0.6, 0.95

            def likely(self, samples: Pcm, score: float) -> float:
                assert score >= 0.5
                heard.append(samples)
                return 0.1

        scored, _ = await measure.score_all(measure.recordings(tmp_path), LevelWake(), silent, Deaf())
        assert [len(samples) for samples in heard] == [8000] * len(scored[0].refused) != []
        assert all(scored[0].scores[n] >= 0.5 for n in scored[0].refused)

    async def test_nothing_but_damaged_files_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "hey").mkdir()
        (tmp_path / "hey" / "b.wav").write_bytes(b"no sound")
        with pytest.raises(AudioFileError):
            await measure.score_all(measure.recordings(tmp_path), LevelWake(), silent)


class TestMeter:
    def test_the_highest_score_is_held_for_three_seconds(self) -> None:
        meter = WakeMeter(CONFIG)
        held = [meter.update(0.9 if n == 0 else 0.0, -20.0, n * 500.0).held for n in range(9)]
        assert held == [0.9] * 7 + [0.0] * 2

    def test_it_decides_as_the_assistant_does_and_sums_up(self) -> None:
        meter = WakeMeter(CONFIG)
        scores = [*NEAR, *NOTHING, *WOKE, *WOKE]
        for n, score in enumerate(scores, 1):
            meter.update(score, -20.0, n * 80.0)
        assert meter.summary() == ("1 s: 1 wake, 1 near miss; highest score 0.90, loudest -20 dB")

    def test_the_bar_shows_score_peak_and_threshold_in_one_line(self) -> None:
        text = bar(Reading(0.0, 0.25, 0.5, -20.0, None), CONFIG)
        assert text.plain == f"score 0.25 {'█' * 10}{'·' * 10}▌{'·' * 11}┃{'·' * 8} peak 0.50  -20 dB"
        assert len(bar(Reading(0.0, 1.0, 1.0, -120.0, None), CONFIG).plain) <= 79

    async def test_in_a_pipe_there_is_a_line_a_second_and_one_for_each_wake(self) -> None:
        text = await self.watched(sound((SILENCE, 2.0), (WAKE, 0.6), (SPEECH, 1.5)), terminal=False)
        assert text.splitlines() == [
            "    1.0 s  score 0.00, level -120 dB",
            "    2.0 s  score 0.00, level -120 dB",
            "    2.0 s  would have woken, score 0.95",
            "    3.0 s  score 0.95, level -24 dB",
            "    4.0 s  score 0.00, level -24 dB",
        ]

    async def test_in_a_terminal_there_is_a_bar(self) -> None:
        text = await self.watched(sound((SILENCE, 0.5), (WAKE, 0.6)), terminal=True)
        assert "█" in text
        assert "would have woken" in text

    async def test_it_can_end_after_some_seconds(self) -> None:
        text = await self.watched(sound((SILENCE, 9.0)), terminal=False, seconds=2.0)
        assert len(text.splitlines()) == 2

    @staticmethod
    async def watched(samples: Pcm, *, terminal: bool, seconds: float | None = None) -> str:
        out = io.StringIO()
        console = Console(file=out, force_terminal=terminal, width=100)
        source, meter = ListSource(samples, AudioClock()), WakeMeter(CONFIG)
        await watch(source, LevelWake(), meter, MeterView(console, CONFIG), seconds)
        return out.getvalue()
