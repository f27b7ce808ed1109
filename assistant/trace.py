"""Events -> spans -> JSONL. Observes only: taking it away changes nothing but the figures.

`TurnTimes` turns one turn's events into the latency figures of DESIGN (from the acoustic end of speech). `JsonLines`
writes one JSON object a line, flushed at once, so that a killed process loses nothing.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from assistant.disk import owner_only
from assistant.errors import OutputError
from assistant.events import (
    CallsReady,
    ClauseReady,
    DraftRetracted,
    EndpointReached,
    Event,
    FirstToken,
    Reply,
    ReplyAudioStarted,
    SpeechEnded,
    ToolCalled,
    TurnEnded,
    as_record,
)


class TurnTimes:
    """The figures of one turn."""

    def __init__(self, turn: int) -> None:
        self.turn = turn
        self._speech_end: SpeechEnded | None = None
        self._endpoint: EndpointReached | None = None
        self._first: dict[str, float] = {}

    def observe(self, event: Event) -> None:
        """Take one event of this turn."""
        match event:
            case SpeechEnded():
                self._speech_end = event
            case EndpointReached():
                self._endpoint = event
            case FirstToken():
                self._note("first_token", event.at_ms)
            case DraftRetracted():
                self._first.clear()
            case CallsReady() | ClauseReady() | Reply():
                self._note("decision", event.at_ms)
            case ToolCalled() if "decision" in self._first:  # else of the turn before, which was slow
                self._note("action", event.at_ms)
            case ReplyAudioStarted():
                self._note("voice", event.at_ms)
            case _:
                pass

    def ended(self, audio_ms: float, at_ms: float, origin_ms: float | None) -> TurnEnded:
        """The turn's summary. `origin_ms` is the clock time of audio position 0; None in a fast replay."""
        return TurnEnded(
            audio_ms,
            at_ms,
            self.turn,
            first_token_ms=self._since_speech("first_token", origin_ms),
            decision_ms=self._since_speech("decision", origin_ms),
            action_ms=self._since_speech("action", origin_ms),
            voice_ms=self._since_speech("voice", origin_ms),
            endpoint_ms=self._endpoint_ms(origin_ms),
        )

    def _note(self, name: str, at_ms: float) -> None:
        self._first.setdefault(name, at_ms)

    def _since_speech(self, name: str, origin_ms: float | None) -> float | None:
        if origin_ms is None or self._speech_end is None or name not in self._first:
            return None
        return self._first[name] - origin_ms - self._speech_end.audio_ms

    def _endpoint_ms(self, origin_ms: float | None) -> float | None:
        if self._endpoint is None or self._speech_end is None:
            return None
        reached_ms = self._endpoint.audio_ms
        if origin_ms is not None:
            reached_ms = self._endpoint.at_ms - origin_ms
        return reached_ms - self._speech_end.audio_ms


def check_folder(path: Path | None, *, option: str) -> None:
    """See before long work that a file which `option` names can be written at its end. Raises OutputError."""
    if path is not None and not path.absolute().parent.is_dir():
        raise OutputError(f"{path}: there is no such folder", remedy=f"make it, or give another {option}")


def write_report(path: Path, report: Mapping[str, object]) -> None:
    """Write one JSON document. Raises OutputError."""
    write_text(path, json.dumps(report, ensure_ascii=False, indent=1), option="--json")


def write_text(path: Path, text: str, *, option: str) -> None:
    """Write a file that `option` names, in place of an older one. Raises OutputError."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as e:
        raise OutputError(f"{path}: {e.strerror}", remedy=f"free some space or give another {option}") from e


class JsonLines:
    """Writes every event to a file, one JSON object a line. Raises OutputError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            # it holds what was said; Path.open has no opener
            self._file: TextIO = open(path, "w", encoding="utf-8", opener=owner_only)  # noqa: SIM115
        except OSError as e:
            raise self._cannot(e) from e

    def __call__(self, event: Event) -> None:
        """Write one event."""
        try:
            self._file.write(json.dumps(as_record(event), ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as e:
            raise self._cannot(e) from e

    def close(self) -> None:
        """Close the file; a full disk has been told by then."""
        try:
            self._file.close()
        except OSError as e:
            raise self._cannot(e) from e

    def _cannot(self, e: OSError) -> OutputError:
        return OutputError(
            f"{self._path}: events can't be written: {e.strerror}", remedy="free some space or give another --events"
        )
