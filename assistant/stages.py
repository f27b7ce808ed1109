"""The value types that pass between stages, and the Protocols at the seams.

Knows no vendor library but numpy. A Protocol is here only where two implementations exist: the real one and a file
replay or a fake.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
CHUNK_MS = 20
CHUNK_SAMPLES = SAMPLE_RATE_HZ * CHUNK_MS // 1000

Pcm = NDArray[np.int16]
Value = str | int | float | bool
Datum = Value | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Echo:
    """Our own voice in a chunk of the microphone.

    `taken_db`: so much quieter the last half second is without it, whether it was taken out or not. `power`: the mean
    square of what was found in this chunk. `located`: it comes from where it was looked for, and as loud as it was,
    since this sound began; else nobody knows yet how much is left of it. `is_whole`: it is in the chunk still, nothing
    was taken out.
    """

    taken_db: float = 0.0
    power: float = 0.0
    located: bool = False
    is_whole: bool = False


NO_ECHO = Echo()


@dataclass(frozen=True, slots=True, eq=False)
class AudioChunk:
    """20 ms of sound: int16 mono at 16 kHz, shape (320,). A jump in `start_sample` means that sound was dropped.

    `played`: what our own loudspeaker gave meanwhile, shape (320,), to some 100 ms; None: nothing, or nobody knows.
    `echo`: what was found of that in it.
    """

    samples: Pcm
    start_sample: int
    played: Pcm | None = None
    echo: Echo = NO_ECHO

    @property
    def start_ms(self) -> float:
        """Place of the first sample in the input, in ms."""
        return self.start_sample * 1000 / SAMPLE_RATE_HZ

    @property
    def end_ms(self) -> float:
        """Place just behind the last sample, in ms."""
        return (self.start_sample + len(self.samples)) * 1000 / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True, eq=False)
class AudioClip:
    """Sound to play: int16 mono, shape (n,), at `rate_hz`."""

    samples: Pcm
    rate_hz: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a tool. `kind` is a JSON schema type: string, integer or number.

    `choices` are checked, and declared to the model if they are `listed`. `values`, the names that there are now, and
    `bounds`, of a number, only limit what the model can write. `told` False: understood, but the model doesn't know it.
    `asked`: a call may lack it though it is required: the person is asked for it.
    """

    name: str
    kind: str
    description: str = ""
    choices: tuple[str, ...] = ()
    listed: bool = True
    required: bool = False
    told: bool = True
    asked: bool = False
    values: tuple[str, ...] = ()
    bounds: tuple[int, int] = (0, 100)


UNKNOWN = "unknown"  # what stands in a call for a name that isn't there


