"""A network of two: this side, where a command runs, and a home on the other one. There is nothing else, and no route.

    unshare --mount --net python -m tests.apart FOLDER -- COMMAND      (with --map-root-user for who isn't root)

The other side has a Home Assistant (tests/fake_home.py) on port 8123 and a name server that knows NAME; both note in
FOLDER/home.json what they were asked. Knows nothing of the command. Needs iproute2.
"""

import asyncio
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import cast

from tests.fake_home import FakeHome

HERE, THERE, PORT, NAME = "10.77.0.1", "10.77.0.2", 8123, "homeassistant.test"
UP_S = 30.0


def command_apart(folder: Path, command: list[str]) -> int:
    """Run a command on this side; its exit code."""
    there = subprocess.Popen(["unshare", "--net", sys.executable, "-m", "tests.apart", str(folder)])
    try:
        _wait_for(folder / "process")
        ip = ["ip", "link", "add", "here", "type", "veth", "peer", "name", "there", "netns", str(there.pid)]
        subprocess.run(ip, check=True)
        _address("here", HERE)
        (folder / "resolv.conf").write_text(f"nameserver {THERE}\n", encoding="ascii")
        resolver = Path("/etc/resolv.conf").resolve()
        subprocess.run(["mount", "--bind", str(folder / "resolv.conf"), str(resolver)], check=True)
        _wait_for(folder / "up")
        return subprocess.run(command, check=False).returncode
    finally:
        there.terminate()
        there.wait(timeout=UP_S)


def _address(device: str, address: str) -> None:
    subprocess.run(["ip", "address", "add", f"{address}/30", "dev", device], check=True)
    subprocess.run(["ip", "link", "set", device, "up"], check=True)


def _wait_for(path: Path) -> None:
    end_s = time.monotonic() + UP_S
    while not path.exists():
        if time.monotonic() > end_s:
            raise TimeoutError(path.name)
        time.sleep(0.05)


class Names(asyncio.DatagramProtocol):
    """A name server: NAME is THERE, other names are unknown; `asked` is every name."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode())
            at += 1 + data[at]
        (kind,) = struct.unpack_from(">H", data, at + 1)
        self.asked.append(".".join(labels))
        known = self.asked[-1] == NAME
        answers = known and kind == 1
        head = data[:2] + struct.pack(">HHHHH", 0x8180 if known else 0x8183, 1, int(answers), 0, 0)
        record = struct.pack(">HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(THERE)
        self._transport.sendto(head + data[12 : at + 5] + (record if answers else b""), addr)


def _take_address() -> None:
    while "there:" not in Path("/proc/net/dev").read_text(encoding="ascii"):
        time.sleep(0.05)
    _address("there", THERE)


async def home(folder: Path) -> None:
    """Serve on the other side until SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    (folder / "process").write_text(str(os.getpid()), encoding="ascii")
    await asyncio.to_thread(_take_address)
    fake = FakeHome()
    fake.host, fake.port = THERE, PORT
    fake.add("light.kitchen", "kitchen light", area="kitchen")
    _, names = await loop.create_datagram_endpoint(Names, local_addr=(THERE, 53))
    async with fake:
        (folder / "up").touch()
        await stop.wait()
        told = {"logins": fake.logins, "services": [f"{c['domain']}.{c['service']}" for c in fake.calls]}
        (folder / "home.json").write_text(json.dumps(told | {"names": sorted(set(names.asked))}), encoding="utf-8")


if __name__ == "__main__":
    if "--" in sys.argv:
        sys.exit(command_apart(Path(sys.argv[1]), sys.argv[3:]))
    asyncio.run(home(Path(sys.argv[1])))
