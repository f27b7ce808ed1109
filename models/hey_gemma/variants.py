"""Tries heads: `python -m models.hey_gemma.variants --work DIR --heads DIR`. Resumable, one file a head and seed.

Every form fits `assistant.wake.Head`: convolutions whose kernels span 16 embeddings. Chosen and calibrated on the
validation shards, which are in no training and not held out. The same seed and shards give the same head (one thread).
`--choose wide-0=2,deep-0 --out FILE` puts these side by side, weighted, and moves their threshold to the assistant's.
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from assistant.wake import EMBEDDING_SIZE, HEAD_FRAMES, Floats, Head
from assistant.waking.head_file import Layers
from models.hey_gemma import labels, measure
from models.hey_gemma.labels import Rows
from models.hey_gemma.train import disturb, extracted, hardest, save

# (kernel, width) of each layer but the last, which is one weight a channel.
FORMS: dict[str, tuple[tuple[int, int], ...]] = {
    "first": ((3, 48), (3, 48), (12, 40)),
    "wide": ((3, 72), (3, 64), (12, 48)),
    "widest": ((3, 128), (3, 96), (12, 64)),
    "deep": ((1, 32), (3, 48), (3, 48), (5, 48), (8, 40)),
    "even": ((5, 40), (5, 40), (8, 40)),
    "flat": ((16, 64), (1, 32)),
}
NEGATIVES, POSITIVES, HARD = 288, 64, 0.45
THRESHOLDS = tuple(float(t) for t in np.round(1 / (1 + np.exp(-np.arange(-2, 6.01, 0.25))), 4))
FALSE_WAKES_AN_HOUR, NEAR_TAKEN = 3.0, 0.20  # what the validation set may show at the chosen threshold


@dataclass(frozen=True, slots=True)
class Point:
    """What one threshold does on the validation set; shares 0..1."""

    threshold: float
    clean: float
    noisy: float
    near: float
    an_hour: float


def network(form: str) -> nn.Sequential:
    """Convolutions with dropout between them."""
    layers: list[nn.Module] = []
    width, span = EMBEDDING_SIZE, 1
    for kernel, wide in FORMS[form]:
        layers += [nn.Conv1d(width, wide, kernel), nn.ReLU(), nn.Dropout(0.3)]
        width, span = wide, span + kernel - 1
    assert span == HEAD_FRAMES, form
    return nn.Sequential(*layers, nn.Conv1d(width, 1, 1))


def fit(form: str, data: tuple[Floats, list[Rows], Rows], *, steps: int, seed: int) -> Layers:
    """Train one head. The hardest negatives are looked for anew every 400 steps, among all rows."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    rng = np.random.default_rng(seed)
    embeddings, words, lows = data
    mean, scale = embeddings.mean(axis=0), embeddings.std(axis=0) + 1e-3
    stream = torch.from_numpy(embeddings)
    model = network(form)
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=steps, pct_start=0.1)
    peaks = np.stack([np.resize(word, 4) if len(word) < 4 else word for word in words])
    shift, factor = torch.from_numpy(mean), torch.from_numpy(scale)
    hard, back = lows, np.arange(-HEAD_FRAMES - 1, 1)
    for step in range(steps):
        if step % 400 == 0 and step:
            normal = (stream - shift) / factor
            hard = hardest(average.module, normal, lows, share=0.015)
            del normal
        difficult = int(NEGATIVES * HARD)
        low = np.concatenate([rng.choice(lows, NEGATIVES - difficult), rng.choice(hard, difficult)])
        peak = peaks[rng.integers(len(peaks), size=POSITIVES)]
        rows = np.maximum(np.concatenate([low, peak.ravel()]), HEAD_FRAMES + 1)
        windows = disturb((stream[torch.from_numpy(rows[:, None] + back)] - shift) / factor)
        logits = model(windows.transpose(1, 2)).flatten()
        best = logits[len(low) :].view(-1, 4).amax(dim=1)
        loss = nn.functional.softplus(logits[: len(low)]).mean() + nn.functional.softplus(-best).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
        if step % 1000 == 0:
            print(f"{form} {seed} step {step} loss {loss.item():.4f}", flush=True)
    return extracted(average.module, mean, scale)


def validated(work: Path, path: Path) -> list[Point]:
    """What each threshold does on the validation shards."""
    found = measure.clips(sorted(work.glob("validation-*.npz")), Head(path).scores)
    words = [clip for clip in found if clip.example.kind == "word"]
    near = [clip for clip in found if clip.example.kind == "near"]
    others = [clip for clip in found if clip.example.kind in {"speech", "noise"}]
    hours = max(sum(clip.hours for clip in others), 1e-9)
    points = []
    for threshold in THRESHOLDS:
        hits = [(" dB" in clip.example.heard, clip.lag_ms(threshold) is not None) for clip in words]
        clean, noisy = ([hit for noise, hit in hits if noise == wanted] for wanted in (False, True))
        taken = [bool(clip.wakes(threshold)) for clip in near]
        wakes = sum(len(clip.wakes(threshold)) for clip in others)
        points.append(Point(threshold, _mean(clean), _mean(noisy), _mean(taken), wakes / hours))
    return points


