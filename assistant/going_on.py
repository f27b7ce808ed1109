"""The person goes on behind the turn's end: it is taken up again, or what follows amends it. Pure, a part of turn.py.

Behind what was done the sentence is heard as a whole, and only calls count: what it asks for is done, what it doesn't
ask for any more is taken back; so is all of it where the model has nothing to say to it ("never mind"). What nobody has
heard yet of the answer waits (`states.Before`), and is said where nothing else is asked for.
"""

from dataclasses import replace

from assistant.commands import (
    Command,
    FinishSpeaking,
    GoOn,
    Hush,
    PlayEarcon,
    ReopenTurn,
    Speak,
)
from assistant.events import CallsDone, ReplyAudioFinished
from assistant.resting import Rules, Step, ended, is_plain, what_became
from assistant.states import Acting, Before, Confirming, Drafting, FollowUp, Listening, SoFar, Speaking, State, Thinking

CONTINUED_PRE_ROLL_MS = 200.0


def continued(state: State, audio_ms: float, rules: Rules) -> Step:
    """Let the person go on: in the same turn, or in one with all of its sound, where something was done."""
    match state:
        case Thinking(turns, answers=True):
            return Confirming(turns), (Hush(), ReopenTurn())
        case Thinking(turns, before=Before() as before):
            return Listening(turns, before=before), (ReopenTurn(),)
        case Thinking(turns, acted=False, row=row) | Speaking(turns, acted=False, audible=False, row=row):
            return FollowUp(turns, row - 1) if row else Listening(turns), (Hush(), ReopenTurn())
        case Speaking(acted=False) | Speaking(asks="yes" | "what", audible=True):
            return state, ()
        case Speaking(turns, audible=True):
            end = FinishSpeaking()  # what of it the model has still to say, nobody will hear
            return Listening(turns + 1, before=Before(sounds=True)), (end, _going_on(turns, audio_ms))
        case Speaking(turns, asks=asks, so_far=so_far):
            before = Before(so_far.said, so_far.language, asks)
            return Listening(turns + 1, before=before), (Hush(), _going_on(turns, audio_ms))
        case Acting(turns):
            return Listening(turns + 1, before=Before()), (Hush(), _going_on(turns, audio_ms))
        case Thinking(turns, so_far=so_far):  # what the model was about to word
            before = Before(what_became(so_far.outcomes, rules), rules.language)
            return Listening(turns + 1, before=before), (Hush(), _going_on(turns, audio_ms))
        case _:
            return state, ()


def _going_on(turns: int, audio_ms: float) -> Command:
    return GoOn(turns + 1, max(0.0, audio_ms - CONTINUED_PRE_ROLL_MS))


def nothing_more(turns: int, before: Before, rules: Rules) -> Step:
    """Whoever went on behind what was done asked for no more of it: what wasn't heard of that turn's answer is."""
    so_far = SoFar(said=before.said, language=before.language)
    spoken = Speaking(turns, acted=True, audible=before.sounds, asks=before.asks, complete=True, so_far=so_far)
    if before.sounds:
        return spoken, ()
    if before.said:
        return spoken, (Speak(before.said, before.language), FinishSpeaking())
    return ended(turns, rules)


def of_before(state: State, event: ReplyAudioFinished | CallsDone, rules: Rules) -> Step:
    """Something of the turn behind which the person goes on. Elsewhere nobody waits for it."""
    if not isinstance(state, Listening | Drafting | Thinking) or state.before is None:
        return state, ()
    match event:
        case ReplyAudioFinished():
            return replace(state, before=replace(state.before, sounds=False)), ()
        case CallsDone(asks="", outcomes=outcomes) if rules.quiet and is_plain(outcomes):
            return replace(state, before=Before()), (PlayEarcon("done"),)
        case CallsDone(sentence=None, outcomes=outcomes):
            return replace(state, before=Before(what_became(outcomes, rules), rules.language)), ()
        case CallsDone(sentence=sentence, language=language, asks=asks):
            return replace(state, before=Before(sentence or "", language, asks)), ()
