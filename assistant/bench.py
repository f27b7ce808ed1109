"""`hey-gemma bench`: whole turns at real time on this machine, from a spoken sentence to the first sound of the answer.

Reads the trace only. shape has no sense to decode: its replies are scripted, and every token is computed for real.
This is the plain path: the sound is encoded when the turn is over. tiny shows no speed that E2B will have.
"""

import os
import platform
import resource
import statistics
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from assistant import app
from assistant.audio.clock import AudioClock, WallClock
from assistant.audio.replay import FileSource, FileSpeaker, NullSpeaker
from assistant.config import Config
from assistant.events import Event, ModelTimed, SpeechEnded, SpeechStarted, TurnEnded
from assistant.speech import Voices
from assistant.stages import SAMPLE_RATE_HZ, AudioClip
from assistant.trace import write_report
from assistant.view import waterfall

SENTENCE = "Hey Gemma, turn on the kitchen light."
SCRIPT = '<|tool_call>call:HassTurnOn{name:<|"|>kitchen light<|"|>}<tool_call|><|tool_response>'
LEAD_S, TAIL_S = 0.5, 2.0


@dataclass(slots=True)
class Turn:
    """What one turn showed."""

    figures: TurnEnded | None = None
    model: ModelTimed | None = None
    speech_ms: tuple[float, float] = (0.0, 0.0)

    def observe(self, event: Event) -> None:
        """Take one event; only the first turn counts."""
        if self.figures is not None:
            return
        match event:
            case SpeechStarted(audio_ms=audio_ms):
                self.speech_ms = (audio_ms, audio_ms)
            case SpeechEnded(audio_ms=audio_ms):
                self.speech_ms = (self.speech_ms[0], audio_ms)
            case ModelTimed():
                self.model = event
            case TurnEnded():
                self.figures = event
            case _:
                pass


@dataclass(frozen=True, slots=True)
class Row:
    """Medians over `repeats` turns, in ms from the acoustic end of speech; the model's own stages last as long as told.

    `hangover_ms` is the part of `first_token_ms` that was spent waiting for silence, `spread_ms` the latter's range.
    """

    model: str
    path: str
    speech_s: float
    hangover_ms: float
    endpoint_ms: float
    encode_ms: float
    prefill_ms: float
    first_token_ms: float
    decode_ms: float
    tokens: float
    call_ms: float
    voice_ms: float
    rss_mb: float
    repeats: int
    spread_ms: float


async def run(config: Config, models: Sequence[str], repeats: int, json_file: Path | None, console: Console) -> None:
    """Bench the models one after another; print a table and a waterfall each."""
    with tempfile.TemporaryDirectory() as folder:
        sentence = Path(folder) / "sentence.wav"
        await _speak_into(config, sentence)
        rows = [
            await _bench(replace(config, model=replace(config.model, name=name)), sentence, repeats) for name in models
        ]
    cores = len(os.sched_getaffinity(0))
    machine = {"processor": platform.processor() or platform.machine(), "cores": cores, "versions": app.versions()}
    show(console, cores, rows)
    if json_file is not None:
        write_report(json_file, {"machine": machine, "rows": [asdict(row) for row in rows]})


async def _speak_into(config: Config, path: Path) -> None:
    """Write the sentence with silence around it, as a microphone would have heard it."""
    clock = AudioClock()
    await clock.release()
    speaker = FileSpeaker(path, clock)
    await speaker.play(_silence(LEAD_S))
    async for clip in Voices(config.speech).clips(SENTENCE, "en"):
        await speaker.play(clip)
    await speaker.play(_silence(TAIL_S))
    await speaker.aclose()


def _silence(seconds: float) -> AudioClip:
    return AudioClip(np.zeros(round(seconds * SAMPLE_RATE_HZ), np.int16), SAMPLE_RATE_HZ)


async def _bench(config: Config, sentence: Path, repeats: int) -> Row:
    """One warm-up turn and `repeats` counted ones, each with a home of its own."""
    wall = WallClock()
    turns = []
    script = SCRIPT if config.model.name == "shape" else None
    async with app.loaded(config, wall, wake=False, script=script) as stages:
        for _ in range(repeats + 1):
            turn = Turn()
            async with app.conversing(
                stages, clock=wall, wall=wall, speaker=NullSpeaker(wall), wake=False, observe=turn.observe
            ) as (talk, _home):
                await talk.run(FileSource(str(sentence), wall))
            turns.append(turn)
    return _row(config.model.name, turns[1:])


def _row(name: str, turns: Sequence[Turn]) -> Row:
    figures = [t.figures for t in turns if t.figures is not None]
    models = [t.model for t in turns if t.model is not None]
    firsts = [f.first_token_ms or 0.0 for f in figures]
    return Row(
        model=name,
        path="plain",
        speech_s=_median((t.speech_ms[1] - t.speech_ms[0]) / 1000 for t in turns),
        hangover_ms=_median(f.endpoint_ms or 0.0 for f in figures),
        endpoint_ms=_median(f.endpoint_ms or 0.0 for f in figures),
        encode_ms=_median(m.encode_ms for m in models),
        prefill_ms=_median(m.prefill_ms for m in models),
        first_token_ms=_median(firsts),
        decode_ms=_median(m.decode_ms for m in models),
        tokens=_median(m.tokens for m in models),
        call_ms=_median(f.action_ms or f.decision_ms or 0.0 for f in figures),
        voice_ms=_median(f.voice_ms or 0.0 for f in figures),
        rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        repeats=len(turns),
        spread_ms=round(max(firsts) - min(firsts), 1),
    )


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 1)


def show(console: Console, cores: int, rows: Sequence[Row]) -> None:
    """Print the table, then each row as a waterfall."""
    columns = ("speech_s", "endpoint_ms", "encode_ms", "prefill_ms", "first_token_ms", "call_ms", "voice_ms", "rss_mb")
    table = Table("model", *columns, title=f"plain path, {cores} core(s), medians from the acoustic end of speech")
    for row in rows:
        table.add_row(row.model, *(str(getattr(row, column)) for column in columns))
    console.print(table)
    for row in rows:
        console.print(f"\n{row.model}, {row.speech_s} s of speech, {row.tokens:.0f} tokens decoded")
        encoded_ms = row.endpoint_ms + row.encode_ms
        waterfall(
            console,
            [
                ("silence", row.endpoint_ms, "the wait that makes sure you have finished"),
                ("encode", encoded_ms, f"sound to rows, {row.encode_ms:.0f} ms"),
                ("prefill", encoded_ms + row.prefill_ms, f"rows through the model, {row.prefill_ms:.0f} ms"),
                ("first token", row.first_token_ms, ""),
                ("tool call", row.call_ms, f"{row.decode_ms:.0f} ms of decoding, and the home"),
                ("first audio", row.voice_ms, "first sample of the answer"),
            ],
        )
