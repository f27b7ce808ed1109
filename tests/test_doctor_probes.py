"""What the doctor's probes gather: a pretended /proc and /sys, files, fake sound hardware, a fake home."""

import asyncio
import hashlib
import os
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import board, manifest, places
from assistant.audio.clock import WallClock
from assistant.audio.devices import Sound
from assistant.audio.speaker import SoundSpeaker
from assistant.config import Config, HomeConfig, WakeConfig
from assistant.config_mqtt import MqttConfig
from assistant.doctor import clock, homes, machine, models, processor, program, rounds, service, settings, sound
from assistant.doctor.examine import examine
from assistant.doctor.findings import NotHere, State
from assistant.doctor.signal import measure
from assistant.errors import (
    AudioDeviceError,
    ConfigError,
    HomeAway,
    HomeRefused,
    ModelDamaged,
    ModelMissing,
    UsageError,
)
from assistant.intents import broker_trial
from assistant.llm import build, self_test
from assistant.llm.memory_plan import Sizes
from assistant.progress import silent
from assistant.stages import SAMPLE_RATE_HZ, AudioClip, Pcm
from tests.fake_home import TOKEN, FakeHome
from tests.fake_sound import MIC, SPEAKER, FakeSound, FakeStream
from tests.mqtt_devices import HOST
from tests.sound_server import sound_server, why_not
from tests.test_board import pi
from tests.test_mqtt import PORT


def put(root: Path, **files: str) -> Path:
    """Write files under a pretended root; `__` stands for a slash."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_pins_of_the_lock_that_are_for_this_system(tmp_path: Path) -> None:
    lock = put(tmp_path, lock=(
        "# made by\nnumpy==0.0.1 \\\n    --hash=sha256:00\nghost==2\n"
        "colorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:00\nnot a pin at all ;;\n"
    )) / "lock"  # fmt: skip
    facts = program.probe_packages(lock)
    assert facts.locked == {"numpy": "0.0.1", "ghost": "2"}
    assert facts.here["ghost"] is None
    assert facts.here["numpy"] == np.__version__
    assert program.packages(facts).state is State.FAIL


def test_the_programs_own_lock_is_found() -> None:
    assert {"numpy", "llama-cpp-python"} <= program.probe_packages().locked.keys()


def test_what_libgomp_reads() -> None:
    assert program.probe_omp({"OMP_NUM_THREADS": "1", "HOME": "/"}) == {"OMP_NUM_THREADS": "1"}


def test_a_processor_of_arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The board's name stands at the end of a Pi's list."""
    monkeypatch.setattr(processor, "look", lambda: build.Build(frozenset({"OPENMP"})))
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    cpuinfo = "processor\t: 0\nFeatures\t: fp asimd fphp asimdhp asimddp\n\nModel\t\t: Raspberry Pi 5 Model B\n"
    facts = processor.probe(put(tmp_path, proc__cpuinfo=cpuinfo))
    assert processor.processor(facts).found == "Raspberry Pi 5 Model B: asimddp, asimdhp"
    assert processor.build(facts).state is State.WARN


def test_what_llama_cpp_says_of_itself() -> None:
    assert build.features_in("CPU : SSE3 = 1 | AVX2 = 0 | SVE_CNT = 16 | OPENMP = 1 | ") == {
        "SSE3",
        "SVE_CNT",
        "OPENMP",
    }


@pytest.mark.models
def test_this_llama_cpp_is_asked() -> None:
    found = build.look()
    assert not found.problem
    assert "OPENMP" in found.features


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("kill -ILL $$", "SIGILL"),
        ("echo 'no such library' >&2; exit 1", "1 no such library"),
        ("exec sleep 60", "didn't load"),
    ],
)
def test_a_llama_cpp_that_can_not_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str
) -> None:
    python = put(tmp_path, python=f"#!/bin/sh\n{script}\n") / "python"
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    assert told in build.look(timeout_s=1).problem


def test_memory_and_swap(tmp_path: Path) -> None:
    root = put(
        tmp_path,
        proc__meminfo="MemTotal: 8000 kB\nMemAvailable: 6000 kB\nSwapTotal: 200 kB\nSwapFree: 100 kB\nHugePages: 0\n",
        proc__swaps="Filename Type Size\n/dev/mmcblk0p3 partition 200\n",
    )
    facts = machine.probe_memory(root, Sizes(1, 2, 3), "auto")
    kernel = board.Memory(8_192_000, 6_144_000, 204_800, 102_400)
    assert facts == machine.Memory(kernel, ("/dev/mmcblk0p3",), Sizes(1, 2, 3))


