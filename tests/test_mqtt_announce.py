"""The assistant as others see it on a real mosquitto, and the orders that it takes from there."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import aiomqtt
import pytest

from assistant.config_mqtt import MqttConfig
from assistant.events import EndpointReached, Reply, ToolCalled, TurnEnded
from assistant.intents.mqtt_announce import Announcer, Desk, Standing
from assistant.intents.mqtt_discovery import Topics, description
from tests.mqtt_devices import HOST
from tests.test_mqtt import PORT
from tests.test_mqtt_faults import broker

CONFIG = MqttConfig(host=HOST, port=PORT, announce=True, topic="test/hey-gemma")
pytestmark = [pytest.mark.mqtt, pytest.mark.skipif(not PORT, reason="no mosquitto is up: make mqtt-up")]


@dataclass
class Others:
    """Another client: what it sees under our topic, and what it sends."""

    client: aiomqtt.Client
    seen: dict[str, str] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        async for message in self.client.messages:
            assert isinstance(message.payload, bytes)
            self.seen[str(message.topic)] = message.payload.decode(errors="replace")
            self.news.set()

    async def until(self, true: Callable[[dict[str, str]], bool]) -> None:
        async with asyncio.timeout(15):
            while not true({topic.removeprefix(f"{CONFIG.topic}/"): told for topic, told in self.seen.items()}):
                self.news.clear()
                await self.news.wait()

    async def send(self, name: str, payload: str | bytes, *, retain: bool = False) -> None:
        await self.client.publish(f"{CONFIG.topic}/{name}", payload, qos=1, retain=retain)


@pytest.fixture
async def others() -> AsyncIterator[Others]:
    async with aiomqtt.Client(HOST, PORT) as client:
        await client.subscribe([(f"{CONFIG.topic}/#", 1), ("homeassistant/#", 1)])
        others = Others(client)
        listening = asyncio.create_task(others.listen())
        yield others
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        with suppress(aiomqtt.MqttError):  # it may have been killed
            for topic in others.seen:
                await client.publish(topic, "", qos=1, retain=True)


@dataclass
class Room:
    """A desk with nothing behind it but what was asked of it."""

    now: Standing = field(default_factory=lambda: Standing("idle", muted=False, volume=80, timers=0, next_timer=None))
    announced: list[str] = field(default_factory=list)

    def desk(self) -> Desk:
        return Desk(lambda: self.now, self.mute, self.volume, self.announce)

    def mute(self, muted: bool) -> None:
        self.now = replace(self.now, muted=muted, state="muted" if muted else "idle")

    def volume(self, percent: int) -> None:
        self.now = replace(self.now, volume=percent)

    def announce(self, text: str) -> bool:
        self.announced.append(text)
        return True


@asynccontextmanager
async def shown(room: Room, config: MqttConfig = CONFIG) -> AsyncIterator[Announcer]:
    announcer = Announcer(config, None, first_wait_s=0.05)
    try:
        await announcer.start(room.desk())
        yield announcer
    finally:
        await announcer.aclose()


async def test_others_see_what_it_does_and_that_it_is_gone(others: Others) -> None:
    """State, volume, timers; offline when it ends."""
    room = Room()
    async with shown(room) as announcer:
        first = {"availability": "online", "state": "idle", "mute": "OFF", "volume": "80", "timers": "0"}
        await others.until(lambda s: first.items() <= s.items())
        room.now = replace(room.now, state="speaking", timers=1, next_timer="2026-11-24T12:10:00+01:00")
        announcer.observe(TurnEnded(0, 0, 1, None, None, None, None, None))
        await others.until(lambda s: s.get("state") == "speaking" and s.get("timers") == "1")
    await others.until(lambda s: s.get("availability") == "offline")


async def test_orders_are_carried_out_and_told(others: Others) -> None:
    """Mute and volume as Home Assistant sends them; a text goes to the voice as it is."""
    room = Room()
    async with shown(room):
        await others.until(lambda s: s.get("mute") == "OFF")
        await others.send("mute/set", "ON")
        await others.until(lambda s: s.get("mute") == "ON" and s.get("state") == "muted")
        await others.send("volume/set", "35")
        await others.until(lambda s: s.get("volume") == "35")
        await others.send("announce", "Dinner is ready")
        await others.send("volume/set", "34")
        await others.until(lambda s: s.get("volume") == "34")
        assert room.announced == ["Dinner is ready"]


async def test_orders_that_make_no_sense_or_are_old_change_nothing(
    others: Others, caplog: pytest.LogCaptureFixture
) -> None:
    """What the broker kept from yesterday isn't spoken today."""
    await others.send("announce", "yesterday's news", retain=True)
    await others.send("mute/set", "ON", retain=True)
    room = Room()
    async with shown(room):
        await others.until(lambda s: s.get("mute") == "OFF")
        for name, payload in (
            ("mute/set", "maybe"), ("mute/set", b"\xff\xfe"), ("volume/set", "loud"), ("volume/set", "101"),
            ("volume/set", "NaN"), ("announce", b"x" * 70_000),
        ):  # fmt: skip
            await others.send(name, payload)
        await others.send("volume/set", "20")
        await others.until(lambda s: s.get("volume") == "20")
        assert room.announced == []
        assert not room.now.muted


@pytest.mark.parametrize("words", [False, True])
async def test_what_was_said_is_told_only_where_the_config_allows_it(others: Others, *, words: bool) -> None:
    """Without leave, only the kind of turn leaves the device."""
    async with shown(Room(), replace(CONFIG, announce_words=words)) as announcer:
        announcer.observe(EndpointReached(0, 0, "silence"))
        announcer.observe(ToolCalled(0, 0, "HassTurnOn", {}, [], ok=True, error=None, allowed_by="exposed"))
        announcer.observe(Reply(0, 0, "The secret drawer is open.", "en"))
        announcer.observe(TurnEnded(0, 0, 1, None, None, None, None, None))
        await others.until(lambda s: s.get("turn") == "command")
        if words:
            await others.until(lambda s: "words" in s)
        assert any("secret" in told for told in others.seen.values()) is words


async def test_all_is_told_anew_when_the_broker_lost_it(others: Others) -> None:
    """A broker that was killed keeps nothing: the assistant shows itself again."""
    room = Room()
    async with shown(room):
        await others.until(lambda s: s.get("volume") == "80")
        await broker("kill")
        await broker("again")
        async with aiomqtt.Client(HOST, PORT) as client:
            await client.subscribe([(f"{CONFIG.topic}/#", 1), ("homeassistant/#", 1)])
            again = Others(client)
            listening = asyncio.create_task(again.listen())
            await again.until(lambda s: s.get("availability") == "online" and s.get("volume") == "80")
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            for topic in again.seen:
                await client.publish(topic, "", qos=1, retain=True)


def test_home_assistant_gets_one_device_with_all_that_it_can_show() -> None:
    """Unique ids, and an availability for each; the words' attribute only with leave."""
    topic, payload = description(Topics("hey-gemma/kitchen"), "homeassistant", words=False)
    told: dict[str, Any] = json.loads(payload)
    assert topic == "homeassistant/device/hey_gemma_kitchen/config"
    assert set(told["cmps"]) == {"state", "turn", "timers", "next_timer", "mute", "volume", "announce"}
    assert len({part["unique_id"] for part in told["cmps"].values()}) == 7
    assert {part["availability_topic"] for part in told["cmps"].values()} == {"hey-gemma/kitchen/availability"}
    assert "words" not in payload
