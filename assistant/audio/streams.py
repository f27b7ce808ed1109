"""What other programs on this machine play, through PulseAudio or PipeWire: how loud it is, and making it so.

Asks `pactl`, where a server runs in this session, and only over its local socket: pactl would start a server where none
is. Our own streams, and those of the sound system itself, are left out. 10 ms a question.
"""

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from assistant.disk import readable

ANSWER_WITHIN_S = 2.0
Volume = tuple[float, ...]
Described = dict[str, Any]


def socket_path(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The socket of the sound server of this session; None: there is none, or it is elsewhere."""
    if server := environ.get("PULSE_SERVER"):
        path = Path(server.removeprefix("unix:"))
        return path if path.is_absolute() and _is_socket(path) else None
    runtime = environ.get("PULSE_RUNTIME_PATH")
    path = Path(runtime) if runtime else Path(environ.get("XDG_RUNTIME_DIR", "/nonexistent")) / "pulse"
    return path / "native" if _is_socket(path / "native") else None


def _is_socket(path: Path) -> bool:
    return readable(path) and path.is_socket()  # after `su` the session may still be named, and be another user's


class Streams:
    """Players, by the number of their stream; a volume is one number a channel, 65536 for 100 %."""

    kind = "stream"
    rounding = 1.0

    def __init__(self, own_pid: int | None = None, environ: Mapping[str, str] = os.environ) -> None:
        self._own_pid = str(os.getpid() if own_pid is None else own_pid)
        self._environ = environ

    async def playing(self) -> Mapping[str, Volume] | None:
        """What plays now and isn't paused."""
        return await self._listed(lambda stream: not stream.get("corked"))

    async def volumes(self, ids: Sequence[str]) -> Mapping[str, Volume] | None:
        """The volumes of these streams, as far as they are there."""
        return await self._listed(lambda stream: str(stream["index"]) in ids)

    async def set(self, player: str, volume: Volume) -> Volume | None:
        """Set a stream's volume; the volume that it has then."""
        if await self._pactl("set-sink-input-volume", player, *(str(round(part)) for part in volume)) is None:
            return None
        return tuple(float(round(part)) for part in volume)

    async def _listed(self, chosen: Callable[[Described], Any]) -> Mapping[str, Volume] | None:
        streams = await self._told("sink-inputs")
        if streams is None:
            return None
        # What speaks PipeWire's own language, or comes to it through ALSA, has its process beside the client only.
        nameless = any(_process(stream) is None for stream in streams)
        clients = {str(client.get("index")): client for client in await self._told("clients") or ()} if nameless else {}
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            return {
                f"{stream['index']}": tuple(float(channel["value"]) for channel in stream["volume"].values())
                for stream in streams
                if self._is_anothers(stream, clients) and chosen(stream)
            }
        return None

    def _is_anothers(self, stream: Described, clients: Mapping[str, Described]) -> bool:
        process = _process(stream) or _process(clients.get(str(stream.get("client")), {}))
        return process not in {None, self._own_pid}

    async def _told(self, what: str) -> list[Described] | None:
        text = await self._pactl("-f", "json", "list", what)
        with suppress(ValueError):
            listed = json.loads(text or "")
            if isinstance(listed, list):
                return [one for one in listed if isinstance(one, dict) and isinstance(one.get("properties"), dict)]
        return None

    async def _pactl(self, *arguments: str) -> str | None:
        program, path = shutil.which("pactl"), socket_path(self._environ)
        if program is None or path is None:
            return None
        try:
            process = await asyncio.create_subprocess_exec(
                program, "-s", f"unix:{path}", *arguments, env={**self._environ, "LC_ALL": "C.UTF-8"},
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, stdin=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        except OSError:
            return None
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                out, _ = await process.communicate()
        except TimeoutError:
            return None
        finally:
            with suppress(ProcessLookupError):
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        return out.decode(errors="replace") if process.returncode == 0 else None


def _process(one: Described) -> str | None:
    """Whose stream or client it is, as it says."""
    process: str | None = one.get("properties", {}).get("application.process.id")
    return process
