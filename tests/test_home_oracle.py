"""Home Assistant's own tools (`mcp_server`) as the oracle: the same call there and through us leaves the same home.

Exposure is enforced on both sides. The newer server takes one POST a call, the older one a stream of events beside it.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from assistant.stages import Value
from tests.real_home import Server, ask, living_in, needs_a_home, snapshot

pytestmark = [pytest.mark.home_assistant, needs_a_home]
JSON = {"Accept": "application/json"}


class Oracle:
    """Home Assistant's tools. `call` gives the text that a model would get, or raises with the reason."""

    def __init__(self, http: aiohttp.ClientSession, url: str, stream: aiohttp.StreamReader | None) -> None:
        self._http, self._url, self._stream, self._id = http, url, stream, 0
        self._names: dict[str, str] = {}

    async def call(self, tool: str, arguments: dict[str, Any]) -> str:
        if not self._names:  # newer ones put the integration before: light__HassLightSet
            listed = (await self.ask("tools/list"))["tools"]
            self._names = {tool["name"].rpartition("__")[2]: tool["name"] for tool in listed}
        answer = await self.ask("tools/call", name=self._names[tool], arguments=arguments)
        text = " ".join(part["text"] for part in answer["content"])
        if answer.get("isError"):
            raise PermissionError(text)
        return text

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._id += 1
        request = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}
        async with asyncio.timeout(20), self._http.post(self._url, json=request, headers=JSON) as posted:
            posted.raise_for_status()
            answer = await posted.json() if self._stream is None else json.loads(await told(self._stream, "message"))
        assert answer["id"] == self._id
        result: dict[str, Any] = answer["result"]
        return result

    async def initialize(self) -> None:
        await self.ask(
            "initialize", protocolVersion="2024-11-05", capabilities={}, clientInfo={"name": "test", "version": "1"}
        )
        await self._http.post(self._url, json={"jsonrpc": "2.0", "method": "notifications/initialized"})


async def told(stream: aiohttp.StreamReader, kind: str) -> str:
    """The data of the next event of a kind."""
    seen = ""
    async for line in stream:
        name, _, value = line.decode().strip().partition(": ")
        if name == "event":
            seen = value
        if name == "data" and seen == kind:
            return value
    raise ConnectionError("the stream of events ended")


@asynccontextmanager
async def oracle_of(server: Server) -> AsyncIterator[Oracle]:
    """Set `mcp_server` up if it isn't, and connect as it wants it."""
    async with aiohttp.ClientSession(server.url, headers={"Authorization": f"Bearer {server.token}"}) as http:
        entries = await (await http.get("/api/config/config_entries/entry?domain=mcp_server")).json()
        if not entries:
            flow = await (await http.post("/api/config/config_entries/flow", json={"handler": "mcp_server"})).json()
            asked = {field["name"]: field for field in flow["data_schema"]}  # nothing in newer ones: they serve all
            several = bool(asked) and asked["llm_hass_api"]["selector"]["select"].get("multiple")
            chosen = {"llm_hass_api": ["assist"] if several else "assist"} if asked else {}
            made = await (await http.post(f"/api/config/config_entries/flow/{flow['flow_id']}", json=chosen)).json()
            assert made["type"] == "create_entry", made
        probe = {"jsonrpc": "2.0", "id": 0, "method": "tools/list"}
        async with http.post("/api/mcp/assist", json=probe, headers=JSON) as probed:
            newer = probed.status == 200
        if newer:
            yield Oracle(http, "/api/mcp/assist", None)
            return
        async with http.get("/mcp_server/sse") as events:
            oracle = Oracle(http, await told(events.content, "endpoint"), events.content)
            await oracle.initialize()
            yield oracle


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("HassTurnOn", {"name": "kitchen light"}),
        ("HassTurnOn", {"name": "desk lamp"}),
        ("HassTurnOff", {"name": "hallway light"}),
        ("HassTurnOff", {"area": "living room", "domain": "light"}),
        ("HassTurnOn", {"area": "lounge", "domain": "fan"}),
        ("HassTurnOff", {"domain": "light"}),
        ("HassTurnOn", {"name": "bedroom curtains"}),
        ("HassTurnOff", {"name": "living room blinds"}),
        ("HassTurnOn", {"name": "coffee machine"}),
        ("HassTurnOn", {"name": "front door"}),
        ("HassLightSet", {"name": "living room light", "brightness": 30}),
        ("HassLightSet", {"name": "office light", "color": "blue"}),
        ("HassLightSet", {"area": "bedroom", "brightness": 50}),
        ("HassSetPosition", {"name": "office blinds", "position": 50}),
        ("HassClimateSetTemperature", {"name": "thermostat", "temperature": 21}),
        ("HassSetVolume", {"name": "speaker", "volume_level": 40}),
        ("HassMediaPause", {"name": "speaker"}),
        ("HassMediaNext", {"name": "speaker"}),
        ("HassListAddItem", {"name": "shopping list", "item": "milk"}),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else value,
)
async def test_a_call_does_what_home_assistants_own_tool_does(
    server: Server, tool: str, arguments: dict[str, Value]
) -> None:
    before = await snapshot(server)
    async with oracle_of(server) as oracle:
        listed = {"domain": [arguments["domain"]]} if "domain" in arguments else {}
        await oracle.call(tool, {**arguments, **listed})
    theirs = await snapshot(server)
    assert theirs != before
    await server.service("demo_home.reset")
    assert await snapshot(server) == before
    async with living_in(server) as (home, _):
        done = await ask(home, tool, **arguments)
        assert done.outcomes[0].ok, done.sentence
    assert await snapshot(server) == theirs


@pytest.mark.parametrize("tool", ["HassTurnOn", "HassTurnOff"])
@pytest.mark.parametrize(
    "arguments",
    [{"name": "kitchen door"}, {"name": "ac"}, {"name": "garage light"}, {"area": "attic", "domain": "light"}],
    ids=str,
)
async def test_what_isnt_exposed_or_isnt_there_neither_touches(
    server: Server, tool: str, arguments: dict[str, Value]
) -> None:
    before = await snapshot(server)
    async with oracle_of(server) as oracle:
        with pytest.raises(PermissionError):
            await oracle.call(tool, dict(arguments))
    async with living_in(server) as (home, _):
        assert not (await ask(home, tool, **arguments)).outcomes[0].ok
    assert await snapshot(server) == before


async def test_an_exposed_door_opens_for_the_oracle_and_not_for_us(server: Server) -> None:
    """Home Assistant's tool unlocks what is exposed; ours asks first."""
    await server.service("lock.lock", entity_id="lock.front_door")
    async with living_in(server) as (home, _):
        done = await ask(home, "HassTurnOff", name="front door")
        assert (done.asks, done.sentence) == ("yes", "Unlock the front door? Please say yes.")
    assert (await server.state("lock.front_door"))["state"] == "locked"
    async with oracle_of(server) as oracle:
        await oracle.call("HassTurnOff", {"name": "front door"})
    assert (await server.state("lock.front_door"))["state"] == "unlocked"
