"""What the second ear lets through: `python -m models.hey_gemma.verified [DIR]`, clips of `opinion_set` or `measured`.

Every clip, and every recording of people kept out of training, through the assistant's own listener; what wakes it or
is doubted is counted before and behind the verifier; also whose word is heard, and how long after it, the
processor time of that moment added. No model decides here: `--keep OUT` writes what isn't the word and was let through,
for `hey-gemma eval OUT` to let one decide. 60 CPU-s an hour of sound.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
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

NOISY = {f"word, 10 dB {noise}": "10 dB" for noise in ("white", "pink", "babble", "music")}
PLACES = {"word, clean": "clean", **NOISY, "word, 3 m": "3 m"}
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


@dataclass(frozen=True, slots=True)
class Clip:
    """A sound, what is said in it, and how; `voice`: whose, `end_ms`: where the word ends, where these are told."""

    kind: str
    samples: Pcm
    voice: str = ""
    end_ms: float = -1.0


class ByVoice:
    """How many words of each voice were heard: clean, at 10 dB of four noises, from 3 m."""

    def __init__(self) -> None:
        self._found: defaultdict[str, defaultdict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))

    def add(self, clip: Clip, *, heard: bool) -> None:
        """Take one."""
        if clip.kind in PLACES:
            self._found[clip.voice][PLACES[clip.kind]].append(heard)

    def show(self) -> None:
        """Print them all, who is heard least in noise first."""
        if not self._found:
            return
        columns = list(dict.fromkeys(PLACES.values()))
        print(f"\n| voice | {' | '.join(columns)} |\n|---|---|---|---|")
        rows = [(voice, [by[column] for column in columns]) for voice, by in self._found.items()]
        for voice, heard in sorted(rows, key=lambda row: (sum(row[1][1]) / max(1, len(row[1][1])), row[0])):
            print(f"| {voice} | {' | '.join(f'{sum(some)}/{len(some)}' for some in heard)} |")


def clips(folder: Path) -> Iterator[Clip]:
    """The clips of a folder."""
    for shard in sorted(folder.glob("*.npz")):
        sounds, more = load(shard)
        told = zip(sounds, more["group"], more["heard"], more["voice"], more["end_ms"], strict=True)
        for sound, group, heard, voice, end_ms in told:
            kind = f"{group}, {heard}" if group != "dialogue" else "dialogue"
            yield Clip(kind, sound, str(voice), float(end_ms))
    if not (folder / "expect.jsonl").exists():
        return
    for line in (folder / "expect.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        samples, _ = soundfile.read(folder / label["file"], dtype="int16")
        yield Clip(f"{label['said']}, {'clean' if label['heard'] == 'clean' else 'noise or room'}", samples)


def people() -> Iterator[Clip]:
    """Recordings of people, each once."""
    for path in sorted({*human.files(held_out=True), *human.second_files(held_out=True)}):
        sound = human.load(path)
        yield Clip(f"people, {human.language(path)}", np.clip(np.rint(sound * 32767), -32768, 32767).astype(np.int16))


def keep(clips: Sequence[Clip], folder: Path) -> None:
    """Write them, and that nothing is to be done for any."""
    folder.mkdir(parents=True)
    lines = []
    for number, clip in enumerate(clips):
        name = f"{number:04d}.flac"
        soundfile.write(folder / name, np.concatenate([clip.samples, BEHIND]), SAMPLE_RATE_HZ)
        lines.append(json.dumps({"file": name, "kind": "negative", "said": clip.kind, "voice": clip.voice}) + "\n")
    (folder / "expect.jsonl").write_text("".join(lines), encoding="utf-8")


def new_folder(name: str) -> Path:
    """One that isn't there yet: what is heard in twenty minutes isn't lost at their end."""
    if Path(name).exists():
        raise argparse.ArgumentTypeError(f"{name} is there already")
    return Path(name)


def main() -> None:
    """Count, and print a row a kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--no-people", action="store_true", help="the folder only")
    parser.add_argument("--keep", type=new_folder, help="write what isn't the word and was let through here")
    options = parser.parse_args()
    folder: Path | None = options.folder
    wake, settings = WakeWord(gate=FaintVad(WebRtcVad(aggressiveness=3))), WakeConfig()
    verifier = WordVerifier()
    found: defaultdict[str, Count] = defaultdict(Count)
    kept: list[Clip] = []
    by_voice, delays = ByVoice(), list[float]()
    for clip in chain(clips(folder) if folder else (), () if options.no_people else people()):
        wake.reset()
        listener = Listener(
            EndpointConfig(), wake, decision(settings, verifier), WebRtcVad(), vad_lag_ms=0.0, early_confidence=2.0,
            now_ms=lambda: 0.0, gain_for=gain_for, verifier=verifier,
        )  # fmt: skip
        count = found[clip.kind]
        count.sounds += 1
        count.seconds += len(clip.samples) / SAMPLE_RATE_HZ
        whole = np.concatenate([clip.samples, BEHIND])
        passed = False
        for start in range(0, len(whole) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
            before_s = time.process_time()
            events = listener.push(AudioChunk(whole[start : start + CHUNK_SAMPLES], start))
            spent_ms = (time.process_time() - before_s) * 1000
            for event in events:
                refused = isinstance(event, WakeRejected) and event.reason == "not_said"
                if not (refused or isinstance(event, WakeHeard | WakeDoubted)):
                    continue
                sure = event.score >= settings.sure_threshold if refused else isinstance(event, WakeHeard)
                count.sure += sure
                count.doubtful += not sure
                count.sure_refused += refused and sure
                count.doubtful_refused += refused and not sure
                if not (refused or passed) and clip.kind == "word, clean":
                    delays.append(listener.heard_ms - clip.end_ms + spent_ms)
                passed |= not refused
        count.woken += passed
        if passed and not clip.kind.startswith("word"):
            kept.append(clip)
        by_voice.add(clip, heard=passed)
    print("| sounds | of | hours | sure | let through | doubtful | let through | woken |")
    print("|---|---|---|---|---|---|---|---|")
    for kind, count in sorted(found.items()):
        print(
            f"| {kind} | {count.sounds} | {count.seconds / 3600:.2f} | {count.sure} | {count.sure - count.sure_refused}"
            f" | {count.doubtful} | {count.doubtful - count.doubtful_refused} | {count.woken} |"
        )
    by_voice.show()
    if delays:
        places = zip((5, 50, 95, 100), np.percentile(delays, (5, 50, 95, 100)), strict=True)
        print("from the word's end to the event, ms, clean:", ", ".join(f"{n} %: {ms:.0f}" for n, ms in places))
    if options.keep:
        keep(kept, options.keep)


if __name__ == "__main__":
    main()
