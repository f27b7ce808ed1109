"""A home on another machine, `homeassistant.local`, whose address only its own avahi tells: found, fenced, followed.

The other machine is a network namespace at the end of a wire (veth), with an avahi-daemon and a web server of its own.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.appliance.under_systemd import Machine, Report

NAME = "homeassistant.local"
US, HOME, NEIGHBOUR, MOVED = "10.77.0.1", "10.77.0.2", "10.77.0.3", "10.77.0.4"
AVAHI = "[server]\nhost-name=homeassistant\nallow-interfaces=wire\nenable-dbus=no\n"
# Outside of the service's cgroup first (argument "-"), so that what is forbidden there is known to be reachable here.
ATTEMPT = """
import socket, sys
if sys.argv[1] != "-":
    open(sys.argv[1], "w").write("0")
for address in sys.argv[2:]:
    s = socket.socket()
    s.settimeout(3)
    try:
        s.connect((address, 8123))
        print(address, "connected")
    except OSError as e:
        print(address, type(e).__name__)
"""


def lay_wire(machine: "Machine") -> None:
    """The other machine: two addresses that answer, one of them told by mDNS (avahi leaves out those of `lo`)."""
    (machine.root / "etc/avahi/elsewhere.conf").write_text(AVAHI)
    inside = ("ip", "-n", "elsewhere")
    for words in (
        ("ip", "netns", "add", "elsewhere"),
        ("ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", "elsewhere"),
        ("ip", "address", "add", f"{US}/24", "dev", "wire"),
        (*inside, "address", "add", f"{HOME}/24", "dev", "wire"),
        (*inside, "address", "add", f"{NEIGHBOUR}/32", "dev", "lo"),
        (*inside, "link", "set", "lo", "up"),
        (*inside, "link", "set", "wire", "up"),
        ("ip", "link", "set", "wire", "up"),
    ):
        if said := machine(*words):
            raise RuntimeError(f"{' '.join(words)}: {said}")
    there = ("systemd-run", "-q", "-p", "NetworkNamespacePath=/run/netns/elsewhere")
    machine(*there, "--unit=elsewhere-home", "python3", "-u", "-m", "http.server", "8123")
    avahi = ("avahi-daemon", "--no-drop-root", "--no-chroot", "-f", "/etc/avahi/elsewhere.conf")
    machine(*there, "--unit=elsewhere-avahi", "-p", "TemporaryFileSystem=/run/avahi-daemon", *avahi)
    time.sleep(5)  # it asks three times whether the name is free


def reached(machine: "Machine", *addresses: str, group: str = "-") -> str:
    """Try to connect to each address from a control group; "-": from none of ours."""
    return machine("python3", "-c", ATTEMPT, group, *addresses).replace("\n", "; ")


def find_another_machine(machine: "Machine", told: "Report") -> None:
    """Settings that name it, then what the manual says to do after a change of them."""
    begun = int(time.time())
    lay_wire(machine)
    settings = f'[home]\nkind = "home_assistant"\nurl = "http://{NAME}:8123"\n'
    (machine.root / "etc/hey-gemma/config.toml").write_text(settings)
    known = [file for file in ("etc/hosts", "etc/avahi/hosts") if NAME in (machine.root / file).read_text()]
    told("mDNS: hosts files that know the name", known, right=not known)
    told("mDNS: found", said := look_up(machine), right=said == f"{NAME}: {HOME}")
    said = look_up(machine, "avahi-daemon.service")  # as at boot: asked as soon as avahi says that it runs
    told("mDNS: found at avahi's start", said, right=said == f"{NAME}: {HOME}")
    machine("systemctl", "restart", "hey-gemma.service")
    allowed(machine, told, HOME)
    group = group_of(machine)
    said = reached(machine, HOME, NEIGHBOUR)
    told("mDNS: others may connect to", said, right=said == f"{HOME} connected; {NEIGHBOUR} connected")
    said = reached(machine, HOME, NEIGHBOUR, group=group)
    told(
        "mDNS: the firewall", said, right=f"{HOME} connected; {NEIGHBOUR} " in said and f"{NEIGHBOUR} conn" not in said
    )
    asked = asked_for(machine, begun)
    told("mDNS: the service itself came to its home", asked, right=US in asked)
    move(machine, told)


def look_up(machine: "Machine", *before: str) -> str:
    """Start the search for addresses, after other units; give what it said of the name."""
    begun = int(time.time())
    machine("systemctl", "restart", *before, "hey-gemma-allow.service")
    return log_of(machine, "hey-gemma-allow", NAME, begun)


def log_of(machine: "Machine", unit: str, what: str, since: int) -> str:
    """The last line of a unit with these words; the journal keeps earlier machines' too."""
    return machine("journalctl", "-u", unit, "--no-pager", "-o", "cat", "-n", "1", "-g", what, f"--since=@{since}")


def group_of(machine: "Machine") -> str:
    """Where a process writes itself to be counted as the service's."""
    return f"/sys/fs/cgroup{machine.show('ControlGroup')}/cgroup.procs"


def allowed(machine: "Machine", told: "Report", address: str) -> None:
    """The address is in the hosts file that the service sees, and is the only one it may connect to."""
    hosts = Path(f"/proc/{machine.main_pid()}/root/etc/hosts").read_text().splitlines()[0]
    told("mDNS: hosts file of the service", hosts, right=hosts.startswith(f"{address} {NAME} "))
    told("mDNS: it may connect to", only := machine.show("IPAddressAllow"), right=only == f"{address}/32")


def asked_for(machine: "Machine", since: int) -> str:
    """The last request for Home Assistant's interface in the log of the other machine."""
    for _ in range(60):
        log = log_of(machine, "elsewhere-home", "/api/websocket", since)
        if US in log:
            break
        time.sleep(1)
    return log


def move(machine: "Machine", told: "Report") -> None:
    """It gets another address: the running service may connect to that one, and no longer to the first."""
    for what, address in (("del", HOME), ("add", MOVED)):
        machine("ip", "-n", "elsewhere", "address", what, f"{address}/24", "dev", "wire")
    time.sleep(5)
    told("mDNS: moved", said := look_up(machine), right=said == f"{NAME}: {MOVED}")
    allowed(machine, told, MOVED)
    said = reached(machine, MOVED, NEIGHBOUR, group=group_of(machine))
    told(
        "mDNS: the firewall", said, right=f"{MOVED} connected; {NEIGHBOUR} " in said and f"{NEIGHBOUR} conn" not in said
    )
