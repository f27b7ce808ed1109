"""A home on an MQTT broker, without Home Assistant: zigbee2mqtt, Tasmota, and topics of the config's own.

Holds what was heard of each thing, in Home Assistant's terms, so that real_home treats it as any home. Knows no
dialect. The broker's word that it has an order is no deed: done is what the thing reports afterwards; what it had
reported before (a retained message) is known, but confirms nothing. From call to seen state: 20 ms.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Any

from assistant.config import HomeConfig
from assistant.config_mqtt import MqttConfig
from assistant.errors import ConfigError, HomeRefused
from assistant.intents import tasmota, zigbee2mqtt
from assistant.intents.home_states import LiveStates
from assistant.intents.home_token import Token, read_password
from assistant.intents.home_wire import Declined, Unreachable, Wire
from assistant.intents.mqtt_link import FIRST_WAIT_S, MqttLink, ended
from assistant.intents.mqtt_things import MOST_THINGS, Reading, Thing, entities_of, entity_of, parsed
from assistant.intents.mqtt_topics import Configured
from assistant.intents.names import Directory, key
from assistant.intents.policy import from_config
from assistant.intents.real_home import RealHome
from assistant.stages import Effect

WAIT_S = 5.0  # for the broker at the start; one that comes later is taken in when it comes
QUIET_S, LOUD_S = 0.4, 3.0  # nothing more comes of what the broker kept; or enough of it has come
SETTLE_S = 0.1  # many devices introduce themselves at once
BETWEEN_QUERIES_S = 0.02
LONGEST_LIST = 4 * 1024 * 1024  # zigbee2mqtt tells all of 300 devices in one message
MOST_TASMOTA = 200
MOST_COMPLAINTS = 200
_log = logging.getLogger(__name__)


class MqttHome:
    """The wire of such a home: `start` once, `aclose` at the end. Raises ConfigError: a device makes no sense."""

    yes_is_done = False

    def __init__(
        self, config: MqttConfig, read_password: Callable[[], Token] | None, *, first_wait_s: float = FIRST_WAIT_S
    ) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._config = config
        self._configured = [Configured(device) for device in config.device]
        self._bridge = f"{config.zigbee2mqtt}/bridge/" if config.zigbee2mqtt else None
        self._zigbee: dict[str, list[Any]] = {"devices": [], "groups": []}
        self._zigbee_things: list[Thing] | None = []
        self._tasmota: dict[str, dict[str, Any]] = {}
        self._things: dict[str, Thing] = {}
        self._by_topic: dict[str, list[str]] = {}
        self._known: dict[str, Reading] = {}
        self._away: dict[str, set[str]] = {}
        self._complained: set[str] = set()
        self._stale: asyncio.TimerHandle | None = None
        self._built: list[Thing] = []
        self._build_took_s = 0.0
        self._queries: set[asyncio.Task[None]] = set()
        self._reached = False
        self._states = LiveStates()
        large = {f"{self._bridge}{name}": LONGEST_LIST for name in self._zigbee} if self._bridge else {}
        self._link = MqttLink(
            config, read_password, self._hear, followed=self._followed, large=large, first_wait_s=first_wait_s
        )
        self.news = self._link.news

    @property
    def address(self) -> str:
        """The broker's host and port."""
        return self._link.address

    @property
    def ready(self) -> bool:
        """Connected to the broker; each thing may be away by itself."""
        return self._link.ready

    @property
    def refusal(self) -> HomeRefused | None:
        """Why the broker refuses us."""
        return self._link.refusal

    @property
    def states(self) -> LiveStates:
        """What was heard of each thing."""
        return self._states

    async def start(self, wait_s: float = WAIT_S) -> None:
        """Connect, and hear what the broker kept of the things. Raises ConfigError, HomeRefused."""
        self._build()
        await self._link.start(wait_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(LOUD_S):
                while self.ready and await self._anything_new():
                    pass

    async def aclose(self) -> None:
        """End the connection."""
        if self._stale is not None:
            self._stale.cancel()
        await ended(*self._queries)
        await self._link.aclose()

    def directory(self, here: str) -> Directory | None:
        """What may be named now; None until the broker was reached. `here`: the area that the assistant stands in."""
        if not self._reached:
            return None
        given = [*self._config.rooms.values(), *(t.area for t in self._things.values() if t.area), here]
        rooms = {key(room): room for room in reversed(given) if key(room)}
        entities = [entity_of(id_, thing, rooms.values()) for id_, thing in sorted(self._things.items())]
        areas = {key(e.area): e.area for e in reversed(entities) if e.area}
        return Directory(entities, tuple(sorted(areas.values())), areas.get(key(here)))

    def rooms(self, said: str) -> tuple[str, ...]:
        """None: rooms have one name here, and there are no floors."""
        del said
        return ()

    def able(self, effect: Effect) -> bool:
        """Whether there is a message for it."""
        thing = self._things.get(str(effect.entity_id))
        return thing is not None and bool(thing.orders(effect))

    def tells(self, entity_id: str) -> bool:
        """Whether it reports its state."""
        return (thing := self._things.get(entity_id)) is not None and thing.tells

    async def service(self, effects: Sequence[Effect], within_s: float) -> None:
        """Send the orders, each once. Raises Unreachable, Declined, TimeoutError."""
        there = [(self._things.get(str(effect.entity_id)), effect) for effect in effects]
        orders = [order for thing, effect in there if thing is not None for order in thing.orders(effect)]
        if not orders:
            raise Declined(effects[0].service)
        async with asyncio.timeout(within_s):
            await asyncio.gather(*(self._link.publish(o.topic, o.payload, within_s=within_s) for o in orders))

    async def _anything_new(self) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(QUIET_S):
                await self.news.wait()
                return True
        return False

    def _hear(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take one message in."""
        if self._bridge and topic.startswith(self._bridge) and (name := topic[len(self._bridge) :]) in self._zigbee:
            listed = parsed(payload)
            if not isinstance(listed, list):
                self._complain(topic)
            elif listed != self._zigbee[name]:
                self._zigbee[name], self._zigbee_things = listed, None
                self._build_soon()
        elif self._config.tasmota and topic.startswith("tasmota/discovery/"):
            self._introduce(topic, payload)
        for entity_id in self._by_topic.get(topic, ()):
            reading = self._things[entity_id].heard(topic, payload)
            if reading is not None:
                self._take(entity_id, topic, reading, newer=not retained)
            elif payload and parsed(payload) is None:
                self._complain(topic)

    def _introduce(self, topic: str, payload: bytes) -> None:
        """Take what a Tasmota device says of itself; nothing: it is gone."""
        address, _, part = topic.removeprefix("tasmota/discovery/").partition("/")
        told = parsed(payload)
        if payload and not isinstance(told, dict):
            self._complain(topic)
            return
        if address not in self._tasmota and len(self._tasmota) >= MOST_TASMOTA:
            return
        device = self._tasmota.setdefault(address, {})
        if device.get(part) != told:
            device[part] = told
            self._build_soon()

    def _complain(self, topic: str) -> None:
        self._complain_once(topic, "a message on %s makes no sense, and is ignored", topic)

    def _complain_once(self, about: str, text: str, *values: object) -> None:
        if about not in self._complained and len(self._complained) < MOST_COMPLAINTS:
            self._complained.add(about)
            _log.warning(text, *values)

    def _take(self, entity_id: str, topic: str, reading: Reading, *, newer: bool) -> None:
        away = self._away[entity_id]
        if reading.away is not None:
            (away.add if reading.away else away.discard)(topic)
        before = self._known[entity_id]
        attributes = {k: v for k, v in {**before.attributes, **reading.attributes}.items() if v is not None}
        self._known[entity_id] = known = Reading(reading.state or before.state, attributes)
        self._states.report(
            entity_id, self._state_of(entity_id), known.attributes, newer=newer and reading.away is None
        )

    def _state_of(self, entity_id: str) -> str:
        return "unavailable" if self._away[entity_id] else self._known[entity_id].state or "unknown"

    def _build_soon(self) -> None:
        if self._stale is None:
            wait_s = max(SETTLE_S, 10 * self._build_took_s)  # whoever floods us with devices gets a tenth of our time
            self._stale = asyncio.get_running_loop().call_later(wait_s, self._build)

    def _build(self) -> None:
        """Know the things anew: what came, went, or is called something else."""
        self._stale = None
        began_s = time.monotonic()
        if self._zigbee_things is None:  # the larger part of the work, where a list is long
            listed, groups = self._zigbee["devices"], self._zigbee["groups"]
            found = zigbee2mqtt.devices(self._config.zigbee2mqtt, listed, groups, self._config.rooms)
            self._zigbee_things = [*found]
        things: list[Thing] = [*self._configured, *self._zigbee_things]
        for told in self._tasmota.values():
            things += tasmota.things(told.get("config"), told.get("sensors"), self._config.rooms)
        if things == self._built and self._by_topic:
            return
        before, self._things, self._built = self._things, entities_of(things), things
        if len(things) > MOST_THINGS:
            self._complain_once(
                "more", "there are %d things on the broker: only the first %d count", len(things), MOST_THINGS
            )
        self._keep(before)
        self._by_topic = {}
        for entity_id, thing in self._things.items():
            for topic in thing.topics:
                self._by_topic.setdefault(topic, []).append(entity_id)
        self._link.follow([*self._introductions(), *self._by_topic])
        self.on_change()
        self.news.tell()
        self._build_took_s = time.monotonic() - began_s

    def _keep(self, before: Mapping[str, Thing]) -> None:
        """Know of each thing what was known `before`, whatever its id was: the broker won't tell it again."""
        places = {thing.key: entity_id for entity_id, thing in before.items()}
        known, away = self._known, self._away
        self._known, self._away = {}, {}
        for entity_id, thing in self._things.items():
            place = places.get(thing.key, "")
            was = known.get(place, Reading("unknown"))
            told = {name: value for name, value in was.attributes.items() if name not in before[place].about}
            self._known[entity_id] = now = Reading(was.state, {**told, **thing.about})
            self._away[entity_id] = away.get(place, set()) & thing.topics
            self._states.report(entity_id, self._state_of(entity_id), now.attributes, newer=False)
        self._states.keep(frozenset(self._things))

    def _introductions(self) -> list[str]:
        """Topics on which devices say that they are there."""
        lists = [f"{self._bridge}{name}" for name in self._zigbee] if self._bridge else []
        return [*lists, *((tasmota.CONFIGS, tasmota.SENSORS) if self._config.tasmota else ())]

    def _followed(self, topics: frozenset[str]) -> None:
        """Ask things for their state that are heard from now on."""
        if not self._reached:
            self._reached = True
            self.on_change()
        new = {entity_id for topic in topics for entity_id in self._by_topic.get(topic, ())}
        orders = dict.fromkeys(order for id_ in sorted(new) if (order := self._things[id_].query()) is not None)
        if orders:
            task = asyncio.create_task(self._ask(list(orders)), name="mqtt queries")
            self._queries.add(task)
            task.add_done_callback(self._queries.discard)

    async def _ask(self, orders: Sequence[Any]) -> None:
        with suppress(Unreachable, TimeoutError):  # when the broker is back, all are asked again
            for order in orders:
                await self._link.publish(order.topic, order.payload)
                await asyncio.sleep(BETWEEN_QUERIES_S)


@asynccontextmanager
async def connected(
    config: HomeConfig, now: Callable[[], datetime] = lambda: datetime.now().astimezone()
) -> AsyncIterator[RealHome[Wire]]:
    """The home that the config names; the broker needn't be there yet. `now`: local time.

    Raises ConfigError, HomeRefused.
    """
    reader = password_reader(config.mqtt)
    wire = MqttHome(config.mqtt, reader)
    home = RealHome(wire, here=config.area, policy=from_config(config.policy), now=now, shown=config.shown)
    try:
        await wire.start()
        if not wire.ready:
            _log.warning("the MQTT broker at %s can't be reached; it is tried again and again", wire.address)
        elif not home.states():
            _log.warning("nothing on the MQTT broker at %s introduced itself", wire.address)
        yield home
    finally:
        await wire.aclose()


def password_reader(config: MqttConfig) -> Callable[[], Token] | None:
    """What reads the password before each connection; None: no user name, so none is needed. Raises ConfigError."""
    if not config.host:
        raise ConfigError("the section home.mqtt has no host", remedy="write the broker's, as homeassistant.local")
    if not config.username:
        return None
    reader = partial(read_password, config.password_file)
    reader()  # a missing one ends the start
    return reader
