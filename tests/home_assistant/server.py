"""A real Home Assistant on loopback for tests: `python server.py requirements | up | down | again`.

Run by Home Assistant's own Python. It starts from nothing, makes an owner, a token, areas, aliases and a floor, exposes
the things of the demo home and a few of Home Assistant's `demo`, and leaves `url`, `token` and `python` beside the
configuration. `again` starts it as it was.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HOME = Path(os.environ.get("HA_HOME", ROOT / "build" / "home-assistant")).resolve()
CONFIG = HOME / "config"
DEMO_HOME = ROOT / "assistant" / "intents" / "demo_home.toml"
PORT = int(os.environ.get("HA_PORT", "18123"))
URL = f"http://127.0.0.1:{PORT}"
INTEGRATIONS = ("api", "config", "conversation", "demo", "homeassistant", "mcp_server", "onboarding", "websocket_api")
EXPOSED_DEMO = ("media_player.walkman", "fan.ceiling_fan", "cover.garage_door")

CONFIGURATION = f"""
homeassistant:
  name: Test home
  unit_system: metric
  time_zone: Etc/UTC
http:
  server_host: 127.0.0.1
  server_port: {PORT}
logger:
  default: warning
api:
config:
conversation:
websocket_api:
demo:
input_boolean:
  guest_mode:
    name: Guest mode
scene: !include scenes.yaml
script:
  good_night:
    alias: Good night
    sequence: [{{action: input_boolean.turn_off, target: {{entity_id: input_boolean.guest_mode}}}}]
demo_home:
  file: {DEMO_HOME}
"""
SCENES = """
- name: Movie night
  id: movie_night
  entities: {input_boolean.guest_mode: "on"}
