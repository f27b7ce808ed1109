"""`hey-gemma wake`: arguments only, as cli.py."""

import asyncio
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from assistant import config, disk, places
from assistant.cli_models import ConfigOption

app = typer.Typer(no_args_is_help=True, help="Look into the wake word: what woke, a live meter, a threshold, recall.")

ThresholdOption = Annotated[
    float | None, typer.Option(min=0, max=1, help="Instead of the config's.", show_default=False)
]


@app.command("log")
def log(
    config_file: ConfigOption = None,
    last: Annotated[int, typer.Option(min=0, help="How many; 0: all.")] = 30,
    play: Annotated[int | None, typer.Option(metavar="N", help="Play the clip of entry N.")] = None,
    meant: Annotated[list[int] | None, typer.Option(metavar="N", help="Note: N was meant for the assistant.")] = None,
    not_meant: Annotated[list[int] | None, typer.Option(metavar="N", help="Note: N was not.")] = None,
    *,
    forget: Annotated[bool, typer.Option("--forget", help="Delete the log and all clips.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for programs.")] = False,
) -> None:
    """List wakes, near misses and rejections: when, score, loudness, what they led to, and their clips if kept."""
    from assistant.waking import show
    from assistant.waking.keeper import here_and_now
    from assistant.waking.store import Store

    settings, console = config.load(config.find(config_file, os.environ)), Console(highlight=False)
    store = Store(places.asked_state_dir() / "wake", settings.wake)
    with disk.as_owner(places.asked_state_dir()):
        store.sweep(here_and_now())
        if forget:
            store.forget()
            console.print(f"{store.folder} is empty now.", markup=False, soft_wrap=True)
            return
        for numbers, what in ((meant, True), (not_meant, False)):
            for number in numbers or ():
                store.mark(number, meant=what)
    if play is not None:
        from assistant.waking.hear import play_clip

        asyncio.run(play_clip(store, play, settings.audio.speaker))
        return
    found = store.read()
    if as_json:
        entries = [{**asdict(entry), "at": entry.at.isoformat(), "clip": _path(store.clip_of(entry))}
                   for entry in found.entries]  # fmt: skip
        typer.echo(json.dumps({"entries": entries, "damaged": found.damaged}, ensure_ascii=False, indent=1))
    else:
        show.log(console, store, found, last, settings.wake)


@app.command("test")
def live(
    config_file: ConfigOption = None,
    mic_file: Annotated[
        str | None, typer.Option(help="A sound file instead of the microphone, as fast as it goes; - is raw s16le.")
    ] = None,
    threshold: ThresholdOption = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="So long; else until Ctrl-C.")] = None,
) -> None:
    """Show the score of what you say, live, and when it would have woken."""
    from assistant.waking.hear import detector, microphone, sound_file
    from assistant.waking.meter import MeterView, WakeMeter, watch

    settings, console = config.load(config.find(config_file, os.environ)), Console(highlight=False)
    wake = _wake(replace(settings.wake, verify=False), threshold)  # the score alone is shown
    hint = 'Say "Hey Gemma"; Ctrl-C ends.' if mic_file is None else ""
    meter, view = WakeMeter(wake), MeterView(console, wake, hint)
    source = microphone(settings.audio) if mic_file is None else sound_file(mic_file)
    try:
        asyncio.run(watch(source, detector(wake.words), meter, view, seconds))
    except KeyboardInterrupt:
        console.print()
    console.print(meter.summary(), markup=False, soft_wrap=True)


