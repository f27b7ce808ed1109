"""`hey-gemma setup`: ask, test each answer as it comes, and write the config once all is known.

Until then nothing is changed, whatever happens. What the file has stays, comments too; only answers that say something
else than it does are written. Knows what to ask; how things are tested is given (`Trials`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from assistant import config, config_file
from assistant.asking import Asker, Tested
from assistant.audio.devices import Device, Direction, Level
from assistant.config import Config
from assistant.disk import at_home
from assistant.errors import AudioDeviceError, ConfigError, HomeRefused
from assistant.intents.home_token import Token, token_of
from assistant.intents.home_trial import Found
from assistant.intents.local import local_zone
from assistant.intents.names import key
from assistant.intents.words import LANGUAGES

HOME_URL = "http://homeassistant.local:8123"
SILENT_DBFS, QUIET_DBFS, LOUD_DBFS = -60.0, -30.0, -0.5
_KINDS = {"demo": "demo", "Home Assistant": "home_assistant", "MQTT, as the config says": "mqtt"}


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line has answered already; None: to be asked. `test` False: sound isn't tried."""

    microphone: str | None = None
    speaker: str | None = None
    home: str | None = None
    url: str | None = None
    token_file: Path | None = None
    room: str | None = None
    language: str | None = None
    units: str | None = None
    clock: str | None = None
    time_zone: str | None = None
    test: bool = True


@dataclass(frozen=True, slots=True)
class Trials:
    """How answers are tested. All raise HeyGemmaError, with what to do.

    `devices` there are; `listen` to a microphone, telling levels; `play` on a speaker; the version of Home Assistant
    that `answers` at an address; what one may see who may `enter` it; the rooms of the `demo` home.
    """

    devices: Callable[[], Sequence[Device]]
    listen: Callable[[str, Callable[[Level], None]], Level]
    play: Callable[[str], None]
    answers: Callable[[str], str]
    enter: Callable[[str, Token], Found]
    demo_rooms: Callable[[], Sequence[str]]


