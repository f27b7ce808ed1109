"""What a person meets at the command line when something is wrong: a line, a remedy, an exit code, no traceback."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import soundfile

from assistant import cli_models, places

pytestmark = [pytest.mark.models, pytest.mark.slow]

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "tests" / "replay" / "demo.flac"


def hey_gemma(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from assistant.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
    )


def refused(result: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    told = result.stdout + result.stderr
    assert result.returncode == code, told
    assert "Traceback" not in told
    assert "what to do:" in told
    for word in words:
        assert word in told


def sound_file(path: Path, samples: int) -> Path:
    soundfile.write(path, np.zeros(samples, np.int16), 16_000)
    return path


def test_a_missing_audio_file(tmp_path: Path) -> None:
    refused(hey_gemma("run", "--mic-file", str(tmp_path / "none.wav")), 2, "none.wav")


def test_a_name_with_brackets_is_told_as_it_is() -> None:
    refused(hey_gemma("run", "--mic-file", "none[/b].wav"), 2, "none[/b].wav")


def test_sound_without_a_header_is_refused(tmp_path: Path) -> None:
    raw = tmp_path / "sound.raw"
    raw.write_bytes(bytes(3_200))
    refused(hey_gemma("run", "--mic-file", str(raw)), 2, "sound.raw", "s16le")


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.touch()
    refused(hey_gemma("run", "--mic-file", str(path)), 2, "empty.wav")


def test_a_file_without_samples(tmp_path: Path) -> None:
    refused(hey_gemma("run", "--mic-file", str(sound_file(tmp_path / "zero.wav", 0))), 2, "zero.wav")


def test_a_text_in_which_nothing_can_be_spoken(tmp_path: Path) -> None:
    refused(hey_gemma("say", "🎉 ", "--speaker-file", str(tmp_path / "a.wav")), 2, "nothing to speak")


def test_a_file_that_is_no_audio(tmp_path: Path) -> None:
    path = tmp_path / "text.wav"
    path.write_text("this is no sound", encoding="utf-8")
    refused(hey_gemma("run", "--mic-file", str(path)), 2, "text.wav")


@pytest.mark.parametrize("samples", [1, 319, 16_000])
def test_very_short_silent_files_work_and_do_nothing(tmp_path: Path, samples: int) -> None:
    path = sound_file(tmp_path / "short.wav", samples)
    result = hey_gemma("run", "--pace", "fast", "--mic-file", str(path), "--no-wake")
    assert result.returncode == 0, result.stderr


def test_a_truncated_file_is_heard_as_far_as_it_goes_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.flac"
    path.write_bytes(DEMO.read_bytes()[:20_000])
    result = hey_gemma("run", "--pace", "fast", "--mic-file", str(path))
    assert result.returncode in (0, 2)
    assert "Traceback" not in result.stderr


def test_an_unknown_config_key_names_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[wake]\nthresold = 0.4\n", encoding="utf-8")
    refused(hey_gemma("run", "--config", str(path), "--mic-file", str(DEMO)), 2, "thresold", "wake.threshold")


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[model]\nname = "e2b"\n', encoding="utf-8")
    data = {"XDG_DATA_HOME": str(tmp_path)}
    refused(hey_gemma("ask", "hello", "--config", str(path), **data), 3, "hey-gemma models fetch e2b")


def test_a_model_nobody_knows(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[model]\nname = "e3b"\n', encoding="utf-8")
    refused(hey_gemma("ask", "hello", "--config", str(path)), 2, "e3b", "tiny")


def test_a_damaged_model(tmp_path: Path) -> None:
    folder = tmp_path / "hey-gemma" / "models" / "shape"
    folder.mkdir(parents=True)
    text = (ROOT / "models" / "tiny" / "tiny-text.gguf").read_bytes()
    (folder / "shape-text-Q4_0.gguf").write_bytes(text[: len(text) // 2])
    (folder / "shape-mmproj-Q8_0.gguf").write_bytes((ROOT / "models" / "tiny" / "tiny-mmproj.gguf").read_bytes())
    config = tmp_path / "config.toml"
    config.write_text('[model]\nname = "shape"\n', encoding="utf-8")
    refused(hey_gemma("ask", "hello", "--config", str(config), XDG_DATA_HOME=str(tmp_path)), 3, "shape-text")


def test_a_place_where_nothing_can_be_written() -> None:
    refused(hey_gemma("run", "--mic-file", str(DEMO), "--events", "/nowhere/events.jsonl"), 6, "events.jsonl")
    refused(hey_gemma("run", "--mic-file", str(DEMO), "--speaker-file", "/nowhere/answer.wav"), 6, "answer.wav")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_disk_that_is_full() -> None:
    refused(hey_gemma("run", "--pace", "fast", "--mic-file", str(DEMO), "--events", "/dev/full"), 6, "/dev/full")


def test_a_full_disk_behind_what_is_printed() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", "from assistant.cli import main; main()", "version"]
        told = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False, cwd=ROOT
        )
    assert told.returncode == 6
    assert "the disk is full" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_microphone_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[audio]\nmicrophone = "no such microphone"\n', encoding="utf-8")
    refused(hey_gemma("run", "--config", str(path)), 4, "hey-gemma devices")


def test_an_unknown_command_shows_the_usage() -> None:
    result = hey_gemma("fly")
    assert result.returncode == 2
    assert "Usage" in result.stderr


def test_a_folder_that_can_not_be_evaluated(tmp_path: Path) -> None:
    refused(hey_gemma("eval", str(tmp_path)), 2, "expect.jsonl")


def test_fast_without_a_file() -> None:
    refused(hey_gemma("run", "--pace", "fast"), 2, "--mic-file")


def test_an_ear_is_prepared_once(tmp_path: Path) -> None:
    """The config's model, or the one that is named; its place is printed."""
    cache = {"XDG_CACHE_HOME": str(tmp_path)}
    for _ in range(2):
        result = hey_gemma("models", "prepare", **cache)
        assert result.returncode == 0, result.stderr
        assert "is ready" in result.stdout
    assert len(list((tmp_path / "hey-gemma").glob("ear-tiny-text-*.gguf"))) == 1
    refused(hey_gemma("models", "prepare", "e2b", XDG_DATA_HOME=str(tmp_path), **cache), 3, "models fetch e2b")
    refused(hey_gemma("models", "prepare", "tiny", XDG_CACHE_HOME="/dev/null"), 6, "can't be written")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root prepares for the service")
def test_what_root_prepares_is_the_services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its cache, and its own: it is made anew by it after a change of the model. Root is root again."""
    with TemporaryDirectory() as folder:
        cache = Path(folder)
        os.chown(cache, 4711, 4712)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "root"))
        monkeypatch.setattr(places, "asks_for_service", lambda *_: True)
        monkeypatch.setattr(places, "SERVICE_CACHE_DIR", cache)
        cli_models.prepare("tiny")
        assert [path.suffix for path in sorted(cache.iterdir())] == [".gguf", ".lock"]
        assert {(path.stat().st_uid, path.stat().st_gid) for path in cache.iterdir()} == {(4711, 4712)}
    assert not (tmp_path / "root").exists()
    assert (os.geteuid(), os.getegid()) == (0, os.getgid())
