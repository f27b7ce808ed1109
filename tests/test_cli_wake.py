"""`hey-gemma wake` as a person uses it, with the shipped wake word on the clips of tests/replay/wake."""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

from assistant.cli import app
from assistant.config import EndpointConfig, WakeConfig, load
from assistant.errors import AudioFileError, OutputError, UsageError
from assistant.listen import Listener
from assistant.llm import self_test
from assistant.stages import CHUNK_SAMPLES, AudioChunk
from assistant.wake import WakeWord
from assistant.wake_decision import WakeDecision
from assistant.waking import store as store_module
from assistant.waking.entry import Entry, Kind
from assistant.waking.observer import WakeObserver
from assistant.waking.store import Store
from tests.fakes import LevelVad
from tests.sound_server import sound_server, why_not

REPLAY = Path(__file__).parent / "replay" / "wake"
NOW = datetime(2026, 11, 25, 7, 30, tzinfo=UTC)
Wake = Callable[..., Result]


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text("# mine\n[wake]\nkeep_clips = true  # for a week\n", encoding="utf-8")
    return path


@pytest.fixture
def wake(tmp_path: Path, config_file: Path, monkeypatch: pytest.MonkeyPatch) -> Wake:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("HEY_GEMMA_CONFIG", str(config_file))

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(app, ["wake", *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state" / "wake", WakeConfig(keep_clips=True))


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where another user's assistant has logged one word. What pytest makes, root alone may enter."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        state = Path(folder) / "state"
        monkeypatch.setenv("STATE_DIRECTORY", str(state))
        Store(state / "wake", WakeConfig()).add([(Entry(0, NOW, Kind.WAKE, 0.9, 0.8, -30.0), None)])
        for path in (state, *state.rglob("*")):
            os.chown(path, 4711, 4712)
        yield state


def listen(store: Store, name: str, *, threshold: float = 0.8) -> None:
    """Hear a clip as the assistant does, and log it."""
    samples = np.asarray(soundfile.read(REPLAY / name, dtype="int16")[0], np.int16)
    listener = Listener(
        EndpointConfig(), WakeWord(), WakeDecision(threshold=threshold), LevelVad(), vad_lag_ms=0.0,
        early_confidence=0.9, now_ms=lambda: 0.0,
    )  # fmt: skip
    kept: list[tuple[Entry, np.ndarray | None]] = []
    observer = WakeObserver(
        lambda entry, sound: kept.append((entry, sound)), listener.cut, lambda: datetime.now(UTC),
        threshold=threshold, sound=True,
    )  # fmt: skip
    listener.words.on_score = observer.scored
    for start in range(0, len(samples) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
        for event in listener.push(AudioChunk(samples[start : start + CHUNK_SAMPLES], start)):
            observer(event)
    observer.close()
    store.add(kept)


class TestLog:
    def test_what_woke_is_listed_with_a_clip_that_wakes_again(self, wake: Wake, store: Store) -> None:
        listen(store, "hey-gemma-command-joe.flac")
        listen(store, "hey-gemma-slt.flac", threshold=0.999)
        lines = wake("log").stdout.splitlines()
        rows = [line.split("\t") for line in lines[:2]]
        assert [(row[0], row[2]) for row in rows] == [("1", "wake"), ("2", "near")]
        assert all(float(row[3]) > 0.9 and row[4] == "-14" for row in rows)
        assert lines[2] == "1 wake, 1 near miss."
        told = wake("test", "--mic-file", rows[0][7]).stdout
        assert "would have woken" in told

    def test_without_an_entry_it_says_where_it_looked(self, wake: Wake, store: Store) -> None:
        for command in ("log", "tune"):
            assert f"Nothing yet in {store.folder}" in wake(command).stdout

    def test_as_json_it_has_everything(self, wake: Wake, store: Store) -> None:
        listen(store, "hey-gemma-joe.flac")
        tear(store)
        told = json.loads(wake("log", "--json").stdout)
        assert told["damaged"] == 1
        (entry,) = told["entries"]
        assert Path(entry["clip"]).is_file()
        assert (entry["kind"], entry["meant"]) == ("wake", None)

    def test_damaged_lines_are_told_and_the_last_entries_are_shown(self, wake: Wake, store: Store) -> None:
        store.add([(entry(n), None) for n in range(5)])
        tear(store)
        told = wake("log", "--last", "2").stdout
        assert [line.split("\t")[0] for line in told.splitlines()[:2]] == ["4", "5"]
        assert "The last 2 are shown" in told
        assert "1 line is damaged and left out." in told

    def test_entries_are_marked_and_forgotten(self, wake: Wake, store: Store) -> None:
        store.add([(entry(n), None) for n in range(3)])
        wake("log", "--meant", "1", "--not-meant", "2", "--not-meant", "3")
        assert [found.meant for found in store.read().entries] == [True, False, False]
        with pytest.raises(UsageError, match="no entry 9"):
            wake("log", "--meant", "9")
        assert "is empty now" in wake("log", "--forget").stdout
        assert store.read().entries == ()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root does as another user")
    def test_root_does_as_the_service(self, wake: Wake, service: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also where the mark begins a new file; root is root again."""
        monkeypatch.setattr(store_module, "MOST_BYTES", 10)
        assert wake("log", "--meant", "1").exit_code == 0
        made = [service, *service.rglob("*")]
        assert {path.name for path in made} == {"state", "wake", "log.jsonl", "log.1.jsonl"}
        assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {(4711, 4712)}
        assert (os.geteuid(), os.getegid()) == (0, os.getgid())

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root does as another user")
    def test_no_link_of_the_service_leads_root_to_files_of_others(self, wake: Wake, service: Path) -> None:
        """Root gave away what it led to, wrote into it, and deleted there."""
        theirs = service.parent / "theirs"
        (theirs / "clips").mkdir(parents=True)
        for name in ("log.jsonl", "clips/song.flac"):
            (theirs / name).touch()
            os.utime(theirs / name, (0, 0))
        (service / "wake" / "log.jsonl").rename(service / "wake" / "log.1.jsonl")
        for name in ("log.jsonl", "clips"):
            (service / "wake" / name).symlink_to(theirs / name)
        with pytest.raises(OutputError):
            wake("log", "--meant", "1")
        assert (theirs / "log.jsonl").stat().st_uid == 0
        assert (theirs / "log.jsonl").read_bytes() == b""
        with suppress(OutputError):
            wake("log", "--forget")
        assert (theirs / "clips" / "song.flac").exists()

    def test_old_clips_are_deleted_when_it_is_looked_at(self, wake: Wake, store: Store) -> None:
        listen(store, "hey-gemma-joe.flac")
        (path,) = store.clips.iterdir()
        os.utime(path, (NOW.timestamp() - 1e8,) * 2)
        assert wake("log").stdout.splitlines()[0].endswith("\tdeleted")
        assert list(store.clips.iterdir()) == []

    def test_a_clip_that_is_not_there_is_not_played(self, wake: Wake, store: Store) -> None:
        store.add([(entry(0), None)])
        with pytest.raises(UsageError, match="wasn't kept") as caught:
            wake("log", "--play", "1")
        assert "wake.keep_clips" in caught.value.remedy
        with pytest.raises(UsageError, match="no entry 2"):
            wake("log", "--play", "2")

    @pytest.mark.sound
    @pytest.mark.skipif(why_not() is not None, reason=why_not() or "")
    def test_a_clip_is_played(self, wake: Wake, store: Store, tmp_path: Path) -> None:
        listen(store, "hey-gemma-joe.flac")
        with sound_server(tmp_path):
            assert wake("log", "--play", "1").exit_code == 0


def tear(store: Store) -> None:
    """As a power cut does."""
    with (store.folder / "log.jsonl").open("a") as file:
        file.write('{"number": 9, "at": "2026')


class TestTune:
    @pytest.fixture
    def missed(self, store: Store) -> None:
        near = [(entry(n, Kind.NEAR, 0.4, meant=True), None) for n in range(4)]
        store.add([*near, *((entry(10 + n, then="acted", peak_dbfs=-45.0), None) for n in range(8))])

    @pytest.mark.usefixtures("missed")
    def test_it_proposes_says_what_would_change_and_writes_nothing(self, wake: Wake, config_file: Path) -> None:
        before = config_file.read_text().replace("[wake]", "[wake]\nverify = false")
        config_file.write_text(before, encoding="utf-8")
        told = wake("tune").stdout
        assert "threshold 0.50: 4 missed, 0 false" in told
        assert "Proposed: threshold 0.37, 4 wrong decisions fewer." in told
        assert told.count("would wake\tyes: you said so") == 4
        assert "[wake]\nmaybe_threshold = 0.37\n[audio]\ngain_db = 30" in told
        assert config_file.read_text() == before

    @pytest.mark.usefixtures("missed")
    def test_without_a_second_opinion_another_threshold_decides(self, wake: Wake, config_file: Path) -> None:
        config_file.write_text("[wake]\nsecond_opinion = false\n", encoding="utf-8")
        told = wake("tune").stdout
        assert "threshold 0.80: 4 missed, 0 false" in told
        assert "[wake]\nthreshold = 0.37" in told

    def test_what_the_second_ear_turned_down_no_threshold_brings_back(self, wake: Wake, store: Store) -> None:
        refused = [(entry(n, Kind.REJECTED, 0.4, meant=True), None) for n in range(4)]
        store.add([*refused, *((entry(10 + n, then="acted"), None) for n in range(8))])
        told = wake("tune").stdout
        assert "threshold 0.10: 4 missed, 0 false" in told
        assert "Keep the threshold 0.10" in told

    def test_where_the_second_ear_can_not_run_the_usual_threshold_is_in_force(
        self, wake: Wake, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.add([(entry(n, then="acted"), None) for n in range(12)])
        assert "Keep the threshold 0.10" in wake("tune").stdout
        monkeypatch.setattr(self_test, "works", lambda _: "another library")
        assert "Keep the threshold 0.50" in wake("tune").stdout

    def test_of_what_it_let_through_and_should_not_have_a_higher_threshold_keeps_out(
        self, wake: Wake, store: Store
    ) -> None:
        low = [(entry(n, score=0.2, then="nothing"), None) for n in range(6)]
        store.add([*low, *((entry(10 + n, then="acted"), None) for n in range(8))])
        told = wake("tune").stdout
        assert "threshold 0.10: 0 missed, 6 false" in told
        assert "[wake]\nverified_threshold = 0.24" in told

    @pytest.mark.usefixtures("missed")
    def test_with_write_the_config_says_so_and_its_comments_stay(self, wake: Wake, config_file: Path) -> None:
        config_file.write_text(config_file.read_text().replace("[wake]", "[wake]\nverify = false"), encoding="utf-8")
        wake("tune", "--write")
        found = load(config_file)
        assert (found.wake.maybe_threshold, found.audio.gain_db, found.wake.keep_clips) == (0.37, 30.0, True)
        assert "# for a week" in config_file.read_text()
        assert "Keep the threshold 0.37" in wake("tune").stdout


class TestLive:
    def test_a_file_is_heard_as_fast_as_it_goes(self, wake: Wake) -> None:
        lines = wake("test", "--mic-file", str(REPLAY / "hey-gemma-joe.flac")).stdout.splitlines()
        assert any("would have woken, score 0.9" in line for line in lines)
        assert lines[-1].startswith("2 s: 1 wake, 0 near misses; highest score 0.9")

    def test_another_threshold_can_be_tried(self, wake: Wake) -> None:
        told = wake("test", "--threshold", "0.999", "--mic-file", str(REPLAY / "hey-gemma-slt.flac")).stdout
        assert re.search(r"near: score (0.99|1.00), under 1.00", told)

    def test_a_file_that_is_not_there_is_refused(self, wake: Wake) -> None:
        with pytest.raises(AudioFileError, match="none"):
            wake("test", "--mic-file", "none.wav")


class TestEval:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for name, part in (("hey-gemma-joe", "hey/joe"), ("hey-gemma-slt", "hey/slt"), ("hey-siri-joe", "other")):
            target = tmp_path / "mine" / part
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPLAY / f"{name}.flac", target)
        shutil.copy(REPLAY / "hey-siri-joe.flac", tmp_path / "mine" / "hey")
        return tmp_path / "mine"

    def test_recall_and_false_wakes_of_ones_own_recordings(self, wake: Wake, folder: Path) -> None:
        lines = wake("eval", str(folder)).stdout.splitlines()
        assert "recall\tjoe\t1\t1\t100.0%\t5.0%\t1" in lines
        assert "recall\tall\t3\t2\t66.7%\t13.5%\t2" in lines
        assert any(line.startswith("false\tall\t0.001\t0\t0.00\t") for line in lines)
        assert any(line.startswith("place\tmissed\t") and "hey-siri-joe.flac" in line for line in lines)

    def test_as_json_it_has_every_figure(self, wake: Wake, folder: Path) -> None:
        told = json.loads(wake("eval", str(folder), "--threshold", "0.9", "--json").stdout)
        assert told["threshold"] == 0.9
        assert told["recall"][-1]["woke"] == 2
        assert told["false_wakes"][-1]["wakes"] == 0
        assert told["false_wakes"][-1]["at_most"] > 1000

    def test_a_folder_without_recordings_is_refused(self, wake: Wake, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no recordings"):
            wake("eval", str(tmp_path))


def entry(
    minutes: int, kind: Kind = Kind.WAKE, score: float = 0.95, *, then: str = "", meant: bool | None = None,
    peak_dbfs: float = -20.0,
) -> Entry:  # fmt: skip
    at = NOW + timedelta(minutes=minutes)
    return Entry(0, at, kind, score, 0.8, peak_dbfs, then=then, meant=meant)
