"""The turn-taking: `step(state, event, rules) -> (state, commands)`. Pure: no clock, no thread, no model.

A state is one of a union; an event that can't happen in a state raises. Commands are carried out by conversation.py,
in order. Numbered turns start at 1.
"""

from dataclasses import replace
from typing import assert_never

from assistant import answering, doubt, going_on, open_turn
from assistant.commands import (
    CommitTurn,
    DropTurn,
    EndRinging,
    EndTurn,
    Hush,
    Judge,
    OpenTurn,
    PlayEarcon,
    Silence,
)
from assistant.events import (
    Announced,
    AudioDropped,
    CallsDone,
    DraftReady,
    DraftRetracted,
    DraftStarted,
    Event,
    Failed,
    FirstToken,
    InputEnded,
    MicrophoneFound,
    MicrophoneLost,
    ModelTimed,
    MuteSwitched,
    ReplyAudioFinished,
    ReplyAudioStarted,
    RingingEnded,
    SpeechContinued,
    SpeechEnded,
    SpeechStarted,
    Started,
    StopHeard,
    TimerRang,
    ToolCalled,
    TurnEnded,
    WakeDoubted,
    WakeHeard,
    WakeRejected,
)
from assistant.resting import (
    DONE,
    LONGEST_RING_MS,
    SORRY,
    WENT_WRONG,
    IllegalTransition,
    Rules,
    Step,
    announce,
    announcing,
    ended,
    home,
    illegal,
    lost,
    mute,
    ringing,
    stopped,
    timer,
    unmute,
)
from assistant.stages import Verdict
from assistant.states import (
    Acting,
    Announcing,
    Before,
    Confirming,
    Drafting,
    FollowUp,
    Idle,
    Listening,
    Muted,
    Overhearing,
    Ringing,
    Speaking,
    State,
    Thinking,
    WaitingForMicrophone,
    Weighing,
    is_heard,
    is_muted,
)

__all__ = ["DONE", "LONGEST_RING_MS", "SORRY", "WENT_WRONG", "IllegalTransition", "Rules", "Step", "start", "step"]


def start(rules: Rules) -> Step:
    """The first state, when sound comes in."""
    return home(0, rules)


def step(state: State, event: Event, rules: Rules) -> Step:
    """What one event changes."""
    match event:
        case MicrophoneLost():
            return lost(state)
        case WakeHeard(audio_ms=audio_ms):
            return _wake(state, audio_ms, rules)
        case StopHeard():
            return _stop(state, rules)
        case WakeDoubted():
            return doubt.doubted(state, event, rules)
        case TimerRang():
            return timer(state, event)
        case MuteSwitched(muted=muted):
            return mute(state) if muted else unmute(state, rules)
        case Announced():
            return announce(state, event)
        case DraftReady(kind=kind, confidence=confidence, again=again):
            if not isinstance(state, Drafting):
                return _in_state(state, event, rules) if isinstance(state, Overhearing) else (state, ())
            return replace(state, kind=kind), (Judge(Verdict(kind, confidence, again)),)
        case SpeechStarted() if isinstance(state, Listening):
            return replace(state, fresh=False), ()
        case (
            Started() | SpeechStarted() | SpeechEnded() | DraftStarted() | DraftRetracted()
            | FirstToken() | ModelTimed() | ToolCalled() | TurnEnded() | AudioDropped() | InputEnded() | RingingEnded()
        ):  # fmt: skip
            return state, ()
        case WakeRejected() if not isinstance(state, Weighing):
            return state, ()
        case Failed(code="speech_failed" | "audio_device" | "output") if not isinstance(
            state, Speaking | Announcing | Ringing
        ):
            return state, ()  # a sound that nobody waits for
        case ReplyAudioStarted():
            return (replace(state, audible=True) if isinstance(state, Speaking) else state), ()
        case ReplyAudioFinished() if not isinstance(state, Speaking | Announcing | Ringing):
            return going_on.of_before(state, event, rules)
        case CallsDone(late=True):
            return going_on.of_before(state, event, rules)
        case SpeechContinued(audio_ms=audio_ms) if not isinstance(state, Weighing):
            return going_on.continued(state, audio_ms, rules)
        case _:
            return _in_state(state, event, rules)


