"""A Home Assistant of 150 lines that speaks its WebSocket protocol, and breaks it on demand."""

import asyncio
from typing import Any, Self

from aiohttp import WSMsgType, web

TOKEN = "right-token"  # noqa: S105 - of the fake
Row = dict[str, Any]
ON_AFTER = {"turn_on": "on", "turn_off": "off", "lock": "locked", "open_cover": "open", "close_cover": "closed"}


class FakeHome:
    """Serves on loopback while it is up. `calls` is every service call that came in.

    Knobs: `delay_s` before a service is answered and done, `changes` False: OK without a state change, `dies` at the
    next service call, `declines` every service, `forbids` to list what is exposed, `tokens` that it takes, `unit` of
    its degrees, `sends_on_to` another address whoever connects.
    """

    def __init__(self) -> None:
        self.states: dict[str, Row] = {}
        self.entries: dict[str, Row] = {}
        self.exposed: set[str] = set()
        self.areas: list[Any] = [{"area_id": "kitchen", "name": "kitchen", "aliases": ["galley"], "floor_id": "ground"}]
        self.floors: list[Any] = [{"floor_id": "ground", "name": "downstairs", "aliases": []}]
        self.devices: list[Any] = []
        self.items: list[Any] = []
        self.forecast: object = []
        self.tokens = {TOKEN}
        self.calls: list[Row] = []
        self.logins = 0
        self.delay_s = 0.0
        self.changes = True
        self.unit = "°C"
        self.dies = False
        self.declines = False
        self.forbids = False
        self.sends_on_to = ""
        self.silent = False  # takes a connection, and then says nothing
        self.host, self.port = "127.0.0.1", 0
        self._sockets: set[web.WebSocketResponse] = set()
        self._listeners: list[tuple[web.WebSocketResponse, int, str, frozenset[str]]] = []
        self._slow: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def add(
        self,
        entity_id: str,
        name: str,
        state: str = "off",
        *,
        exposed: bool = True,
        area: str | None = None,
        **more: Any,
    ) -> None:
        """Put a thing in, before it starts."""
        self.states[entity_id] = {"s": state, "a": {"friendly_name": name, **more}}
        self.entries[entity_id] = {"area_id": area, "device_id": None, "aliases": []}
        if exposed:
            self.exposed.add(entity_id)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/api/websocket", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self.port or self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._slow:
            task.cancel()
        await self.hang_up()
        await self._runner.cleanup()

    async def hang_up(self) -> None:
        """Close every connection; new ones are taken."""
        for socket in tuple(self._sockets):
            await socket.close()

    async def settings_changed(self, registry: str = "entity") -> None:
        """Tell that a registry changed."""
        for socket, id_, kind, _ in self._listeners:
            if kind == f"{registry}_registry_updated" and not socket.closed:
                await socket.send_json({"id": id_, "type": "event", "event": {"event_type": kind, "data": {}}})

    async def report(self, event: object, *, of: str | None = None) -> None:
        """Send an event to those who follow entities."""
        for socket, id_, kind, ids in self._listeners:
            if kind == "subscribe_entities" and not socket.closed and (of is None or of in ids):
                await socket.send_json({"id": id_, "type": "event", "event": event})

    async def send(self, text: str) -> None:
        """Send anything to everybody."""
        for socket in tuple(self._sockets):
            await socket.send_str(text)

    async def set(self, entity_id: str, state: str, **attributes: Any) -> None:
        """Change a state, as a hand at the switch would."""
        self.states[entity_id]["s"] = state
        self.states[entity_id]["a"] |= attributes
        await self.report({"c": {entity_id: {"+": {"s": state, "a": attributes}}}}, of=entity_id)

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        if self.sends_on_to:
            raise web.HTTPFound(self.sends_on_to)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.silent:
            async for _ in socket:
                pass
            return socket
        await socket.send_json({"type": "auth_required", "ha_version": "2025.4.4"})
        self.logins += 1
        if (await socket.receive_json())["access_token"] not in self.tokens:
            await socket.send_json({"type": "auth_invalid", "message": "Invalid access token or password"})
            await socket.close()
            return socket
        await socket.send_json({"type": "auth_ok", "ha_version": "2025.4.4"})
        self._sockets.add(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._answer(socket, message.json())
        self._sockets.discard(socket)
        self._listeners = [row for row in self._listeners if row[0] is not socket]
        return socket

    async def _answer(self, socket: web.WebSocketResponse, asked: Row) -> None:
        kind = str(asked["type"])
        if kind == "call_service" and "return_response" not in asked:
            self.calls.append(asked)
            if self.dies:
                await socket.close()
                return
            task = asyncio.create_task(self._do(socket, asked))
            self._slow.add(task)
            task.add_done_callback(self._slow.discard)
            return
        if kind in ("subscribe_events", "subscribe_entities"):
            ids = frozenset(asked.get("entity_ids", ()))
            self._listeners.append((socket, asked["id"], str(asked.get("event_type", kind)), ids))
        await self._result(socket, asked, self._told(kind, asked))
        if kind == "subscribe_entities":
            known = {id_: self.states[id_] for id_ in asked["entity_ids"] if id_ in self.states}
            await socket.send_json({"id": asked["id"], "type": "event", "event": {"a": known}})

    def _told(self, kind: str, asked: Row) -> object:
        match kind:
            case "homeassistant/expose_entity/list":
                return {"exposed_entities": {id_: {"conversation": True} for id_ in self.exposed}}
            case "config/area_registry/list":
                return self.areas
            case "config/floor_registry/list":
                return self.floors
            case "config/device_registry/list":
                return self.devices
            case "config/entity_registry/get_entries":
                return {id_: self.entries.get(id_) for id_ in asked["entity_ids"]}
            case "get_config":
                return {"unit_system": {"temperature": self.unit}}
            case "get_states":
                return [{"entity_id": id_, "state": state["s"]} for id_, state in self.states.items()]
            case "todo/item/list":
                return {"items": self.items}
            case "call_service":
                return {"response": {asked["target"]["entity_id"]: {"forecast": self.forecast}}}
            case _:
                return None

    async def _result(self, socket: web.WebSocketResponse, asked: Row, result: object, *, ok: bool = True) -> None:
        answer: Row = {"id": asked["id"], "type": "result", "success": ok}
        if self.forbids and asked["type"] == "homeassistant/expose_entity/list":
            answer |= {"success": False, "error": {"code": "unauthorized", "message": "Unauthorized"}}
        elif ok:
            answer["result"] = result
        else:
            answer["error"] = {"code": "home_assistant_error", "message": "No."}
        await socket.send_json(answer)

    async def _do(self, socket: web.WebSocketResponse, asked: Row) -> None:
        await asyncio.sleep(self.delay_s)
        if self.declines:
            await self._result(socket, asked, None, ok=False)
            return
        data: Row = asked.get("service_data", {})
        ids: list[str] = asked["target"]["entity_id"]
        for entity_id in ids:
            state = ON_AFTER.get(str(asked["service"]), str(self.states[entity_id]["s"]))
            if self.changes and state != self.states[entity_id]["s"]:
                await self.set(entity_id, state)
            if self.changes and "brightness_pct" in data:
                await self.set(entity_id, "on", brightness=round(data["brightness_pct"] * 2.55))
            if self.changes and "temperature" in data:
                await self.set(entity_id, state, temperature=data["temperature"])
        await self._result(socket, asked, {"context": {}})
