"""The wake log, a proposal and a measurement, printed: tables in a terminal, plain lines with tabs in a pipe."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from assistant.config import SHIPPED_WORD, WakeConfig
from assistant.waking.entry import Entry, Kind, Log
from assistant.waking.measure import Report
from assistant.waking.meter import counted
from assistant.waking.store import Store
from assistant.waking.tune import Case, Gain, Proposal

MOST_PLACES = 20
_KINDS = {Kind.WAKE: "wake", Kind.NEAR: "near", Kind.REJECTED: "rejected"}
_WORDS = {"time", "what", "led to", "meant", "clip", "then", "was it meant", "hey", "other", "file", "threshold"}
_MEANT = {None: "", True: "yes", False: "no"}
_STYLES = {Kind.WAKE: "green", Kind.NEAR: "yellow", Kind.REJECTED: "magenta"}


def log(console: Console, store: Store, found: Log, last: int, config: WakeConfig) -> None:
    """Print the `last` entries (0: all), the newest at the bottom, and what is kept of them."""
    entries = found.entries[-last:] if last else found.entries
    clips = [store.clip_of(entry) for entry in entries]
    columns = ("no.", "time", "what", "score", "dB", "led to", "meant", "clip")
    rows = [_row(entry, _clip(console, entry, clip)) for entry, clip in zip(entries, clips, strict=True)]
    _table(console, "wake log", columns, rows)
    for line in _log_summary(store, found, len(entries), config, any(clips)):
        console.print(line, markup=False, soft_wrap=True)


def _row(entry: Entry, clip: str) -> tuple[str | Text, ...]:
    return (
        str(entry.number),
        _time(entry),
        Text(
            _KINDS[entry.kind] + (f" {entry.word}" if entry.word not in ("", SHIPPED_WORD) else ""), _STYLES[entry.kind]
        ),
        f"{entry.score:.2f}",
        f"{entry.peak_dbfs:.0f}",
        entry.then,
        _MEANT[entry.meant],
        clip,
    )


def _time(entry: Entry) -> str:
    return f"{entry.at.astimezone():%Y-%m-%d %H:%M:%S}"


def _clip(console: Console, entry: Entry, clip: Path | None) -> str:
    if clip is None:
        return "deleted" if entry.clip else ""
    return "yes" if console.is_terminal else str(clip)


def _log_summary(store: Store, found: Log, shown: int, config: WakeConfig, clips: bool) -> Iterable[str]:
    counts = {kind: sum(entry.kind is kind for entry in found.entries) for kind in Kind}
    if found.entries:
        more = f" The last {shown} are shown: --last 0 shows all." if shown < len(found.entries) else ""
        rejected = f", {counts[Kind.REJECTED]} rejected" if counts[Kind.REJECTED] else ""
        wakes, near = counted(counts[Kind.WAKE], "wake"), counted(counts[Kind.NEAR], "near miss", "near misses")
        yield f"{wakes}, {near}{rejected}.{more}"
    elif config.log:
        yield f"Nothing yet in {store.folder}: it fills while hey-gemma run listens to the microphone."
    if not config.log:
        yield "Nothing is logged: wake.log is false."
    if found.damaged:
        yield f"{counted(found.damaged, 'line is', 'lines are')} damaged and left out."
    if clips:
        yield f"To listen: hey-gemma wake log --play N. The clips are in {store.clips}."
    elif found.entries and config.log:
        yield (
            "Their sound is kept from now on." if config.keep_clips
            else "No sound is kept; wake.keep_clips = true keeps some, to listen to."
        )  # fmt: skip


def proposal(console: Console, found: Proposal, gain: Gain, entries: int) -> None:
    """Print what is proposed, and what would have been otherwise."""
    lines = [f"{len(found.cases)} of {entries} entries tell whether they were meant."]
    for threshold in dict.fromkeys((found.now, found.threshold) if found.cases else ()):
        missed, false = found.wrong(threshold)
        lines.append(f"threshold {threshold:.2f}: {missed} missed, {false} false")
    lines.append(
        f"Keep the threshold {found.now:.2f}: {found.reason}." if found.threshold == found.now
        else f"Proposed: threshold {found.threshold:.2f}, {found.reason}."
    )  # fmt: skip
    lines.append(
        f"Keep the gain {gain.now_db:g} dB: {gain.reason}." if gain.gain_db == gain.now_db
        else f"Proposed: gain {gain.gain_db:g} dB instead of {gain.now_db:g}: {gain.reason}."
    )  # fmt: skip
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
    if found.flips:
        rows = [_flip(case, found.threshold) for case in found.flips]
        _table(console, "would have been otherwise", ("no.", "time", "score", "then", "was it meant"), rows)


def _flip(case: Case, threshold: float) -> tuple[str, ...]:
    entry = case.entry
    then = "would wake" if case.wakes(threshold) else "would not wake"
    meant = f"{_MEANT[case.meant]}: {case.why}"
    return str(entry.number), _time(entry), f"{entry.score:.2f}", then, meant


def report(console: Console, found: Report) -> None:
    """Print a measurement. In a pipe every row begins with the name of its table."""
    _table(
        console,
        f"recall at threshold {found.threshold:g}",
        ("hey", "recordings", "woke", "recall", "at least (95 %)", "by the score alone"),
        [
            (r.group, str(r.recordings), str(r.woke), f"{r.recall:.1%}", f"{r.at_least:.1%}", str(r.scored))
            for r in found.recall
        ],
        label="recall",
    )
    _table(
        console,
        f"false wakes at threshold {found.threshold:g}",
        ("other", "hours", "wakes", "an hour", "at most (95 %)", "near", "by the score alone"),
        [
            (
                f.group,
                f"{f.hours:.3f}",
                str(f.wakes),
                f"{f.an_hour:.2f}",
                f"{f.at_most:.2f}",
                str(f.near),
                str(f.scored),
            )
            for f in found.false_wakes
        ],
        label="false",
    )
    _table(
        console,
        "at other thresholds",
        ("threshold", "recall", "false wakes an hour"),
        [(f"{t.threshold:g}", _known(t.recall, ".1%"), _known(t.false_wakes_an_hour, ".2f")) for t in found.thresholds],
        label="threshold",
    )
    _table(
        console,
        "to listen to",
        ("what", "file", "at", "score"),
        [
            *(("missed", p.file, "", f"{p.score:.2f}") for p in found.missed[:MOST_PLACES]),
            *(("false wake", p.file, f"{p.at_s} s", f"{p.score:.2f}") for p in found.woke_falsely[:MOST_PLACES]),
        ],
        label="place",
    )
    for line in _remarks(found):
        console.print(line, markup=False, soft_wrap=True)


def _remarks(found: Report) -> Iterable[str]:
    left_out = max(0, len(found.missed) - MOST_PLACES) + max(0, len(found.woke_falsely) - MOST_PLACES)
    if left_out:
        yield f"{left_out} more of them: --json has all."
    if not found.recall:
        yield "Recall isn't known: there is no recording in hey/."
    if not found.false_wakes:
        yield "False wakes aren't known: there is no recording in other/."
    yield from (f"left out: {message}" for message in found.unreadable)


def _known(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _table(
    console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str | Text]], label: str = ""
) -> None:
    if not rows:
        return
    if not console.is_terminal:
        for row in rows:  # print would make spaces of the tabs
            console.file.write("\t".join([*([label] if label else ()), *map(str, row)]) + "\n")
        return
    table = Table(title=title)
    for column in columns:
        table.add_column(column, justify="left" if column in _WORDS else "right", overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    console.print(table)
