"""How loud the assistant's own voice is, kept over a restart. Knows no words.

The config's `speech.volume` is where it starts, and counts again once it is changed there: so the file says from which
start it was changed.
"""

import json
import logging
from pathlib import Path

from assistant.disk import replacing
from assistant.errors import OutputError
from assistant.speech.voices import Voices
from assistant.stages import Voice

_log = logging.getLogger(__name__)


class OwnVolume:
    """In percent, of `voice`; `start` is the config's, 0 to 1. Without a `path` it is forgotten at the end."""

    def __init__(self, voice: Voice, start: float, path: Path | None = None) -> None:
        self._voice = voice if isinstance(voice, Voices) else None
        self._start = start
        self._path = path
        self._percent = round(100 * start)
        if (kept := self._kept()) is not None:
            self.set(kept, keep=False)

    def get(self) -> int:
        """0 to 100."""
        return self._percent

    def set(self, percent: int, *, keep: bool = True) -> None:
        """From the next sentence on."""
        self._percent = max(0, min(100, percent))
        if self._voice is not None:
            self._voice.volume = self._percent / 100
        if keep and self._path is not None:
            text = json.dumps({"percent": self._percent, "start": self._start}).encode()
            try:
                with replacing(self._path, len(text)) as file:
                    file.write(text)
            except OutputError as e:
                _log.warning("%s; after a restart the voice is as loud as before", e.message)

    def _kept(self) -> int | None:
        if self._path is None:
            return None
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            return int(found["percent"]) if found["start"] == self._start else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as e:
            _log.warning("%s can't be read (%s): the voice is as loud as speech.volume says", self._path, e)
            return None
