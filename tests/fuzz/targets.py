"""What is thrown at what, and what must hold: only our own errors, in bounded time and memory, nothing done unasked.

A target takes a made-up thing and raises AssertionError, or anything that isn't ours, when a promise is broken.
"""

import asyncio
import io
import json
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from hypothesis import strategies as st

from assistant import backup, config, verify
from assistant.audio.clock import AudioClock
from assistant.audio.replay import FileSource
from assistant.chat_template import difference
from assistant.config_mqtt import MqttConfig, MqttDevice
from assistant.errors import HeyGemmaError
from assistant.gguf import ear_slice, gguf_file
from assistant.gguf.shape import PRESETS, write_shape
from assistant.intents import home_answers, home_change, home_facts, mqtt_topics, tasmota, zigbee2mqtt
from assistant.intents.demo_home import DemoHome
from assistant.intents.home_registry import exposed_of, registry_of
from assistant.intents.home_states import LiveStates
from assistant.intents.mqtt_announce import Announcer, Desk, Standing
from assistant.intents.mqtt_things import Thing, entities_of, entity_of
from assistant.intents.router import Router
from assistant.intents.services import tools_for
from assistant.intents.timer_file import TimerFile
from assistant.llm import prompt
from assistant.llm.check import check_files
from assistant.llm.conformer import Conformer
from assistant.llm.grammar import CALL_END, Grammar
from assistant.llm.parse import LONGEST_CALL, Malformed, ReplyParser, read_call
from assistant.llm.prefix_cache import PrefixCache
from assistant.speech.piper import PiperVoice
from assistant.stages import CHUNK_SAMPLES, Call, Effect, Piece, Say, Tool
from assistant.wake import Head, shipped_head
from assistant.waking.entry import Entry, Kind, line_of
from assistant.waking.entry import read as read_wake_log
from tests.fuzz.made_up import anything, changed, damaged, replies, words
from tests.fuzz.wire import talk, talks
from tests.mqtt_devices import Zigbee2Mqtt, flat
from tests.test_hostile import CONTROL, letters, spelled

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LONGEST_NAME = 130  # of a thing: a room's and its own


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to throw at. `risky`: native code runs that may end the process, so it gets one of its own."""

    name: str
    thrown: st.SearchStrategy[Any]
    check: Callable[[Any], None]
    risky: bool = False


def _scratch(name: str) -> Path:
    return Path(_FOLDER.name) / name


_FOLDER = tempfile.TemporaryDirectory(prefix="hey-gemma-fuzz-")


def ours(act: Callable[[], object]) -> None:
    """Do it; an error that a person can do something about is fine."""
    try:
        act()
    except HeyGemmaError as e:
        assert e.remedy
        assert len(e.message) < 5_000, "an error is a line"


# The config: lines of the example in any order, with other values.

_LINES = tuple(line.partition("#")[0].rstrip() for line in
               (ROOT / "config.example.toml").read_text(encoding="utf-8").splitlines() if line.strip())  # fmt: skip
_VALUES = st.one_of(
    st.sampled_from(
        ('""', "0", "-1", "1e999", "nan", "true", "[]", "{}", '["a.b"]', "2026-11-27", "[[1]]", '"""', "=")
    ),
    words().map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.integers().map(str),
)


