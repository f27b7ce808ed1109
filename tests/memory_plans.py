"""What each memory plan takes and costs with one model, each in a process of its own, on one core.

    python -m tests.memory_plans [MODEL [CASE]]      (default: shape; four minutes of processor time)

Resident memory by kind, from /proc/self/status, and what of it the turn itself has used, from smaps, after a turn: 256
tokens of prefix, 2 s of sound heard while it comes, its end, and 8 tokens of an answer. Processor seconds are this
process's own; compare them within one run. `disk reads a token`: page faults that had to wait for the disk. Under a
limit, as of a board with 4 GB: systemd-run --scope -p MemoryMax=3650M -p MemorySwapMax=0 python -m tests.memory_plans
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

PREFIX, ROWS, CLOSING, ANSWER = 256, 50, 6, 8
CASES = {
    # name: ear, repack decoder, repack ear, encoder
    "full": (True, True, True, "Q8_0"),
    "full, F16 encoder": (True, True, True, "F16"),
    "full, BF16 encoder": (True, True, True, "BF16"),
    "no_ear": (False, True, False, "Q8_0"),
    "mapped": (False, False, False, "Q8_0"),
    "ear, nothing rearranged": (True, False, False, "Q8_0"),
    "mapped, mtmd": (False, False, False, "mtmd"),
}


def memory() -> dict[str, float]:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    kb = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if "kB" in rest}
    return {name: kb[name] / 1e6 * 1.024 for name in ("RssAnon", "RssFile", "VmHWM")}


def forget_use() -> None:
    """Let the kernel note from now on which pages are used."""
    Path("/proc/self/clear_refs").write_text("1", encoding="ascii")


def used() -> dict[str, float]:
    """Gigabytes that were used since: of files, and of memory that can't be read from one again."""
    found = {"used file": 0.0, "used anon": 0.0}
    anon = 0
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        name, _, rest = line.partition(":")
        if name == "Referenced":
            referenced = int(rest.split()[0])
        elif name == "Anonymous":
            anon = min(int(rest.split()[0]), referenced)
            found["used anon"] += anon * 1.024e-6
            found["used file"] += (referenced - anon) * 1.024e-6
    return found


def waited() -> int:
    """How often this process has waited for a page from the disk."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt


def of_type(mmproj: Path, encoder: str) -> Path:
    """Give the encoder of shape with weights of another type, made if need be."""
    from assistant import weights

    path = mmproj.with_name(f"shape-mmproj-{encoder}.gguf")
    if not path.is_file():
        weights.generate_mmproj(path, encoder)
    return path


def measure(model: str, case: str) -> None:
    """Run one case here and print its figures as JSON."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    from assistant import manifest, weights
    from assistant.llm.conformer import Conformer
    from assistant.llm.engine import Engine, Threads
    from assistant.llm.memory_plan import MemoryPlan
    from assistant.llm.trunk import Trunk
    from assistant.places import cache_dir

    with_ear, main, ear, encoder = CASES[case]
    found = weights.paths(manifest.load().entry(model))
    mmproj = found.mmproj if model != "shape" or encoder in ("mtmd", "Q8_0") else of_type(found.mmproj, encoder)
    path = weights.prepared_ear(found, cache_dir()) if with_ear else None
    spent: dict[str, float] = {}

    def timed(name: str, since: float) -> None:
        spent[name] = spent.get(name, 0.0) + time.process_time() - since

    at = time.process_time()
    plan = MemoryPlan(case, ear=with_ear, repack_main=main, repack_ear=ear)
    engine = Engine(found.text, mmproj, context=4096, threads=Threads(1, 1), ear=path, plan=plan)
    trunk = Trunk(engine)
    sound = (np.random.default_rng(0).normal(size=640 * ROWS + 640) * 3000).astype(np.int16)
    timed("load", at)
    tokens = np.random.default_rng(1).integers(1000, 60_000, PREFIX + CLOSING + ANSWER).tolist()
    at = time.process_time()
    trunk.append_tokens(tokens[:PREFIX])
    timed("prefix", at)
    forget_use()
    if encoder == "mtmd":
        at = time.process_time()
        rows = engine.encode(sound)[:ROWS]
        timed("listen", at)
    else:
        conformer = Conformer(mmproj)
        at = time.process_time()
        conformer.feed(sound)
        rows = np.concatenate([conformer.encode(hop) for hop in (8,) * 6 + (2,)])
        timed("listen", at)
    at = time.process_time()
    for start in range(0, len(rows), 4):
        trunk.append_rows(rows[start : start + 4])
    timed("listen", at)
    at = time.process_time()
    trunk.read(tokens[PREFIX : PREFIX + CLOSING])
    timed("first token", at)
    at, waits = time.process_time(), waited()
    for token in tokens[-ANSWER:]:
        trunk.read([token])
    timed("decode", at)
    waits = waited() - waits
    told = memory() | used() | {
        "load": spent["load"], "prefix": spent["prefix"], "listen a second": spent["listen"] / (ROWS / 25),
        "first token": spent["first token"], "a token": spent["decode"] / ANSWER, "disk reads a token": waits / ANSWER,
    }  # fmt: skip
    print(json.dumps({name: round(value, 3) for name, value in told.items()}))


def main() -> None:
    """Measure every case, a process each."""
    model = sys.argv[1] if len(sys.argv) > 1 else "shape"
    for case in CASES if model == "shape" else ("full", "no_ear", "mapped"):
        command = [sys.executable, "-m", "tests.memory_plans", model, case]
        environ = os.environ | {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}  # as `run` has it
        run = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        print(f"{case:34} {run.stdout.strip() or run.stderr[-400:]}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        measure(*sys.argv[1:3])
    else:
        main()
