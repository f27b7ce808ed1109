"""install.sh's order of things, in a root of its own, with stand-ins for pip, users and systemd."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1]
PYTHON = """#!/bin/sh
case "$*" in
    *"-m venv "*) for new; do :; done; mkdir -p "$new/bin"; cp "$0" "$new/bin/python" ;;
    *" wheel "*) while [ "$1" != -w ]; do shift; done; mkdir -p "$2"
        echo wheel >"$2/llama_cpp_python-1-py3-none-any.whl"; echo compiled >>"$HEY_GEMMA_ROOT/calls" ;;
    *requirements-gpio.lock*) mkdir -p "${0%/bin/*}/lib/python3.13/site-packages/gpiozero"
        echo "pins, compiled: $PYPI" >>"$HEY_GEMMA_ROOT/calls" ;;
    *" install "*) for last; do :; done; if [ -d "$last" ]; then cp "$last/assistant/program" "${0%/*}/hey-gemma"; fi ;;
esac
"""
PROGRAM = """#!/bin/sh
case "$1" in
    run) while [ $# -gt 0 ]; do case $1 in
        --events) echo '{"service": "light.turn_on"}' >"$2" ;;
        --speaker-file) head -c 20000 /dev/zero >"$2" ;; esac; shift; done ;;
    service) for last; do :; done; grep -q thresold "$last" && exit 2 || true ;;
    models) for last; do :; done; printf '[model]\nname = "%s"\n' "$3" >>"$last"; echo "$*" >>"$HEY_GEMMA_ROOT/calls" ;;
    backup) echo kept >"$2" ;;
    restore) echo "restored" >>"$HEY_GEMMA_ROOT/calls" ;;
esac
"""
SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >>"$HEY_GEMMA_ROOT/calls"
now=$HEY_GEMMA_ROOT/opt/hey-gemma/current/bin/hey-gemma
case "$*" in *"restart hey-gemma.service"*) ! grep -q "never starts" "$now" ;; esac
"""
NOTHING = "#!/bin/sh\n"
# Last of its words: the command that is run as somebody else.
SETPRIV = '#!/bin/sh\nwhile [ "$1" != env ]; do shift; done\nexec "$@"\n'


@dataclass
class House:
    """A root, a clone, and stand-ins in the path."""

    root: Path
    clone: Path
    env: Mapping[str, str]

    def install(self, *words: str) -> subprocess.CompletedProcess[str]:
        script = self.clone / "install.sh"
        return subprocess.run(
            ["sh", str(script), *words],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=self.root,
        )

    def release(self, text: str) -> None:
        """The next version's program."""
        (self.clone / "assistant" / "program").write_text(text)
        for version in self.versions():  # they are named by the second
            version.rename(version.with_name(f"0-{version.name}"))
            if not self.current.exists():
                self.link.unlink()
                self.link.symlink_to(f"versions/0-{version.name}")

    @property
    def link(self) -> Path:
        return self.root / "opt/hey-gemma/current"

    @property
    def current(self) -> Path:
        return self.link.resolve()

    def versions(self) -> list[Path]:
        return sorted((self.root / "opt/hey-gemma/versions").iterdir())

    def calls(self) -> str:
        return (self.root / "calls").read_text()


