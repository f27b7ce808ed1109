"""The models' files: fetch them, generate the one without sense, cut their ears, check them, list them.

Knows the manifest and what a Gemma 4 file must say about itself; loads no model. Verifying E2B reads 4 GB and
hashes them in 6 s of processor time.
"""

import contextlib
import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from assistant import disk, download, ear_slice, gguf_file, manifest, shape
from assistant.errors import HeyGemmaError, ModelDamaged, ModelMissing, UsageError
from assistant.llm.memory_plan import Sizes, sizes_of
from assistant.manifest import VOCABULARY, Kind, Manifest, ModelEntry, ModelFile, models_dir
from assistant.progress import Advance, Meter, silent

_LOG = logging.getLogger(__name__)

Fetch = Callable[[download.Remote, Path, Advance], None]


@dataclass(frozen=True, slots=True)
class ModelPaths:
    """Where a model's two files are."""

    text: Path
    mmproj: Path


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `problem` is empty if all is well, else `remedy` says what to do."""

    what: str
    problem: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found out."""

    model: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not any(check.problem for check in self.checks)


@dataclass(frozen=True, slots=True)
class Listed:
    """A row for a table of models. `bytes` are on disk, or what they would be; `path`, `ear` None: not there."""

    name: str
    title: str
    kind: Kind
    licence: str
    bytes: int
    path: Path | None
    ear: Path | None = None


def paths(entry: ModelEntry, directories: tuple[Path, ...] | None = None) -> ModelPaths:
    """Where the model's files are. Raises ModelMissing with what to type."""
    return ModelPaths(manifest.find(entry, entry.text, directories), manifest.find(entry, entry.mmproj, directories))


def listing(known: Manifest, directories: tuple[Path, ...] | None = None, *, ears: Path | None = None) -> list[Listed]:
    """Say what there is, for a table; also which models have an ear under `ears`."""
    rows = []
    for entry in known.models.values():
        files = (entry.text, entry.mmproj)
        found: ModelPaths | None = None
        with contextlib.suppress(ModelMissing):
            found = paths(entry, directories)
        size = sum(p.stat().st_size for p in (found.text, found.mmproj)) if found else sum(f.bytes for f in files)
        place = found.text.parent if found else None
        ear = ear_path(found, ears) if found and ears else None
        fits = found and ear and ear_slice.problem(ear, found.text) is None
        rows.append(Listed(entry.name, entry.title, entry.kind, entry.licence, size, place, ear if fits else None))
    return rows


def fetch(entry: ModelEntry, directory: Path, meter: Meter = silent, *, via: Fetch = download.download) -> ModelPaths:
    """Bring a model's files into `directory`, what is there already excepted; of the mmproj keep the audio encoder.

    Raises UsageError (nothing to fetch), OutputError (disk), ModelMissing (network), ModelDamaged (wrong bytes).
    """
    if entry.kind is not Kind.FETCHED:
        raise UsageError(f"{entry.name} is not fetched: it is {entry.kind}", remedy="hey-gemma models list")
    missing = [f for f in (entry.text, entry.mmproj) if not (directory / f.file).is_file()]
    _need_space(directory, missing)
    for file in missing:
        target = directory / file.file
        whole = target.with_name(target.name + ".whole") if file.audio_only else target
        if not whole.is_file():
            with meter(Path(file.address).name, file.bytes) as advance:
                via(download.Remote(file.address, file.bytes, file.sha256), whole, advance)
        if file.audio_only:
            keep_audio(whole, target)
            whole.unlink()
    return ModelPaths(directory / entry.text.file, directory / entry.mmproj.file)


def generate(entry: ModelEntry, directory: Path, meter: Meter = silent, *, dims: shape.Dims = shape.E2B) -> ModelPaths:
    """Write the model of random weights into `directory`. Raises UsageError for another kind of model, OutputError."""
    if entry.kind is not Kind.GENERATED:
        raise UsageError(f"{entry.name} is not generated: it is {entry.kind}", remedy="hey-gemma models list")
    made = ModelPaths(directory / entry.text.file, directory / entry.mmproj.file)
    with meter(entry.name, entry.text.bytes + entry.mmproj.bytes) as advance:
        words = models_dir() / VOCABULARY if dims == shape.E2B else None
        shape.write_shape(made.text, made.mmproj, dims, advance=advance, vocabulary=words)
    return made


