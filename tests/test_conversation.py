import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from assistant.audio import earcons
from assistant.audio.clock import AudioClock
from assistant.audio.replay import NullSpeaker
from assistant.config import EndpointConfig
from assistant.conversation import Conversation
from assistant.errors import AudioDeviceError, ModelFailed, ModelStuck, SpeechFailed
from assistant.events import (
    CallsDone,
    CallsReady,
    EndpointReached,
    Event,
    Failed,
    MuteSwitched,
    Reply,
    ReplyAudioFinished,
    ReplyAudioStarted,
    RingingEnded,
    SpeechContinued,
    SpeechEnded,
    TimerRang,
    ToolCalled,
    TurnEnded,
    WakeHeard,
    name_of,
)
from assistant.intents import replies
from assistant.intents.deeds import Deeds
from assistant.intents.demo_home import DemoHome
from assistant.intents.router import NOT_UNDERSTOOD, Router
from assistant.intents.translate import Translate
from assistant.listen import Listener
from assistant.mind import Mind
from assistant.mouth import Mouth
from assistant.own_voice import OwnVoice
from assistant.stages import AudioChunk, AudioClip, Call, Handler, Pcm, Piece, Speaker
from assistant.states import Idle, Listening, State
from assistant.turn import Rules
from assistant.wake_decision import WakeDecision
from tests.fakes import (
    SILENCE,
    SPEECH,
    WAKE,
    LevelVad,
    LevelWake,
    ListSource,
    OneLight,
    ScriptedSession,
    ToneVoice,
    sound,
)

CALL = ["<|tool_call>", "call:TurnOn{}", "<tool_call|>"]
MORE = [*CALL, *CALL]
YES = ["<|tool_call>", 'call:HassAnswer{answer:<|"|>yes<|"|>}', "<tool_call|>"]
COMMAND = ((SILENCE, 0.5), (WAKE, 0.6), (SPEECH, 1.2), (SILENCE, 2.5))


class House:
    """A conversation on fakes, replayed on audio time."""

    def __init__(
        self,
        session: ScriptedSession,
        *,
        voice: ToneVoice | None = None,
        light: OneLight | None = None,
        home: Handler | None = None,
        wake: bool = True,
        fast: bool = True,
        rings: bool = False,
        speaker: Callable[[AudioClock], Speaker] = NullSpeaker,
        knows_itself: bool = False,
    ) -> None:
        """`knows_itself`: it can tell its own voice from what is heard."""
        self.clock = AudioClock()
        self.session = session
        self.voice = voice or ToneVoice()
        self.light = light or OneLight()
        self.events: list[Event] = []
        self.speaker = speaker(self.clock)
        self.listener = Listener(
            EndpointConfig(),
            LevelWake() if wake else None,
            WakeDecision(),
            LevelVad(),
            vad_lag_ms=0.0,
            early_confidence=0.9,
            now_ms=lambda: self.clock.now_s() * 1000,
            own_voice=OwnVoice(LevelWake()) if knows_itself else None,
            while_speaking=WakeDecision() if knows_itself else None,
        )
        self.conversation = Conversation(
            listener=self.listener,
            mind=Mind(
                session,
                Router([home or self.light], deeds=Deeds(self.clock.now_s)),
                language="en",
                here=lambda: (self.listener.heard_ms, self.clock.now_s() * 1000),
            ),
            mouth=Mouth(
                self.voice,
                self.speaker,
                earcons.make() if rings else {},
                now_ms=lambda: self.clock.now_s() * 1000,
                heard_ms=lambda: self.listener.heard_ms,
            ),
            rules=Rules(wake_needed=wake),
            observe=self.events.append,
            now_ms=lambda: self.clock.now_s() * 1000,
            fast=fast,
        )

    async def replay(self, samples: Pcm) -> None:
        await self.conversation.run(ListSource(samples, self.clock))
        await self.conversation.aclose()

    def all_of(self, kind: type[Any]) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind)]

    def names(self) -> Sequence[str]:
        return [name_of(e) for e in self.events]


async def test_a_spoken_command_is_done_and_answered_with_its_events_in_order() -> None:
    house = House(ScriptedSession(CALL))
    await house.replay(sound(*COMMAND))
    assert house.names() == [
        "wake_heard", "speech_started", "endpoint_likely", "speech_ended", "endpoint_reached", "first_token",
        "model_timed", "calls_ready", "tool_called", "calls_done", "reply", "reply_audio_started",
        "reply_audio_finished", "turn_ended", "input_ended",
    ]  # fmt: skip
    (called,) = house.all_of(ToolCalled)
    assert called.effects == [{"service": "light.turn_on", "entity_id": "light.one"}]
    assert house.voice.said == [("Light on.", "en")]
    assert house.session.remembered == ["Light on."]


