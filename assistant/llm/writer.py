"""One reply, token by token, into the cache: what is legal is chosen, what must come is appended, the likely guessed.

Knows no turn and no history. A reply that is stopped stays in the cache as far as it got.
"""

import codecs
from collections.abc import Callable

from assistant.errors import ModelFailed
from assistant.llm import prompt
from assistant.llm.ahead import Ahead
from assistant.llm.decoder import Logits
from assistant.llm.grammar import Grammar, Guide
from assistant.llm.sampling import Chooser
from assistant.llm.stopwatch import Stopwatch
from assistant.llm.trunk import Trunk
from assistant.llm.vocabulary import Vocabulary
from assistant.stages import Piece

CLOSING_ROOM = 16  # cells that are left for what closes a turn

Emit = Callable[[Piece], None]


class Writer:
    """Writes replies of at most `max_tokens` into one trunk."""

    def __init__(
        self, trunk: Trunk, vocabulary: Vocabulary, chooser: Chooser, watch: Stopwatch, *, max_tokens: int
    ) -> None:
        self._trunk = trunk
        self._vocabulary = vocabulary
        self._chooser = chooser
        self._watch = watch
        self._max_tokens = max_tokens
        self._call_token = vocabulary.control(prompt.TOOL_CALL)
        self.calling = False  # there is a call in the latest reply

    def write(self, logits: Logits, grammar: Grammar | None, emit: Emit) -> None:
        """Decode until an end token; `logits` are those before the first. Without a `grammar` calls are free.

        Raises ModelFailed, Aborted.
        """
        self.calling = False
        if self._trunk.room <= CLOSING_ROOM:
            raise ModelFailed("the cache has no room for an answer", remedy="begin a new conversation")
        self._chooser.begin()
        text = codecs.getincrementaldecoder("utf-8")("replace")
        guide: Guide | None = None
        ahead = Ahead(self._trunk)
        is_guessed = False
        try:
            for _ in range(min(self._max_tokens, self._trunk.room - CLOSING_ROOM)):
                choice = self._chooser.choose(logits, guide.legal() if guide else None)
                self._watch.token(guessed=is_guessed)
                if self._vocabulary.is_end(choice.token):
                    return
                if choice.token == self._call_token:
                    self.calling = True
                    guide = grammar.begin() if grammar else None
                    tokens = [choice.token, *(guide.forced() if guide else ())]
                else:
                    tokens = guide.follow(choice.token) if guide else [choice.token]
                self._chooser.skip(tokens[1:])
                self._watch.forced(len(tokens) - 1)
                for token in tokens:
                    emit(Piece(text.decode(self._vocabulary.piece(token)), choice.probability))
                is_guessed = ahead.knows(tokens)
                logits = ahead.read(tokens, guide.guess() if guide and not is_guessed else ())
        finally:
            ahead.forget()
