"""Runs turn.py against the stages: chunks in, events out, commands carried out in order.

Knows no vendor and no file format. Two lanes keep work in order: thoughts (model and home) and mouth (speech). In a
fast replay the next chunk waits until both lanes are quiet, so that every decision is taken on audio time.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import assert_never

from assistant import commands as c
from assistant import turn as t
from assistant.errors import AudioDeviceError, HeyGemmaError
from assistant.events import (
    AudioDropped,
    CallsDone,
    CallsReady,
    ClauseReady,
    EndpointReached,
    Event,
    Failed,
    FirstToken,
    InputEnded,
    MicrophoneFound,
    MicrophoneLost,
    ModelTimed,
    Reply,
    TimerRang,
    ToolCalled,
)
from assistant.intents.router import NOT_UNDERSTOOD, Router
from assistant.lane import Lane
from assistant.listen import Listener
from assistant.llm.parse import Malformed, Part, ReplyParser
from assistant.mouth import Mouth
from assistant.stages import AudioChunk, AudioSource, Call, Outcome, Piece, Say, Session
from assistant.trace import TurnTimes

RECOVER_S = 2.0


class Conversation:
    """One person, one microphone, one model. `observe` gets every event."""

    def __init__(
        self,
        *,
        listener: Listener,
        session: Session,
        router: Router,
        mouth: Mouth,
        rules: t.Rules,
        observe: Callable[[Event], None],
        now_ms: Callable[[], float],
        fast: bool,
        language: str,
    ) -> None:
        self._listener = listener
        self._session = session
        self._router = router
        self._mouth = mouth
        self._rules = rules
        self._observe = observe
        self._now_ms = now_ms
        self._fast = fast
        self._language = language
        self._state: t.State = t.WaitingForMicrophone(0)
        self._inbox: deque[Event] = deque()
        self._deferred: deque[TimerRang] = deque()
        self._handling = False
        self._thoughts = Lane("thoughts", self._on_error)
        self._times: TurnTimes | None = None
        self._outcomes: list[Outcome] = []
        self._reply = ""
        self._reply_language = language
        self._origin_ms: float | None = None
        self._next_sample = 0
        self._fatal: Exception | None = None
        mouth.attach(self.post, self._on_error)

    async def run(self, source: AudioSource) -> None:
        """Listen until the input is over and every turn is finished. A lost microphone is waited for."""
        async with source:
            self._enter(t.start(self._rules))
            await self._listen(source)
        self.post(InputEnded(self._listener.heard_ms, self._now_ms()))
        await self._wind_down()

    async def run_microphone(self, open_source: Callable[[int], AudioSource], *, wait: bool) -> None:
        """Listen for ever; a microphone that goes away is told, waited for and opened again.

        Without `wait` one that isn't there at the start is an error. `open_source` gets the next sample's place.
        """
        while True:
            try:
                async with open_source(self._next_sample) as source:
                    self._origin_ms = None
                    wait = True
                    if isinstance(self._state, t.WaitingForMicrophone):
                        self.post(MicrophoneFound(*self._here()))
                    await self._listen(source)
            except AudioDeviceError as e:
                if not wait:
                    raise
                self.post(MicrophoneLost(*self._here(), e.message))
            await asyncio.sleep(RECOVER_S)

    async def ask(self, text: str) -> None:
        """One typed turn."""
        self._enter((t.Listening(1), (c.OpenTurn(1, 0.0),)))
        self._thoughts.submit(partial(self._session.write, text))
        self.post(EndpointReached(0.0, self._now_ms(), "typed"))
        await self._all_done()

    async def aclose(self) -> None:
        """Stop everything and free the speaker. The session lives on: whoever loaded it closes it."""
        self._session.abort()
        self._thoughts.clear()
        await self._mouth.aclose()

    def post(self, event: Event) -> None:
        """Take an event from a stage: observe it, let the turn-taking decide, carry out what it says."""
        self._inbox.append(event)
        if self._handling:
            return
        self._handling = True
        try:
            while self._inbox:
                event = self._inbox.popleft()
                self._observe(event)
                if self._times is not None:
                    self._times.observe(event)
                self._enter(t.step(self._state, event, self._rules))
        finally:
            self._handling = False

    async def _listen(self, source: AudioSource) -> None:
        async for chunk in source:
            self._note_place(chunk)
            for event in self._listener.push(chunk):
                self.post(event)
            self._hear()
            if self._fast:
                await self._settle()
            self._raise_fatal()

    def _note_place(self, chunk: AudioChunk) -> None:
        now_ms = self._now_ms()
        if chunk.start_sample > self._next_sample:
            lost_ms = (chunk.start_sample - self._next_sample) / 16
            self.post(AudioDropped(chunk.start_ms, now_ms, lost_ms))
        self._next_sample = chunk.start_sample + len(chunk.samples)
        origin_ms = now_ms - chunk.end_ms
        self._origin_ms = origin_ms if self._origin_ms is None else min(self._origin_ms, origin_ms)

    def _hear(self) -> None:
        listened = self._listener.catch_up()
        for chunk in listened.turn_chunks:
            self._thoughts.submit(partial(self._session.feed, chunk.samples))
        for event in listened.events:
            self.post(event)

    async def _settle(self) -> None:
        await asyncio.sleep(0)
        while self._thoughts.busy or self._mouth.computing:
            await self._thoughts.wait()
            await self._mouth.settled()

    async def _all_done(self) -> None:
        while self._thoughts.busy or self._mouth.busy:
            await self._thoughts.wait()
            await self._mouth.wait()
        self._raise_fatal()

    async def _wind_down(self) -> None:
        """Finish the open turn, then every turn that still lies unheard in the ring."""
        while True:
            self._hear()
            for event in self._listener.finish(empty_too=self._rules.wake_needed):
                self.post(event)
            await self._all_done()
            if not isinstance(self._state, t.Listening) or self._listener.caught_up:
                return

    def _raise_fatal(self) -> None:
        if self._fatal is not None:
            raise self._fatal

    def _on_error(self, error: Exception) -> None:
        if not isinstance(error, HeyGemmaError) or error.exit_code == 6:
            self._fatal = error  # a defect, or an output that can't be written: end the process, say why
            return
        self.post(Failed(self._listener.heard_ms, self._now_ms(), error.code, error.message, error.remedy))

    def _enter(self, step: t.Step) -> None:
        self._state, commands = step
        for command in commands:
            self._carry_out(command)

    def _carry_out(self, command: c.Command) -> None:
        match command:
            case c.OpenTurn(turn, from_ms):
                self._open_turn(turn, from_ms)
            case c.CommitTurn():
                self._thoughts.submit(lambda: self._think(self._session.commit()))
            case c.DropTurn():
                self._listener.close()
                self._thoughts.submit(self._session.drop)
            case c.Act(calls, confidence):
                self._thoughts.submit(partial(self._act, calls, confidence))
            case c.AskModel(outcomes):
                self._thoughts.submit(lambda: self._think(self._session.answer(outcomes)))
            case c.Speak(text, language):
                self._mouth.speak(text, language)
            case c.FinishSpeaking():
                self._mouth.finish()
            case c.Silence():
                self._silence()
            case c.PlayEarcon(kind):
                self._mouth.earcon(kind)
            case c.Ring(name):
                self._mouth.earcon("timer")
                self._mouth.speak(f"Your {name} timer is done." if name else "Your timer is done.", "en")
                self._mouth.finish()
            case c.Defer(event):
                self._deferred.append(event)
            case c.EndTurn():
                self._end_turn()
            case _:
                assert_never(command)

    def _open_turn(self, turn: int, from_ms: float | None) -> None:
        self._times = TurnTimes(turn)
        self._outcomes, self._reply, self._reply_language = [], "", self._language
        self._listener.open(from_ms)
        self._thoughts.submit(self._session.open)

    def _silence(self) -> None:
        self._listener.close()
        self._session.abort()
        self._thoughts.clear()
        self._mouth.silence()

    def _end_turn(self) -> None:
        if self._times is not None:
            self._inbox.append(self._times.ended(*self._here(), None if self._fast else self._origin_ms))
            self._times = None
        outcomes, reply = tuple(self._outcomes), self._reply
        if outcomes or reply:
            self._thoughts.submit(partial(self._session.remember, reply, outcomes))
        self._inbox.extend(self._deferred)
        self._deferred.clear()

    async def _think(self, pieces: AsyncIterator[Piece]) -> None:
        """Decode one reply; what it says and asks for becomes events. One unreadable call: none is carried out."""
        parser = ReplyParser(self._language)
        parts: list[Part] = []
        waiting = True
        async for piece in pieces:
            if waiting:
                self.post(FirstToken(*self._here()))
                waiting = False
            parts += self._take(parser.feed(piece))
        if waiting:  # the first token was the end
            self.post(FirstToken(*self._here()))
        parts += self._take(parser.finish())
        self._tell_timings()
        if any(isinstance(part, Malformed) for part in parts):
            self._say(Say(NOT_UNDERSTOOD, "en"))
        elif calls := tuple(part for part in parts if isinstance(part, Call)):
            self.post(CallsReady(*self._here(), calls, parser.confidence))
            return
        self.post(Reply(*self._here(), self._reply, self._reply_language))

    def _tell_timings(self) -> None:
        spent = self._session.timings
        self.post(
            ModelTimed(
                *self._here(),
                spent.encode_s * 1000,
                spent.prefill_s * 1000,
                spent.decode_s * 1000,
                spent.decoded_tokens,
            )
        )

    def _take(self, parts: Sequence[Part]) -> Sequence[Part]:
        for part in parts:
            if isinstance(part, Say):
                self._say(part)
        return parts

    def _say(self, say: Say) -> None:
        self._reply = f"{self._reply} {say.text}".strip()
        self._reply_language = say.language
        self.post(ClauseReady(*self._here(), say.text, say.language))

    async def _act(self, calls: Sequence[Call], confidence: float) -> None:
        done = await self._router.dispatch(calls, confidence)
        self._outcomes.extend(done.outcomes)
        for outcome in done.outcomes:
            self.post(_told(outcome, *self._here()))
        self.post(CallsDone(*self._here(), done.sentence, self._language, done.outcomes))
        if done.sentence is not None:
            self._reply = f"{self._reply} {done.sentence}".strip()
            self.post(Reply(*self._here(), self._reply, self._language))

    def _here(self) -> tuple[float, float]:
        return self._listener.heard_ms, self._now_ms()


def _told(outcome: Outcome, audio_ms: float, at_ms: float) -> ToolCalled:
    effects: list[dict[str, object]] = []
    for effect in outcome.effects:
        record: dict[str, object] = {"service": effect.service}
        if effect.entity_id is not None:
            record["entity_id"] = effect.entity_id
        if effect.data:
            record["data"] = dict(effect.data)
        effects.append(record)
    return ToolCalled(
        audio_ms, at_ms, outcome.call.name, dict(outcome.call.arguments), effects, outcome.ok, outcome.error,
        outcome.allowed_by,
    )  # fmt: skip
