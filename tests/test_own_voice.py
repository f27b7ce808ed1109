"""Our own voice says the wake word: it isn't one; a person who says it while we speak is heard sooner than else."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from assistant.config import EndpointConfig
from assistant.events import Event, WakeHeard, WakeRejected
from assistant.listen import Listener
from assistant.own_voice import OwnVoice
from assistant.stages import CHUNK_SAMPLES, AudioChunk, Pcm
from assistant.wake import WakeDecision
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


def heard(pairs: Sequence[tuple[int, int | None]], own: OwnVoice | None) -> list[type[Event]]:
    ear = listener(own)
    chunks = [replace(chunk(n, *pair), taken_db=6.0 * (pair[1] is not None)) for n, pair in enumerate(pairs)]
    return [type(event) for part in chunks for event in ear.push(part)]


def test_a_word_that_the_loudspeaker_explains_is_none() -> None:
    """The reference comes first, and need not be sure; the echo comes 200 ms later."""
    pairs = [(0, 5)] * 5 + [(0, 40)] * 3 + [(0, 5)] * 7 + [(90, 5)] * 3 + [(0, 5)] * 3
    assert heard(pairs, OwnVoice(FirstSample())) == [WakeRejected]


def test_a_person_is_heard_while_we_say_something_else() -> None:
    """Half sure is enough then, if our own voice, which covers theirs, is taken out."""
    pairs = [(0, 5)] * 5 + [(60, 5)] * 3 + [(0, 5)] * 3
    assert heard(pairs, OwnVoice(FirstSample())) == [WakeHeard]
    assert heard([(mic, None) for mic, _ in pairs], OwnVoice(FirstSample())) == [WakeRejected]


def test_a_person_is_heard_a_second_after_we_said_the_word() -> None:
    pairs = [(0, 80)] * 3 + [(0, 5)] * 60 + [(90, 5)] * 3
    assert heard(pairs, OwnVoice(FirstSample())) == [WakeHeard]


def test_what_is_left_of_our_own_voice_is_no_person() -> None:
    """Where 20 dB of echo were taken out nobody else spoke; where 9 were, somebody may have."""
    for taken_db, found in ((20.0, [WakeRejected]), (9.0, [WakeHeard])):
        ear = listener(OwnVoice(FirstSample()))
        events = [event for n in range(8) for event in ear.push(replace(chunk(n, 90, 5), taken_db=taken_db))]
        assert [type(event) for event in events] == found


def test_in_silence_nothing_is_computed() -> None:
    """From a second and a half after the last sound on, and before the first."""
    detector = FirstSample()
    own = OwnVoice(detector)
    for n in range(200):
        own.hear(chunk(n, 0, 5 if 50 <= n < 60 else None))
    assert detector.asked == 10 + 74
    assert detector.resets == 1
    assert not own.speaks
