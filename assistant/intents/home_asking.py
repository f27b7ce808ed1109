"""Services are asked for, once, and the states watched: what was seen to change, and else what is known.

Knows no names but those it is given. After two seconds it stops to watch; an answer that comes later is forgotten, not
asked for again. From call to seen state: 2 ms on a real server on the same machine.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from assistant.intents.alike import plural
from assistant.intents.home_change import seen
from assistant.intents.home_states import State
from assistant.intents.home_wire import Declined, Wire
from assistant.intents.names import Entity
from assistant.intents.words import listing
from assistant.stages import Effect

SEEN_WITHIN_S = 2.0
ANSWER_WITHIN_S = 3.0
_KNOWN = {
    "not_seen": "I asked, but it hasn't changed yet.",
    "no_answer": "I asked, but the home hasn't answered yet.",
    "connection_lost": "I lost the home while asking. I don't know whether it happened.",
    "declined": "The home refused that.",
    "cannot_tell": "I asked. It never tells whether it happened.",
}


async def ask(
    wire: Wire, effects: Sequence[Effect], before: Mapping[str, State | None], within_s: float = SEEN_WITHIN_S
) -> tuple[list[Effect], str | None]:
    """Call the services: the effects that weren't seen, and why not.

    Reasons: not_seen, no_answer, connection_lost, declined, cannot_tell (of a thing that never reports a state).
    `before`: the states before the call, by entity id.
    """
    asking = [asyncio.create_task(wire.service(same, ANSWER_WITHIN_S)) for same in _together(effects)]
    for task in asking:
        task.add_done_callback(lambda _: wire.news.tell())
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not _settled(wire, effects, before, asking):
                    await wire.news.wait()
        missing = _missing(wire, effects, before, asking)
        return missing, _why(wire, missing, asking) if missing else None
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


def unseen(missing: Sequence[Effect], targets: Sequence[Entity], error: str) -> str:
    """What to say of effects that weren't seen."""
    if error != "not_seen" or len(targets) == 1:
        return _KNOWN[error]
    names = [e.name for e in targets if e.id in {effect.entity_id for effect in missing}]
    if len(names) > 3:
        return f"I asked, but {len(names)} of them haven't changed yet."
    have = "has" if len(names) == 1 and not plural(names[0]) else "have"
    return f"I asked, but the {listing(names)} {have}n't changed yet."


def _together(effects: Sequence[Effect]) -> list[list[Effect]]:
    """Effects that one service call can ask for: the same service with the same data."""
    alike: dict[str, list[Effect]] = {}
    for effect in effects:
        alike.setdefault(f"{effect.service} {sorted(effect.data.items())}", []).append(effect)
    return list(alike.values())


def _settled(
    wire: Wire,
    effects: Sequence[Effect],
    before: Mapping[str, State | None],
    asking: Sequence[asyncio.Task[None]],
) -> bool:
    """Whether waiting any longer shows nothing more."""
    if not wire.ready or any(map(_failure, asking)):
        return True
    missing = _missing(wire, effects, before, asking)
    return all(task.done() for task in asking) and not any(wire.tells(str(e.entity_id)) for e in missing)


def _missing(
    wire: Wire,
    effects: Sequence[Effect],
    before: Mapping[str, State | None],
    asking: Sequence[asyncio.Task[None]],
) -> list[Effect]:
    """What wasn't seen yet. A thing that already was as wanted needs the home's yes, or a newer report."""
    answered = wire.yes_is_done and all(task.done() and _failure(task) is None for task in asking)
    missing = []
    for effect in effects:
        was, now = before[str(effect.entity_id)], wire.states.of(str(effect.entity_id))
        newer = now is not None and (was is None or now.report > was.report)
        if not (seen(effect, was, now) and (answered or newer)):
            missing.append(effect)
    return missing


def _failure(task: asyncio.Task[None]) -> BaseException | None:
    if not task.done():
        return None
    return asyncio.CancelledError() if task.cancelled() else task.exception()


def _why(wire: Wire, missing: Sequence[Effect], asking: Sequence[asyncio.Task[None]]) -> str:
    failures = [failure for task in asking if (failure := _failure(task)) is not None]
    if any(isinstance(failure, Declined) for failure in failures):
        return "declined"
    if not wire.ready or any(not isinstance(failure, TimeoutError) for failure in failures):
        return "connection_lost"
    if failures or not all(task.done() for task in asking):
        return "no_answer"
    return "not_seen" if any(wire.tells(str(e.entity_id)) for e in missing) else "cannot_tell"
