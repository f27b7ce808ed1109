from dataclasses import replace

import pytest

from assistant import commands as c
from assistant import states as s
from assistant import turn as t
from assistant.events import (
    Announced,
    CallsDone,
    CallsReady,
    ClauseReady,
    DraftReady,
    EndpointLikely,
    EndpointReached,
    Event,
    Failed,
    FirstToken,
    MicrophoneFound,
    MicrophoneLost,
    MuteSwitched,
    Reply,
    ReplyAudioFinished,
    ReplyAudioStarted,
    SpeechContinued,
    SpeechEnded,
    SpeechResumed,
    SpeechStarted,
    TimerRang,
    WakeHeard,
)
from assistant.stages import Call, Effect, Outcome, Verdict

WAKE = WakeHeard(1000, 1100, 0.9)
SILENCE = EndpointReached(3000, 3100, "silence")
CALL = Call("HassTurnOn", {"name": "kitchen light"})
CALLS = CallsReady(3000, 3200, (CALL,), 0.9)
DONE = CallsDone(3000, 3300, "Kitchen light on.", "en", (Outcome(CALL, ok=True, sentence="Kitchen light on."),))
REPLY = Reply(3000, 3300, "Kitchen light on.", "en")
HEARD = ReplyAudioFinished(4000, 4000)
BROKEN = Failed(3, 3, "model_failed", "it broke", "say it again")
UNHEARD = Failed(3, 3, "speech_failed", "no voice", "install one")
RULES = t.Rules()
OPEN = t.Rules(wake_needed=False)


def play(*events: Event, rules: t.Rules = RULES, state: s.State | None = None) -> tuple[s.State, list[c.Command]]:
    state, first = (state, ()) if state is not None else t.start(rules)
    commands = list(first)
    for event in events:
        state, more = t.step(state, event, rules)
        commands += more
    return state, commands


def test_a_command_goes_from_the_wake_word_to_the_spoken_answer() -> None:
    state, commands = play(
        WAKE, SpeechEnded(2500, 3000), SILENCE, FirstToken(3000, 3150), CALLS, DONE, REPLY,
        ReplyAudioStarted(3000, 3400), HEARD,
    )  # fmt: skip
    assert state == s.Idle(1)
    assert commands == [
        c.OpenTurn(1, 900.0),
        c.CommitTurn(),
        c.PlayEarcon("heard"),
        c.Act((CALL,), 0.9),
        c.Speak("Kitchen light on.", "en"),
        c.FinishSpeaking(),
        c.EndTurn(1),
    ]


def test_a_pause_makes_a_draft_that_is_thrown_away_when_the_person_goes_on() -> None:
    likely, ready = EndpointLikely(2000, 2100), DraftReady(2000, 2150, "call", 0.9)
    state, commands = play(WAKE, likely, ready, SpeechResumed(2300, 2320), ready)
    assert state == s.Listening(1)
    assert commands == [c.OpenTurn(1, 900.0), c.StartDraft(), c.Judge(Verdict("call", 0.9)), c.RetractDraft()]
    assert play(likely, ready, SILENCE, state=state)[0] == s.Thinking(1)


@pytest.mark.parametrize("kind", ["call", "talk"])
def test_an_answer_that_is_ready_isn_t_delayed_by_a_sound(kind: str) -> None:
    draft = EndpointLikely(2000, 2100), DraftReady(2000, 2150, kind, 1.0)
    assert play(WAKE, *draft, SILENCE)[1][-1] == c.CommitTurn()
    assert play(WAKE, draft[0], SILENCE)[1][-2:] == [c.CommitTurn(), c.PlayEarcon("heard")]


def test_a_draft_that_makes_no_sense_is_not_committed() -> None:
    state, commands = play(WAKE, EndpointLikely(2000, 2100), DraftReady(2000, 2150, "unsure", 1.0), SILENCE)
    assert state == s.Thinking(1)
    assert commands[-3:] == [c.RetractDraft(), c.CommitTurn(), c.PlayEarcon("heard")]


