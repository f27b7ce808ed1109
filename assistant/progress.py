"""How far a long transfer is: a bar in a terminal, a line every ten per cent in a pipe. Knows bytes only."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

Advance = Callable[[int], None]
Meter = Callable[[str, int], AbstractContextManager[Advance]]


def meter(console: Console) -> Meter:
    """Show transfers on `console`: `with show("the model", total_bytes) as advance: advance(4096)`."""
    return _bar(console) if console.is_terminal else _lines(console)


@contextmanager
def silent(_label: str, _total_bytes: int) -> Iterator[Advance]:
    """Show nothing."""
    yield lambda _: None


def _bar(console: Console) -> Meter:
    @contextmanager
    def show(label: str, total_bytes: int) -> Iterator[Advance]:
        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        with Progress(TextColumn("{task.description}"), *columns, console=console) as progress:
            task = progress.add_task(label, total=total_bytes)
            yield lambda nbytes: progress.advance(task, nbytes)

    return show


def _lines(console: Console) -> Meter:
    @contextmanager
    def show(label: str, total_bytes: int) -> Iterator[Advance]:
        done, said = 0, -1

        def advance(nbytes: int) -> None:
            nonlocal done, said
            done += nbytes
            tenth = 10 * done // max(total_bytes, 1)
            if tenth != said:
                said = tenth
                console.print(f"{label}: {10 * tenth} % of {total_bytes / 1e6:,.0f} MB", highlight=False)

        advance(0)
        yield advance

    return show
