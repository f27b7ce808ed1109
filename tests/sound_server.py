"""A private PulseAudio for tests: a loudspeaker called "room" and a microphone called "mic" that hears it.

Needs the Debian packages pulseaudio and libasound2-plugins, no sound card, no D-Bus and no running session. PortAudio
sees exactly two devices, because ALSA gets a configuration of its own.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# norewinds: like a real card the loudspeaker works 50 ms ahead, not 2 s. The socket comes last: once it is there, so is
# everything else.
_MODULES = """\
.fail
load-module module-null-sink sink_name=room rate=48000 channels=1 norewinds=1
load-module module-remap-source master=room.monitor source_name=mic channels=1 remix=no
set-default-sink room
set-default-source mic
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
"""
_ALSA = """\
</usr/share/alsa/alsa.conf>
pcm.room {{
    type pulse
    server "unix:{socket}"
    device room
    hint {{ show on description "room" }}
}}
pcm.mic {{
    type pulse
    server "unix:{socket}"
    device mic
    hint {{ show on description "mic" }}
}}
"""


class SoundServer:
    """The running server."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def kill(self) -> None:
        """End it as a pulled plug would."""
        self._process.kill()
        self._process.wait()


def why_not() -> str | None:
    """Why no server can be started here; None if one can."""
    if not shutil.which("pulseaudio"):
        return "pulseaudio isn't installed: sudo apt install pulseaudio libasound2-plugins"
    if not list(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        return "ALSA's pulse plugin isn't installed: sudo apt install libasound2-plugins"
    return None


@contextmanager
def sound_server(folder: Path) -> Iterator[SoundServer]:
    """Start a server whose files lie in `folder`, point ALSA at it, and end it afterwards."""
    socket = folder / "native"
    (folder / "default.pa").write_text(_MODULES.format(socket=socket))
    (folder / "asound.conf").write_text(_ALSA.format(socket=socket))
    own = {"HOME": folder, "XDG_RUNTIME_DIR": folder, "PULSE_RUNTIME_PATH": folder, "PULSE_STATE_PATH": folder}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            ["pulseaudio", "-n", "-F", str(folder / "default.pa"), "--daemonize=no", "--use-pid-file=no",
             "--disable-shm=yes", "--exit-idle-time=-1"],
            env=os.environ | {key: str(value) for key, value in own.items()},
            stdout=log, stderr=log,
        )  # fmt: skip
    before = os.environ.get("ALSA_CONFIG_PATH")
    try:
        _wait_for(socket, process, folder / "server.log")
        os.environ["ALSA_CONFIG_PATH"] = str(folder / "asound.conf")
        yield SoundServer(process)
    finally:
        if before is None:
            os.environ.pop("ALSA_CONFIG_PATH", None)
        else:
            os.environ["ALSA_CONFIG_PATH"] = before
        process.kill()
        process.wait()


def _wait_for(socket: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 10
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"pulseaudio didn't start: {log.read_text()}")
        time.sleep(0.02)