def test_a_service_with_a_limit_has_no_more_than_that(tmp_path: Path) -> None:
    """MemoryMax of a unit, or a container's."""
    root = put(tmp_path, proc__meminfo="MemTotal: 8000 kB\nMemAvailable: 6000 kB\n")
    put(root, proc__self__cgroup="0::/system.slice/hey-gemma.service\n")
    group = root / "sys/fs/cgroup/system.slice/hey-gemma.service"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("4096000", encoding="ascii")
    assert board.memory(root) == board.Memory(4_096_000, 4_096_000)
    (group.parent / "memory.max").write_text("2048000", encoding="ascii")  # of the slice: it counts, too
    assert board.memory(root) == board.Memory(2_048_000, 2_048_000)


@pytest.mark.parametrize(
    ("groups", "controllers", "known"),
    [
        ("0::/system.slice/hey-gemma.service\n", "cpuset cpu io pids", False),  # Raspberry Pi OS
        ("0::/user.slice/user-1000.slice\n", "cpuset cpu io memory pids", True),
        ("0::/\n", "\n", False),
        ("0::/\n", "", None),
        ("4:memory:/docker/1\n1:name=systemd:/docker/1\n0::/\n", "", None),  # version 1 beside 2
        ("4:memory:/docker/1\n", "", None),
        ("0::/../outside\n", "cpu memory", True),
        ("nothing like it", "", None),
        ("", "", None),
    ],
)
def test_where_no_group_has_a_limit_the_machines_memory_counts(
    tmp_path: Path, groups: str, controllers: str, known: bool | None
) -> None:
    root = put(tmp_path, proc__meminfo="MemTotal: 8000 kB\nMemAvailable: 6000 kB\n", proc__self__cgroup=groups)
    if controllers:
        put(root, **{"sys__fs__cgroup__cgroup.controllers": controllers})
    assert board.memory(root) == board.Memory(8_192_000, 6_144_000, controller=known)


def test_the_disk_of_a_directory_that_is_not_there_yet(tmp_path: Path) -> None:
    (room,) = machine.probe_disks({"models": tmp_path / "a" / "b"})
    assert room.path == tmp_path
    assert room.free > 0


def test_the_firmware_is_asked_where_the_kernel_does_not_tell(tmp_path: Path) -> None:
    root = pi(tmp_path)
    assert board.look(root, lambda: "throttled=0x50005").flags == 0
    next(root.glob(board._THROTTLED)).unlink()
    told = board.look(root, lambda: "throttled=0x50005\n")
    assert told.now == ("under-voltage", "throttled") == told.since_boot
    assert board.look(root, lambda: "VCHI initialization failed").flags is None


def test_the_pace_of_the_cores(tmp_path: Path) -> None:
    folder = "sys__devices__system__cpu__cpu0__cpufreq__"
    names = {"scaling_governor": "ondemand\n", "cpuinfo_max_freq": "2400000\n", "scaling_max_freq": "1500000\n"}
    root = put(tmp_path, **{folder + name: text for name, text in names.items()})
    assert machine.probe_pace(root) == machine.Pace("ondemand", "", 2_400_000, 1_500_000)
    assert machine.probe_pace(tmp_path / "nowhere") == machine.Pace("", "", 0, 0)


def test_the_systems_time_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    assert clock.probe(tmp_path, "").zone == ""
    root = put(tmp_path, etc__timezone="Asia/Tokyo\n")
    assert clock.probe(root, "").zone == "Asia/Tokyo"
    (root / "etc/localtime").symlink_to("/usr/share/zoneinfo/Europe/Paris")
    assert clock.probe(root, "").zone == "Europe/Paris"
    assert clock.probe(root, "America/Lima").zone == "America/Lima"
    nowhere = clock.probe(root, "Europe/Paradise")
    assert clock.zone(nowhere).exit_code == 2
    assert clock.year(nowhere).state is State.OK


def test_whether_the_clock_is_kept_is_known_or_not() -> None:
    assert clock.probe(Path("/"), "UTC").synchronised in {True, False, None}


