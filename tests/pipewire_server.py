"""A private PipeWire for tests, in the place of sound_server's PulseAudio: a loudspeaker "room", a microphone "mic".

Needs `make pipewire-packages`, no sound card, no D-Bus and no running session. The programs have their own
configurations; WirePlumber only what says who is linked to whom, because what looks for cards wants a D-Bus.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.sound_server import SoundServer, alsa, no_plugin

PROGRAMS: dict[str, tuple[str, ...]] = {"pipewire": (), "wireplumber": ("-c", "policy.conf"), "pipewire-pulse": ()}
_SINK = "load-module module-null-sink sink_name=room rate=48000 channels=1"
_MIC = "module-remap-source"
# What every WirePlumber does beside its policy: it knows a default, and sends to sleep what nobody uses.
_WIREPLUMBER = """\
load_module("metadata")
load_module("default-nodes", { ["use-persistent-storage"] = false })
load_script("suspend-node.lua")
"""


class PipeWire(SoundServer):
    """Its programs; the last of them speaks PulseAudio's language."""

    def __init__(self, programs: list[subprocess.Popen[bytes]], socket: Path) -> None:
        super().__init__(programs[-1], socket)
        self._programs = programs

    def kill_all(self) -> None:
        """End it as a restart does, not only its PulseAudio."""
        for program in self._programs:
            program.kill()
            program.wait()

    def source_of(self, name: str) -> str:
        """What a stream records from; "" if it records nothing."""
        streams = self._listed("source-outputs")
        (stream,) = [one for one in streams if name in one["properties"].get("application.name", "")]
        return next((one["name"] for one in self._listed("sources") if one["index"] == stream["source"]), "")

    def _listed(self, what: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = json.loads(self.order(f"-f json list {what}"))
        return listed

    def unplug_mic(self) -> None:
        """Whoever records from it loses it."""
        self.order(f"unload-module {_MIC}")

    def plug_mic(self) -> None:
        """It is there again."""
        self.order(f"load-module {_MIC} master=room.monitor source_name=mic channels=1 remix=no")
        self.order("set-default-source mic")

    def order(self, lines: str) -> str:
        """An order for `pactl`; what it answers."""
        command = ["pactl", "-s", f"unix:{self.socket}", *lines.split()]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout


def why_not() -> str | None:
    """Why no PipeWire can be started here; None if one can."""
    if missing := [name for name in (*PROGRAMS, "pactl") if not shutil.which(name)]:
        return f"{', '.join(missing)} not installed: make pipewire-packages"
    return no_plugin()


@contextmanager
def pipewire_server(folder: Path) -> Iterator[PipeWire]:
    """Start one whose files lie in `folder`, point ALSA at it, and end it afterwards."""
    with _serving(folder) as server, alsa(folder / "asound.conf", room=server, mic=server):
        yield server


@contextmanager
def _serving(folder: Path) -> Iterator[PipeWire]:
    parts = folder / "config" / "wireplumber" / "policy.lua.d"
    parts.mkdir(parents=True)
    (parts / "91-defaults.lua").write_text(_WIREPLUMBER)
    with _running(folder, "pipewire") as core:
        _wait_for((folder / "pipewire-0").exists, folder)
        with _running(folder, "wireplumber") as policy, _running(folder, "pipewire-pulse") as pulse:
            server = PipeWire([core, policy, pulse], folder / "native")
            _wait_for(server.socket.exists, folder)
            server.order(_SINK)
            _wait_for(lambda: _takes_defaults(server), folder)
            server.plug_mic()
            yield server


def _takes_defaults(server: PipeWire) -> bool:
    try:
        server.order("set-default-sink room")
    except subprocess.CalledProcessError:  # WirePlumber isn't ready
        return False
    return True


@contextmanager
def _running(folder: Path, program: str) -> Iterator[subprocess.Popen[bytes]]:
    own = {"HOME": folder, "XDG_RUNTIME_DIR": folder, "PULSE_RUNTIME_PATH": folder}
    own |= {"XDG_CONFIG_HOME": folder / "config", "XDG_STATE_HOME": folder / "state"}
    there = os.environ | {key: str(value) for key, value in own.items()}
    with (folder / f"{program}.log").open("wb") as log:
        process = subprocess.Popen([program, *PROGRAMS[program]], env=there, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_for(what: Callable[[], bool], folder: Path) -> None:
    deadline = time.monotonic() + 10
    while not what():
        if time.monotonic() > deadline:
            logs = "\n".join(path.read_text() for path in folder.glob("*.log"))
            raise RuntimeError(f"PipeWire didn't start: {logs}")
        time.sleep(0.02)
