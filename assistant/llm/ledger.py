"""What the KV cache holds: prefix | history | the open turn, and the steps that take it from one to the next.

Synchronous and for one thread at a time, but `hear`, `read`, `hurry` and `Engine.abort`. Knows no event loop. Rows of
sound go into the cache as soon as they are final, `GROUP` at a time from the sound's first row on: so the cache holds
the same bits however the sound came in pieces, and whatever drafts were made and retracted on the way.
"""

import codecs
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from assistant.errors import ConfigError
from assistant.llm import prompt
from assistant.llm.decoder import Aborted, Logits, Rows
from assistant.llm.encoders import Encoder, WholeSound
from assistant.llm.engine import Engine
from assistant.llm.mtmd import LONGEST_AUDIO_S
from assistant.llm.prefix_cache import PrefixCache
from assistant.llm.prompt import PromptProfile
from assistant.llm.sampling import Chooser
from assistant.llm.stopwatch import Stopwatch
from assistant.llm.trunk import Trunk
from assistant.stages import SAMPLE_RATE_HZ, Outcome, Pcm, Piece, Timings

_LOG = logging.getLogger(__name__)
_LONGEST_SOUND = LONGEST_AUDIO_S * SAMPLE_RATE_HZ
TURN_ROOM = 768  # cells that a long turn takes: 15 s of sound are 375, a long reply 256
_CLOSING_ROOM = 16
ROW_S = 0.04
GROUP = 4
HOPS = (12, 8, 4, 2)  # rows that are encoded at once: the more wait, the more at once, and the less each costs
LEAST_HOP = 4  # while there may be more to come: two cost nearly what four do

Emit = Callable[[Piece], None]


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a reply began: to go back to. `rows` weren't a whole group, `encoder` is its state before a flush."""

    at: int
    rows: Rows
    encoder: Any = None


