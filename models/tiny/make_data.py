"""Synthesize the tiny model's speech: `python -m models.tiny.make_data --out DIR --utterances 24000`.

Writes train shards (int16, 16 kHz, concatenated), manifests, "hey gemma" clips, held-out sets, and with --eval
folders that `hey-gemma eval` reads. A shard is a pure function of its number, so an interrupted run goes on where it
stopped, and a larger --utterances appends. Knows no model. 1,000 utterances cost about 50 CPU-s.
"""

import argparse
import functools
import json
import logging
import multiprocessing
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from tqdm import tqdm

from models.tiny import followups, room, wordings
from models.tiny.expect import expectation
from models.tiny.slots import choose, weighted, words
from models.tiny.wordings import Sample, Split
from models.voices import HELDOUT_FILE, RATE, Pcm, Voice, say, voices

log = logging.getLogger("make_data")
SHARD = 1_000
LONGEST_S = 8.0
ENGINES = ((52.0, "espeak"), (14.0, "flite"), (3.0, "festival"), (31.0, "hibari"))
FIRST = {
    "wider": 1_000,
    "disguised": 2_000,
    "speaker": 5_000,
    "blend": 10_000,
    "foreign": 20_000,
    "late": 30_000,
    "own": 31_000,
}  # engines with shards of their own (100 clips), and those shards' seeds
# en-us phones of espeak-ng without stress marks; the index in phones.json is 1 + the place here (0 is the CTC blank).
PHONES = words(
    "aɪ aɪə aɪɚ aʊ b d dʒ eɪ f h i iə iː j k l m n oʊ oː oːɹ p s t tʃ uː v w z æ ð ŋ ɐ "  # noqa: RUF001  (IPA)
    "ɑː ɑːɹ ɔ ɔː ɔːɹ ɔɪ ə əl ɚ ɛ ɛɹ ɜː ɡ ɪ ɪɹ ɹ ɾ ʃ ʊ ʊɹ ʌ ʒ ʔ θ ᵻ n̩"  # noqa: RUF001  (IPA)
)


@functools.lru_cache(maxsize=20_000)
def phones(text: str) -> str:
    """Give the en-us phones of `text` by espeak-ng, whatever the voice: the targets of the auxiliary CTC loss."""
    command = ["espeak-ng", "-q", "--ipa", "--sep=_", "-v", "en-us", text]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=20).stdout
    found = re.split(r"[\s_]+", re.sub(r"[ˈˌ‍]", "", done).strip())
    return " ".join(phone for phone in found if phone in _KNOWN)


_KNOWN = frozenset(PHONES)


@functools.cache
def speakers(held_out: bool) -> dict[str, list[Voice]]:
    """List the voices by engine."""
    found: dict[str, list[Voice]] = {}
    for voice in voices():
        if voice.held_out == held_out:
            found.setdefault(voice.engine, []).append(voice)
    return found


def some_voice(rng: np.random.Generator, engines: tuple[tuple[float, str], ...]) -> Voice:
    """Draw a training voice; flite's two diphone voices less often than the others."""
    pool = speakers(held_out=False)[weighted(rng, engines)]
    voice = choose(rng, pool)
    return choose(rng, pool) if voice.name in {"flite:kal", "flite:kal16"} else voice


def held_out_voice(rng: np.random.Generator, number: int) -> Voice:
    """Take Piper, flite rms, festival slt-hts and the espeak-ng group in turn, so that each counts the same."""
    names = tomllib.loads(HELDOUT_FILE.read_text())["voices"]
    by_name = {voice.name: voice for voice in voices()}
    turn = number % 4
    return by_name[names["names"][turn] if turn < 3 else choose(rng, names["espeak_spoken"])]


def row(sample: Sample, voice: Voice, name: str, split: str) -> dict[str, Any]:
    """Make a manifest line without its place in a shard."""
    return {
        "id": name,
        "text": sample.text,
        "target": sample.target,
        "kind": sample.kind,
        "intent": sample.intent,
        "voice": voice.name,
        "engine": voice.engine,
        "wording": sample.wording,
        "split": split,
        "phones": phones(sample.text),
    }


def spoken(voice: Voice, text: str, rng: np.random.Generator) -> Pcm | None:
    """Speak; None when the engine fails at this text or the clip is too long to train on."""
    try:
        sound = say(voice, text, rng)
    except (RuntimeError, ValueError, subprocess.SubprocessError) as error:
        log.warning("%s: %r: %s", voice.name, text, error)
        return None
    return sound if 0.1 * RATE < len(sound) <= LONGEST_S * RATE else None


def write_shard(out: Path, name: str, clips: Iterator[tuple[dict[str, Any], Pcm]]) -> int:
    """Write `name`.npy and `name`.jsonl, the manifest last and in one step: it says that the shard is complete."""
    rows, sounds, start = [], [], 0
    for entry, sound in clips:
        rows.append({**entry, "shard": f"{name}.npy", "start": start, "samples": len(sound)})
        sounds.append(sound)
        start += len(sound)
    np.save(out / f"{name}.npy", np.concatenate(sounds))
    part = out / "parts" / f"{name}.jsonl"
    part.with_suffix(".tmp").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows))
    part.with_suffix(".tmp").replace(part)
    return len(rows)


