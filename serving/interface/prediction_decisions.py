"""What people decided on predictions, for what shows it beside decisions of another kind."""

from collections.abc import Sequence

from serving.forecasting.decision_record import page
from serving.gateway.endpoint import Call
from serving.messages.record_bodies import Decision

__all__ = ["Decision", "prediction_decisions"]


def prediction_decisions(call: Call, prediction_id: str | None, after: int, limit: int) -> Sequence[Decision]:
    """In the order of their journal entries, those after one; who may see their own only sees those."""
    with call.parts.engine.connect() as connection:
        found = page(connection, call.caller, prediction_id=prediction_id, after=after, limit=limit)
    return found.decisions
