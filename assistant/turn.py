"""The turn-taking: `step(state, event, rules) -> (state, commands)`. Pure: no clock, no thread, no model.

A state is one of a union; an event that can't happen in a state raises. Commands are carried out by conversation.py,
in order. Numbered turns start at 1.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from assistant import doubt
from assistant.commands import (
    Act,
    AskModel,
    Command,
    CommitAnswer,
    CommitTurn,
    CutSound,
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
    Silence,
    Speak,
    StartDraft,
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
    StopHeard,
    TimerRang,
    ToolCalled,
    TurnEnded,
    WakeDoubted,
    WakeHeard,
    WakeRejected,
)
from assistant.resting import (
    LONGEST_RING_MS,
    SORRY,
    IllegalTransition,
    Rules,
    Step,
    announce,
    announcing,
    home,
    illegal,
    lost,
    mute,
    ringing,
    stopped,
    timer,
    unmute,
)
from assistant.stages import Outcome, Verdict
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
    Ringing,
    Speaking,
    State,
    Thinking,
    WaitingForMicrophone,
    Weighing,
    is_muted,
)

__all__ = ["LONGEST_RING_MS", "SORRY", "IllegalTransition", "Rules", "Step", "start", "step"]

CONTINUED_PRE_ROLL_MS = 200.0
CONFIRM_S = 8.0
REPLY_S = 5.0
MOST_IN_A_ROW = 3  # questions of the model's own: a television that answers them isn't talked to for ever
CONFIRM_GUARD_MS = 300.0  # our own "please say yes" rings on in the room: it is no answer


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
        case DraftReady(kind=kind, confidence=confidence):
            if not isinstance(state, Drafting):
                return _in_state(state, event, rules) if isinstance(state, Overhearing) else (state, ())
            return Drafting(state.turns, kind), (Judge(Verdict(kind, confidence)),)
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
        case SpeechContinued(audio_ms=audio_ms) if not isinstance(state, Weighing):
            return _continued(state, audio_ms)
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
            return _listening(state, turns, event, rules)
        case Overhearing():
            return doubt.overhearing(state, event, rules)
        case Weighing():
            return doubt.weighing(state, event, rules)
        case FollowUp(turns, row):
            return _follow_up(state, turns, row, event)
        case Thinking(turns):
            return _thinking(state, turns, event, rules)
        case Acting(turns):
            return _acting(turns, event, rules)
        case Speaking(turns):
            return _speaking(state, turns, event, rules)
        case Confirming(turns):
            return _confirming(state, turns, event, rules)
        case Ringing():
            return ringing(state, event, rules)
        case _:
            assert_never(state)
    raise illegal(state, event)


def _listening(state: Listening | Drafting, turns: int, event: Event, rules: Rules) -> Step:
    match event:
        case EndpointLikely():
            return Drafting(turns), (StartDraft(),)
        case SpeechResumed():
            return Listening(turns), (RetractDraft(),)
        case EndpointReached(reason="no_speech"):
            rests, commands = home(turns, rules)
            cue: tuple[Command, ...] = (PlayEarcon("cancelled"),) if rules.wake_needed else ()
            return rests, (DropTurn(), *cue, EndTurn(turns), *commands)
        case EndpointReached(beside_ms=ms) if ms:
            return Thinking(turns), (CutSound(ms), CommitTurn(), PlayEarcon("heard"))
        case EndpointReached():
            kind = state.kind if isinstance(state, Drafting) else None
            if kind is not None and kind != "unsure":
                return Thinking(turns), (CommitTurn(),)  # the answer comes at once: a sound would only delay it
            again: tuple[Command, ...] = (RetractDraft(),) if kind == "unsure" else ()
            return Thinking(turns), (*again, CommitTurn(), PlayEarcon("heard"))
        case Failed():
            return _fail(turns, rules)
    raise illegal(state, event)


def _confirming(state: Confirming, turns: int, event: Event, rules: Rules) -> Step:
    """A draft isn't worth it for a yes. Whatever isn't heard as one leaves things as they are."""
    match event:
        case EndpointLikely() | SpeechResumed():
            return state, ()
        case EndpointReached(reason="no_speech") | Failed():
            return _listening(Listening(turns), turns, event, rules)
        case EndpointReached(beside_ms=ms):
            return Thinking(turns, answers=True), (*_cut(ms), CommitAnswer(), PlayEarcon("heard"))
    raise illegal(state, event)


def _follow_up(state: FollowUp, turns: int, row: int, event: Event) -> Step:
    """Nobody has to answer a question that the model asked by itself: silence ends it without a sound."""
    match event:
        case EndpointLikely() | SpeechResumed():
            return state, ()
        case EndpointReached(reason="no_speech"):
            return Idle(turns), (DropTurn(), EndTurn(turns))
        case EndpointReached(beside_ms=ms):
            return Thinking(turns, row=row + 1), (*_cut(ms), CommitTurn(back=True), PlayEarcon("heard"))
        case Failed():
            return Idle(turns), (Silence(), DropTurn(), EndTurn(turns))
    raise illegal(state, event)


def _cut(ms: float) -> tuple[Command, ...]:
    """Give up what another voice said at the turn's end."""
    return (CutSound(ms),) if ms else ()


