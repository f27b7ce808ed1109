"""Fetching, generating, checking and listing models, with small files in the shapes of the real ones."""

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from gguf import GGUFReader

from assistant import disk, manifest, verify, weights
from assistant.download import Remote
from assistant.errors import ModelMissing, OutputError, UsageError
from assistant.gguf import gguf_file, shape
from assistant.gguf.gguf_file import NewTensor, encode
from assistant.manifest import Kind, Manifest, ModelEntry, ModelFile
from assistant.progress import Advance


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="session")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text model with a chat template, and an mmproj with a vision part, as they lie on a server."""
    directory = tmp_path_factory.mktemp("upstream")
    shape.write_shape(directory / "plain.gguf", directory / "audio.gguf", shape.MINI)
    for source, target, more, tensors in (
        ("plain.gguf", "text.gguf", {"tokenizer.chat_template": encode("{{ bos_token }}")}, []),
        (
            "audio.gguf",
            "mmproj.gguf",
            {"clip.has_vision_encoder": encode(value=True), "clip.vision.block_count": encode(16)},
            [NewTensor("v.blk.0.attn_q.weight", (8,), "F32", lambda: [bytes(32)])],
        ),
    ):
        header = gguf_file.read_header(directory / source)
        fields = {key: header.encoded(key) for key in header.spans} | more
        whole = (directory / source).read_bytes()[header.data_start :]

        def data(start: int, size: int, whole: bytes = whole) -> Callable[[], list[bytes]]:
            return lambda: [whole[start : start + size]]

        old = [NewTensor(t.name, t.shape, t.type, data(t.offset, t.nbytes)) for t in header.tensors]
        gguf_file.write(directory / target, fields, [*tensors, *old], lambda _: None)
    return directory


@pytest.fixture
def entry(upstream: Path) -> ModelEntry:
    text, mmproj = (
        ModelFile(f"e2b/{name}", (upstream / source).stat().st_size, sha256(upstream / source), f"http://x/{source}")
        for name, source in (("text.gguf", "text.gguf"), ("audio.gguf", "mmproj.gguf"))
    )
    return ModelEntry("small", Kind.FETCHED, "Apache-2.0", text, dataclasses.replace(mmproj, audio_only=True), "e2b")


@dataclasses.dataclass
class Upstream:
    """Stands in for the network: copies from a directory, and remembers what was asked for."""

    directory: Path
    asked: list[str] = dataclasses.field(default_factory=list)

    def __call__(self, remote: Remote, target: Path, advance: Advance) -> None:
        name = remote.url.rpartition("/")[2]
        self.asked.append(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((self.directory / name).read_bytes())
        advance(remote.bytes)


@pytest.fixture
def net(upstream: Path) -> Upstream:
    return Upstream(upstream)


@pytest.fixture
def fetched(entry: ModelEntry, net: Upstream, tmp_path: Path) -> Path:
    """A data directory with the whole model."""
    weights.fetch(entry, tmp_path, via=net)
    return tmp_path


def problems(entry: ModelEntry, directory: Path) -> dict[str, str]:
    verdict = verify.verify(entry, (directory,))
    assert verdict.ok == (not any(check.problem for check in verdict.checks))
    assert all(check.remedy for check in verdict.checks if check.problem)
    return {check.what: check.problem for check in verdict.checks if check.problem}


def test_a_fetched_model_is_right(entry: ModelEntry, fetched: Path) -> None:
    verdict = verify.verify(entry, (fetched,))
    assert verdict.ok
    assert [check.what for check in verdict.checks] == ["text.gguf", "audio.gguf", "architecture and width", "prompt"]


def test_only_the_audio_part_of_an_mmproj_stays(fetched: Path, upstream: Path) -> None:
    assert sorted(p.name for p in (fetched / "e2b").iterdir()) == ["audio.gguf", "audio.gguf.sha256", "text.gguf"]
    kept, whole = (GGUFReader(p) for p in (fetched / "e2b" / "audio.gguf", upstream / "audio.gguf"))
    assert [t.name for t in kept.tensors] == [t.name for t in whole.tensors]
    for ours, theirs in zip(kept.tensors, whole.tensors, strict=True):
        assert ours.data.tobytes() == theirs.data.tobytes()
    assert not [key for key in kept.fields if "vision" in key]
    assert kept.fields["clip.audio.projector_type"].contents() == "gemma4a"


def test_what_is_there_is_not_fetched_again(entry: ModelEntry, fetched: Path, net: Upstream) -> None:
    net.asked.clear()
    (fetched / entry.mmproj.file).unlink()
    weights.fetch(entry, fetched, via=net)
    assert net.asked == ["mmproj.gguf"]


def test_a_whole_mmproj_left_by_an_interrupted_fetch_is_used(
    entry: ModelEntry, fetched: Path, net: Upstream, upstream: Path
) -> None:
    net.asked.clear()
    (fetched / entry.mmproj.file).rename(fetched / "e2b" / "moved")
    (fetched / "e2b" / "audio.gguf.whole").write_bytes((upstream / "mmproj.gguf").read_bytes())
    weights.fetch(entry, fetched, via=net)
    assert net.asked == []
    assert verify.verify(entry, (fetched,)).ok


def test_a_full_disk_is_said_before_the_first_byte(
    entry: ModelEntry, net: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room for both files is not enough: the smaller copy of the mmproj lies beside the whole one for a moment."""
    needed: list[int] = []
    monkeypatch.setattr(disk, "need_space", lambda _place, nbytes: needed.append(nbytes))
    weights.fetch(entry, tmp_path / "a", via=net)
    assert needed[0] == entry.text.bytes + 2 * entry.mmproj.bytes
    monkeypatch.undo()
    net.asked.clear()
    with pytest.raises(OutputError):
        weights.fetch(dataclasses.replace(entry, text=ModelFile("t", 10**18, "", "http://x/t")), tmp_path, via=net)
    assert net.asked == []


