"""The turn-taking: `step(state, event, rules) -> (state, commands)`. Pure: no clock, no thread, no model.

A state is one of a union; an event that can't happen in a state raises. Commands are carried out by conversation.py,
in order. Numbered turns start at 1.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from assistant.commands import (
    Act,
    AskModel,
    Command,
    CommitAnswer,
    CommitTurn,
    Defer,
    DropTurn,
    EndRinging,
    EndTurn,
    FinishSpeaking,
    Hush,
    Judge,
    OpenTurn,
    PlayEarcon,
    ReopenTurn,
    RetractDraft,
    Ring,
    Silence,
    Speak,
    StartDraft,
    TakeUp,
)
from assistant.events import (
    Announced,
    AudioDropped,
    CallsDone,
    CallsReady,
    ClauseReady,
    DraftReady,
    DraftRetracted,
    DraftStarted,
    EndpointLikely,
    EndpointReached,
    Event,
    Failed,
    FirstToken,
    InputEnded,
    MicrophoneFound,
    MicrophoneLost,
    ModelTimed,
    MuteSwitched,
    Reply,
    ReplyAudioFinished,
    ReplyAudioStarted,
    RingingEnded,
    SpeechContinued,
    SpeechEnded,
    SpeechResumed,
    SpeechStarted,
    Started,
    TimerRang,
    ToolCalled,
    TurnEnded,
    WakeHeard,
    WakeRejected,
)
from assistant.stages import Verdict
from assistant.states import (
    Acting,
    Announcing,
    Confirming,
    Drafting,
    Idle,
    Listening,
    Muted,
    Resting,
    Ringing,
    Speaking,
    State,
    Thinking,
    WaitingForMicrophone,
    is_muted,
)

LONGEST_RING_MS = 600_000.0
CONTINUED_PRE_ROLL_MS = 200.0
CONFIRM_S = 8.0
CONFIRM_GUARD_MS = 300.0  # our own "please say yes" rings on in the room: it is no answer
SORRY = "Sorry, something went wrong. Please try again."


@dataclass(frozen=True, slots=True)
class Rules:
    """`wake_needed` False: listening from the first sample, turns are split at endpoints.

    `ring_once`: the input is over, so nobody could stop what rings.
    """

    wake_needed: bool = True
    wake_overlap_ms: float = 100.0
    ring_once: bool = False


Step = tuple[State, tuple[Command, ...]]


class IllegalTransition(AssertionError):
    """An event came that can't happen in this state: a defect in a stage."""


def start(rules: Rules) -> Step:
    """The first state, when sound comes in."""
    return _home(0, rules)


def step(state: State, event: Event, rules: Rules) -> Step:
    """What one event changes."""
    match event:
        case MicrophoneLost():
            return _lost(state)
        case WakeHeard(audio_ms=audio_ms):
            return _wake(state, audio_ms, rules)
        case TimerRang():
            return _timer(state, event)
        case MuteSwitched(muted=muted):
            return _mute(state) if muted else _unmute(state, rules)
        case Announced():
            return _announce(state, event)
        case DraftReady(kind=kind, confidence=confidence):
            if not isinstance(state, Drafting):
                return state, ()
            return Drafting(state.turns, unsure=kind == "unsure"), (Judge(Verdict(kind, confidence)),)
        case (
            Started() | WakeRejected() | SpeechStarted() | SpeechEnded() | DraftStarted() | DraftRetracted()
            | FirstToken() | ModelTimed() | ToolCalled() | TurnEnded() | AudioDropped() | InputEnded() | RingingEnded()
        ):  # fmt: skip
            return state, ()
        case ReplyAudioStarted():
            return (replace(state, audible=True) if isinstance(state, Speaking) else state), ()
        case SpeechContinued(audio_ms=audio_ms):
            return _continued(state, audio_ms)
        case _:
            return _in_state(state, event, rules)


def _in_state(state: State, event: Event, rules: Rules) -> Step:
    match state:
        case WaitingForMicrophone(turns):
            if isinstance(event, MicrophoneFound):
                return _home(turns, rules)
        case Idle():
            if isinstance(event, Failed):
                return state, ()
        case Muted(turns):
            if isinstance(event, MicrophoneFound):
                return Muted(turns), ()
            if isinstance(event, Failed):
                return state, ()
        case Announcing():
            return _announcing(state, event, rules)
        case Listening(turns) | Drafting(turns):
            return _listening(state, turns, event, rules)
        case Thinking(turns):
            return _thinking(state, turns, event, rules)
        case Acting(turns):
            return _acting(turns, event)
        case Speaking(turns):
            return _speaking(state, turns, event, rules)
        case Confirming(turns):
            return _confirming(state, turns, event, rules)
        case Ringing():
            return _ringing(state, event, rules)
        case _:
            assert_never(state)
    raise _illegal(state, event)


