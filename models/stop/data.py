"""Makes the data for the head that hears "stop": people who say it, or something like it, while our own voice speaks.

Shards as those of models/hey_gemma (embeddings and labels). Three quarters of the scenes have gone through the echo
canceller, as what the head will hear has. Cost: 80 CPU-s a shard.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models import loop
from models.hey_gemma import channel, manner, phrases
from models.hey_gemma.data import Example, Studio, Take, heldout_voice
from models.hey_gemma.sound import RATE, Rng, Samples, other_speaker
from models.hey_gemma.takes import recordings, spoken, take, training_voices
from models.voices import Voice, voices

STOP = ("stop", "Stop.", "Stop!", "stop", "stop!", "Stop,")
NEAR = (
    "top", "shop", "stomp", "start", "step", "stuff", "store", "stock", "stub", "stork", "stoop", "staff", "stab",
    "hop", "pop", "drop", "swap", "chop", "cop", "spot", "stopwatch", "stopper", "stay", "stone", "star", "story",
    "still", "steep", "stall", "strap", "strip", "sop", "stump", "atop", "on top", "the shop", "a step", "start it",
    "stand up", "steps", "what", "stuck", "yes", "no", "okay", "thanks", "and then", "hey", "louder", "go on", "more",
)  # fmt: skip
ENGINES = {"espeak": 0.38, "flite": 0.22, "hibari": 0.17, "disguised": 0.13, "foreign": 0.07, "festival": 0.03}
STOPS, NEARS, TALKS, OWN_S = 110, 110, 20, 120.0  # in a shard


def cast(side: str) -> dict[str, list[Voice]]:
    """Voices of "train", "validation" or "heldout", by engine."""
    if side != "heldout":
        return {e: v for e, v in training_voices(validation=side == "validation").items() if e in ENGINES}
    found: dict[str, list[Voice]] = {}
    for voice in voices():
        if heldout_voice(voice) and voice.engine in {"espeak", "flite", "disguised", "festival"}:
            found.setdefault(voice.engine, []).append(voice)
    return found


def takes(side: str, number: int, own: list[Samples]) -> Iterator[Take]:
    """What one shard is made of; `own` is what our own voice says."""
    rng = np.random.default_rng([2029, ["train", "validation", "heldout"].index(side), number])
    people = cast(side)
    clips = [("word", "stop", *_say(people, str(rng.choice(STOP)), rng)) for _ in range(STOPS)]
    clips += [("near", text, *_say(people, text, rng)) for text in rng.choice(NEAR, NEARS).tolist()]
    clips += [("speech", "talk", *_say(people, phrases.sentence(rng), rng)) for _ in range(TALKS)]
    studio = Studio(rng, list(recordings(validation=side == "validation")))
    order = rng.permutation(len(clips))
    half = len(order) // 4
    for part in range(4):
        yield from _recorded([clips[n] for n in order[part * half : (part + 1) * half]], own, part, rng)
    for kind, group, voice, sound in clips:  # and as if we had been silent: a ring has pauses
        end_ms = (len(sound) - 0.012 * RATE) * 1000 / RATE if kind == "word" else None
        yield take(studio, Example(kind, group, voice, end_ms, manner="alone"), sound, channel.drawn(rng))
    alone = loop.scene(own, [], rng, over_db=0.0, seconds=OWN_S)
    for heard in (alone.mic, loop.cancelled(alone)):
        yield Example("speech", "own voice", "piper:joe"), heard


def _say(people: dict[str, list[Voice]], text: str, rng: Rng) -> tuple[str, Samples]:
    engines = list(people)
    shares = np.array([ENGINES.get(engine, 0.2) for engine in engines])
    group = people[str(rng.choice(engines, p=shares / shares.sum()))]
    voice = group[int(rng.integers(len(group)))]
    sound = spoken(voice, text, rng)[: 3 * RATE]
    how = manner.draw(rng)
    sound = manner.said(sound, how, rng)
    return voice.name, other_speaker(sound, rng) if how == "plain" and rng.random() < 0.5 else sound


def _recorded(clips: list[tuple[str, str, str, Samples]], own: list[Samples], part: int, rng: Rng) -> Iterator[Take]:
    """Part 3 keeps its echo, more quietly than the person; the others had it cancelled."""
    uncancelled = part == 3
    scene = loop.scene(
        own, [sound for *_, sound in clips], rng, far=part != 0,
        over_db=lambda: float(rng.uniform(-15, 0) if uncancelled else rng.uniform(-6, 10)),
    )  # fmt: skip
    heard = scene.mic if uncancelled else loop.cancelled(scene)
    for (kind, group, voice, sound), (first, last) in zip(clips, scene.places, strict=True):
        start = first - int(rng.uniform(0.8, 1.3) * RATE)
        end_ms = (first - start + len(sound) - 0.012 * RATE) * 1000 / RATE if kind == "word" else None
        yield Example(kind, group, voice, end_ms), heard[start : last + RATE // 3]


def own_clips(path: Path) -> list[Samples]:
    """What models.own_speech has made."""
    with np.load(path) as stored:
        return [stored[name].astype(np.float32) / 32768 for name in stored]
