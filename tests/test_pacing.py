"""Pieces and how many are held, with the work simulated."""

import pytest

from assistant.speech.pacing import START_FACTOR, held, lasts_s, measured, pieces

ANSWER = (
    ("Sure.",),
    ("The capital of France is Paris,", "which lies on the Seine,", "and has two million people."),
    ("It is old.",),
)


def gap_s(texts: list[str], factor: float, count: int, ahead_s: float = 0.0) -> float:
    """The longest silence between two pieces when `count` are ready before the first is heard."""
    ready, made_s = [], 0.0
    for text in texts:
        made_s += lasts_s(text) * factor
        ready.append(made_s)
    end_s = max(ahead_s, ready[count - 1])
    gap = 0.0
    for i, text in enumerate(texts):
        start_s = max(end_s, ready[i])
        gap = max(gap, start_s - end_s)
        end_s = start_s + lasts_s(text)
    return gap


@pytest.mark.parametrize("factor", [0.05, 0.1, 0.3, 0.5, 0.8, 1.0, 1.5, 3.0])
@pytest.mark.parametrize("sentences", [ANSWER, ANSWER[1:], (("Sure.",), ("x " * 200,)), ((" y" * 100,), ("No.",))])
def test_no_gap_comes_at_any_speed(factor: float, sentences: tuple[tuple[str, ...], ...]) -> None:
    """With as many pieces held as are needed, also with a voice slower than speech."""
    cut = [text for _, text in pieces(sentences, factor)]
    assert " ".join(cut).split() == " ".join(" ".join(s) for s in sentences).split()
    assert gap_s(cut, factor, held(cut, factor)) < 1e-6


def test_a_fast_voice_holds_nothing_and_cuts_little() -> None:
    """The first clause at once, then whole sentences."""
    cut = [text for _, text in pieces(ANSWER, 0.1)]
    assert cut == [
        "Sure.",
        "The capital of France is Paris,",
        "which lies on the Seine, and has two million people.",
        "It is old.",
    ]
    assert held(cut, 0.1) == 1


def test_a_slow_voice_holds_and_a_very_slow_one_holds_all() -> None:
    """Late, but without a gap."""
    cut = [text for _, text in pieces(ANSWER, 2.0)]
    assert held(cut, 2.0) >= len(cut) - 1
    assert held([], 2.0) == 1


def test_what_is_heard_already_gives_time() -> None:
    """Nothing is cut or held then."""
    assert pieces(ANSWER[1:2], 0.3, ahead_s=10.0) == [(0, " ".join(ANSWER[1]))]
    assert held(["Sure.", "x" * 100], 0.9) == 2
    assert held(["Sure.", "x" * 100], 0.9, ahead_s=20.0) == 1


def test_a_slower_piece_counts_at_once_a_faster_one_little_by_little() -> None:
    """A busy processor is noticed; a very short sound tells nothing."""
    assert measured(START_FACTOR, 2.0, 2.0) == 1.0
    assert measured(1.0, 0.2, 2.0) == pytest.approx(0.82)
    assert measured(0.5, 1.0, 0.1) == 0.5


def test_japanese_lasts_longer_a_sign() -> None:
    """One sign is a syllable."""
    assert lasts_s("あかりをつけました") > lasts_s("akariwotsu")
