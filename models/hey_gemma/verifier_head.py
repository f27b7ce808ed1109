"""The second ear's head, in three steps: `python -m models.hey_gemma.verifier_head say|rows|train`.

    say --out SAID                      the word, near-misses and other speech, as the second recipe records them
    rows --said SAID --out ROWS         what the first layers of tiny's encoder make of short stretches of it
    train --rows ROWS --out second_ear.npz
    measured --out SAID                 what is measured with, for `verified`: never trained on

`rows` runs in the product's environment, the others in the recipes'. `say` and `rows` write a file a shard and resume.
Voices and phrases are those of training; `assistant.waking.verifier` reads the result. Same rows and seed, same head.
"""

import argparse
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from models.hey_gemma.data import Take

RATE = 16_000
# What the shipped head learned from, and what it was judged by meanwhile; a number is a seed.
SHARDS: dict[str, Sequence[int]] = {
    "word": range(24),
    "near": (*range(35), *range(50, 61), *range(1000, 1007)),
    "human": range(8),
    "speech": range(9),
}
VALIDATION: dict[str, Sequence[int]] = {"word": range(3), "near": range(4), "human": range(1)}
DIALOGUES = 60  # of ten minutes
STRETCH = 28_000  # samples: what the second ear is given
DEPTH = 8  # layers of the encoder, of 12
HIDDEN, REACHES = 96, (3, 5, 9)
EPOCHS, BATCH, PEAK, DROPOUT, DECAY = 8, 32, 2e-3, 0.2, 1e-2
BEFORE = -6.0  # log odds of a place before anything is learned

Samples = NDArray[np.int16]
Stretch = tuple[int, int, bool]  # from, to, the word is in it


def plan() -> Iterator[tuple[str, int, bool]]:
    """What there will be: kind, number, for validation."""
    for validation, shards in ((True, VALIDATION), (False, SHARDS)):
        for kind, numbers in shards.items():
            yield from ((kind, number, validation) for number in numbers)


def name(kind: str, number: int, *, validation: bool) -> str:
    """Of a shard's file."""
    return f"{kind}-{'v-' if validation else ''}{number:04d}.npz"


def say(options: argparse.Namespace) -> None:
    """Speak and record: about 25 CPU-s a shard."""
    from models.hey_gemma import takes

    makers = {
        "word": takes.word_takes, "near": takes.near_takes, "human": takes.human_takes, "speech": takes.speech_takes,
    }  # fmt: skip
    for kind, number, validation in plan():
        record(
            options.out / name(kind, number, validation=validation),
            partial(makers[kind], number, validation=validation),
        )


def measured(options: argparse.Namespace) -> None:
    """Speak and record the held-out words, near-misses and ten hours of dialogue: about an hour of processor time."""
    from models.hey_gemma import measured_takes

    for family, _, _, made in measured_takes.families():
        if family.startswith(("measured-words", "measured-near")):
            record(options.out / f"{family}.npz", partial(made, 0))
    for number in range(DIALOGUES):
        record(options.out / f"dialogue-{number:04d}.npz", partial(measured_takes.dialogue_takes, number))


def record(path: Path, takes: Callable[[], "Iterator[Take]"]) -> None:
    """Write a shard of sounds, unless it is there."""
    if path.exists():
        return
    examples, sounds = zip(*takes(), strict=True)
    ends = [-1.0 if example.end_ms is None else example.end_ms for example in examples]
    told = {key: [getattr(example, key) for example in examples] for key in ("kind", "group", "voice", "heard")}
    save(path, sounds, end_ms=ends, **told)


def save(path: Path, arrays: Sequence[NDArray[Any]], **more: Any) -> None:
    """Write arrays of different lengths, one behind the other, in one step."""
    part = path.with_suffix(".part.npz")
    np.savez(part, all=np.concatenate(arrays), lengths=[len(array) for array in arrays], **more)
    part.replace(path)
    print(f"{path.name}: {len(arrays)}", flush=True)


def load(path: Path) -> tuple[list[NDArray[Any]], dict[str, NDArray[Any]]]:
    """Read what `save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        more = {key: file[key] for key in file.files if key not in ("all", "lengths")}
        return np.split(file["all"], np.cumsum(file["lengths"])[:-1]), more


def stretches(kind: str, end_ms: float, length: int, rng: np.random.Generator) -> Iterator[Stretch]:
    """Where the second ear might be asked: behind the word, up to 0.35 s later; in what follows; anywhere."""
    if kind == "word":
        for _ in range(2):
            until = int((end_ms / 1000 + rng.uniform(0, 0.35)) * RATE)
            yield max(0, until - STRETCH), min(until, length), True
        behind = int((end_ms / 1000 + 0.1) * RATE)
        if length - behind > RATE:
            yield behind, min(length, behind + STRETCH), False
        return
    count, last = (2, min(length, 3 * RATE)) if kind == "near" else (max(1, length // (4 * RATE)), length)
    for _ in range(count):
        until = int(rng.uniform(min(0.9 * RATE, last), last))
        yield max(0, until - STRETCH), until, False


def rows(options: argparse.Namespace) -> None:
    """Encode: 25 ms of processor time a stretch, some 18 s a shard."""
    from assistant.audio.pcm import amplified
    from assistant.llm.conformer import Conformer
    from assistant.places import models_dir
    from assistant.turn_gain import gain_for
    from assistant.waking.verifier import ENCODER_FILE

    encoder = Conformer(models_dir() / ENCODER_FILE, layers=DEPTH)
    for path in sorted(options.said.glob("*-[0-9][0-9][0-9][0-9].npz")):
        if (options.out / path.name).exists():
            continue
        rng = np.random.default_rng(zlib.crc32(path.name.encode()))
        encoded, words = [], []
        sounds, more = load(path)
        for sound, kind, end_ms in zip(sounds, more["kind"], more["end_ms"], strict=True):
            for start, stop, word in stretches(str(kind), float(end_ms), len(sound), rng):
                encoder.reset()
                encoder.feed(amplified(sound[start:stop], gain_for(sound[start:stop])))
                encoded.append(encoder.flush().astype(np.float16))
                words.append(word)
        save(options.out / path.name, encoded, word=words)


@dataclass(slots=True)
class Side:
    """Rows of an encoder, and whether the word is in them."""

    rows: list[NDArray[np.float16]] = field(default_factory=list)
    word: list[bool] = field(default_factory=list)

    def add(self, path: Path) -> None:
        """Take a shard's."""
        arrays, more = load(path)
        keep = [n for n, array in enumerate(arrays) if len(array) >= 8]
        self.rows += [arrays[n] for n in keep]
        self.word += [bool(more["word"][n]) for n in keep]


