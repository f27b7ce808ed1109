"""What this processor can compute with, and whether llama.cpp was built for it."""

import platform
from dataclasses import dataclass
from pathlib import Path

from assistant.doctor.findings import PIP, Finding, Study, absent, fail, fine, first, warn
from assistant.llm import ggml
from assistant.llm.build import Build, look

# Of the kernel -> of llama.cpp. Without these a token takes several times as long.
ARM = {"asimddp": "DOTPROD", "asimdhp": "FP16_VA"}
X86 = {"avx2": "AVX2", "fma": "FMA", "f16c": "F16C"}
REBUILD = f"{PIP} --force-reinstall --no-deps --no-cache-dir {ggml.PACKAGE}=={ggml.SUPPORTED[0]}"


@dataclass(frozen=True, slots=True)
class Processor:
    """`features` in the kernel's words."""

    machine: str
    name: str
    features: frozenset[str]
    build: Build

    @property
    def wanted(self) -> dict[str, str]:
        """The features that matter on this kind of processor."""
        if self.machine in {"aarch64", "arm64"}:
            return ARM
        return X86 if self.machine in {"x86_64", "AMD64"} else {}


def studies(root: Path) -> tuple[Study[Processor]]:
    """What is looked at."""
    checks = (("llama.cpp", build), ("processor", processor))
    return (Study("program", lambda: probe(root), checks, deadline_s=40),)


def probe(root: Path) -> Processor:
    """Read /proc/cpuinfo, and ask llama.cpp."""
    lines = (root / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    features = fields.get("flags") or fields.get("Features") or ""
    name = fields.get("model name") or fields.get("Model") or platform.machine()
    return Processor(platform.machine(), name, frozenset(features.split()), look())


def processor(facts: Processor) -> Finding:
    """Fast enough at all."""
    missing = [feature for feature in facts.wanted if feature not in facts.features]
    return first(
        absent(f"{facts.machine}: nothing is known of it") if not facts.wanted else None,
        warn(f"{facts.name} has no {', '.join(missing)}: answers take long", "use a Raspberry Pi 5, or a newer machine")
        if missing else None,
        otherwise=fine(f"{facts.name}: {', '.join(facts.wanted)}"),
    )  # fmt: skip


def build(facts: Processor) -> Finding:
    """Built for this processor, neither for a better nor for a lesser one."""
    unused = [
        theirs for ours, theirs in facts.wanted.items() if ours in facts.features and theirs not in facts.build.features
    ]
    used = [theirs for theirs in facts.wanted.values() if theirs in facts.build.features]
    return first(
        fail(f"llama.cpp: {facts.build.problem}", REBUILD) if facts.build.problem else None,
        warn(f"llama.cpp was built without {', '.join(unused)}, which this processor has", REBUILD) if unused else None,
        warn("llama.cpp was built without OpenMP: more threads don't help", f"sudo apt install libgomp1 g++; {REBUILD}")
        if "OPENMP" not in facts.build.features else None,
        otherwise=fine(f"built with {', '.join([*used, 'OpenMP'])}"),
    )  # fmt: skip
