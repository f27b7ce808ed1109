"""Louder, quieter and "your volume", spoken to the small model: the assistant's own; "the volume" is the player's."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from assistant import evaluate
from assistant.config import Config, SpeechConfig
from assistant.speech.voices import Voices

pytestmark = [pytest.mark.models, pytest.mark.slow]
OWN, PLAYER = "assistant.volume_set", "media_player.volume_set"
SAID = (  # the assistant's volume is 100 percent before each, and a step is 10
    ("louder", OWN, 1.0),
    ("quieter", OWN, 0.9),
    ("your volume to forty percent", OWN, 0.4),
    ("set your volume to sixty percent", OWN, 0.6),
    ("set the volume to thirty percent", PLAYER, 0.3),
    ("turn the volume down to twenty percent", PLAYER, 0.2),
)


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """What `hey-gemma eval` reads, by the voice that comes along."""
    voices = Voices(SpeechConfig())
    lines = []
    for number, (text, service, level) in enumerate(SAID):
        clips = [clip async for clip in voices.clips(f"Hey Gemma, {text}.", "en")]
        rate_hz, silence = clips[0].rate_hz, np.zeros(clips[0].rate_hz, np.int16)
        sound = np.concatenate([silence[: rate_hz // 2], *(clip.samples for clip in clips), silence, silence])
        soundfile.write(tmp_path / f"{number}.wav", sound, rate_hz)
        thing = {"entity_id": "media_player.living_room"} if service == PLAYER else {}
        effect = {"service": service, **thing, "data": {"volume_level": level}}
        lines.append({"file": f"{number}.wav", "kind": "command", "effects": [effect]})
    await voices.aclose()
    (tmp_path / "expect.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return tmp_path


async def test_a_volume_is_that_of_whom_it_is_said_to_be(folder: Path) -> None:
    verdicts = await evaluate.replay_all(Config(), folder, fast=True)
    for (text, _, _), v in zip(SAID, verdicts, strict=True):
        print(f"{'right' if v.ok else 'WRONG'}: {text}: {v.heard.reply} {v.heard.effects}")  # noqa: T201
    assert all(v.ok for v in verdicts)
