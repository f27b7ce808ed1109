"""Which plan a machine gets for a model; the sizes are those of E2B's shapes."""

import pytest

from assistant import manifest, weights
from assistant.errors import ModelError
from assistant.gguf import shape
from assistant.llm import memory_plan
from assistant.llm.memory_plan import AUTO, FULL, MAPPED, NO_EAR, PLANS, Sizes, choose, needed, sizes_of

GB = 1_000_000_000
E2B = Sizes(decoder=1_407_000_000, ear=318_000_000, encoder=327_000_000)  # as shape's files say, with a Q8_0 encoder
BF16 = Sizes(E2B.decoder, E2B.ear, 610_000_000)  # as Google's encoder is
TINY = Sizes(1_000_000, 500_000, 3_600_000)


@pytest.mark.parametrize(
    ("total", "available", "sizes", "plan"),
    [
        (8.2, 7.5, BF16, FULL),  # a board of 8 GB
        (4.0, 3.5, BF16, FULL),  # of 4 GB
        (4.0, 2.9, BF16, NO_EAR),  # with a Home Assistant beside it
        (4.0, 2.9, E2B, FULL),
        (3.0, 2.6, E2B, NO_EAR),  # a virtual machine
        (0.9, 0.7, TINY, FULL),
    ],
)
def test_a_machine_gets_the_quickest_plan_that_fits_it(
    total: float, available: float, sizes: Sizes, plan: memory_plan.MemoryPlan
) -> None:
    chosen = choose(AUTO, int(total * GB), int(available * GB), sizes)
    assert (chosen.plan, chosen.warning) == (plan, "")
    assert chosen.needed <= available * GB


def test_where_others_use_the_memory_the_weights_stay_in_the_file_and_that_is_said() -> None:
    chosen = choose(AUTO, 4 * GB, 1 * GB, E2B)
    assert chosen.plan is MAPPED
    assert "only 1.0 GB of memory are free, 2.3 GB are needed" in chosen.warning


@pytest.mark.parametrize("total", [2.05, 1.0, 0.0])
def test_a_board_that_cannot_hold_a_model_is_told_so(total: float) -> None:
    """Whatever is free now."""
    with pytest.raises(ModelError, match=f"has {total:.1f} GB of memory; this model needs 2.6 GB") as caught:
        choose(AUTO, int(total * GB), 8 * GB, E2B)
    assert 'name = "tiny"' in caught.value.remedy


def test_no_plan_is_ever_chosen_that_the_machine_cannot_hold() -> None:
    """Over all sizes, in steps of a tenth of a gigabyte."""
    for tenths in range(100):
        total = tenths * GB // 10
        for available in (0, total // 2, total):
            try:
                chosen = choose(AUTO, total, available, BF16)
            except ModelError:
                assert total < needed(MAPPED, BF16) + memory_plan.SYSTEM_BYTES
            else:
                assert chosen.needed + memory_plan.SYSTEM_BYTES <= total
                assert chosen.warning or chosen.needed <= available


def test_the_config_may_insist_and_is_warned() -> None:
    assert choose("mapped", 8 * GB, 8 * GB, E2B).plan is MAPPED
    insisted = choose("full", 2 * GB, 2 * GB, E2B)
    assert (insisted.plan, "'full' needs 2.7 GB" in insisted.warning) == (FULL, True)
    assert all(choose(plan.name, GB, GB, TINY).plan is plan for plan in PLANS)


def test_sizes_are_what_a_turn_goes_through() -> None:
    """E2B's shapes: all but the per-layer table, of which a row is read for each token."""
    tensors = shape.text_tensors(shape.E2B.text, shape.Types())
    sizes = sizes_of(((t.name, t.nbytes) for t in tensors), 15, 327_000_000)
    assert sizes.decoder == pytest.approx(E2B.decoder, rel=0.01)
    assert sizes.ear == pytest.approx(E2B.ear, rel=0.01)
    entry = manifest.load().entry("tiny")
    tiny = weights.memory_sizes(entry)
    assert 400_000 < tiny.ear < tiny.decoder < 1_600_000
    assert tiny.encoder == entry.mmproj.bytes == 5_369_824
