"""Throws made-up things at everything that takes some from outside, for as long as you like.

    python -m tests.fuzz [MINUTES] [TARGET]...      (make fuzz MINUTES=60)
    python -m tests.fuzz --examples N [TARGET]...   the same ones every time: what the tests do
    python -m tests.fuzz --seed N --here TARGET     those of a process that ended

Each target gets a process of its own, as native code might end it, and at most 2 GB of memory more than it begins with;
one example may take 10 s of processor time. What is found is printed as small as it could be made; ends with 1 then.
"""

import argparse
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import TextIO

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.targets import TARGETS, Target

MOST_BYTES = 2 << 30
LONGEST_CPU_S = 10.0
AT_ONCE = 200


def throw(target: Target, examples: int, number: int | None) -> tuple[int, str]:
    """Throw so many examples, always the same ones without a `number` -> how many it were, and what was found."""
    thrown = 0

    @settings(
        max_examples=examples, derandomize=number is None, database=None, deadline=None, print_blob=False,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
    )  # fmt: skip
    @given(target.thrown)
    def one(example: object) -> None:
        nonlocal thrown
        thrown += 1
        signal.signal(signal.SIGPROF, late)
        signal.setitimer(signal.ITIMER_PROF, LONGEST_CPU_S)
        try:
            target.check(example)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    try:
        (one if number is None else seed(number)(one))()
    except BaseException:  # noqa: BLE001 - whatever it is, it was found
        return thrown, traceback.format_exc(limit=-4)[-3000:]
    return thrown, ""


def bound() -> None:
    """Limit this process."""
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))


def late(*_: object) -> None:
    """End an example that takes too long."""
    raise AssertionError(f"more than {LONGEST_CPU_S:.0f} s of processor time")


def alone(target: Target, arguments: list[str]) -> tuple[int, str]:
    """One target in a process of its own."""
    command = [sys.executable, "-m", "tests.fuzz", *arguments, "--here", target.name]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    count, _, found = run.stdout.partition("\n")
    if not count.isdigit():
        told = " ".join(arguments)
        return 0, f"the process ended with {run.returncode} ({told}): {run.stdout[-500:]}{run.stderr[-1500:]}"
    return int(count), found.strip()


def own_output() -> TextIO:
    """Standard output for us alone: what native code writes there goes to standard error."""
    ours = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return ours


def main() -> None:
    """Throw, and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("words", nargs="*", metavar="[MINUTES] TARGET")
    parser.add_argument("--examples", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--here")
    given_ = parser.parse_args()
    if given_.here is not None:
        bound()
        target = next(target for target in TARGETS if target.name == given_.here)
        with own_output() as answer:
            count, found = throw(target, given_.examples or AT_ONCE, given_.seed)
            answer.write(f"{count}\n{found}")
        return
    names = {target.name for target in TARGETS}
    wanted = [word for word in given_.words if word in names]
    minutes = [float(word) for word in given_.words if word not in names] or [1.0]
    chosen = [t for t in TARGETS if not wanted or t.name in wanted]
    counts = dict.fromkeys((target.name for target in chosen), 0)
    finds: dict[str, str] = {}
    end_s = time.monotonic() + 60 * minutes[0]
    while True:
        for target in [t for t in chosen if t.name not in finds]:
            seed_of_it = ["--seed", str(time.time_ns() % (1 << 32))]
            arguments = ["--examples", str(given_.examples)] if given_.examples is not None else seed_of_it
            count, found = alone(target, arguments)
            counts[target.name] += count
            if found:
                finds[target.name] = found
                print(f"--- {target.name}: found\n{found}\n", flush=True)
            if time.monotonic() > end_s and given_.examples is None:
                break
        if given_.examples is not None or time.monotonic() > end_s or len(finds) == len(chosen):
            break
    for name, count in counts.items():
        print(f"{name:22} {count:8} thrown{'   FOUND' if name in finds else ''}")
    sys.exit(1 if finds else 0)


if __name__ == "__main__":
    main()
