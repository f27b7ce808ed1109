"""Restarts, kills and jumps of the wall clock, on clocks that a test turns by hand."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from assistant.intents.countdown import LOOK_S
from assistant.intents.deadlines import Entry
from assistant.intents.timer_file import TimerFile
from assistant.intents.timers import Timers
from assistant.stages import Call, Outcome, Value
from tests.fakes import HandClock

BERLIN = ZoneInfo("Europe/Berlin")
EVENING = datetime(2026, 11, 24, 22, tzinfo=BERLIN).timestamp()


class Machine:
    """A machine with a clock on the wall and a disk: `boot` starts the assistant, `kill` ends it without a goodbye."""

    def __init__(self, path: Path, wall_s: float = EVENING) -> None:
        self.path = path
        self.wall_s = wall_s
        self.rang: list[str] = []
        self.boot()

    def boot(self, off_s: float = 0.0) -> None:
        self.wall_s += off_s
        self.clock = HandClock()
        self._skew_s = self.wall_s - self.clock.now_s()
        self.timers = Timers(self.clock, self._ring, now=self.now, file=TimerFile(self.path))
        self.timers.countdown.restore()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now_s() + self._skew_s, BERLIN)

    async def kill(self) -> None:
        await self.timers.countdown.saved()
        self.wall_s = self.now().timestamp()
        self.timers.countdown._file = None  # a killed process writes nothing
        await self.timers.aclose()

    async def sleep(self, seconds: float) -> None:
        await self.clock.advance(seconds)

    def jump(self, seconds: float) -> None:
        self._skew_s += seconds

    async def ask(self, tool: str, /, **arguments: Value) -> Outcome:
        return await self.timers.handle(Call(tool, arguments))

    def _ring(self, entry: Entry) -> None:
        self.rang.append(f"{entry.name or entry.label} {self.now():%H:%M:%S}")


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    machine = Machine(tmp_path / "timers.json")
    yield machine
    await machine.timers.aclose()


async def test_timers_and_alarms_go_on_after_a_kill(machine: Machine) -> None:
    """Also those that were changed or are paused; the order stays."""
    await machine.ask("HassStartTimer", minutes=8, name="pasta")
    await machine.ask("HassStartTimer", minutes=20)
    await machine.ask("HassStartTimer", minutes=3, name="egg")
    await machine.ask("HassSetAlarm", hours=22, minutes=12)
    await machine.ask("HassIncreaseTimer", minutes=2, name="pasta")
    await machine.ask("HassPauseTimer", name="20 minutes")
    await machine.sleep(60)
    await machine.kill()
    machine.boot(off_s=30)
    status = await machine.ask("HassTimerStatus")
    assert status.sentence == (
        "8 minutes and 30 seconds left on the pasta timer, 20 minutes on the paused timer for 20 minutes, "
        "1 minute and 30 seconds on the egg timer, the alarm for 22:12 rings today."
    )
    for _ in range(30):
        await machine.sleep(30)
    assert machine.rang == ["egg 22:03:00", "pasta 22:10:00", "alarm for 22:12 22:12:00"]


async def test_what_was_due_while_the_machine_was_off_rings_if_it_is_not_an_hour_late(machine: Machine) -> None:
    """What is later is told: in the log, and when somebody asks, once."""
    await machine.ask("HassStartTimer", minutes=10, name="pasta")
    await machine.ask("HassStartTimer", minutes=50, name="cake")
    await machine.ask("HassSetAlarm", hours=22, minutes=5)
    await machine.kill()
    machine.boot(off_s=3600 + 660)
    await machine.sleep(0)
    assert [line.split()[0] for line in machine.rang] == ["cake"]
    assert (
        await machine.ask("HassTimerStatus")
    ).sentence == "You missed the pasta timer, you missed the alarm for 22:05."
    assert (await machine.ask("HassTimerStatus")).sentence == "There's no timer running."


async def test_a_missed_one_is_in_the_log_and_not_missed_again(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    await machine.ask("HassSetAlarm", hours=22, minutes=5)
    for _ in range(2):
        await machine.kill()
        machine.boot(off_s=7500)
    assert caplog.text.count("an alarm was missed: it was due 2.0 hours ago") == 1


async def test_a_running_timer_does_not_notice_that_the_wall_clock_jumps(machine: Machine) -> None:
    """And the file says the right end afterwards."""
    await machine.ask("HassStartTimer", minutes=10, name="pasta")
    await machine.ask("HassStartTimer", minutes=30, name="cake")
    await machine.sleep(60)
    machine.jump(-7200)
    await machine.sleep(LOOK_S)
    await machine.kill()
    machine.boot()
    assert (await machine.ask("HassTimerStatus", name="pasta")).result == {"pasta timer": 530.0}
    await machine.sleep(529)
    assert machine.rang == []
    await machine.sleep(1)
    assert machine.rang == ["pasta 20:10:00"]


async def test_an_alarm_follows_the_wall_clock(machine: Machine) -> None:
    """Forwards over it: it rings at once. Backwards: it waits for its time."""
    await machine.ask("HassSetAlarm", hours=7, minutes=30)
    machine.jump(-1800)
    await machine.sleep(9.5 * 3600)
    assert machine.rang == []
    await machine.sleep(1800)
    assert machine.rang == ["alarm for 07:30 07:30:00"]
    await machine.ask("HassSetAlarm", hours=9)
    machine.jump(1.75 * 3600)
    await machine.sleep(LOOK_S)
    assert [line[:21] for line in machine.rang[1:]] == ["alarm for 09:00 09:15"]


async def test_an_alarm_that_a_jump_leaves_hours_behind_was_missed(machine: Machine) -> None:
    await machine.ask("HassSetAlarm", hours=23)
    machine.jump(3 * 3600)
    assert (await machine.ask("HassTimerStatus")).sentence == "You missed the alarm for 23:00."
    assert machine.timers.countdown.entries == ()


async def test_a_board_that_boots_in_the_past_is_right_when_it_learns_the_time(machine: Machine) -> None:
    """A timer from the file is known by its end on the wall; an alarm set meanwhile by its time of day."""
    await machine.ask("HassStartTimer", minutes=10, name="pasta")
    await machine.kill()
    machine.boot(off_s=-300)
    await machine.ask("HassSetAlarm", hours=7, minutes=30)
    machine.jump(300 + 120)
    await machine.sleep(LOOK_S)
    assert (await machine.ask("HassTimerStatus", name="pasta")).result == {"pasta timer": 470.0}
    machine.jump(40 * 86_400)
    await machine.sleep(LOOK_S)
    assert (await machine.ask("HassTimerStatus", name="alarm")).sentence == "The alarm for 07:30 rings tomorrow."


async def test_a_night_with_a_change_of_the_clocks_wakes_at_the_right_hour(tmp_path: Path) -> None:
    """Asked in the evening, in both directions; killed in between."""
    for day, hours in (
        (datetime(2026, 3, 28, 22, tzinfo=BERLIN), 8.5),
        (datetime(2026, 10, 24, 22, tzinfo=BERLIN), 10.5),
    ):
        machine = Machine(tmp_path / f"{day:%m}.json", day.timestamp())
        outcome = await machine.ask("HassSetAlarm", hours=7, minutes=30)
        assert outcome.sentence == "Alarm set for 07:30 tomorrow."
        await machine.sleep(4 * 3600)
        await machine.kill()
        machine.boot(off_s=60)
        await machine.sleep((hours - 4) * 3600 - 61)
        assert machine.rang == []
        await machine.sleep(1)
        assert machine.rang == ["alarm for 07:30 07:30:00"]
        await machine.timers.aclose()


async def test_a_crash_while_it_rings_loses_no_alarm(machine: Machine) -> None:
    """It rings again at the start, until somebody has stopped it."""
    await machine.ask("HassSetAlarm", hours=22, minutes=1)
    await machine.sleep(60)
    await machine.kill()
    machine.boot(off_s=20)
    await machine.sleep(0)
    assert machine.rang == ["alarm for 22:01 22:01:00", "alarm for 22:01 22:01:20"]
    machine.timers.countdown.silenced()
    await machine.kill()
    machine.boot()
    await machine.sleep(60)
    assert len(machine.rang) == 2


async def test_only_what_changes_is_written(machine: Machine) -> None:
    """Not what passes: a whole night of looking at the clock writes nothing; nor does a start."""
    await machine.ask("HassSetAlarm", hours=7, minutes=30)
    await machine.ask("HassStartTimer", hours=20)
    await machine.kill()
    first = machine.path.stat().st_ino
    machine.boot()
    for _ in range(100):
        await machine.sleep(LOOK_S)
    await machine.ask("HassTimerStatus")
    await machine.kill()
    assert machine.path.stat().st_ino == first


async def test_a_disk_that_is_full_lets_timers_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "full").touch()
    machine = Machine(tmp_path / "full" / "timers.json")
    assert (await machine.ask("HassStartTimer", minutes=1)).ok
    await machine.sleep(60)
    assert len(machine.rang) == 1
    await machine.timers.aclose()
    assert caplog.text.count("won't outlive a restart") == 1


def test_without_a_file_nothing_is_read_or_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a replay: wherever the state directory is."""
    monkeypatch.chdir(tmp_path)
    for name in ("STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))

    async def replay() -> None:
        timers = Timers(HandClock(), lambda _: None)
        timers.countdown.restore()
        await timers.handle(Call("HassStartTimer", {"minutes": 1}))
        await timers.aclose()

    asyncio.run(replay())
    assert list(tmp_path.iterdir()) == []


KILLED = """
import asyncio, sys
from datetime import datetime, UTC
from pathlib import Path
from assistant.audio.clock import WallClock
from assistant.intents.timer_file import TimerFile
from assistant.intents.timers import Timers
from assistant.stages import Call

async def main():
    timers = Timers(WallClock(), lambda _: None, now=lambda: datetime.now(UTC), file=TimerFile(Path(sys.argv[1])))
    timers.countdown.restore()
    print([(t.name, round(timers.countdown.left_s(t))) for t in timers.running if t.name], flush=True)
    await timers.handle(Call("HassCancelAllTimers"))
    await timers.handle(Call("HassStartTimer", {"hours": 1, "name": "cake"}))
    await timers.countdown.saved()
    print("ready", flush=True)
    while True:
        await timers.handle(Call("HassStartTimer", {"minutes": 5}))
        await asyncio.sleep(0.001)
        await timers.handle(Call("HassCancelTimer", {"name": "5 minutes"}))
        await asyncio.sleep(0.001)

asyncio.run(main())
"""


def test_a_process_that_is_killed_while_it_writes_goes_on_with_its_timers(tmp_path: Path) -> None:
    """Kill -9 of a real process at any moment: its file is whole, and the next process has the right time left."""
    path = tmp_path / "timers.json"
    for run, delay_s in enumerate((0.0, 0.004, 0.015, 0.03, 0.06)):
        with subprocess.Popen([sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            left = process.stdout.readline()
            assert process.stdout.readline() == "ready\n"
            time.sleep(delay_s)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert re.match(r"\[\('cake', 3[56]\d\d\)\]\n" if run else r"\[\]\n", left)
        cake, *rest = json.loads(path.read_bytes())["timers"]
        assert (cake["name"], cake["seconds"]) == ("cake", 3600)
        assert [timer["seconds"] for timer in rest] in ([], [300])
    assert not path.with_name("timers.json.damaged").exists()
