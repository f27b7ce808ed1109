"""Train tiny: `python -m models.tiny.train --data DIR --out DIR --until 08:15`.

Processes of one thread each compute gradients on batches of their own and apply them in turn to weights in shared
memory (AdamW, no barrier: a process that gets less CPU just contributes less). The learning rate follows the wall
clock and ends at `--until`, whatever the speed. Started again with the same --out it goes on at the last checkpoint.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import torch
import torch.multiprocessing as mp
import torch.nn.functional as F  # noqa: N812  as everybody writes it
from torch import Tensor

from models.tiny.batches import Batch, Sampler, Store, Talk, Writer, collate, plain
from models.tiny.export import read_back
from models.tiny.tiny import Tiny, tie
from models.tiny.tokens import Tokens

BETAS, EPS, DECAY, CLIP = (0.9, 0.98), 1e-8, 0.08, 1.0
WARMUP, CTC_WEIGHT, EMA = 200, 0.5, 0.997
DECAY_SHARE = 0.65
MUON_RMS = 0.2  # size of a Muon step's entries, about that of AdamW's
SETS = {"known": "train", "wording": "heldout_wording", "voice": "heldout_voice", "both": "heldout_both"}


@dataclass(frozen=True, slots=True)
class Shared:
    """One flat float32 vector each, in shared memory. `clock`: step, clips, start time, CPU seconds, best score."""

    weights: Tensor
    ema: Tensor
    first: Tensor
    second: Tensor
    clock: Tensor

    @staticmethod
    def of(module: torch.nn.Module) -> Shared:
        """Begin with the weights of a module."""
        flat = torch.cat([p.detach().flatten() for p in module.parameters()])
        made = [
            flat.clone(),
            flat.clone(),
            torch.zeros_like(flat),
            torch.zeros_like(flat),
            torch.zeros(5, dtype=torch.float64),
        ]
        return Shared(*(t.share_memory_() for t in made))


def matrices(module: torch.nn.Module) -> dict[tuple[int, int], list[int]]:
    """Where the hidden matrices lie in the flat vector, by shape: those that `orthogonal` updates."""
    found: dict[tuple[int, int], list[int]] = {}
    at = 0
    for name, p in module.named_parameters():
        if p.dim() == 2 and min(p.shape) > 16 and "embed_tokens" not in name and "phones" not in name:
            found.setdefault((p.shape[0], p.shape[1]), []).append(at)
        at += p.numel()
    return found


def orthogonal(x: Tensor) -> Tensor:
    """Move the singular values of matrices [K, M, N] towards 1 (Newton-Schulz, the coefficients of Jordan's Muon)."""
    wide = x.shape[-1] > x.shape[-2]
    x = x if wide else x.mT
    x = (x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-12)).bfloat16()
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return (x if wide else x.mT).float()


