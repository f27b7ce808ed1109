"""Which studies there are, for one config on one machine: causes before what they cause."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant import config as settings_of
from assistant import manifest, muting, places, weights
from assistant.audio.devices import Sound
from assistant.config import Config
from assistant.disk import at_home
from assistant.doctor import clock, homes, machine, models, processor, program, service, settings, sound
from assistant.doctor.findings import NotHere, Study
from assistant.errors import ConfigError, HeyGemmaError
from assistant.llm.memory_plan import Sizes
from assistant.progress import Meter, silent
from assistant.setup import next_step

UNREADABLE = "unknown: see config"


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined. `error`: why the config in `path` can't be read; `config` has defaults then."""

    path: Path | None
    config: Config
    environ: Mapping[str, str]
    error: ConfigError | None = None
    root: Path = Path("/")


def meet(explicit: Path | None, environ: Mapping[str, str] = os.environ) -> Patient:
    """Find the config in force, and read it if that is possible."""
    path = settings_of.find(explicit, environ)
    try:
        return Patient(path, settings_of.load(path), environ)
    except ConfigError as e:
        return Patient(path, Config(), environ, e)


def studies(
    patient: Patient, meter: Meter = silent, *, quick: bool = False, hardware: Callable[[], Sound] = Sound
) -> tuple[Study[Any], ...]:
    """All of them."""
    config, root, environ = patient.config, patient.root, patient.environ
    state, cache = places.asked_state_dir(environ), places.asked_cache_dir(environ)
    folders = manifest.data_dirs(environ)
    written = {"state directory": state, "cache directory": cache}
    if config.log.events:
        written["event log"] = at_home(config.log.events).parent
    wanted = sound.Wanted(
        config.audio.microphone, config.audio.speaker, config.audio.gain_db, config.service.wait_for_microphone
    )
    of_config: tuple[Study[Any], ...] = (
        *models.model_studies(config, meter, cache, folders, quick=quick),
        *homes.studies(config),
    )
    return (
        *program.studies(environ),
        *processor.studies(root),
        *settings.studies(
            patient.path, config, patient.error, written, (settings_of.user_file(environ), settings_of.SYSTEM_FILE)
        ),
        *models.wake_studies(config.wake),
        *(_unknown(study) if patient.error is not None else study for study in of_config),
        *sound.studies(wanted, root, hardware, (state / muting.NAME, places.SERVICE_DIR / muting.NAME)),
        *clock.studies(root, config.place.time_zone),
        *machine.studies(
            root, _model_sizes(config), config.model.memory, {"models": manifest.writable_dir(environ), **written}
        ),
        *service.studies(root, config),
    )


def well(patient: Patient) -> str:
    """The next step where nothing is wrong."""
    return next_step(patient.config)


def _unknown(study: Study[Any]) -> Study[Any]:
    def nothing() -> None:
        raise NotHere(UNREADABLE)

    return Study(study.area, nothing, study.checks)


def _model_sizes(config: Config) -> Sizes:
    """What the model needs of memory; nothing where something is wrong, which is told where models are looked at."""
    try:
        return weights.memory_sizes(manifest.load().entry(config.model.name))
    except HeyGemmaError:
        return Sizes(0, 0, 0)
