"""Whether the streaming encoder can be used here."""

import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.llm import self_test
from assistant.llm.conformer import Conformer, Rows
from assistant.llm.self_test import check, works

TINY = Path(__file__).parent.parent / "models" / "tiny"
MMPROJ = TINY / "tiny-mmproj.gguf"


class Runs:
    """Stands in for `subprocess.run`: counts, and answers as told."""

    def __init__(self, answer: subprocess.CompletedProcess[str] | Exception) -> None:
        self.answer = answer
        self.count = 0

    def __call__(self, *_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        self.count += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_a_success_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the file changes."""
    mmproj = tmp_path / "mmproj.gguf"
    mmproj.write_bytes(MMPROJ.read_bytes())
    assert works(mmproj, cache=tmp_path / "cache") is None
    runs = Runs(OSError("no more processes"))
    monkeypatch.setattr(subprocess, "run", runs)
    assert works(mmproj, cache=tmp_path / "cache") is None
    os.utime(mmproj, (1, 1))
    assert works(mmproj, cache=tmp_path / "cache") == "the self-test of the streaming ear didn't end: no more processes"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (subprocess.CompletedProcess([], -6, "", "ggml.c:1: GGML_ASSERT(a) failed\n"), "ended with -6: ggml.c:1"),
        (subprocess.CompletedProcess([], -9, "", ""), "ended with -9"),
        (subprocess.CompletedProcess([], 0, "rows depend on it\n", ""), "rows depend on it"),
        (subprocess.TimeoutExpired([], 60), "didn't end"),
    ],
)
def test_a_failure_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: subprocess.CompletedProcess[str] | Exception, reason: str
) -> None:
    runs = Runs(answer)
    monkeypatch.setattr(subprocess, "run", runs)
    for count in (1, 2):
        assert reason in (works(MMPROJ, cache=tmp_path) or "")
        assert runs.count == count


def test_a_file_that_is_no_encoder_is_named() -> None:
    assert "has no gemma4 audio encoder" in check(TINY / "tiny-text.gguf")
    assert works(TINY / "none.gguf") == f"{TINY / 'none.gguf'} is not there"


def test_a_cache_that_cannot_be_written_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", Runs(subprocess.CompletedProcess([], 0, f"{self_test.PASSED}\n", "")))
    (tmp_path / "file").touch()
    assert works(MMPROJ, cache=tmp_path / "file") is None


@pytest.mark.parametrize(("factor", "reason"), [(np.nan, "no sensible rows"), (-1.0, "depend on the size of its hops")])
def test_wrong_rows_are_noticed(monkeypatch: pytest.MonkeyPatch, factor: float, reason: str) -> None:
    right = Conformer.encode

    def wrong(self: Conformer, tokens: int) -> Rows:
        return right(self, tokens) * np.float32(factor if tokens == 2 else 1)

    monkeypatch.setattr(Conformer, "encode", wrong)
    assert reason in check(MMPROJ)
