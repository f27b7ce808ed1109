"""What happened: one frozen, slotted dataclass an event, with its place in the audio and the time it was emitted.

`audio_ms` is the place in the input audio that the event is about; `at_ms` is when it was emitted, since start.
`as_record` gives the JSON form that `--events` writes.
"""

import dataclasses
import re
from dataclasses import dataclass

from assistant.stages import Call, Outcome, Value


@dataclass(frozen=True, slots=True)
class _Happened:
    audio_ms: float
    at_ms: float


@dataclass(frozen=True, slots=True)
class Started(_Happened):
    """Everything is loaded; listening begins. `memory`: the plan by which the model is held in it."""

    model: str
    home: str
    versions: dict[str, str]
    memory: str = ""


@dataclass(frozen=True, slots=True)
class MicrophoneLost(_Happened):
    """The microphone isn't there (yet, or any more)."""

    message: str


@dataclass(frozen=True, slots=True)
class MicrophoneFound(_Happened):
    """Sound comes in."""


@dataclass(frozen=True, slots=True)
class WakeHeard(_Happened):
    """The wake word was heard, and counts; `audio_ms` is its end, `word` which one it was."""

    score: float
    word: str = ""


@dataclass(frozen=True, slots=True)
class WakeDoubted(_Happened):
    """The wake word, perhaps: a turn opens silently, and `WakeHeard` or `WakeRejected` of the same place follows."""

    score: float
    word: str = ""


@dataclass(frozen=True, slots=True)
class WakeRejected(_Happened):
    """Something near the wake word was heard and turned down.

    `reason`: score (too low), not_said (the second ear didn't hear it), nobody_spoke, not_addressed (the model's
    opinion), own_voice, busy or failed.
    """

    score: float
    word: str = ""
    reason: str = "score"


@dataclass(frozen=True, slots=True)
class StopHeard(_Happened):
    """Somebody said "stop" while the assistant spoke or rang; `audio_ms` is its end, to some 100 ms."""

    score: float


@dataclass(frozen=True, slots=True)
class SpeechStarted(_Happened):
    """First voiced sample of the turn."""


@dataclass(frozen=True, slots=True)
class SpeechEnded(_Happened):
    """`audio_ms` is the last voiced sample so far, the VAD's own lag taken off."""


@dataclass(frozen=True, slots=True)
class EndpointLikely(_Happened):
    """The voice has just stopped: the turn may be over."""


@dataclass(frozen=True, slots=True)
class SpeechResumed(_Happened):
    """The voice goes on after an `EndpointLikely`: it was a pause."""


@dataclass(frozen=True, slots=True)
class DraftStarted(_Happened):
    """The model begins to answer what it has heard so far; nothing of it is heard or done yet."""


@dataclass(frozen=True, slots=True)
class DraftReady(_Happened):
    """The draft is complete: what kind of answer it is (call, talk, nothing, unsure), and how sure the model is of it.

    `again`: it asks for what the one before it asked for.
    """

    kind: str
    confidence: float
    again: bool = False


@dataclass(frozen=True, slots=True)
class DraftRetracted(_Happened):
    """The draft is thrown away: the person went on."""


@dataclass(frozen=True, slots=True)
class EndpointReached(_Happened):
    """The turn is over. `reason`: silence, too_long, no_speech or input_ended.

    `beside_ms` at its end were somebody else's voice.
    """

    reason: str
    beside_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class SpeechContinued(_Happened):
    """The voice goes on from `audio_ms` on, less than a second after the turn was over."""


@dataclass(frozen=True, slots=True)
class FirstToken(_Happened):
    """The first token of the reply is there, in a draft or not."""


@dataclass(frozen=True, slots=True)
class ModelTimed(_Happened):
    """What one reply cost the model thread: encoding, prefill of `rows` rows and tokens, decoding `tokens` tokens.

    `forced` tokens more could be nothing else, and came along without a step of their own.
    In a draft only what was left to do. `behind_ms` of sound waited to be encoded: more than 1 s, and drafts stop.
    """

    encode_ms: float
    prefill_ms: float
    rows: int
    decode_ms: float
    tokens: int
    forced: int
    behind_ms: float


