"""`hey-gemma bench`: whole turns at real time on this machine, plain path against streamed path, in turn.

Reads the trace only. Every reply is the same scripted call, whatever the model makes of the sentence, and every token
of it is computed for real: shape has no sense to decode, and no figure may depend on who understands what. Each repeat
begins a little later, so that none depends either on where in a hop the voice happens to end.
"""

import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from rich.console import Console

from assistant import app, board
from assistant.audio.clock import AudioClock, WallClock
from assistant.audio.replay import FileSource, FileSpeaker
from assistant.config import Config
from assistant.events import (
    DraftRetracted,
    DraftStarted,
    EndpointLikely,
    EndpointReached,
    Event,
    ModelTimed,
    SpeechEnded,
    SpeechStarted,
    TurnEnded,
)
from assistant.figures import Row, projection, show
from assistant.speech.voices import Voices
from assistant.stages import AudioChunk, AudioClip
from assistant.trace import check_folder, write_report, write_text

_LONG = (
    "I was just thinking that it is getting rather dark in here already so it would be very nice if you could turn on "
    "the big light in the kitchen and leave it on until I come back"
)
_LONGEST = (
    f"{_LONG} from the garden where I want to look after the tomatoes and the beans before the sun goes down behind "
    "the hills and the village"
)
SENTENCES = (
    "Lights on.",
    "Hey Gemma, turn on the kitchen light.",
    "Would you be so kind and turn on the big light in the kitchen when you have a moment for it",
    _LONG,
    _LONGEST,
)
SHORT = 2  # how many of them a quick run takes
SCRIPT = '<|tool_call>call:HassTurnOn{name:<|"|>kitchen light<|"|>}<tool_call|><|tool_response>'
LEAD_S, TAIL_S = 0.5, 2.0
HOP_S = 0.16  # four rows of the encoder: the repeats of a sentence are spread over it
LONGEST_TURN_S = 25.0
SILENT_DB = -45.0


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sound file with one sentence, and the place of its last voiced sample in ms."""

    path: Path
    ends_ms: float


@dataclass(slots=True)
class Turn:
    """What one turn showed. Only the first turn of a conversation counts."""

    now_ms: Callable[[], float]
    ends_ms: float = 0.0
    figures: TurnEnded | None = None
    model: ModelTimed | None = None
    speech_ms: tuple[float, float] = (0.0, 0.0)
    reached_at_ms: float | None = None
    cue_ms: float = 0.0
    late_ms: float = 0.0
    draft_at_ms: float | None = None
    cpu_s: tuple[float, float] = (0.0, 0.0)

    def observe(self, event: Event) -> None:
        """Take one event."""
        if self.figures is not None:
            return
        match event:
            case SpeechStarted(audio_ms=audio_ms):
                self.speech_ms = (audio_ms, audio_ms)
                self.cpu_s = (time.process_time(), 0.0)
            case EndpointLikely():
                self.cpu_s = (self.cpu_s[0], time.process_time())
            case DraftStarted(at_ms=at_ms):
                self.draft_at_ms = at_ms
            case DraftRetracted():
                self.draft_at_ms = None
            case SpeechEnded(audio_ms=audio_ms):
                self.speech_ms = (self.speech_ms[0], audio_ms)
            case EndpointReached(at_ms=at_ms):
                self.reached_at_ms = at_ms
            case ModelTimed():
                self.model = event
            case TurnEnded():
                self.figures = event
            case _:
                pass

    @property
    def speech_s(self) -> float:
        """How long was spoken."""
        return (self.speech_ms[1] - self.speech_ms[0]) / 1000


class Lateness:
    """A source that notes how late each chunk is taken."""

    def __init__(self, source: FileSource, turn: Turn) -> None:
        self._source = source
        self._turn = turn

    async def __aenter__(self) -> Self:
        await self._source.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._source.__aexit__()

    async def __aiter__(self) -> AsyncIterator[AudioChunk]:
        """The source's chunks."""
        origin_ms = self._turn.now_ms()
        async for chunk in self._source:
            self._turn.late_ms = max(self._turn.late_ms, self._turn.now_ms() - origin_ms - chunk.end_ms)
            yield chunk


