"""TOML -> frozen sections. A wrong key names the nearest known one, with file and line.

Knows the shape of the config only; what a value means is known by the stage that gets the section. Every key is
documented in `config.example.toml`, which a test keeps complete.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from assistant.config_mqtt import MqttConfig
from assistant.config_panel import PanelConfig
from assistant.errors import ConfigError
from assistant.places import home_dir

Fraction = Annotated[float, Field(ge=0, le=1)]
EntityId = Annotated[str, Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$")]
TimeOfDay = Annotated[str, Field(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9])?$")]
SYSTEM_FILE = Path("/etc/hey-gemma/config.toml")
_STRICT = ConfigDict(extra="forbid")
SHIPPED_WORD = "hey gemma"


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """Microphone and speaker: a part of the device's name, its number, or empty for the system's default.

    `cue` sounds when the person has finished, `wake_sound` when the wake word was heard. `alarm_volume`: how loud
    timers and alarms ring; the words after it have the voice's volume. `echo`: whether
    our own voice is taken out of the microphone's sound. `duck`: what is made quieter while we listen and speak: other
    programs' streams on this machine, or the media players of the home in this room too.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    microphone: str = ""
    speaker: str = ""
    echo: Literal["auto", "on", "off"] = "auto"
    duck: Literal["off", "streams", "room"] = "streams"
    gain_db: Annotated[float, Field(ge=-40, le=40)] = 0.0
    auto_gain: bool = True
    cue: bool = True
    wake_sound: bool = False
    alarm_volume: Fraction = 0.5


@dataclass(frozen=True, slots=True)
class WakeConfig:
    """When a wake word counts as said, and what is kept of it: `log` times and scores, `keep_clips` the sound too.

    `words`: "hey gemma", phrases that `hey-gemma wake train` has learned, or paths of heads.

    With a `second_opinion` a score from `maybe_threshold` up to `sure_threshold` begins a turn silently, and the model
    decides whether it was meant; `threshold` is for all that is decided without one. With `verify`
    a second ear must hear "hey gemma" in the sound, too; with both it is asked from `verified_threshold` on, and says
    with the score together what is sure.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    words: Annotated[tuple[str, ...], Field(min_length=1, max_length=4)] = (SHIPPED_WORD,)
    threshold: Fraction = 0.8
    speaking_threshold: Fraction = 0.3
    near_threshold: Fraction = 0.3
    refractory_s: Annotated[float, Field(ge=0, le=10)] = 1.0
    second_opinion: bool = True
    verify: bool = True
    maybe_threshold: Fraction = 0.5
    verified_threshold: Fraction = 0.1
    sure_threshold: Fraction = 0.95
    log: bool = True
    keep_clips: bool = False
    clip_limit: Annotated[int, Field(ge=1, le=10_000)] = 200
    clip_megabytes: Annotated[float, Field(gt=0, le=10_000)] = 20.0
    clip_days: Annotated[float, Field(gt=0, le=3650)] = 14.0

    @property
    def deciding(self) -> str:
        """Which of these says from what score on a turn begins, silently or not."""
        if not self.second_opinion:
            return "threshold"
        return "verified_threshold" if self.verify and SHIPPED_WORD in self.words else "maybe_threshold"

    @property
    def from_score(self) -> float:
        """From what score on a turn begins."""
        return float(getattr(self, self.deciding))


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """When the person has finished."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    hangover_ms: Annotated[float, Field(ge=200, le=2000)] = 500.0
    longest_hangover_ms: Annotated[float, Field(ge=200, le=3000)] = 900.0
    early_ms: Annotated[float, Field(ge=100, le=2000)] = 300.0
    likely_ms: Annotated[float, Field(ge=20, le=1000)] = 80.0
    no_speech_s: Annotated[float, Field(ge=1, le=30)] = 5.0
    longest_turn_s: Annotated[float, Field(ge=2, le=25)] = 15.0


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Which model of `models/manifest.toml` hears and answers, and on how many threads (0: chosen for this CPU)."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: str = "tiny"
    prefill_threads: Annotated[int, Field(ge=0, le=64)] = 0
    decode_threads: Annotated[int, Field(ge=0, le=64)] = 0
    listen_ahead: bool = True
    legal_calls: bool = True
    memory: Annotated[str, Field(pattern="^(auto|full|no_ear|mapped)$")] = "auto"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class PolicyConfig:
    """What may happen by voice. `confirm`: locks, alarms, garage doors and ovens that may, after a yes or the PIN."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    confirm: tuple[EntityId, ...] = ()
    pin: Annotated[str, Field(pattern="^([0-9]{4,8})?$")] = ""
    deny: tuple[Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)?$")], ...] = ()
    max_volume: Annotated[float, Field(ge=0, le=100)] = 100.0
    min_temperature: Annotated[float, Field(ge=0, le=40)] = 5.0
    max_temperature: Annotated[float, Field(ge=0, le=40)] = 30.0
    quiet_from: TimeOfDay = ""
    quiet_until: TimeOfDay = ""
    quiet_volume: Annotated[float, Field(ge=0, le=100)] = 20.0


@dataclass(frozen=True, slots=True)
class HomeConfig:
    """What is controlled. `demo_file`: another demo home than the built-in one; `area`: where the assistant stands.

    `shown`: how many names the model is shown; it understands the others too.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    kind: Annotated[str, Field(pattern="^(demo|home_assistant|mqtt)$")] = "demo"
    demo_file: str = ""
    url: str = ""
    token_file: str = ""
    area: str = ""
    shown: Annotated[int, Field(ge=0, le=500)] = 34
    call_deadline_s: Annotated[float, Field(gt=0, le=60)] = 4.0
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    mqtt: MqttConfig = field(default_factory=MqttConfig)


