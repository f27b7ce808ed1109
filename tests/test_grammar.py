"""llm/grammar.py: which tokens may come next in a call, with one token a letter, and with both real vocabularies."""

import random
from collections.abc import Sequence

import pytest

from assistant.audio.clock import AudioClock
from assistant.intents.demo_home import DemoHome
from assistant.intents.local import LocalClock
from assistant.intents.own import Controls, Own
from assistant.intents.router import Router
from assistant.intents.timers import Timers
from assistant.llm.grammar import MOST_GUESSED, QUOTE, Grammar, Guide
from assistant.llm.parse import Part, ReplyParser
from assistant.stages import Call, Parameter, Piece, Tool
from models.tiny import wordings

END = "<tool_call|>"
CONTROL = {QUOTE: 1, END: 2}
MANY = 50  # a token is a letter here
LIGHT = Tool(
    "LightSet",
    "",
    (
        Parameter("brightness", "integer", bounds=(1, 100)),
        Parameter("color", "string", choices=("red", "green")),
        Parameter("name", "string", required=True, values=("lamp", "lamp two")),
    ),
)
LIST = Tool("ListAdd", "", (Parameter("item", "string", required=True),))
STOP = Tool("Stop", "")


def letters(text: str) -> list[int]:
    """Control tokens as one, everything else letter by letter."""
    for control, token in CONTROL.items():
        text = text.replace(control, chr(token))
    return [ord(c) for c in text]


def text(tokens: Sequence[int]) -> str:
    said = "".join(map(chr, tokens))
    for control, token in CONTROL.items():
        said = said.replace(chr(token), control)
    return said


class Writer:
    """Writes a call, and keeps count of the choices, and of the steps that they take where guesses are checked."""

    def __init__(self, *tools: Tool) -> None:
        self.guide = Grammar(tools, letters).begin()
        self.written = text(self.guide.forced())
        self.choices, self.steps = 0, 1
        self.guessed = self.guide.guess(MANY)

    def write(self, wanted: str) -> str:
        """Choose as `wanted` goes on, until it is over."""
        while len(self.written) < len(wanted) and wanted.startswith(self.written):
            (token, *_) = letters(wanted[len(self.written) :])
            run = self.guide.follow(token)
            self.written += text(run)
            self.choices += 1
            if run in self.guessed[:1]:
                self.guessed = self.guessed[1:]
            else:
                self.guessed = self.guide.guess(MANY)
                self.steps += 1
        return self.written


def test_what_can_be_nothing_else_is_not_chosen() -> None:
    """One tool without slots is no choice at all."""
    assert Writer(STOP).written == f"call:Stop{{}}{END}"


def test_only_choices_take_a_step() -> None:
    """L or S, i or g; which slot; the name, letter by letter; whether the call ends."""
    writer = Writer(LIGHT, LIST, STOP)
    assert writer.written == "call:"
    whole = f"call:LightSet{{name:{QUOTE}lamp two{QUOTE}}}{END}"
    assert writer.write(whole) == whole
    assert writer.choices == 3 + len("lamp two") + 2


def test_what_was_guessed_takes_no_step() -> None:
    """The slot, the lamp's name after its first letter, that it wants to be told how, and then how bright."""
    writer = Writer(LIGHT, LIST, STOP)
    writer.write(f"call:LightSet{{name:{QUOTE}lamp{QUOTE},brightness:30}}{END}")
    assert writer.steps == 1 + len("Lgl3")
    writer = Writer(LIGHT, LIST, STOP)
    writer.write(f"call:LightSet{{name:{QUOTE}lamp two{QUOTE}}}{END}")
    assert writer.steps == 1 + len("Lgl }")
    writer = Writer(STOP, LIST)
    writer.write(f"call:ListAdd{{item:{QUOTE}milk{QUOTE}}}{END}")
    assert writer.steps == 1 + len("Lmilk") + len(QUOTE[:1])


def test_a_guess_is_only_a_guess() -> None:
    """It takes nothing, is what would be written if it were chosen, and no longer than may be."""
    writer = Writer(LIGHT)
    writer.write(f"call:LightSet{{name:{QUOTE}lamp tw")
    before = writer.guide.legal()
    guess = writer.guide.guess(MANY)
    assert [text(run) for run in guess] == ["o", QUOTE, ",", "brightness:"]
    assert [text(run) for run in writer.guide.guess(4)] == ["o", QUOTE, ","]
    assert writer.guide.guess(0) == []
    assert sum(map(len, writer.guide.guess())) <= MOST_GUESSED
    assert writer.guide.legal() == before
    assert [writer.guide.follow(run[0]) for run in guess] == guess


def test_only_a_second_digit_of_percent_is_guessed() -> None:
    """Most are tens; of minutes nothing is guessed but that they may be over."""
    writer = Writer(LIGHT)
    writer.write("call:LightSet{brightness:4")
    assert text(writer.guide.guess(MANY)[0]) == "0,"
    writer = Writer(Tool("Timer", "", (Parameter("minutes", "number", bounds=(0, 60)),)))
    writer.write("call:Timer{minutes:4")
    assert writer.guide.guess(MANY) == []


