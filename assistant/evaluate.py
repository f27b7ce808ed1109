"""`hey-gemma eval DIR`: replay labelled clips, compare what was done and said with what the labels state.

Reads only events and the home's states; `judging` says what is ok. Fast: 0.3 s a clip for tiny on one core; no voice
is synthesized, but an answer takes as long as one.
"""

import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
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
from assistant.homes import Home
from assistant.judging import Heard, Verdict, judge
from assistant.speech.silent import Silent
from assistant.trace import check_folder, write_report

CHECKED = ("effects", "answer_from", "reply", "reply_language", "speech_end_ms")
SPOKEN_MS_A_SIGN = 60.0  # Piper
NOT_LABELS = {*CHECKED, "file", "text", "target", "wording", "id"}


async def run(config: Config, directory: Path, json_file: Path | None, *, fast: bool, console: Console) -> None:
    """Evaluate a folder and print the tables."""
    check_folder(json_file, option="--json")
    verdicts = await replay_all(config, directory, fast=fast, console=console)
    summary = summarise(verdicts)
    show(console, verdicts, summary)
    if json_file is not None:
        write_report(json_file, {"summary": summary, "clips": [v.record() for v in verdicts]})


async def replay_all(config: Config, directory: Path, *, fast: bool, console: Console | None = None) -> list[Verdict]:
    """Replay and judge every clip of a folder; each has a home of its own."""
    labels = read_labels(directory)
    wall = WallClock()
    async with app.loaded(in_process(config), wall, silent=Silent(SPOKEN_MS_A_SIGN) if fast else None) as stages:
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


def values_of(home: Home) -> dict[str, Sequence[str]]:
    """For every entity, `clock` and `timer`: what an answer about it must contain one of."""
    now = datetime.now().astimezone()
    left = [str(n) for timer in home.timers.running for n in (timer.seconds // 60, timer.seconds)]
    values: dict[str, Sequence[str]] = {id_: home.things.facts(id_) for id_ in home.things.states()}
    values["clock"] = [f"{now:%H:%M}", f"{now:%-H:%M}", f"{now:%-I:%M %p}", f"{now:%A}"]
    values["timer"] = left or ["no timer", "no timers", "timer"]
    return values


def summarise(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The figures of a run."""
    positives = [v for v in verdicts if v.label.get("kind") != "negative"]
    negatives = [v for v in verdicts if v.label.get("kind") == "negative"]
    wrong = [v for v in verdicts if v.heard.effects and not v.right_effects]
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
        "right_effects_share": _share(v.right_effects for v in verdicts if v.label.get("effects")),
        "wrong_actions": len(wrong),
        "wrong_action_share": len(wrong) / len(verdicts),
        "wrong_in_the_end": sum(v.wrong_in_the_end for v in verdicts),
        "cut_offs": sum(v.cut_off for v in verdicts),
        "failures": sum(len(v.heard.failures) for v in verdicts),
        "endpoint_delay_ms": percentiles(v.heard.endpoint_delay_ms for v in verdicts),
        "first_token_ms": percentiles(v.heard.first_token_ms for v in verdicts),
        "by_label": {k: {v: {"ok": n[0], "clips": n[1]} for v, n in sorted(by.items())} for k, by in by_label.items()},
    }


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
