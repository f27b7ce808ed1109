import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.console import Console

from assistant import bench, evaluate_text, judging
from assistant import evaluate as ev
from assistant.config import Config, HomeConfig
from assistant.errors import OutputError, UsageError

ON = {"service": "light.turn_on", "entity_id": "light.kitchen"}
OFF = {"service": "light.turn_off", "entity_id": "light.kitchen"}


def heard(
    *effects: Mapping[str, object], reply: str = "", language: str = "en", ended_ms: float = 3000.0
) -> judging.Heard:
    return judging.Heard(
        woke=True, effects=list(effects), replies=[reply], language=language, ended_audio_ms=ended_ms, calls=["X"]
    )


@pytest.mark.parametrize(
    ("wanted", "done", "same"),
    [
        ([ON, OFF], [OFF, ON], True),
        ([ON], [ON, ON], False),
        ([ON, ON], [ON], False),
        ([{**ON, "data": {"brightness_pct": 30}}], [{**ON, "data": {"brightness_pct": 30.0000001}}], True),
        ([{**ON, "data": {"brightness_pct": 30}}], [{**ON, "data": {"brightness_pct": 31}}], False),
        ([{**ON, "data": {"color_name": "Blue"}}], [{**ON, "data": {"color_name": "blue"}}], True),
        ([ON], [{**ON, "data": {}}], True),
        ([], [], True),
    ],
)
def test_effects_are_the_same_whatever_their_order(wanted: list[object], done: list[object], same: bool) -> None:
    assert judging.same_effects(wanted, done) is same  # type: ignore[arg-type]


def test_a_command_is_ok_only_with_exactly_its_effects() -> None:
    label = {"file": "a", "kind": "command", "effects": [ON]}
    assert judging.judge(label, heard(ON), {}).ok
    assert not judging.judge(label, heard(), {}).ok
    assert not judging.judge(label, heard(ON, OFF), {}).ok


def test_a_label_without_effects_allows_none() -> None:
    assert not judging.judge({"file": "a", "reply": "Hello!"}, heard(ON, reply="Hello!"), {}).ok


def test_an_answer_must_contain_the_state_as_a_word() -> None:
    label = {"file": "a", "answer_from": "sensor.x"}
    values = {"sensor.x": ["21.5"]}
    assert judging.judge(label, heard(reply="It's 21.5 degrees."), values).ok
    assert not judging.judge(label, heard(reply="It's 121.5 degrees."), values).ok
    assert not judging.judge(label, heard(reply="I don't know."), values).ok


def test_a_reply_is_compared_without_case_and_punctuation() -> None:
    assert judging.judge({"file": "a", "reply": "You're welcome."}, heard(reply="you're welcome"), {}).ok


def test_a_reply_in_the_wrong_language_is_wrong() -> None:
    assert not judging.judge({"file": "a", "reply_language": "ja"}, heard(reply="Hello", language="en"), {}).ok


def test_a_negative_is_also_ok_when_nothing_was_spoken() -> None:
    label = {"file": "a", "kind": "negative", "effects": [], "reply": "Sorry, I didn't understand that."}
    assert judging.judge(label, heard(reply=""), {}).ok
    assert not judging.judge(label, heard(ON, reply=""), {}).ok


def test_a_turn_that_ended_before_the_speech_is_a_cut_off_and_not_ok() -> None:
    verdict = judging.judge({"file": "a", "effects": [ON], "speech_end_ms": 3500}, heard(ON, ended_ms=3000), {})
    assert (verdict.cut_off, verdict.ok) == (True, False)


RED = {"service": "light.turn_on", "entity_id": "light.kitchen", "data": {"color_name": "red"}}
TIMER = {"service": "timer.start", "data": {"seconds": 60}}


@pytest.mark.parametrize(
    ("wanted", "done", "wrong"),
    [
        ([ON], [OFF, ON], False),  # corrected
        ([ON], [ON, OFF], True),
        ([OFF, ON], [ON], False),
        ([], [ON], True),
        ([ON], [], False),
        ([TIMER], [TIMER, TIMER], True),  # two of them ring
        ([RED], [ON, RED], False),
    ],
)
def test_what_was_put_right_is_not_wrong_in_the_end(
    wanted: list[object], done: list[Mapping[str, object]], wrong: bool
) -> None:
    verdict = judging.judge({"file": "a", "effects": wanted}, heard(*done), {})
    assert verdict.wrong_in_the_end is wrong
    assert ev.summarise([verdict])["wrong_in_the_end"] == wrong


