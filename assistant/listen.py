"""Chunks in, events out: pre-roll ring, wake word, voice activity, endpoint.

Knows nothing of the model or the answer. The ring keeps the last 20 s, so that a turn can be opened at a place in the
past: "Hey Gemma turn on..." without a pause loses no syllable, and speech during an answer is not lost either.
"""

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from assistant import endpoint
from assistant.audio.pcm import amplified
from assistant.config import EndpointConfig
from assistant.events import (
    EndpointLikely,
    EndpointReached,
    Event,
    SpeechContinued,
    SpeechEnded,
    SpeechResumed,
    SpeechStarted,
    WakeDoubted,
    WakeHeard,
)
from assistant.heard_words import HeardWords
from assistant.own_voice import OwnVoice
from assistant.stages import CHUNK_MS, AudioChunk, Pcm, Vad, Verdict, Verifier, WakeDetector
from assistant.stop_word import StopWord
from assistant.timbre import tone
from assistant.turn_gain import WORD_MS
from assistant.wake_decision import WakeDecision

RING_S = 20
CONTINUES_MS = 1000.0  # so long after its end a turn can be taken up again
SURE_CHUNKS = 10  # a voice of 200 ms


@dataclass(frozen=True, slots=True)
class TurnChunk:
    """Sound of the open turn, shape (320,), and what it brought, in order."""

    samples: Pcm
    events: list[Event] = field(default_factory=list)


@dataclass(slots=True)
class _Over:
    """A turn that is just over: it may turn out that the person goes on."""

    endpoint: endpoint.Endpoint
    at_ms: float
    cursor_ms: float
    voiced_from_ms: float = 0.0
    voiced_chunks: int = 0


