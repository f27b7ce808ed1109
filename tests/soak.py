"""`python -m tests.soak --hours 24`: a simulated day of the whole assistant at fast pace, and whether anything grows.

Real models, voice, timer file and wake log, in one process. Counts what was said against what was heard and done, and
looks at memory, descriptors, threads, tasks and files every five simulated minutes. `--folder` keeps what was measured
(soak.jsonl, written as it goes); `--svg` draws it. Ends with 1 when a turn is lost or something grows.
"""

import argparse
import asyncio
import ctypes
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from assistant import app, start
from assistant.audio.clock import AudioClock, WallClock
from assistant.audio.replay import NullSpeaker
from assistant.config import Config, WakeConfig
from assistant.events import (
    EndpointReached,
    Event,
    Failed,
    Reply,
    RingingEnded,
    TimerRang,
    ToolCalled,
    TurnEnded,
    WakeHeard,
)
from assistant.intents.timer_file import TimerFile
from assistant.places import cache_dir, state_dir
from assistant.states import Idle, Ringing
from assistant.waking.keeper import keeping
from tests import soak_day
from tests.soak_report import Sample, describe, picture, problems

LOOK_S = 300.0
STARTS = ("timer.start", "alarm.set")


@dataclass(slots=True)
class Books:
    """What was heard and done, counted. `scene` says what is on when something happens."""

    scene: Callable[[], soak_day.Scene | None]
    counts: Counter[str] = field(default_factory=Counter)
    turn: int = 0
    lost: list[str] = field(default_factory=list)

    def observe(self, event: Event) -> None:
        """Take one event."""
        scene = self.scene()
        kind = scene.kind if scene is not None else "silence"
        match event:
            case WakeHeard():
                self.counts[f"wakes in scenes of {kind}"] += 1
            case EndpointReached(reason=reason):
                self.counts[f"turns over: {reason}"] += 1
            case ToolCalled(ok=ok, effects=effects):
                self.counts["calls done" if ok else "calls refused"] += 1
                self.counts[f"calls in scenes of {kind}"] += 1
                for effect in effects if ok else ():
                    self.counts[f"did {effect['service']}"] += 1
            case Reply():
                self.counts["replies"] += 1
            case TimerRang():
                self.counts["timers rung"] += 1
            case RingingEnded(reason=reason):
                self.counts[f"ringing ended: {reason}"] += 1
            case Failed(code=code, message=message):
                self.lost.append(f"failed: {code}: {message}")
            case TurnEnded(turn=turn):
                if turn != self.turn + 1:
                    self.lost.append(f"turn {turn} ended after turn {self.turn}")
                self.turn = turn
            case _:
                pass


class _Mallinfo(ctypes.Structure):
    """glibc's struct mallinfo2."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in [
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        ]
    ]


def asked() -> int:
    """Bytes that were asked of malloc and not given back, in pieces and in whole pages."""
    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype = _Mallinfo
    info = libc.mallinfo2()
    return int(info.uordblks + info.hblkhd)


def look(hours: float, started_s: float) -> Sample:
    """What this process holds now."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    files = [path for folder in (state_dir(), cache_dir()) for path in folder.rglob("*") if path.is_file()]
    return Sample(
        hours=round(hours, 3),
        wall_s=round(time.monotonic() - started_s, 1),
        cpu_s=round(time.process_time(), 1),
        rss_mb=round(sum(int(status[key].split()[0]) for key in ("VmRSS", "VmSwap")) / 1024, 2),
        own_mb=round(sum(int(status[key].split()[0]) for key in ("RssAnon", "VmSwap")) / 1024, 2),
        asked_mb=round(asked() / 2**20, 2),
        descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - it must not hold one open itself for long
        threads=int(status["Threads"]),
        tasks=len(asyncio.all_tasks()),
        files=len(files),
        file_kb=round(sum(path.stat().st_size for path in files) / 1024, 1),
    )


async def soak(
    hours: float, *, seed: int = 0, wall_s: float = float("inf"), on_sample: Callable[[Sample], None]
) -> Books:
    """Live through so many simulated hours, or as many as fit into `wall_s`."""
    clock, started_s = AudioClock(), time.monotonic()
    config = Config(wake=WakeConfig(keep_clips=True))
    async with app.loaded(config, clock) as stages, keeping(config.wake, state_dir() / "wake") as keep_wake:
        voices = await soak_day.record(stages.voice)
        day = soak_day.DaySource(soak_day.scenes(voices, seed), clock, hours * 3600)
        books = Books(lambda: day.scene)

        async def watch() -> None:
            while True:
                on_sample(look(clock.now_s() / 3600, started_s))
                if time.monotonic() - started_s > wall_s:
                    day.end()
                await clock.sleep(LOOK_S)

        async with app.conversing(
            stages,
            clock=clock,
            wall=WallClock(),
            speaker=NullSpeaker(clock),
            observe=books.observe,
            timer_file=TimerFile(state_dir() / "timers.json"),
            keep_wake=keep_wake,
        ) as (talk, home):
            watching = asyncio.create_task(watch())
            await talk.run(day)
            watching.cancel()
            on_sample(look(clock.now_s() / 3600, started_s))
            if not isinstance(talk.state, Idle | Ringing):
                books.lost.append(f"at the end it is {talk.state}")
            if talk.state.turns != books.turn:
                books.lost.append(f"{talk.state.turns} turns began, {books.turn} ended")
            books.counts["timers running at the end"] = len(home.timers.countdown.entries)
        books.counts.update({f"scenes of {kind}": n for kind, n in day.counts.items()} | {"turns": books.turn})
    return books


def main() -> None:
    """Run a soak and tell what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hours", type=float, default=24.0, help="simulated")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end after so many real ones")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="keep soak.jsonl, timers, wake log and caches here")
    parser.add_argument("--svg", type=Path, help="draw what was measured")
    given = parser.parse_args()
    as_run = {start.TUNABLES: start.LARGE_PAGES, "OMP_WAIT_POLICY": "passive"}
    if not as_run.items() <= os.environ.items():
        os.environ |= as_run
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - the same program again, without a shell
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        os.environ |= {"STATE_DIRECTORY": str(folder / "state"), "CACHE_DIRECTORY": str(folder / "cache")}
        samples: list[Sample] = []
        with (folder / "soak.jsonl").open("w", buffering=1) as lines:

            def keep(sample: Sample) -> None:
                samples.append(sample)
                lines.write(json.dumps(asdict(sample)) + "\n")

            books = asyncio.run(soak(given.hours, seed=given.seed, wall_s=given.minutes * 60, on_sample=keep))
            lines.write(json.dumps(dict(sorted(books.counts.items()))) + "\n")
    print(describe(samples, books.counts))  # noqa: T201 - a program that reports
    if given.svg is not None:
        given.svg.write_text(picture(samples))
    if wrong := [*books.lost, *problems(samples)]:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
