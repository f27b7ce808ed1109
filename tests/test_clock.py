"""The clock that the audio moves."""

import asyncio

import numpy as np
import pytest

from assistant.audio.clock import AudioClock, WallClock
from assistant.audio.replay import NullSpeaker
from assistant.stages import AudioClip


async def test_sleepers_wake_in_order_and_at_their_own_time() -> None:
    """One step of 20 ms wakes each sleeper at its deadline, and a chain of short sleeps keeps its pace."""
    clock = AudioClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, *sleeps: float) -> None:
        for seconds in sleeps:
            await clock.sleep(seconds)
            woken.append((name, round(clock.now_s(), 6)))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeper("late", 0.015))
        tasks.create_task(sleeper("chain", 0.004, 0.004, 0.004))
        tasks.create_task(sleeper("next chunk", 0.025))
        await asyncio.sleep(0)
        await clock.reach(0.02)
        assert woken == [("chain", 0.004), ("chain", 0.008), ("chain", 0.012), ("late", 0.015)]
        assert clock.now_s() == 0.02
        await clock.reach(0.04)
    assert woken[-1] == ("next chunk", 0.025)


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    """It neither wakes nor stops the others."""
    clock = AudioClock()
    first = asyncio.create_task(clock.sleep(1))
    second = asyncio.create_task(clock.sleep(2))
    await asyncio.sleep(0)
    first.cancel()
    await clock.reach(3)
    assert first.cancelled()
    await second


async def test_after_the_audio_short_sleeps_end_and_long_ones_do_not() -> None:
    """An answer is heard to its end; a timer set for an hour doesn't ring because the file is over."""
    clock = AudioClock()
    timer = asyncio.create_task(clock.sleep(3600))
    answer = asyncio.create_task(NullSpeaker(clock).play(AudioClip(np.zeros(80_000, np.int16), 16_000)))
    await asyncio.sleep(0)
    await clock.reach(1.0)
    await clock.release()
    await answer
    assert clock.now_s() == pytest.approx(5.0)
    assert not timer.done()
    timer.cancel()


async def test_what_the_last_chunk_set_off_begins_before_time_goes_on() -> None:
    """A task that was made between two chunks sleeps from the first one's time."""
    clock = AudioClock()
    woken: list[float] = []

    async def sleeper() -> None:
        await clock.sleep(0.01)
        woken.append(clock.now_s())

    task = asyncio.create_task(sleeper())
    await clock.reach(0.02)
    await task
    assert woken == [0.01]


async def test_no_time_is_no_sleep_but_lets_others_run() -> None:
    """Nobody need move the clock for it."""
    async with asyncio.timeout(10):
        await AudioClock().sleep(0)


async def test_the_wall_clock_waits_for_a_moment_and_not_for_one_in_the_past() -> None:
    """Real time, measured from when the clock was made."""
    clock = WallClock()
    await clock.reach(0.02)
    assert clock.now_s() >= 0.02
    before_s = clock.now_s()
    await clock.reach(0.0)
    assert clock.now_s() - before_s < 0.5
