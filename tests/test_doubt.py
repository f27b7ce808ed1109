"""assistant/doubt.py and the doubtful scores of WakeDecision: a turn that nobody notices until it was meant."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from assistant import turn
from assistant.commands import (
    CommitTurn,
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
from assistant.events import (
    DraftReady,
    EndpointLikely,
    EndpointReached,
    Failed,
    MicrophoneLost,
    MuteSwitched,
    ReplyAudioStarted,
    SpeechContinued,
    SpeechResumed,
    TimerRang,
    ToolCalled,
    TurnEnded,
    WakeDoubted,
    WakeHeard,
    WakeRejected,
)
from assistant.stages import Opinion
from assistant.states import Drafting, Idle, Listening, Muted, Overhearing, Speaking, State, Thinking, Weighing
from assistant.turn import Rules
from assistant.wake_decision import HEARD_LAG_MS, Doubted, Heard, Rejected, WakeDecision
from tests.fakes import SILENCE, SPEECH, WAKE, LevelWake, ScriptedSession, sound
from tests.test_conversation import CALL, House

RULES = Rules(wake_overlap_ms=100.0, lead_ms=1500.0)
WAKE_EVENT = WakeDoubted(2000.0, 2100.0, 0.7, "hey gemma")
OVERHEARD = Overhearing(1, WAKE_EVENT)


def decide(
    scores: Sequence[float], *, maybe: float = 0.5, sure: float = 0.9
) -> list[Heard | Doubted | Rejected | None]:
    decision = WakeDecision(threshold=0.8, near_threshold=0.3, doubt=(maybe, sure))
    return [decision.update(score, (n + 1) * 80.0, "hey") for n, score in enumerate(scores)]


class TestDecision:
    def test_a_word_that_somebody_verifies_is_doubted_from_lower_scores_on(self) -> None:
        """As soon as the score falls; other words as ever."""
        decision = WakeDecision(doubt=(0.5, 0.9), maybe_of={"hey gemma": 0.1})
        scores = [0.05, 0.12, 0.3, 0.2, 0.05]
        found = [decision.update(score, (n + 1) * 80.0, "hey gemma") for n, score in enumerate(scores)]
        assert found == [None, None, None, Doubted(240 - HEARD_LAG_MS, 0.3, "hey gemma"), None]
        found = [decision.update(score, (n + 26) * 80.0, "hey computer") for n, score in enumerate(scores)]
        assert found[:4] == [None] * 4
        assert isinstance(found[4], Rejected)

    def test_without_a_second_opinion_nothing_is_doubted(self) -> None:
        decision = WakeDecision(threshold=0.8, maybe_of={"hey gemma": 0.1})
        found = [decision.update(score, (n + 1) * 80.0, "hey gemma") for n, score in enumerate([0.2, 0.7, 0.2])]
        assert not any(isinstance(each, Doubted) for each in found)

    def test_a_sure_score_is_heard_at_once(self) -> None:
        assert decide([0.1, 0.6, 0.95, 0.9])[2] == Heard(240 - HEARD_LAG_MS, 0.95, "hey")

    def test_a_score_that_falls_short_of_it_is_doubted_as_soon_as_it_falls(self) -> None:
        assert decide([0.1, 0.6, 0.85, 0.7, 0.1, 0.1])[3:] == [Doubted(160 - HEARD_LAG_MS, 0.85, "hey"), None, None]

    def test_one_that_falls_at_once_to_nothing_is_doubted_too(self) -> None:
        assert decide([0.1, 0.6, 0.1])[2] == Doubted(160 - HEARD_LAG_MS, 0.6, "hey")

    def test_one_that_stays_is_doubted_after_three_scores(self) -> None:
        assert decide([0.6, 0.6, 0.6, 0.6])[:3] == [None, None, Doubted(80 - HEARD_LAG_MS, 0.6, "hey")]

    def test_one_that_gets_sure_after_all_is_heard_at_the_same_place(self) -> None:
        decided = [d for d in decide([0.7, 0.6, 0.95, 0.95, 0.1, 0.1]) if d is not None]
        assert decided == [Doubted(80 - HEARD_LAG_MS, 0.7, "hey"), Heard(80 - HEARD_LAG_MS, 0.95, "hey")]

    def test_under_the_doubt_it_is_rejected_as_ever(self) -> None:
        assert decide([0.1, 0.4, 0.1])[2] == Rejected(160 - HEARD_LAG_MS, 0.4, "hey")

    def test_a_second_one_within_a_second_is_the_same_wake(self) -> None:
        decided = decide([0.7, 0.1, 0.1, 0.7, 0.1, 0.95, 0.1, 0.1])
        assert [d for d in decided if d is not None] == [Doubted(80 - HEARD_LAG_MS, 0.7, "hey")]

    def witnessed(self, scores: list[float], likely: float) -> list[Heard | Doubted | Rejected | None]:
        """What comes of scores where a witness finds the word as likely each time."""
        decision = WakeDecision(doubt=(0.5, 0.95), maybe_of={"hey": 0.1}, witnessed=(0.6, 0.95))
        return [decision.update(s, (n + 1) * 80.0, "hey", lambda *_: likely) for n, s in enumerate(scores)]

    def test_what_a_witness_is_sure_of_is_heard_at_its_first_score(self) -> None:
        assert self.witnessed([0.05, 0.2, 0.9, 0.05], 0.95) == [
            None,
            Heard(160 - HEARD_LAG_MS, 0.2, "hey"),
            None,
            None,
        ]

    def test_a_high_score_alone_is_doubtful_then(self) -> None:
        found = self.witnessed([0.97, 0.99, 0.98, 0.05], 0.7)
        assert found == [None, None, Doubted(80 - HEARD_LAG_MS, 0.99, "hey"), None]

    def test_what_it_did_not_hear_is_refused_and_keeps_no_other_word_waiting(self) -> None:
        decision = WakeDecision(doubt=(0.5, 0.95), witnessed=(0.6, 0.95))
        likely = iter([0.1, 0.1, 0.99])
        found = [
            decision.update(score, (n + 1) * 80.0, "hey", lambda *_: next(likely))
            for n, score in enumerate([0.7, 0.05, 0.7])
        ]
        assert found == [
            None, Rejected(80 - HEARD_LAG_MS, 0.7, "hey", "not_said"), Heard(240 - HEARD_LAG_MS, 0.7, "hey"),
        ]  # fmt: skip

    def test_a_word_that_was_refused_too_early_ends_where_it_is_heard(self) -> None:
        """What it was refused for is a part of it: a turn that begins there hears the rest of the word."""
        decision = WakeDecision(doubt=(0.5, 0.95), maybe_of={"hey": 0.1}, witnessed=(0.6, 0.95))
        found = [
            decision.update(score, n * 80.0, "hey", lambda _end, peak, _word: 0.99 if peak >= 0.9 else 0.1)
            for n, score in enumerate([0.12, 0.15, 0.2, 0.3, 0.9])
        ]
        assert [type(each) for each in found if each is not None] == [Rejected, Heard]
        assert found[-1] == Heard(4 * 80 - HEARD_LAG_MS, 0.9, "hey")

    @pytest.mark.parametrize(("likely", "told"), [(0.6, Heard), (0.59, Rejected)])
    def test_without_doubts_a_witness_of_a_high_score_must_find_it_likely_enough(
        self, likely: float, told: type[Heard | Rejected]
    ) -> None:
        decision = WakeDecision(threshold=0.8, witnessed=(0.6, 0.95))
        found = [decision.update(score, n * 80.0, "hey", lambda *_: likely) for n, score in enumerate([0.7, 0.9, 0.1])]
        assert [type(each) for each in found if each is not None] == [told]


class TestTurn:
    def test_a_doubtful_wake_opens_a_turn_without_a_sound_and_lets_the_model_hear_the_word(self) -> None:
        state, commands = turn.step(Idle(0), WAKE_EVENT, RULES)
        assert state == OVERHEARD
        assert commands == (OpenTurn(1, 1900.0, lead_ms=1500.0),)

    def test_a_draft_is_begun_and_taken_back_as_in_any_turn(self) -> None:
        assert turn.step(OVERHEARD, EndpointLikely(1, 1), RULES) == (OVERHEARD, (StartDraft(),))
        drafted, _ = turn.step(OVERHEARD, DraftReady(1, 1, "call", 0.9), RULES)
        assert drafted == replace(OVERHEARD, kind="call")
        assert turn.step(drafted, SpeechResumed(1, 1), RULES) == (OVERHEARD, (RetractDraft(),))

    @pytest.mark.parametrize(("kind", "first"), [(None, ()), ("call", ()), ("unsure", (RetractDraft(),))])
    def test_at_its_end_the_model_is_asked(self, kind: str | None, first: tuple[RetractDraft, ...]) -> None:
        state, commands = turn.step(replace(OVERHEARD, kind=kind), EndpointReached(1, 1, "silence"), RULES)
        assert state == Weighing(1, WAKE_EVENT)
        assert commands == (*first, Weigh(WAKE_EVENT))

    def test_what_another_voice_said_is_cut_off_before_the_model_is_asked(self) -> None:
        over = EndpointReached(1, 1, "silence", beside_ms=500)
        assert turn.step(OVERHEARD, over, RULES) == (Weighing(1, WAKE_EVENT), (CutSound(500), Weigh(WAKE_EVENT)))

    def test_meant_for_us_it_is_a_turn_like_any_other(self) -> None:
        heard = WakeHeard(2000.0, 3000.0, 0.7)
        assert turn.step(Weighing(1, WAKE_EVENT), heard, RULES) == (Thinking(1), (CommitTurn(),))

    def test_not_meant_for_us_it_is_forgotten_without_a_sound(self) -> None:
        rejected = WakeRejected(2000.0, 3000.0, 0.7, "", "not_addressed")
        assert turn.step(Weighing(1, WAKE_EVENT), rejected, RULES) == (Idle(1), (DropTurn(), EndTurn(1)))

    @pytest.mark.parametrize(
        ("state", "event", "reason"),
        [
            (OVERHEARD, EndpointReached(1, 1, "no_speech"), "nobody_spoke"),
            (OVERHEARD, Failed(1, 1, "model_failed", "", ""), "failed"),
            (Weighing(1, WAKE_EVENT), Failed(1, 1, "model_failed", "", ""), "failed"),
        ],
    )
    def test_what_comes_to_nothing_is_told_as_rejected_and_nobody_hears_of_it(
        self, state: State, event: Failed | EndpointReached, reason: str
    ) -> None:
        after, (settled, *rest) = turn.step(state, event, RULES)
        assert after == Idle(1)
        assert isinstance(settled, Settle)
        assert settled.event == WakeRejected(2000.0, 2100.0, 0.7, "hey gemma", reason)
        assert rest == [DropTurn(), EndTurn(1)]

    def test_who_goes_on_speaking_goes_on(self) -> None:
        state, commands = turn.step(Weighing(1, WAKE_EVENT), SpeechContinued(1, 1), RULES)
        assert (state, commands) == (OVERHEARD, (ReopenTurn(),))

    @pytest.mark.parametrize(("kind", "after"), [(None, Listening(1)), ("call", Drafting(1, "call"))])
    def test_a_wake_that_has_become_sure_goes_on_aloud(self, kind: str | None, after: State) -> None:
        heard = WakeHeard(2000.0, 3000.0, 0.97)
        assert turn.step(replace(OVERHEARD, kind=kind), heard, RULES) == (after, ())

    def test_another_wake_that_is_sure_begins_anew(self) -> None:
        for state in (OVERHEARD, Weighing(1, WAKE_EVENT)):
            assert turn.step(state, WakeHeard(5000.0, 5000.0, 0.97), RULES) == (Listening(1), (OpenTurn(1, 4900.0),))

    def test_nothing_that_sounds_is_stopped_by_a_doubtful_wake_under_the_threshold(self) -> None:
        state, (settled,) = turn.step(Speaking(1), WAKE_EVENT, RULES)
        assert state == Speaking(1)
        assert isinstance(settled, Settle)
        assert settled.event == WakeRejected(2000.0, 2100.0, 0.7, "hey gemma", "busy")

    def test_over_the_threshold_it_stops_an_answer_as_ever(self) -> None:
        _, (settled,) = turn.step(Speaking(1), replace(WAKE_EVENT, score=0.85), RULES)
        assert isinstance(settled, Settle)
        assert settled.event == WakeHeard(2000.0, 2100.0, 0.85, "hey gemma")

    def test_muting_or_losing_the_microphone_ends_it(self) -> None:
        assert turn.step(OVERHEARD, MuteSwitched(1, 1, muted=True), RULES)[0] == Muted(1)
        assert turn.step(Muted(1), WAKE_EVENT, RULES) == (Muted(1), ())
        assert DropTurn() in turn.step(Weighing(1, WAKE_EVENT), MicrophoneLost(1, 1, ""), RULES)[1]

    def test_a_timer_waits(self) -> None:
        state, commands = turn.step(OVERHEARD, TimerRang(1, 1, None), RULES)
        assert state == OVERHEARD
        assert len(commands) == 1


def house(*replies: Sequence[str], listens_ahead: bool = True, score: float = 0.7) -> House:
    found = House(ScriptedSession(*replies, listens_ahead=listens_ahead))
    found.listener.words._decision = WakeDecision(doubt=(0.5, 0.9))
    found.listener.words._wake = Doubtful(score)
    return found


class Doubtful(LevelWake):
    """Scores the wake word low."""

    def __init__(self, high: float) -> None:
        super().__init__()
        self.high = high

    def score(self, samples: object) -> float | None:
        score = super().score(samples)  # type: ignore[arg-type]
        return self.high if score else score


SAID = sound((SILENCE, 0.5), (WAKE, 0.3), (SPEECH, 1.2), (SILENCE, 2.5))


@pytest.mark.parametrize("listens_ahead", [True, False])
async def test_a_doubtful_command_that_makes_sense_is_done(listens_ahead: bool) -> None:
    played = house(CALL, listens_ahead=listens_ahead)
    await played.replay(SAID)
    names = played.names()
    assert names.index("wake_doubted") < names.index("endpoint_reached") < names.index("wake_heard")
    assert len(played.all_of(ToolCalled)) == 1
    assert played.voice.said == [("Light on.", "en")]
    assert len(played.session.turns) == 1


@pytest.mark.parametrize("listens_ahead", [True, False])
async def test_a_doubtful_one_that_makes_none_is_neither_heard_nor_done(listens_ahead: bool) -> None:
    played = house(["?"], ["?"], listens_ahead=listens_ahead)
    await played.replay(SAID)
    assert "wake_heard" not in played.names()
    (rejected,) = played.all_of(WakeRejected)
    assert (rejected.reason, rejected.audio_ms) == ("not_addressed", played.all_of(WakeDoubted)[0].audio_ms)
    assert played.all_of(ReplyAudioStarted) == []
    assert played.session.turns == []
    assert played.session.remembered == []


async def test_a_sure_one_is_not_weighed() -> None:
    played = house(CALL, score=0.95)
    await played.replay(SAID)
    assert "wake_doubted" not in played.names()
    assert len(played.all_of(ToolCalled)) == 1


class SlowOpinion(ScriptedSession):
    """Says whether the turn was meant for us when the test lets it."""

    def __init__(self, *replies: Sequence[str]) -> None:
        super().__init__(*replies)
        self.asked, self.free = asyncio.Event(), asyncio.Event()

    async def weigh(self) -> Opinion:
        self.asked.set()
        await self.free.wait()
        return await super().weigh()


@pytest.mark.parametrize("reply", [CALL, ["?"]])
async def test_a_wake_that_became_sure_while_the_model_was_asked_is_told_once(reply: Sequence[str]) -> None:
    """Whatever the model finds then: the turn is done, and none is opened again."""
    session = SlowOpinion(reply)
    played = House(session)
    await played.clock.release()
    talk = played.conversation
    talk._enter((Idle(0), ()))
    for event in (WAKE_EVENT, EndpointReached(4000.0, 4000.0, "silence")):
        talk.post(event)
    async with asyncio.timeout(5):
        await session.asked.wait()
        talk.post(WakeHeard(WAKE_EVENT.audio_ms, 4100.0, 0.97, "hey gemma"))
        session.free.set()
        await talk._all_done()
    await talk.aclose()
    assert [name for name in played.names() if name.startswith("wake_")] == ["wake_doubted", "wake_heard"]
    assert (len(session.turns), len(played.all_of(TurnEnded)), talk.state) == (1, 1, Idle(1))


async def test_what_the_model_finds_of_a_turn_that_was_given_up_opens_none() -> None:
    session = SlowOpinion(CALL)
    played = House(session)
    await played.clock.release()
    talk = played.conversation
    talk._enter((Idle(0), ()))
    failed = Failed(4100.0, 4100.0, "model_failed", "it broke", "again")
    for event in (WAKE_EVENT, EndpointReached(4000.0, 4000.0, "silence"), failed):
        talk.post(event)
    session.free.set()
    async with asyncio.timeout(5):
        await talk._all_done()
    await talk.aclose()
    assert [event.reason for event in played.all_of(WakeRejected)] == ["failed"]
    assert (played.all_of(WakeHeard), talk.state) == ([], Idle(1))