@dataclass(frozen=True, slots=True)
class PlaceConfig:
    """How this place tells temperature and time. `time_zone`: as Europe/Paris; empty: the system's."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    units: Annotated[str, Field(pattern="^(metric|imperial)$")] = "metric"
    clock: Annotated[str, Field(pattern="^(24h|12h)$")] = "24h"
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """The voice: a Piper voice by name or path to its .onnx. `quiet`: a sound instead of words after plain commands.

    `prepared_mb`: how much of the disk phrases take that are made ahead; 0: a few megabytes of memory instead.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    voice: str = "en_US-joe-medium"
    language: Annotated[str, Field(pattern="^[a-z]{2}$")] = "en"
    speed: Annotated[float, Field(ge=0.5, le=2)] = 1.0
    volume: Fraction = 1.0
    quiet: bool = False
    prepared_mb: Annotated[float, Field(ge=0, le=1000)] = 64.0


@dataclass(frozen=True, slots=True)
class LogConfig:
    """What is written down. `events`: a JSONL file that gets every event (no audio, ever).

    `words`: what was understood and answered is in the log, too; in a terminal it always is.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "warning"
    events: str = ""
    words: bool = False


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """As a service: wait for a microphone that isn't there at the start. Under systemd it always waits.

    `on_state`: a program and its arguments, started at each change of state.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    wait_for_microphone: bool = False
    on_state: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """All sections."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    audio: AudioConfig = field(default_factory=AudioConfig)
    wake: WakeConfig = field(default_factory=WakeConfig)
    endpoint: EndpointConfig = field(default_factory=EndpointConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    home: HomeConfig = field(default_factory=HomeConfig)
    place: PlaceConfig = field(default_factory=PlaceConfig)
    speech: SpeechConfig = field(default_factory=SpeechConfig)
    log: LogConfig = field(default_factory=LogConfig)
    service: ServiceConfig = field(default_factory=ServiceConfig)
    panel: PanelConfig = field(default_factory=PanelConfig)


def find(explicit: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The config file in force: `--config`, `$HEY_GEMMA_CONFIG`, the user's, the system's, or None for defaults."""
    if explicit is not None:
        return explicit
    if named := environ.get("HEY_GEMMA_CONFIG"):
        return Path(named)
    candidates = (user_file(environ), SYSTEM_FILE)
    return next((p for p in candidates if p.is_file()), None)


def user_file(environ: Mapping[str, str]) -> Path:
    """The user's own config file, there or not."""
    base = Path(environ.get("XDG_CONFIG_HOME") or home_dir(environ) / ".config")
    return base / "hey-gemma" / "config.toml"


def load(path: Path | None) -> Config:
    """Read a config file; None gives the defaults. Raises ConfigError with key, nearest known key, file and line."""
    if path is None:
        return Config()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) else "not UTF-8 text"
        remedy = "check the path; without --config and HEY_GEMMA_CONFIG there are defaults"
        if isinstance(e, PermissionError):
            remedy = f"use sudo, or make settings of your own: hey-gemma setup --config {user_file(os.environ)}"
        raise ConfigError(f"{path}: {reason}", remedy=remedy) from e
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """Read the text of a config file; `path` is for what is said about it. Raises ConfigError as `load`."""
    try:
        return TypeAdapter(Config).validate_python(tomllib.loads(text), strict=False)
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(f"{path}: {e}", remedy="mend the TOML syntax at that place") from e
    except ValidationError as e:
        first = e.errors()[0]
        raise _explain(path, text, tuple(str(p) for p in first["loc"]), first["type"], first["msg"]) from e


def _explain(path: Path, text: str, where: tuple[str, ...], kind: str, message: str) -> ConfigError:
    line = _line_of(text, where)
    place = f"{path}:{line}" if line else str(path)
    key = ".".join(where)
    if kind != "unexpected_keyword_argument":
        return ConfigError(f"{place}: {key}: {message}", remedy="see config.example.toml for what this key takes")
    known = list(known_keys())
    nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
    hint = f"did you mean {nearest[0]}?" if nearest else f"known are {', '.join(_siblings(where))}"
    return ConfigError(f"{place}: unknown key {key}", remedy=hint)


def known_keys(section: Any = Config, prefix: str = "") -> Iterator[str]:
    """Sections and keys, as `wake` and `wake.threshold`."""
    for f in fields(section):
        yield prefix + f.name
        if isinstance(f.type, type) and is_dataclass(f.type):
            yield from known_keys(f.type, f"{prefix}{f.name}.")


def _siblings(where: tuple[str, ...]) -> list[str]:
    prefix = "".join(f"{p}." for p in where[:-1])
    return [k for k in known_keys() if k.startswith(prefix) and "." not in k[len(prefix) :]]


def _line_of(text: str, where: tuple[str, ...]) -> int | None:
    keys = [part for part in where if not part.isdecimal()]  # a place in a list has no name
    section, key = ".".join(keys[:-1]), keys[-1]
    passed = next((int(part) for part in where[:-1] if part.isdecimal()), 0)  # tables of the same name before it
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[?\s*([\w.-]+)\s*\]", line):
            passed -= current == section
            current = header[1]
            if not section and current == key:
                return number
        elif current == section and passed <= 0 and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return None