@app.command("tune")
def tune(
    config_file: ConfigOption = None,
    *,
    write: Annotated[bool, typer.Option("--write", help="Put what is proposed into the config.")] = False,
) -> None:
    """Propose a threshold and a gain for this room from the wake log, and say what would have been otherwise."""
    from assistant import config_file as toml
    from assistant.waking import show
    from assistant.waking import tune as tuning
    from assistant.waking.entry import Log
    from assistant.waking.hear import verifies
    from assistant.waking.store import Store

    path = config.find(config_file, os.environ)
    settings, console = config.load(path), Console(highlight=False)
    store = Store(places.asked_state_dir() / "wake", settings.wake)
    entries = store.read().entries
    if not entries:
        show.log(console, store, Log(), 0, settings.wake)
        return
    cases = tuning.judged(entries)
    wake = replace(settings.wake, verify=verifies(settings.wake))
    highest = wake.sure_threshold if wake.second_opinion else tuning.HIGHEST
    proposal = tuning.propose(cases, wake.from_score, wake.near_threshold, highest)
    gain = tuning.propose_gain(cases, settings.audio.gain_db)
    show.proposal(console, proposal, gain, len(entries))
    values: dict[str, toml.Setting] = {}
    if proposal.threshold != proposal.now:
        values[f"wake.{wake.deciding}"] = proposal.threshold
    if gain.gain_db != gain.now_db:
        values["audio.gain_db"] = gain.gain_db
    if not values:
        return
    target = path or config.user_file(os.environ)
    if write:
        toml.write(target, toml.changed(toml.read(target), values))
        console.print(f"{target} now says so. Start hey-gemma again.", markup=False, soft_wrap=True)
        return
    console.print(f"To set it: hey-gemma wake tune --write, or put into {target}:", markup=False, soft_wrap=True)
    for dotted, value in values.items():
        section, key = dotted.split(".")
        console.print(f"[{section}]\n{key} = {value}", markup=False)


@app.command("eval")
def evaluate(
    directory: Annotated[Path, typer.Argument(help="hey/ has recordings with one 'Hey Gemma' each, other/ without.")],
    config_file: ConfigOption = None,
    threshold: ThresholdOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for programs.")] = False,
) -> None:
    """Measure your own recordings: recall, and false wakes an hour, with 95 % bounds."""
    from assistant.progress import meter, silent
    from assistant.waking import measure, show
    from assistant.waking.hear import detector, verifier

    wake = config.load(config.find(config_file, os.environ)).wake
    found, told = measure.recordings(directory), Console(stderr=True)
    progress = meter(told) if told.is_terminal else silent
    second = verifier(wake)
    wake = _wake(replace(wake, verify=second is not None), threshold)
    try:
        scored, unreadable = asyncio.run(
            measure.score_all(found, detector(wake.words), progress, second, wake.from_score)
        )
    finally:
        if second is not None:
            second.close()
    report = measure.report(scored, wake, unreadable)
    if as_json:
        typer.echo(json.dumps(report.as_record(), ensure_ascii=False, indent=1))
    else:
        show.report(Console(highlight=False), report)


@app.command("train")
def train(
    phrase: Annotated[str, typer.Argument(help='What shall wake it, in English: "hey computer".')],
    recipe: Annotated[
        str, typer.Option(help="small or full; else full, and small on a Raspberry Pi.", show_default=False)
    ] = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Begin without asking.")] = False,
) -> None:
    """Make a wake word of your own from the voices that are installed, and say how good it is. Resumes."""
    from assistant import board, manifest
    from assistant.errors import UsageError
    from assistant.waking import own_words
    from assistant.waking.train import Training

    known = {recipe.name: recipe for recipe in (own_words.SMALL, own_words.FULL)}
    chosen = recipe or ("small" if board.is_pi() else "full")
    if chosen not in known:
        raise UsageError(f"there is no recipe {recipe!r}", remedy=f"choose one of: {', '.join(known)}")
    console, plain = Console(highlight=False, soft_wrap=True), own_words.checked(phrase)
    out = manifest.writable_dir().parent / "wake" / own_words.file_name(plain)
    training = Training(plain, known[chosen], places.cache_dir() / "wake", manifest.data_dirs())
    near = f"{', '.join(training.near[:8])} and {len(training.near) - 8} more"
    told = f'"{plain}": {training.recipe.voices} voices, {training.left()} of them still to speak. Near-misses: {near}.'
    console.print(told, markup=False)
    console.print(f"This takes about {max(1, round(training.estimate_s() / 60))} minutes here.")
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("nobody is there to say yes", remedy="--yes begins without asking")
        typer.confirm("Begin?", abort=True)
    report = training.run(out, lambda what, done, of: console.print(f"{what}: {done} of {of}"))
    for line in report.lines():
        console.print(line, markup=False)
    console.print(f'{out} is there. To use it: [wake] words = ["hey gemma", "{plain}"]', markup=False)


def _wake(found: config.WakeConfig, threshold: float | None) -> config.WakeConfig:
    if threshold is None:
        return found
    changed: dict[str, Any] = {found.deciding: threshold}
    return replace(found, **changed)


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path)
