"""What the service may connect to: the hosts that the config names, looked up, and nothing else.

systemd's firewall knows addresses only. So root looks the names up, writes them into a hosts file that the service
sees as its /etc/hosts, and tells systemd the addresses. A name that isn't found now keeps the addresses it had. Knows
neither Home Assistant nor MQTT.
"""

import logging
import os
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from assistant.config import Config
from assistant.errors import OutputError

UNIT = "hey-gemma.service"
HOSTS = Path("/run/hey-gemma-allow/hosts")
MARK = "# hey-gemma"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fence:
    """Names of the config and the addresses they have now; none: it couldn't be found."""

    hosts: Mapping[str, tuple[str, ...]]

    @property
    def addresses(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys(address for found in self.hosts.values() for address in found))


def named(config: Config) -> tuple[str, ...]:
    """Hosts that this config lets the assistant connect to."""
    names = []
    if config.home.kind == "home_assistant":
        with suppress(ValueError):  # no address: the run says so
            names.append(urlsplit(config.home.url).hostname or "")
    if config.home.kind == "mqtt" or config.home.mqtt.announce:
        names.append(config.home.mqtt.host)
    return tuple(dict.fromkeys(filter(None, names)))


def look_up(name: str) -> tuple[str, ...]:
    """Addresses of a name; none: it isn't known now. Link-local ones of IPv6 can't be written into a hosts file."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as e:  # the latter of what can't be a name: a..b
        _log.warning("%s can't be found: %s", name, e)
        return ()
    addresses = (ip_address(str(info[4][0])) for info in found)
    return tuple(dict.fromkeys(str(a) for a in addresses if not (a.version == 6 and a.is_link_local)))


def survey(names: Sequence[str], known: Fence, find: Callable[[str], tuple[str, ...]] = look_up) -> Fence:
    """Look every name up; one that isn't found keeps what was `known` of it."""
    return Fence({name: find(name) or known.hosts.get(name, ()) for name in names})


def hosts_file(fence: Fence, system: str) -> str:
    """The hosts file that the service sees: ours first, then the `system`'s."""
    ours = [f"{address} {name} {MARK}" for name, found in fence.hosts.items() for address in found if address != name]
    return "\n".join([*ours, system])


def read_hosts(text: str) -> Fence:
    """What `hosts_file` wrote of ours."""
    hosts: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        if line.endswith(MARK):
            address, name = line.removesuffix(MARK).split()
            hosts[name] = (*hosts.get(name, ()), address)
    return Fence(hosts)


def command(fence: Fence) -> list[str]:
    """What tells systemd, until the next boot. The first, empty one takes back what was allowed before."""
    allowed = [f"IPAddressAllow={address}" for address in fence.addresses]
    return ["systemctl", "set-property", "--runtime", UNIT, "IPAddressAllow=", *allowed]


def raise_fence(config: Config, path: Path = HOSTS, run: Callable[[list[str]], None] | None = None) -> Fence:
    """Look up, write the hosts file, tell systemd. Raises OutputError."""
    try:
        before = path.read_text(encoding="utf-8")
    except OSError:
        before = ""
    fence = survey(named(config), read_hosts(before))
    text = hosts_file(fence, Path("/etc/hosts").read_text(encoding="utf-8") if Path("/etc/hosts").exists() else "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if text != before:
            path.write_text(text, encoding="utf-8")  # in place: a running service sees this very file
            path.chmod(0o644)
    except OSError as e:
        raise OutputError(f"{path}: {e.strerror}", remedy="sudo hey-gemma service allow") from e
    (run or _tell)(command(fence))
    return fence


def _tell(words: list[str]) -> None:
    if not Path("/run/systemd/system").is_dir():
        raise OutputError("systemd doesn't run here", remedy="hey-gemma service allow --show")
    try:
        subprocess.run(words, check=True, capture_output=True, text=True, timeout=30, env={**os.environ, "LC_ALL": "C"})
    except subprocess.CalledProcessError as e:
        raise OutputError(f"systemd refused: {e.stderr.strip()}", remedy="sudo hey-gemma service allow") from e
    except (OSError, subprocess.TimeoutExpired) as e:
        raise OutputError(f"systemctl: {e}", remedy="sudo hey-gemma service allow") from e