async def test_a_draft_is_committed_as_it_is_and_ends_the_turn_early() -> None:
    plain, ahead = House(ScriptedSession(CALL)), House(ScriptedSession(CALL, listens_ahead=True))
    for house in (plain, ahead):
        await house.replay(sound(*COMMAND))
    assert ahead.session.drafts == 1
    assert plain.all_of(EndpointReached)[0].audio_ms - ahead.all_of(EndpointReached)[0].audio_ms == 200
    names = ahead.names()
    assert names.index("draft_started") < names.index("first_token") < names.index("endpoint_reached")
    assert names.count("first_token") == 1
    assert ahead.all_of(ToolCalled)[0].effects == plain.all_of(ToolCalled)[0].effects


async def test_a_retracted_draft_neither_acts_nor_speaks_and_no_sound_is_lost() -> None:
    halves = [(WAKE, 0.6), (SPEECH, 1.2), (SILENCE, 0.18), (SPEECH, 0.8), (SILENCE, 2.0)]
    house = House(ScriptedSession(["Half."], CALL, listens_ahead=True))
    await house.replay(sound((SILENCE, 0.5), *halves))
    assert house.session.retracted == [["Half."]]
    assert house.voice.said == [("Light on.", "en")]
    assert len(house.all_of(ToolCalled)) == 1
    assert house.names().count("draft_retracted") == 1
    ((_, samples),) = house.session.turns
    assert samples / 16_000 >= 1.2 + 0.18 + 0.8


async def test_a_sentence_without_sense_is_waited_for() -> None:
    """And answered afresh: with all of the silence the model may understand it."""
    house = House(ScriptedSession(["?"], CALL, listens_ahead=True))
    await house.replay(sound(*COMMAND))
    assert house.all_of(EndpointReached)[0].audio_ms - house.all_of(SpeechEnded)[0].audio_ms == 900
    assert house.session.retracted == [["?"]]
    assert house.voice.said == [("Light on.", "en")]


async def test_somebody_who_goes_on_while_the_model_thinks_is_heard_to_the_end() -> None:
    """The commit is taken back: one turn, with all that was said, and one action."""
    session = ScriptedSession(["Half."], CALL)
    session.hold = asyncio.Event()
    house = House(session, fast=False)

    def release(event: Event) -> None:
        house.events.append(event)
        if isinstance(event, SpeechContinued) and session.hold is not None:
            session.hold.set()

    house.conversation._observe = release
    pause = (SILENCE, 0.7)
    await house.replay(sound((SILENCE, 0.5), (WAKE, 0.6), (SPEECH, 1.2), pause, (SPEECH, 1.0), (SILENCE, 2.5)))
    assert house.names().count("speech_continued") == 1
    assert house.voice.said == [("Light on.", "en")]
    assert len(house.all_of(ToolCalled)) == 1
    assert len(house.all_of(TurnEnded)) == 1
    ((_, samples),) = session.turns
    assert samples / 16_000 >= 1.2 + 0.7 + 1.0


LONG_PAUSE = ((SILENCE, 0.5), (WAKE, 0.6), (SPEECH, 1.2), (SILENCE, 0.8), (SPEECH, 1.0), (SILENCE, 2.5))


async def slow_home(more: list[str]) -> House:
    """A home that has done what it was asked for when the turn behind it is over, too; `more`: the reply to that."""
    light = OneLight()
    light.hold = asyncio.Event()
    house = House(ScriptedSession(CALL, more), light=light, fast=False)

    def release(event: Event) -> None:
        house.events.append(event)
        if house.names().count("endpoint_reached") == 2 and light.hold is not None:
            light.hold.set()

    house.conversation._observe = release
    await house.replay(sound(*LONG_PAUSE))
    return house


async def test_a_slow_home_that_answers_into_the_next_turn_is_no_defect() -> None:
    """The person went on; the light is switched, and nobody says so. The next turn acts and speaks by itself."""
    house = await slow_home(MORE)
    assert house.names().count("speech_continued") == 1
    assert len(house.light.calls) == len(house.all_of(ToolCalled)) == len(house.all_of(TurnEnded)) == 2
    assert house.voice.said == [("Light on.", "en")]


