"""Where the time of one reply went. Seconds of the wall clock; knows nothing of what it measures."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Timings:
    """One reply: sound encoded, rows and tokens prefilled, tokens decoded. `first_token_s` counts from its begin."""

    audio_s: float = 0.0
    encode_s: float = 0.0
    prefill_s: float = 0.0
    prefill_rows: int = 0
    first_token_s: float = 0.0
    decode_s: float = 0.0
    decoded_tokens: int = 0
    _begun_s: float = field(default_factory=time.perf_counter, repr=False)

    @property
    def decode_tok_s(self) -> float:
        """Tokens a second, after the first."""
        return self.decoded_tokens / self.decode_s if self.decode_s else 0.0

    @contextmanager
    def encoding(self, audio_s: float) -> Iterator[None]:
        """Measure an encoding of `audio_s` of sound."""
        begun_s = time.perf_counter()
        yield
        self.audio_s += audio_s
        self.encode_s += time.perf_counter() - begun_s

    @contextmanager
    def prefilling(self, rows: int) -> Iterator[None]:
        """Measure a prefill of `rows` rows or tokens."""
        begun_s = time.perf_counter()
        yield
        self.prefill_rows += rows
        self.prefill_s += time.perf_counter() - begun_s

    def token(self) -> None:
        """Note that a token of the reply, or its end, is there."""
        at_s = time.perf_counter() - self._begun_s
        if not self.first_token_s:
            self.first_token_s = at_s
        else:
            self.decoded_tokens += 1
            self.decode_s = at_s - self.first_token_s