@dataclass(frozen=True, slots=True)
class CallsReady(_Happened):
    """The model's reply was made of calls; `confidence` is the lowest probability of its decided tokens."""

    calls: tuple[Call, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class ClauseReady(_Happened):
    """A clause of the model's own words can be spoken."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class ToolCalled(_Happened):
    """A call was carried out or refused."""

    name: str
    arguments: dict[str, Value]
    effects: list[dict[str, object]]
    ok: bool
    error: str | None
    allowed_by: str | None


@dataclass(frozen=True, slots=True)
class CallsDone(_Happened):
    """All calls of the reply have an outcome. `sentence` None: the model words the results itself.

    `asks`: the sentence asks for a "yes" (or the PIN), or "what" is missing. `late`: the person has gone on meanwhile,
    and another turn is open.
    """

    sentence: str | None
    language: str
    outcomes: tuple[Outcome, ...]
    asks: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class Reply(_Happened):
    """The whole reply is known; `text` may be empty (nothing to say)."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class ReplyAudioStarted(_Happened):
    """First sample of the answer at the speaker."""


@dataclass(frozen=True, slots=True)
class ReplyAudioFinished(_Happened):
    """Last sample of the answer."""


@dataclass(frozen=True, slots=True)
class TurnEnded(_Happened):
    """A turn is over. Figures count from the acoustic end of speech; None: didn't happen, or replayed fast."""

    turn: int
    first_token_ms: float | None
    decision_ms: float | None
    action_ms: float | None
    voice_ms: float | None
    endpoint_ms: float | None


@dataclass(frozen=True, slots=True)
class TimerRang(_Happened):
    """A timer is over, or an alarm is due: then `time` is its time of day."""

    name: str | None
    time: str | None = None


@dataclass(frozen=True, slots=True)
class RingingEnded(_Happened):
    """Nothing rings any more. `reason`: wake_word, stop, nobody (it gave up), input_ended, speaker.

    Or no_word: there is no wake word that could stop it, so it rang once.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class AudioDropped(_Happened):
    """The microphone's queue ran over: the oldest sound was lost."""

    dropped_ms: float


@dataclass(frozen=True, slots=True)
class InputEnded(_Happened):
    """The audio file is over."""


@dataclass(frozen=True, slots=True)
class MuteSwitched(_Happened):
    """Somebody switched the ear off, or on again."""

    muted: bool


@dataclass(frozen=True, slots=True)
class Announced(_Happened):
    """Somebody else than a person here wants a text spoken. It is never heard as a command."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Failed(_Happened):
    """A turn or a stage failed; the assistant goes on."""

    code: str
    message: str
    remedy: str


Event = (
    Started | MicrophoneLost | MicrophoneFound | WakeHeard | WakeDoubted | WakeRejected | StopHeard | SpeechStarted
    | SpeechEnded
    | SpeechResumed | EndpointLikely | DraftStarted | DraftReady | DraftRetracted | EndpointReached | SpeechContinued
    | FirstToken | ModelTimed | CallsReady | ClauseReady | ToolCalled | CallsDone | Reply | ReplyAudioStarted
    | ReplyAudioFinished | TurnEnded | TimerRang | RingingEnded | AudioDropped | InputEnded | MuteSwitched
    | Announced | Failed
)  # fmt: skip


def name_of(event: Event) -> str:
    """`WakeHeard` -> `wake_heard`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()


def as_record(event: Event) -> dict[str, object]:
    """The event as a JSON-ready dict, times rounded to 0.1 ms."""
    record: dict[str, object] = {"event": name_of(event)}
    for f in dataclasses.fields(event):
        value = getattr(event, f.name)
        record[f.name] = round(value, 1) if f.name.endswith("_ms") and value is not None else _plain(value)
    return record


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return value
