"""assistant/waking/tune.py: what was meant, which threshold would have been better, which gain."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from assistant.waking.entry import Entry, Kind
from assistant.waking.tune import Case, judged, propose, propose_gain

START = datetime(2026, 11, 25, 7, 30, tzinfo=UTC)


def entry(
    kind: Kind, score: float, at_s: float = 0.0, *, then: str = "", meant: bool | None = None, peak_dbfs: float = -20.0
) -> Entry:
    return Entry(1, START + timedelta(seconds=at_s), kind, score, 0.8, peak_dbfs, then=then, meant=meant)


def cases(meant: Iterable[float], others: Iterable[float]) -> list[Case]:
    """Cases by their scores, at a threshold of 0.8 so far."""
    scores = [(score, True) for score in meant] + [(score, False) for score in others]
    return [Case(entry(Kind.WAKE if s >= 0.8 else Kind.NEAR, s), meant=m, why="") for s, m in scores]


class TestJudged:
    @pytest.mark.parametrize(
        ("found", "meant"),
        [
            (entry(Kind.WAKE, 0.9, then="acted"), [True]),
            (entry(Kind.WAKE, 0.9, then="stopped"), [True]),
            (entry(Kind.WAKE, 0.9, then="nothing"), [False]),
            (entry(Kind.WAKE, 0.9, then="answered"), []),
            (entry(Kind.WAKE, 0.9), []),
            (entry(Kind.WAKE, 0.9, then="acted", meant=False), [False]),
            (entry(Kind.NEAR, 0.5), [False]),
            (entry(Kind.NEAR, 0.5, meant=True), [True]),
            (entry(Kind.REJECTED, 0.9), [False]),
        ],
    )
    def test_what_came_of_it_tells_and_a_persons_mark_tells_more(self, found: Entry, meant: list[bool]) -> None:
        assert [case.meant for case in judged([found])] == meant

    @pytest.mark.parametrize(("gap_s", "meant"), [(0.5, []), (3.0, [True]), (7.9, [True]), (9.0, [False])])
    def test_a_near_miss_that_is_said_again_at_once_was_meant(self, gap_s: float, meant: list[bool]) -> None:
        """Sooner than a second, it is the same word: it was heard."""
        log = [entry(Kind.NEAR, 0.6), entry(Kind.NEAR, 0.4, at_s=0.2), entry(Kind.WAKE, 0.9, at_s=gap_s)]
        assert [case.meant for case in judged(log)][:1] == meant


class TestThreshold:
    def test_too_few_cases_change_nothing(self) -> None:
        found = propose(cases([0.7] * 9, []), 0.8, 0.3)
        assert (found.threshold, found.flips) == (0.8, ())
        assert "only 9" in found.reason

    def test_it_goes_down_where_words_were_missed_and_says_which_would_wake(self) -> None:
        found = propose(cases([0.62, 0.65, 0.7, *[0.95] * 8], [0.4, 0.45]), 0.8, 0.3)
        assert 0.5 <= found.threshold <= 0.62
        assert [case.entry.score for case in found.flips] == [0.62, 0.65, 0.7]
        assert (found.wrong(0.8), found.wrong(found.threshold)) == ((3, 0), (0, 0))
        assert found.reason == "3 wrong decisions fewer"

    def test_it_goes_up_where_nobody_meant_it(self) -> None:
        found = propose(cases([0.97] * 10, [0.81, 0.84, 0.86]), 0.8, 0.3)
        assert 0.86 < found.threshold <= 0.92
        assert [case.wakes(found.threshold) for case in found.flips] == [False] * 3

    def test_it_goes_no_further_than_it_must_but_not_to_the_very_edge(self) -> None:
        assert propose(cases([0.97] * 10, [0.81, 0.84, 0.86]), 0.8, 0.3).threshold == 0.9
        assert propose(cases([0.9] * 10, [0.81, 0.84, 0.88]), 0.8, 0.3).threshold == 0.89

    def test_one_wrong_decision_is_chance(self) -> None:
        found = propose(cases([0.7, *[0.95] * 10], [0.4]), 0.8, 0.3)
        assert (found.threshold, found.wrong(0.8)) == (0.8, (1, 0))

    def test_what_goes_both_ways_stays(self) -> None:
        found = propose(cases([0.6] * 5 + [0.9] * 5, [0.7] * 5), 0.8, 0.3)
        assert found.threshold == 0.8

    def test_nothing_is_proposed_of_which_the_log_knows_nothing(self) -> None:
        assert propose(cases([0.51] * 12, []), 0.8, 0.5).threshold >= 0.5

    def test_what_was_turned_down_for_another_reason_stays_so(self) -> None:
        turned_down = [Case(entry(Kind.REJECTED, 0.9), meant=False, why="turned down") for _ in range(20)]
        found = propose(turned_down, 0.8, 0.3)
        assert found.wrong(0.8) == (0, 0)
        assert found.threshold == 0.8


class TestGain:
    @pytest.mark.parametrize(
        ("peaks", "gain_db", "why"),
        [
            ([-20.0] * 4, 0.0, "only 4"),
            ([-20.0] * 6, 0.0, "right"),
            ([-42.0] * 6, 27.0, "quiet"),
            ([-100.0] * 6, 40.0, "quiet"),
            ([-10.0, -10.0, -10.0, -10.0, 0.0, 0.0], -12.0, "cut off"),
        ],
    )
    def test_it_goes_by_the_level_of_words(self, peaks: list[float], gain_db: float, why: str) -> None:
        words = [Case(entry(Kind.WAKE, 0.9, peak_dbfs=peak), meant=True, why="") for peak in peaks]
        found = propose_gain(words, 0.0)
        assert found.gain_db == gain_db
        assert why in found.reason

    def test_what_wasnt_meant_or_was_heard_at_another_gain_says_nothing(self) -> None:
        quiet = entry(Kind.NEAR, 0.5, peak_dbfs=-50.0)
        assert propose_gain([Case(quiet, meant=False, why="")] * 9, 0.0).gain_db == 0.0
        assert propose_gain([Case(quiet, meant=True, why="")] * 9, 6.0).gain_db == 6.0
