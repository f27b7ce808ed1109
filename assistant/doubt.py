"""A doubtful wake: the turn opens, nobody notices, and the model says whether it was meant. Pure, a part of turn.py.

Until then there is no sound, no light, nothing spoken, and nothing that sounds is stopped. Taken for a call to us it is
a turn like any other; else it is forgotten, and told as `wake_rejected`.
"""

from dataclasses import replace

from assistant.commands import (
    CutSound,
    DropTurn,
    EndTurn,
    OpenTurn,
    ReopenTurn,
    RetractDraft,
    Settle,
    StartDraft,
    Weigh,
)
from assistant.commands import Judge as JudgeEndpoint
from assistant.events import (
    DraftReady,
    EndpointLikely,
    EndpointReached,
    Event,
    Failed,
    SpeechContinued,
    SpeechResumed,
    WakeDoubted,
    WakeHeard,
    WakeRejected,
)
from assistant.resting import Rules, Step, home, illegal
from assistant.stages import Verdict
from assistant.states import Idle, Overhearing, State, WaitingForMicrophone, Weighing, is_muted


def doubted(state: State, wake: WakeDoubted, rules: Rules) -> Step:
    """Open a turn silently. Where something is under way the plain threshold decides, at once."""
    match state:
        case _ if is_muted(state):
            return state, ()
        case Idle(turns) | WaitingForMicrophone(turns):
            from_ms = max(0.0, wake.audio_ms - rules.wake_overlap_ms)
            return Overhearing(turns + 1, wake), (OpenTurn(turns + 1, from_ms, lead_ms=rules.lead_ms),)
        case Overhearing() | Weighing():
            return state, (_rejected(wake, "busy"),)
        case _ if wake.score >= rules.threshold:
            return state, (Settle(heard(wake)),)
        case _:
            return state, (_rejected(wake, "busy"),)


def overhearing(state: Overhearing, event: Event, rules: Rules) -> Step:
    """What an event changes while the turn is open."""
    match event:
        case EndpointLikely():
            return replace(state, kind=None), (StartDraft(),)
        case SpeechResumed():
            return replace(state, kind=None), (RetractDraft(),)
        case DraftReady(kind=kind, confidence=confidence, again=again):
            return replace(state, kind=kind), (JudgeEndpoint(Verdict(kind, confidence, again)),)
        case EndpointReached(reason="no_speech"):
            return _forget(state, rules, _rejected(state.wake, "nobody_spoke"))
        case EndpointReached(beside_ms=ms) if ms:
            return Weighing(state.turns, state.wake), (CutSound(ms), Weigh(state.wake))
        case EndpointReached():
            redraft = (RetractDraft(),) if state.kind == "unsure" else ()  # with the silence heard it may be better
            return Weighing(state.turns, state.wake), (*redraft, Weigh(state.wake))
        case Failed():
            return _forget(state, rules, _rejected(state.wake, "failed"))
        case WakeRejected():
            return state, ()
    raise illegal(state, event)


def weighing(state: Weighing, event: Event, rules: Rules) -> Step:
    """What an event changes while the model is asked."""
    match event:
        case SpeechContinued():
            return Overhearing(state.turns, state.wake), (ReopenTurn(),)
        case WakeRejected(audio_ms=at_ms) if at_ms == state.wake.audio_ms:
            return _forget(state, rules)
        case WakeRejected() | DraftReady():
            return state, ()
        case Failed():
            return _forget(state, rules, _rejected(state.wake, "failed"))
    raise illegal(state, event)


def heard(wake: WakeDoubted) -> WakeHeard:
    """The wake as one that counts."""
    return WakeHeard(wake.audio_ms, wake.at_ms, wake.score, wake.word)


def _rejected(wake: WakeDoubted, reason: str) -> Settle:
    return Settle(WakeRejected(wake.audio_ms, wake.at_ms, wake.score, wake.word, reason))


def _forget(state: Overhearing | Weighing, rules: Rules, *first: Settle) -> Step:
    rests, commands = home(state.turns, rules)
    return rests, (*first, DropTurn(), EndTurn(state.turns), *commands)
