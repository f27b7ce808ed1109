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
    picture = tmp_path / "bench.svg"
    console = Console(file=io.StringIO(), record=True)
    await bench.run(Config(), ["tiny"], 1, report, console, svg_file=picture, quick=True)
    assert "streamed" in picture.read_text()
    told = json.loads(report.read_text())
    assert told["machine"]["prefill_tok_s"] > told["machine"]["decode_tok_s"] > 0
    rows = {(row["path"], row["speech_s"] > 1): row for row in told["rows"]}
    assert len(rows) == 4
    for row in rows.values():
        assert row["model"] == "tiny"
        assert 0 < row["speech_s"] < 4
        assert row["first_token_ms"] <= row["call_ms"] <= row["voice_ms"]
        assert row["hangover_ms"] <= row["endpoint_ms"]
        assert row["encode_ms"] >= 0
        assert row["tokens"] > 0
        assert 0 < row["listen_cpu_per_s"] < 5
    plain, streamed = rows["plain", True], rows["streamed", True]
    assert plain["encode_ms"] > 0
    assert plain["hangover_ms"] == plain["endpoint_ms"] < plain["first_token_ms"]
    assert streamed["hangover_ms"] < plain["hangover_ms"]
    assert streamed["first_token_ms"] < plain["first_token_ms"]
