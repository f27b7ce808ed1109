"""`hey-gemma wake train`: a head for a phrase of one's own, from nothing but the voices that are installed.

A file a voice is kept in the cache, so that a stopped run goes on. A fifth of the voices, and a quarter of the
near-misses, are in no training: the report is about them. Another fifth sets the threshold, which is moved to the 0.8
of the config.
"""

import json
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from assistant.disk import replacing
from assistant.wake import HEAD_FRAMES, Floats, Head
from assistant.wake_decision import HEARD_LAG_MS, Heard, WakeDecision
from assistant.waking import bounds, head_file, network
from assistant.waking.head_file import Layers
from assistant.waking.own_words import COMMANDS, Recipe, file_name, near_misses, sentences
from assistant.waking.studio import Speaker, Studio, cast, recorded, silence, talk

FRAME_MS = 80.0
PEAK_MS, FREE_MS = (0.0, 240.0), (-200.0, 480.0)  # from the word's end: where the score may peak, and may be high
IN_TIME_MS = (-250.0, 600.0)
SEEDS = 3
TRAINING, VALIDATION, HELD_OUT = "training", "validation", "held out"
THRESHOLDS = tuple(1 / (1 + np.exp(-np.arange(-3, 6.01, 0.25))))
MOST_NEAR, MOST_AN_HOUR = 0.05, 1.0  # what the validation voices may show
STEP_S = 0.012  # of a training step, processor time, for the estimate
TALK_S = 12.0
Tell = Callable[[str, int, int], None]  # of what, how many are done, of how many
HEARD_AS = ("{}", "{}.", "{}!", "{},")


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording: its rows in the shard, what it is (word, near or speech), and where a word ends in it."""

    kind: str
    said: str
    voice: str
    heard: str
    first_row: int
    rows: int
    end_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Shard:
    """What one voice said."""

    side: str
    embeddings: Floats
    clips: tuple[Clip, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What the finished head does with voices and phrases that it wasn't trained with; counts, and where they break.

    `clean` and `noisy`: (woken, of). `near`: (taken, of). `near_taken`: phrases that were. `worst`: voice, woken, of.
    """

    phrase: str
    recipe: str
    voices: int
    seconds: float
    clean: tuple[int, int]
    noisy: tuple[int, int]
    near: tuple[int, int]
    near_taken: tuple[str, ...]
    false_wakes: int
    hours: float
    worst: tuple[tuple[str, int, int], ...]
    moved_from: float

    @property
    def poor(self) -> bool:
        """Whether one shouldn't use it."""
        return self.clean[0] < 0.8 * self.clean[1]

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f'"{self.phrase}": recipe {self.recipe}, {self.voices} voices, {self.seconds / 60:.0f} minutes.'
        clean, noisy = _share(*self.clean), _share(*self.noisy)
        yield f"Voices that it wasn't trained with, clean: {clean} woke it; in noise and rooms: {noisy}."
        yield f"Phrases that sound like it, from these voices: {_share(*self.near)} woke it, too."
        if self.near_taken:
            yield f"Those were: {', '.join(self.near_taken[:12])}."
        most = bounds.most_events(self.false_wakes, 0.05) / self.hours
        yield (
            f"Other speech of these voices: {self.false_wakes} false wakes in {self.hours:.2f} hours "
            f"(at most {most:.1f} an hour, 95 % sure)."
        )
        if self.worst:
            yield "Heard worst: " + ", ".join(f"{name} {hits} of {of}" for name, hits, of in self.worst) + "."
        yield "All of it is synthetic. What your own recordings tell counts for more: hey-gemma wake eval DIR."
        if self.poor:
            yield "This phrase wakes poorly. Three syllables or more, and sounds that are rare, work better."


