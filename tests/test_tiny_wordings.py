"""The tiny model's grammar: every target is legal, the demo home is covered, held-out wordings stay out."""

import json
import random
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from assistant.intents.demo_home import DemoHome
from assistant.intents.local import LocalClock
from assistant.intents.own import BY_NAME, Controls, Own
from assistant.intents.router import Router
from assistant.llm.parse import read_call
from assistant.stages import Call as ParsedCall
from models.tiny import paraphrases, phrases, wordings
from models.tiny.expect import ENTITIES, OWN_VOLUME, expectation
from models.tiny.slots import COLORS, duration, in_words, percent
from models.tiny.wordings import Call, Sample

CALL = re.compile(r"<\|tool_call>call:(\w+)\{([^{}]*)\}<tool_call\|>")
RANGES = {
    "brightness": (1, 100),
    "position": (1, 100),
    "volume_level": (0, 100),
    "temperature": (5, 30),
    "hours": (1, 12),
    "minutes": (1, 120),
    "seconds": (1, 90),
}


def draw(count: int, split: wordings.Split = "train", *, typed: bool = False, seed: int = 0) -> list[Sample]:
    rng = random.Random(seed)  # noqa: S311
    return [wordings.sample(rng, split, typed=typed) for _ in range(count)]


def plain(effect: Mapping[str, Any]) -> str:
    return json.dumps(effect, sort_keys=True)


def check_legal(call: Call) -> None:
    for key, value in call.arguments.items():
        if key in RANGES:
            low, high = RANGES[key]
            assert low <= float(value) <= high, call
    name = call.arguments.get("name")
    if name is not None and "Timer" not in call.name:
        assert name in ENTITIES or (call.name in BY_NAME and name == OWN_VOLUME), call
    assert call.arguments.get("color", "red") in COLORS
    assert call.arguments.get("domain", "light") in {"light", "fan", "cover"}
    if call.name in {"HassTurnOn", "HassTurnOff", "HassOpenCover", "HassLightSet", "HassGetState"}:
        assert ("name" in call.arguments) != ("domain" in call.arguments), call


@pytest.mark.parametrize("split", ["train", "heldout"])
@pytest.mark.parametrize("typed", [False, True])
def test_every_target_is_legal(split: wordings.Split, typed: bool) -> None:
    """Calls parse, name only what the home has, stay in range; talk ends its turn."""
    for sample in draw(4_000, split, typed=typed):
        assert sample.text.strip() == sample.text != ""
        assert not re.search(r"[{}|()]|  ", sample.text), sample.text
        if not sample.calls:
            assert sample.target == f"{sample.reply}<turn|>"
            continue
        assert sample.target == "".join(map(str, sample.calls)) + "<|tool_response>"
        assert [found[0] for found in CALL.findall(sample.target)] == [call.name for call in sample.calls]
        for call in sample.calls:
            check_legal(call)


def test_call_form() -> None:
    """Keys are sorted, strings quoted in Gemma's way, numbers bare."""
    assert (
        str(Call("A", {"name": "x y", "brightness": 30}))
        == '<|tool_call>call:A{brightness:30,name:<|"|>x y<|"|>}<tool_call|>'
    )
    assert str(Call("A", {"temperature": 21.5})) == "<|tool_call>call:A{temperature:21.5}<tool_call|>"
    assert str(Call("A", {})) == "<|tool_call>call:A{}<tool_call|>"


def test_held_out_wordings_never_reach_training() -> None:
    """A held-out template shows up in its own split only."""
    kept = {sample.wording for sample in draw(20_000)}
    held = {sample.wording for sample in draw(5_000, "heldout") if not sample.wording.startswith("correction/")}
    assert held
    assert not kept & held


def test_demo_lines_are_training_wordings() -> None:
    """Each line of the demo home can be said in training, and has a target."""
    assert {sample.text for sample in wordings.demo_samples()} == set(wordings.DEMO_LINES)
    for group in (*phrases.COMMANDS, *phrases.QUESTIONS):
        for line in wordings.lines(group[0], group[3], "heldout"):
            assert not set(line.templates) & set(wordings.DEMO_LINES)


def test_a_known_text_means_one_thing() -> None:
    """The same words never have two different targets (but for jokes)."""
    meaning: dict[str, str] = {}
    for sample in draw(30_000):
        if sample.intent == "joke":
            continue
        assert meaning.setdefault(sample.text, sample.target) == sample.target, (sample.text, sample.wording)


def test_mix() -> None:
    """Negatives are about a fifth, and every tool is asked for."""
    samples = draw(8_000)
    kinds = Counter(sample.kind for sample in samples)
    assert 0.19 < kinds["negative"] / len(samples) < 0.26
    tools = {call.name for sample in samples for call in sample.calls}
    assert tools == {group[0] for group in (*phrases.COMMANDS, *phrases.QUESTIONS, *paraphrases.LATE)}


def test_numbers_are_covered() -> None:
    """All timer minutes from 1 to 60 and all percents occur."""
    rng = random.Random(1)  # noqa: S311
    minutes = {duration(rng).arguments.get("minutes") for _ in range(6_000)}
    assert set(range(1, 61)) <= minutes
    fill = percent("brightness", 1)
    assert {fill(rng).arguments["brightness"] for _ in range(6_000)} == set(range(1, 101))
    assert [in_words(n) for n in (0, 13, 20, 21, 100, 105)] == [
        "zero", "thirteen", "twenty", "twenty one", "a hundred", "a hundred and five",
    ]  # fmt: skip


def test_expectations_follow_the_demo_home() -> None:
    """Effects are those of demo_home.toml, and serialise."""
    by_text = {sample.text: expectation(sample) for sample in wordings.demo_samples()}
    assert by_text["set the volume to forty percent"]["effects"] == [
        {"service": "media_player.volume_set", "entity_id": "media_player.living_room", "data": {"volume_level": 0.4}}
    ]
    assert by_text["set a pasta timer for eight minutes"]["effects"] == [
        {"service": "timer.start", "data": {"seconds": 480, "name": "pasta"}}
    ]
    assert by_text["turn on the fan"]["effects"] == [{"service": "fan.turn_on", "entity_id": "fan.living_room"}]
    assert len(by_text["turn off all the lights"]["effects"]) == 6
    assert by_text["unlock the front door"]["effects"] == []
    assert by_text["what time is it"]["answer_from"] == "clock"
    assert by_text["never mind"]["reply"] == ""
    for sample in draw(3_000):
        json.dumps(expectation(sample))


async def test_expectations_agree_with_the_demo_home() -> None:
    """What expect.py states, which shares no code with the assistant, is what the demo home is asked for."""
    for sample in draw(300, seed=5):
        if not sample.calls or any("Timer" in call.name for call in sample.calls):
            continue
        router = Router([DemoHome(), LocalClock(lambda: datetime(2026, 11, 24, 8, tzinfo=UTC)), Own(Controls())])
        calls = [read_call(body) for body in re.findall(r"<\|tool_call>(.*?)<tool_call\|>", sample.target)]
        done = await router.dispatch([call for call in calls if isinstance(call, ParsedCall)])
        asked = [
            {"service": effect.service}
            | ({"entity_id": effect.entity_id} if effect.entity_id else {})
            | ({"data": dict(effect.data)} if effect.data else {})
            for outcome in done.outcomes
            for effect in outcome.effects
        ]
        wanted = expectation(sample)["effects"]
        assert sorted(map(plain, asked)) == sorted(map(plain, wanted)), sample.text
