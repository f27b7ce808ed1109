"""Which models there are (`models/manifest.toml`) and in which directories their files are looked for.

Knows no file's content: `weights` fetches and checks them. The tables `prompt`, `sampling`, `thresholds` and `opinion`
of a model pass through as they are, for the stages that understand them. Parsing takes 3 ms.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter

from assistant.disk import readable
from assistant.errors import ModelMissing, UsageError
from assistant.places import SERVICE_DIR, home_dir, models_dir

VOCABULARY = "gemma-4-vocab.gguf.xz"  # Gemma 4's own, Apache-2.0, from llama.cpp's repository: shape reads as E2B does
SYSTEM_DIR = SERVICE_DIR / "models"


class Kind(StrEnum):
    """How a model comes to be there."""

    SHIPPED = "shipped"
    FETCHED = "fetched"
    GENERATED = "generated"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file. `bytes` and `sha256` are of the file at `url`; with `audio_only` a smaller part of it is kept."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    file: str
    bytes: int
    sha256: str = ""
    url: str = ""
    revision: str = ""
    audio_only: bool = False

    @property
    def address(self) -> str:
        """URL of the pinned revision."""
        return self.url.format(revision=self.revision)


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model: two files, and what the prompt, the sampler and the policy should know about it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    title: str
    kind: Kind
    licence: str
    text: ModelFile
    mmproj: ModelFile
    name: str = ""
    prompt: Mapping[str, Any] = field(default_factory=dict)
    sampling: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    opinion: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pinned:
    """What one file of a voice must be."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    bytes: int
    sha256: str = ""
    md5: str = ""


@dataclass(frozen=True, slots=True)
class VoiceEntry:
    """A Piper voice: a network, its description, and the card that names its licence. `path`: in Piper's collection."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    title: str
    path: str
    revision: str
    network: Pinned
    description: Pinned
    card: Pinned

    @property
    def name(self) -> str:
        """What `speech.voice` calls it."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Manifest:
    """All models, by name, and voices, by language."""

    models: Mapping[str, ModelEntry]
    voices: Mapping[str, VoiceEntry] = field(default_factory=dict)

    def voice(self, language: str) -> VoiceEntry:
        """Return the voice for a language. Raises UsageError with the languages there are."""
        if language not in self.voices:
            known = ", ".join(self.voices)
            raise UsageError(f"there is no voice for {language!r} to fetch", remedy=f"choose one of: {known}")
        return self.voices[language]

    def entry(self, name: str) -> ModelEntry:
        """Return the model called `name`. Raises UsageError with the names there are."""
        if name not in self.models:
            known = ", ".join(self.models)
            raise UsageError(f"there is no model called {name!r}", remedy=f"choose one of: {known}")
        return self.models[name]


def load(path: Path | None = None) -> Manifest:
    """Read the manifest; None: the one that came with this program."""
    table = tomllib.loads((path or models_dir() / "manifest.toml").read_text(encoding="utf-8"))
    for name, entry in table["models"].items():
        entry["name"] = name
    return TypeAdapter(Manifest).validate_python(table)


def data_dirs(environ: Mapping[str, str] = os.environ) -> tuple[Path, Path]:
    """Where fetched and generated models are looked for: the user's directory, then the system's."""
    base = Path(environ.get("XDG_DATA_HOME") or home_dir(environ) / ".local" / "share")
    return base / "hey-gemma" / "models", SYSTEM_DIR


def writable_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Where new models go: the system's directory if it is there for us to write (a service), else the user's."""
    user, system = data_dirs(environ)
    return system if not environ.get("XDG_DATA_HOME") and os.access(system, os.W_OK) else user


def find(entry: ModelEntry, file: ModelFile, directories: tuple[Path, ...] | None = None) -> Path:
    """Where `file` of `entry` lies. Raises ModelMissing."""
    places = (models_dir(),) if entry.kind is Kind.SHIPPED else directories or data_dirs()
    for place in places:
        if readable(place / file.file):
            return place / file.file
    remedies = {
        Kind.SHIPPED: "install Hey Gemma again: the file belongs to it",
        Kind.FETCHED: f"hey-gemma models fetch {entry.name}",
        Kind.GENERATED: f"hey-gemma models {entry.name}",
    }
    where = " or ".join(str(place) for place in places)
    raise ModelMissing(f"{file.file} of the model {entry.name} is not in {where}", remedy=remedies[entry.kind])
