"""Measures where the time of one reply goes. Knows the wall clock only, nothing of what it measures."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from assistant.stages import Timings


class Stopwatch:
    """Started when a reply is asked for; `spent` fills up."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Measure another reply."""
        self.spent = Timings()
        self._begun_s = time.perf_counter()

    @contextmanager
    def encoding(self, audio_s: float) -> Iterator[None]:
        """Measure an encoding of `audio_s` of sound."""
        begun_s = time.perf_counter()
        yield
        self.spent.audio_s += audio_s
        self.spent.encode_s += time.perf_counter() - begun_s

    @contextmanager
    def prefilling(self, rows: int) -> Iterator[None]:
        """Measure a prefill of `rows` rows or tokens."""
        begun_s = time.perf_counter()
        yield
        self.spent.prefill_rows += rows
        self.spent.prefill_s += time.perf_counter() - begun_s

    def forced(self, tokens: int) -> None:
        """Note tokens that needed no step."""
        self.spent.forced_tokens += tokens

    def token(self, *, guessed: bool = False) -> None:
        """Note that a token of the reply, or its end, is there; in a step of its own, if nobody had guessed at it."""
        at_s = time.perf_counter() - self._begun_s
        if not self.spent.first_token_s:
            self.spent.first_token_s = at_s
        else:
            self.spent.forced_tokens += guessed
            self.spent.decoded_tokens += not guessed
            self.spent.decode_s = at_s - self.spent.first_token_s
