import io

from rich.console import Console

from assistant.figures import Row, differences, projection, show


def row(path: str, speech_s: float, first_token_ms: float, hangover_ms: float) -> Row:
    return Row(
        model="shape",
        path=path,
        speech_s=speech_s,
        hangover_ms=hangover_ms,
        endpoint_ms=500,
        encode_ms=50,
        prefill_ms=250,
        first_token_ms=first_token_ms,
        decode_ms=900,
        tokens=6,
        forced=10,
        call_ms=first_token_ms + 1600,
        voice_ms=first_token_ms + 1700,
        cue_ms=1,
        listen_cpu_per_s=0.8,
        rss_mb=4000,
        late_ms=5,
        repeats=3,
        spread_ms=20,
    )


ROWS = [
    row("plain", 2.5, 5500, 500),
    row("streamed", 2.5, 400, 70),
    row("plain", 10.0, 12_500, 500),
    row("streamed", 10.0, 420, 70),
]


def test_the_table_fits_a_terminal_of_80_columns_uncut() -> None:
    out = io.StringIO()
    show(Console(file=out, width=80, highlight=False), 1, ROWS, ["a remark"])
    text = out.getvalue()
    assert "…" not in text
    for word in ("streamed", "first", "12500", "a remark", "tool call"):
        assert word in text


def test_the_silence_that_is_waited_for_is_left_out_of_the_comparison() -> None:
    short, long, growth = differences(ROWS)
    assert "5000 ms plain, 330 ms streamed: 15.2 times less" in short
    assert "12000 ms plain, 350 ms streamed: 34.3 times less" in long
    assert "+5 % later after 10.0 s than after 2.5 s" in growth


def test_the_projection_shows_its_arithmetic() -> None:
    told = projection(ROWS, prefill_tok_s=30.4, decode_tok_s=10.0)
    assert "not measured there" in told[0]
    # 70 + 50 + (250 - 100) x 30.4 / 38 + 1000 / 6.8
    assert "wait 70 + encode 50 + ear 150 x 30/38 + last token 147 = first token 387 ms" in told[-2]
    # 387 + 6 x 1000 / 6.8 + (900 - 6 x 100) x 30.4 / 38
    assert "+ 6 tokens x 147 + 10 forced, 300 x 30/38 = call 1509 ms" in told[-2]