@dataclass(slots=True)
class _Turn:
    """The open turn. `reply_at` is where the model's latest reply begins in the cache; None before the first."""

    rows: Rows  # encoded, and not yet a whole group
    texts: list[str] = field(default_factory=list)
    samples: int = 0
    overlong: bool = False
    begun: bool = False
    mark: _Mark | None = None
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
        self,
        engine: Engine,
        profile: PromptProfile,
        chooser: Chooser,
        *,
        max_tokens: int,
        now_s: Callable[[], float],
        encoder: Encoder | None = None,
    ) -> None:
        """`encoder` None: only the engine's own, which takes a sound as a whole."""
        self._engine = engine
        self._trunk = Trunk(engine)
        self._streaming = encoder
        self._whole: Encoder = WholeSound(engine)
        self.listen_ahead(on=True)
        self._profile = profile
        self._chooser = chooser
        self._max_tokens = max_tokens
        self._now_s = now_s
        self._call_token = engine.vocabulary.control(prompt.TOOL_CALL)
        self._prefix = 0
        self._history: list[_Past] = []
        self._turn: _Turn | None = None
        self._inbox: deque[Pcm] = deque()
        self._hurry = False
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
        if saved is None or not self._trunk.restore(saved, len(tokens)):
            self._trunk.rewind(0)
            self._trunk.append_tokens(tokens)
            if cache:
                cache.store(key, self._trunk.save())
        self._prefix = len(tokens)
        self._encoder.reset()
        self._encoder.feed(np.zeros(SAMPLE_RATE_HZ // 2, np.int16))
        self._append_rows(self._encoder.flush())  # pages the weights in
        self._read(prompt.REPLY_OPEN)
        self._rewind()

    @property
    def listens_ahead(self) -> bool:
        """Sound is taken in while it comes."""
        return self._encoder is self._streaming

    def listen_ahead(self, *, on: bool) -> None:
        """Take sound in while it comes, if that can be done, and use the ear; or neither. Between turns."""
        self._encoder = self._streaming if on and self._streaming is not None else self._whole
        self._trunk.half_depth = on

    def open(self) -> None:
        """Begin a user turn, in place of an open one. Turns that are too old or too many fall out of the history."""
        self.drop()
        now_s, profile = self._now_s(), self._profile
        while self._history and (
            now_s - self._history[0].at_s > profile.history_s
            or len(self._history) > profile.history_turns
            or self._trunk.room < TURN_ROOM
        ):
            self._let_oldest_go()
        self._watch = Stopwatch()
        self._encoder.reset()
        self._turn = _Turn(self._no_rows())

    @property
    def behind_s(self) -> float:
        """How much sound waits to be encoded."""
        return sum(map(len, tuple(self._inbox))) / SAMPLE_RATE_HZ + self._encoder.ready * ROW_S

    def hear(self, samples: Pcm) -> None:
        """Hand over sound for the open turn, if there is one. What goes beyond 30 s is not heard. From any thread."""
        turn = self._turn
        if turn is None:
            return
        heard = samples[: _LONGEST_SOUND - turn.samples]
        if len(heard) < len(samples) and not turn.overlong:
            turn.overlong = True
            _LOG.warning("a turn longer than %d s: the rest is not heard", LONGEST_AUDIO_S)
        turn.samples += len(heard)
        self._inbox.append(np.array(heard, np.int16))

    def read(self, text: str) -> None:
        """Append typed text to the open turn; it stands before any sound."""
        if said := prompt.typed(text):
            self._open_turn().texts.append(said)

    def hurry(self) -> None:
        """Let a `listen` that runs end soon: a reply is wanted. From any thread."""
        self._hurry = True

    def listen(self) -> None:
        """Take in what was heard: encode what is final, and put whole groups of rows into the cache."""
        turn = self._turn
        if turn is None or turn.mark is not None:
            return
        while not self._hurry and (hop := self._hop(LEAST_HOP)):
            self._begin(turn)
            self._encode(turn, hop)

    def draft(self, emit: Emit) -> None:
        """Answer the sound up to its last even row, and be ready to take that back. Raises ModelFailed, Aborted.

        The last 80 ms at most stay out: a draft is made when the voice has been silent for longer.
        """
        turn = self._unanswered()
        if not turn.samples:
            return
        self._begin(turn)
        while hop := self._hop(HOPS[-1]):
            self._encode(turn, hop)
        turn.mark = _Mark(self._trunk.at, turn.rows)
        self._append_rows(turn.rows)
        self._reply(turn, prompt.AUDIO_CLOSE + prompt.REPLY_OPEN, emit)

    def commit(self, emit: Emit) -> None:
        """Close the user turn and decode the reply. An empty turn has none. Raises ModelFailed, Aborted."""
        turn = self._unanswered()
        if not (turn.samples or turn.texts):
            return
        self._take_in()
        self._begin(turn)
        close = prompt.REPLY_OPEN
        turn.mark = _Mark(self._trunk.at, turn.rows, self._encoder.snapshot())
        if turn.samples:
            with self._watch.encoding(turn.samples / SAMPLE_RATE_HZ):
                turn.rows = np.concatenate([turn.rows, self._encoder.flush()])
            if self.listens_ahead:
                self._digest(turn)
            self._append_rows(turn.rows)
            close = prompt.AUDIO_CLOSE + close
        self._reply(turn, close, emit)

    def retract(self) -> None:
        """Take a draft, or what was committed, back: the open turn is as if there had been none."""
        turn = self._turn
        if turn is None or turn.mark is None:
            return
        self._trunk.rewind(turn.mark.at)
        turn.rows = turn.mark.rows
        if turn.mark.encoder is not None:
            self._encoder.restore(turn.mark.encoder)
        turn.mark = turn.reply_at = None
        turn.whole = turn.calling = False

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
            self._trunk.rewind(turn.reply_at or self._prefix)
            close = prompt.typed(reply) + close
        with self._watch.prefilling(0):
            self._trunk.append_tokens(self._engine.vocabulary.tokenize(close))
        self._history.append(_Past(self._trunk.at, self._now_s()))
        self._turn = None

    def drop(self) -> None:
        """Forget the open turn as if it had never been."""
        self._turn = None
        self._inbox.clear()
        self._hurry = False
        self._rewind()

    def reset(self) -> None:
        """Forget everything but the prefix."""
        self._history.clear()
        self.drop()

    def close(self) -> None:
        """Free the encoder; the ledger is of no more use."""
        if self._streaming is not None:
            self._streaming.close()

    def _open_turn(self) -> _Turn:
        if self._turn is None:
            raise RuntimeError("no turn is open")
        return self._turn

    def _reply(self, turn: _Turn, before: str, emit: Emit) -> None:
        """Append `before` and decode until an end token. Talk that is cut off by an abort is whole; a call isn't."""
        turn.whole = turn.calling = False
        logits = self._read(before)
        turn.reply_at = self._trunk.at
        self._chooser.begin()
        text = codecs.getincrementaldecoder("utf-8")("replace")
        try:
            for _ in range(min(self._max_tokens, self._trunk.room - _CLOSING_ROOM)):
                choice = self._chooser.choose(logits)
                self._watch.token()
                if self._engine.vocabulary.is_end(choice.token):
                    break
                turn.calling = turn.calling or choice.token == self._call_token
                emit(Piece(text.decode(self._engine.vocabulary.piece(choice.token)), choice.probability))
                logits = self._trunk.read([choice.token])
        except Aborted:
            turn.whole = not turn.calling
            raise
        turn.whole = True

    def _unanswered(self) -> _Turn:
        """The open turn, about to be answered."""
        turn = self._open_turn()
        if turn.reply_at is not None:
            raise RuntimeError("the turn has a reply already")
        self._hurry = False
        self._watch = Stopwatch()
        self._watch.spent.behind_s = self.behind_s
        return turn

    def _take_in(self) -> None:
        while self._inbox:
            self._encoder.feed(self._inbox.popleft())

    def _hop(self, least: int) -> int:
        """How many rows to encode next; 0: fewer than `least` are ready."""
        self._take_in()
        return next((hop for hop in HOPS if least <= hop <= self._encoder.ready), 0)

    def _begin(self, turn: _Turn) -> None:
        """Open the user turn in the cache."""
        if turn.begun:
            return
        said = prompt.USER_OPEN + " ".join(turn.texts)
        tokens = self._engine.vocabulary.tokenize(said + (prompt.AUDIO_OPEN if turn.samples else ""))
        with self._watch.prefilling(len(tokens)):
            self._trunk.append_tokens(tokens)
        turn.begun = True

    def _encode(self, turn: _Turn, hop: int) -> None:
        with self._watch.encoding(hop * ROW_S):
            turn.rows = np.concatenate([turn.rows, self._encoder.encode(hop)])
        self._digest(turn)

    def _digest(self, turn: _Turn) -> None:
        """Put whole groups of rows into the cache; the rest waits."""
        while len(turn.rows) >= GROUP and not self._hurry:
            self._append_rows(turn.rows[:GROUP])
            turn.rows = turn.rows[GROUP:]

    def _let_oldest_go(self) -> None:
        end = self._history[0].end
        gap = end - self._prefix
        self._trunk.cut(self._prefix, end)
        self._history = [_Past(p.end - gap, p.at_s) for p in self._history[1:]]

    def _rewind(self) -> None:
        """Take everything back behind the history."""
        self._trunk.rewind(self._history[-1].end if self._history else self._prefix)

    def _read(self, text: str) -> Logits:
        tokens = self._engine.vocabulary.tokenize(text)
        with self._watch.prefilling(len(tokens)):
            return self._trunk.read(tokens)

    def _append_rows(self, rows: Rows) -> None:
        if not len(rows):
            return
        with self._watch.prefilling(len(rows)):
            self._trunk.append_rows(rows)

    def _no_rows(self) -> Rows:
        return np.zeros((0, self._engine.width), np.float32)
