"""Each check of `hey-gemma doctor`: facts with which it is content, and one by one those with which it isn't."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from assistant import board
from assistant.audio.devices import Device
from assistant.board import Board
from assistant.config import Config, HomeConfig
from assistant.doctor import clock, homes, machine, models, processor, program, rounds, service, settings, sound
from assistant.doctor.examine import examine
from assistant.doctor.findings import Finding, State
from assistant.doctor.rounds import Patient
from assistant.doctor.signal import Signal
from assistant.errors import AudioDeviceError, ConfigError, HomeAway, HomeRefused, ModelDamaged, ModelMissing
from assistant.intents.home_trial import Found
from assistant.llm.build import Build
from assistant.llm.memory_plan import Sizes
from assistant.verify import Check

OK, WARN, FAIL, ABSENT = State.OK, State.WARN, State.FAIL, State.ABSENT
GB = 10**9
FILE = Path("/somewhere/file")

PYTHON = program.Python((3, 11, 7), 64, "aarch64")
PACKAGES = program.Packages(FILE, {"numpy": "2.4.6", "rich": "15.0"}, {"numpy": "2.4.6", "rich": "15.0"})
LETTERS = program.Letters("utf-8", "UTF-8", "utf-8")
PI = processor.Processor(
    "aarch64", "Raspberry Pi 5", frozenset({"asimddp", "asimdhp"}), Build(frozenset({"DOTPROD", "FP16_VA", "OPENMP"}))
)
PC = replace(
    PI,
    machine="x86_64",
    name="PC",
    features=frozenset({"avx2", "fma", "f16c"}),
    build=Build(frozenset({"AVX2", "FMA", "F16C", "OPENMP"})),
)
SETTINGS = settings.Settings(FILE, None)
SECRET = settings.Secret("Home Assistant's token", FILE, 0o600)
MODEL = models.Model(
    "e2b", checks=tuple(Check(what) for what in ("a.gguf", "b.gguf", "architecture and width", "prompt"))
)
WAKE = models.Wake(scores=(0.0, 0.001))
SPOKEN = models.Spoken("en_US-joe-medium", "en_US-joe-medium", "en", speaks=True, seconds=0.5)
AWAY = HomeAway("no answer", remedy="open it in a browser")
ANSWER = homes.Answer("Kitchen", version="2026.11.0", found=Found(("kitchen", "den"), 12))
MIC = Device(0, "USB mic", 1, 0, 48_000, is_default_input=True, is_default_output=False)
SIGNAL = Signal(-40.0, -55.0, 0.001, 0.0, 50, -75.0, 0.02)
HEARD = sound.Heard(MIC, SIGNAL)
MICROPHONE = sound.Microphone(HEARD)
GONE = AudioDeviceError("no microphone was found", remedy="plug one in")
CLOCK = clock.Clock(datetime(2026, 11, 25, tzinfo=UTC), synchronised=True, zone="Europe/Paris")
E2B = Sizes(1_407_000_000, 318_000_000, 610_000_000)
KERNEL = board.Memory(8 * GB, 6 * GB, 2 * GB, 2 * GB, controller=True)
MEMORY = machine.Memory(KERNEL, ("/dev/zram0",), E2B)
BOARD = Board("Raspberry Pi 5", 45.0, "ondemand", 0)
PACE = machine.Pace("ondemand", "cpufreq-dt", 2_400_000, 2_400_000)
UNIT = {
    "LoadState": "loaded", "UnitFileState": "enabled", "ActiveState": "active", "SubState": "running",
    "Result": "success", "NRestarts": "0", "StatusText": "listening",
    "named": "home.local", "IPAddressAllow": "192.168.1.5/32",
}  # fmt: skip
SOCKETS = service.Sockets((7,), connected=(("192.168.1.5", 8123), ("9.9.9.9", 53)), hosts=frozenset({"192.168.1.5"}))


def of_signal(**figures: float) -> sound.Microphone:
    return sound.Microphone(replace(HEARD, signal=replace(SIGNAL, **figures)))  # type: ignore[arg-type]


def of_heard(**facts: Any) -> sound.Microphone:
    return sound.Microphone(replace(HEARD, **facts))


def of_model(what: str) -> models.Model:
    checks = tuple(replace(c, problem="wrong", remedy="do it") if c.what == what else c for c in MODEL.checks)
    return replace(MODEL, checks=checks)


# check -> facts that it is content with
WELL: dict[str, Any] = {
    "Python": PYTHON,
    "packages": PACKAGES,
    "locale": LETTERS,
    "OpenMP": {"OMP_WAIT_POLICY": "passive"},
    "llama.cpp": PI,
    "processor": PC,
    "config": SETTINGS,
    "secrets": [SECRET],
    "state directory": settings.Directory(FILE, ""),
    "cache directory": settings.Directory(FILE, ""),
    "event log": settings.Directory(FILE, ""),
    "wake word features": WAKE,
    "wake word head": WAKE,
    "voice activity": 0.01,
    **dict.fromkeys(("model files", "bytes", "architecture", "prompt format", "ear", "streaming ear"), MODEL),
    "voice": SPOKEN,
    **dict.fromkeys(("Home Assistant", "token", "exposed things", "room"), ANSWER),
    "MQTT broker": "homeassistant.local:1883",
    "demo home": "built in: 6 rooms",
    "model and home": homes.Fit("e2b", "home_assistant"),
    "mute": (),
    "sound card": sound.Cards(("USB mic",)),
    **dict.fromkeys(("microphone", "level", "clipping", "DC offset", "mains hum", "sample rate", "gaps"), MICROPHONE),
    "speaker": sound.Speaker("Loudspeaker"),
    "time zone": CLOCK,
    "year": CLOCK,
    "synchronised": CLOCK,
    "memory": MEMORY,
    "memory controller": MEMORY,
    "swap": MEMORY,
    "free disk": [machine.Room("models", FILE, 50 * GB)],
    **dict.fromkeys(("temperature", "under-voltage", "throttling"), BOARD),
    "governor": PACE,
    "clock rate": PACE,
    "large pages": "always [madvise] never",
    **dict.fromkeys(("unit", "at boot", "running", "restarts", "firewall"), UNIT),
    "sockets": SOCKETS,
}

# check, facts, how it comes out, what is told of it, its exit code
ILL: list[tuple[str, Any, State, str, int]] = [
    ("Python", replace(PYTHON, version=(3, 10, 2)), FAIL, "3.10.2 is too old", 1),
    ("Python", replace(PYTHON, bits=32), FAIL, "32 bits", 1),
    ("packages", replace(PACKAGES, here={"numpy": None, "rich": "15.0"}), FAIL, "not installed: numpy", 1),
    ("packages", replace(PACKAGES, here={"numpy": "2.5", "rich": "15.0"}), WARN, "numpy 2.5 (locked: 2.4.6)", 0),
    ("packages", replace(PACKAGES, locked={}, here={}), ABSENT, "locks nothing", 0),
    ("locale", replace(LETTERS, texts="ISO-8859-1"), WARN, "files ISO-8859-1", 0),
    ("OpenMP", {"OMP_WAIT_POLICY": "ACTIVE"}, WARN, "busy", 0),
    ("OpenMP", {"OMP_NUM_THREADS": "1"}, WARN, "OMP_NUM_THREADS=1", 0),
    ("llama.cpp", replace(PI, build=Build(problem="loading it ended with SIGILL")), FAIL, "SIGILL", 1),
    ("llama.cpp", replace(PI, build=Build(frozenset({"OPENMP"}))), WARN, "without DOTPROD, FP16_VA", 0),
    ("llama.cpp", replace(PC, build=Build(PC.build.features - {"AVX2"})), WARN, "without AVX2", 0),
    ("llama.cpp", replace(PI, build=Build(PI.build.features - {"OPENMP"})), WARN, "OpenMP", 0),
    ("processor", replace(PI, features=frozenset({"asimdhp"})), WARN, "no asimddp", 0),
    ("processor", replace(PC, features=frozenset({"fma"})), WARN, "no avx2, f16c", 0),
    ("processor", replace(PC, machine="riscv64"), ABSENT, "riscv64", 0),
    ("config", replace(SETTINGS, error=ConfigError("unknown key", remedy="mend it")), FAIL, "unknown key", 2),
    ("secrets", [replace(SECRET, mode=0o644)], FAIL, "anybody here can read Home Assistant's token", 2),
    ("secrets", [replace(SECRET, mode=0o640)], WARN, "a group", 0),
    ("secrets", [], ABSENT, "no file", 0),
    *((what, settings.Directory(FILE, "Read-only file system"), FAIL, "Read-only", 6)
      for what in ("state directory", "cache directory", "event log")),
    ("wake word features", models.Wake(features=ModelMissing("not there", remedy="pip")), FAIL, "not there", 3),
    ("wake word head", models.Wake(head=ModelDamaged("no head", remedy="again")), FAIL, "no head", 3),
    ("wake word head", models.Wake(scores=(0.1, 0.9)), FAIL, "in silence", 3),
    ("wake word head", models.Wake(scores=(float("nan"),)), FAIL, "in silence", 3),
    ("wake word head", models.Wake(features=ModelMissing("not there", remedy="pip")), ABSENT, "unknown", 0),
    ("voice activity", 0.9, FAIL, "silence counts as speech", 3),
    ("voice activity", float("nan"), FAIL, "silence counts as speech", 3),
    ("model files", models.Model("e2b", missing=ModelMissing("not in", remedy="fetch")), FAIL, "not in", 3),
    ("bytes", of_model("b.gguf"), FAIL, "wrong", 3),
    ("bytes", models.Model("e2b", missing=ModelMissing("not in", remedy="fetch")), ABSENT, "see model files", 0),
    ("architecture", of_model("architecture and width"), FAIL, "wrong", 3),
    ("prompt format", of_model("prompt"), FAIL, "wrong", 3),
    ("prompt format", replace(MODEL, checks=MODEL.checks[:2]), ABSENT, "see architecture", 0),
    ("ear", replace(MODEL, ear="made from another model"), WARN, "another model", 0),
    ("ear", replace(MODEL, has_ear=False), ABSENT, "none", 0),
    ("ear", of_model("a.gguf"), ABSENT, "unknown", 0),
    ("streaming ear", replace(MODEL, streaming="the rows differ"), WARN, "the rows differ", 0),
    ("voice", replace(SPOKEN, seconds=0.0), FAIL, "no sound", 1),
    ("voice", replace(SPOKEN, voice="espeak"), WARN, "isn't installed", 0),
    ("voice", replace(SPOKEN, language="de", speaks=False), WARN, "doesn't speak 'de'", 0),
    ("Home Assistant", homes.Answer("", away=AWAY), FAIL, "no answer", 5),
    ("token", homes.Answer("", refusal=HomeRefused("refuses", remedy="a new one")), FAIL, "refuses", 5),
    ("token", homes.Answer("", away=AWAY), ABSENT, "see Home Assistant", 0),
    ("exposed things", replace(ANSWER, found=Found((), 0)), WARN, "nothing is exposed", 0),
    ("exposed things", homes.Answer("", away=AWAY), ABSENT, "unknown", 0),
    ("room", replace(ANSWER, room=""), WARN, "none is set", 0),
    ("room", replace(ANSWER, room="attic"), WARN, "no 'attic'", 0),
    ("room", homes.Answer("", away=AWAY), ABSENT, "unknown", 0),
    ("model and home", homes.Fit("tiny", "mqtt"), WARN, "only the demo home", 0),
    ("model and home", homes.Fit("shape", "demo"), WARN, "random", 0),
    ("mute", (Path("/state/muted"),), WARN, "switched off (/state/muted)", 0),
    ("sound card", sound.Cards(("USB mic",), ("/dev/snd/pcmC0D0c",)), FAIL, "may not open /dev/snd", 4),
    ("microphone", sound.Microphone(None, problem=GONE), FAIL, "no microphone", 4),
    ("microphone", sound.Microphone(None, waits=True, problem=GONE), WARN, "waits for one", 0),
    ("microphone", sound.Microphone(None, problem=GONE, held=(77,)), WARN, "process 77", 0),
    ("microphone", of_signal(peak_dbfs=-120.0), FAIL, "digital silence", 4),
    ("level", of_signal(rms_dbfs=-85.0), WARN, "faint", 0),
    ("level", of_signal(rms_dbfs=-20.0), WARN, "loud", 0),
    ("level", of_heard(gain_db=40.0), WARN, "loud", 0),
    ("level", of_signal(peak_dbfs=-120.0, rms_dbfs=-120.0), ABSENT, "see microphone", 0),
    ("level", sound.Microphone(None, problem=GONE), ABSENT, "see microphone", 0),
    ("clipping", of_signal(clipped=0.01), WARN, "1.0 %", 0),
    ("clipping", of_heard(signal=replace(SIGNAL, peak_dbfs=-6.0), gain_db=12.0), WARN, "gain_db", 0),
    ("DC offset", of_signal(offset=-0.05), WARN, "-5.0 %", 0),
    ("mains hum", of_signal(hum_dbfs=-45.0, hum_share=0.8), WARN, "50 Hz", 0),
    ("sample rate", of_heard(device=replace(MIC, rate_hz=8_000)), WARN, "telephone", 0),
    ("sample rate", of_heard(measured_hz=17_400.0), WARN, "9 % more", 0),
    ("gaps", of_heard(lost_ms=200.0), WARN, "200 ms", 0),
    ("speaker", sound.Speaker("", AudioDeviceError("no speaker", remedy="plug one in")), FAIL, "no speaker", 4),
    ("time zone", replace(CLOCK, zone="Etc/UTC"), WARN, "UTC", 0),
    ("time zone", replace(CLOCK, no_zone=ConfigError("no zone", remedy="another")), FAIL, "no zone", 2),
    ("year", replace(CLOCK, now=datetime(1970, 1, 1, tzinfo=UTC)), FAIL, "1970", 1),
    ("synchronised", replace(CLOCK, synchronised=False), WARN, "nobody", 0),
    ("synchronised", replace(CLOCK, synchronised=None), ABSENT, "doesn't tell", 0),
    ("memory", replace(MEMORY, kernel=replace(KERNEL, total=2 * GB)), FAIL, "needs 2.9 GB", 3),
    ("memory", replace(MEMORY, kernel=replace(KERNEL, available=1 * GB)), WARN, "only 1.0 GB", 0),
    ("memory controller", replace(MEMORY, kernel=replace(KERNEL, total=4 * GB, controller=False)), WARN, "tight", 0),
    ("memory controller", replace(MEMORY, kernel=replace(KERNEL, controller=None)), ABSENT, "doesn't tell", 0),
    ("swap", replace(MEMORY, kernel=board.Memory(4 * GB, 3 * GB), swaps=()), WARN, "none", 0),
    ("swap", replace(MEMORY, swaps=("/dev/mmcblk0p3",)), WARN, "wears", 0),
    ("swap", replace(MEMORY, kernel=replace(KERNEL, swap_free=0)), WARN, "2.0 GB of 2.0 GB used", 0),
    ("free disk", [machine.Room("models", FILE, 10**8)], FAIL, "0.1 GB free", 6),
    ("free disk", [machine.Room("models", FILE, GB), machine.Room("state", FILE, 9 * GB)], WARN, "1.0 GB", 0),
    ("temperature", replace(BOARD, celsius=82.0), FAIL, "82 °C", 1),
    ("temperature", replace(BOARD, celsius=70.0), WARN, "70 °C", 0),
    ("temperature", replace(BOARD, celsius=None), ABSENT, "doesn't tell", 0),
    ("under-voltage", replace(BOARD, flags=1), FAIL, "too weak now", 1),
    ("under-voltage", replace(BOARD, flags=0x10000), WARN, "since boot", 0),
    ("under-voltage", replace(BOARD, flags=None), ABSENT, "Raspberry", 0),
    ("throttling", replace(BOARD, flags=0x4), FAIL, "throttled", 1),
    ("throttling", replace(BOARD, flags=0x80000), WARN, "soft temperature limit", 0),
    ("throttling", replace(BOARD, flags=None), ABSENT, "Raspberry", 0),
    ("governor", replace(PACE, governor="powersave"), WARN, "powersave", 0),
    ("governor", replace(PACE, governor=""), ABSENT, "kernel", 0),
    ("clock rate", replace(PACE, allowed=1_500_000), WARN, "1.5 of 2.4 GHz", 0),
    ("clock rate", replace(PACE, highest=0), ABSENT, "kernel", 0),
    ("large pages", "always madvise [never]", WARN, "switched off", 0),
    ("large pages", "", ABSENT, "none", 0),
    ("unit", {**UNIT, "LoadState": "masked"}, FAIL, "masked", 1),
    ("at boot", {**UNIT, "UnitFileState": "disabled"}, WARN, "disabled", 0),
    ("running", {**UNIT, "ActiveState": "failed", "Result": "watchdog"}, FAIL, "watchdog", 1),
    ("running", {**UNIT, "ActiveState": "activating", "SubState": "auto-restart"}, FAIL, "auto-restart", 1),
    ("running", {**UNIT, "ActiveState": "inactive"}, WARN, "inactive", 0),
    ("restarts", {**UNIT, "NRestarts": "12"}, WARN, "12", 0),
    ("restarts", {"LoadState": "loaded"}, ABSENT, "count", 0),
    ("firewall", {**UNIT, "IPAddressAllow": ""}, WARN, "not to home.local either", 0),
    ("sockets", replace(SOCKETS, listening=(("192.168.1.9", 8080),)), FAIL, "listens on 192.168.1.9 port 8080", 1),
    ("sockets", replace(SOCKETS, connected=(("1.2.3.4", 443),)), FAIL, "1.2.3.4 port 443", 1),
    ("sockets", replace(SOCKETS, secret=True), ABSENT, "only root", 0),
]  # fmt: skip

# The probe of these raises what is wrong: a home with which it does, what is told, its exit code
BY_PROBE: dict[str, tuple[HomeConfig, str, int]] = {
    "MQTT broker": (HomeConfig(kind="mqtt"), "no host", 2),
    "demo home": (HomeConfig(demo_file=str(FILE)), str(FILE), 2),
}

_CONFIG = replace(Config(), log=replace(Config().log, events="/tmp/events.jsonl"))  # noqa: S108 - never opened
CHECKS = {name: check for study in rounds.studies(Patient(None, _CONFIG, {})) for name, check in study.checks}


def of_probe(name: str) -> Finding:
    """What comes of the probe that raises."""
    asked = [study for study in homes.studies(replace(Config(), home=BY_PROBE[name][0])) if study.checks[0][0] == name]
    (row,) = examine(asked).rows
    return row.finding


def test_each_check_is_made_to_fail_here() -> None:
    """So that a check can't be added without."""
    assert set(WELL) == set(CHECKS)
    assert {name for name, _, state, *_ in ILL if state is not ABSENT} | set(BY_PROBE) == set(CHECKS)
    assert len(CHECKS) >= 50


