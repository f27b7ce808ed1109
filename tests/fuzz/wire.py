"""A Home Assistant that answers one kind of command with something odd, over a real WebSocket, and then is well again."""

import asyncio
import json
import logging
from typing import Any

from aiohttp import web
from hypothesis import strategies as st

from assistant.intents.home_link import HomeLink
from assistant.intents.home_token import Token
from tests.fake_home import TOKEN, FakeHome, Row
from tests.fuzz.made_up import anything, changed

ID = 7_007  # stands for the command's own
WELL_S = 60.0  # on a core that many others use
_REPORTED = {"light.a": {"s": "on", "a": {"friendly_name": "lamp", "brightness": 100}}}
_RESULTS: dict[str, object] = {
    "homeassistant/expose_entity/list": {"exposed_entities": {"light.a": {"conversation": True}}},
    "config/area_registry/list": [{"area_id": "kitchen", "name": "kitchen", "aliases": ["galley"], "floor_id": "g"}],
    "config/floor_registry/list": [{"floor_id": "g", "name": "downstairs", "aliases": []}],
    "config/device_registry/list": [{"id": "d", "area_id": "kitchen"}],
    "config/entity_registry/get_entries": {"light.a": {"area_id": "kitchen", "device_id": "d", "aliases": []}},
    "get_config": {"unit_system": {"temperature": "°C"}},
    "subscribe_events": None,
    "subscribe_entities": None,
    "conversation/agent/homeassistant/debug": None,
}


def _frame(result: object) -> Row:
    return {"id": ID, "type": "result", "success": True, "result": result, "error": {"code": "c", "message": "m"}}


@st.composite
def talks(draw: st.DrawFn) -> tuple[str, Any, list[str]]:
    """Which command is answered oddly, with what, and what comes unasked afterwards."""
    kind = draw(st.sampled_from(sorted(_RESULTS)))
    event = {"id": ID, "type": "event", "event": {"a": _REPORTED, "c": {"light.a": {"+": {"s": "off"}}}, "r": ["x.y"]}}
    unasked = st.one_of(
        st.one_of(changed(event), anything()).map(json.dumps),
        st.sampled_from(("", "{", "[]", "null", "[" * 5000, '{"type": "event"}', '{"id": 1, "type": "pong"}')),
    )
    return kind, draw(changed(_frame(_RESULTS[kind]))), draw(st.lists(unasked, max_size=4))


class Odd(FakeHome):
    """Answers `kind` with `answer` until it is well."""

    def __init__(self, kind: str, answer: Any) -> None:
        super().__init__()
        self.add("light.a", "lamp", "on", area="kitchen")
        self.kind, self.answer, self.well = kind, answer, False

    async def _result(self, socket: web.WebSocketResponse, asked: Row, result: object, *, ok: bool = True) -> None:
        if self.well or asked["type"] != self.kind:
            await super()._result(socket, asked, result, ok=ok)
            return
        await socket.send_str(json.dumps(self.answer).replace(str(ID), str(asked["id"])))


def talk(thrown: tuple[str, Any, list[str]]) -> None:
    """The link never ends by itself, leaves no task behind, and knows the home again once that is well."""
    asyncio.run(_talk(*thrown))


async def _talk(kind: str, answer: Any, unasked: list[str]) -> None:
    lost: list[Any] = []

    def note(_: object, context: dict[str, Any]) -> None:
        if "HomeAssistantClient.subscribe_" not in str(
            context["message"]
        ):  # its own callback: told in the log, no more
            lost.append(context)

    asyncio.get_running_loop().set_exception_handler(note)
    logging.disable(logging.CRITICAL)
    try:
        async with Odd(kind, answer) as home:
            link = HomeLink(home.url, lambda: Token(TOKEN), first_wait_s=0.01)
            await link.start(0.05)
            for text in unasked:
                await home.send(text.replace(str(ID), "5"))
            await asyncio.sleep(0.02)
            home.well = True
            await home.hang_up()
            async with asyncio.timeout(WELL_S):
                while not (link.ready and home.logins > 1 and "lamp" in _names(link)):
                    assert link._task is not None
                    assert not link._task.done(), link._task
                    await asyncio.sleep(0.01)
            await link.aclose()
        assert not lost, lost
    finally:
        logging.disable(logging.NOTSET)


def _names(link: HomeLink) -> set[str]:
    found = link.directory("kitchen")
    return set() if found is None else {name for entity in found.entities for name in entity.names}
