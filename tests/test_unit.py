"""The units of systemd/, as systemd itself reads them. What needs a running systemd is in tests/appliance/."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from assistant import config, fence, places
from assistant.intents import home_token
from assistant.places import SERVICE_DIR

UNITS = Path(__file__).parents[1] / "systemd"
SERVICE = UNITS / "hey-gemma.service"
ALL = sorted(UNITS.glob("hey-gemma*"))
WORST_SCORE = 2.0
TOO_NEW = ("RestartSteps", "RestartMaxDelaySec")  # for systemd 252, which says so and goes on

needs_analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")


def settings(section: str) -> dict[str, list[str]]:
    """Every value of a section, by its key."""
    found: dict[str, list[str]] = {}
    current = ""
    for line in SERVICE.read_text().splitlines():
        if line.startswith("["):
            current = line.strip("[]")
        elif current == section and "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


def test_the_units_are_there() -> None:
    assert [unit.name for unit in ALL] == ["hey-gemma-allow.service", "hey-gemma-allow.timer", "hey-gemma.service"]


@needs_analyze
@pytest.mark.parametrize("unit", [u for u in ALL if u.suffix == ".service"], ids=lambda u: u.name)
def test_the_security_score_is_low(unit: Path) -> None:
    run = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", str(unit)], capture_output=True, text=True, check=True
    )
    (score,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", run.stdout)
    assert float(score) <= WORST_SCORE


@needs_analyze
def test_systemd_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    """With a program in place of ours, which is only there when it is installed."""
    for unit in ALL:
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    run = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit.name) for unit in ALL)],
        capture_output=True, text=True, check=False, env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    said = [line for line in run.stderr.splitlines() if str(tmp_path) in line or "hey-gemma" in line]
    assert [line for line in said if not any(key in line for key in TOO_NEW)] == []


def test_program_and_unit_mean_the_same_places() -> None:
    service = settings("Service")
    assert places.state_dir({"STATE_DIRECTORY": f"/var/lib/{service['StateDirectory'][0]}"}) == SERVICE_DIR
    assert places.cache_dir({"CACHE_DIRECTORY": "/var/cache/hey-gemma"}) == Path("/var/cache/hey-gemma")
    assert f"HEY_GEMMA_CONFIG={config.SYSTEM_FILE}" in service["Environment"][0]
    credentials = {value.split(":")[0] for value in service["LoadCredential"]}
    assert credentials == {home_token.CREDENTIAL, home_token.PASSWORD_CREDENTIAL}
    assert any(str(fence.HOSTS) in value for value in service["BindReadOnlyPaths"])
    assert f"/run/{_value('hey-gemma-allow.service', 'RuntimeDirectory')}" == str(fence.HOSTS.parent)


def test_it_stands_beside_those_against_whom_its_weights_shall_count() -> None:
    """In system.slice they would say nothing against what somebody runs who is logged in (tests/appliance/loaded)."""
    service = settings("Service")
    assert service["Slice"] == ["-.slice"]
    assert {"CPUWeight", "IOWeight", "MemoryLow"} <= set(service)
    assert "Nice" not in service


def test_it_waits_longer_for_life_than_the_program_between_two_looks() -> None:
    assert int(settings("Service")["WatchdogSec"][0]) >= 30


def _value(unit: str, key: str) -> str:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNITS / unit)
    return parser["Service"][key]
