"""The doctor carries out every study, whatever one of them does, and says one next step."""

import io
import json
import threading
from pathlib import Path

import pytest
from rich.console import Console

from assistant.doctor import view
from assistant.doctor.examine import Report, examine
from assistant.doctor.findings import Finding, NotHere, Row, State, Study, absent, fail, fine, warn
from assistant.errors import ModelMissing
from assistant.start import main


def saying(finding: Finding, name: str = "one") -> Study[None]:
    return Study("area", lambda: None, ((name, lambda _: finding),))


def raising(error: Exception) -> Study[None]:
    def probe() -> None:
        raise error

    return Study("area", probe, (("one", lambda _: fine("")), ("two", lambda _: fine(""))))


def found(report: Report) -> list[tuple[str, State, str]]:
    return [(row.name, row.finding.state, row.finding.found) for row in report.rows]


def test_what_is_not_here_is_no_failure() -> None:
    report = examine([raising(NotHere("no Pi"))])
    assert found(report) == [("one", State.ABSENT, "no Pi"), ("two", State.ABSENT, "no Pi")]
    assert report.exit_code == 0
    assert report.worst is None


def test_an_error_with_a_remedy_is_told_once_with_its_exit_code() -> None:
    report = examine([raising(ModelMissing("gone", remedy="fetch it"))])
    assert found(report) == [("one", State.FAIL, "gone"), ("two", State.ABSENT, "unknown: see one")]
    assert report.rows[0].finding.fix == "fetch it"
    assert report.exit_code == 3


def test_a_probe_that_raises_is_reported_and_the_rest_goes_on() -> None:
    report = examine([raising(ZeroDivisionError("by zero")), saying(fine("well"), "three")])
    assert found(report)[0] == ("one", State.FAIL, "the check itself failed: ZeroDivisionError: by zero")
    assert found(report)[-1] == ("three", State.OK, "well")
    assert report.exit_code == 1


def test_a_check_that_raises_leaves_the_others_of_its_study() -> None:
    def broken(_: None) -> Finding:
        raise KeyError("x")

    report = examine([Study("area", lambda: None, (("one", broken), ("two", lambda _: fine("well"))))])
    assert found(report)[0][2] == "the check itself failed: KeyError: 'x'"
    assert found(report)[1] == ("two", State.OK, "well")


def test_a_probe_that_hangs_is_left_behind() -> None:
    release = threading.Event()
    slow: Study[bool] = Study("area", release.wait, (("one", lambda _: fine("")),), deadline_s=0.05)
    report = examine([slow, saying(fine("well"), "two")])
    release.set()
    assert report.hung
    assert "no answer within" in report.rows[0].finding.found
    assert report.rows[0].finding.state is State.FAIL
    assert report.rows[1].finding.state is State.OK


def test_the_first_failure_is_the_next_step_and_the_exit_code() -> None:
    report = examine([saying(warn("a", "mend a")), saying(fail("b", "mend b", 4)), saying(fail("c", "mend c", 5))])
    assert report.exit_code == 4
    assert report.worst is not None
    assert report.worst.finding.fix == "mend b"
    assert examine([saying(fine("a")), saying(warn("b", "mend b"))]).exit_code == 0


def test_each_area_is_announced() -> None:
    areas: list[str] = []
    examine([saying(fine("a"))], areas.append)
    assert areas == ["area"]


REPORT = Report(
    (
        Row("sound", "microphone", fail("none [red] was\nfound", "plug one in", 4)),
        Row("sound", "level", absent("unknown: see microphone")),
        Row("sound", "clipping", absent("unknown: see microphone")),
        Row("clock", "year", fine("2026")),
    )
)


def printed(report: Report, *, terminal: bool) -> str:
    out = io.StringIO()
    view.show(report, Console(file=out, force_terminal=terminal, color_system=None, width=80), well="hey-gemma run")
    return out.getvalue()


def test_lines_in_a_pipe() -> None:
    assert printed(REPORT, terminal=False).splitlines() == [
        "fail\tsound\tmicrophone\tnone [red] was found\tplug one in",
        "not here\tsound\tlevel\tunknown: see microphone",
        "not here\tsound\tclipping\tunknown: see microphone",
        "ok\tclock\tyear\t2026",
        "next\tplug one in\tmicrophone: none [red] was found",
    ]


def test_a_table_in_a_terminal() -> None:
    """What isn't here for one reason takes one line."""
    lines = [line.rstrip() for line in printed(REPORT, terminal=True).splitlines()]
    assert "fail        microphone  none [red] was found" in lines
    assert "                        fix: plug one in" in lines
    assert "not here                level, clipping: unknown: see microphone" in lines
    assert lines[-2].split() == ["1", "ok", "0", "warn", "1", "fail", "2", "not", "here"]
    assert lines[-1] == "Next: plug one in    (microphone: none [red] was found)"


def test_where_all_is_well_the_next_step_is_the_programs_own() -> None:
    report = Report((Row("clock", "year", fine("2026")),))
    assert printed(report, terminal=False).endswith("next\they-gemma run\n")


def test_json() -> None:
    read = json.loads(view.as_json(REPORT, well="hey-gemma run"))
    assert (read["ok"], read["exit_code"], read["next"]) == (False, 4, "plug one in")
    assert read["why"] == "microphone: none [red] was\nfound"
    assert read["counts"] == {"ok": 1, "warn": 0, "fail": 1, "not here": 2}
    assert read["checks"][0] == {
        "area": "sound",
        "name": "microphone",
        "state": "fail",
        "found": "none [red] was\nfound",
        "fix": "plug one in",
    }


def run_doctor(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["hey-gemma", "doctor", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.models
@pytest.mark.slow
def test_the_command_examines_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A config that can't be read comes first, and keeps nothing from being looked at but what it says."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    config = tmp_path / "config.toml"
    config.write_text("[wake]\nthresold = 0.4\n", encoding="utf-8")
    assert run_doctor(monkeypatch, "--json", "--config", str(config)) == 2
    read = json.loads(capsys.readouterr().out)
    states = {check["name"]: check for check in read["checks"]}
    assert read["next"] == "did you mean wake.threshold?"
    assert read["why"].endswith("config.toml:2: unknown key wake.thresold")
    assert states["wake word head"]["state"] == "ok"
    assert states["bytes"]["found"] == "unknown: see config"
    assert not [check for check in read["checks"] if "the check itself" in check["found"]]


@pytest.mark.models
@pytest.mark.slow
def test_the_shipped_model_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor does anything else here break; a model that was never fetched ends with code 3."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    config = tmp_path / "config.toml"
    config.write_text("", encoding="utf-8")
    run_doctor(monkeypatch, "--json", "--config", str(config))
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert {check["state"] for check in checks if check["area"] in {"model", "hearing", "voice"}} == {"ok"}
    assert not [check for check in checks if "the check itself" in check["found"]]
    config.write_text('[model]\nname = "e2b"\n', encoding="utf-8")
    assert run_doctor(monkeypatch, "--config", str(config)) == 3
    assert capsys.readouterr().out.splitlines()[-1].startswith("next\they-gemma models fetch e2b\tmodel files: ")
