"""One conversation in the KV cache: prefix | history | the open turn. All work is done by one thread of its own.

Sound is kept until `commit` and encoded then, in one go. Knows no home and no voice; what a prompt looks like, `prompt`
knows. Closing a typed turn costs one batch of 25 tokens: on one core 0.8 s with E2B's shapes, 5 ms with tiny.
"""

import asyncio
import codecs
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeVar

import numpy as np

from assistant.errors import ConfigError, HeyGemmaError, ModelFailed
from assistant.llm import prompt
from assistant.llm.engine import LONGEST_AUDIO_S, Aborted, Engine, Threads
from assistant.llm.prefix_cache import PrefixCache, identity
from assistant.llm.prompt import PromptProfile
from assistant.llm.sampling import Chooser, Logits, Sampler, SamplingProfile
from assistant.stages import SAMPLE_RATE_HZ, Outcome, Pcm, Piece, Timings, Tool

_LOG = logging.getLogger(__name__)
_LONGEST_SOUND = LONGEST_AUDIO_S * SAMPLE_RATE_HZ
_TURN_ROOM = 768  # cells that a long turn takes: 15 s of sound are 375, a long reply 256
_END = None

T = TypeVar("T")


@dataclass(slots=True)
class _Turn:
    """The open turn. `reply_at` is where the model's reply begins in the cache; None before `commit`."""

    texts: list[str] = field(default_factory=list)
    sound: list[Pcm] = field(default_factory=list)
    samples: int = 0
    reply_at: int | None = None
    called: bool = False
    answered: bool = False
    broken: bool = False


@dataclass(frozen=True, slots=True)
class _Past:
    """A turn of the history: where it ends in the cache, and when it was closed."""

    end: int
    at_s: float


