"""A complete draft -> what it says about the sentence that it answers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.llm.parse import Malformed, ReplyParser
from assistant.stages import Call, Piece, Say, Verdict


@dataclass(frozen=True, slots=True)
class Doubts:
    """How one model shows that it is unsure: its own words for "I didn't understand", calls under a confidence.

    A drafted call under `sure` is decoded a second time, with the silence behind the words heard. It counts if it is
    the same, with `agreeing` at least, or confident by itself.
    """

    replies: frozenset[str] = frozenset()
    confidence: float = 0.0
    sure: float = 0.0
    agreeing: float = 0.8

    def doubt(self, verdict: Verdict) -> bool:
        """Whether a draft should be decoded a second time."""
        return verdict.kind == "call" and verdict.confidence < self.sure


@dataclass(frozen=True, slots=True)
class Asked:
    """How one model says whether it was meant: its `[opinion]` table in `models/manifest.toml`.

    With a `question` it is asked, and it was where yes has `least` of yes and no; it hears `lead_ms` of sound before
    the command: the word itself. Without one its answer tells: where that makes no sense of what was said, it wasn't.
    """

    question: str = ""
    least: float = 0.5
    lead_ms: float = 0.0


def judge(pieces: Sequence[Piece], doubts: Doubts, before: str = "") -> Verdict:
    """Judge a whole reply; `before` is the one to less of the same sentence."""
    parser = ReplyParser()
    parts = [part for piece in pieces for part in parser.feed(piece)] + parser.finish()
    text = "".join(piece.text for piece in pieces)
    if any(isinstance(part, Malformed) for part in parts):
        return Verdict("unsure", parser.confidence)
    if any(isinstance(part, Call) for part in parts):
        if parser.confidence < doubts.confidence:
            return Verdict("unsure", parser.confidence)
        return Verdict("call", parser.confidence, again=before == text)
    said = " ".join(part.text for part in parts if isinstance(part, Say))
    return Verdict("unsure" if said in doubts.replies else "talk" if text.strip() else "nothing", 1.0)
