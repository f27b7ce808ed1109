"""Events and scores -> entries of the wake log. Observes only; knows no file and no thread.

A wake is told when it is known what it led to, so that a wake after which nobody spoke can be seen as a false one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from assistant.audio.devices import meter
from assistant.events import (
    EndpointReached,
    Event,
    Failed,
    MicrophoneLost,
    MuteSwitched,
    Reply,
    RingingEnded,
    ToolCalled,
    TurnEnded,
    WakeDoubted,
    WakeHeard,
    WakeRejected,
)
from assistant.stages import SAMPLE_RATE_HZ, Pcm
from assistant.waking.entry import Entry, Kind

BEFORE_MS = 2500.0  # a clip begins so long before the word's end; it ends where the decision fell
WORD_MS = 1200.0  # the word itself, for its level
RISE_MS = 1000.0  # so long after a wake its score may still rise


@dataclass(slots=True)
class _Wake:
    """A wake whose turn is open. `over`: its endpoint was reached; before that, what ends is the turn before."""

    at_ms: float
    entry: Entry
    sound: Pcm | None
    over: bool = False


class WakeObserver:
    """Gives `keep` an entry for every wake, near-wake and rejection.

    `cut` gives the latest sound from a place in ms on, shape (n,); `now` the time of day, with its zone. `sound`: clips
    are wanted.
    """

    def __init__(
        self,
        keep: Callable[[Entry, Pcm | None], None],
        cut: Callable[[float], Pcm],
        now: Callable[[], datetime],
        *,
        threshold: float,
        gain_db: float = 0.0,
        sound: bool = False,
    ) -> None:
        self._keep = keep
        self._cut = cut
        self._now = now
        self._threshold = threshold
        self._gain_db = gain_db
        self._sound = sound
        self._wake: _Wake | None = None

    def scored(self, score: float, audio_ms: float) -> None:
        """Take every score: a wake is heard at the first one over the threshold, and the highest comes later."""
        wake = self._wake
        if wake is not None and score > wake.entry.score and audio_ms - wake.at_ms <= RISE_MS:
            wake.entry = replace(wake.entry, score=round(score, 3))

    def __call__(self, event: Event) -> None:
        """Take one event."""
        match event:
            case WakeHeard(audio_ms=at_ms) if self._wake is not None and self._wake.at_ms == at_ms:
                self._wake.entry = replace(self._wake.entry, kind=Kind.WAKE)  # it was doubted, and is meant
            case WakeHeard() | WakeDoubted():
                self.close()
                kind = Kind.WAKE if isinstance(event, WakeHeard) else Kind.NEAR
                self._wake = _Wake(event.audio_ms, *self._entry(event, kind))
            case WakeRejected(audio_ms=at_ms) if self._wake is not None and self._wake.at_ms == at_ms:
                self._wake.entry = replace(self._wake.entry, kind=Kind.REJECTED)  # it was heard, and judged anew
                self.close()
            case WakeRejected(score=score, reason=reason):
                near = reason == "score" and score < self._threshold
                self._keep(*self._entry(event, Kind.NEAR if near else Kind.REJECTED))
            case MuteSwitched(muted=True) | MicrophoneLost():
                self.close()
            case _ if self._wake is not None:
                self._follow(self._wake, event)
            case _:
                pass

    def close(self) -> None:
        """Tell the wake that is still open."""
        if self._wake is not None:
            wake, self._wake = self._wake, None
            self._keep(wake.entry, wake.sound)

    def _follow(self, wake: _Wake, event: Event) -> None:
        match event:
            case RingingEnded(reason="wake_word"):
                self._note(wake, "stopped")
            case EndpointReached(reason=reason):
                wake.over = True
                if reason == "no_speech":
                    self._note(wake, "nothing")
            case Failed():
                wake.over = True
            case ToolCalled(ok=True) if wake.over:
                self._note(wake, "acted")
            case Reply(text=text) if text and wake.over:
                self._note(wake, "answered")
            case TurnEnded() if wake.over:
                self.close()
            case _:
                pass

    @staticmethod
    def _note(wake: _Wake, then: str) -> None:
        wake.entry = replace(wake.entry, then=wake.entry.then or then)  # what came first says most

    def _entry(self, event: WakeHeard | WakeDoubted | WakeRejected, kind: Kind) -> tuple[Entry, Pcm | None]:
        clip = self._cut(max(0.0, event.audio_ms - BEFORE_MS))
        after = self._cut(event.audio_ms)
        word = clip[: len(clip) - len(after)][-round(WORD_MS * SAMPLE_RATE_HZ / 1000) :]
        entry = Entry(
            number=0,
            at=self._now(),
            kind=kind,
            score=round(event.score, 3),
            threshold=self._threshold,
            word=event.word,
            peak_dbfs=round(meter(word).peak_dbfs, 1),
            gain_db=self._gain_db,
        )
        return entry, clip if self._sound else None
