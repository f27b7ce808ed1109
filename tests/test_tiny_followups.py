"""What tiny learns to understand after an earlier turn: legal calls, one meaning, nothing without what it refers to."""

import random
from typing import Any

import pytest

from assistant.intents.deeds import Deeds
from assistant.intents.demo_home import DemoHome
from assistant.intents.router import Router
from assistant.llm.parse import read_call
from assistant.stages import Call
from models.tiny import wordings
from models.tiny.followups import Follow, draw, fits, target
from models.tiny.turns import CALL
from models.tiny.wordings import SORRY

LIGHT = '<|tool_call>call:HassTurnOn{name:<|"|>kitchen light<|"|>}<tool_call|><|tool_response>'
BLINDS = '<|tool_call>call:HassCloseCover{name:<|"|>office blinds<|"|>}<tool_call|><|tool_response>'


MUSIC = "<|tool_call>call:HassMediaNext{}<tool_call|><|tool_response>"


def drawn(count: int = 5_000, **more: Any) -> list[Follow]:
    rng = random.Random(4)  # noqa: S311
    return [draw(rng, **more) for _ in range(count)]


def said(text: str, after: str) -> Follow:
    return next(f for f in drawn(40_000) if (f.text, f.after) == (text, after))


@pytest.mark.parametrize(
    ("text", "after", "before", "wanted"),
    [
        ("a bit brighter", "light", LIGHT, 'HassAdjust{way:<|"|>up<|"|>}'),
        ("dim it", "light", LIGHT, 'HassAdjust{way:<|"|>down<|"|>}'),
        ("and the bedroom too", "another light", LIGHT, 'HassTurnOn{name:<|"|>bedroom light<|"|>}'),
        ("and the bedroom too", "another blind", BLINDS, 'HassCloseCover{name:<|"|>bedroom blinds<|"|>}'),
        ("undo that", "anything", None, "HassUndo{}"),
        ("repeat that", "anything", BLINDS, "HassRepeat{}"),
        ("louder", "music", MUSIC, 'HassAdjust{name:<|"|>music<|"|>,way:<|"|>up<|"|>}'),
        ("louder", "music", LIGHT, 'HassAdjust{name:<|"|>your volume<|"|>,way:<|"|>up<|"|>}'),
        ("a bit quieter", "music", None, 'HassAdjust{name:<|"|>your volume<|"|>,way:<|"|>down<|"|>}'),
    ],
)
def test_the_same_words_mean_what_came_before(text: str, after: str, before: str | None, wanted: str) -> None:
    assert target(said(text, after), before) == f"<|tool_call>call:{wanted}<tool_call|><|tool_response>"


def test_without_what_it_refers_to_nothing_is_done() -> None:
    """But "louder", which is about the assistant itself then."""
    for follow in drawn(500):
        if follow.after != "anything" and not {"louder", "quieter"} & set(follow.text.split()):
            assert target(follow, None) == f"{SORRY}<turn|>"
            assert target(follow, "<turn|>") == f"{SORRY}<turn|>"


def test_a_text_has_one_call_after_the_same_kind_of_turn() -> None:
    meaning: dict[tuple[str, str], Follow] = {}
    for follow in drawn(30_000):
        assert meaning.setdefault((follow.text, follow.after), follow).call == follow.call


def test_typed_numbers_are_digits() -> None:
    texts = [f.text for f in drawn(typed=True) if "by" in f.call.arguments]
    assert texts
    assert all(any(c.isdigit() for c in text) for text in texts)


def test_a_row_reads_back() -> None:
    for follow in drawn(200):
        assert Follow.of(follow.row()) == follow


async def test_the_demo_home_does_what_a_follow_up_asks() -> None:
    """After every kind of command, with what code knows of it: nothing fails but "brighter" at the end of a scale."""
    rng = random.Random(7)  # noqa: S311
    done = 0
    for follow in drawn(400):
        before = next(
            (s for _ in range(3_000) if fits(follow, (s := wordings.sample(rng)).target) and s.kind == "command"), None
        )
        assert before is not None, follow
        deeds = Deeds(lambda: 0.0)
        router = Router([DemoHome()], deeds=deeds)
        first = (await router.dispatch(_calls(before.target))).outcomes
        if not all(outcome.ok for outcome in first):
            continue
        router.said("Done.")
        (outcome,) = (await router.dispatch(_calls(target(follow, before.target)))).outcomes
        assert outcome.ok or outcome.error in {
            "off",
            "cannot_undo",
            "nothing_to_undo",
            "out_of_range",
            "unknown_state",
        }, (
            follow,
            before.target,
            outcome,
        )
        done += 1
    assert done > 250


def _calls(text: str) -> list[Call]:
    return [
        call
        for name, arguments in CALL.findall(text)
        if isinstance(call := read_call(f"call:{name}{{{arguments}}}"), Call)
    ]
