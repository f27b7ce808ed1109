"""What happens between the turns: timers that ring, texts of others, the ear switched off, a microphone lost. Pure.

The part of turn.py's `step` that knows nothing of what a person says or the model answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from assistant.commands import (
    Command,
    Defer,
    DropTurn,
    EndRinging,
    EndTurn,
    FinishSpeaking,
    OpenTurn,
    PlayEarcon,
    Ring,
    Silence,
    Speak,
    TakeUp,
)
from assistant.events import Announced, Event, Failed, MicrophoneFound, ReplyAudioFinished, TimerRang
from assistant.stages import Outcome
from assistant.states import (
    Acting,
    Announcing,
    Confirming,
    Drafting,
    FollowUp,
    Idle,
    Listening,
    Muted,
    Overhearing,
    Resting,
    Ringing,
    Speaking,
    State,
    Thinking,
    WaitingForMicrophone,
    Weighing,
    is_muted,
)

LONGEST_RING_MS = 600_000.0
SORRY = "Sorry, something went wrong. Please try again."
DONE = "That is done."
WENT_WRONG = "Something went wrong."


@dataclass(frozen=True, slots=True)
class Rules:
    """`wake_needed` False: listening from the first sample, turns are split at endpoints.

    `ring_once`: the input is over, so nobody could stop what rings. `quiet`: a plain command that was done is answered
    with a sound only. `wake_sound`: one says that the wake word was heard. A doubtful wake under `threshold` interrupts
    nothing; `lead_ms` before its end is what the model that is asked about it hears of the word.
    What is said where a turn fails, in `language`: `sorry`, and to try again, where nothing was done; `done` where all
    was done before it failed, else `went_wrong`.
    """

    wake_needed: bool = True
    wake_overlap_ms: float = 100.0
    ring_once: bool = False
    quiet: bool = False
    wake_sound: bool = False
    threshold: float = 0.8
    lead_ms: float = 0.0
    language: str = "en"
    sorry: str = SORRY
    done: str = DONE
    went_wrong: str = WENT_WRONG


Step = tuple[State, tuple[Command, ...]]


class IllegalTransition(AssertionError):
    """An event came that can't happen in this state: a defect in a stage."""


def home(turns: int, rules: Rules) -> Step:
    """Where it rests after a turn."""
    if rules.wake_needed:
        return Idle(turns), ()
    return Listening(turns + 1, fresh=True), (OpenTurn(turns + 1, None),)


def ended(turns: int, rules: Rules) -> Step:
    """End the turn."""
    state, commands = home(turns, rules)
    return state, (EndTurn(turns), *commands)


def failed(turns: int, rules: Rules, said: str = "") -> Step:
    """Say so aloud, then go back to listening. `said`: sorry, if nothing else, for then nothing was done."""
    speak = Speak(said or rules.sorry, rules.language)
    return Speaking(turns, acted=bool(said), complete=True), (Silence(), speak, FinishSpeaking())


def what_became(outcomes: Sequence[Outcome], rules: Rules) -> str:
    """What is said where the model can't word it: whoever tries again after something was done does it twice."""
    if all(outcome.ok and not outcome.effects for outcome in outcomes):
        return rules.sorry
    return rules.done if is_plain(outcomes) else rules.went_wrong


def is_plain(outcomes: Sequence[Outcome]) -> bool:
    """Whether all that was asked for was done and seen, and nothing was found or refused."""
    return bool(outcomes) and all(outcome.ok and outcome.effects for outcome in outcomes)


def illegal(state: State, event: Event) -> IllegalTransition:
    """The error for an event that can't happen."""
    return IllegalTransition(f"{type(event).__name__} can't happen in {state}")


def ringing(state: Ringing, event: Event, rules: Rules) -> Step:
    """What an event changes while timers and alarms ring."""
    match event:
        case ReplyAudioFinished() if rules.ring_once:
            return _silenced(state, "input_ended", rules)
        case ReplyAudioFinished() if not rules.wake_needed:
            return _silenced(state, "no_word", rules)
        case ReplyAudioFinished() if _rung_ms(state, event) >= LONGEST_RING_MS:
            return _silenced(state, "nobody", rules)
        case ReplyAudioFinished():
            return state, (Ring(state.rings, again=True),)
        case MicrophoneFound():
            return replace(state, deaf=False), ()
        case Failed(code="audio_device" | "output"):
            return _silenced(state, "speaker", rules)
        case Failed():
            return state, ()  # no voice, perhaps: the sound of the ring goes on
    raise illegal(state, event)


def announcing(state: Announcing, event: Event, rules: Rules) -> Step:
    """What an event changes while a text of others is spoken."""
    match event:
        case ReplyAudioFinished():
            return _rest(state, (), rules)
        case Failed(code="speech_failed" | "audio_device" | "output"):
            return _rest(state, (Silence(), PlayEarcon("error")), rules)
        case Failed():
            return state, ()
        case MicrophoneFound():
            return replace(state, after=Muted(state.turns) if is_muted(state) else Idle(state.turns)), ()
    raise illegal(state, event)


