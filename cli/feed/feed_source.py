"""What is replayed: a folder of tables, or a simulated day, as rows that an application would have sent."""

import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hospital.arrays import Array
from hospital.ingest.event_columns import columns_of
from hospital.ingest.hospital_reader import read_hospital
from hospital.mapping.checked_mapping import Mapping
from hospital.times import instant, start_of_day

__all__ = ["FeedSource", "SimulatedDay", "folder_source", "simulated_source"]

WARM_UP_DAYS = 14
"""Days that a simulated hospital ran before its day: its units are as full as they usually are."""
_ZONE = ZoneInfo("Europe/Paris")
_AHEAD_DAYS = 2  # from any hour of the day on, 24 hours are there
_NOT_PUBLISHED = ("units", "staffing")
"""Tables that say what was planned: they neither begin nor end a replay."""


@dataclass(frozen=True)
class SimulatedDay:
    """A day of a simulated hospital.

    Attributes:
        busy: by what arrivals of the day are multiplied.
    """

    day: date
    seed: int = 1
    scale: float = 1.0
    busy: float = 1.4


@dataclass(frozen=True)
class FeedSource:
    """Rows with their receptions.

    Attributes:
        columns: by table, arrays of one row a version; times int64 instants.
        audit: the attributes that are sent under ``audit``.
        sent_ids: the id of each pseudonym as the hospital has it.
        digest: of what is replayed.
        first, last: instants of the first and the last reception that is news, not a plan.
        zone: of the hospital's clock.
        begin: where the replay should begin, or None: where it is full.
    """

    columns: dict[str, dict[str, Array]]
    audit: tuple[str, ...]
    sent_ids: dict[str, str] = field(repr=False)
    digest: str
    first: int
    last: int
    zone: ZoneInfo
    begin: int | None = None


def folder_source(path: Path, mapping: Mapping | None, begin: int | None = None) -> FeedSource:
    """The tables of a folder or file.

    Args:
        begin: instant.

    Raises:
        VigieError: they are wrong, with every fault.
    """
    sent_ids: dict[str, str] = {}
    tables = read_hospital(path, mapping, secrets.token_bytes(32), sent_ids=sent_ids)
    columns = {name: columns_of(frame, name) for name, frame in tables.tables.items()}
    received = [c["received_at"] for name, c in columns.items() if name not in _NOT_PUBLISHED]
    return FeedSource(
        columns,
        tables.audit_attributes,
        sent_ids,
        tables.source_digest,
        min(int(r.min()) for r in received),
        max(int(r.max()) for r in received),
        tables.zone,
        begin,
    )


def simulated_source(simulated: SimulatedDay, progress: Callable[[float], None]) -> FeedSource:
    """A simulated day, after the days that bring its hospital to its usual fullness."""
    from hospital.simulator import Shift, simulate, write

    start = simulated.day - timedelta(days=WARM_UP_DAYS)
    tables = simulate(
        WARM_UP_DAYS + _AHEAD_DAYS,
        seed=simulated.seed,
        start=start,
        scale=simulated.scale,
        shift=Shift(simulated.busy, WARM_UP_DAYS),
        progress=progress,
    )
    with tempfile.TemporaryDirectory() as folder:
        write(tables, folder)
        source = folder_source(Path(folder), None)
    return replace(source, begin=instant(start_of_day(simulated.day, _ZONE)))