def ear_loss(module: Tiny, states: Tensor, batch: Batch, flat_start: bool) -> Tensor:
    """Phones from the conformer: spread evenly over the speech at first, then CTC (alone it sits on its plateau)."""
    scores = module.phones(states[: len(batch.phones)]).float()
    if flat_start:
        goal = torch.full(scores.shape[:2], -100)
        assert batch.lengths is not None
        for i, (phones, (a, b)) in enumerate(zip(batch.phones, batch.spans, strict=True)):
            goal[i, : int(batch.lengths[i])] = 0
            if phones and b > a:
                goal[i, a:b] = torch.tensor(phones)[torch.arange(b - a) * len(phones) // (b - a)]
        return F.cross_entropy(scores.flatten(0, 1), goal.flatten())
    labels = torch.tensor([p for phones in batch.phones for p in phones])
    counts = torch.tensor([len(phones) for phones in batch.phones])
    return F.ctc_loss(scores.log_softmax(-1).transpose(0, 1), labels, batch.lengths, counts, zero_infinity=True)


def text_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Weighted cross entropy of the goals."""
    each = F.cross_entropy(logits.flatten(0, 1), batch.goals.flatten(), reduction="none")
    return (each * batch.weights.flatten()).sum() / batch.weights.sum()


def rate(step: float, done: float, peak: float) -> float:
    """Return the learning rate: warm-up by steps, level, then down to zero over the last two thirds of the time."""
    return peak * min(1.0, step / WARMUP, (1 - min(1.0, done)) / DECAY_SHARE)


Layout = dict[tuple[int, int], list[int]]


def update(  # noqa: PLR0917
    s: Shared, grad: Tensor, decay: Tensor, layout: Layout, done: float, peak: float
) -> None:
    """One step on the shared weights: Muon for the hidden matrices, AdamW for the rest. The caller holds the lock."""
    s.clock[0] += 1
    step = float(s.clock[0])
    lr = rate(step, done, peak)
    s.first.lerp_(grad, 1 - BETAS[0])
    s.second.mul_(BETAS[1]).addcmul_(grad, grad, value=1 - BETAS[1])
    size = (s.second / (1 - BETAS[1] ** step)).sqrt_().add_(EPS)
    s.weights.addcmul_(s.weights, decay, value=-lr * DECAY)
    change = (s.first / size).div_(1 - BETAS[0] ** step)
    ahead = grad.lerp(s.first, BETAS[0])
    for (m, n), places in layout.items():
        turned = orthogonal(torch.stack([ahead[at : at + m * n].view(m, n) for at in places]))
        turned *= MUON_RMS * max(m, n) ** 0.5
        for at, one in zip(places, turned, strict=True):
            change[at : at + m * n] = one.flatten()
    s.weights.sub_(change, alpha=lr)
    s.ema.lerp_(s.weights, 1 - min(EMA, (1 + step) / (10 + step)))


@torch.no_grad()
def score(module: Tiny, talks: list[Talk]) -> float:
    """Share of talks whose every target token is the likeliest: the same as greedy decoding giving the target."""
    good = 0
    order = sorted(talks, key=lambda t: len(t.ids))
    for at in range(0, len(order), 16):
        batch = collate(order[at : at + 16])
        with torch.autocast("cpu", torch.bfloat16):
            logits = module.logits(batch)[0]
        right = (logits.argmax(-1) == batch.goals) | (batch.weights == 0)
        good += int(right.all(-1).sum())
    return good / max(1, len(talks))


def save(path: Path, s: Shared) -> None:
    """Write a checkpoint in one step."""
    state = {name: getattr(s, name).clone() for name in ("weights", "ema", "first", "second", "clock")}
    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


def watch(  # noqa: PLR0917
    module: Tiny, flat: Tensor, s: Shared, store: Store, writer: Writer, out: Path, note: dict[str, float]
) -> None:
    """Checkpoint, scores of the averaged weights, a CSV row and the status line."""
    save(out / "checkpoint.pt", s)
    flat.copy_(s.ema)
    marks = {}
    for name, manifest in SETS.items():
        rows = [row for row in store.rows(manifest) if row["intent"] != "joke"]
        marks[name] = score(module, [plain(store, writer, row) for row in rows[-64:]]) if rows else float("nan")
    flat.copy_(s.weights)
    line = {
        "time": datetime.now().astimezone().strftime("%H:%M:%S"),
        "step": int(s.clock[0]),
        "clips": int(s.clock[1]),
        **note,
        **marks,
    }
    log = out / "log.csv"
    fresh = not log.exists()
    with log.open("a", newline="") as file:
        table = csv.DictWriter(file, list(line))
        if fresh:
            table.writeheader()
        table.writerow(line)
    shown = " ".join(f"{k}={v:.3f}" if isinstance(v, float) else f"{k}={v}" for k, v in line.items())
    (out / "STATUS").write_text(shown + "\n")
    print(shown, flush=True)


def run(rank: int, s: Shared, lock: Any, args: argparse.Namespace) -> None:
    """Be one of the processes."""
    torch.set_num_threads(1)
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "8192")
    os.nice(args.nice * rank)
    tokens, store = Tokens(args.tokenizer), Store(args.data)
    module = Tiny(tokens, len(store.phone))
    layout = matrices(module)
    flat, grad, decay = tie(module)
    flat.copy_(s.weights)
    sampler = Sampler(store, tokens, seed=1000 * int(s.clock[0]) + rank, weights=args.weights)
    spoken = sampler.spoken()
    start, end = float(s.clock[2]), args.until
    note, seen, last, cpu = {"text": 0.0, "typed": 0.0, "ear": 0.0}, 0, time.time(), time.process_time()
    while time.time() < end:
        done = (time.time() - start) / (end - start)
        grad.zero_()
        batch = next(spoken)
        with torch.autocast("cpu", torch.bfloat16):
            logits, states = module.logits(batch)
            assert states is not None
            settled = float(s.clock[0]) >= args.settle
            ears = ear_loss(module, states if settled else states.detach(), batch, done < args.flat)
            parts = [text_loss(logits, batch), ears]
            loss = parts[0] + CTC_WEIGHT * parts[1]
            typed = sampler.written(args.written)
            parts.append(text_loss(module.logits(typed)[0], typed))
            loss = loss + args.typed * parts[2]
        loss.backward()
        norm = float(grad.norm())
        if math.isfinite(norm):
            if norm > CLIP:
                grad.mul_(CLIP / norm)
            with lock:
                update(s, grad, decay, layout, done, args.peak)
                s.clock[1] += len(batch.phones)
                s.clock[3] += time.process_time() - cpu
                cpu = time.process_time()
                flat.copy_(s.weights)
        for name, value in zip(("text", "ear", "typed"), parts, strict=False):
            note[name] += float(value.detach())
        seen += 1
        if rank == 0 and time.time() - last > args.every:
            watch(
                module,
                flat,
                s,
                store,
                sampler.writer,
                args.out,
                {k: v / seen for k, v in note.items()} | {"cpu": float(s.clock[3])},
            )
            note, seen, last = dict.fromkeys(note, 0.0), 0, time.time()
    if rank == 0:
        watch(
            module,
            flat,
            s,
            store,
            sampler.writer,
            args.out,
            {k: v / max(seen, 1) for k, v in note.items()} | {"cpu": float(s.clock[3])},
        )


def main() -> None:
    """Train until the given time of day."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, default=Path(__file__).with_name("tokenizer.json"))
    parser.add_argument("--weights", type=Path, help="JSON with sampling weights, read again while training")
    parser.add_argument("--warm", type=Path, help="begin with the weights of a checkpoint, or of a folder's GGUF files")
    parser.add_argument("--until", required=True, help="HH:MM, or a number of minutes from now")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--nice", type=int, default=5, help="of the second process")
    parser.add_argument("--peak", type=float, default=3e-3, help="highest learning rate")
    parser.add_argument("--flat", type=float, default=0.14, help="share of the run with evenly spread phones")
    parser.add_argument(
        "--settle", type=int, default=0, help="steps that only the phone head learns phones, for GGUF files lack it"
    )
    parser.add_argument("--typed", type=float, default=0.5, help="weight of the typed samples' loss")
    parser.add_argument("--written", type=int, default=20, help="typed conversations in a step")
    parser.add_argument("--every", type=float, default=300, help="seconds between checkpoints")
    args = parser.parse_args()
    now = datetime.now().astimezone()
    if ":" in args.until:
        hour, minute = map(int, args.until.split(":"))
        args.until = now.replace(hour=hour, minute=minute, second=0).timestamp()
    else:
        args.until = now.timestamp() + 60 * float(args.until)
    args.out.mkdir(parents=True, exist_ok=True)
    start = Tiny(Tokens(args.tokenizer), len(Store(args.data).phone))
    shared = Shared.of(start)
    shared.clock[2] = time.time()
    if args.warm:
        if args.warm.is_dir():
            read_back(args.warm, start)
            averaged = torch.cat([p.detach().flatten() for p in start.parameters()])
        else:
            averaged = torch.load(args.warm)["ema"]
        shared.weights.copy_(averaged)
        shared.ema.copy_(averaged)
    if (args.out / "checkpoint.pt").exists():
        for name, value in torch.load(args.out / "checkpoint.pt").items():
            getattr(shared, name).copy_(value)
    mp.spawn(run, (shared, mp.get_context("spawn").Lock(), args), nprocs=args.processes)


if __name__ == "__main__":
    main()
