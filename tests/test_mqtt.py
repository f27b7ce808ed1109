"""A home on a real mosquitto (`make mqtt-up`), with clients that behave as zigbee2mqtt and Tasmota do."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path

import pytest

from assistant.config_mqtt import MqttConfig, MqttDevice
from assistant.intents.deeds import Deeds
from assistant.intents.home_wire import Wire
from assistant.intents.mqtt import MqttHome
from assistant.intents.policy import Policy
from assistant.intents.real_home import RealHome
from assistant.intents.router import Dispatched, Router
from assistant.stages import Call, Outcome, Value
from tests.mqtt_devices import HOST, Client, TasmotaPlug, Zigbee2Mqtt, address, flat

HOME = Path(os.environ.get("MQTT_HOME", Path(__file__).parents[1] / "build" / "mqtt"))
NOON = datetime(2026, 11, 24, 12, 0).astimezone()


def broker_port() -> int:
    """The first port of the broker that is up; 0: none is."""
    with suppress(OSError, ValueError):
        port = int((HOME / "port").read_text(encoding="utf-8"))
        socket.create_connection((HOST, port), timeout=2).close()
        return port
    return 0


PORT = broker_port()
pytestmark = [pytest.mark.mqtt, pytest.mark.skipif(not PORT, reason="no mosquitto is up: make mqtt-up")]


@asynccontextmanager
async def living_in(
    config: MqttConfig | None = None, policy: Policy | None = None
) -> AsyncIterator[tuple[RealHome[Wire], MqttHome]]:
    wire = MqttHome(config or MqttConfig(host=HOST, port=PORT), None, first_wait_s=0.05)
    home = RealHome(wire, here="living room", policy=policy, now=lambda: NOON)
    try:
        await wire.start()
        assert wire.ready
        yield home, wire
    finally:
        await wire.aclose()


@pytest.fixture
async def bridge() -> AsyncIterator[Zigbee2Mqtt]:
    async with Zigbee2Mqtt(PORT, flat()) as bridge:
        yield bridge


async def ask(home: RealHome[Wire], tool: str, /, **arguments: Value) -> Outcome:
    (outcome,) = (await asked(home, tool, **arguments)).outcomes
    return outcome


async def asked(home: RealHome[Wire], tool: str, /, **arguments: Value) -> Dispatched:
    return await Router([home]).dispatch([Call(tool, arguments)])


async def until(wire: MqttHome, true: Callable[[], bool], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await wire.news.wait()


def sets(client: Client) -> list[tuple[str, str]]:
    return [(topic, payload) for topic, payload in client.ordered if topic.endswith("/set")]


async def test_devices_are_known_by_room_and_kind(bridge: Zigbee2Mqtt) -> None:
    """From `bridge/devices`: rooms by the part before the slash, sensors by what they measure."""
    async with living_in() as (home, _):
        assert home.states() == {
            "binary_sensor.front_door": "off",
            "binary_sensor.hall_motion": "off",
            "cover.bedroom_blind": "closed",
            "climate.living_room_thermostat": "heat",
            "light.kitchen_light": "off",
            "light.living_room_light": "on",
            "lock.hall_door_lock": "locked",
            "sensor.front_door_battery": "80",
            "sensor.kitchen_climate_battery": "90",
            "sensor.kitchen_humidity": "40",
            "sensor.kitchen_temperature": "21.5",
            "switch.kitchen_kettle": "off",
        }
        assert "You are in the living room." in home.context()


@pytest.mark.parametrize(
    ("tool", "arguments", "sentence", "order"),
    [
        ("HassTurnOn", {"name": "kitchen light"}, "Kitchen light on.", ("kitchen/light", '{"state": "ON"}')),
        ("HassTurnOn", {"name": "kettle"}, "Kitchen kettle on.", ("kitchen/kettle", '{"state": "ON"}')),
        (
            "HassLightSet", {"name": "kitchen light", "brightness": 30}, "Kitchen light at 30 percent.",
            ("kitchen/light", '{"state": "ON", "brightness": 76}'),
        ),
        (
            "HassLightSet", {"name": "living room light", "color": "blue"}, "Living room light blue.",
            ("living room/light", '{"state": "ON", "color": {"hue": 240, "saturation": 100}}'),
        ),
        ("HassTurnOn", {"name": "bedroom blind"}, "Bedroom blind open.", ("bedroom/blind", '{"state": "OPEN"}')),
        (
            "HassSetPosition", {"name": "bedroom blind", "position": 40}, "Bedroom blind at 40 percent.",
            ("bedroom/blind", '{"position": 40}'),
        ),
        (
            "HassClimateSetTemperature", {"temperature": 21.5}, "Temperature set to 21.5 degrees.",
            ("living room/thermostat", '{"occupied_heating_setpoint": 21.5}'),
        ),
    ],
)  # fmt: skip
async def test_a_call_becomes_one_order_and_is_done_when_it_was_seen(
    bridge: Zigbee2Mqtt, tool: str, arguments: dict[str, Value], sentence: str, order: tuple[str, str]
) -> None:
    async with living_in() as (home, _):
        outcome = await ask(home, tool, **arguments)
        assert (outcome.ok, outcome.sentence) == (True, sentence)
        assert sets(bridge) == [(f"zigbee2mqtt/{order[0]}/set", order[1])]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"name": "kitchen temperature"}, "It's 21.5 degrees in the kitchen."),
        ({"name": "front door"}, "The front door is closed."),
        ({"name": "hall motion"}, "The hall motion is clear."),
        ({"name": "living room light"}, "The living room light is on at 50 percent."),
        (
            {"name": "living room thermostat"},
            "The living room thermostat is set to heat to 20 degrees, and it's 19.5 degrees now.",
        ),
        ({"domain": "light"}, "The kitchen light is off, the rest on."),
    ],
)
async def test_questions_are_answered_from_what_was_heard(
    bridge: Zigbee2Mqtt, arguments: dict[str, Value], sentence: str
) -> None:
    async with living_in() as (home, _):
        assert (await ask(home, "HassGetState", **arguments)).sentence == sentence


async def test_a_lamp_that_is_on_already_is_done_when_it_reports_again(bridge: Zigbee2Mqtt) -> None:
    """The broker's word that it has the order isn't the lamp's."""
    async with living_in() as (home, _):
        assert (await ask(home, "HassTurnOn", name="living room light")).sentence == "Living room light on."
        bridge.obeys = False
        outcome = await ask(home, "HassTurnOn", name="living room light")
        assert (outcome.error, outcome.sentence) == ("not_seen", "I asked, but it hasn't changed yet.")
        assert len(sets(bridge)) == 2


