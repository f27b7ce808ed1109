"""A command, a pause that is taken for its end, and the rest of the sentence, spoken to the small model and a home."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from assistant import evaluate
from assistant.config import Config, SpeechConfig
from assistant.speech.voices import Voices
from assistant.stages import Pcm

pytestmark = [pytest.mark.models, pytest.mark.slow]
RIGHT = 9  # of 12 sentences, in the end (docs/RESULTS.md)
PAUSE_S = 0.5


def effect(service: str, entity_id: str | None, **data: object) -> dict[str, object]:
    return {"service": service, "entity_id": entity_id, "data": data}


KITCHEN = effect("light.turn_on", "light.kitchen")
SENTENCES: list[tuple[str, str, list[dict[str, object]]]] = [
    ("turn off the bedroom light", "actually, turn it on", [effect("light.turn_on", "light.bedroom")]),
    ("turn on the kitchen light", "and the hallway light", [KITCHEN, effect("light.turn_on", "light.hallway")]),
    ("set a timer for five minutes", "no, forget it", []),
    ("turn on the kitchen light", "please", [KITCHEN]),
    ("turn on the kitchen light", "thank you", [KITCHEN]),
    ("set a timer for five minutes", "no, ten minutes", [effect("timer.start", None, seconds=600)]),
    ("turn on the kitchen light", "no, the bedroom light", [effect("light.turn_on", "light.bedroom")]),
    (
        "turn on the living room light",
        "to thirty percent",
        [effect("light.turn_on", "light.living_room", brightness_pct=30)],
    ),
    (
        "turn off the kitchen light",
        "and close the office blinds",
        [effect("light.turn_off", "light.kitchen"), effect("cover.close_cover", "cover.office")],
    ),
    (
        "add milk to the shopping list",
        "and eggs",
        [effect("todo.add_item", "todo.shopping_list", item=item) for item in ("milk", "eggs")],
    ),
    (
        "set the heating to twenty degrees",
        "no, twenty two degrees",
        [effect("climate.set_temperature", "climate.home", temperature=22)],
    ),
    ("open the bedroom blinds", "oh, never mind", []),
]


async def spoken(voices: Voices, text: str) -> tuple[Pcm, int]:
    """What is said, without the silence around it, and its rate."""
    clips = [clip async for clip in voices.clips(text, "en")]
    samples = np.concatenate([clip.samples for clip in clips])
    loud = np.flatnonzero(np.abs(samples) > 300)
    return samples[loud[0] : loud[-1]], clips[0].rate_hz


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """What `hey-gemma eval` reads."""
    voices = Voices(SpeechConfig())
    lines = []
    for number, (first, rest, wanted) in enumerate(SENTENCES):
        begun, rate_hz = await spoken(voices, f"Hey Gemma, {first}.")
        gone_on, _ = await spoken(voices, f"{rest.capitalize()}.")
        quiet = [np.zeros(round(seconds * rate_hz), np.int16) for seconds in (0.5, PAUSE_S, 3.0)]
        whole = np.concatenate([quiet[0], begun, quiet[1], gone_on, quiet[2]])
        soundfile.write(tmp_path / f"{number}.wav", whole, rate_hz)
        lines.append({"file": f"{number}.wav", "kind": "command", "effects": wanted})
    await voices.aclose()
    (tmp_path / "expect.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return tmp_path


async def test_who_goes_on_behind_a_deed_gets_what_all_of_the_sentence_asks_for(folder: Path) -> None:
    """What was done is done once; a correction takes it back."""
    verdicts = await evaluate.replay_all(Config(), folder, fast=True)
    right = 0
    for (first, rest, _), v in zip(SENTENCES, verdicts, strict=True):
        is_right = not v.wrong_in_the_end and bool(v.heard.effects)
        right += is_right
        print(f"{'right' if is_right else 'WRONG'}: {first} ... {rest}: {v.heard.reply}")  # noqa: T201
    assert right >= RIGHT
