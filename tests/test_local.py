"""Clock and date."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from assistant.errors import CallFailed, ConfigError
from assistant.intents.local import LocalClock, local_zone
from assistant.stages import Call

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("now", "time", "date"),
    [
        (datetime(2026, 11, 24, 14, 5, tzinfo=PARIS), "It's 14:05.", "Tuesday, 24 November."),
        (datetime(2027, 1, 1, 0, 0, tzinfo=PARIS), "It's 00:00.", "Friday, 1 January."),
        (datetime(2028, 2, 29, 23, 59, 59, tzinfo=PARIS), "It's 23:59.", "Tuesday, 29 February."),
    ],
)
async def test_time_and_date_are_those_of_the_injected_now(now: datetime, time: str, date: str) -> None:
    """24 hours, the day first, no seconds."""
    clock = LocalClock(lambda: now)
    assert (await clock.handle(Call("HassGetCurrentTime"))).sentence == time
    assert (await clock.handle(Call("HassGetCurrentDate"))).sentence == date


async def test_other_tools_are_not_its_own() -> None:
    """It offers two tools and no context."""
    clock = LocalClock(lambda: datetime(2026, 1, 1, tzinfo=PARIS))
    assert [t.name for t in clock.tools()] == ["HassGetCurrentTime", "HassGetCurrentDate"]
    assert clock.context() == ""
    with pytest.raises(CallFailed):
        await clock.handle(Call("HassTurnOn"))


def test_the_zone_of_this_place_knows_its_rules(tmp_path: Path) -> None:
    """`$TZ` first, then the system's; what can't be read is UTC."""
    system = tmp_path / "localtime"
    assert local_zone("", {}, system) is UTC
    assert local_zone("", {"TZ": "Nowhere/Never"}, system) is UTC
    system.write_bytes(b"no zone")
    assert local_zone("", {}, system) is UTC
    shutil.copy("/usr/share/zoneinfo/Europe/Paris", system)
    for environ in ({}, {"TZ": "Europe/Paris"}, {"TZ": ":Europe/Paris"}):
        zone = local_zone("", environ, system)
        offsets = [datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)]
        assert offsets == [timedelta(hours=1), timedelta(hours=2)]


def test_a_zone_that_is_named_wins_and_a_wrong_name_is_told() -> None:
    assert local_zone("Asia/Tokyo", {"TZ": "Europe/Paris"}) == ZoneInfo("Asia/Tokyo")
    for wrong in ("Europe/Pariss", "../etc/passwd", "Mars"):
        with pytest.raises(ConfigError, match=r"place\.time_zone"):
            local_zone(wrong)
    with pytest.raises(ConfigError) as caught:
        local_zone("Europe/Pariss")
    assert caught.value.remedy == "did you mean Europe/Paris?"