class Listened:
    """A speaker that notes when the first sound after the endpoint begins: the cue."""

    def __init__(self, clock: WallClock, turn: Turn) -> None:
        self._clock = clock
        self._turn = turn

    async def play(self, clip: AudioClip) -> None:
        """Take as long as the clip."""
        reached_ms = self._turn.reached_at_ms
        if reached_ms is not None and not self._turn.cue_ms:
            self._turn.cue_ms = self._turn.now_ms() - reached_ms
        await self._clock.sleep(clip.duration_s)

    def stop(self) -> None:
        """Nothing sounds."""

    async def aclose(self) -> None:
        """Nothing to free."""


async def run(
    config: Config,
    models: Sequence[str],
    repeats: int,
    json_file: Path | None,
    console: Console,
    *,
    svg_file: Path | None = None,
    quick: bool = False,
    pi: bool = False,
) -> None:
    """Bench the models one after another; print a table and waterfalls. A `svg_file` needs a recording console."""
    check_folder(json_file, option="--json")
    check_folder(svg_file, option="--svg")
    config = replace(config, endpoint=replace(config.endpoint, longest_turn_s=LONGEST_TURN_S))
    rows: list[Row] = []
    speeds: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        texts = SENTENCES[:SHORT] if quick else SENTENCES
        spoken = [await _spoken(config, text) for text in texts]
        sentences = [
            [
                await _written(clip, Path(folder) / f"{number}-{repeat}.wav", LEAD_S + HOP_S * repeat / repeats)
                for number, clip in enumerate(spoken)
            ]
            for repeat in range(repeats)
        ]
        for name in models:
            fresh, speeds[name] = await _bench(
                replace(config, model=replace(config.model, name=name)), sentences, console
            )
            rows += fresh
    cores = len(os.sched_getaffinity(0))
    remarks = [
        f"{name}: {s['prefill_tok_s']} tokens/s in, {s['decode_tok_s']} out, whole model" for name, s in speeds.items()
    ]
    remarks.append(f"sound was taken in at most {max(row.late_ms for row in rows):.0f} ms late; none was lost")
    remarks += board.lines() if board.is_pi() else ()
    for name, speed in speeds.items() if pi else ():
        remarks += projection([row for row in rows if row.model == name], **speed)
    show(console, cores, rows, remarks)
    if json_file is not None:
        machine = {"processor": platform.processor() or platform.machine(), "cores": cores, "versions": app.versions()}
        report = {"machine": {**machine, **speeds[models[-1]], "models": speeds}, "rows": [asdict(row) for row in rows]}
        write_report(json_file, report)
    if svg_file is not None:
        write_text(svg_file, console.export_svg(title="hey-gemma bench"), option="--svg")


async def _spoken(config: Config, text: str) -> AudioClip:
    voices = Voices(config.speech)
    clips = [clip async for clip in voices.clips(text, "en")]
    await voices.aclose()
    return AudioClip(np.concatenate([clip.samples for clip in clips]), clips[0].rate_hz)


async def _written(speech: AudioClip, path: Path, lead_s: float) -> Sentence:
    """Write it with silence around it, as a microphone would have heard it."""
    lead, tail = (np.zeros(round(seconds * speech.rate_hz), np.int16) for seconds in (lead_s, TAIL_S))
    clock = AudioClock()
    await clock.release()  # nobody listens to a file: don't wait for its sound
    speaker = FileSpeaker(path, clock)
    await speaker.play(AudioClip(np.concatenate([lead, speech.samples, tail]), speech.rate_hz))
    await speaker.aclose()
    return Sentence(path, (lead_s + _voiced_s(speech)) * 1000)