@pytest.mark.parametrize("state", [s.Listening(1), s.Drafting(1, "unsure"), s.Drafting(1, "call")])
def test_what_another_voice_said_is_cut_off_before_the_answer(state: s.State) -> None:
    over = EndpointReached(3000, 3100, "silence", beside_ms=820)
    thinking, commands = t.step(state, over, RULES)
    assert thinking == s.Thinking(1)
    assert commands == (c.CutSound(820), c.CommitTurn(), c.PlayEarcon("heard"))


@pytest.mark.parametrize(
    ("state", "commit"), [(s.Confirming(1), c.CommitAnswer()), (s.FollowUp(1, 0), c.CommitTurn("sense"))]
)
def test_it_is_cut_off_an_answer_too(state: s.State, commit: c.Command) -> None:
    for ms, cut in ((820.0, (c.CutSound(820.0),)), (0.0, ())):
        _, commands = t.step(state, EndpointReached(3000, 3100, "silence", beside_ms=ms), RULES)
        assert commands == (*cut, commit, c.PlayEarcon("heard"))


def test_talk_is_spoken_clause_by_clause_while_the_model_goes_on() -> None:
    state, commands = play(WAKE, SILENCE, ClauseReady(3, 3, "One.", "en"), ClauseReady(3, 3, "Two.", "en"))
    assert state == s.Speaking(1)
    assert commands[-2:] == [c.Speak("One.", "en"), c.Speak("Two.", "en")]


def test_an_empty_reply_says_nothing() -> None:
    state, commands = play(WAKE, SILENCE, Reply(3, 3, "", "en"))
    assert state == s.Idle(1)
    assert not [command for command in commands if isinstance(command, c.Speak)]


def test_outcomes_without_a_template_go_back_to_the_model() -> None:
    done = CallsDone(3, 3, None, "en", DONE.outcomes)
    state, commands = play(WAKE, SILENCE, CALLS, done)
    assert (state, commands[-1]) == (
        s.Thinking(1, acted=True, so_far=s.SoFar(DONE.outcomes, rounds=1)),
        c.AskModel(DONE.outcomes),
    )


@pytest.mark.parametrize("before", [(), (ClauseReady(3, 3, "One.", "en"),)])
def test_somebody_who_goes_on_before_anything_was_done_or_heard_has_not_finished(before: tuple[Event, ...]) -> None:
    state, commands = play(WAKE, SILENCE, *before, SpeechContinued(3400, 3500))
    assert state == s.Listening(1)
    assert commands[-2:] == [c.Hush(), c.ReopenTurn()]


def test_what_was_done_stands_when_somebody_goes_on() -> None:
    state, commands = play(WAKE, SILENCE, CALLS, SpeechContinued(3400, 3500))
    assert state == s.Listening(2, before=s.Before())
    assert commands[-2:] == [c.Hush(), c.GoOn(2, 3200.0)]


GOES_ON, LIKELY = SpeechContinued(3400, 3500), EndpointLikely(4000, 4100)
PLEASE = Reply(6, 6, "", "en")  # of whatever asks for nothing more
AGAIN = [c.Speak("Kitchen light on.", "en"), c.FinishSpeaking()]
KEPT = s.SoFar(said="Kitchen light on.", language="en")


def test_what_is_said_behind_a_deed_counts_only_if_it_asks_for_more() -> None:
    state, commands = play(WAKE, SILENCE, CALLS, DONE, REPLY, GOES_ON, LIKELY, SILENCE)
    assert (state, commands[-1]) == (s.Thinking(2, before=s.Before("Kitchen light on.", "en")), c.CommitTurn("calls"))
    assert play(WAKE, SILENCE, CALLS, DONE, REPLY, GOES_ON, SILENCE, CALLS)[1][-2:] == [c.Hush(), c.Act((CALL,), 0.9)]


def test_an_answer_that_was_kept_back_is_heard_behind_a_please() -> None:
    state, commands = play(WAKE, SILENCE, CALLS, DONE, REPLY, GOES_ON, SILENCE, PLEASE)
    assert (state, commands[-2:]) == (s.Speaking(2, acted=True, complete=True, so_far=KEPT), AGAIN)


