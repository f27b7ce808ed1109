"""Hand-written stand-ins at the seams, for logic. What is heard, thought and done is scripted; nothing is measured."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Self

import numpy as np

from assistant.audio.clock import AudioClock
from assistant.errors import ModelStuck
from assistant.stages import (
    CHUNK_SAMPLES,
    SAMPLE_RATE_HZ,
    AudioChunk,
    AudioClip,
    Call,
    Effect,
    Opinion,
    Outcome,
    Pcm,
    Piece,
    Timings,
    Tool,
    Verdict,
)

SILENCE, SPEECH, WAKE = 0, 1999, 2000


def sound(*stretches: tuple[int, float]) -> Pcm:
    """(kind, seconds) stretches; the kind is the sample value that the fakes below understand."""
    return np.concatenate([np.full(round(seconds * SAMPLE_RATE_HZ), kind, np.int16) for kind, seconds in stretches])


class ListSource:
    """An AudioSource over samples, on audio time."""

    def __init__(self, samples: Pcm, clock: AudioClock) -> None:
        self._samples = samples
        self._clock = clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._clock.release()

    async def __aiter__(self) -> AsyncIterator[AudioChunk]:
        for start in range(0, len(self._samples) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
            chunk = AudioChunk(self._samples[start : start + CHUNK_SAMPLES], start)
            await self._clock.reach(chunk.end_ms / 1000)
            yield chunk


class HandClock:
    """Time passes when `advance` is called."""

    def __init__(self) -> None:
        self._now_s = 100.0
        self._moved = asyncio.Condition()

    def now_s(self) -> float:
        return self._now_s

    async def sleep(self, seconds: float) -> None:
        end_s = self._now_s + seconds
        async with self._moved:
            await self._moved.wait_for(lambda: self._now_s >= end_s)

    async def advance(self, seconds: float) -> None:
        await _let_others_run()
        async with self._moved:
            self._now_s += seconds
            self._moved.notify_all()
        await _let_others_run()


async def _let_others_run() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class LevelVad:
    """Speech is what isn't zero."""

    def probability(self, samples: Pcm) -> float:
        return 0.9 if samples.any() else 0.0

    def reset(self) -> None:
        pass


class LevelWake:
    """The wake word is a stretch of WAKE; scored every 80 ms."""

    word = "hey gemma"

    def __init__(self) -> None:
        self.reset()

    def score(self, samples: Pcm) -> float | None:
        self._chunks += 1
        if self._chunks % 4:
            return None
        return 0.95 if samples[-1] == WAKE else 0.0

    def reset(self) -> None:
        self._chunks = 0


Script = Sequence[str] | Exception


class ScriptedSession:
    """A Session that replies from a script, one list of token texts a turn; an Exception is raised instead."""

    def __init__(self, *replies: Script, probability: float = 0.99, listens_ahead: bool = False) -> None:
        self.replies = list(replies)
        self.probability = probability
        self.listens_ahead = listens_ahead
        self.retracted: list[Script] = []
        self.turns: list[tuple[str, int]] = []
        self.remembered: list[str] = []
        self.answered: list[Sequence[Outcome]] = []
        self.timings = Timings()
        self._text, self._samples = "", 0
        self._drafted: Script | None = None
        self.hold: asyncio.Event | None = None  # a reply waits for it
        self._after = 0
        self.drafts = 0
        self._aborted = False

    def when_stuck(self, tell: Callable[[ModelStuck], None]) -> None:
        """It never is."""

    async def open(self) -> None:
        self._text, self._samples, self._aborted = "", 0, False
        self._drafted, self._after = None, 0

    async def feed(self, samples: Pcm) -> None:
        if self._drafted is None:
            self._samples += len(samples)
        else:
            self._after += len(samples)

    async def write(self, text: str) -> None:
        self._text += text

    async def draft(self, on_token: Callable[[], None], on_verdict: Callable[[Verdict], None]) -> bool:
        if not self.listens_ahead:
            return False
        self.drafts += 1
        self._drafted = drafted = self.replies[0]
        asyncio.get_running_loop().call_soon(on_token)
        if not isinstance(drafted, Exception):
            kind = {"<|tool_call>": "call", "?": "unsure"}.get(drafted[0], "talk") if drafted else "nothing"
            asyncio.get_running_loop().call_soon(on_verdict, Verdict(kind, self.probability))
        return True

    async def retract(self) -> None:
        if self._drafted is not None:
            self.retracted.append(self.replies.pop(0))
        elif self.turns:
            self.turns.pop()
        self._samples += self._after
        self._drafted, self._after = None, 0

    async def cut(self, samples: int) -> bool:
        reply = self.replies[0]
        if not isinstance(reply, Exception) and list(reply[:1]) in ([], ["<|tool_call>"]):
            return False
        await self.retract()
        self._samples -= samples
        return True

    async def settled(self) -> None:
        await asyncio.sleep(0)

    async def weigh(self) -> Opinion:
        reply = self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return Opinion(list(reply[:1]) != ["?"], "".join(reply[:1]))

    async def commit(self) -> AsyncIterator[Piece]:
        self.turns.append((self._text, self._samples))
        async for piece in self._reply():
            yield piece

    async def answer(self, outcomes: Sequence[Outcome]) -> AsyncIterator[Piece]:
        self.answered.append(outcomes)
        async for piece in self._reply():
            yield piece

    async def remember(self, reply: str, outcomes: Sequence[Outcome], *, anew: bool = False) -> None:
        del outcomes, anew
        self.remembered.append(reply)

    async def drop(self) -> None:
        self._samples = 0

    async def forget(self) -> None:
        self.remembered.clear()

    def abort(self) -> None:
        self._aborted = True

    async def aclose(self) -> None:
        pass

    async def _reply(self) -> AsyncIterator[Piece]:
        reply = self.replies.pop(0)
        self._drafted = None
        if self.hold is not None:
            await self.hold.wait()
        if isinstance(reply, Exception):
            raise reply
        for text in reply:
            if self._aborted:
                return
            yield Piece(text, self.probability)


class ToneVoice:
    """Speaks every text as `seconds` of sound. `error` is raised instead when set."""

    def __init__(self, error: Exception | None = None, *, seconds: float = 0.5) -> None:
        self.error = error
        self._samples = round(seconds * SAMPLE_RATE_HZ)
        self.said: list[tuple[str, str]] = []

    async def clips(self, text: str, language: str, ahead_s: float = 0.0) -> AsyncIterator[AudioClip]:
        if self.error is not None:
            raise self.error
        self.said.append((text, language))
        yield AudioClip(np.full(self._samples, 99, np.int16), SAMPLE_RATE_HZ)


class OneLight:
    """A Handler with one light and nothing else. `wordless`: its outcomes have no sentence."""

    def __init__(self, *, wordless: bool = False, before: Callable[[], None] = lambda: None) -> None:
        self.wordless = wordless
        self.before = before
        self.hold: asyncio.Event | None = None  # the home waits for it
        self.calls: list[Call] = []

    def tools(self) -> Sequence[Tool]:
        return (Tool("TurnOn", "Turn the light on"),)

    def context(self) -> str:
        return "light"

    async def handle(self, call: Call) -> Outcome:
        self.before()
        if self.hold is not None:
            await self.hold.wait()
        self.calls.append(call)
        sentence = None if self.wordless else "Light on."
        return Outcome(
            call, ok=True, sentence=sentence, effects=(Effect("light.turn_on", "light.one"),), allowed_by="test"
        )
