"""The speaker against a fake device, and against a private sound server."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.audio import pcm
from assistant.audio import speaker as speaker_module
from assistant.audio.clock import WallClock
from assistant.audio.devices import Device, Direction, Sound, meter
from assistant.audio.mic import Microphone
from assistant.audio.played import Played
from assistant.audio.softer import Softer
from assistant.audio.speaker import SoundSpeaker
from assistant.errors import AudioDeviceError
from assistant.stages import AudioClip, Pcm
from tests.fake_sound import MIC, SPEAKER, FakeSound, FakeStream
from tests.sound_server import sound_server, why_not

RAMP = AudioClip(np.arange(1, 2_001, dtype=np.int16), 48_000)


class HandClock:
    """A clock that stands still unless somebody sleeps."""

    def __init__(self) -> None:
        self.time_s = 7.0
        self.slept: list[float] = []

    def now_s(self) -> float:
        return self.time_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time_s += max(0.0, seconds)
        await asyncio.sleep(0)


def stereo() -> FakeSound:
    return FakeSound(MIC, SPEAKER, forms={(48_000, 2)})


async def begun(sound: FakeSound, playing: asyncio.Task[None], *, after: FakeStream | None = None) -> FakeStream:
    """The stream, once it is open and a pull finds the clip; not `after`, which a thread may be closing still."""
    while not sound.streams or sound.streams[-1].closed or sound.streams[-1] is after:
        assert not playing.done()
        await asyncio.sleep(0)
    return sound.streams[-1]


async def pull_clip(stream: FakeStream, playing: asyncio.Task[None], frames: int = 960, latency_s: float = 0.0) -> Pcm:
    """Pull blocks until the first that isn't silent."""
    while True:
        block = stream.pull(frames, latency_s=latency_s)
        if block.any():
            return block
        assert not playing.done()
        await asyncio.sleep(0)


async def test_a_clip_at_the_devices_rate_is_played_sample_for_sample_on_all_channels() -> None:
    """Behind its last sample there is silence, and `play` returns when that sample has been heard."""
    clock = HandClock()
    sound = stereo()
    speaker = SoundSpeaker(sound, clock)
    playing = asyncio.create_task(speaker.play(RAMP))
    stream = await begun(sound, playing)
    blocks = [await pull_clip(stream, playing, latency_s=0.1), stream.pull(960), stream.pull(960, latency_s=0.1)]
    await playing
    played = np.concatenate(blocks)
    assert np.array_equal(played[:2_000], np.stack([RAMP.samples, RAMP.samples], axis=1))
    assert not played[2_000:].any()
    assert not stream.pull(960).any()
    assert speaker.first_sample_s == pytest.approx(7.1)
    assert clock.slept == pytest.approx([0.1 + 80 / 48_000])
    await speaker.aclose()
    assert stream.closed


async def test_clips_of_an_answer_share_one_open_stream_and_are_resampled() -> None:
    """A clip at 16 kHz lasts as long on a 48 kHz device."""
    sound = stereo()
    speaker = SoundSpeaker(sound, HandClock())
    for _ in range(2):
        playing = asyncio.create_task(speaker.play(AudioClip(np.full(1_600, 5_000, np.int16), 16_000)))
        stream = await begun(sound, playing)
        played = np.concatenate([await pull_clip(stream, playing), stream.pull(9_600)])
        await playing
        assert np.median(played[:4_800, 0]) == 5_000
        assert not played[4_800:].any()
    assert len(sound.streams) == 1
    await speaker.aclose()


