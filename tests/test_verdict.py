import pytest

from assistant.llm.verdict import Doubts, judge
from assistant.stages import Piece, Verdict

CALL = ("<|tool_call>", "call:TurnOn{}", "<tool_call|>")
DOUBTS = Doubts(frozenset({"Sorry, I didn't understand that."}), confidence=0.8)


@pytest.mark.parametrize(
    ("texts", "probability", "verdict"),
    [
        (CALL, 0.9, Verdict("call", 0.9)),
        (CALL, 0.7, Verdict("unsure", 0.7)),
        (CALL[:2], 0.9, Verdict("unsure", 0.9)),
        (("It is", " noon."), 0.3, Verdict("talk", 1.0)),
        (("Sorry, I didn't", " understand that."), 0.9, Verdict("unsure", 1.0)),
        ((), 1.0, Verdict("nothing", 1.0)),
        (("...",), 1.0, Verdict("talk", 1.0)),
    ],
)
def test_a_draft_tells_what_it_makes_of_the_sentence(
    texts: tuple[str, ...], probability: float, verdict: Verdict
) -> None:
    assert judge([Piece(text, probability) for text in texts], DOUBTS) == verdict


@pytest.mark.parametrize(
    ("before", "texts", "again"),
    [
        ("".join(CALL), CALL, True),
        ("".join(CALL), ("<|tool_call>", "call:TurnOff{}", "<tool_call|>"), False),
        ("".join(CALL), CALL * 2, False),
        ("It is noon.", ("It is", " noon."), False),
        ("", CALL, False),
    ],
)
def test_a_draft_tells_when_it_asks_for_the_same_again(before: str, texts: tuple[str, ...], again: bool) -> None:
    assert judge([Piece(text, 0.9) for text in texts], DOUBTS, before).again is again