def _mean(hits: list[bool]) -> float:
    return float(np.mean(hits)) if hits else float("nan")


def calibrated(points: list[Point]) -> Point:
    """The lowest threshold with few enough false wakes and near-misses on the validation set; else the highest."""
    for point in points:
        if point.an_hour <= FALSE_WAKES_AN_HOUR and point.near <= NEAR_TAKEN:
            return point
    return points[-1]


def show(name: str, points: list[Point], cost_ms: float) -> None:
    """Print a row of the log: at the calibrated threshold."""
    at = calibrated(points)
    shares = f"{100 * at.clean:.1f} | {100 * at.noisy:.1f} | {100 * at.near:.1f} | {at.an_hour:.2f}"
    print(f"| {name} | {at.threshold:.3f} | {shares} | {cost_ms:.2f} |", flush=True)


def loaded(path: Path) -> list[Layers]:
    """The networks of a head, as `save` takes them. Needs the package onnx."""
    onnx: Any = import_module("onnx")
    stored = {item.name: onnx.numpy_helper.to_array(item) for item in onnx.load(path).graph.initializer}
    heads: list[Layers] = []
    while f"{len(heads)}.0.kernel16" in stored:
        layers: list[tuple[Floats, Floats]] = []
        while (name := f"{len(heads)}.{len(layers)}.kernel16") in stored:
            kernel, bias = stored[name], stored[name.replace("kernel", "bias")]
            layers.append((kernel.transpose(2, 1, 0).astype(np.float32), bias.astype(np.float32)))
        heads.append(layers)
    return heads


def choose(work: Path, heads: dict[Path, float], out: Path) -> None:
    """Put heads side by side, each with its weight, and move the calibrated threshold to the assistant's."""
    stored = {path: loaded(path) for path in heads}
    count, whole = sum(map(len, stored.values())), sum(heads.values())
    together = []
    for path, networks in stored.items():
        share = heads[path] / whole * count  # a file's networks are its logit together; `save` takes the mean of all
        together += [[*others, (kernel * share, bias * share)] for *others, (kernel, bias) in networks]
    save(together, out, chosen=0.8)
    at = calibrated(validated(work, out))
    save(together, out, chosen=at.threshold)
    show("+".join(path.stem for path in heads), validated(work, out), measure.cost_ms(Head(out)))


def main() -> None:
    """Train what isn't there, validate all, or choose."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--work", type=Path, default=Path("out/hey_gemma-2"), help="shards that models.hey_gemma.make made"
    )
    parser.add_argument(
        "--also", type=Path, action="append", default=[], help="more training shards, as the first recipe's"
    )
    parser.add_argument("--heads", type=Path, default=Path("out/hey_gemma-2/heads"))
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--compare", type=Path, action="append", default=[], help="a finished head, for the log")
    parser.add_argument("--choose", default="", help="heads of --heads to put side by side: wide-0=2,even-0")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    options.heads.mkdir(parents=True, exist_ok=True)
    if options.choose:
        assert options.out, "--choose needs --out"
        named = dict(name.partition("=")[::2] for name in options.choose.split(","))
        heads = {options.heads / f"{name}.onnx": float(weight or 1) for name, weight in named.items()}
        choose(options.work, heads, options.out)
        return
    forms = [form for form in options.forms.split(",") if form]
    wanted = [(form, seed) for seed in range(options.seeds) for form in forms]
    data = None
    for form, seed in wanted:
        path = options.heads / f"{form}-{seed}.onnx"
        if path.exists():
            continue
        if data is None:
            data = labels.load(options.work, *options.also)
            print(f"{len(data[1])} words, {len(data[2]) * labels.FRAME_MS / 3.6e6:.1f} h of low rows", flush=True)
        began = time.process_time()
        save([fit(form, data, steps=options.steps, seed=seed)], path, chosen=0.8)
        print(f"{path}: {time.process_time() - began:.0f} CPU-s", flush=True)
    print("| head | threshold | clean % | noisy % | near-misses % | false an hour | ms of 80 |")
    print("|---|---|---|---|---|---|---|")
    log = options.heads / "validated.jsonl"
    with log.open("a") as file:
        for path in [*options.compare, *(options.heads / f"{form}-{seed}.onnx" for form, seed in wanted)]:
            points = validated(options.work, path)
            show(path.stem, points, measure.cost_ms(Head(path)))
            file.write(json.dumps({"head": path.stem, "points": [asdict(point) for point in points]}) + "\n")


if __name__ == "__main__":
    main()
