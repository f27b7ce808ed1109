"""One conversation with the model, from the event loop: `stages.Session` over a `Ledger` on a thread of its own.

Knows no prompt and no cache; only how work gets to the thread, pieces come back and a decode is stopped. A piece is
here 0.1 ms after it was decoded; an abort takes at most one node of the graph, some 100 us.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Self

from assistant.errors import HeyGemmaError, ModelFailed, ModelStuck
from assistant.llm import prompt
from assistant.llm.conformer import Conformer
from assistant.llm.decoder import Aborted
from assistant.llm.engine import Engine, Threads
from assistant.llm.grammar import Grammar
from assistant.llm.ledger import Emit, Ledger
from assistant.llm.memory_plan import FULL, MemoryPlan
from assistant.llm.patience import Patience
from assistant.llm.prefix_cache import PrefixCache, identity
from assistant.llm.prompt import PromptProfile
from assistant.llm.reply import HeldReply
from assistant.llm.sampling import Chooser, Sampler, SamplingProfile, Script
from assistant.llm.verdict import Asked, Doubts
from assistant.stages import Opinion, Outcome, Pcm, Piece, Timings, Tool, Verdict

_LOG = logging.getLogger(__name__)
NO_DOUBTS = Doubts()
NOT_ASKED = Asked()
NO_PROFILE = PromptProfile("")
TOO_FAR_BEHIND_S = 1.0  # a machine that can't keep up should listen, not guess


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model to run: its files, what `models/manifest.toml` says of it, and how much of the machine it may use.

    `ear` is the text model's half-depth copy; `listen_ahead`: encode sound while it comes.
    """

    model: Path
    mmproj: Path
    prompt: PromptProfile
    sampling: SamplingProfile = field(default_factory=SamplingProfile)
    context: int = 4096
    threads: Threads = field(default_factory=Threads)
    seed: int = 0
    doubts: Doubts = field(default_factory=Doubts)
    asked: Asked = field(default_factory=Asked)
    ear: Path | None = None
    listen_ahead: bool = False
    plan: MemoryPlan = FULL


