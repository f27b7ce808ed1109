"""Scores of the wake word -> heard, doubted or rejected. Pure: time comes with each score.

Knows thresholds and no model, nor what the assistant is doing. A score takes 0.5 µs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# First score over the threshold, minus the end of the word: median of the held-out clips (models/hey_gemma/README.md).
HEARD_LAG_MS = 60.0
DOUBT_SCORES = 3  # 240 ms: a word that isn't sure by then is doubted


@dataclass(frozen=True, slots=True)
class Heard:
    """The wake word was heard; it ended at about `end_ms`."""

    end_ms: float
    score: float
    word: str = ""


@dataclass(frozen=True, slots=True)
class Doubted:
    """The wake word may have ended at about `end_ms`: somebody else has to say."""

    end_ms: float
    score: float
    word: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something like the wake word ended at about `end_ms`; its best score was under the threshold."""

    end_ms: float
    score: float
    word: str = ""


class WakeDecision:
    """Scores -> heard, doubted, or rejected. Pure: time comes with each score.

    Heard: `patience` scores in a row at or over `threshold`. After that nothing is heard for `refractory_s`, and not
    before the score has been under `near_threshold` once: one word is heard once. Rejected: the score rose over
    `near_threshold` and fell again without being heard.

    With a `doubt`, a pair (maybe, sure) around the threshold, only what reaches `sure` is heard at once. What reaches
    `maybe` is doubted as soon as the score falls, or after `DOUBT_SCORES`; it is heard if it gets sure after all.
    `maybe_of`: another `maybe` for some words.
    """

    def __init__(
        self,
        *,
        threshold: float = 0.8,
        near_threshold: float = 0.3,
        refractory_s: float = 1.0,
        patience: int = 1,
        doubt: tuple[float, float] | None = None,
        maybe_of: Mapping[str, float] | None = None,
    ) -> None:
        self._threshold = threshold
        self._doubts = doubt is not None
        self._maybe, self._sure = doubt or (threshold, threshold)
        self._maybe_of = dict(maybe_of or {}) if self._doubts else {}
        self._near_threshold = min(near_threshold, self._maybe, *self._maybe_of.values())
        self._refractory_ms = refractory_s * 1000
        self._patience = patience
        self.reset()

    def reset(self) -> None:
        """Forget the past, the refractory time too."""
        self._ready_ms = float("-inf")
        self._rise: _Rise | None = None

    def spend(self, audio_ms: float) -> None:
        """Somebody else heard the word that ends about here: one word is heard once."""
        self._ready_ms = audio_ms + self._refractory_ms
        if self._rise is not None:
            self._rise.spent, self._rise.doubted = True, None

    def update(self, score: float, audio_ms: float, word: str = "") -> Heard | Doubted | Rejected | None:
        """Take the score at `audio_ms` (the end of the sound that it was computed from), and whose it is."""
        rise = self._rise
        if score < self._near_threshold:
            self._rise = None
            if rise is None or rise.spent:
                return None
            return self._doubt(rise, audio_ms) if self._is_doubtful(rise) else rise.peak
        here_ms = audio_ms - HEARD_LAG_MS
        if rise is None:
            rise = self._rise = _Rise(Rejected(here_ms, score, word), spent=audio_ms < self._ready_ms)
        elif score > rise.peak.score:
            rise.peak = Rejected(here_ms, score, word)
        if rise.maybe_ms is None and score >= self._maybe:
            rise.maybe_ms = here_ms
        if score < self._threshold:
            rise.over_ms = None
        elif rise.over_ms is None:
            rise.over_ms = here_ms
        rise.sure = rise.sure + 1 if score >= self._sure else 0
        if rise.sure >= self._patience and (not rise.spent or rise.doubted is not None):
            end_ms = here_ms if rise.over_ms is None else rise.over_ms
            found = Heard(end_ms if rise.doubted is None else rise.doubted.end_ms, score, word)
            rise.spent, rise.doubted, self._ready_ms = True, None, audio_ms + self._refractory_ms
            return found
        if rise.spent or not self._is_doubtful(rise):
            return None
        rise.waited += 1
        return self._doubt(rise, audio_ms) if score < rise.peak.score or rise.waited >= DOUBT_SCORES else None

    def _is_doubtful(self, rise: "_Rise") -> bool:
        return self._doubts and rise.peak.score >= self._maybe_of.get(rise.peak.word, self._maybe)

    def _doubt(self, rise: "_Rise", audio_ms: float) -> Doubted:
        end_ms = rise.peak.end_ms if rise.maybe_ms is None else rise.maybe_ms
        rise.spent, self._ready_ms = True, audio_ms + self._refractory_ms
        rise.doubted = Doubted(end_ms, rise.peak.score, rise.peak.word)
        return rise.doubted


@dataclass(slots=True)
class _Rise:
    """The score since it went over the near threshold. `spent`: it was told, or began too soon after the last word."""

    peak: Rejected
    spent: bool
    maybe_ms: float | None = None
    over_ms: float | None = None
    sure: int = 0
    waited: int = 0
    doubted: Doubted | None = None
