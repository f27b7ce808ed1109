"""The meter and the test recording: figures that a person can act on, on a private sound server."""

import asyncio
import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from assistant.audio import trial
from assistant.audio.devices import Level, Sound
from assistant.audio.gauge import Gauge, Reading, bar
from assistant.sound_test import SoundTest, verdict
from tests.sound_server import sound_server, why_not


def test_a_gauge_tells_the_room_from_the_voice_and_counts_what_is_cut_off() -> None:
    gauge = Gauge()
    rng = np.random.default_rng(0)
    for _ in range(20):
        gauge.read((rng.normal(size=1_600) * 33).astype(np.int16))
    loud = np.full(1_600, 20_000, np.int16)
    loud[:3] = (32_767, -32_768, -32_767)
    reading = gauge.read(loud)
    assert reading.floor_dbfs == pytest.approx(-60, abs=1)
    assert reading.level.rms_dbfs == pytest.approx(-4.3, abs=0.2)
    assert reading.clipped == 3


@pytest.mark.parametrize(
    ("floor_dbfs", "clipped", "told"),
    [(-120, 0, "Digital"), (-60, 2, "limit"), (-20, 0, "loud"), (-90, 0, "Faint"), (-60, 0, "Fine")],
)
def test_a_verdict_says_what_to_do(floor_dbfs: float, clipped: int, told: str) -> None:
    assert told in verdict(Reading(Level(-10, -20), floor_dbfs, clipped))


def test_a_bar_is_never_too_long() -> None:
    assert [len(bar(dbfs)) for dbfs in (-120, -80, -40, 0, 5)] == [0, 0, 20, 40, 40]


@pytest.mark.sound
@pytest.mark.skipif(bool(why_not()), reason=str(why_not()))
async def test_what_is_recorded_is_played_and_the_meter_hears_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tune is in the air while the test records; the meter shows another one."""
    monkeypatch.setattr(trial, "SECONDS", 1.0)
    out = io.StringIO()
    with sound_server(tmp_path):
        sound = Sound()
        sound.rescan()
        test = SoundTest(Console(file=out, width=120), sound, "mic", 0.0)
        playing = asyncio.create_task(trial.play(sound, "room"))
        await test.record_and_play("room")
        await playing
        metering = asyncio.create_task(test.meter(2.0))
        await trial.play(sound, "room")
        await metering
    lines = out.getvalue().splitlines()
    assert lines[:2] == ["Speak now: 1 s are recorded.", "And this is what was heard:"]
    assert max(float(line.split()[0]) for line in lines if "dBFS" in line) > -40
