"""Levels of a sound, and what a draft leaves out of it."""

import numpy as np
import pytest

from assistant.llm.hearing import LINGER, ROW, STILL, Hearing
from assistant.llm.loudness import Loudness
from assistant.llm.stopwatch import Stopwatch
from assistant.stages import Pcm

RATE = 16_000


def tone(seconds: float, level: float) -> Pcm:
    t = np.arange(int(seconds * RATE))
    return (level * np.sin(2 * np.pi * 200 * t / RATE)).astype(np.int16)


def noise(seconds: float, level: float) -> Pcm:
    return (level * np.random.default_rng(1).normal(size=int(seconds * RATE))).astype(np.int16)


@pytest.mark.parametrize("room", [0, 20, 300])
def test_the_voice_ends_where_it_is_no_louder_than_the_room(room: float) -> None:
    loudness = Loudness()
    loudness.hear(tone(1.0, 8_000) + noise(1.0, room))
    loudness.hear(noise(0.1, room))
    assert loudness.silent_from() == RATE


def test_a_soft_end_of_the_voice_is_no_room() -> None:
    """The "n" of "nine": far softer than the rest, and far louder than the room was a moment ago."""
    loudness = Loudness()
    loudness.hear(np.concatenate([noise(0.2, 20), tone(1.0, 8_000), tone(0.06, 900)]))
    assert loudness.silent_from() == round(1.26 * RATE)
    loudness.hear(noise(0.1, 20))
    assert loudness.silent_from() == round(1.26 * RATE)


def test_a_steady_sound_has_no_end_to_be_heard() -> None:
    loudness = Loudness()
    loudness.hear(tone(1.0, 8_000))
    assert loudness.silent_from() == 0


def test_levels_are_the_same_however_the_sound_comes() -> None:
    sound = np.concatenate([tone(0.5, 5_000), noise(0.1, 30)])
    whole, pieces = Loudness(), Loudness()
    whole.hear(sound)
    for at in range(0, len(sound), 320):
        pieces.hear(sound[at : at + 320])
    assert whole.silent_from() == pieces.silent_from()


class Numbers:
    """An encoder whose row k is the number k."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.heard = self.done = 0

    def feed(self, samples: Pcm) -> None:
        self.heard += len(samples)

    @property
    def ready(self) -> int:
        return max(self.heard - 1, 0) // ROW - self.done

    def encode(self, tokens: int) -> np.ndarray:
        self.done += tokens
        return np.arange(self.done - tokens, self.done, dtype=np.float32)[:, None]

    def flush(self) -> np.ndarray:
        return self.encode(-(-self.heard // ROW) - self.done)

    def snapshot(self) -> int:
        return self.done

    def restore(self, snapshot: int) -> None:
        self.done = snapshot

    def close(self) -> None:
        pass


@pytest.mark.parametrize("silence_ms", [80, 100, 120, 140])
@pytest.mark.parametrize("voice_ms", [400, 410, 420, 430, 800])
def test_a_draft_reads_every_row_of_the_voice_and_little_of_the_silence(voice_ms: int, silence_ms: int) -> None:
    """But for an odd row that is nothing but the voice's last 20 ms and its silence."""
    rows: list[float] = []
    encoder = Numbers()
    hearing = Hearing(1, lambda r: rows.extend(r[:, 0]), Stopwatch())
    hearing.use(encoder, in_groups=True)
    sound = np.concatenate([tone(voice_ms / 1000, 8_000), np.zeros(silence_ms * RATE // 1000, np.int16)])
    for at in range(0, len(sound), 320):
        hearing.hear(sound[at : at + 320])
        hearing.listen()
    mark = hearing.snapshot(encoder=False)
    audible = hearing.catch_up()
    kept = len(rows)
    hearing.close(audible)
    assert rows == list(range(len(rows)))
    end = voice_ms * RATE / 1000
    needed = -(-max(end + LINGER, len(sound) - STILL) // ROW)
    assert needed - 1 <= audible <= needed + 1
    assert len(rows) * ROW >= end - 320 or encoder.ready == 1
    assert len(rows) <= max(audible, kept)
    hearing.restore(mark)
    assert hearing.snapshot(encoder=False).rows is mark.rows


def test_a_voice_that_goes_on_loses_120_ms_at_most() -> None:
    rows: list[float] = []
    hearing = Hearing(1, lambda r: rows.extend(r[:, 0]), Stopwatch())
    hearing.use(Numbers(), in_groups=True)
    hearing.hear(tone(1.0, 8_000))
    hearing.close(hearing.catch_up())
    assert len(rows) * ROW >= RATE - STILL - ROW
