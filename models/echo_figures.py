"""What echo does to the wake word: `python -m models.echo_figures --own OWN.npz --words WORDS.npz recall`, or `self`.

`recall`: how many of the words that a person says over our own voice are heard, through the assistant's own echo
canceller, wake word and listener; `--compare` adds other cancellers that are installed. `self`: how often an hour of
our own speech wakes it. `twice`: every word is said again after 0.8 s, as people do; our voice is softer then, if the
first try asked for that (assistant.audio.softer), or isn't. `over`: how often our own voice is taken for somebody who
goes on behind a deed (listen.py: ten chunks in a row), and how many of the words said over it are. `reopened`: the
same where the loudspeaker has another delay since a moment. WORDS is made by `words`: the held-out voices, but for our
own. Scenes are models.loop's.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from assistant.audio.echo import EchoCanceller
from assistant.audio.softer import LASTS_S, SHARE
from assistant.config import EndpointConfig
from assistant.endpoint import SPEECH
from assistant.events import WakeDoubted, WakeHeard, WakeRejected
from assistant.listen import SURE_CHUNKS, Listener
from assistant.own_voice import OwnVoice
from assistant.stages import CHUNK_SAMPLES, NO_ECHO, AudioChunk, Pcm
from assistant.vad import GatedVad, SileroVad, WebRtcVad
from assistant.wake import WakeWord
from assistant.wake_decision import WakeDecision
from models import loop
from models.hey_gemma.data import heldout_clips
from models.hey_gemma.sound import RATE, Samples

HOUR_S = 3600
ROOMS = 20  # in the hour: loudness, delay and room are drawn anew


class Watched(EchoCanceller):
    """What audio.echo = "off" does: the sound stays as it is, and it is known how much of it is echo."""

    def pass_by(self, mic: Pcm, played: Pcm | None) -> Pcm:
        """The chunk, untouched."""
        self.cancel(mic, played)
        return mic


def canceller(name: str) -> loop.Stage:
    """A stage by name."""
    if name == "none":
        return lambda mic, _played: mic
    if name == "ours":
        return EchoCanceller().cancel
    if name == "watched":
        return Watched().pass_by
    if name.startswith("pyaec"):
        aec: Any = import_module("pyaec").Aec(160, 4480, RATE, name == "pyaec+suppression")
        halves = (slice(0, 160), slice(160, 320))

        def speex(mic: Pcm, played: Pcm | None) -> Pcm:
            far = np.zeros_like(mic) if played is None else played
            parts = [aec.cancel_echo(mic[half].tolist(), far[half].tolist()) for half in halves]
            return np.concatenate(parts).astype(np.int16)

        return speex
    apm: Any = import_module("livekit.rtc.apm").AudioProcessingModule(echo_cancellation=True)
    frame: Any = import_module("livekit.rtc.audio_frame").AudioFrame

    def webrtc(mic: Pcm, played: Pcm | None) -> Pcm:
        out = []
        for start in (0, 160):
            far = np.zeros(160, np.int16) if played is None else played[start : start + 160]
            apm.process_reverse_stream(frame(bytearray(far.tobytes()), RATE, 1, 160))
            near = frame(bytearray(mic[start : start + 160].tobytes()), RATE, 1, 160)
            apm.process_stream(near)
            out.append(np.frombuffer(bytes(near.data), np.int16))
        return np.concatenate(out)

    return webrtc


def listener(wake: WakeWord, speaking_threshold: float, *, guard: bool = True) -> Listener:
    """The assistant's, from a fresh start; never in doubt, so that what is counted is what wakes."""
    wake.reset()
    decision, speaking = WakeDecision(), WakeDecision(threshold=speaking_threshold)
    own = OwnVoice(wake.twin()) if guard else None
    return Listener(
        EndpointConfig(), wake, decision, WebRtcVad(), vad_lag_ms=0.0, early_confidence=2.0, now_ms=lambda: 0.0,
        own_voice=own, while_speaking=speaking if guard else None,
    )  # fmt: skip