async def test_a_color_is_refused_for_a_lamp_without_any_and_given_to_those_that_have(bridge: Zigbee2Mqtt) -> None:
    """Nothing is sent to the one that can't."""
    async with living_in() as (home, _):
        refused = await ask(home, "HassLightSet", name="kitchen light", color="red")
        assert (refused.error, refused.sentence) == ("not_supported", "I can't do that with the kitchen light.")
        done = await ask(home, "HassLightSet", domain="light", color="red")
        assert [e.entity_id for e in done.effects] == ["light.living_room_light"]
        assert [topic for topic, _ in sets(bridge)] == ["zigbee2mqtt/living room/light/set"]


async def test_a_blind_on_its_way_is_opening_not_open(bridge: Zigbee2Mqtt) -> None:
    """It moved towards what was asked and reports on its way."""
    async with living_in() as (home, wire):
        bridge.obeys = False
        asking = asyncio.create_task(ask(home, "HassSetPosition", name="bedroom blind", position=80))
        await until(wire, lambda: bool(sets(bridge)))
        await bridge.hand("bedroom/blind", position=20, state="OPEN")
        assert (await asking).sentence == "Bedroom blind moving to 80 percent."


async def test_a_lock_stays_shut_unless_the_config_names_it_and_a_person_agrees(bridge: Zigbee2Mqtt) -> None:
    """The same rules as for any home."""
    async with living_in() as (home, _):
        assert (await ask(home, "HassUnlock", name="hall door lock")).error == "denied"
        assert (await ask(home, "HassLock", name="hall door lock")).sentence == "Hall door lock locked."
    async with living_in(policy=Policy(confirm=frozenset({"lock.hall_door_lock"}))) as (home, _):
        assert (await ask(home, "HassUnlock", name="hall door lock")).error == "needs_yes"
        agreed = Call("HassUnlock", {"name": "hall door lock"}, confirmed_by="spoken yes")
        (outcome,) = (await Router([home]).dispatch([agreed])).outcomes
        assert (outcome.sentence, outcome.allowed_by) == ("Hall door lock unlocked.", "spoken yes")