def _listening(state: Listening | Drafting, turns: int, event: Event, rules: Rules) -> Step:
    match event:
        case EndpointLikely():
            return Drafting(turns), (StartDraft(),)
        case SpeechResumed():
            return Listening(turns), (RetractDraft(),)
        case EndpointReached(reason="no_speech"):
            home, commands = _home(turns, rules)
            cue: tuple[Command, ...] = (PlayEarcon("cancelled"),) if rules.wake_needed else ()
            return home, (DropTurn(), *cue, EndTurn(turns), *commands)
        case EndpointReached():
            again: tuple[Command, ...] = (RetractDraft(),) if isinstance(state, Drafting) and state.unsure else ()
            return Thinking(turns), (*again, CommitTurn(), PlayEarcon("heard"))
        case Failed():
            return _fail(turns)
    raise _illegal(state, event)


def _confirming(state: Confirming, turns: int, event: Event, rules: Rules) -> Step:
    """A draft isn't worth it for a yes. Whatever isn't heard as one leaves things as they are."""
    match event:
        case EndpointLikely() | SpeechResumed():
            return state, ()
        case EndpointReached(reason="no_speech") | Failed():
            return _listening(Listening(turns), turns, event, rules)
        case EndpointReached():
            return Thinking(turns), (CommitAnswer(), PlayEarcon("heard"))
    raise _illegal(state, event)


def _continued(state: State, audio_ms: float) -> Step:
    """Let the person go on. What was done stands, and the rest is a turn of its own; else it is the same turn."""
    match state:
        case Thinking(turns, acted=False) | Speaking(turns, acted=False, audible=False):
            return Listening(turns), (Hush(), ReopenTurn())
        case Acting(turns) | Thinking(turns) | Speaking(turns, audible=False):
            from_ms = max(0.0, audio_ms - CONTINUED_PRE_ROLL_MS)
            return Listening(turns + 1), (Hush(), EndTurn(turns), OpenTurn(turns + 1, from_ms))
        case _:
            return state, ()


def _thinking(state: Thinking, turns: int, event: Event, rules: Rules) -> Step:
    match event:
        case ClauseReady(text=text, language=language):
            return Speaking(turns, acted=state.acted), (Speak(text, language),)
        case CallsReady(calls=calls, confidence=confidence):
            return Acting(turns), (Act(calls, confidence),)
        case Reply():
            return _end(turns, rules)
        case Failed():
            return _fail(turns)
    raise _illegal(state, event)


def _acting(turns: int, event: Event) -> Step:
    match event:
        case CallsDone(sentence=None, outcomes=outcomes):
            return Thinking(turns, acted=True), (AskModel(outcomes),)
        case CallsDone(sentence=""):
            return Thinking(turns, acted=True), ()
        case CallsDone(sentence=str(sentence), language=language, asks=asks):
            return Speaking(turns, acted=True, asks=asks), (Speak(sentence, language),)
        case Failed():
            return _fail(turns)
    raise _illegal(Acting(turns), event)


def _speaking(state: Speaking, turns: int, event: Event, rules: Rules) -> Step:
    match event:
        case ClauseReady(text=text, language=language):
            return state, (Speak(text, language),)
        case CallsReady(calls=calls, confidence=confidence):
            return Acting(turns), (Act(calls, confidence),)
        case Reply():
            return state, (FinishSpeaking(),)
        case ReplyAudioFinished(audio_ms=audio_ms) if state.asks:
            from_ms = audio_ms + CONFIRM_GUARD_MS
            return Confirming(turns + 1), (EndTurn(turns), OpenTurn(turns + 1, from_ms, CONFIRM_S))
        case ReplyAudioFinished():
            return _end(turns, rules)
        case Failed(code="speech_failed" | "audio_device" | "output"):
            home, commands = _end(turns, rules)
            return home, (Silence(), PlayEarcon("error"), *commands)
        case Failed():
            return state, (FinishSpeaking(),)
    raise _illegal(state, event)


def _ringing(state: Ringing, event: Event, rules: Rules) -> Step:
    match event:
        case ReplyAudioFinished() if rules.ring_once:
            return _silenced(state, "input_ended", rules)
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
    raise _illegal(state, event)


def _announcing(state: Announcing, event: Event, rules: Rules) -> Step:
    match event:
        case ReplyAudioFinished():
            return _rest(state, (), rules)
        case Failed(code="speech_failed" | "audio_device" | "output"):
            return _rest(state, (Silence(), PlayEarcon("error")), rules)
        case Failed():
            return state, ()
        case MicrophoneFound():
            return replace(state, after=Muted(state.turns) if is_muted(state) else Idle(state.turns)), ()
    raise _illegal(state, event)


