"""`hey-gemma home`: what is there, what may be named, what the model is told."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from assistant import inventory, manifest
from assistant.config import Config, HomeConfig, ModelConfig
from assistant.config_mqtt import MqttConfig
from assistant.errors import HomeAway
from assistant.intents.mqtt import MqttHome
from assistant.intents.real_home import RealHome
from assistant.stages import Seen
from tests.fake_home import TOKEN, FakeHome

SMALL = """
areas = ["den", "hall"]
assistant_area = "hall"
[[entity]]
id = "light.den"
names = ["den light", "[bold]lamp"]
area = "den"
state = "off"
[[entity]]
id = "light.hall"
names = ["hall light"]
area = "hall"
state = "on"
[[entity]]
id = "switch.pump"
names = ["pump"]
state = "off"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Three things, of which two are shown to E2B."""
    file = tmp_path / "home.toml"
    file.write_text(SMALL, encoding="utf-8")
    return Config(home=HomeConfig(demo_file=str(file), shown=2), model=ModelConfig(name="e2b"))


def words(entry: manifest.ModelEntry, text: str) -> int:
    """A tokenizer that takes no time."""
    assert entry.name in ("tiny", "e2b")
    return len(text.split())


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.parametrize(("model", "least", "most"), [("tiny", 5, 30), ("e2b", 300, 900)])
async def test_tokens_are_those_of_the_models_vocabulary(config: Config, model: str, least: int, most: int) -> None:
    found = await inventory.take(replace(config, model=ModelConfig(name=model)))
    assert least < found.tokens < most


async def shown(config: Config, *, terminal: bool) -> str:
    out = io.StringIO()
    inventory.show(
        await inventory.take(config, words), Console(file=out, force_terminal=terminal, width=100, highlight=False)
    )
    return out.getvalue()


async def test_in_a_pipe_there_is_one_line_a_thing_this_room_first(config: Config) -> None:
    """Tabs between the columns; a name that looks like markup is cleaned."""
    lines = (await shown(config, terminal=False)).splitlines()
    assert lines[:3] == [
        "hall\thall light\tlight.hall\ton\tyes",
        "den\tden light / bold lamp\tlight.den\toff\tyes",
        "\tpump\tswitch.pump\toff\t",
    ]
    assert lines[3] == "3 things in 2 rooms can be named."
    assert lines[4].startswith("The model e2b is told 2 names (home.shown) and ")


async def test_in_a_terminal_it_is_a_table(config: Config) -> None:
    table = await shown(config, terminal=True)
    assert "│" in table
    assert "den light" in table


async def test_programs_get_everything(config: Config) -> None:
    """The prompt as the model reads it, too."""
    found = json.loads(inventory.as_json(await inventory.take(config, words)))
    assert found["things"][2] == {"id": "switch.pump", "names": ["pump"], "area": None, "state": "off", "shown": False}
    assert "\nden light" in found["prompt"]
    assert "pump" not in found["prompt"]
    assert found["tokens"] == words(manifest.load().entry("e2b"), found["prompt"])
    assert "HassTurnOn" in found["tools"]


async def test_a_model_that_is_told_nothing_is_no_model_that_knows_the_home(config: Config) -> None:
    """Its prompt carries no home: no name is marked as told."""
    found = await inventory.take(replace(config, model=ModelConfig(name="tiny")), words)
    assert (found.tells, found.tools) == (False, ())
    told = await shown(replace(config, model=ModelConfig(name="tiny")), terminal=False)
    assert "yes" not in told
    assert "isn't told of the home" in told


async def test_a_real_home_shows_what_is_exposed_and_counts_the_rest(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    fake = FakeHome()
    fake.add("light.kitchen", "kitchen light", "on", area="kitchen")
    fake.add("lock.safe", "safe", "locked", exposed=False)
    async with fake:
        home = HomeConfig("home_assistant", url=fake.url, token_file=str(tmp_path / "token"))
        found = await inventory.take(Config(home=home, model=ModelConfig(name="e2b")), words)
    assert found.things == (Seen("light.kitchen", ("kitchen light",), "kitchen", "on", shown=True),)
    assert found.unexposed == 1
    assert "safe" not in found.prompt


async def test_a_home_that_is_away_is_an_error_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No empty table."""
    monkeypatch.setattr("assistant.intents.home_assistant.WAIT_S", 0.2)
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    home = HomeConfig("home_assistant", url="http://127.0.0.1:9", token_file=str(tmp_path / "token"))
    with pytest.raises(HomeAway) as caught:
        await inventory.take(Config(home=home), words)
    assert "url" in caught.value.remedy
    assert caught.value.exit_code == 5


async def test_a_home_that_was_never_reached_isnt_an_empty_one() -> None:
    """Whichever wire it is on."""
    home = RealHome(MqttHome(MqttConfig(host="127.0.0.1", port=1), None))
    with pytest.raises(HomeAway, match="can't be reached"):
        await home.unexposed()
