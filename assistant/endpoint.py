"""Speech probabilities, loudness -> where speech starts and ends, when the turn is over. Pure: time is an argument.

Does not know which VAD made the probabilities, only its lag: how long it goes on saying "speech" after the last voiced
sample. The hangover adapts: longer after a word or two (people think after "turn on..."), longer than any pause that
the person has already made in this turn, and to what the model makes of the sentence so far (`judge`). Another voice
than the person's (beside.py) doesn't keep the turn open; behind a whole command one that is a bit lower is another,
too, where what it adds makes no sense to the model.
"""

from dataclasses import dataclass

from assistant.beside import BehindPause, Sinking
from assistant.config import EndpointConfig
from assistant.stages import Verdict
from assistant.timbre import Tone

SPEECH = 0.5
STILL_SPEECH = 0.35
SURE_MS = 120.0
SHORT_SPEECH_MS = 700.0
SHORT_EXTRA_MS = 300.0
PAUSE_MARGIN_MS = 250.0
FAR_LOWER_DB = 5.0
SOFT_MS = 500.0
A_BIT_DB = 2.0  # behind a pause, where the model makes no more sense of it
# Behind a whole command a voice so far below is waited out no longer: it is no sentence that sinks.
ALL_SAID_MS = 600.0
STILL_LOUD_MS = 100.0  # the voice activity is over sometimes before the last sound is
LINGER_MS = 80.0  # so much behind a voice's end is still taken for the person's
ENOUGH_CHUNKS = 25  # half a second
WORD_CHUNKS = 15  # 0.3 s: "uh" and "and" are shorter


@dataclass(frozen=True, slots=True)
class Started:
    """Speech began at `audio_ms`."""

    audio_ms: float


@dataclass(frozen=True, slots=True)
class Paused:
    """The voice stopped: the last voiced sample is at `audio_ms`. The turn may be over."""

    audio_ms: float


@dataclass(frozen=True, slots=True)
class Over:
    """The turn is over, decided at `audio_ms`. `reason`: silence, too_long, no_speech or input_ended.

    `beside_ms`: so much of the sound at its end is somebody else's.
    """

    audio_ms: float
    reason: str
    beside_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Resumed:
    """The voice went on at `audio_ms`, after `Paused`."""

    audio_ms: float


Edge = Started | Paused | Resumed | Over


