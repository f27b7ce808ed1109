"""E2B's shapes on one core, from a real microphone: whoever decodes must not make the microphone lose sound."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assistant import manifest
from tests.sound_server import sound_server, why_not

SPOKEN = Path(__file__).parent / "replay" / "demo.flac"
PATIENCE_S = 180.0  # the first start computes the prompt

pytestmark = [
    pytest.mark.sound,
    pytest.mark.slow,
    pytest.mark.skipif(bool(why_not()), reason=str(why_not())),
    pytest.mark.skipif(
        not (manifest.data_dirs()[0] / "shape").is_dir(), reason="E2B's shapes aren't here: hey-gemma models shape"
    ),
]


@contextmanager
def running(folder: Path) -> Iterator[Path]:
    """The whole assistant with shape, on one core; where it writes its events."""
    events, config = folder / "events.jsonl", folder / "config.toml"
    config.write_text('[model]\nname = "shape"\n[audio]\nmicrophone = "mic"\nspeaker = "room"\ncue = false\n')
    command = [
        sys.executable,
        "-c",
        "from assistant.cli import main; main()",
        "run",
        "--config",
        str(config),
        "--events",
        str(events),
    ]
    pinned = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*pinned, *command], stdout=log, stderr=log)
    try:
        yield events
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def happened(events: Path) -> list[dict[str, object]]:
    lines = events.read_text().splitlines() if events.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def wait_for(events: Path, kind: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not any(event["event"] == kind for event in happened(events)):
        assert time.monotonic() < deadline, f"no {kind}: {(events.parent / 'log').read_text()[-2000:]}"
        time.sleep(0.2)


def test_no_sound_is_lost_while_the_model_decodes(tmp_path: Path) -> None:
    """Random weights talk until they may no longer, ten tokens a second: a decode that is longer than any real one."""
    with sound_server(tmp_path) as server, running(tmp_path) as events:
        wait_for(events, "microphone_found")
        there = {**os.environ, "PULSE_SERVER": f"unix:{server.socket}"}
        subprocess.run(["paplay", "--device=room", str(SPOKEN)], env=there, check=True, timeout=60)
        wait_for(events, "first_token")
        time.sleep(5.0)
        seen = {str(event["event"]) for event in happened(events)}
    assert {"wake_heard", "draft_started", "first_token"} <= seen
    assert "audio_dropped" not in seen