def _voiced_s(clip: AudioClip) -> float:
    """Where the last 10 ms are that aren't far below the loudest, in s."""
    hop = clip.rate_hz // 100
    frames = clip.samples[: len(clip.samples) // hop * hop].reshape(-1, hop).astype(np.float64)
    level = np.sqrt(np.mean(frames**2, axis=1))
    return float(np.flatnonzero(level > level.max() * 10 ** (SILENT_DB / 20))[-1] + 1) / 100


async def _bench(
    config: Config, repeats: Sequence[Sequence[Sentence]], console: Console
) -> tuple[list[Row], dict[str, float]]:
    """One warm-up turn a path, and a counted one of each sentence in each repeat, each with a home of its own."""
    wall = WallClock()
    turns: dict[tuple[int, str], list[Turn]] = {}
    async with app.loaded(config, wall, wake=False, script=SCRIPT) as stages:
        paths = ("plain", "streamed") if stages.session.listens_ahead else ("plain",)
        for run_number, sentences in enumerate([repeats[0][:1], *repeats]):
            for number, sentence in enumerate(sentences):
                for path in paths:
                    console.print(f"{config.model.name}, {path}, sentence {number + 1}, run {run_number}", style="dim")
                    turn = await _turn(stages, wall, sentence, path)
                    if run_number:
                        turns.setdefault((number, path), []).append(turn)
    rows = [_row(config.model.name, path, some) for (_, path), some in turns.items()]
    plain = [turn.model for (_, path), some in turns.items() if path == "plain" for turn in some if turn.model]
    speed = {
        "prefill_tok_s": _median(1000 * t.rows / t.prefill_ms for t in plain if t.prefill_ms),
        "decode_tok_s": _median(1000 * t.tokens / t.decode_ms for t in plain if t.decode_ms),
    }
    return rows, speed


async def _turn(stages: app.Stages, wall: WallClock, sentence: Sentence, path: str) -> Turn:
    fast = path == "streamed"
    await stages.session.listen_ahead(on=fast)
    stages.session.only_legal_calls(on=fast)
    turn = Turn(lambda: wall.now_s() * 1000, sentence.ends_ms)
    async with app.conversing(
        stages, clock=wall, wall=wall, speaker=Listened(wall, turn), wake=False, observe=turn.observe
    ) as (talk, _home):
        await talk.run(Lateness(FileSource(str(sentence.path), wall), turn))
    return turn


def _row(name: str, path: str, turns: Sequence[Turn]) -> Row:
    """Medians; the VAD's estimate of where the speech ended is replaced by what is known of the file."""
    figures = [(t, t.figures) for t in turns if t.figures is not None]
    models = [t.model for t in turns if t.model is not None]

    def since_speech(ms: float | None, turn: Turn) -> float:
        return (ms or 0.0) + turn.speech_ms[1] - turn.ends_ms

    def waited(turn: Turn, ended: TurnEnded) -> float:
        if turn.draft_at_ms is None or turn.reached_at_ms is None:
            return since_speech(ended.endpoint_ms, turn)
        return since_speech((ended.endpoint_ms or 0.0) - turn.reached_at_ms + turn.draft_at_ms, turn)

    firsts = [since_speech(f.first_token_ms, t) for t, f in figures]
    return Row(
        model=name,
        path=path,
        speech_s=_median(t.speech_s for t in turns),
        hangover_ms=_median(waited(t, f) for t, f in figures),
        endpoint_ms=_median(since_speech(f.endpoint_ms, t) for t, f in figures),
        encode_ms=_median(m.encode_ms for m in models),
        prefill_ms=_median(m.prefill_ms for m in models),
        first_token_ms=_median(firsts),
        decode_ms=_median(m.decode_ms for m in models),
        tokens=_median(m.tokens for m in models),
        forced=_median(m.forced for m in models),
        call_ms=_median(since_speech(f.action_ms or f.decision_ms, t) for t, f in figures),
        voice_ms=_median(since_speech(f.voice_ms, t) for t, f in figures),
        cue_ms=_median(t.cue_ms for t in turns),
        listen_cpu_per_s=_median((t.cpu_s[1] - t.cpu_s[0]) / t.speech_s for t in turns if t.speech_s),
        rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        late_ms=round(max(t.late_ms for t in turns), 1),
        repeats=len(turns),
        spread_ms=round(max(firsts) - min(firsts), 1),
    )


def _median(values: Iterable[float]) -> float:
    found = list(values)
    return round(statistics.median(found), 2) if found else 0.0
