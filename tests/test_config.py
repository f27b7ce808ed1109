import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from assistant import config, places
from assistant.errors import ConfigError


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_there_are_defaults() -> None:
    assert config.load(None).model.name == "tiny"


def test_a_section_overrides_only_what_it_says(tmp_path: Path) -> None:
    loaded = config.load(write(tmp_path, "[endpoint]\nhangover_ms = 700\n"))
    assert (loaded.endpoint.hangover_ms, loaded.endpoint.no_speech_s) == (700.0, 5.0)


@pytest.mark.parametrize(
    ("text", "line", "remedy"),
    [
        ("[wake]\nthreshhold = 0.4\n", 2, "did you mean wake.threshold?"),
        ("[audio]\n\n[modle]\nname = 'e2b'\n", 3, "did you mean model?"),
        ("[speech]\nvoise = 'x'\n", 2, "did you mean speech.voice?"),
        ("[home]\n[home.policy]\nconfrim = []\n", 3, "did you mean home.policy.confirm?"),
        ("[home.mqtt]\nhots = 'x'\n", 2, "did you mean home.mqtt.host?"),
    ],
)
def test_an_unknown_key_names_the_nearest_one_with_its_line(tmp_path: Path, text: str, line: int, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(write(tmp_path, text))
    assert f"config.toml:{line}: unknown key" in caught.value.message
    assert caught.value.remedy == remedy


@pytest.mark.parametrize(
    "text",
    [
        "[wake]\nthreshold = 1.5\n",
        "[wake]\nthreshold = 'high'\n",
        "wake = 3\n",
        "[home]\nkind = 'hubitat'\n",
        "[home.policy]\npin = '12a4'\n",
        "[home.policy]\npin = '12'\n",
        "[home.policy]\nconfirm = ['front door']\n",
        "[home.policy]\nquiet_from = '25:00'\n",
        "[home.policy]\nmax_volume = 101\n",
        "[wake\n",
    ],
)
def test_a_wrong_value_is_a_clear_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml"):
        config.load(write(tmp_path, text))


def test_a_wrong_key_of_the_second_device_is_found_in_its_own_table(tmp_path: Path) -> None:
    tables = "[[home.mqtt.device]]\nname = 'pump'\nkind = 'switch'\n" * 2
    with pytest.raises(ConfigError, match=r"config\.toml:6: home\.mqtt\.device\.1\.kind"):
        config.load(write(tmp_path, tables[: -len("'switch'\n")] + "'lamp'\n"))
    with pytest.raises(ConfigError, match=r"config\.toml:3: home\.mqtt\.device\.0\.command_topic"):
        config.load(write(tmp_path, "[[home.mqtt.device]]\nname = 'pump'\ncommand_topic = 'pump/+'\n"))


def test_a_config_that_is_not_there_or_no_text_is_a_clear_error(tmp_path: Path) -> None:
    binary = tmp_path / "config.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none.toml", tmp_path, binary):
        with pytest.raises(ConfigError):
            config.load(path)


def test_the_explicit_file_wins_then_the_environment_then_the_users(tmp_path: Path) -> None:
    mine = tmp_path / "hey-gemma" / "config.toml"
    mine.parent.mkdir()
    mine.touch()
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert config.find(Path("x"), {**environ, "HEY_GEMMA_CONFIG": "y"}) == Path("x")
    assert config.find(None, {**environ, "HEY_GEMMA_CONFIG": "y"}) == Path("y")
    assert config.find(None, environ) == mine


def test_the_example_documents_every_key_with_its_default() -> None:
    example = Path(__file__).parent.parent / "config.example.toml"
    assert config.load(example) == config.Config()
    documented = set(keys_of(tomllib.loads(example.read_text(encoding="utf-8"))))
    assert documented == set(config.known_keys())


def keys_of(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in table.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from keys_of(value, f"{prefix}{key}.")


def test_state_is_kept_where_the_service_or_the_user_says() -> None:
    given = {"STATE_DIRECTORY": "/var/lib/hey-gemma:/other", "XDG_STATE_HOME": "/x", "HOME": "/home/me"}
    found = []
    for name in ("STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"):
        found.append(str(places.state_dir(given)))
        del given[name]
    assert found == ["/var/lib/hey-gemma", "/x/hey-gemma", "/home/me/.local/state/hey-gemma"]