class Endpoint:
    """One turn's endpoint, from `opened_ms` on. After `Over` it must be thrown away, or reopened."""

    def __init__(
        self,
        config: EndpointConfig,
        opened_ms: float,
        vad_lag_ms: float,
        *,
        early_confidence: float,
        paused_ms: float = 0.0,
    ) -> None:
        """`early_confidence`: how sure the model must be of a call for it to end the turn early; over 1: never.

        `paused_ms`: so long a pause of the person was taken for the end already.
        """
        self._config = config
        self._early_confidence = early_confidence
        self._opened_ms = opened_ms
        self._lag_ms = vad_lag_ms
        self._speaking = False
        self._run_started_ms: float | None = None
        self._first_voiced_ms: float | None = None
        self._last_voiced_ms = opened_ms
        self._longest_pause_ms = paused_ms
        self._paused = False
        self._verdict: Verdict | None = None
        self._hasty = paused_ms > 0  # an early end would have cut the person off once already
        self._goes_on_ms = opened_ms
        self._sinking, self._behind = Sinking(), BehindPause()
        self._soft_since_ms: float | None = None
        self._background = False
        self._is_nonsense = False  # what the other voice says
        self._went_on_ms: float | None = None  # where the voice was that went on behind the last pause
        self._adds_nothing = False  # what was said behind it

    @property
    def speech_ended_ms(self) -> float:
        """Best estimate of the last voiced sample, the VAD's lag taken off."""
        return max(self._opened_ms, self._last_voiced_ms - self._lag_ms)

    @property
    def heard_speech(self) -> bool:
        """Somebody has spoken in this turn."""
        return self._first_voiced_ms is not None

    @property
    def beside_another(self) -> bool:
        """Another voice is heard now, not the person's."""
        return self._background

    def update(self, probability: float, end_ms: float, step_ms: float, tone: Tone) -> list[Edge]:
        """Take the speech probability and the tone of the chunk that ends at `end_ms` and lasts `step_ms`."""
        edges: list[Edge] = []
        self._speaking = probability >= (STILL_SPEECH if self._speaking else SPEECH)
        was_beside = self._background
        self._note_voice(end_ms, step_ms, tone)
        if self._speaking and not self._background:
            self._voiced(end_ms, step_ms, edges, was_beside=was_beside)
        else:
            self._silent(end_ms, edges, is_quiet=self._background or self._sinking.is_quiet(tone))
        if not any(isinstance(e, Over) for e in edges) and self._too_long(end_ms):
            edges.append(Over(end_ms, "too_long"))
        return edges

    def judge(self, verdict: Verdict) -> None:
        """Take what the model makes of all that was said before this pause."""
        if not self._paused:
            return
        self._verdict = verdict
        behind = self._behind
        self._adds_nothing = verdict.again and behind.all_said and behind.chunks >= WORD_CHUNKS
        is_enough = behind.all_said and behind.chunks >= ENOUGH_CHUNKS
        if verdict.kind in ("talk", "unsure") and is_enough and behind.other_db >= A_BIT_DB:
            self._is_nonsense = True
            self._is_beside()

    def reopen(self, goes_on_ms: float) -> None:
        """Go on after `Over`: the silence up to `goes_on_ms` was a pause."""
        self._goes_on_ms = goes_on_ms

    def finish(self, end_ms: float) -> Over:
        """The input is over: so is the turn."""
        return Over(end_ms, "input_ended" if self.heard_speech else "no_speech")

    def hangover_ms(self) -> float:
        """How much silence ends the turn now."""
        if self._adds_nothing and self._is_early():
            return self._config.early_ms
        if self._is_nonsense:
            return self._config.hangover_ms
        if self._background and self._behind.all_said and not self._sinking.is_within(FAR_LOWER_DB):
            return min(ALL_SAID_MS, self._config.longest_hangover_ms)
        if self._background or (self._verdict is not None and self._verdict.kind == "unsure"):
            return self._config.longest_hangover_ms
        if self._is_early() and not self._hasty:
            return self._config.early_ms
        began_ms = self._last_voiced_ms if self._first_voiced_ms is None else self._first_voiced_ms
        voiced_ms = self._last_voiced_ms - began_ms
        wait_ms = self._config.hangover_ms + (SHORT_EXTRA_MS if voiced_ms < SHORT_SPEECH_MS else 0.0)
        if self._longest_pause_ms:
            wait_ms = max(wait_ms, self._longest_pause_ms + PAUSE_MARGIN_MS)
        return min(wait_ms, self._config.longest_hangover_ms)

    def _note_voice(self, end_ms: float, step_ms: float, tone: Tone) -> None:
        """A soft voice may be a sentence's end; one that stays soft is another one, from where it began."""
        if not self._speaking:
            return
        if self._behind.is_another(tone):
            self._is_beside()
            return
        if self._sinking.holds(tone):
            self._soft_since_ms, self._background, self._is_nonsense = None, False, False
            return
        if self._soft_since_ms is None:
            self._soft_since_ms = end_ms - step_ms
        if not self._background and end_ms - self._soft_since_ms >= SOFT_MS:
            self._background = True
            self._last_voiced_ms = min(self._last_voiced_ms, self._soft_since_ms)

    def _is_beside(self) -> None:
        """What was heard behind the last pause is somebody else's."""
        self._background = True
        self._last_voiced_ms = min(self._last_voiced_ms, self._went_on_ms or self._last_voiced_ms)

    def _voiced(self, end_ms: float, step_ms: float, edges: list[Edge], *, was_beside: bool) -> None:
        if self._run_started_ms is None:
            self._run_started_ms = end_ms - step_ms
        if self._first_voiced_ms is None:
            # The tail of the wake word, smeared by the VAD's lag, is no speech yet.
            if end_ms - self._run_started_ms < SURE_MS + self._lag_ms:
                return
            self._first_voiced_ms = self._run_started_ms
            edges.append(Started(self._run_started_ms))
        elif self._paused:
            edges.append(Resumed(end_ms - step_ms))
            if self._is_early():
                self._hasty = True
            all_said = self._verdict is not None and self._verdict.kind == "call"
            if not was_beside and self._behind.go_on(all_said=all_said):  # else it is the other voice that goes on
                self._went_on_ms = self._last_voiced_ms
            self._verdict, self._adds_nothing = None, False
            self._longest_pause_ms = max(self._longest_pause_ms, end_ms - step_ms - self.speech_ended_ms)
        self._paused = False
        self._last_voiced_ms = end_ms

    def _silent(self, end_ms: float, edges: list[Edge], *, is_quiet: bool) -> None:
        self._run_started_ms = None
        if self._first_voiced_ms is None:
            if end_ms - self._opened_ms >= self._config.no_speech_s * 1000:
                edges.append(Over(end_ms, "no_speech"))
            return
        silence_ms = end_ms - self.speech_ended_ms
        likely_ms = self._config.likely_ms + (0.0 if is_quiet else STILL_LOUD_MS)
        if not self._paused and silence_ms >= likely_ms:
            self._paused = True
            edges.append(Paused(self.speech_ended_ms))
        if silence_ms >= self.hangover_ms() and end_ms > self._goes_on_ms:
            edges.append(Over(end_ms, "silence", self._beside_ms(end_ms)))

    def _beside_ms(self, end_ms: float) -> float:
        return max(0.0, end_ms - self.speech_ended_ms - LINGER_MS) if self._background else 0.0

    def _is_early(self) -> bool:
        verdict = self._verdict
        return verdict is not None and verdict.kind == "call" and verdict.confidence >= self._early_confidence

    def _too_long(self, end_ms: float) -> bool:
        since = self._opened_ms if self._first_voiced_ms is None else self._first_voiced_ms
        return end_ms - since >= self._config.longest_turn_s * 1000
