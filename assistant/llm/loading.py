"""A model's files -> decoders, encoder, and a conversation with its prefix in the cache. It takes seconds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path

from assistant.llm import prompt
from assistant.llm.conformer import Conformer
from assistant.llm.engine import Engine, Threads
from assistant.llm.grammar import Grammar
from assistant.llm.ledger import Ledger
from assistant.llm.memory_plan import FULL, MemoryPlan
from assistant.llm.prefix_cache import PrefixCache, identity
from assistant.llm.prompt import PromptProfile
from assistant.llm.sampling import Chooser, Sampler, SamplingProfile, Script
from assistant.llm.verdict import Asked, Doubts
from assistant.stages import Tool


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model to run: its files, what `models/manifest.toml` says of it, and how much of the machine it may use.

    `ear` is the text model's half-depth copy; `listen_ahead`: encode sound while it comes.
    """

    model: Path
    mmproj: Path
    prompt: PromptProfile
    sampling: SamplingProfile = field(default_factory=SamplingProfile)
    context: int = 4096
    threads: Threads = field(default_factory=Threads)
    seed: int = 0
    doubts: Doubts = field(default_factory=Doubts)
    asked: Asked = field(default_factory=Asked)
    ear: Path | None = None
    listen_ahead: bool = False
    plan: MemoryPlan = FULL


def load(
    spec: ModelSpec,
    prefix: str,
    *,
    cache_dir: Path | None,
    now_s: Callable[[], float],
    script: str | None,
    legal: Sequence[Tool],
) -> tuple[Engine, Ledger]:
    """Load the model and prefill the prefix. Raises ModelMissing, ModelDamaged or ConfigError, and frees everything."""
    engine = Engine(spec.model, spec.mmproj, context=spec.context, threads=spec.threads, ear=spec.ear, plan=spec.plan)
    encoder: Conformer | None = None
    try:
        encoder = Conformer(spec.mmproj) if spec.listen_ahead else None
        ledger = Ledger(
            engine,
            spec.prompt,
            _chooser(spec, engine, script),
            max_tokens=spec.sampling.max_tokens,
            now_s=now_s,
            encoder=encoder,
            grammar=Grammar(legal, engine.vocabulary.tokenize) if legal else None,
        )
        ledger.prepare(prefix, PrefixCache(cache_dir) if cache_dir else None, identity(spec.model))
    except BaseException:
        if encoder is not None:
            encoder.close()
        engine.close()
        raise
    return engine, ledger


def _chooser(spec: ModelSpec, engine: Engine, script: str | None) -> Chooser:
    words = engine.vocabulary
    if script is not None:
        return Script(repeat(words.tokenize(script)))
    return Sampler(spec.sampling, words.control(prompt.TOOL_CALL), spec.seed)
