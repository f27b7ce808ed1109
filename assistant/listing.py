"""What there is, listed: sound devices and models. A table in a terminal, in a pipe one a line with tabs between."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from assistant.audio.devices import Device, Direction
from assistant.manifest import Kind
from assistant.weights import Listed

_HOW = {
    Kind.SHIPPED: "install Hey Gemma again",
    Kind.FETCHED: "hey-gemma models fetch {name}",
    Kind.GENERATED: "hey-gemma models {name}",
}


def devices(console: Console, found: Sequence[Device]) -> None:
    """Microphones and speakers: number, name, channels in and out, rate."""
    rows = [(str(d.index), d.name, _marked(d, "input"), _marked(d, "output"), f"{d.rate_hz} Hz") for d in found]
    _show(console, "sound devices", ("no.", "name", "microphone", "speaker", "rate"), rows)
    if not found:
        console.print("No sound device is here. Plug one in; hey-gemma doctor looks closer.")


def models(console: Console, found: Sequence[Listed]) -> None:
    """The models of the manifest: where each is, or how it is had."""
    rows = []
    for row in found:
        size = f"{row.bytes / 1e9:.2f} GB" if row.bytes >= 1e9 else f"{row.bytes / 1e6:.1f} MB"
        where = str(row.path) if row.path else f"not here: {_HOW[row.kind].format(name=row.name)}"
        ear = "prepared" if row.ear else "not yet" if row.path else ""
        rows.append((row.name, row.title, str(row.kind), size, row.licence, where, ear))
    _show(console, "models", ("name", "what it is", "comes", "size", "licence", "where", "ear"), rows)


def _show(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not console.is_terminal:
        for row in rows:  # print would make spaces of the tabs
            console.file.write("\t".join(row).rstrip("\t") + "\n")
    elif rows:
        table = Table(title=title)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)


def _marked(device: Device, direction: Direction) -> str:
    if not device.channels(direction):
        return ""
    return f"{device.channels(direction)} ch{', default' if device.is_default(direction) else ''}"
