"""Small real MQTT clients that behave as zigbee2mqtt and Tasmota do: their topics, payloads, habits and faults.

`obeys` False: an order is heard and nothing follows, as of a device whose radio is out of reach.
"""

import asyncio
import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import aiomqtt

from assistant.intents.mqtt_link import ended

HOST = "127.0.0.1"
NO_DELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]


class Client:
    """One connection to the broker, with what was ordered over it."""

    def __init__(self, port: int, wanted: tuple[str, ...]) -> None:
        self._port, self._wanted = port, wanted
        self.ordered: list[tuple[str, str]] = []
        self.obeys = True
        self.delay_s = 0.0

    async def __aenter__(self) -> Self:
        self._client = await aiomqtt.Client(HOST, self._port, socket_options=NO_DELAY).__aenter__()
        for topic in self._wanted:
            await self._client.subscribe(topic, qos=1)
        self._task = asyncio.create_task(self._listen())
        await self.introduce()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await ended(self._task)
        with suppress(aiomqtt.MqttError):  # the broker may have been killed
            await self.leave()
            await self._client.__aexit__(None, None, None)

    async def say(self, topic: str, payload: object, *, retain: bool = False) -> None:
        raw = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        await self._client.publish(topic, raw, qos=1, retain=retain)

    async def introduce(self) -> None:
        """Say what is there."""

    async def leave(self) -> None:
        """Let nothing retained lie about for the next test."""

    async def obey(self, topic: str, payload: str) -> None:
        """Do what was ordered, and report."""

    async def _listen(self) -> None:
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            topic, payload = str(message.topic), message.payload.decode()
            self.ordered.append((topic, payload))
            if self.obeys:
                await asyncio.sleep(self.delay_s)
                await self.obey(topic, payload)


class Zigbee2Mqtt(Client):
    """The bridge with its devices: `exposes` and state by friendly name."""

    def __init__(self, port: int, devices: Mapping[str, tuple[list[dict[str, Any]], dict[str, Any]]]) -> None:
        super().__init__(port, ("zigbee2mqtt/+/set", "zigbee2mqtt/+/+/set", "zigbee2mqtt/+/get", "zigbee2mqtt/+/+/get"))
        self.exposes = {name: exposes for name, (exposes, _) in devices.items()}
        self.states = {name: dict(state) for name, (_, state) in devices.items()}
        self.groups: list[dict[str, Any]] = []
        self.retained = [name for name, (exposes, _) in devices.items() if exposes in (WEATHER, CONTACT, MOTION)]

    def listed(self) -> list[dict[str, Any]]:
        """`bridge/devices`."""
        coordinator = {
            "friendly_name": "Coordinator",
            "ieee_address": "0x00",
            "type": "Coordinator",
            "definition": None,
        }
        return [coordinator] + [
            {
                "friendly_name": name, "ieee_address": address(name), "type": "Router", "disabled": False,
                "supported": True, "interview_completed": True, "interview_state": "SUCCESSFUL", "network_address": 1,
                "definition": {"model": "X", "vendor": "Y", "description": "A device", "exposes": exposes},
            }
            for name, exposes in self.exposes.items()
        ]  # fmt: skip

    async def introduce(self) -> None:
        await self.say("zigbee2mqtt/bridge/state", {"state": "online"}, retain=True)
        await self.say("zigbee2mqtt/bridge/groups", self.groups, retain=True)
        await self.say("zigbee2mqtt/bridge/devices", self.listed(), retain=True)
        for name in self.retained:  # its option `retain`, for what sleeps
            await self.say(f"zigbee2mqtt/{name}", self.states[name], retain=True)

    async def leave(self) -> None:
        for name in self.retained:
            await self.say(f"zigbee2mqtt/{name}", "", retain=True)
        for name in ("state", "groups", "devices"):
            await self.say(f"zigbee2mqtt/bridge/{name}", "", retain=True)

    async def rename(self, old: str, new: str) -> None:
        """As its web page does it."""
        self.exposes[new], self.states[new] = self.exposes.pop(old), self.states.pop(old)
        await self.say("zigbee2mqtt/bridge/devices", self.listed(), retain=True)

    async def hand(self, name: str, **changed: Any) -> None:
        """Somebody presses the switch, or the weather changes."""
        self.states[name] |= changed
        await self.say(f"zigbee2mqtt/{name}", self.states[name])

    async def obey(self, topic: str, payload: str) -> None:
        name, _, verb = topic.removeprefix("zigbee2mqtt/").rpartition("/")
        if name not in self.states:
            return
        wanted = json.loads(payload) if verb == "set" else {}
        if "brightness" in wanted:
            wanted.setdefault("state", "ON")
        if "color" in wanted:
            wanted |= {"color": {"x": 0.3, "y": 0.3, **wanted["color"]}, "color_mode": "hs"}
        if "position" in wanted:
            wanted["state"] = "OPEN" if wanted["position"] else "CLOSE"
        elif wanted.get("state") in ("OPEN", "CLOSE") and "position" in self.states[name]:
            wanted["position"] = 100 if wanted["state"] == "OPEN" else 0
        await self.hand(name, **wanted)


def address(name: str) -> str:
    """The address of a device, made from its name."""
    return f"0x{name.encode().hex():0>16.16}"


def binary(name: str, on: object, off: object, access: int = 7) -> dict[str, Any]:
    return {"type": "binary", "name": name, "property": name, "value_on": on, "value_off": off, "access": access}


def numeric(name: str, access: int = 7, **more: Any) -> dict[str, Any]:
    return {"type": "numeric", "name": name, "property": name, "access": access, **more}


