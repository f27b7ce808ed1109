"""The models' files: fetch them, generate the one without sense, cut their ears, list them.

Knows the manifest; loads no model. Whether the files are right, verify.py says.
"""

import contextlib
import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant import disk, download, manifest
from assistant.errors import ModelMissing, UsageError
from assistant.gguf import ear_slice, gguf_file, shape
from assistant.llm.memory_plan import Sizes, sizes_of
from assistant.manifest import VOCABULARY, Kind, Manifest, ModelEntry, ModelFile
from assistant.places import models_dir
from assistant.progress import Advance, Meter, silent

_LOG = logging.getLogger(__name__)

Fetch = Callable[[download.Remote, Path, Advance], None]


@dataclass(frozen=True, slots=True)
class ModelPaths:
    """Where a model's two files are."""

    text: Path
    mmproj: Path


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
    receipt(target).write_text(f"{sha256(target)}  {target.name}\n", encoding="ascii")


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


def _need_space(directory: Path, files: list[ModelFile]) -> None:
    there = sum(p.stat().st_size for p in _parts(directory, files))
    peak = sum(f.bytes for f in files) + max((f.bytes for f in files if f.audio_only), default=0)
    place = next(p for p in (directory, *directory.parents) if p.exists())
    disk.need_space(place, peak - there)


def _parts(directory: Path, files: list[ModelFile]) -> Iterator[Path]:
    for file in files:
        name = (directory / file.file).name + (".whole" if file.audio_only else "")
        yield from (directory / file.file).parent.glob(f"{name}*")


def receipt(path: Path) -> Path:
    """The file beside a cut mmproj that has its sha256, as `keep_audio` writes it."""
    return path.with_name(path.name + ".sha256")


def sha256(path: Path, advance: Advance = lambda _: None) -> str:
    """Of a whole file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            advance(len(chunk))
    return digest.hexdigest()
