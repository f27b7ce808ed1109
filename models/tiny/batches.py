"""Manifests and shards -> batches of conversations, spoken and typed.

Reads the manifests again whenever a pool of samples is used up, so that clips made while training runs are used;
likewise the optional weights file `{"intent": {"HassLightSet": 1.5}, "engine": {"hibari": 2}}`. Knows no model.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from models.tiny import followups, turns, wordings
from models.tiny.augment import Heard, Home
from models.tiny.followups import Follow
from models.tiny.frontend import Wave, frames, log_mel, rows
from models.tiny.tokens import AGAIN, ANSWER, SYSTEM, Tokens

POOL, GROUP, BATCH = 256, 64, 16
REPLY_WEIGHT = 0.1
Row = dict[str, Any]
T = TypeVar("T")


@dataclass(slots=True)
class Talk:
    """One conversation as numbers. `asks[i]` is the position whose logits must give `goals[i]`."""

    ids: list[int] = field(default_factory=list)
    asks: list[int] = field(default_factory=list)
    goals: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    mels: list[Tensor] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    phones: list[list[int]] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)

    def answer(self, ids: list[int], weight: float) -> None:
        """Append tokens that the model has to learn to write."""
        for token in ids:
            self.asks.append(len(self.ids) - 1)
            self.goals.append(token)
            self.weights.append(weight)
            self.ids.append(token)


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded tensors. `where` places the soft rows `(clip, row)` of `keep` in the flat B*L positions."""

    ids: Tensor
    asks: Tensor
    goals: Tensor
    weights: Tensor
    mel: Tensor | None = None
    keep: Tensor | None = None
    where: Tensor | None = None
    lengths: Tensor | None = None
    phones: list[list[int]] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)


class Writer:
    """Builds conversations from turns."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.system, self.close, self.again = (tokens.encode(s) for s in (SYSTEM, ANSWER, AGAIN))

    def hear(self, talk: Talk, mel: Tensor, span: tuple[int, int], phones: list[int]) -> None:
        """Append sound: mel [T, 128], `span` of the speech in samples."""
        n = rows(len(mel))
        talk.ids.append(self.tokens.ids["<|audio>"])
        talk.places.append(len(talk.ids))
        talk.ids += [0] * n
        talk.ids.append(self.tokens.ids["<audio|>"])
        talk.mels.append(mel)
        talk.phones.append(phones)
        talk.spans.append((span[0] // 640, min(n, span[1] // 640 + 1)))

    def finish(self, talk: Talk, target: str, after: str | None) -> None:
        """Write the model's part; `after` (from turns.after) when another turn follows."""
        talk.ids += self.close
        talk.answer(self.tokens.encode(target), 1.0)
        if after is not None:
            head, mark, reply = after.rpartition("<tool_response|>")
            talk.ids += self.tokens.encode(head + mark)
            talk.answer(self.tokens.encode(reply), REPLY_WEIGHT)
            talk.ids += self.again