async def test_undo_brings_back_what_was_before(bridge: Zigbee2Mqtt) -> None:
    """As it was seen before the deed; what can't be brought back exactly isn't."""
    async with living_in() as (home, _):
        router = Router([home], deeds=Deeds(lambda: 0.0))
        await router.dispatch([Call("HassLightSet", {"name": "living room light", "brightness": 10})])
        assert bridge.states["living room/light"]["brightness"] == 25
        (undone,) = (await router.dispatch([Call("HassUndo")])).outcomes
        assert (undone.sentence, undone.effects[0].data) == ("Living room light as before.", {"brightness": 128})
        assert bridge.states["living room/light"]["brightness"] == 127
        await router.dispatch([Call("HassLightSet", {"name": "living room light", "color": "red"})])
        assert (await router.dispatch([Call("HassUndo")])).sentence == "I can't undo that."
        await router.dispatch([Call("HassTurnOn", {"name": "kettle"})])
        bridge.obeys = False
        assert (await router.dispatch([Call("HassUndo")])).sentence == "I asked, but it hasn't changed yet."
        assert (await router.dispatch([Call("HassUndo")])).sentence == "There's nothing to undo."


async def test_new_renamed_and_removed_devices_are_known_without_a_restart(bridge: Zigbee2Mqtt) -> None:
    """As people do it on zigbee2mqtt's page; and the router is told."""
    changes = []
    async with living_in() as (home, wire):
        home.on_change = lambda: changes.append(home.context())
        await bridge.rename("kitchen/kettle", "kitchen/toaster")
        await until(wire, lambda: "switch.kitchen_toaster" in home.states())
        assert "toaster" in changes[-1]
        assert "kettle" not in changes[-1]
        assert (await ask(home, "HassTurnOn", name="kettle")).error == "unknown_name"
        assert (await ask(home, "HassTurnOn", name="toaster")).sentence == "Kitchen toaster on."


async def test_a_group_is_a_room_where_a_device_has_no_other(bridge: Zigbee2Mqtt) -> None:
    """A lamp in the group "office lights": the lamp is in the office; the config's rooms go before."""
    bridge.exposes["spot"], bridge.states["spot"] = flat()["kitchen/light"]
    members = [{"ieee_address": address("spot"), "endpoint": 1}]
    bridge.groups = [{"id": 1, "friendly_name": "office lights", "members": members, "scenes": []}]
    await bridge.introduce()
    async with living_in() as (home, _):
        done = await ask(home, "HassTurnOn", area="office", domain="light")
        assert [e.entity_id for e in done.effects] == ["light.office_spot"]
    async with living_in(MqttConfig(host=HOST, port=PORT, rooms={"spot": "study"})) as (home, _):
        assert (await ask(home, "HassTurnOn", name="study spot")).ok


async def test_a_device_or_a_bridge_that_is_away_is_said_to_be(bridge: Zigbee2Mqtt) -> None:
    """And nothing is sent; back again, it works."""
    async with living_in() as (home, wire):
        await bridge.say("zigbee2mqtt/kitchen/light/availability", {"state": "offline"}, retain=True)
        await until(wire, lambda: home.states()["light.kitchen_light"] == "unavailable")
        assert (
            await ask(home, "HassTurnOn", name="kitchen light")
        ).sentence == "The kitchen light isn't available now."
        assert sets(bridge) == []
        await bridge.say("zigbee2mqtt/kitchen/light/availability", "", retain=True)
        await bridge.say("zigbee2mqtt/kitchen/light/availability", "online")
        await bridge.say("zigbee2mqtt/bridge/state", {"state": "offline"})
        await until(wire, lambda: home.states()["switch.kitchen_kettle"] == "unavailable")
        await bridge.say("zigbee2mqtt/bridge/state", {"state": "online"})
        await until(wire, lambda: home.states()["light.kitchen_light"] == "off")
        assert (await ask(home, "HassTurnOn", name="kitchen light")).sentence == "Kitchen light on."


