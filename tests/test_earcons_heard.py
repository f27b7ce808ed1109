"""Our own sounds in the microphone: no voice, no wake word, and in nobody's way."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from assistant import runs
from assistant.audio import earcons
from assistant.audio.pcm import resample
from assistant.config import Config, WakeConfig
from assistant.events import Event, ToolCalled, WakeHeard
from assistant.stages import Pcm
from assistant.vad import GatedVad, SileroVad, WebRtcVad
from assistant.wake import WakeWord

SOUNDS = {name: resample(clip, 16_000).samples for name, clip in earcons.make(1.0).items() if name != "pause"}
DEMO = Path(__file__).parent / "replay" / "demo.flac"


def chunks(sound: Pcm) -> list[Pcm]:
    return [sound[start : start + 320] for start in range(0, len(sound) - 319, 320)]


@pytest.mark.models
@pytest.mark.parametrize("name", sorted(SOUNDS))
@pytest.mark.parametrize("level_db", [0, -20])
def test_no_sound_of_ours_is_taken_for_a_voice_or_the_wake_word(name: str, level_db: int) -> None:
    """As loud as it is played, and as a microphone across the room has it: nothing but a little noise besides."""
    silence = np.zeros(16_000)
    quiet_room = np.random.default_rng(1).normal(0, 10, 32_000 + len(SOUNDS[name]))
    heard = np.concatenate([silence, SOUNDS[name] * 10 ** (level_db / 20), silence]) + quiet_room
    vad, word = GatedVad(WebRtcVad(), SileroVad()), WakeWord()
    voiced, scores = [], []
    for chunk in chunks(np.clip(heard, -32768, 32767).astype(np.int16)):
        voiced.append(vad.probability(chunk))
        scores.append(word.score(chunk) or 0.0)
    assert max(voiced) < 0.3
    assert max(scores) < WakeConfig().near_threshold / 2


@pytest.mark.models
@pytest.mark.slow
async def test_a_command_in_one_breath_is_understood_while_the_sound_for_the_wake_word_plays(tmp_path: Path) -> None:
    """In the microphone it is as loud as the person, and behind the word as a real one: nobody waits for it."""
    spoken = np.asarray(soundfile.read(DEMO, dtype="int16")[0], np.int16)
    woken = (await replay(DEMO))[0]
    begins = round(woken.audio_ms * 16) + 2_560  # decided 60 ms later, 100 ms more until it is heard
    beep = SOUNDS["listening"] * (np.std(spoken[np.abs(spoken) > 1_000]) / np.std(SOUNDS["listening"]))
    mixed = spoken.astype(float)
    mixed[begins : begins + len(beep)] += beep
    path = tmp_path / "mixed.flac"
    soundfile.write(path, np.clip(mixed, -32768, 32767).astype(np.int16), 16_000)
    assert [call.effects for call in (await replay(path))[1]] == [
        [{"service": "light.turn_on", "entity_id": "light.kitchen"}]
    ]


async def replay(path: Path) -> tuple[WakeHeard, list[ToolCalled]]:
    events: list[Event] = []
    await runs.run(Config(), runs.Options(mic_file=str(path), fast=True), [events.append])
    (wake,) = (event for event in events if isinstance(event, WakeHeard))
    return wake, [event for event in events if isinstance(event, ToolCalled)]
