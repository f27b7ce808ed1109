"""Brokers that go, freeze, refuse and come back; devices that don't answer; payloads that make no sense."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from assistant.config_mqtt import MqttConfig, MqttDevice
from assistant.errors import ConfigError, HomeRefused
from assistant.intents.home_token import Token, read_password
from assistant.intents.mqtt import MqttHome, password_reader
from assistant.intents.real_home import RealHome
from tests.mqtt_devices import HOST, Zigbee2Mqtt, flat
from tests.test_mqtt import HOME, NOON, PORT, ask, living_in, sets, until

ROOT = Path(__file__).parents[1]
USER, PASSWORD = "hey-gemma", "only a test"
SECRET = MqttConfig(host=HOST, port=PORT + 1, username=USER)
TLS = MqttConfig(host="localhost", port=PORT + 2, username=USER, tls=True, ca_file=str(HOME / "ca.crt"))
pytestmark = [pytest.mark.mqtt, pytest.mark.skipif(not PORT, reason="no mosquitto is up: make mqtt-up")]


async def broker(what: str) -> None:
    """End, start, freeze or thaw it."""
    script = [sys.executable, str(ROOT / "tests" / "mqtt" / "broker.py"), what]
    await asyncio.to_thread(subprocess.run, script, check=True)


async def started(config: MqttConfig, password: str) -> MqttHome:
    wire = MqttHome(config, lambda: Token(password), first_wait_s=0.05)
    await wire.start(20)
    return wire


async def test_a_wrong_password_ends_the_start(caplog: pytest.LogCaptureFixture) -> None:
    """With a remedy, and without the password anywhere."""
    caplog.set_level(logging.DEBUG)
    wire = MqttHome(SECRET, lambda: Token("not the password"))
    with pytest.raises(HomeRefused, match="refuses us") as caught:
        await wire.start(20)
    await wire.aclose()
    assert "password_file" in caught.value.remedy
    assert "not the password" not in caplog.text + str(caught.value)


async def test_the_right_password_opens_with_tls_and_without() -> None:
    """The certificate is checked against the config's authority."""
    for config in (SECRET, TLS):
        wire = await started(config, PASSWORD)
        assert wire.ready
        await wire.aclose()


# paho leaves the socket of a handshake that failed to the collector.
@pytest.mark.filterwarnings("ignore:.*SSLSocket:pytest.PytestUnraisableExceptionWarning")
async def test_a_certificate_of_strangers_is_refused_and_a_missing_file_said(tmp_path: Path) -> None:
    """No password is sent to whoever answers on that address."""
    unknown = MqttConfig(host="localhost", port=PORT + 2, username=USER, tls=True)
    wire = MqttHome(unknown, lambda: Token(PASSWORD))
    with pytest.raises(HomeRefused, match="can't be trusted"):
        await wire.start(20)
    await wire.aclose()
    nowhere = MqttConfig(host="localhost", port=PORT + 2, tls=True, ca_file=str(tmp_path / "none.crt"))
    with pytest.raises(ConfigError, match=r"none\.crt"):
        await MqttHome(nowhere, None).start(20)


async def test_a_broker_that_no_longer_wants_us_is_said_and_healed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password is read before each connection: a new file is enough."""
    monkeypatch.setattr("assistant.intents.mqtt_link.REFUSED_WAIT_S", 0.1)
    (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
    lamp = MqttDevice(name="lamp", kind="light", command_topic="lamp/do")
    wire = MqttHome(
        replace(SECRET, device=(lamp,)), partial(read_password, str(tmp_path / "password"), {}), first_wait_s=0.05
    )
    home = RealHome(wire, now=lambda: NOON)
    try:
        await wire.start(20)
        (tmp_path / "password").write_text("another", encoding="utf-8")
        await broker("kill")
        await broker("again")
        await until(wire, lambda: wire.refusal is not None, within_s=20)
        assert (await ask(home, "HassTurnOn", name="lamp")).sentence == "The home doesn't let me in."
        (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
        await until(wire, lambda: wire.ready, within_s=20)
        assert wire.refusal is None
    finally:
        await wire.aclose()


def test_a_password_that_isnt_there_is_a_clear_error(tmp_path: Path) -> None:
    """A user name needs one; without a host there is no broker."""
    with pytest.raises(ConfigError, match="no password"):
        password_reader(MqttConfig(host=HOST, username=USER, password_file=str(tmp_path / "none")))
    with pytest.raises(ConfigError, match="no host"):
        password_reader(MqttConfig())
    assert password_reader(MqttConfig(host=HOST)) is None


async def test_no_broker_at_the_start_is_waited_for() -> None:
    """The assistant starts; a call says that the home can't be reached."""
    wire = MqttHome(MqttConfig(host=HOST, port=1), None, first_wait_s=0.05)
    home = RealHome(wire, now=lambda: NOON)
    await wire.start(0.3)
    assert (await ask(home, "HassTurnOn", name="kitchen light")).sentence == "I can't reach the home."
    await wire.aclose()


