"""Runs turn.py against the stages: chunks in, events out, commands carried out in order.

Knows no vendor and no file format. `Mind` thinks and acts, `Mouth` speaks, each in order. In a fast replay the next
chunk waits until both are quiet, so that every decision is taken on audio time.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np

from assistant import commands as c
from assistant import states as s
from assistant import turn as t
from assistant.errors import AudioDeviceError, HeyGemmaError
from assistant.events import (
    Announced,
    AudioDropped,
    EndpointReached,
    Event,
    Failed,
    InputEnded,
    MicrophoneFound,
    MicrophoneLost,
    MuteSwitched,
    RingingEnded,
    TimerRang,
)
from assistant.hands import Hands
from assistant.intents import replies
from assistant.listen import Listener
from assistant.llm.parse import language_of
from assistant.mind import Mind
from assistant.mouth import Mouth
from assistant.stages import AudioChunk, AudioSource
from assistant.trace import TurnTimes

AT_ONCE_S, RECOVER_S = 0.2, 1.5  # a lost microphone is looked for at once, then again and again
LAST_WORDS_MS = 20_000.0
MOST_ANNOUNCEMENTS = 8
_log = logging.getLogger(__name__)


class Conversation:
    """One person, one microphone, one model. `observe` gets every event."""

    def __init__(
        self,
        *,
        listener: Listener,
        mind: Mind,
        mouth: Mouth,
        rules: t.Rules,
        observe: Callable[[Event], None],
        now_ms: Callable[[], float],
        fast: bool,
        twelve: bool = False,
    ) -> None:
        """`twelve`: alarms tell their time by the clock of twelve hours."""
        self._listener = listener
        self._mind = mind
        self._mouth = mouth
        self._rules = rules
        self._observe = observe
        self._now_ms = now_ms
        self._fast = fast
        self._hands = Hands(listener, mind, mouth, language=rules.language, twelve=twelve)
        self._state: s.State = s.WaitingForMicrophone(0)
        self._inbox: deque[tuple[Event, bool]] = deque()  # and whether it is new, so that nobody was told yet
        self._deferred: deque[TimerRang | Announced] = deque()  # at most MOST_ANNOUNCEMENTS, and the timers
        self._handling = False
        self._times: TurnTimes | None = None
        self._origin_ms: float | None = None
        self._next_sample = 0
        self._beats = 0
        self._fatal: Exception | None = None
        self._moved = asyncio.Event()  # something was decided
        self.on_state: Callable[[s.State], None] | None = None  # gets the state after each event
        self._last_words_until_ms = 0.0
        mind.attach(self.post, self._on_error)
        mouth.attach(self.post, self._on_error)

    async def run(self, source: AudioSource) -> None:
        """Listen until the input is over and every turn is finished. A lost microphone is waited for."""
        async with source:
            self._enter(t.start(self._rules))
            await self._listen(source)
        self._rules = replace(self._rules, ring_once=True)
        self.post(InputEnded(self._listener.heard_ms, self._now_ms()))
        await self._wind_down()

    async def run_microphone(self, open_source: Callable[[int], AudioSource], *, wait: bool) -> None:
        """Listen for ever; a microphone that goes away is told, waited for and opened again.

        Without `wait` one that isn't there at the start is an error. `open_source` gets the next sample's place. While
        the ear is switched off the microphone is closed: what it heard can't get lost in here.
        """
        retry_s, told = AT_ONCE_S, ""
        gone_ms: float | None = None
        while True:
            self._beats += 1
            if s.is_muted(self._state):
                wait = True
                await self._until_unmuted()
            try:
                async with open_source(self._next_sample) as source:
                    self._origin_ms = None
                    wait, retry_s, told = True, AT_ONCE_S, ""
                    if gone_ms is not None:
                        _log.warning("the microphone is back after %.1f s", (self._now_ms() - gone_ms) / 1000)
                        gone_ms = None
                    if s.is_deaf(self._state):
                        self.post(MicrophoneFound(*self._here()))
                    await self._listen(source, until_muted=True)
            except AudioDeviceError as e:
                if not wait:
                    raise
                gone_ms = self._now_ms() if gone_ms is None else gone_ms
                if e.message != told:
                    told = e.message
                    _log.warning("%s; waiting for it", told)
                    self.post(MicrophoneLost(*self._here(), told))
                self._raise_fatal()
                await asyncio.sleep(retry_s)
                retry_s = RECOVER_S

    async def _until_unmuted(self) -> None:
        """Wait with the microphone closed; timers ring and announcements are spoken meanwhile."""
        while s.is_muted(self._state):
            self._moved.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), RECOVER_S)
            self._beats += 1
            self._raise_fatal()

    async def ask(self, text: str) -> None:
        """One typed turn, or the typed answer to the question that stands: `asked` says whether one does."""
        if not self.asked:
            turn = self._state.turns + 1
            self._enter((s.Listening(turn), (c.OpenTurn(turn, 0.0),)))
        self._mind.read(text)
        self.post(EndpointReached(0.0, self._now_ms(), "typed"))
        await self._all_done()

    @property
    def asked(self) -> bool:
        """Whether an answer is waited for."""
        return isinstance(self._state, s.Confirming | s.FollowUp)

    @property
    def beats(self) -> int:
        """Grows with every chunk, with every try to open the microphone, and while the ear is switched off."""
        return self._beats

    @property
    def state(self) -> s.State:
        """Where it stands."""
        return self._state

    def mute(self, *, muted: bool) -> None:
        """Switch the ear off or on. Off, the microphone is closed; of a file, silence is all that is heard."""
        if muted is not s.is_muted(self._state):
            self.post(MuteSwitched(*self._here(), muted))

    def announce(self, text: str) -> bool:
        """Speak a text that somebody else sent, as soon as nothing else sounds and nobody is listened to.

        False: too many wait already, or there is nothing to say.
        """
        said = replies.announced(text)
        waiting = sum(isinstance(event, Announced) for event in self._deferred)
        if not said or waiting >= MOST_ANNOUNCEMENTS:
            return False
        self.post(Announced(*self._here(), said, language_of(said, self._rules.language)))
        return True

    def give_up(self, error: HeyGemmaError) -> None:
        """Say aloud that something went wrong, then raise it out of `run`: only a new process helps."""
        self._fatal = error
        self._last_words_until_ms = self._now_ms() + LAST_WORDS_MS
        self.post(Failed(*self._here(), error.code, error.message, error.remedy))

    async def aclose(self) -> None:
        """Stop everything and free the speaker. The session lives on: whoever loaded it closes it."""
        self._mind.close()
        await self._mouth.aclose()

    def post(self, event: Event) -> None:
        """Take an event from a stage: observe it, let the turn-taking decide, carry out what it says."""
        self._inbox.append((event, True))
        if self._handling:
            return
        self._handling = True
        try:
            while self._inbox:
                event, is_new = self._inbox.popleft()
                if is_new:
                    self._observe(event)
                if is_new and self._times is not None:
                    self._times.observe(event)
                self._enter(t.step(self._state, event, self._rules))
        finally:
            self._handling = False
            self._moved.set()

    async def _listen(self, source: AudioSource, *, until_muted: bool = False) -> None:
        async for chunk in source:
            self._beats += 1
            if until_muted and s.is_muted(self._state):
                return
            self._note_place(chunk)
            if s.is_muted(self._state):
                chunk = AudioChunk(np.zeros_like(chunk.samples), chunk.start_sample)  # noqa: PLW2901
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
        for chunk in self._listener.catch_up():
            self._mind.hear(chunk.samples)
            for event in chunk.events:
                self.post(event)
        for event in self._listener.watch():
            self.post(event)

    async def _settle(self) -> None:
        await asyncio.sleep(0)
        await self._mind.settled()
        while self._mind.busy or self._mouth.computing:
            await self._mind.settled()
            await self._mouth.settled()

    async def _all_done(self) -> None:
        while self._mind.busy or self._mouth.busy:
            await self._mind.wait()
            await self._mouth.wait()
        self._raise_fatal()

    async def _wind_down(self) -> None:
        """Finish the open turn, then every turn that still lies unheard in the ring, and one that a question opened."""
        while True:
            self._hear()
            for event in self._listener.finish(empty_too=self._rules.wake_needed or self.asked):
                self.post(event)
            await self._all_done()
            is_open = isinstance(self._state, s.Listening | s.Drafting | s.Overhearing)
            if not self.asked and (self._listener.caught_up or not is_open):
                return

    def _raise_fatal(self) -> None:
        if self._fatal is not None and not (self._mouth.busy and self._now_ms() < self._last_words_until_ms):
            raise self._fatal

    def _on_error(self, error: Exception) -> None:
        if not isinstance(error, HeyGemmaError) or error.exit_code == 6:
            self._fatal = error  # a defect, or an output that can't be written: end the process, say why
            self._moved.set()
            return
        self.post(Failed(self._listener.heard_ms, self._now_ms(), error.code, error.message, error.remedy))

    def _enter(self, step: t.Step) -> None:
        self._state, commands = step
        words, state = self._listener.words, self._state
        words.sounding = s.is_heard(state)
        words.interruptible = words.sounding or isinstance(state, s.Speaking | s.Ringing | s.Announcing)
        for command in commands:
            self._carry_out(command)
        if self.on_state is not None:
            self.on_state(self._state)

    def _carry_out(self, command: c.Command) -> None:
        match command:
            case c.Settle(event):
                self._inbox.append((replace(event, at_ms=self._now_ms()), True))
            case c.Defer(event):
                self._deferred.append(event)
            case c.TakeUp():
                self._take_up()
            case c.EndRinging(reason):
                self._end_ringing(reason)
            case c.EndTurn():
                self._end_turn()
            case c.OpenTurn(turn):
                self._times = TurnTimes(turn)
                self._hands.carry_out(command)
            case c.GoOn(turn):
                self._tell_times()
                self._times = TurnTimes(turn)
                self._hands.carry_out(command)
            case _:
                self._hands.carry_out(command)

    def _end_ringing(self, reason: str) -> None:
        if reason == "nobody":
            _log.warning("nobody stopped a timer or alarm in %.0f minutes: it gave up", t.LONGEST_RING_MS / 60_000)
        self._inbox.append((RingingEnded(*self._here(), reason), True))
        self._take_up()

    def _end_turn(self) -> None:
        self._tell_times()
        if self._fatal is None:
            self._mind.end_turn()
        self._take_up()

    def _tell_times(self) -> None:
        if self._times is not None:
            self._inbox.append((self._times.ended(*self._here(), None if self._fast else self._origin_ms), True))
            self._times = None

    def _take_up(self) -> None:
        self._inbox.extend((event, False) for event in self._deferred)
        self._deferred.clear()

    def _here(self) -> tuple[float, float]:
        return self._listener.heard_ms, self._now_ms()