@pytest.mark.parametrize(
    ("more", "knows_itself", "said", "turns"),
    [
        (MORE, True, 2, 2),
        (CALL, True, 1, 2),
        (["You", " are", " welcome."], True, 1, 2),
        (YES, True, 1, 2),
        (MORE, False, 1, 1),
    ],
)
async def test_who_goes_on_behind_a_deed_while_the_answer_is_heard(
    more: list[str], knows_itself: bool, said: int, turns: int
) -> None:
    """More is done where all of it asks for more; a "please" is no talk, a "yes" answers nothing: neither interrupts.

    Where our own voice can't be told from others it may be that.
    """
    house = House(ScriptedSession(CALL, more), voice=ToneVoice(seconds=3.0), knows_itself=knows_itself)
    await house.replay(sound(*LONG_PAUSE))
    assert house.names().count("speech_continued") == (1 if knows_itself else 0)
    assert house.voice.said == [("Light on.", "en")] * said
    assert len(house.light.calls) == said
    assert len(house.all_of(TurnEnded)) == turns


async def test_what_a_slow_home_did_for_the_turn_before_is_no_action_of_a_please() -> None:
    house = await slow_home(["You"])
    assert len(house.all_of(ToolCalled)) == 1
    assert [ended.action_ms for ended in house.all_of(TurnEnded)] == [None, None]
    assert house.voice.said == [("Light on.", "en")]


async def test_our_own_voice_stays_known_and_can_be_stopped_while_somebody_goes_on() -> None:
    house = House(ScriptedSession(CALL, ["You"]), voice=ToneVoice(seconds=3.0), knows_itself=True)
    words, known = house.listener.words, []
    house.conversation._observe = lambda event: known.append((name_of(event), words.sounding, words.interruptible))
    await house.replay(sound(*LONG_PAUSE))
    assert [each[1:] for each in known if each[0] == "endpoint_reached"] == [(False, False), (True, True)]
    assert (known[-1][1:], words.sounding) == ((False, False), False)


@pytest.mark.parametrize("drafts", [False, True])
async def test_a_never_mind_behind_a_deed_is_obeyed_whether_it_was_drafted_or_not(*, drafts: bool) -> None:
    house = House(ScriptedSession(CALL, [], listens_ahead=drafts), voice=ToneVoice(seconds=3.0), knows_itself=True)
    await house.replay(sound(*LONG_PAUSE))
    done = house.all_of(CallsDone)
    assert [event.outcomes[0].call.name for event in done] == ["TurnOn", "HassUndo"]
    assert len(house.light.calls) == 1


@pytest.mark.parametrize("more", [CALL, MORE, ["You", " are", " welcome."]])
async def test_who_goes_on_behind_a_deed_is_heard_from_the_beginning_and_remembered_once(more: list[str]) -> None:
    house = House(ScriptedSession(CALL, more), voice=ToneVoice(seconds=3.0), knows_itself=True)
    await house.replay(sound(*LONG_PAUSE))
    ((_, samples),) = house.session.turns
    assert samples / 16_000 >= 1.2 + 0.8 + 1.0 + 0.5
    assert len(house.light.calls) == (2 if more is MORE else 1)
    assert house.session.remembered == ["Light on."]


@pytest.mark.parametrize("muted", [False, True])
async def test_what_the_home_was_asked_for_is_done_to_its_end_and_told_though_nobody_waits_for_it(
    *, muted: bool
) -> None:
    """The wake word was said again, or the ear was switched off, while a slow home did the first of two."""
    light = OneLight()
    light.hold = asyncio.Event()
    house = House(ScriptedSession([*CALL, *CALL], CALL), light=light, fast=False)

    def go_on(event: Event) -> None:
        house.events.append(event)
        if muted and isinstance(event, CallsReady):
            asyncio.get_running_loop().call_soon(lambda: house.conversation.mute(muted=True))
        if light.hold is not None and (house.names().count("wake_heard") == 2 or isinstance(event, MuteSwitched)):
            asyncio.get_running_loop().call_soon(light.hold.set)

    house.conversation._observe = go_on
    await house.replay(sound(*COMMAND, *COMMAND))
    calls = 2 if muted else 3
    assert len(light.calls) == len(house.all_of(ToolCalled)) == calls
    assert house.voice.said == ([] if muted else [("Light on.", "en")])