def test_the_table_in_the_docs_is_of_these() -> None:
    """Else: python -m tests.doctor_table."""
    from tests import doctor_table

    assert doctor_table.PAGE.read_text(encoding="utf-8") == doctor_table.page()


@pytest.mark.parametrize("name", WELL)
def test_content(name: str) -> None:
    finding = CHECKS[name](WELL[name])
    assert (finding.state, finding.fix, finding.exit_code) == (OK, "", 0), finding
    assert finding.found


@pytest.mark.parametrize(("name", "facts", "state", "told", "exit_code"), ILL)
def test_not_content(name: str, facts: Any, state: State, told: str, exit_code: int) -> None:
    """A fix of one line, and an exit code with which a script can tell what is wrong."""
    finding = CHECKS[name](facts)
    assert finding.state is state, finding
    assert told in finding.found
    assert finding.exit_code == exit_code
    assert bool(finding.fix) == (state is not ABSENT)
    assert "\n" not in finding.fix


def test_a_board_with_memory_enough_needs_no_controller() -> None:
    """It is off on every Raspberry Pi; that is told and no warning."""
    finding = CHECKS["memory controller"](replace(MEMORY, kernel=replace(KERNEL, controller=False)))
    assert finding.state is OK
    assert "keeps nothing" in finding.found


@pytest.mark.parametrize(("name", "told", "exit_code"), [(name, *row[1:]) for name, row in BY_PROBE.items()])
def test_what_the_probe_raises(name: str, told: str, exit_code: int) -> None:
    finding = of_probe(name)
    assert (finding.state, finding.exit_code) == (FAIL, exit_code)
    assert told in finding.found
    assert finding.fix


def test_one_of_intels_governors_has_an_old_name() -> None:
    """Its powersave is quick."""
    assert CHECKS["governor"](replace(PACE, governor="powersave", driver="intel_pstate")).state is OK


def test_another_config_that_is_not_in_force_is_named() -> None:
    assert "/etc/x" in CHECKS["config"](replace(SETTINGS, others=(Path("/etc/x"),))).found
