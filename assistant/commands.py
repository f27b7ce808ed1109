"""What the turn-taking orders: one frozen, slotted dataclass a command. conversation.py carries them out, in order."""

from dataclasses import dataclass

from assistant.events import Announced, Failed, TimerRang, WakeDoubted, WakeHeard, WakeRejected
from assistant.stages import Call, Only, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """Begin turn `turn` at a place in the audio; None: where the last turn ended. `no_speech_s`: give up after.

    `lead_ms`: the model alone hears so much sound before it, too.
    """

    turn: int
    from_ms: float | None
    no_speech_s: float | None = None
    lead_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class GoOn:
    """End the turn, which has acted, and begin turn `turn` with all its sound, and none between that and `from_ms`.

    It is remembered as one. What the home is doing for the first is told, too.
    """

    turn: int
    from_ms: float


@dataclass(frozen=True, slots=True)
class StartDraft:
    """Let the model answer what was heard so far, and hold the answer."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Tell the endpoint what the draft made of the sentence."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class RetractDraft:
    """Throw the draft away: the turn goes on as if there had been none."""


@dataclass(frozen=True, slots=True)
class CutSound:
    """Let the open turn end `ms` earlier, for somebody else spoke then; unless the model makes a call of all of it."""

    ms: float


@dataclass(frozen=True, slots=True)
class CommitTurn:
    """Close the user's turn; the model's answer, drafted or not, counts, or only some of it.

    `only` "sense": it answers a question of the model's own, without a wake word, and nonsense isn't answered. "calls":
    it goes on behind what was done, and is answered only if it asks for something else to be done.
    """

    only: Only = "all"


@dataclass(frozen=True, slots=True)
class Weigh:
    """Ask the model whether the open turn, which `wake` began, was meant for us."""

    wake: WakeDoubted


@dataclass(frozen=True, slots=True)
class Settle:
    """Tell what was decided: what became of a doubtful wake, or that an answer was cut short."""

    event: WakeHeard | WakeRejected | Failed


@dataclass(frozen=True, slots=True)
class CommitAnswer:
    """Close the user's turn; what the model makes of it answers the question that stands."""


@dataclass(frozen=True, slots=True)
class ReopenTurn:
    """Take the commit back: nothing of the answer has been done or heard, and the person goes on."""


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop the speaker; what is under way in the home goes on."""


@dataclass(frozen=True, slots=True)
class DropTurn:
    """Forget the open turn."""


@dataclass(frozen=True, slots=True)
class Act:
    """Hand the calls to the home."""

    calls: tuple[Call, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class AskModel:
    """No template fits the outcomes: the model words them."""

    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Speak:
    """Queue a text for the speaker."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class FinishSpeaking:
    """Nothing more will be queued for this answer."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Stop the speaker, the model and everything that was queued."""


@dataclass(frozen=True, slots=True)
class PlayEarcon:
    """A short sound: heard, cancelled, error."""

    kind: str


@dataclass(frozen=True, slots=True)
class Ring:
    """Let timers and alarms ring once; `again`: after a pause."""

    rings: tuple[TimerRang, ...]
    again: bool = False


@dataclass(frozen=True, slots=True)
class EndRinging:
    """Report that nothing rings any more, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Defer:
    """Bring this event again when the turn, or whatever sounds, is over."""

    event: TimerRang | Announced


@dataclass(frozen=True, slots=True)
class TakeUp:
    """Bring what was deferred."""


@dataclass(frozen=True, slots=True)
class EndTurn:
    """Report the turn as ended."""

    turn: int


Thought = (
    StartDraft | RetractDraft | CutSound | CommitTurn | CommitAnswer | Weigh | Act | AskModel
)  # for the mind alone
Order = (
    Thought | OpenTurn | GoOn | Judge | ReopenTurn | DropTurn | Hush | Silence | Speak | FinishSpeaking | PlayEarcon
    | Ring
)  # fmt: skip # for whoever listens, thinks or speaks
Command = Order | Settle | EndRinging | Defer | TakeUp | EndTurn
