"""What the board says of itself: model, temperature, governor, throttling. Only a Raspberry Pi says all of it.

Reads files of the kernel; nothing here raises. The firmware's flags: bit 0 under-voltage now, 1 capped, 2 throttled,
3 at the soft limit; the same 16 bits higher for "since boot".
"""

from collections.abc import Iterator
from pathlib import Path

HOT_C = 75.0
FLAGS = ("under-voltage", "frequency capped", "throttled", "soft temperature limit")
_MODEL = "proc/device-tree/model"
_TEMPERATURE = "sys/class/thermal/thermal_zone0/temp"
_GOVERNOR = "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
_THROTTLED = "sys/devices/platform/*/*firmware/get_throttled"  # the soc's address is in the name on a Pi 5


def is_pi(root: Path = Path("/")) -> bool:
    """Tell whether it is a Raspberry Pi."""
    return "Raspberry Pi" in _read(root / _MODEL)


def lines(root: Path = Path("/")) -> Iterator[str]:
    """Say what is known, one line each; a line with "can't be trusted" where figures measured now would mislead."""
    if model := _read(root / _MODEL).strip("\0"):
        yield f"board: {model}"
    if (raw := _read(root / _TEMPERATURE)).isdigit():
        celsius = int(raw) / 1000
        hot = ": too hot, figures can't be trusted; wait, or add a fan" if celsius >= HOT_C else ""
        yield f"temperature: {celsius:.0f} °C{hot}"
    if governor := _read(root / _GOVERNOR):
        slow = "" if governor == "performance" else ": figures can't be trusted to repeat; choose performance"
        yield f"governor: {governor}{slow}"
    try:
        flags = int("".join(map(_read, root.glob(_THROTTLED))), 16)
    except ValueError:
        return
    now = [name for bit, name in enumerate(FLAGS) if flags >> bit & 1]
    before = [name for bit, name in enumerate(FLAGS) if flags >> (bit + 16) & 1]
    if now:
        yield f"firmware: {', '.join(now)}: figures can't be trusted; check power supply and cooling"
    elif before:
        yield f"firmware: since boot {', '.join(before)}"
    else:
        yield "firmware: not throttled"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
