"""Trains the wake word's head: `python -m models.hey_gemma.train --work DIR --out models/hey_gemma/hey_gemma.onnx`.

Steps: data (skips shards that are there), train (six CPU-minutes), evaluate. `--only` runs one. Needs torch and the
packages of models/requirements-training.in. Knows embeddings and labels; the network's form is `assistant.wake.Head`'s.
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from assistant.wake import EMBEDDING_SIZE, HEAD_FRAMES, Floats, shipped_head
from assistant.waking import head_file
from assistant.waking.head_file import Layers
from models.hey_gemma import data, evaluate, labels
from models.hey_gemma.labels import FRAME_MS, Rows

WIDTH, HIDDEN = 48, 40
STEPS = 3000
SHARDS = 13
SEEDS = 3  # heads, trained apart, whose logits are averaged
CHOSEN = 0.7  # the threshold that the validation set asks for; it is moved to the assistant's 0.8
NEGATIVES, POSITIVES = 256, 48  # windows, words a step
HARD = 0.4  # share of the negatives that are the hardest


def network() -> nn.Sequential:
    """Convolutions over time whose kernels span 16 embeddings: 3, 3, then all that is left."""
    rest = HEAD_FRAMES - 4
    return nn.Sequential(
        nn.Conv1d(EMBEDDING_SIZE, WIDTH, 3), nn.ReLU(), nn.Dropout(0.25),
        nn.Conv1d(WIDTH, WIDTH, 3), nn.ReLU(), nn.Dropout(0.25),
        nn.Conv1d(WIDTH, HIDDEN, rest), nn.ReLU(), nn.Dropout(0.4),
        nn.Conv1d(HIDDEN, 1, 1),
    )  # fmt: skip


def train(folder: Path, *, steps: int, seed: int) -> Layers:
    """Fit one head. The hardest negatives are found every 300 steps."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    embeddings, words, lows = labels.load(folder)
    mean, scale = embeddings.mean(axis=0), embeddings.std(axis=0) + 1e-3
    stream = torch.from_numpy((embeddings - mean) / scale)
    print(f"{len(words)} words, {len(lows)} low rows ({len(lows) * FRAME_MS / 3.6e6:.1f} h)", flush=True)
    model = network()
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=steps, pct_start=0.1)
    # A word's rows, the last repeated to four: one array to draw from.
    peaks = np.stack([np.resize(word, 4) if len(word) < 4 else word for word in words])
    hard = lows
    back = np.arange(-HEAD_FRAMES - 1, 1)  # two more than a window, for the tempo
    for step in range(steps):
        if step % 300 == 0 and step:
            hard = hardest(average.module, stream, lows)
        difficult = int(NEGATIVES * HARD)
        low = np.concatenate([rng.choice(lows, NEGATIVES - difficult), rng.choice(hard, difficult)])
        peak = peaks[rng.integers(len(peaks), size=POSITIVES)]
        rows = np.maximum(np.concatenate([low, peak.ravel()]), HEAD_FRAMES + 1)
        windows = disturb(stream[torch.from_numpy(rows[:, None] + back)])
        logits = model(windows.transpose(1, 2)).flatten()
        low_loss = nn.functional.softplus(logits[: len(low)]).mean()
        best = logits[len(low) :].view(-1, 4).amax(dim=1)
        word_loss = nn.functional.softplus(-best).mean()
        loss = low_loss + word_loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
        if step % 500 == 0:
            print(f"step {step} low {low_loss.item():.4f} word {word_loss.item():.4f}", flush=True)
    return extracted(average.module, mean, scale)


def disturb(windows: torch.Tensor) -> torch.Tensor:
    """(batch, 18, 96) -> (batch, 16, 96): another tempo, noise, channels and now and then two frames blanked."""
    count = len(windows)
    ages = torch.arange(HEAD_FRAMES - 1, -1, -1) * torch.empty(count, 1).uniform_(0.87, 1.13)
    place = (windows.shape[1] - 1 - ages)[:, :, None]
    windows = (1 - (place - torch.arange(windows.shape[1])).abs()).clamp(min=0) @ windows  # between two neighbours
    windows = windows + torch.randn_like(windows) * 0.4
    windows = windows * (torch.rand(count, 1, EMBEDDING_SIZE) > 0.1)
    blank = torch.rand(count, 1, 1) < 0.15
    frame = torch.randint(0, HEAD_FRAMES - 1, (count, 1, 1))
    places = torch.arange(HEAD_FRAMES)[None, :, None]
    return windows.masked_fill(blank & (places >= frame) & (places < frame + 2), 0.0)


@torch.no_grad()
def hardest(model: nn.Module, stream: torch.Tensor, lows: Rows, share: float = 0.02) -> Rows:
    """Find the low rows with the highest scores."""
    model.eval()
    logits = model(stream.T[None])[0, 0].numpy()
    model.train()
    order = np.argsort(logits[lows - HEAD_FRAMES + 1])
    return lows[order[-int(len(lows) * share) :]]


def extracted(model: nn.Sequential, mean: Floats, scale: Floats) -> Layers:
    """Take the kernels out, the normalization folded into the first."""
    layers = []
    for layer in (layer for layer in model if isinstance(layer, nn.Conv1d)):
        kernel = layer.weight.detach().permute(2, 1, 0).double().numpy()
        bias = layer.bias.detach().double().numpy()  # type: ignore[union-attr]
        if not layers:
            kernel = kernel / scale[None, :, None]
            bias = bias - (kernel * mean[None, :, None]).sum(axis=(0, 1))
        layers.append((kernel, bias))
    return layers


def save(heads: Sequence[Layers], out: Path, chosen: float = CHOSEN) -> None:
    """Write `assistant.wake.Head`'s file: networks whose sum is the heads' mean logit, `chosen` moved to 0.8."""
    moved = np.log(0.8 / 0.2) - np.log(chosen / (1 - chosen))
    networks = []
    for *others, (kernel, bias) in heads:
        networks.append([*others, (kernel / len(heads), (bias + moved) / len(heads))])
    about = {"phrase": "hey gemma", "threshold": "0.8", "moved_from": f"{chosen:g}", "recipe": "models/hey_gemma"}
    head_file.write(out, networks, about)
    print(f"{out}: {out.stat().st_size} bytes, sha256 {hashlib.sha256(out.read_bytes()).hexdigest()}")


def main() -> None:
    """All steps, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("out/hey_gemma"), help="data is kept here")
    parser.add_argument("--out", type=Path, default=shipped_head())
    parser.add_argument("--shards", type=int, default=SHARDS)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--only", choices=["data", "train", "evaluate"])
    options = parser.parse_args()
    if options.only in {None, "data"}:
        data.make(options.work, options.shards)
    if options.only in {None, "train"}:
        heads = [train(options.work, steps=options.steps, seed=seed) for seed in range(SEEDS)]
        save(heads, options.out)
    if options.only in {None, "evaluate"}:
        evaluate.thresholds(options.work, options.out)
        evaluate.report(options.work, options.out)


if __name__ == "__main__":
    main()