def test_so_is_one_that_the_home_told_late() -> None:
    late = replace(DONE, late=True)
    state, commands = play(WAKE, SILENCE, CALLS, GOES_ON, LIKELY, late, SILENCE, PLEASE)
    assert (state, commands[-2:]) == (s.Speaking(2, acted=True, complete=True, so_far=KEPT), AGAIN)
    assert play(WAKE, SILENCE, CALLS, late)[0] == s.Acting(1)


def test_a_question_that_was_kept_back_is_asked_then() -> None:
    state, _ = play(WAKE, SILENCE, CALLS, ASKS, REPLY, GOES_ON, SILENCE, PLEASE)
    assert isinstance(state, s.Speaking)
    assert state.asks == "yes"


@pytest.mark.parametrize("again", [(GOES_ON, SILENCE), (GOES_ON, SILENCE, PLEASE)])
def test_who_goes_on_again_loses_no_answer(again: tuple[Event, ...]) -> None:
    """While the model thinks about the "please", and when the answer is about to be heard behind it."""
    state, _ = play(WAKE, SILENCE, CALLS, DONE, REPLY, *again, GOES_ON)
    assert isinstance(state, s.Listening)
    assert state.before == s.Before("Kitchen light on.", "en")
    assert play(SILENCE, PLEASE, state=state)[1][-2:] == AGAIN


def test_who_goes_on_again_while_the_answer_is_heard_interrupts_nothing() -> None:
    state, commands = play(*AUDIBLE, GOES_ON, SILENCE, GOES_ON)
    assert (state, commands[-1]) == (s.Listening(2, before=s.Before(sounds=True)), c.ReopenTurn())
    assert c.Hush() not in commands


AUDIBLE = (WAKE, SILENCE, CALLS, DONE, REPLY, ReplyAudioStarted(3, 3))


def test_an_answer_that_is_heard_already_goes_on_until_more_is_asked_for() -> None:
    """Its end may come meanwhile."""
    state, commands = play(*AUDIBLE, GOES_ON)
    assert (state, commands[-1]) == (
        s.Listening(2, before=s.Before(sounds=True)),
        c.GoOn(2, 3200.0),
    )
    assert c.Hush() not in commands
    assert play(*AUDIBLE, GOES_ON, SILENCE, PLEASE)[0] == s.Speaking(2, acted=True, audible=True, complete=True)
    assert play(*AUDIBLE, GOES_ON, HEARD, SILENCE, PLEASE)[0] == s.Idle(2)
    assert play(*AUDIBLE, GOES_ON, SILENCE, CALLS)[1][-2:] == [c.Hush(), c.Act((CALL,), 0.9)]


def test_one_that_the_model_is_still_wording_ends_with_what_is_heard() -> None:
    """Without an end it would be waited for for ever."""
    worded = (*WORDLESS, ClauseReady(3, 3, "One.", "en"), ReplyAudioStarted(3, 3))
    assert c.FinishSpeaking() not in play(WAKE, SILENCE, *worded)[1]
    state, commands = play(WAKE, SILENCE, *worded, GOES_ON)
    assert c.FinishSpeaking() in commands
    assert play(SILENCE, PLEASE, HEARD, state=state)[0] == s.Idle(2)


def test_the_wake_word_stops_it() -> None:
    state, commands = play(*AUDIBLE, GOES_ON, WAKE)
    assert state == s.Listening(2)
    assert c.Hush() in commands


def test_nobody_goes_on_once_talk_or_a_question_is_heard() -> None:
    """What was said before it isn't done yet."""
    talk = (WAKE, SILENCE, ClauseReady(3, 3, "One.", "en"), ReplyAudioStarted(3, 3))
    assert play(*talk, GOES_ON)[0] == s.Speaking(1, audible=True)
    state, _ = play(WAKE, SILENCE, CALLS, ASKS, REPLY, ReplyAudioStarted(3, 3), GOES_ON)
    assert isinstance(state, s.Speaking)


def test_nobody_speaks_after_the_wake_word_gives_a_small_sound_and_goes_back_to_idle() -> None:
    state, commands = play(WAKE, EndpointReached(6000, 6000, "no_speech"))
    assert state == s.Idle(1)
    assert commands[-3:] == [c.DropTurn(), c.PlayEarcon("cancelled"), c.EndTurn(1)]


