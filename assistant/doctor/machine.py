"""The machine under us: memory and swap, disks, heat, power, clock rates, large pages."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant import board
from assistant.doctor.findings import Finding, Study, absent, fail, fine, first, refused, warn
from assistant.errors import ModelError
from assistant.llm import memory_plan
from assistant.llm.memory_plan import Sizes

LITTLE_BYTES, NO_BYTES = 2_000_000_000, 200_000_000  # of free disk: E2B's ear needs 1.5 GB
WARM_C = 65.0  # a Pi 5 lowers its clock from 80 °C on, 85 at the latest
SLOW_GOVERNORS = ("powersave", "conservative")
PLANNING_DRIVERS = ("intel_pstate", "amd-pstate", "amd-pstate-epp")  # their "powersave" is quick
POWER = "use the 27 W supply for the Raspberry Pi 5, on a short cable"
COOLING = "add the active cooler, or give it air"


@dataclass(frozen=True, slots=True)
class Memory:
    """`swaps`: what is swapped to; `sizes`: of the model; `wanted`: the config's plan for it."""

    kernel: board.Memory
    swaps: tuple[str, ...]
    sizes: Sizes
    wanted: str = memory_plan.AUTO


@dataclass(frozen=True, slots=True)
class Room:
    """One directory in use, or the nearest one above it that is there."""

    what: str
    path: Path
    free: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the cores may go, in kHz; 0, empty: the kernel doesn't say."""

    governor: str
    driver: str
    highest: int
    allowed: int


def studies(
    root: Path, sizes: Sizes, wanted: str, places: Mapping[str, Path]
) -> tuple[Study[Memory], Study[Sequence[Room]], Study[board.Board], Study[Pace], Study[str]]:
    """What is looked at."""
    heat = (("temperature", temperature), ("under-voltage", under_voltage), ("throttling", throttling))
    return (
        Study("machine", lambda: probe_memory(root, sizes, wanted),
              (("memory", memory), ("memory controller", controller), ("swap", swap))),
        Study("machine", lambda: probe_disks(places), (("free disk", disk),)),
        Study("machine", lambda: board.look(root, ask_firmware), heat),
        Study("machine", lambda: probe_pace(root), (("governor", governor), ("clock rate", clock_rate))),
        Study("machine", lambda: _text(root / "sys/kernel/mm/transparent_hugepage/enabled"),
              (("large pages", large_pages),)),
    )  # fmt: skip


def probe_memory(root: Path, sizes: Sizes, wanted: str) -> Memory:
    """Read what the kernel tells of memory and swap."""
    swaps = tuple(line.split()[0] for line in _text(root / "proc/swaps").splitlines()[1:] if line.strip())
    return Memory(board.memory(root), swaps, sizes, wanted)


def probe_disks(places: Mapping[str, Path]) -> list[Room]:
    """Room where each of the directories is, or will be."""
    found = []
    for what, path in places.items():
        there = next(p for p in (path, *path.parents) if p.exists())
        found.append(Room(what, there, shutil.disk_usage(there).free))
    return found


def ask_firmware() -> str:
    """What vcgencmd says of throttling; empty where there is none, or nobody may ask."""
    if shutil.which("vcgencmd") is None:
        return ""
    run = subprocess.run(["vcgencmd", "get_throttled"], capture_output=True, text=True, check=False, timeout=5)
    return run.stdout


