"""Trying a microphone and a speaker, on a private sound server: what is played is heard."""

import asyncio
from pathlib import Path

import pytest

from assistant.audio.devices import Level, Sound
from assistant.audio.trial import listen, play
from assistant.errors import AudioDeviceError
from tests.sound_server import sound_server, why_not


@pytest.mark.sound
@pytest.mark.skipif(bool(why_not()), reason=str(why_not()))
async def test_a_tune_is_heard_with_its_level(tmp_path: Path) -> None:
    """Levels come while it listens; alone the microphone is silent."""
    levels: list[Level] = []
    with sound_server(tmp_path):
        sound = Sound()
        sound.rescan()
        silence = await listen(sound, "mic", 0.0, levels.append, 0.5)
        assert silence.peak_dbfs < -60
        assert 3 <= len(levels) <= 6
        hearing = asyncio.create_task(listen(sound, "mic", 0.0, levels.append, 2.5))
        await play(sound, "room")
        assert -30 < (await hearing).peak_dbfs < -1
        with pytest.raises(AudioDeviceError, match="no microphone is called 'ghost'"):
            await listen(sound, "ghost", 0.0, levels.append)
