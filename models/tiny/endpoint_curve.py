"""When turns end, cut-offs against waiting, as a table and a picture: `python -m models.tiny.endpoint_curve DIR ...`.

Hears every clip of folders that `make_pauses` wrote once, with drafts and without ending a turn: the VAD's
probabilities and the verdict at each pause. Then replays `assistant.endpoint` over them with different settings.
Needs what the assistant needs, nothing of the training. 0.5 s of processor time a clip.
"""

import argparse
import asyncio
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from assistant import app
from assistant.audio.clock import AudioClock, WallClock
from assistant.audio.replay import FileSource, NullSpeaker
from assistant.config import Config, EndpointConfig
from assistant.endpoint import Endpoint, Over, Paused
from assistant.events import DraftReady, EndpointLikely, Event, WakeDoubted, WakeHeard
from assistant.speech.silent import Silent
from assistant.stages import CHUNK_MS, Pcm, Vad, Verdict
from assistant.timbre import Tone, tone
from assistant.turn import Rules
from assistant.vad import SILERO_END_LAG_MS

LONG = EndpointConfig(hangover_ms=2000, longest_hangover_ms=3000, early_ms=2000, longest_turn_s=25)
NEVER = 1.01


@dataclass(slots=True)
class Heard:
    """One clip: (probability, tone) of every chunk from the turn's opening on, verdicts by the pause's place."""

    kind: str
    ends_ms: float
    opened_ms: float = 0.0
    chunks: list[tuple[float, Tone]] = field(default_factory=list)
    verdicts: dict[float, Verdict] = field(default_factory=dict)
    pause_ms: float = 0.0

    def observe(self, event: Event) -> None:
        """Note pauses and verdicts."""
        match event:
            case WakeHeard(audio_ms=audio_ms) | WakeDoubted(audio_ms=audio_ms) if not self.chunks:
                self.opened_ms = max(0.0, audio_ms - Rules().wake_overlap_ms)
            case EndpointLikely(audio_ms=audio_ms):
                self.pause_ms = audio_ms
            case DraftReady(kind=kind, confidence=confidence, again=again):
                self.verdicts[self.pause_ms] = Verdict(kind, confidence, again)
            case _:
                pass


class Recorder:
    """A Vad that writes down what the real one says."""

    def __init__(self, vad: Vad, clip: Heard) -> None:
        self._vad = vad
        self._clip = clip

    def reset(self) -> None:
        """A turn is opened."""
        self._vad.reset()

    def probability(self, samples: Pcm) -> float:
        """What the real one says."""
        probability = self._vad.probability(samples)
        self._clip.chunks.append((probability, tone(samples)))
        return probability


async def hear(folders: Sequence[Path], model: str) -> tuple[list[Heard], float]:
    """Hear all clips; also the confidence from which the model's manifest lets a call end a turn early."""
    config = replace(Config(), endpoint=LONG)
    config = replace(config, model=replace(config.model, name=model))
    clips = []
    async with app.loaded(config, AudioClock(), silent=Silent()) as stages:
        for folder in folders:
            for line in tqdm((folder / "expect.jsonl").read_text().splitlines(), desc=str(folder)):
                label = json.loads(line)
                clip = Heard(label["set"], label["speech_end_ms"])
                clock = AudioClock()
                async with app.conversing(
                    replace(stages, vad=Recorder(stages.vad, clip)),
                    clock=clock,
                    wall=WallClock(),
                    speaker=NullSpeaker(clock),
                    observe=clip.observe,
                ) as (talk, _):
                    await talk.run(FileSource(str(folder / label["file"]), clock))
                if clip.chunks:
                    clips.append(clip)
                else:
                    print(f"not woken: {label['file']}")
        return clips, float(stages.model.thresholds.get("early_confidence", NEVER))


def ended_ms(clip: Heard, config: EndpointConfig, early_confidence: float, *, drafts: bool) -> float:
    """Where the turn would have ended."""
    endpoint = Endpoint(config, clip.opened_ms, SILERO_END_LAG_MS, early_confidence=early_confidence)
    end = clip.opened_ms // CHUNK_MS * CHUNK_MS
    for probability, sound in clip.chunks:
        end += CHUNK_MS
        for edge in endpoint.update(probability, end, CHUNK_MS, sound):
            match edge:
                case Over(audio_ms=audio_ms):
                    return audio_ms
                case Paused(audio_ms=audio_ms) if drafts and audio_ms in clip.verdicts:
                    endpoint.judge(clip.verdicts[audio_ms])
                case _:
                    pass
    return end