def light(*, colors: bool = False) -> list[dict[str, Any]]:
    """A dimmable lamp."""
    features = [binary("state", "ON", "OFF"), numeric("brightness", value_min=0, value_max=254)]
    if colors:
        parts = [numeric("hue"), numeric("saturation")]
        features.append({"type": "composite", "name": "color_hs", "property": "color", "access": 7, "features": parts})
    return [{"type": "light", "features": features}]


SWITCH = [{"type": "switch", "features": [binary("state", "ON", "OFF")]}]
COVER = [
    {
        "type": "cover",
        "features": [
            {"type": "enum", "name": "state", "property": "state", "values": ["OPEN", "CLOSE", "STOP"], "access": 3},
            numeric("position", value_min=0, value_max=100),
        ],
    }
]
LOCK = [{"type": "lock", "features": [binary("state", "LOCK", "UNLOCK")]}]
CLIMATE = [
    {
        "type": "climate",
        "features": [
            numeric("occupied_heating_setpoint", value_min=5, value_max=30, unit="°C"),
            numeric("local_temperature", 5, unit="°C"),
            {"type": "enum", "name": "system_mode", "property": "system_mode", "values": ["off", "heat"], "access": 7},
        ],
    }
]
WEATHER = [numeric("temperature", 1, unit="°C"), numeric("humidity", 1, unit="%"), numeric("battery", 1, unit="%")]
CONTACT = [binary("contact", on=False, off=True, access=1), numeric("battery", 1, unit="%")]
MOTION = [binary("occupancy", on=True, off=False, access=1)]


def flat() -> dict[str, tuple[list[dict[str, Any]], dict[str, Any]]]:
    """Some rooms of a flat."""
    return {
        "kitchen/light": (light(), {"state": "OFF", "brightness": 254}),
        "kitchen/kettle": (SWITCH, {"state": "OFF"}),
        "living room/light": (light(colors=True), {"state": "ON", "brightness": 127}),
        "bedroom/blind": (COVER, {"state": "CLOSE", "position": 0}),
        "hall/door_lock": (LOCK, {"state": "LOCK"}),
        "living room/thermostat": (
            CLIMATE, {"occupied_heating_setpoint": 20, "local_temperature": 19.5, "system_mode": "heat"}
        ),
        "kitchen/climate": (WEATHER, {"temperature": 21.5, "humidity": 40, "battery": 90}),
        "front_door_sensor": (CONTACT, {"contact": True, "battery": 80}),
        "hall/motion": (MOTION, {"occupancy": False}),
    }  # fmt: skip


class TasmotaPlug(Client):
    """A device with one output: a plug, or with `dims` a lamp in colors; and, with `climate`, a sensor."""

    def __init__(self, port: int, topic: str, name: str, *, dims: bool = False, climate: bool = False) -> None:
        super().__init__(port, (f"cmnd/{topic}/#",))
        self.topic, self.name, self.dims, self.climate = topic, name, dims, climate
        self.power, self.dimmer, self.color = "OFF", 100, [0, 0]
        self._mac = f"{topic.encode().hex():0>12.12}".upper()

    async def introduce(self) -> None:
        config = {
            "ip": HOST, "dn": self.name, "fn": [self.name, None], "hn": self.topic, "mac": self._mac, "md": "Plug",
            "ofln": "Offline", "onln": "Online", "state": ["OFF", "ON", "TOGGLE", "HOLD"], "sw": "14.2.0",
            "t": self.topic, "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"],
            "rl": [2 if self.dims else 1, 0, 0], "so": {"30": 0}, "lt_st": 3 if self.dims else 0, "ver": 1,
        }  # fmt: skip
        await self.say(f"tasmota/discovery/{self._mac}/config", config, retain=True)
        if self.climate:
            sensors = {"sn": {"Time": "2026-11-24T12:00:00", "AM2301": {"Temperature": 21.5, "Humidity": 40.0},
                              "TempUnit": "C"}, "ver": 1}  # fmt: skip
            await self.say(f"tasmota/discovery/{self._mac}/sensors", sensors, retain=True)
        await self.say(f"tele/{self.topic}/LWT", "Online", retain=True)

    async def leave(self) -> None:
        for topic in (f"tasmota/discovery/{self._mac}/config", f"tasmota/discovery/{self._mac}/sensors"):
            await self.say(topic, "", retain=True)
        await self.say(f"tele/{self.topic}/LWT", "", retain=True)

    async def obey(self, topic: str, payload: str) -> None:
        command = topic.rpartition("/")[2]
        orders = payload.split(";") if command == "Backlog" else [f"{command} {payload}"]
        for order in orders:
            name, _, value = order.strip().partition(" ")
            await self._one(name.casefold(), value)

    async def _one(self, name: str, value: str) -> None:
        match name:
            case "power" | "power1" if value in ("ON", "OFF"):
                self.power = value
            case "dimmer" if value:
                self.dimmer, self.power = int(value), "ON"
            case "hsbcolor1" | "hsbcolor2" if value:
                self.color[int(name[-1]) - 1] = int(value)
            case "status" if value == "10":
                reading = {"Time": "2026-11-24T12:00:00", "AM2301": {"Temperature": 21.5, "Humidity": 40.0}}
                await self.say(f"stat/{self.topic}/STATUS10", {"StatusSNS": reading})
                return
        report: dict[str, Any] = {"POWER": self.power}
        if self.dims:
            report |= {"Dimmer": self.dimmer, "HSBColor": f"{self.color[0]},{self.color[1]},{self.dimmer}"}
        await self.say(f"stat/{self.topic}/RESULT", report)
        await self.say(f"stat/{self.topic}/POWER", self.power)