def test_permissions_of_secrets(tmp_path: Path) -> None:
    put(tmp_path, token="t", config="c").joinpath("token").chmod(0o644)  # noqa: S106 - a file's name
    home = HomeConfig(token_file=str(tmp_path / "token"), mqtt=MqttConfig(password_file=str(tmp_path / "none")))
    found = settings.probe_secrets(tmp_path / "config", replace(Config(), home=home))
    assert [(s.what, s.mode) for s in found] == [("Home Assistant's token", 0o644)]
    with_pin = replace(home, policy=replace(home.policy, pin="1234"))
    found = settings.probe_secrets(tmp_path / "config", replace(Config(), home=with_pin))
    assert [s.what for s in found] == ["Home Assistant's token", "the PIN in the config"]


def test_a_directory_that_is_written_to(tmp_path: Path) -> None:
    """Nothing is left there; one that isn't there yet can be made, or not."""
    assert settings.probe_directory(tmp_path).problem == ""
    assert list(tmp_path.iterdir()) == []
    assert settings.probe_directory(tmp_path / "new" / "er").problem == ""
    assert settings.probe_directory(Path("/dev/null/state")).problem


def tone(hz: float, amplitude: float, seconds: float = 2.0) -> Pcm:
    t = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return np.asarray(np.clip(32768 * amplitude * np.sin(2 * np.pi * hz * t), -32768, 32767), np.int16)


NOISE = np.random.default_rng(0).normal(0, 60, 2 * SAMPLE_RATE_HZ).astype(np.int16)


def test_a_quiet_room_is_well() -> None:
    figures = measure(NOISE)
    assert -55 < figures.rms_dbfs < -54
    assert figures.clipped == 0
    assert abs(figures.offset) < 0.001
    assert figures.hum_share < 0.02


@pytest.mark.parametrize("mains_hz", [50, 60])
def test_hum_is_told_from_other_tones(mains_hz: int) -> None:
    """A cable hums at multiples, too."""
    hum = tone(mains_hz, 0.01) + tone(3 * mains_hz, 0.01) + NOISE
    figures = measure(hum)
    assert figures.hum_hz == mains_hz
    assert figures.hum_share > 0.8
    assert -41 < figures.hum_dbfs < -39
    assert measure(tone(440, 0.1) + NOISE).hum_share < 0.02


def test_an_offset_and_clipping() -> None:
    figures = measure((NOISE + 1638).astype(np.int16))
    assert figures.offset == pytest.approx(0.05, abs=0.001)
    assert -55 < figures.rms_dbfs < -54  # the offset is no sound
    assert measure(tone(440, 2.0)).clipped > 0.3
    assert measure(np.zeros(0, np.int16)).peak_dbfs == measure(np.zeros(16_000, np.int16)).peak_dbfs == -120


class FakeRoom(FakeSound):
    """A microphone that gives `samples` as soon as it is opened."""

    samples: Pcm = NOISE

    def open(self, device: Any, direction: Any, **form: Any) -> FakeStream:
        stream = super().open(device, direction, **form)
        if direction == "input":
            for start in range(0, len(self.samples), 320):
                stream.record(self.samples[start : start + 320])
        return stream


def test_a_microphone_is_listened_to() -> None:
    room = FakeRoom(MIC, SPEAKER, forms={(16_000, 1), (48_000, 2)})
    found = sound.probe_microphone(sound.Wanted(gain_db=6.0), sound=lambda: room, seconds=1.0)
    assert found.heard is not None
    assert found.heard.device == MIC
    assert found.heard.gain_db == 6
    assert -56 < found.heard.signal.rms_dbfs < -53
    assert all(stream.closed for stream in room.streams)
    assert sound.probe_speaker(sound.Wanted(), lambda: room) == sound.Speaker("Loudspeaker")


def test_sound_hardware_that_is_not_there() -> None:
    nothing = FakeSound(forms=set())
    found = sound.probe_microphone(sound.Wanted(waits=True), sound=lambda: nothing)
    assert found.problem is not None
    assert found.waits
    assert sound.probe_speaker(sound.Wanted(speaker="HDMI"), lambda: FakeSound(MIC, forms=set())).problem is not None


def test_sound_cards_and_who_may_open_them(tmp_path: Path) -> None:
    with pytest.raises(NotHere):
        sound.probe_cards(tmp_path)
    listed = " 0 [Device         ]: USB-Audio - USB PnP Sound Device\n                      C-Media at usb-1\n"
    root = put(tmp_path, proc__asound__cards=listed, dev__snd__pcmC0D0c="")
    assert sound.probe_cards(root) == sound.Cards(("USB-Audio - USB PnP Sound Device",))


