"""A reply on its way from the model thread to whoever reads it, now or later: a draft is one that nobody reads yet.

Knows no model. Bounded, for a reply is.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from assistant.llm.parse import CALL_OPEN
from assistant.llm.verdict import Doubts, judge
from assistant.stages import Piece, Verdict


class HeldReply:
    """The pieces of one reply, kept until they are read. Until then the two callbacks tell how far it is.

    Made on the event loop. `job` is the work on the thread, which calls `emit` for every piece and `end` at last.
    """

    job: "asyncio.Future[None]"

    def __init__(
        self,
        doubts: Doubts,
        on_token: Callable[[], None] | None,
        on_verdict: Callable[[Verdict], None] | None,
        before: str = "",
        *,
        is_draft: bool = False,
    ) -> None:
        """`before` is the draft of less of the same sentence. `is_draft`: it hasn't heard the silence behind that."""
        self._loop = asyncio.get_running_loop()
        self._doubts = doubts
        self._on_token, self._on_verdict = on_token, on_verdict
        self._before = before
        self._pieces: list[Piece] = []
        self._ended = False
        self._news = asyncio.Event()
        self._least = 0.0
        self.is_draft = is_draft
        self.is_read = False

    @property
    def text(self) -> str:
        """All of it; "" before it is complete."""
        return "".join(piece.text for piece in self._pieces) if self._ended else ""

    def emit(self, piece: Piece) -> None:
        """Take a piece. From the thread."""
        self._tell(lambda: self._take(piece))

    def end(self) -> None:
        """No more pieces will come. From the thread."""
        self._tell(self._close)

    def hush(self) -> None:
        """Call nobody back any more."""
        self._on_token = self._on_verdict = None

    async def pieces(self) -> AsyncIterator[Piece]:
        """Give all pieces, those that wait and those that come. Raises what the job raised."""
        self.is_read = True
        self.hush()
        given = 0
        while True:
            while given < len(self._pieces):
                given += 1
                piece = self._pieces[given - 1]
                yield replace(piece, probability=max(piece.probability, self._least))
            if self._ended:
                break
            self._news.clear()
            await self._news.wait()
        await self._done()

    async def verdict(self) -> Verdict:
        """Judge all of it when it is complete, and let nothing out. Raises what the job raised."""
        await self._done()
        await asyncio.sleep(0)  # the last piece is on its way from the thread
        return judge(self._pieces, self._doubts)

    async def opens_call(self) -> bool:
        """Whether it begins with a call, as soon as that is known. Raises what the job raised, if that is nothing."""
        while not (self._pieces or self._ended):
            self._news.clear()
            await self._news.wait()
        if not self._pieces:
            await self._done()
        return bool(self._pieces) and self._pieces[0].text == CALL_OPEN

    def vouch(self, confidence: float) -> None:
        """Let none of it be less likely than that: it has been said before."""
        self._least = confidence

    async def _done(self) -> None:
        """Return when the job is done. Whoever stops waiting here cancels nothing: the thread still decodes."""
        await asyncio.shield(self.job)

    def _tell(self, news: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever listened
            self._loop.call_soon_threadsafe(news)

    def _take(self, piece: Piece) -> None:
        self._pieces.append(piece)
        self._news.set()
        self._tell_token()

    def _close(self) -> None:
        self._ended = True
        self._news.set()
        self._tell_token()
        if self._on_verdict is not None:
            self._on_verdict(judge(self._pieces, self._doubts, self._before))

    def _tell_token(self) -> None:
        if self._on_token is not None:
            self._on_token()
            self._on_token = None
