import json
import os
from pathlib import Path

import pytest

from assistant.errors import OutputError
from assistant.events import (
    ClauseReady,
    EndpointReached,
    Event,
    FirstToken,
    ReplyAudioStarted,
    SpeechEnded,
    ToolCalled,
    WakeHeard,
)
from assistant.trace import JsonLines, TurnTimes

EVENTS: tuple[Event, ...] = (
    SpeechEnded(2000, 12_600),
    EndpointReached(2500, 12_650, "silence"),
    FirstToken(2500, 12_900),
    ClauseReady(2500, 13_000, "One.", "en"),
    ClauseReady(2500, 13_500, "Two.", "en"),
    ToolCalled(2500, 13_050, "X", {}, [], ok=True, error=None, allowed_by="test"),
    ReplyAudioStarted(2500, 13_100),
)


def test_figures_count_from_the_acoustic_end_of_speech() -> None:
    times = TurnTimes(1)
    for event in EVENTS:
        times.observe(event)
    ended = times.ended(4000, 14_000, 10_000.0)
    assert (ended.endpoint_ms, ended.first_token_ms, ended.decision_ms, ended.action_ms, ended.voice_ms) == (
        650, 900, 1000, 1050, 1100,
    )  # fmt: skip


def test_a_fast_replay_has_an_endpoint_delay_and_no_wall_clock_figures() -> None:
    times = TurnTimes(1)
    for event in EVENTS:
        times.observe(event)
    ended = times.ended(4000, 14_000, None)
    assert (ended.endpoint_ms, ended.first_token_ms, ended.voice_ms) == (500, None, None)


def test_a_turn_without_speech_has_no_figures() -> None:
    assert TurnTimes(1).ended(1, 1, 0.0).endpoint_ms is None


def test_every_event_is_one_json_line_at_once(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = JsonLines(path)
    lines(WakeHeard(812.04, 1012.0, 0.9, "hey gemma"))
    written = path.read_text()
    lines.close()
    told = {"event": "wake_heard", "audio_ms": 812.0, "at_ms": 1012.0, "score": 0.9, "word": "hey gemma"}
    assert json.loads(written) == told


def test_a_path_that_can_not_be_written_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="can't be written"):
        JsonLines(tmp_path / "none" / "events.jsonl")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110
def test_a_full_disk_is_a_clear_error() -> None:
    lines = JsonLines(Path("/dev/full"))
    with pytest.raises(OutputError, match="No space"):
        lines(EVENTS[0])
    with pytest.raises(OutputError):
        lines.close()
