"""A home that changes: calls follow at once, the prompt when nobody speaks."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from assistant.errors import ConfigError
from assistant.renewal import AGAIN_S, SETTLE_S, Renewal
from assistant.stages import Tool
from tests.fakes import HandClock


class House:
    """What there is, and what a model has read of it. `busy`: turns that are open yet."""

    def __init__(self) -> None:
        self.names = "lamp"
        self.legal_now: list[str] = []
        self.read: list[str] = []
        self.busy = 0
        self.trouble: Exception | None = None

    def tools(self) -> Sequence[Tool]:
        return (Tool("HassTurnOn", ""),)

    def legal(self) -> Sequence[Tool]:
        return (Tool(self.names, ""),)

    def context(self) -> str:
        return self.names

    def legalize(self, tools: Sequence[Tool]) -> None:
        self.legal_now = [tool.name for tool in tools]

    async def renew(self, tools: Sequence[Tool], home: str) -> bool:
        assert tools == self.tools()
        if self.trouble is not None:
            raise self.trouble
        if self.busy:
            self.busy -= 1
            return False
        self.read.append(home)
        return True


@asynccontextmanager
async def renewing(house: House) -> AsyncIterator[tuple[Renewal, HandClock]]:
    clock = HandClock()
    renewal = Renewal(house, house, clock.sleep)
    await clock.advance(100)
    yield renewal, clock
    await renewal.aclose()


async def test_names_are_legal_at_once_and_told_once_the_changes_are_over() -> None:
    """Ten changes in a row are read as one."""
    house = House()
    async with renewing(house) as (renewal, clock):
        for number in range(10):
            house.names = f"lamp {number}"
            renewal.changed()
            assert house.legal_now == [house.names]
            await clock.advance(SETTLE_S / 2)
        assert house.read == []
        await clock.advance(SETTLE_S)
        await clock.advance(SETTLE_S)
        assert house.read == ["lamp 9"]
        await clock.advance(100)
        assert house.read == ["lamp 9"]


async def test_a_turn_is_waited_for() -> None:
    house = House()
    house.busy = 2
    async with renewing(house) as (renewal, clock):
        renewal.changed()
        await clock.advance(SETTLE_S)
        for _ in range(2):
            assert house.read == []
            await clock.advance(AGAIN_S)
            await clock.advance(SETTLE_S)
        assert house.read == ["lamp"]


@pytest.mark.parametrize(
    "trouble", [ConfigError("too long", remedy="show less"), AttributeError("a name that nobody foresaw")]
)
async def test_a_prompt_that_can_not_be_made_is_told_and_the_next_change_read(
    trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """The model isn't left with the old home for ever, even by what nobody foresaw."""
    house = House()
    house.trouble = trouble
    async with renewing(house) as (renewal, clock):
        renewal.changed()
        await clock.advance(SETTLE_S)
        assert (trouble.remedy if isinstance(trouble, ConfigError) else str(trouble)) in caplog.text
        house.trouble = None
        renewal.changed()
        await clock.advance(SETTLE_S)
        assert house.read == ["lamp"]


async def test_at_the_end_nothing_is_left_running() -> None:
    before = asyncio.all_tasks()
    async with renewing(House()) as (renewal, _):
        renewal.changed()
    assert asyncio.all_tasks() == before
