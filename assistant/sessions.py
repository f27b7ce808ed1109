"""What it takes to run one model of the manifest here: files, prompt, sampling, and whether it can listen ahead.

Knows no home and no conversation. The half-depth ear is cut at the first start, with progress.
"""

import logging
from pathlib import Path

from rich.console import Console

from assistant import board, manifest, weights
from assistant.config import ModelConfig
from assistant.errors import OutputError
from assistant.llm import memory_plan, self_test
from assistant.llm.engine import Threads
from assistant.llm.loading import ModelSpec
from assistant.llm.memory_plan import MemoryPlan
from assistant.llm.prompt import PromptProfile
from assistant.llm.sampling import SamplingProfile
from assistant.llm.verdict import Asked, Doubts
from assistant.places import cache_dir
from assistant.progress import meter

_LOG = logging.getLogger(__name__)


def spec(config: ModelConfig, model: manifest.ModelEntry, *, sure: bool = False) -> ModelSpec:
    """Say how to run `model`; `sure`: whatever it answers is no guess. Raises ModelError."""
    files = weights.paths(model)
    plan = _plan(config, model)
    ahead = config.listen_ahead and _can_listen_ahead(files)
    return ModelSpec(
        files.text,
        files.mmproj,
        PromptProfile(**model.prompt),
        SamplingProfile(**model.sampling),
        threads=Threads(config.prefill_threads, config.decode_threads),
        seed=config.seed,
        doubts=Doubts() if sure else _doubts(model),
        asked=Asked(**model.opinion),
        ear=_ear(files) if ahead and plan.ear else None,
        listen_ahead=ahead,
        plan=plan,
    )


def _plan(config: ModelConfig, model: manifest.ModelEntry) -> MemoryPlan:
    """How the model is held in memory: decided before it is loaded, and told. Raises ModelError where it can't be."""
    here = board.memory()
    chosen = memory_plan.choose(config.memory, here.total, here.available, weights.memory_sizes(model))
    if chosen.warning:
        _LOG.warning("%s; the plan is %s", chosen.warning, chosen.plan.name)
    _LOG.info("memory plan %s: %.1f GB", chosen.plan.name, chosen.needed / 1e9)
    return chosen.plan


def _doubts(model: manifest.ModelEntry) -> Doubts:
    told = model.thresholds
    return Doubts(
        frozenset(told.get("unsure_replies", ())),
        float(told.get("call_confidence", 0.0)),
        sure=float(told.get("sure_confidence", 0.0)),
    )


def _can_listen_ahead(files: weights.ModelPaths) -> bool:
    """Whether sound can be encoded while it comes; said loudly if not, for answers come seconds later then."""
    problem = self_test.works(files.mmproj)
    if problem is not None:
        _LOG.warning("can't listen ahead, answers will be slow: %s", problem)
    return problem is None


def _ear(files: weights.ModelPaths) -> Path | None:
    """The text model's half-depth copy, made at the first start. None: none can be had."""
    try:
        return weights.prepared_ear(files, cache_dir(), meter(Console(stderr=True)))
    except OutputError as e:
        _LOG.warning("no room for the ear, answers will be slow: %s. What to do: %s", e.message, e.remedy)
        return None
