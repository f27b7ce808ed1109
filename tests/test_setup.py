"""`hey-gemma setup`: every answer is tested as it comes, and nothing is written before all is known."""

import asyncio
import io
import os
import pty
import signal
import stat
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from assistant import config
from assistant.asking import Asker
from assistant.audio.devices import Device, Level
from assistant.config import Config
from assistant.errors import AudioDeviceError, ConfigError, HeyGemmaError, HomeAway, HomeRefused, UsageError
from assistant.intents import home_address
from assistant.intents.home_address import version_at
from assistant.intents.home_token import Token
from assistant.intents.home_trial import Found, enter
from assistant.setup import Given, Setup, Trials, next_step
from tests.fake_home import TOKEN, FakeHome

ROOT = Path(__file__).parents[1]
# A shell's background job ignores Ctrl-C, and what it starts: not here.
PROGRAM = """import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from assistant.cli import main
main()"""
DEFAULTS = (
    "",
    "",
    "yes",
    "",
    "",
    "",
    "",
    "",
    "",
)  # microphone, speaker, heard, home, room, language, units, clock, zone
HOME = "http://home:8123"


class House:
    """Sound hardware and homes as they are found; `level` is the peak that every microphone hears."""

    def __init__(self) -> None:
        self.level = -12.0
        self.tried: list[str] = []
        self.tokens = {TOKEN}
        self.away = False

    def trials(self) -> Trials:
        return Trials(self.devices, self.listen, self.play, self.answers, self.enter, lambda: ("kitchen", "den"))

    def devices(self) -> Sequence[Device]:
        microphone = Device(3, "USB mic", 1, 0, 16_000, is_default_input=True, is_default_output=False)
        return [microphone, Device(4, "HDMI", 0, 2, 48_000, is_default_input=False, is_default_output=True)]

    def listen(self, device: str, on_level: Callable[[Level], None]) -> Level:
        self.tried.append(f"listen {device}".strip())
        if device == "dead":
            raise AudioDeviceError("no microphone is called 'dead'", remedy="hey-gemma devices")
        on_level(Level(self.level, self.level - 10))
        return Level(self.level, self.level - 10)

    def play(self, device: str) -> None:
        self.tried.append(f"play {device}".strip())

    def answers(self, url: str) -> str:
        self.tried.append(f"reach {url}")
        if self.away or "home" not in url:
            raise HomeAway(f"{url} can't be reached", remedy="see its address")
        return "2026.11.0"

    def enter(self, url: str, token: Token) -> Found:
        self.tried.append(f"enter {url}")
        if token.reveal() not in self.tokens:
            raise HomeRefused("Home Assistant refuses our token", remedy="create a new one")
        return Found(("den", "kitchen"), 26)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hey-gemma" / "config.toml"


def set_up(path: Path, *lines: str, house: House | None = None, given: Given | None = None) -> str:
    """Answer the questions, one line each; what was printed."""
    out = io.StringIO()
    asker = Asker(Console(file=out, width=200, highlight=False), io.StringIO("".join(f"{line}\n" for line in lines)))
    Setup(path, asker, (house or House()).trials(), given or Given()).run()
    return out.getvalue()


def test_who_takes_every_default_gets_a_config_that_says_so(path: Path) -> None:
    """Both devices are tried, and the end names one next step."""
    house = House()
    told = set_up(path, *DEFAULTS, house=house)
    assert config.load(path) == Config()
    assert house.tried == ["listen", "play"]
    assert "USB mic, the system's default" in told
    assert told.splitlines()[-1] == "Next: hey-gemma run"