@pytest.mark.parametrize(
    "before",
    [(SILENCE,), (EndpointLikely(2, 2), SILENCE), (SILENCE, CALLS), (SILENCE, ClauseReady(3, 3, "One.", "en"))],
)
def test_the_wake_word_interrupts_whatever_goes_on(before: tuple[Event, ...]) -> None:
    state, commands = play(WAKE, *before, WakeHeard(5000, 5000, 0.9))
    assert state == s.Listening(2)
    assert commands[-3:] == [c.Silence(), c.EndTurn(1), c.OpenTurn(2, 4900.0)]


def test_a_failed_turn_says_so_aloud_and_the_next_one_works() -> None:
    state, commands = play(WAKE, SILENCE, BROKEN)
    assert c.Speak(t.SORRY, "en") in commands
    assert play(HEARD, WAKE, state=state)[0] == s.Listening(2)


LAMP_ON = Outcome(CALL, ok=True, sentence=None, effects=(Effect("light.turn_on", "light.lamp"),))
FOUND = Outcome(CALL, ok=True, sentence=None)
NOT_SEEN = Outcome(CALL, ok=False, sentence=None, effects=LAMP_ON.effects, error="deadline")


@pytest.mark.parametrize(
    ("batches", "said"),
    [
        ([(LAMP_ON,)], t.DONE),
        ([(LAMP_ON,), (LAMP_ON,)], t.DONE),
        ([(LAMP_ON, NOT_SEEN)], t.WENT_WRONG),
        ([(LAMP_ON, FOUND)], t.WENT_WRONG),
        ([(LAMP_ON,), (FOUND,)], t.WENT_WRONG),
        ([(FOUND,)], t.SORRY),
    ],
)
def test_after_something_was_done_nobody_is_told_to_try_again(batches: list[tuple[Outcome, ...]], said: str) -> None:
    """The model broke when it should word what became of it."""
    events = [event for outcomes in batches for event in (CALLS, CallsDone(3, 3, None, "en", outcomes))]
    state, commands = play(WAKE, SILENCE, *events, BROKEN)
    assert commands[-3:] == [c.Silence(), c.Speak(said, "en"), c.FinishSpeaking()]
    assert play(HEARD, state=state)[0] == s.Idle(1)


@pytest.mark.parametrize("end", [(), (LIKELY,), (SILENCE,)])
def test_nor_is_who_goes_on_behind_a_deed(end: tuple[Event, ...]) -> None:
    """What breaks then may be the deed itself, which was slow, or the model."""
    _, commands = play(WAKE, SILENCE, CALLS, GOES_ON, *end, BROKEN)
    assert commands[-3:] == [c.Silence(), c.Speak(t.WENT_WRONG, "en"), c.FinishSpeaking()]


WORDLESS = (CALLS, WORDS_WANTED := CallsDone(3, 3, None, "en", (LAMP_ON,)))


@pytest.mark.parametrize("done", [(WORDS_WANTED, GOES_ON), (GOES_ON, replace(WORDS_WANTED, late=True))])
def test_what_the_model_can_no_longer_word_is_told_as_done_behind_a_please(done: tuple[Event, ...]) -> None:
    state, commands = play(WAKE, SILENCE, CALLS, *done, SILENCE, PLEASE)
    assert isinstance(state, s.Speaking)
    assert commands[-2:] == [c.Speak(t.DONE, "en"), c.FinishSpeaking()]


@pytest.mark.parametrize("words", [(), (ClauseReady(3, 3, "Once more.", "en"), ReplyAudioStarted(3, 3))])
def test_a_model_that_calls_again_over_every_result_is_cut_short(words: tuple[Event, ...]) -> None:
    """What it has done three times is told, and the rest isn't done; words that are heard are heard to their end."""
    before, _ = play(WAKE, SILENCE, *3 * WORDLESS, *words)
    state, commands = play(CALLS, state=before)
    assert commands[0] == c.Speak(t.DONE, "en")
    (tell,) = commands[1:]
    assert isinstance(tell, c.Settle)
    state, commands = play(tell.event, state=state)
    assert commands == [c.FinishSpeaking()]
    assert play(HEARD, state=state)[0] == s.Idle(1)
    assert isinstance(play(ClauseReady(3, 3, "Done.", "en"), state=before)[0], s.Speaking), "three may be worded"