def test_no_name_is_made_of_its_beginning() -> None:
    """Of all names only that of the door begins with "garage", and who says "garage light" doesn't mean it."""
    tool = Tool("TurnOn", "", (Parameter("name", "string", values=("lamp", "garage door")),))
    writer = Writer(tool)
    assert not writer.write(f"call:TurnOn{{name:{QUOTE}g").endswith("door")
    writer.write(f"call:TurnOn{{name:{QUOTE}garage ")
    assert text(writer.guide.follow(ord("l"))) == "l"
    assert writer.guide.legal() is None


def test_a_slot_is_filled_once_and_a_call_ends_when_nothing_is_missing() -> None:
    """The name is required, brightness is not, and can't come twice."""
    writer = Writer(LIGHT)
    writer.write(f"call:LightSet{{name:{QUOTE}lamp{QUOTE}")
    assert text(writer.guide.legal() or []) == ",}"
    writer.write(f"call:LightSet{{name:{QUOTE}lamp{QUOTE},brightness:30,")
    assert writer.written.endswith(f",brightness:30,color:{QUOTE}")


def test_a_required_slot_keeps_the_call_open() -> None:
    """After the brightness the name must come, or the colour first."""
    writer = Writer(LIGHT)
    assert writer.write("call:LightSet{brightness:100") == "call:LightSet{brightness:100,"


def test_a_number_out_of_its_range_cannot_be_written() -> None:
    """After 10 comes another 0 or the end; after 100 the end alone; a 0 doesn't begin 1 to 100."""
    writer = Writer(LIGHT)
    writer.write("call:LightSet{b")
    assert "0" not in text(writer.guide.legal() or [])
    writer.write("call:LightSet{brightness:10")
    assert sorted(text(writer.guide.legal() or [])) == [",", "0"]


def test_every_number_within_the_bounds_can_be_written() -> None:
    """Large ones too: 2,400 seconds are 40 minutes."""
    timer = Tool("Timer", "", (Parameter("seconds", "number", required=True, bounds=(0, 3600)),))
    for number in ("2400", "3600", "0.5"):
        wanted = f"call:Timer{{seconds:{number}}}{END}"
        assert Writer(timer).write(wanted) == wanted


def test_a_name_that_is_not_there_becomes_unknown() -> None:
    """The model wanted "radio"."""
    writer = Writer(LIGHT)
    writer.write(f"call:LightSet{{name:{QUOTE}")
    assert text(writer.guide.follow(ord("r"))) == f"unknown{QUOTE}"
    assert text(writer.guide.legal() or []) == ",}"


def test_elsewhere_an_illegal_token_frees_the_call() -> None:
    """The parser and the router refuse what comes of it."""
    writer = Writer(LIGHT, LIST)
    assert text(writer.guide.follow(ord("x"))) == "x"
    assert writer.guide.legal() is None
    assert text(writer.guide.follow(ord("y"))) == "y"


def test_what_people_name_freely_is_free() -> None:
    """Up to the quote."""
    writer = Writer(LIST)
    assert writer.written == f"call:ListAdd{{item:{QUOTE}"
    assert writer.guide.legal() is None
    assert (
        writer.write(f"call:ListAdd{{item:{QUOTE}oat milk{QUOTE}")
        == f"call:ListAdd{{item:{QUOTE}oat milk{QUOTE}}}{END}"
    )


@pytest.fixture(scope="module")
def home() -> tuple[Tool, ...]:
    clock = LocalClock(lambda: None)  # type: ignore[arg-type, return-value]
    own = Own(Controls(), mutes=False)
    return Router([DemoHome(), Timers(AudioClock(), lambda _: None), clock, own]).legal()


def read(tokens: Sequence[int]) -> list[Part]:
    parser = ReplyParser()
    parser.feed(Piece("<|tool_call>", 1.0))
    return [part for t in tokens for part in parser.feed(Piece(text([t]), 1.0))]


def test_every_call_that_tiny_is_taught_is_legal(home: tuple[Tool, ...]) -> None:
    """2,000 of them, but for numbers out of range, which it isn't taught."""
    grammar = Grammar(home, letters)
    rng = random.Random(7)  # noqa: S311
    calls = [call for _ in range(4000) for call in wordings.sample(rng, "train").calls]
    assert len(calls) > 2000
    for call in calls:
        wanted = str(call).removeprefix("<|tool_call>")
        guide = grammar.begin()
        written = text(guide.forced())
        while written != wanted:
            assert wanted.startswith(written), (wanted, written)
            token = letters(wanted[len(written) :])[0]
            assert guide.legal() is None or token in (guide.legal() or ()), (wanted, written)
            written += text(guide.follow(token))


def test_whatever_is_chosen_a_legal_call_can_be_read(home: tuple[Tool, ...]) -> None:
    """500 random walks: a call of a known tool with known slots comes out."""
    grammar = Grammar(home, letters)
    tools = {tool.name: tool for tool in home}
    rng = random.Random(3)  # noqa: S311
    for _ in range(500):
        tokens = _walk(grammar.begin(), rng)
        (call,) = read(tokens)
        assert isinstance(call, Call)
        slots = {p.name for p in tools[call.name].parameters}
        assert set(call.arguments) <= slots
        assert {p.name for p in tools[call.name].parameters if p.required and not p.asked} <= set(call.arguments)


def _walk(guide: Guide, rng: random.Random) -> list[int]:
    tokens = guide.forced()
    while CONTROL[END] not in tokens:
        legal = guide.legal()
        tokens += guide.follow(rng.choice([*map(ord, "xyz"), CONTROL[QUOTE]] if legal is None else legal))
    return tokens
