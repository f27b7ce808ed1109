"""What states are called outside of the program."""

from pathlib import Path
from typing import get_args

from assistant import states as s
from assistant.intents.mqtt_discovery import STATES

UNNOTICED = {"drafting", "overhearing", "weighing"}


def test_every_name_is_known_to_home_assistant_and_documented() -> None:
    """Its sensor takes no other value than it was told of."""
    names = {s.name(object.__new__(state)) for state in get_args(s.State)}
    assert names == set(STATES)
    assert not names & UNNOTICED
    told = (Path(__file__).parent.parent / "config.example.toml").read_text(encoding="utf-8")
    assert all(name in told for name in names)
