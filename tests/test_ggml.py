"""The ggml that llama-cpp-python installed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import ModelError
from assistant.llm import ggml
from assistant.llm.ggml import Graph, Memory, Processor, zeros


def test_no_other_file_binds_ggml() -> None:
    """So a new version of it has one file to be checked against."""
    sources = (Path(ggml.__file__).parent.parent).rglob("*.py")
    assert [path.name for path in sources if "libggml" in path.read_text(encoding="utf-8")] == ["ggml.py"]


@pytest.fixture
def fresh_load() -> Iterator[None]:
    """Let the next `load` look again."""
    ggml.load.cache_clear()
    yield
    ggml.load.cache_clear()


@pytest.mark.usefixtures("fresh_load")
@pytest.mark.parametrize("supported", [("0.3.37", "0.25.3"), ("0.3.36", "0.26.0")])
def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch, supported: tuple[str, str]) -> None:
    """The ABI may have changed: nothing is called."""
    monkeypatch.setattr(ggml, "SUPPORTED", supported)
    with pytest.raises(ModelError, match="hearing while you speak needs") as error:
        ggml.load()
    assert supported[0] in error.value.remedy


@pytest.mark.usefixtures("fresh_load")
def test_a_missing_function_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ggml._SIGNATURES, "ggml_no_such_function", (None,))
    with pytest.raises(ModelError, match="ggml_no_such_function"):
        ggml.load()


def test_memory_is_aligned() -> None:
    assert all(zeros(size).ctypes.data % ggml.ALIGNMENT == 0 for size in (1, 31, 32, 1000))


def floats(values: np.ndarray) -> Memory:
    memory = Memory(zeros(values.size * 4))
    memory.content.view(np.float32)[:] = values.ravel()
    return memory


def test_a_graph_computes_in_memory_that_python_owns() -> None:
    """Graphs take the memory in turns, until a larger one moves it."""
    a, b = np.arange(64.0).reshape(2, 32), np.arange(96.0).reshape(3, 32)
    inputs, others, output = floats(a), floats(b), floats(np.zeros((3, 2)))
    processor = Processor(1)
    small, large = Graph(8), Graph(8)
    product = small.mul_mat(small.tensor((32, 2), inputs), small.tensor((32, 3), others))
    small.expand(small.copy(product, small.tensor((2, 3), output)))
    large.expand(large.pad(large.tensor((32, 3), others), 1, 5000, 0))
    assert not processor.prepare(small)
    processor.compute(small)
    assert np.array_equal(output.content.view(np.float32).reshape(3, 2), b @ a.T)
    assert processor.prepare(large)
    for part in (small, large, processor, inputs, others, output):
        part.close()
