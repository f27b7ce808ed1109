"""`hey-gemma eval DIR`: replay labelled clips, compare what was done and said with what the labels state.

Reads only events and the home's states. A clip is ok when everything that its line states holds and nothing else was
done; a `negative` also when nothing was spoken. Fast: 0.3 s a clip for tiny on one core, no voice synthesized.
"""

import json
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table
from rich.text import Text

from assistant import app
from assistant.audio.clock import AudioClock, WallClock
from assistant.audio.replay import FileSource, NullSpeaker
from assistant.config import Config
from assistant.errors import UsageError
from assistant.events import CallsReady, EndpointReached, Event, Failed, Reply, ToolCalled, TurnEnded, WakeHeard
from assistant.homes import Home
from assistant.trace import write_report

CHECKED = ("effects", "answer_from", "reply", "reply_language", "speech_end_ms")
NOT_LABELS = {*CHECKED, "file", "text", "target", "wording", "id"}


@dataclass(slots=True)
class Heard:
    """What one clip brought about."""

    woke: bool = False
    effects: list[Mapping[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    language: str | None = None
    ended_audio_ms: float | None = None
    endpoint_delay_ms: float | None = None
    first_token_ms: float | None = None
    failures: list[str] = field(default_factory=list)
    confidence: float | None = None

    def observe(self, event: Event) -> None:
        """Take one event."""
        match event:
            case WakeHeard():
                self.woke = True
            case EndpointReached(audio_ms=audio_ms) if self.ended_audio_ms is None:
                self.ended_audio_ms = audio_ms
            case CallsReady(confidence=confidence):
                self.confidence = confidence
            case ToolCalled(name=name, effects=effects, error=error):
                self.calls.append(name)
                self.errors += [error] if error else []
                self.effects += effects
            case Reply(text=text, language=language):
                self.replies.append(text)
                self.language = language
            case TurnEnded(endpoint_ms=endpoint_ms, first_token_ms=first_token_ms):
                self.endpoint_delay_ms = self.endpoint_delay_ms or endpoint_ms
                self.first_token_ms = self.first_token_ms or first_token_ms
            case Failed(message=message):
                self.failures.append(message)
            case _:
                pass

    @property
    def reply(self) -> str:
        """Everything that was said, in order."""
        return " ".join(filter(None, self.replies))


@dataclass(frozen=True, slots=True)
class Verdict:
    """A clip's label and result."""

    label: Mapping[str, Any]
    heard: Heard
    ok: bool
    cut_off: bool

    def record(self) -> dict[str, Any]:
        """The clip in `--json`'s form."""
        heard = self.heard
        return {
            "file": self.label["file"],
            "woke": heard.woke,
            "effects": heard.effects,
            "answer_from": heard.calls,
            "reply": heard.reply,
            "ended_audio_ms": heard.ended_audio_ms,
            "endpoint_delay_ms": heard.endpoint_delay_ms,
            "first_token_ms": heard.first_token_ms,
            "confidence": heard.confidence,
            "ok": self.ok,
        }


async def run(config: Config, directory: Path, json_file: Path | None, *, fast: bool, console: Console) -> None:
    """Evaluate a folder and print the tables."""
    verdicts = await replay_all(config, directory, fast=fast, console=console)
    summary = summarise(verdicts)
    if json_file is not None:
        write_report(json_file, {"summary": summary, "clips": [v.record() for v in verdicts]})
    show(console, verdicts, summary)


async def replay_all(config: Config, directory: Path, *, fast: bool, console: Console | None = None) -> list[Verdict]:
    """Replay and judge every clip of a folder; each has a home of its own."""
    labels = read_labels(directory)
    wall = WallClock()
    async with app.loaded(in_process(config), wall, speak=not fast) as stages:
        hidden = console is None or not console.is_terminal
        clips = track(labels, description="replaying", console=console, disable=hidden)
        return [await _replay(stages, directory, label, wall, fast=fast) for label in clips]


def in_process(config: Config) -> Config:
    """The config without a real home: an evaluation switches nobody's lights."""
    return replace(config, home=replace(config.home, kind="demo"))


def read_labels(directory: Path) -> list[dict[str, Any]]:
    """Read `expect.jsonl`. Raises UsageError with the line that can't be used."""
    path = directory / "expect.jsonl"
    labels = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) else "not UTF-8 text"
        raise UsageError(f"{path}: {reason}", remedy="give a folder with expect.jsonl and its clips") from e
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            label = json.loads(line)
        except ValueError as e:
            raise UsageError(f"{path}:{number}: no JSON: {e}", remedy="one JSON object a line") from e
        if not isinstance(label, dict) or not isinstance(label.get("file"), str):
            raise UsageError(f"{path}:{number}: no `file`", remedy='begin with {"file": "NAME.wav", ...}')
        for key, kinds in (("speech_end_ms", int | float), ("effects", list)):
            if key in label and not isinstance(label[key], kinds):
                raise UsageError(f"{path}:{number}: {key} is {label[key]!r}", remedy="see evaluate.py, or leave it out")
        labels.append(label)
    if not labels:
        raise UsageError(f"{path} names no clip", remedy="one JSON object a line")
    return labels


async def _replay(
    stages: app.Stages, directory: Path, label: Mapping[str, Any], wall: WallClock, *, fast: bool
) -> Verdict:
    clock = AudioClock() if fast else wall
    heard = Heard()
    source = FileSource(str(directory / label["file"]), clock)
    async with app.conversing(
        stages, clock=clock, wall=wall, speaker=NullSpeaker(clock), wake=label.get("wake", True), observe=heard.observe
    ) as (talk, home):
        before = values_of(home)
        await talk.run(source)
    return judge(label, heard, before)


def judge(label: Mapping[str, Any], heard: Heard, values: Mapping[str, Sequence[str]]) -> Verdict:
    """Compare one clip with its label. `values` gives, by entity, the words that an answer about it may contain."""
    cut_off = "speech_end_ms" in label and (heard.ended_audio_ms or 1e9) < label["speech_end_ms"]
    done_right = same_effects(label.get("effects", []), heard.effects)
    silent_negative = label.get("kind") == "negative" and not heard.reply
    said_right = (
        ("reply" not in label or plain(heard.reply) == plain(label["reply"]))
        and ("reply_language" not in label or heard.language == label["reply_language"])
        and ("answer_from" not in label or answers(heard, values.get(label["answer_from"], ())))
    )
    return Verdict(label, heard, done_right and (said_right or silent_negative) and not cut_off, cut_off)


def same_effects(wanted: Iterable[Mapping[str, Any]], done: Iterable[Mapping[str, Any]]) -> bool:
    """Whether two lists of effects are the same, whatever their order; numbers to 1e-6, strings without case."""
    left = list(done)
    for effect in wanted:
        match = next((other for other in left if _same(effect, other)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        a, b = ({k: v for k, v in x.items() if v not in ({}, None)} for x in (a, b))
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, int | float) and isinstance(b, int | float):
        return abs(a - b) <= 1e-6
    if isinstance(a, str) and isinstance(b, str):
        return a.casefold() == b.casefold()
    return bool(a == b)


def answers(heard: Heard, values: Sequence[str]) -> bool:
    """Whether the reply contains one of the words for the state, as a whole word."""
    said = heard.reply.casefold()
    return any(re.search(rf"(?<![\w.]){re.escape(v.casefold())}(?!\w)", said) for v in values)


def values_of(home: Home) -> dict[str, Sequence[str]]:
    """For every entity, `clock` and `timer`: what an answer about it must contain one of."""
    now = datetime.now().astimezone()
    left = [str(n) for timer in home.timers.running for n in (timer.seconds // 60, timer.seconds)]
    values: dict[str, Sequence[str]] = {id_: home.things.facts(id_) for id_ in home.things.states()}
    values["clock"] = [f"{now:%H:%M}", f"{now:%-H:%M}", f"{now:%-I:%M %p}", f"{now:%A}"]
    values["timer"] = left or ["no timer", "no timers", "timer"]
    return values


def plain(text: str) -> str:
    """Without case, punctuation and doubled spaces."""
    return " ".join(re.sub(r"[^\w\s]", "", text.casefold()).split())


def summarise(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The figures of a run."""
    positives = [v for v in verdicts if v.label.get("kind") != "negative"]
    negatives = [v for v in verdicts if v.label.get("kind") == "negative"]
    wrong = [v for v in verdicts if v.heard.effects and not _right_effects(v)]
    by_label: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for verdict in verdicts:
        for key, value in verdict.label.items():
            if key not in NOT_LABELS and isinstance(value, str | int | float | bool):
                by_label[key][str(value)][0] += verdict.ok
                by_label[key][str(value)][1] += 1
    return {
        "clips": len(verdicts),
        "ok": sum(v.ok for v in verdicts),
        "ok_share": sum(v.ok for v in verdicts) / len(verdicts),
        "wake_recall": _share(v.heard.woke for v in positives),
        "false_wakes": sum(v.heard.woke for v in negatives),
        "right_effects_share": _share(_right_effects(v) for v in verdicts if v.label.get("effects")),
        "wrong_actions": len(wrong),
        "wrong_action_share": len(wrong) / len(verdicts),
        "cut_offs": sum(v.cut_off for v in verdicts),
        "failures": sum(len(v.heard.failures) for v in verdicts),
        "endpoint_delay_ms": percentiles(v.heard.endpoint_delay_ms for v in verdicts),
        "first_token_ms": percentiles(v.heard.first_token_ms for v in verdicts),
        "by_label": {k: {v: {"ok": n[0], "clips": n[1]} for v, n in sorted(by.items())} for k, by in by_label.items()},
    }


def _right_effects(verdict: Verdict) -> bool:
    return same_effects(verdict.label.get("effects", []), verdict.heard.effects)


def _share(flags: Iterable[bool]) -> float | None:
    values = list(flags)
    return sum(values) / len(values) if values else None


def percentiles(values: Iterable[float | None]) -> dict[str, float] | None:
    """Median, 90th and 99th percentile; None without values."""
    known = sorted(v for v in values if v is not None)
    if not known:
        return None
    cuts = statistics.quantiles(known, n=100, method="inclusive") if len(known) > 1 else known * 99
    return {"p50": round(cuts[49], 1), "p90": round(cuts[89], 1), "p99": round(cuts[98], 1)}


def show_summary(console: Console, summary: Mapping[str, Any], counted: str) -> None:
    """Print the figures, and what is ok by each label; `counted`: what the figures count."""
    figures = Table(title="summary", show_header=False)
    for key, value in summary.items():
        if key != "by_label":
            figures.add_row(key, f"{value:.3f}" if isinstance(value, float) else str(value))
    console.print(figures)
    for label, by in summary["by_label"].items():
        if not 1 < len(by) <= 60:
            continue
        table = Table(escape(label), "ok", counted, "share", title=escape(f"by {label}"))
        for value, n in by.items():
            table.add_row(Text(value), str(n["ok"]), str(n[counted]), f"{n['ok'] / n[counted]:.0%}")
        console.print(table)


def show(console: Console, verdicts: Sequence[Verdict], summary: Mapping[str, Any]) -> None:
    """Print the tables: figures, ok by label, confusions."""
    show_summary(console, summary, "clips")
    confusions = Counter(
        (str(v.label.get("intent", "?")), " + ".join(v.heard.calls) or _said(v)) for v in verdicts if not v.ok
    )
    table = Table("meant", "understood", "clips", title="what went wrong")
    for (meant, understood), count in confusions.most_common(25):
        table.add_row(Text(meant), Text(understood), str(count))
    if table.row_count:
        console.print(table)


def _said(verdict: Verdict) -> str:
    if not verdict.heard.woke:
        return "(no wake)"
    return f'"{verdict.heard.reply[:40]}"' if verdict.heard.reply else "(nothing)"