def events(ear: Listener, stage: loop.Stage, scene: loop.Scene) -> tuple[list[float], int]:
    """Where it woke, in ms, and how often our own voice explained that it would have."""
    woken, explained = [], 0
    for start in range(0, len(scene.mic) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
        part = slice(start, start + CHUNK_SAMPLES)
        played = scene.played[part] if scene.played[part].any() else None
        samples = stage(scene.mic[part], played)
        ours = getattr(stage, "__self__", None)
        echo = ours.echo if isinstance(ours, EchoCanceller) else NO_ECHO
        for event in ear.push(AudioChunk(samples, start, played, echo)):
            if isinstance(event, WakeHeard | WakeDoubted):
                woken.append(event.audio_ms)
            explained += isinstance(event, WakeRejected) and event.reason == "own_voice"
    return woken, explained


def hits(woken: Sequence[float], scene: loop.Scene) -> int:
    """In how many of the person's clips it woke."""
    return sum(any(a / 16 <= at <= b / 16 + 300 for at in woken) for a, b in scene.places)


def recall(
    own: list[Samples],
    words: list[Samples],
    names: list[str],
    *,
    speaking_threshold: float,
    over: list[float],
    seed: int,
) -> None:
    """A table: rooms, loudness, canceller."""
    wake = WakeWord(gate=WebRtcVad(aggressiveness=3))
    for far in (False, True):
        for over_db in over:
            scene = loop.scene(own, words, np.random.default_rng(seed), over_db=over_db, far=far)
            alone = loop.Scene(scene.person, np.zeros_like(scene.played), scene.person, scene.places)
            quiet, _ = events(listener(wake, 0.8), canceller("none"), alone)
            print(f"far {far}, {over_db:.0f} dB over: without our voice {hits(quiet, scene)}/{len(words)}", flush=True)
            for name in names:
                began, stage = time.process_time(), canceller(name)
                loop.through(stage, scene)
                cost_ms = (time.process_time() - began) / (len(scene.mic) / CHUNK_SAMPLES) * 1000
                woken, _ = events(listener(wake, speaking_threshold), canceller(name), scene)
                elsewhere = len(woken) - hits(woken, scene)
                print(f"  {name}: {hits(woken, scene)}, elsewhere {elsewhere}; {cost_ms:.2f} ms of 20", flush=True)


def self_wakes(own: list[Samples], names: list[str], speaking_threshold: float, seed: int) -> None:
    """An hour of our own speech in twenty rooms, and how often it woke. Another `seed`: other rooms."""
    wake = WakeWord(gate=WebRtcVad(aggressiveness=3))
    totals: dict[str, list[int]] = {}
    for room in range(ROOMS):
        scene = loop.scene(own, [], np.random.default_rng([seed, room]), over_db=0.0, seconds=HOUR_S / ROOMS)
        gain = 10 ** (np.random.default_rng([seed + 1, room]).uniform(-12, 8) / 20)
        louder = loop.Scene(loop.pcm(scene.mic / 32768 * gain), scene.played, scene.person, [])
        for name in names:
            threshold = speaking_threshold if name == "ours" else 0.8
            woken, explained = events(listener(wake, threshold), canceller(name), louder)
            total = totals.setdefault(name, [0, 0])
            total[0] += len(woken)
            total[1] += explained
        minutes = (room + 1) * HOUR_S / ROOMS / 60
        print(f"{minutes:.0f} minutes: woke, would have without the guard: {totals}", flush=True)


def softened(ear: Listener, scene: loop.Scene, *, softer: bool) -> list[float]:
    """Where it woke, in ms, our voice being `softer` for two seconds, 100 ms after it may have covered a word.

    The room's tail fades with it at once here; in air it lasts some 100 ms longer.
    """
    echo, stage, woken = scene.mic.astype(np.float32) - scene.person, EchoCanceller(), []
    now_ms, soft_ms = 0.0, float("-inf")

    def covered() -> None:
        nonlocal soft_ms
        soft_ms = now_ms

    ear.words.on_covered = covered if softer else None
    for start in range(0, len(scene.mic) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
        part, now_ms = slice(start, start + CHUNK_SAMPLES), start / 16
        gain = SHARE if 100 <= now_ms - soft_ms < 100 + LASTS_S * 1000 else 1.0
        heard, given = scene.person[part] + gain * echo[part], (gain * scene.played[part]).astype(np.int16)
        played = given if given.any() else None
        samples = stage.cancel(np.clip(heard, -32768, 32767).astype(np.int16), played)
        told = ear.push(AudioChunk(samples, start, played, stage.echo))
        woken += [event.audio_ms for event in told if isinstance(event, WakeHeard | WakeDoubted)]
    return woken


def twice(own: list[Samples], words: list[Samples], *, speaking_threshold: float, over: list[float], seed: int) -> None:
    """A table: heard the first time, the first or second time, and that with a softer voice."""
    wake, pause = WakeWord(gate=WebRtcVad(aggressiveness=3)), np.zeros(int(0.8 * RATE), np.float32)
    said = [np.concatenate([word, pause, word]) for word in words]
    for far in (False, True):
        for over_db in over:
            scene = loop.scene(own, said, np.random.default_rng(seed), over_db=over_db, far=far)
            first = [(a, a + len(word) + RATE // 3) for (a, _), word in zip(scene.places, words, strict=True)]
            plain, soft = (softened(listener(wake, speaking_threshold), scene, softer=on) for on in (False, True))
            counts = hits(plain, replace(scene, places=first)), hits(plain, scene), hits(soft, scene)
            told = "heard first {}, at all {}, with a softer voice {}".format(*counts)
            print(f"far {far}, {over_db:.0f} dB over, {len(words)} words: {told}", flush=True)


def taken_over(wake: WakeWord, scene: loop.Scene, opened: Sequence[int] = ()) -> list[float]:
    """Where somebody seems to talk over our voice for as long as the listener asks, in ms.

    `opened`: places, whole chunks, where the loudspeaker was opened again.
    """
    own, vad, stage = OwnVoice(wake.twin()), GatedVad(WebRtcVad(), SileroVad()), EchoCanceller()
    found, in_a_row = [], 0
    for start in range(0, len(scene.mic) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
        part = slice(start, start + CHUNK_SAMPLES)
        played = scene.played[part] if scene.played[part].any() else None
        if start in opened:
            stage.doubt()
        samples = stage.cancel(scene.mic[part], played)
        chunk = AudioChunk(samples, start, played, stage.echo)
        own.hear(chunk)
        is_somebody = vad.probability(samples) >= SPEECH and own.speaks and own.is_over(chunk)
        in_a_row = in_a_row + 1 if is_somebody else 0
        if in_a_row == SURE_CHUNKS:
            found.append(chunk.end_ms)
    return found


def over(own: list[Samples], words: list[Samples], levels: list[float], seed: int) -> None:
    """Our voice alone in twenty rooms of 90 s, then words over it."""
    wake, alone = WakeWord(), 0
    for room in range(ROOMS):
        alone += len(
            taken_over(wake, loop.scene(own, [], np.random.default_rng([seed, room]), over_db=0.0, seconds=90))
        )
    print(f"half an hour of our own voice: taken for somebody's {alone} times", flush=True)
    for far in (False, True):
        for level in levels:
            scene = loop.scene(own, words, np.random.default_rng(seed), over_db=level, far=far)
            print(f"far {far}, {level:.0f} dB over: {hits(taken_over(wake, scene), scene)} of {len(words)}", flush=True)


def reopened(own: list[Samples], words: list[Samples], levels: list[float], seed: int) -> None:
    """Words over the first answer after the loudspeaker was opened again: how much is taken out when, who is heard."""
    wake, spans = WakeWord(), ((0.0, 0.2), (0.2, 0.4), (0.4, 0.7), (0.7, 1.1))
    for level in levels:
        taken, heard, total = [], 0, 0
        for first in range(0, len(words), 6):
            said = [np.concatenate([word, word]) for word in words[first : first + 6]]  # as long as an addition
            scene = loop.reopened(own, said, np.random.default_rng([seed, first]), over_db=level)
            opened = [start for start, _ in scene.places]
            heard, total = heard + hits(taken_over(wake, scene, opened), scene), total + len(opened)
            rest = loop.cancelled(scene, opened)
            taken += [[loop.taken_db(scene, rest, start, span) for span in spans] for start in opened]
        told = zip(spans, np.median(taken, axis=0), strict=True)
        medians = ", ".join(f"{a:.1f} to {b:.1f} s {db:.1f} dB" for (a, b), db in told)
        print(f"{level:.0f} dB over: {heard} of {total} heard; taken out {medians}", flush=True)


def clips(path: Path) -> dict[str, Samples]:
    """Sounds of a file, by name."""
    with np.load(path) as stored:
        return {name: stored[name].astype(np.float32) / 32768 for name in stored}


def main() -> None:
    """One of the figures, or the words for them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["recall", "self", "twice", "over", "reopened", "watched", "words"])
    parser.add_argument("--own", type=Path)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--count", type=int, default=66)
    parser.add_argument("--speaking-threshold", type=float, default=0.3)
    parser.add_argument("--over", type=float, action="append", help="dB, again for more; else 0, 5 and 10")
    parser.add_argument("--seed", type=int, default=4, help="another one: other rooms")
    parser.add_argument("--compare", action="store_true")
    options = parser.parse_args()
    if options.what == "words":
        said = [(e.voice, s) for e, s in heldout_clips() if e.kind == "word" and e.voice != "piper:joe"]
        np.savez_compressed(options.words, **{f"{n:03d} {v}": loop.pcm(s) for n, (v, s) in enumerate(said)})
        return
    own = clips(options.own)
    names = (
        ["watched"]
        if options.what == "watched"
        else ["ours", "none", *(["pyaec", "pyaec+suppression", "livekit"] if options.compare else [])]
    )
    if options.what in {"self", "watched"}:
        self_wakes(list(own.values()), names[:1], options.speaking_threshold, options.seed)
        return
    words = list(clips(options.words).values())
    chosen = [words[n] for n in np.random.default_rng(options.seed).permutation(len(words))[: options.count]]
    plain: Callable[[str], bool] = lambda text: "emma" not in text  # noqa: E731
    plain_clips = [sound for text, sound in own.items() if plain(text)]
    if options.what == "over":
        over(plain_clips, chosen, options.over or [0.0, 5.0, 10.0], options.seed)
        return
    if options.what == "reopened":
        reopened(plain_clips, chosen, options.over or [0.0, 5.0, 10.0], options.seed)
        return
    if options.what == "twice":
        levels = options.over or [0.0, 5.0, 10.0]
        twice(plain_clips, chosen, speaking_threshold=options.speaking_threshold, over=levels, seed=options.seed)
        return
    recall(
        plain_clips,
        chosen,
        names,
        speaking_threshold=options.speaking_threshold,
        over=options.over or [0.0, 5.0, 10.0],
        seed=options.seed,
    )


if __name__ == "__main__":
    main()
