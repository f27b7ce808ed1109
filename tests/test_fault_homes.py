"""The home goes away from an assistant that runs, and comes back: real servers, real models, real time.

A command is spoken before, meanwhile and afterwards; what was asked of the home is counted by somebody else. See
docs/FAULTS.md.
"""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol, Self

import pytest

from assistant import app, states
from assistant.audio.clock import WallClock
from assistant.audio.replay import NullSpeaker
from assistant.config import Config, HomeConfig
from assistant.config_mqtt import MqttConfig
from assistant.events import Event, Reply, TurnEnded
from assistant.stages import CHUNK_SAMPLES, AudioChunk, Pcm
from tests.faults import quiet, recording, row
from tests.mqtt_devices import HOST, Zigbee2Mqtt, flat
from tests.real_home import Server, Watcher, needs_a_home
from tests.test_mqtt import PORT, sets
from tests.test_mqtt_faults import broker

pytestmark = [pytest.mark.models, pytest.mark.slow]
LONG_S = 120.0  # a machine may be busy
needs_a_broker = pytest.mark.skipif(not PORT, reason="no mosquitto is up: make mqtt-up")


class Room:
    """A microphone in a quiet room in which somebody says something now and then."""

    def __init__(self, clock: WallClock) -> None:
        self._clock = clock
        self._hiss = quiet(1.0)
        self._said: deque[Pcm] = deque()

    def hear(self, sound: Pcm) -> None:
        """Let somebody say it, from now on."""
        self._said += [sound[at : at + CHUNK_SAMPLES] for at in range(0, len(sound) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES)]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[AudioChunk]:
        start, begun_s = 0, self._clock.now_s()
        while True:
            at = start % len(self._hiss)
            chunk = self._said.popleft() if self._said else self._hiss[at : at + CHUNK_SAMPLES]
            await self._clock.reach(begun_s + (start + CHUNK_SAMPLES) / 16_000)
            yield AudioChunk(chunk, start)
            start += CHUNK_SAMPLES


class Household(Protocol):
    """A home, seen from its own side."""

    config: HomeConfig

    async def go(self) -> None: ...
    async def come(self) -> None: ...
    async def settled(self) -> None:
        """Wait until it has come up entirely."""

    async def freeze(self) -> None: ...
    async def thaw(self) -> None: ...
    async def switch_off(self) -> None:
        """By hand, at the switch."""

    async def orders(self) -> int:
        """How often the kitchen light was asked to go on since it last came."""


class OnHomeAssistant:
    """A real Home Assistant."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server, self._looking = server, AsyncExitStack()
        (folder / "token").write_text(server.token, encoding="utf-8")
        self.config = HomeConfig(kind="home_assistant", url=server.url, token_file=str(folder / "token"))

    async def __aenter__(self) -> Self:
        self._watcher = await self._looking.enter_async_context(Watcher(self._server, time.monotonic))
        await self.switch_off()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._looking.aclose()

    async def go(self) -> None:
        await self._looking.aclose()
        self._server.kill()

    async def come(self) -> None:
        await asyncio.to_thread(self._server.again)
        await self._answers("states/light.kitchen", "off")

    async def settled(self) -> None:
        await self._answers("config", "RUNNING")  # newer ones are slow until then: a call may get no answer
        self._watcher = await self._looking.enter_async_context(Watcher(self._server, time.monotonic))
        self._watcher = await self._looking.enter_async_context(Watcher(self._server, time.monotonic))

    async def freeze(self) -> None:
        self._server.pause()

    async def thaw(self) -> None:
        self._server.go_on()

    async def switch_off(self) -> None:
        await self._server.service("light.turn_off", entity_id="light.kitchen")

    async def _answers(self, what: str, state: str) -> None:
        async with asyncio.timeout(2 * LONG_S):
            while await self._server.look(what) != state:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.2)

    async def orders(self) -> int:
        return sum(name == "light.turn_on" and "light.kitchen" in str(data) for _, name, data in self._watcher.calls)


class OnMosquitto:
    """A real broker with a bridge on it that behaves as zigbee2mqtt does."""

    def __init__(self) -> None:
        self.config = HomeConfig(kind="mqtt", mqtt=MqttConfig(host=HOST, port=PORT))
        self._bridge = Zigbee2Mqtt(PORT, flat())

    async def __aenter__(self) -> Self:
        await self._bridge.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._bridge.__aexit__(None, None, None)

    async def go(self) -> None:
        await broker("kill")
        await self._bridge.__aexit__(None, None, None)

    async def come(self) -> None:
        await broker("again")
        self._bridge = Zigbee2Mqtt(PORT, flat())
        await self._bridge.__aenter__()

    async def settled(self) -> None:
        pass

    async def freeze(self) -> None:
        await broker("freeze")

    async def thaw(self) -> None:
        await broker("thaw")

    async def switch_off(self) -> None:
        await self._bridge.hand("kitchen/light", state="OFF")

    async def orders(self) -> int:
        return sum(topic == "zigbee2mqtt/kitchen/light/set" and json.loads(said)["state"] == "ON"
                   for topic, said in sets(self._bridge))  # fmt: skip


class Person:
    """Says one command, and hears what is answered."""

    def __init__(self, room: Room, heard: list[Event], running: "asyncio.Task[None]") -> None:
        self._room, self._heard, self._running = room, heard, running

    async def asks(self) -> str:
        """Say it, wait until the turn is over."""
        seen = len(self._heard)
        self._room.hear(recording("demo.flac"))
        await self.until(lambda: any(isinstance(event, TurnEnded) for event in self._heard[seen:]))
        return " ".join(event.text for event in self._heard[seen:] if isinstance(event, Reply))

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something."""
        async with asyncio.timeout(LONG_S):
            while not true():
                assert not self._running.done()
                await asyncio.sleep(0.05)


