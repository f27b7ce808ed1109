"""The answer: the model thinks, the home acts, the voice speaks. Pure, a part of turn.py.

Knows nothing of how a turn was opened or closed.
"""

from collections.abc import Sequence
from dataclasses import replace

from assistant.commands import (
    Act,
    AskModel,
    EndTurn,
    FinishSpeaking,
    OpenTurn,
    PlayEarcon,
    Silence,
    Speak,
)
from assistant.events import CallsDone, CallsReady, ClauseReady, Event, Failed, Reply, ReplyAudioFinished
from assistant.resting import Rules, Step, ended, failed, illegal
from assistant.stages import Outcome
from assistant.states import Acting, Confirming, FollowUp, Speaking, Thinking

CONFIRM_S = 8.0
REPLY_S = 5.0
MOST_IN_A_ROW = 3  # questions of the model's own: a television that answers them isn't talked to for ever
CONFIRM_GUARD_MS = 300.0  # our own "please say yes" rings on in the room: it is no answer


def thinking(state: Thinking, turns: int, event: Event, rules: Rules) -> Step:
    """What an event changes while the model decodes, and nothing has been said yet."""
    match event:
        case ClauseReady(text=text, language=language):
            done = state.acted or state.answers  # a question is answered once
            return Speaking(turns, acted=done, row=state.row), (Speak(text, language),)
        case CallsReady(calls=calls, confidence=confidence):
            return Acting(turns), (Act(calls, confidence),)
        case Reply():
            return ended(turns, rules)
        case Failed():
            return failed(turns, rules)
    raise illegal(state, event)


def acting(turns: int, event: Event, rules: Rules) -> Step:
    """What an event changes while the home carries out the calls."""
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
            return failed(turns, rules)
    raise illegal(Acting(turns), event)


def _is_plain(outcomes: Sequence[Outcome]) -> bool:
    """Whether all that was asked for was done and seen, and nothing was found or refused."""
    return bool(outcomes) and all(outcome.ok and outcome.effects for outcome in outcomes)


def speaking(state: Speaking, turns: int, event: Event, rules: Rules) -> Step:
    """What an event changes while the answer is on its way, or heard."""
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
            return ended(turns, rules)
        case Failed(code="speech_failed" | "audio_device" | "output"):
            rests, commands = ended(turns, rules)
            return rests, (Silence(), PlayEarcon("error"), *commands)
        case Failed():
            return state, (FinishSpeaking(),)
    raise illegal(state, event)


def _asks_back(state: Speaking, text: str, rules: Rules) -> bool:
    """Whether talk of the model ends in a question, and an answer may come without the wake word."""
    asks = text.rstrip().endswith(("?", "\N{FULLWIDTH QUESTION MARK}"))
    return asks and not state.acted and rules.wake_needed and state.row < MOST_IN_A_ROW
