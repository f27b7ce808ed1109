"""A running assistant on real models that faults are injected into, and the rows that go into docs/FAULTS.md.

`python -m tests.faults` runs every fault test and writes the table from what the tests saw. It needs a Home Assistant
and a broker that it may kill: make ha-up mqtt-up.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import soundfile

from assistant import app
from assistant.audio.clock import AudioClock, WallClock
from assistant.audio.replay import NullSpeaker
from assistant.conversation import Conversation
from assistant.events import Event, ToolCalled
from assistant.homes import Home
from assistant.intents.timer_file import TimerFile
from assistant.stages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, AudioChunk, AudioClip, Pcm, Speaker, Voice
from assistant.waking.keeper import Keep

ROOT = Path(__file__).parent.parent
REPLAY = ROOT / "tests" / "replay"
ROWS = "HEY_GEMMA_FAULT_ROWS"
KITCHEN = {"service": "light.turn_on", "entity_id": "light.kitchen"}
HEAD = """\
# Faults

What a running assistant does when something breaks. Written by `python -m tests.faults`: every cell is what the test in
its row saw. Real models (tiny), voice and demo home; sound on audio time, or, where a process is started, by pipe or a
private sound server. *Listens again*: seconds from the end of the fault to the moment from which "Hey Gemma" and its
command are heard and done; where that took a new process, its start is in it.

| fault | the person hears | the log says | listens again, s | done twice or wrongly | test |
"""
LINKED = (
    ("Home Assistant refusing, slow, talking nonsense", "tests/test_home_assistant_faults.py"),
    ("MQTT broker refusing, killed under forty commands", "tests/test_mqtt_faults.py"),
    ("sound server killed: the real microphone is told, and found again", "tests/test_mic.py"),
    ("sound server killed while a clip plays", "tests/test_speaker.py"),
    ("the model breaks while it words what was done: nobody is told to try again", "tests/test_conversation.py"),
    (
        "the model calls again over each result, for ever: it is stopped after three, and what was done is told",
        "tests/test_conversation.py",
    ),
    (
        "the process dies while the home carries out a call: the next one doesn't say to try again",
        "tests/test_unfinished.py",
    ),
    ("a turn longer than the context", "tests/test_session.py"),
    ("timers over a kill, a power cut and a jump of the clock", "tests/test_countdown.py"),
    ("the model's thread or the microphone stands still: the watchdog isn't fed", "tests/test_service.py"),
    ("damaged, cut or missing files, a full disk at the start", "tests/test_cli.py"),
)


def recording(name: str) -> Pcm:
    """A replay clip, shape (n,)."""
    return np.asarray(soundfile.read(REPLAY / name, dtype="int16")[0], np.int16)


def quiet(seconds: float) -> Pcm:
    """A quiet room."""
    hiss = np.random.default_rng(0).normal(0, 8, round(seconds * SAMPLE_RATE_HZ))
    return hiss.astype(np.int16)


def command(seconds: float = 9.0) -> Pcm:
    """Say "Hey Gemma, turn on the kitchen light", and leave room for the answer."""
    said = recording("demo.flac")
    return np.concatenate([quiet(0.5), said, quiet(seconds - 0.5 - len(said) / SAMPLE_RATE_HZ)])


class Scenes:
    """An AudioSource on audio time: sounds one after another; an Exception among them is raised at its place.

    None is a chunk that got lost. What comes after an exception is for the source that is opened next.
    """

    def __init__(self, clock: AudioClock, scenes: Iterator[Pcm | Exception | None], start: int = 0) -> None:
        self._clock = clock
        self._scenes = scenes
        self._start = start

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[AudioChunk]:
        for scene in self._scenes:
            if isinstance(scene, Exception):
                raise scene
            if scene is None:
                self._start += CHUNK_SAMPLES
                continue
            for at in range(0, len(scene) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
                chunk = AudioChunk(scene[at : at + CHUNK_SAMPLES], self._start)
                self._start += CHUNK_SAMPLES
                await self._clock.reach(chunk.end_ms / 1000)
                yield chunk
        await self._clock.release()


class HeardVoice:
    """A voice that notes what it says."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self.said: list[str] = []

    async def clips(self, text: str, language: str, ahead_s: float = 0.0) -> AsyncIterator[AudioClip]:
        self.said.append(text)
        async for clip in self._voice.clips(text, language, ahead_s):
            yield clip


