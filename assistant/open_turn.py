"""An open turn: what changes while the person speaks, pauses, and is done. Pure, a part of turn.py.

Knows nothing of the answer, but that the model drafts one.
"""

from assistant.commands import (
    Command,
    CommitAnswer,
    CommitTurn,
    CutSound,
    DropTurn,
    EndTurn,
    PlayEarcon,
    RetractDraft,
    Silence,
    StartDraft,
)
from assistant.events import EndpointLikely, EndpointReached, Event, Failed, SpeechResumed
from assistant.resting import Rules, Step, failed, home, illegal
from assistant.states import Confirming, Drafting, FollowUp, Idle, Listening, Thinking


def listening(state: Listening | Drafting, turns: int, event: Event, rules: Rules) -> Step:
    """What an event changes while a command is heard."""
    match event:
        case EndpointLikely():
            return Drafting(turns, before=state.before), (StartDraft(),)
        case SpeechResumed():
            return Listening(turns, before=state.before), (RetractDraft(),)
        case EndpointReached(beside_ms=ms) if state.before is not None:
            again = (RetractDraft(),) if isinstance(state, Drafting) and state.kind == "unsure" else ()
            return Thinking(turns, before=state.before), (*again, *_cut(ms), CommitTurn("calls"))
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
            again = (RetractDraft(),) if kind == "unsure" else ()
            return Thinking(turns), (*again, CommitTurn(), PlayEarcon("heard"))
        case Failed():
            return failed(turns, rules, "" if state.before is None else rules.went_wrong)
    raise illegal(state, event)


def confirming(state: Confirming, turns: int, event: Event, rules: Rules) -> Step:
    """A draft isn't worth it for a yes. Whatever isn't heard as one leaves things as they are."""
    match event:
        case EndpointLikely() | SpeechResumed():
            return state, ()
        case EndpointReached(reason="no_speech") | Failed():
            return listening(Listening(turns), turns, event, rules)
        case EndpointReached(beside_ms=ms):
            return Thinking(turns, answers=True), (*_cut(ms), CommitAnswer(), PlayEarcon("heard"))
    raise illegal(state, event)


def follow_up(state: FollowUp, turns: int, row: int, event: Event) -> Step:
    """Nobody has to answer a question that the model asked by itself: silence ends it without a sound."""
    match event:
        case EndpointLikely() | SpeechResumed():
            return state, ()
        case EndpointReached(reason="no_speech"):
            return Idle(turns), (DropTurn(), EndTurn(turns))
        case EndpointReached(beside_ms=ms):
            return Thinking(turns, row=row + 1), (*_cut(ms), CommitTurn("sense"), PlayEarcon("heard"))
        case Failed():
            return Idle(turns), (Silence(), DropTurn(), EndTurn(turns))
    raise illegal(state, event)


def _cut(ms: float) -> tuple[Command, ...]:
    """Give up what another voice said at the turn's end."""
    return (CutSound(ms),) if ms else ()
