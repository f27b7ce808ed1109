"""The system's service: installed, on at boot, running, in peace; and what a running assistant is connected to."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from assistant import fence
from assistant.config import Config
from assistant.doctor.findings import Finding, NotHere, Study, absent, fail, fine, first, warn

UNIT = fence.UNIT
PROPERTIES = (
    "LoadState",
    "UnitFileState",
    "ActiveState",
    "SubState",
    "Result",
    "NRestarts",
    "StatusText",
    "IPAddressAllow",
)
NAMED = "named"  # our own: the hosts that the config names
MANY_RESTARTS = 3
DNS_PORTS = (53, 5353)
_LISTENING = {"tcp": "0A", "udp": "07"}  # of udp: not connected to anybody


@dataclass(frozen=True, slots=True)
class Sockets:
    """Of the processes that run the assistant: (address, port) that they listen on and that they are connected to.

    `hosts`: addresses that the config names. `secret`: whether they can't be seen.
    """

    processes: tuple[int, ...]
    listening: tuple[tuple[str, int], ...] = ()
    connected: tuple[tuple[str, int], ...] = ()
    hosts: frozenset[str] = frozenset()
    secret: bool = False


def studies(root: Path, config: Config) -> tuple[Study[Mapping[str, str]], Study[Sockets]]:
    """What is looked at."""
    unit = (
        ("unit", installed), ("at boot", enabled), ("running", running), ("restarts", restarts),
        ("firewall", firewall),
    )  # fmt: skip
    return (
        Study("service", lambda: {**probe_unit(root), NAMED: " ".join(fence.named(config))}, unit),
        Study("service", lambda: probe_sockets(root, config), (("sockets", sockets),)),
    )


def probe_unit(root: Path) -> dict[str, str]:
    """What systemd says of our unit. Raises NotHere."""
    if not (root / "run/systemd/system").is_dir() or shutil.which("systemctl") is None:
        raise NotHere("this system wasn't started by systemd")
    run = subprocess.run(
        ["systemctl", "show", UNIT, f"--property={','.join(PROPERTIES)}"],
        capture_output=True, text=True, check=False, timeout=8,
    )  # fmt: skip
    found = dict(line.split("=", 1) for line in run.stdout.splitlines() if "=" in line)
    if found.get("LoadState", "not-found") == "not-found":
        raise NotHere(f"{UNIT} isn't installed (./install.sh): hey-gemma run, by hand, is all there is")
    return found


def probe_sockets(root: Path, config: Config) -> Sockets:
    """Look into /proc. Raises NotHere where no assistant runs."""
    processes = tuple(assistants(root / "proc"))
    if not processes:
        raise NotHere("no assistant runs")
    listening: list[tuple[str, int]] = []
    connected: list[tuple[str, int]] = []
    secret = False
    for process in processes:
        try:
            mine = set(_open_files(process / "fd"))
        except FileNotFoundError:  # it ended meanwhile
            continue
        except PermissionError:
            secret = True
            continue
        for kind in ("tcp", "tcp6", "udp", "udp6"):
            for local, remote, state in _table(process / "net" / kind, mine):
                if state == _LISTENING[kind[:3]]:
                    listening.append(local)
                else:
                    connected.append(remote)
    pids = tuple(int(process.name) for process in processes)
    return Sockets(pids, tuple(listening), tuple(connected), _addresses(config), secret)


def assistants(proc: Path, *, listening: bool = False) -> Sequence[Path]:
    """Folders under `proc` of the processes that run the assistant; `listening`: on a microphone."""
    found = []
    for process in proc.glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        runs = any(Path(word).name == "hey-gemma" and words[n + 1] == "run" for n, word in enumerate(words[:-1]))
        on_file = any(word.startswith("--mic-file") for word in words)
        if runs and not (listening and on_file):
            found.append(process)
    return found


def _open_files(folder: Path) -> Iterator[str]:
    for fd in folder.iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            yield str(fd.readlink())


def _table(path: Path, inodes: set[str]) -> list[tuple[tuple[str, int], tuple[str, int], str]]:
    """(local, remote, state) of the sockets in one of the kernel's tables that are among `inodes`."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return []
    rows = (line.split() for line in lines)
    return [(_place(row[1]), _place(row[2]), row[3]) for row in rows if f"socket:[{row[9]}]" in inodes]


