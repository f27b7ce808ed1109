"""Speech for a wake word of one's own: espeak's and Piper's voices, recorded near and far, in noise; as embeddings.

Only what is installed with Hey Gemma is needed. Nobody's real voice is in it. Knows no phrase and no network.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.errors import SpeechFailed
from assistant.speech.espeak import EspeakVoice
from assistant.speech.files import PACKAGED, find_voice
from assistant.speech.piper import PiperVoice
from assistant.stages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, AudioClip
from assistant.wake import HEAD_FRAMES, Features, Floats

ACCENTS = ("en-us", "en", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029", "en-us-nyc")
# Without those that need espeak-ng's Klatt synthesizer, which piper-tts leaves out.
MOUTHS = (
    "", "f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "Andrea", "Alicia", "Annie",
    "Alex", "Andy", "Diogo", "Gene", "Gene2", "Henrique", "Hugo", "Lee", "Marco", "Mario", "Michael", "Mike",
    "anika", "antonio", "aunty", "belinda", "boris", "ed", "gustave", "ian", "iven", "iven2", "john", "kaukovalta",
    "linda", "marcelo", "max", "michel", "miguel", "norbert", "pablo", "paul", "pedro", "quincy", "rob", "robert",
    "sandro", "shelby", "steph", "travis", "victor", "zac",
)  # fmt: skip
PIPER_SHARE = 4  # every fourth voice is Piper's, as another speaker
_QUIET = 0.02  # of the peak: what is under it at a word's end is no word any more

Sound = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Speaker:
    """One voice: espeak's accent and mouth, or Piper ("piper"), made higher or lower and faster by `shift`."""

    voice: str
    shift: float

    @property
    def name(self) -> str:
        """For tables."""
        return f"{self.voice} x{self.shift:.3f}"


def cast(count: int, rng: np.random.Generator, *, piper: bool) -> list[Speaker]:
    """So many voices, all different."""
    espeak = [f"{accent}{'+' * bool(mouth)}{mouth}" for accent in ACCENTS for mouth in MOUTHS]
    order = iter(rng.permutation(espeak))
    found = []
    for n in range(count):
        if piper and n % PIPER_SHARE == 0:
            found.append(Speaker("piper", round(float(rng.uniform(0.8, 1.3)), 3)))
        else:
            found.append(Speaker(str(next(order)), round(float(rng.uniform(0.92, 1.12)), 3)))
    return found


class Studio:
    """Speaks and records. One thread: espeak's library keeps global state."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._espeak = EspeakVoice()
        model = find_voice(PACKAGED, folders)
        self._piper = PiperVoice(model) if model is not None else None
        self._features = Features()
        self._phonemes: dict[str, str] = {}

    @property
    def has_piper(self) -> bool:
        """Whether there is a Piper voice."""
        return self._piper is not None

    def phonemes(self, text: str) -> str:
        """How espeak says it."""
        if text not in self._phonemes:
            self._phonemes[text] = self._espeak.phonemes(text)
        return self._phonemes[text]

    def say(self, speaker: Speaker, text: str, rng: np.random.Generator) -> Sound | None:
        """A sentence at 16 kHz, peak 1, silence cut off at both ends. None: this voice can't say it."""
        try:
            if speaker.voice == "piper" and self._piper is not None:
                clip = self._piper.say(text, "en")
            else:
                clip = self._espeak.say(text, speaker.voice, speed=float(rng.uniform(0.75, 1.2)))
        except SpeechFailed:
            return None
        return _trimmed(_resampled(clip, speaker.shift * float(rng.uniform(0.97, 1.03))))

    def embeddings(self, samples: Sound) -> Floats:
        """What the head sees of a clip: 15 rows of silence, then one for every 80 ms, shape (rows, 96)."""
        self._features.reset()
        rows = [self._features.silence] * (HEAD_FRAMES - 1)
        pcm = np.clip(np.round(samples * 32767), -32768, 32767).astype(np.int16)
        for start in range(0, len(pcm) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
            row = self._features.push(pcm[start : start + CHUNK_SAMPLES])
            if row is not None:
                rows.append(row)
        return np.array(rows, dtype=np.float32)


def recorded(sound: Sound, rng: np.random.Generator, *, clean: bool = False) -> Sound:
    """As a microphone hears it: half of the time from across a room, mostly in noise, at any level."""
    if not clean and rng.random() < 0.5:
        sound = _in_room(sound, rng)
    level = 10 ** (rng.uniform(-30, -3) / 20)
    loud = sound / max(float(np.abs(sound).max()), 1e-6) * level
    snr_db = rng.uniform(25, 45) if clean or rng.random() < 0.3 else rng.uniform(2, 25)
    voiced = loud[np.abs(loud) > 0.02 * level]
    power = float(np.mean(np.square(voiced))) if len(voiced) else 0.0
    noise = _noise(len(loud), rng) * np.sqrt(power) * 10 ** (-snr_db / 20)
    return np.asarray(loud + noise, dtype=np.float32)


def silence(seconds: float) -> Sound:
    """Nothing."""
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32)


def talk(studio: Studio, speaker: Speaker, lines: Iterator[str], seconds: float, rng: np.random.Generator) -> Sound:
    """Somebody speaks for about so long."""
    parts, length = [silence(0.3)], 0.0
    while length < seconds:
        said = studio.say(speaker, next(lines), rng)
        if said is None:
            break
        parts += [said, silence(float(rng.uniform(0.1, 0.7)))]
        length += (len(parts[-1]) + len(said)) / SAMPLE_RATE_HZ
    return np.concatenate(parts)


def _resampled(clip: AudioClip, shift: float) -> Sound:
    """At 16 kHz, `shift` times as high and fast."""
    sound = clip.samples.astype(np.float32)
    step = clip.rate_hz * shift / SAMPLE_RATE_HZ
    if step > 1:  # what the new rate can't hold would come back as noise
        spectrum = np.fft.rfft(sound)
        spectrum[int(len(spectrum) / step) :] = 0
        sound = np.fft.irfft(spectrum, len(sound)).astype(np.float32)
    places = np.arange(0, max(len(sound) - 1, 0), step)
    return np.asarray(np.interp(places, np.arange(len(sound)), sound), dtype=np.float32)


def _trimmed(sound: Sound) -> Sound | None:
    peak = float(np.abs(sound).max()) if len(sound) else 0.0
    loud = np.flatnonzero(np.abs(sound) > _QUIET * peak)
    return None if peak == 0 or len(loud) < 1000 else (sound[loud[0] : loud[-1] + 1] / peak).astype(np.float32)


def _in_room(sound: Sound, rng: np.random.Generator) -> Sound:
    """A tail of decaying noise behind the direct sound."""
    seconds = float(rng.uniform(0.15, 0.6))
    tail = rng.normal(size=int(seconds * SAMPLE_RATE_HZ)) * 10 ** (
        -3 * np.linspace(0, 1, int(seconds * SAMPLE_RATE_HZ))
    )
    tail *= np.sqrt(rng.uniform(0.1, 2.0) / np.sum(tail**2))
    tail[0] = 1
    size = len(sound) + len(tail) - 1
    whole = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)
    return np.asarray(whole[: len(sound)], dtype=np.float32)


def _noise(length: int, rng: np.random.Generator) -> Sound:
    """Between white and brown, power 1."""
    spectrum = np.fft.rfft(rng.normal(size=max(length, 2)))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** float(rng.uniform(0, 0.9))
    spectrum[0] = 0
    sound = np.fft.irfft(spectrum, max(length, 2))[:length]
    return np.asarray(sound / (sound.std() + 1e-9), dtype=np.float32)
