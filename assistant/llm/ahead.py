"""A reply on its way into the cache, with a guess at what comes next behind it, checked in the same batch.

A batch of a few tokens costs little more than one where memory is the limit. What was guessed counts only if the same
is chosen: with and without a guess a reply has the same tokens. Knows no grammar and takes no choice.
"""

from collections import deque
from collections.abc import Sequence

from assistant.llm.decoder import Logits
from assistant.llm.trunk import Trunk

Run = Sequence[int]


class Ahead:
    """Behind the tokens that a trunk holds some may be guessed: `forget` them before anything else is appended."""

    def __init__(self, trunk: Trunk) -> None:
        self._trunk = trunk
        self._guessed: deque[tuple[Run, Logits]] = deque()

    def knows(self, tokens: Run) -> bool:
        """Whether these tokens are there already."""
        return bool(self._guessed) and list(self._guessed[0][0]) == list(tokens)

    def read(self, tokens: Run, guess: Sequence[Run] = ()) -> Logits:
        """Append tokens, at least one; give the logits behind the last. `guess`: what may be appended after them.

        Raises ModelFailed, Aborted.
        """
        if self.knows(tokens):
            return self._guessed.popleft()[1]
        self.forget()
        if sum(map(len, guess)) + len(tokens) > self._trunk.room:
            guess = ()
        first, *others = self._trunk.read_runs([tokens, *guess])
        self._guessed.extend(zip(guess, others, strict=True))
        return first

    def forget(self) -> None:
        """Take the rest of a guess out of the cache."""
        self._trunk.rewind(self._trunk.at - sum(len(run) for run, _ in self._guessed))
        self._guessed.clear()
