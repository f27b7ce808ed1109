"""The wake log's files: `log.jsonl`, the older `log.1.jsonl`, and `clips/`. Only the owner may read them.

Lines are only ever added: a torn one, or another process that marks one, costs no other. When `log.jsonl` is full it
becomes `log.1.jsonl`: half a megabyte at most, some 2,600 entries. Knows no clock and no thread.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path

import soundfile

from assistant.config import WakeConfig
from assistant.errors import OutputError, UsageError
from assistant.stages import SAMPLE_RATE_HZ, Pcm
from assistant.waking.entry import Entry, Log, Mark, line_of, read

MOST_BYTES = 256 * 1024  # of each of the two files
DAY_S = 86_400.0


class Store:
    """The wake log in `folder`, which need not be there yet."""

    def __init__(self, folder: Path, config: WakeConfig) -> None:
        self.folder = folder
        self.clips = folder / "clips"
        self._config = config
        self._files = (folder / "log.1.jsonl", folder / "log.jsonl")
        self._next: int | None = None

    def read(self) -> Log:
        """Everything that is known, oldest first. Raises UsageError."""
        return read(line for path in self._files for line in _lines(path))

    def clip_of(self, entry: Entry) -> Path | None:
        """Where its sound is; None: it was not kept, or is deleted by now."""
        path = self.clips / Path(entry.clip).name
        return path if entry.clip and path.is_file() else None

    def add(self, heard: Sequence[tuple[Entry, Pcm | None]]) -> None:
        """Number the entries and write them, with their sound where it is kept. Raises OutputError."""
        if self._next is None:
            self._next = 1 + max((entry.number for entry in self.read().entries), default=0)
        lines: list[str] = []
        failed: OutputError | None = None
        for number, (found, sound) in enumerate(heard, self._next):
            entry = replace(found, number=number)
            if sound is not None and self._config.keep_clips:
                try:
                    entry = self._with_clip(entry, sound)
                except OutputError as e:  # the line is small: it may still fit
                    failed = e
            lines.append(line_of(entry))
        self._append(lines)
        self._next += len(lines)
        if failed is not None:
            raise failed

    def mark(self, number: int, *, meant: bool | None) -> None:
        """Note whether an entry was meant for the assistant. Raises UsageError, OutputError."""
        if all(entry.number != number for entry in self.read().entries):
            raise UsageError(f"the wake log has no entry {number}", remedy="hey-gemma wake log")
        self._append([line_of(Mark(number, meant))])

    def sweep(self, now: datetime) -> int:
        """Delete clips that are too old or too many, and say how many. What can't be deleted stays."""
        kept = deleted = held = 0
        for path, modified_s, nbytes in self._newest_first():
            old = now.timestamp() - modified_s > self._config.clip_days * DAY_S
            crowded = kept >= self._config.clip_limit or held + nbytes > self._config.clip_megabytes * 1e6
            if old or crowded:
                with suppress(OSError):
                    path.unlink()
                    deleted += 1
                continue
            kept, held = kept + 1, held + nbytes
        return deleted

    def forget(self) -> None:
        """Delete log and clips. Raises OutputError."""
        try:
            for path in (*(path for path, _, _ in self._newest_first()), *self._files):
                path.unlink(missing_ok=True)
        except OSError as e:
            raise _unwritable(self.folder, e) from e

    def _with_clip(self, entry: Entry, sound: Pcm) -> Entry:
        name = f"{entry.at:%Y%m%d-%H%M%S}-{entry.number}-{entry.kind}-{entry.score:.2f}.flac"
        path = self.clips / name
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.clips.mkdir(mode=0o700, exist_ok=True)
            path.write_bytes(_flac(sound))
        except OSError as e:
            with suppress(OSError):
                path.unlink()
            raise _unwritable(path, e) from e
        return replace(entry, clip=name)

    def _append(self, lines: Iterable[str]) -> None:
        path = self._files[1]
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size >= MOST_BYTES:
                path.replace(self._files[0])
            with path.open("ab") as file:
                torn = file.tell() > 0 and not _ends_well(path)  # a power cut in the middle of a line
                file.write(("\n" * torn + "".join(lines)).encode())
        except OSError as e:
            raise _unwritable(path, e) from e

    def _newest_first(self) -> Iterator[tuple[Path, float, int]]:
        found = []
        with suppress(OSError):
            for path in self.clips.glob("*.flac"):
                with suppress(OSError):  # another process deletes, too
                    stat = path.stat()
                    found.append((path, stat.st_mtime, stat.st_size))
        yield from sorted(found, key=lambda clip: (clip[1], clip[0].name), reverse=True)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").split("\n")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as e:
        raise UsageError(f"{path}: {e.strerror}", remedy="see who owns it: the assistant's user may read it") from e


def _ends_well(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"


def _flac(sound: Pcm) -> bytes:
    file = BytesIO()
    soundfile.write(file, sound, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"the wake log can't be written: {path}: {error.strerror or error}",
        remedy="make room there, or set wake.log = false",
    )
