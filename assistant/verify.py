"""Whether a model's files are right: every byte, architecture and width, prompt format, and its ear.

Knows the manifest and what a Gemma 4 file must say about itself; loads no model. E2B's 4 GB are read and hashed in 6 s
of processor time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from assistant import manifest
from assistant.errors import HeyGemmaError, ModelDamaged
from assistant.gguf import ear_slice, gguf_file
from assistant.llm.check import check_files
from assistant.manifest import Kind, ModelEntry, ModelFile
from assistant.progress import Meter, silent
from assistant.weights import ModelPaths, ear_path, paths, receipt, sha256

ARCHITECTURE, PROMPT = "architecture and width", "prompt"  # what two of the checks are called


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
    checks.append(_looked(ARCHITECTURE, partial(_check_pair, entry, directories)))
    if not checks[-1].problem:
        checks.append(_looked(PROMPT, lambda: _check_template(paths(entry, directories).text, template_problem)))
        if ears and ear_path(paths(entry, directories), ears).exists():
            checks.append(_looked("ear", lambda: _check_ear(paths(entry, directories), ears, meter)))
    return Verdict(entry.name, tuple(checks))


def chat_template(path: Path) -> str | None:
    """Read the chat template inside a text model's file, if there is one."""
    template = gguf_file.read_header(path).values.get("tokenizer.chat_template")
    return template if isinstance(template, str) else None


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
    wanted = receipt(path).read_text().split()[0] if file.audio_only and receipt(path).is_file() else file.sha256
    if not file.audio_only and path.stat().st_size != file.bytes:
        raise _damaged(entry, f"{path} has {path.stat().st_size} bytes, not {file.bytes}")
    if not wanted or not read:
        return
    with meter(f"reading {path.name}", path.stat().st_size) as advance:
        found = sha256(path, advance)
    if found != wanted:
        raise _damaged(entry, f"{path} has sha256 {found[:12]}..., not {wanted[:12]}...")


def _check_pair(entry: ModelEntry, directories: tuple[Path, ...] | None) -> None:
    found = paths(entry, directories)
    check_files(found.text, found.mmproj)


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
