"""Every line of the demo home, spoken, through wake word, endpoint and the small model, to a real Home Assistant.

What happened is taken from the server: its service calls and state changes, as another client sees them. Writes the
table to `out/spoken-home.md`.
"""

import statistics
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from assistant import app, judging
from assistant import evaluate as ev
from assistant.audio.clock import WallClock
from assistant.audio.replay import FileSource, NullSpeaker
from assistant.config import Config, HomeConfig, PolicyConfig, SpeechConfig
from assistant.events import EndpointReached, Event
from assistant.intents.demo_home import DemoHome
from assistant.speech.silent import Silent
from assistant.speech.voices import Voices
from tests.real_home import ROOT, Server, Watcher, follows, needs_a_home
from tests.test_demo_home import COMMANDS

pytestmark = [pytest.mark.home_assistant, pytest.mark.models, pytest.mark.slow, needs_a_home]
RIGHT = 32  # of 39 lines (docs/RESULTS.md)
READS = frozenset({"weather.get_forecasts"})
OPPOSITE = {
    "turn_on": "turn_off", "turn_off": "turn_on", "open_cover": "close_cover", "close_cover": "open_cover",
    "lock": "unlock", "media_pause": "media_play", "media_play": "media_pause",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one line; times from the commit, in ms. `others`: service calls that it doesn't ask for."""

    say: str
    right: bool
    called_ms: float | None
    changed_ms: float | None
    reply: str
    others: tuple[str, ...]


@pytest.fixture
async def spoken(tmp_path: Path) -> AsyncIterator[dict[str, Path]]:
    """A file for every line: "Hey Gemma," and the line, by the voice that comes along, and two seconds of quiet."""
    voices = Voices(SpeechConfig())
    files: dict[str, Path] = {}
    for command in COMMANDS:
        clips = [clip async for clip in voices.clips(f"Hey Gemma, {command['say']}.", "en")]
        sound = np.concatenate([clip.samples for clip in clips])
        rate_hz = clips[0].rate_hz
        files[command["say"]] = tmp_path / f"{len(files)}.wav"
        quiet = np.zeros(rate_hz // 2, np.int16), np.zeros(rate_hz * 2, np.int16)
        soundfile.write(files[command["say"]], np.concatenate([quiet[0], sound, quiet[1]]), rate_hz)
    yield files
    await voices.aclose()


async def prepare(server: Server, command: Mapping[str, Any]) -> None:
    """The home as its file says, and what shall be changed the other way round, so that it can be seen to change."""
    await server.service("demo_home.reset")
    for effect in command["effects"]:
        domain, _, service = str(effect["service"]).partition(".")
        if service in OPPOSITE and not effect.get("data"):
            await server.service(f"{domain}.{OPPOSITE[service]}", entity_id=effect["entity_id"])


async def say(
    stages: app.Stages, server: Server, watcher: Watcher, command: Mapping[str, Any], file: Path, *, wall: WallClock
) -> Line:
    await prepare(server, command)
    await watcher.forget()
    heard, ended_s, demo = judging.Heard(), 0.0, DemoHome()

    def observe(event: Event) -> None:
        nonlocal ended_s
        if isinstance(event, EndpointReached) and not ended_s:
            ended_s = event.at_ms / 1000
        heard.observe(event)

    speaker = NullSpeaker(wall)
    async with app.conversing(stages, clock=wall, wall=wall, speaker=speaker, observe=observe) as (talk, home):
        values = {**ev.values_of(home), **{id_: demo.facts(id_) for id_ in demo.states()}}  # the forecast too
        await talk.run(FileSource(str(file), wall))
    wanted = {(e["service"], e["entity_id"]): e for e in command["effects"] if "entity_id" in e}
    done = [(at_s, name, id_) for at_s, name, data in watcher.calls if name not in READS for id_ in _targets(data)]
    others = tuple(sorted({f"{name} {id_}" for _, name, id_ in done if (name, id_) not in wanted}))
    changed = [at_s for at_s, id_, _ in watcher.changes if id_ in {id_ for _, id_ in wanted}]
    followed = all([follows(effect, await server.state(id_)) for (_, id_), effect in wanted.items()])
    of_the_day = ("tomorrow" in command["say"]) == ("tomorrow" in heard.reply.lower())
    right = judging.judge({"file": file.name, **command}, heard, values).ok and followed and not others and of_the_day
    first_s = min((at_s for at_s, *_ in done), default=None)
    return Line(
        command["say"],
        right,
        None if first_s is None else (first_s - ended_s) * 1000,
        (max(changed) - ended_s) * 1000 if wanted and changed else None,
        heard.reply,
        others,
    )


def _targets(data: Mapping[str, Any]) -> list[str]:
    found = data.get("entity_id", [])
    return [found] if isinstance(found, str) else list(found)


def write(lines: list[Line], path: Path) -> None:
    rows = [
        "| said | right | service call, ms | state change, ms | answer | done besides |",
        "|---|---|---|---|---|---|",
    ]
    for line in lines:
        times = ("" if ms is None else f"{ms:.0f}" for ms in (line.called_ms, line.changed_ms))
        rows.append(
            f"| {line.say} | {'yes' if line.right else '**no**'} | {' | '.join(times)} | {line.reply} | "
            f"{', '.join(line.others)} |"
        )
    for name, kind in (("service call", "called_ms"), ("state change", "changed_ms")):
        known = sorted(ms for line in lines if (ms := getattr(line, kind)) is not None)
        rows.append(f"\n{name}: median {statistics.median(known):.0f} ms, latest {known[-1]:.0f} ms, of {len(known)}")
    rows.append(f"\nright: {sum(line.right for line in lines)} of {len(lines)}")
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


async def test_the_demo_lines_spoken_change_the_real_home(server: Server, spoken: Mapping[str, Path]) -> None:
    """Most lines have exactly their effects, and whatever was misheard opened no door."""
    token = spoken[COMMANDS[0]["say"]].with_name("token")
    token.write_text(server.token, encoding="utf-8")
    home = HomeConfig(
        kind="home_assistant",
        url=server.url,
        token_file=str(token),
        area="living room",
        policy=PolicyConfig(confirm=("lock.front_door",)),
    )
    wall = WallClock()
    lines = []
    async with (
        app.loaded(replace(Config(), home=home), wall, silent=Silent()) as stages,
        Watcher(server, wall.now_s) as seen,
    ):
        for command in COMMANDS:
            lines.append(await say(stages, server, seen, command, spoken[command["say"]], wall=wall))
            assert not any(name in ("lock.unlock", "lock.open") for _, name, _ in seen.calls), lines[-1]
    write(lines, ROOT / "out" / "spoken-home.md")
    assert sum(line.right for line in lines) >= RIGHT
    for line in lines:
        assert line.changed_ms is None or line.called_ms is not None, "a state changed that nobody asked to change"