def _in_state(state: State, event: Event, rules: Rules) -> Step:
    match state:
        case WaitingForMicrophone(turns):
            if isinstance(event, MicrophoneFound):
                return home(turns, rules)
            if isinstance(event, Failed):
                return state, ()
        case Idle():
            if isinstance(event, Failed):
                return state, ()
        case Muted(turns):
            if isinstance(event, MicrophoneFound):
                return Muted(turns), ()
            if isinstance(event, Failed):
                return state, ()
        case Announcing():
            return announcing(state, event, rules)
        case Listening(turns) | Drafting(turns):
            return open_turn.listening(state, turns, event, rules)
        case Overhearing():
            return doubt.overhearing(state, event, rules)
        case Weighing():
            return doubt.weighing(state, event, rules)
        case FollowUp(turns, row):
            return open_turn.follow_up(state, turns, row, event)
        case Thinking(turns):
            return answering.thinking(state, turns, event, rules)
        case Acting(turns):
            return answering.acting(state, turns, event, rules)
        case Speaking(turns):
            return answering.speaking(state, turns, event, rules)
        case Confirming(turns):
            return open_turn.confirming(state, turns, event, rules)
        case Ringing():
            return ringing(state, event, rules)
        case _:
            assert_never(state)
    raise illegal(state, event)


def _wake(state: State, audio_ms: float, rules: Rules) -> Step:
    """Open a turn. Where the ear is switched off, it was heard just before that, and counts no more."""
    if is_muted(state):
        return state, ()
    listening, commands = _woken(state, audio_ms, max(0.0, audio_ms - rules.wake_overlap_ms))
    sounds = rules.wake_sound and isinstance(listening, Listening)
    return listening, (*commands, *([PlayEarcon("listening")] if sounds else []))


def _woken(state: State, audio_ms: float, from_ms: float) -> Step:
    match state:
        case Overhearing(turns, wake, kind) if wake.audio_ms == audio_ms:  # it has become sure
            return (Listening(turns) if kind is None else Drafting(turns, kind)), ()
        case Weighing(turns, wake) if wake.audio_ms == audio_ms:
            return Thinking(turns), (CommitTurn(),)
        case Listening(turns, before=Before()) | Drafting(turns, before=Before()):
            return Listening(turns), (Hush(), OpenTurn(turns, from_ms))
        case (
            Listening(turns)
            | Drafting(turns)
            | Confirming(turns)
            | FollowUp(turns)
            | Overhearing(turns)
            | Weighing(turns)
        ):
            return Listening(turns), (OpenTurn(turns, from_ms),)
        case Thinking(turns) | Acting(turns) | Speaking(turns):
            return Listening(turns + 1), (Silence(), EndTurn(turns), OpenTurn(turns + 1, from_ms))
        case Ringing(turns):
            return Listening(turns + 1), (Silence(), EndRinging("wake_word"), OpenTurn(turns + 1, from_ms))
        case Announcing(turns):
            return Listening(turns + 1), (Silence(), OpenTurn(turns + 1, from_ms))
        case Idle(turns) | WaitingForMicrophone(turns) | Muted(turns):
            return Listening(turns + 1), (OpenTurn(turns + 1, from_ms),)
    assert_never(state)


def _stop(state: State, rules: Rules) -> Step:
    """Be quiet, and rest. Heard a moment too late it changes nothing."""
    match state:
        case Speaking(turns):
            rests, commands = ended(turns, rules)
            return rests, (Silence(), *commands)
        case Ringing() | Announcing():
            return stopped(state, rules)
        case Listening(turns) | Drafting(turns) | Thinking(turns) if is_heard(state):  # "stop" itself opened the turn
            rests, commands = ended(turns, rules)
            return rests, (Silence(), DropTurn(), *commands)
        case _:
            return state, ()
