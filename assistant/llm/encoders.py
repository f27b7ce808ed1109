"""How sound becomes rows: the seam between the streaming encoder and llama.cpp's own, which takes a sound as a whole.

`llm.conformer.Conformer` encodes while the person speaks; `WholeSound` waits for the end, and is what remains where
the streaming one can't be trusted.
"""

from typing import Any, Protocol

import numpy as np

from assistant.llm.decoder import Rows
from assistant.llm.engine import Engine
from assistant.stages import Pcm


class Encoder(Protocol):
    """One sound at a time, synchronous, one caller at a time."""

    def reset(self) -> None:
        """Begin a new sound."""

    def feed(self, samples: Pcm) -> None:
        """Append sound, shape (n,), 16 kHz int16; cheap."""

    @property
    def ready(self) -> int:
        """How many rows are final and not encoded yet."""

    def encode(self, tokens: int) -> Rows:
        """Encode the next `tokens` rows, an even number of those that are ready: shape (tokens, width)."""

    def flush(self) -> Rows:
        """Encode all that is left, as if the sound ended here; then only `reset` and `restore` may follow."""

    def snapshot(self) -> Any:
        """Where this sound stands, for `restore` of the same encoder."""

    def restore(self, snapshot: Any) -> None:
        """Go back to a snapshot of this sound, from behind a `flush` too."""

    def close(self) -> None:
        """Free everything."""


class WholeSound:
    """An Encoder that has nothing ready before the end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sound: list[Pcm] = []

    def reset(self) -> None:
        """Begin a new sound."""
        self._sound = []

    def feed(self, samples: Pcm) -> None:
        """Keep sound for the end."""
        self._sound.append(samples)

    @property
    def ready(self) -> int:
        """None before the end."""
        return 0

    def encode(self, tokens: int) -> Rows:
        """No rows are ever ready."""
        raise RuntimeError(f"{tokens} rows of an unfinished sound")

    def flush(self) -> Rows:
        """Encode the whole sound in one go, shape (n / 640, width)."""
        return self._engine.encode(np.concatenate(self._sound))

    def snapshot(self) -> int:
        """How many pieces of sound there are."""
        return len(self._sound)

    def restore(self, snapshot: int) -> None:
        """Keep so many pieces of sound."""
        del self._sound[snapshot:]

    def close(self) -> None:
        """The engine frees what it owns."""
