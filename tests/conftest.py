"""Fixtures that several modules' tests share: models that are small enough to be made on the spot."""

import lzma
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from assistant.gguf.shape import PRESETS, write_shape
from assistant.llm.engine import Engine, Threads
from assistant.manifest import VOCABULARY
from assistant.places import models_dir
from tests.real_home import Server

CONTEXT = 2048


@pytest.fixture(scope="session")
def mini(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Gemma 4's architecture in 6 MB of random weights: model and mmproj."""
    directory = tmp_path_factory.mktemp("mini")
    model, mmproj = directory / "text.gguf", directory / "mmproj.gguf"
    write_shape(model, mmproj, PRESETS["mini"])
    return model, mmproj


@pytest.fixture(scope="session")
def mini_engine(mini: tuple[Path, Path]) -> Iterator[Engine]:
    """The mini model, loaded once."""
    engine = Engine(*mini, context=CONTEXT, threads=Threads(1, 1))
    yield engine
    engine.close()


@pytest.fixture
def engine(mini_engine: Engine) -> Engine:
    """The mini model with an empty cache."""
    mini_engine.allow()
    for sequence in (0, 1):
        mini_engine.main.remove(0, sequence=sequence)
    return mini_engine


@pytest.fixture(scope="session")
def vocabulary_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gemma 4's real vocabulary and a bigger sibling's chat template (Apache-2.0), as llama.cpp ships them."""
    path = tmp_path_factory.mktemp("vocabulary") / "gemma-4.gguf"
    path.write_bytes(lzma.decompress((models_dir() / VOCABULARY).read_bytes()))
    return path


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A real home that is as the demo home's file says."""
    server = Server()
    await server.service("demo_home.reset")
    yield server
    await server.aclose()
