"""What the board says of itself: model, temperature, governor, throttling. Only a Raspberry Pi says all of it.

Reads files of the kernel; nothing here raises. The firmware's flags: bit 0 under-voltage now, 1 capped, 2 throttled,
3 at the soft limit; the same 16 bits higher for "since boot".
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

HOT_C = 75.0
FLAGS = ("under-voltage", "frequency capped", "throttled", "soft temperature limit")
_MODEL = "proc/device-tree/model"
_TEMPERATURE = "sys/class/thermal/thermal_zone0/temp"
_GOVERNOR = "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
_THROTTLED = "sys/devices/platform/*/*firmware/get_throttled"  # the soc's address is in the name on a Pi 5


@dataclass(frozen=True, slots=True)
class Memory:
    """In bytes; 0: the kernel doesn't say. `total`: what this process may have, where that is less than there is.

    `controller`: whether a group of processes can have memory kept for it, or a limit; None: it isn't told.
    """

    total: int
    available: int
    swap_total: int = 0
    swap_free: int = 0
    controller: bool | None = None


def memory(root: Path = Path("/")) -> Memory:
    """Read /proc/meminfo, and the limits of the control groups that we are in (a service's MemoryMax, a container's).

    Of version 2 only. Raspberry Pi OS starts with `cgroup_disable=memory`: there are no limits then.
    """
    lines = (line.split() for line in _read(root / "proc/meminfo").splitlines())
    kb = {words[0].rstrip(":"): int(words[1]) for words in lines if len(words) > 1 and words[1].isdigit()}
    total, available, swap_total, swap_free = (
        kb.get(name, 0) * 1024 for name in ("MemTotal", "MemAvailable", "SwapTotal", "SwapFree")
    )
    top = root / "sys/fs/cgroup"
    ours = [line[4:] for line in _read(root / "proc/self/cgroup").splitlines() if line.startswith("0::/")]
    group = top.joinpath(*ours)
    limits = [_read(folder / "memory.max") for folder in (group, *group.parents) if folder.is_relative_to(top)]
    most = min([total, *(int(limit) for limit in limits if limit.isdigit())])
    controllers = top / "cgroup.controllers"
    controller = "memory" in _read(controllers).split() if os.access(controllers, os.R_OK) else None
    return Memory(most, min(available, most), swap_total, swap_free, controller)


def is_pi(root: Path = Path("/")) -> bool:
    """Tell whether it is a Raspberry Pi."""
    return "Raspberry Pi" in _read(root / _MODEL)


@dataclass(frozen=True, slots=True)
class Board:
    """What is known of a board: empty or None where it doesn't say. `flags`: the firmware's, see above."""

    model: str
    celsius: float | None
    governor: str
    flags: int | None

    @property
    def now(self) -> tuple[str, ...]:
        """Which of FLAGS are up."""
        return self._names(0)

    @property
    def since_boot(self) -> tuple[str, ...]:
        """Which of FLAGS were up."""
        return self._names(16)

    def _names(self, first_bit: int) -> tuple[str, ...]:
        flags = self.flags or 0
        return tuple(name for bit, name in enumerate(FLAGS) if flags >> (bit + first_bit) & 1)


def look(root: Path = Path("/"), ask_firmware: Callable[[], str] = lambda: "") -> Board:
    """Read what the kernel says; `ask_firmware` for the flags where it doesn't tell them."""
    raw = _read(root / _TEMPERATURE)
    throttled = "".join(map(_read, root.glob(_THROTTLED))) or ask_firmware().strip().removeprefix("throttled=")
    try:
        flags = int(throttled, 16)
    except ValueError:
        flags = None
    model = _read(root / _MODEL).strip("\0")
    return Board(model, int(raw) / 1000 if raw.isdigit() else None, _read(root / _GOVERNOR), flags)


def lines(root: Path = Path("/")) -> Iterator[str]:
    """Say what is known, one line each; a line with "can't be trusted" where figures measured now would mislead."""
    board = look(root)
    if board.model:
        yield f"board: {board.model}"
    if board.celsius is not None:
        hot = ": too hot, figures can't be trusted; wait, or add a fan" if board.celsius >= HOT_C else ""
        yield f"temperature: {board.celsius:.0f} °C{hot}"
    if board.governor:
        slow = "" if board.governor == "performance" else ": figures can't be trusted to repeat; choose performance"
        yield f"governor: {board.governor}{slow}"
    if board.flags is None:
        return
    if board.now:
        yield f"firmware: {', '.join(board.now)}: figures can't be trusted; check power supply and cooling"
    elif board.since_boot:
        yield f"firmware: since boot {', '.join(board.since_boot)}"
    else:
        yield "firmware: not throttled"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