@st.composite
def configs(draw: st.DrawFn) -> str:
    """The example's lines with some values exchanged, or any text."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.text(max_size=200))
    lines = list(_LINES)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.integers(0, 3)):
            case 0:
                lines[at] = f"{lines[at].partition('=')[0]}= {draw(_VALUES)}"
            case 1:
                lines.insert(at, draw(st.sampled_from(_LINES)))
            case 2:
                lines.insert(at, f"{draw(words())} = {draw(_VALUES)}")
            case _:
                del lines[at:]
                lines.append("")
    return "\n".join(lines)


def read_config(text: str) -> None:
    """A config, or an error that names its file."""
    ours(lambda: config.parse(text, Path("config.toml")))


# Sound files.


def _sounds() -> tuple[bytes, ...]:
    tone = (np.sin(np.arange(3200) / 5) * 9000).astype(np.int16)
    made = []
    for rate, channels, kind, coding in (
        (16_000, 1, "WAV", "PCM_16"), (44_100, 2, "WAV", "PCM_24"), (8_000, 1, "WAV", "FLOAT"), (8_000, 1, "WAV", "IMA_ADPCM"),
        (16_000, 1, "FLAC", "PCM_16"), (16_000, 1, "OGG", "VORBIS"),
    ):  # fmt: skip
        file = io.BytesIO()
        soundfile.write(file, np.stack([tone] * channels, axis=1), rate, format=kind, subtype=coding)
        made.append(file.getvalue())
    return tuple(made)


def sound_files() -> st.SearchStrategy[bytes]:
    """WAV, FLAC and OGG, damaged; or any bytes."""
    return st.one_of(*(damaged(content, head=120) for content in _sounds()), st.binary(max_size=200))


def read_sound(content: bytes) -> None:
    """Whole chunks, at most ten minutes of them, or an error."""
    path = _scratch("sound")
    path.write_bytes(content)

    async def listen() -> None:
        taken = 0
        async with FileSource(str(path), AudioClock()) as source:
            async for chunk in source:
                assert chunk.samples.dtype == np.int16
                assert chunk.samples.shape == (CHUNK_SAMPLES,)
                taken += 1
                if taken > 30_000:
                    return

    ours(lambda: asyncio.run(listen()))


# What a model writes.


def read_reply(pieces: Sequence[str]) -> None:
    """Calls, clauses, or what can't be read. No control token is spoken, and none is an argument."""
    parser = ReplyParser()
    parts = [part for text in pieces for part in parser.feed(Piece(text, 1.0))] + parser.finish()
    for part in parts:
        match part:
            case Call(name=name, arguments=arguments):
                assert len(name) <= 100
                assert sum(map(len, map(str, arguments.values()))) <= 2 * LONGEST_CALL
                assert not any(
                    token in str(value) for value in arguments.values() for token in CONTROL if token != '<|"|>'
                )
            case Say(text=text):
                assert text
                assert all(c.isprintable() for c in text)
                assert not any(token in text for token in CONTROL)
            case Malformed(text=text):
                assert len(text) <= 200


def act_on_reply(pieces: Sequence[str]) -> None:
    """What a person never said yes to isn't opened, and a doubtful call does nothing, whatever is written."""
    home = DemoHome()
    before = home.states()
    router = Router([home])
    parser = ReplyParser()
    parts = [part for text in pieces for part in parser.feed(Piece(text, 1.0))] + parser.finish()
    calls = [part for part in parts if isinstance(part, Call)]
    done = asyncio.run(router.dispatch(calls))
    services = [effect.service for outcome in done.outcomes for effect in outcome.effects]
    assert not any(service in ("lock.unlock", "alarm_control_panel.alarm_disarm") for service in services)
    assert services or home.states() == before
    doubtful = asyncio.run(Router([DemoHome()]).dispatch(calls, 0.01))
    assert not any(effect.service == "lock.unlock" for outcome in doubtful.outcomes for effect in outcome.effects)


@st.composite
def walks(draw: st.DrawFn) -> tuple[tuple[Tool, ...], list[int]]:
    """Tools of a home with made-up names, and choices."""
    names = draw(st.lists(words(), max_size=3))
    rows = [{"entity_id": f"light.n{i}", "name": name} for i, name in enumerate(names)]
    states = LiveStates()
    states.apply({"a": {row["entity_id"]: {"s": "on", "a": {"friendly_name": row["name"]}} for row in rows}})
    home = registry_of(frozenset(states), [], [], [], {}).directory(states)
    return tools_for(home), draw(st.lists(st.integers(0, 1 << 16), max_size=60))