async def test_words_about_a_turn_that_is_over_are_not_spoken() -> None:
    session = ScriptedSession(CALL, ["It shines."], MORE, ["It shines again."])
    light = OneLight(wordless=True)
    light.before = lambda: setattr(session, "hold", asyncio.Event())
    house = House(session, light=light, fast=False)

    def release(event: Event) -> None:
        house.events.append(event)
        if session.hold is not None and house.names().count("speech_continued") == 1:
            session.hold.set()

    house.conversation._observe = release
    await house.replay(sound(*LONG_PAUSE))
    assert house.voice.said == [("It shines again.", "en")]
    assert len(house.all_of(TurnEnded)) == 2


async def test_no_syllable_is_lost_when_the_command_follows_the_wake_word_at_once() -> None:
    house = House(ScriptedSession(CALL))
    await house.replay(sound(*COMMAND))
    (wake,) = house.all_of(WakeHeard)
    (end,) = house.all_of(EndpointReached)
    ((_, samples),) = house.session.turns
    assert end.audio_ms - samples / 16 <= wake.audio_ms


async def test_the_acoustic_end_and_the_endpoint_delay_are_true_to_the_audio() -> None:
    house = House(ScriptedSession(CALL))
    await house.replay(sound(*COMMAND))
    assert house.all_of(SpeechEnded)[0].audio_ms == 2300
    (ended,) = house.all_of(TurnEnded)
    assert ended.endpoint_ms == house.all_of(EndpointReached)[0].audio_ms - 2300
    assert ended.first_token_ms is None  # a fast replay knows no wall clock


async def test_the_answer_takes_its_time_in_the_audio() -> None:
    house = House(ScriptedSession(CALL))
    await house.replay(sound(*COMMAND))
    (began,), (heard,) = house.all_of(ReplyAudioStarted), house.all_of(ReplyAudioFinished)
    assert 480 <= heard.audio_ms - began.audio_ms <= 540


async def test_an_empty_reply_is_silence_and_one_that_can_not_be_spoken_is_not_understood() -> None:
    house = House(ScriptedSession([], ["🎉"]))
    await house.replay(sound(*COMMAND, *COMMAND))
    assert [r.text for r in house.all_of(Reply)] == ["", NOT_UNDERSTOOD]


async def test_three_turns_in_one_file_are_three_turns() -> None:
    house = House(ScriptedSession(CALL, ["Hello", " there."], []))
    await house.replay(sound(*COMMAND, *COMMAND, *COMMAND))
    assert [r.text for r in house.all_of(Reply)] == ["Light on.", "Hello there.", ""]
    assert [e.turn for e in house.all_of(TurnEnded)] == [1, 2, 3]


async def test_a_model_that_breaks_is_told_and_the_next_turn_works() -> None:
    house = House(ScriptedSession(ModelFailed("it broke", remedy="again"), CALL))
    await house.replay(sound(*COMMAND, *COMMAND))
    assert [e.code for e in house.all_of(Failed)] == ["model_failed"]
    assert house.voice.said[-1] == ("Light on.", "en")


async def test_what_was_done_before_the_model_broke_is_told_as_done() -> None:
    """Whoever was told to try again did it twice."""
    broke = ModelFailed("it broke", remedy="again")
    house = House(ScriptedSession(CALL, broke), light=OneLight(wordless=True))
    await house.replay(sound(*COMMAND))
    assert house.voice.said == [("That is done.", "en")]


async def test_a_model_that_never_stops_calling_is_stopped() -> None:
    """And told so in the log; the next turn works."""
    house = House(ScriptedSession(*[CALL] * 4, ["Hello."]), light=OneLight(wordless=True))
    await house.replay(sound(*COMMAND, *COMMAND))
    assert len(house.light.calls) == 3
    assert [e.message for e in house.all_of(Failed)] == ["the model called again over each of 3 results"]
    assert house.voice.said == [("That is done.", "en"), ("Hello.", "en")]


async def test_a_voice_that_breaks_does_not_stop_the_assistant() -> None:
    house = House(ScriptedSession(CALL, CALL), voice=ToneVoice(SpeechFailed("mute", remedy="install a voice")))
    await house.replay(sound(*COMMAND, *COMMAND))
    assert len(house.light.calls) == 2
    assert [e.code for e in house.all_of(Failed)] == ["speech_failed"] * 2


class NoSpeaker(NullSpeaker):
    async def play(self, clip: AudioClip) -> None:
        raise AudioDeviceError("the speaker is gone", remedy="plug it in")