def train_clips(
    number: int, count: int, engines: tuple[tuple[float, str], ...], name: str, split: Split
) -> Iterator[tuple[dict[str, Any], Pcm]]:
    """Make the clips of one train shard. The first lines of every second shard are those of demo_home.toml."""
    rng = np.random.default_rng((11, number))
    demo = iter(wordings.demo_samples() if number % 2 == 0 else [])
    made = 0
    while made < count:
        sample = next(demo, None) or wordings.sample(rng, split)
        voice = some_voice(rng, engines)
        sound = spoken(voice, sample.text, rng)
        if sound is not None:
            yield row(sample, voice, f"{name}-{made:04d}", "train"), sound
            made += 1


def follow_clips(number: int, count: int, name: str) -> Iterator[tuple[dict[str, Any], Pcm]]:
    """Make clips of follow-ups; what they mean depends on what came before them."""
    rng = np.random.default_rng((16, number))
    made = 0
    while made < count:
        follow = followups.draw(rng)
        voice = some_voice(rng, ENGINES if number % 4 else (*ENGINES, (40.0, "disguised")))
        sound = spoken(voice, follow.text, rng)
        if sound is not None:
            labels = {"id": f"{name}-{made:04d}", "voice": voice.name, "engine": voice.engine}
            yield {**labels, **follow.row(), "phones": phones(follow.text)}, sound
            made += 1


