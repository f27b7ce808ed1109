"""What became of a call, and where the model's time went, as events. Pure."""

from assistant.events import ModelTimed, ToolCalled
from assistant.stages import Outcome, Timings


def called(outcome: Outcome, audio_ms: float, at_ms: float) -> ToolCalled:
    """One call that was carried out, or refused."""
    effects: list[dict[str, object]] = []
    for effect in outcome.effects:
        record: dict[str, object] = {"service": effect.service}
        if effect.entity_id is not None:
            record["entity_id"] = effect.entity_id
        if effect.data:
            record["data"] = dict(effect.data)
        effects.append(record)
    return ToolCalled(
        audio_ms, at_ms, outcome.call.name, dict(outcome.call.arguments), effects, outcome.ok, outcome.error,
        outcome.allowed_by,
    )  # fmt: skip


def timed(spent: Timings, audio_ms: float, at_ms: float) -> ModelTimed:
    """The time that one reply took."""
    return ModelTimed(
        audio_ms,
        at_ms,
        encode_ms=spent.encode_s * 1000,
        prefill_ms=spent.prefill_s * 1000,
        rows=spent.prefill_rows,
        decode_ms=spent.decode_s * 1000,
        tokens=spent.decoded_tokens,
        forced=spent.forced_tokens,
        behind_ms=spent.behind_s * 1000,
    )
