"""What is known of things on MQTT when others come or they are called something else, without a broker."""

import json
from typing import Any

import pytest

from assistant.config_mqtt import MqttConfig
from assistant.intents.mqtt import MqttHome
from assistant.intents.real_home import RealHome
from assistant.intents.router import Router
from assistant.stages import Call
from tests.mqtt_devices import Zigbee2Mqtt, light


@pytest.fixture
async def wire() -> MqttHome:
    wire = MqttHome(MqttConfig(host="nowhere"), None)
    wire._reached = True
    wire._build()
    return wire


def hear(wire: MqttHome, topic: str, told: object) -> None:
    wire._hear(topic, told.encode() if isinstance(told, str) else json.dumps(told).encode(), retained=True)
    if wire._stale is not None:
        wire._stale.cancel()
        wire._build()


def plug(topic: str, name: str) -> dict[str, Any]:
    return {"dn": name, "fn": [name], "t": topic, "tp": ["cmnd", "stat", "tele"], "rl": [1], "mac": topic}


def states(wire: MqttHome) -> dict[str, str]:
    return {entity_id: state.state for entity_id in wire.states if (state := wire.states.of(entity_id)) is not None}


async def test_a_thing_that_is_called_something_else_is_as_it_was(wire: MqttHome) -> None:
    """A plug's new name comes in its introduction; its state isn't told again for five minutes."""
    hear(wire, "tasmota/discovery/B/config", plug("b", "Fan"))
    hear(wire, "tele/b/STATE", {"POWER": "ON"})
    hear(wire, "tasmota/discovery/B/config", plug("b", "Heater"))
    assert states(wire) == {"switch.heater": "on"}


async def test_a_second_thing_of_a_name_takes_no_state_away(wire: MqttHome) -> None:
    """The first one may be the second from then on."""
    hear(wire, "tasmota/discovery/B/config", plug("b", "Fan"))
    hear(wire, "tele/b/STATE", {"POWER": "ON"})
    hear(wire, "tasmota/discovery/C/config", plug("c", "Pump"))
    hear(wire, "tele/c/LWT", "Offline")
    hear(wire, "tasmota/discovery/A/config", plug("a", "Fan"))
    assert states(wire) == {"switch.fan": "unknown", "switch.fan_2": "on", "switch.pump": "unavailable"}


async def test_a_lamp_that_is_renamed_while_it_is_away_comes_back(wire: MqttHome) -> None:
    """Under its new name: that it was away was said under the old one."""
    listed = Zigbee2Mqtt(0, {"kitchen/lamp": (light(), {})}).listed()
    hear(wire, "zigbee2mqtt/bridge/devices", listed)
    hear(wire, "zigbee2mqtt/kitchen/lamp", {"state": "ON"})
    hear(wire, "zigbee2mqtt/kitchen/lamp/availability", {"state": "offline"})
    assert states(wire) == {"light.kitchen_lamp": "unavailable"}
    renamed = [{**row, "friendly_name": "kitchen lamp"} for row in listed if row.get("definition")]
    hear(wire, "zigbee2mqtt/bridge/devices", renamed)
    hear(wire, "zigbee2mqtt/kitchen lamp/availability", {"state": "online"})
    assert states(wire) == {"light.kitchen_lamp": "on"}


async def test_what_a_thing_says_that_it_is_counts_from_then_on(wire: MqttHome) -> None:
    """A description that is written later makes a relay a garage door, which the policy guards."""
    listed = Zigbee2Mqtt(0, {"relay": (light(), {})}).listed()
    hear(wire, "zigbee2mqtt/bridge/devices", listed)
    hear(wire, "zigbee2mqtt/relay", {"state": "ON", "brightness": 254})
    described = [{**row, "description": "opens the garage"} for row in listed if row.get("definition")]
    hear(wire, "zigbee2mqtt/bridge/devices", described)
    state = wire.states.of("light.relay")
    assert state is not None
    assert "garage" in state.attributes["about"]
    assert (state.state, state.attributes["brightness"]) == ("on", 255)


async def test_what_no_lamp_can_is_said_of_all_lamps(wire: MqttHome) -> None:
    """Without an article before "all"."""
    home = RealHome(wire)
    hear(wire, "zigbee2mqtt/bridge/devices", Zigbee2Mqtt(0, {"lamp": (light(), {}), "spot": (light(), {})}).listed())
    wire._link.ready = True
    done = await Router([home]).dispatch([Call("HassLightSet", {"domain": "light", "color": "blue"})])
    assert done.sentence == "I can't do that with all lights."
