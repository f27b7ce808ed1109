"""The bench's rows, and how they are shown: a table that fits 80 columns, a waterfall each, what the two paths differ.

Knows no model and no clock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from assistant.view import waterfall


@dataclass(frozen=True, slots=True)
class Row:
    """Medians over `repeats` turns, in ms from the acoustic end of speech.

    `path` is "plain" (the sound is encoded when the turn is over) or "streamed". `hangover_ms` is the part of
    `first_token_ms` that was spent waiting for silence, `spread_ms` the latter's range. `encode_ms`, `prefill_ms` and
    `decode_ms` last as long as told; on the streamed path only what the draft did counts. Of the reply's tokens
    after the first `tokens` were decoded, `forced` could be nothing else. `cue_ms` counts from the
    endpoint. `listen_cpu_per_s`: processor seconds of the whole process a second of speech. `late_ms`: how late a chunk
    of sound was taken in at most, while the model decoded too.
    """

    model: str
    path: str
    speech_s: float
    hangover_ms: float
    endpoint_ms: float
    encode_ms: float
    prefill_ms: float
    first_token_ms: float
    decode_ms: float
    tokens: float
    forced: float
    call_ms: float
    voice_ms: float
    cue_ms: float
    listen_cpu_per_s: float
    rss_mb: float
    late_ms: float
    repeats: int
    spread_ms: float

    @property
    def work_ms(self) -> float:
        """From the moment the silence was long enough to the first token."""
        return self.first_token_ms - self.hangover_ms


COLUMNS = (
    ("s", "speech_s", 1),
    ("wait", "hangover_ms", 0),
    ("first", "first_token_ms", 0),
    ("±", "spread_ms", 0),
    ("call", "call_ms", 0),
    ("voice", "voice_ms", 0),
    ("CPU/s", "listen_cpu_per_s", 2),
    ("MB", "rss_mb", 0),
)


LEGEND = (
    "s: speech; wait: silence before the model answers, part of all that follow;",
    "first: first token, ±: its range; call: tool and target known and sent;",
    "CPU/s: processor seconds a second of speech, while listening.",
)


def show(console: Console, cores: int, rows: Sequence[Row], remarks: Iterable[str]) -> None:
    """Print the table, remarks, how much faster the streamed path is, and a waterfall for each row."""
    table = Table("model", "path", title=f"{cores} core(s), median ms from the acoustic end of speech")
    for title, _, _ in COLUMNS:
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(row.model, row.path, *(f"{getattr(row, name):.{digits}f}" for _, name, digits in COLUMNS))
    console.print(table)
    for line in LEGEND:
        console.print(line, markup=False)
    for line in (*remarks, *differences(rows)):
        console.print(line, markup=False)
    for row in rows:
        tokens = f"{row.tokens:.0f} tokens decoded, {row.forced:.0f} forced"
        console.print(f"\n{row.model}, {row.path} path, {row.speech_s} s of speech, {tokens}")
        waterfall(console, _marks(row))


def differences(rows: Sequence[Row]) -> list[str]:
    """Say how many times less the streamed path computes after the silence, and how it grows with the sentence."""
    told = []
    for model in dict.fromkeys(row.model for row in rows):
        paths = {path: _by_length(rows, model, path) for path in ("plain", "streamed")}
        for plain, streamed in zip(paths["plain"], paths["streamed"], strict=False):
            times = plain.work_ms / max(streamed.work_ms, 1.0)
            told.append(
                f"{model}, {plain.speech_s} s: silence to first token {plain.work_ms:.0f} ms plain, "
                f"{streamed.work_ms:.0f} ms streamed: {times:.1f} times less"
            )
        if len(paths["streamed"]) > 1:
            short, long = paths["streamed"][0], paths["streamed"][-1]
            growth = 100 * (long.first_token_ms / short.first_token_ms - 1)
            told.append(
                f"{model}, streamed: the first token comes {growth:+.0f} % later after {long.speech_s} s than after "
                f"{short.speech_s} s"
            )
    return told


PI_PREFILL_TOK_S, PI_DECODE_TOK_S = 38.0, 6.8


def projection(rows: Sequence[Row], prefill_tok_s: float, decode_tok_s: float) -> list[str]:
    """Work out what a Raspberry Pi 5 would do: every assumption a line, then the arithmetic of each streamed row."""
    told = [
        "Projected for a Raspberry Pi 5, not measured there:",
        f"- prefill {PI_PREFILL_TOK_S} tokens/s on four threads, decoding {PI_DECODE_TOK_S} on three: published for",
        "  E2B in llama.cpp, Q4_K_M, cool board",
        f"- here: prefill {prefill_tok_s}, decoding {decode_tok_s} tokens/s, the whole model on the cores of this run",
        "- the ear's prefill scales as the whole model's; waiting for silence and the encoder, on one core, as here",
    ]
    for row in rows:
        if row.path != "streamed":
            continue
        last_ms = 1000 / decode_tok_s
        ear_ms = max(0.0, row.prefill_ms - last_ms)
        scaled_ms = ear_ms * prefill_tok_s / PI_PREFILL_TOK_S
        pi_token_ms = 1000 / PI_DECODE_TOK_S
        first_ms = row.hangover_ms + row.encode_ms + scaled_ms + pi_token_ms
        forced_ms = max(0.0, row.decode_ms - row.tokens * last_ms)
        call_ms = first_ms + row.tokens * pi_token_ms + forced_ms * prefill_tok_s / PI_PREFILL_TOK_S
        scale = f"{prefill_tok_s:.0f}/{PI_PREFILL_TOK_S:.0f}"
        told.append(
            f"{row.model}, {row.speech_s} s: wait {row.hangover_ms:.0f} + encode {row.encode_ms:.0f} + ear "
            f"{ear_ms:.0f} x {scale} + last token {pi_token_ms:.0f} = first token {first_ms:.0f} ms; "
            f"+ {row.tokens:.0f} tokens x {pi_token_ms:.0f} + {row.forced:.0f} forced, {forced_ms:.0f} x {scale} "
            f"= call {call_ms:.0f} ms"
        )
    return told


def _by_length(rows: Sequence[Row], model: str, path: str) -> list[Row]:
    return sorted((r for r in rows if (r.model, r.path) == (model, path)), key=lambda r: r.speech_s)


def _marks(row: Row) -> list[tuple[str, float, str]]:
    encoded_ms = row.hangover_ms + row.encode_ms
    first = "first token" if row.path == "plain" else "draft"
    return [
        ("silence", row.hangover_ms, "the wait before the model answers"),
        ("encode", encoded_ms, f"what is left of the sound to rows, {row.encode_ms:.0f} ms"),
        ("prefill", encoded_ms + row.prefill_ms, f"rows and closing tokens through the model, {row.prefill_ms:.0f} ms"),
        (first, row.first_token_ms, "the first token"),
        ("endpoint", row.endpoint_ms, "sure that you have finished"),
        ("tool call", row.call_ms, f"{row.decode_ms:.0f} ms of decoding, and the home"),
        ("first audio", row.voice_ms, "first sample of the answer"),
    ]