class LlamaSession:
    """Implements `stages.Session`."""

    def __init__(
        self,
        engine: Engine,
        ledger: Ledger,
        *,
        doubts: Doubts = NO_DOUBTS,
        asked: Asked = NOT_ASKED,
        profile: PromptProfile = NO_PROFILE,
        patience: Patience | None = None,
    ) -> None:
        """Made on the event loop. `on_stuck` is called when the thread never comes back."""
        self._engine = engine
        self._profile = profile
        self._ledger = ledger
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="llama")
        self._doubts = doubts
        self._asked = asked
        self._reply: HeldReply | None = None
        self._listening: Future[None] | None = None
        self._renewing: asyncio.Future[bool] | None = None
        self.on_stuck: Callable[[ModelStuck], None] = lambda e: _LOG.error("%s", e.message)
        self._patience = Patience() if patience is None else patience
        self._jobs_done = 0
        self._working = self._overdue = self._closed = False
        self._stuck: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watching = asyncio.create_task(self._watch(), name="patience")

    @classmethod
    async def start(
        cls,
        spec: ModelSpec,
        tools: Sequence[Tool] = (),
        home: str = "",
        *,
        cache_dir: Path | None = None,
        now_s: Callable[[], float] = time.monotonic,
        script: str | None = None,
        legal: Sequence[Tool] = (),
    ) -> Self:
        """Load the model and prefill the prefix. Raises ModelMissing, ModelDamaged or ConfigError.

        `tools` are what the model is told; calls that `legal` tools can't take can't be written; none: they can.
        With a `script` every reply is that text, computed for real but not chosen: for models without sense.
        """

        def load() -> tuple[Engine, Ledger]:
            engine = Engine(
                spec.model, spec.mmproj, context=spec.context, threads=spec.threads, ear=spec.ear, plan=spec.plan
            )
            encoder: Conformer | None = None
            try:
                encoder = Conformer(spec.mmproj) if spec.listen_ahead else None
                words = engine.vocabulary
                chooser: Chooser = Sampler(spec.sampling, words.control(prompt.TOOL_CALL), spec.seed)
                if script is not None:
                    chooser = Script(repeat(words.tokenize(script)))
                limit = spec.sampling.max_tokens
                grammar = Grammar(legal, words.tokenize) if legal else None
                ledger = Ledger(
                    engine,
                    spec.prompt,
                    chooser,
                    max_tokens=limit,
                    now_s=now_s,
                    encoder=encoder,
                    grammar=grammar,
                )
                cache = PrefixCache(cache_dir) if cache_dir else None
                ledger.prepare(prompt.prefix(spec.prompt, tools, home), cache, identity(spec.model))
            except BaseException:
                if encoder is not None:
                    encoder.close()
                engine.close()
                raise
            return engine, ledger

        return cls(*await asyncio.to_thread(load), doubts=spec.doubts, asked=spec.asked, profile=spec.prompt)

    @property
    def timings(self) -> Timings:
        """Where the time of the latest reply went."""
        return self._ledger.timings

    @property
    def beats(self) -> int:
        """Grows with every step of a decode, a long one too."""
        return self._engine.steps

    @property
    def listens_ahead(self) -> bool:
        """Sound is taken in while it comes."""
        return self._ledger.listens_ahead

    async def listen_ahead(self, *, on: bool) -> None:
        """Take sound in while it comes, where that can be done, or only when the turn is over. Between turns."""
        await self._run(lambda: self._ledger.listen_ahead(on=on))

    def legalize(self, tools: Sequence[Tool]) -> None:
        """From the next call on, let calls be what these tools can take, if calls are limited at all."""
        if self._ledger.grammar is not None:
            self._ledger.grammar = Grammar(tools, self._engine.vocabulary.tokenize)

    async def renew(self, tools: Sequence[Tool], home: str) -> bool:
        """Let the model read other tools and another home, between turns; the next turn has them.

        False: a turn is open or remembered, or began meanwhile: as before, and to be asked for again. Raises
        ConfigError where the new prompt leaves no room for a turn; then the old one stays too.
        """
        text = prompt.prefix(self._profile, tools, home)
        renewing = self._renewing is not None and not self._renewing.done()
        if renewing or self._reply is not None or not self._ledger.idle:
            return False
        self._engine.allow()
        self._renewing = asyncio.get_running_loop().run_in_executor(self._worker, self._renew, text)
        return await asyncio.shield(self._renewing)

    def _renew(self, text: str) -> bool:
        done: list[bool] = []
        self._guarded(lambda: done.append(self._ledger.renew(text)))
        return any(done)

    def only_legal_calls(self, *, on: bool) -> None:
        """Write only calls that the home can carry out, where it is known which, or any. Between turns."""
        self._ledger.only_legal_calls = on

    async def open(self) -> None:
        """Begin a user turn (drops an open one)."""
        await self._stopped()
        self._engine.allow()
        await self._run(self._ledger.open)

    async def feed(self, samples: Pcm) -> None:
        """Append sound, shape (n,), 16 kHz int16, to the open turn."""
        self._ledger.hear(samples)
        self._listen()

    async def write(self, text: str) -> None:
        """Append typed text to the open turn."""
        self._ledger.read(text)

    async def draft(self, on_token: Callable[[], None], on_verdict: Callable[[Verdict], None]) -> bool:
        """Begin to answer what was heard so far, hold the answer until `commit`. False: can't, or too far behind."""
        if not self._ledger.listens_ahead or self._ledger.hearing.behind_s > TOO_FAR_BEHIND_S:
            return False
        await self._stopped()
        self._reply = self._decode(self._ledger.draft, on_token, on_verdict)
        return True

    async def retract(self) -> None:
        """Throw the draft, or what was committed, away: the open turn is as if there had been none, and goes on."""
        await self._stopped()
        self._engine.allow()
        await self._run(self._ledger.retract)
        self._listen()

    async def weigh(self) -> Opinion:
        """Say whether the open turn was meant for us: by the draft, or a reply that is held, or by asking the model."""
        if self._asked.question:
            await self._stopped()
            self._engine.allow()
            found: list[float] = []
            await self._run(lambda: found.append(self._ledger.weigh(self._asked.question)))
            likely = found[0] if found else 0.0
            return Opinion(likely >= self._asked.least, f"yes with {likely:.2f}")
        if self._reply is None:
            self._reply = self._decode(self._ledger.commit)
        verdict = await self._reply.verdict()
        return Opinion(verdict.kind != "unsure", verdict.kind)

    def commit(self) -> AsyncIterator[Piece]:
        """Close the user turn; give the draft, or decode the reply, until its end token. Raises ModelFailed."""
        return self._pieces(self._ledger.commit)

    def answer(self, outcomes: Sequence[Outcome]) -> AsyncIterator[Piece]:
        """Give tool results back after a reply made of calls, and decode the model's words about them."""
        return self._pieces(lambda emit: self._ledger.answer(outcomes, emit))

    async def settled(self) -> None:
        """Return when all that was handed over is done, a draft too."""
        await self._returned()
        await asyncio.sleep(0)  # what the thread has told the loop is heard

    async def remember(self, reply: str, outcomes: Sequence[Outcome]) -> None:
        """Close the turn into the history: calls, results and what was said. Old turns fall out."""
        await self._stopped()
        self._engine.allow()
        await self._run(lambda: self._ledger.remember(reply, outcomes))

    async def drop(self) -> None:
        """Forget the open turn as if it had never been."""
        await self._stopped()
        await self._run(self._ledger.drop)

    async def forget(self) -> None:
        """Forget the whole conversation: only the prefix stays."""
        await self._stopped()
        await self._run(self._ledger.reset)

    def abort(self) -> None:
        """Stop decoding within one step; the running iterator ends early."""
        self._engine.abort()

    async def aclose(self) -> None:
        """Stop the thread and free the model. A second time is harmless. Raises ModelStuck, and frees nothing then."""
        if self._closed:
            return
        self._closed = True
        self._watching.cancel()
        self.abort()
        if not await self._returned(self._patience.grace_s):
            self._worker.shutdown(wait=False, cancel_futures=True)
            raise _stuck()
        await self._stopped()
        await asyncio.to_thread(self._worker.shutdown)
        self._ledger.close()
        self._engine.close()

    def _listen(self) -> None:
        """Let the thread take in what was heard, unless it is about to."""
        if self._ledger.listens_ahead and (self._listening is None or self._listening.done()):
            self._listening = self._worker.submit(self._guarded_listen)

    def _guarded_listen(self) -> None:
        try:
            self._guarded(self._ledger.listen)
        except HeyGemmaError as e:
            _LOG.warning("%s", e.message)  # the turn is forgotten: its commit tells the person

    async def _returned(self, within_s: float | None = None) -> bool:
        """Wait until the thread has done what it was given. False: it doesn't come back."""
        back = asyncio.get_running_loop().run_in_executor(self._worker, lambda: None)
        await asyncio.wait([back, self._stuck], timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        return back.done()

    async def _watch(self) -> None:
        """Stop a job that stands still; if that doesn't help, say so."""
        while True:
            await asyncio.sleep(self._patience.longest_s / 10)
            match self._patience.look(time.monotonic(), self.beats + self._jobs_done, working=self._working):
                case "slow":
                    _LOG.error("the model has stood still for %.0f s: it is stopped", self._patience.longest_s)
                    self._overdue = True
                    self.abort()
                case "stuck":
                    self._stuck.set_result(None)
                    self.on_stuck(_stuck())
                    return
                case "fine":
                    pass

    async def _stopped(self) -> None:
        """Return when no reply is being decoded, and no prefix computed (any more)."""
        if self._renewing is not None and not self._renewing.done():
            self.abort()
            await asyncio.wait([self._renewing])
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.hush()
            if not reply.job.done():
                self.abort()
            await asyncio.wait([reply.job])
            reply.job.exception()  # whoever stopped listening isn't told

    async def _run(self, job: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._worker, self._guarded, job)

    def _guarded(self, job: Callable[[], None]) -> None:
        """Run a job on the thread. When it fails, the conversation is forgotten, and the next turn works."""
        self._working, self._overdue = True, False
        try:
            job()
        except Aborted as e:
            if self._overdue:
                self._ledger.reset()
                raise ModelFailed("the model stood still, and was stopped", remedy="say it again") from e
            _LOG.debug("a decode was stopped")
        except Exception as e:
            self._ledger.reset()
            if isinstance(e, HeyGemmaError):
                raise
            raise ModelFailed(f"the model failed: {e}", remedy="say it again") from e
        finally:
            self._working = False
            self._jobs_done += 1

    def _decode(
        self,
        job: Callable[[Emit], None],
        on_token: Callable[[], None] | None = None,
        on_verdict: Callable[[Verdict], None] | None = None,
    ) -> HeldReply:
        """Run a job that emits pieces on the thread."""
        self._engine.allow()
        self._ledger.hearing.hurry(on=True)
        reply = HeldReply(self._doubts, on_token, on_verdict)

        def work() -> None:
            self._ledger.hearing.hurry(on=False)
            try:
                self._guarded(lambda: job(reply.emit))
            finally:
                reply.end()

        reply.job = asyncio.get_running_loop().run_in_executor(self._worker, work)
        return reply

    async def _pieces(self, job: Callable[[Emit], None]) -> AsyncIterator[Piece]:
        """Let a reply out: the one that is held, or one that begins now."""
        reply = self._reply
        if reply is None or reply.is_read:
            await self._stopped()
            reply = self._reply = self._decode(job)
        try:
            async for piece in reply.pieces():
                yield piece
        finally:
            await self._stopped()


def _stuck() -> ModelStuck:
    return ModelStuck(
        "the model's thread doesn't come back", remedy="start hey-gemma again; as a service it does so itself"
    )
