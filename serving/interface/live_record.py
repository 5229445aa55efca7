"""What was known of the hospital at an instant: of every row the version that was in force then.

Read from the stored observations and not from the state that features keep: a correction, late news and a time long
ago are one and the same question, and what is asked for is days, not the weeks that features look back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from hospital.contracts.tables import TABLES
from hospital.times import DAY, HOUR, instant, moment, start_of_day
from registry.record.observations import rows_known_at
from serving.gateway.service_parts import Parts

__all__ = ["DAY", "HOUR", "LiveRecord", "Row", "hospital_zone", "local_day", "record_at"]

LOOKBACK = 7 * DAY
"""What was over longer than this before the instant is not read."""
_ZONE = "Europe/Paris"

Row = Mapping[str, Any]
"""A row of the contracts: times as instants (int microseconds), what is missing left out; with ``received_at``."""


@dataclass(frozen=True)
class LiveRecord:
    """What was known at an instant.

    Attributes:
        at: the instant.
        zone: the hospital's.
        tables: by name every table of the contracts; what was over `LOOKBACK` before is left out.
    """

    at: int
    zone: ZoneInfo
    tables: Mapping[str, Sequence[Row]]

    @property
    def day(self) -> tuple[int, int]:
        """The first instants of the hospital's own day, by its clock, and of the next one."""
        today = moment(self.at).astimezone(self.zone).date()
        tomorrow = moment(instant(start_of_day(today, self.zone)) + 36 * HOUR).astimezone(self.zone).date()
        return instant(start_of_day(today, self.zone)), instant(start_of_day(tomorrow, self.zone))

    def heard_at(self, table: str) -> int | None:
        """Instant of the last reception of a table; None: of nothing that still matters."""
        return max((int(row["received_at"]) for row in self.tables[table]), default=None)

    def gives(self, table: str, column: str) -> bool:
        """Whether the hospital fills a column of a table: where it does not, what follows from it is not known."""
        return any(row.get(column) is not None for row in self.tables[table])


def record_at(parts: Parts, at: int, known_at: int | None = None) -> LiveRecord:
    """What was so at an instant, not after now, as it was known then, or at a later instant."""
    known_at = at if known_at is None else known_at
    zone = hospital_zone(parts)
    with parts.engine.connect() as connection:
        tables = {name: rows_known_at(connection, name, known_at, since=at - LOOKBACK) for name in TABLES}
    return LiveRecord(at, zone, tables)


def hospital_zone(parts: Parts) -> ZoneInfo:
    """The hospital's clock."""
    released = [s.loaded for s in parts.releases.states.values() if s.loaded is not None]
    return ZoneInfo(released[0].zone if released else _ZONE)


def local_day(parts: Parts, at: int) -> date:
    """The hospital's day in which an instant lies."""
    return moment(at).astimezone(hospital_zone(parts)).date()