def up(n: int, step: int) -> int:
    """Sizes come in steps: oneDNN compiles a kernel for every new shape, which cost half of the time."""
    return -(-n // step) * step


def collate(talks: list[Talk]) -> Batch:
    """Pad conversations to one batch."""
    length, width = up(max(len(t.ids) for t in talks), 32), up(max(len(t.asks) for t in talks), 16)
    ids = torch.zeros(len(talks), length, dtype=torch.long)
    asks = torch.zeros(len(talks), width, dtype=torch.long)
    goals, weights = torch.zeros_like(asks), torch.zeros(len(talks), width)
    mels, keep, where, phones, spans = [], [], [], [], []
    for b, talk in enumerate(talks):
        ids[b, : len(talk.ids)] = torch.tensor(talk.ids)
        k = len(talk.asks)
        asks[b, :k], goals[b, :k] = torch.tensor(talk.asks), torch.tensor(talk.goals)
        weights[b, :k] = torch.tensor(talk.weights)
        for mel, place in zip(talk.mels, talk.places, strict=True):
            n = rows(len(mel))
            keep.append((len(mels), n))
            where.append(torch.arange(n) + b * length + place)
            mels.append(mel)
        phones += talk.phones
        spans += talk.spans
    if not mels:
        return Batch(ids, asks, goals, weights)
    longest = up(max(len(m) for m in mels) + 1, 48) - 1
    mel = torch.zeros(up(len(mels), 4), longest, 128)
    for i, m in enumerate(mels):
        mel[i, : len(m)] = m
    r = rows(longest)
    flat = torch.cat([torch.arange(n) + i * r for i, n in keep])
    lengths = torch.tensor([n for _, n in keep])
    return Batch(ids, asks, goals, weights, mel, flat, torch.cat(where), lengths, phones, spans)


class Store:
    """The clips on disk. Shards are memory-mapped; a manifest is read again when it has changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = json.loads((folder / "phones.json").read_text())
        self.phone = {name: i for i, name in enumerate(names)}
        self.shards: dict[str, np.ndarray[Any, np.dtype[np.int16]]] = {}
        self.read: dict[str, tuple[float, list[Row]]] = {}

    def rows(self, name: str) -> list[Row]:
        """Manifest `name`, empty while it is not there."""
        path = self.folder / f"{name}.jsonl"
        if not path.exists():
            return []
        changed = path.stat().st_mtime
        if self.read.get(name, (0.0, []))[0] != changed:
            self.read[name] = (changed, [json.loads(line) for line in path.read_text().splitlines()])
        return self.read[name][1]

    def clip(self, row: Row) -> Wave:
        """Return the sound of a manifest line, float32."""
        if row["shard"] not in self.shards:
            self.shards[row["shard"]] = np.load(self.folder / row["shard"], mmap_mode="r")
        cut = self.shards[row["shard"]][row["start"] : row["start"] + row["samples"]]
        return cut.astype(np.float32) / 32768

    def phones(self, row: Row) -> list[int]:
        """Return the phone ids of a manifest line."""
        return [self.phone[p] for p in row["phones"].split() if p in self.phone]


class Sampler:
    """Endless training batches for one process."""

    def __init__(self, store: Store, tokens: Tokens, seed: int, weights: Path | None = None) -> None:
        self.store, self.writer, self.weights = store, Writer(tokens), weights
        self.rng, self.words = np.random.default_rng(seed), random.Random(seed)
        self.home = Home(self.rng)
        self.heys: dict[str, list[Row]] = {}

    def hey(self, row: Row) -> Wave | None:
        """Return a "hey gemma" of the same voice, or at least of its engine."""
        if not self.heys:
            for hey in self.store.rows("hey_gemma"):
                self.heys.setdefault(hey["voice"], []).append(hey)
                self.heys.setdefault(hey["engine"], []).append(hey)
        found = self.heys.get(row["voice"]) or self.heys.get(row["engine"])
        return self.store.clip(self.words.choice(found)) if found else None

    def hear(self, talk: Talk, row: Row) -> None:
        """Append a clip, augmented."""
        rows_ = self.store.rows("train")
        heard: Heard = self.home.live(
            self.store.clip(row), self.hey(row), lambda: self.store.clip(self.words.choice(rows_))
        )
        self.writer.hear(talk, self.home.mel(heard.wave), (heard.start, heard.stop), self.store.phones(row))

    def typed(self) -> wordings.Sample:
        """Draw a sentence as text."""
        return wordings.sample(self.words, "train", typed=self.words.random() < 0.7)

    def history(self, talk: Talk, by_ear: bool, fitting: Callable[[str], bool] = lambda _: True) -> str:
        """Put a whole earlier turn in, one with a fitting target; give that target."""
        if by_ear:
            row = self.earlier(lambda: self.words.choice(self.store.rows("train")), lambda row: fitting(row["target"]))
            self.hear(talk, row)
            target = str(row["target"])
        else:
            sample = self.earlier(self.typed, lambda sample: fitting(sample.target))
            talk.ids += self.writer.tokens.encode(sample.text)
            target = sample.target
        self.writer.finish(talk, target, turns.after(self.words, target))
        return target

    @staticmethod
    def earlier(draw: Callable[[], T], fitting: Callable[[T], bool]) -> T:
        """Draw until it fits; after 2,000 draws take what comes."""
        return next((found for found in (draw() for _ in range(2_000)) if fitting(found)), None) or draw()

    def before(self, talk: Talk, follow: Follow, by_ear: bool) -> str | None:
        """Put in what a follow-up comes after: what it needs, or nothing, or what it can't mean anything after."""
        kind = self.words.random()
        if kind < 0.16:
            return None
        if kind < 0.28:
            return self.history(talk, by_ear, lambda target: "call:" not in target or "HassGet" in target)
        return self.history(talk, by_ear, lambda target: followups.fits(follow, target))

    def spoken_talk(self, row: Row) -> Talk:
        """Make a conversation that ends in this clip, or now and then in a follow-up."""
        talk = Talk(list(self.writer.system))
        follows = self.store.rows("follow")
        if follows and self.words.random() < followups.SHARE:
            row = self.words.choice(follows)
            follow = Follow.of(row)
            target = followups.target(follow, self.before(talk, follow, by_ear=self.words.random() < 0.7))
            self.hear(talk, row)
            self.writer.finish(talk, target, None)
            return talk
        if self.words.random() < 0.13:
            self.history(talk, by_ear=self.words.random() < 0.5)
        self.hear(talk, row)
        self.writer.finish(talk, row["target"], None)
        return talk

    def typed_talk(self) -> Talk:
        """Make a conversation without sound."""
        talk = Talk(list(self.writer.system))
        if self.words.random() < followups.SHARE:
            follow = followups.draw(self.words, typed=self.words.random() < 0.7)
            target = followups.target(follow, self.before(talk, follow, by_ear=False))
            talk.ids += self.writer.tokens.encode(follow.text)
            self.writer.finish(talk, target, None)
            return talk
        if self.words.random() < 0.15:
            self.history(talk, by_ear=False)
        sample = self.typed()
        talk.ids += self.writer.tokens.encode(sample.text)
        self.writer.finish(talk, sample.target, None)
        return talk

    def draw(self, count: int) -> list[Row]:
        """Draw manifest lines with the odds of the weights file."""
        rows_ = self.store.rows("train")
        rule = json.loads(self.weights.read_text()) if self.weights and self.weights.exists() else {}
        odds = np.ones(len(rows_))
        for key, table in rule.items():
            odds *= [table.get(row[key], 1.0) for row in rows_]
        return [rows_[i] for i in self.rng.choice(len(rows_), count, p=odds / odds.sum())]

    def spoken(self) -> Iterator[Batch]:
        """Yield batches of sound for ever, of similar length each."""
        while True:
            pool = sorted(self.draw(POOL), key=lambda row: row["samples"])
            groups = [pool[i : i + GROUP] for i in range(0, POOL, GROUP)]
            self.words.shuffle(groups)
            for group in groups:
                talks = sorted((self.spoken_talk(row) for row in group), key=lambda t: sum(map(len, t.mels)))
                batches = [talks[i : i + BATCH] for i in range(0, GROUP, BATCH)]
                self.words.shuffle(batches)
                yield from map(collate, batches)

    def written(self, size: int) -> Batch:
        """Make one batch of typed conversations."""
        return collate([self.typed_talk() for _ in range(size)])


def plain(store: Store, writer: Writer, row: Row) -> Talk:
    """For evaluation: the clean clip with 0.2 s before and 0.5 s after it."""
    wave = np.concatenate([np.zeros(3200, np.float32), store.clip(row) * 0.3, np.zeros(8000, np.float32)])
    if frames(len(wave)) % 2 == 0:
        wave = wave[:-160]
    talk = Talk(list(writer.system))
    writer.hear(talk, log_mel(wave), (3200, len(wave) - 8000), store.phones(row))
    writer.finish(talk, row["target"], None)
    return talk