def test_nobody_is_told_to_try_again_what_the_home_is_doing() -> None:
    assert c.Speak(t.WENT_WRONG, "en") in play(WAKE, SILENCE, CALLS, BROKEN)[1]


def test_a_voice_that_fails_ends_the_turn_with_a_sound() -> None:
    state, commands = play(WAKE, SILENCE, CALLS, DONE, REPLY, UNHEARD)
    assert state == s.Idle(1)
    assert commands[-3:] == [c.Silence(), c.PlayEarcon("error"), c.EndTurn(1)]


def test_a_call_behind_words_that_nobody_can_hear_is_done() -> None:
    """The sound that tells so is heard once, though what was done can't be told either."""
    words = (WAKE, SILENCE, ClauseReady(3, 3, "All right.", "en"), UNHEARD)
    state, commands = play(*words)
    assert commands[-2:] == [c.Hush(), c.PlayEarcon("error")]
    state, commands = play(CALLS, DONE, REPLY, UNHEARD, state=state)
    assert (state, commands) == (
        s.Idle(1),
        [c.Act((CALL,), 0.9), c.Speak("Kitchen light on.", "en"), c.FinishSpeaking(), c.Silence(), c.EndTurn(1)],
    )
    asked = (ClauseReady(3, 3, "Which city?", "en"), UNHEARD, Reply(3, 3, "Which city?", "en"), HEARD)
    assert play(WAKE, SILENCE, *asked)[0] == s.Idle(1), "nobody heard the question"


def test_without_a_wake_word_turns_follow_each_other() -> None:
    state, commands = play(SILENCE, CALLS, DONE, REPLY, HEARD, rules=OPEN)
    assert state == s.Listening(2, fresh=True)
    assert commands[0] == c.OpenTurn(1, None)
    assert commands[-1] == c.OpenTurn(2, None)


def test_a_lost_microphone_is_waited_for() -> None:
    state, commands = play(WAKE, MicrophoneLost(1, 1, "gone"))
    assert state == s.WaitingForMicrophone(1)
    assert c.DropTurn() in commands
    assert play(MicrophoneFound(2, 2), state=state)[0] == s.Idle(1)


def test_a_timer_rings_again_until_the_wake_word() -> None:
    rang = TimerRang(1, 1, "pasta")
    state, commands = play(rang, HEARD)
    assert commands == [c.Ring((rang,)), c.Ring((rang,), again=True)]
    state, commands = play(WAKE, state=state)
    assert state == s.Listening(1)
    assert commands == [c.Silence(), c.EndRinging("wake_word"), c.OpenTurn(1, 900.0)]


def test_ringing_gives_up_after_ten_minutes() -> None:
    """Counted from the latest that rang, on the clock or on the audio of a replay that is faster."""
    for minutes_ms in ((0.0, 600_001.0), (600_001.0, 0.0)):
        rang, late = TimerRang(0, 0, None), ReplyAudioFinished(*minutes_ms)
        state, commands = play(rang, ReplyAudioFinished(599_000, 599_000), late)
        assert state == s.Idle(0)
        assert commands[-2:] == [c.Silence(), c.EndRinging("nobody")]
        assert isinstance(play(rang, TimerRang(1_000, 1_000, "egg"), late)[0], s.Ringing)


def test_what_is_due_while_another_one_rings_joins_it() -> None:
    pasta, alarm = TimerRang(1, 1, "pasta"), TimerRang(2, 2, None, "07:30")
    _, commands = play(pasta, alarm, HEARD)
    assert commands == [c.Ring((pasta,)), c.Ring((pasta, alarm), again=True)]