@pytest.mark.skipif(os.getuid() == 0, reason="root may open everything")
def test_a_sound_card_that_is_locked(tmp_path: Path) -> None:
    root = put(tmp_path, proc__asound__cards=" 0 [x]: USB - mic\n", dev__snd__pcmC0D0c="")
    (root / "dev/snd/pcmC0D0c").chmod(0)
    assert sound.probe_cards(root).locked == (str(root / "dev/snd/pcmC0D0c"),)


class Locked(FakeSound):
    """Hardware that another program has."""

    def open(self, device: Any, direction: Any, **form: Any) -> FakeStream:
        raise AudioDeviceError("can't be opened", remedy="see who has it")


def test_a_microphone_that_the_running_assistant_has(tmp_path: Path) -> None:
    """Nothing is wrong with that; where no assistant runs, or on a file, somebody else has it."""
    locked = Locked(MIC, forms={(16_000, 1)})
    assert sound.microphone(sound.probe_microphone(sound.Wanted(), tmp_path, lambda: locked)).state is State.FAIL
    root = assistant_process(tmp_path, "")
    found = sound.probe_microphone(sound.Wanted(), root, lambda: locked)
    assert sound.microphone(found).found == "can't be opened; the running assistant may have it (process 77)"
    (root / "proc/77/cmdline").write_bytes(b"hey-gemma\0run\0--mic-file\0a.wav\0")
    assert sound.microphone(sound.probe_microphone(sound.Wanted(), root, lambda: locked)).state is State.FAIL
    nothing = sound.probe_microphone(sound.Wanted(), root, lambda: FakeSound(forms=set()))
    assert sound.microphone(nothing).state is State.FAIL


@pytest.mark.sound
@pytest.mark.skipif(bool(why_not()), reason=str(why_not()))
async def test_a_real_sound_server(tmp_path: Path) -> None:
    """Silent, it is a microphone that somebody muted; what else is measured of it is well. A hum is heard."""
    with sound_server(tmp_path):
        found = await asyncio.to_thread(sound.probe_microphone, sound.Wanted("mic"))
        spoken = await asyncio.to_thread(sound.probe_speaker, sound.Wanted(speaker="room"))
        hearing = asyncio.create_task(asyncio.to_thread(sound.probe_microphone, sound.Wanted("mic")))
        speaker = SoundSpeaker(Sound(), WallClock(), device="room")
        await speaker.play(AudioClip(tone(60, 0.05, 3.0), SAMPLE_RATE_HZ))
        await speaker.aclose()
        humming = await hearing
    assert spoken.problem is None
    assert sound.microphone(found).found.endswith("digital silence")
    assert found.heard is not None
    assert sound.rate(found.heard).state is State.OK, found.heard
    assert sound.gaps(found.heard).state is State.OK
    assert humming.heard is not None
    assert sound.hum(humming.heard).found.startswith("60 Hz at -")
    assert sound.hum(humming.heard).state is State.WARN


async def test_home_assistant_is_asked_as_run_asks(tmp_path: Path) -> None:
    fake = FakeHome()
    fake.add("light.kitchen", "kitchen light", area="kitchen")
    token = put(tmp_path, token=TOKEN) / "token"
    async with fake:
        home = HomeConfig(kind="home_assistant", url=fake.url, token_file=str(token), area="galley")
        well = await asyncio.to_thread(homes.probe_home_assistant, home)
        token.write_text("wrong", encoding="utf-8")
        refused = await asyncio.to_thread(homes.probe_home_assistant, home)
        none = await asyncio.to_thread(homes.probe_home_assistant, replace(home, token_file=str(tmp_path / "none")))
    assert well.version == "2025.4.4"
    assert well.found is not None
    assert well.found.things == 1
    assert isinstance(refused.refusal, HomeRefused)
    assert isinstance(none.refusal, ConfigError)
    away = await asyncio.to_thread(homes.probe_home_assistant, replace(home, url="http://127.0.0.1:1"))
    assert isinstance(away.away, HomeAway)
    with pytest.raises(NotHere):
        homes.probe_home_assistant(HomeConfig())


def outcome(home: HomeConfig, name: str) -> tuple[State, str, int]:
    asked = [study for study in homes.studies(replace(Config(), home=home)) if study.checks[0][0] == name]
    (row,) = examine(asked).rows
    return row.finding.state, row.finding.found, row.finding.exit_code


