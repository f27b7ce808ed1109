"""Texts and earcons -> clips -> speaker, in order, and the events that tell when they are heard.

Knows neither the model nor the turn. The next piece is synthesized while the last one plays. No answer waits for the
sound that says that one is under way: it isn't begun, or gives way.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from assistant.events import Event, ReplyAudioFinished, ReplyAudioStarted
from assistant.lane import Lane
from assistant.stages import AudioClip, Speaker, Voice

UNDER_WAY = "heard"  # the earcon that no answer waits for


class Mouth:
    """`heard_ms` is the place in the input audio, `now_ms` the time: both stamp the events."""

    def __init__(
        self,
        voice: Voice,
        speaker: Speaker,
        earcons: Mapping[str, AudioClip],
        *,
        now_ms: Callable[[], float],
        heard_ms: Callable[[], float],
        instead: Mapping[str, str] | None = None,
    ) -> None:
        """`instead`: sentences for which an earcon is enough, and which."""
        self._voice = voice
        self._speaker = speaker
        self._earcons = earcons
        self._instead = instead or {}
        self._now_ms = now_ms
        self._heard_ms = heard_ms
        self._playing: AudioClip | None = None
        self._answers = asyncio.Event()  # there is a piece of one to play
        self._overtaken: asyncio.Task[None] | None = None  # it ends by itself
        self._started = self._finishing = False
        self._until_ms = 0.0  # when all that is queued will have been heard

    def attach(self, post: Callable[[Event], None], on_error: Callable[[Exception], None]) -> None:
        """Say who gets the events and the failures; called once, before anything is spoken."""
        self._post = post
        self._voicing = Lane("voice", on_error)
        self._sounding = Lane("speaker", on_error)

    @property
    def computing(self) -> bool:
        """Something is under way that isn't just sound taking its time."""
        return self._voicing.busy or (self._sounding.busy and self._playing is None)

    @property
    def busy(self) -> bool:
        """Something is to be heard still."""
        return self._voicing.busy or self._sounding.busy

    def speak(self, text: str, language: str) -> None:
        """Queue a text, or the earcon that stands for it."""
        if kind := self._instead.get(text):
            self.earcon(kind)
            return
        self._voicing.submit(partial(self._synthesize, text, language))

    def finish(self) -> None:
        """The answer is complete: tell when it has been heard, once."""
        if self._finishing:
            return
        self._finishing = True

        async def last() -> None:
            self._sounding.submit(self._finished)

        self._voicing.submit(last)

    def earcon(self, kind: str) -> None:
        """Queue a short sound; an unknown or switched-off one is silent."""
        if clip := self._earcons.get(kind):
            self._sounding.submit(partial(self._cue if kind == UNDER_WAY else self._play, clip))

    def silence(self) -> None:
        """Stop now, forget what was queued."""
        self._voicing.clear()
        self._sounding.clear()
        self._speaker.stop()
        self._until_ms = 0.0
        self._answers.clear()
        self._playing, self._started, self._finishing = None, False, False

    async def settled(self) -> None:
        """Return when nothing is computed any more: at most a clip takes its time."""
        while self.computing:
            await self._voicing.wait()
            await asyncio.sleep(0)

    async def wait(self) -> None:
        """Return when everything has been heard."""
        while self.busy:
            await self._voicing.wait()
            await self._sounding.wait()

    async def aclose(self) -> None:
        """Stop and free the device."""
        self._voicing.clear()
        self._sounding.clear()
        await self._speaker.aclose()

    async def _synthesize(self, text: str, language: str) -> None:
        ahead_s = max(0.0, self._until_ms - self._now_ms()) / 1000
        async for clip in self._voice.clips(text, language, ahead_s):
            self._until_ms = max(self._until_ms, self._now_ms()) + clip.duration_s * 1000
            self._answers.set()
            self._sounding.submit(partial(self._answer, clip))

    async def _cue(self, clip: AudioClip) -> None:
        """Play it until there is an answer, which takes its place at the speaker."""
        if self._answers.is_set():
            return
        playing, answered = asyncio.create_task(self._play(clip)), asyncio.create_task(self._answers.wait())
        try:
            await asyncio.wait((playing, answered), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            playing.cancel()
            raise
        finally:
            answered.cancel()
        if playing.done():
            playing.result()
        else:
            self._overtaken = playing
            playing.add_done_callback(lambda done: done.cancelled() or done.exception())  # the answer meets it too

    async def _answer(self, clip: AudioClip) -> None:
        if not self._started:
            self._started = True
            self._post(ReplyAudioStarted(self._heard_ms(), self._now_ms()))
        await self._play(clip)

    async def _play(self, clip: AudioClip) -> None:
        self._playing = clip
        try:
            await self._speaker.play(clip)
        finally:
            if self._playing is clip:
                self._playing = None

    async def _finished(self) -> None:
        self._answers.clear()
        self._started = self._finishing = False
        self._post(ReplyAudioFinished(self._heard_ms(), self._now_ms()))
