"""Sounds instead of words, and the one for the wake word: when each is heard."""

import asyncio

import pytest

from assistant import commands as c
from assistant import states as s
from assistant import turn
from assistant.audio import earcons
from assistant.events import Event, WakeHeard, name_of
from assistant.mouth import Mouth
from assistant.stages import AudioClip
from tests.fakes import ToneVoice


class Ear:
    """A Speaker that notes what is played, and takes no time."""

    def __init__(self) -> None:
        self.heard: list[AudioClip] = []

    async def play(self, clip: AudioClip) -> None:
        self.heard.append(clip)

    def stop(self) -> None: ...

    async def aclose(self) -> None: ...


class SlowEar(Ear):
    """One on which clips take a moment, and give way to the next."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.overtaken: list[AudioClip] = []

    async def play(self, clip: AudioClip) -> None:
        self.heard.append(clip)
        self.begun.set()
        for _ in range(30):
            await asyncio.sleep(0)
            if self.heard[-1] is not clip:
                self.overtaken.append(clip)
                return


def fail(error: Exception) -> None:
    raise error


async def test_a_sentence_for_which_a_sound_is_enough_is_not_spoken_and_the_answer_ends_all_the_same() -> None:
    sounds, voice, ear, events = earcons.make(), ToneVoice(), Ear(), list[Event]()
    mouth = Mouth(
        voice, ear, sounds, now_ms=lambda: 0.0, heard_ms=lambda: 0.0, instead={"Sorry, what?": "not_understood"}
    )
    mouth.attach(events.append, fail)
    mouth.speak("Sorry, what?", "en")
    mouth.finish()
    await mouth.wait()
    assert (voice.said, ear.heard) == ([], [sounds["not_understood"]])
    assert [name_of(event) for event in events] == ["reply_audio_finished"]
    mouth.speak("Light on.", "en")
    await mouth.wait()
    assert voice.said == [("Light on.", "en")]
    await mouth.aclose()


@pytest.mark.parametrize("wanted", [True, False])
def test_the_sound_for_the_wake_word_comes_behind_the_opening_of_the_turn(wanted: bool) -> None:
    """So it delays nothing; muted there is none."""
    rules, wake = turn.Rules(wake_sound=wanted), WakeHeard(1000, 1000, 0.9)
    told = [c.PlayEarcon("listening")] if wanted else []
    assert list(turn.step(s.Idle(0), wake, rules)[1]) == [c.OpenTurn(1, 900.0), *told]
    assert turn.step(s.Muted(0), wake, rules)[1] == ()


async def test_no_answer_waits_for_the_sound_that_says_that_one_is_under_way() -> None:
    """One that is ready first is all that is heard; one that comes meanwhile takes the sound's place at the speaker."""
    sounds, ear, events = earcons.make(), SlowEar(), list[Event]()
    mouth = Mouth(ToneVoice(), ear, sounds, now_ms=lambda: 0.0, heard_ms=lambda: 0.0)
    mouth.attach(events.append, fail)
    mouth.earcon("heard")
    await ear.begun.wait()
    mouth.speak("Light on.", "en")
    mouth.finish()
    await mouth.wait()
    assert [clip.rate_hz for clip in ear.heard] == [22_050, 16_000]
    assert ear.overtaken == [sounds["heard"]]
    mouth.speak("Light off.", "en")
    mouth.earcon("heard")
    await mouth.wait()
    assert len(ear.heard) == 3
    await mouth.aclose()


async def test_a_sound_that_gave_way_is_over_when_all_is_silenced() -> None:
    ear = SlowEar()
    mouth = Mouth(ToneVoice(), ear, earcons.make(), now_ms=lambda: 0.0, heard_ms=lambda: 0.0)
    mouth.attach(lambda event: None, fail)
    mouth.earcon("heard")
    await ear.begun.wait()
    mouth.silence()
    mouth.earcon("heard")
    await mouth.wait()
    assert [clip.rate_hz for clip in ear.heard] == [22_050, 22_050]
    await mouth.aclose()
