import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from assistant import bench
from assistant.config import Config

pytestmark = [pytest.mark.models, pytest.mark.slow]


async def test_the_bench_measures_real_turns_of_tiny(tmp_path: Path) -> None:
    report = tmp_path / "bench.json"
    await bench.run(Config(), ["tiny"], 1, report, Console(file=io.StringIO()))
    (row,) = json.loads(report.read_text())["rows"]
    assert (row["model"], row["path"]) == ("tiny", "plain")
    assert 1 < row["speech_s"] < 4
    assert 300 < row["endpoint_ms"] < row["first_token_ms"] <= row["call_ms"] <= row["voice_ms"]
    assert row["encode_ms"] > 0
    assert row["tokens"] > 0