def hey_clips(engine: str) -> Iterator[tuple[dict[str, Any], Pcm]]:
    """Say "hey gemma" with every training voice of an engine: several readings where the voices are few."""
    rng = np.random.default_rng(12)
    pool = speakers(held_out=False)[engine]
    for repeat in range(max(1, min(24, 400 // len(pool) if engine not in {"speaker", "blend"} else 1))):
        for voice in pool:
            text = choose(rng, ["hey gemma", "hey gemma,", "hey, gemma", "Hey Gemma!"])
            sound = spoken(voice, text, rng)
            if sound is not None:
                yield (
                    {"id": f"hey-{voice.name}-{repeat}", "text": "hey gemma", "voice": voice.name, "engine": engine},
                    sound,
                )


def held_out_samples(kind: str, count: int, seed: int = 0) -> list[tuple[Sample, Voice]]:
    """Draw what a held-out set says, and by whom: the same for the manifest and the eval folder."""
    rng = np.random.default_rng((13 + 100 * seed, len(kind)))
    split: Split = "known" if kind == "voice" else "heldout"
    drawn: list[Sample] = wordings.demo_samples() if kind == "voice" else []
    seen = {sample.text for sample in drawn}
    while len(drawn) < count:
        sample = wordings.sample(rng, split)
        if sample.text not in seen and len(sample.text) < 90:
            seen.add(sample.text)
            drawn.append(sample)
    known = ((45.0, "espeak"), (20.0, "flite"), (35.0, "hibari"))
    return [(s, some_voice(rng, known) if kind == "wording" else held_out_voice(rng, n)) for n, s in enumerate(drawn)]


def held_out_clips(kind: str, count: int) -> Iterator[tuple[dict[str, Any], Pcm]]:
    """Make held-out clips for the trainer: no "Hey Gemma", clean."""
    rng = np.random.default_rng((14, len(kind)))
    for number, (sample, voice) in enumerate(held_out_samples(kind, count)):
        sound = spoken(voice, sample.text, rng)
        if sound is not None:
            yield row(sample, voice, f"{kind}-{number:04d}", f"heldout_{kind}"), sound


def write_eval(folder: Path, kind: str, count: int, seed: int = 0) -> None:
    """Write WAVs with "Hey Gemma," said first and 1 s of silence after. Clean, 20 and 10 dB in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng((15 + 100 * seed, len(kind)))
    lines = []
    for number, (sample, voice) in enumerate(
        tqdm(held_out_samples(kind, count, seed), desc=f"eval {kind}", mininterval=5)
    ):
        sound = spoken(voice, f"Hey Gemma, {sample.text}", rng)
        if sound is None:
            continue
        lead, snr_db = int(rng.uniform(0.3, 0.8) * RATE), (None, 20, 10)[number // 4 % 3]
        whole = np.concatenate(
            [np.zeros(lead, np.float32), sound.astype(np.float32) / 32768, np.zeros(RATE, np.float32)]
        )
        if snr_db is not None:
            whole = room.placed(whole, slice(lead, lead + len(sound)), snr_db, rng)
        file = f"{kind}-{number:04d}.wav"
        soundfile.write(folder / file, whole, RATE, subtype="PCM_16")
        labels = {"text": sample.text, "intent": sample.intent, "wording": sample.wording, "voice": voice.name}
        end_ms = round((lead + len(sound) - 0.012 * RATE) / RATE * 1000, 1)  # less the margin that trimming leaves
        lines.append(
            {"file": file, **expectation(sample), **labels, "engine": voice.engine, "set": kind}
            | {"snr_db": "clean" if snr_db is None else snr_db, "speech_end_ms": end_ms}
        )
    (folder / "expect.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


Job = tuple[Path, str, str, int, int]  # (out, shard name, what, shard number, clips)


def work(job: Job) -> tuple[str, int]:
    """Make one shard, in a process of its own."""
    out, name, what, number, count = job
    kind, _, detail = what.partition(":")
    if kind == "train":
        engines = ((1.0, detail),) if detail in speakers(held_out=False) else ENGINES
        split: Split = detail if detail in {"late", "own"} else "train" if detail else "known"  # type: ignore[assignment]
        clips = train_clips(number, count, engines, name, split)
    elif kind == "follow":
        clips = follow_clips(number, count, name)
    elif kind == "hey":
        clips = hey_clips(detail)
    else:
        clips = held_out_clips(detail, count)
    return name, write_shard(out, name, clips)


def jobs(out: Path, utterances: int, follows: int, more: dict[str, int], sizes: dict[str, int]) -> list[Job]:
    """List all shards in the order wanted: what a first training needs comes first."""
    train = [
        (out, f"train-{n:02d}", "train:", n, min(SHARD, utterances - n * SHARD)) for n in range(-(-utterances // SHARD))
    ]
    neural = [
        (out, f"{engine}-{n:03d}", f"train:{engine}", FIRST[engine] + n, 100)
        for engine, count in more.items()
        for n in range(-(-count // 100))
    ]
    hey = [
        (out, f"hey-{engine}", f"hey:{engine}", 0, 0)
        for engine in (*(e for _, e in ENGINES), *FIRST)
        if engine not in {"wider", "late", "own"}
    ]
    follow = [(out, f"follow-{n:02d}", "follow:", n, 500) for n in range(-(-follows // 500))]
    held = [(out, f"heldout_{kind}", f"heldout:{kind}", 0, count) for kind, count in sizes.items()]
    return [*hey[:4], *train[:8], *held, *train[8:], *hey[4:], *neural, *follow]


def gather(out: Path) -> None:
    """Write manifests from the finished parts: train.jsonl, hey_gemma.jsonl, heldout_*.jsonl."""
    found: dict[str, list[str]] = {}
    for part in sorted((out / "parts").glob("*.jsonl")):
        family = part.stem.partition("-")[0]
        name = {"hey": "hey_gemma", **dict.fromkeys(FIRST, "train")}.get(family, family)
        found.setdefault(name, []).append(part.read_text())
    for name, texts in found.items():
        temporary = out / f"{name}.tmp"
        temporary.write_text("".join(texts))
        temporary.replace(out / f"{name}.jsonl")


def main() -> None:
    """Make what isn't there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--utterances", type=int, default=24_000, help="train clips (multiples of 1000)")
    parser.add_argument("--wider", type=int, default=0, help="extra clips of the first engines, with all wordings")
    parser.add_argument("--speaker", type=int, default=0, help="extra clips by Kokoro's speakers, 1.5 CPU-s each")
    parser.add_argument(
        "--disguised", type=int, default=0, help="extra clips by disguised neural voices, 0.2 CPU-s each"
    )
    parser.add_argument(
        "--blend", type=int, default=0, help="extra clips by blends of Kokoro's speakers, 1.1 CPU-s each"
    )
    parser.add_argument("--foreign", type=int, default=0, help="extra clips of English by espeak's other languages")
    parser.add_argument("--late", type=int, default=0, help="extra clips of paraphrases.LATE alone")
    parser.add_argument("--own", type=int, default=0, help="extra clips of paraphrases.OWN alone")
    parser.add_argument("--follow", type=int, default=0, help="clips of follow-ups (multiples of 500)")
    parser.add_argument("--eval", type=Path, help="also write the eval folders here")
    parser.add_argument("--eval-seed", type=int, default=0, help="other ones")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    (given.out / "parts").mkdir(parents=True, exist_ok=True)
    (given.out / "phones.json").write_text(json.dumps(["<blank>", *PHONES], ensure_ascii=False))
    sizes = {"wording": 400, "voice": 400, "both": 300}
    more = {engine: getattr(given, engine) for engine in FIRST}
    todo = [
        j
        for j in jobs(given.out, given.utterances, given.follow, more, sizes)
        if not (given.out / "parts" / f"{j[1]}.jsonl").exists()
    ]
    with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
        for name, count in tqdm(pool.imap_unordered(work, todo), total=len(todo), unit="shard"):
            gather(given.out)
            log.info("%s: %d clips", name, count)
    gather(given.out)
    for kind, count in sizes.items() if given.eval else ():
        write_eval(given.eval / kind, kind, count, given.eval_seed)


if __name__ == "__main__":
    main()