@dataclass(frozen=True, slots=True)
class Tool:
    """What the model may call, `bare`: without arguments too. `told` False: understood, but it isn't told of it."""

    name: str
    description: str
    parameters: tuple[Parameter, ...] = ()
    told: bool = True
    bare: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call that the model asked for. Arguments are as the model wrote them: nothing is resolved yet.

    `confirmed_by` says how a person agreed to it when asked ("spoken yes", "PIN"); no model can write it.
    """

    name: str
    arguments: Mapping[str, Value] = field(default_factory=dict)
    confirmed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """A clause that the model wants spoken; `language` is an ISO 639-1 code."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Effect:
    """One service call that was really asked of the home, names resolved; one a target entity."""

    service: str
    entity_id: str | None = None
    data: Mapping[str, Datum] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call.

    `result` is what the tool found (it feeds the sentence and the model's tool-response turn). `error` is a
    machine-readable reason if not `ok`. `sentence` is what to say; None: no template fits, ask the model to word it.
    `undo` is the call that takes it back, for the same handler; None: nothing can.
    """

    call: Call
    ok: bool
    sentence: str | None
    effects: tuple[Effect, ...] = ()
    result: Mapping[str, Value] = field(default_factory=dict)
    error: str | None = None
    allowed_by: str | None = None
    undo: Call | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing of a home, as a person would look it up. `shown`: the model is told its name."""

    id: str
    names: tuple[str, ...]
    area: str | None
    state: str
    shown: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """One decoded token: its text (special tokens spelled out) and the probability the model gave it, 0..1."""

    text: str
    probability: float


Only = Literal["all", "sense", "calls"]  # what of a reply counts


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a complete draft says about the sentence that it answers, without saying what the answer is.

    `kind`: "call" (one or more that can be read), "talk", "nothing" to say ("never mind"), or "unsure": no answer that
    makes sense of what was heard.
    `confidence` is the lowest probability of any token inside calls, 1.0 without calls. `again`: they are the calls of
    the draft before it, so what was said since adds nothing.
    """

    kind: str
    confidence: float
    again: bool = False


@dataclass(frozen=True, slots=True)
class Opinion:
    """Whether the open turn was meant for us, and what that rests on."""

    addressed: bool
    why: str


@dataclass(slots=True)
class Timings:
    """Where the time of one turn went, in seconds of the wall clock.

    `first_token_s` counts from the draft or the commit. Of the tokens after the first, `decoded_tokens` took a step
    each, `forced_tokens` came along without one. `behind_s`: how much sound waited to be encoded when the reply was
    asked for.
    """

    audio_s: float = 0.0
    encode_s: float = 0.0
    prefill_s: float = 0.0
    prefill_rows: int = 0
    first_token_s: float = 0.0
    decode_s: float = 0.0
    decoded_tokens: int = 0
    forced_tokens: int = 0
    behind_s: float = 0.0

    @property
    def decode_tok_s(self) -> float:
        """Tokens a second after the first."""
        return self.decoded_tokens / self.decode_s if self.decode_s else 0.0


class Clock(Protocol):
    """Time as the assistant sees it: the monotonic clock live, the place in the audio in a fast replay."""

    def now_s(self) -> float:
        """Seconds since start."""

    async def sleep(self, seconds: float) -> None:
        """Return when `now_s` has advanced by `seconds`."""


class AudioSource(Protocol):
    """Microphone or file: an async context manager that iterates over chunks in order, never blocking the loop."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...
    def __aiter__(self) -> AsyncIterator[AudioChunk]: ...


class Speaker(Protocol):
    """Where answers are heard. One clip at a time: one that comes while another plays takes its place."""

    async def play(self, clip: AudioClip) -> None:
        """Return when the last sample has been heard, or soon after `stop` or the next `play`.

        Raises AudioDeviceError or OutputError.
        """

    def stop(self) -> None:
        """Silence the clip that plays, within 50 ms. Harmless when nothing plays."""

    async def aclose(self) -> None:
        """Finish the output and free the device."""


class Vad(Protocol):
    """Voice activity, synchronous."""

    def probability(self, samples: Pcm) -> float:
        """Probability of speech, 0..1, in the latest 20 ms chunk, shape (320,)."""

    def reset(self) -> None:
        """Forget the past."""


class WakeDetector(Protocol):
    """Wake word, synchronous. `word`: which one the latest score is of."""

    word: str

    def score(self, samples: Pcm) -> float | None:
        """Take 20 ms, shape (320,); every 80 ms give the score 0..1 of a word ending about now, else None."""

    def reset(self) -> None:
        """Forget the past."""


class Verifier(Protocol):
    """A second ear for one wake word, `phrase`: it is given the last `sound_ms`.

    So likely a word must be for that to be `enough`, or `sure`.
    """

    phrase: str
    sound_ms: float
    enough: float
    sure: float

    def likely(self, samples: Pcm, score: float) -> float:
        """How likely it is, 0..1, that a sound, shape (n,), holds it that the wake word gave this score."""


class Session(Protocol):
    """One conversation with the model: prefix | history | the open turn. Output leaves only through `commit`/`answer`.

    All methods hand work to the model thread; cancelling an await doesn't stop it: `abort` does.
    """

    @property
    def timings(self) -> Timings:
        """Where the time of the latest reply went."""

    async def open(self) -> None:
        """Begin a user turn (drops an open one)."""

    async def feed(self, samples: Pcm) -> None:
        """Append sound, shape (n,), 16 kHz int16, to the open turn."""

    async def write(self, text: str) -> None:
        """Append typed text to the open turn."""

    async def draft(self, on_token: Callable[[], None], on_verdict: Callable[[Verdict], None]) -> bool:
        """Begin to answer what was heard so far, and hold the answer: only `commit` lets it out.

        `on_token` is called when the first token is there, `on_verdict` when the answer is complete; neither after
        `retract` or `commit`. False: this session can't listen ahead, or is too far behind, and did nothing.
        """

    async def retract(self) -> None:
        """Throw the draft, or what was committed, away: the open turn is as if there had been none, and goes on."""

    async def cut(self, samples: int) -> bool:
        """Give up the last `samples` of the open turn's sound, and a draft: they seem to be somebody else's.

        False, and nothing is given up: all of it makes sense to the model: that is held for `commit` now.
        """

    async def weigh(self) -> Opinion:
        """Say whether the open turn, which is complete, was meant for us; nothing gets out. Raises ModelFailed."""

    def commit(self) -> AsyncIterator[Piece]:
        """Close the user turn; give the draft, or decode the reply, until its end token (not yielded).

        What was fed after the draft began isn't heard. Raises ModelFailed.
        """

    def answer(self, outcomes: Sequence[Outcome]) -> AsyncIterator[Piece]:
        """Give tool results back after a reply made of calls, and decode the model's words about them."""

    async def settled(self) -> None:
        """Return when all that was handed over is done, a draft too."""

    async def remember(self, reply: str, outcomes: Sequence[Outcome], *, anew: bool = False) -> None:
        """Close the turn into the history: calls, results and what was said. Old turns fall out.

        `anew`: the calls are those of the outcomes, whatever the model replied last, if it did.
        """

    async def drop(self) -> None:
        """Forget the open turn as if it had never been."""

    async def forget(self) -> None:
        """Forget the whole conversation: only the prefix stays."""

    def abort(self) -> None:
        """Stop decoding within one step; the running iterator ends early."""

    async def aclose(self) -> None:
        """Stop the thread and free the model."""


class Handler(Protocol):
    """A home, or a part of one, that carries out calls."""

    def tools(self) -> Sequence[Tool]:
        """What it can do now."""

    def context(self) -> str:
        """Static facts for the prompt: names, areas, domains, no states. May be empty."""

    async def handle(self, call: Call) -> Outcome:
        """Carry out one call. Raises CallFailed with a spoken sentence."""


class HomeView(Protocol):
    """A home as a person looks it up: what may be named in it."""

    def seen(self) -> Sequence[Seen]:
        """Everything that is exposed to us, by room and name."""

    async def unexposed(self) -> int:
        """How many other things it has. Raises HomeAway."""


class Voice(Protocol):
    """Text to speech."""

    def clips(self, text: str, language: str, ahead_s: float = 0.0) -> AsyncIterator[AudioClip]:
        """Speak piece by piece, first clip as early as possible; `ahead_s` of sound waits to be heard already.

        Raises SpeechFailed.
        """
