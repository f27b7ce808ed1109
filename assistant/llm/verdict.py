"""A complete draft -> what it says about the sentence that it answers. Pure."""

from collections.abc import Collection, Sequence

from assistant.llm.parse import Malformed, ReplyParser
from assistant.stages import Call, Piece, Say, Verdict


def judge(pieces: Sequence[Piece], unsure: Collection[str]) -> Verdict:
    """Judge a whole reply. `unsure`: the model's own words for "I didn't understand"."""
    parser = ReplyParser()
    parts = [part for piece in pieces for part in parser.feed(piece)] + parser.finish()
    if any(isinstance(part, Malformed) for part in parts):
        return Verdict("unsure", parser.confidence)
    if any(isinstance(part, Call) for part in parts):
        return Verdict("call", parser.confidence)
    said = " ".join(part.text for part in parts if isinstance(part, Say))
    return Verdict("unsure" if said in unsure else "talk", 1.0)