def walk_grammar(walk: tuple[tuple[Tool, ...], list[int]]) -> None:
    """Whoever chooses among what is legal writes a call that can be read, and gets to its end."""
    tools, choices = walk
    guide = Grammar(tools, letters).begin()
    written: list[int] = []
    for choice in [*choices, *[0] * 400]:
        written += guide.forced()
        legal = guide.legal()
        if legal == []:
            break
        if legal is None:
            if CALL_END in (text := "".join(spelled(written))):
                call = read_call(text.removesuffix(CALL_END))
                assert isinstance(call, Call), text
                return
            written += letters('x<|"|>')
            for token in written[-2:]:
                guide.take(token)
            continue
        token = legal[choice % len(legal)]
        guide.take(token)
        written.append(token)
    assert not tools, "the call never ended"


# What a broker and a home send.

_ZIGBEE = Zigbee2Mqtt(0, flat())
_ZIGBEE.groups = [{"friendly_name": "kitchen lights", "members": [{"ieee_address": "0x1"}]}]
_REPORT = {"state": "ON", "brightness": 127, "color": {"hue": 10, "saturation": 20, "x": 0.1, "y": 0.2}, "position": 50,
           "color_mode": "hs", "color_temp": 200, "temperature": 21.5, "contact": True, "occupancy": False,
           "lock_state": "locked", "occupied_heating_setpoint": 20, "local_temperature": 19, "system_mode": "heat",
           "motor_state": "opening", "humidity": 40, "battery": 3}  # fmt: skip
_TASMOTA = {"ip": "10.0.0.1", "dn": "Desk", "fn": ["Desk", "Lamp"], "hn": "desk", "mac": "AABBCCDDEEFF", "t": "desk",
            "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"], "rl": [1, 2, 3, 3], "lt_st": 3, "onln": "Online",
            "ofln": "Offline", "state": ["OFF", "ON", "TOGGLE", "HOLD"], "so": {"30": 1}}  # fmt: skip
_SENSORS = {"sn": {"AM2301": {"Temperature": 21.5, "Humidity": 50}, "TempUnit": "C"}}
_TOLD = {"POWER": "ON", "POWER1": "OFF", "Dimmer": 50, "HSBColor": "10,20,30", "Shutter1": {"Position": 5, "Direction": 1},
         "StatusSNS": {"AM2301": {"Temperature": 21.5}}, "AM2301": {"Temperature": 1}}  # fmt: skip
_EFFECTS = tuple(
    Effect(f"{domain}.{service}", "x.y", data)
    for domain in ("light", "switch", "cover", "lock", "climate", "fan")
    for service, data in (
        ("turn_on", {}), ("turn_on", {"brightness_pct": 30}), ("turn_on", {"color_name": "red"}), ("turn_off", {}),
        ("turn_on", {"color_temp_kelvin": 2700}), ("turn_on", {"hs_color": (1.0, 2.0)}), ("open_cover", {}),
        ("set_cover_position", {"position": 40}), ("lock", {}), ("unlock", {}), ("set_temperature", {"temperature": 21}),
    )
)  # fmt: skip


def _hear(things: Sequence[Thing], payload: bytes) -> None:
    """Names are one short line, orders are what can be sent, readings are in our terms."""
    rooms = {thing.area for thing in things if thing.area is not None}
    for entity_id, thing in entities_of(things).items():
        entity = entity_of(entity_id, thing, rooms)
        for name in entity.names:
            assert 0 < len(name) <= LONGEST_NAME
            assert all(c.isprintable() for c in name)
            assert not set(name) & set('<>{}[]|"`')
        for topic in thing.topics:
            reading = thing.heard(topic, payload)
            if reading is not None:
                assert reading.state is None or len(reading.state) <= 60
                assert all(not isinstance(v, float) or math.isfinite(v) for v in reading.attributes.values())
        for effect in _EFFECTS:
            orders = thing.orders(effect)
            assert not orders or effect.service.partition(".")[0] == thing.domain
            for order in orders:
                assert not set(order.topic) & set("+#\0")
                assert len(order.payload) < 20_000
        thing.query()


