"""The three flows together."""

from centre.flows.answers import FlowsAnswer
from centre.flows.beds import beds_flow
from centre.flows.emergency import emergency_flow
from centre.flows.theatres import theatre_flow
from serving.interface.live_record import LiveRecord
from serving.interface.requests import moment

__all__ = ["flows_of"]


def flows_of(record: LiveRecord) -> FlowsAnswer:
    """The flows as they were known at the record's instant."""
    return FlowsAnswer(
        as_of=moment(record.at),
        emergency=emergency_flow(record),
        beds=beds_flow(record),
        theatres=theatre_flow(record),
    )
