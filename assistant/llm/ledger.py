"""What the KV cache holds: prefix | history | the open turn, and the steps that take it from one to the next.

Synchronous and for one thread at a time, but `hear`, `read`, parts of `hearing` and `Engine.abort`. Knows no event
loop. A reply may be taken back, whether it was a draft or not: what is left has the bits of a turn without it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from assistant.llm import prompt
from assistant.llm.decoder import Aborted, Logits, Rows
from assistant.llm.encoders import Encoder, WholeSound
from assistant.llm.engine import Engine
from assistant.llm.grammar import Grammar
from assistant.llm.hearing import Heard, Hearing
from assistant.llm.prefix import Prefix
from assistant.llm.prefix_cache import PrefixCache
from assistant.llm.prompt import PromptProfile
from assistant.llm.sampling import Chooser, probabilities
from assistant.llm.stopwatch import Stopwatch
from assistant.llm.trunk import Trunk
from assistant.llm.writer import Emit, Writer
from assistant.stages import SAMPLE_RATE_HZ, Outcome, Pcm, Timings

TURN_ROOM = 768  # cells that a long turn takes: 15 s of sound are 375, a long reply 256


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a reply began, to go back to: in the cache, and in the sound."""

    at: int
    heard: Heard


@dataclass(slots=True)
class _Turn:
    """The open turn: where its sound and the model's latest reply begin in the cache; None before they do."""

    texts: list[str] = field(default_factory=list)
    sound_at: int | None = None
    mark: _Mark | None = None
    reply_at: int | None = None
    calling: bool = False
    whole: bool = False
    answered: int = 0  # so many results of calls are in the cache


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
        grammar: Grammar | None = None,
    ) -> None:
        """`encoder` None: only the engine's own, which takes a sound as a whole. `grammar` None: calls are free."""
        self._engine = engine
        self._trunk = Trunk(engine)
        self._watch = Stopwatch()
        self._streaming = encoder
        self._whole = WholeSound(engine)
        self.hearing = Hearing(engine.width, self._append_rows, self._watch)
        self.listen_ahead(on=True)
        self._profile = profile
        self.grammar = grammar
        self.only_legal_calls = True
        self._now_s = now_s
        self._writer = Writer(self._trunk, engine.vocabulary, chooser, self._watch, max_tokens=max_tokens)
        self._prefix = Prefix(engine, self._trunk, room=TURN_ROOM)
        self._history: list[_Past] = []
        self._turn: _Turn | None = None

    @property
    def timings(self) -> Timings:
        """Where the time of the latest reply went."""
        return self._watch.spent

    def prepare(self, prefix: str, cache: PrefixCache | None = None, model_identity: str = "") -> None:
        """Put the prefix into the cache, from disk if it is there, and run everything once. Raises ConfigError."""
        self._prefix = Prefix(self._engine, self._trunk, room=TURN_ROOM, cache=cache, identity=model_identity)
        self._prefix.replace(prefix)
        self.hearing.reset()
        self.hearing.hear(np.zeros(SAMPLE_RATE_HZ // 2, np.int16))
        self.hearing.finish()  # pages the weights in
        self._read(prompt.REPLY_OPEN)
        self._rewind()

    @property
    def idle(self) -> bool:
        """No turn is open, and none is remembered that the next one may refer to."""
        return self._turn is None and not any(self._is_fresh(past) for past in self._history)

    def renew(self, prefix: str) -> bool:
        """Put another prefix in place of this one, if no turn is open or remembered; False: one is.

        The old one stays when it is stopped. Raises ConfigError, ModelFailed, Aborted.
        """
        if not self.idle:
            return False
        self._history.clear()
        self._prefix.replace(prefix)
        return True

    def listen_ahead(self, *, on: bool) -> None:
        """Take sound in while it comes, if that can be done, and use the ear; or neither. Between turns."""
        self.listens_ahead = on and self._streaming is not None
        encoder = self._streaming if self.listens_ahead else None
        self.hearing.use(encoder or self._whole, in_groups=encoder is not None)
        self._trunk.half_depth = on

    def open(self) -> None:
        """Begin a user turn, in place of an open one. Turns that are too old or too many fall out of the history."""
        self.drop()
        while self._history and (
            not self._is_fresh(self._history[0])
            or len(self._history) > self._profile.history_turns
            or self._trunk.room < TURN_ROOM
        ):
            self._let_oldest_go()
        self._watch.restart()
        self._turn = _Turn()

    def hear(self, samples: Pcm) -> None:
        """Hand over sound for the open turn, if there is one."""
        if self._turn is not None:
            self.hearing.hear(samples)

    def read(self, text: str) -> None:
        """Append typed text to the open turn; it stands before any sound."""
        if said := prompt.typed(text):
            self._open_turn().texts.append(said)

    def listen(self) -> None:
        """Take in what was heard: encode what is final, and put whole groups of rows into the cache."""
        turn = self._turn
        if turn is not None and turn.mark is None and self.hearing.ready():
            self._begin(turn)
            self.hearing.listen()

    def draft(self, emit: Emit) -> None:
        """Answer the sound up to where the voice ended. Raises ModelFailed, Aborted.

        The silence behind it stays out, at most 120 ms: a draft is made when the voice has been away for 80.
        """
        turn = self._unanswered()
        if not self.hearing.samples:
            return
        self._begin(turn)
        audible = self.hearing.catch_up()
        turn.mark = _Mark(self._trunk.at, self.hearing.snapshot(encoder=False))
        self.hearing.close(audible)
        self._reply(turn, prompt.AUDIO_CLOSE + prompt.REPLY_OPEN, emit)

    def commit(self, emit: Emit) -> None:
        """Answer all of the user turn. An empty turn has no reply. Raises ModelFailed, Aborted."""
        turn = self._unanswered()
        if not (self.hearing.samples or turn.texts):
            return
        self._begin(turn)
        turn.mark = _Mark(self._trunk.at, self.hearing.snapshot(encoder=True))
        self._reply(turn, self._closing(), emit)

    def weigh(self, question: str) -> float:
        """How likely the model answers yes, of yes and no, to a question about the open turn, which stays as it was."""
        self.retract()
        turn = self._unanswered()
        if not self.hearing.samples:
            return 0.0
        self._begin(turn)
        turn.mark = _Mark(self._trunk.at, self.hearing.snapshot(encoder=True))
        try:
            self.hearing.finish()
            self.hearing.close()
            logits = self._read(prompt.AUDIO_CLOSE + prompt.typed(question) + prompt.REPLY_OPEN)
        finally:
            self.retract()
        yes, no = (self._first_tokens(word) for word in ("yes", "no"))
        p_yes, p_no = probabilities(logits, yes).sum(), probabilities(logits, no).sum()
        return float(p_yes / max(p_yes + p_no, 1e-9))

    def _first_tokens(self, word: str) -> list[int]:
        """The tokens that an answer of this word may begin with."""
        return sorted({self._engine.vocabulary.tokenize(form)[0] for form in (word, word.capitalize())})

    def retract(self) -> None:
        """Take a draft, or what was committed, back: the open turn is as if there had been none."""
        turn = self._turn
        if turn is None or turn.mark is None:
            return
        self._trunk.rewind(turn.mark.at)
        self.hearing.restore(turn.mark.heard)
        turn.mark = turn.reply_at = None
        turn.whole = turn.calling = False
        turn.answered = 0

    def cut(self, samples: int) -> None:
        """Give up the last `samples` of the open turn's sound, as if they had never been heard."""
        sound_at = self._begin(self._unanswered())
        self._trunk.rewind(sound_at + self.hearing.cut(max(0, self.hearing.samples - samples)))

    def answer(self, outcomes: Sequence[Outcome], emit: Emit) -> None:
        """Append the results of calls and decode the model's words about them. Raises ModelFailed, Aborted."""
        turn = self._open_turn()
        if turn.reply_at is None:
            raise RuntimeError("there is no call to answer")
        self._watch.restart()
        turn.answered += len(outcomes)
        self._reply(turn, prompt.responses(outcomes), emit)

    def remember(self, reply: str, outcomes: Sequence[Outcome], *, anew: bool = False) -> None:
        """Close the turn into the history: what was said, calls, results, reply. Half a turn is dropped instead.

        `anew`: the calls are those of the outcomes, whatever the model replied last, if it did.
        """
        turn = self._turn
        if turn is not None and anew:
            self._write(turn, outcomes)
        if turn is None or not turn.whole or not self._profile.history_turns:
            self.drop()
            return
        close = prompt.TURN_CLOSE
        if turn.calling and (latest := outcomes[turn.answered :]):
            close = prompt.responses(latest) + prompt.typed(reply) + close
        elif turn.calling:  # calls that nobody could read, or carried out: the model shouldn't see them again
            self._trunk.rewind(turn.reply_at or self._prefix.length)
            close = prompt.typed(reply) + close
        with self._watch.prefilling(0):
            self._trunk.append_tokens(self._engine.vocabulary.tokenize(close))
        self._history.append(_Past(self._trunk.at, self._now_s()))
        self._turn = None

    def _write(self, turn: _Turn, outcomes: Sequence[Outcome]) -> None:
        """Put these calls where the model's reply is, or would be."""
        if turn.reply_at is None:
            self.retract()  # one that was stopped may have put the sound's end there
            self._begin(turn)
            self._read(self._closing())
            turn.reply_at = self._trunk.at
        self._trunk.rewind(turn.reply_at)
        self._trunk.append_tokens(self._engine.vocabulary.tokenize(prompt.calls(outcomes)))
        turn.whole = turn.calling = True
        turn.answered = 0

    def drop(self) -> None:
        """Forget the open turn as if it had never been."""
        self._turn = None
        self.hearing.reset()
        self._rewind()

    def reset(self) -> None:
        """Forget everything but the prefix."""
        self._history.clear()
        self.drop()

    def close(self) -> None:
        """Free the encoder; the ledger is of no more use."""
        if self._streaming is not None:
            self._streaming.close()

    def _closing(self) -> str:
        """Take in what is left of the sound; what closes the user's turn behind it."""
        if not self.hearing.samples:
            return prompt.REPLY_OPEN
        self.hearing.finish()
        self.hearing.close()
        return prompt.AUDIO_CLOSE + prompt.REPLY_OPEN

    def _open_turn(self) -> _Turn:
        if self._turn is None:
            raise RuntimeError("no turn is open")
        return self._turn

    def _reply(self, turn: _Turn, before: str, emit: Emit) -> None:
        """Append `before` and decode until an end token. Talk that is cut off by an abort is whole; a call isn't."""
        turn.whole = turn.calling = False
        logits = self._read(before)
        turn.reply_at = self._trunk.at
        try:
            self._writer.write(logits, self.grammar if self.only_legal_calls else None, emit)
        except Aborted:
            turn.whole = not self._writer.calling
            raise
        finally:
            turn.calling = self._writer.calling
        turn.whole = True

    def _unanswered(self) -> _Turn:
        """The open turn, about to be answered."""
        turn = self._open_turn()
        if turn.reply_at is not None:
            raise RuntimeError("the turn has a reply already")
        self._watch.restart()
        self._watch.spent.behind_s = self.hearing.behind_s
        return turn

    def _begin(self, turn: _Turn) -> int:
        """Open the user turn in the cache, unless it is. Give where its sound begins there."""
        if turn.sound_at is not None:
            return turn.sound_at
        said = prompt.USER_OPEN + " ".join(turn.texts)
        tokens = self._engine.vocabulary.tokenize(said + (prompt.AUDIO_OPEN if self.hearing.samples else ""))
        with self._watch.prefilling(len(tokens)):
            self._trunk.append_tokens(tokens)
        turn.sound_at = self._trunk.at
        return turn.sound_at

    def _is_fresh(self, past: _Past) -> bool:
        return self._now_s() - past.at_s <= self._profile.history_s

    def _let_oldest_go(self) -> None:
        end = self._history[0].end
        gap = end - self._prefix.length
        self._trunk.cut(self._prefix.length, end)
        self._history = [_Past(p.end - gap, p.at_s) for p in self._history[1:]]

    def _rewind(self) -> None:
        """Take everything back behind the history."""
        self._trunk.rewind(self._history[-1].end if self._history else self._prefix.length)

    def _read(self, text: str) -> Logits:
        tokens = self._engine.vocabulary.tokenize(text)
        with self._watch.prefilling(len(tokens)):
            return self._trunk.read(tokens)

    def _append_rows(self, rows: Rows) -> None:
        with self._watch.prefilling(len(rows)):
            self._trunk.append_rows(rows)
