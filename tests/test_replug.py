"""Microphones and speakers that come and go while the assistant runs, on private sound servers in real time."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from assistant import states as s
from assistant.audio.clock import WallClock
from assistant.audio.devices import Sound
from assistant.audio.mic import Microphone
from assistant.audio.speaker import SoundSpeaker
from assistant.events import MicrophoneFound, MicrophoneLost
from assistant.stages import AudioClip
from tests.fakes import ScriptedSession
from tests.sound_server import alsa, serving, sound_server, why_not, write_alsa
from tests.test_conversation import House

pytestmark = [pytest.mark.sound, pytest.mark.skipif(bool(why_not()), reason=str(why_not()))]
BEEP = AudioClip(np.full(1_600, 3_000, np.int16), 16_000)


async def until(what: Callable[[], bool]) -> float:
    """How long it took."""
    clock = WallClock()
    async with asyncio.timeout(20):
        while not what():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)
    return clock.now_s()


async def test_a_microphone_that_is_unplugged_and_plugged_in_again_is_heard_within_three_seconds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It isn't even listed meanwhile. The speaker is another card, and its stream is open: nobody may wait for that."""
    caplog.set_level(logging.WARNING)
    config = tmp_path / "asound.conf"
    with ExitStack() as stack:
        room = stack.enter_context(serving(tmp_path / "room"))
        usb = ExitStack()
        stack.push(usb)
        mic = usb.enter_context(serving(tmp_path / "mic"))
        stack.enter_context(alsa(config, room=room, mic=mic))
        sound, house = Sound(), House(ScriptedSession(), fast=False)
        assert sound.rescan()
        speaker = SoundSpeaker(sound, WallClock(), device="room")

        def microphone(start_sample: int) -> Microphone:
            speaker.let_go()
            return Microphone(sound, device="mic", start_sample=start_sample)

        listening = asyncio.create_task(house.conversation.run_microphone(microphone, wait=False))
        await until(lambda: house.listener.heard_ms > 200)
        await speaker.play(BEEP)
        write_alsa(config, room=room)
        usb.close()
        await until(lambda: house.conversation.state == s.WaitingForMicrophone(0))
        await asyncio.sleep(0.5)
        heard_ms = house.listener.heard_ms
        mic = stack.enter_context(serving(tmp_path / "again"))
        write_alsa(config, room=room, mic=mic)
        took_s = await until(lambda: house.listener.heard_ms > heard_ms)
        await speaker.play(BEEP)
        listening.cancel()
        await asyncio.wait([listening])
        await speaker.aclose()
        await house.conversation.aclose()
    print(f"heard again {took_s:.2f} s after it was plugged in")  # noqa: T201 - a figure
    assert took_s < 3.0
    assert len(house.all_of(MicrophoneFound)) == 2
    assert house.all_of(MicrophoneLost)[0].message == "the microphone 'mic' is gone"
    assert "the microphone 'mic' is gone; waiting for it" in caplog.text
    assert "the microphone is back after" in caplog.text


async def test_muted_a_real_microphone_is_recorded_by_nobody(tmp_path: Path) -> None:
    """The sound server itself says who records."""
    with sound_server(tmp_path) as server:

        def recorded() -> bool:
            return "ALSA Capture" in server.order("list-source-outputs")

        sound, house = Sound(), House(ScriptedSession(), fast=False)
        assert sound.rescan()
        listening = asyncio.create_task(
            house.conversation.run_microphone(
                lambda start: Microphone(sound, device="mic", start_sample=start), wait=False
            )
        )
        await until(lambda: house.listener.heard_ms > 100)
        assert recorded()
        house.conversation.mute(muted=True)
        assert await until(lambda: not recorded()) < 2
        heard_ms = house.listener.heard_ms
        house.conversation.mute(muted=False)
        assert await until(lambda: house.listener.heard_ms > heard_ms) < 3
        listening.cancel()
        await asyncio.wait([listening])
        await house.conversation.aclose()


async def test_a_sound_server_that_keeps_the_stream_gives_the_microphone_back_by_itself(tmp_path: Path) -> None:
    """PulseAudio moves it to another source, and to the microphone as soon as it is plugged in: nobody is told."""
    with sound_server(tmp_path) as server:

        def source() -> str:
            told = server.order("list-source-outputs").split("index:")
            ours = next(part for part in told if "ALSA Capture" in part)
            return ours.partition("source: ")[2].split()[1]

        sound = Sound()
        assert sound.rescan()
        async with Microphone(sound, device="mic") as mic:
            chunks = aiter(mic)
            heard = []
            changes: list[Callable[[], None]] = [server.look, server.unplug_mic, server.plug_mic]
            for change in changes:
                change()
                for _ in range(10):
                    await anext(chunks)
                heard.append(source())
    assert heard == ["<mic>", "<room.monitor>", "<mic>"]