"""


def requirements() -> None:
    """Print what the integrations that it loads need."""
    import homeassistant
    from homeassistant import bootstrap

    components = Path(homeassistant.__file__).parent / "components"
    todo = {*INTEGRATIONS, *bootstrap.DEFAULT_INTEGRATIONS, *bootstrap.CORE_INTEGRATIONS, "frontend", "hassio"}
    todo |= set(getattr(bootstrap, "DEFAULT_INTEGRATIONS_RECOVERY_MODE", ()))
    seen: set[str] = set()
    needed: set[str] = set()
    while todo:
        domain = todo.pop()
        seen.add(domain)
        file = components / domain / "manifest.json"
        if file.exists():
            manifest = json.loads(file.read_text(encoding="utf-8"))
            needed |= set(manifest.get("requirements", ()))
            todo |= set(manifest.get("dependencies", ())) - seen
    print("\n".join(sorted(needed)))


async def up() -> None:
    """Start it, wait until it answers, and furnish it."""
    import aiohttp

    down()
    shutil.rmtree(CONFIG, ignore_errors=True)
    shutil.copytree(HERE / "custom_components", CONFIG / "custom_components")
    (CONFIG / "configuration.yaml").write_text(CONFIGURATION, encoding="utf-8")
    (CONFIG / "scenes.yaml").write_text(SCENES, encoding="utf-8")
    start()
    began = time.monotonic()
    async with aiohttp.ClientSession() as http:
        await wait(http)
        token = await onboard(http)
        (HOME / "token").touch(mode=0o600)
        (HOME / "token").write_text(token, encoding="utf-8")
        (HOME / "url").write_text(URL, encoding="utf-8")
        (HOME / "python").write_text(os.environ.get("HA_PYTHON", sys.executable), encoding="utf-8")
        await furnish(http, token)
        down()  # so that everything is written: a kill must not take it back
        start()
        await wait(http)
        async with Commands(http, token) as command:
            await running(command)
    print(f"Home Assistant is up at {URL} after {time.monotonic() - began:.0f} s; `make ha-down` ends it.")


def start() -> None:
    """Start the process; its log is `hass.log`."""
    with socket.socket() as taken, suppress(OSError):
        taken.connect(("127.0.0.1", PORT))
        raise SystemExit(f"another server has port {PORT}: end it, or choose one: make ha-up HA_PORT=18124")
    program = [str(Path(sys.executable).with_name("hass")), "--config", str(CONFIG), "--skip-pip"]
    with (HOME / "hass.log").open("ab") as log:
        process = subprocess.Popen(program, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    (HOME / "pid").write_text(str(process.pid), encoding="utf-8")


def down() -> None:
    """End the one that `up` started."""
    try:
        pid = int((HOME / "pid").read_text(encoding="utf-8"))
        os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError):
        return
    finally:
        (HOME / "pid").unlink(missing_ok=True)
    for _ in range(150):
        if not Path(f"/proc/{pid}").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8"):
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)


async def wait(http) -> None:
    """Return when it takes requests."""
    import aiohttp

    for _ in range(900):
        with suppress(aiohttp.ClientError):
            async with http.get(f"{URL}/api/onboarding") as answer:
                if answer.status == 200:
                    return
        await asyncio.sleep(0.2)
    raise SystemExit(f"Home Assistant didn't start; see {HOME / 'hass.log'}")


async def running(command) -> None:
    """Return when everything is set up: newer ones take requests before that."""
    while (await command("get_config"))["state"] != "RUNNING":  # noqa: ASYNC110 - another process runs there
        await asyncio.sleep(0.1)


async def onboard(http) -> str:
    """Make an owner; return a long-lived token. The other steps would set up things that look for the internet."""
    owner = {"client_id": URL, "name": "Owner", "username": "owner", "password": "only-a-test", "language": "en"}
    async with http.post(f"{URL}/api/onboarding/users", json=owner) as answer:
        code = (await answer.json())["auth_code"]
    form = {"client_id": URL, "code": code, "grant_type": "authorization_code"}
    async with http.post(f"{URL}/auth/token", data=form) as answer:
        short = (await answer.json())["access_token"]
    async with Commands(http, short) as command:
        with suppress(RuntimeError):  # older versions don't know it; newer ones exit after five minutes without it
            await command("http/config/promote")
        return await command("auth/long_lived_access_token", client_name="hey-gemma", lifespan=30)


async def furnish(http, token: str) -> None:
    """Areas, a floor, aliases, exposure."""
    home = tomllib.loads(DEMO_HOME.read_text(encoding="utf-8"))
    async with Commands(http, token) as command:
        await running(command)
        for area in await command("config/area_registry/list"):
            await command("config/area_registry/delete", area_id=area["area_id"])
        floor = await command("config/floor_registry/create", name="Upstairs", aliases=["first floor"])
        areas = {}
        for name in home["areas"]:
            extra = {"floor_id": floor["floor_id"]} if name in ("bedroom", "bathroom", "office") else {}
            extra |= {"aliases": ["lounge"]} if name == "living room" else {}
            areas[name] = (await command("config/area_registry/create", name=name, **extra))["area_id"]
        for entity in home["entity"]:
            placed = {"area_id": areas[entity["area"]]} if "area" in entity else {}
            known = await command("config/entity_registry/get", entity_id=entity["id"])
            aliases = [*known["aliases"][:1], *entity["names"][1:]]  # since 2026, null is first: its own name
            await command("config/entity_registry/update", entity_id=entity["id"], aliases=aliases, **placed)
        vacuum = min(s["entity_id"] for s in await command("get_states") if s["entity_id"].startswith("vacuum."))
        states = {state["entity_id"] for state in await command("get_states")}
        ours = {entity["id"] for entity in home["entity"]}
        ours |= {"scene.movie_night", "script.good_night", *EXPOSED_DEMO, vacuum} & states
        for shown, ids in ((False, states - ours), (True, ours)):
            await command(
                "homeassistant/expose_entity",
                assistants=["conversation"], entity_ids=sorted(ids), should_expose=shown,
            )  # fmt: skip
        print(f"{len(states)} entities, {len(ours)} exposed, version {command.version}")


class Commands:
    """`async with Commands(http, token) as command: await command(type, **fields)`."""

    def __init__(self, http, token: str) -> None:
        self._http, self._token, self._id = http, token, 0

    async def __aenter__(self):
        self._socket = await self._http.ws_connect(f"{URL}/api/websocket", max_msg_size=0)
        self.version = (await self._socket.receive_json())["ha_version"]
        await self._socket.send_json({"type": "auth", "access_token": self._token})
        assert (await self._socket.receive_json())["type"] == "auth_ok"
        return self

    async def __aexit__(self, *_):
        await self._socket.close()

    async def __call__(self, kind: str, **fields):
        self._id += 1
        await self._socket.send_json({"id": self._id, "type": kind, **fields})
        answer = await self._socket.receive_json()
        if not answer["success"]:
            raise RuntimeError(f"{kind}: {answer['error']}")
        return answer["result"]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["requirements"]:
            requirements()
        case ["up"]:
            asyncio.run(up())
        case ["down"]:
            down()
        case ["again"]:
            start()
        case _:
            raise SystemExit(__doc__)