def _payloads(report: Mapping[str, Any]) -> st.SearchStrategy[bytes]:
    return st.one_of(
        changed(report).map(lambda told: json.dumps(told).encode()),
        st.sampled_from((b"online", b'{"state":"offline"}', b"[" * 5000, b"\xff\xfe", b"1e999", b"")),
        st.binary(max_size=50),
    )


def hear_zigbee(thrown: tuple[Any, Any, dict[str, str], bytes]) -> None:
    """zigbee2mqtt's lists of devices and groups, and what the devices report."""
    listed, groups, rooms, payload = thrown
    _hear(zigbee2mqtt.devices("z", listed, groups, rooms), payload)


def hear_tasmota(thrown: tuple[Any, Any, dict[str, str], bytes]) -> None:
    """Tasmota's discovery, and what the devices report."""
    about, sensors, rooms, payload = thrown
    _hear(tasmota.things(about, sensors, rooms), payload)


@st.composite
def topics(draw: st.DrawFn) -> tuple[MqttDevice, bytes]:
    """A device of the config, and a payload."""
    kind = draw(st.sampled_from(("switch", "light", "fan", "lock", "cover", "sensor", "binary_sensor")))
    key = draw(st.sampled_from(("", "a", "a.b", "..")))
    return MqttDevice(name=draw(words()), kind=kind, area=draw(words()), command_topic="c", state_topic="s", state_key=key), draw(
        _payloads({"a": {"b": "ON"}})
    )  # fmt: skip


def hear_topics(thrown: tuple[MqttDevice, bytes]) -> None:
    """A thing on topics of its own."""

    def hear() -> None:
        _hear([mqtt_topics.Configured(thrown[0])], thrown[1])

    ours(hear)


def hear_orders(orders: Sequence[tuple[int, bytes, bool]]) -> None:
    """Whatever is sent to the assistant: it speaks a bounded text, mutes for ON and OFF, and takes volumes from 0 to 100."""
    spoken: list[str] = []
    switched: list[bool] = []
    volumes: list[int] = []
    announcer = Announcer(MqttConfig(host="h", announce=True), None)
    names = announcer._topics
    where = (names.announce, names.set_mute, names.set_volume, "other")

    def speak(text: str) -> bool:
        spoken.append(text)
        return True

    announcer._desk = Desk(lambda: Standing("idle", False, 50, 0, None), switched.append, volumes.append, speak)
    for topic, payload, retained in orders:
        announcer._hear(where[topic], payload, retained)
    meant = [payload for topic, payload, retained in orders if topic == 1 and not retained]
    assert len(switched) <= sum(payload.strip() in (b"ON", b"OFF") for payload in meant)
    assert all(0 <= volume <= 100 for volume in volumes)
    assert all(len(text) <= 4096 for text in spoken)