def generate_mmproj(path: Path, audio: str, meter: Meter = silent) -> None:
    """Write E2B's audio encoder with random weights of type `audio` (Q8_0, F16, BF16). Raises OutputError."""
    types = shape.Types(audio=audio)
    with meter(path.name, sum(tensor.nbytes for tensor in shape.audio_tensors(shape.E2B, types))) as advance:
        shape.write_mmproj(path, shape.E2B, types, advance)


def ear_path(found: ModelPaths, directory: Path) -> Path:
    """Where under `directory` the text model's ear is, or would be."""
    place = hashlib.sha256(bytes(found.text.resolve())).hexdigest()[:8]
    return directory / f"ear-{found.text.stem}-{place}.gguf"


def prepared_ear(found: ModelPaths, directory: Path, meter: Meter = silent) -> Path | None:
    """Give the text model's ear (`ear_slice`), made under `directory` if there is none or it doesn't fit any more.

    None where no layers share keys and values: such a model has no ear. Another process that makes the same ear is
    waited for. Raises ModelError (the text model), OutputError (disk).
    """
    ear = ear_path(found, directory)
    if ear_slice.problem(ear, found.text) is None:
        return ear
    cut = ear_slice.cut(found.text)
    if cut is None:
        _LOG.info("%s shares no keys and values between layers: it has no ear", found.text)
        return None
    with disk.locked(ear):
        problem = ear_slice.problem(ear, found.text)
        if problem is not None:
            _LOG.info("%s: it is made now", problem)
            with contextlib.suppress(OSError):  # of no more use, and the new one needs its space
                ear.unlink()
            with meter(f"preparing {found.text.name}", cut.nbytes) as advance:
                cut.write(ear, advance)
    return ear


def keep_audio(source: Path, target: Path, advance: Advance = lambda _: None) -> None:
    """Copy an mmproj without its vision part, and write the copy's sha256 beside it for `verify`."""
    header = gguf_file.read_header(source)
    without = ("clip.vision.", "clip.has_vision_encoder", "general.alignment")
    fields = {key: header.encoded(key) for key in header.spans if not key.startswith(without)}
    gguf_file.keep(source, target, lambda name: name.startswith(("a.", "mm.a.")), fields, advance)
    _receipt(target).write_text(f"{_sha256(target, lambda _: None)}  {target.name}\n", encoding="ascii")


def memory_sizes(entry: ModelEntry, directories: tuple[Path, ...] | None = None) -> Sizes:
    """What a turn of this model needs in memory; of one that isn't here, what E2B's shapes do. Raises ModelDamaged."""
    try:
        found = paths(entry, directories)
    except ModelMissing:
        text = shape.text_tensors(shape.E2B.text, shape.Types())
        audio = shape.audio_tensors(shape.E2B, shape.Types(audio="BF16" if entry.mmproj.audio_only else "Q8_0"))
        own = shape.E2B.text.layers - shape.E2B.text.shared_kv_layers
        return sizes_of(((t.name, t.nbytes) for t in text), own, sum(t.nbytes for t in audio))
    header = gguf_file.read_header(found.text)
    _, own = ear_slice.layers_of(header)
    return sizes_of(((t.name, t.nbytes) for t in header.tensors), own, found.mmproj.stat().st_size)


def chat_template(path: Path) -> str | None:
    """Read the chat template inside a text model's file, if there is one."""
    template = gguf_file.read_header(path).values.get("tokenizer.chat_template")
    return template if isinstance(template, str) else None


def verify(
    entry: ModelEntry,
    directories: tuple[Path, ...] | None = None,
    meter: Meter = silent,
    *,
    ears: Path | None = None,
    template_problem: Callable[[str], str | None] = lambda _: None,
    read: bool = True,
) -> Verdict:
    """Look at everything that can be looked at without loading the model; at its ear too, if it has one under `ears`.

    `read` False: of the files only sizes and headers.

    `template_problem` compares the model's own chat template with what our prompt renders (`chat_template.difference`).
    """
    checks = [
        _looked(Path(file.file).name, partial(_check_bytes, entry, file, directories, meter, read=read))
        for file in (entry.text, entry.mmproj)
    ]
    checks.append(_looked("architecture and width", lambda: check_pair(paths(entry, directories))))
    if not checks[-1].problem:
        checks.append(_looked("prompt", lambda: _check_template(paths(entry, directories).text, template_problem)))
        if ears and ear_path(paths(entry, directories), ears).exists():
            checks.append(_looked("ear", lambda: _check_ear(paths(entry, directories), ears, meter)))
    return Verdict(entry.name, tuple(checks))


