"""What the model makes of a whole sentence whose beginning was taken for all of it, and what is remembered of it."""

import asyncio

import pytest

from assistant import commands as c
from assistant.events import CallsDone, CallsReady, Event, SpeechContinued
from assistant.intents.deeds import Deeds
from assistant.intents.router import Router
from assistant.mind import Mind
from assistant.stages import Call, Effect, Outcome, Tool
from tests.fakes import SILENCE, SPEECH, WAKE, ScriptedSession, ToneVoice, sound
from tests.test_amend import LOCK
from tests.test_conversation import CALL, LONG_PAUSE
from tests.test_conversation import House as Replayed
from tests.test_deeds import House
from tests.test_turn import BROKEN, CALLS, play
from tests.test_turn import SILENCE as END
from tests.test_turn import WAKE as WOKEN


def written(*calls: str) -> list[str]:
    return [text for call in calls for text in ("<|tool_call>", f"call:{call}", "<tool_call|>")]


Q = '<|"|>'
KITCHEN, OFF = (f"HassTurn{way}{{name:{Q}kitchen light{Q}}}" for way in ("On", "Off"))
UNLOCK, YES = f"HassUnlock{{name:{Q}front door{Q}}}", f"HassAnswer{{answer:{Q}yes{Q}}}"


class Thoughts:
    """A mind whose model says these replies, in this house."""

    def __init__(self, *replies: list[str], house: House | None = None, router: Router | None = None) -> None:
        self.house = house or House()
        self.events: list[Event] = []
        self.session = ScriptedSession(*replies)
        self.mind = Mind(self.session, router or self.house.router, language="en", here=lambda: (0.0, 0.0))
        self.mind.attach(self.events.append, self._fail)

    def _fail(self, error: Exception) -> None:
        raise error

    async def said(self) -> CallsDone | None:
        """A command, and what became of it."""
        self.mind.open()
        self.mind.commit()
        return await self.act()

    async def answered(self) -> CallsDone | None:
        """An answer to the question that stands."""
        self.mind.end_turn()
        self.mind.open()
        self.mind.commit_answer()
        return await self.act()

    async def gone_on(self) -> CallsDone | None:
        """The rest of the sentence."""
        self.mind.go_on()
        self.mind.commit(only="calls")
        return await self.act()

    async def act(self) -> CallsDone | None:
        """Carry out what the model asks for, if it does."""
        async with asyncio.timeout(5):
            await self.mind.wait()
            ready = self.events[-1]
            if not isinstance(ready, CallsReady):
                return None
            self.mind.act(ready.calls, ready.confidence)
            await self.mind.wait()
        return [event for event in self.events if isinstance(event, CallsDone)][-1]

    def is_on(self, thing: str = "light.kitchen") -> bool:
        return self.house.home.states()[thing] == "on"


async def test_what_was_doubtful_is_done_when_the_whole_sentence_is_clear() -> None:
    house = House()
    router = Router([house.home], min_confidence=0.9, follow_confidence=0.5, deeds=Deeds(house.clock.now_s))
    thoughts = Thoughts(written(KITCHEN), written(KITCHEN), house=house, router=router)
    thoughts.session.probability = 0.6
    await thoughts.said()
    assert not thoughts.is_on()
    thoughts.session.probability = 0.99
    await thoughts.gone_on()
    assert thoughts.is_on()


async def test_a_doubtful_correction_behind_a_deed_changes_nothing() -> None:
    """It may be a television; a follow-up of its own needs less."""
    house = House()
    router = Router([house.home], min_confidence=0.92, follow_confidence=0.5, deeds=Deeds(house.clock.now_s))
    thoughts = Thoughts(written(KITCHEN), written(OFF), house=house, router=router)
    await thoughts.said()
    thoughts.session.probability = 0.55
    assert await thoughts.gone_on() is None
    assert thoughts.is_on()


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        (written(KITCHEN), "Kitchen light on."),
        (written(YES, KITCHEN), "Kitchen light on."),
        (written(UNLOCK), None),  # "please": no second yes is asked for
        (written(YES), None),
        ([], None),
    ],
)
async def test_who_goes_on_behind_a_yes_keeps_what_was_agreed_to(rest: list[str], said: str | None) -> None:
    """The question isn't in that sound: what was agreed to is no part of the sentence."""
    house = House()
    await house.router.dispatch([LOCK])
    thoughts = Thoughts(written(UNLOCK), written(YES), rest, house=house)
    await thoughts.said()
    await thoughts.answered()
    done = await thoughts.gone_on()
    assert (None if done is None else done.sentence) == said
    assert house.home.states()["lock.front_door"] == "unlocked"


