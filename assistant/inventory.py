"""What the assistant sees of the home, and what of it the model is told: for `hey-gemma home`.

Knows every home by `stages.HomeView` only. A table in a terminal, lines in a pipe, JSON for programs. Takes 2 s of
processor time: most of it is unpacking the vocabulary that counts the tokens.
"""

import json
import lzma
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from assistant import homes, manifest, places
from assistant.audio.clock import WallClock
from assistant.config import Config
from assistant.llm import prompt
from assistant.llm.engine import read_vocabulary
from assistant.llm.prompt import PromptProfile
from assistant.stages import HomeView, Seen


@dataclass(frozen=True, slots=True)
class Inventory:
    """`things` are exposed, `unexposed` counts the others; the model `model` reads `prompt`, `tokens` of its own.

    `tools` are the names of what it may call. `tells`: its prompt tells of the home.
    """

    home: str
    things: tuple[Seen, ...]
    unexposed: int
    model: str
    tells: bool
    tools: tuple[str, ...]
    prompt: str
    tokens: int


async def take(config: Config, count: Callable[[manifest.ModelEntry, str], int] | None = None) -> Inventory:
    """Look at the home that the config names. `count`: tokens of a text. Raises ConfigError, HomeRefused, HomeAway."""
    entry = manifest.load().entry(config.model.name)
    profile = PromptProfile(**entry.prompt)
    clock = WallClock()
    async with homes.real_home(config, clock) as real:
        home = homes.build_home(config, entry, clock, real=real)
        view: HomeView = home.things
        unexposed = await view.unexposed()
        text = prompt.prefix(profile, home.router.tools(), home.router.context())
        return Inventory(
            home=config.home.kind,
            things=tuple(view.seen()),
            unexposed=unexposed,
            model=entry.name,
            tells=profile.home,
            tools=tuple(tool.name for tool in home.router.tools()) if profile.tools else (),
            prompt=text,
            tokens=(count or tokens_of)(entry, text),
        )


def as_json(found: Inventory) -> str:
    """One object: the fields of `Inventory`."""
    return json.dumps(asdict(found), ensure_ascii=False, indent=1)


def show(found: Inventory, console: Console) -> None:
    """Print it: a table in a terminal; in a pipe one thing a line, tabs between room, name, id, state and mark."""
    rows = [
        (thing.area or "", " / ".join(thing.names), thing.id, thing.state, "yes" if found.tells and thing.shown else "")
        for thing in found.things
    ]
    if console.is_terminal:
        table = Table("room", "names", "entity", "state", "model", title=f"{found.home} home")
        room: str | None = None
        for row in rows:
            if room not in (None, row[0]):
                table.add_section()
            table.add_row(*map(Text, ("" if row[0] == room else row[0], *row[1:])))
            room = row[0]
        console.print(table)
    else:
        for row in rows:
            console.file.write("\t".join(row) + "\n")  # print would make spaces of the tabs
    for line in _summary(found):
        console.print(line, markup=False, soft_wrap=True)


def _summary(found: Inventory) -> list[str]:
    rooms = len({thing.area for thing in found.things if thing.area})
    lines = [f"{len(found.things)} things in {rooms} rooms can be named."]
    if found.unexposed:
        lines.append(f"{found.unexposed} others aren't exposed to the voice assistant.")
    if not found.tells:
        return [*lines, f"The model {found.model} isn't told of the home: it knows the demo home by heart."]
    shown = sum(thing.shown for thing in found.things)
    told = f"The model {found.model} is told {shown} names (home.shown) and {len(found.tools)} tools"
    return [*lines, f"{told}: {found.tokens:,} tokens. The other names are understood too."]


def tokens_of(entry: manifest.ModelEntry, text: str) -> int:
    """Count tokens in the model's vocabulary; all but the shipped model have Gemma 4's."""
    if entry.kind is manifest.Kind.SHIPPED:
        return len(read_vocabulary(manifest.find(entry, entry.text)).tokenize(text))
    with tempfile.TemporaryDirectory() as directory:
        vocabulary = Path(directory) / "vocabulary.gguf"
        vocabulary.write_bytes(lzma.decompress((places.models_dir() / manifest.VOCABULARY).read_bytes()))
        return len(read_vocabulary(vocabulary).tokenize(text))
