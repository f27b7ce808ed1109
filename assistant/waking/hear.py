"""Where the wake commands hear from: the microphone as `run` opens it, a file, a clip of the log; and the detectors."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assistant import manifest
from assistant.audio.clock import AudioClock, WallClock
from assistant.audio.devices import Sound
from assistant.audio.mic import Microphone
from assistant.audio.replay import FileSource
from assistant.audio.speaker import SoundSpeaker
from assistant.config import SHIPPED_WORD, AudioConfig, WakeConfig
from assistant.errors import UsageError
from assistant.llm import self_test
from assistant.places import models_dir
from assistant.stages import SAMPLE_RATE_HZ, AudioClip, Verifier
from assistant.wake import WakeWord, shipped_head
from assistant.wake_decision import WakeDecision
from assistant.waking.own_words import heads
from assistant.waking.store import Store
from assistant.waking.verifier import ENCODER_FILE, WordVerifier

_LOG = logging.getLogger(__name__)


def head_files(words: Sequence[str]) -> list[Path]:
    """The heads of the words in the config. Raises ModelMissing."""
    folders = [folder.parent / "wake" for folder in manifest.data_dirs()]
    return heads(words, shipped_head(), folders)


def detector(words: Sequence[str]) -> WakeWord:
    """The wake words that `run` hears, without its gate. Raises ModelMissing, ModelDamaged."""
    return WakeWord(head_files(words))


def verifier(config: WakeConfig) -> WordVerifier | None:
    """The second ear for "hey gemma"; None: not wanted, or not on this machine. Raises ModelMissing, ModelDamaged."""
    return WordVerifier() if verifies(config) else None


def verifies(config: WakeConfig) -> bool:
    """Whether the second ear is wanted, and works on this machine."""
    if not config.verify or SHIPPED_WORD not in config.words:
        return False
    problem = self_test.works(models_dir() / ENCODER_FILE)
    if problem is not None:
        _LOG.warning("the wake word isn't verified, there will be more false wakes: %s", problem)
    return problem is None


def decision(config: WakeConfig, second: Verifier | None) -> WakeDecision:
    """What the scores of the wake words come to while nothing is spoken."""
    return WakeDecision(
        threshold=config.threshold,
        near_threshold=config.near_threshold,
        refractory_s=config.refractory_s,
        doubt=(config.maybe_threshold, config.sure_threshold) if config.second_opinion else None,
        maybe_of={second.phrase: config.verified_threshold} if second else None,
        witnessed=(second.enough, second.sure) if second else (0.5, 0.95),
    )


def microphone(config: AudioConfig) -> Microphone:
    """The config's microphone, with its gain. Raises AudioDeviceError."""
    return Microphone(Sound(), device=config.microphone or None, gain_db=config.gain_db)


def sound_file(path: str) -> FileSource:
    """A file, as fast as it can be heard; `-`: as fast as it comes."""
    return FileSource(path, AudioClock())


async def play_clip(store: Store, number: int, device: str) -> None:
    """Play the sound of an entry. Raises UsageError, AudioFileError, AudioDeviceError."""
    entry = next((found for found in reversed(store.read().entries) if found.number == number), None)
    if entry is None:
        raise UsageError(f"the wake log has no entry {number}", remedy="hey-gemma wake log")
    path = store.clip_of(entry)
    if path is None:
        gone = "its sound is deleted by now" if entry.clip else "its sound wasn't kept"
        raise UsageError(f"entry {number}: {gone}", remedy="wake.keep_clips = true keeps it from now on")
    async with sound_file(str(path)) as source:
        samples = np.concatenate([chunk.samples async for chunk in source])
    speaker = SoundSpeaker(Sound(), WallClock(), device=device or None)
    try:
        await speaker.play(AudioClip(samples, SAMPLE_RATE_HZ))
    finally:
        await speaker.aclose()
