"""What the unit's Nice and CPUWeight do for the wake word when others want the processor: by hand, as root.

    python -m tests.appliance.loaded

A real `hey-gemma run` hears "Hey Gemma, turn on the kitchen light" through a private PulseAudio, on one core (the last)
that four busy loops want, too; the sound server has another. Groups are made as systemd makes them, with version 1's
cpu controller (shares of 1024 are a weight of 100), beside them the kernel's own groups, one a session (autogroup).
"Late": how much later after its word `wake_heard` is told than in the quietest case. Settings are changed while it
runs.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.sound_server import SoundServer, sound_server, why_not

CPU = Path("/sys/fs/cgroup/cpu")
TOP = CPU / "loaded"
WORD = Path(__file__).parents[1] / "replay" / "demo.flac"
ROUNDS, WORDS, EVERY_S, LOOPS = 2, 2, 8.0, 4
PART_S = 8.0
WEIGHT_100 = 1024


@dataclass(slots=True)
class Case:
    """`shares`: weight of each group below TOP; `ours`, `theirs`: where assistant and loops are put ("": no group)."""

    name: str
    nice: int = 0
    loops: int = LOOPS
    ours: str = ""
    theirs: Sequence[str] = ("",)
    shares: Mapping[str, int] = field(default_factory=dict)
    late_ms: list[float] = field(default_factory=list)
    turns_ms: list[float] = field(default_factory=list)
    said: int = 0
    lost_ms: float = 0.0
    part: float = 1.0


def beside(others: str, weight: int = 500, nice: int = 0, slice_: str = "system") -> Case:
    """Other services in system.slice, or a person's session in user.slice; ours in `slice_`, "" the root's."""
    ours = f"{slice_}/own".lstrip("/")
    shares = {"system": 100, "user": 100, ours: weight}
    theirs = [f"system/other{n}" for n in range(LOOPS)] if others == "four services" else ["user"]
    name = f"{others}, {slice_ or '-'}.slice, CPUWeight={weight}, Nice={nice}"
    return Case(name, nice, ours=ours, theirs=theirs, shares=shares)


def cases() -> list[Case]:
    """What is compared."""
    return [
        Case("nobody else", loops=0, ours="flat"),
        Case("no groups, a session each (autogroup), Nice=0"),
        Case("no groups, a session each (autogroup), Nice=-5", -5),
        Case("all in one group, Nice=0", ours="flat", theirs=["flat"]),
        Case("all in one group, Nice=-5", -5, ours="flat", theirs=["flat"]),
        beside("four services", 100),
        beside("four services"),
        beside("four services", nice=-5),
        beside("four services", slice_=""),
        beside("a session", 100),
        beside("a session"),
        beside("a session", nice=-5),
        beside("a session", slice_=""),
    ]


def put(pid: int, group: str) -> None:
    """Move a process with all its threads."""
    ((TOP / group if group else CPU) / "cgroup.procs").write_text(str(pid))


def pinned(pid: int, core: int) -> None:
    """Let all threads of a process run on one core."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


def busy() -> "subprocess.Popen[bytes]":
    """A process that wants a core, in a session of its own."""
    return subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True)


