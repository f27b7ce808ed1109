"""Nothing leaves the house: the whole assistant, as a user starts it, watched by the kernel (tests/witness.py)."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from assistant.audio.clock import WallClock
from assistant.audio.devices import Sound
from assistant.audio.speaker import SoundSpeaker
from assistant.stages import AudioClip
from tests import apart, witness
from tests.fake_home import TOKEN
from tests.real_home import HOME as REAL_HOME
from tests.real_home import needs_a_home
from tests.sound_server import sound_server, why_not

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "tests" / "replay" / "demo.flac"
ALONE = ["unshare", "--mount", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
HEY_GEMMA = [sys.executable, "-c", "from assistant.start import main; main()"]
WATCHING = [sys.executable, str(ROOT / "tests" / "witness.py"), "--written"]
# Where ALSA looks for PulseAudio and JACK, the test's own and the machine's.
SOUND_SERVERS = ["--local", "*/native", "--local", "/dev/shm/jack*"]  # noqa: S108
WORDS = ("kitchen", "light", "turn on", "turnon", "hass")
NOWHERE, SOMEWHERE = witness.Allowed(), witness.Allowed(frozenset({("192.0.2.1", 9)}))


def _why_not() -> str | None:
    """Why nothing can be watched here; None: it can."""
    for program, package in (("strace", "strace"), ("unshare", "util-linux"), ("ip", "iproute2"), ("mount", "mount")):
        if not shutil.which(program):
            return f"{program} isn't there: sudo apt install {package}"
    lonely = subprocess.run([*ALONE, "strace", "-qq", "-e", "trace=none", "true"], capture_output=True, check=False)
    return f"not permitted here: {lonely.stderr.decode().strip()}" if lonely.returncode else None


watched = pytest.mark.skipif((_reason := _why_not()) is not None, reason=_reason or "")


def environment(tmp_path: Path) -> dict[str, str]:
    """As of a user who has set nothing, in a home directory of its own."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "HEY_GEMMA_", "ORT_", "GLIBC_"))}
    return environ | {"HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}


def assistant(
    tmp_path: Path, *arguments: str, around: Sequence[str] = ALONE, options: Sequence[str] = (), sound: bytes = b""
) -> list[str]:
    """Run it in a home directory of its own, under the witness, and give what both told, which must be all right."""
    command = [*around, *WATCHING, *options, "--", *HEY_GEMMA, *arguments]
    run = subprocess.run(
        command, input=sound, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240, check=False,
        env=environment(tmp_path), cwd=ROOT,
    )  # fmt: skip
    told = run.stdout.decode()
    assert "the program ended with 0" in told, told
    assert run.returncode == 0, told
    return told.splitlines()


def python(code: str, allowed: witness.Allowed = NOWHERE) -> witness.Seen:
    return witness.watch([*ALONE, sys.executable, "-c", code], allowed)[1]


@watched
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("s=socket.socket(); s.settimeout(.1); s.connect_ex(('192.0.2.1', 9))", "connect to 192.0.2.1 port 9"),
        ("s=socket.socket(socket.AF_INET6); s.settimeout(.1); s.connect_ex(('2001:db8::1', 9))", "2001:db8::1 port 9"),
        ("s=socket.socket(type=socket.SOCK_DGRAM)\ntry: s.sendto(b'x', ('192.0.2.1', 9))\nexcept OSError: 0", "sendto"),
        ("try: socket.getaddrinfo('example.org', 80)\nexcept OSError: 0", "a name is looked up"),
        ("s=socket.socket(); s.bind(('127.0.0.1', 0))", "bind to 127.0.0.1 port 0"),
        ("s=socket.socket(socket.AF_UNIX); s.connect_ex('/run/anybody')", "connect to a local socket"),
        ("import subprocess, sys; subprocess.run([sys.executable, '-c', 'import socket; socket.socket()'])", "AF_INET"),
        ("import threading; threading.Thread(target=socket.socket).start()", "AF_INET"),
    ],
)
def test_the_witness_sees_a_program_that_reaches_out(code: str, reason: str) -> None:
    """Also in a thread, in a child, and in vain."""
    seen = python(f"import socket\n{code}")
    assert any(reason in line for line in seen.refused), seen.refused


