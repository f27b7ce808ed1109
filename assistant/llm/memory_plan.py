"""How a model is held in this machine's memory: the quickest way that fits it. Pure.

Knows sizes, no files and no clock. Two things make a model quick and cost memory: the ear, a second decoder of half the
depth, and weights that are rearranged for the processor. What is rearranged isn't read from the file any more, so it
isn't needed twice; but it can't be let go of, either, as pages of the file can. docs/RESULTS.md has the figures.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from assistant.errors import ModelError

AUTO = "auto"
PROGRAM_BYTES = 280_000_000  # Python, wake word and voice
# A decoder's cache of 4,096 cells and what it computes in, as shares of its weights: measured with E2B's shapes.
WORK_SHARE, EAR_WORK_SHARE = 0.2, 0.4
SYSTEM_BYTES = 350_000_000  # the kernel, and what runs on a system without a desktop
OUTSIDE = "per_layer_token_embd.weight"  # a row of it is read for each token, from the disk if need be


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """`ear`: listen with the half-depth copy; `repack_main`, `repack_ear`: keep the weights rearranged."""

    name: str
    ear: bool
    repack_main: bool
    repack_ear: bool


FULL = MemoryPlan("full", ear=True, repack_main=True, repack_ear=True)
NO_EAR = MemoryPlan("no_ear", ear=False, repack_main=True, repack_ear=False)
MAPPED = MemoryPlan("mapped", ear=False, repack_main=False, repack_ear=False)
PLANS = (FULL, NO_EAR, MAPPED)  # the quickest first


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes that a turn needs of the decoder, of the ear, and of the audio encoder."""

    decoder: int
    ear: int
    encoder: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """A plan, the bytes that it needs, and what is wrong with it here; empty: nothing."""

    plan: MemoryPlan
    needed: int
    warning: str = ""


def sizes_of(tensors: Iterable[tuple[str, int]], own_layers: int, encoder: int) -> Sizes:
    """From the decoder's tensors, name and bytes, and how many of its layers the ear has."""
    decoder = ear = 0
    for name, nbytes in tensors:
        decoder += nbytes if name != OUTSIDE else 0
        layer = name.split(".")[1]
        ear += nbytes if name.startswith("blk.") and int(layer) < own_layers else 0
    return Sizes(decoder, ear, encoder)


def needed(plan: MemoryPlan, sizes: Sizes) -> int:
    """Bytes of memory that a turn goes through again and again. The rest of the files is read once, or by the row."""
    own = (1 + WORK_SHARE) * sizes.decoder + sizes.encoder + PROGRAM_BYTES
    return round(own + (1 + EAR_WORK_SHARE) * sizes.ear * plan.ear)


def choose(wanted: str, total: int, available: int, sizes: Sizes) -> Chosen:
    """Give the plan called `wanted`, or for "auto" the quickest that fits. Raises ModelError where none can.

    `total`: bytes that this machine has, or that we may have of it; `available`: not in use by others now.
    """
    named = next((plan for plan in PLANS if plan.name == wanted), None)
    if named is not None:
        need = needed(named, sizes)
        fits = need + SYSTEM_BYTES <= total
        return Chosen(named, need, "" if fits else f"{_of(total)}, and model.memory = {wanted!r} needs {_gb(need)}")
    found = [Chosen(plan, needed(plan, sizes)) for plan in PLANS]
    held = [chosen for chosen in found if chosen.needed + SYSTEM_BYTES <= total]
    if not held:
        least = _gb(found[-1].needed + SYSTEM_BYTES)
        raise ModelError(
            f"{_of(total)}; this model needs {least} with the system",
            remedy='use a board with more, or put  name = "tiny"  under [model] in the config',
        )
    for chosen in held:
        if chosen.needed <= available:
            return chosen
    told = f"only {_gb(available)} of memory are free, {_gb(held[-1].needed)} are needed: answers may wait for the disk"
    return Chosen(held[-1].plan, held[-1].needed, told)


def _of(total: int) -> str:
    return f"this machine has {_gb(total)} of memory"


def _gb(nbytes: int) -> str:
    return f"{nbytes / 1e9:.1f} GB"
