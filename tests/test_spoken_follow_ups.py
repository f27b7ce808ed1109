"""A command and, a few seconds later, a follow-up, both spoken, to the small model and the demo home."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from assistant import evaluate
from assistant.config import Config, SpeechConfig
from assistant.intents.deeds import Deeds
from assistant.intents.demo_home import DemoHome
from assistant.intents.router import Router
from assistant.speech.voices import Voices
from assistant.stages import Call, Value

pytestmark = [pytest.mark.models, pytest.mark.slow]
RIGHT = 6  # of 11 pairs (docs/RESULTS.md)
PAUSE_S = 5.0


def call(tool: str, **arguments: Value) -> Call:
    return Call(tool, arguments)


PAIRS: list[tuple[str, str, Sequence[Call]]] = [
    (
        "turn on the kitchen light",
        "and the bedroom light too",
        [call("HassTurnOn", name="kitchen light"), call("HassTurnOn", name="bedroom light")],
    ),
    (
        "dim the living room light to thirty percent",
        "a bit brighter",
        [call("HassLightSet", name="living room light", brightness=30), call("HassAdjust", way="up")],
    ),
    (
        "set the bedroom light to eighty percent",
        "dim it",
        [call("HassLightSet", name="bedroom light", brightness=80), call("HassAdjust", way="down")],
    ),
    (
        "set the heating to twenty one degrees",
        "two degrees warmer",
        [call("HassClimateSetTemperature", temperature=21), call("HassAdjust", name="thermostat", by=2, way="up")],
    ),
    ("turn on the hallway light", "undo that", [call("HassTurnOn", name="hallway light"), call("HassUndo")]),
    (
        "close the living room blinds",
        "and the office blinds too",
        [call("HassCloseCover", name="living room blinds"), call("HassCloseCover", name="office blinds")],
    ),
    (
        "set the volume to forty percent",
        "a little louder",
        [call("HassSetVolume", volume_level=40), call("HassAdjust", name="music", way="up")],
    ),
    (
        "turn on the bedroom fan",
        "turn it off again",
        [call("HassTurnOn", name="bedroom fan"), call("HassTurnOff", name="it")],
    ),
    (
        "make the office light blue",
        "set it to fifty percent",
        [call("HassLightSet", name="office light", color="blue"), call("HassLightSet", brightness=50)],
    ),
    (
        "turn on the coffee machine",
        "why did you do that",
        [call("HassTurnOn", name="coffee machine"), call("HassGetReason")],
    ),
    (
        "turn off the kitchen light",
        "what did you say",
        [call("HassTurnOff", name="kitchen light"), call("HassRepeat")],
    ),
]


UNRELATED = (
    "what a lovely evening", "I will be back in an hour", "did you see the game last night", "that was a good meal",
    "my sister is coming tomorrow", "it is too late for that",
)  # fmt: skip


async def expected(calls: Sequence[Call]) -> dict[str, object]:
    """What the home does and says when these calls come, one a turn."""
    router = Router([DemoHome()], deeds=Deeds(lambda: 0.0))
    effects: list[dict[str, object]] = []
    said: list[str] = []
    for one in calls:
        done = await router.dispatch([one])
        assert all(outcome.ok for outcome in done.outcomes), done
        said.append(str(done.sentence))
        router.said(said[-1])
        effects += [
            {"service": effect.service, "entity_id": effect.entity_id, "data": dict(effect.data)}
            for outcome in done.outcomes
            for effect in outcome.effects
        ]
    return {"effects": effects, "reply": " ".join(said)}


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """What `hey-gemma eval` reads."""
    voices = Voices(SpeechConfig())
    lines = []
    others = [(*pair[:1], said, pair[2][:1]) for pair, said in zip(PAIRS, UNRELATED, strict=False)]
    for number, (first, second, calls) in enumerate([*PAIRS, *others]):
        parts: list[np.ndarray] = []
        for text in (first, second):
            clips = [clip async for clip in voices.clips(f"Hey Gemma, {text}.", "en")]
            rate_hz = clips[0].rate_hz
            parts += [np.zeros(rate_hz // 2, np.int16), *(clip.samples for clip in clips)]
            parts.append(np.zeros(int(rate_hz * PAUSE_S), np.int16))
        soundfile.write(tmp_path / f"{number}.wav", np.concatenate(parts), rate_hz)
        wanted = await expected(calls)
        wanted = wanted if number < len(PAIRS) else {"effects": wanted["effects"]}
        lines.append({"file": f"{number}.wav", "kind": "command", **wanted})
    await voices.aclose()
    (tmp_path / "expect.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return tmp_path


async def test_a_follow_up_means_what_was_said_before_and_other_talk_nothing(folder: Path) -> None:
    """A follow-up needs less confidence than a command; so what follows and isn't one is spoken here too."""
    verdicts = await evaluate.replay_all(replace(Config()), folder, fast=True)
    said = [(first, second) for first, second, _ in PAIRS]
    for (first, second), v in zip(said, verdicts, strict=False):
        print(f"{'right' if v.ok else 'WRONG'}: {first} / {second}: {v.heard.reply}")  # noqa: T201
    others = verdicts[len(PAIRS) :]
    for second, v in zip(UNRELATED, others, strict=True):
        print(f"{second}: {v.heard.reply} {[e.get('service') for e in v.heard.effects]}")  # noqa: T201
    assert sum(v.ok for v in verdicts[: len(PAIRS)]) >= RIGHT
    assert max(len(v.heard.effects) for v in others) <= 1, "done: what nobody asked for"