def _rest(state: Announcing, first: tuple[Command, ...], rules: Rules) -> Step:
    """Go back to where it was before an announcement, and to what has come meanwhile."""
    after, commands = _home(state.turns, rules) if isinstance(state.after, Idle) else (state.after, ())
    return after, (*first, *commands, TakeUp())


def _rung_ms(state: Ringing, event: ReplyAudioFinished) -> float:
    """How long the latest of them has rung: by the clock, or by the audio where a replay is faster than it."""
    latest = state.rings[-1]
    return max(event.at_ms - latest.at_ms, event.audio_ms - latest.audio_ms)


def _silenced(state: Ringing, reason: str, rules: Rules) -> Step:
    """Ring no more. Who hears "stop" without the wake word comes here too."""
    if state.deaf or state.muted:
        resting: Resting = WaitingForMicrophone(state.turns)
        if state.muted:
            resting = Muted(state.turns, state.deaf)
        return resting, (Silence(), EndRinging(reason))
    home, commands = _home(state.turns, rules)
    return home, (Silence(), EndRinging(reason), *commands)


def _wake(state: State, audio_ms: float, rules: Rules) -> Step:
    """Open a turn. Where the ear is switched off, it was heard just before that, and counts no more."""
    from_ms = max(0.0, audio_ms - rules.wake_overlap_ms)
    if is_muted(state):
        return state, ()
    match state:
        case Listening(turns) | Drafting(turns) | Confirming(turns):
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


def _timer(state: State, event: TimerRang) -> Step:
    match state:
        case Idle(turns) | WaitingForMicrophone(turns):
            deaf = isinstance(state, WaitingForMicrophone)
            return Ringing(turns, (event,), deaf), (Ring((event,)),)
        case Muted(turns, deaf):
            return Ringing(turns, (event,), deaf, muted=True), (Ring((event,)),)
        case Ringing(rings=rings):
            return replace(state, rings=(*rings, event)), ()  # told with the next ring
        case _:
            return state, (Defer(event),)


def _announce(state: State, event: Announced) -> Step:
    """Speak it when nothing else sounds and nobody is listened to."""
    match state:
        case Idle() | WaitingForMicrophone() | Muted():
            return Announcing(state.turns, state), (Speak(event.text, event.language), FinishSpeaking())
        case _:
            return state, (Defer(event),)


def _mute(state: State) -> Step:
    """Switch the ear off, at once: an open turn is dropped. What rings or is announced goes on."""
    match state:
        case Muted():
            return state, ()
        case Ringing():
            return replace(state, muted=True), ()
        case Announcing(turns, after):
            return (state if is_muted(state) else Announcing(turns, Muted(turns, deaf=not isinstance(after, Idle)))), ()
        case Idle(turns) | WaitingForMicrophone(turns):
            return Muted(turns, deaf=isinstance(state, WaitingForMicrophone)), ()
        case Listening(turns) | Drafting(turns) | Thinking(turns) | Acting(turns) | Speaking(turns) | Confirming(turns):
            return Muted(turns), (Silence(), DropTurn(), EndTurn(turns))
    assert_never(state)


def _unmute(state: State, rules: Rules) -> Step:
    match state:
        case Muted(turns, deaf):
            return (WaitingForMicrophone(turns), ()) if deaf else _home(turns, rules)
        case Ringing():
            return replace(state, muted=False), ()
        case Announcing(turns, Muted(deaf=deaf)):
            return Announcing(turns, WaitingForMicrophone(turns) if deaf else Idle(turns)), ()
        case _:
            return state, ()


def _lost(state: State) -> Step:
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
        case Listening(turns) | Drafting(turns) | Thinking(turns) | Acting(turns) | Speaking(turns) | Confirming(turns):
            return WaitingForMicrophone(turns), (Silence(), DropTurn(), EndTurn(turns))
    assert_never(state)


def _fail(turns: int) -> Step:
    """Say so aloud, then go back to listening."""
    return Speaking(turns), (Silence(), Speak(SORRY, "en"), FinishSpeaking())


def _end(turns: int, rules: Rules) -> Step:
    state, commands = _home(turns, rules)
    return state, (EndTurn(turns), *commands)


def _home(turns: int, rules: Rules) -> Step:
    if rules.wake_needed:
        return Idle(turns), ()
    return Listening(turns + 1), (OpenTurn(turns + 1, None),)


def _illegal(state: State, event: Event) -> IllegalTransition:
    return IllegalTransition(f"{type(event).__name__} can't happen in {state}")