def test_a_timer_rings_without_a_microphone_too() -> None:
    rang = TimerRang(1, 1, None)
    state, commands = play(MicrophoneLost(1, 1, "gone"), rang, MicrophoneLost(2, 2, "gone"), HEARD)
    assert state == s.Ringing(0, (rang,), deaf=True)
    assert commands[1:] == [c.Ring((rang,)), c.Ring((rang,), again=True)]
    assert play(MicrophoneFound(3, 3), WAKE, state=state)[0] == s.Listening(1)
    assert play(ReplyAudioFinished(3, 700_000), state=state)[0] == s.WaitingForMicrophone(0)
    state, commands = play(rang, MicrophoneLost(2, 2, "gone"))
    assert (state, commands) == (s.Ringing(0, (rang,), deaf=True), [c.Ring((rang,))])


def test_a_voice_that_fails_does_not_stop_the_ring_but_a_lost_speaker_does() -> None:
    """Without a speaker each ring would be over at once: a busy loop."""
    state, _ = play(TimerRang(1, 1, None), Failed(1, 1, "speech_failed", "no voice", "install one"))
    assert isinstance(state, s.Ringing)
    state, commands = play(Failed(1, 1, "audio_device", "gone", "plug it in"), state=state)
    assert state == s.Idle(0)
    assert commands == [c.Silence(), c.EndRinging("speaker")]


def test_nobody_can_stop_a_ring_when_the_input_is_over_so_it_rings_once() -> None:
    once = t.Rules(ring_once=True)
    state, commands = play(TimerRang(1, 1, None), HEARD, rules=once)
    assert state == s.Idle(0)
    assert commands[-1] == c.EndRinging("input_ended")


def test_a_timer_that_ends_during_a_turn_waits_for_its_end() -> None:
    rang = TimerRang(1, 1, None)
    state, commands = play(WAKE, rang)
    assert (state, commands[-1]) == (s.Listening(1), c.Defer(rang))


def test_without_a_wake_word_what_rings_or_is_announced_is_heard_once_between_two_voices() -> None:
    """Nobody could stop it."""
    rang, said = TimerRang(1, 1, None), Announced(1, 1, "Dinner.", "en")
    fresh = t.start(OPEN)[0]
    for event, reopened in ((rang, c.EndRinging("no_word")), (said, c.TakeUp())):
        state, commands = play(event, rules=OPEN, state=fresh)
        assert commands[0] == c.DropTurn()
        state, commands = play(HEARD, rules=OPEN, state=state)
        assert state == fresh
        assert {c.OpenTurn(1, None), reopened} <= set(commands)
        speaks = play(SpeechStarted(1, 1), rules=OPEN, state=fresh)[0]
        assert play(event, rules=OPEN, state=speaks) == (s.Listening(1), [c.Defer(event)])


def test_an_event_that_can_not_happen_is_a_defect() -> None:
    with pytest.raises(t.IllegalTransition, match="CallsDone can't happen in Idle"):
        play(DONE)


ASKS = CallsDone(3000, 3300, "Unlock the front door? Please say yes.", "en", (), asks="yes")
QUESTION = (WAKE, SILENCE, CALLS, ASKS, REPLY, ReplyAudioStarted(3, 3), HEARD)


def test_a_question_is_followed_by_a_turn_without_a_wake_word() -> None:
    """It opens behind our own voice, and waits for 8 s."""
    state, commands = play(*QUESTION)
    assert state == s.Confirming(2)
    assert commands[-2:] == [c.EndTurn(1), c.OpenTurn(2, 4300.0, 8.0)]


def test_the_answer_is_committed_as_one_and_not_drafted() -> None:
    state, commands = play(*QUESTION, EndpointLikely(5, 5), SpeechResumed(5, 5), EndpointLikely(5, 5), SILENCE)
    assert state == s.Thinking(2, answers=True)
    assert commands[-2:] == [c.CommitAnswer(), c.PlayEarcon("heard")]
    agreed = CallsReady(6, 6, (Call("HassUnlock", confirmed_by="spoken yes"),), 1.0)
    assert play(agreed, state=state)[0] == s.Acting(2)


