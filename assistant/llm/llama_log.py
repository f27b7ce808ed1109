"""What llama.cpp prints, into `logging`; the last errors kept for messages that people read.

Knows no llama.cpp: the functions that set a callback, and the callback's type, are given.
"""

import functools
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

_LOG = logging.getLogger("assistant.llama")
_LEVELS = {3: logging.INFO, 4: logging.INFO}  # ggml.h. An error that matters comes back as an exception; aborts log too
_ERROR = 4

_errors: deque[str] = deque(maxlen=4)  # as global as llama.cpp's own log is


def forward(set_callback: Callable[[Any, Any], None], callback_type: Callable[[Any], Any]) -> None:
    """Let `set_callback` send its lines here, for the rest of the process."""
    set_callback(_callback(callback_type), None)


def take_error() -> str:
    """Take the first error since the last call, without the C++ function that wrote it: the later ones say less."""
    line = _errors[0] if _errors else ""
    _errors.clear()
    return line.split(": ", 1)[-1]


@functools.cache
def _callback(callback_type: Callable[[Any], Any]) -> Any:
    """Make the one callback: C keeps its address, so it must live as long as the process."""
    return callback_type(_write)


def _write(level: int, text: bytes, _: Any) -> None:
    line = text.decode(errors="replace").rstrip()
    if not line.strip(". "):
        return
    if level == _ERROR:
        _errors.append(line)
    _LOG.log(_LEVELS.get(level, logging.DEBUG), "%s", line)