def check_pair(found: ModelPaths) -> None:
    """Check by their headers that both files are Gemma 4's and fit each other. Raises ModelDamaged. Takes 0.1 s."""
    text, mmproj = gguf_file.read_header(found.text), gguf_file.read_header(found.mmproj)
    for header, key, wanted in (
        (text, "general.architecture", "gemma4"),
        (mmproj, "general.architecture", "clip"),
        (mmproj, "clip.audio.projector_type", "gemma4a"),
    ):
        if header.values.get(key) != wanted:
            raise ModelDamaged(
                f"{header.path} has {key} {header.values.get(key, 'missing')!r}, not {wanted!r}",
                remedy="hey-gemma models fetch, or name a Gemma 4 model with audio in the config",
            )
    width, projected = text.values.get("gemma4.embedding_length"), mmproj.values.get("clip.audio.projection_dim")
    if width != projected:
        raise ModelDamaged(
            f"{found.mmproj} makes rows of width {projected}, {found.text} reads {width}: they are of different models",
            remedy="use the mmproj that came with the text model: hey-gemma models fetch",
        )


def _looked(what: str, look: Callable[[], None]) -> Check:
    try:
        look()
    except HeyGemmaError as error:
        return Check(what, error.message, error.remedy)
    return Check(what)


def _check_bytes(
    entry: ModelEntry, file: ModelFile, directories: tuple[Path, ...] | None, meter: Meter, *, read: bool
) -> None:
    path = manifest.find(entry, file, directories)
    # An mmproj put here by hand has its vision part, and the manifest's sha256; ours has a receipt.
    wanted = _receipt(path).read_text().split()[0] if file.audio_only and _receipt(path).is_file() else file.sha256
    if not file.audio_only and path.stat().st_size != file.bytes:
        raise _damaged(entry, f"{path} has {path.stat().st_size} bytes, not {file.bytes}")
    if not wanted or not read:
        return
    with meter(f"reading {path.name}", path.stat().st_size) as advance:
        found = _sha256(path, advance)
    if found != wanted:
        raise _damaged(entry, f"{path} has sha256 {found[:12]}..., not {wanted[:12]}...")


def _check_template(path: Path, problem: Callable[[str], str | None]) -> None:
    template = chat_template(path)
    if template is not None and (text := problem(template)):
        raise ModelDamaged(
            f"our prompt differs from {path.name}'s own chat template: {text}",
            remedy="update Hey Gemma: the model may have been trained on another format",
        )


def _check_ear(found: ModelPaths, directory: Path, meter: Meter) -> None:
    ear = ear_path(found, directory)
    if (problem := ear_slice.problem(ear, found.text)) is not None:
        raise ModelDamaged(problem, remedy=ear_slice.REMEDY)
    with meter(f"reading {ear.name}", ear.stat().st_size) as advance:
        ear_slice.compare(ear, found.text, advance)


def _damaged(entry: ModelEntry, what: str) -> ModelDamaged:
    again = {
        Kind.SHIPPED: "install Hey Gemma again",
        Kind.FETCHED: f"remove it, then: hey-gemma models fetch {entry.name}",
        Kind.GENERATED: f"hey-gemma models {entry.name}",
    }
    return ModelDamaged(what, remedy=again[entry.kind])


def _need_space(directory: Path, files: list[ModelFile]) -> None:
    there = sum(p.stat().st_size for p in _parts(directory, files))
    peak = sum(f.bytes for f in files) + max((f.bytes for f in files if f.audio_only), default=0)
    place = next(p for p in (directory, *directory.parents) if p.exists())
    disk.need_space(place, peak - there)


def _parts(directory: Path, files: list[ModelFile]) -> Iterator[Path]:
    for file in files:
        name = (directory / file.file).name + (".whole" if file.audio_only else "")
        yield from (directory / file.file).parent.glob(f"{name}*")


def _receipt(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _sha256(path: Path, advance: Advance) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            advance(len(chunk))
    return digest.hexdigest()
