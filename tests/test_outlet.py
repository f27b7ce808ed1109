"""An answer and its speaker: busy, gone, stopped meanwhile; and a turn in which none takes it."""

import asyncio
import logging
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.audio import outlet
from assistant.audio.clock import WallClock
from assistant.audio.devices import Device, Direction, Sound, Wanted
from assistant.audio.mic import Microphone
from assistant.audio.outlet import Outlet
from assistant.audio.speaker import SoundSpeaker
from assistant.errors import AudioDeviceError
from assistant.events import Failed, Reply
from assistant.stages import AudioClip
from tests.fake_sound import SPEAKER, FakeSound, FakeStream
from tests.fakes import ScriptedSession, sound
from tests.sound_server import alsa, serving, why_not
from tests.test_conversation import CALL, COMMAND, House

USB = replace(SPEAKER, index=3, name="USB speaker", is_default_output=False)
CLIP = AudioClip(np.full(960, 500, np.int16), 48_000)


class Cards(FakeSound):
    """Cards that may be busy, and play by themselves what they are given."""

    def __init__(self, *devices: Device) -> None:
        super().__init__(*devices, forms={(48_000, 2)})
        self.busy: dict[str, int] = {}  # how often more it can't be opened
        self.played: list[str] = []

    def open(self, device: Device, direction: Direction, **form: Any) -> FakeStream:
        if self.busy.get(device.name, 0) > 0:
            self.busy[device.name] -= 1
            raise AudioDeviceError(f"the speaker {device.name!r} can't be opened: busy", remedy="see who holds it")
        stream = super().open(device, direction, **form)
        asyncio.run_coroutine_threadsafe(self._consume(device.name, stream), self.loop)
        return stream

    async def _consume(self, name: str, stream: FakeStream) -> None:
        while not stream.closed:
            if stream.pull(960).any():
                self.played.append(name)
            await asyncio.sleep(0.001)

    def outlet(self, wanted: Wanted) -> Outlet:
        self.loop = asyncio.get_running_loop()
        clock = WallClock()
        return Outlet(lambda device: SoundSpeaker(self, clock, device=device), wanted, clock)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlet, "RETRY_S", 0.01)


async def test_a_speaker_that_was_busy_for_a_moment_is_tried_again() -> None:
    cards = Cards(SPEAKER, USB)
    cards.busy = {USB.name: 1}
    speaker = cards.outlet("USB")
    await speaker.play(CLIP)
    await speaker.aclose()
    assert cards.played == [USB.name]


async def test_one_that_stays_busy_is_replaced_by_the_default_one_for_a_while(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Said once in the log; later the wanted one is used again."""
    cards = Cards(SPEAKER, USB)
    cards.busy = {USB.name: 2}
    speaker = cards.outlet("USB")
    await speaker.play(CLIP)
    await speaker.play(CLIP)
    assert cards.played == [SPEAKER.name, SPEAKER.name]
    assert caplog.text.count("the default speaker is used instead") == 1
    monkeypatch.setattr(speaker, "_spared_until_s", 0.0)
    await speaker.play(CLIP)
    await speaker.aclose()
    assert cards.played[-1] == USB.name


async def test_without_another_one_it_is_an_error_after_the_second_try(caplog: pytest.LogCaptureFixture) -> None:
    cards = Cards(SPEAKER)
    cards.busy = {SPEAKER.name: 2}
    speaker = cards.outlet(None)
    with pytest.raises(AudioDeviceError, match="busy"):
        await speaker.play(CLIP)
    assert "something was not heard" in caplog.text
    await speaker.play(CLIP)
    await speaker.aclose()


async def test_a_stop_while_it_waits_for_the_second_try_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlet, "RETRY_S", 0.2)
    cards = Cards(SPEAKER)
    cards.busy = {SPEAKER.name: 1}
    speaker = cards.outlet("")
    playing = asyncio.create_task(speaker.play(CLIP))
    await asyncio.sleep(0.05)
    speaker.stop()
    await playing
    await speaker.aclose()
    assert cards.played == []


async def test_a_sound_that_waits_for_the_second_try_does_not_take_the_place_of_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The earcon met a busy card; when its second try is due the card is free again, and the answer plays."""
    monkeypatch.setattr(outlet, "RETRY_S", 0.05)
    cards = Cards(SPEAKER)
    cards.busy = {SPEAKER.name: 1}
    speaker = cards.outlet(None)
    earcon, answer = AudioClip(np.full(960, 700, np.int16), 48_000), AudioClip(np.full(144_000, 500, np.int16), 48_000)
    cue = asyncio.create_task(speaker.play(earcon))
    await asyncio.sleep(0.01)
    await speaker.play(answer)
    await cue
    await speaker.aclose()
    assert len(cards.played) == 150


async def test_a_turn_that_no_speaker_takes_is_told_and_the_next_one_works() -> None:
    """The light is on, the failure is an event that lamp, view and log show, and it listens again."""
    house = House(ScriptedSession(CALL, CALL))
    plays = house.speaker.play
    broken = [True]

    async def play(clip: AudioClip) -> None:
        if broken:
            broken.pop()
            raise AudioDeviceError("the speaker is gone", remedy="plug it in")
        await plays(clip)

    house.speaker.play = play  # type: ignore[method-assign]
    await house.replay(sound(*COMMAND, *COMMAND))
    assert len(house.light.calls) == 2
    assert [(f.code, f.remedy) for f in house.all_of(Failed)] == [("audio_device", "plug it in")]
    assert [r.text for r in house.all_of(Reply)] == ["Light on.", "Light on."]
    assert house.voice.said[-1] == ("Light on.", "en")


@pytest.mark.sound
@pytest.mark.skipif(bool(why_not()), reason=str(why_not()))
async def test_an_answer_whose_speaker_is_unplugged_goes_on_in_the_default_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """On real sound servers: the default loudspeaker's microphone hears it."""
    caplog.set_level(logging.WARNING)
    with ExitStack() as stack:
        here = stack.enter_context(serving(tmp_path / "here"))
        usb = ExitStack()
        stack.push(usb)
        there = usb.enter_context(serving(tmp_path / "there", sink="usb"))
        stack.enter_context(alsa(tmp_path / "asound.conf", room=here, mic=here, usb=there))
        hardware, clock = Sound(), WallClock()
        assert hardware.rescan()
        speaker = Outlet(lambda device: SoundSpeaker(hardware, clock, device=device), "usb", clock)
        second = AudioClip((9_000 * np.sin(0.3 * np.arange(48_000))).astype(np.int16), 48_000)
        loud = 0
        async with Microphone(hardware, device="mic") as mic:
            playing = asyncio.create_task(speaker.play(second))
            async for chunk in mic:
                if chunk.start_sample > 8_000:
                    usb.close()
                loud += int(np.abs(chunk.samples).max() > 3_000)
                if playing.done():
                    break
        await playing
        await speaker.aclose()
    assert loud * 20 > 800
    assert "the default speaker is used instead" in caplog.text
