"""What was heard -> the model -> calls carried out, clauses to say, and the events that tell of them, in order.

Knows neither the microphone nor the speaker, and takes no decision about the turn. One lane keeps the work in order; a
draft goes on beside it, and tells of itself by events only. Work for a turn that is over goes on (a light that is being
switched), but what it would say or ask for is told to nobody.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from assistant.events import (
    CallsDone,
    CallsReady,
    ClauseReady,
    DraftReady,
    DraftRetracted,
    DraftStarted,
    Event,
    FirstToken,
    Reply,
    WakeDoubted,
    WakeHeard,
    WakeRejected,
)
from assistant.intents.consent import ANSWER
from assistant.intents.router import NOT_UNDERSTOOD, Router
from assistant.intents.translated import language_for, refusal
from assistant.lane import Job, Lane
from assistant.llm.parse import Malformed, Part, ReplyParser, language_of
from assistant.sense import counts
from assistant.sentence import Sentence
from assistant.stages import SAMPLE_RATE_HZ, Call, Only, Outcome, Pcm, Piece, Say, Session, Verdict
from assistant.telling import called, timed
from assistant.translation import TOOL as TRANSLATE

Place = Callable[[], tuple[float, float]]


class Mind:
    """The thoughts of one conversation. `here` gives the place in the input audio and the time: both stamp events."""

    def __init__(self, session: Session, router: Router, *, language: str, here: Place) -> None:
        self._session = session
        self._router = router
        self._language = language
        self._here = here
        self._turn = 0
        self._pause = 0  # the one that a draft is for; the person going on ends it
        self._told_from = 0  # the first turn of which anybody still wants to hear what was done
        self._deed: Job | None = None  # the latest that was handed to the home
        self._conclusion: Job | None = None  # of the latest turn: its commit, or whether it was meant
        self._begin_turn()

    def attach(self, post: Callable[[Event], None], on_error: Callable[[Exception], None]) -> None:
        """Say who gets the events and the failures; called once, before anything is thought."""
        self._post = post
        self._thoughts = Lane("thoughts", on_error)

    @property
    def busy(self) -> bool:
        """Something is being thought or done; a draft isn't."""
        return self._thoughts.busy

    async def wait(self) -> None:
        """Return when nothing is thought or done any more."""
        await self._thoughts.wait()

    async def settled(self) -> None:
        """Return when the model has caught up with what was heard, and a draft is complete."""
        await self._thoughts.wait()
        await self._session.settled()

    def open(self) -> None:
        """Begin a turn."""
        self._turn += 1
        self._told_from = self._turn
        self._thoughts.submit(self._open)

    def go_on(self) -> None:
        """Begin a turn with all the sound of the one before, which has acted. Its late result is told, too."""
        self._told_from = self._turn
        self._turn += 1
        self._thoughts.submit(self._go_on)

    def hear(self, samples: Pcm) -> None:
        """Append sound to the open turn."""
        self._thoughts.submit(partial(self._session.feed, samples))

    def read(self, text: str) -> None:
        """Append typed text to the open turn."""
        self._thoughts.submit(partial(self._session.write, text))

    def draft(self) -> None:
        """Begin an answer to what was heard so far, and hold it."""
        self._pause += 1
        self._thoughts.submit(partial(self._draft, self._turn, self._pause))

    def retract(self) -> None:
        """Throw the draft away."""
        self._pause += 1
        self._thoughts.submit(self._retract)

    def cut(self, ms: float) -> None:
        """Give up so much of the sound at the turn's end, unless it is a part of what makes sense."""
        self._thoughts.submit(partial(self._cut, round(ms * SAMPLE_RATE_HZ / 1000)))

    def commit(self, *, only: Only = "all") -> None:
        """Let the answer out, or begin it now: all of it, what makes sense, or calls."""
        turn = self._turn
        self._conclude(lambda: self._think(turn, self._session.commit(), only=only))

    def weigh(self, wake: WakeDoubted) -> None:
        """Ask the model whether the open turn was meant for us, and tell: `WakeHeard` or `WakeRejected`.

        Unless the turn is committed or dropped meanwhile: then it is settled already.
        """
        turn = self._turn

        async def weigh() -> None:
            opinion = await self._session.weigh()
            at_ms = self._here()[1]
            if self._conclusion is not weigh:
                return
            if opinion.addressed:
                self._tell(turn, WakeHeard(wake.audio_ms, at_ms, wake.score, wake.word))
            else:
                self._tell(turn, WakeRejected(wake.audio_ms, at_ms, wake.score, wake.word, "not_addressed"))

        self._conclude(weigh)

    def commit_answer(self) -> None:
        """Take what was heard as the answer to the question that stands."""
        turn = self._turn
        self._conclude(lambda: self._hear_answer(turn, self._session.commit()))

    def reopen(self) -> None:
        """Take a commit back of which nothing was done or said: the turn goes on."""
        if self._conclusion is not None:  # what was heard and waits to be taken in still belongs to the turn
            self._thoughts.take_back(self._conclusion)
        self._drafting = True
        self.retract()

    def answer(self, outcomes: Sequence[Outcome]) -> None:
        """Let the model word what became of its calls."""
        turn, translates = self._turn, any(outcome.ok and outcome.call.name == TRANSLATE for outcome in outcomes)
        self._thoughts.submit(lambda: self._think(turn, self._session.answer(outcomes), translates=translates))

    def act(self, calls: Sequence[Call], confidence: float) -> None:
        """Hand calls to the home."""
        self._deed = partial(self._act, self._turn, calls, confidence)
        self._thoughts.submit(self._deed)

    def drop(self) -> None:
        """Forget the open turn."""
        self._conclusion = None
        self._thoughts.submit(self._drop)

    def silence(self) -> None:
        """Stop now, forget what waits. What the home is doing goes on, and nothing is said of it."""
        self._turn += 1
        self._told_from = self._turn
        self._session.abort()
        self._thoughts.clear(spare=self._deed)

    def close(self) -> None:
        """Stop everything."""
        self._session.abort()
        self._thoughts.clear()

    def end_turn(self) -> None:
        """Keep what was said and done for the next turn."""
        self._thoughts.submit(self._remember)

    def _conclude(self, job: Job) -> None:
        self._conclusion = job
        self._thoughts.submit(job)

    def _begin_turn(self) -> None:
        self._sentence = Sentence(self._language)
        self._drafting = False
        self._token_told = False

    async def _open(self) -> None:
        if self._sentence.before:  # who went on behind a deed said the wake word
            await self._remember()
        self._begin_turn()
        await self._session.open()

    async def _go_on(self) -> None:
        if self._sentence.answers:  # the question that it answers isn't in the sound: the rest is heard alone
            await self._remember()
            first = self._sentence.first
            await self._open()
            self._sentence.first = first
            return
        self._sentence.go_on()
        self._drafting = self._token_told = False
        await self._session.retract()

    async def _remember(self) -> None:
        sentence = self._sentence
        if sentence.said:
            self._router.said(sentence.said)
        if sentence.done or sentence.said:
            await self._session.remember(sentence.said, sentence.outcomes, anew=bool(sentence.before))
        sentence.before = ()

    async def _drop(self) -> None:
        if self._sentence.before:  # what was done is remembered
            await self._remember()
        else:
            await self._session.drop()

    def _tell_reply(self, turn: int) -> None:
        self._tell(turn, Reply(*self._here(), self._sentence.said, self._sentence.language))

    def _tell(self, turn: int, event: Event) -> None:
        if turn == self._turn:
            self._post(event)

    async def _draft(self, turn: int, pause: int) -> None:
        told = partial(self._tell_token, turn), partial(self._tell_verdict, turn, pause)
        self._drafting = await self._session.draft(*told)
        if self._drafting:
            self._tell(turn, DraftStarted(*self._here()))

    async def _retract(self) -> None:
        await self._session.retract()
        self._retracted()

    async def _cut(self, samples: int) -> None:
        if await self._session.cut(samples):
            self._retracted()

    def _retracted(self) -> None:
        if self._drafting:
            if self._sentence.before:
                self._drafting = self._token_told = False
            else:
                first = self._sentence.first
                self._begin_turn()
                self._sentence.first = first
            self._post(DraftRetracted(*self._here()))

    def _tell_token(self, turn: int) -> None:
        if not self._token_told:
            self._token_told = True
            self._tell(turn, FirstToken(*self._here()))

    def _tell_verdict(self, turn: int, pause: int, verdict: Verdict) -> None:
        if pause == self._pause:  # else the person went on: it knows only a part of what was said
            self._tell(turn, DraftReady(*self._here(), verdict.kind, verdict.confidence, verdict.again))

    async def _think(
        self, turn: int, pieces: AsyncIterator[Piece], *, only: Only = "all", translates: bool = False
    ) -> None:
        """Read one reply; what it says and asks for becomes events. One unreadable call: none is carried out.

        A reply that is empty is the model's silence ("never mind"); one of which nothing can be spoken isn't.
        """
        parser = ReplyParser(self._language, translates=translates)
        parts: list[Part] = []
        is_empty = True
        async for piece in pieces:
            self._tell_token(turn)
            is_empty = is_empty and not piece.text.strip()
            parts += self._take(turn, parser.feed(piece), only)
        self._tell_token(turn)  # it may have been the end token
        parts += self._take(turn, parser.finish(), only)
        self._tell(turn, timed(self._session.timings, *self._here()))
        if only == "calls":
            self._tell(turn, self._more(parts, parser.confidence, is_empty=is_empty))
            return
        calls = tuple(part for part in parts if isinstance(part, Call))
        if not counts(parts, only):  # nothing that was meant for us
            self._tell(turn, Reply(*self._here(), "", self._language))
            return
        if any(isinstance(part, Malformed) for part in parts) or not (parts or self._sentence.done or is_empty):
            self._say(turn, self._own(NOT_UNDERSTOOD))
        elif calls:
            if turn != self._turn:  # nobody carries them out: the whole sentence asks for more than was done
                self._sentence.first = ()
            self._tell(turn, CallsReady(*self._here(), calls, parser.confidence))
            return
        self._tell_reply(turn)

    def _more(self, parts: Sequence[Part], confidence: float, *, is_empty: bool) -> CallsReady | Reply:
        """What a whole sentence surely asks for, and its beginning didn't. Nothing ("please"): a reply of no word."""
        calls = tuple(part for part in parts if isinstance(part, Call) and part.name.rpartition("__")[2] != ANSWER)
        is_new = bool(calls) and not self._sentence.knows(calls)
        if is_new and counts(parts, "calls") and self._router.is_sure(confidence):
            return CallsReady(*self._here(), calls, confidence)
        if is_empty and self._sentence.before:  # "no, never mind"
            return CallsReady(*self._here(), (), 1.0)
        return Reply(*self._here(), "", self._language)

    async def _hear_answer(self, turn: int, pieces: AsyncIterator[Piece]) -> None:
        """Read the model's reply to a yes or no: nothing of it is spoken. Another command is one."""
        self._sentence.answers = True
        parser = ReplyParser(self._language)
        parts: list[Part] = []
        confidence = 1.0
        async for piece in pieces:
            self._tell_token(turn)
            confidence = min(confidence, piece.probability)
            parts += parser.feed(piece)
        self._tell_token(turn)
        parts += parser.finish()
        self._tell(turn, timed(self._session.timings, *self._here()))
        readable = not any(isinstance(part, Malformed) for part in parts)
        calls = tuple(part for part in parts if isinstance(part, Call) and readable)
        said = " ".join(part.text for part in parts if isinstance(part, Say | Malformed))
        match self._router.judge(said, calls, confidence):
            case Call() as agreed:
                self._tell(turn, CallsReady(*self._here(), (agreed,), 1.0))
            case "":  # "never mind": no more is said
                self._tell(turn, Reply(*self._here(), "", self._language))
            case str(sentence):
                self._say(turn, Say(sentence, language_for(self._language)))
                self._tell_reply(turn)
            case None:
                self._tell(turn, CallsReady(*self._here(), calls, parser.confidence))

    def _take(self, turn: int, parts: Sequence[Part], only: Only) -> Sequence[Part]:
        for part in parts:
            if isinstance(part, Say) and counts([part], only):
                self._say(turn, self._own(part.text) if part.text == NOT_UNDERSTOOD else part)
        return parts

    def _own(self, sentence: str) -> Say:
        """One of our sentences in the language of the answers."""
        return Say(refusal(sentence, self._language), language_for(self._language))

    def _say(self, turn: int, say: Say) -> None:
        self._sentence.say(say)
        self._tell(turn, ClauseReady(*self._here(), say.text, say.language))

    async def _act(self, turn: int, calls: Sequence[Call], confidence: float) -> None:
        sentence = self._sentence
        done = await self._router.dispatch(calls, confidence, before=sentence.before)
        sentence.note(calls, done.outcomes)
        for outcome in done.now:
            self._post(called(outcome, *self._here()))  # whoever hears of it: it was done
        language = language_of(done.sentence or "", self._language)  # a repeated answer may be in another
        if turn >= self._told_from:
            late = turn != self._turn
            told = done.outcomes if done.sentence is None else done.told
            self._post(CallsDone(*self._here(), done.sentence, language, told, done.asks, late))
        if done.sentence is not None:
            sentence.say(Say(done.sentence, language))
            self._tell(turn, Reply(*self._here(), sentence.said, language))
