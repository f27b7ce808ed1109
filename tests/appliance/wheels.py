"""Which locked packages have a wheel for the Raspberry Pi's Pythons, and which must be compiled there.

    python -m tests.appliance.wheels

Asks PyPI through pip, for each Python, for all of requirements.lock at once, then for requirements-gpio.lock; what has
no wheel is named, and asked for without. Nothing is installed; pip fetches descriptions only where PyPI has them.
"""

import itertools
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.markers import Marker
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
LOCKS = (LOCK, ROOT / "requirements-gpio.lock")
PYTHONS = {"3.11": "Debian 12", "3.13": "Debian 13"}
GLIBC = {"3.11": 36, "3.13": 41}
OLDEST_GLIBC = 17
MACHINE = "aarch64"
_NO_WHEEL = re.compile(r"No matching distribution found for ([A-Za-z0-9._-]+)==")


def locked(text: str, python: str) -> list[str]:
    """`name==version` of each package that this Python needs on the Pi."""
    where = {
        "platform_machine": MACHINE, "platform_system": "Linux", "sys_platform": "linux", "os_name": "posix",
        "python_version": python, "python_full_version": f"{python}.0", "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }  # fmt: skip
    found = []
    for line in text.splitlines():
        match = re.match(r"([A-Za-z0-9._-]+==[^\s;\\]+)\s*(?:;\s*(.*?))?\s*\\?$", line)
        if match and (not match[2] or Marker(match[2]).evaluate(where)):
            found.append(match[1])
    return found


def platforms(python: str) -> list[str]:
    """What a wheel may be called that runs there."""
    return [f"manylinux_2_{minor}_{MACHINE}" for minor in range(GLIBC[python], OLDEST_GLIBC - 1, -1)] + [
        f"manylinux2014_{MACHINE}"
    ]


def fits(wheel: str, python: str) -> bool:
    """Whether a wheel's name says that it runs there."""
    version = tuple(map(int, python.split(".")))
    there = {*cpython_tags(version, platforms=platforms(python)), *compatible_tags(version, "cp", platforms(python))}
    return bool(parse_wheel_filename(wheel)[3] & there)


def ask(wanted: Sequence[str], python: str) -> tuple[Mapping[str, str], list[str]]:
    """(wheel by requirement, requirements without one)."""
    left = list(wanted)
    without: list[str] = []
    while True:
        with tempfile.TemporaryDirectory() as nowhere:
            run = subprocess.run(
                [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", "--no-deps",
                 "--ignore-requires-python",
                 "--only-binary=:all:", "--report=-", f"--python-version={python}", "--implementation=cp",
                 f"--target={nowhere}", *(f"--platform={name}" for name in platforms(python)), *left],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        if run.returncode == 0:
            files = [item["download_info"]["url"].rsplit("/", 1)[-1] for item in json.loads(run.stdout)["install"]]
            return dict(zip(left, files, strict=True)), without
        missing = _NO_WHEEL.search(run.stderr)
        if missing is None:
            sys.exit(run.stderr)
        (requirement,) = (one for one in left if one.split("==")[0] == missing[1])
        without.append(requirement)
        left.remove(requirement)


def main() -> int:
    """Ask for each Python and print."""
    wrong = 0
    for (python, system), lock in itertools.product(PYTHONS.items(), LOCKS):
        wheels, without = ask(locked(lock.read_text(encoding="utf-8"), python), python)
        strange = [file for file in wheels.values() if not fits(file, python)]
        wrong += len(strange)
        pure = sum(file.endswith("-any.whl") for file in wheels.values())
        print(
            f"{lock.name}, Python {python} ({system}), {MACHINE}: {len(wheels)} wheels, {pure} of them for any machine"
        )
        print(f"  to be compiled: {', '.join(without) or 'nothing'}")
        print(*(f"  doesn't fit: {file}\n" for file in strange), sep="", end="")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
