"""One conversation with the model, from the event loop: `stages.Session` over a `Ledger` on a thread of its own.

Knows no prompt and no cache; only how work gets to the thread, pieces come back and a decode is stopped. A piece is
here 0.1 ms after it was decoded; an abort takes at most one node of the graph, some 100 us.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Self

from assistant.errors import ModelStuck
from assistant.llm import prompt
from assistant.llm.engine import Engine
from assistant.llm.grammar import Grammar
from assistant.llm.ledger import Ledger
from assistant.llm.loading import ModelSpec, load
from assistant.llm.patience import Patience
from assistant.llm.prompt import PromptProfile
from assistant.llm.reply import HeldReply
from assistant.llm.verdict import Asked, Doubts
from assistant.llm.worker import Worker, done
from assistant.llm.writer import Emit
from assistant.stages import Opinion, Outcome, Pcm, Piece, Timings, Tool, Verdict

NO_DOUBTS = Doubts()
NOT_ASKED = Asked()
NO_PROFILE = PromptProfile("")
TOO_FAR_BEHIND_S = 1.0  # a machine that can't keep up should listen, not guess


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
        """Made on the event loop."""
        self._engine = engine
        self._profile = profile
        self._ledger = ledger
        self._worker = Worker(abort=engine.abort, forget=ledger.reset, beats=lambda: engine.steps, patience=patience)
        self._doubts = doubts
        self._asked = asked
        self._reply: HeldReply | None = None
        self._drafted = ""  # what the latest draft of the open turn said that was thrown away
        self._listening = done()
        self._renewing: asyncio.Future[None] | None = None
        self._closed = False

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
        engine, ledger = await asyncio.to_thread(
            load,
            spec,
            prompt.prefix(spec.prompt, tools, home),
            cache_dir=cache_dir,
            now_s=now_s,
            script=script,
            legal=legal,
        )
        return cls(engine, ledger, doubts=spec.doubts, asked=spec.asked, profile=spec.prompt)

    @property
    def timings(self) -> Timings:
        """Where the time of the latest reply went."""
        return self._ledger.timings

    def when_stuck(self, tell: Callable[[ModelStuck], None]) -> None:
        """Tell this when the thread never comes back."""
        self._worker.on_stuck = tell

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
        await self._worker.run(lambda: self._ledger.listen_ahead(on=on))

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
        done: list[bool] = []
        self._renewing = self._worker.start(lambda: done.append(self._ledger.renew(text)))
        await asyncio.shield(self._renewing)
        return any(done)

    def only_legal_calls(self, *, on: bool) -> None:
        """Write only calls that the home can carry out, where it is known which, or any. Between turns."""
        self._ledger.only_legal_calls = on

    async def open(self) -> None:
        """Begin a user turn (drops an open one)."""
        await self._stopped()
        self._engine.allow()
        self._drafted = ""
        await self._worker.run(self._ledger.open)

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
        await self._worker.run(self._ledger.retract)
        self._listen()

    async def cut(self, samples: int) -> bool:
        """Give up the end of the open turn's sound, and a draft; False: all of it makes sense, which is held now."""
        if self._reply is None:
            self._reply = self._decode(self._ledger.commit)
        if (await self._reply.verdict()).kind in ("call", "nothing"):
            return False
        await self.retract()
        await self._worker.run(lambda: self._ledger.cut(samples))
        return True

    async def weigh(self) -> Opinion:
        """Say whether the open turn was meant for us: by the draft, or a reply that is held, or by asking the model."""
        if self._asked.question:
            await self._stopped()
            self._engine.allow()
            found: list[float] = []
            await self._worker.run(lambda: found.append(self._ledger.weigh(self._asked.question)))
            likely = found[0] if found else 0.0
            return Opinion(likely >= self._asked.least, f"yes with {likely:.2f}")
        if self._reply is None:
            self._reply = self._decode(self._ledger.commit)
        verdict = await (await self._second(self._reply, vouches=False)).verdict()
        return Opinion(verdict.kind != "unsure", verdict.kind)

    def commit(self) -> AsyncIterator[Piece]:
        """Close the user turn; give the draft, or decode the reply, until its end token. Raises ModelFailed.

        A doubtful draft of a call is decoded a second time, with all that was heard.
        """
        return self._pieces(self._ledger.commit)

    def answer(self, outcomes: Sequence[Outcome]) -> AsyncIterator[Piece]:
        """Give tool results back after a reply made of calls, and decode the model's words about them."""
        return self._pieces(lambda emit: self._ledger.answer(outcomes, emit))

    async def settled(self) -> None:
        """Return when all that was handed over is done, a draft too."""
        await self._worker.returned()
        await asyncio.sleep(0)  # what the thread has told the loop is heard

    async def remember(self, reply: str, outcomes: Sequence[Outcome], *, anew: bool = False) -> None:
        """Close the turn into the history: calls, results and what was said. Old turns fall out."""
        await self._stopped()
        self._engine.allow()
        await self._worker.run(lambda: self._ledger.remember(reply, outcomes, anew=anew))

    async def drop(self) -> None:
        """Forget the open turn as if it had never been."""
        await self._stopped()
        await self._worker.run(self._ledger.drop)

    async def forget(self) -> None:
        """Forget the whole conversation: only the prefix stays."""
        await self._stopped()
        await self._worker.run(self._ledger.reset)

    def abort(self) -> None:
        """Stop decoding within one step; the running iterator ends early."""
        self._engine.abort()

    async def aclose(self) -> None:
        """Stop the thread and free the model. A second time is harmless. Raises ModelStuck, and frees nothing then."""
        if self._closed:
            return
        self._closed = True
        await self._worker.aclose()
        await self._stopped()
        self._ledger.close()
        self._engine.close()

    def _listen(self) -> None:
        """Let the thread take in what was heard, unless it is about to."""
        if self._ledger.listens_ahead and self._listening.done():
            self._listening = self._worker.start_quietly(self._ledger.listen)

    async def _stopped(self) -> None:
        """Return when no reply is being decoded, and no prefix computed (any more)."""
        if self._renewing is not None and not self._renewing.done():
            self.abort()
            await asyncio.wait([self._renewing])
        if (reply := self._reply) is not None:
            reply.hush()
            if not reply.job.done():
                self.abort()
            await asyncio.wait([reply.job])
            reply.job.exception()  # whoever stopped listening isn't told
            if self._reply is reply:  # until now whoever else came waits, too, and doesn't take the abort back
                self._reply = None
                self._drafted = reply.text or self._drafted

    def _decode(
        self,
        job: Callable[[Emit], None],
        on_token: Callable[[], None] | None = None,
        on_verdict: Callable[[Verdict], None] | None = None,
    ) -> HeldReply:
        """Run a job that emits pieces on the thread."""
        self._engine.allow()
        self._ledger.hearing.hurry(on=True)
        reply = HeldReply(self._doubts, on_token, on_verdict, self._drafted, is_draft=on_verdict is not None)

        def work() -> None:
            self._ledger.hearing.hurry(on=False)
            try:
                job(reply.emit)
            finally:
                reply.end()

        reply.job = self._worker.start(work)
        return reply

    async def _second(self, reply: HeldReply, *, vouches: bool = True) -> HeldReply:
        """The reply; for a doubtful draft what the whole sound makes of it, for which the draft `vouches`."""
        if not (reply.is_draft and self._doubts.sure and await reply.opens_call()):
            return reply
        first = await reply.verdict()
        if self._reply is not reply or not self._doubts.doubt(first):
            return reply
        await self.retract()
        second = self._reply = self._decode(self._ledger.commit)
        again = await second.verdict()
        if vouches and second.text == reply.text and again.confidence >= self._doubts.agreeing:
            second.vouch(first.confidence)
        return second

    async def _pieces(self, job: Callable[[Emit], None]) -> AsyncIterator[Piece]:
        """Let a reply out: the one that is held, or one that begins now."""
        reply = self._reply
        if reply is not None and not reply.is_read:
            try:
                reply = await self._second(reply)
            except BaseException:
                await self._stopped()
                raise
        if reply is None or reply.is_read:
            await self._stopped()
            reply = self._reply = self._decode(job)
        try:
            async for piece in reply.pieces():
                yield piece
        finally:
            if self._reply is reply:
                await self._stopped()