def _rest(state: Announcing, first: tuple[Command, ...], rules: Rules) -> Step:
    """Go back to where it was before an announcement, and to what has come meanwhile."""
    after, commands = home(state.turns, rules) if isinstance(state.after, Idle) else (state.after, ())
    return after, (*first, *commands, TakeUp())


def stopped(state: Ringing | Announcing, rules: Rules) -> Step:
    """Somebody said "stop"."""
    if isinstance(state, Ringing):
        return _silenced(state, "stop", rules)
    return _rest(state, (Silence(),), rules)


def _rung_ms(state: Ringing, event: ReplyAudioFinished) -> float:
    """How long the latest of them has rung: by the clock, or by the audio where a replay is faster than it."""
    latest = state.rings[-1]
    return max(event.at_ms - latest.at_ms, event.audio_ms - latest.audio_ms)


def _silenced(state: Ringing, reason: str, rules: Rules) -> Step:
    """Ring no more."""
    if state.deaf or state.muted:
        resting: Resting = WaitingForMicrophone(state.turns)
        if state.muted:
            resting = Muted(state.turns, state.deaf)
        return resting, (Silence(), EndRinging(reason))
    rests, commands = home(state.turns, rules)
    return rests, (Silence(), EndRinging(reason), *commands)


def timer(state: State, event: TimerRang) -> Step:
    """Ring, unless somebody is listened or spoken to."""
    match state:
        case Idle(turns) | WaitingForMicrophone(turns):
            deaf = isinstance(state, WaitingForMicrophone)
            return Ringing(turns, (event,), deaf), (Ring((event,)),)
        case Muted(turns, deaf):
            return Ringing(turns, (event,), deaf, muted=True), (Ring((event,)),)
        case Listening(turns, fresh=True):
            return Ringing(turns - 1, (event,)), (DropTurn(), Ring((event,)))
        case Ringing(rings=rings):
            return replace(state, rings=(*rings, event)), ()  # told with the next ring
        case _:
            return state, (Defer(event),)


def announce(state: State, event: Announced) -> Step:
    """Speak it when nothing else sounds and nobody is listened to."""
    match state:
        case Idle() | WaitingForMicrophone() | Muted():
            return Announcing(state.turns, state), (Speak(event.text, event.language), FinishSpeaking())
        case Listening(turns, fresh=True):
            spoken = (DropTurn(), Speak(event.text, event.language), FinishSpeaking())
            return Announcing(turns - 1, Idle(turns - 1)), spoken
        case _:
            return state, (Defer(event),)


def mute(state: State) -> Step:
    """Switch the ear off, at once: an open turn is dropped. What rings or is announced goes on."""
    match state:
        case Muted():
            return state, ()
        case Ringing():
            return replace(state, muted=True), ()
        case Announcing(turns, after):
            return (state if is_muted(state) else Announcing(turns, Muted(turns, deaf=not isinstance(after, Idle)))), ()
        case Idle(turns) | WaitingForMicrophone(turns):
            return Muted(turns, deaf=isinstance(state, WaitingForMicrophone)), (PlayEarcon("muted"),)
        case (
            Listening(turns) | Drafting(turns) | Overhearing(turns) | Weighing(turns) | Thinking(turns) | Acting(turns)
            | Speaking(turns) | Confirming(turns) | FollowUp(turns)
        ):  # fmt: skip
            return Muted(turns), (Silence(), DropTurn(), PlayEarcon("muted"), EndTurn(turns))
    assert_never(state)


def unmute(state: State, rules: Rules) -> Step:
    """Switch the ear on again."""
    match state:
        case Muted(turns, deaf):
            rests, commands = (WaitingForMicrophone(turns), ()) if deaf else home(turns, rules)
            return rests, (PlayEarcon("unmuted"), *commands)
        case Ringing():
            return replace(state, muted=False), ()
        case Announcing(turns, Muted(deaf=deaf)):
            return Announcing(turns, WaitingForMicrophone(turns) if deaf else Idle(turns)), ()
        case _:
            return state, ()


def lost(state: State) -> Step:
    """No sound comes in any more: an open turn is dropped."""
    match state:
        case Ringing():
            return replace(state, deaf=True), ()
        case Muted(turns):
            return Muted(turns, deaf=True), ()
        case Announcing(turns):
            deaf: Resting = Muted(turns, deaf=True) if is_muted(state) else WaitingForMicrophone(turns)
            return Announcing(turns, deaf), ()
        case Idle(turns) | WaitingForMicrophone(turns):
            return WaitingForMicrophone(turns), (Silence(),)
        case (
            Listening(turns) | Drafting(turns) | Overhearing(turns) | Weighing(turns) | Thinking(turns) | Acting(turns)
            | Speaking(turns) | Confirming(turns) | FollowUp(turns)
        ):  # fmt: skip
            return WaitingForMicrophone(turns), (Silence(), DropTurn(), EndTurn(turns))
    assert_never(state)