def test_brokers() -> None:
    """One that isn't there, none named, none used."""
    nobody = HomeConfig(kind="mqtt", mqtt=MqttConfig(host="127.0.0.1", port=1))
    with pytest.raises(HomeAway, match=r"127\.0\.0\.1:1"):
        asyncio.run(broker_trial.enter(nobody.mqtt, wait_s=0.2))
    assert outcome(HomeConfig(kind="mqtt"), "MQTT broker") == (State.FAIL, "the section home.mqtt has no host", 2)
    assert outcome(HomeConfig(), "MQTT broker")[0] is State.ABSENT
    secret = MqttConfig(host="127.0.0.1", port=1, username="me", password_file="/nowhere")  # noqa: S106
    assert outcome(HomeConfig(mqtt=replace(secret, announce=True)), "MQTT broker")[2] == 2


def test_demo_homes(tmp_path: Path) -> None:
    assert outcome(HomeConfig(), "demo home")[:2] == (State.OK, "built in: 6 rooms")
    assert outcome(HomeConfig(demo_file=str(tmp_path / "none.toml")), "demo home")[2] == 2
    assert outcome(HomeConfig(kind="mqtt"), "demo home")[0] is State.ABSENT


def test_a_model_that_is_not_there_or_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(manifest, "SYSTEM_DIR", tmp_path)
    missing = models.probe_model(of("e2b"), silent, tmp_path, read=True).missing
    assert isinstance(missing, ModelMissing)
    with pytest.raises(UsageError):
        models.probe_model(of("e3b"), silent, tmp_path, read=True)


def of(model: str) -> Config:
    return replace(Config(), model=replace(Config().model, name=model))


