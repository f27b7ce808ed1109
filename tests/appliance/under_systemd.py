"""The unit under a real systemd, where install.sh has run: ready, credentials, firewall, restarts, watchdog.

    sudo python3 -m tests.appliance.under_systemd build/appliance/bookworm

Needs root and `systemd` in that chroot; no sound card: it waits for a microphone. Prints a line for each thing seen,
with seconds, and ends with 1 where one of them isn't as it should be. The standard library only.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.appliance.another_machine import find_another_machine

HERE = Path(__file__).parent
UNIT = "hey-gemma.service"
TOKEN = "a-token-of-this-test"  # noqa: S105 - of this test
WATCHDOG_S = 12
CAP_SYS_RESOURCE = 1 << 24


class Machine:
    """A booted system. `patience_s`: how long its start may take."""

    def __init__(self, root: Path, patience_s: float = 120) -> None:
        self.root = root
        self._process = subprocess.Popen(
            [HERE / "boot", root], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self.pid = self._wait(self._init, 30)
        self._wait(
            lambda: "running" in (said := self("systemctl", "is-system-running")) or "degraded" in said, patience_s
        )

    def __call__(self, *words: str) -> str:
        """Run a command inside, give what it says."""
        run = subprocess.run(
            ["nsenter", "-t", str(self.pid), "-m", "-p", "-u", "-i", "-n", "-C", "-r", "--", *words],
            capture_output=True, text=True, check=False, timeout=600, cwd="/",  # doctor, on a busy machine
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )  # fmt: skip
        return (run.stdout + run.stderr).strip()

    def show(self, key: str, unit: str = UNIT) -> str:
        """One property of a unit."""
        return self("systemctl", "show", unit, f"--property={key}", "--value")

    def until(self, key: str, value: str, seconds: float = 120.0) -> float:
        """Wait until a property has a value; give the seconds that it took, -1 if it never had it."""
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            if re.fullmatch(value, self.show(key)):
                return time.monotonic() - begun
            time.sleep(0.5)
        return -1.0

    def main_pid(self) -> int:
        """Process id of the assistant, as seen from here."""
        inside = self.show("MainPID")
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            found = re.search(r"^NSpid:\s+(\d+)\s+(\d+)$", text, re.MULTILINE)
            if found and found[2] == inside and Path(f"/proc/{found[1]}/ns/pid").stat().st_ino == self._namespace():
                return int(found[1])
        raise RuntimeError(f"no process {inside}")

    def end(self) -> None:
        """Switch it off."""
        os.kill(self.pid, signal.SIGKILL)
        self._process.wait()

    def _namespace(self) -> int:
        return Path(f"/proc/{self.pid}/ns/pid").stat().st_ino

    def _init(self) -> int:
        children = (
            Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text(encoding="ascii").split()
        )
        if not children:
            return 0
        name = Path(f"/proc/{children[0]}/comm").read_text(encoding="ascii").strip()
        return int(children[0]) if name == "systemd" else 0

    def _wait(self, ready: Callable[[], int | bool], seconds: float) -> int:
        begun = time.monotonic()
        while not (found := ready()):
            if time.monotonic() - begun > seconds or self._process.poll() is not None:
                raise RuntimeError(f"it doesn't start: {self('systemctl', '--failed') if self.pid else ''}")
            time.sleep(0.5)
        return int(found)


class Report:
    """What was seen."""

    def __init__(self) -> None:
        self.failed = 0

    def __call__(self, what: str, seen: object, *, right: bool) -> None:
        """Tell one thing."""
        self.failed += not right
        print(f"{'ok  ' if right else 'FAIL'} {what}: {seen}", flush=True)


def prepare(root: Path) -> None:
    """Settings of this test: a home that hosts knows, a token, a shorter watchdog."""
    settings = root / "etc/hey-gemma"
    (settings / "config.toml").write_text('[home]\nkind = "home_assistant"\nurl = "http://home.test:8123"\n')
    (settings / "home-assistant-token").write_text(TOKEN)
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.0.2 home.test\n")
    extra = root / f"etc/systemd/system/{UNIT}.d"
    extra.mkdir(exist_ok=True)
    (extra / "test.conf").write_text(f"[Service]\nWatchdogSec={WATCHDOG_S}\n")


def main(root: Path) -> int:
    """Look at everything."""
    prepare(root)
    told, machine = Report(), Machine(root)
    try:
        print(machine("systemctl", "--version").splitlines()[0])
        begun = machine.until("ActiveState", "active", 300)
        told("ready, seconds after boot", f"{begun:.1f}", right=begun >= 0)
        status = machine.show("StatusText")
        told("status", status, right="Waiting for a microphone" in status)
        look_inside(machine, told)
        look_at_network(machine, told)
        ask_the_doctor(machine, told)
        restarts(machine, told)
        begun_s = time.monotonic()
        machine("systemctl", "stop", UNIT)
        told("stop, seconds", f"{time.monotonic() - begun_s:.1f}", right=machine.show("Result") == "success")
        wrong_settings(machine, told)
        find_another_machine(machine, told)
    finally:
        machine.end()
    return 1 if told.failed else 0


def status_of(proc: Path) -> dict[str, str]:
    """What the kernel says of a process."""
    return dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines() if ":\t" in line)


def look_inside(machine: Machine, told: Report) -> None:
    """What the process is given and what is taken from it."""
    pid = machine.main_pid()
    proc = Path(f"/proc/{pid}")
    status = status_of(proc)
    told("user", status["Uid"].split()[0], right=status["Uid"].split()[0] != "0")
    told("capabilities", status["CapEff"], right=int(status["CapEff"], 16) == 0)
    told(
        "no new privileges, seccomp",
        (status["NoNewPrivs"], status["Seccomp"]),
        right=(status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"),
    )
    oom = (proc / "oom_score_adj").read_text().strip()
    may_lower = bool(int(status_of(Path("/proc/self"))["CapEff"], 16) & CAP_SYS_RESOURCE)  # else nobody's can be
    told("OOM score", oom, right=oom == ("-800" if may_lower else "0"))
    told("beside system.slice", group := machine.show("ControlGroup"), right=group == f"/{UNIT}")
    environ = dict(pair.split("=", 1) for pair in (proc / "environ").read_text().split("\0") if "=" in pair)
    given = proc / "root" / environ["CREDENTIALS_DIRECTORY"].lstrip("/") / "home-assistant-token"
    told("token, as a credential", given.relative_to(proc / "root"), right=given.read_text() == TOKEN)
    told(
        "token file, for others",
        "root's",
        right=(machine.root / "etc/hey-gemma/home-assistant-token").stat().st_mode & 0o77 == 0,
    )
    hosts = (proc / "root/etc/hosts").read_text().splitlines()[0]
    told("hosts file of the service", hosts, right=hosts.startswith("127.0.0.2 home.test"))
    home = machine("journalctl", "-u", UNIT, "--no-pager", "-o", "cat")
    told(
        "it says of the home",
        next((line for line in home.splitlines() if "home.test" in line), "nothing"),
        right="home.test" in home,
    )


def look_at_network(machine: Machine, told: Report) -> None:
    """A process in the service's cgroup tries to reach the home, and another address."""
    allowed = machine.show("IPAddressAllow")
    told("may connect to", allowed, right="127.0.0.2" in allowed)
    group = "/sys/fs/cgroup" + machine.show("ControlGroup")
    attempt = (
        "import socket, sys\n"
        f"open({group + '/cgroup.procs'!r}, 'w').write('0')\n"
        "for address in ('127.0.0.2', '127.0.0.3'):\n"
        "    s = socket.socket(); s.settimeout(3)\n"
        "    try: s.connect((address, 8123)); print(address, 'connected')\n"
        "    except OSError as e: print(address, type(e).__name__)\n"
    )
    machine("systemd-run", "-q", "python3", "-m", "http.server", "8123")  # outside of the service's cgroup
    time.sleep(5)
    said = machine("python3", "-c", attempt)
    told(
        "firewall", said.replace("\n", "; "), right="127.0.0.2 connected" in said and "127.0.0.3 connected" not in said
    )