def test_a_model_that_is_not_fetched_says_so(entry: ModelEntry, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        weights.fetch(dataclasses.replace(entry, kind=Kind.SHIPPED), tmp_path)
    with pytest.raises(UsageError):
        weights.generate(entry, tmp_path)


def test_a_generated_model_is_right(entry: ModelEntry, tmp_path: Path) -> None:
    files = weights.generate(dataclasses.replace(entry, kind=Kind.GENERATED), tmp_path, dims=shape.MINI)
    text = dataclasses.replace(entry.text, bytes=files.text.stat().st_size, sha256="")
    mmproj = dataclasses.replace(entry.mmproj, bytes=files.mmproj.stat().st_size, sha256="", audio_only=False)
    made = dataclasses.replace(entry, kind=Kind.GENERATED, text=text, mmproj=mmproj)
    assert problems(made, tmp_path) == {}


def test_a_changed_byte_is_found(entry: ModelEntry, fetched: Path) -> None:
    for file in (entry.text, entry.mmproj):
        path = fetched / file.file
        content = bytearray(path.read_bytes())
        content[-100] ^= 1
        path.write_bytes(content)
    found = problems(entry, fetched)
    assert set(found) == {"text.gguf", "audio.gguf"}
    assert all("sha256" in problem for problem in found.values())


def test_a_truncated_file_is_found(entry: ModelEntry, fetched: Path) -> None:
    path = fetched / entry.text.file
    path.write_bytes(path.read_bytes()[:-1000])
    assert set(problems(entry, fetched)) == {"text.gguf", "architecture and width"}


def test_a_missing_file_is_found(entry: ModelEntry, fetched: Path) -> None:
    (fetched / entry.text.file).unlink()
    found = verify.verify(entry, (fetched,)).checks[0]
    assert "is not in" in found.problem
    assert found.remedy == "hey-gemma models fetch e2b"


def test_an_mmproj_put_there_by_hand_passes_whole(entry: ModelEntry, fetched: Path, upstream: Path) -> None:
    (fetched / entry.mmproj.file).write_bytes((upstream / "mmproj.gguf").read_bytes())
    (fetched / "e2b" / "audio.gguf.sha256").unlink()
    assert problems(entry, fetched) == {}


def test_the_models_own_template_is_compared(entry: ModelEntry, fetched: Path) -> None:
    seen: list[str] = []

    def problem(template: str) -> str:
        seen.append(template)
        return "it thinks"

    verdict = verify.verify(entry, (fetched,), template_problem=problem)
    assert seen == ["{{ bos_token }}"]
    assert "it thinks" in verdict.checks[-1].problem
    assert not verdict.ok


def test_a_table_of_models(entry: ModelEntry, fetched: Path) -> None:
    absent = dataclasses.replace(entry, name="absent", text=dataclasses.replace(entry.text, file="no/no.gguf"))
    there, away = weights.listing(Manifest({"e2b": entry, "absent": absent}), (fetched,))
    assert (there.name, there.path, there.licence) == ("e2b", fetched / "e2b", "Apache-2.0")
    assert there.bytes == entry.text.bytes + (fetched / entry.mmproj.file).stat().st_size
    assert (away.path, away.bytes) == (None, entry.text.bytes + entry.mmproj.bytes)


def test_paths_of_a_missing_model_say_what_to_type(entry: ModelEntry, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        weights.paths(entry, (tmp_path,))


def test_the_shipped_manifest_can_be_listed(tmp_path: Path) -> None:
    rows = weights.listing(manifest.load(), (tmp_path,))
    assert [row.name for row in rows] == ["tiny", "e2b", "shape"]
    assert rows[1].path is None
