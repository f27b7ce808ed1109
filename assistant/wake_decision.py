"""Scores of the wake word -> heard, doubted or rejected. Pure: time comes with each score.

Knows thresholds and no model, nor what the assistant is doing. A score takes 0.5 µs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

Witness = Callable[[float, float, str], float | None]

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
    """Something like the wake word ended at about `end_ms`; its best score was under the threshold.

    Or, by `reason`, the witness didn't hear it.
    """

    end_ms: float
    score: float
    word: str = ""
    reason: str = "score"


def by_score(_end_ms: float, _score: float, _word: str) -> None:
    """The witness of who has no other."""


class WakeDecision:
    """Scores -> heard, doubted, or rejected. Pure: time comes with each score.

    Heard: a score at or over `threshold`. After that nothing is heard for `refractory_s`, and not
    before the score has been under `near_threshold` once: one word is heard once. Rejected: the score rose over
    `near_threshold` and fell again without being heard.

    With a `doubt`, a pair (maybe, sure) around the threshold, only what reaches `sure` is heard at once. What reaches
    `maybe` is doubted as soon as the score falls, or after `DOUBT_SCORES`; it is heard if it gets sure after all.
    `maybe_of`: another `maybe` for some words.

    A `witness`, where there is one, says of a word that may be (its end, best score and which) how likely it is by the
    score and by what else it knows; None: by the score alone. That must reach the second of `witnessed`, (enough,
    sure), however low the score, or the first when the score falls: else it is rejected.
    """

    def __init__(
        self,
        *,
        threshold: float = 0.8,
        near_threshold: float = 0.3,
        refractory_s: float = 1.0,
        doubt: tuple[float, float] | None = None,
        maybe_of: Mapping[str, float] | None = None,
        witnessed: tuple[float, float] = (0.5, 0.95),
    ) -> None:
        self._threshold = threshold
        self._doubts = doubt is not None
        self._maybe, self._sure = doubt or (threshold, threshold)
        self._maybe_of = dict(maybe_of or {}) if self._doubts else {}
        self._near_threshold = min(near_threshold, self._maybe, *self._maybe_of.values())
        self._refractory_ms = refractory_s * 1000
        self._enough, self._certain = witnessed
        self.reset()

    def reset(self) -> None:
        """Forget the past, the refractory time too."""
        self._ready_ms = float("-inf")
        self._rise: _Rise | None = None

    def spend(self, audio_ms: float) -> None:
        """Somebody else heard the word that ends about here: one word is heard once."""
        self._ready_ms = audio_ms + self._refractory_ms
        if self._rise is not None:
            self._rise.spent, self._rise.told = True, None

    def update(
        self, score: float, audio_ms: float, word: str = "", witness: Witness = by_score
    ) -> Heard | Doubted | Rejected | None:
        """Take the score at `audio_ms` (the end of the sound that it was computed from), and whose it is."""
        rise = self._rise
        if score < self._near_threshold:
            self._rise = None
            if rise is None or rise.spent:
                return None
            if self._is_doubtful(rise):
                return self._doubt(rise, audio_ms, self._ask(rise, witness))
            return replace(rise.peak, reason="not_said") if rise.peak.score >= self._sure else rise.peak
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
        if rise.spent and rise.told is None:
            return None
        likely = self._ask(rise, witness)
        if self._is_sure(score, likely):
            match rise.told:
                case Doubted(end_ms):  # a turn is open there
                    pass
                case Rejected():  # what was there before wasn't it yet
                    end_ms = here_ms
                case None:
                    end_ms = rise.end_ms if rise.over_ms is None else rise.over_ms
            rise.spent, rise.told, self._ready_ms = True, None, audio_ms + self._refractory_ms
            return Heard(end_ms, score, word)
        if rise.spent or not self._is_doubtful(rise):
            return None
        rise.waited += 1
        is_time = score < rise.peak.score or rise.waited >= DOUBT_SCORES
        return self._doubt(rise, audio_ms, likely) if is_time else None

    def _is_sure(self, score: float, likely: float | None) -> bool:
        if likely is None:
            return score >= self._sure
        return likely >= (self._certain if self._doubts else self._enough)

    def _ask(self, rise: "_Rise", witness: Witness) -> float | None:
        """Of what is neither doubtful nor sure by its score nobody needs to hear."""
        peak = rise.peak
        if not self._is_doubtful(rise) and peak.score < self._sure:
            return None
        return witness(rise.end_ms, peak.score, peak.word)

    def _is_doubtful(self, rise: "_Rise") -> bool:
        return self._doubts and rise.peak.score >= self._maybe_of.get(rise.peak.word, self._maybe)

    def _doubt(self, rise: "_Rise", audio_ms: float, likely: float | None) -> Doubted | Rejected:
        rise.spent = True
        if likely is not None and likely < self._enough:
            rise.told = replace(rise.peak, end_ms=rise.end_ms, reason="not_said")
        else:
            rise.told = Doubted(rise.end_ms, rise.peak.score, rise.peak.word)
            self._ready_ms = audio_ms + self._refractory_ms
        return rise.told


@dataclass(slots=True)
class _Rise:
    """The score since it went over the near threshold. `spent`: it was told, or began too soon after the last word.

    `told`: it was doubted or refused, and may be heard still.
    """

    peak: Rejected
    spent: bool
    maybe_ms: float | None = None
    over_ms: float | None = None
    waited: int = 0
    told: Doubted | Rejected | None = None

    @property
    def end_ms(self) -> float:
        """Where the word ends."""
        return self.peak.end_ms if self.maybe_ms is None else self.maybe_ms