@dataclass(slots=True)
class World:
    """One conversation, and what came of it."""

    clock: AudioClock
    voice: HeardVoice
    talk: Conversation
    home: Home
    events: list[Event]
    on_event: list[Callable[[Event], None]] = field(default_factory=list)

    async def hear(self, *scenes: Pcm | Exception | None) -> None:
        """Run to the end of the scenes."""
        await self.talk.run(Scenes(self.clock, iter(scenes)))

    def of(self, kind: type[Any]) -> list[Any]:
        """All events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def did(self) -> list[Mapping[str, object]]:
        """What was asked of the home."""
        return [effect for call in self.of(ToolCalled) for effect in call.effects]


@asynccontextmanager
async def world(
    stages: app.Stages,
    *,
    speaker: Callable[[AudioClock], Speaker] = NullSpeaker,
    timers: Path | None = None,
    keep_wake: Keep | None = None,
) -> AsyncIterator[World]:
    """A new conversation of loaded stages."""
    clock, events = AudioClock(), list[Event]()
    listeners: list[Callable[[Event], None]] = [events.append]
    voice = HeardVoice(stages.voice)

    def observe(event: Event) -> None:
        for listener in listeners:
            listener(event)

    async with app.conversing(
        replace(stages, voice=voice),
        clock=clock,
        wall=WallClock(),
        speaker=speaker(clock),
        observe=observe,
        timer_file=None if timers is None else TimerFile(timers),
        keep_wake=keep_wake,
    ) as (talk, home):
        yield World(clock, voice, talk, home, events, listeners)


def row(fault: str, *, hears: Iterable[str], log: str, again_s: float | str, twice: str = "nothing") -> None:
    """Note what a test saw, where `python -m tests.faults` asks for it. `log`: warnings and errors, first lines."""
    if not (folder := os.environ.get(ROWS)):
        return
    test = os.environ["PYTEST_CURRENT_TEST"].partition(" ")[0]
    log = re.sub(r"/[^ ]*/pytest-of-[^/]*/[^/]*/[^/]*/", "", log)  # the test's own folder
    lines = list(dict.fromkeys(line.strip() for line in log.splitlines() if line.strip()))
    seen = {
        "fault": fault,
        "hears": " ".join(f"“{said}”" for said in hears) or "nothing",
        "log": "<br>".join(lines[:2]) or "nothing",
        "again_s": again_s if isinstance(again_s, str) else f"{again_s:.1f}",
        "twice": twice,
        "test": test,
    }
    name = "".join(c if c.isalnum() else "-" for c in fault)
    (Path(folder) / f"{name}.json").write_text(json.dumps(seen, ensure_ascii=False), encoding="utf-8")


def table(rows: Iterable[Mapping[str, str]]) -> str:
    """The page. Pure."""
    lines = [*HEAD.splitlines(), "|---|---|---|---|---|---|"]
    for seen in rows:
        cells = [seen[key].replace("|", "\\|") for key in ("fault", "hears", "log", "again_s", "twice")]
        lines.append(f"| {' | '.join(cells)} | `{seen['test'].removeprefix('tests/')}` |")
    lines += ["", "Shown elsewhere:", ""]
    lines += [f"- {what}: [`{path}`](../{path})" for what, path in LINKED]
    return "\n".join([*lines, ""])


def main() -> None:
    """Run the tests, write the table."""
    with tempfile.TemporaryDirectory() as folder:
        tests = [f"tests/test_fault{name}.py" for name in ("s", "_processes", "_homes")]
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *tests, *sys.argv[1:]], env=os.environ | {ROWS: folder}, check=False
        )
        files = sorted(Path(folder).glob("*.json"), key=lambda path: path.stat().st_mtime)
        rows = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    if not any("test_fault_homes" in seen["test"] for seen in rows):
        sys.exit("docs/FAULTS.md stays as it was: no home was there to be killed. What to do: make ha-up mqtt-up")
    if ran.returncode == 0:
        (ROOT / "docs" / "FAULTS.md").write_text(table(rows), encoding="utf-8")
    sys.exit(ran.returncode)


if __name__ == "__main__":
    main()
