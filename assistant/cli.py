"""The command line: arguments only. Every error becomes one line, a remedy and an exit code, never a traceback."""

import asyncio
import errno
import faulthandler
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from assistant import __version__, cli_doctor, cli_models, cli_service, cli_sound, cli_wake, config
from assistant.cli_models import ConfigOption
from assistant.errors import HeyGemmaError, ModelStuck, OutputError, UsageError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Hey Gemma: a private voice assistant.",
)

EventsOption = Annotated[Path | None, typer.Option("--events", help="Write every event to this JSONL file.")]


class Pace(StrEnum):
    """How a file is replayed."""

    REALTIME = "realtime"
    FAST = "fast"


class HomeKind(StrEnum):
    """What can be controlled."""

    DEMO = "demo"
    HOME_ASSISTANT = "home_assistant"
    MQTT = "mqtt"


class Units(StrEnum):
    """How temperatures are told."""

    METRIC = "metric"
    IMPERIAL = "imperial"


class HourClock(StrEnum):
    """How times of day are told."""

    HOURS_24 = "24h"
    HOURS_12 = "12h"


@app.command()
def run(
    config_file: ConfigOption = None,
    mic_file: Annotated[
        str | None, typer.Option(help="WAV, FLAC or OGG instead of the microphone; - is raw s16le.")
    ] = None,
    speaker_file: Annotated[Path | None, typer.Option(help="Write the answers to this WAV.")] = None,
    events: EventsOption = None,
    pace: Annotated[Pace, typer.Option(help="fast: decide on audio time, as if computing took none.")] = Pace.REALTIME,
    *,
    no_wake: Annotated[bool, typer.Option("--no-wake", help="Listen from the first sample.")] = False,
) -> None:
    """Listen, act, answer."""
    from assistant import runs
    from assistant.view import LiveView

    if pace is Pace.FAST and mic_file is None:
        raise UsageError("--pace fast needs a file to replay", remedy="add --mic-file IN.wav")
    options = runs.Options(mic_file, speaker_file, events, pace is Pace.FAST, not no_wake)
    settings = _settings(config_file)
    console = Console(highlight=False)
    recording = mic_file not in (None, "-")  # of it everybody may know what it says; what is live is for who sits here
    words = console.is_terminal or recording or settings.log.words
    view = LiveView(console, microphone=mic_file is None, words=words)
    faulthandler.enable()  # where a native crash, or systemd's watchdog, has ended us
    _main(runs.run(settings, options, [view]))


@app.command()
def ask(
    text: Annotated[str, typer.Argument(help="What you would say.")],
    config_file: ConfigOption = None,
    events: EventsOption = None,
) -> None:
    """Ask by typing; the answer comes as text."""
    from assistant import runs
    from assistant.view import Answers

    _main(runs.ask(_settings(config_file), text, events, [Answers(Console(highlight=False))]))


@app.command()
def say(
    text: Annotated[str, typer.Argument(help="What to say.")],
    config_file: ConfigOption = None,
    voice: Annotated[str | None, typer.Option(help="A Piper voice, by name or path.")] = None,
    language: Annotated[str | None, typer.Option(help="ISO 639-1 code.")] = None,
    speaker_file: Annotated[Path | None, typer.Option(help="Write to this WAV instead of the speaker.")] = None,
) -> None:
    """Speak a text."""
    from dataclasses import replace

    from assistant import runs

    settings = _settings(config_file)
    if voice is not None:
        settings = replace(settings, speech=replace(settings.speech, voice=voice))
    _main(runs.say(settings, text, language or settings.speech.language, speaker_file))


