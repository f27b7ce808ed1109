"""llama.cpp's lines: into the log, the first error kept."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from assistant.llm import llama_log

Write = Callable[[int, bytes, Any], None]
DEBUG, INFO, WARN, ERROR, CONT = range(1, 6)  # ggml.h


@pytest.fixture
def write() -> Write:
    """Give the function that C would call."""
    installed: list[Write] = []
    llama_log.forward(lambda callback, _: installed.append(callback), lambda function: function)
    llama_log.take_error()
    return installed[0]


def test_the_first_error_is_the_telling_one(write: Write) -> None:
    """It is taken once, without the C++ function's name."""
    write(ERROR, b"llama_model_load: error loading model: missing tensor 'x'\n", None)
    write(ERROR, b"llama_model_load_from_file_impl: failed to load model\n", None)
    assert llama_log.take_error() == "error loading model: missing tensor 'x'"
    assert llama_log.take_error() == ""


def test_lines_go_to_the_log_and_dots_do_not(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    """A progress bar is no line; broken UTF-8 does no harm; nothing is loud enough for a person."""
    with caplog.at_level(logging.DEBUG, logger="assistant.llama"):
        write(INFO, b"loading \xff\n", None)
        write(CONT, b"...", None)
        write(WARN, b"old quantization\n", None)
    assert [(r.levelno, r.message) for r in caplog.records] == [
        (logging.DEBUG, "loading \ufffd"),
        (logging.INFO, "old quantization"),
    ]
    assert llama_log.take_error() == ""
