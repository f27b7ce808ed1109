"""Which words are heard without a model: the wake word and "stop", and neither where our own voice said them. Pure.

Chunks in, events out. Knows no turn and no sound that is past: the wake word's `witness` does.
"""

from collections.abc import Callable

from assistant.events import Event, StopHeard, WakeDoubted, WakeHeard, WakeRejected
from assistant.own_voice import OwnVoice
from assistant.stages import AudioChunk, WakeDetector
from assistant.stop_word import StopWord
from assistant.wake_decision import Doubted, Heard, Rejected, WakeDecision, Witness, by_score


class HeardWords:
    """`own_voice` knows what we said ourselves; where it is taken out of what is heard, `while_speaking` decides.

    But `decision` does in the middle of somebody's talk, which is more often meant for somebody else.
    While we speak there is no `witness`: what is left of two voices is another sound.
    `stop_word` is listened for while it is `interruptible`. `on_score`, where it is set, gets every score of the wake
    word, and the place where the sound behind it ended; `on_covered` is called where our voice may have covered a word.
    """

    def __init__(
        self,
        wake: WakeDetector | None,
        decision: WakeDecision,
        *,
        now_ms: Callable[[], float],
        own_voice: OwnVoice | None = None,
        while_speaking: WakeDecision | None = None,
        stop_word: StopWord | None = None,
        witness: Witness = by_score,
    ) -> None:
        self._wake = wake
        self._decision = decision
        self._now_ms = now_ms
        self._own_voice = own_voice
        self._while_speaking = while_speaking
        self._stop_word = stop_word
        self._witness = witness
        self.interruptible = False
        self.sounding = False  # our answer is heard
        self.on_score: Callable[[float, float], None] | None = None
        self.on_covered: Callable[[], None] | None = None

    def hear(self, chunk: AudioChunk) -> list[Event]:
        """Take one chunk."""
        if self._wake is None:
            return []
        own = self._own_voice
        if own is not None:
            own.hear(chunk)
        score = self._wake.score(chunk.samples)
        if score is None:
            return []
        if self.on_score is not None:
            self.on_score(score, chunk.end_ms)
        if own is not None and own.covers(chunk, score):
            self._tell_covered()
        found = self._decide(score, chunk)
        if isinstance(found, Heard | Doubted) and own is not None and own.explains(chunk):
            return [WakeRejected(found.end_ms, self._now_ms(), found.score, found.word, "own_voice")]
        match found:
            case Heard(end_ms, peak, word):
                return [WakeHeard(end_ms, self._now_ms(), peak, word)]
            case Doubted(end_ms, peak, word):
                return [WakeDoubted(end_ms, self._now_ms(), peak, word)]
            case Rejected(end_ms, peak, word, reason):
                return [WakeRejected(end_ms, self._now_ms(), peak, word, reason)]
            case None:
                return self._stopped(chunk)

    def is_somebody(self, chunk: AudioChunk) -> bool:
        """Whether a voice in it is somebody's. Not if it may be our own: where that can't be told, it may."""
        own = self._own_voice
        if not self.sounding:
            return True
        return own is not None and self._while_speaking is not None and own.is_over(chunk)

    def _decide(self, score: float, chunk: AudioChunk) -> Heard | Doubted | Rejected | None:
        counts, other, own = self._decision, self._while_speaking, self._own_voice
        if other is not None and own is not None and own.is_taken_out(chunk) and not own.beside_talk:
            counts, other = other, counts
        word = "" if self._wake is None else self._wake.word
        witness = by_score if own is not None and own.speaks else self._witness
        found = counts.update(score, chunk.end_ms, word, witness)
        if other is not None:
            other.update(score, chunk.end_ms, word)
            if isinstance(found, Heard):
                other.spend(chunk.end_ms)
        return found

    def _stopped(self, chunk: AudioChunk) -> list[Event]:
        word, own = self._stop_word, self._own_voice
        if word is None or not self.interruptible:
            return []
        stop = word.score(chunk.end_ms, speaking=own is not None and own.speaks)
        if own is not None and own.drowns():
            return []
        if word.maybe and own is not None and own.is_taken_out(chunk):
            self._tell_covered()
        return [] if stop is None else [StopHeard(chunk.end_ms, self._now_ms(), stop)]

    def _tell_covered(self) -> None:
        if self.on_covered is not None:
            self.on_covered()
