"""llm/plain_call.py through the parser: calls that the model writes as text, and talk about them that is none."""

import pytest

from assistant.llm.parse import Malformed, Part, ReplyParser
from assistant.stages import Call, Piece, Say, Value


def parts(reply: str, probability: float = 0.9) -> tuple[list[Part], list[Part]]:
    """What a reply gives, letter by letter: before its end, and at it."""
    parser = ReplyParser()
    before = [part for letter in reply for part in parser.feed(Piece(letter, probability))]
    return before, parser.finish()


@pytest.mark.parametrize(
    ("reply", "arguments"),
    [
        ('HassTurnOff{area:<|"|>Entry<|"|>}', {"area": "Entry"}),
        ('call:HassTurnOff{area:<|"|>Entry<|"|>}', {"area": "Entry"}),
        ("HassTurnOff{area:Entry}", {"area": "Entry"}),
        ('HassTurnOff{"area": "Entry", "domain": ["light"]}', {"area": "Entry", "domain": "light"}),
        ("HassTurnOff Dining Room Light", {"name": "Dining Room Light"}),
        ("HassTurnOff Dining Room Light.\n", {"name": "Dining Room Light"}),
        ("light__HassTurnOff lamp", {"name": "lamp"}),
        ("HassTurnOff", {}),
        ('HassTurnOff(name="lamp", area=None)', {"name": "lamp"}),
        ("HassTurnOff()", {}),
        ("`HassTurnOff lamp`", {"name": "lamp"}),
        ('```json\n{"name": "HassTurnOff", "arguments": {"name": "lamp"}}\n```', {"name": "lamp"}),
        ('```tool_code\nHassTurnOff(name="lamp")\n```', {"name": "lamp"}),
        ('{"tool": "HassTurnOff", "parameters": {"name": "lamp"}}', {"name": "lamp"}),
        ('{"function": {"name": "HassTurnOff", "arguments": {}}}', {}),
        ('[{"name": "HassTurnOff", "arguments": {"brightness": 30}}]', {"brightness": 30}),
    ],
)
def test_a_call_that_is_written_as_text_is_understood_at_the_end_of_the_reply(
    reply: str, arguments: dict[str, Value]
) -> None:
    """And nothing of it is spoken before."""
    before, at_the_end = parts(reply)
    assert before == []
    (call,) = at_the_end
    assert isinstance(call, Call)
    assert call.name.removeprefix("light__") == "HassTurnOff"
    assert dict(call.arguments) == arguments


def test_several_of_them() -> None:
    """A line each."""
    _, calls = parts("HassTurnOn lamp\nHassTurnOff fan\n")
    assert calls == [Call("HassTurnOn", {"name": "lamp"}), Call("HassTurnOff", {"name": "fan"})]


def test_they_are_as_sure_as_their_least_sure_letter() -> None:
    """As calls in the model's own form are."""
    parser = ReplyParser()
    for letter, probability in zip("HassTurnOff fan", [0.9] * 14 + [0.3], strict=True):
        parser.feed(Piece(letter, probability))
    parser.finish()
    assert parser.confidence == 0.3


@pytest.mark.parametrize(
    "reply",
    [
        "You can say HassTurnOff to me.",
        "I could call HassTurnOff lamp for you.",
        "Call me later.",
        "Has it stopped raining? I don't know.",
        "Hassle free.",
        "c",
    ],
)
def test_talk_about_a_call_is_talk(reply: str) -> None:
    """Whatever it holds."""
    before, at_the_end = parts(reply)
    assert all(isinstance(part, Say) for part in before + at_the_end)
    assert "".join(part.text for part in before + at_the_end if isinstance(part, Say)).replace(
        " ", ""
    ) == reply.replace(" ", "")


@pytest.mark.parametrize(
    "reply",
    [
        "HassTurnOff(__import__('os').system('true'))",
        "HassTurnOff(name=open('x'))",
        'HassTurnOff lamp, and then I said: "no".',
        "{'name'",
        "```\nrm -rf\n```",
        '{"name": "os.system", "arguments": {}}',
        '{"name": "HassTurnOff", "arguments": {"name": {"a": 1}}}',
        "HassTurnOff{" * 50,
        "[" * 2000,
    ],
)
def test_what_only_looks_like_one_is_neither_done_nor_spoken(reply: str) -> None:
    """Code is nothing to be read aloud."""
    before, at_the_end = parts(reply)
    assert all(isinstance(part, Malformed) for part in before + at_the_end)
    assert before + at_the_end
