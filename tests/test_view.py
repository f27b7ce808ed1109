import io

from rich.console import Console

from assistant.events import (
    Announced,
    EndpointReached,
    Event,
    Failed,
    ModelTimed,
    Reply,
    SpeechEnded,
    SpeechStarted,
    Started,
    TimerRang,
    ToolCalled,
    TurnEnded,
    WakeHeard,
)
from assistant.view import Answers, LiveView, waterfall

TURN: tuple[Event, ...] = (
    Started(0, 0, "tiny", "demo", {}),
    WakeHeard(1000, 1100, 0.93),
    SpeechStarted(1100, 1200),
    SpeechEnded(2500, 3000),
    EndpointReached(3000, 3000, "silence"),
    ModelTimed(3000, 3100, encode_ms=20, prefill_ms=10, rows=30, decode_ms=15, tokens=12, forced=9, behind_ms=0),
    ToolCalled(
        3000, 3110, "HassTurnOn", {"name": "[bold]x"},
        [{"service": "light.turn_on", "entity_id": "light.one"}], ok=True,
        error=None, allowed_by="test",
    ),
    Reply(3000, 3120, "Light on.", "en"),
    TurnEnded(4000, 4000, 1, 590, 600, 610, 700, 500),
)  # fmt: skip


def shown(*events: Event, terminal: bool = False) -> str:
    out = io.StringIO()
    view = LiveView(Console(file=out, force_terminal=terminal, width=120, highlight=False), microphone=False)
    for event in events:
        view(event)
    return out.getvalue()


def test_what_is_taken_back_is_shown_as_that() -> None:
    undone = ToolCalled(
        0,
        0,
        "HassUndo",
        {},
        [{"service": "light.turn_off", "entity_id": "light.one"}],
        ok=True,
        error=None,
        allowed_by="",
    )
    out = shown(undone)
    assert "undone  what was done last" in out
    assert "light.turn_off light.one" in out
    assert "HassUndo" not in out


def test_a_turn_reads_as_plain_lines_in_a_pipe() -> None:
    text = shown(*TURN)
    for line in (
        "wake word  at 1.0 s, score 0.93",
        "1.4 s of speech",
        "light.turn_on light.one (test)",
        '"Light on."',
        "700 ms",
    ):
        assert line in text
    assert "█" not in text
    assert "\x1b" not in text


def test_without_words_a_log_says_when_and_how_long_but_not_what() -> None:
    out = io.StringIO()
    view = LiveView(Console(file=out, width=120, highlight=False), microphone=True, words=False)
    for event in (*TURN, TimerRang(5000, 5000, "pasta"), Announced(6000, 6000, "dinner", "en")):
        view(event)
    for line in (
        "score 0.93",
        "1.4 s of speech",
        "asked, 1 effect (test)",
        "answer  given",
        "timer  rings",
        "a text",
        "700 ms",
    ):
        assert line in out.getvalue()
    for word in ("HassTurnOn", "[bold]x", "light", "Light on", "pasta", "dinner"):
        assert word not in out.getvalue()


def test_a_terminal_gets_colour_and_bars() -> None:
    text = shown(*TURN, terminal=True)
    assert "█" in text
    assert "\x1b[" in text


def test_markup_in_what_the_model_wrote_is_shown_and_not_obeyed() -> None:
    assert "name=[bold]x" in shown(*TURN)


def test_a_failure_is_shown_with_its_remedy() -> None:
    assert "What to do: say it again" in shown(Failed(0, 0, "model_failed", "it broke", "say it again"))


def test_a_waterfall_of_nothing_does_not_divide_by_nothing() -> None:
    out = io.StringIO()
    waterfall(Console(file=out, force_terminal=True, highlight=False), [("silence", 0.0, "")])
    assert "0 ms" in out.getvalue()


def test_a_typed_answer_is_just_the_answer() -> None:
    out = io.StringIO()
    answers = Answers(Console(file=out, highlight=False))
    for event in TURN:
        answers(event)
    assert out.getvalue() == "light.turn_on light.one\nLight on.\n"
