"""Runs a program and tells, as the kernel sees it, every way in which it, or a child of it, reached for a network.

    python3 tests/witness.py [--allow HOST:PORT]... [--names] [--local PATTERN]... -- hey-gemma run

Knows nothing of Hey Gemma: strace is the witness. Sockets of any family but AF_UNIX, connecting, sending, listening,
looking names up (the resolver's files and daemons) and io_uring, which strace can't see into, are told. Pairs of
AF_UNIX sockets aren't: both ends are in the program (asyncio wakes its loop through one). `--allow`: where it may
connect; `--names`: it may ask the name servers of /etc/resolv.conf; `--local`: sockets in the file system that it may
connect to, as those of a sound server. Ends with 1 when anything else was seen, 2 when it can't watch.
"""

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

CALLS = "network,io_uring_setup,openat,open,creat,memfd_create"
RESOLVER_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf")
RESOLVER_SOCKETS = ("*/nscd/socket", "/run/systemd/resolve/*", "*/avahi-daemon/socket")
DNS = 53

_CALL = re.compile(r"^(?:\[pid +)?\d*\]? *(\w+)\((.*)$")
_IPV4 = re.compile(r'sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)')
_IPV6 = re.compile(r'sin6_port=htons\((\d+)\),.*?inet_pton\(AF_INET6, "([^"]+)"')
_PATH = re.compile(r'sun_path=@?"((?:[^"\\]|\\.)*)"')
_FAMILY = re.compile(r"(?:sa_family=)?(AF_\w+)")
_OPENED = re.compile(r'"((?:[^"\\]|\\.)*)", ([A-Z_|0-9]+)')


@dataclass(frozen=True, slots=True)
class Allowed:
    """Where a program may connect, as (address, port); whether it may look names up; local sockets, as patterns."""

    addresses: frozenset[tuple[str, int]] = frozenset()
    names: bool = False
    local: tuple[str, ...] = ()


@dataclass(slots=True)
class Seen:
    """What was seen of a program.

    `refused`: lines of strace that nothing allows, and why; `connected`: where it went and may; `written`: files that
    were opened for writing, device files excepted; `calls`: how many calls about sockets there were.
    """

    refused: list[str] = field(default_factory=list)
    connected: set[tuple[str, int]] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    calls: int = 0


def read(lines: Iterable[str], allowed: Allowed) -> Seen:
    """Judge strace's lines."""
    seen = Seen()
    for line in lines:
        if (found := _CALL.match(line)) is None:
            continue
        name, arguments = found[1], found[2]
        if name in ("open", "openat", "creat"):
            _opened(name, arguments, line, allowed, seen)
        elif name != "memfd_create":
            seen.calls += 1
            if why := _wrong(name, arguments, allowed, seen):
                seen.refused.append(f"{why}: {line.strip()[:240]}")
    return seen


def _wrong(name: str, arguments: str, allowed: Allowed, seen: Seen) -> str:
    """Why a call is no business of the program's; empty: it may be."""
    if name == "io_uring_setup":
        return "io_uring, into which nobody sees"
    if name in ("socket", "socketpair"):
        family = _family(arguments)
        inet = family in ("AF_INET", "AF_INET6") and (allowed.addresses or allowed.names)
        asked_for = inet or (family == "AF_NETLINK" and allowed.names)  # getaddrinfo looks which addresses we have
        return "" if family == "AF_UNIX" or asked_for else f"a socket of the family {family}"
    if name not in ("connect", "sendto", "sendmsg", "sendmmsg", "bind"):
        return ""  # about a socket that it has
    if path := _PATH.search(arguments):
        patterns = (*allowed.local, *(RESOLVER_SOCKETS if allowed.names else ()))
        return "" if any(fnmatch(path[1], pattern) for pattern in patterns) else f"{name} to a local socket"
    places = [(host, int(port)) for pattern in (_IPV4, _IPV6) for port, host in pattern.findall(arguments)]
    for host, port in places:
        if name == "bind":
            return f"bind to {host} port {port}"
        if port == DNS and allowed.names:
            continue
        if (host, port) not in allowed.addresses and not (allowed.names and port == 0):  # port 0: getaddrinfo sorts
            return f"{name} to {host} port {port}"
        seen.connected.add((host, port))
    return ""


def _opened(name: str, arguments: str, line: str, allowed: Allowed, seen: Seen) -> None:
    if (opened := _OPENED.search(arguments)) is None:
        return
    path, flags = opened[1], opened[2]
    if path in RESOLVER_FILES and not allowed.names:
        seen.calls += 1
        seen.refused.append(f"a name is looked up: {line.strip()[:240]}")
    failed = re.search(r"\) += -1 ", line) is not None
    if not failed and (name == "creat" or "O_WRONLY" in flags or "O_RDWR" in flags) and not path.startswith("/dev/"):
        seen.written.add(path)


def _family(arguments: str) -> str:
    found = _FAMILY.search(arguments)
    return found[1] if found else arguments.partition(",")[0]


def watch(command: Sequence[str], allowed: Allowed) -> tuple[int, Seen]:
    """Run a command under strace -> (its exit code, what was seen)."""
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace"
        watched = ["strace", "-f", "--seccomp-bpf", "-qq", "-s", "256", "-e", f"trace={CALLS}", "-o", str(trace)]
        run = subprocess.run([*watched, "--", *command], check=False)
        with trace.open(encoding="utf-8", errors="replace") as lines:
            return run.returncode, read(lines, allowed)


def main() -> None:
    """Run the program that the arguments name, and tell."""
    parser = argparse.ArgumentParser(description="Tell every way in which a program reached for a network.")
    parser.add_argument("--allow", action="append", default=[], metavar="HOST:PORT", help="where it may connect")
    parser.add_argument("--names", action="store_true", help="it may look names up")
    parser.add_argument(
        "--local", action="append", default=[], metavar="PATTERN", help="local sockets, as */pulse/native"
    )
    parser.add_argument("--written", action="store_true", help="list the files that were opened for writing, too")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    if shutil.which("strace") is None:
        sys.exit("strace isn't there: sudo apt install strace")
    addresses = frozenset((host.strip("[]"), int(port)) for host, _, port in (a.rpartition(":") for a in given.allow))
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is for the program; then we tell what was seen
    code, seen = watch(given.command, Allowed(addresses, given.names, tuple(given.local)))
    for path in sorted(seen.written) if given.written else ():
        print(f"written    {path}")
    for host, port in sorted(seen.connected):
        print(f"allowed    {host} port {port}")
    for line in seen.refused:
        print(f"NOT ALLOWED  {line}")
    print(f"{seen.calls} calls about sockets seen, {len(seen.refused)} not allowed; the program ended with {code}")
    sys.exit(1 if seen.refused else 0)


if __name__ == "__main__":
    main()
