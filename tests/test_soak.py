"""Three minutes of the soak, and how its figures are judged. A whole day: python -m tests.soak --hours 24."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.soak import soak
from tests.soak_report import Sample, describe, picture, problems, trend

HOURS = 0.6  # about three minutes on a busy core


def day(per_hour_mb: float, noise_mb: float = 0.0, hours: int = 24) -> list[Sample]:
    rng = np.random.default_rng(1)
    return [
        Sample(
            h / 12, h * 15.0, h * 15.0, 300 + per_hour_mb * h / 12 + rng.normal(0, noise_mb), 250, 230, 16, 8, 3, 4, 700
        )
        for h in range(hours * 12 + 1)
    ]


def test_a_flat_day_is_no_problem_and_a_growing_one_is() -> None:
    assert problems(day(0.0, noise_mb=3.0)) == []
    assert problems(day(0.2, noise_mb=0.1)) == ["rss_mb grows: +0.20 ± 0.00 an hour, for 12 hours"]
    assert "rss_mb grows" in problems(day(6.0, hours=3))[0]
    assert problems(day(6.0, hours=1)) == []


def test_more_descriptors_threads_or_tasks_are_a_problem() -> None:
    samples = day(0.0)
    samples[-1] = replace(samples[-1], descriptors=40, threads=30, tasks=90)
    assert [problem.split()[0] for problem in problems(samples)] == ["descriptors", "threads", "tasks"]


def test_too_little_to_judge_is_no_trend() -> None:
    assert trend(day(9.0)[:3], "rss_mb").spread == float("inf")


def test_the_picture_shows_every_panel_and_the_text_every_count() -> None:
    drawn = picture(day(0.0))
    assert drawn.count("<path") > 10
    assert "nan" not in drawn
    assert "turns: 7" in describe(day(0.0), {"turns": 7})


@pytest.mark.models
@pytest.mark.slow
async def test_three_minutes_of_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path / "cache"))
    samples: list[Sample] = []
    books = await soak(float(os.environ.get("SOAK_HOURS", HOURS)), wall_s=180, on_sample=samples.append)
    assert books.lost == []
    assert problems(samples) == []
    assert samples[-1].own_mb - samples[0].own_mb < 60  # a day's run grew by 20 in this time
    assert samples[-1].asked_mb - samples[1].asked_mb < 12  # by 5, while phrases, names and models are used first
    assert books.counts["turns"] >= 1
