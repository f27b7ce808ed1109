"""What the second ear lets through: `python -m models.hey_gemma.verified [DIR]`, clips of `opinion_set` or `measured`.

Every clip, and every recording of people kept out of training, through the assistant's own listener; what wakes it or
is doubted is counted before and behind the verifier. No model decides here. 60 CPU-s an hour of sound.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import soundfile

from assistant.config import EndpointConfig, WakeConfig
from assistant.events import WakeDoubted, WakeHeard, WakeRejected
from assistant.listen import Listener
from assistant.stages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, AudioChunk, Pcm
from assistant.turn_gain import gain_for
from assistant.vad import FaintVad, WebRtcVad
from assistant.wake import WakeWord
from assistant.waking.hear import decision
from assistant.waking.verifier import WordVerifier
from models.hey_gemma import human
from models.hey_gemma.verifier_head import load

BEHIND = np.zeros(SAMPLE_RATE_HZ // 2, np.int16)


@dataclass(slots=True)
class Count:
    """Sounds of a kind: how many, how long, in how many of them a wake was let through; wakes, sure and doubtful."""

    sounds: int = 0
    woken: int = 0
    seconds: float = 0.0
    sure: int = 0
    doubtful: int = 0
    sure_refused: int = 0
    doubtful_refused: int = 0


def clips(folder: Path) -> Iterator[tuple[str, Pcm]]:
    """The clips of a folder, by what is said in them, and how."""
    for shard in sorted(folder.glob("*.npz")):
        sounds, more = load(shard)
        for sound, group, heard in zip(sounds, more["group"], more["heard"], strict=True):
            yield f"{group}, {heard}" if group != "dialogue" else "dialogue", sound
    if not (folder / "expect.jsonl").exists():
        return
    for line in (folder / "expect.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        samples, _ = soundfile.read(folder / label["file"], dtype="int16")
        yield f"{label['said']}, {'clean' if label['heard'] == 'clean' else 'noise or room'}", samples


def people() -> Iterator[tuple[str, Pcm]]:
    """Recordings of people, each once."""
    for path in sorted({*human.files(held_out=True), *human.second_files(held_out=True)}):
        sound = human.load(path)
        yield "people", np.clip(np.rint(sound * 32767), -32768, 32767).astype(np.int16)


def main() -> None:
    """Count, and print a row a kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--no-people", action="store_true", help="the folder only")
    options = parser.parse_args()
    folder: Path | None = options.folder
    wake, settings = WakeWord(gate=FaintVad(WebRtcVad(aggressiveness=3))), WakeConfig()
    verifier = WordVerifier()
    found: defaultdict[str, Count] = defaultdict(Count)
    for kind, samples in chain(clips(folder) if folder else (), () if options.no_people else people()):
        wake.reset()
        listener = Listener(
            EndpointConfig(), wake, decision(settings, verifier), WebRtcVad(), vad_lag_ms=0.0, early_confidence=2.0,
            now_ms=lambda: 0.0, gain_for=gain_for, verifier=verifier,
        )  # fmt: skip
        count = found[kind]
        count.sounds += 1
        count.seconds += len(samples) / SAMPLE_RATE_HZ
        whole = np.concatenate([samples, BEHIND])
        passed = False
        for start in range(0, len(whole) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
            for event in listener.push(AudioChunk(whole[start : start + CHUNK_SAMPLES], start)):
                refused = isinstance(event, WakeRejected) and event.reason == "not_said"
                if not (refused or isinstance(event, WakeHeard | WakeDoubted)):
                    continue
                sure = event.score >= settings.sure_threshold
                count.sure += sure
                count.doubtful += not sure
                count.sure_refused += refused and sure
                count.doubtful_refused += refused and not sure
                passed |= not refused
        count.woken += passed
    print("| sounds | of | hours | sure | let through | doubtful | let through | woken |")
    print("|---|---|---|---|---|---|---|---|")
    for kind, count in sorted(found.items()):
        print(
            f"| {kind} | {count.sounds} | {count.seconds / 3600:.2f} | {count.sure} | {count.sure - count.sure_refused}"
            f" | {count.doubtful} | {count.doubtful - count.doubtful_refused} | {count.woken} |"
        )


if __name__ == "__main__":
    main()