async def test_where_a_word_may_have_been_covered_it_is_quieter_for_two_seconds() -> None:
    """The clip goes on, 12 dB softer within 20 ms, and comes back; what is reported as played is what is heard."""
    sound, clock, played = stereo(), HandClock(), Played()
    softer = Softer(clock)
    speaker = SoundSpeaker(sound, clock, played=played, softer=softer)
    playing = asyncio.create_task(speaker.play(AudioClip(np.full(48_000, 8_000, np.int16), 48_000)))
    stream = await begun(sound, playing)
    assert (await pull_clip(stream, playing) == 8_000).all()
    softer.begin()
    fading = stream.pull(960)[:, 0]
    assert fading[0] > 7_900
    assert fading[-1] == 2_000
    assert (np.diff(fading) <= 0).all()
    assert (stream.pull(960) == 2_000).all()
    clock.time_s += 2.1
    assert stream.pull(960)[-1, 0] == 8_000
    assert (stream.pull(960) == 8_000).all()
    assert played.at(clock.now_s()) is not None
    speaker.stop()
    await playing
    await speaker.aclose()


async def test_a_clip_takes_the_place_of_one_that_plays_over_ten_ms_in_the_same_stream() -> None:
    """From the next block on, without a jump; whoever played the first one goes on at once."""
    sound = stereo()
    speaker = SoundSpeaker(sound, HandClock())
    first = asyncio.create_task(speaker.play(AudioClip(np.full(960_000, 8_000, np.int16), 48_000)))
    stream = await begun(sound, first)
    assert (await pull_clip(stream, first) == 8_000).all()
    second = asyncio.create_task(speaker.play(AudioClip(np.zeros(2_000, np.int16), 48_000)))
    fading = stream.pull(240)[:, 0]
    while (fading == 8_000).all():
        await asyncio.sleep(0.005)
        fading = stream.pull(240)[:, 0]
    fading = np.concatenate([fading, stream.pull(480)[:, 0]])  # in two blocks
    assert fading[0] == 8_000
    assert (np.diff(fading) <= 0).all()
    assert not fading[480:].any()
    await first
    stream.pull(2_000)
    await second
    assert len(sound.streams) == 1
    assert not stream.closed
    await speaker.aclose()


async def test_stop_ends_a_clip_and_the_one_that_was_to_take_its_place() -> None:
    sound = stereo()
    speaker = SoundSpeaker(sound, HandClock())
    first = asyncio.create_task(speaker.play(RAMP))
    stream = await begun(sound, first)
    await pull_clip(stream, first)
    second = asyncio.create_task(speaker.play(RAMP))
    await asyncio.sleep(0)
    speaker.stop()
    await asyncio.wait_for(asyncio.gather(first, second), 5)
    assert not stream.pull(960).any()
    await speaker.aclose()


@pytest.mark.parametrize("how", ["stop", "cancel"])
async def test_stopping_or_cancelling_drops_what_the_driver_still_holds(how: str) -> None:
    """The stream is closed, `play` returns, and the next clip opens it again."""
    sound = stereo()
    speaker = SoundSpeaker(sound, HandClock())
    playing = asyncio.create_task(speaker.play(RAMP))
    stream = await begun(sound, playing)
    await pull_clip(stream, playing)
    if how == "stop":
        speaker.stop()
        await playing
    else:
        playing.cancel()
        await asyncio.wait([playing])
        assert playing.cancelled()
    assert not stream.pull(960).any()
    again = asyncio.create_task(speaker.play(RAMP))
    second = await begun(sound, again, after=stream)
    assert second is not stream
    await pull_clip(second, again, frames=2_000)
    await again
    await speaker.aclose()
    assert stream.closed
    assert second.closed


async def test_a_stop_while_the_device_is_being_opened_is_not_lost() -> None:
    """The clip isn't heard at all; a stop when nothing plays is harmless."""
    sound = stereo()
    speaker = SoundSpeaker(sound, HandClock())
    speaker.stop()
    playing = asyncio.create_task(speaker.play(RAMP))
    await asyncio.sleep(0)
    speaker.stop()
    await playing
    assert not any(s.pull(960).any() for s in sound.streams if not s.closed)
    await speaker.aclose()


