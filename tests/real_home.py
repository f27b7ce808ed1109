"""A real Home Assistant on loopback (`make ha-up`), as tests use it: by REST and WebSocket, beside the assistant."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import aiohttp
import httpx
import pytest

from assistant.intents.home_assistant import HomeAssistant
from assistant.intents.home_facts import SHOWN
from assistant.intents.home_link import HomeLink
from assistant.intents.home_token import Token
from assistant.intents.policy import Policy
from assistant.intents.router import Dispatched, Router
from assistant.stages import Call, Value

ROOT = Path(__file__).parents[1]
HOME = Path(os.environ.get("HA_HOME", ROOT / "build" / "home-assistant"))
WATCHED = ("light", "fan", "switch", "cover", "climate", "media_player", "lock", "todo", "input_boolean")
VALUES = ("brightness", "hs_color", "current_position", "temperature", "volume_level", "media_track")
Snapshot = dict[str, tuple[Any, ...]]
SWITCHED = {
    "turn_on": "on", "turn_off": "off", "open_cover": "open", "close_cover": "closed", "lock": "locked",
    "unlock": "unlocked", "media_pause": "paused", "media_play": "playing",
}  # fmt: skip


def _up() -> bool:
    try:
        return httpx.get(f"{(HOME / 'url').read_text(encoding='utf-8')}/manifest.json", timeout=2).is_success
    except (OSError, httpx.HTTPError):
        return False


needs_a_home = pytest.mark.skipif(not _up(), reason="no Home Assistant is up: make ha-up")


class Server:
    """The server, seen by others: REST for states and services, its end and its next start."""

    def __init__(self) -> None:
        self.url = (HOME / "url").read_text(encoding="utf-8")
        self.token = (HOME / "token").read_text(encoding="utf-8")
        self._http = httpx.AsyncClient(
            base_url=f"{self.url}/api", headers={"Authorization": f"Bearer {self.token}"}, timeout=20
        )

    async def service(self, service: str, **data: Any) -> None:
        (await self._http.post(f"/services/{service.replace('.', '/')}", json=data)).raise_for_status()

    async def post(self, path: str, **data: Any) -> None:
        (await self._http.post(path, json=data)).raise_for_status()

    async def delete(self, path: str) -> None:
        (await self._http.delete(path)).raise_for_status()

    async def state(self, entity_id: str) -> dict[str, Any]:
        state: dict[str, Any] = (await self._http.get(f"/states/{entity_id}")).json()
        return state

    async def look(self, path: str) -> str:
        """Its state, or that of an entity; empty while it is away, or doesn't know."""
        try:
            return str((await self._http.get(f"/{path}", timeout=2)).json()["state"])
        except (httpx.HTTPError, ValueError, KeyError):
            return ""

    async def states(self) -> list[dict[str, Any]]:
        states: list[dict[str, Any]] = (await self._http.get("/states")).json()
        return states

    async def aclose(self) -> None:
        await self._http.aclose()

    @staticmethod
    def kill() -> None:
        """End it as a power cut does."""
        os.kill(int((HOME / "pid").read_text(encoding="utf-8")), signal.SIGKILL)

    @staticmethod
    def pause() -> None:
        """Let it stand still, its connections open."""
        os.kill(int((HOME / "pid").read_text(encoding="utf-8")), signal.SIGSTOP)

    @staticmethod
    def go_on() -> None:
        """Let it run again."""
        os.kill(int((HOME / "pid").read_text(encoding="utf-8")), signal.SIGCONT)

    @staticmethod
    def again() -> None:
        """Start it as it was."""
        python = (HOME / "python").read_text(encoding="utf-8")
        subprocess.run([python, str(ROOT / "tests" / "home_assistant" / "server.py"), "again"], check=True)


class Watcher:
    """Who else looks on: every service call and every change of a state, stamped when it is heard of."""

    def __init__(self, server: Server, now_s: Callable[[], float]) -> None:
        self._url, self._token, self._now_s = server.url, server.token, now_s
        self.calls: list[tuple[float, str, dict[str, Any]]] = []
        self.changes: list[tuple[float, str, dict[str, Any]]] = []
        self._pings, self._pong = 10, asyncio.Event()

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        self._socket = await self._http.ws_connect(f"{self._url}/api/websocket", max_msg_size=0)
        await self._socket.receive_json()
        await self._socket.send_json({"type": "auth", "access_token": self._token})
        assert (await self._socket.receive_json())["type"] == "auth_ok"
        for number, kind in enumerate(("call_service", "state_changed"), 1):
            await self._socket.send_json({"id": number, "type": "subscribe_events", "event_type": kind})
            assert (await self._socket.receive_json())["success"]
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._socket.close()
        await self._http.close()

    async def forget(self) -> None:
        """Forget what was before: also what is still on its way."""
        self._pings += 1
        self._pong.clear()
        await self._socket.send_json({"id": self._pings, "type": "ping"})
        async with asyncio.timeout(20):
            await self._pong.wait()
        self.calls.clear()
        self.changes.clear()

    async def _watch(self) -> None:
        async for message in self._socket:
            told = message.json()
            if told["type"] == "pong":
                self._pong.set()
                continue
            event = told["event"]
            now_s, data = self._now_s(), event["data"]
            if event["event_type"] == "call_service":
                self.calls.append((now_s, f"{data['domain']}.{data['service']}", data["service_data"]))
            elif data["new_state"] is not None:
                self.changes.append((now_s, data["entity_id"], data["new_state"]))


@asynccontextmanager
async def living_in(server: Server, shown: int = SHOWN) -> AsyncIterator[tuple[HomeAssistant, HomeLink]]:
    link = HomeLink(server.url, lambda: Token(server.token))
    home = HomeAssistant(link, here="living room", policy=Policy(confirm=frozenset({"lock.front_door"})), shown=shown)
    try:
        await link.start(30)
        assert link.ready
        yield home, link
    finally:
        await link.aclose()


async def ask(home: HomeAssistant, tool: str, /, **arguments: Value) -> Dispatched:
    return await Router([home]).dispatch([Call(tool, arguments)])


async def until(link: HomeLink, true: Callable[[], bool], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await link.news.wait()


async def snapshot(server: Server) -> Snapshot:
    """Everything that could have been changed: also what isn't exposed."""
    states = await server.states()
    return {
        state["entity_id"]: (state["state"], *(state["attributes"].get(name) for name in VALUES))
        for state in states
        if state["entity_id"].partition(".")[0] in WATCHED
    }


def follows(effect: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    """Whether a state of the server is what an effect of the demo home's file asks for."""
    told = state["attributes"]
    right = [state["state"] == SWITCHED.get(str(effect["service"]).partition(".")[2], state["state"])]
    for name, value in effect.get("data", {}).items():
        match name:
            case "brightness_pct":
                right.append(abs(told["brightness"] - value * 2.55) <= 1)
            case "color_name":
                right.append(value == "blue" and told["hs_color"] == [240.0, 100.0])
            case "position":
                right.append(told["current_position"] == value)
            case "item":
                right.append(state["state"] == "3")
            case _:
                right.append(told[name] == value)
    return all(right)


def config_for(server: Server, path: Path, token: str) -> Path:
    (path / "token").write_text(token, encoding="utf-8")
    config = path / "config.toml"
    section = f'[home]\nkind = "home_assistant"\nurl = "{server.url}"\ntoken_file = "{path / "token"}"\n'
    config.write_text(section, encoding="utf-8")
    return config
