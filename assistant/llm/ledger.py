"""What the KV cache holds: prefix | history | the open turn, and the steps that take it from one to the next.

Synchronous and for one thread at a time, but `hear`, `read` and `Engine.abort`. Knows no event loop. Sound is kept
until `commit` and encoded then, in one go. Closing a typed turn of 25 tokens takes 0.8 s on one core with E2B's shapes.
"""

import codecs
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from assistant.errors import ConfigError, ModelFailed
from assistant.llm import prompt
from assistant.llm.decoder import Aborted, Rows
from assistant.llm.engine import Engine
from assistant.llm.mtmd import LONGEST_AUDIO_S
from assistant.llm.prefix_cache import PrefixCache
from assistant.llm.prompt import PromptProfile
from assistant.llm.sampling import Chooser, Logits
from assistant.llm.stopwatch import Stopwatch
from assistant.stages import SAMPLE_RATE_HZ, Outcome, Pcm, Piece, Timings

_LOG = logging.getLogger(__name__)
_LONGEST_SOUND = LONGEST_AUDIO_S * SAMPLE_RATE_HZ
TURN_ROOM = 768  # cells that a long turn takes: 15 s of sound are 375, a long reply 256
_CLOSING_ROOM = 16

Emit = Callable[[Piece], None]


@dataclass(slots=True)
class _Turn:
    """The open turn. `reply_at` is where the model's latest reply begins in the cache; None before `commit`."""

    texts: list[str] = field(default_factory=list)
    sound: list[Pcm] = field(default_factory=list)
    samples: int = 0
    overlong: bool = False
    reply_at: int | None = None
    calling: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class _Past:
    """A turn of the history: where it ends in the cache, and when it was closed."""

    end: int
    at_s: float