async def test_without_a_speaker_a_command_is_done_all_the_same() -> None:
    """The sound that says that an answer is under way fails before the model has one."""
    session = ScriptedSession(CALL)
    session.hold = asyncio.Event()
    house = House(session, rings=True, fast=False, speaker=NoSpeaker)

    def release(event: Event) -> None:
        house.events.append(event)
        if isinstance(event, Failed) and session.hold is not None:
            session.hold.set()

    house.conversation._observe = release
    await house.replay(sound(*COMMAND))
    assert len(house.light.calls) == 1
    assert [e.code for e in house.all_of(Failed)][:2] == ["audio_device"] * 2
    assert len(house.all_of(TurnEnded)) == 1


class WordsFirst(ScriptedSession):
    """Decodes its call when it is known whether the words before it were heard."""

    def __init__(self, *replies: Sequence[str]) -> None:
        super().__init__(*replies)
        self.known = asyncio.Event()

    async def _reply(self) -> AsyncIterator[Piece]:
        async for piece in super()._reply():
            if piece.text == CALL[0]:
                await self.known.wait()
            yield piece


@pytest.mark.parametrize("error", [SpeechFailed("mute", remedy="install a voice"), None])
async def test_a_call_behind_words_that_nobody_can_hear_is_done(error: SpeechFailed | None) -> None:
    """No voice, or no speaker."""
    session = WordsFirst(["All right.", " ", *CALL])
    speaker = NullSpeaker if error else NoSpeaker
    house = House(session, voice=ToneVoice(error), fast=False, speaker=speaker)

    def go_on(event: Event) -> None:
        house.events.append(event)
        if isinstance(event, Failed):
            asyncio.get_running_loop().call_soon(session.known.set)

    house.conversation._observe = go_on
    await house.replay(sound(*COMMAND))
    assert len(house.light.calls) == 1
    assert [e.turn for e in house.all_of(TurnEnded)] == [1]


async def test_an_unreadable_call_does_nothing_and_says_so() -> None:
    house = House(ScriptedSession(["<|tool_call>", "call:TurnOn{", "<tool_call|>"], CALL))
    await house.replay(sound(*COMMAND, *COMMAND))
    assert house.voice.said[0] == ("Sorry, I didn't understand that.", "en")
    assert len(house.light.calls) == 1


async def test_a_readable_call_beside_an_unreadable_one_is_not_carried_out() -> None:
    house = House(ScriptedSession([*CALL, "<|tool_call>", "call:", "<tool_call|>"]))
    await house.replay(sound(*COMMAND))
    assert house.light.calls == []


async def test_a_result_without_a_template_goes_back_to_the_model() -> None:
    house = House(ScriptedSession(CALL, ["It", " shines."]), light=OneLight(wordless=True))
    await house.replay(sound(*COMMAND))
    assert len(house.session.answered) == 1
    assert house.voice.said == [("It shines.", "en")]


async def test_of_a_translation_only_the_translation_is_spoken_and_remembered() -> None:
    asked = ["<|tool_call>", 'call:HassTranslate{language:<|"|>Japanese<|"|>}', "<tool_call|>"]
    house = House(
        ScriptedSession(asked, ["Where is the station,", " please?", "\n", "Japan", "ese:", " 駅は", "どこですか。"]),
        home=Translate("en"),
    )
    await house.replay(sound(*COMMAND))
    assert house.voice.said == [("駅はどこですか。", "ja")]
    assert house.session.remembered == ["駅はどこですか。"]
    assert [(reply.text, reply.language) for reply in house.all_of(Reply)] == [("駅はどこですか。", "ja")]
    assert "into Japanese" in str(house.session.answered[0][0].result["task"])


async def test_the_wake_word_alone_gives_up_after_five_seconds() -> None:
    house = House(ScriptedSession())
    await house.replay(sound((WAKE, 0.08), (SILENCE, 6.0)))
    assert house.all_of(EndpointReached)[0].reason == "no_speech"
    assert house.session.turns == []


async def test_without_a_wake_word_speech_during_an_answer_is_heard_afterwards() -> None:
    house = House(ScriptedSession(CALL, CALL), wake=False)
    await house.replay(sound((SPEECH, 1.0), (SILENCE, 1.0), (SPEECH, 1.0), (SILENCE, 1.5)))
    assert len(house.light.calls) == 2


async def test_a_file_that_ends_in_the_middle_of_a_command_still_gets_its_answer() -> None:
    house = House(ScriptedSession(CALL))
    await house.replay(sound((WAKE, 0.6), (SPEECH, 1.2)))
    assert house.all_of(EndpointReached)[0].reason == "input_ended"
    assert house.voice.said == [("Light on.", "en")]