def train(options: argparse.Namespace) -> None:
    """Learn to tell the word: about 50 s an epoch of 64,000 stretches."""
    import torch
    from torch.nn import functional

    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    learned, held = Side(), Side()
    for path in sorted(options.rows.glob("*-[0-9][0-9][0-9][0-9].npz")):
        (held if "-v-" in path.name else learned).add(path)
    width = learned.rows[0].shape[1]
    scale = float(np.concatenate(learned.rows[:300]).astype(np.float32).std())
    layers = torch.nn.ModuleList(
        torch.nn.Conv1d(HIDDEN if n else width, HIDDEN, reach, padding=reach // 2) for n, reach in enumerate(REACHES)
    )
    matrix, drop = torch.nn.Linear(HIDDEN, 1), torch.nn.Dropout(DROPOUT)
    torch.nn.init.constant_(matrix.bias, BEFORE)
    parameters = [*layers.parameters(), *matrix.parameters()]
    optimizer = torch.optim.AdamW(parameters, PEAK, weight_decay=DECAY)

    def log_odds(some: list[NDArray[np.float16]]) -> torch.Tensor:
        there = torch.zeros(len(some), max(map(len, some)), dtype=torch.bool)
        x = torch.zeros(*there.shape, width)
        for n, array in enumerate(some):
            x[n, : len(array)] = torch.from_numpy(array.astype(np.float32)) / scale
            there[n, : len(array)] = True
        for layer in layers:
            x = functional.gelu(layer(drop(x).mT).mT, approximate="tanh") * there[..., None]
        return torch.logsumexp(matrix(drop(x))[..., 0].masked_fill(~there, -1e4), 1)

    steps, rng = EPOCHS * (len(learned.rows) // BATCH), np.random.default_rng(options.seed)
    for step in range(steps):
        chosen = rng.choice(len(learned.rows), BATCH, replace=False)
        wanted = torch.tensor([float(learned.word[n]) for n in chosen])
        loss = functional.binary_cross_entropy_with_logits(log_odds([learned.rows[n] for n in chosen]), wanted)
        for group in optimizer.param_groups:
            group["lr"] = PEAK * min(1.0, (step + 1) / 100) * (1 - step / steps)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if step % 200 == 0:
            print(f"{step} of {steps}: {float(loss.detach()):.3f}", flush=True)
    for layer in (*layers, drop):
        layer.eval()
    with torch.no_grad():
        told = np.concatenate([log_odds(held.rows[n : n + 64]).numpy() for n in range(0, len(held.rows), 64)])
    report(told, np.array(held.word))
    weights = {"out": matrix.weight[0], "out_bias": matrix.bias[0]}
    for n, layer in enumerate(layers):
        kernel = layer.weight.permute(2, 1, 0)
        weights |= {f"kernel{n}": kernel if n else kernel / scale, f"bias{n}": layer.bias}
    about = json.dumps({"depth": DEPTH, "layers": len(REACHES), "least": options.least})
    halves = {key: weight.detach().numpy().astype(np.float16) for key, weight in weights.items()}
    np.savez(options.out, about=np.array(about), **halves)


def report(told: NDArray[np.float32], word: NDArray[np.bool_]) -> None:
    """What passes on the validation side, at each limit of the second ear alone."""
    for limit in range(-5, 5):
        passed = told >= limit
        print(f"{limit:3}: {passed[word].mean():.1%} of the words, {passed[~word].mean():.1%} of other stretches")


def main() -> None:
    """Run one step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(required=True)
    for step, given in ((say, ()), (measured, ()), (rows, ("said",)), (train, ("rows",))):
        one = steps.add_parser(step.__name__)
        one.set_defaults(step=step)
        for folder in (*given, "out"):
            one.add_argument(f"--{folder}", type=Path, required=True)
    steps.choices["train"].add_argument("--seed", type=int, default=1)
    steps.choices["train"].add_argument(
        "--least", type=float, default=0.5, help="log odds of both from which it counts"
    )
    options = parser.parse_args()
    if options.step is not train:
        options.out.mkdir(parents=True, exist_ok=True)
    options.step(options)


if __name__ == "__main__":
    main()