@asynccontextmanager
async def living_in(home: Household) -> AsyncIterator[tuple[Person, Callable[[], bool]]]:
    """An assistant that listens in a room of this home, and whether it knows the kitchen light."""
    wall, heard = WallClock(), list[Event]()
    room = Room(wall)
    async with (
        app.loaded(replace(Config(), home=home.config), wall) as stages,
        app.conversing(stages, clock=wall, wall=wall, speaker=NullSpeaker(wall), observe=heard.append) as (talk, _),
    ):
        running = asyncio.create_task(talk.run(room))
        real = stages.real_home
        assert real is not None
        person = Person(room, heard, running)

        def connected() -> bool:
            lights = {state for id_, state in real.states().items() if id_.startswith("light.kitchen")}
            return real._wire.ready and bool(lights & {"on", "off"})

        await person.until(lambda: isinstance(talk.state, states.Idle))
        try:
            yield person, connected
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.fixture(params=[
    pytest.param("home_assistant", id="home-assistant", marks=[pytest.mark.home_assistant, needs_a_home]),
    pytest.param("mqtt", id="mqtt", marks=[pytest.mark.mqtt, needs_a_broker]),
])  # fmt: skip
async def home(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Household]:
    if request.param == "mqtt":
        async with OnMosquitto() as there:
            yield there
        return
    server = Server()
    await server.service("demo_home.reset")
    async with OnHomeAssistant(server, tmp_path) as there:
        yield there
    await server.aclose()


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path / "cache"))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))


def name(home: Household) -> str:
    return "Home Assistant" if home.config.kind == "home_assistant" else "MQTT broker"


def told(caplog: pytest.LogCaptureFixture) -> str:
    """What the log says of the home."""
    return "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("assistant.intents"))


async def orders_after_one_more(home: Household, person: Person) -> int:
    """The light is off, and the command is said and done; how often the light was asked since the home last came."""
    await home.switch_off()
    assert await person.asks() == "Kitchen light on."
    return await home.orders()


async def test_it_is_killed_and_comes_back(home: Household, caplog: pytest.LogCaptureFixture) -> None:
    """The person is told, nothing waits to be done later, and afterwards a command is done, once."""
    caplog.set_level(logging.WARNING, "assistant.intents")
    async with living_in(home) as (person, connected):
        assert await person.asks() == "Kitchen light on."
        assert await home.orders() == 1
        await home.go()
        meanwhile = await person.asks()
        assert meanwhile == "I can't reach the home."
        await home.come()
        back_s = time.monotonic()
        await person.until(connected)
        healed_s = time.monotonic() - back_s
        await home.settled()
        assert await home.orders() == 0, "what was asked of a home that was away isn't done when it is back"
        assert await orders_after_one_more(home, person) == 1
    row(f"{name(home)} killed, a command meanwhile, started again", hears=[meanwhile, "Kitchen light on."],
        log=told(caplog), again_s=f"never stopped; the home again {healed_s:.1f} after it answers",
        twice="nothing (each command asked once, the one meanwhile never)")  # fmt: skip


async def test_it_stands_still_in_the_middle_of_a_call(home: Household, caplog: pytest.LogCaptureFixture) -> None:
    """The person hears what is known; when it goes on the order is carried out, once."""
    caplog.set_level(logging.WARNING, "assistant.intents")
    async with living_in(home) as (person, connected):
        await home.freeze()
        try:
            meanwhile = await person.asks()
        finally:
            await home.thaw()
        assert meanwhile == "I asked, but the home hasn't answered yet."
        thawed_s = time.monotonic()
        while not await home.orders():
            assert time.monotonic() - thawed_s < LONG_S
            await asyncio.sleep(0.05)
        healed_s = time.monotonic() - thawed_s
        await person.until(connected)
        await asyncio.sleep(2)
        assert await home.orders() == 1
        assert await orders_after_one_more(home, person) == 2
    row(f"{name(home)} stands still in the middle of a call, then goes on", hears=[meanwhile, "Kitchen light on."],
        log=told(caplog), again_s=f"never stopped; the order is done {healed_s:.1f} after it goes on",
        twice="nothing (each command asked once)")  # fmt: skip
