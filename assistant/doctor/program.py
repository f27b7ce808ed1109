"""The installation: Python, packages as they were locked, letters beyond ASCII, threads of OpenMP."""

import locale
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from assistant import places
from assistant.doctor.findings import PIP, Finding, NotHere, Study, absent, fail, fine, first, warn

OLDEST = (3, 11)
LOCK = "requirements.lock"
SOME = 4  # packages that are named in one line
OMP = ("OMP_WAIT_POLICY", "OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_PROC_BIND", "GOMP_CPU_AFFINITY", "GOMP_SPINCOUNT")


@dataclass(frozen=True, slots=True)
class Python:
    """The interpreter."""

    version: tuple[int, ...]
    bits: int
    machine: str


@dataclass(frozen=True, slots=True)
class Packages:
    """Versions that were locked, and those that are here (None: not installed)."""

    lock: Path
    locked: Mapping[str, str]
    here: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Letters:
    """How file names, files and what is printed are encoded."""

    files: str
    texts: str
    printed: str


def studies(environ: Mapping[str, str]) -> tuple[Study[Python], Study[Packages], Study[Letters], Study[dict[str, str]]]:
    """What is looked at."""
    return (
        Study("program", probe_python, (("Python", python),)),
        Study("program", probe_packages, (("packages", packages),)),
        Study("program", probe_letters, (("locale", letters),)),
        Study("program", lambda: probe_omp(environ), (("OpenMP", omp),)),
    )


def probe_python() -> Python:
    """The one that runs."""
    return Python(sys.version_info[:3], 64 if sys.maxsize > 2**32 else 32, platform.machine())


def probe_packages(lock: Path | None = None) -> Packages:
    """Read the lock that belongs to this program. Raises NotHere."""
    lock = lock or next((p for p in (places.models_dir() / LOCK, places.models_dir().parent / LOCK) if p.is_file()),
                        None)  # fmt: skip
    if lock is None:
        raise NotHere(f"{LOCK} isn't installed with this program")
    locked = dict(_pins(lock.read_text(encoding="utf-8")))
    return Packages(lock, locked, {name: _installed(name) for name in locked})


def _pins(text: str) -> list[tuple[str, str]]:
    found = []
    for line in re.findall(r"^[A-Za-z0-9][^\\\n]*", text, re.MULTILINE):
        try:
            pin = Requirement(line.strip())
        except InvalidRequirement:
            continue
        if pin.marker is None or pin.marker.evaluate():
            found.append((pin.name, str(pin.specifier).removeprefix("==")))
    return found


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def probe_letters() -> Letters:
    """Of this process; its first stdout, because a spinner puts itself in its place."""
    printed = sys.__stdout__.encoding if sys.__stdout__ is not None else None
    return Letters(sys.getfilesystemencoding(), locale.getencoding(), printed or "ascii")


def probe_omp(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables that libgomp reads."""
    return {name: environ[name] for name in OMP if name in environ}


def python(facts: Python) -> Finding:
    """New enough, and of 64 bits: llama.cpp maps files of 3 GB."""
    version = ".".join(map(str, facts.version))
    return first(
        fail(f"Python {version} is too old", f"install Python {OLDEST[0]}.{OLDEST[1]} or newer, then: make install")
        if facts.version[:2] < OLDEST else None,
        fail(f"Python {version} has {facts.bits} bits", "install the 64-bit Raspberry Pi OS")
        if facts.bits != 64 else None,
        otherwise=fine(f"{version}, {facts.machine}"),
    )  # fmt: skip


def packages(facts: Packages) -> Finding:
    """All there, in the versions that were tested together."""
    missing = [name for name, version in facts.here.items() if version is None]
    other = [
        f"{name} {version} (locked: {facts.locked[name]})"
        for name, version in facts.here.items()
        if version is not None and version != facts.locked[name]
    ]
    fix = f"{PIP} --require-hashes -r {facts.lock}"
    return first(
        absent(f"{facts.lock} locks nothing") if not facts.locked else None,
        fail(f"not installed: {_some(missing)}", fix) if missing else None,
        warn(f"other versions than were tested: {_some(other)}", fix) if other else None,
        otherwise=fine(f"{len(facts.here)} in the locked versions"),
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SOME} more" if len(names) > SOME else ""
    return ", ".join(names[:SOME]) + more


def letters(facts: Letters) -> Finding:
    """Names of rooms and things are in all languages."""
    wrong = [
        f"{what} {code}"
        for what, code in (("file names", facts.files), ("files", facts.texts), ("output", facts.printed))
        if code.lower().replace("-", "").replace("_", "") != "utf8"
    ]
    if wrong:
        return warn(f"not UTF-8: {', '.join(wrong)}", "export LANG=C.UTF-8, or: sudo raspi-config, Localisation")
    return fine("UTF-8")


def omp(facts: Mapping[str, str]) -> Finding:
    """Threads that wait should sleep, and nobody should keep them from the cores."""
    told = ", ".join(f"{name}={value}" for name, value in facts.items())
    limits = [name for name in OMP[1:] if name in facts]
    return first(
        warn(f"{told}: waiting threads keep the cores busy", "unset OMP_WAIT_POLICY, or set it to passive")
        if facts.get("OMP_WAIT_POLICY", "passive").lower() != "passive" else None,
        warn(f"{told}: threads of llama.cpp are bound by it", f"unset {' '.join(limits)}") if limits else None,
        otherwise=fine("waiting threads sleep, none are limited"),
    )  # fmt: skip
