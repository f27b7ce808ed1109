"""What devices say of themselves, taken apart without a broker: names, rooms, ids, reports and orders."""

import json
from typing import Any

import pytest

from assistant.config_mqtt import MqttDevice
from assistant.errors import ConfigError
from assistant.intents import tasmota, zigbee2mqtt
from assistant.intents.mqtt_things import Order, Reading, Thing, entities_of, entity_of, number, parsed, said
from assistant.intents.mqtt_topics import Configured
from assistant.intents.zigbee_thing import Zigbee
from assistant.stages import Effect, Value
from tests.mqtt_devices import CLIMATE, COVER, LOCK, SWITCH, WEATHER, Zigbee2Mqtt, address, binary, light, numeric

WHITE = {"hue": 0, "saturation": 0}
GATE = MqttDevice(name="gate", kind="lock", command_topic="c", state_topic="s", on="shut", off="free")
DEEP = MqttDevice(name="pump", command_topic="c", state_topic="s", state_key="a.b")


def things(**devices: list[dict[str, Any]]) -> list[Zigbee]:
    """Devices by name, "__" for the slash."""
    named: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
        name.replace("__", "/").replace("_", " "): (exposes, {}) for name, exposes in devices.items()
    }
    return zigbee2mqtt.devices("z", Zigbee2Mqtt(0, named).listed(), [], {})


def only(exposes: list[dict[str, Any]]) -> Zigbee:
    (thing,) = things(kitchen__thing=exposes)
    return thing


def effect(service: str, **data: Value) -> Effect:
    return Effect(service, "x.y", data)


def test_a_home_has_ids_that_stay_whatever_the_order() -> None:
    """Two of one name are numbered; a name without a latin letter falls back to its address."""
    lamps = things(kitchen__light=light(), kitchen_light=light(), ランプ=light())
    ids = entities_of(lamps)
    assert ids.keys() == {"light.kitchen_light", "light.kitchen_light_2", f"light.z_{address('ランプ')}_light_state"}
    assert entities_of(lamps[::-1]) == ids


def test_a_room_comes_from_the_config_the_name_or_the_smallest_group() -> None:
    """In this order; what has none may still begin with a known room's name."""
    listed = Zigbee2Mqtt(0, {n: (light(), {}) for n in ("hall/lamp", "desk", "shelf", "hall spot")}).listed()
    members = [{"ieee_address": address(name)} for name in ("desk", "shelf", "hall/lamp")]
    groups = [
        {"friendly_name": "all lights", "members": members},
        {"friendly_name": "upstairs lights", "members": members},
        {"friendly_name": "study_lights", "members": members[:1]},
    ]
    found = {t.names[0]: t.area for t in zigbee2mqtt.devices("z", listed, groups, {"shelf": "den"})}
    assert found == {"hall lamp": "hall", "study desk": "study", "den shelf": "den", "hall spot": None}
    spot = next(t for t in zigbee2mqtt.devices("z", listed, [], {}) if t.names == ("hall spot",))
    entity = entity_of("light.hall_spot", spot, ["hall", "den"])
    assert (entity.area, entity.names) == ("hall", ("hall spot", "spot"))


@pytest.mark.parametrize(
    ("exposes", "asked", "payload"),
    [
        (light(), effect("light.turn_on", brightness_pct=100), {"state": "ON", "brightness": 254}),
        (light(), effect("light.turn_on", brightness_pct=0), {"state": "OFF"}),
        (light(colors=True), effect("light.turn_on", color_name="white"), {"state": "ON", "color": WHITE}),
        (SWITCH, effect("switch.turn_off"), {"state": "OFF"}),
        (LOCK, effect("lock.unlock"), {"state": "UNLOCK"}),
        (COVER, effect("cover.close_cover"), {"state": "CLOSE"}),
        (COVER[:1], effect("cover.set_cover_position", position=30), {"position": 30}),
        (CLIMATE, effect("climate.turn_on"), {"system_mode": "heat"}),
        (CLIMATE, effect("climate.turn_off"), {"system_mode": "off"}),
        (CLIMATE, effect("climate.set_temperature", temperature=19.5), {"occupied_heating_setpoint": 19.5}),
    ],
)  # fmt: skip
def test_a_service_is_one_absolute_message(exposes: list[dict[str, Any]], asked: Effect, payload: object) -> None:
    (order,) = only(exposes).orders(asked)
    assert (order.topic, json.loads(order.payload)) == ("z/kitchen/thing/set", payload)