def test_answers_are_written_and_the_file_that_was_there_stays(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("# mine\n[wake]\nthreshold = 0.6  # noisy here\n", encoding="utf-8")
    set_up(path, "usb", "4", "y", "demo", "The Kitchen", "en", "imperial", "12h", "Asia/Tokyo")
    settings = config.load(path)
    assert (settings.audio.microphone, settings.audio.speaker) == ("usb", "4")
    assert (settings.home.kind, settings.home.area) == ("demo", "kitchen")
    assert (settings.place.units, settings.place.clock, settings.place.time_zone) == ("imperial", "12h", "Asia/Tokyo")
    assert settings.wake.threshold == 0.6
    assert "threshold = 0.6  # noisy here" in path.read_text(encoding="utf-8")


def test_a_second_time_what_is_there_is_the_default(path: Path) -> None:
    """Enter at every question changes nothing; "default" takes a device back."""
    set_up(path, "usb", "4", "y", "demo", "kitchen", "en", "imperial", "12h", "Asia/Tokyo")
    before = path.read_text(encoding="utf-8")
    assert "says all of it already" in set_up(path, *DEFAULTS)
    assert path.read_text(encoding="utf-8") == before
    set_up(path, "default", *DEFAULTS[1:])
    assert config.load(path).audio.microphone == ""


def test_a_home_on_mqtt_stays_one(path: Path) -> None:
    """Its section is written by hand: it isn't asked for, and not lost."""
    path.parent.mkdir()
    path.write_text('[home]\nkind = "mqtt"\n[home.mqtt]\nhost = "broker"\n', encoding="utf-8")
    assert "Write the broker's address" not in set_up(path, *DEFAULTS)
    assert config.load(path).home.kind == "mqtt"
    assert config.load(path).home.mqtt.host == "broker"
    path.unlink()
    assert "Write the broker's address" in set_up(path, *DEFAULTS, given=Given(home="mqtt"))


def test_home_assistant_is_reached_and_entered_and_its_rooms_are_the_choice(path: Path) -> None:
    """The token is in a file of its own that nobody else can read, and was never printed."""
    house = House()
    told = set_up(path, "", "", "y", "home assistant", HOME, TOKEN, "Den", *DEFAULTS[5:], house=house)
    settings = config.load(path)
    assert (settings.home.kind, settings.home.url, settings.home.area) == ("home_assistant", HOME, "den")
    token = Path(settings.home.token_file)
    assert token == path.with_name("home-assistant-token")
    assert token.read_text(encoding="utf-8").strip() == TOKEN
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert TOKEN not in told + path.read_text(encoding="utf-8")
    assert "26 things in 2 rooms" in told
    assert told.splitlines()[-1].startswith("Next: hey-gemma models fetch")
    told = set_up(path, *DEFAULTS[:4], "", "", "", *DEFAULTS[5:], house=house)
    assert house.tried[-2:] == [f"reach {HOME}", f"enter {HOME}"]
    assert "says all of it already" in told


def test_wrong_answers_are_told_and_asked_again(path: Path) -> None:
    """A wrong address, a token that is none, one that is refused, rooms, zones and choices that aren't there."""
    told = set_up(
        path,
        *("dead", "no", "usb"),
        *("", "y", "homekit", "home assistant"),
        *("http://nowhere", "no", HOME),
        *("two words", "wrong", TOKEN),
        *("cellar", "den"),
        *("xx", "en", "stones", "metric", "24h", "Mars/Sea", "Europe/Paris"),
    )
    for complaint in (
        "no microphone is called",
        "'homekit' is none of them",
        "http://nowhere can't be reached",
        "holds no token",
        "refuses our token",
        "no room called 'cellar'",
        "can't be in 'xx' yet",
        "'stones' is none of them",
        "no zone called 'Mars/Sea'",
    ):
        assert complaint in told
    assert "two words" not in told
    assert config.load(path).place.time_zone == "Europe/Paris"


def test_a_token_that_is_refused_now_is_replaced(path: Path) -> None:
    """The one that was there is tried first."""
    house = House()
    ha = ("", "", "y", "home assistant", HOME)
    set_up(path, *ha, TOKEN, "", *DEFAULTS[5:], house=house)
    house.tokens = {"another"}
    assert "refuses" in set_up(path, *ha, "yes", "another", "", *DEFAULTS[5:], house=house)
    assert path.with_name("home-assistant-token").read_text(encoding="utf-8") == "another\n"


def test_a_home_that_is_away_can_be_set_up_all_the_same(path: Path) -> None:
    """The token isn't tried then, and the room is taken as said."""
    house = House()
    house.away = True
    told = set_up(path, "", "", "y", "home assistant", HOME, "yes", TOKEN, "den", *DEFAULTS[5:], house=house)
    assert "can't be reached" in told
    assert not [tried for tried in house.tried if tried.startswith("enter")]
    assert config.load(path).home.area == "den"


@pytest.mark.parametrize(
    ("level", "said"),
    [(-80.0, "nothing was heard"), (-40.0, "rather quiet"), (0.0, "too loud"), (-12.0, "Heard you, -12 dB")],
)  # fmt: skip
def test_the_microphones_level_is_judged(path: Path, level: float, said: str) -> None:
    """A muted one is taken only by who says so."""
    house = House()
    house.level = level
    answers = ("", "yes", *DEFAULTS[1:]) if level < -60 else DEFAULTS
    assert said in set_up(path, *answers, house=house)


def test_a_speaker_that_is_not_heard_is_asked_about_again(path: Path) -> None:
    house = House()
    set_up(path, "", "", "no", "no", "4", "yes", *DEFAULTS[3:], house=house)
    assert house.tried == ["listen", "play", "play 4"]
    assert config.load(path).audio.speaker == "4"


def test_what_the_command_line_says_is_not_asked(path: Path, tmp_path: Path) -> None:
    """No question is left, no sound is made; the token's file is the user's own."""
    token = tmp_path / "mine"
    token.write_text(f"{TOKEN}\n", encoding="utf-8")
    house = House()
    given = Given(
        "usb", "default", "home_assistant", HOME, token, "kitchen", "en", "metric", "12h", "system", test=False
    )
    told = set_up(path, house=house, given=given)
    assert "?" not in told
    assert house.tried == [f"reach {HOME}", f"enter {HOME}"]
    settings = config.load(path)
    assert (settings.audio.microphone, settings.home.token_file) == ("usb", str(token))
    assert not path.with_name("home-assistant-token").exists()
    for wrong, error in (
        (replace(given, url="http://nowhere"), HomeAway),
        (replace(given, room="cellar"), ConfigError),
        (replace(given, microphone="dead", test=True), AudioDeviceError),
    ):
        before = path.read_text(encoding="utf-8")
        with pytest.raises(error):
            set_up(path, given=wrong)
        assert path.read_text(encoding="utf-8") == before


@pytest.mark.parametrize("answered", range(len(DEFAULTS)))
def test_who_stops_answering_has_changed_nothing(path: Path, answered: int) -> None:
    path.parent.mkdir()
    path.write_text("# mine\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no answer"):
        set_up(path, *("usb", "4", *DEFAULTS[2:])[:answered])
    assert path.read_text(encoding="utf-8") == "# mine\n"
    assert len(list(path.parent.iterdir())) == 1


def test_questions_end(path: Path) -> None:
    """Five wrong answers: the error is the last one's."""
    with pytest.raises(HeyGemmaError, match="can't be in"):
        set_up(path, *DEFAULTS[:5], "1", "2", "3", "4", "5", "6", "7")
    assert not path.exists()


def test_a_config_that_can_not_be_read_is_told_before_any_question(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("[home]\nkind = 'igloo'\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="kind"):
        set_up(path, *DEFAULTS)


def test_the_next_step_is_one(path: Path) -> None:
    real = replace(Config().home, kind="home_assistant")
    assert next_step(Config()) == "hey-gemma run"
    assert next_step(replace(Config(), home=real)).startswith("hey-gemma models fetch")
    assert next_step(replace(Config(), home=real, model=replace(Config().model, name="e2b"))) == "hey-gemma run"


async def test_the_trials_of_a_home_are_its_own_links() -> None:
    """Against a server: what answers, whom it lets in, what is exposed, what isn't there."""
    fake = FakeHome()
    fake.add("light.kitchen", "kitchen light", area="kitchen")
    fake.add("lock.safe", "safe", exposed=False)
    async with fake:
        assert await version_at(fake.url) == "2025.4.4"
        assert fake.logins == 1  # nobody tried to get in
        assert await enter(fake.url, Token(TOKEN)) == Found(("kitchen",), 1)
        with pytest.raises(HomeRefused):
            await enter(fake.url, Token("wrong"))
    for url in (fake.url, "http://127.0.0.1:1", "http://nowhere.invalid"):
        with pytest.raises(HomeAway):
            await version_at(url)
    with pytest.raises(ConfigError):
        await version_at("homeassistant.local")


@pytest.mark.parametrize(("services", "told"), [("hosts: files dns", True), ("hosts: files mdns4_minimal dns", False)])
async def test_a_small_debian_is_told_what_finds_local_names(
    services: str, told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nsswitch.conf").write_text(services)
    monkeypatch.setattr(home_address, "NAME_SERVICES", tmp_path / "nsswitch.conf")
    with pytest.raises(HomeAway) as caught:
        await version_at("http://nobody-here.local:8123")
    assert ("libnss-mdns" in caught.value.remedy) is told


@pytest.mark.slow
async def test_the_command_writes_what_a_pipe_answers_and_ctrl_c_changes_nothing(tmp_path: Path) -> None:
    """A process of its own: no sound hardware is tried; the token comes through the pipe and is never printed."""
    path = tmp_path / "config.toml"
    fake = FakeHome()
    fake.add("light.kitchen", "kitchen light", area="kitchen")
    async with fake:
        asked = ("--no-test", "--home", "home_assistant", "--microphone", "default", "--speaker", "default")
        answers = f"{fake.url}\n{TOKEN}\nkitchen\n\n\n\n\n"
        done = await asyncio.to_thread(hey_gemma, path, *asked, answers=answers)
    assert done.returncode == 0, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    assert config.load(path).home.area == "kitchen"
    before = path.read_text(encoding="utf-8")
    running = started(path, *asked)
    assert running.stdin is not None
    assert running.stdout is not None
    await asyncio.to_thread(running.stdout.readline)  # the first question is there
    running.send_signal(signal.SIGINT)
    out, _ = await asyncio.to_thread(running.communicate, timeout=60)
    assert running.returncode == 130
    assert "Nothing was changed." in out
    assert path.read_text(encoding="utf-8") == before


def started(path: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "setup", "--config", str(path), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
    )


def hey_gemma(path: Path, *arguments: str, answers: str) -> subprocess.CompletedProcess[str]:
    running = started(path, *arguments)
    out, _ = running.communicate(answers, timeout=120)
    return subprocess.CompletedProcess(running.args, running.returncode, out, "")


@pytest.mark.slow
async def test_a_token_typed_in_a_terminal_is_not_shown(tmp_path: Path) -> None:
    """A real terminal: the echo is off while the token is asked for."""
    fake = FakeHome()
    fake.add("light.kitchen", "kitchen light", area="kitchen")
    async with fake:
        given = ["--no-test", "--home=home_assistant", f"--url={fake.url}", "--microphone=default", "--room=none"]
        given += ["--speaker=default", "--language=en", "--units=metric", "--clock=24h", "--time-zone=system"]
        shown = await asyncio.to_thread(type_token, ["setup", f"--config={tmp_path / 'config.toml'}", *given])
    assert "Next: hey-gemma models fetch" in shown
    assert "isn't shown" in shown
    assert TOKEN not in shown
    assert (tmp_path / "home-assistant-token").read_text(encoding="utf-8").strip() == TOKEN


def type_token(arguments: list[str]) -> str:
    """Run the command in a terminal, type the token once the echo is off; all that the terminal showed."""
    ours, its = pty.openpty()
    command = [sys.executable, "-c", "from assistant.cli import main; main()", *arguments]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    with subprocess.Popen(
        command, stdin=its, stdout=its, stderr=its, cwd=ROOT, env=environ, start_new_session=True
    ) as running:
        give_up_s = time.monotonic() + 120
        while termios.tcgetattr(its)[3] & termios.ECHO:
            assert time.monotonic() < give_up_s
            assert running.poll() is None, os.read(ours, 4096).decode()
            time.sleep(0.05)
        os.write(ours, f"{TOKEN}\n".encode())
        running.wait(120)
    os.close(its)
    shown = b""
    with suppress(OSError):  # the other side is closed: all was read
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    return shown.decode()