def test_nobody_answers_and_the_question_is_withdrawn() -> None:
    state, commands = play(*QUESTION, EndpointReached(12_300, 12_300, "no_speech"))
    assert state == s.Idle(2)
    assert commands[-3:] == [c.DropTurn(), c.PlayEarcon("cancelled"), c.EndTurn(2)]


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (WakeHeard(5000, 5000, 0.9), s.Listening(2)),
        (MicrophoneLost(5000, 5000, "gone"), s.WaitingForMicrophone(2)),
        (TimerRang(5000, 5000, None), s.Confirming(2)),
        (Failed(5000, 5000, "model_failed", "it broke", "again"), s.Speaking(2, complete=True)),
    ],
)
def test_whatever_happens_while_a_question_stands_is_no_yes(event: Event, state: s.State) -> None:
    after, commands = play(*QUESTION, event)
    assert after == state
    assert c.CommitAnswer() not in commands


def test_a_question_that_nobody_heard_is_not_answered() -> None:
    """The voice failed."""
    begun = (WAKE, SILENCE, CALLS, ASKS, REPLY)
    assert play(*begun, UNHEARD)[0] == s.Idle(1)


def test_who_goes_on_answers_the_same_question() -> None:
    """A yes, a pause, and "please": all of it is the answer. Once it was judged, the rest is a turn of its own."""
    state, commands = play(*QUESTION, SILENCE, SpeechContinued(3400, 3500))
    assert (state, commands[-2:]) == (s.Confirming(2), [c.Hush(), c.ReopenTurn()])
    refused = (ClauseReady(6, 6, "Okay, I won't.", "en"), Reply(6, 6, "Okay, I won't.", "en"))
    before = s.Before("Okay, I won't.", "en")
    assert play(*QUESTION, SILENCE, *refused, SpeechContinued(3400, 3500))[0] == s.Listening(3, before=before)


WHAT = CallsDone(3000, 3300, "For how long?", "en", (), asks="what")
BACK = (WAKE, SILENCE, ClauseReady(3, 3, "Which city?", "en"), Reply(3, 3, "Which city?", "en"), HEARD)


def test_what_is_missing_is_waited_for_five_seconds() -> None:
    """A yes gets eight: somebody may have to go and look at the door."""
    state, commands = play(WAKE, SILENCE, CALLS, WHAT, REPLY, ReplyAudioStarted(3, 3), HEARD)
    assert (state, commands[-1]) == (s.Confirming(2), c.OpenTurn(2, 4300.0, 5.0))


def test_when_the_model_asks_back_the_answer_needs_no_wake_word() -> None:
    """For five seconds; what makes no sense isn't answered."""
    state, commands = play(*BACK)
    assert (state, commands[-2:]) == (s.FollowUp(2), [c.EndTurn(1), c.OpenTurn(2, 4300.0, 5.0)])
    state, commands = play(EndpointLikely(5, 5), SpeechResumed(5, 5), EndpointLikely(5, 5), SILENCE, state=state)
    assert (state, commands) == (s.Thinking(2, row=1), [c.CommitTurn("sense"), c.PlayEarcon("heard")])


@pytest.mark.parametrize("said", [(), (ClauseReady(6, 6, "I see.", "en"),)])
def test_who_goes_on_answering_the_model_still_answers_it(said: tuple[Event, ...]) -> None:
    """What makes no sense still isn't answered, and its questions in a row are still counted."""
    state, commands = play(*BACK, SILENCE, *said, SpeechContinued(5400, 5500))
    assert (state, commands[-2:]) == (s.FollowUp(2), [c.Hush(), c.ReopenTurn()])
    assert play(SILENCE, state=state)[0] == s.Thinking(2, row=1)


def test_nobody_answers_the_model_and_nothing_is_heard_of_it() -> None:
    state, commands = play(*BACK, EndpointReached(9300, 9300, "no_speech"))
    assert (state, commands[-2:]) == (s.Idle(2), [c.DropTurn(), c.EndTurn(2)])


def test_a_television_that_answers_is_not_talked_to_for_ever() -> None:
    """Three of its own questions in a row at most."""
    state, asked = play(*BACK)[0], 1
    while isinstance(state, s.FollowUp):
        state = play(SILENCE, *BACK[2:], state=state)[0]
        asked += 1
    assert (asked, state) == (4, s.Idle(4))


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (WakeHeard(5000, 5000, 0.9), s.Listening(2)),
        (MicrophoneLost(5000, 5000, "gone"), s.WaitingForMicrophone(2)),
        (MuteSwitched(5000, 5000, muted=True), s.Muted(2)),
        (Failed(5000, 5000, "model_failed", "it broke", "again"), s.Idle(2)),
        (TimerRang(5000, 5000, None), s.FollowUp(2)),
    ],
)
def test_whatever_happens_while_the_model_waits_for_an_answer(event: Event, state: s.State) -> None:
    assert play(*BACK, event)[0] == state


