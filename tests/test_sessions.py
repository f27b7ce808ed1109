"""What a model can do here decides how it is run, and a start never fails for want of the fast path."""

import logging
from pathlib import Path

import pytest

from assistant import manifest, sessions, weights
from assistant.config import ModelConfig
from assistant.errors import OutputError
from assistant.llm import self_test

TINY = manifest.load().entry("tiny")


def test_a_model_is_heard_while_it_comes_and_through_its_ear(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sessions, "cache_dir", lambda: tmp_path)
    spec = sessions.spec(ModelConfig(), TINY)
    assert spec.listen_ahead
    assert spec.ear is not None
    assert spec.doubts.replies
    assert not sessions.spec(ModelConfig(), TINY, sure=True).doubts.replies


def test_an_encoder_that_fails_its_test_means_the_plain_path_and_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(self_test, "works", lambda _mmproj: "it makes no sense here")
    spec = sessions.spec(ModelConfig(), TINY)
    assert (spec.listen_ahead, spec.ear) == (False, None)
    assert "answers will be slow: it makes no sense here" in caplog.text


def test_a_full_disk_means_no_ear_and_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> Path:
        raise OutputError("no space left", remedy="free some")

    monkeypatch.setattr(weights, "prepared_ear", full)
    with caplog.at_level(logging.WARNING):
        spec = sessions.spec(ModelConfig(), TINY)
    assert (spec.listen_ahead, spec.ear) == (True, None)
    assert "no space left" in caplog.text
    assert "free some" in caplog.text


def test_listening_ahead_can_be_switched_off() -> None:
    spec = sessions.spec(ModelConfig(listen_ahead=False), TINY)
    assert (spec.listen_ahead, spec.ear) == (False, None)