def probe_pace(root: Path) -> Pace:
    """Read the first core's policy; the others follow it on a Pi."""
    folder = root / "sys/devices/system/cpu/cpu0/cpufreq"
    highest, allowed = (_text(folder / name) for name in ("cpuinfo_max_freq", "scaling_max_freq"))
    return Pace(
        _text(folder / "scaling_governor"),
        _text(folder / "scaling_driver"),
        int(highest) if highest.isdigit() else 0,
        int(allowed) if allowed.isdigit() else 0,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def memory(facts: Memory) -> Finding:
    """The plan by which the model will be held in it."""
    here = facts.kernel
    try:
        chosen = memory_plan.choose(facts.wanted, here.total, here.available, facts.sizes)
    except ModelError as e:
        return refused(e)
    if chosen.warning:
        return warn(f"{chosen.warning} (plan {chosen.plan.name})", "end other programs: see  ps aux --sort -rss")
    told = f"{_gb(here.available)} of {_gb(here.total)} available"
    return fine(f"{told}, plan {chosen.plan.name}: about {_gb(chosen.needed)} needed")


def controller(facts: Memory) -> Finding:
    """The unit's MemoryLow needs it; without it all else works."""
    if facts.kernel.controller is None:
        return absent("this kernel doesn't tell it")
    off = "off, as Raspberry Pi OS starts: MemoryLow keeps nothing for the service"
    return first(
        fine("on") if facts.kernel.controller else None,
        warn(f"{off}, and memory is tight",
             "add  cgroup_enable=memory  to the end of the line in /boot/firmware/cmdline.txt, then: sudo reboot")
        if _tight(facts) else None,
        otherwise=fine(f"{off}; there is enough"),
    )  # fmt: skip


def swap(facts: Memory) -> Finding:
    """A little of it, and not on an SD card."""
    card = [name for name in facts.swaps if name.startswith("/dev/mmcblk") or name == "/var/swap"]
    here = facts.kernel
    used = here.swap_total - here.swap_free
    told = f"{_gb(used)} of {_gb(here.swap_total)} used"
    return first(
        warn("none, and memory is tight", "sudo apt install zram-tools")
        if not here.swap_total and _tight(facts) else None,
        fine("none, and none needed") if not here.swap_total else None,
        warn(f"{', '.join(card)}: it wears the card out", "sudo apt install zram-tools && sudo dphys-swapfile swapoff")
        if card else None,
        warn(f"{told}: answers will wait for it", "end other programs: see  ps aux --sort -rss")
        if used > here.swap_total / 2 and used > here.available / 4 else None,
        otherwise=fine(told),
    )  # fmt: skip


def disk(facts: Sequence[Room]) -> Finding:
    """Room for what is made, written and fetched."""
    least = min(facts, key=lambda place: place.free)
    told = f"{_gb(least.free)} free in {least.path} ({least.what})"
    fix = "free space: see  sudo apt clean; du -xh ~ | sort -h | tail"
    return first(
        fail(told, fix, 6) if least.free < NO_BYTES else None,
        warn(told, fix) if least.free < LITTLE_BYTES else None,
        otherwise=fine(told),
    )


def temperature(facts: board.Board) -> Finding:
    """Cool enough to keep the pace."""
    if facts.celsius is None:
        return absent("this machine doesn't tell it")
    told = f"{facts.celsius:.0f} °C"
    return first(
        fail(f"{told}: it slows down", COOLING) if facts.celsius >= board.HOT_C else None,
        warn(told, COOLING) if facts.celsius >= WARM_C else None,
        otherwise=fine(told),
    )


def under_voltage(facts: board.Board) -> Finding:
    """Power enough."""
    name = board.FLAGS[0]
    return first(
        absent("only a Raspberry Pi tells it") if facts.flags is None else None,
        fail("the supply is too weak now", POWER) if name in facts.now else None,
        warn("the supply was too weak since boot", POWER) if name in facts.since_boot else None,
        otherwise=fine("never since boot"),
    )


def throttling(facts: board.Board) -> Finding:
    """As fast as it could be."""
    now, before = (tuple(name for name in names if name != board.FLAGS[0]) for names in (facts.now, facts.since_boot))
    return first(
        absent("only a Raspberry Pi tells it") if facts.flags is None else None,
        fail(f"now: {', '.join(now)}", f"{COOLING}; {POWER}") if now else None,
        warn(f"since boot: {', '.join(before)}", f"{COOLING}; {POWER}") if before else None,
        otherwise=fine("never since boot"),
    )


def governor(facts: Pace) -> Finding:
    """It must raise the clock as soon as somebody speaks."""
    if not facts.governor:
        return absent("the kernel doesn't set the clock rate here")
    if facts.governor in SLOW_GOVERNORS and facts.driver not in PLANNING_DRIVERS:
        fix = "echo ondemand | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
        return warn(f"{facts.governor}: the cores stay slow when somebody speaks", fix)
    return fine(facts.governor)


def clock_rate(facts: Pace) -> Finding:
    """Nobody has put a lid on it."""
    if not facts.highest or not facts.allowed:
        return absent("the kernel doesn't tell it")
    if facts.allowed < facts.highest:
        told = f"limited to {facts.allowed / 1e6:.1f} of {facts.highest / 1e6:.1f} GHz"
        return warn(told, f"echo {facts.highest} | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_max_freq")
    return fine(f"up to {facts.highest / 1e6:.1f} GHz")


def large_pages(facts: str) -> Finding:
    """`always [madvise] never`: a token takes 15 % less time with them."""
    if not facts:
        return absent("this kernel has none")
    if "[never]" in facts:
        fix = "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled"
        return warn("switched off: a token takes up to 15 % longer", fix)
    return fine(facts.partition("[")[2].partition("]")[0])


def _tight(facts: Memory) -> bool:
    return facts.kernel.total < 2 * memory_plan.needed(memory_plan.FULL, facts.sizes)


def _gb(nbytes: float) -> str:
    return f"{nbytes / 1e9:.1f} GB"
