"""How many bytes a day an idle service writes: a real `hey-gemma run` listens to silence through a private PulseAudio.

    python -m tests.appliance.written [MINUTES]

The kernel counts them (/proc/PID/io, write_bytes: what was dirtied for a disk). What it says on standard error goes to
the journal, so it is added. The start is told apart, and no phrases are
made ahead: that is done once (speech.prepared_mb bounds it).
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.sound_server import sound_server, why_not

SETTLED_S = 60  # nothing written for so long: the start is over
LONGEST_START_S = 900


def main(minutes: float) -> None:
    """Measure and print."""
    if problem := why_not():
        sys.exit(problem)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name, sound_server(Path(name)):  # /tmp may be in memory
        folder = Path(name)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, (folder / "said").open("wb") as said:
            manager.bind(str(folder / "notify"))
            manager.settimeout(300)
            directories = {f"{kind}_DIRECTORY": str(folder / kind.lower()) for kind in ("STATE", "CACHE")}
            (folder / "config.toml").write_text(
                '[audio]\nmicrophone = "mic"\nspeaker = "room"\n[speech]\nprepared_mb = 0\n'
            )
            watched = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "60000000"}
            settings = {"HOME": name, "HEY_GEMMA_CONFIG": str(folder / "config.toml")}
            process = subprocess.Popen(
                [Path(sys.executable).parent / "hey-gemma", "run"],
                env=os.environ | directories | watched | settings,
                stdout=said, stderr=said,
            )  # fmt: skip
            try:
                while b"READY=1" not in manager.recv(4096):
                    pass
                start = _settle(process.pid, manager)
                print(f"start: {start:,} bytes, once")
                before, begun = _written(process.pid), time.monotonic()
                said_before = (folder / "said").stat().st_size
                fed = sum(_drained(manager, 5) for _ in range(round(minutes * 12)))
                spent = time.monotonic() - begun
                wrote = _written(process.pid) - before
                told = (folder / "said").stat().st_size - said_before
                alive = process.poll() is None
            finally:
                process.terminate()
                process.wait(60)
        day = (wrote + told) * 86_400 / spent
        print(f"{spent:.0f} s of silence: {wrote:,} bytes to files, {told:,} to the log")
        print(f"alive: {alive}, watchdog fed {fed} times")
        print(f"a day: ({wrote:,} + {told:,}) * 86,400 / {spent:.0f} = {day / 1e6:.3f} MB")
        largest = sorted(
            ((f.stat().st_size, str(f.relative_to(folder))) for f in folder.rglob("*") if f.is_file()), reverse=True
        )
        for size, file in largest[:5]:
            print(f"  {size:>12,} {file}")


def _settle(pid: int, manager: socket.socket) -> int:
    """Wait until nothing was written for a minute; give what was written so far."""
    last, since, begun = _written(pid), time.monotonic(), time.monotonic()
    while time.monotonic() - since < SETTLED_S and time.monotonic() - begun < LONGEST_START_S:
        _drained(manager, 5)
        if (now := _written(pid)) != last:
            last, since = now, time.monotonic()
    return last


def _drained(manager: socket.socket, seconds: float) -> int:
    """Read what the service manager is told, so that its queue doesn't fill; give how often it was told of life."""
    time.sleep(seconds)
    manager.setblocking(False)  # noqa: FBT003 - the standard library's name for it
    fed = 0
    while True:
        try:
            fed += b"WATCHDOG=1" in manager.recv(4096)
        except BlockingIOError:
            return fed


def _written(pid: int) -> int:
    lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("write_bytes")))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