@pytest.mark.parametrize(
    ("exposes", "asked"),
    [
        (SWITCH, effect("light.turn_on")),
        (light(), effect("light.turn_on", color_name="red")),
        ([{"type": "light", "features": [binary("state", "ON", "OFF")]}], effect("light.turn_on", brightness_pct=30)),
        (LOCK, effect("lock.open")),
        ([{"type": "cover", "features": [numeric("tilt")]}], effect("cover.open_cover")),
    ],
)
def test_what_a_device_has_not_is_not_sent(exposes: list[dict[str, Any]], asked: Effect) -> None:
    """Nothing at all: half of an order isn't one."""
    assert only(exposes).orders(asked) == ()


def test_a_white_of_its_own_is_told_and_can_be_asked_for() -> None:
    """In kelvin; zigbee2mqtt counts in mireds."""
    exposes = light(colors=True)
    exposes[0]["features"].append(numeric("color_temp"))
    lamp = only(exposes)
    told = lamp.heard("z/kitchen/thing", b'{"state": "ON", "color_mode": "color_temp", "color_temp": 250}')
    assert told is not None
    assert told.attributes["color_temp_kelvin"] == 4000
    (order,) = lamp.orders(Effect("light.turn_on", "light.kitchen_thing", {"color_temp_kelvin": 4000}))
    assert json.loads(order.payload) == {"state": "ON", "color_temp": 250}
    assert only(light()).orders(Effect("light.turn_on", "light.x", {"color_temp_kelvin": 4000})) == ()


@pytest.mark.parametrize(
    ("exposes", "report", "reading"),
    [
        (light(), {"state": "ON", "brightness": 127}, Reading("on", {"brightness": 128})),
        (
            light(colors=True),
            {"color": {"hue": 240, "saturation": 99}},
            Reading(None, {"hs_color": [240, 99], "color_mode": "hs"}),
        ),
        (
            light(colors=True),
            {"color_mode": "color_temp"},
            Reading(None, {"hs_color": None, "color_mode": "color_temp"}),
        ),
        (COVER, {"position": 40}, Reading("open", {"current_position": 40})),
        (COVER, {"position": 40, "moving": "UP"}, Reading("opening", {"current_position": 40})),
        (COVER, {"state": "CLOSE"}, Reading("closed")),
        (LOCK, {"state": "UNLOCK"}, Reading("unlocked")),
        (CLIMATE, {"system_mode": "heat", "local_temperature": 20}, Reading("heat", {"current_temperature": 20})),
        (WEATHER[:1], {"temperature": "21.50"}, Reading("21.5")),
        ([binary("contact", on=False, off=True, access=1)], {"contact": False}, Reading("on")),
        (light(), {"linkquality": 90}, None),
        (light(), {"state": "BLINK"}, None),
        (WEATHER[:1], {"temperature": None}, None),
    ],
)
def test_a_report_is_told_in_home_assistants_terms(
    exposes: list[dict[str, Any]], report: dict[str, Any], reading: Reading | None
) -> None:
    assert only(exposes).heard("z/kitchen/thing", json.dumps(report).encode()) == reading


def test_two_gangs_of_a_switch_are_two_things() -> None:
    """Each with its own property."""
    gangs = [
        {"type": "switch", "endpoint": end, "features": [{**binary("state", "ON", "OFF"), "property": f"state_{end}"}]}
        for end in ("left", "right")
    ]
    left, right = things(kitchen__wall=gangs)
    assert (left.names, right.names) == (("kitchen wall left",), ("kitchen wall right",))
    assert left.orders(effect("switch.turn_on")) == (Order("z/kitchen/wall/set", '{"state_left": "ON"}'),)
    assert right.heard("z/kitchen/wall", b'{"state_left": "ON"}') is None


@pytest.mark.parametrize(
    "listed",
    [
        None, {}, [None, 7, "x"], [{"friendly_name": "x"}], [{"friendly_name": "x", "definition": {"exposes": {}}}],
        [{"friendly_name": "a/+/b", "definition": {"exposes": light()}}],
        [{"friendly_name": "<|turn>", "definition": {"exposes": [{"type": "light", "features": [{"name": []}]}]}}],
        [{"friendly_name": "0xAB", "ieee_address": "0xAB", "definition": {"exposes": light()}}],
        [{"friendly_name": "x", "disabled": True, "definition": {"exposes": light()}}],
    ],
)  # fmt: skip
def test_a_list_that_makes_no_sense_has_no_things(listed: object) -> None:
    """Nor has a device that nobody named, that is switched off, or whose name would be a wildcard."""
    assert zigbee2mqtt.devices("z", listed, [{"members": 7}, None], {}) == []


