"""Speech probabilities, loudness -> where speech starts and ends, when the turn is over. Pure: time is an argument.

Does not know which VAD made the probabilities, only its lag: how long it goes on saying "speech" after the last voiced
sample. The hangover adapts: longer after a word or two (people think after "turn on..."), longer than any pause that
the person has already made in this turn, and to what the model makes of the sentence so far (`judge`). A voice that
goes on 3 dB lower than the last two seconds were is somebody else, or a television: it doesn't keep the turn open.
Behind a pause it is known sooner, by how much lower it is for how long: soonest where everything was said before the
pause, and at once where what was added makes no sense to the model.
"""

from collections import deque
from dataclasses import dataclass

from assistant.config import EndpointConfig
from assistant.stages import Verdict

SPEECH = 0.5
STILL_SPEECH = 0.35
SURE_MS = 120.0
SHORT_SPEECH_MS = 700.0
SHORT_EXTRA_MS = 300.0
PAUSE_MARGIN_MS = 250.0
LOWER = 10 ** (-3 / 10)  # of the energy, over so long a time: less is another voice
LOUDNESS_CHUNKS = 40  # 800 ms: a word or two
FAR_LOWER = 10 ** (-5 / 10)
SOFT_MS = 500.0
A_BIT_LOWER = 10 ** (-2 / 10)  # behind a pause, where the model makes no more sense of it
# So many voiced chunks behind a pause, and of which energy at most: where everything was said before it, and where not.
# 0.5 s of 5 dB, 0.8 s of 3, 1.2 s of 2; 0.8 s of 6, 1.1 s of 4, 1.2 s of 3. Sooner, more thoughts are cut off.
ALL_SAID_LOWER = ((25, FAR_LOWER), (40, LOWER), (60, A_BIT_LOWER))
MORE_TO_COME_LOWER = ((40, 10 ** (-6 / 10)), (55, 10 ** (-4 / 10)), (60, LOWER))
# Behind a whole command a voice so far below is waited out no longer: it is no sentence that sinks.
ALL_SAID_MS = 600.0
BEFORE_CHUNKS = 35  # 0.7 s of voice before it: "Hey Gemma," is often louder than what follows
LINGER_MS = 80.0  # so much behind a voice's end is still taken for the person's
ENOUGH_CHUNKS = 25  # half a second
WORD_CHUNKS = 15  # 0.3 s: "uh" and "and" are shorter
KEPT = 1 - 1 / 100  # of what is known after each chunk: 2 s count, for a voice sinks in a long sentence
KNOWN_CHUNKS = 25  # half a second of voice: before that nobody knows how loud the person is


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


class _Foreground:
    """How loud the person speaks, and whether what is heard now is that loud."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=LOUDNESS_CHUNKS)
        self._energy = 0.0
        self._weight = 0.0
        self._chunks = 0

    def holds(self, energy: float) -> bool:
        """Take the mean square of one more voiced chunk."""
        if len(self._recent) == LOUDNESS_CHUNKS:
            self._energy = KEPT * self._energy + self._recent[0]
            self._weight = KEPT * self._weight + 1
            self._chunks += 1
        self._recent.append(energy)
        return self._chunks < KNOWN_CHUNKS or self.is_over(LOWER)

    def is_over(self, lower: float) -> bool:
        """Whether the last 800 ms of voice had more than so much of the person's energy."""
        return self._weight == 0 or sum(self._recent) / len(self._recent) >= lower * self._energy / self._weight


class _Mean:
    """A mean of energies."""

    def __init__(self) -> None:
        self._sum = 0.0
        self.count = 0

    def add(self, energy: float) -> None:
        """Take one more."""
        self._sum += energy
        self.count += 1

    @property
    def value(self) -> float:
        """The mean; 0 of nothing."""
        return self._sum / max(1, self.count)


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
        self._foreground = _Foreground()
        self._soft_since_ms: float | None = None
        self._background = False
        self._is_nonsense = False  # what the other voice says
        self._before, self._behind = _Mean(), _Mean()  # the last pause
        self._went_on_ms: float | None = None  # where the voice was that went on behind that pause
        self._all_said = False  # before it, so far as the model can tell
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

    def update(self, probability: float, end_ms: float, step_ms: float, energy: float) -> list[Edge]:
        """Take the speech probability and the mean square of the chunk that ends at `end_ms` and lasts `step_ms`."""
        edges: list[Edge] = []
        self._speaking = probability >= (STILL_SPEECH if self._speaking else SPEECH)
        self._note_loudness(end_ms, step_ms, energy)
        if self._speaking and not self._background:
            self._voiced(end_ms, step_ms, edges)
        else:
            self._silent(end_ms, edges)
        if not any(isinstance(e, Over) for e in edges) and self._too_long(end_ms):
            edges.append(Over(end_ms, "too_long"))
        return edges

    def judge(self, verdict: Verdict) -> None:
        """Take what the model makes of all that was said before this pause."""
        if not self._paused:
            return
        self._verdict = verdict
        self._adds_nothing = verdict.again and self._all_said and self._behind.count >= WORD_CHUNKS
        if verdict.kind in ("talk", "unsure") and self._all_said and self._behind_is(A_BIT_LOWER, ENOUGH_CHUNKS):
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
        if self._background and self._all_said and not self._foreground.is_over(FAR_LOWER):
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

    def _note_loudness(self, end_ms: float, step_ms: float, energy: float) -> None:
        """A soft voice may be a sentence's end; one that stays soft is another one, from where it began."""
        if not self._speaking:
            return
        if self._is_softer(energy):
            self._is_beside()
            return
        if self._foreground.holds(energy):
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

    def _is_softer(self, energy: float) -> bool:
        """Take one more voiced chunk; whether what goes on behind the last pause is another voice."""
        if self._went_on_ms is None:
            self._before.add(energy)
            return False
        self._behind.add(energy)
        steps = ALL_SAID_LOWER if self._all_said else MORE_TO_COME_LOWER
        return self._before.count >= BEFORE_CHUNKS and any(self._behind_is(lower, chunks) for chunks, lower in steps)

    def _behind_is(self, lower: float, chunks: int) -> bool:
        """Whether there is so much voice behind the pause, and it is so much lower than what was before."""
        return self._behind.count >= chunks and self._behind.value <= lower * self._before.value

    def _voiced(self, end_ms: float, step_ms: float, edges: list[Edge]) -> None:
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
            self._went_on_ms, self._behind = self._last_voiced_ms, _Mean()
            self._all_said = self._verdict is not None and self._verdict.kind == "call"
            self._verdict, self._adds_nothing = None, False
            self._longest_pause_ms = max(self._longest_pause_ms, end_ms - step_ms - self.speech_ended_ms)
        self._paused = False
        self._last_voiced_ms = end_ms

    def _silent(self, end_ms: float, edges: list[Edge]) -> None:
        self._run_started_ms = None
        if self._first_voiced_ms is None:
            if end_ms - self._opened_ms >= self._config.no_speech_s * 1000:
                edges.append(Over(end_ms, "no_speech"))
            return
        silence_ms = end_ms - self.speech_ended_ms
        if not self._paused and silence_ms >= self._config.likely_ms:
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
