"""A plain "stop": what it stops, what it doesn't, and that our own voice can't say it."""

from collections.abc import Sequence

import numpy as np
import pytest

from assistant import commands as c
from assistant import states as s
from assistant import turn as t
from assistant.events import Announced, ClauseReady, EndpointReached, Event, StopHeard, TimerRang, WakeHeard
from assistant.stop_word import Floats, StopWord

STOP = StopHeard(4000, 4100, 0.9)
WAKE = WakeHeard(1000, 1100, 0.9)
SILENCE = EndpointReached(3000, 3100, "silence")
CLAUSE = ClauseReady(3, 3, "Once upon a time.", "en")
RANG = TimerRang(2000, 2000, "pasta")


def play(*events: Event) -> tuple[s.State, list[c.Command]]:
    rules = t.Rules()
    state, _ = t.start(rules)
    commands: tuple[c.Command, ...] = ()
    for event in events:
        state, commands = t.step(state, event, rules)
    return state, list(commands)


def test_it_stops_an_answer_and_the_model_behind_it() -> None:
    """No turn is opened: it waits for the wake word again."""
    assert play(WAKE, SILENCE, CLAUSE, STOP) == (s.Idle(1), [c.Silence(), c.EndTurn(1)])


@pytest.mark.parametrize(
    "state",
    [
        s.Listening(2, before=s.Before(sounds=True)),
        s.Drafting(2, before=s.Before(sounds=True)),
        s.Thinking(2, before=s.Before(sounds=True)),
    ],
)
def test_it_stops_an_answer_behind_which_it_opened_a_turn(state: s.State) -> None:
    """It is a voice like any other before it is known as a word."""
    assert t.step(state, STOP, t.Rules()) == (s.Idle(2), (c.Silence(), c.DropTurn(), c.EndTurn(2)))


def test_it_stops_what_rings() -> None:
    assert play(RANG, STOP) == (s.Idle(0), [c.Silence(), c.EndRinging("stop")])


def test_it_stops_an_announcement() -> None:
    assert play(Announced(2, 2, "Dinner is ready.", "en"), STOP) == (s.Idle(0), [c.Silence(), c.TakeUp()])


def test_behind_an_answer_that_nobody_heard_it_is_the_models() -> None:
    kept = s.Listening(2, before=s.Before("Light on.", "en"))
    assert t.step(kept, STOP, t.Rules()) == (kept, ())


@pytest.mark.parametrize("before", [(), (WAKE,), (WAKE, SILENCE)])
def test_a_moment_too_late_or_too_soon_it_changes_nothing(before: tuple[Event, ...]) -> None:
    assert play(*before, STOP) == (play(*before)[0], [])


class Windows:
    """A wake word that has heard what is set, in percent."""

    percent: int | None = None

    @property
    def window(self) -> Floats | None:
        return None if self.percent is None else np.full((16, 96), self.percent / 100, np.float32)


def told(pairs: Sequence[tuple[int | None, int | None]], *, speaking: bool = True) -> list[int]:
    """In which of the frames, of 80 ms, a stop is told."""
    heard, played = Windows(), Windows()
    word = StopWord(lambda window: window[:1, 0], heard, played)
    found = []
    for number, (heard.percent, played.percent) in enumerate(pairs):
        if word.score(number * 80.0, speaking=speaking) is not None:
            found.append(number)
    return found


def test_a_stop_is_told_once() -> None:
    assert told([(10, 0), (90, 0), (95, 0), (85, 0), (10, 0)]) == [1]


def test_our_own_stop_is_none_and_a_persons_a_second_later_is_one() -> None:
    assert told([(10, 60), (90, 50), (90, 0)] + [(10, 0)] * 12 + [(90, 0)]) == [15]


def test_half_a_stop_is_none_but_may_have_been_one() -> None:
    """Our own never may."""
    heard, played = Windows(), Windows()
    word = StopWord(lambda window: window[:1, 0], heard, played)
    found = []
    for number, (heard.percent, played.percent) in enumerate([(40, 0), (60, 0), (60, 50), (60, 0)]):
        assert word.score(number * 80.0, speaking=True) is None
        found.append(word.maybe)
    assert found == [False, True, False, False]


def test_while_we_play_nothing_the_reference_explains_nothing() -> None:
    """What lies there still is old."""
    assert told([(90, 90)], speaking=False) == [0]


def test_without_a_voice_nothing_is_asked() -> None:
    assert told([(None, None)] * 3) == []
