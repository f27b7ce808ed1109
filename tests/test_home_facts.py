"""What the model is told of a home: the most useful names, examples of this home, and never more than fits."""

from pathlib import Path

import pytest

from assistant import manifest
from assistant.audio.clock import WallClock
from assistant.intents.deeds import Deeds
from assistant.intents.home_facts import SHOWN, examples, shown_of, static_facts
from assistant.intents.local import LocalClock
from assistant.intents.names import Directory, Entity
from assistant.intents.router import Router
from assistant.intents.services import tools_for
from assistant.intents.timers import Timers
from assistant.llm import prompt
from assistant.llm.engine import read_vocabulary
from assistant.llm.prompt import PromptProfile
from assistant.stages import Call, Outcome, Tool
from tests.sized_home import directory

LAMP = Entity("light.lamp", ("lamp", "lamps", "reading light"), "den")
HALL = Entity("light.hall", ("hall light",), "hall")
HALL_TOO = Entity("light.hall_2", ("second hall light",), "hall")
STAIRS = Entity("light.stairs", ("stairs light",), "stairs")
SOCKET = Entity("switch.socket", ("socket",), "den")
FAR_SOCKET = Entity("switch.far", ("far socket",), "hall")
METER = Entity("sensor.meter", ("meter",), "den")
WEATHER = Entity("weather.home", ("weather",))
HOME = Directory((METER, FAR_SOCKET, HALL, HALL_TOO, STAIRS, SOCKET, LAMP, WEATHER), ("den", "hall", "stairs"), "den")


class Silent:
    """A handler of a home that only tells."""

    def __init__(self, home: Directory) -> None:
        self._home = home

    def tools(self) -> tuple[Tool, ...]:
        return tools_for(self._home)

    def context(self) -> str:
        return static_facts(self._home)

    async def handle(self, call: Call) -> Outcome:
        raise AssertionError(call)


def test_the_room_comes_first_then_lights_room_by_room_then_the_rest() -> None:
    """What can only be asked about comes last, the weather has a tool of its own."""
    in_order = [LAMP, SOCKET, HALL, STAIRS, HALL_TOO, FAR_SOCKET, METER]
    for most in range(len(in_order) + 1):
        assert set(shown_of(HOME, most)) == set(in_order[:most])


def test_names_stand_by_room_and_what_is_missing_is_said() -> None:
    """All names of a thing, but none that says the same again, and no room that its names tell; other rooms too."""
    assert static_facts(HOME, 3).splitlines() == [
        "You are in the den.",
        "hall light",
        "den: socket, lamp / reading light",
        "other rooms: stairs",
        "and 4 more.",
        'People say: "Turn on the lamp". "Lights off". "What time is it?". "Timer, ten minutes".',
    ]


def test_a_home_that_shows_nothing_has_no_words() -> None:
    assert static_facts(Directory(())) == ""


def test_examples_are_of_this_home_and_this_room() -> None:
    """No blinds, no music: nobody says so."""
    assert examples((HALL, LAMP), "den")[0] == '"Turn on the lamp".'
    assert examples((HALL, LAMP), "hall")[0] == '"Turn on the hall light".'
    assert not [text for text in examples((HALL,)) if "song" in text or "Warmer" in text]
    assert '"Lights off".' not in examples((SOCKET,))


def test_what_is_not_shown_is_found_all_the_same() -> None:
    """A name beyond those that fit: the tools can be called with it, and it means its thing."""
    home = directory(500)
    hidden = next(e for e in reversed(home.entities) if e.domain == "light")
    assert hidden not in shown_of(home)
    assert hidden.name not in static_facts(home)
    tool = next(tool for tool in tools_for(home) if tool.name == "HassTurnOn")
    assert hidden.name in next(p for p in tool.parameters if p.name == "name").values
    assert home.resolve({"name": f"the {hidden.name}"}, frozenset({"light"})) == (hidden,)


@pytest.mark.models
@pytest.mark.parametrize(("size", "most"), [(20, 800), (120, 1200), (500, 1200)])
def test_the_prompt_of_a_big_home_fits(vocabulary_file: Path, size: int, most: int) -> None:
    """Tokens of the real vocabulary, with every tool of the assistant."""
    deeds = Deeds(lambda: 0.0)
    others = (Timers(WallClock(), lambda _: None), LocalClock(lambda: pytest.fail("nobody asked")))
    router = Router([Silent(directory(size)), *others], deeds=deeds)
    profile = PromptProfile(**manifest.load().entry("e2b").prompt)
    text = prompt.prefix(profile, router.tools(), router.context())
    assert len(read_vocabulary(vocabulary_file).tokenize(text)) <= most
    assert len(shown_of(directory(size))) == min(size, SHOWN)
