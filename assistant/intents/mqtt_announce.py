"""Shows the assistant on MQTT (state, kind of the last turn, mute, volume, timers) and takes orders from there.

What it tells is what is now, retained, never a queue of what was: at most ten times a second. What was said is told
only where the config allows it. A text that is sent is spoken, and nothing else happens with it. Knows no conversation:
a Desk gives what there is to tell and to switch. Orders that the broker kept are old, and don't count.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from assistant.config_mqtt import MqttConfig
from assistant.events import EndpointReached, Event, Failed, Reply, ToolCalled, TurnEnded
from assistant.intents.home_token import Token
from assistant.intents.home_wire import Unreachable
from assistant.intents.mqtt_discovery import OFFLINE, ONLINE, Topics, description
from assistant.intents.mqtt_link import FIRST_WAIT_S, LastWill, MqttLink, ended
from assistant.intents.mqtt_things import number

WAIT_S = 5.0
LOOK_S = 10.0  # a timer that was started over this connection's back shows so late
TOGETHER_S = 0.1
LONGEST_TEXT_BYTES = 4096
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is to tell: a state of STATES, volume in percent, timers and alarms, and when the next is due."""

    state: str
    muted: bool
    volume: int
    timers: int
    next_timer: str | None  # ISO 8601


@dataclass(frozen=True, slots=True)
class Desk:
    """What there is to tell and to switch. `announce` says whether there was room for the text."""

    look: Callable[[], Standing]
    mute: Callable[[bool], None]
    set_volume: Callable[[int], None]
    announce: Callable[[str], bool]


class Announcer:
    """`observe` gets every event; `start` once there is a desk, `aclose` at the end."""

    def __init__(
        self, config: MqttConfig, read_password: Callable[[], Token] | None, *, first_wait_s: float = FIRST_WAIT_S
    ) -> None:
        self._config = config
        self._topics = Topics(config.topic)
        self._link = MqttLink(
            config,
            read_password,
            self._hear,
            followed=self._followed,
            will=LastWill(self._topics.available, OFFLINE, ONLINE),
            first_wait_s=first_wait_s,
        )
        self._link.follow([self._topics.announce, self._topics.set_mute, self._topics.set_volume])
        self._desk: Desk | None = None
        self._changed = asyncio.Event()
        self._told: dict[str, str] = {}
        self._telling: asyncio.Task[None] | None = None
        self._turn, self._kind, self._words = "none", "", ""

    async def start(self, desk: Desk) -> None:
        """Show what there is. A broker that isn't there comes later. Raises ConfigError, HomeRefused."""
        self._desk = desk
        self._telling = asyncio.create_task(self._keep_telling(desk), name="mqtt announcer")
        await self._link.start(WAIT_S)
        if not self._link.ready:
            _log.warning("the MQTT broker at %s can't be reached; it is tried again and again", self._link.address)

    async def aclose(self) -> None:
        """Say that the assistant is gone, and end the connection."""
        if self._telling is not None:
            await ended(self._telling)
        await self._link.aclose()

    def observe(self, event: Event) -> None:
        """Take note of one event."""
        match event:
            case ToolCalled(ok=ok):
                self._kind = "command" if ok else "refused"
            case Failed():
                self._kind = "failed"
            case EndpointReached(reason="no_speech"):
                self._kind = self._kind or "nothing_heard"
            case Reply(text=text):
                self._kind, self._words = self._kind or "talk", text
            case TurnEnded():
                self._turn, self._kind = self._kind or "none", ""
            case _:
                pass
        self._changed.set()

    async def _keep_telling(self, desk: Desk) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._changed.wait()
            await asyncio.sleep(TOGETHER_S)
            self._changed.clear()
            with suppress(Unreachable, TimeoutError):  # all is told anew when the broker is back
                await self._tell(desk.look())

    async def _tell(self, now: Standing) -> None:
        messages = {
            self._topics.of("state"): now.state,
            self._topics.of("turn"): self._turn,
            self._topics.of("mute"): "ON" if now.muted else "OFF",
            self._topics.of("volume"): str(now.volume),
            self._topics.of("timers"): str(now.timers),
            self._topics.of("next_timer"): now.next_timer or "None",  # what Home Assistant takes for unknown
        }
        if self._config.discovery:
            topic, payload = description(self._topics, self._config.discovery, words=self._config.announce_words)
            messages = {topic: payload} | messages
        if self._config.announce_words:
            messages[self._topics.of("words")] = json.dumps({"answer": self._words})
        for topic, payload in messages.items():
            if self._told.get(topic) != payload:
                await self._link.publish(topic, payload, retain=True)
                self._told[topic] = payload

    def _followed(self, topics: frozenset[str]) -> None:
        """The broker is there, perhaps with nothing left of what was told."""
        del topics
        self._told.clear()
        self._changed.set()

    def _hear(self, topic: str, payload: bytes, retained: bool) -> None:
        desk = self._desk
        if desk is None or retained:
            return
        text = payload[:LONGEST_TEXT_BYTES].decode(errors="replace").strip()
        if topic == self._topics.announce:
            if not desk.announce(text):
                _log.warning("an announcement isn't spoken: it is empty, or too many wait")
        elif topic == self._topics.set_mute and text in ("ON", "OFF"):
            desk.mute(text == "ON")
        elif topic == self._topics.set_volume and (percent := number(text)) is not None and 0 <= percent <= 100:
            desk.set_volume(round(percent))
        else:
            _log.warning("a message on %s makes no sense, and is ignored", topic)
        self._told.pop(self._topics.of("mute"), None)  # whoever asked waits for the state, changed or not
        self._told.pop(self._topics.of("volume"), None)
        self._changed.set()