class SlowSound(FakeSound):
    """A device that takes its time to open."""

    def __init__(self) -> None:
        super().__init__(MIC, SPEAKER, forms={(48_000, 2)})
        self.asked, self.ready = threading.Event(), threading.Event()

    def open(self, device: Device, direction: Direction, **form: Any) -> FakeStream:
        self.asked.set()
        assert self.ready.wait(20)
        return super().open(device, direction, **form)


@pytest.mark.parametrize("goes_on", [True, False])
async def test_a_clip_that_is_cancelled_while_the_device_opens_leaves_no_stream_behind(*, goes_on: bool) -> None:
    """The next clip plays on that stream; at the end it is closed."""
    sound = SlowSound()
    speaker = SoundSpeaker(sound, HandClock())
    playing = asyncio.create_task(speaker.play(RAMP))
    assert await asyncio.to_thread(sound.asked.wait, 20)
    playing.cancel()
    await asyncio.wait([playing])
    if goes_on:
        again = asyncio.create_task(speaker.play(RAMP))
        sound.ready.set()
        await pull_clip(await begun(sound, again), again, frames=2_000)
        await again
    closing = asyncio.create_task(speaker.aclose())
    await asyncio.sleep(0)
    sound.ready.set()
    await closing
    assert [stream.closed for stream in sound.streams] == [True]


async def test_a_speaker_that_is_unplugged_is_an_error_and_the_next_clip_tries_again() -> None:
    """Plugged in again it works without a restart."""
    sound = stereo()
    speaker = SoundSpeaker(sound, HandClock())
    playing = asyncio.create_task(speaker.play(RAMP))
    stream = await begun(sound, playing)
    await pull_clip(stream, playing)
    stream.unplug()
    with pytest.raises(AudioDeviceError, match="'Loudspeaker' is gone") as caught:
        await playing
    assert caught.value.exit_code == 4
    again = asyncio.create_task(speaker.play(RAMP))
    await pull_clip(await begun(sound, again, after=stream), again, frames=2_000)
    await again
    await speaker.aclose()


async def test_a_device_that_takes_no_sound_is_an_error() -> None:
    """Nobody waits for ever for a card that is stuck."""
    speaker = SoundSpeaker(stereo(), HandClock(), stall_s=0.0)
    with pytest.raises(AudioDeviceError, match="takes no more sound"):
        await speaker.play(RAMP)
    await speaker.aclose()


async def test_a_driver_with_a_nonsense_clock_makes_nobody_wait() -> None:
    clock, sound = HandClock(), stereo()
    speaker = SoundSpeaker(sound, clock)
    playing = asyncio.create_task(speaker.play(RAMP))
    await pull_clip(await begun(sound, playing), playing, frames=2_000, latency_s=3_600.0)
    await playing
    assert sum(clock.slept) < 3
    await speaker.aclose()


async def test_an_absent_speaker_is_named() -> None:
    """With the command that shows what is there."""
    speaker = SoundSpeaker(FakeSound(MIC, forms=set()), HandClock())
    with pytest.raises(AudioDeviceError, match="no speaker was found") as caught:
        await speaker.play(RAMP)
    assert "hey-gemma devices" in caught.value.remedy
    await speaker.aclose()


async def test_an_empty_clip_is_over_at_once() -> None:
    """Nothing to hear, nothing to wait for."""
    speaker = SoundSpeaker(stereo(), HandClock())
    await speaker.play(AudioClip(np.zeros(0, np.int16), 22_050))
    await speaker.aclose()


