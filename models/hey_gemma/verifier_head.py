"""The head that looks for the word's phones: `python -m models.hey_gemma.verifier_head say|rows|train`.

    say --out SAID.npz                                 near-misses, the word, other sentences: 2 CPU-min
    rows --said SAID.npz --data DATA --out ROWS.npz    what tiny's encoder makes of them and of tiny's data: 4 CPU-min
    train --data DATA --rows ROWS.npz --out phones.npz  1 CPU-min

`rows` runs in the product's environment, the others in the recipes'. DATA is `models.tiny.make_data`'s. Voices and
phrases are those of training; `assistant.waking.verifier` reads the result. Every step is the same for the same seed.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
SAID, LONGEST_S = 4_500, 5.0
COMMANDS, WORDS = 1_750, 1_100  # of tiny's data: what is said to it, and the word alone
WORD = ("h eɪ dʒ ɛ m ə", "h eɪ dʒ ɛ m", "eɪ dʒ ɛ m ə")  # noqa: RUF001  (IPA)
HIDDEN, REACH, EPOCHS, BATCH, PEAK = 128, 3, 10, 32, 3e-3

Samples = NDArray[np.int16]
Clip = tuple[Samples, str]  # sound, phones


def say(options: argparse.Namespace) -> None:
    """Speak what isn't in tiny's data."""
    from models.hey_gemma import corpus, phrases
    from models.tiny.make_data import ENGINES, phones, some_voice
    from models.voices import say as speak

    near, clips = sorted(phrases.trained_near_misses()), []
    for number in range(SAID):
        rng = np.random.default_rng((77, number))
        near_miss = near[int(rng.integers(len(near)))]
        kind = rng.choice(5, p=(0.45, 0.1, 0.1, 0.1, 0.25))
        text = (
            near_miss,
            f"{near_miss}, {phrases.sentence(rng)}",
            "hey gemma",
            f"hey gemma, {phrases.sentence(rng)}",
            corpus.line("en-us", rng, held_out=False)[:70],
        )[kind]
        sound = speak(some_voice(rng, ENGINES), text, rng)
        if RATE // 5 <= len(sound) <= LONGEST_S * RATE:
            clips.append((sound, phones(text)))
    save(options.out, [sound for sound, _ in clips], [said for _, said in clips])


def save(path: Path, sounds: Sequence[NDArray[Any]], said: Sequence[str]) -> None:
    """Write arrays of different lengths, one behind the other, and what is said in each."""
    np.savez(path, all=np.concatenate(sounds), lengths=[len(sound) for sound in sounds], said=np.array(said))
    print(f"{path}: {len(sounds)}")


def load(path: Path) -> tuple[list[NDArray[Any]], list[str]]:
    """Read what `save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        return np.split(file["all"], np.cumsum(file["lengths"])[:-1]), [str(said) for said in file["said"]]


def tinys(data: Path, rng: np.random.Generator) -> Iterator[Clip]:
    """Commands, a third of them behind the word, and the word alone."""

    def read(name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (data / name).read_text(encoding="utf-8").splitlines()]

    def sound(row: dict[str, Any]) -> Samples:
        shard = np.load(data / row["shard"], mmap_mode="r")
        return np.array(shard[row["start"] : row["start"] + row["samples"]], np.int16)

    commands, words = read("train.jsonl"), read("hey_gemma.jsonl")
    for number in rng.choice(len(commands), COMMANDS, replace=False):
        command = sound(commands[number]), commands[number]["phones"]
        if rng.random() < 0.35:
            pause = np.zeros(int(rng.uniform(0, 0.3) * RATE), np.int16)
            word = sound(words[int(rng.integers(len(words)))])
            yield np.concatenate([word, pause, command[0]]), f"{WORD[0]} {command[1]}"
        else:
            yield command
    for number in rng.integers(len(words), size=WORDS):
        yield sound(words[number]), WORD[0]


def heard(sound: Samples, rng: np.random.Generator) -> Samples:
    """As a microphone has it: silence around it, mostly in noise of some colour, at some loudness."""
    voice = sound.astype(np.float32) / 32768
    level = float(np.sqrt(np.mean(voice**2))) + 1e-6
    before, behind = (np.zeros(int(rng.uniform(*bounds) * RATE), np.float32) for bounds in ((0, 0.6), (0.05, 0.3)))
    voice = np.concatenate([before, voice, behind])
    if rng.random() < 0.65:
        f = np.fft.rfftfreq(len(voice), 1 / RATE)
        white = rng.normal(size=len(f)) + 1j * rng.normal(size=len(f))
        noise = np.fft.irfft(np.maximum(f, 30) ** (-rng.choice((0, 0.5, 1, 1.5)) / 2) * white, len(voice))
        voice = voice + noise / noise.std() * level * 10 ** (-rng.uniform(3, 30) / 20)
    gain = 10 ** (rng.uniform(-34, -14) / 20) / level
    return np.clip(np.rint(voice * gain * 32768), -32768, 32767).astype(np.int16)


def rows(options: argparse.Namespace) -> None:
    """Encode."""
    from assistant.llm.conformer import Conformer
    from assistant.places import models_dir
    from assistant.waking.verifier import ENCODER_FILE

    encoder = Conformer(models_dir() / ENCODER_FILE)
    rng = np.random.default_rng(1)
    encoded, said = [], []
    for sound, phones in [*zip(*load(options.said), strict=True), *tinys(options.data, rng)]:
        encoder.reset()
        encoder.feed(heard(sound, rng))
        encoded.append(encoder.flush().astype(np.float16))
        said.append(phones)
    save(options.out, encoded, said)


def train(options: argparse.Namespace) -> None:
    """Learn phones by CTC, two places for each row."""
    import torch
    from torch.nn import functional

    torch.manual_seed(0)
    torch.set_num_threads(1)
    names: list[str] = json.loads((options.data / "phones.json").read_text(encoding="utf-8"))
    number = {name: n for n, name in enumerate(names)}
    encoded, said = load(options.rows)
    goals = [[number[phone] for phone in text.split() if phone in number] for text in said]
    order = [n for n in range(len(encoded)) if goals[n] and len(goals[n]) < 2 * len(encoded[n]) - 1]
    convolution = torch.nn.Conv1d(encoded[0].shape[1], HIDDEN, REACH, padding=REACH // 2)
    matrix = torch.nn.Linear(HIDDEN, 2 * len(names))
    parameters = [*convolution.parameters(), *matrix.parameters()]
    optimizer = torch.optim.AdamW(parameters, PEAK, weight_decay=1e-3)
    steps = EPOCHS * -(-len(order) // BATCH)
    for step in range(steps):
        rng = np.random.default_rng((3, step))
        batch = rng.choice(order, BATCH, replace=False)
        lengths = [len(encoded[n]) for n in batch]
        padded = torch.zeros(BATCH, max(lengths), encoded[0].shape[1])
        for place, n in enumerate(batch):
            padded[place, : len(encoded[n])] = torch.from_numpy(encoded[n].astype(np.float32))
        hidden = functional.gelu(convolution(padded.mT).mT, approximate="tanh")
        scores = matrix(hidden).reshape(BATCH, -1, len(names)).log_softmax(-1)
        goal = torch.tensor([phone for n in batch for phone in goals[n]])
        counts = torch.tensor([len(goals[n]) for n in batch])
        loss = functional.ctc_loss(scores.transpose(0, 1), goal, 2 * torch.tensor(lengths), counts, zero_infinity=True)
        for group in optimizer.param_groups:
            group["lr"] = PEAK * min(1.0, (step + 1) / 50) * (1 - step / steps)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if step % 200 == 0:
            print(f"{step} of {steps}: {float(loss.detach()):.3f}", flush=True)
    assert convolution.bias is not None
    weights = {
        "kernel": convolution.weight.permute(2, 1, 0),
        "bias": convolution.bias,
        "out": matrix.weight.T,
        "out_bias": matrix.bias,
    }
    about = json.dumps({"phones": names, "word": WORD}, ensure_ascii=False)
    halves = {name: weight.detach().numpy().astype(np.float16) for name, weight in weights.items()}
    np.savez(options.out, about=np.array(about), **halves)


def main() -> None:
    """Run one step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(required=True)
    for step, inputs in ((say, ()), (rows, ("said", "data")), (train, ("data", "rows"))):
        one = steps.add_parser(step.__name__)
        one.set_defaults(step=step)
        for name in (*inputs, "out"):
            one.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    options.step(options)


if __name__ == "__main__":
    main()