class LlamaSession:
    """Implements `stages.Session`."""

    def __init__(
        self,
        engine: Engine,
        profile: PromptProfile,
        chooser: Chooser,
        *,
        max_tokens: int,
        now_s: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._profile = profile
        self._chooser = chooser
        self._max_tokens = max_tokens
        self._now_s = now_s
        self._call_token = engine.vocabulary.control(prompt.TOOL_CALL)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="llama")
        self._stream: asyncio.Future[None] | None = None
        self._prefix = 0
        self._at = 0
        self._history: list[_Past] = []
        self._turn: _Turn | None = None
        self.timings = Timings()

    @classmethod
    async def start(
        cls,
        model: Path,
        mmproj: Path,
        profile: PromptProfile,
        sampling: SamplingProfile,
        *,
        tools: Sequence[Tool] = (),
        home: str = "",
        context: int = 4096,
        threads: Threads = Threads(),  # noqa: B008 - frozen
        seed: int = 0,
        cache_dir: Path | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> Self:
        """Load the model and fill the cache with the prefix. Raises ModelMissing, ModelDamaged or ConfigError."""
        engine = await asyncio.to_thread(Engine, model, mmproj, context=context, threads=threads)
        sampler = Sampler(sampling, engine.vocabulary.control(prompt.TOOL_CALL), seed)
        session = cls(engine, profile, sampler, max_tokens=sampling.max_tokens, now_s=now_s)
        cache = PrefixCache(cache_dir) if cache_dir else None
        try:
            await session.prepare(prompt.prefix(profile, tools, home), cache, identity(model))
        except BaseException:
            await session.aclose()
            raise
        return session

    async def prepare(self, prefix: str, cache: PrefixCache | None = None, model_identity: str = "") -> None:
        """Put the prefix into the cache, from disk if it is there, and run everything once."""
        await self._run(self._prepare, prefix, cache, model_identity)

    async def open(self) -> None:
        """Begin a user turn (drops an open one)."""
        await self.drop()
        await self._run(self._make_room)
        self.timings = Timings()
        self._turn = _Turn()

    async def feed(self, samples: Pcm) -> None:
        """Append sound, shape (n,), 16 kHz int16, to the open turn. What goes beyond 30 s is not heard."""
        turn = self._open_turn()
        heard = samples[: _LONGEST_SOUND - turn.samples]
        if len(heard) < len(samples) and turn.samples < _LONGEST_SOUND:
            _LOG.warning("a turn longer than %d s: the rest is not heard", LONGEST_AUDIO_S)
        turn.sound.append(np.array(heard, np.int16))
        turn.samples += len(heard)

    async def write(self, text: str) -> None:
        """Append typed text to the open turn."""
        self._open_turn().texts.append(text)

    async def commit(self) -> AsyncIterator[Piece]:
        """Close the user turn and decode the reply until its end token (not yielded). Raises ModelFailed."""
        turn = self._open_turn()
        if turn.reply_at is not None:
            raise RuntimeError("the turn is committed already")
        async for piece in self._streamed(lambda emit: self._commit(turn, emit)):
            yield piece

    async def answer(self, outcomes: Sequence[Outcome]) -> AsyncIterator[Piece]:
        """Give tool results back after a reply made of calls, and decode the model's words about them."""
        turn = self._open_turn()
        if turn.reply_at is None:
            raise RuntimeError("there is no call to answer")
        async for piece in self._streamed(lambda emit: self._answer(turn, outcomes, emit)):
            yield piece

    async def remember(self, reply: str, outcomes: Sequence[Outcome]) -> None:
        """Close the turn into the history: calls, results and what was said. Old turns fall out."""
        turn = self._turn
        if turn is None or turn.reply_at is None or turn.broken or self._profile.history_turns == 0:
            await self.drop()
            return
        await self._settled()
        await self._run(self._remember, turn, reply, outcomes)

    async def drop(self) -> None:
        """Forget the open turn as if it had never been."""
        self.abort()
        await self._settled()
        self._turn = None
        await self._run(self._rewind)

    async def forget(self) -> None:
        """Forget the whole conversation: only the prefix stays."""
        self._history.clear()
        await self.drop()

    def abort(self) -> None:
        """Stop decoding within one step; the running iterator ends early."""
        self._engine.abort()

    async def aclose(self) -> None:
        """Stop the thread and free the model."""
        self.abort()
        await self._settled()
        await asyncio.get_running_loop().run_in_executor(self._worker, self._engine.close)
        self._worker.shutdown()

    # The caller's side of the thread.

    def _open_turn(self) -> _Turn:
        if self._turn is None:
            raise RuntimeError("no turn is open")
        return self._turn

    async def _run(self, job: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._guarded, job, *args)

    async def _settled(self) -> None:
        """Return when no reply is being decoded."""
        if self._stream is not None:
            await asyncio.wait([self._stream])

    async def _streamed(self, job: Callable[[Callable[[Piece], None]], None]) -> AsyncIterator[Piece]:
        """Run `job` on the thread and yield what it emits. At most `max_tokens` pieces wait."""
        self.abort()
        await self._settled()
        self._engine.allow()
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[Piece | None] = asyncio.Queue()

        def emit(piece: Piece | None) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

        def work() -> None:
            try:
                self._guarded(job, emit)
            finally:
                emit(_END)

        self._stream = future = loop.run_in_executor(self._worker, work)
        try:
            while (piece := await pieces.get()) is not _END:
                yield piece
            await future
        finally:
            if not future.done():
                self.abort()
                await asyncio.wait([future])
            if not future.cancelled():
                future.exception()  # seen: whoever stops listening early isn't told

    # The thread's side.

    def _guarded(self, job: Callable[..., T], *args: object) -> T:
        """Run a job; when it fails, go back to the prefix, so that the next turn works."""
        try:
            return job(*args)
        except Exception as e:
            _LOG.exception("the model failed")
            self._turn = None
            self._history.clear()
            self._rewind()
            if isinstance(e, HeyGemmaError):
                raise
            raise ModelFailed(f"the model failed: {e}", remedy="say it again") from e

    def _prepare(self, prefix: str, cache: PrefixCache | None, model_identity: str) -> None:
        engine = self._engine
        tokens = engine.vocabulary.tokenize(prefix)
        if len(tokens) + _TURN_ROOM > engine.context:
            raise ConfigError(
                f"the prompt takes {len(tokens)} of {engine.context} tokens: no room for a conversation",
                remedy="expose fewer entities to the assistant, or give the model a larger context",
            )
        key = f"{model_identity}\n{engine.version}\n{prefix}"
        saved = cache.load(key) if cache else None
        if saved is None or not engine.restore(saved) or engine.length() != len(tokens):
            engine.remove(0)
            engine.decode_tokens(tokens, 0)
            if cache:
                cache.store(key, engine.save())
        self._prefix = self._at = len(tokens)
        self._append_rows(engine.encode(np.zeros(SAMPLE_RATE_HZ // 2, np.int16)))  # pages the weights in
        self._append(prompt.REPLY_OPEN)
        self._rewind()

    def _make_room(self) -> None:
        """Let turns fall out of the history that are too old, too many, or in the way."""
        now_s, profile = self._now_s(), self._profile
        while self._history and (
            now_s - self._history[0].at_s > profile.history_s
            or len(self._history) > profile.history_turns
            or self._at + _TURN_ROOM > self._engine.context
        ):
            gap = self._history[0].end - self._prefix
            self._engine.remove(self._prefix, self._history[0].end)
            self._engine.slide(self._history[0].end, gap)
            self._history = [_Past(p.end - gap, p.at_s) for p in self._history[1:]]
            self._at -= gap

    def _commit(self, turn: _Turn, emit: Callable[[Piece], None]) -> None:
        begun_s = time.perf_counter()
        turn.broken = True
        said = prompt.typed(" ".join(turn.texts))
        if turn.samples == 0:
            logits = self._append(prompt.USER_OPEN + said + prompt.REPLY_OPEN)
        else:
            rows = self._encode(np.concatenate(turn.sound))
            self._append(prompt.USER_OPEN + said + prompt.AUDIO_OPEN)
            self._append_rows(rows)
            logits = self._append(prompt.AUDIO_CLOSE + prompt.REPLY_OPEN)
        turn.reply_at = self._at
        self._reply(turn, logits, emit, begun_s)

    def _answer(self, turn: _Turn, outcomes: Sequence[Outcome], emit: Callable[[Piece], None]) -> None:
        begun_s = time.perf_counter()
        turn.broken = turn.answered = True
        self._reply(turn, self._append(prompt.responses(outcomes)), emit, begun_s)

    def _reply(self, turn: _Turn, logits: Logits, emit: Callable[[Piece], None], begun_s: float) -> None:
        """Decode until the end token. An abort leaves talk that can be remembered, but no half call."""
        vocabulary, text = self._engine.vocabulary, codecs.getincrementaldecoder("utf-8")("replace")
        self._chooser.begin()
        calling = False
        room = min(self._max_tokens, self._engine.context - self._at - len(prompt.TURN_CLOSE))
        try:
            for n in range(room):
                choice = self._chooser.choose(logits)
                now_s = time.perf_counter()
                if n == 0:
                    self.timings.first_token_s, first_s = now_s - begun_s, now_s
                self.timings.decode_s = now_s - first_s
                if vocabulary.is_end(choice.token):
                    break
                calling = calling or choice.token == self._call_token
                emit(Piece(text.decode(vocabulary.piece(choice.token)), choice.probability))
                logits = self._append_tokens([choice.token])
                self.timings.decoded_tokens += 1
        except Aborted:
            turn.broken = calling
        else:
            turn.broken = False
        turn.called = turn.called or calling

    def _remember(self, turn: _Turn, reply: str, outcomes: Sequence[Outcome]) -> None:
        self._engine.allow()
        close = prompt.TURN_CLOSE
        if turn.called and not turn.answered:
            if outcomes:
                close = prompt.responses(outcomes) + prompt.typed(reply) + close
            else:  # calls that nobody could read: they teach the model nothing good
                self._rewind(turn.reply_at)
                close = prompt.typed(reply) + close
        self._append(close)
        self._history.append(_Past(self._at, self._now_s()))
        self._turn = None

    def _rewind(self, to: int | None = None) -> None:
        """Take everything back behind `to`, or behind the history."""
        self._at = to if to is not None else self._history[-1].end if self._history else self._prefix
        self._engine.remove(self._at)

    def _encode(self, samples: Pcm) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        begun_s = time.perf_counter()
        rows = self._engine.encode(samples)
        self.timings.audio_s = len(samples) / SAMPLE_RATE_HZ
        self.timings.encode_s = time.perf_counter() - begun_s
        return rows

    def _append(self, text: str) -> Logits:
        begun_s = time.perf_counter()
        tokens = self._engine.vocabulary.tokenize(text)
        logits = self._append_tokens(tokens)
        self.timings.prefill_s += time.perf_counter() - begun_s
        self.timings.prefill_rows += len(tokens)
        return logits

    def _append_rows(self, rows: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
        begun_s = time.perf_counter()
        self._engine.decode_rows(rows, self._at)
        self._at += len(rows)
        self.timings.prefill_s += time.perf_counter() - begun_s
        self.timings.prefill_rows += len(rows)

    def _append_tokens(self, tokens: Sequence[int]) -> Logits:
        logits = self._engine.decode_tokens(tokens, self._at)
        self._at += len(tokens)
        return logits
