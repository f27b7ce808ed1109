"""A vocabulary of the right size without the right words: Gemma 4's special tokens, bytes, and pieces of letters.

Control tokens, newlines and bytes stand at their real numbers where the vocabulary is large enough for them. The pieces
are made of one to three letters: a prompt comes to 2.0 to 2.4 times as many tokens as in the real vocabulary (single
characters: 4 to 5 times), which whoever measures a prefill has to count in.
"""

from dataclasses import dataclass
from string import ascii_lowercase, printable

NORMAL, CONTROL, USER_DEFINED, BYTE = 1, 3, 4, 6
SPACE = "\u2581"
FIRST_NEWLINES, FIRST_BYTE, FIRST_PIECE = 107, 238, 494

CONTROLS = {
    0: "<pad>", 1: "<eos>", 2: "<bos>", 3: "<unk>", 4: "<mask>", 46: "<|tool>", 47: "<tool|>", 98: "<|think|>",
    105: "<|turn>", 106: "<turn|>", 255_999: "<|image>", 256_000: "<|audio>", 258_880: "<|image|>",
    258_881: "<|audio|>", 258_882: "<image|>", 258_883: "<audio|>", 258_884: "<|video|>",
}  # fmt: skip
VISIBLE = {
    48: "<|tool_call>", 49: "<tool_call|>", 50: "<|tool_response>", 51: "<tool_response|>", 52: '<|"|>',
    100: "<|channel>", 101: "<channel|>",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`kinds` are llama.cpp's token types, one a piece; `merges` are "left right", the first to be merged first."""

    pieces: list[str]
    kinds: list[int]
    merges: list[str]


def synthesize(size: int) -> Vocabulary:
    """Make a vocabulary of `size` pieces, at least 640. Small ones have their large numbers at the end."""
    special = {
        (i if i < size else size - 1 - at): text for at, (i, text) in enumerate(sorted((CONTROLS | VISIBLE).items()))
    }
    pieces: dict[int, str] = dict(special)
    kinds = {i: (USER_DEFINED if text in VISIBLE.values() else CONTROL) for i, text in special.items()}
    pieces |= {FIRST_NEWLINES + n: "\n" * (n + 1) for n in range(31)}
    pieces |= {FIRST_BYTE + b: f"<0x{b:02X}>" for b in range(256)}
    kinds |= dict.fromkeys(range(FIRST_BYTE, FIRST_BYTE + 256), BYTE)
    characters = [SPACE, *(c for c in printable if c.isprintable() and c != " ")]
    merges = _merges()
    merged = ["".join(merge.split(" ")) for merge in merges]
    free = [i for i in range(FIRST_PIECE, size) if i not in special]
    words = [*characters, *merged][: len(free)]
    pieces |= dict(zip(free, words, strict=False))
    known = set(words)
    return Vocabulary(
        [pieces.get(i, f"<unused{i}>") for i in range(size)],
        [kinds.get(i, NORMAL) for i in range(size)],
        [merge for merge, word in zip(merges, merged, strict=True) if word in known],
    )


def _merges() -> list[str]:
    """Pairs of letters, and each pair with one more letter: "th" comes right before "tha", "thb", ..."""
    merges = []
    for first in SPACE + ascii_lowercase:
        for second in ascii_lowercase:
            merges.append(f"{first} {second}")
            merges += [f"{first}{second} {third}" for third in ascii_lowercase]
    return merges
