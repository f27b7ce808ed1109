"""The command's first lines: what must be set before a process starts, or before a library is loaded. Imports no more.

glibc's malloc in large pages, where the system lets a program ask for them: a token of E2B's shapes takes 15 % less
time, four rows of sound in the ear 10 % less. It is read once, as a process begins: so the command begins twice.
"""

import os
import sys

TUNABLES = "GLIBC_TUNABLES"
LARGE_PAGES = "glibc.malloc.hugetlb=1"
HEAVY = ("run", "bench")


def main() -> None:
    """Run the command."""
    if sys.platform == "linux" and sys.argv[1:2] and sys.argv[1] in HEAVY and TUNABLES not in os.environ:
        os.environ[TUNABLES] = LARGE_PAGES
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - the same program again, without a shell
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before libgomp loads: busy waiting costs 10x under load
    if sys.argv[1:2] == ["run"] and sys.stderr is not None:
        keep_stderr()
    try:
        from assistant import cli

        cli.main()
    except ModuleNotFoundError as e:  # even what tells of errors may be missing
        sys.exit(
            f"error: the Python package {e.name} is not there\n"
            f"what to do: in Hey Gemma's folder: {sys.executable} -m pip install --require-hashes -r requirements.lock"
        )


def keep_stderr() -> None:
    """Print where ALSA doesn't: devices.py silences its place."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")