async def test_the_wake_word_during_an_answer_starts_a_new_turn() -> None:
    house = House(ScriptedSession(CALL, CALL))
    await house.replay(sound((WAKE, 0.6), (SPEECH, 1.2), (SILENCE, 0.1), *COMMAND))
    assert [e.turn for e in house.all_of(TurnEnded)] == [1, 2]
    assert len(house.light.calls) == 2


async def test_a_typed_turn_is_answered() -> None:
    house = House(ScriptedSession(CALL))
    await house.clock.release()
    await house.conversation.ask("light on")
    assert house.session.turns == [("light on", 0)]
    assert house.voice.said == [("Light on.", "en")]


async def test_two_replays_of_the_same_sound_give_the_same_events() -> None:
    first, second = House(ScriptedSession(CALL, CALL)), House(ScriptedSession(CALL, CALL))
    for house in (first, second):
        await house.replay(sound(*COMMAND, *COMMAND))
    assert first.events == second.events


UNLOCK = ["<|tool_call>", 'call:HassUnlock{name:<|"|>front door<|"|>}', "<tool_call|>"]
ANSWER = ((SPEECH, 0.5), (SILENCE, 2.5))


def with_home(*replies: Sequence[str]) -> tuple[House, DemoHome]:
    home = DemoHome()
    return House(ScriptedSession(*replies), home=home), home


async def test_a_yes_after_the_question_unlocks_without_a_wake_word() -> None:
    """And nothing of the model's own "Yes." is spoken."""
    house, _ = with_home(UNLOCK, ["Yes."])
    await house.replay(sound(*COMMAND[:-1], (SILENCE, 2.7), *ANSWER))
    assert [text for text, _ in house.voice.said] == ["Unlock the front door? Please say yes.", "Front door unlocked."]
    asked, done = house.all_of(ToolCalled)
    assert (asked.ok, asked.error, asked.effects) == (False, "needs_yes", [])
    assert (done.ok, done.allowed_by) == (True, "spoken yes")
    assert done.effects == [{"service": "lock.unlock", "entity_id": "lock.front_door"}]
    assert [e.turn for e in house.all_of(TurnEnded)] == [1, 2]


async def test_a_yes_with_a_pause_in_it_is_heard_to_its_end_and_unlocks_once() -> None:
    """The person goes on while the model thinks about the first word."""
    house, _ = with_home(UNLOCK, ["Yes."], ["Yes", " please."])
    house.conversation._fast = False

    def hold(event: Event) -> None:
        house.events.append(event)
        if house.names().count("endpoint_reached") == 2 and house.session.hold is None:
            house.session.hold = asyncio.Event()
        if isinstance(event, SpeechContinued) and house.session.hold is not None:
            house.session.hold.set()

    house.conversation._observe = hold
    await house.replay(sound(*COMMAND[:-1], (SILENCE, 2.7), (SPEECH, 0.5), (SILENCE, 1.1), *ANSWER))
    assert house.names().count("speech_continued") == 1
    assert [len(called.effects) for called in house.all_of(ToolCalled)] == [0, 1]
    assert [e.turn for e in house.all_of(TurnEnded)] == [1, 2]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (["No."], "Okay, I won't."),
        ([], "Okay, I won't."),
        (["I", " think so."], "I didn't hear a yes, so I won't."),
        (["<|tool_call>", "call:{", "<tool_call|>"], "I didn't hear a yes, so I won't."),
        (["HassUnlock{"], "I didn't hear a yes, so I won't."),
        (UNLOCK, "Unlock the front door? Please say yes."),
    ],
)
async def test_anything_else_after_the_question_unlocks_nothing(reply: list[str], said: str) -> None:
    house, _ = with_home(UNLOCK, reply)
    await house.replay(sound(*COMMAND[:-1], (SILENCE, 2.7), *ANSWER))
    assert house.voice.said[-1] == (said, "en")
    assert not any(called.effects for called in house.all_of(ToolCalled))


