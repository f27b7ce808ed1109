"""Where a conversation stands: one frozen, slotted dataclass a state, with the number of turns so far."""

import re
from dataclasses import dataclass, replace

from assistant.events import TimerRang, WakeDoubted
from assistant.stages import Outcome


@dataclass(frozen=True, slots=True)
class WaitingForMicrophone:
    """No sound comes in."""

    turns: int


@dataclass(frozen=True, slots=True)
class Idle:
    """Listening for the wake word only."""

    turns: int


@dataclass(frozen=True, slots=True)
class Before:
    """The turn that has acted, behind which the person goes on: what of its answer nobody has heard yet.

    It `sounds` now, or this is to be `said`. `asks` as in `Speaking`.
    """

    said: str = ""
    language: str = ""
    asks: str = ""
    sounds: bool = False


@dataclass(frozen=True, slots=True)
class Listening:
    """A turn is open; the person speaks, or is about to.

    `fresh`: it was opened without a wake word, as there is none, and nobody has spoken yet. `before`: it goes on behind
    a turn that has acted, and amends it, or says no more than "please".
    """

    turns: int
    fresh: bool = False
    before: Before | None = None


@dataclass(frozen=True, slots=True)
class Drafting:
    """The voice has stopped; the model answers what it has heard, and nobody knows it yet.

    `kind` of answer, once it is there. One that is "unsure" makes no sense of what was said and isn't worth
    committing: with the silence heard, a second one may be.
    """

    turns: int
    kind: str | None = None
    before: Before | None = None


@dataclass(frozen=True, slots=True)
class Overhearing:
    """A turn is open after a doubtful wake, and nobody notices; `kind` as in `Drafting`."""

    turns: int
    wake: WakeDoubted
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Weighing:
    """What was overheard is complete; the model is asked whether it was meant for us."""

    turns: int
    wake: WakeDoubted


@dataclass(frozen=True, slots=True)
class SoFar:
    """What has come of an answer: `outcomes` of its calls, in so many `rounds`, and what is said, in which language.

    `unheard`: some of it couldn't be, and a sound told so.
    """

    outcomes: tuple[Outcome, ...] = ()
    rounds: int = 0
    unheard: bool = False
    said: str = ""
    language: str = ""

    def saying(self, text: str, language: str) -> "SoFar":
        """With one sentence more."""
        return replace(self, said=f"{self.said} {text}".strip(), language=language)


NOTHING_YET = SoFar()


@dataclass(frozen=True, slots=True)
class Thinking:
    """The turn is committed, the model decodes, nothing has been said yet. `acted`: it words what was done.

    `answers`: what was heard answers the question that stands. `before` as in `Listening`.
    """

    turns: int
    acted: bool = False
    row: int = 0
    answers: bool = False
    so_far: SoFar = NOTHING_YET
    before: Before | None = None


@dataclass(frozen=True, slots=True)
class Acting:
    """The home carries out the calls."""

    turns: int
    so_far: SoFar = NOTHING_YET


@dataclass(frozen=True, slots=True)
class Speaking:
    """The answer is on its way, or `audible`. `acted`: something was done.

    `complete`: all of it is known; before that the model decodes its end, which may be calls.
    `asks`: it is a question, and the answer is waited for: "yes" (or the PIN), "what" is missing, or "talk", a
    question of the model's own. `row`: so many answers to such questions came before it.
    """

    turns: int
    acted: bool = False
    audible: bool = False
    asks: str = ""
    row: int = 0
    complete: bool = False
    so_far: SoFar = NOTHING_YET


@dataclass(frozen=True, slots=True)
class Confirming:
    """A question was asked, and the turn that answers it is open without a wake word; after a while it is withdrawn."""

    turns: int


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The model has asked back, and a turn is open without a wake word for 5 s; whoever says nothing hears nothing."""

    turns: int
    row: int = 0


@dataclass(frozen=True, slots=True)
class Muted:
    """The ear is switched off: no sound reaches it, and there is no turn. `deaf`: none would come in either."""

    turns: int
    deaf: bool = False


Resting = WaitingForMicrophone | Idle | Muted


@dataclass(frozen=True, slots=True)
class Announcing:
    """A text that others sent is spoken; then it rests as in `after`."""

    turns: int
    after: Resting


@dataclass(frozen=True, slots=True)
class Ringing:
    """Timers and alarms ring, again and again, until somebody says the wake word, or nobody for too long.

    `deaf`: no sound comes in meanwhile. `muted`: the ear is switched off.
    """

    turns: int
    rings: tuple[TimerRang, ...]
    deaf: bool = False
    muted: bool = False


State = (
    Resting | Listening | Drafting | Overhearing | Weighing | Thinking | Acting | Speaking | Confirming | FollowUp
    | Announcing | Ringing
)  # fmt: skip


def is_muted(state: State) -> bool:
    """Whether the ear is switched off."""
    match state:
        case Muted() | Ringing(muted=True) | Announcing(after=Muted()):
            return True
        case _:
            return False


def is_heard(state: State) -> bool:
    """Whether an answer of ours sounds."""
    match state:
        case Speaking(audible=sounds):
            return sounds
        case Listening(before=Before(sounds=sounds)) | Drafting(before=Before(sounds=sounds)):
            return sounds
        case Thinking(before=Before(sounds=sounds)):
            return sounds
        case _:
            return False


def goes_on(state: State) -> bool:
    """Whether the person goes on behind a turn that has acted."""
    return isinstance(state, Listening | Drafting | Thinking) and state.before is not None


def name(state: State) -> str:
    """What a state is called outside: Thinking -> thinking. Nobody notices drafts, nor what is overheard."""
    kind: type[State] = type(state)
    if isinstance(state, Drafting):
        kind = Listening
    if isinstance(state, Overhearing | Weighing):
        kind = Idle
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def is_deaf(state: State) -> bool:
    """Whether it counts on no sound coming in."""
    match state:
        case WaitingForMicrophone() | Muted(deaf=True) | Ringing(deaf=True):
            return True
        case Announcing(after=WaitingForMicrophone() | Muted(deaf=True)):
            return True
        case _:
            return False
