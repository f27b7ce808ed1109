"""Measures a head on the held-out side: `python -m models.hey_gemma.measure --work DIR --out docs/WAKE.md`.

Writes the tables and the DET curve. Uses the product's own `Head` and `WakeDecision` on stored embeddings;
openWakeWord's "hey jarvis" runs on the same ones (its features are ours). What isn't made yet is said to be missing.
Needs no torch and no voice.
"""

import argparse
import hashlib
import io
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from assistant.wake import HEAD_FRAMES, Floats, Head, shipped_head
from assistant.wake_decision import Heard, WakeDecision
from assistant.waking import bounds
from models.hey_gemma import channel, det
from models.hey_gemma.data import Example, read_shard

FRAME_MS = 80.0
TAIL = 0.025  # on each side of a 95 % interval
IN_TIME_MS = (-250.0, 600.0)  # first score over the threshold, from the word's end
DET_THRESHOLDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
PITCHES_HZ = ((1, 100), (100, 140), (140, 190), (190, 250), (250, 330), (330, 600))
JARVIS_FILE = "openwakeword/resources/models/hey_jarvis_v0.1.onnx"
JARVIS_THRESHOLD = 0.5  # openWakeWord's own
Scorer = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Clip:
    """An example and its scores, one a row."""

    example: Example
    scores: Floats

    def wakes(self, threshold: float) -> list[float]:
        """Where it woke, ms from the clip's start (the first score over the threshold)."""
        if len(self.scores) == 0 or self.scores.max() < threshold:
            return []
        decision = WakeDecision(threshold=threshold)
        woken = []
        for n, score in enumerate(self.scores):
            if isinstance(decision.update(float(score), (n + 1) * FRAME_MS), Heard):
                woken.append((n + 1) * FRAME_MS)
        return woken

    def lag_ms(self, threshold: float) -> float | None:
        """How long after the word's end it woke; None where it didn't in time."""
        end_ms = self.example.end_ms or 0.0
        lags = [place - end_ms for place in self.wakes(threshold)]
        return next((lag for lag in lags if IN_TIME_MS[0] <= lag <= IN_TIME_MS[1] + self.example.spread_ms), None)

    @property
    def hours(self) -> float:
        """Its length."""
        return len(self.scores) * FRAME_MS / 3.6e6


def clips(paths: Iterable[Path], score: Scorer) -> list[Clip]:
    """Every example of some shards."""
    found = []
    for path in paths:
        embeddings, examples = read_shard(path)
        scores = score(embeddings)
        for example in examples:
            start = example.first_row - HEAD_FRAMES + 1
            found.append(Clip(example, scores[start : start + example.rows]))
    return found


def jarvis(wheel: Path) -> Scorer:
    """Give openWakeWord's "hey jarvis" out of its 0.4.0 wheel: for comparison only (CC-BY-NC-SA), never shipped."""
    onnxruntime: Any = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    with zipfile.ZipFile(wheel) as packed:
        session = onnxruntime.InferenceSession(packed.read(JARVIS_FILE), options)
    name = session.get_inputs()[0].name

    def score(embeddings: Floats) -> Floats:
        windows = np.lib.stride_tricks.sliding_window_view(embeddings, HEAD_FRAMES, axis=0).transpose(0, 2, 1)
        given = [session.run(None, {name: np.ascontiguousarray(window[None])})[0].item() for window in windows]
        return np.array(given, dtype=np.float32)

    return score


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Markdown."""
    lines = ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *lines, ""])


def share(hits: Sequence[bool]) -> str:
    """Percent with its bounds."""
    if not hits:
        return "-"
    low, high = (f(sum(hits), len(hits), TAIL) for f in (bounds.least_share, bounds.most_share))
    return f"{100 * sum(hits) / len(hits):.1f} % ({100 * low:.0f}-{100 * high:.0f}) of {len(hits)}"


def percent(hits: Sequence[bool]) -> str:
    """Short."""
    return f"{100 * sum(hits) / len(hits):.0f}" if hits else "-"


def recall(words: list[Clip], threshold: float) -> str:
    """Recall per condition, voice, accent and pitch; the lag."""
    got = {id(clip): clip.lag_ms(threshold) for clip in words}
    hits = defaultdict(list)
    for clip in words:
        hits["condition", clip.example.heard].append(got[id(clip)] is not None)
        hits[clip.example.voice, clip.example.heard].append(got[id(clip)] is not None)
        hits["accent " + accent(clip.example.voice), clip.example.heard].append(got[id(clip)] is not None)
        hits["pitch " + pitch(clip.example), clip.example.heard].append(got[id(clip)] is not None)
    names = [condition.name for condition in channel.TESTED]
    parts = [table(["heard", "recall"], [(name, share(hits["condition", name])) for name in names])]
    keys = dict.fromkeys(key for key, _ in sorted(hits) if key != "condition")
    wide = [(key, *(percent(hits.get((key, name), [])) for name in names)) for key in keys]
    parts.append(table(["recall, %", *names], wide))
    by_voice = [np.mean(hits[key, "clean"]) for key in keys if not key.startswith(("accent", "pitch"))]
    parts.append(
        f"Clean, averaged over the voices: {100 * np.mean(by_voice):.1f} %, worst voice {100 * min(by_voice):.0f} %.\n"
    )
    lags = [lag for clip in words if clip.example.heard == "clean" and (lag := got[id(clip)]) is not None]
    if lags:
        quantiles = ", ".join(f"{q} %: {np.percentile(lags, q):.0f}" for q in (5, 50, 95))
        parts.append(f"From the word's end to the event, ms, clean: {quantiles}.\n")
    return "\n".join(parts)


def accent(voice: str) -> str:
    """The accent that a voice's name tells."""
    engine, _, name = voice.partition(":")
    if engine in {"espeak", "foreign"}:
        return f"{engine} {name.partition('+')[0]}"
    if engine == "speaker":
        return f"speaker {name[0]}"
    return engine


