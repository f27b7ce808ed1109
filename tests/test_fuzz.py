"""Made-up input for everything that takes some from outside (tests/fuzz): the same examples every time.

`make fuzz MINUTES=60` goes on with others. What was found is kept here, as small as it was.
"""

import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.chat_template import difference
from assistant.errors import ModelDamaged
from assistant.gguf import gguf_file
from assistant.intents.home_answers import facts, forecast_of
from assistant.intents.home_change import on_its_way, seen
from assistant.intents.home_states import State
from assistant.intents.names import Entity
from assistant.speech.piper import PiperVoice
from assistant.stages import Effect
from assistant.wake import Head, shipped_head
from tests.fuzz.__main__ import alone, throw
from tests.fuzz.targets import TARGETS, Target

EXAMPLES = 25
LIGHT = Entity("light.a", ("lamp",), None)


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.name)
def test_whatever_comes_in_only_our_own_errors_come_out(target: Target) -> None:
    thrown, found = alone(target, ["--examples", f"{EXAMPLES}"]) if target.risky else throw(target, EXAMPLES, None)
    assert found == ""
    assert thrown >= EXAMPLES // 2


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**400, -(10**400), 1e308])
def test_a_number_that_no_thing_has_is_passed_over(number: float) -> None:
    """Python's JSON takes NaN and numbers of any length, and a home may send them."""
    told = facts(LIGHT, State("on", {"brightness": number, "volume_level": number, "temperature": number}))
    assert told == {"name": "lamp", "domain": "light", "state": "on"}
    strange = State("on", {"brightness": number, "hs_color": [number, number], "current_position": number}, 2)
    assert not seen(Effect("light.turn_on", "light.a", {"brightness_pct": 50}), None, strange)
    assert not seen(Effect("light.turn_on", "light.a", {"color_name": "red"}), None, strange)
    blind = Effect("cover.open_cover", "cover.a", {})
    assert on_its_way(blind, State("open", {"current_position": 5}, 1), strange) is None
    rows = [{"datetime": "2026-11-24T12:00:00", "temperature": number}]
    assert forecast_of(rows, "today", datetime(2026, 11, 24, 12, tzinfo=UTC)) is None


def test_a_list_that_counts_in_superscripts_counts_nothing() -> None:
    """A ² is a digit for Python, and no number."""
    add = Effect("todo.add_item", "todo.a", {"item": "milk"})
    assert not seen(add, State("²", {}, 1), State("²", {}, 2))


def test_a_forecast_for_the_year_one_is_passed_over() -> None:
    """Its moment is before time began in a zone west of it."""
    rows = [{"datetime": "0001-01-01T00:00:00+14:00", "temperature": 1}]
    assert forecast_of(rows, "today", datetime(2026, 11, 24, 12, tzinfo=UTC)) is None


@pytest.mark.parametrize("length", [0x8000000000000014, (1 << 64) - 1, 1 << 40])
def test_a_length_that_no_file_has_is_damage(tmp_path: Path, length: int) -> None:
    file = tmp_path / "odd.gguf"
    file.write_bytes(b"GGUF" + struct.pack("<IQQQ", 3, 132, 13, length))
    with pytest.raises(ModelDamaged):
        gguf_file.read_header(file)


@pytest.mark.parametrize(
    "value", [struct.pack("<II", 4, 0), struct.pack("<IQ", 8, 0), struct.pack("<IIQI", 9, 4, 1, 1)]
)
def test_an_alignment_that_is_none_is_damage(tmp_path: Path, value: bytes) -> None:
    key = b"general.alignment"
    file = tmp_path / "odd.gguf"
    file.write_bytes(b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, len(key)) + key + value)
    with pytest.raises(ModelDamaged):
        gguf_file.read_header(file)


def test_a_head_that_can_not_be_read_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The runtime would try again, and tell so on standard output, into whatever is written there (doctor --json)."""
    file = tmp_path / "odd.onnx"
    file.write_bytes(shipped_head().read_bytes().replace(b"Sigmoid", b"Sigmoi\xfe"))
    with pytest.raises(ModelDamaged):
        Head(file)
    assert capfd.readouterr().out == ""


def test_a_voice_of_endless_samples_a_second_is_damage(tmp_path: Path) -> None:
    """Python's JSON takes Infinity."""
    (tmp_path / "odd.onnx.json").write_text('{"espeak": {"voice": "en-us"}, "audio": {"sample_rate": Infinity}}')
    with pytest.raises(ModelDamaged):
        PiperVoice(tmp_path / "odd.onnx")


def test_a_template_that_divides_by_nothing_is_a_difference() -> None:
    assert "can't be rendered" in (difference("{{ 1 / 0 }}", "ours", system="s", tools=(), user="u") or "")
