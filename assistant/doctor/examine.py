"""Carry out studies, one after another, whatever each of them does: raise, hang, or nothing.

Each runs in a thread of its own, which is left behind when its deadline passes: native code can't be stopped.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.doctor.findings import Facts, Finding, NotHere, Row, State, Study, absent, fail, refused
from assistant.errors import HeyGemmaError


@dataclass(frozen=True, slots=True)
class Report:
    """All rows; `hung`: a study is still under way, so that an ordinary exit might wait for it."""

    rows: tuple[Row, ...]
    hung: bool = False

    def count(self, state: State) -> int:
        """How many rows have this state."""
        return sum(row.finding.state is state for row in self.rows)

    @property
    def worst(self) -> Row | None:
        """What to mend first: the first failure, else the first warning. Rows come in that order: causes first."""
        for state in (State.FAIL, State.WARN):
            for row in self.rows:
                if row.finding.state is state:
                    return row
        return None

    @property
    def exit_code(self) -> int:
        """That of what to mend first; 0 where nothing fails."""
        return self.worst.finding.exit_code if self.worst is not None else 0


def examine(studies: Sequence[Study[Any]], begins: Callable[[str], None] = lambda _: None) -> Report:
    """Carry them out; `begins` is told the area before each."""
    rows: list[Row] = []
    hung = False
    for study in studies:
        begins(study.area)
        found = _within_deadline(study)
        hung = hung or found is None
        rows += found if found is not None else _instead(study, _hung(study))
    return Report(tuple(rows), hung)


def _within_deadline(study: Study[Any]) -> list[Row] | None:
    box: queue.SimpleQueue[list[Row]] = queue.SimpleQueue()
    threading.Thread(target=lambda: box.put(_rows(study)), name=f"doctor {study.area}", daemon=True).start()
    try:
        return box.get(timeout=study.deadline_s)
    except queue.Empty:
        return None


def _rows(study: Study[Facts]) -> list[Row]:
    try:
        facts = study.probe()
    except NotHere as e:
        return [Row(study.area, name, absent(str(e))) for name, _ in study.checks]
    except HeyGemmaError as e:
        return list(_instead(study, refused(e)))
    except Exception as e:  # noqa: BLE001 - whatever it is: it is told, and the rest goes on
        return list(_instead(study, _broke(e)))
    return [Row(study.area, name, _judged(check, facts)) for name, check in study.checks]


def _judged(check: Callable[[Facts], Finding], facts: Facts) -> Finding:
    try:
        return check(facts)
    except Exception as e:  # noqa: BLE001 - as above
        return _broke(e)


def _instead(study: Study[Any], finding: Finding) -> Iterator[Row]:
    """One row says what went wrong, the others refer to it."""
    (leading, _), *others = study.checks
    yield Row(study.area, leading, finding)
    for name, _ in others:
        yield Row(study.area, name, absent(f"unknown: see {leading}"))


def _broke(error: Exception) -> Finding:
    return fail(f"the check itself failed: {type(error).__name__}: {error}".rstrip(": "), "report this line as a bug")


def _hung(study: Study[Any]) -> Finding:
    return fail(f"no answer within {study.deadline_s:.0f} s", "try again when the machine is less busy, or restart it")