def pitch(example: Example) -> str:
    """The band of its measured pitch."""
    for low, high in PITCHES_HZ:
        if low <= example.pitch_hz < high:
            return f"{low:03d}-{high} Hz"
    return "none voiced"


def manners(words: list[Clip], threshold: float) -> str:
    """Recall for children, whispers, shouts, tiredness."""
    hits = defaultdict(list)
    for clip in words:
        hits[clip.example.manner, clip.example.heard].append(clip.lag_ms(threshold) is not None)
    return table(["said", "heard", "recall"], [(*key, share(found)) for key, found in sorted(hits.items())])


def near(found: list[Clip], threshold: float) -> str:
    """How often each near-miss is taken for the word."""
    groups, said = defaultdict(list), defaultdict(list)
    for clip in found:
        taken = bool(clip.wakes(threshold))
        groups[clip.example.group, clip.example.heard].append(taken)
        said[clip.example.group, clip.example.phrase].append(taken)
    parts = [table(["near-misses", "heard", "taken"], [(*key, share(hits)) for key, hits in sorted(groups.items())])]
    ever = sorted(((sum(hits), len(hits), *key) for key, hits in said.items() if any(hits)), reverse=True)
    parts.append(f"Of {len(said)} phrases {len(said) - len(ever)} were never taken. The others:\n")
    parts.append(table(["phrase", "", "taken"], [(phrase, group, f"{hits}/{of}") for hits, of, group, phrase in ever]))
    return "\n".join(parts)


def false_wakes(found: list[Clip], threshold: float) -> str:
    """False wakes an hour by group, with exact Poisson bounds."""
    groups: dict[str, list[Clip]] = defaultdict(list)
    for clip in found:
        unseen = "" if clip.example.voice != "en_US_f_Allison" else " (speaker heard in training)"
        groups[clip.example.group + unseen].append(clip)
        if clip.example.group.startswith("human") and not unseen:
            groups["human, all unseen speakers"].append(clip)
    return table(
        ["without the word", "hours", "false wakes", "an hour", "95 % bounds"],
        [(name, *rate(some, threshold)) for name, some in sorted(groups.items())],
    )


def rate(found: list[Clip], threshold: float) -> tuple[str, str, str, str]:
    """(hours, count, an hour, bounds)."""
    hours, count = sum(clip.hours for clip in found), sum(len(clip.wakes(threshold)) for clip in found)
    low, high = bounds.least_events(count, TAIL), bounds.most_events(count, TAIL)
    return f"{hours:.2f}", str(count), f"{count / hours:.2f}", f"{low / hours:.2f}-{high / hours:.2f}"


def curve(words: list[Clip], others: list[Clip]) -> list[tuple[float, float]]:
    """(false wakes an hour, share missed) for each threshold."""
    hours = sum(clip.hours for clip in others)
    return [
        (
            sum(len(clip.wakes(t)) for clip in others) / hours,
            float(np.mean([clip.lag_ms(t) is None for clip in words])),
        )
        for t in DET_THRESHOLDS
    ]