@pytest.mark.parametrize(
    "before", [(WAKE,), (WAKE, EndpointLikely(2, 2)), (WAKE, SILENCE), (WAKE, SILENCE, CALLS), QUESTION, BACK]
)
def test_a_sound_of_ours_that_fails_stops_nothing_that_is_heard_thought_or_done(before: tuple[Event, ...]) -> None:
    state, _ = play(*before)
    for code in ("audio_device", "speech_failed"):
        assert play(Failed(3, 3, code, "gone", "plug it in"), state=state) == (state, [])


@pytest.mark.parametrize("rules", [t.Rules(wake_needed=False), t.Rules()])
def test_a_question_that_is_no_question_of_the_model_waits_for_nobody(rules: t.Rules) -> None:
    """Without a wake word it listens anyway; and what a template asks, a template answers."""
    if rules.wake_needed:
        again = CallsDone(3000, 3300, "Which one do you mean?", "en", ())
        asked = Reply(3, 3, "Which one do you mean?", "en")
        assert play(WAKE, SILENCE, CALLS, again, asked, HEARD)[0] == s.Idle(1)
    else:
        state, _ = play(*BACK[1:], rules=rules, state=s.Listening(1))
        assert state == s.Listening(2, fresh=True)


QUIET = t.Rules(quiet=True)
SWITCHED = Outcome(CALL, ok=True, sentence="Kitchen light on.", effects=(Effect("light.turn_on", "light.kitchen"),))
REFUSED = Outcome(CALL, ok=False, sentence="I can't do that.", error="denied")


def test_in_quiet_mode_a_plain_command_is_answered_with_a_sound_only() -> None:
    """And the turn ends."""
    acting, _ = play(WAKE, EndpointLikely(2900, 2900), SILENCE, CALLS, rules=QUIET)
    done = CallsDone(3000, 3300, "Kitchen light on.", "en", (SWITCHED,))
    state, commands = play(done, REPLY, rules=QUIET, state=acting)
    assert state == s.Idle(1)
    assert commands == [c.PlayEarcon("done"), c.EndTurn(1)]


def test_in_quiet_mode_so_is_one_that_was_done_late() -> None:
    done = CallsDone(3000, 3300, "Kitchen light on.", "en", (SWITCHED,), late=True)
    state, commands = play(WAKE, SILENCE, CALLS, GOES_ON, done, SILENCE, PLEASE, rules=QUIET)
    assert state == s.Idle(2)
    assert commands.count(c.PlayEarcon("done")) == 1
    assert not [command for command in commands if isinstance(command, c.Speak)]


@pytest.mark.parametrize(
    ("outcomes", "asks"),
    [
        ((Outcome(CALL, ok=True, sentence="It is on."),), ""),
        ((REFUSED,), ""),
        ((SWITCHED, REFUSED), ""),
        ((SWITCHED,), "yes"),
        ((), ""),
    ],
)
def test_in_quiet_mode_answers_failures_and_questions_are_spoken(outcomes: tuple[Outcome, ...], asks: str) -> None:
    """Only what was done, all of it, needs no words."""
    acting, _ = play(WAKE, EndpointLikely(2900, 2900), SILENCE, CALLS, rules=QUIET)
    _, commands = play(CallsDone(3000, 3300, "Words.", "en", outcomes, asks), rules=QUIET, state=acting)
    assert commands == [c.Speak("Words.", "en")]


def test_in_quiet_mode_what_the_model_must_word_is_worded() -> None:
    """There is no sentence of ours to leave out."""
    acting, _ = play(WAKE, EndpointLikely(2900, 2900), SILENCE, CALLS, rules=QUIET)
    _, commands = play(CallsDone(3000, 3300, None, "en", (SWITCHED,)), rules=QUIET, state=acting)
    assert commands == [c.AskModel((SWITCHED,))]
