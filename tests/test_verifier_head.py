"""models/hey_gemma/verifier_head.py: which stretches of a sound are learned from."""

from pathlib import Path

import numpy as np
import pytest

from models.hey_gemma import verifier_head
from models.hey_gemma.verifier_head import RATE, STRETCH, Side, stretches

LENGTH = 5 * RATE


@pytest.mark.parametrize("end_ms", [400.0, 1_200.0, 4_900.0])
def test_a_word_is_whole_in_every_stretch_that_has_it_and_in_no_other(end_ms: float) -> None:
    end = int(end_ms * RATE / 1000)
    found = list(stretches("word", end_ms, LENGTH, np.random.default_rng(1)))
    assert [word for *_, word in found].count(True) == 2
    for start, stop, word in found:
        assert 0 <= start < stop <= LENGTH
        assert stop - start <= STRETCH
        assert start <= max(0, end - RATE) and end <= stop if word else start > end


@pytest.mark.parametrize(
    ("kind", "length"), [("near", LENGTH), ("near", RATE // 2), ("speech", 20 * RATE), ("noise", RATE)]
)
def test_other_sounds_have_none_of_it(kind: str, length: int) -> None:
    found = list(stretches(kind, -1.0, length, np.random.default_rng(2)))
    assert found
    assert not any(word for *_, word in found)
    assert all(0 <= start < stop <= length for start, stop, _ in found)


def test_the_plan_names_every_shard_once() -> None:
    names = [verifier_head.name(kind, number, validation=held) for kind, number, held in verifier_head.plan()]
    assert len(set(names)) == len(names)
    assert {"word-v-0000.npz", "near-v-0003.npz", "word-0000.npz", "near-1006.npz"} < set(names)


def test_what_is_too_short_to_learn_from_is_left_out(tmp_path: Path) -> None:
    rows = [np.full((n, 2), n, np.float16) for n in (7, 8, 12)]
    verifier_head.save(tmp_path / "word-0000.npz", rows, word=[True, False, True])
    side = Side()
    side.add(tmp_path / "word-0000.npz")
    assert [len(array) for array in side.rows] == [8, 12]
    assert side.word == [False, True]