def ask_the_doctor(machine: Machine, told: Report) -> None:
    """It finds the service well, and tells whether MemoryLow can do anything."""
    said = machine("/usr/local/bin/hey-gemma", "doctor", "--quick").splitlines()
    rows = {cells[2]: cells for line in said if len(cells := line.split("\t")) > 3}  # state, area, name, what was found
    for name in ("unit", "at boot", "running", "firewall", "sockets"):
        told(f"doctor, {name}", rows.get(name), right=rows.get(name, [""])[0] == "ok")
    on = "memory" in machine("cat", "/sys/fs/cgroup/cgroup.controllers").split()
    row = rows.get("memory controller", [""] * 4)
    told(
        f"doctor, memory controller ({'on' if on else 'off'} here)", row, right=row[3].startswith("on" if on else "off")
    )


def restarts(machine: Machine, told: Report) -> None:
    """Killed it comes back, later each time where systemd can; hung the watchdog ends it."""
    waits = []
    for n in range(3):
        before = machine.show("NRestarts")
        os.kill(machine.main_pid(), signal.SIGKILL)
        begun = time.monotonic()
        while machine.show("NRestarts") == before and time.monotonic() - begun < 60:
            time.sleep(0.2)
        waits.append(round(time.monotonic() - begun, 1))
        back = machine.until("ActiveState", "active")
        told(
            f"killed ({n + 1}): started again after, ready after, seconds", (waits[-1], f"{back:.1f}"), right=back >= 0
        )
    os.kill(machine.main_pid(), signal.SIGSTOP)
    begun = time.monotonic()
    gone = machine.until("Result", "watchdog", 90)
    back = machine.until("ActiveState", "active")
    told(
        f"stopped dead: the watchdog ({WATCHDOG_S} s) saw it after, ready again after, seconds",
        (f"{gone:.1f}", f"{time.monotonic() - begun:.1f}"),
        right=gone >= 0 and back >= 0,
    )


def wrong_settings(machine: Machine, told: Report) -> None:
    """What only a person can mend isn't tried again and again."""
    file = machine.root / "etc/hey-gemma/config.toml"
    good = file.read_text()
    file.write_text("[wake]\nthresold = 1\n")
    machine("systemctl", "start", UNIT)
    failed = machine.until("ActiveState", "failed", 60)
    told(
        "unknown key in the settings", (machine.show("ExecMainStatus"), machine.show("ActiveState")), right=failed >= 0
    )
    file.write_text(good)
    machine("systemctl", "start", UNIT)
    told("mended and started", machine.show("ActiveState"), right=machine.until("ActiveState", "active") >= 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
