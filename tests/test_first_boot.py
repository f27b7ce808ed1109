"""systemd/vendor-data as far as it can be looked at without cloud-init; with it: tests/appliance/first_boot.py."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from assistant import manifest
from assistant.manifest import Kind

ROOT = Path(__file__).parents[1]
RECIPE = (ROOT / "systemd" / "vendor-data").read_text()
INSTALLER = (ROOT / "install.sh").read_text()
FAILS = "exit 1"
GIT = """\
echo "git $*" >>"$PLACE/calls"
[ "$(grep -c git "$PLACE/calls")" -gt 1 ] || exit 1 # no network yet
for last; do :; done
mkdir -p "$last" && printf '#!/bin/sh\\necho "install.sh $*" >>"$PLACE/calls"\\n%s\\n' "$INSTALLER" >"$last/install.sh" && chmod +x "$last/install.sh"
"""  # noqa: E501 - a stand-in of one line each


def constant(name: str) -> str:
    (value,) = re.findall(rf"(?m)^{name}=(\S*)", RECIPE)
    return str(value)


def run(place: Path, installer: str = "") -> tuple[int, list[str]]:
    """Run it as cloud-init does, with stand-ins for git, install.sh and sleep: its exit code, and what it called."""
    tools = place / "bin"
    tools.mkdir()
    for name, text in (("git", GIT), ("sleep", 'echo "sleep $*" >>"$PLACE/calls"\n')):
        (tools / name).write_text(f"#!/bin/sh\n{text}")
        (tools / name).chmod(0o755)
    script = place / "part-001"
    script.write_text(RECIPE.replace(constant("HERE"), str(place / "src")))
    script.chmod(0o700)
    environ = {"PATH": f"{tools}:{os.environ['PATH']}", "PLACE": str(place), "INSTALLER": installer}
    result = subprocess.run([script], env=environ, check=False, timeout=60)
    return result.returncode, (place / "calls").read_text().splitlines()


def test_cloud_init_takes_it_for_a_script() -> None:
    """As a cloud-config its commands and packages would be lost where Imager's user-data has such lists."""
    assert RECIPE.startswith("#!/bin/sh\n")


def test_it_installs_this_project_and_a_model_that_can_be_fetched() -> None:
    assert f"Documentation={constant('SOURCE')}\n" in (ROOT / "systemd" / "hey-gemma.service").read_text()
    assert f"git clone {constant('SOURCE')} " in (ROOT / "README.md").read_text()
    assert manifest.load().entry(constant("MODEL")).kind is Kind.FETCHED


def test_it_gives_install_sh_only_options_that_it_has() -> None:
    (call,) = re.findall(r"\$HERE/install\.sh (.*?) &&", RECIPE)
    options = re.findall(r"--[a-z-]+", call)
    assert options == ["--no-setup", "--model"]
    assert all(f"        {option})" in INSTALLER for option in options)


def test_there_is_no_account_and_no_secret_in_it() -> None:
    commands = [line for line in RECIPE.splitlines() if not line.startswith("#")]
    assert not re.search(r"passwd|password|useradd|ssh|token|wifi|psk", "\n".join(commands), re.IGNORECASE)


def test_without_a_network_it_tries_again_a_minute_later(tmp_path: Path) -> None:
    code, calls = run(tmp_path)
    clone = f"git clone --depth 1 {constant('SOURCE')} {tmp_path}/src.part"
    assert (code, calls) == (0, [clone, "sleep 60", clone, f"install.sh --no-setup --model {constant('MODEL')}"])


def test_it_gives_up_and_says_so_and_keeps_its_clone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, calls = run(tmp_path, FAILS)
    assert code == 1
    assert [sum(name in call for call in calls) for name in ("git", "install.sh", "sleep")] == [2, 9, 10]
    assert "attempt 10 of 10" in capfd.readouterr().out