_AREAS = [{"area_id": "kitchen", "name": "kitchen", "aliases": ["galley"], "floor_id": "ground"}]
_FLOORS = [{"floor_id": "ground", "name": "downstairs", "aliases": []}]
_DEVICES = [{"id": "d", "area_id": "kitchen"}]
_ENTRIES = {"light.a": {"area_id": None, "device_id": "d", "aliases": ["lamp"]}, "sensor.b": {"area_id": "kitchen"}}
_STATES = {
    "light.a": {"s": "on", "a": {"friendly_name": "light", "brightness": 100, "hs_color": [1, 2]}},
    "sensor.b": {"s": "21.5", "a": {"friendly_name": "warmth", "unit_of_measurement": "°C"}},
    "cover.c": {"s": "open", "a": {"friendly_name": "blind", "current_position": 40}},
    "media_player.d": {"s": "playing", "a": {"friendly_name": "music", "volume_level": 0.4, "media_title": "So What"}},
    "climate.e": {"s": "heat", "a": {"friendly_name": "heating", "temperature": 21, "current_temperature": 20}},
    "todo.f": {"s": "3", "a": {"friendly_name": "list"}},
}
_SEEN = tuple(
    Effect(service, "x.y", data)
    for service, data in (
        ("light.turn_on", {"brightness_pct": 50}), ("light.turn_on", {"color_name": "red"}), ("light.turn_off", {}),
        ("light.turn_on", {"color_temp_kelvin": 2700}), ("light.turn_on", {"hs_color": (1, 2)}),
        ("cover.open_cover", {}), ("cover.set_cover_position", {"position": 40}), ("todo.add_item", {"item": "milk"}),
        ("climate.set_temperature", {"temperature": 21}), ("media_player.volume_set", {"volume_level": 0.5}),
        ("todo.remove_item", {"item": "milk"}), ("lock.lock", {}), ("light.turn_on", {"brightness": 100}),
    )
)  # fmt: skip
_FORECAST = [{"datetime": "2026-11-24T12:00:00+00:00", "temperature": 7, "templow": 2, "condition": "rainy"}]
homes = st.tuples(
    changed({"exposed_entities": {id_: {"conversation": True} for id_ in _STATES}}), changed(_AREAS), changed(_FLOORS),
    changed(_DEVICES), changed(_ENTRIES), st.lists(
        st.one_of(changed({"a": _STATES}), changed({"c": {"light.a": {"+": _STATES["light.a"], "-": {"a": ["brightness"]}}}}),
                  changed({"r": ["light.a"]})), min_size=1, max_size=3), changed(_FORECAST),
)  # fmt: skip


def live_in(thrown: tuple[Any, Any, Any, Any, Any, list[Any], Any]) -> None:
    """Registries, states and forecasts of a Home Assistant: names are plain, answers are lines, the prompt has one turn."""
    told, areas, floors, devices, entries, events, forecast = thrown
    exposed = exposed_of(told)
    registry = registry_of(exposed, areas, floors, devices, entries if isinstance(entries, dict) else {})
    states, before = LiveStates(), LiveStates()
    before.apply(events[0])
    for event in events:
        states.apply(event)
    states.keep(exposed)
    home = registry.directory(states, "galley")
    assert {entity.id for entity in home.entities} <= exposed
    for entity in home.entities:
        state = states.of(entity.id)
        assert state is not None
        result = home_answers.facts(entity, state)
        assert all(not isinstance(v, float) or math.isfinite(v) for v in result.values()), result
        for effect in _SEEN:
            home_change.seen(effect, before.of(entity.id), state)
            home_change.on_its_way(effect, before.of(entity.id), state)
    told_of = prompt.prefix(prompt.PromptProfile("Hi."), tools_for(home), home_facts.static_facts(home))
    assert (told_of.count("<|turn>"), told_of.count("<turn|>")) == (1, 1)
    registry.rooms("downstairs")
    weather = home_answers.forecast_of(forecast, "today", NOON)
    assert weather is None or all(not isinstance(v, float) or math.isfinite(v) for v in weather.values())


# Files that are opened: models, the wake word's head, timers, logs, prepared phrases.


def _headers() -> tuple[bytes, bytes, int, int]:
    """The two files of a small Gemma 4 without their weights: header bytes, and how long the files are."""
    text, audio = _scratch("text.gguf"), _scratch("mmproj.gguf")
    write_shape(text, audio, PRESETS["mini"])
    heads = [path.read_bytes()[: gguf_file.read_header(path).data_start] for path in (text, audio)]
    return heads[0], heads[1], text.stat().st_size, audio.stat().st_size


_TEXT_HEAD, _AUDIO_HEAD, _TEXT_BYTES, _AUDIO_BYTES = _headers()


def _sparse(name: str, head: bytes, nbytes: int) -> Path:
    path = _scratch(name)
    path.write_bytes(head)
    with path.open("r+b") as file:
        file.truncate(max(nbytes, len(head)))
    return path