@app.command()
def setup(
    config_file: ConfigOption = None,
    *,
    microphone: Annotated[str | None, typer.Option(help="Its number, part of its name, or default.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Its number, part of its name, or default.")] = None,
    home: Annotated[HomeKind | None, typer.Option(help="Which home.")] = None,
    url: Annotated[str | None, typer.Option(help="Of Home Assistant.")] = None,
    token_file: Annotated[Path | None, typer.Option(help="Holds its long-lived token.")] = None,
    room: Annotated[str | None, typer.Option(help="Where the assistant stands, or none.")] = None,
    language: Annotated[str | None, typer.Option(help="ISO 639-1 code.")] = None,
    units: Annotated[Units | None, typer.Option(help="Of temperatures.")] = None,
    clock: Annotated[HourClock | None, typer.Option(help="Of 24 or of 12 hours.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="As Europe/Paris, or system.")] = None,
    test: Annotated[bool, typer.Option("--test/--no-test", help="Try microphone and speaker.")] = True,
) -> None:
    """Ask for all that you may want to set, test each answer, write the config. What an option says isn't asked."""
    from assistant import trials
    from assistant.asking import Asker
    from assistant.setup import Given, Setup

    logging.basicConfig(level=logging.CRITICAL)  # what goes wrong is told where it is asked for
    given = Given(microphone, speaker, home, url, token_file, room, language, units, clock, time_zone, test=test)
    path = config.find(config_file, os.environ) or config.user_file(os.environ)
    try:
        tests = trials.real(config.load(path if path.is_file() else None))
        Setup(path, Asker(Console(highlight=False), sys.stdin), tests, given).run()
    except KeyboardInterrupt:
        Console(stderr=True).print("\nNothing was changed.")
        sys.exit(130)


@app.command()
def home(
    config_file: ConfigOption = None,
    model: Annotated[str | None, typer.Option(help="Which model is told; default: the config's.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for programs.")] = False,
    prompt: Annotated[bool, typer.Option("--prompt", help="Only what the model reads before you speak.")] = False,
) -> None:
    """Show what the assistant sees of the home, and what of it the model is told."""
    from dataclasses import replace

    from assistant import inventory

    settings = _settings(config_file)
    if model is not None:
        settings = replace(settings, model=replace(settings.model, name=model))

    async def look() -> None:
        found = await inventory.take(settings)
        if prompt or as_json:
            typer.echo(found.prompt if prompt else inventory.as_json(found))
        else:
            inventory.show(found, Console(highlight=False))

    _main(look())


app.command()(cli_doctor.doctor)
app.command()(cli_sound.devices)
app.command()(cli_sound.mute)
app.command()(cli_sound.unmute)
app.command()(cli_service.backup)
app.command()(cli_service.restore)


@app.command("eval")
def evaluate(
    directory: Annotated[Path, typer.Argument(help="Clips with expect.jsonl, or homes with sentences.")],
    config_file: ConfigOption = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the whole report to this file.")] = None,
    pace: Annotated[Pace, typer.Option(help="realtime also gives latencies.")] = Pace.FAST,
) -> None:
    """Replay a folder of clips and compare with its expect.jsonl; or type the sentences of a set of homes."""
    from assistant import evaluate as ev
    from assistant import evaluate_text, text_set

    settings, console = _settings(config_file), Console(highlight=False)
    if text_set.is_set(directory):
        _main(evaluate_text.run(settings, directory, json_file, console=console))
    else:
        _main(ev.run(settings, directory, json_file, fast=pace is Pace.FAST, console=console))


@app.command()
def bench(
    model: Annotated[
        list[str] | None, typer.Option(help="A model to bench; may be given again. Default: tiny.")
    ] = None,
    config_file: ConfigOption = None,
    repeats: Annotated[int, typer.Option(min=1, max=100, help="How often each sentence is spoken.")] = 5,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows to this file.")] = None,
    svg_file: Annotated[Path | None, typer.Option("--svg", help="Write what is printed as a picture.")] = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Short sentences only.")] = False,
    pi: Annotated[bool, typer.Option("--pi", help="Project onto a Raspberry Pi 5, with the arithmetic.")] = False,
) -> None:
    """Measure whole turns at real time on this machine, with and without listening ahead."""
    from assistant import bench as b

    console = Console(highlight=False, record=svg_file is not None)
    settings = _settings(config_file)
    _main(b.run(settings, model or ["tiny"], repeats, json_file, console, svg_file=svg_file, quick=quick, pi=pi))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


app.add_typer(cli_models.app, name="models")
app.add_typer(cli_wake.app, name="wake")
app.add_typer(cli_service.app, name="service")


def main() -> None:
    """Run the command; turn our errors into a line and an exit code."""
    try:
        app()
    except HeyGemmaError as e:
        _fail(e)
    except OSError as e:
        if e.errno != errno.ENOSPC:
            raise
        sys.stdout = None  # it may be what can't be written: nobody shall try it again
        _fail(OutputError("the disk is full: not all could be written", remedy="free space, or write elsewhere"))


def _settings(path: Path | None) -> config.Config:
    settings = config.load(config.find(path, os.environ))
    logging.basicConfig(level=settings.log.level.upper(), format="%(levelname)s %(name)s: %(message)s")
    return settings


def _main(job: Coroutine[Any, Any, None]) -> None:
    async def guarded() -> None:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await job

    try:
        asyncio.run(guarded())
    except* HeyGemmaError as group:
        raise _first(group) from group
    except* asyncio.CancelledError:
        sys.exit(0)


def _first(group: BaseExceptionGroup[HeyGemmaError]) -> HeyGemmaError:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


def _fail(error: HeyGemmaError) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text.assemble(("error:", "bold red"), f" {error.message}"))
    console.print(Text.assemble(("what to do:", "bold"), f" {error.remedy}"))
    if isinstance(error, ModelStuck):  # Python would wait for its thread
        logging.shutdown()
        sys.stdout.flush()
        os._exit(error.exit_code)
    sys.exit(error.exit_code)