class Ledger:
    """One conversation in one sequence of the cache."""

    def __init__(
        self, engine: Engine, profile: PromptProfile, chooser: Chooser, *, max_tokens: int, now_s: Callable[[], float]
    ) -> None:
        self._engine = engine
        self._profile = profile
        self._chooser = chooser
        self._max_tokens = max_tokens
        self._now_s = now_s
        self._call_token = engine.vocabulary.control(prompt.TOOL_CALL)
        self._prefix = 0
        self._at = 0
        self._history: list[_Past] = []
        self._turn: _Turn | None = None
        self._watch = Stopwatch()

    @property
    def timings(self) -> Timings:
        """Where the time of the latest reply went."""
        return self._watch.spent

    def prepare(self, prefix: str, cache: PrefixCache | None = None, model_identity: str = "") -> None:
        """Put the prefix into the cache, from disk if it is there, and run everything once. Raises ConfigError."""
        engine = self._engine
        tokens = engine.vocabulary.tokenize(prefix)
        if len(tokens) + TURN_ROOM > engine.context:
            raise ConfigError(
                f"the prompt takes {len(tokens)} of {engine.context} tokens: no room for a conversation",
                remedy="expose fewer entities to the assistant, or give the model a larger context",
            )
        key = f"{model_identity}\n{engine.version}\n{prefix}"
        saved = cache.load(key) if cache else None
        if saved is None or not engine.main.restore(saved) or engine.main.length() != len(tokens):
            engine.main.remove(0)
            engine.main.decode_tokens(tokens, 0)
            if cache:
                cache.store(key, engine.main.save())
        self._prefix = self._at = len(tokens)
        self._append_rows(engine.encode(np.zeros(SAMPLE_RATE_HZ // 2, np.int16)))  # pages the weights in
        self._append(prompt.REPLY_OPEN)
        self._rewind()

    def open(self) -> None:
        """Begin a user turn, in place of an open one. Turns that are too old or too many fall out of the history."""
        self.drop()
        now_s, profile = self._now_s(), self._profile
        while self._history and (
            now_s - self._history[0].at_s > profile.history_s
            or len(self._history) > profile.history_turns
            or self._at + TURN_ROOM > self._engine.context
        ):
            self._let_oldest_go()
        self._watch = Stopwatch()
        self._turn = _Turn()

    def hear(self, samples: Pcm) -> None:
        """Append sound to the open turn. What goes beyond 30 s is not heard."""
        turn = self._open_turn()
        heard = samples[: _LONGEST_SOUND - turn.samples]
        if len(heard) < len(samples) and not turn.overlong:
            turn.overlong = True
            _LOG.warning("a turn longer than %d s: the rest is not heard", LONGEST_AUDIO_S)
        turn.sound.append(np.array(heard, np.int16))
        turn.samples += len(heard)

    def read(self, text: str) -> None:
        """Append typed text to the open turn."""
        self._open_turn().texts.append(text)

    def commit(self, emit: Emit) -> None:
        """Close the user turn and decode the reply. An empty turn has none. Raises ModelFailed, Aborted."""
        turn = self._open_turn()
        if turn.reply_at is not None:
            raise RuntimeError("the turn is committed already")
        self._watch = Stopwatch()
        said = prompt.typed(" ".join(turn.texts))
        if turn.samples:
            rows = self._encode(np.concatenate(turn.sound))
            self._append(prompt.USER_OPEN + said + prompt.AUDIO_OPEN)
            self._append_rows(rows)
            self._reply(turn, prompt.AUDIO_CLOSE + prompt.REPLY_OPEN, emit)
        elif said:
            self._reply(turn, prompt.USER_OPEN + said + prompt.REPLY_OPEN, emit)

    def answer(self, outcomes: Sequence[Outcome], emit: Emit) -> None:
        """Append the results of calls and decode the model's words about them. Raises ModelFailed, Aborted."""
        turn = self._open_turn()
        if turn.reply_at is None:
            raise RuntimeError("there is no call to answer")
        self._watch = Stopwatch()
        self._reply(turn, prompt.responses(outcomes), emit)

    def remember(self, reply: str, outcomes: Sequence[Outcome]) -> None:
        """Close the turn into the history: what was said, calls, results, reply. Half a turn is dropped instead."""
        turn = self._turn
        if turn is None or not turn.whole or not self._profile.history_turns:
            self.drop()
            return
        close = prompt.TURN_CLOSE
        if turn.calling and outcomes:
            close = prompt.responses(outcomes) + prompt.typed(reply) + close
        elif turn.calling:  # calls that nobody could read: the model shouldn't see them again
            self._rewind(turn.reply_at)
            close = prompt.typed(reply) + close
        self._append(close)
        self._history.append(_Past(self._at, self._now_s()))
        self._turn = None

    def drop(self) -> None:
        """Forget the open turn as if it had never been."""
        self._turn = None
        self._rewind()

    def reset(self) -> None:
        """Forget everything but the prefix."""
        self._history.clear()
        self.drop()

    def _open_turn(self) -> _Turn:
        if self._turn is None:
            raise RuntimeError("no turn is open")
        return self._turn

    def _reply(self, turn: _Turn, before: str, emit: Emit) -> None:
        """Append `before` and decode until an end token. Talk that is cut off by an abort is whole; a call isn't."""
        turn.whole = turn.calling = False
        logits = self._append(before)
        turn.reply_at = self._at
        self._chooser.begin()
        text = codecs.getincrementaldecoder("utf-8")("replace")
        try:
            for _ in range(min(self._max_tokens, self._engine.context - self._at - _CLOSING_ROOM)):
                choice = self._chooser.choose(logits)
                self._watch.token()
                if self._engine.vocabulary.is_end(choice.token):
                    break
                turn.calling = turn.calling or choice.token == self._call_token
                emit(Piece(text.decode(self._engine.vocabulary.piece(choice.token)), choice.probability))
                logits = self._append_tokens([choice.token])
        except Aborted:
            turn.whole = not turn.calling
            raise
        turn.whole = True

    def _let_oldest_go(self) -> None:
        """Close the gap by renumbering what follows: those keys are turned back, and nothing is computed again."""
        end = self._history[0].end
        gap = end - self._prefix
        self._engine.main.remove(self._prefix, end)
        self._engine.main.slide(end, gap)
        self._history = [_Past(p.end - gap, p.at_s) for p in self._history[1:]]
        self._at -= gap

    def _rewind(self, to: int | None = None) -> None:
        """Take everything back behind `to`, or behind the history."""
        self._at = to if to is not None else self._history[-1].end if self._history else self._prefix
        self._engine.main.remove(self._at)

    def _encode(self, samples: Pcm) -> Rows:
        with self._watch.encoding(len(samples) / SAMPLE_RATE_HZ):
            return self._engine.encode(samples)

    def _append(self, text: str) -> Logits:
        tokens = self._engine.vocabulary.tokenize(text)
        with self._watch.prefilling(len(tokens)):
            return self._append_tokens(tokens)

    def _append_rows(self, rows: Rows) -> None:
        with self._watch.prefilling(len(rows)):
            self._engine.main.decode_rows(rows, self._at)
            self._at += len(rows)

    def _append_tokens(self, tokens: Sequence[int]) -> Logits:
        if self._at + len(tokens) > self._engine.context:
            raise ModelFailed(
                f"the conversation is longer than {self._engine.context} tokens", remedy="begin a new one"
            )
        logits = self._engine.main.decode_tokens(tokens, self._at)
        self._at += len(tokens)
        return logits
