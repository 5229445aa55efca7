"""The theatres: today's programme, what runs, what was added as urgent, what was cancelled."""

from collections.abc import Sequence

from centre.flows.answers import TheatreCounts, TheatreFlow
from serving.interface.live_record import DAY, LiveRecord, Row
from serving.interface.requests import moment

__all__ = ["theatre_flow"]

LONGEST_OPERATION = 2 * DAY
"""An operation that nobody ended does not run for ever; the contract's longest lasts as long."""


def theatre_flow(record: LiveRecord) -> TheatreFlow:
    """The theatres at the record's instant."""
    operations, heard = record.tables["operations"], record.heard_at("operations")
    names = sorted({str(o["room"]) for o in operations if o.get("room") is not None})
    return TheatreFlow(
        heard_at=None if heard is None else moment(heard),
        total=_counts(record, None, operations),
        rooms=tuple(_counts(record, n, [o for o in operations if o.get("room") == n]) for n in names),
    )


def _counts(record: LiveRecord, room: str | None, operations: Sequence[Row]) -> TheatreCounts:
    at, (midnight, next_midnight) = record.at, record.day
    today = [o for o in operations if midnight <= o["planned_at"] < next_midnight and o["booked_at"] <= at]
    programme = [o for o in today if not _is_cancelled(o, at)]
    begun = record.gives("operations", "started_at")
    ends = begun and record.gives("operations", "ended_at")

    def where(known: bool, count: int) -> int | None:
        return count if known and record.tables["operations"] else None

    return TheatreCounts(
        room=room,
        programme=where(True, len(programme)),
        urgent=where(record.gives("operations", "urgent"), sum(o.get("urgent") == "yes" for o in programme)),
        running=where(ends, sum(_is_running(o, at) for o in operations)),
        ended=where(ends, sum(_happened(o, "ended_at", at) for o in programme)),
        late=where(
            begun, sum(o["planned_at"] < at and not _happened(o, "started_at", at) for o in programme)
        ),
        cancelled=where(record.gives("operations", "cancelled_at"), len(today) - len(programme)),
    )


def _happened(operation: Row, name: str, at: int) -> bool:
    return operation.get(name) is not None and bool(operation[name] <= at)


def _is_cancelled(operation: Row, at: int) -> bool:
    """Cancelled, and not begun all the same."""
    return _happened(operation, "cancelled_at", at) and not _happened(operation, "started_at", at)


def _is_running(operation: Row, at: int) -> bool:
    begun = _happened(operation, "started_at", at) and not _happened(operation, "ended_at", at)
    return begun and bool(at - operation["started_at"] <= LONGEST_OPERATION)
