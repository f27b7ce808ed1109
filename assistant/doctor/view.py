"""The report for a person in a terminal, as plain lines in a pipe, and as JSON. Knows no check."""

import json
from collections.abc import Iterator
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from assistant import __version__
from assistant.doctor.examine import Report
from assistant.doctor.findings import Row, State

STYLES = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red", State.ABSENT: "dim"}


def show(report: Report, console: Console, *, well: str) -> None:
    """Print it; `well`: the next step where nothing is wrong. In a pipe a check is a line with tabs."""
    if console.is_terminal:
        console.print(_table(report))
        console.print(Text.assemble(*_counts(report)))
        why = f"    ({_line(_why(report))})" if report.worst is not None else ""
        console.print(Text.assemble(("Next: ", "bold"), _line(_next(report, well)), (why, "dim")))
        return
    for row in report.rows:
        finding = row.finding
        cells = (finding.state, row.area, row.name, finding.found, finding.fix)
        console.file.write("\t".join(map(_line, cells)).rstrip("\t") + "\n")  # print would make spaces of the tabs
    console.file.write(f"next\t{_line(_next(report, well))}\t{_line(_why(report))}".rstrip("\t") + "\n")


def as_json(report: Report, *, well: str) -> str:
    """One object."""
    return json.dumps(
        {
            "version": __version__,
            "ok": report.exit_code == 0,
            "exit_code": report.exit_code,
            "counts": {state.value: report.count(state) for state in State},
            "next": _next(report, well),
            "why": _why(report),
            "checks": [_object(row) for row in report.rows],
        },
        ensure_ascii=False,
        indent=1,
    )


def _object(row: Row) -> dict[str, str]:
    finding = row.finding
    return {
        "area": row.area,
        "name": row.name,
        "state": finding.state.value,
        "found": finding.found,
        "fix": finding.fix,
    }


def _table(report: Report) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for area, rows in groupby(report.rows, lambda row: row.area):
        table.add_row("", Text(area, style="bold"), "")
        for why, alike in groupby(rows, lambda row: row.finding.found if row.finding.state is State.ABSENT else None):
            if why is None:
                for row in alike:
                    table.add_row(*_cells(row))
            else:
                names = ", ".join(row.name for row in alike)
                table.add_row(Text(State.ABSENT, style="dim"), "", Text(f"{names}: {_line(why)}", style="dim"))
    return table


def _cells(row: Row) -> tuple[Text, Text, Text]:
    style = STYLES[row.finding.state]
    told = Text(_line(row.finding.found))
    if row.finding.fix:
        told.append("\nfix: ", style=style).append(_line(row.finding.fix))
    return Text(row.finding.state, style=style), Text(f"  {row.name}"), told


def _counts(report: Report) -> Iterator[tuple[str, str]]:
    for state in State:
        yield f"{report.count(state)} {state.value}   ", STYLES[state]


def _next(report: Report, well: str) -> str:
    worst = report.worst
    return well if worst is None else worst.finding.fix


def _why(report: Report) -> str:
    worst = report.worst
    return "" if worst is None else f"{worst.name}: {worst.finding.found}"


def _line(text: str) -> str:
    return " ".join(text.split())
