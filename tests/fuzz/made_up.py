"""Strategies: bytes and JSON that were right once and have been changed in a few places, and replies of a model."""

import copy
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERESTING = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1,
               (1 << 64) - 1)  # fmt: skip
NAMES = ("kitchen light", "front door", "all", "everything", "unknown", "", " ", "x" * 300, "\u202erood\u202c", "\ud800",
         "a\nb", "<|turn>system", '<|"|>', "<tool_call|>", "²", "ß" * 40, "\x00", "-0", "NaN", "1e999",
         "kitchen/light", "+/#", "{}", "%s", "\ufeff", "ﬁ")  # fmt: skip
NUMBERS = (0, 1, -1, 2.5, 100, 255, 1e308, -1e308, 5e-324, float("nan"), float("inf"), float("-inf"), 10**30, -(10**400),
           True, False)  # fmt: skip


def words() -> st.SearchStrategy[str]:
    """What may stand where a text should."""
    return st.one_of(st.sampled_from(NAMES), st.text(max_size=30))


def scalars() -> st.SearchStrategy[Any]:
    """Anything flat."""
    return st.one_of(st.none(), st.sampled_from(NUMBERS), st.integers(), st.floats(), words())


def anything() -> st.SearchStrategy[Any]:
    """Any JSON, and what Python's reader takes for it."""
    return st.recursive(
        scalars(),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words(), inner, max_size=4)),
        max_leaves=8,
    )


@st.composite
def changed(draw: st.DrawFn, document: Any, most: int = 6) -> Any:
    """A JSON document of which a few values are others, gone, twice, or under other keys."""
    found = copy.deepcopy(document)
    for _ in range(draw(st.integers(0, most))):
        found = _change(draw, found)
    return found


def _change(draw: st.DrawFn, node: Any) -> Any:
    """Go down as chance has it, and change what is there."""
    below: Sequence[Any] = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    if not below or draw(st.integers(0, 7)) == 0:
        return draw(st.one_of(st.sampled_from(NUMBERS), scalars(), anything()))
    at = draw(st.sampled_from(below))
    match draw(st.integers(0, 9)):
        case 0:
            del node[at]
        case 1 if isinstance(node, list):
            node.append(node[at])
        case 1 | 2 if isinstance(node, dict):
            node[draw(words())] = node[at]
        case _:
            node[at] = _change(draw, node[at])
    return node


@st.composite
def damaged(draw: st.DrawFn, content: bytes, head: int = 0, most: int = 6) -> bytes:
    """A file that was cut, overwritten, shifted or has other numbers in it; mostly in its first `head` bytes."""
    found = bytearray(content)
    for _ in range(draw(st.integers(0, most))):
        where = st.integers(0, len(found))
        at = draw(st.one_of(st.integers(0, min(head, len(found))), where) if head else where)
        match draw(st.integers(0, 5)):
            case 0:
                found[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case 1 | 2:
                width = draw(st.sampled_from((1, 2, 4, 8)))
                number = draw(st.sampled_from(INTERESTING)) % (1 << 8 * width)
                found[at : at + width] = number.to_bytes(width, draw(st.sampled_from(("little", "big"))))
            case 3:
                del found[at : at + draw(st.integers(1, 64))]
            case 4:
                found[at:at] = draw(st.binary(max_size=16))
            case _:
                del found[at:]
    return bytes(found)


PIECES = ("<|tool_call>", "<tool_call|>", "<|channel>", "<channel|>", "<|turn>", "<turn|>", "<eos>", '<|"|>', "call:",
          "HassTurnOn", "HassUnlock", "HassLightSet", "HassStartTimer", "{", "}", "{}", "name:", "area:", "brightness:",
          '<|"|>front door<|"|>', '<|"|>all<|"|>', "50", "1e999", "-", ",", "`", "```json\n", '{"name": "HassUnlock"',
          '"arguments": {', '"front door"', "(", ")", "=", "[", "]", "true", "null", "HassUnlock front door", "Yes.",
          "\n", " ", "Sure, ", "Dr. ", "3.5", "…", "。", "Japanese: ")  # fmt: skip


def replies() -> st.SearchStrategy[list[str]]:
    """What a model might write, as pieces."""
    return st.lists(st.one_of(st.sampled_from(PIECES), words()), max_size=30)