def test_a_damaged_byte_is_found_by_reading_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`quick` looks at sizes and headers."""
    monkeypatch.setattr(self_test, "works", lambda *_, **__: None)
    shipped = places.models_dir()
    entry = manifest.load().entry("tiny")
    for file in (entry.text, entry.mmproj):
        raw = bytearray((shipped / file.file).read_bytes())
        raw[-1] ^= file is entry.mmproj
        (tmp_path / file.file).parent.mkdir(exist_ok=True)
        (tmp_path / file.file).write_bytes(raw)
    monkeypatch.setattr(manifest, "find", lambda _, file, *__: tmp_path / file.file)
    read = models.probe_model(of("tiny"), silent, tmp_path, read=True)
    assert "sha256" in models.content(read).found
    assert models.content(read).state is State.FAIL
    quick = models.probe_model(of("tiny"), silent, tmp_path, read=False)
    assert models.content(quick).state is State.OK
    assert quick.ear == ""
    text = (tmp_path / entry.text.file).resolve()
    name = f"ear-tiny-text-{hashlib.sha256(bytes(text)).hexdigest()[:8]}.gguf"
    (tmp_path / name).write_bytes((shipped / entry.text.file).read_bytes())
    stale = models.probe_model(of("tiny"), silent, tmp_path, read=False)
    assert models.ear(stale).state is State.WARN


def test_a_wake_word_without_its_head(tmp_path: Path) -> None:
    assert isinstance(models.probe_wake(WakeConfig(words=(str(tmp_path / "none.onnx"),))).head, ModelMissing)


def test_a_second_ear_that_is_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = ModelDamaged("second_ear.npz can't be read", remedy="again")

    def fails(_: WakeConfig) -> None:
        raise damaged

    assert models.probe_wake(WakeConfig()).head is None
    monkeypatch.setattr(models, "verifier", fails)
    found = models.probe_wake(WakeConfig())
    assert found.head is damaged
    assert models.wake_head(found).state is State.FAIL


def test_a_voice_is_heard(tmp_path: Path) -> None:
    espeak = replace(Config(), speech=replace(Config().speech, voice="espeak"))
    spoken = models.probe_voice(espeak, (tmp_path, tmp_path))
    assert models.voice(spoken).state is State.OK
    with pytest.raises(ModelMissing):
        models.probe_voice(replace(Config(), speech=replace(Config().speech, voice="nobody")), (tmp_path, tmp_path))


def systemctl(folder: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> Path:
    script = put(folder, bin__systemctl=f"#!/bin/sh\ncat <<'END'\n{says}\nEND\n") / "bin/systemctl"
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    (folder / "run/systemd/system").mkdir(parents=True, exist_ok=True)
    return folder


def test_the_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotHere, match="systemd"):
        service.probe_unit(tmp_path)
    root = systemctl(tmp_path, monkeypatch, "LoadState=not-found\nActiveState=inactive")
    with pytest.raises(NotHere, match="isn't installed"):
        service.probe_unit(root)
    root = systemctl(tmp_path, monkeypatch, "LoadState=loaded\nActiveState=failed\nResult=exit-code\nStatusText=a=b")
    facts = service.probe_unit(root)
    assert facts["StatusText"] == "a=b"
    assert service.running(facts).state is State.FAIL


ROW = "{n}: {local} {remote} {state} 00000000:00000000 00:00000000 00000000  1000        0 {inode} 1\n"
TABLE = "  sl  local_address rem_address   st\n"


def assistant_process(root: Path, tcp: str, *inodes: int, udp6: str = "") -> Path:
    process = root / "proc/77"
    (process / "net").mkdir(parents=True, exist_ok=True)
    (process / "fd").mkdir(exist_ok=True)
    (process / "cmdline").write_bytes(b"/opt/bin/python\0/opt/bin/hey-gemma\0run\0")
    (process / "net/tcp").write_text(TABLE + tcp, encoding="ascii")
    (process / "net/udp6").write_text(TABLE + udp6, encoding="ascii")
    for n, inode in enumerate(inodes):
        (process / "fd" / str(n)).symlink_to(f"socket:[{inode}]")
    return root


def test_sockets_of_a_running_assistant(tmp_path: Path) -> None:
    """Its own only: of those in the table that it holds. IPv4 in IPv6 is IPv4."""
    with pytest.raises(NotHere):
        service.probe_sockets(tmp_path, Config())
    tcp = "".join(
        ROW.format(n=n, local=local, remote=remote, state=state, inode=inode)
        for n, (local, remote, state, inode) in enumerate([
            ("0100007F:9C40", "0501A8C0:1FBB", "01", 10),
            ("00000000:1F90", "00000000:0000", "0A", 11),
            ("0100007F:0016", "00000000:0000", "0A", 99),
        ])
    )  # fmt: skip
    mapped = "0000000000000000FFFF00000501A8C0"
    udp6 = ROW.format(n=0, local=mapped + ":0001", remote=mapped + ":0035", state="01", inode=12)
    root = assistant_process(tmp_path, tcp, 10, 11, 12, udp6=udp6)
    home = HomeConfig(kind="home_assistant", url="http://192.168.1.5:8123")
    facts = service.probe_sockets(root, replace(Config(), home=home))
    assert facts.processes == (77,)
    assert facts.listening == (("0.0.0.0", 8080),)  # noqa: S104 - that is what is looked for
    assert facts.connected == (("192.168.1.5", 8123), ("192.168.1.5", 53))
    assert facts.hosts == {"192.168.1.5"}


def test_a_real_socket_is_seen(tmp_path: Path) -> None:
    """The kernel's own table, of this process, as if it were an assistant."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = put(tmp_path, proc__1__cmdline="hey-gemma\0run\0") / "proc/1"
        (process / "net").symlink_to("/proc/self/net")
        (process / "fd").symlink_to("/proc/self/fd")
        facts = service.probe_sockets(tmp_path, Config())
        assert ("127.0.0.1", server.getsockname()[1]) in facts.listening


def test_a_config_that_can_not_be_read_leaves_what_needs_none(tmp_path: Path) -> None:
    config = put(tmp_path, config="[wake\n") / "config"
    patient = rounds.meet(config, {})
    assert patient.error is not None
    rows = examine([s for s in rounds.studies(patient) if s.area in {"model", "home", "settings"}]).rows
    of_config = {row.finding.found for row in rows if row.area in {"model", "home"}}
    assert of_config == {rounds.UNREADABLE}
    assert next(row for row in rows if row.name == "config").finding.exit_code == 2


def test_a_patient_without_a_config_has_defaults(tmp_path: Path) -> None:
    patient = rounds.meet(None, {"HOME": str(tmp_path)})
    assert (patient.path, patient.error, patient.config) == (None, None, Config())
    assert rounds.well(patient) == "hey-gemma run"


@pytest.mark.mqtt
@pytest.mark.skipif(not PORT, reason="no mosquitto is up: make mqtt-up")
def test_a_real_broker() -> None:
    """It lets anybody in, or not."""
    home = HomeConfig(kind="mqtt", mqtt=MqttConfig(host=HOST, port=PORT))
    assert outcome(home, "MQTT broker") == (State.OK, f"{HOST}:{PORT} lets us in", 0)
    closed = replace(home, mqtt=replace(home.mqtt, port=PORT + 1))
    assert outcome(closed, "MQTT broker")[::2] == (State.FAIL, 5)
