"""Who talks beside our own voice must be surer of the wake word than who breaks a silence with it."""

from collections.abc import Sequence

import numpy as np
import pytest

from assistant.events import Event, WakeHeard, WakeRejected
from assistant.heard_words import HeardWords
from assistant.near_voice import NearVoice
from assistant.own_voice import OwnVoice
from assistant.stages import CHUNK_SAMPLES, AudioChunk, Echo, Pcm
from assistant.wake_decision import Heard, WakeDecision

ECHO = 1000.0**2  # mean square; 20 dB of it are taken out, 100 are left
LEFT, VOICE = 100, 300


def chunk(number: int, level: int, echo_power: float = ECHO, played: Pcm | None = None) -> AudioChunk:
    samples = np.full(CHUNK_SAMPLES, level, np.int16)
    return AudioChunk(samples, number * CHUNK_SAMPLES, samples if played is None else played, Echo(6.0, echo_power))


def talked(levels: Sequence[int], echoes: Sequence[float] | None = None) -> bool:
    """What is known after our own voice for five seconds, and these chunks."""
    near = NearVoice()
    for number in range(250):
        near.hear(chunk(number, LEFT if number % 5 else 5), usual_db=20.0, now_db=20.0)
    for number, level in enumerate(levels):
        near.hear(chunk(250 + number, level, ECHO if echoes is None else echoes[number]), usual_db=20.0, now_db=20.0)
    return near.talked


@pytest.mark.parametrize(
    ("voiced_ms_ago", "found"),
    [((900, 0), False), ((1900, 0), True), ((1900, 1200), True), ((2900, 1900), False), ((1220, 0), False)],
)
def test_a_voice_before_the_word_is_known_and_the_word_is_none(voiced_ms_ago: tuple[int, int], found: bool) -> None:
    """A word and a command in one breath before it count, the word itself doesn't."""
    first, last = voiced_ms_ago
    levels = [VOICE if last < (150 - n) * 20 <= first else LEFT for n in range(150)]
    assert talked(levels) is found


def test_what_the_echo_leaves_is_no_voice() -> None:
    """Neither as it is, nor a little more, nor what lasts longer than the echo."""
    assert not talked([LEFT] * 150)
    assert not talked([130] * 150)
    tail = [ECHO if n % 10 < 3 else 0.0 for n in range(150)]
    assert not talked([LEFT] * 150, tail)
    assert talked([LEFT] * 150, [0.0] * 150)


def test_a_noise_is_no_voice() -> None:
    """What is there all the time, in our own pauses too."""
    near = NearVoice()
    for number in range(250):
        near.hear(chunk(number, 200, 0.0), usual_db=20.0, now_db=20.0)
    assert not near.talked


def test_in_the_first_second_nobody_has_talked() -> None:
    near = NearVoice()
    for number in range(60):
        near.hear(chunk(number, VOICE, 0.0), usual_db=20.0, now_db=20.0)
        assert not near.talked


class Scored:
    """A detector whose scores are given, one a chunk."""

    word = "hey gemma"

    def __init__(self, scores: Sequence[float]) -> None:
        self._scores = iter(scores)

    def score(self, _samples: Pcm) -> float | None:
        return next(self._scores)

    def reset(self) -> None:
        """Nothing to forget."""


def words(levels: Sequence[int], scores: Sequence[float]) -> list[type[Event]]:
    """What is heard after 20 s of our own voice."""
    before = 1000
    own = OwnVoice(Scored([0.0] * (before + len(levels))))
    hears = HeardWords(
        Scored([0.0] * before + list(scores)), WakeDecision(), now_ms=lambda: 0.0, own_voice=own,
        while_speaking=WakeDecision(threshold=0.3),
    )  # fmt: skip
    events: list[Event] = []
    for number in range(before):
        samples = np.full(CHUNK_SAMPLES, LEFT if number % 5 else 5, np.int16)
        hears.hear(AudioChunk(samples, number * CHUNK_SAMPLES, samples, Echo(20.0, ECHO)))
    for number, level in enumerate(levels):
        events += hears.hear(chunk(before + number, level))
    return [type(event) for event in events]


