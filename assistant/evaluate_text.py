"""`hey-gemma eval DIR` on a text set (text_set.py): every sentence is typed, as with `hey-gemma ask`, to its own home.

Right is a sentence after which exactly what it expects has changed, and whose reply contains what it expects. A
question that wants a yes gets one: what is measured is understanding, and a set's home is nobody's. A sentence takes
tiny 0.1 s.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from assistant import app, text_set
from assistant.audio.clock import WallClock
from assistant.audio.replay import NullSpeaker
from assistant.config import Config
from assistant.evaluate import in_process, show_summary
from assistant.intents.demo_home import DemoHome
from assistant.judging import Heard
from assistant.speech.silent import Silent
from assistant.text_set import Group, Task
from assistant.trace import check_folder, write_report

MAY_ASK = frozenset({"lock", "alarm_control_panel", "cover", "switch", "script"})
_WIDEST = 60


@dataclass(frozen=True, slots=True)
class Result:
    """What one sentence brought about. `differences`: by entity and attribute, what was expected and what is."""

    task: Task
    heard: Heard
    asked: bool
    differences: Mapping[str, Mapping[str, Sequence[Any]]]

    @property
    def ok(self) -> bool:
        """Whether all that the set states holds."""
        said = self.heard.reply.casefold()
        answered = not self.task.answers or any(answer.casefold() in said for answer in self.task.answers)
        return not self.differences and answered and not self.heard.failures

    @property
    def acted_wrongly(self) -> bool:
        """Whether something was done, and the home isn't as expected."""
        return bool(self.heard.effects and self.differences)

    def record(self) -> dict[str, Any]:
        """The sentence in `--json`'s form."""
        return {
            "home": self.task.home, "sentence": self.task.sentence, "category": self.task.category,
            "expects": self.task.expects, "calls": self.heard.calls, "effects": self.heard.effects, "asked": self.asked,
            "reply": self.heard.reply, "confidence": self.heard.confidence, "differences": self.differences,
            "ok": self.ok,
        }  # fmt: skip


async def run(config: Config, directory: Path, json_file: Path | None, *, console: Console) -> None:
    """Evaluate a set and print the tables."""
    check_folder(json_file, option="--json")
    results = await ask_all(config, text_set.read(directory), console=console)
    summary = summarise(results)
    show(console, results, summary)
    if json_file is not None:
        write_report(json_file, {"summary": summary, "sentences": [result.record() for result in results]})


async def ask_all(config: Config, groups: Sequence[Group], *, console: Console | None = None) -> list[Result]:
    """Type every sentence to a home of its own; the model is loaded once a group, for it is told of the home."""
    results = []
    wall = WallClock()
    hidden = console is None or not console.is_terminal
    with Progress(console=console, disable=hidden) as progress:
        bar = progress.add_task("asking", total=sum(len(group.tasks) for group in groups))
        for group in groups:
            settings = _allowing(in_process(config), group)
            first = group.tasks[0].furnished
            async with app.loaded(settings, wall, silent=Silent(), wake=False, furnished=first) as stages:
                for task in group.tasks:
                    results.append(await _ask(stages, task, wall))
                    progress.advance(bar)
    return results


def _allowing(config: Config, group: Group) -> Config:
    """The config's rules, but that whatever may need a yes may happen after one."""
    ids = tuple(t.entity.id for t in group.tasks[0].furnished.things if t.entity.domain in MAY_ASK)
    return replace(config, home=replace(config.home, policy=replace(config.home.policy, confirm=ids, pin="")))


async def _ask(stages: app.Stages, task: Task, wall: WallClock) -> Result:
    heard = Heard()
    async with app.conversing(
        stages, clock=wall, wall=wall, speaker=NullSpeaker(wall), observe=heard.observe, furnished=task.furnished
    ) as (talk, home):
        await talk.ask(task.sentence)
        if asked := talk.asked and "needs_yes" in heard.errors:
            await talk.ask("yes")
    assert isinstance(home.things, DemoHome)  # noqa: S101 - in_process sees to it
    return Result(task, heard, asked, task.differences(home.things.things()))


def summarise(results: Sequence[Result]) -> dict[str, Any]:
    """The figures of a run."""
    labels = ("expects", "category", "home")
    by: dict[str, dict[str, list[int]]] = {label: defaultdict(lambda: [0, 0]) for label in labels}
    for result in results:
        for label, counts in by.items():
            count = counts[getattr(result.task, label)]
            count[0] += result.ok
            count[1] += 1
    ok, wrong = sum(r.ok for r in results), sum(r.acted_wrongly for r in results)
    scored = [r for r in results if r.task.expects != "nothing"]
    return {
        "sentences": len(results),
        "ok": ok,
        "ok_share": ok / len(results),
        "ok_share_where_something_is_expected": sum(r.ok for r in scored) / len(scored) if scored else None,
        "wrong_actions": wrong,
        "wrong_action_share": wrong / len(results),
        "asked": sum(r.asked for r in results),
        "failures": sum(len(r.heard.failures) for r in results),
        "by_label": {
            label: {value: {"ok": n[0], "sentences": n[1]} for value, n in sorted(counts.items())}
            for label, counts in by.items()
        },
    }


def show(console: Console, results: Sequence[Result], summary: Mapping[str, Any]) -> None:
    """Print the tables: figures, ok by label, every sentence that went wrong."""
    show_summary(console, summary, "sentences")
    table = Table("home", "sentence", "reply", "expected, and is", title="what went wrong")
    for result in results:
        if not result.ok:
            cells = (result.task.home, result.task.sentence, result.heard.reply[:_WIDEST], _wrong(result))
            table.add_row(*map(Text, cells))
    if table.row_count:
        console.print(table)


def _wrong(result: Result) -> str:
    if result.differences:
        return "\n".join(f"{id_}: {json.dumps(wrong)}" for id_, wrong in result.differences.items())
    return f"one of {', '.join(result.task.answers)}" if result.task.answers else " ".join(result.heard.failures)