async def test_a_device_without_an_answer_is_asked_once_and_answered_for(caplog: pytest.LogCaptureFixture) -> None:
    """After two seconds; a report that comes later is known, and nothing is sent again."""
    async with Zigbee2Mqtt(PORT, flat()) as bridge, living_in() as (home, wire):
        bridge.delay_s = 3
        began = asyncio.get_running_loop().time()
        outcome = await ask(home, "HassTurnOn", name="kitchen light")
        assert asyncio.get_running_loop().time() - began < 3.5
        assert (outcome.error, outcome.sentence) == ("not_seen", "I asked, but it hasn't changed yet.")
        await until(wire, lambda: home.states()["light.kitchen_light"] == "on")
        assert len(sets(bridge)) == 1


async def test_a_frozen_broker_is_answered_for_and_the_order_comes_once() -> None:
    """What is on its way when it thaws is done once; the next call works."""
    async with Zigbee2Mqtt(PORT, flat()) as bridge, living_in() as (home, wire):
        await broker("freeze")
        try:
            outcome = await ask(home, "HassTurnOn", name="kitchen light")
        finally:
            await broker("thaw")
        assert (outcome.error, outcome.sentence) == ("no_answer", "I asked, but the home hasn't answered yet.")
        await until(wire, lambda: home.states()["light.kitchen_light"] == "on")
        assert (await ask(home, "HassTurnOff", name="kitchen light")).sentence == "Kitchen light off."
        assert [json.loads(payload) for _, payload in sets(bridge)] == [{"state": "ON"}, {"state": "OFF"}]


@pytest.mark.slow
async def test_forty_commands_while_the_broker_is_killed_are_all_accounted_for() -> None:
    """Each is seen done, or says what is known; what arrived, arrived once; afterwards everything works."""
    async with living_in() as (home, wire):
        ordered, outcomes = 0, []
        for life in range(2):
            async with Zigbee2Mqtt(PORT, flat()) as bridge:
                await until(wire, lambda: home.states().get("light.kitchen_light") in ("on", "off"), within_s=20)
                killing = None
                for turn in range(20):
                    if turn == 12:
                        killing = asyncio.create_task(broker("kill"))
                    tool = "HassTurnOn" if turn % 2 == 0 else "HassTurnOff"
                    outcomes.append(await ask(home, tool, name="kitchen light"))
                    assert outcomes[-1].sentence
                assert killing is not None
                await killing
                ordered += len(sets(bridge))
                await broker("again")
            await until(wire, lambda: wire.ready, within_s=20)
            assert life in (0, 1)
        counts = Counter(o.error for o in outcomes)
        print(counts, ordered)  # noqa: T201
        assert counts.keys() <= {None, "connection_lost", "unreachable", "not_seen", "no_answer"}
        assert counts[None] >= 24
        assert counts[None] <= ordered <= 40 - counts["unreachable"]
        async with Zigbee2Mqtt(PORT, flat()):
            await until(wire, lambda: home.states().get("light.kitchen_light") == "off", within_s=20)
            assert (await ask(home, "HassTurnOn", name="kitchen light")).sentence == "Kitchen light on."


GARBAGE: tuple[bytes, ...] = (
    b"", b"{", b"null", b"[]", b"[1, null, {}]", b'"text"', b"\xff\xfe\x00", b"[" * 20_000, b'{"state": {"state": []}}',
    b'{"state": "ON", "brightness": NaN}', b'{"brightness": 1e999}', b'{"brightness": "' + b"9" * 5000 + b'"}',
    b'{"color": [], "state": 7, "position": {}, "contact": "yes"}', b"x" * 70_000,
)  # fmt: skip


