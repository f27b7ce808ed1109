"""A private PulseAudio for tests: a loudspeaker called "room" and a microphone called "mic" that hears it.

Needs the Debian packages pulseaudio and libasound2-plugins, no sound card, no D-Bus and no running session. PortAudio
sees exactly two devices, because ALSA gets a configuration of its own.
"""

import os
import shutil
import socket as socket_
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

# norewinds: like a real card the loudspeaker works 50 ms ahead, not 2 s. The socket comes last: once it is there, so is
# everything else.
_MODULES = """\
.fail
load-module module-null-sink sink_name=room rate=48000 channels=1 norewinds=1
load-module module-remap-source master=room.monitor source_name=mic channels=1 remix=no
load-module module-cli-protocol-unix socket={socket}.cli
set-default-sink room
set-default-source mic
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
"""
_ALSA_DEVICE = """\
pcm.{name} {{
    type pulse
    server "unix:{socket}"
    device {name}
    hint {{ show on description "{name}" }}
}}
"""


_MIC = "module-remap-source"


class SoundServer:
    """The running server. Its microphone can be unplugged and plugged in again, as a USB one."""

    def __init__(self, process: subprocess.Popen[bytes], socket: Path) -> None:
        self._process = process
        self.socket = socket

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    def look(self) -> None:
        """Change nothing."""

    def unplug_mic(self) -> None:
        """Whoever records from it loses the stream."""
        self.order(f"unload-module {_MIC}")

    def plug_mic(self) -> None:
        """It is there again."""
        loading = next(line for line in _MODULES.splitlines() if _MIC in line)
        self.order(f"{loading}\nset-default-source mic")

    def order(self, lines: str) -> str:
        """Orders in PulseAudio's own language; what it answers."""
        with closing(socket_.socket(socket_.AF_UNIX)) as wire:
            wire.settimeout(10)
            wire.connect(f"{self.socket}.cli")
            wire.sendall(f"{lines}\n".encode())
            wire.shutdown(socket_.SHUT_WR)
            return b"".join(iter(lambda: wire.recv(65536), b"")).decode()

    def kill(self) -> None:
        """End it as a pulled plug would."""
        self._process.kill()
        self._process.wait()


def why_not() -> str | None:
    """Why no server can be started here; None if one can."""
    if not shutil.which("pulseaudio"):
        return "pulseaudio isn't installed: sudo apt install pulseaudio libasound2-plugins"
    return no_plugin()


def no_plugin() -> str | None:
    """Why ALSA can't reach a server; None if it can."""
    if not list(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        return "ALSA's pulse plugin isn't installed: sudo apt install libasound2-plugins"
    return None


@contextmanager
def sound_server(folder: Path) -> Iterator[SoundServer]:
    """Start a server whose files lie in `folder`, point ALSA at it, and end it afterwards."""
    with serving(folder) as server, alsa(folder / "asound.conf", room=server, mic=server):
        yield server


@contextmanager
def serving(folder: Path, sink: str = "room") -> Iterator[SoundServer]:
    """A server that nobody is pointed at yet; `sink`: what its loudspeaker is called."""
    folder.mkdir(exist_ok=True)
    socket = folder / "native"
    (folder / "default.pa").write_text(_MODULES.replace("room", sink).format(socket=socket))
    own = {"HOME": folder, "XDG_RUNTIME_DIR": folder, "PULSE_RUNTIME_PATH": folder, "PULSE_STATE_PATH": folder}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            ["pulseaudio", "-n", "-F", str(folder / "default.pa"), "--daemonize=no", "--use-pid-file=no",
             "--disable-shm=yes", "--exit-idle-time=-1"],
            env=os.environ | {key: str(value) for key, value in own.items()},
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        _wait_for(socket, process, folder / "server.log")
        yield SoundServer(process, socket)
    finally:
        process.kill()
        process.wait()


@contextmanager
def alsa(path: Path, **devices: SoundServer) -> Iterator[None]:
    """Let ALSA know these devices, each on its server, and no others."""
    write_alsa(path, **devices)
    before = os.environ.get("ALSA_CONFIG_PATH")
    os.environ["ALSA_CONFIG_PATH"] = str(path)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("ALSA_CONFIG_PATH", None)
        else:
            os.environ["ALSA_CONFIG_PATH"] = before


def write_alsa(path: Path, **devices: SoundServer) -> None:
    """Plug devices in or out while ALSA is pointed at this file."""
    text = "".join(_ALSA_DEVICE.format(name=name, socket=server.socket) for name, server in devices.items())
    path.write_text("</usr/share/alsa/alsa.conf>\n" + text)


def _wait_for(socket: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 10
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"pulseaudio didn't start: {log.read_text()}")
        time.sleep(0.02)