class Listener:
    """The always-on front end. `now_ms` stamps events; audio positions come from the chunks.

    `wake`, `decision`, `own_voice`, `while_speaking` and `stop_word` are its `words`: see there. What wakes it must
    have been said in the ears of `verifier`, too.
    """

    def __init__(
        self,
        config: EndpointConfig,
        wake: WakeDetector | None,
        decision: WakeDecision,
        vad: Vad,
        *,
        vad_lag_ms: float,
        early_confidence: float,
        now_ms: Callable[[], float],
        own_voice: OwnVoice | None = None,
        while_speaking: WakeDecision | None = None,
        stop_word: StopWord | None = None,
        gain_for: Callable[[Pcm], float] | None = None,
        verifier: Verifier | None = None,
    ) -> None:
        self._config = config
        self.words = HeardWords(
            wake, decision, now_ms=now_ms, own_voice=own_voice, while_speaking=while_speaking, stop_word=stop_word,
            witness=self._witness,
        )  # fmt: skip
        self._vad = vad
        self._vad_lag_ms = vad_lag_ms
        self._early_confidence = early_confidence
        self._now_ms = now_ms
        self._gain_for = gain_for
        self._verifier = verifier
        self._gain = self._word_gain = 1.0  # of the open turn; and for one that the latest word opens
        self._word_end_ms = float("-inf")
        self._ring: deque[AudioChunk] = deque(maxlen=RING_S * 1000 // CHUNK_MS)
        self._endpoint: endpoint.Endpoint | None = None
        self._over: _Over | None = None
        self._opened_ms = self._cursor_ms = self._silent_until_ms = 0.0

    @property
    def heard_ms(self) -> float:
        """How far the input has been heard, in ms."""
        return self._ring[-1].end_ms if self._ring else 0.0

    def open(self, from_ms: float | None, no_speech_s: float | None = None) -> None:
        """Open a turn at a place in the past (at most 20 s ago) or about to come; None: where the last turn ended.

        `no_speech_s`: how long to wait for a voice, if not as long as usual.
        """
        config = self._config if no_speech_s is None else dataclasses.replace(self._config, no_speech_s=no_speech_s)
        if from_ms is not None:
            self._cursor_ms = from_ms
            if from_ms <= self._word_end_ms:  # the word opens it
                self._gain = self._word_gain
        self._opened_ms = self._cursor_ms
        self._begin(config)

    def go_on(self, silent_until_ms: float) -> None:
        """Open a turn where the last one ended, too soon; it hears silence up to a place, for we may speak there."""
        over = self._over
        paused_ms = 0.0 if over is None else over.voiced_from_ms - over.endpoint.speech_ended_ms
        self._begin(self._config, paused_ms)
        self._silent_until_ms = silent_until_ms

    def _begin(self, config: EndpointConfig, paused_ms: float = 0.0) -> None:
        self._over, self._silent_until_ms = None, 0.0
        self._endpoint = endpoint.Endpoint(
            config, self._cursor_ms, self._vad_lag_ms, early_confidence=self._early_confidence, paused_ms=paused_ms
        )
        self._vad.reset()

    def reopen(self) -> None:
        """Go on with the turn that was over, from where it was."""
        if self._over is not None:
            self._over.endpoint.reopen(self._over.cursor_ms)
            self._endpoint, self._over = self._over.endpoint, None
            self._vad.reset()

    def close(self) -> None:
        """Stop listening to the turn; the ring and the wake word go on."""
        self._endpoint = self._over = None

    def judge(self, verdict: Verdict) -> None:
        """Take what the model makes of the open turn: it may be over earlier, or later."""
        if self._endpoint is not None:
            self._endpoint.judge(verdict)

    def push(self, chunk: AudioChunk) -> list[Event]:
        """Take one chunk: wake word only. What belongs to an open turn is read with `catch_up`."""
        self._ring.append(chunk)
        events = self.words.hear(chunk)
        for event in events:
            if isinstance(event, WakeHeard | WakeDoubted):
                self._word_end_ms, self._word_gain = event.audio_ms, self._gain_behind(event.audio_ms)
        return events

    def _witness(self, end_ms: float, score: float, word: str) -> float | None:
        """Ask the second ear for a word that ends about there, as loud as the turn behind it would be."""
        verifier = self._verifier
        if verifier is None or word != verifier.phrase:
            return None
        sound = self.cut(self.heard_ms - verifier.sound_ms)
        return verifier.likely(amplified(sound, self._gain_behind(end_ms)), score)

    def _gain_behind(self, word_end_ms: float) -> float:
        """How much a turn is amplified that this word opens, and those that come without one after it."""
        return 1.0 if self._gain_for is None else self._gain_for(self.cut(word_end_ms - WORD_MS, word_end_ms))

    def cut(self, from_ms: float, until_ms: float = float("inf")) -> Pcm:
        """The latest sound from a place on (at most 20 s ago), in whole chunks, shape (n,)."""
        chunks = (chunk.samples for chunk in self._since(from_ms) if chunk.end_ms <= until_ms)
        return np.concatenate([np.zeros(0, np.int16), *chunks])

    def catch_up(self) -> Iterator[TurnChunk]:
        """Hear the open turn up to the newest chunk, or to its endpoint if that comes first."""
        for chunk in self._since(self._cursor_ms) if self._endpoint is not None else ():
            if self._endpoint is None:
                return
            self._cursor_ms = chunk.end_ms
            gain = 0.0 if chunk.end_ms <= self._silent_until_ms else self._gain
            samples = amplified(chunk.samples, gain)
            p_speech = self._vad.probability(samples)
            heard = TurnChunk(samples)
            for edge in self._endpoint.update(p_speech, chunk.end_ms, CHUNK_MS, tone(samples)):
                self._tell(edge, heard.events)
            yield heard

    def watch(self) -> list[Event]:
        """Look whether the voice goes on after the turn's end."""
        over = self._over
        if over is None or over.at_ms - self._opened_ms >= self._config.longest_turn_s * 1000:
            return []
        for chunk in self._since(over.cursor_ms):
            over.cursor_ms = chunk.end_ms
            voiced = self._vad.probability(amplified(chunk.samples, self._gain)) >= endpoint.SPEECH
            if not voiced or not self.words.is_somebody(chunk):
                over.voiced_chunks = 0
                continue
            if over.voiced_chunks == 0:
                over.voiced_from_ms = chunk.start_ms
            over.voiced_chunks += 1
            if over.voiced_from_ms - over.at_ms > CONTINUES_MS:
                break
            if over.voiced_chunks == SURE_CHUNKS:
                return [SpeechContinued(over.voiced_from_ms, self._now_ms())]
        if over.cursor_ms - over.at_ms > CONTINUES_MS + SURE_CHUNKS * CHUNK_MS:
            self._over = None
        return []

    @property
    def caught_up(self) -> bool:
        """Everything that came in has been heard."""
        return self._cursor_ms >= self.heard_ms

    def finish(self, *, empty_too: bool) -> list[Event]:
        """The input is over: end the open turn, one in which nobody spoke only if `empty_too`."""
        events: list[Event] = []
        if self._endpoint is not None and (empty_too or self._endpoint.heard_speech):
            self._tell(self._endpoint.finish(self.heard_ms), events)
        return events

    def _since(self, place_ms: float) -> list[AudioChunk]:
        newest_first = []
        for chunk in reversed(self._ring):
            if chunk.end_ms <= place_ms:
                break
            newest_first.append(chunk)
        return newest_first[::-1]

    def _tell(self, edge: endpoint.Edge, events: list[Event]) -> None:
        assert self._endpoint is not None  # noqa: S101 - edges come from it
        now_ms = self._now_ms()
        match edge:
            case endpoint.Started(audio_ms):
                events.append(SpeechStarted(audio_ms, now_ms))
            case endpoint.Resumed(audio_ms):
                events.append(SpeechResumed(audio_ms, now_ms))
            case endpoint.Paused(audio_ms):
                events.append(EndpointLikely(audio_ms, now_ms))
            case endpoint.Over(audio_ms, reason, beside_ms):
                if reason != "no_speech":
                    events.append(SpeechEnded(self._endpoint.speech_ended_ms, now_ms))
                events.append(EndpointReached(audio_ms, now_ms, reason, beside_ms))
                if reason == "silence" and not self._endpoint.beside_another:
                    self._over = _Over(self._endpoint, audio_ms, self._cursor_ms)
                self._endpoint = None
