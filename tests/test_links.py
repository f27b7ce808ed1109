"""The links to a home and to a broker outlive what nobody foresaw."""

import asyncio

import pytest

from assistant.config_mqtt import MqttConfig
from assistant.intents.home_link import HomeLink
from assistant.intents.home_token import Token
from assistant.intents.mqtt_link import MqttLink


async def test_an_answer_that_breaks_the_library_is_only_a_lost_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    async def breaks(*_: object) -> None:
        tries.append(1)
        raise AttributeError("'list' object has no attribute 'get'")

    monkeypatch.setattr(HomeLink, "_live", breaks)
    link = HomeLink("http://127.0.0.1:1", lambda: Token("x"), first_wait_s=0.01)
    await link.start(0.01)
    async with asyncio.timeout(10):
        while len(tries) < 3:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)
    await link.aclose()


async def test_a_host_that_can_be_none_is_tried_again_as_was_said() -> None:
    link = MqttLink(MqttConfig(host="a..b"), None, lambda *_: None, first_wait_s=0.01)
    await link.start(0.2)
    assert not link.ready
    assert link._task is not None
    assert not link._task.done()
    await link.aclose()
