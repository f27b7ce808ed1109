"""The loop around the microphone: lost and found again, closed while the ear is switched off."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Self

import numpy as np
import pytest

from assistant import states as s
from assistant.errors import AudioDeviceError, OutputError
from assistant.events import Announced, MicrophoneFound, MicrophoneLost, MuteSwitched, TimerRang
from assistant.muting import Mark, marks, muting, switch, switch_all
from assistant.stages import CHUNK_SAMPLES, AudioChunk
from tests.fakes import ScriptedSession
from tests.test_conversation import House


class Stand:
    """A microphone that gives silence, can be unplugged, and notes when it is open and from which sample on."""

    def __init__(self) -> None:
        self.plugged = True
        self.open = False
        self.opened: list[int] = []

    def __call__(self, start_sample: int) -> "Stand":
        self._next = start_sample
        return self

    async def __aenter__(self) -> Self:
        if not self.plugged:
            raise AudioDeviceError("no microphone was found", remedy="plug one in")
        self.open = True
        self.opened.append(self._next)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.open = False

    async def __aiter__(self) -> AsyncIterator[AudioChunk]:
        while self.plugged:
            await asyncio.sleep(0.001)
            yield AudioChunk(np.zeros(CHUNK_SAMPLES, np.int16), self._next)
            self._next += CHUNK_SAMPLES
        raise AudioDeviceError("the microphone is gone", remedy="plug it in")


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not what():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.002)


async def listening(
    during: Callable[[House, Stand], Awaitable[None]], *, muted: bool = False, stand: Stand | None = None
) -> House:
    """Run the loop while `during` does what it does."""
    house, stand = House(ScriptedSession(), fast=False), stand or Stand()
    await house.clock.release()
    if muted:
        house.conversation.mute(muted=True)
    loop = asyncio.create_task(house.conversation.run_microphone(stand, wait=False))
    try:
        await during(house, stand)
        assert not loop.done()
    finally:
        loop.cancel()
        await asyncio.wait([loop])
        await house.conversation.aclose()
    return house


async def test_muted_the_microphone_is_closed_and_unmuted_it_goes_on_where_it_was() -> None:
    """Closed, not fed with silence; places in the audio go on, and it waits for the wake word again."""

    async def during(house: House, stand: Stand) -> None:
        await until(lambda: house.listener.heard_ms > 100)
        house.conversation.mute(muted=True)
        await until(lambda: not stand.open)
        heard_ms = house.listener.heard_ms
        await asyncio.sleep(0.05)
        assert (house.listener.heard_ms, house.conversation.state) == (heard_ms, s.Muted(0))
        house.conversation.mute(muted=False)
        await until(lambda: house.listener.heard_ms > heard_ms)
        assert stand.opened == [0, round(heard_ms * 16)]
        assert house.conversation.state == s.Idle(0)

    house = await listening(during)
    assert len(house.all_of(MicrophoneFound)) == 1
    assert house.all_of(MicrophoneLost) == []


async def test_muted_timers_ring_and_texts_are_spoken_and_it_stays_closed() -> None:
    async def during(house: House, stand: Stand) -> None:
        await until(lambda: stand.open)
        house.conversation.mute(muted=True)
        await until(lambda: not stand.open)
        assert house.conversation.announce("Dinner is ready")
        await until(lambda: ("Dinner is ready.", "en") in house.voice.said)
        await until(lambda: house.conversation.state == s.Muted(0))
        house.conversation.post(TimerRang(0, 0, "pasta"))
        await until(lambda: len(house.voice.said) >= 2)
        await until(lambda: house.conversation.state == s.Muted(0))  # ten minutes of ringing: here they take no time
        assert not stand.open
        house.conversation.mute(muted=False)
        await until(lambda: stand.open)

    assert (await listening(during)).all_of(Announced)


async def test_started_muted_no_microphone_is_opened_and_none_need_be_there() -> None:
    """Unmuted, one that isn't there is waited for."""

    async def during(house: House, stand: Stand) -> None:
        await asyncio.sleep(0.05)
        assert stand.opened == []
        stand.plugged = False
        house.conversation.mute(muted=False)
        await until(lambda: bool(house.all_of(MicrophoneLost)))
        assert house.conversation.state == s.WaitingForMicrophone(0)
        stand.plugged = True
        await until(lambda: house.conversation.state == s.Idle(0))

    await listening(during, muted=True)


async def test_a_microphone_that_stays_away_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at every look; found, it listens as before."""
    monkeypatch.setattr("assistant.conversation.RECOVER_S", 0.01)
    monkeypatch.setattr("assistant.conversation.AT_ONCE_S", 0.01)

    async def during(house: House, stand: Stand) -> None:
        await until(lambda: stand.open)
        stand.plugged = False
        await asyncio.sleep(0.15)
        assert [e.message for e in house.all_of(MicrophoneLost)] == [
            "the microphone is gone",
            "no microphone was found",
        ]
        stand.plugged = True
        await until(lambda: house.conversation.state == s.Idle(0))

    await listening(during)


async def test_a_file_switches_the_ear_both_ways_and_over_a_restart(tmp_path: Path) -> None:
    """Whoever else switches it writes the same file."""
    path = tmp_path / "state" / "muted"
    for muted in (True, False):
        house = House(ScriptedSession())
        mark = Mark(path)
        house.conversation._observe = mark.keep
        async with muting(mark, house.conversation):
            assert s.is_muted(house.conversation.state) is not muted
            switch(path, muted=muted)
            await until(lambda talk=house.conversation, to=muted: s.is_muted(talk.state) is to)  # type: ignore[misc]
        await house.conversation.aclose()
    house.conversation.mute(muted=True)
    assert path.exists()
    assert Mark(path).muted
    house.conversation.mute(muted=False)
    assert not path.exists()


async def test_a_file_that_cannot_be_written_leaves_the_ear_as_it_was_switched(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Muted stays muted: nobody may take a full disk for an order to listen."""
    (tmp_path / "state").write_text("a file where the folder should be")
    mark = Mark(tmp_path / "state" / "muted")
    mark.keep(MuteSwitched(0, 0, muted=True))
    assert "after a restart the ear is as before" in caplog.text
    assert not mark.look()


def test_the_command_switches_this_user_and_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    service = tmp_path / "service"
    assert marks(service) == [tmp_path / "hey-gemma" / "muted"]
    service.mkdir()
    switch_all(marks(service), muted=True)
    assert all(path.exists() for path in marks(service))
    (tmp_path / "hey-gemma" / "muted").unlink()
    (tmp_path / "hey-gemma" / "muted").mkdir()  # can't be removed as a file
    with pytest.raises(OutputError) as caught:
        switch_all(marks(service), muted=False)
    assert "sudo hey-gemma unmute" in caught.value.remedy
    assert not (service / "muted").exists()