async def test_an_earlier_clip_that_is_resampled_later_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its thread may get its turn late on a busy machine: the answer that came behind it is heard to its end."""
    ready = threading.Event()
    resampled = pcm.resample

    def resample(clip: AudioClip, rate_hz: int) -> AudioClip:
        if clip is not RAMP:
            assert ready.wait(5)
        return resampled(clip, rate_hz)

    monkeypatch.setattr(speaker_module, "resample", resample)
    sound = stereo()
    speaker = SoundSpeaker(sound, HandClock())
    earlier = asyncio.create_task(speaker.play(AudioClip(np.full(960, 9_000, np.int16), 48_000)))
    await begun(sound, earlier)
    playing = asyncio.create_task(speaker.play(RAMP))
    first = await pull_clip(sound.streams[0], playing)
    ready.set()
    while not earlier.done() and not speaker._output._next:  # type: ignore[union-attr] # noqa: ASYNC110
        await asyncio.sleep(0)
    rest = sound.streams[0].pull(1_040)
    await playing
    await earlier
    assert np.array_equal(np.concatenate([first, rest])[:, 0], RAMP.samples)
    await speaker.aclose()


async def test_opening_ahead_saves_the_first_clip_the_opening() -> None:
    """`open` and `play` share the stream."""
    sound = stereo()
    speaker = SoundSpeaker(sound, HandClock())
    await speaker.open()
    playing = asyncio.create_task(speaker.play(RAMP))
    await pull_clip(await begun(sound, playing), playing, frames=2_000)
    await playing
    assert len(sound.streams) == 1
    await speaker.aclose()


@pytest.mark.sound
@pytest.mark.skipif(bool(why_not()), reason=str(why_not()))
async def test_a_real_speaker_keeps_time_and_is_silent_when_stopped(tmp_path: Path) -> None:
    """A clip of 1 s takes 1 s, its first sample is heard when it says, and after `stop` the room is quiet."""
    clock = WallClock()
    tone = AudioClip((8_000 * np.sin(0.3 * np.arange(22_050))).astype(np.int16), 22_050)
    heard: list[tuple[float, float]] = []  # arrival, level

    async def listen(mic: Microphone) -> None:
        async for chunk in mic:
            heard.append((clock.now_s(), meter(chunk.samples).rms_dbfs))  # noqa: PERF401 - it never ends by itself

    with sound_server(tmp_path):
        sound = Sound()
        assert sound.rescan()
        speaker = SoundSpeaker(sound, clock, device="room")
        async with Microphone(sound, device="mic") as mic, asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(listen(mic))
            await speaker.open()
            asked_s = clock.now_s()
            await speaker.play(tone)
            first_s, took_s = speaker.first_sample_s, clock.now_s() - asked_s
            playing = tasks.create_task(speaker.play(tone))
            await asyncio.sleep(0.5)
            stopped_s = clock.now_s()
            speaker.stop()
            await playing
            await asyncio.sleep(0.3)
            listening.cancel()
        await speaker.aclose()
    assert first_s is not None
    assert 0.95 < took_s < 1.5  # the server says its delay to some ms
    onset_s = next(at for at, level in heard if level > -20)
    assert -0.02 < onset_s - first_s < 0.2  # the microphone's own delay is in this
    last_s = max(at for at, level in heard if level > -60)
    assert last_s - stopped_s < 0.15  # 50 ms, and the delay of room and microphone


@pytest.mark.sound
@pytest.mark.skipif(bool(why_not()), reason=str(why_not()))
async def test_a_server_that_dies_while_a_clip_plays_is_an_error(tmp_path: Path) -> None:
    """It comes at once, not when the clip would have been over."""
    with sound_server(tmp_path) as server:
        sound = Sound()
        assert sound.rescan()
        speaker = SoundSpeaker(sound, WallClock(), device="room")
        await speaker.open()
        playing = asyncio.create_task(speaker.play(AudioClip(np.ones(22_050 * 20, np.int16), 22_050)))
        async with asyncio.timeout(5):
            while speaker.first_sample_s is None:  # noqa: ASYNC110 - the speaker tells by this attribute only
                await asyncio.sleep(0.01)
        server.kill()
        with pytest.raises(AudioDeviceError, match="'room' is gone"):
            async with asyncio.timeout(5):
                await playing
        await speaker.aclose()