async def test_what_the_broker_kept_confirms_nothing(bridge: Zigbee2Mqtt) -> None:
    """A retained state is known, but isn't what happened after the order: a device that ignores us isn't done."""
    bridge.retained.append("kitchen/light")
    await bridge.introduce()
    async with living_in() as (home, wire):
        state = wire.states.of("light.kitchen_light")
        assert state is not None
        bridge.obeys = False
        await bridge.say("zigbee2mqtt/kitchen/light", {"state": "ON"}, retain=True)
        await until(wire, lambda: home.states()["light.kitchen_light"] == "on")
    async with living_in() as (home, _):
        assert home.states()["light.kitchen_light"] == "on"
        assert (await ask(home, "HassTurnOn", name="kitchen light")).error == "not_seen"


async def test_a_tasmota_plug_is_found_switched_and_away() -> None:
    """By discovery; its name has the room in front."""
    async with TasmotaPlug(PORT, "tasmota_A1", "Kitchen Fridge", climate=True) as plug:
        rooms = {"tasmota_A1": "kitchen"}
        async with living_in(MqttConfig(host=HOST, port=PORT, rooms=rooms)) as (home, wire):
            await until(wire, lambda: home.states().get("sensor.kitchen_temperature") == "21.5")
            assert (await ask(home, "HassTurnOn", name="fridge")).sentence == "Kitchen Fridge on."
            assert ("cmnd/tasmota_A1/POWER", "ON") in plug.ordered
            assert (await ask(home, "HassGetState", name="kitchen temperature")).sentence == (
                "It's 21.5 degrees in the kitchen."
            )
            await plug.say("tele/tasmota_A1/LWT", "Offline", retain=True)
            await until(wire, lambda: home.states()["switch.kitchen_fridge"] == "unavailable")
            assert (await ask(home, "HassTurnOff", name="fridge")).error == "unavailable"


async def test_a_tasmota_lamp_dims_and_takes_colors() -> None:
    """Hue and saturation one by one: the brightness stays."""
    async with TasmotaPlug(PORT, "lamp", "Desk Lamp", dims=True) as lamp, living_in() as (home, _):
        dimmed = await ask(home, "HassLightSet", name="desk lamp", brightness=40)
        assert dimmed.sentence == "Desk Lamp at 40 percent."
        assert (await ask(home, "HassLightSet", name="desk lamp", color="green")).sentence == "Desk Lamp green."
        assert (lamp.power, lamp.dimmer, lamp.color) == ("ON", 40, [120, 100])


class Heater(Client):
    """Something home-made: a word in, a JSON report out."""

    async def obey(self, topic: str, payload: str) -> None:
        await self.say("attic/heater/tele", {"relay": {"is": payload == "1"}})


async def test_any_topic_of_the_config_is_a_device() -> None:
    """With a report it is done when seen; without one the answer says that nobody knows."""
    heater = MqttDevice(
        name="towel heater", area="bathroom", command_topic="attic/heater/do", on="1", off="0",
        state_topic="attic/heater/tele", state_key="relay.is", state_on="true", state_off="false",
    )  # fmt: skip
    pump = MqttDevice(name="pond pump", command_topic="attic/heater/do", on="1", off="0")
    washer = MqttDevice(name="washing machine", kind="sensor", state_topic="washer/phase")
    config = MqttConfig(host=HOST, port=PORT, device=(heater, pump, washer))
    async with Heater(PORT, ("attic/heater/do",)) as client, living_in(config) as (home, wire):
        assert (await ask(home, "HassTurnOn", name="towel heater")).sentence == "Bathroom towel heater on."
        assert client.ordered == [("attic/heater/do", "1")]
        began = asyncio.get_running_loop().time()
        outcome = await ask(home, "HassTurnOff", name="pond pump")
        assert (outcome.ok, outcome.error) == (False, "cannot_tell")
        assert outcome.sentence == "I asked. It never tells whether it happened."
        assert asyncio.get_running_loop().time() - began < 1.5
        await client.say("washer/phase", "rinsing")
        await until(wire, lambda: home.states()["sensor.washing_machine"] == "rinsing")
        told = await ask(home, "HassGetState", name="washing machine")
        assert told.sentence == "The washing machine is rinsing."