@watched
def test_the_witness_lets_a_loop_wake_itself_and_lets_pass_what_is_allowed() -> None:
    assert python("import asyncio; asyncio.run(asyncio.sleep(0))").refused == []
    seen = python("import socket; s=socket.socket(); s.settimeout(.1); s.connect_ex(('192.0.2.1', 9))", SOMEWHERE)
    assert (seen.refused, seen.connected) == ([], {("192.0.2.1", 9)})


def test_the_witness_reads_what_strace_breaks_in_two() -> None:
    lines = [
        '7 connect(17, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.7")}, 16 <unfinished ...>',
        "8 <... connect resumed>) = 0",
        "[pid 9] io_uring_setup(8, {flags=0}) = 5",
        '9 openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC <unfinished ...>',
        '9 openat(AT_FDCWD, "/tmp/a", O_WRONLY|O_CREAT|O_CLOEXEC, 0666) = 5',
        '9 openat(AT_FDCWD, "/tmp/b", O_RDWR) = -1 ENOENT (No such file or directory)',
        "9 socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, [3, 4]) = 0",
    ]
    seen = witness.read(lines, witness.Allowed())
    assert [line.partition(":")[0] for line in seen.refused] == [
        "connect to 192.0.2.7 port 443", "io_uring, into which nobody sees", "a name is looked up",
    ]  # fmt: skip
    assert seen.written == {"/tmp/a"}  # noqa: S108 - a name in a trace


@watched
@pytest.mark.models
@pytest.mark.slow
def test_from_wake_word_to_answer_nothing_leaves_and_no_word_and_no_sound_stays(tmp_path: Path) -> None:
    """Live sound, no route, nothing configured: no socket, no word in the log or in a file, no sound on the disk."""
    samples, rate_hz = soundfile.read(DEMO, dtype="int16")
    assert rate_hz == 16_000
    answer = tmp_path / "answer.wav"
    told = assistant(tmp_path, "run", "--mic-file", "-", "--speaker-file", str(answer), sound=samples.tobytes())
    assert any("home  asked, 1 effect" in line for line in told), told
    assert soundfile.info(answer).duration > 0.5  # and said something
    log = [line for line in told if not line.startswith("written ")]
    assert [line for line in log if any(word in line.casefold() for word in WORDS)] == []
    written = {Path(line.split()[1]) for line in told if line.startswith("written ")}
    cache = tmp_path / "home" / ".cache" / "hey-gemma"
    assert {path.parent for path in written} == {cache, tmp_path}
    loud = int(np.abs(samples.astype(np.int32)).argmax())
    heard = [samples[loud : loud + 32].astype(kind).tobytes() for kind in ("<i2", "<f4")]
    for path in (p for p in tmp_path.rglob("*") if p.is_file() and p != answer):
        content = path.read_bytes()
        assert path.is_relative_to(cache), path
        assert path.name.startswith(("ear-tiny-", "prefix-", "streaming-")), path
        assert not any(part in content for part in heard), path