class Training:
    """One phrase on its way to a head. `work` keeps what is made; the same phrase and recipe give the same head."""

    def __init__(self, phrase: str, recipe: Recipe, work: Path, folders: Sequence[Path]) -> None:
        self.phrase, self.recipe = phrase, recipe
        self._work = work / f"{Path(file_name(phrase)).stem}-{recipe.name}"
        self._studio = Studio(folders)
        self._seed = zlib.crc32(phrase.encode())
        self.near = near_misses(phrase, self._studio.phonemes)
        self.speakers = cast(recipe.voices, np.random.default_rng(self._seed), piper=self._studio.has_piper)

    def left(self) -> int:
        """How many voices haven't spoken yet."""
        return sum(not self._path(n).exists() for n in range(len(self.speakers)))

    def estimate_s(self) -> float:
        """About how long it takes from here. Makes two voices' files to know."""
        todo = [n for n in range(len(self.speakers)) if not self._path(n).exists()]
        began = time.monotonic()
        for n in todo[:2]:
            self._make(n)
        each = (time.monotonic() - began) / max(len(todo[:2]), 1)
        return each * max(len(todo) - 2, 0) + SEEDS * self.recipe.steps * STEP_S

    def run(self, out: Path, tell: Tell) -> Report:
        """Make what isn't there, train, choose the threshold, measure, write head and report. Raises OutputError."""
        began = time.monotonic()
        for n in range(len(self.speakers)):
            if not self._path(n).exists():
                self._make(n)
            if (n + 1) % 10 == 0:
                tell("voices", n + 1, len(self.speakers))
        shards = [self._read(n) for n in range(len(self.speakers))]
        samples = gathered([shard for shard in shards if shard.side == TRAINING])
        networks = []
        for seed in range(SEEDS):
            networks.append(network.fit(samples, steps=self.recipe.steps, seed=seed))
            tell("networks", seed + 1, SEEDS)
        about = {"phrase": self.phrase, "threshold": "0.8", "recipe": f"hey-gemma wake train, {self.recipe.name}"}
        head_file.write(out, together(networks, 0.8), about)
        chosen = calibrated([shard for shard in shards if shard.side == VALIDATION], Head(out))
        head_file.write(out, together(networks, chosen), about | {"moved_from": f"{chosen:.3f}"})
        held_out = [shard for shard in shards if shard.side == HELD_OUT]
        report = self._report(held_out, Head(out), time.monotonic() - began, chosen)
        with replacing(out.with_suffix(".json"), 100_000) as file:
            file.write(json.dumps(asdict(report), indent=1).encode())
        return report

    def _path(self, number: int) -> Path:
        return self._work / f"{number:03d}.npz"

    def _make(self, number: int) -> None:
        rng = np.random.default_rng([self._seed, number])
        side, speaker = side_of(number), self.speakers[number]
        rows: list[Floats] = []
        clips: list[Clip] = []
        for kind, said, heard, sound, end_ms in self._clips(speaker, side, rng):
            embedded = self._studio.embeddings(sound)
            first = sum(map(len, rows)) + HEAD_FRAMES - 1
            clips.append(Clip(kind, said, speaker.name, heard, first, len(embedded) - HEAD_FRAMES + 1, end_ms))
            rows.append(embedded)
        stream = np.concatenate([*rows, np.zeros((0, 96), np.float32)]).astype(np.float16)
        with replacing(self._path(number), stream.nbytes + 100_000) as file:
            np.savez_compressed(file, embeddings=stream, clips=json.dumps([asdict(clip) for clip in clips]))

    def _clips(
        self, speaker: Speaker, side: str, rng: np.random.Generator
    ) -> Iterator[tuple[str, str, str, Floats, float | None]]:
        studio = self._studio
        for n in range(self.recipe.words):
            word = studio.say(speaker, HEARD_AS[n % len(HEARD_AS)].format(self.phrase), rng)
            if word is None:
                continue
            before = silence(float(rng.uniform(0.2, 0.8)))
            end_ms = (len(before) + len(word)) / 16
            after = [silence(0.8)]
            if n % 2:
                command = studio.say(speaker, COMMANDS[int(rng.integers(len(COMMANDS)))], rng)
                after[:0] = [silence(float(rng.uniform(0.05, 0.5)))] + ([command] if command is not None else [])
            heard = "clean" if side == HELD_OUT and n % 4 < 2 else "noisy"
            sound = recorded(np.concatenate([before, word, *after]), rng, clean=heard == "clean")
            yield "word", self.phrase, heard, sound, end_ms
        ours = [said for n, said in enumerate(self.near) if (n % 4 == 3) == (side == HELD_OUT)]
        for _ in range(self.recipe.near):
            phrase = ours[int(rng.integers(len(ours)))]
            said = studio.say(speaker, phrase, rng)
            if said is not None:
                sound = recorded(np.concatenate([silence(0.3), said, silence(0.8)]), rng)
                yield "near", phrase, "noisy", sound, None
        lines = sentences(rng)
        for _ in range(max(1, round(self.recipe.speech_s / TALK_S))):
            sound = recorded(talk(studio, speaker, lines, TALK_S, rng), rng)
            yield "speech", "", "noisy", sound, None

    def _read(self, number: int) -> Shard:
        with np.load(self._path(number), allow_pickle=False) as stored:
            clips = tuple(Clip(**clip) for clip in json.loads(str(stored["clips"])))
            return Shard(side_of(number), stored["embeddings"].astype(np.float32), clips)

    def _report(self, shards: Sequence[Shard], head: Head, seconds: float, chosen: float) -> Report:
        judged = list(decided(shards, head.scores, 0.8))
        words = [(clip, _in_time(clip, woken)) for clip, woken in judged if clip.kind == "word"]
        near = [(clip.said, bool(woken)) for clip, woken in judged if clip.kind == "near"]
        speech = [(clip, woken) for clip, woken in judged if clip.kind == "speech"]
        by_voice = [
            (
                voice,
                sum(hit for clip, hit in words if clip.voice == voice),
                sum(clip.voice == voice for clip, _ in words),
            )
            for voice in dict.fromkeys(clip.voice for clip, _ in words)
        ]
        worst = sorted(by_voice, key=lambda row: row[1] / row[2])[:5]
        clean, noisy = ([hit for clip, hit in words if clip.heard == heard] for heard in ("clean", "noisy"))
        return Report(
            self.phrase, self.recipe.name, len(self.speakers), seconds,
            (sum(clean), len(clean)), (sum(noisy), len(noisy)), (sum(hit for _, hit in near), len(near)),
            tuple(dict.fromkeys(said for said, hit in near if hit)),
            sum(len(woken) for _, woken in speech), sum(clip.rows for clip, _ in speech) * FRAME_MS / 3.6e6,
            tuple(row for row in worst if row[1] < row[2]), round(chosen, 3),
        )  # fmt: skip