def open_models(thrown: tuple[bytes, bytes]) -> None:
    """Headers of a text model and an audio encoder: all that looks at them before llama.cpp does."""
    text = _sparse("odd.gguf", thrown[0], _TEXT_BYTES)
    audio = _sparse("odd-mmproj.gguf", thrown[1], _AUDIO_BYTES)
    ours(lambda: gguf_file.read_header(text))
    ours(lambda: check_files(text, audio))
    ours(lambda: verify.chat_template(text))
    ours(lambda: ear_slice.problem(text, _scratch("text.gguf")))
    ours(lambda: ear_slice.problem(_scratch("text.gguf"), text))
    ours(lambda: ear_slice.cut(text))


def open_encoder(head: bytes) -> None:
    """An audio encoder that the checks let through is built and encodes: no assertion of ggml ends the process."""
    audio = _sparse("odd-mmproj.gguf", head, _AUDIO_BYTES)

    def encode() -> None:
        conformer = Conformer(audio)
        try:
            conformer.feed(np.zeros(640 * 3, np.int16))
            conformer.encode(2)
        finally:
            conformer.close()

    ours(encode)


def open_head(content: bytes) -> None:
    """A wake word's head."""
    path = _scratch("head.onnx")
    path.write_bytes(content)
    ours(lambda: Head(path).scores(np.zeros((16, 96), np.float32)))


_TIMERS = {
    "timers": [{"name": "pasta", "seconds": 480, "ends_at_s": 1.7e9, "left_s": None}],
    "alarms": [{"name": None, "hours": 7, "minutes": 30, "at_s": 1.7e9}],
}


def open_timers(thrown: Any) -> None:
    """Timers and alarms: none, or some that can be told and saved again."""
    path = _scratch("timers.json")
    path.write_bytes(thrown if isinstance(thrown, bytes) else json.dumps(thrown).encode("utf-8", "surrogatepass"))
    file = TimerFile(path)
    entries = file.load()
    for entry in entries:
        assert entry.label
    file.save(entries)


_WAKE_LINE = line_of(Entry(1, NOON, Kind.WAKE, 0.9, 0.8, -20.0)).encode()


def open_logs(content: bytes) -> None:
    """The wake log, line by line: what can't be read costs no other line."""
    text = content.decode("utf-8", "replace") + "\n" + _WAKE_LINE.decode()
    assert read_wake_log(text.splitlines()).entries


def _backup() -> bytes:
    folder = _scratch("saved")
    (folder / "wake").mkdir(parents=True)
    (folder / "config.toml").write_text("[wake]\nthreshold = 0.7\n", encoding="utf-8")
    (folder / "timers.json").write_text(json.dumps(_TIMERS), encoding="utf-8")
    (folder / "wake" / "hey.onnx").write_bytes(b"a head")
    backup.save(_scratch("saved.tar"), backup.Place(folder / "config.toml", folder, folder / "wake"))
    return _scratch("saved.tar").read_bytes()


_BACKUP = _backup()


def open_backup(content: bytes) -> None:
    """A backup: whole, or nothing of it is written. Nothing lies outside of our folders."""
    path, folder = _scratch("odd.tar"), _scratch("restored")
    path.write_bytes(content)
    place = backup.Place(folder / "config.toml", folder / "state", folder / "heads")
    ours(lambda: backup.restore(path, place))
    known = {folder / "config.toml", folder / "state" / "timers.json", folder / "state" / backup.BEFORE}
    found = {path for path in folder.rglob("*") if path.is_file()}
    assert found <= {*known, folder / "state" / "muted", *(folder / "heads").glob("*.onnx")}, found


PrefixCache(_scratch("prefix")).store("key", bytes(range(256)) * 8)
_PREFIX = next(_scratch("prefix").iterdir()).read_bytes()