def _place(text: str) -> tuple[str, int]:
    """`0100007F:1F90` -> ("127.0.0.1", 8080): words of four bytes, the last byte first."""
    address, _, port = text.partition(":")
    raw = bytes.fromhex(address)
    found = ip_address(b"".join(raw[n : n + 4][::-1] for n in range(0, len(raw), 4)))
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found), int(port, 16)


def _addresses(config: Config) -> frozenset[str]:
    return frozenset(address for name in fence.named(config) for address in fence.look_up(name))


def installed(facts: Mapping[str, str]) -> Finding:
    """Systemd could read it."""
    if facts["LoadState"] != "loaded":
        return fail(f"{UNIT}: {facts['LoadState']}", f"systemd-analyze verify {UNIT}; sudo systemctl unmask {UNIT}")
    return fine(UNIT)


def enabled(facts: Mapping[str, str]) -> Finding:
    """It starts when the machine does."""
    state = facts.get("UnitFileState", "")
    if not state.startswith("enabled"):
        return warn(state or "unknown", f"sudo systemctl enable {UNIT}")
    return fine(state)


def running(facts: Mapping[str, str]) -> Finding:
    """Now."""
    state, detail = facts.get("ActiveState", ""), facts.get("SubState", "")
    told = f"{state} ({detail}) {facts.get('StatusText', '')}".strip()
    return first(
        fail(f"{told}: {facts.get('Result', '')}", f"journalctl -u {UNIT} -e; then: sudo systemctl restart {UNIT}")
        if state == "failed" or detail == "auto-restart" else None,
        warn(told, f"sudo systemctl start {UNIT}") if state != "active" else None,
        otherwise=fine(told),
    )  # fmt: skip


def restarts(facts: Mapping[str, str]) -> Finding:
    """How often systemd helped it up again."""
    count = facts.get("NRestarts", "")
    if not count.isdecimal():
        return absent("systemd doesn't count them")
    if int(count) > MANY_RESTARTS:
        return warn(f"{count} since it was started", f"journalctl -u {UNIT} -p warning")
    return fine(count)


def firewall(facts: Mapping[str, str]) -> Finding:
    """It lets the service connect to the hosts that the config names."""
    hosts, allowed = facts.get(NAMED, ""), facts.get("IPAddressAllow", "")
    if hosts and not allowed:
        return warn(
            f"the service may connect to nothing, not to {hosts} either", "sudo systemctl restart hey-gemma-allow"
        )
    return fine(f"the service may connect to {allowed.replace(' ', ', ') or 'nothing: the config names no host'}")


def sockets(facts: Sockets) -> Finding:
    """Only to what the config names, and nobody can connect to it."""
    strange = [f"{host} port {port}" for host, port in facts.connected
               if host not in facts.hosts and port not in DNS_PORTS]  # fmt: skip
    open_to = [f"{host} port {port}" for host, port in facts.listening if port not in DNS_PORTS]
    pids = ", ".join(map(str, facts.processes))
    return first(
        fail(f"it listens on {', '.join(open_to)}", f"stop it (kill {pids}) and report this as a bug")
        if open_to else None,
        fail(f"it is connected to {', '.join(strange)}, which the config doesn't name",
             f"see if it runs with another config; else stop it (kill {pids}) and report this as a bug")
        if strange else None,
        absent(f"only root sees those of process {pids}: sudo hey-gemma doctor") if facts.secret else None,
        otherwise=fine(f"{len(facts.connected)} connections, all to what the config names; nothing listens"),
    )  # fmt: skip
