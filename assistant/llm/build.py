"""For which processor llama.cpp was built here, asked in a process of its own: built for another one, it ends that.

Knows llama.cpp's own line about itself, and no model. Takes 0.3 s.
"""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Build:
    """What it was built with, as AVX2 or DOTPROD; `problem`: it can't even be loaded."""

    features: frozenset[str] = frozenset()
    problem: str = ""


def look(timeout_s: float = TIMEOUT_S) -> Build:
    """Load llama.cpp elsewhere and read what it says."""
    try:
        run = subprocess.run(  # noqa: PLW1510 - a failure is an answer here
            [sys.executable, "-m", __name__],
            env={**os.environ, "GGML_NO_BACKTRACE": "1"},
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        return Build(problem=f"it didn't load: {error}")
    if run.returncode:
        *_, last = ["", *run.stderr.strip().splitlines()]
        ended = signal.Signals(-run.returncode).name if run.returncode < 0 else str(run.returncode)
        return Build(problem=f"loading it ended with {ended} {last}".strip())
    return Build(features_in(run.stdout))


def features_in(line: str) -> frozenset[str]:
    """`CPU : AVX2 = 1 | F16C = 0 | ` -> {"AVX2"}."""
    pairs = (part.split(":")[-1].split("=") for part in line.split("|"))
    return frozenset(pair[0].strip() for pair in pairs if len(pair) == 2 and pair[1].strip() not in {"0", ""})


if __name__ == "__main__":
    from assistant.llm.decoder import import_llama

    sys.stdout.write(import_llama().llama_print_system_info().decode())