@pytest.fixture
def house(tmp_path: Path) -> House:
    if os.geteuid() != 0:
        pytest.skip("install.sh asks for root")
    root, clone, tools = tmp_path / "root", tmp_path / "clone", tmp_path / "tools"
    for folder in ("etc/systemd/system", "usr/local/bin", "run/systemd/system"):
        (root / folder).mkdir(parents=True)
    for name in ("install.sh", "requirements.lock", "config.example.toml", "pyproject.toml", "README.md", "LICENSE"):
        (clone / name).parent.mkdir(exist_ok=True)
        shutil.copy(SOURCE / name, clone / name)
    shutil.copytree(SOURCE / "systemd", clone / "systemd")
    for name in ("assistant/program", "models/progress.awk", "tests/replay/demo.flac"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text(PROGRAM if name.startswith("assistant") else "")
    tools.mkdir()
    stand_ins = {
        "python3": PYTHON,
        "systemctl": SYSTEMCTL,
        "setpriv": SETPRIV,
        "dpkg-query": "#!/bin/sh\necho ok installed\n",
    }
    nothing = ("useradd", "usermod", "userdel", "chown", "apt-get")
    for name, text in {**stand_ins, **dict.fromkeys(nothing, NOTHING)}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    (clone / "assistant/program").chmod(0o755)
    return House(root, clone, {"HEY_GEMMA_ROOT": str(root), "PATH": f"{tools}:/usr/sbin:/usr/bin:/sbin:/bin"})


@pytest.fixture
def installed(house: House) -> House:
    run = house.install("--no-setup")
    assert run.returncode == 0, run.stdout + run.stderr
    return house


def test_the_first_time(installed: House) -> None:
    root = installed.root
    assert installed.current.parent == root / "opt/hey-gemma/versions"
    assert (root / "etc/systemd/system/multi-user.target.wants/hey-gemma.service").exists()
    assert (root / "etc/hey-gemma/home-assistant-token").stat().st_mode & 0o77 == 0
    assert (root / "etc/hey-gemma/config.toml").stat().st_mode & 0o777 == 0o640
    assert "systemctl restart hey-gemma.service" in installed.calls()


def test_with_a_model_the_rest_is_still_to_be_set(house: House) -> None:
    """The model's name in the settings doesn't count as somebody's answers."""
    run = house.install("--no-setup", "--model", "e2b")
    assert run.returncode == 0, run.stdout + run.stderr
    settings = house.root / "etc/hey-gemma/config.toml"
    assert f"models fetch e2b --use --config {settings}" in house.calls()
    assert "e2b" in settings.read_text()
    assert house.calls().rstrip().endswith("systemctl restart hey-gemma")
    assert "Next: sudo hey-gemma setup" in run.stdout


def test_a_model_that_can_not_be_fetched_is_told(house: House) -> None:
    (house.clone / "assistant" / "program").write_text(PROGRAM.replace("    models) ", "    models) exit 3; "))
    run = house.install("--no-setup", "--model", "e2b")
    assert run.returncode == 1
    assert "e2b isn't here" in run.stderr


def test_an_upgrade_keeps_settings_and_the_version_before_and_compiles_nothing(installed: House) -> None:
    settings = installed.root / "etc/hey-gemma/config.toml"
    settings.write_text("[wake]\nthreshold = 0.7\n")
    installed.release(PROGRAM + "# two\n")
    before = installed.current
    run = installed.install("--no-setup")
    assert run.returncode == 0, run.stdout + run.stderr
    assert installed.current != before
    assert before.is_dir()
    assert settings.read_text() == "[wake]\nthreshold = 0.7\n"
    assert installed.calls().count("compiled") == 1
    assert "Next: sudo hey-gemma doctor" in run.stdout


def test_pins_are_for_who_asks_and_an_upgrade_keeps_them(house: House) -> None:
    for words, times in ((), 0), (("--gpio",), 1), ((), 2):
        run = house.install(*words, "--no-setup")
        assert run.returncode == 0, run.stdout + run.stderr
        assert house.calls().count("pins, compiled: 1") == times
        house.release(PROGRAM)


@pytest.mark.parametrize(
    "broken", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\nexit 0\n"], ids=["it crashes", "it does nothing"]
)
def test_a_version_that_fails_its_self_test_changes_nothing(installed: House, broken: str) -> None:
    installed.release(broken)
    before, calls = installed.current, installed.calls()
    run = installed.install("--no-setup")
    assert run.returncode == 1
    assert "failed its self-test; the one before it goes on" in run.stderr
    assert installed.current == before
    assert installed.versions() == [before]
    assert installed.calls() == calls, "the service wasn't touched"


def test_settings_that_the_new_version_cannot_read_stop_it(installed: House) -> None:
    (installed.root / "etc/hey-gemma/config.toml").write_text("[wake]\nthresold = 1\n")
    installed.release(PROGRAM + "# two\n")
    before = installed.current
    run = installed.install("--no-setup")
    assert "can't read your settings" in run.stderr
    assert installed.current == before


def test_a_version_that_does_not_start_is_taken_back_with_its_settings(installed: House) -> None:
    installed.release(PROGRAM + "# never starts\n")
    before = installed.current
    run = installed.install("--no-setup")
    assert run.returncode == 1
    assert "the one before it runs again" in run.stderr
    assert installed.current == before
    assert installed.versions() == [before]
    assert installed.calls().splitlines()[-2] == "systemctl restart hey-gemma.service"
    assert "restored" in installed.calls()


@pytest.mark.parametrize(
    ("keep", "left"),
    [((), []), (("--keep", "settings"), ["etc/hey-gemma"]), (("--keep", "models"), ["var/lib/hey-gemma/models"]),
     (("--keep", "state,settings"), ["etc/hey-gemma", "var/lib/hey-gemma/timers.json"])],
)  # fmt: skip
def test_uninstall_leaves_what_was_asked_for(installed: House, keep: tuple[str, ...], left: list[str]) -> None:
    state = installed.root / "var/lib/hey-gemma"
    (state / "timers.json").touch()
    (state / "models" / "big.gguf").touch()
    assert installed.install("uninstall", *keep).returncode == 0
    places = (
        "etc/hey-gemma", "var/lib/hey-gemma/timers.json", "var/lib/hey-gemma/models", "opt/hey-gemma",
        "usr/local/bin/hey-gemma", "etc/systemd/system/hey-gemma.service", "var/cache/hey-gemma",
        "etc/systemd/system/multi-user.target.wants", "etc/systemd/system/timers.target.wants",
    )  # fmt: skip
    for place in places:
        assert (installed.root / place).exists() is (place in left), place
