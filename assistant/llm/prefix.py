"""What stands before every conversation, in the cache: computed or read from disk, and another one in its place.

Knows no turn: its caller says when there is none. It is computed in stretches that begin at fixed places, so that what
the old and the new one have in common needn't be computed again, and the bits are those of a start with the new one.
E2B's shapes, 995 tokens, CPU time: all of it through the ear 9.4 s; stopping and putting the old one back 4 to 13 ms.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.errors import ConfigError
from assistant.llm.decoder import Aborted
from assistant.llm.engine import Engine
from assistant.llm.prefix_cache import PrefixCache
from assistant.llm.trunk import Trunk

STRETCH = 128


@dataclass(frozen=True, slots=True)
class _Part:
    """The beginning of a prefix that was being computed when a turn began."""

    tokens: Sequence[int]
    length: int
    saved: bytes


class Prefix:
    """The first `length` positions of a trunk. `room` must be left for a turn; files go to `cache`, if there is one.

    `identity` names the model's content.
    """

    def __init__(
        self, engine: Engine, trunk: Trunk, *, room: int, cache: PrefixCache | None = None, identity: str = ""
    ) -> None:
        self._engine = engine
        self._trunk = trunk
        self._room = room
        self._cache = cache
        self._identity = identity
        self._tokens: Sequence[int] = ()
        self._part: _Part | None = None

    @property
    def length(self) -> int:
        """How many positions it takes; 0 before the first."""
        return len(self._tokens)

    def replace(self, text: str) -> None:
        """Put `text` in place of the prefix and of all that follows it. Stopped or failed, the old one is back.

        What was computed until then isn't lost: the next time goes on there. Raises ConfigError (no room for a turn),
        Aborted, ModelFailed.
        """
        tokens = self._engine.vocabulary.tokenize(text)
        if tokens == self._tokens:
            return
        if len(tokens) + self._room > self._engine.context:
            raise ConfigError(
                f"the prompt takes {len(tokens)} of {self._engine.context} tokens: no room for a conversation",
                remedy="lower home.shown, or expose fewer entities to the assistant",
            )
        trunk = self._trunk
        trunk.rewind(self.length)
        old = trunk.save() if self.length else b""
        try:
            self._put(tokens, f"{self._identity}\n{self._engine.version}\n{text}")
        except BaseException as e:
            if isinstance(e, Aborted) and trunk.at:
                self._part = _Part(tokens, trunk.at, trunk.save())
            if not self.length or not trunk.restore(old, self.length):
                trunk.rewind(0)
                self._tokens = ()
            raise
        self._tokens, self._part = tokens, None

    def _put(self, tokens: Sequence[int], key: str) -> None:
        saved = self._cache.load(key) if self._cache else None
        if saved is not None and self._trunk.restore(saved, len(tokens)):
            return
        part = self._part
        if part is not None and _common(part.tokens, tokens) >= part.length:
            self._trunk.restore(part.saved, part.length)
        else:
            common = _common(self._tokens, tokens)
            self._trunk.rewind(common - common % STRETCH if self._trunk.at else 0)
        for start in range(self._trunk.at, len(tokens), STRETCH):
            self._trunk.append_tokens(tokens[start : start + STRETCH])
        self._trunk.hand_over()
        if self._cache:
            self._cache.store(key, self._trunk.save())


def _common(ours: Sequence[int], theirs: Sequence[int]) -> int:
    """How many tokens two prefixes begin with alike."""
    return next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