class Setup:
    """One round of questions about the config in `path`. Raises ConfigError when that can't be read."""

    def __init__(self, path: Path, asker: Asker, trials: Trials, given: Given) -> None:
        self._path = path
        self._text = config_file.read(path)
        self._now = config.parse(self._text, path)
        self._asker = asker
        self._try = trials
        self._given = given
        self._values: dict[str, config_file.Setting] = {}
        self._token: tuple[Path, str] | None = None

    def run(self) -> None:
        """Ask, then write. Raises UsageError, OutputError; then nothing is changed but, at worst, the token's file."""
        self._sound("microphone", "input", self._now.audio.microphone, self._given.microphone, self._hear)
        self._sound("speaker", "output", self._now.audio.speaker, self._given.speaker, self._play)
        self._home()
        self._place()
        new = {dotted: value for dotted, value in self._values.items() if value != _setting(self._now, dotted)}
        text = config_file.changed(self._text, new)
        settings = config.parse(text, self._path)  # whatever was answered, a config that can't be read isn't written
        if self._token is not None:
            config_file.write(*self._token, secret=True)
        if new or not self._path.is_file():
            config_file.write(self._path, text)
        self._asker.tell(f"{self._path} is written." if new else f"{self._path} says all of it already.")
        self._asker.tell(f"Next: {next_step(settings)}", "bold")

    def _sound(
        self, what: str, direction: Direction, now: str, given: str | None, trial: Callable[[str], None]
    ) -> None:
        if given is None:
            self._list(what, direction)

        def tested(device: str) -> str:
            if self._given.test:
                trial(named(device))
            return named(device)

        def named(device: str) -> str:
            return "" if device == "default" else device

        question = f"{what.capitalize()}: number, part of its name, or default"
        asked = partial(self._asker.ask, question, now or "default")
        self._values[f"audio.{what}"] = self._tested(given, asked, tested, named)

    def _list(self, what: str, direction: Direction) -> None:
        try:
            able = [device for device in self._try.devices() if device.channels(direction)]
        except AudioDeviceError as e:
            self._asker.tell(f"{e.message}. What to do: {e.remedy}", "yellow")
            return
        for device in able:
            default = ", the system's default" if device.is_default(direction) else ""
            self._asker.tell(f"  {device.index:>3}  {device.name}{default}")
        if not able:
            self._asker.tell(f"There is no {what} now.", "yellow")

    def _hear(self, device: str) -> None:
        self._asker.tell("Please say something.", "bold")
        level = self._try.listen(device, self._show_level).peak_dbfs
        if level < SILENT_DBFS:
            raise AudioDeviceError(f"nothing was heard ({level:.0f} dB)", remedy="unmute it, or take another one")
        advice = ""
        if level > LOUD_DBFS:
            advice = ": too loud, audio.gain_db can lower it"
        elif level < QUIET_DBFS:
            advice = ": rather quiet, audio.gain_db can raise it"
        self._asker.tell(f"Heard you, {level:.0f} dB at most{advice}.", "yellow" if advice else "green")

    def _show_level(self, level: Level) -> None:
        if self._asker.console.is_terminal:
            bar = "█" * max(0, round((level.peak_dbfs - SILENT_DBFS) / 2))
            self._asker.console.print(f"{bar:<30} {level.peak_dbfs:4.0f} dB", end="\r", style="cyan")

    def _play(self, device: str) -> None:
        self._try.play(device)
        if self._given.speaker is None and not self._asker.confirm("Did you hear that?", default=True):
            raise AudioDeviceError("it wasn't heard", remedy="see its volume, or take another one")

    def _home(self) -> None:
        now = self._now.home
        named = next((name for name, kind in _KINDS.items() if kind == now.kind), "demo")
        kind = self._given.home or _KINDS[self._asker.choose("Which home?", tuple(_KINDS), named)]
        self._values["home.kind"] = kind
        rooms = self._rooms(kind)
        listed = f" ({', '.join(rooms)}; none)" if rooms else ""
        self._values["home.area"] = self._tested(
            self._given.room, partial(self._asker.ask, f"In which room do I stand?{listed}", now.area or "none"),
            lambda said: _room(said, rooms),
        )  # fmt: skip

    def _rooms(self, kind: str) -> Sequence[str]:
        """Ask what has to be known of a home; its rooms, as far as they are known."""
        if kind == "demo":
            return self._try.demo_rooms()
        if kind == "home_assistant":
            return self._home_assistant()
        if not self._now.home.mqtt.host:
            self._asker.tell("Write the broker's address: host in the section home.mqtt of the config.", "yellow")
        return ()

    def _home_assistant(self) -> Sequence[str]:
        """Where it is and what opens it; its rooms, as far as they are known."""
        now, tell = self._now.home, self._asker.tell
        url, there = self._tested(
            self._given.url, partial(self._asker.ask, "Its address", now.url or HOME_URL), self._reached,
            lambda url: (url, False),
        )  # fmt: skip
        file = self._given.token_file or Path(now.token_file or self._path.with_name("home-assistant-token"))
        file = at_home(file).absolute()
        self._values |= {"home.url": url, "home.token_file": str(file)}
        found = self._enter(url, file, there=there)
        if found is None:
            return ()
        tell(f"The token is accepted: {found.things} things in {len(found.rooms)} rooms are exposed.", "green")
        if not found.things:
            tell("Expose some: Settings > Voice assistants > Expose.", "yellow")
        return found.rooms

    def _reached(self, url: str) -> tuple[str, bool]:
        self._asker.tell(f"Home Assistant {self._try.answers(url)} is there.", "green")
        return url, True

    def _enter(self, url: str, file: Path, *, there: bool) -> Found | None:
        """Find a token that is accepted: the one in the file, or another. None: nobody was there to accept it."""

        def tested(text: str) -> Found | None:
            token = token_of(text, "what you gave")
            found = self._try.enter(url, token) if there else None
            if text != kept:
                self._token = (file, f"{text}\n")
            return found

        kept = config_file.read(file).strip()
        if self._given.token_file is not None:
            return tested(kept)
        if kept and self._asker.confirm(f"Keep the token in {file}?", default=True):
            try:
                return tested(kept)
            except HomeRefused as e:
                self._asker.tell(f"{e.message}. What to do: {e.remedy}", "yellow")
        question = "Its long-lived token (your profile > Security; it isn't shown)"
        return self._asker.until(partial(self._asker.ask, question, secret=True), tested)

    def _place(self) -> None:
        now, given = self._now, self._given
        self._values["speech.language"] = self._tested(
            given.language, partial(self._asker.ask, "Language of answers", now.speech.language), _language
        )
        for name, choices in (("units", ("metric", "imperial")), ("clock", ("24h", "12h"))):
            asked = partial(self._asker.choose, name.capitalize(), choices, getattr(now.place, name))
            self._values[f"place.{name}"] = getattr(given, name) or asked()
        question = "Time zone, as Europe/Paris, or system"
        self._values["place.time_zone"] = self._tested(
            given.time_zone, partial(self._asker.ask, question, now.place.time_zone or "system"), _zone
        )

    def _tested(
        self,
        given: str | None,
        ask: Callable[[], str],
        test: Callable[[str], Tested],
        anyway: Callable[[str], Tested] | None = None,
    ) -> Tested:
        """The answer that passes its test, or is taken `anyway`; what was given isn't asked about."""
        return self._asker.until(ask, test, anyway) if given is None else test(given)


def next_step(settings: Config) -> str:
    """The one command that comes next."""
    if settings.home.kind != "demo" and settings.model.name == "tiny":
        return "hey-gemma models fetch    (the small model only knows the demo home)"
    return "hey-gemma run"


def _setting(settings: Config, dotted: str) -> object:
    found: object = settings
    for name in dotted.split("."):
        found = getattr(found, name)
    return found


def _room(said: str, rooms: Sequence[str]) -> str:
    if said == "none":
        return ""
    found = [room for room in rooms if key(room) == key(said)] if rooms else [said]
    if not found:
        raise ConfigError(f"there is no room called {said!r}", remedy=f"write one of: {', '.join(rooms)}; or none")
    return found[0]


def _language(said: str) -> str:
    if said not in LANGUAGES:
        raise ConfigError(f"answers can't be in {said!r} yet", remedy=f"write one of: {', '.join(LANGUAGES)}")
    return said


def _zone(said: str) -> str:
    name = "" if said == "system" else said
    local_zone(name)
    return name
