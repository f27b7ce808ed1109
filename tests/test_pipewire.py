"""On PipeWire as on PulseAudio: the tests in real time once more, and what is different there."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from assistant.audio.clock import WallClock
from assistant.audio.devices import Sound
from assistant.audio.mic import Microphone
from assistant.audio.speaker import SoundSpeaker
from assistant.audio.streams import Streams
from assistant.duck import Ducker
from assistant.errors import AudioDeviceError
from tests import test_barge_in, test_devices, test_duck, test_mic, test_speaker
from tests.pipewire_server import pipewire_server, why_not
from tests.test_duck import IDLE, LISTENING
from tests.test_mic import take

pytestmark = [pytest.mark.sound, pytest.mark.skipif(bool(why_not()), reason=str(why_not()))]

SONG = Path(__file__).parent / "replay" / "four_turns.flac"
SAME: list[partial[Coroutine[Any, Any, None]]] = [
    partial(test_mic.test_a_tone_goes_through_speaker_and_microphone_whole, kind=Sound),
    partial(test_mic.test_a_server_that_dies_is_a_lost_microphone_and_comes_back),
    partial(test_speaker.test_a_real_speaker_keeps_time_and_is_silent_when_stopped),
    partial(test_speaker.test_a_server_that_dies_while_a_clip_plays_is_an_error),
    partial(test_barge_in.test_a_person_interrupts_it_and_it_is_silent_soon),
    partial(test_duck.test_a_program_that_plays_on_a_real_server_goes_quiet_and_comes_back),
]


@pytest.mark.parametrize("test", SAME, ids=lambda test: test.func.__name__)
async def test_as_on_pulseaudio(
    test: partial[Coroutine[Any, Any, None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the server is another one."""
    monkeypatch.setattr(sys.modules[test.func.__module__], "sound_server", pipewire_server)
    await test(tmp_path)


def test_its_devices_are_listed_opened_and_looked_at_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_devices, "sound_server", pipewire_server)
    test_devices.test_a_real_server_is_listed_opened_and_looked_at_anew(tmp_path)


@contextmanager
def playing(*command: str, there: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=there)
    try:
        yield
    finally:
        process.kill()
        process.wait()


async def until(what: Callable[[], Awaitable[bool]]) -> float:
    """How long it took."""
    clock = WallClock()
    async with asyncio.timeout(20):
        while not await what():  # noqa: ASYNC110 - a server is asked
            await asyncio.sleep(0.02)
    return clock.now_s()


async def test_a_player_that_speaks_its_own_language_goes_quiet_and_comes_back(tmp_path: Path) -> None:
    """Its stream doesn't say whose it is, only its client does. Our own voice and a loop between programs stay loud."""
    with pipewire_server(tmp_path) as server:
        there = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "PULSE_SERVER": f"unix:{server.socket}"}
        sound, streams = Sound(), Streams(environ=there)
        assert sound.rescan()
        ours = SoundSpeaker(sound, WallClock(), device="room")
        await ours.open()

        async def volumes_are(*percent: int) -> bool:
            told = server.order("-f json list sink-inputs")
            return sorted(map(int, re.findall(r'"value_percent":"(\d+)%"', told))) == sorted(percent)

        with playing("pw-loopback", there=there), playing("pw-cat", "--playback", str(SONG), there=there):
            duck = Ducker([streams], tmp_path / "ducked.json", linger_s=0.01)
            await until(lambda: volumes_are(100, 100, 100, 100))  # the loop has two channels
            async with duck.working():
                duck.show(LISTENING)
                await until(lambda: volumes_are(25, 100, 100, 100))
                duck.show(IDLE)
                await until(lambda: volumes_are(100, 100, 100, 100))
        await ours.aclose()


async def test_a_microphone_that_is_unplugged_is_left_and_taken_again_when_it_is_there(tmp_path: Path) -> None:
    """The server links the stream to something else and back by itself: nobody is told, and the sound goes on."""
    with pipewire_server(tmp_path) as server:
        sound = Sound()
        assert sound.rescan()
        async with Microphone(sound, device="mic") as mic:
            chunks = aiter(mic)

            async def hears(source: str) -> bool:
                await anext(chunks)
                return server.source_of("ALSA plug-in") == source

            await until(lambda: hears("mic"))
            server.unplug_mic()
            await until(lambda: hears("room.monitor"))
            server.plug_mic()
            took_s = await until(lambda: hears("mic"))
    print(f"heard again {took_s:.2f} s after it was plugged in")  # noqa: T201 - a figure
    assert took_s < 3.0


async def test_a_pipewire_that_is_started_anew_is_heard_again(tmp_path: Path) -> None:
    """All of it ends, as with a restart by hand: the microphone is lost at once and found when it is back."""
    sound = Sound()
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
    with pipewire_server(tmp_path / "before") as server:
        assert sound.rescan()
        async with Microphone(sound, device="mic") as mic:
            chunks = aiter(mic)
            await take(chunks, 5)
            server.kill_all()
            with pytest.raises(AudioDeviceError, match="'mic' is gone"):
                await take(chunks, 200)
    with pipewire_server(tmp_path / "after"):
        async with Microphone(sound, device="mic") as mic:
            assert len(await take(aiter(mic), 5)) == 5