CANCELED = {"service": "timer.cancel"}
MILK, EGGS, NO_EGGS = (
    {"service": f"todo.{way}_item", "entity_id": "todo.list", "data": {"item": item}}
    for way, item in (("add", "milk"), ("add", "eggs"), ("remove", "eggs"))
)


@pytest.mark.parametrize(
    ("wanted", "done", "undoing", "wrong"),
    [
        ([RED], [TIMER, CANCELED, RED], [CANCELED], False),
        ([TIMER], [TIMER, TIMER, CANCELED], [CANCELED], False),
        ([], [ON, OFF], [OFF], False),
        ([MILK], [EGGS, MILK, NO_EGGS], [NO_EGGS], False),
        ([MILK], [MILK, EGGS], [], True),
        ([ON, OFF], [ON, OFF], [OFF], False),  # "turn it on", "undo that"
        ([RED], [TIMER, RED], [], True),
        ([RED], [TIMER, CANCELED, ON], [CANCELED], True),
    ],
)
def test_nor_is_what_was_taken_back(
    wanted: list[object], done: list[Mapping[str, object]], undoing: list[Mapping[str, object]], wrong: bool
) -> None:
    found = heard(*done)
    found.undoing += undoing
    assert judging.judge({"file": "a", "effects": wanted}, found, {}).wrong_in_the_end is wrong


def test_the_summary_counts_by_every_free_label() -> None:
    verdicts = [
        judging.judge({"file": "a", "kind": "command", "effects": [ON], "voice": "joe"}, heard(ON), {}),
        judging.judge({"file": "b", "kind": "command", "effects": [ON], "voice": "joe"}, heard(OFF), {}),
        judging.judge({"file": "c", "kind": "negative", "effects": [], "voice": "rms"}, heard(), {}),
    ]
    summary = ev.summarise(verdicts)
    assert (summary["ok"], summary["wrong_actions"], summary["false_wakes"]) == (2, 1, 1)
    assert summary["right_effects_share"] == 0.5
    assert summary["by_label"]["voice"] == {"joe": {"ok": 1, "clips": 2}, "rms": {"ok": 1, "clips": 1}}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{not json}", b'{"effects": []}', b"[]", b'{"file": "\xff"}', b'{"file": "a.wav", "effects": "none"}',
        b'{"file": "a.wav", "speech_end_ms": "1000"}',
    ],
)  # fmt: skip
def test_an_unusable_label_file_is_a_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "expect.jsonl").write_bytes(content)
    with pytest.raises(UsageError, match=r"expect\.jsonl"):
        ev.read_labels(tmp_path)


def test_a_folder_without_labels_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"expect\.jsonl"):
        ev.read_labels(tmp_path)


async def test_a_report_that_can_have_no_place_is_told_before_the_work_is_done(tmp_path: Path) -> None:
    """Not minutes later, with the result gone."""
    nowhere, console = tmp_path / "nowhere" / "report.json", Console(quiet=True)
    with pytest.raises(OutputError, match="no such folder"):
        await ev.run(Config(), tmp_path, nowhere, fast=True, console=console)
    with pytest.raises(OutputError, match="no such folder"):
        await evaluate_text.run(Config(), tmp_path, nowhere, console=console)
    with pytest.raises(OutputError, match="no such folder"):
        await bench.run(Config(), ["tiny"], 1, nowhere, console)


def test_a_clips_record_is_json() -> None:
    record = judging.judge({"file": "a"}, heard(ON), {}).record()
    assert json.loads(json.dumps(record))["woke"] is True


def test_an_evaluation_touches_no_real_home() -> None:
    """Whatever the config says."""
    config = Config(home=HomeConfig(kind="home_assistant", url="http://127.0.0.1:1"))
    assert ev.in_process(config).home.kind == "demo"