ASKS_BACK = ["Which", " city", " do", " you", " mean?"]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (["It", " is", " raining", " in", " Paris."], ["Which city do you mean?", "It is raining in Paris."]),
        ([NOT_UNDERSTOOD], ["Which city do you mean?"]),
        (["Okay."], ["Which city do you mean?"]),
        (["<|tool_call>", 'call:HassAnswer{answer:<|"|>never mind<|"|>}', "<tool_call|>"], ["Which city do you mean?"]),
        (["<|tool_call>", "call:{", "<tool_call|>"], ["Which city do you mean?"]),
        ([], ["Which city do you mean?"]),
    ],
)
async def test_when_the_model_asks_back_only_an_answer_is_answered(reply: list[str], said: list[str]) -> None:
    """Without the wake word; "never mind", or the television, ends it without a word."""
    house, _ = with_home(ASKS_BACK, reply)
    await house.replay(sound(*COMMAND[:-1], (SILENCE, 2.7), *ANSWER))
    assert [text for text, _ in house.voice.said] == said
    assert [e.turn for e in house.all_of(TurnEnded)] == [1, 2]
    assert isinstance(house.conversation.state, Idle)


@pytest.mark.parametrize("silence_s", [0.1, 1.2, 3.0])
@pytest.mark.parametrize(
    ("reply", "wake", "state"),
    [(UNLOCK, True, Idle(2)), (ASKS_BACK, True, Idle(2)), (UNLOCK, False, Listening(3, fresh=True))],
)
async def test_a_file_that_ends_while_a_question_stands_ends_its_turn(
    reply: list[str], silence_s: float, state: State, *, wake: bool
) -> None:
    """Whether the question was asked in the file or behind its end."""
    house = House(ScriptedSession(reply), home=DemoHome(), wake=wake)
    async with asyncio.timeout(20):
        await house.replay(sound(*(COMMAND[:2] if wake else ()), (SPEECH, 1.2), (SILENCE, silence_s)))
    assert [e.turn for e in house.all_of(TurnEnded)] == [1, 2]
    assert house.all_of(EndpointReached)[-1].reason == "no_speech"
    assert house.conversation.state == state
    assert not any(called.effects for called in house.all_of(ToolCalled))


async def test_never_mind_after_a_question_is_answered_with_silence() -> None:
    house, _ = with_home(UNLOCK, ["Never mind."])
    await house.replay(sound(*COMMAND[:-1], (SILENCE, 2.7), *ANSWER))
    assert [text for text, _ in house.voice.said] == ["Unlock the front door? Please say yes."]
    assert not any(called.effects for called in house.all_of(ToolCalled))


async def test_a_question_can_be_answered_by_typing() -> None:
    house, home = with_home(UNLOCK, ["Yes."])
    await house.clock.release()
    await home.handle(Call("HassLock", {"name": "front door"}))
    await house.conversation.ask("unlock the front door")
    assert house.conversation.asked
    await house.conversation.ask("yes")
    assert not house.conversation.asked
    assert home.states()["lock.front_door"] == "unlocked"


async def test_silence_after_the_question_withdraws_it_after_eight_seconds() -> None:
    house, _ = with_home(UNLOCK)
    await house.replay(sound(*COMMAND, (SILENCE, 10.0)))
    (heard,) = house.all_of(ReplyAudioFinished)
    assert house.all_of(EndpointReached)[1].reason == "no_speech"
    assert house.all_of(EndpointReached)[1].audio_ms - heard.audio_ms == pytest.approx(8300, abs=40)


async def test_a_yes_too_late_or_in_a_new_turn_is_only_talk() -> None:
    house, _ = with_home(UNLOCK, ["Yes."])
    await house.replay(sound(*COMMAND, (SILENCE, 10.0), *COMMAND))
    assert house.voice.said[-1] == ("Yes.", "en")
    assert not any(called.effects for called in house.all_of(ToolCalled))


async def test_another_command_after_the_question_is_done_instead() -> None:
    light = ["<|tool_call>", 'call:HassTurnOn{name:<|"|>kitchen light<|"|>}', "<tool_call|>"]
    house, _ = with_home(UNLOCK, light)
    await house.replay(sound(*COMMAND[:-1], (SILENCE, 2.7), *ANSWER))
    assert house.voice.said[-1] == ("Kitchen light on.", "en")
    assert [c.name for c in house.all_of(ToolCalled)] == ["HassUnlock", "HassTurnOn"]


async def test_an_answer_is_said_again_in_its_own_language() -> None:
    repeat = ["<|tool_call>", "call:HassRepeat{}", "<tool_call|>"]
    house, _ = with_home(["おはようございます。"], repeat)
    await house.replay(sound(*COMMAND, *COMMAND))
    assert house.voice.said == [("おはようございます。", "ja")] * 2