@dataclass(frozen=True, slots=True)
class Point:
    """One setting: the share of turns that ended too soon, the median wait of the others in ms, turns over in 1.5 s."""

    name: str
    cut_off: float
    delay_ms: float
    television: float


def point(name: str, clips: Sequence[Heard], config: EndpointConfig, early_confidence: float, *, drafts: bool) -> Point:
    """Measure one setting."""
    delays = [(c.kind, ended_ms(c, config, early_confidence, drafts=drafts) - c.ends_ms) for c in clips]
    speech = [delay for kind, delay in delays if kind != "television"]
    beside = [delay for kind, delay in delays if kind == "television"]
    return Point(
        name,
        sum(delay < 0 for delay in speech) / len(speech),
        statistics.median([delay for delay in speech if delay >= 0] or [0.0]),
        sum(0 <= delay <= 1500 for delay in beside) / max(1, len(beside)),
    )


def curves(clips: Sequence[Heard], early_confidence: float) -> dict[str, list[Point]]:
    """Silence alone, at 200 to 900 ms; and with the draft's verdict, at several waits for what isn't sure."""
    silence = [
        point(
            f"{h} ms",
            clips,
            EndpointConfig(hangover_ms=h, longest_hangover_ms=h, early_ms=h),
            NEVER,
            drafts=False,
        )
        for h in range(200, 1000, 100)
    ]
    meaning = [
        point(
            f"early {early}, else {h} ms",
            clips,
            EndpointConfig(early_ms=early, hangover_ms=h),
            early_confidence,
            drafts=True,
        )
        for early in (200, 300, 400)
        for h in (300, 500, 700, 900)
    ]
    return {"silence alone": silence, "with the draft's verdict": meaning}


def picture(lines: dict[str, list[Point]], path: Path) -> None:
    """Draw the points as SVG: wait to the right, cut-offs upwards."""
    width, height, left, bottom = 640, 400, 60, 50
    top = max(p.cut_off for points in lines.values() for p in points) or 1.0

    def place(p: Point) -> tuple[float, float]:
        return left + p.delay_ms / 1000 * (width - left - 20), height - bottom - p.cut_off / top * (
            height - bottom - 30
        )

    turned = f'transform="rotate(-90 14 {height / 2})"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{width / 2}" y="{height - 12}" text-anchor="middle">median wait after the last word, ms</text>',
        f'<text x="14" y="{height / 2}" {turned} text-anchor="middle">turns cut off, %: pauses of 250-700 ms</text>',
    ]
    for ms in range(0, 1001, 200):
        x = left + ms / 1000 * (width - left - 20)
        parts.append(f'<text x="{x:.0f}" y="{height - bottom + 16}" text-anchor="middle">{ms}</text>')
    for share in (0.0, top / 2, top):
        y = height - bottom - share / top * (height - bottom - 30)
        parts.append(f'<text x="{left - 6}" y="{y:.0f}" text-anchor="end">{100 * share:.0f}</text>')
    for (name, points), colour in zip(lines.items(), ("#888888", "#c2410c"), strict=False):
        for p in points:
            x, y = place(p)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"><title>{p.name}</title></circle>')
        x, y = place(points[0])
        parts.append(f'<text x="{x + 8:.0f}" y="{y:.0f}" fill="{colour}">{name}</text>')
    path.write_text("\n".join([*parts, "</svg>"]), encoding="utf-8")


def main() -> None:
    """Hear, replay, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--svg", type=Path)
    given = parser.parse_args()
    clips, early_confidence = asyncio.run(hear(given.folders, given.model))
    lines = curves(clips, early_confidence)
    for name, points in lines.items():
        print(f"\n{name}\n\n| setting | cut off | median wait | television: within 1.5 s |\n|---|---|---|---|")
        for p in points:
            print(f"| {p.name} | {100 * p.cut_off:.1f} % | {p.delay_ms:.0f} ms | {100 * p.television:.0f} % |")
    if given.svg:
        picture(lines, given.svg)


if __name__ == "__main__":
    main()