def _continued(state: State, audio_ms: float) -> Step:
    """Let the person go on. What was done stands, and the rest is a turn of its own; else it is the same turn."""
    match state:
        case Thinking(turns, answers=True):
            return Confirming(turns), (Hush(), ReopenTurn())
        case Thinking(turns, acted=False, row=row) | Speaking(turns, acted=False, audible=False, row=row):
            return FollowUp(turns, row - 1) if row else Listening(turns), (Hush(), ReopenTurn())
        case Acting(turns) | Thinking(turns) | Speaking(turns, audible=False):
            from_ms = max(0.0, audio_ms - CONTINUED_PRE_ROLL_MS)
            return Listening(turns + 1), (Hush(), EndTurn(turns), OpenTurn(turns + 1, from_ms))
        case _:
            return state, ()


def _thinking(state: Thinking, turns: int, event: Event, rules: Rules) -> Step:
    match event:
        case ClauseReady(text=text, language=language):
            done = state.acted or state.answers  # a question is answered once
            return Speaking(turns, acted=done, row=state.row), (Speak(text, language),)
        case CallsReady(calls=calls, confidence=confidence):
            return Acting(turns), (Act(calls, confidence),)
        case Reply():
            return _end(turns, rules)
        case Failed():
            return _fail(turns, rules)
    raise illegal(state, event)


def _acting(turns: int, event: Event, rules: Rules) -> Step:
    match event:
        case CallsDone(sentence=str(), outcomes=outcomes, asks="") if rules.quiet and _is_plain(outcomes):
            return Thinking(turns, acted=True), (PlayEarcon("done"),)
        case CallsDone(sentence=None, outcomes=outcomes):
            return Thinking(turns, acted=True), (AskModel(outcomes),)
        case CallsDone(sentence=""):
            return Thinking(turns, acted=True), ()
        case CallsDone(sentence=str(sentence), language=language, asks=asks):
            return Speaking(turns, acted=True, asks=asks), (Speak(sentence, language),)
        case Failed():
            return _fail(turns, rules)
    raise illegal(Acting(turns), event)


def _is_plain(outcomes: Sequence[Outcome]) -> bool:
    """Whether all that was asked for was done and seen, and nothing was found or refused."""
    return bool(outcomes) and all(outcome.ok and outcome.effects for outcome in outcomes)


def _speaking(state: Speaking, turns: int, event: Event, rules: Rules) -> Step:
    match event:
        case ClauseReady(text=text, language=language):
            return state, (Speak(text, language),)
        case CallsReady(calls=calls, confidence=confidence):
            return Acting(turns), (Act(calls, confidence),)
        case Reply(text=text) if _asks_back(state, text, rules):
            return replace(state, asks="talk"), (FinishSpeaking(),)
        case Reply():
            return state, (FinishSpeaking(),)
        case ReplyAudioFinished(audio_ms=audio_ms) if state.asks:
            from_ms, wait_s = audio_ms + CONFIRM_GUARD_MS, CONFIRM_S if state.asks == "yes" else REPLY_S
            asked = FollowUp(turns + 1, state.row) if state.asks == "talk" else Confirming(turns + 1)
            return asked, (EndTurn(turns), OpenTurn(turns + 1, from_ms, wait_s))
        case ReplyAudioFinished():
            return _end(turns, rules)
        case Failed(code="speech_failed" | "audio_device" | "output"):
            rests, commands = _end(turns, rules)
            return rests, (Silence(), PlayEarcon("error"), *commands)
        case Failed():
            return state, (FinishSpeaking(),)
    raise illegal(state, event)


def _asks_back(state: Speaking, text: str, rules: Rules) -> bool:
    """Whether talk of the model ends in a question, and an answer may come without the wake word."""
    asks = text.rstrip().endswith(("?", "\N{FULLWIDTH QUESTION MARK}"))
    return asks and not state.acted and rules.wake_needed and state.row < MOST_IN_A_ROW


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
            rests, commands = _end(turns, rules)
            return rests, (Silence(), *commands)
        case Ringing() | Announcing():
            return stopped(state, rules)
        case _:
            return state, ()


def _fail(turns: int, rules: Rules) -> Step:
    """Say so aloud, then go back to listening."""
    return Speaking(turns), (Silence(), Speak(rules.sorry, rules.language), FinishSpeaking())


def _end(turns: int, rules: Rules) -> Step:
    state, commands = home(turns, rules)
    return state, (EndTurn(turns), *commands)