class TimedSource(ListSource):
    """A source during which a timer rings at a place in the audio."""

    def __init__(self, house: House, samples: Pcm, *, rings_at_s: float) -> None:
        super().__init__(samples, house.clock)
        self._house = house
        self._rings_at_s = rings_at_s

    async def __aiter__(self) -> AsyncIterator[AudioChunk]:
        async for chunk in super().__aiter__():
            if chunk.start_ms == self._rings_at_s * 1000:
                self._house.conversation.post(TimerRang(chunk.start_ms, chunk.start_ms, "pasta"))
            yield chunk


async def ring(house: House, *stretches: tuple[int, float], at_s: float) -> None:
    await house.conversation.run(TimedSource(house, sound(*stretches), rings_at_s=at_s))
    await house.conversation.aclose()


async def test_a_timer_that_had_to_wait_is_told_of_once() -> None:
    """It rings after the answer, and the log has one event of it."""
    house = House(ScriptedSession(CALL), rings=True)
    await ring(house, *COMMAND, (SILENCE, 6.0), at_s=1.0)
    assert house.voice.said[:2] == [("Light on.", "en"), ("Your pasta timer is done.", "en")]
    assert len(house.all_of(TimerRang)) == 1


async def test_a_timer_rings_until_the_wake_word_which_opens_a_turn() -> None:
    """Sound, words, pause, and again; then the person is heard."""
    house = House(ScriptedSession(CALL), rings=True)
    await ring(house, (SILENCE, 12.0), *COMMAND, at_s=1.0)
    done = ("Your pasta timer is done.", "en")
    assert house.voice.said == [done, done, done, ("Light on.", "en")]
    (ended,) = house.all_of(RingingEnded)
    (woken,) = house.all_of(WakeHeard)
    assert ended.reason == "wake_word"
    assert ended.at_ms == woken.at_ms
    assert len(house.all_of(TurnEnded)) == 1


async def test_ringing_that_nobody_stops_gives_up_after_ten_minutes(caplog: pytest.LogCaptureFixture) -> None:
    house = House(ScriptedSession(CALL), rings=True)
    await ring(house, (SILENCE, 640.0), *COMMAND, at_s=1.0)
    (ended,) = house.all_of(RingingEnded)
    assert ended.reason == "nobody"
    assert 600_000 <= ended.audio_ms - 1_000 <= 605_000
    assert "nobody stopped a timer or alarm in 10 minutes" in caplog.text
    assert house.voice.said[-1] == ("Light on.", "en")
    assert 110 <= len(house.voice.said) <= 125


async def test_a_timer_that_rings_when_the_file_is_over_does_not_hold_it_open() -> None:
    """Neither one that has rung already, nor one that waited for the end of a turn."""
    for at_s in (4.0, 3.0):
        house = House(ScriptedSession(CALL), rings=True)
        async with asyncio.timeout(5):
            await ring(house, (SILENCE, 0.5), (WAKE, 0.6), (SPEECH, 1.2), (SILENCE, 2.0), at_s=at_s)
        assert house.all_of(RingingEnded)[0].reason == "input_ended"
        assert ("Your pasta timer is done.", "en") in house.voice.said


def test_several_timers_and_an_alarm_are_told_together() -> None:
    assert replies.rung([("pasta", None), (None, None), (None, "07:30"), ("gym", "18:05")]) == (
        "Your pasta timer is done. Your timer is done. It's 07:30. It's 18:05, your gym alarm."
    )


async def test_whoever_gives_up_while_the_answer_is_heard_says_why() -> None:
    """The answer is heard to its end, once."""
    house = House(ScriptedSession(CALL), fast=False)

    def give_up(event: Event) -> None:
        house.events.append(event)
        if isinstance(event, ReplyAudioStarted):
            house.conversation.give_up(ModelStuck("it is stuck", remedy="start again"))

    house.conversation._observe = give_up
    with pytest.raises(ModelStuck):
        await house.replay(sound(*COMMAND))
    assert len(house.all_of(ReplyAudioFinished)) == 1


async def test_without_a_wake_word_a_timer_rings_when_nobody_speaks() -> None:
    """And whoever speaks when it should is heard to the end before."""
    house = House(ScriptedSession(CALL, CALL), rings=True, wake=False)
    await ring(house, (SPEECH, 1.2), (SILENCE, 4.0), at_s=1.0)
    assert house.voice.said[:2] == [("Light on.", "en"), ("Your pasta timer is done.", "en")]
    assert [e.turn for e in house.all_of(TurnEnded)] == [1]
