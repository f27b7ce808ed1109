"""Faults that end a process, or that only a process can have. See docs/FAULTS.md."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assistant import app, manifest
from assistant.audio.clock import AudioClock
from assistant.config import Config, WakeConfig
from assistant.events import ToolCalled
from assistant.intents.deadlines import Timer
from assistant.intents.timer_file import TimerFile
from assistant.stages import Call
from assistant.turn import SORRY
from assistant.waking.keeper import keeping
from tests.faults import KITCHEN, REPLAY, ROOT, command, quiet, row, world

pytestmark = [pytest.mark.models, pytest.mark.slow]
LONG_S = 300  # a machine may be busy
HEY_GEMMA = ("-c", "from assistant.start import main; main()")


@dataclass(slots=True)
class Assistant:
    """A process that listens, and what it wrote."""

    process: "subprocess.Popen[bytes]"
    events_file: Path
    log_file: Path
    started_s: float

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """What has happened so far; of one kind if there is a `name`."""
        if not self.events_file.exists():
            return []
        lines = self.events_file.read_text(encoding="utf-8").split("\n")[:-1]
        return [event for line in lines if name in ("", (event := json.loads(line))["event"])]

    @property
    def log(self) -> str:
        """What it wrote to its terminal."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    @property
    def did(self) -> list[dict[str, Any]]:
        """What was asked of the home."""
        return [effect for call in self.events("tool_called") for effect in call["effects"]]

    def until(self, name: str, count: int = 1) -> None:
        """Wait for an event."""
        end_s = time.monotonic() + LONG_S
        while len(self.events(name)) < count:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < end_s, f"no {name}: {self.log}"
            time.sleep(0.2)

    def cpu_s(self) -> float:
        """Processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(folder: Path, name: str, *command_line: str, cwd: Path = ROOT, **environ: str) -> Iterator[Assistant]:
    """Start one; end it at the end."""
    events, log = folder / f"{name}.jsonl", folder / f"{name}.log"
    own = {"CACHE_DIRECTORY": str(folder / "cache"), "STATE_DIRECTORY": str(folder / "state")}
    own["RUNTIME_DIRECTORY"] = str(folder / "run")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command_line, "--events", str(events)],
            stdin=subprocess.PIPE, stdout=output, stderr=output, cwd=cwd, env=os.environ | own | environ,
        )  # fmt: skip
    try:
        yield Assistant(process, events, log, time.monotonic())
    finally:
        process.kill()
        process.wait()
        if process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.close()


def _again(seconds: float, cpu_s: float) -> str:
    return f"{seconds:.1f} ({cpu_s:.1f} of processor time)"


def _said(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(caplog.messages)


def lines_with(log: str, *words: str) -> str:
    """The lines of a log in which one of the words stands."""
    return "\n".join(line for line in log.splitlines() if any(word in line for word in words))


def test_a_model_that_hangs_and_one_that_crashes_are_survived(tmp_path: Path) -> None:
    """The process ends, and says so; the next one says sorry if that hasn't been said; a timer outlives both."""
    timers = TimerFile(tmp_path / "state" / "timers.json")
    timers.save((Timer("pasta", 7200, time.time() + 7200),))

    def start(fault: str) -> AbstractContextManager[Assistant]:
        heard = tmp_path / f"{fault}.wav"
        return running(tmp_path, fault, "-m", "tests.sabotage", fault, "run", "--speaker-file", str(heard))

    with start("hang") as hung:
        assert hung.process.wait(LONG_S) == 1, hung.log
        ended_s = time.monotonic()
    assert [event["code"] for event in hung.events("failed")] == ["model_stuck"]
    assert hung.events("reply_audio_finished")
    assert hung.did == []
    with start("crash") as crashed:
        crashed.until("microphone_found")
        back = _again(time.monotonic() - ended_s, crashed.cpu_s())
        code = crashed.process.wait(LONG_S)
        ended_s = time.monotonic()
    assert crashed.events("announced") == [], "sorry was said before the process ended"
    log = lines_with(hung.log, "stood still", "error:")
    row("a decode hangs (patience of 3 s here, 30 in earnest), service started again", hears=[SORRY],
        log=log, again_s=back, twice="nothing; the timer is kept")  # fmt: skip
    assert code in (-signal.SIGABRT, -signal.SIGSEGV)
    assert "Fatal Python error" in crashed.log
    assert "sabotage.py" in crashed.log, "the log says where"
    with start("none") as after:
        after.until("microphone_found")
        back = _again(time.monotonic() - ended_s, after.cpu_s())
        after.until("turn_ended")
        after.process.send_signal(signal.SIGTERM)
        assert after.process.wait(LONG_S) == 0
    assert [event["text"] for event in after.events("announced")] == [SORRY]
    assert after.did == [KITCHEN]
    assert [timer.name for timer in timers.load()] == ["pasta"]
    hears = [event["text"] for event in (*after.events("announced"), *after.events("reply"))]
    row("native crash of the model's thread, service started again", hears=hears,
        log=lines_with(crashed.log, "GGML_ASSERT", "Fatal Python error"), again_s=back,
        twice="nothing; the timer is kept")  # fmt: skip


