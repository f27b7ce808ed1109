"""Sounds instead of words, and the one for the wake word: when each is heard."""

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
