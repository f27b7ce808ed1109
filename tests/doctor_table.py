"""`python -m tests.doctor_table`: docs/DOCTOR.md, each check of `hey-gemma doctor` and how it fails, from its tests."""

import sys
from collections.abc import Iterator
from pathlib import Path

from assistant.doctor.findings import State
from tests.test_doctor_checks import BY_PROBE, CHECKS, ILL, of_probe

PAGE = Path(__file__).parent.parent / "docs" / "DOCTOR.md"
HEAD = """\
# What doctor finds

Written by `python -m tests.doctor_table` from the facts with which `tests/test_doctor_checks.py` makes each check fail;
names and figures are that test's. The exit code is the first failure's; a warning has none.

| check | is | what it says | what to do | exit code |
|---|---|---|---|---|
"""


def rows() -> Iterator[str]:
    """A line for each way to fail, in the order of the checks."""
    for name, check in CHECKS.items():
        ill = [check(facts) for row, facts, state, *_ in ILL if row == name and state is not State.ABSENT]
        for found in [*ill, *([of_probe(name)] if name in BY_PROBE else [])]:
            fix = found.fix.replace(sys.executable, ".venv/bin/python")
            cells = (name, found.state.value, found.found, fix, str(found.exit_code or ""))
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def page() -> str:
    """The whole page."""
    return HEAD + "\n".join(rows()) + f"\n\n{len(CHECKS)} checks.\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