def test_the_model_file_is_replaced_and_then_cut_under_us(tmp_path: Path) -> None:
    """A new file in its place changes nothing; cut where it lies it may end the process, and the next start says so."""
    shutil.copytree(ROOT / "assistant", tmp_path / "assistant", ignore=shutil.ignore_patterns("__pycache__"))
    models = tmp_path / "models"
    models.mkdir()
    for name in ("manifest.toml", manifest.VOCABULARY, "tiny", "hey_gemma", "stop"):
        source = ROOT / "models" / name
        ignore = shutil.ignore_patterns("*.py", "*.md", "__pycache__")
        shutil.copytree(source, models / name, ignore=ignore) if source.is_dir() else shutil.copy(source, models)
    text = models / "tiny" / "tiny-text.gguf"
    arguments = (*HEY_GEMMA, "run", "--mic-file", "-", "--pace", "fast")
    sound = command().tobytes()
    with (
        running(tmp_path, "replaced", *arguments, cwd=tmp_path, PYTHONPATH=str(tmp_path)) as seen,
        text.open("r+b") as before,
    ):
        assert seen.process.stdin is not None
        seen.until("started")
        new = text.with_suffix(".new")
        new.write_bytes(text.read_bytes()[:100_000])
        new.replace(text)
        seen.process.stdin.write(sound + quiet(1).tobytes())
        seen.process.stdin.flush()
        seen.until("tool_called")
        assert seen.did == [KITCHEN]
        before.truncate(4096)
        with suppress(BrokenPipeError):
            seen.process.stdin.write(sound + quiet(1).tobytes())
            seen.process.stdin.close()
        code = seen.process.wait(LONG_S)
    assert code in (0, -signal.SIGBUS), seen.log
    assert seen.did == [KITCHEN] * (2 if code == 0 else 1)
    if code:
        assert "Fatal Python error: Bus error" in seen.log
    with running(tmp_path, "next", *arguments, cwd=tmp_path, PYTHONPATH=str(tmp_path)) as again:
        assert again.process.wait(LONG_S) == 3
    assert "hey-gemma models verify" in again.log
    how = "it went on" if code == 0 else lines_with(seen.log, "Fatal Python error")
    row("model file replaced, then cut where it lies", hears=["Kitchen light on."],
        log=f"{how}\n{lines_with(again.log, 'error:')}", again_s="when the file is whole again: the start ends with 3",
        twice="nothing")  # fmt: skip


def test_a_locale_without_utf_8(tmp_path: Path) -> None:
    """Sound, names, files and the terminal: nothing depends on the locale."""
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(ROOT)}
    answer = tmp_path / "Küche-答え.wav"
    arguments = ("--mic-file", str(REPLAY / "demo.flac"), "--pace", "fast", "--speaker-file", str(answer))
    with running(tmp_path, "plain", *HEY_GEMMA, "run", *arguments, cwd=ROOT, **plain) as seen:
        assert seen.process.wait(LONG_S) == 0, seen.log
    assert seen.did == [KITCHEN]
    assert answer.stat().st_size > 10_000
    row("a locale without UTF-8 (LC_ALL=C, PYTHONUTF8=0)", hears=[event["text"] for event in seen.events("reply")],
        log=lines_with(seen.log, "WARNING", "ERROR"), again_s="never stopped")  # fmt: skip


@contextmanager
def small_disk(folder: Path, *, full: bool) -> Iterator[Path]:
    """A disk of 3 MB, full to the last byte or read-only."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    try:
        if full:
            subprocess.run(["dd", "if=/dev/zero", f"of={folder / 'filler'}"], stderr=subprocess.DEVNULL, check=False)
        else:
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("kind", ["full", "read-only"])
async def test_a_disk_that_takes_nothing(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Cache, timers and wake log can't be written: everything works, and the log says what is lost."""
    with small_disk(tmp_path / "disk", full=kind == "full") as disk:
        monkeypatch.setenv("CACHE_DIRECTORY", str(disk / "cache"))
        monkeypatch.setenv("STATE_DIRECTORY", str(disk / "state"))
        wake = WakeConfig(keep_clips=True)
        async with (
            keeping(wake, disk / "state" / "wake") as keep,
            app.loaded(Config(), AudioClock()) as stages,
            world(stages, timers=disk / "state" / "timers.json", keep_wake=keep) as seen,
        ):
            await seen.home.router.dispatch([Call("HassStartTimer", {"seconds": 600})])
            await seen.hear(command())
    assert seen.did == [KITCHEN]
    assert len(seen.of(ToolCalled)) == 1
    assert "Timers and alarms won't outlive a restart" in caplog.text
    assert "can't be written, the next start will be slower" in caplog.text or "no room for the ear" in caplog.text
    row(f"disk {kind}, from the start on", hears=seen.voice.said, log=_said(caplog), again_s="never stopped")


def _turn_a_bit_over(cache: Path) -> None:
    (kept,) = cache.glob("prefix-*.kv")
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    kept.write_bytes(content)


async def test_a_prefix_cache_that_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bit is turned over: the prefix is computed again, and the answer is what it was."""
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path))
    async with app.loaded(Config(), AudioClock()) as stages, world(stages) as seen:
        await seen.hear(command())
    _turn_a_bit_over(tmp_path)
    async with app.loaded(Config(), AudioClock()) as stages, world(stages) as again:
        await again.hear(command())
    assert again.did == seen.did == [KITCHEN]
    assert "is damaged: the prefix is computed again" in caplog.text
    row("prefix cache damaged", hears=again.voice.said, log=_said(caplog), again_s="the start is slower by the prefix")
