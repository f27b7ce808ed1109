"""The conversation's tokens and rows in the caches of both decoders, and which of the two has computed what.

What nobody reads the logits of goes through the ear, where there is one; K/V moves between the two when the other one
needs it, and no sooner. Knows no prompt and no turn. The length is that of both together: positions 0 to `at`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from assistant.errors import ModelFailed
from assistant.llm.decoder import Decoder, Logits, Rows
from assistant.llm.engine import Engine


class Trunk:
    """Sequence 0 of an engine's decoders, as one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.half_depth = True  # use the ear, if there is one
        self.at = 0
        self._in_main = 0  # positions that the main decoder holds, and the ear
        self._in_ear = 0

    @property
    def room(self) -> int:
        """How many cells are free."""
        return self._engine.context - self.at

    def append_tokens(self, tokens: Sequence[int]) -> None:
        """Append tokens whose logits nobody reads. Raises ModelFailed, Aborted."""
        decoder = self._cheaper(len(tokens))
        with self._whole_or_not_at_all(decoder, len(tokens)):
            decoder.append_tokens(tokens, self.at)

    def append_rows(self, rows: Rows) -> None:
        """Append rows of sound, shape (n, width). Raises ModelFailed, Aborted."""
        decoder = self._cheaper(len(rows))
        with self._whole_or_not_at_all(decoder, len(rows)):
            decoder.decode_rows(rows, self.at)

    def read(self, tokens: Sequence[int]) -> Logits:
        """Append tokens, at least one, and give the logits behind the last, (vocabulary,). Raises ModelFailed, Aborted.

        All but the last go through the ear, unless there is only the last.
        """
        return self.read_runs([tokens])[0]

    def read_runs(self, runs: Sequence[Sequence[int]]) -> Sequence[Logits]:
        """Append runs of tokens, in one batch, and give the logits behind each. Raises ModelFailed, Aborted.

        All of the first run but its last token go through the ear, unless there is only that.
        """
        tokens = runs[0]
        if self.half_depth and self._engine.ear is not None and len(tokens) > 1:
            self.append_tokens(tokens[:-1])
            tokens = tokens[-1:]
        runs = [tokens, *runs[1:]]
        count = sum(map(len, runs))
        self._make_room(count)
        self.hand_over()
        with self._whole_or_not_at_all(self._engine.main, count):
            return self._engine.main.decode_runs(runs, self.at)

    def hand_over(self) -> None:
        """Give the main decoder what only the ear has computed."""
        if self._in_main < self.at:
            self._engine.hand_over(self._in_main)
            self._in_main = self.at

    def rewind(self, to: int) -> None:
        """Forget the positions from `to` on."""
        for decoder in self._decoders():
            decoder.remove(to)
        self.at = to
        self._in_main, self._in_ear = min(self._in_main, to), min(self._in_ear, to)

    def cut(self, start: int, end: int) -> None:
        """Forget the positions from `start` up to `end` and renumber those that follow: nothing is computed again."""
        self.hand_over()
        self._engine.main.remove(start, end)
        self._engine.main.slide(end, end - start)
        if self._engine.ear is not None:
            self._engine.ear.remove(start)  # where nothing follows, nothing would be lent over it
        self.at -= end - start
        self._in_main = self.at
        self._in_ear = min(self._in_ear, start)

    def save(self) -> bytes:
        """Copy all positions out."""
        self.hand_over()
        return self._engine.main.save()

    def restore(self, data: bytes, length: int) -> bool:
        """Put saved positions in place of all; False, and nothing is there, when they aren't `length`."""
        self.rewind(0)
        if self._engine.main.restore(data) and self._engine.main.length() == length:
            self.at = self._in_main = length
            return True
        self.rewind(0)
        return False

    def _cheaper(self, count: int) -> Decoder:
        """The decoder that should take `count` positions more, made ready for them."""
        self._make_room(count)
        ear = self._engine.ear
        if ear is None or not self.half_depth:
            self.hand_over()
            return self._engine.main
        if self._in_ear < self.at:
            self._engine.lend(self._in_ear)
            self._in_ear = self.at
        return ear

    @contextmanager
    def _whole_or_not_at_all(self, decoder: Decoder, count: int) -> Iterator[None]:
        """Count `count` positions that are appended to a decoder; a stopped decode may have left some of them there."""
        try:
            yield
        except BaseException:
            decoder.remove(self.at)
            raise
        self.at += count
        if decoder is self._engine.main:
            self._in_main = self.at
        else:
            self._in_ear = self.at

    def _make_room(self, count: int) -> None:
        if count > self.room:
            raise ModelFailed(
                f"the conversation is longer than {self._engine.context} tokens", remedy="begin a new one"
            )

    def _decoders(self) -> tuple[Decoder, ...]:
        ear = self._engine.ear
        return (self._engine.main,) if ear is None else (self._engine.main, ear)