def open_prefix(content: bytes) -> None:
    """A cached prefix: what was stored, or nothing; llama.cpp would trust it."""
    next(_scratch("prefix").iterdir()).write_bytes(content)
    assert PrefixCache(_scratch("prefix")).load("key") in (None, bytes(range(256)) * 8)


_VOICE = {"espeak": {"voice": "en-us"}, "audio": {"sample_rate": 22050, "quality": "medium"}, "num_symbols": 256,
          "num_speakers": 1, "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
          "phoneme_id_map": {"a": [1]}, "phoneme_type": "espeak"}  # fmt: skip


def open_voice(description: Any) -> None:
    """A Piper voice's description, and a network that isn't one."""
    _scratch("v.onnx").write_bytes(b"no network")
    _scratch("v.onnx.json").write_bytes(json.dumps(description).encode("utf-8", "surrogatepass"))
    ours(lambda: PiperVoice(_scratch("v.onnx")).say("Hello.", "en"))


def render(template: str) -> None:
    """A model file's own chat template."""
    difference(template, "ours", system="s", tools=(), user="u")


_TEMPLATE_PARTS = ("{{ bos_token }}", "{% for m in messages %}", "{% endfor %}", "{{ m.content }}", "{% if tools %}",
                   "{% endif %}", "{{ messages[0].role }}", "{{ 9 ** 9 }}", "{{ ''.__class__.__mro__ }}", "{{ 'a' * 9 }}",
                   "{% set x = range(9) %}", "{{ x[9] }}", "{{ raise_exception('no') }}", "{{ 1 / 0 }}", "{% break %}",
                   "{{ cycler.__init__.__globals__ }}", "{{ none.x.y }}", "{{ m | tojson }}", "{{ 5 | int(base=99) }}",
                   "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}")  # fmt: skip

_rooms = st.dictionaries(words(), words(), max_size=2)
TARGETS = (
    Target("config", configs(), read_config),
    Target("sound file", sound_files(), read_sound),
    Target("reply, read", replies(), read_reply),
    Target("reply, carried out", replies(), act_on_reply),
    Target("grammar", walks(), walk_grammar),
    Target("zigbee2mqtt", st.tuples(changed(_ZIGBEE.listed()), changed(_ZIGBEE.groups), _rooms, _payloads(_REPORT)), hear_zigbee),
    Target("tasmota", st.tuples(changed(_TASMOTA), changed(_SENSORS), _rooms, _payloads(_TOLD)), hear_tasmota),
    Target("mqtt topics", topics(), hear_topics),
    Target("mqtt orders", st.lists(st.tuples(st.integers(0, 3), st.one_of(st.sampled_from((b"ON", b"OFF", b"50", b"nan", b"-1", b"1e3",
           b"x" * 9000)), st.binary(max_size=40)), st.booleans()), max_size=8), hear_orders),
    Target("home assistant", homes, live_in),
    Target("home's messages", talks(), talk),
    Target("model headers", st.tuples(damaged(_TEXT_HEAD, head=4000), damaged(_AUDIO_HEAD, head=4000)), open_models),
    Target("audio encoder", damaged(_AUDIO_HEAD, head=4000, most=2), open_encoder, risky=True),
    Target("wake head", damaged(shipped_head().read_bytes(), head=4000, most=3), open_head, risky=True),
    Target("wake log", st.one_of(damaged(_WAKE_LINE), st.binary(max_size=80)), open_logs),
    Target("timer file", st.one_of(changed(_TIMERS), anything(), st.binary(max_size=60)), open_timers),
    Target("backup", st.one_of(damaged(_BACKUP, head=4000), st.binary(max_size=600)), open_backup),
    Target("prefix cache", damaged(_PREFIX, head=60, most=2), open_prefix),
    Target("voice", st.one_of(changed(_VOICE), anything()), open_voice),
    Target("chat template", st.lists(st.sampled_from(_TEMPLATE_PARTS), max_size=8).map("".join), render),
)  # fmt: skip
