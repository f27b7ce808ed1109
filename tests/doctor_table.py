"""`python -m tests.doctor_table`: docs/DOCTOR.md, every check of `hey-gemma doctor` and how it fails, from its tests.

Checks whose probe raises what is wrong have no facts to show, only their names.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from assistant.doctor.findings import State
from tests.test_doctor_checks import BY_PROBE, CHECKS, ILL

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
        for _, facts, state, *_ in [row for row in ILL if row[0] == name and row[2] is not State.ABSENT]:
            found = check(facts)
            fix = found.fix.replace(sys.executable, ".venv/bin/python")
            cells = (name, state.value, found.found, fix, str(found.exit_code or ""))
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def page() -> str:
    """The whole page."""
    last = f"\n{len(CHECKS)} checks. Made to fail by the tests of their probes: {', '.join(sorted(BY_PROBE))}.\n"
    return HEAD + "\n".join(rows()) + "\n" + last


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