@contextmanager
def loaded(case: Case, pid: int, core: int) -> Iterator[list[int]]:
    """The others are there, and everybody is where the case wants him. Gives the others."""
    for group in dict.fromkeys([*case.shares, case.ours, *case.theirs]):
        (TOP / group).mkdir(exist_ok=True)
    for group, shares in case.shares.items():
        (TOP / group / "cpu.shares").write_text(str(WEIGHT_100 * shares // 100))
    put(pid, case.ours)
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.setpriority(os.PRIO_PROCESS, int(task.name), case.nice)
    loops = [busy() for _ in range(case.loops)]
    try:
        for number, loop in enumerate(loops):
            pinned(loop.pid, core)
            put(loop.pid, case.theirs[number % len(case.theirs)])
        yield [loop.pid for loop in loops]
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
        put(pid, "")
        for made in sorted((p for p in TOP.rglob("*") if p.is_dir() and p.name != "sound"), reverse=True):
            made.rmdir()


def say(server: SoundServer) -> None:
    """Say it in the room."""
    subprocess.run(["paplay", f"--server=unix:{server.socket}", "--device=room", WORD], check=True, timeout=60)


def measure(case: Case, server: SoundServer, events: Path) -> None:
    """Say the word some times; keep what is told."""
    seen = len(events.read_text().splitlines())
    for _ in range(WORDS):
        begun_s = time.monotonic()
        say(server)
        time.sleep(max(0.0, EVERY_S - (time.monotonic() - begun_s)))
    case.said += WORDS
    for line in events.read_text().splitlines()[seen:]:
        event: dict[str, Any] = json.loads(line)
        match event["event"]:
            case "wake_heard":
                case.late_ms.append(event["at_ms"] - event["audio_ms"])
            case "turn_ended":
                case.turns_ms += [event["voice_ms"]] if event["voice_ms"] is not None else []
            case "audio_dropped":
                case.lost_ms += event["dropped_ms"]


def part(case: Case, core: int) -> float:
    """How much it would be given of what it and the others get, if it wanted all."""
    one = busy()
    try:
        pinned(one.pid, core)
        with loaded(case, one.pid, core) as others:
            before = {pid: spent(pid) for pid in (one.pid, *others)}
            time.sleep(PART_S)
            given = {pid: spent(pid) - s for pid, s in before.items()}
    finally:
        one.kill()
        one.wait()
    return given[one.pid] / sum(given.values())


def spent(pid: int) -> int:
    """Processor time in the kernel's ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def report(all_cases: Sequence[Case]) -> None:
    """A row a case."""
    least = min((late for case in all_cases for late in case.late_ms), default=0.0)
    columns = ("others on its core", "given, if it wants all", "words heard", "late, ms: median, most",
               "answer begun, ms: median", "sound lost, ms")  # fmt: skip
    rows: list[Sequence[str]] = [columns, ["---"] * len(columns)]
    for case in all_cases:
        late = [value - least for value in case.late_ms] or [float("nan")]
        turn = f"{statistics.median(case.turns_ms):.0f}" if case.turns_ms else "none"
        heard, spread = f"{len(case.late_ms)} of {case.said}", f"{statistics.median(late):.0f}, {max(late):.0f}"
        rows.append((case.name, f"{case.part:.0%}", heard, spread, turn, f"{case.lost_ms:.0f}"))
    print("\n".join(f"| {' | '.join(row)} |" for row in rows))


def main() -> None:
    """Measure and print."""
    if problem := why_not():
        sys.exit(problem)
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name, sound_server(Path(name)) as server:
        folder, all_cases = Path(name), cases()
        (folder / "config.toml").write_text('[audio]\nmicrophone = "mic"\nduck = "off"\n[speech]\nprepared_mb = 0\n')
        (folder / "events.jsonl").touch()
        own = {"HOME": name, "HEY_GEMMA_CONFIG": str(folder / "config.toml")}
        TOP.mkdir(exist_ok=True)
        (TOP / "cpu.shares").write_text(str(8 * WEIGHT_100))  # whatever else this machine does counts less
        (TOP / "sound").mkdir(exist_ok=True)
        put(os.getpid(), "sound")  # who says the word, too
        pinned(server.pid, cores[0])  # its threads run in real time, which no group may hold
        os.sched_setaffinity(0, {cores[0]})
        for case in all_cases:
            case.part = part(case, cores[-1])
            print(f"{case.part:.1%}: {case.name}", file=sys.stderr, flush=True)
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-c", "from assistant.start import main; main()", "run",
                 "--events", folder / "events.jsonl", "--speaker-file", folder / "answers.wav"],
                env=os.environ | own, stdout=said, stderr=said, start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, {cores[-1]}),  # noqa: PLW1509 - one thread here
            )  # fmt: skip
        try:
            put(process.pid, "")
            while "started" not in (folder / "events.jsonl").read_text():
                if process.poll() is not None:
                    sys.exit((folder / "said").read_text())
                time.sleep(0.5)
            time.sleep(EVERY_S)
            say(server)  # the first turn warms all up
            time.sleep(EVERY_S)
            for number in range(ROUNDS):
                for case in all_cases:
                    with loaded(case, process.pid, cores[-1]):
                        measure(case, server, folder / "events.jsonl")
                    print(f"round {number + 1}: {case.name}", file=sys.stderr, flush=True)
                    time.sleep(3)
        finally:
            process.terminate()
            process.wait(60)
            put(os.getpid(), "")
            for group in (TOP / "sound", TOP):
                group.rmdir()
        report(all_cases)


if __name__ == "__main__":
    main()
