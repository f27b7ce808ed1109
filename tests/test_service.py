import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant import conversation as c
from assistant.errors import AudioDeviceError
from assistant.events import MicrophoneFound, MicrophoneLost, MuteSwitched, Started
from assistant.llm.engine import Engine
from assistant.service import Pulse, ServiceManager, attended
from assistant.stages import AudioSource
from tests.fakes import SILENCE, ScriptedSession, sound
from tests.test_conversation import House

WATCHDOG_S = 0.3


class Manager:
    """What systemd does with the socket."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.setblocking(False)  # noqa: FBT003

    def told(self) -> list[str]:
        """Every line since the last time."""
        lines: list[str] = []
        while True:
            try:
                lines += self._socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return lines

    def close(self) -> None:
        self._socket.close()


@dataclass
class Heart:
    """An ear, or a mind whose thread can be held up. `steps` by hand."""

    beats: int = 0
    beating: bool = True

    def __post_init__(self) -> None:
        self.thread = ThreadPoolExecutor(max_workers=1)

    async def beat(self) -> None:
        while self.beating:
            self.beats += 1
            await asyncio.sleep(WATCHDOG_S / 20)

    async def settled(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self.thread, lambda: None)


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.close()


@pytest.fixture
def ours(systemd: Manager) -> Iterator[ServiceManager]:
    manager = ServiceManager(systemd.address, WATCHDOG_S)
    yield manager
    manager.close()


@pytest.fixture
async def ear() -> AsyncIterator[Heart]:
    heart = Heart()
    beating = asyncio.create_task(heart.beat())
    yield heart
    heart.beating = False
    await beating


@pytest.fixture
def mind() -> Iterator[Heart]:
    heart = Heart()
    yield heart
    heart.thread.shutdown()


def test_without_a_manager_there_is_nobody_to_tell() -> None:
    assert ServiceManager.given({}) is None
    assert ServiceManager.given({"NOTIFY_SOCKET": "vsock:2:9999"}) is None


def test_only_the_process_that_is_meant_feeds_the_watchdog(systemd: Manager) -> None:
    asked = {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "60000000"}
    for pid, seconds in (({}, 60.0), ({"WATCHDOG_PID": str(os.getpid())}, 60.0), ({"WATCHDOG_PID": "1"}, 0.0)):
        manager = ServiceManager.given(asked | pid)
        assert manager is not None
        assert manager.watchdog_s == seconds
        manager.close()


def test_an_abstract_address_is_understood() -> None:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(f"\0hey-gemma-test-{os.getpid()}")
    manager = ServiceManager(f"@hey-gemma-test-{os.getpid()}")
    manager.tell("READY=1")
    assert listening.recv(100) == b"READY=1"
    manager.close()
    listening.close()


def test_ready_is_who_listens(systemd: Manager, ours: ServiceManager) -> None:
    ours.observe(Started(0.0, 0.0, "tiny", "demo", {}))
    assert systemd.told() == ["STATUS=Opening the microphone"]
    ours.observe(MicrophoneFound(0.0, 0.0))
    assert systemd.told() == ["READY=1", 'STATUS=Listening for "Hey Gemma"']


def test_ready_is_who_waits_for_a_microphone_and_says_so(systemd: Manager, ours: ServiceManager) -> None:
    ours.observe(MicrophoneLost(0.0, 0.0, "there is no microphone"))
    assert systemd.told() == ["READY=1", "STATUS=Waiting for a microphone: there is no microphone"]


def test_an_ear_that_was_switched_off_is_ready_too_and_says_so(systemd: Manager, ours: ServiceManager) -> None:
    ours.observe(MuteSwitched(0.0, 0.0, muted=True))
    assert systemd.told() == ["READY=1", "STATUS=The ear is switched off"]
    ours.observe(MuteSwitched(0.0, 0.0, muted=False))
    ours.observe(MicrophoneFound(0.0, 0.0))
    assert systemd.told()[-1] == 'STATUS=Listening for "Hey Gemma"'


def test_a_manager_that_is_gone_is_logged_and_no_more(ours: ServiceManager, caplog: pytest.LogCaptureFixture) -> None:
    Path(str(ours._address)).unlink()
    ours.tell("READY=1")
    assert "can't be told READY=1" in caplog.text


def test_a_line_break_in_a_device_name_is_no_new_assignment(systemd: Manager, ours: ServiceManager) -> None:
    ours.observe(MicrophoneLost(0.0, 0.0, "gone\nWATCHDOG=trigger"))
    assert systemd.told()[1:] == ["STATUS=Waiting for a microphone: gone WATCHDOG=trigger"]


def test_each_look_asks_for_something_new() -> None:
    pulse = Pulse()
    assert pulse.look(1, 1, answered=True) is None
    assert "no sound" in (pulse.look(1, 2, answered=True) or "")
    assert pulse.look(2, 2, answered=True) is None, "a thread that answers needs no steps"
    assert pulse.look(3, 3, answered=False) is None, "a thread that decodes needs no answer"
    assert "model's thread" in (pulse.look(4, 3, answered=False) or "")


async def _told_in(systemd: Manager, seconds: float) -> int:
    systemd.told()
    await asyncio.sleep(seconds)
    return systemd.told().count("WATCHDOG=1")


async def test_the_watchdog_is_fed_while_ear_and_mind_live(
    systemd: Manager, ours: ServiceManager, ear: Heart, mind: Heart
) -> None:
    async with attended(ours, ear, mind):
        assert await _told_in(systemd, 3 * WATCHDOG_S) >= 2
    assert systemd.told()[-2:] == ["STOPPING=1", "STATUS=Stopping"]


async def test_a_stalled_chunk_stream_stops_the_feeding(
    systemd: Manager, ours: ServiceManager, ear: Heart, mind: Heart, caplog: pytest.LogCaptureFixture
) -> None:
    async with attended(ours, ear, mind):
        await _told_in(systemd, WATCHDOG_S)
        ear.beating = False
        await asyncio.sleep(WATCHDOG_S)
        assert await _told_in(systemd, 2 * WATCHDOG_S) == 0
    assert "no sound comes in" in caplog.text


async def test_a_hung_model_thread_stops_the_feeding_until_it_answers(
    systemd: Manager, ours: ServiceManager, ear: Heart, mind: Heart, caplog: pytest.LogCaptureFixture
) -> None:
    held = threading.Event()
    async with attended(ours, ear, mind):
        await _told_in(systemd, WATCHDOG_S)
        mind.thread.submit(held.wait)
        await asyncio.sleep(WATCHDOG_S)
        assert await _told_in(systemd, 2 * WATCHDOG_S) == 0
        held.set()
        assert await _told_in(systemd, 2 * WATCHDOG_S) > 0
    assert "neither answers nor decodes" in caplog.text


async def test_a_long_decode_is_alive_as_long_as_it_advances(
    systemd: Manager, ours: ServiceManager, ear: Heart, mind: Heart
) -> None:
    held = threading.Event()
    decoding = asyncio.create_task(mind.beat())
    async with attended(ours, ear, mind):
        mind.thread.submit(held.wait)
        await asyncio.sleep(WATCHDOG_S)
        assert await _told_in(systemd, 2 * WATCHDOG_S) > 0
        held.set()
    mind.beating = False
    await decoding


async def test_who_waits_for_a_microphone_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every try to open one counts; a try that hangs doesn't."""
    monkeypatch.setattr(c, "RECOVER_S", 0.01)
    monkeypatch.setattr(c, "AT_ONCE_S", 0.01)
    talk = House(ScriptedSession()).conversation
    tries: list[int] = []
    hung = asyncio.Event()

    def nothing_there(start: int) -> AudioSource:
        tries.append(start)
        if len(tries) == 3:
            hung.set()
        raise AudioDeviceError("there is no microphone", remedy="plug one in")

    waiting = asyncio.create_task(talk.run_microphone(nothing_there, wait=True))
    async with asyncio.timeout(10):
        await hung.wait()
    assert talk.beats == 3
    waiting.cancel()
    await talk.aclose()


async def test_who_is_muted_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """The microphone is closed meanwhile: no chunk comes."""
    monkeypatch.setattr(c, "RECOVER_S", 0.01)
    talk = House(ScriptedSession()).conversation
    talk.mute(muted=True)
    async with asyncio.timeout(10):
        waiting = asyncio.create_task(talk.run_microphone(lambda _: pytest.fail("opened"), wait=True))
        while talk.beats < 3:  # noqa: ASYNC110 - nobody tells of a beat
            await asyncio.sleep(0.01)
    waiting.cancel()
    await talk.aclose()


async def test_every_chunk_is_a_beat() -> None:
    house = House(ScriptedSession())
    await house.replay(sound((SILENCE, 1.0)))
    assert house.conversation.beats == 50


def test_every_decoded_batch_is_a_beat(engine: Engine) -> None:
    before = engine.steps
    engine.main.decode_tokens([2, 3, 4], 0)
    engine.main.append_tokens([5], 3)
    assert engine.steps == before + 2