def cost_ms(head: Head) -> float:
    """CPU of one score."""
    window = np.random.default_rng(1).normal(size=(HEAD_FRAMES, 96)).astype(np.float32)
    head.scores(window)
    began = time.process_time()
    for _ in range(500):
        head.scores(window)
    return (time.process_time() - began) * 2


def report(work: Path, path: Path, threshold: float, wheel: Path | None, picture: Path) -> str:
    """Everything, as Markdown; writes the picture."""
    head = Head(path)
    out = io.StringIO()
    print("# The wake word, measured\n", file=out)
    print(
        f"Head sha256 `{hashlib.sha256(path.read_bytes()).hexdigest()}`, {path.stat().st_size} bytes, threshold",
        file=out,
    )
    print(
        f"{threshold:g}, {cost_ms(head):.2f} ms CPU of every 80 ms. Voices, people, lines and the phrases marked so",
        file=out,
    )
    print(
        'were in no training. **No real person\'s "Hey Gemma" was available**: every word here is synthetic.', file=out
    )
    print("In brackets: exact 95 % bounds. Made by `python -m models.hey_gemma.measure`; the recipe is in", file=out)
    print(
        "`models/hey_gemma`. Your own recordings: `hey-gemma wake eval DIR`. Everything here is by the score alone;",
        file=out,
    )
    print("what the second ear makes of such sounds: RESULTS.md.\n", file=out)
    paths = {
        name: sorted(work.glob(f"measured-{name}*.npz"))
        for name in ("words", "jarvis", "manner", "near", "human", "noise")
    }
    paths["dialogue"] = sorted(work.glob("dialogue-*.npz"))
    missing = [name for name, some in paths.items() if not some]
    if missing or len(paths["dialogue"]) < 60:
        print(
            f"Not made yet: {', '.join(missing) or 'nothing'}; dialogue: {len(paths['dialogue'])} of 60 parts.\n",
            file=out,
        )
    others = {name: clips(paths[name], head.scores) for name in ("human", "dialogue", "noise")}
    words = clips(paths["words"], head.scores)
    if words:
        print(f"## Recall\n\n{recall(words, threshold)}", file=out)
    if paths["manner"]:
        print(
            f"## Ways of speaking (by the vocoder)\n\n{manners(clips(paths['manner'], head.scores), threshold)}",
            file=out,
        )
    if paths["near"]:
        print(f"## Near-misses\n\n{near(clips(paths['near'], head.scores), threshold)}", file=out)
    silent = [clip for some in others.values() for clip in some]
    if silent:
        print(f"## False wakes\n\n{false_wakes(silent, threshold)}", file=out)
    curves: dict[str, list[tuple[float, float]]] = {}
    if words and silent:
        curves |= _curves("hey gemma", words, silent)
    if wheel and paths["jarvis"] and silent:
        score = jarvis(wheel)
        theirs = clips(paths["jarvis"], score)
        their_silent = clips([path for name in others for path in paths[name]], score)
        print('## openWakeWord\'s "hey jarvis", on its own word and the same sound without it\n', file=out)
        print(f"Threshold {JARVIS_THRESHOLD:g}, same voices, conditions and decision.\n", file=out)
        print(recall(theirs, JARVIS_THRESHOLD), file=out)
        print(false_wakes(their_silent, JARVIS_THRESHOLD), file=out)
        curves |= _curves("hey jarvis", theirs, their_silent)
    if curves:
        picture.write_text(det.picture(curves), encoding="utf-8")
        print(f"![DET curves]({picture.name})", file=out)
    return out.getvalue()


def _curves(name: str, words: list[Clip], silent: list[Clip]) -> dict[str, list[tuple[float, float]]]:
    noisy = [clip for clip in words if clip.example.heard.startswith("10 dB")]
    found = {"clean": [clip for clip in words if clip.example.heard == "clean"], "10 dB": noisy}
    return {f"{name}, {heard}": curve(some, silent) for heard, some in found.items() if some}


def main() -> None:
    """Tables and picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--work", type=Path, default=Path("out/hey_gemma-2"), help="shards that models.hey_gemma.make made"
    )
    parser.add_argument("--head", type=Path, default=shipped_head())
    parser.add_argument("--threshold", type=float, default=0.8)
    parser.add_argument(
        "--jarvis", type=Path, help="openwakeword-0.4.0-py3-none-any.whl (pip download --no-deps openwakeword==0.4.0)"
    )
    parser.add_argument("--out", type=Path, default=Path("docs/WAKE.md"))
    parser.add_argument("--picture", type=Path, default=Path("docs/wake-det.svg"))
    options = parser.parse_args()
    text = report(options.work, options.head, options.threshold, options.jarvis, options.picture)
    options.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
