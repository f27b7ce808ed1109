"""Our own voice says the wake word: it isn't one; a person who says it while we speak is heard sooner than else."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from assistant.config import EndpointConfig
from assistant.events import Event, WakeHeard, WakeRejected
from assistant.listen import Listener
from assistant.own_voice import OwnVoice
from assistant.stages import CHUNK_SAMPLES, AudioChunk, Echo, Pcm
from assistant.wake_decision import WakeDecision
from tests.fakes import LevelVad

SILENT = np.zeros(CHUNK_SAMPLES, np.int16)


class FirstSample:
    """A detector whose score is what the first sample says, in percent; counts what it computes."""

    word = "hey gemma"

    def __init__(self) -> None:
        self.asked = 0
        self.resets = 0

    def score(self, samples: Pcm) -> float | None:
        self.asked += 1
        return float(samples[0]) / 100

    def reset(self) -> None:
        self.resets += 1


def chunk(number: int, heard: int, played: int | None) -> AudioChunk:
    def flat(percent: int) -> Pcm:
        return np.full(CHUNK_SAMPLES, percent, np.int16)

    return AudioChunk(flat(heard), number * CHUNK_SAMPLES, None if played is None else flat(played))


def listener(own: OwnVoice | None) -> Listener:
    return Listener(
        EndpointConfig(), FirstSample(), WakeDecision(), LevelVad(),
        vad_lag_ms=0.0, early_confidence=2.0, now_ms=lambda: 0.0, own_voice=own,
        while_speaking=WakeDecision(threshold=0.5),
    )  # fmt: skip


def heard(
    pairs: Sequence[tuple[int, int | None]], *, usual_db: float = 20.0, taken_db: float = 6.0
) -> list[type[Event]]:
    """What happens after 20 s of our voice, of which `usual_db` were taken out."""
    ear = listener(OwnVoice(FirstSample()))
    before = [replace(chunk(n, 0, 1), echo=Echo(usual_db)) for n in range(1000)]
    pairs = [(0, 1)] * 15 + list(pairs)  # the person has begun to speak
    then = [
        replace(chunk(1000 + n, *pair), echo=Echo(taken_db * (pair[1] is not None))) for n, pair in enumerate(pairs)
    ]
    return [type(event) for part in [*before, *then] for event in ear.push(part)]


def test_a_word_that_the_loudspeaker_explains_is_none() -> None:
    """The reference comes first, and need not be sure; the echo comes 200 ms later."""
    pairs = [(0, 5)] * 5 + [(0, 40)] * 3 + [(0, 5)] * 7 + [(90, 5)] * 3 + [(0, 5)] * 3
    assert heard(pairs) == [WakeRejected]


def test_a_person_is_heard_while_we_say_something_else() -> None:
    """Half sure is enough then, if our own voice, which covers theirs, is taken out."""
    pairs = [(0, 5)] * 5 + [(60, 5)] * 3 + [(0, 5)] * 3
    assert heard(pairs) == [WakeHeard]
    assert heard([(mic, None) for mic, _ in pairs]) == [WakeRejected]


def test_before_the_echo_is_known_it_takes_more_to_be_a_person() -> None:
    """The first seconds in a room: what is left of our voice is loud."""
    assert heard([(60, 1)] * 3 + [(0, 1)] * 3, usual_db=2.0, taken_db=2.0) == [WakeRejected]
    assert heard([(90, 1)] * 3 + [(0, 1)] * 3, usual_db=2.0, taken_db=2.0) == [WakeHeard]
    assert heard([(90, 4)] * 3 + [(0, 1)] * 3, usual_db=2.0, taken_db=2.0) == [WakeRejected]


def test_a_person_is_heard_a_second_after_we_said_the_word() -> None:
    pairs = [(0, 80)] * 3 + [(0, 5)] * 60 + [(90, 5)] * 3
    assert heard(pairs) == [WakeHeard]


@pytest.mark.parametrize(
    ("usual_db", "taken_db", "found"),
    [(25, 20, WakeRejected), (25, 9, WakeHeard), (12, 10, WakeRejected), (12, 6, WakeHeard)],
)
def test_what_is_left_of_our_own_voice_is_no_person(usual_db: float, taken_db: float, found: type[Event]) -> None:
    """Where nearly as much as ever was taken out nobody else spoke."""
    assert heard([(90, 5)] * 8, usual_db=usual_db, taken_db=taken_db) == [found]


def test_a_burst_is_no_person() -> None:
    """A microphone that clips: for a moment nothing can be taken out, and what is left sounds like anything."""
    ear = listener(OwnVoice(FirstSample()))
    taken_db = [20.0] * 1000 + [9.0] * 5 + [20.0] * 40 + [9.0] * 20
    scores = [0] * 1004 + [90] + [0] * 59 + [90]
    chunks = [
        replace(chunk(n, score, 1), echo=Echo(db)) for n, (score, db) in enumerate(zip(scores, taken_db, strict=True))
    ]
    assert [type(event) for part in chunks for event in ear.push(part)] == [WakeRejected, WakeHeard]


def test_a_long_talk_over_our_voice_does_not_become_what_is_usual() -> None:
    """Somebody who has talked for four seconds can still say the word."""
    assert heard([(0, 5)] * 200 + [(60, 5)] * 3, usual_db=20, taken_db=6) == [WakeHeard]


def test_in_silence_nothing_is_computed() -> None:
    """From a second and a half after the last sound on, and before the first."""
    detector = FirstSample()
    own = OwnVoice(detector)
    for n in range(200):
        own.hear(chunk(n, 0, 5 if 50 <= n < 60 else None))
    assert detector.asked == 10 + 74
    assert detector.resets == 1
    assert not own.speaks


def test_what_may_have_been_a_word_under_our_voice_makes_it_quieter() -> None:
    """Not what our own voice explains, and not before the echo is known."""
    for score, played, usual_db, asked in ((20, 1, 20.0, 1), (5, 1, 20.0, 0), (20, 50, 20.0, 0), (20, 1, 2.0, 0)):
        ear, calls = listener(OwnVoice(FirstSample())), 0

        def count() -> None:
            nonlocal calls
            calls += 1

        ear.words.on_covered = count
        for n in range(1000):
            ear.push(replace(chunk(n, 0, 1), echo=Echo(usual_db)))
        for n in range(1000, 1015):
            ear.push(replace(chunk(n, 0, 1), echo=Echo(min(6.0, usual_db))))
        ear.push(replace(chunk(1015, score, played), echo=Echo(min(6.0, usual_db))))
        assert calls == asked