def side_of(number: int) -> str:
    """Training, validation, or held out: by the voice's number."""
    return {3: VALIDATION, 4: HELD_OUT}.get(number % 5, TRAINING)


def gathered(shards: Sequence[Shard]) -> network.Samples:
    """One stream, the rows where each word may peak, and those that must stay low."""
    words, lows, offset = [], [], 0
    for shard in shards:
        low = np.zeros(len(shard.embeddings), dtype=bool)
        for clip in shard.clips:
            rows = np.arange(clip.first_row, clip.first_row + clip.rows)
            low[rows] = True
            if clip.end_ms is None:
                continue
            ends_ms = (rows - clip.first_row + 1) * FRAME_MS - clip.end_ms
            low[rows[(ends_ms > FREE_MS[0]) & (ends_ms < FREE_MS[1])]] = False
            peaks = rows[(ends_ms >= PEAK_MS[0]) & (ends_ms <= PEAK_MS[1])]
            if len(peaks):
                words.append(np.resize(peaks, network.PEAK_ROWS) + offset)
        lows.append(np.flatnonzero(low) + offset)
        offset += len(shard.embeddings)
    return network.Samples(np.concatenate([s.embeddings for s in shards]), np.stack(words), np.concatenate(lows))


def together(networks: Sequence[Layers], chosen: float) -> list[Layers]:
    """Networks whose sum is their mean logit, the threshold `chosen` moved to 0.8."""
    moved = np.float32(np.log(0.8 / 0.2) - np.log(chosen / (1 - chosen)))
    share = np.float32(1 / len(networks))
    return [[*others, (kernel * share, (bias + moved) * share)] for *others, (kernel, bias) in networks]


def decided(
    shards: Sequence[Shard], score: Callable[[Floats], Floats], threshold: float
) -> Iterator[tuple[Clip, list[float]]]:
    """Each clip, and the places in ms at which it woke."""
    for shard in shards:
        scores = score(shard.embeddings)
        for clip in shard.clips:
            decision, woken = WakeDecision(threshold=threshold), []
            start = clip.first_row - HEAD_FRAMES + 1
            for n, value in enumerate(scores[start : start + clip.rows], 1):
                found = decision.update(float(value), n * FRAME_MS)
                if isinstance(found, Heard):
                    woken.append(found.end_ms + HEARD_LAG_MS)
            yield clip, woken


def calibrated(shards: Sequence[Shard], head: Head) -> float:
    """The lowest threshold with few enough near-misses and false wakes; else the highest."""
    for threshold in THRESHOLDS:
        judged = list(decided(shards, head.scores, float(threshold)))
        near = [bool(woken) for clip, woken in judged if clip.kind == "near"]
        speech = [(len(woken), clip.rows) for clip, woken in judged if clip.kind == "speech"]
        hours = sum(rows for _, rows in speech) * FRAME_MS / 3.6e6
        few = sum(woken for woken, _ in speech) <= max(MOST_AN_HOUR * hours, 0.5)
        if few and sum(near) <= MOST_NEAR * len(near):
            return float(threshold)
    return float(THRESHOLDS[-1])


def _in_time(clip: Clip, woken: Sequence[float]) -> bool:
    return any(IN_TIME_MS[0] <= place - (clip.end_ms or 0.0) <= IN_TIME_MS[1] for place in woken)


def _share(hits: int, of: int) -> str:
    if not of:
        return "none"
    low, high = (f(hits, of, 0.025) for f in (bounds.least_share, bounds.most_share))
    return f"{hits} of {of} ({100 * hits / of:.0f} %, 95 % sure {100 * low:.0f} to {100 * high:.0f})"