@watched
@pytest.mark.models
@pytest.mark.sound
@pytest.mark.slow
@pytest.mark.skipif(why_not() is not None, reason=why_not() or "")
async def test_through_the_microphone_and_the_speaker_only_the_sound_server_is_reached(tmp_path: Path) -> None:
    """As a service runs: a sound device, no route. Only sound servers are looked for, by files on this machine."""
    config = tmp_path / "config.toml"
    config.write_text('[audio]\nmicrophone = "mic"\nspeaker = "room"\ncue = false\n', encoding="utf-8")
    samples, rate_hz = soundfile.read(DEMO, dtype="int16")
    with sound_server(tmp_path / "server"):
        run = await asyncio.create_subprocess_exec(
            *ALONE, *WATCHING, *SOUND_SERVERS, "--", *HEY_GEMMA, "run", "--config", str(config),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(tmp_path), cwd=ROOT,
        )  # fmt: skip
        assert run.stdout is not None
        lines: list[str] = []
        async with asyncio.timeout(200):
            async for line in run.stdout:
                lines.append(line.decode())
                if "ready" in lines[-1]:
                    person = SoundSpeaker(Sound(), WallClock(), device="room")
                    await asyncio.sleep(2.0)  # the stream of the microphone has to be open
                    await person.play(AudioClip(np.asarray(samples, np.int16), rate_hz))
                    await person.aclose()
                if "home  asked, 1 effect" in lines[-1]:
                    os.kill(_last_child(run.pid), signal.SIGTERM)
            assert await run.wait() == 0, "".join(lines)
    assert any("home  asked, 1 effect" in line for line in lines), "".join(lines)
    assert [
        line for line in lines if not line.startswith("written ") and any(w in line.casefold() for w in WORDS)
    ] == []
    written = {Path(line.split()[1]) for line in lines if line.startswith("written ")}
    kept = [tmp_path / "home" / folder / "hey-gemma" for folder in (".cache", ".local/state")]
    kept.append(tmp_path / "home" / ".config" / "pulse")  # PulseAudio's own cookie
    assert {path for path in written if not any(path.is_relative_to(folder) for folder in kept)} == set(), written
    assert not any(path.suffix in (".wav", ".flac") for path in written)


def _last_child(pid: int) -> int:
    """The program at the end of a chain of them: unshare, the witness, strace, Hey Gemma."""
    while children := Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        pid = int(children[0])
    return pid


@watched
@pytest.mark.models
@pytest.mark.slow
def test_what_is_typed_stays_here_too(tmp_path: Path) -> None:
    told = assistant(tmp_path, "ask", "turn on the kitchen light")
    assert "Kitchen light on." in told


@watched
@pytest.mark.models
@pytest.mark.slow
@pytest.mark.parametrize("by_name", [False, True])
def test_with_home_assistant_only_its_address_is_reached(tmp_path: Path, *, by_name: bool) -> None:
    """Nothing but it is on the network. A name is looked up, and only that one, when the config gives a name."""
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    host = apart.NAME if by_name else apart.THERE
    (tmp_path / "config.toml").write_text(
        f'[home]\nkind = "home_assistant"\nurl = "http://{host}:{apart.PORT}"\ntoken_file = "{tmp_path / "token"}"\n',
        encoding="utf-8",
    )
    told = assistant(
        tmp_path, "run", "--config", str(tmp_path / "config.toml"), "--mic-file", str(DEMO),
        around=[*ALONE, sys.executable, "-m", "tests.apart", str(tmp_path), "--"],
        options=["--allow", f"{apart.THERE}:{apart.PORT}", *(["--names"] if by_name else [])],
    )  # fmt: skip
    assert f"allowed    {apart.THERE} port {apart.PORT}" in told
    home = json.loads((tmp_path / "home.json").read_text(encoding="utf-8"))
    assert home == {"logins": 1, "services": ["light.turn_on"], "names": [apart.NAME] if by_name else []}


@watched
@needs_a_home
@pytest.mark.home_assistant
@pytest.mark.models
@pytest.mark.slow
def test_with_a_real_home_assistant_only_its_address_is_reached(tmp_path: Path) -> None:
    """It lives on this machine, so this one has its network."""
    url = (REAL_HOME / "url").read_text(encoding="utf-8")
    config = f'[home]\nkind = "home_assistant"\nurl = "{url}"\ntoken_file = "{REAL_HOME / "token"}"\n'
    (tmp_path / "config.toml").write_text(config, encoding="utf-8")
    told = assistant(
        tmp_path, "run", "--config", str(tmp_path / "config.toml"), "--mic-file", str(DEMO),
        around=[], options=["--allow", url.rpartition("/")[2]],
    )  # fmt: skip
    assert any("light.turn_on light.kitchen" in line for line in told), told


def test_telemetry_is_off_before_onnxruntime_is_loaded_however_we_are_started() -> None:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("ORT_")} | {"PYTHONPATH": str(ROOT)}
    code = "import assistant.wake, os, sys; print(os.environ['ORT_DISABLE_TELEMETRY'], 'onnxruntime' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert told.stdout == "1 False\n"
