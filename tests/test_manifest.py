"""The manifest: what it says, and where files are looked for."""

import tomllib
from pathlib import Path

import pytest

from assistant import manifest
from assistant.errors import ModelMissing, UsageError
from assistant.manifest import Kind
from models import update_manifest

ROOT = Path(__file__).parent.parent


def test_every_model_is_complete() -> None:
    known = manifest.load()
    assert {name: entry.kind for name, entry in known.models.items()} == {
        "tiny": Kind.SHIPPED,
        "e2b": Kind.FETCHED,
        "shape": Kind.GENERATED,
    }
    for entry in known.models.values():
        assert entry.licence == "Apache-2.0"
    for file in (known.models["e2b"].text, known.models["e2b"].mmproj):
        assert len(file.sha256) == 64
        assert file.bytes > 900_000_000
        assert file.address.startswith("https://huggingface.co/google/")
        assert file.revision in file.address


def test_an_unknown_model_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        manifest.load().entry("e4b")
    assert "tiny, e2b, shape" in caught.value.remedy


def test_the_wheel_carries_every_file_that_the_product_needs() -> None:
    """What `models_dir` finds in a checkout must be in `assistant/data` of a wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    carried = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    shipped = [e for e in manifest.load().models.values() if e.kind is Kind.SHIPPED]
    for file in ("manifest.toml", manifest.VOCABULARY, *(f.file for e in shipped for f in (e.text, e.mmproj))):
        assert carried[f"models/{file}"] == f"assistant/data/{file}"


def test_the_manifest_has_the_figures_of_the_shipped_files() -> None:
    text = (ROOT / "models" / "manifest.toml").read_text()
    assert update_manifest.updated(text, ROOT / "models") == text


def test_figures_of_a_new_file_go_into_its_own_table(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"abc")
    text = (
        '[models.x]\nkind = "shipped"\n\n[models.x.text]\nfile = "no.gguf"\nbytes = 1\nsha256 = ""\n\n'
        '[models.x.mmproj]\nfile = "m.gguf"\nbytes = 0\nsha256 = "old"\n'
    )
    table = tomllib.loads(update_manifest.updated(text, tmp_path))["models"]["x"]
    assert table["text"] == {"file": "no.gguf", "bytes": 1, "sha256": ""}
    assert table["mmproj"]["bytes"] == 3
    assert table["mmproj"]["sha256"].startswith("ba7816bf8f01cfea")


def test_the_users_directory_comes_before_the_systems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(manifest, "SYSTEM_DIR", tmp_path / "system")
    user, system = manifest.data_dirs({"HOME": "/home/kim"})
    assert user == Path("/home/kim/.local/share/hey-gemma/models")
    assert system == tmp_path / "system"
    assert manifest.data_dirs({"HOME": "/home/kim", "XDG_DATA_HOME": "/data"})[0] == Path("/data/hey-gemma/models")


def test_new_models_go_to_the_system_where_it_is_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(manifest, "SYSTEM_DIR", tmp_path)
    assert manifest.writable_dir({"HOME": "/home/kim"}) == tmp_path
    assert manifest.writable_dir({"XDG_DATA_HOME": "/data"}) == Path("/data/hey-gemma/models")
    monkeypatch.setattr(manifest, "SYSTEM_DIR", tmp_path / "none")
    assert manifest.writable_dir({"HOME": "/home/kim"}) == Path("/home/kim/.local/share/hey-gemma/models")


def test_a_file_is_found_in_the_first_directory_that_has_it(tmp_path: Path) -> None:
    entry = manifest.load().entry("e2b")
    places = (tmp_path / "user", tmp_path / "system")
    with pytest.raises(ModelMissing) as caught:
        manifest.find(entry, entry.text, places)
    assert caught.value.remedy == "hey-gemma models fetch e2b"
    for place in reversed(places):
        (place / entry.text.file).parent.mkdir(parents=True)
        (place / entry.text.file).write_bytes(b"")
        assert manifest.find(entry, entry.text, places) == place / entry.text.file
