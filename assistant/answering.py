"""The answer: the model thinks, the home acts, the voice speaks. Pure, a part of turn.py.

Knows nothing of how a turn was opened or closed.
"""

from dataclasses import replace

from assistant.commands import (
    Act,
    AskModel,
    EndTurn,
    FinishSpeaking,
    Hush,
    OpenTurn,
    PlayEarcon,
    Settle,
    Silence,
    Speak,
)
from assistant.events import CallsDone, CallsReady, ClauseReady, Event, Failed, Reply, ReplyAudioFinished
from assistant.going_on import nothing_more
from assistant.resting import Rules, Step, ended, failed, illegal, is_plain, what_became
from assistant.stages import Outcome
from assistant.states import Acting, Confirming, FollowUp, Speaking, Thinking

CONFIRM_S = 8.0
REPLY_S = 5.0
MOST_IN_A_ROW = 3  # questions of the model's own: a television that answers them isn't talked to for ever
MOST_ROUNDS = 3  # of calls in a turn: a model may call again over each result, for ever
CONFIRM_GUARD_MS = 300.0  # our own "please say yes" rings on in the room: it is no answer


def thinking(state: Thinking, turns: int, event: Event, rules: Rules) -> Step:
    """What an event changes while the model decodes, and nothing has been said yet."""
    match event:
        case ClauseReady(text=text, language=language):
            done = state.acted or state.answers  # a question is answered once
            so_far = state.so_far.saying(text, language) if done else state.so_far
            return Speaking(turns, acted=done, row=state.row, so_far=so_far), (Speak(text, language),)
        case CallsReady(audio_ms=audio_ms) if state.so_far.rounds >= MOST_ROUNDS:
            return _cut_short(Speaking(turns, acted=True, so_far=state.so_far), audio_ms, rules)
        case CallsReady(calls=calls, confidence=confidence) if state.before is not None:
            return Acting(turns, state.so_far), (Hush(), Act(calls, confidence))  # what it amends is heard no more
        case CallsReady(calls=calls, confidence=confidence):
            return Acting(turns, state.so_far), (Act(calls, confidence),)
        case Reply() if state.before is not None:
            return nothing_more(turns, state.before, rules)
        case Reply():
            return ended(turns, rules)
        case Failed() if state.before is not None:
            return failed(turns, rules, rules.went_wrong)  # what was done before stands
        case Failed():
            return failed(turns, rules, what_became(state.so_far.outcomes, rules))
    raise illegal(state, event)


def acting(state: Acting, turns: int, event: Event, rules: Rules) -> Step:
    """What an event changes while the home carries out the calls."""
    match event:
        case CallsDone(sentence=str(), outcomes=outcomes, asks="") if rules.quiet and is_plain(outcomes):
            return _acted(state, outcomes), (PlayEarcon("done"),)
        case CallsDone(sentence=None, outcomes=outcomes):
            return _acted(state, outcomes), (AskModel(outcomes),)
        case CallsDone(sentence="", outcomes=outcomes):
            return _acted(state, outcomes), ()
        case CallsDone(sentence=str(sentence), language=language, asks=asks):
            so_far = state.so_far.saying(sentence, language)
            return Speaking(turns, acted=True, asks=asks, so_far=so_far), (Speak(sentence, language),)
        case Failed():
            return failed(turns, rules, rules.went_wrong)  # what the home is doing goes on
    raise illegal(state, event)


def _acted(state: Acting, outcomes: tuple[Outcome, ...]) -> Thinking:
    before = state.so_far
    so_far = replace(before, outcomes=before.outcomes + outcomes, rounds=before.rounds + 1)
    return Thinking(state.turns, acted=True, so_far=so_far)


def _cut_short(state: Speaking, audio_ms: float, rules: Rules) -> Step:
    """The model calls again, once too often: what is known so far is told, and in the log, why it is."""
    why = f"the model called again over each of {MOST_ROUNDS} results"
    failed_so = Settle(Failed(audio_ms, 0.0, "model_failed", why, "say it in another way"))
    return state, (Speak(what_became(state.so_far.outcomes, rules), rules.language), failed_so)


def speaking(state: Speaking, turns: int, event: Event, rules: Rules) -> Step:
    """What an event changes while the answer is on its way, or heard."""
    match event:
        case ClauseReady(text=text, language=language):
            so_far = state.so_far.saying(text, language) if state.acted else state.so_far
            return replace(state, so_far=so_far), (Speak(text, language),)
        case CallsReady(audio_ms=audio_ms) if state.so_far.rounds >= MOST_ROUNDS:
            return _cut_short(state, audio_ms, rules)
        case CallsReady(calls=calls, confidence=confidence):
            return Acting(turns, state.so_far), (Act(calls, confidence),)
        case Reply(text=text) if _asks_back(state, text, rules):
            return replace(state, asks="talk", complete=True), (FinishSpeaking(),)
        case Reply():
            return replace(state, complete=True), (FinishSpeaking(),)
        case ReplyAudioFinished(audio_ms=audio_ms) if state.asks:
            from_ms, wait_s = audio_ms + CONFIRM_GUARD_MS, CONFIRM_S if state.asks == "yes" else REPLY_S
            asked = FollowUp(turns + 1, state.row) if state.asks == "talk" else Confirming(turns + 1)
            return asked, (EndTurn(turns), OpenTurn(turns + 1, from_ms, wait_s))
        case ReplyAudioFinished():
            return ended(turns, rules)
        case Failed(code="speech_failed" | "audio_device" | "output"):
            return _unheard(state, turns, rules)
        case Failed():
            return replace(state, complete=True), (FinishSpeaking(),)
    raise illegal(state, event)


def _unheard(state: Speaking, turns: int, rules: Rules) -> Step:
    """A sound of the answer failed: tell so, once. What isn't known of it yet may be calls: it is still thought."""
    cue = () if state.so_far.unheard else (PlayEarcon("error"),)
    if not state.complete:
        return replace(state, so_far=replace(state.so_far, unheard=True)), (Hush(), *cue)
    rests, commands = ended(turns, rules)
    return rests, (Silence(), *cue, *commands)


def _asks_back(state: Speaking, text: str, rules: Rules) -> bool:
    """Whether talk of the model ends in a question, and an answer may come without the wake word."""
    asks = text.rstrip().endswith(("?", "\N{FULLWIDTH QUESTION MARK}"))
    heard = not state.so_far.unheard
    return asks and heard and not state.acted and rules.wake_needed and state.row < MOST_IN_A_ROW
