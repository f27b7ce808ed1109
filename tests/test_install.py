"""install.sh as far as it can be looked at without installing; the whole of it: make test-install."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from assistant import cli, config, fence, weights
from assistant.places import SERVICE_DIR

ROOT = Path(__file__).parents[1]
SCRIPT = (ROOT / "install.sh").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.mark.parametrize(
    "script",
    [
        "install.sh",
        "systemd/vendor-data",
        *(
            f"tests/appliance/{n}"
            for n in ("chroot", "boot", "install_test", "install_for_systemd", "install_for_first_boot")
        ),
    ],
)
def test_the_shell_can_read_it(script: str) -> None:
    subprocess.run(["bash", "-n", str(ROOT / script)], check=True)


@pytest.mark.parametrize("wrong", [["--modle"], ["--model"], ["uninstall", "--keep", "everything"], ["remove"]])
def test_a_wrong_argument_changes_nothing_and_shows_the_right_ones(wrong: list[str]) -> None:
    run = subprocess.run(
        ["sh", str(ROOT / "install.sh"), *wrong], capture_output=True, text=True, check=False, timeout=20
    )
    assert run.returncode == 2
    assert "uninstall [--keep settings,state,models]" in run.stderr


def test_it_needs_what_make_needs_and_compiles_as_make_does() -> None:
    (packages,) = re.findall(r"^PACKAGES := (.*)$", MAKEFILE, re.MULTILINE)
    (ours,) = re.findall(r'^PACKAGES="(.*)"$', SCRIPT, re.MULTILINE)
    assert set(packages.split()) < set(ours.split())
    (pins,) = re.findall(r"^GPIO_PACKAGES := (.*)$", MAKEFILE, re.MULTILINE)
    assert f'GPIO_PACKAGES="{pins}"' in SCRIPT
    (flags,) = re.findall(r"^LLAMA_CMAKE := (.*)$", MAKEFILE, re.MULTILINE)
    assert flags in SCRIPT


def test_its_places_are_the_programs() -> None:
    assert f"STATE=$ROOT{SERVICE_DIR}\n" in SCRIPT
    assert fence.UNIT in SCRIPT


def test_the_lock_has_the_lines_that_it_takes_out() -> None:
    """Its awk gets one requirement, with hashes."""
    (program,) = re.findall(r"awk '(/\^llama-cpp-python==.*?)'", SCRIPT)
    run = subprocess.run(["awk", program, str(ROOT / "requirements.lock")], capture_output=True, text=True, check=True)
    first, *rest = run.stdout.splitlines()
    assert first.startswith("llama-cpp-python==")
    assert rest
    assert all(line.strip().startswith("--hash=sha256:") for line in rest)


def commands_of_the_program() -> list[str]:
    """`models fetch "$MODEL" --use --config $SETTINGS/config.toml`, and the others that install.sh gives."""
    return re.findall(
        r'(?m)^(?!#).*?/bin/hey-gemma"? ((?:run|service|models|setup|backup|restore)\b(?:[^>|&\n\\]|\\\n)*)', SCRIPT
    )


def test_it_gives_the_program_only_options_that_it_has() -> None:
    commands = commands_of_the_program()
    assert len(commands) == 6
    for line in commands:
        command, words = get_command(cli.app), line.replace("\\\n", " ").split()
        while isinstance(command, TyperGroup):
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, line


@pytest.mark.parametrize("named", ["option", "variable", "system", "user", "user beside the system"])
def test_a_fetched_model_is_used_by_whoever_has_that_config(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """install.sh names the service's config; without it, it is the one in force, or the user's where that is root's."""
    monkeypatch.setattr(weights, "fetch", lambda *_: weights.ModelPaths(tmp_path / "a", tmp_path / "b"))
    monkeypatch.setattr(config, "SYSTEM_FILE", tmp_path / "system.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("HEY_GEMMA_CONFIG", raising=False)
    file = tmp_path / ("hey-gemma/config.toml" if named.startswith("user") else f"{named}.toml")
    if "system" in named:
        config.SYSTEM_FILE.touch()
    if named == "user beside the system":
        monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything
    if named == "variable":
        monkeypatch.setenv("HEY_GEMMA_CONFIG", str(file))
    words = ["models", "fetch", "e2b", "--use", *(["--config", str(file)] if named == "option" else [])]
    result = CliRunner().invoke(cli.app, words)
    assert result.exit_code == 0, result.output
    assert config.load(file).model.name == "e2b"