async def test_what_was_agreed_to_is_known_after_a_draft_of_the_rest_was_thrown_away() -> None:
    house = House()
    await house.router.dispatch([LOCK])
    thoughts = Thoughts(written(UNLOCK), written(YES), ["hm"], written(UNLOCK), house=house)
    await thoughts.said()
    await thoughts.answered()
    thoughts.session.listens_ahead = True
    thoughts.mind.go_on()
    thoughts.mind.draft()
    thoughts.mind.retract()
    thoughts.mind.commit(only="calls")
    assert await thoughts.act() is None


class Sensor:
    """A reading without a sentence, which can be taken back."""

    def __init__(self) -> None:
        self.undone = 0

    def tools(self) -> tuple[Tool]:
        return (Tool("Read", "Read"),)

    def context(self) -> str:
        return ""

    async def handle(self, call: Call) -> Outcome:
        self.undone += call.name == "HassUndo"
        effects = (Effect("a.on", "a.a"),)
        undo = Call("HassUndo")
        return Outcome(
            call, ok=True, sentence=None, effects=effects, result={"name": "a"}, allowed_by="test", undo=undo
        )


@pytest.mark.parametrize(("rest", "stays"), [(written("Read{}"), True), ([], False)])
async def test_a_sentence_that_took_two_replies_stands_or_falls_as_one(rest: list[str], *, stays: bool) -> None:
    """If it is dark, turn on the kitchen light: "please", "never mind"."""
    house, sensor = House(), Sensor()
    router = Router([house.home, sensor], deeds=Deeds(house.clock.now_s))
    thoughts = Thoughts(written("Read{}"), written(KITCHEN), rest, house=house, router=router)
    first = await thoughts.said()
    assert first is not None
    thoughts.mind.answer(first.outcomes)
    await thoughts.act()
    await thoughts.gone_on()
    assert (thoughts.is_on(), sensor.undone) == (stays, 0 if stays else 1)


async def test_a_second_reply_that_nobody_waited_for_is_not_lost() -> None:
    """He says "please" while the model still thinks about what it has read."""
    house, sensor = House(), Sensor()
    router = Router([house.home, sensor], deeds=Deeds(house.clock.now_s))
    replies = written("Read{}"), written(KITCHEN)
    thoughts = Thoughts(*replies, *replies, house=house, router=router)
    first = await thoughts.said()
    assert first is not None
    thoughts.mind.answer(first.outcomes)
    again = await thoughts.gone_on()
    assert again is not None
    thoughts.mind.answer(again.outcomes)
    await thoughts.act()
    assert thoughts.is_on()


async def test_a_deed_is_remembered_when_the_wake_word_comes_while_somebody_goes_on() -> None:
    house = Replayed(ScriptedSession(CALL, CALL), voice=ToneVoice(seconds=3.0), knows_itself=True)
    await house.replay(sound(*LONG_PAUSE[:-1], (WAKE, 0.6), (SPEECH, 1.2), (SILENCE, 6.0)))
    assert (house.names().count("speech_continued"), house.names().count("wake_heard")) == (1, 2)
    assert house.session.remembered == ["Light on.", "Light on."]


async def test_what_was_taken_back_is_not_remembered_and_what_was_done_is_when_it_is_dropped() -> None:
    house = House()
    thoughts = Thoughts(written(KITCHEN), [], written(KITCHEN), house=house)
    await thoughts.said()
    await thoughts.gone_on()
    thoughts.mind.end_turn()
    await thoughts.said()
    thoughts.mind.go_on()
    thoughts.mind.drop()
    await thoughts.act()
    assert thoughts.session.remembered == ["Kitchen light as before.", "Kitchen light on."]


def test_who_goes_on_where_the_words_for_a_deed_failed_has_it_done_once() -> None:
    wordless = CallsDone(3000, 3300, None, "en", (Outcome(CALLS.calls[0], ok=True, sentence=None),))
    _, commands = play(WOKEN, END, CALLS, wordless, BROKEN, SpeechContinued(3400, 3500))
    assert c.ReopenTurn() not in commands