async def test_payloads_that_make_no_sense_are_ignored_with_one_line_each(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is written there, the link lives, the states stay, and the log isn't flooded."""
    async with Zigbee2Mqtt(PORT, flat()) as bridge, living_in() as (home, wire):
        before = home.states()
        caplog.set_level(logging.WARNING)
        topics = [f"zigbee2mqtt/{name}" for name in flat()]
        topics += ["zigbee2mqtt/bridge/devices", "zigbee2mqtt/bridge/groups", "zigbee2mqtt/bridge/state"]
        topics += [
            "tasmota/discovery/AA/config",
            "tasmota/discovery/AA/sensors",
            "zigbee2mqtt/kitchen/light/availability",
        ]
        for _ in range(2):
            for payload in GARBAGE:
                for topic in topics:
                    if not (topic.endswith(("devices", "groups")) and payload[:1] == b"["):
                        await bridge.say(topic, payload)
        await bridge.say(
            "zigbee2mqtt/bridge/devices", [{"friendly_name": "x", "definition": {"exposes": [{"type": "light"}]}}]
        )
        await bridge.say("zigbee2mqtt/bridge/devices", bridge.listed())
        await bridge.hand("kitchen/light")
        assert (await ask(home, "HassTurnOn", name="kitchen kettle")).sentence == "Kitchen kettle on."
        assert wire.ready
        assert {**home.states(), "switch.kitchen_kettle": "off"} == {
            **before,
            "light.living_room_light": home.states()["light.living_room_light"],
        }
        lines = Counter(record.getMessage() for record in caplog.records)
        assert max(lines.values()) == 1
        assert len(lines) <= 2 * len(topics) + 1
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def introduction(number: int) -> dict[str, object]:
    """A plug that says that it is there."""
    return {"t": f"t{number}", "dn": f"Plug {number}", "tp": ["cmnd", "stat", "tele"], "rl": [1]}


@pytest.mark.slow
async def test_a_home_with_more_than_there_may_be_stays_within_bounds(caplog: pytest.LogCaptureFixture) -> None:
    """A list of a thousand lamps, and a flood of introductions."""
    many = {f"lamp {n}": flat()["kitchen/light"] for n in range(1000)}
    async with Zigbee2Mqtt(PORT, many) as bridge, living_in() as (home, _):
        assert len(home.states()) == 500
        assert "only the first 500" in caplog.text
        for n in range(300):
            await bridge.say(f"tasmota/discovery/{n:012}/config", introduction(n))
        assert (await ask(home, "HassTurnOn", name="lamp 1")).ok
        for n in range(300):
            await bridge.say(f"tasmota/discovery/{n:012}/config", "", retain=True)


def hey_gemma(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from assistant.cli import main; main()", *arguments, "--config", str(config)],
        capture_output=True, text=True, timeout=180, check=False, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.models
@pytest.mark.slow
async def test_a_spoken_command_reaches_the_device(tmp_path: Path) -> None:
    """From sound to the lamp's own report, over TLS and a password."""
    config = tmp_path / "config.toml"
    (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
    config.write_text(
        f'[home]\nkind = "mqtt"\n[home.mqtt]\nhost = "localhost"\nport = {PORT + 2}\ntls = true\n'
        f'ca_file = "{HOME / "ca.crt"}"\nusername = "{USER}"\npassword_file = "{tmp_path / "password"}"\n',
        encoding="utf-8",
    )
    sound, events = ROOT / "tests" / "replay" / "demo.flac", tmp_path / "events.jsonl"
    async with Zigbee2Mqtt(PORT, flat()) as bridge:
        told = await asyncio.to_thread(hey_gemma, config, "run", "--mic-file", str(sound), "--events", str(events))
        assert told.returncode == 0, told.stderr
        assert sets(bridge) == [("zigbee2mqtt/kitchen/light/set", '{"state": "ON"}')]
        assert bridge.states["kitchen/light"]["state"] == "ON"
    recorded = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    assert [event["text"] for event in recorded if event["event"] == "reply"] == ["Kitchen light on."]
    assert PASSWORD not in told.stdout + told.stderr + events.read_text(encoding="utf-8")
    (tmp_path / "password").write_text("not the one", encoding="utf-8")
    refused = await asyncio.to_thread(hey_gemma, config, "ask", "turn on the kitchen light")
    assert refused.returncode == 5
    assert "what to do:" in refused.stdout + refused.stderr
    assert "not the one" not in refused.stdout + refused.stderr