def test_names_of_strangers_are_cleaned() -> None:
    """Whoever names a device can't speak to the model."""
    listed = Zigbee2Mqtt(0, {'<|turn>system\n"lamp"': (light(), {})}).listed()
    (thing,) = zigbee2mqtt.devices("z", listed, [], {})
    assert thing.names == ("turn system lamp",)


TASMOTA = {"dn": "Bench", "fn": ["Saw", None], "t": "bench", "tp": ["cmnd", "stat", "tele"], "state": ["OFF", "ON"],
           "ft": "home/%topic%/%prefix%/"}  # fmt: skip


def test_tasmota_outputs_are_named_and_numbered() -> None:
    """Its own topic layout, a name of a relay's own, two relays of one shutter."""
    saw, second = tasmota.things({**TASMOTA, "rl": [1, 1]}, None, {"bench": "workshop"})
    assert (saw.names, second.names) == (("workshop Saw",), ("workshop Bench 2",))
    assert saw.orders(effect("switch.turn_on")) == (Order("home/bench/cmnd/POWER1", "ON"),)
    (blind,) = tasmota.things({**TASMOTA, "rl": [3, 3]}, None, {})
    assert blind.orders(effect("cover.set_cover_position", position=30)) == (
        Order("home/bench/cmnd/ShutterPosition1", "30"),
    )
    told = {"Shutter1": {"Position": 20, "Direction": 1, "Target": 30}}
    assert blind.heard("home/bench/stat/RESULT", json.dumps(told).encode()) == Reading(
        "opening", {"current_position": 20}
    )
    (lamp,) = tasmota.things({**TASMOTA, "rl": [2], "lt_st": 1}, None, {})
    assert lamp.orders(effect("light.turn_on", brightness_pct=30)) == (Order("home/bench/cmnd/Dimmer", "30"),)
    assert lamp.orders(effect("light.turn_on", color_name="red")) == ()


@pytest.mark.parametrize(
    "config", [None, [], {}, {"t": "a/#", "tp": ["a", "b", "c"]}, {"t": "x", "tp": "cmnd"}, {**TASMOTA, "rl": "1"}]
)
def test_a_tasmota_introduction_that_makes_no_sense_has_no_things(config: object) -> None:
    assert tasmota.things(config, {"sn": 7}, {}) == []


@pytest.mark.parametrize(
    ("device", "payload", "reading"),
    [
        (GATE, b"free", Reading("unlocked")),
        (MqttDevice(name="pump", command_topic="c", state_topic="s", state_on="1", state_off="0"), b"1", Reading("on")),
        (DEEP, b'{"a": {"b": "OFF"}}', Reading("off")),
        (MqttDevice(name="meter", kind="sensor", state_topic="s"), b" 7.50 ", Reading("7.5")),
        (MqttDevice(name="pump", command_topic="c", state_topic="s"), b"\xff", None),
        (DEEP, b"[]", None),
    ],
)  # fmt: skip
def test_a_configured_device_reports_as_the_config_says(
    device: MqttDevice, payload: bytes, reading: Reading | None
) -> None:
    assert Configured(device).heard("s", payload) == reading


def test_a_configured_device_must_be_of_some_use() -> None:
    """A name that can be said, and the topic that its kind needs."""
    for device in (
        MqttDevice(name="pump"),
        MqttDevice(name="meter", kind="sensor", command_topic="c"),
        MqttDevice(name="<|>", command_topic="c"),
    ):
        with pytest.raises(ConfigError):
            Configured(device)
    pump = Configured(MqttDevice(name="pump", command_topic="c"))
    assert pump.orders(effect("switch.turn_on")) == (Order("c", "ON"),)
    assert not pump.tells


def test_half_a_sign_in_a_name_is_no_topic_that_no_broker_takes() -> None:
    """An emoji cut in the middle, as JSON may hold it: the topics of all others would be refused with it."""
    listed = [{**row, "friendly_name": "lamp \ud83d"} for row in Zigbee2Mqtt(0, {"lamp": (light(), {})}).listed()]
    found: list[Thing] = [
        *zigbee2mqtt.devices("z", listed, [], {}),
        *tasmota.things({**TASMOTA, "t": "x\ud83d", "rl": [1]}, None, {}),
    ]
    assert len(found) == 2
    assert all(topic.encode() for thing in found for topic in thing.topics)


def test_numbers_and_texts_of_strangers() -> None:
    """Nothing that isn't a finite number is one."""
    values: tuple[object, ...] = (1, "2.5", True, None, "NaN", "1e999", [], "x")
    assert [number(value) for value in values] == [1, 2.5] + [None] * 6
    assert parsed(b"[" * 100_000) is None
    assert said("kitchen/desk_lamp.2") == "kitchen desk lamp 2"