@pytest.mark.parametrize(("level", "over"), [(LEFT, False), (VOICE, False), (500, True)])
def test_who_talks_over_our_own_voice_is_clearly_louder_than_what_is_left_of_it(level: int, over: bool) -> None:
    own = OwnVoice(Scored([0.0] * 1001))
    assert own.is_over(chunk(0, LEFT))  # nothing is played yet
    for number in range(1000):
        samples = np.full(CHUNK_SAMPLES, LEFT if number % 5 else 5, np.int16)
        own.hear(AudioChunk(samples, number * CHUNK_SAMPLES, samples, Echo(20.0, ECHO)))
    last = chunk(1000, level)
    own.hear(last)
    assert own.is_over(last) is over


@pytest.mark.parametrize(("whole", "after", "over"), [(40, 0, False), (40, 3, False), (0, 40, True)])
def test_our_own_voice_is_nobody_while_it_is_still_in_what_is_heard(whole: int, after: int, over: bool) -> None:
    """Its place is looked for amid an answer, or another device takes it out: what went before says nothing."""
    own = OwnVoice(Scored([0.0] * 1200))
    for number in range(1000):
        samples = np.full(CHUNK_SAMPLES, LEFT if number % 5 else 5, np.int16)
        own.hear(AudioChunk(samples, number * CHUNK_SAMPLES, samples, Echo(20.0, ECHO)))
    loud = np.full(CHUNK_SAMPLES, 900, np.int16)
    echoes = [Echo(2.0, 0.0, is_whole=True)] * whole + [Echo(2.0, 0.0)] * after
    for number, echo in enumerate(echoes, 1000):
        last = AudioChunk(loud, number * CHUNK_SAMPLES, loud, echo)
        own.hear(last)
    assert own.is_over(last) is over


@pytest.mark.parametrize(
    ("taken_db", "located", "over"), [(1.0, False, False), (5.0, False, False), (20.0, False, True), (1.0, True, True)]
)
def test_our_own_voice_is_nobody_where_the_speaker_was_opened_again_with_another_delay(
    taken_db: float, located: bool, over: bool
) -> None:
    """What is taken out as a rule isn't now, and what is left is loud: it may be ours; unless its place is known."""
    own = OwnVoice(Scored([0.0] * 1200))
    for number in range(1000):
        samples = np.full(CHUNK_SAMPLES, LEFT if number % 5 else 5, np.int16)
        own.hear(AudioChunk(samples, number * CHUNK_SAMPLES, samples, Echo(20.0, ECHO)))
    for number in range(1000, 1050):
        own.hear(AudioChunk(np.zeros(CHUNK_SAMPLES, np.int16), number * CHUNK_SAMPLES))
    for number in range(1050, 1100):
        samples = np.full(CHUNK_SAMPLES, 900, np.int16)
        own.hear(AudioChunk(samples, number * CHUNK_SAMPLES, samples, Echo(taken_db, ECHO, located)))
    last = chunk(1100, 900)
    own.hear(last)
    assert own.is_over(last) is over


ONCE = [0.0] * 145 + [0.5] * 3 + [0.0] * 2
SURE = [0.0] * 145 + [0.9] * 3 + [0.0] * 2


def test_a_word_after_a_silence_is_heard_at_half() -> None:
    assert words([LEFT] * 115 + [VOICE] * 35, ONCE) == [WakeHeard]


def test_a_word_in_the_middle_of_talk_must_be_sure() -> None:
    assert words([VOICE] * 150, ONCE) == [WakeRejected]
    assert words([VOICE] * 150, SURE) == [WakeHeard]


def test_a_word_called_twice_is_heard_the_second_time() -> None:
    """At once it must be sure, after 1.5 s it need not be."""
    for silent, scores in ((20, SURE), (75, ONCE)):
        levels = [LEFT] * (80 - silent) + [VOICE] * 35 + [LEFT] * silent + [VOICE] * 35
        assert words(levels, scores) == [WakeHeard]


def test_a_word_at_the_border_is_heard_once() -> None:
    """The silence before it passes out of sight while the score rises."""
    levels = [LEFT] * 80 + [VOICE] * 70
    for first in range(138, 146):
        scores = ([0.0] * first + [0.5] + [0.9] * 12)[:150]
        assert words(levels, scores + [0.0] * (150 - len(scores))).count(WakeHeard) == 1


def test_what_another_heard_is_spent() -> None:
    decision = WakeDecision()
    decision.update(0.5, 80.0)
    decision.spend(80.0)
    assert [decision.update(0.9, ms) for ms in (160.0, 240.0)] == [None, None]
    decision.update(0.0, 320.0)
    assert decision.update(0.9, 900.0) is None
    decision.update(0.0, 980.0)
    assert isinstance(decision.update(0.9, 1100.0), Heard)
