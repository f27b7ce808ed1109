"""Whether sound can be encoded while it comes in, tried in a process of its own: ggml ends the process on an error.

Knows no more than `Conformer`. A short noise must give the same rows in small hops and in large ones, and all that
were promised; that they are mtmd's rows too is shown by tests. tiny takes 0.4 s, E2B's shapes 1.5 s on one core: a
success is remembered until the file, llama-cpp-python or this program change.
"""

import hashlib
import logging
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np

import assistant
from assistant.errors import HeyGemmaError
from assistant.llm import ggml
from assistant.llm.conformer import TOKEN_SAMPLES, Conformer, Rows
from assistant.llm.prefix_cache import identity
from assistant.places import cache_dir
from assistant.stages import Pcm

_LOG = logging.getLogger(__name__)
TOKENS = 15
CLOSE_ENOUGH = 0.9999  # cosine: on x86-64 the rows are equal, other processors may round by the size of a hop
TIMEOUT_S = 60
PASSED = "passed"


def works(mmproj: Path, *, cache: Path | None = None, timeout_s: float = TIMEOUT_S) -> str | None:
    """Give the reason why `Conformer` can't be used with this file here, None if it can.

    `cache`: where a success is remembered, the program's cache directory if not given.
    """
    if not mmproj.is_file():
        return f"{mmproj} is not there"
    marker = (cache or cache_dir()) / f"streaming-{_key(mmproj)}.ok"
    if marker.exists():
        return None
    environment = {**os.environ, "GGML_NO_BACKTRACE": "1"}  # it would start a debugger
    command = [sys.executable, "-m", __name__, str(mmproj)]
    try:
        run = subprocess.run(  # noqa: PLW1510 - a failure is an answer here
            command, env=environment, capture_output=True, text=True, timeout=timeout_s
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        return f"the self-test of the streaming ear didn't end: {error}"
    if run.returncode:
        *_, last = ["", *run.stderr.strip().splitlines()]
        return f"the self-test of the streaming ear ended with {run.returncode}: {last}"
    verdict = run.stdout.strip()
    if verdict != PASSED:
        return verdict
    try:
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
    except OSError as error:
        _LOG.warning("%s can't be written, the next start will be slower: %s", marker, error.strerror)
    return None


def check(mmproj: Path) -> str:
    """Try the encoder in this process: `passed`, or what is wrong."""
    try:
        conformer = Conformer(mmproj)
    except HeyGemmaError as error:
        return f"{error.message} ({error.remedy})"
    sound = np.random.default_rng(0).normal(0, 2000, TOKENS * TOKEN_SAMPLES + 1).astype(np.int16)
    small, large = _encode(conformer, sound, 2), _encode(conformer, sound, 12)
    conformer.close()
    for rows in (small, large):
        if rows.shape != (TOKENS, conformer.width) or not np.isfinite(rows).all() or not rows.std(axis=0).any():
            return "the streaming ear makes no sensible rows here"
    norms = np.linalg.norm(small, axis=1) * np.linalg.norm(large, axis=1)
    if ((small * large).sum(axis=1) < CLOSE_ENOUGH * norms).any():
        return "the streaming ear's rows depend on the size of its hops here"
    return PASSED


def _encode(conformer: Conformer, sound: Pcm, hop: int) -> Rows:
    conformer.reset()
    conformer.feed(sound)
    parts = []
    while conformer.ready >= hop:
        parts.append(conformer.encode(hop))
    return np.concatenate([*parts, conformer.flush()])


def _key(mmproj: Path) -> str:
    about = f"{identity(mmproj)} {metadata.version(ggml.PACKAGE)} {assistant.__version__}"
    return hashlib.sha256(about.encode()).hexdigest()[:24]


if __name__ == "__main__":
    sys.stdout.write(check(Path(sys.argv[1])) + "\n")
