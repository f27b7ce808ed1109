"""`hey-gemma models`: arguments only, as cli.py."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from assistant import config, places

app = typer.Typer(no_args_is_help=True, help="List, fetch, verify, make and prepare models.")

ConfigOption = Annotated[Path | None, typer.Option("--config", help="Config file (TOML).")]


class AudioType(StrEnum):
    """Tensor types of an audio encoder."""

    Q8_0 = "Q8_0"
    F16 = "F16"
    BF16 = "BF16"


@app.command("list")
def list_() -> None:
    """List the models: what is there, what could be fetched or made."""
    from assistant import listing, manifest, weights

    listing.models(Console(highlight=False), weights.listing(manifest.load(), ears=places.asked_cache_dir()))


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(help="A model of `models list`.")] = "e2b",
    config_file: ConfigOption = None,
    *,
    use: Annotated[bool, typer.Option("--use", help="Use it from now on, without asking.")] = False,
    voice: Annotated[str | None, typer.Option(help="A voice instead: de, fr, es, it, pt or zh.")] = None,
) -> None:
    """Download a model, or a voice for a language: resumes, checks every byte, shows progress."""
    from assistant import config_file as settings
    from assistant import fetch_voice, manifest, weights
    from assistant.progress import meter

    console = Console(highlight=False, markup=False)
    if voice is not None:
        there = fetch_voice.fetch(manifest.load().voice(voice), manifest.writable_dir(), meter(console))
        console.print(f"{there} speaks {voice} from now on. Its licence: {fetch_voice.card(there)}", soft_wrap=True)
        console.print(f'For answers in that language: language = "{voice}" under [speech]')
        return
    found = weights.fetch(manifest.load().entry(name), manifest.writable_dir(), meter(console))
    console.print(f"{name} is in {found.text.parent}.", soft_wrap=True)
    target = config.find(config_file, os.environ)
    if target is None or (target == config.SYSTEM_FILE and not os.access(target, os.W_OK)):
        target = config.user_file(os.environ)
    if use or (sys.stdin.isatty() and typer.confirm(f"Use {name} from now on?", default=True)):
        settings.write(target, settings.changed(settings.read(target), {"model.name": name}))
        console.print(f"{target} now says so. Next: hey-gemma run", soft_wrap=True)
    else:
        console.print(f'To use it: put  name = "{name}"  under [model] in {target}', soft_wrap=True)


@app.command("prepare")
def prepare(
    name: Annotated[str | None, typer.Argument(help="A model of `models list`; default: the config's.")] = None,
    config_file: ConfigOption = None,
) -> None:
    """Cut a model's ear: the half of its layers that is enough to listen, three times faster. `run` does it too."""
    from assistant import disk, manifest, weights
    from assistant.progress import meter

    console = Console(highlight=False, markup=False)
    entry = manifest.load().entry(name or config.load(config.find(config_file, os.environ)).model.name)
    cache = places.asked_cache_dir()
    with disk.as_owner(cache):
        found = weights.paths(entry)
        ear = weights.prepared_ear(found, cache, meter(console))
    told = f"{ear} is ready." if ear else f"{found.text.name} has no ear: its layers share no keys and values."
    console.print(told, soft_wrap=True)


@app.command("shape")
def shape(
    also: Annotated[
        list[AudioType] | None, typer.Option("--mmproj", help="Write the audio encoder in this type too.")
    ] = None,
) -> None:
    """Write the model with E2B's shapes and random weights: for speed and memory only (3.7 GB)."""
    from assistant import manifest, weights
    from assistant.progress import meter

    console = Console(highlight=False, markup=False)
    show = meter(console)
    made = weights.generate(manifest.load().entry("shape"), manifest.writable_dir(), show)
    for audio in also or ():
        weights.generate_mmproj(made.mmproj.with_name(f"shape-mmproj-{audio}.gguf"), str(audio), show)
    console.print(f"shape is in {made.text.parent}.", soft_wrap=True)


@app.command("verify")
def verify(name: Annotated[str, typer.Argument(help="A model of `models list`.")] = "tiny") -> None:
    """Check a model's bytes, architecture, width and prompt format."""
    from functools import partial

    from assistant import app as stages
    from assistant import manifest
    from assistant.errors import ModelDamaged
    from assistant.progress import meter
    from assistant.verify import verify as examine

    console = Console(highlight=False)
    entry = manifest.load().entry(name)
    verdict = examine(
        entry,
        meter=meter(console),
        ears=places.asked_cache_dir(),
        template_problem=partial(stages.prompt_problem, config.Config(), entry),
    )
    for check in verdict.checks:
        state = ("wrong", "red") if check.problem else ("ok   ", "green")
        console.print(Text.assemble(state, f" {check.what} {check.problem}".rstrip()), soft_wrap=True)
    if not verdict.ok:
        wrong = next(check for check in verdict.checks if check.problem)
        raise ModelDamaged(f"{name}: {wrong.what}: {wrong.problem}", remedy=wrong.remedy)
