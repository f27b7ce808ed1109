"""How a text is cut into pieces, and how many are made before the first is heard, so that no silence comes in between.

Pure: the real-time factor (seconds of work for a second of sound) is given. Sound lasts about as long as its letters
say: 37 letters of en_US-joe-medium took 2.7 s. 5 µs an answer.
"""

from collections.abc import Sequence

_LETTERS_A_SECOND = 14.0
_SIGNS_A_SECOND = 7.0  # Japanese, Chinese
_WORSE = 1.3  # a busy processor, a slow sentence
START_FACTOR = 0.3


def lasts_s(text: str) -> float:
    """About how long a text is heard."""
    signs = sum(c >= "\u3000" for c in text)
    return signs / _SIGNS_A_SECOND + (len(text) - signs) / _LETTERS_A_SECOND


def pieces(sentences: Sequence[Sequence[str]], factor: float, ahead_s: float = 0.0) -> list[tuple[int, str]]:
    """Clauses, by sentence -> what is synthesized at once, with the number of its sentence.

    One clause first, whole sentences as soon as there is time.
    `ahead_s`: so much sound waits to be heard already. A piece never spans two sentences.
    """
    cut: list[tuple[int, str]] = []
    for at, clauses in enumerate(sentences):
        piece = ""
        for clause in clauses:
            longer = f"{piece} {clause}".strip()
            if piece and lasts_s(longer) * factor * _WORSE > ahead_s:
                cut.append((at, piece))
                ahead_s = max(0.0, ahead_s - lasts_s(piece) * factor) + lasts_s(piece)
                longer = clause
            piece = longer
        if piece:
            cut.append((at, piece))
            ahead_s = max(0.0, ahead_s - lasts_s(piece) * factor) + lasts_s(piece)
    return cut


def held(texts: Sequence[str], factor: float, ahead_s: float = 0.0) -> int:
    """How many pieces to have ready before the first is heard: the fewest with which no gap comes; at least one."""
    made_s = heard_s = latest_s = 0.0  # when a piece is ready; what is heard before it; the latest start without a gap
    for text in texts:
        made_s += lasts_s(text) * factor * _WORSE
        latest_s = max(latest_s, made_s - heard_s - ahead_s)
        heard_s += lasts_s(text)
    ready_s = 0.0
    for count, text in enumerate(texts, 1):
        ready_s += lasts_s(text) * factor * _WORSE
        if ready_s >= latest_s - 1e-9:
            return count
    return 1


def measured(factor: float, spent_s: float, sound_s: float) -> float:
    """The factor after one more piece: a slower one counts at once, faster ones little by little."""
    if sound_s < 0.2:
        return factor
    now = spent_s / sound_s
    return now if now > factor else 0.8 * factor + 0.2 * now
