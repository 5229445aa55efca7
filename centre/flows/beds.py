"""The beds: who lies where, how many beds have staff, which units are closed and why, who is expected to leave."""

from collections.abc import Iterable, Sequence
from operator import itemgetter, sub

from centre.flows.answers import BedsFlow, UnitBeds
from centre.flows.emergency import boarders
from centre.flows.staffing import staffed_at
from serving.interface.live_record import DAY, HOUR, LiveRecord, Row
from serving.interface.requests import moment

__all__ = ["beds_flow"]

BED = "bed"
"""The role of `staffing` that counts a unit's staffed beds."""
_CENSUS_AGE = 6 * HOUR
_DAILY_AGE = 2 * DAY


def beds_flow(record: LiveRecord) -> BedsFlow:
    """The units at the record's instant, in the order of their ids."""
    listed = {str(row["unit"]): row for row in record.tables["units"]}
    named = {str(row["unit"]) for table in ("stays", "census") for row in record.tables[table]}
    stays, census = _by_unit(record, "stays"), _by_unit(record, "census")
    staffed, waiting = staffed_at(record, BED), _waiting(record)
    units = []
    for unit in sorted(named | set(listed)):
        here = [s for s in stays.get(unit, ()) if _is_here(s, record.at)]
        last = _latest(census.get(unit, ()), record.at)
        row = listed.get(unit, {"unit": unit})
        occupied = float(len(here)) if _counted(record, stays.get(unit)) else _number(last, "occupied")
        beds = staffed.get(unit, _number(last, "staffed"))
        units.append(
            UnitBeds(
                unit=unit,
                label=str(row.get("label", unit)),
                label_fr=row.get("label_fr"),
                label_en=row.get("label_en"),
                group=str(row.get("group") or unit),
                occupied=occupied,
                staffed=beds,
                free=None if occupied is None or beds is None else beds - occupied,
                waiting=_number(last, "waiting") if waiting is None else float(waiting.get(unit, 0)),
                closed=_is_closed(row, record.at),
                closure_reason=row.get("closure_reason") if _is_closed(row, record.at) else None,
                **_discharges(record, here),
            )
        )
    heard = [at for at in (record.heard_at("stays"), record.heard_at("census")) if at is not None]
    return BedsFlow(heard_at=moment(max(heard)) if heard else None, total=_total(units), units=tuple(units))


def _by_unit(record: LiveRecord, table: str) -> dict[str, list[Row]]:
    out: dict[str, list[Row]] = {}
    for row in record.tables[table]:
        out.setdefault(str(row["unit"]), []).append(row)
    return out


def _counted(record: LiveRecord, stays: Sequence[Row] | None) -> bool:
    """Whether a unit's patients can be counted from stays: it has some, and the hospital says when they end."""
    return stays is not None and record.gives("stays", "left_at")


def _is_here(stay: Row, at: int) -> bool:
    return bool(stay["entered_at"] <= at) and (stay.get("left_at") is None or bool(stay["left_at"] > at))


def _latest(census: Sequence[Row], at: int) -> Row | None:
    """The last row of a unit's census, if it is no older than such a census is sent: hourly or daily."""
    rows = [row for row in census if row["at"] <= at]
    if not rows:
        return None
    last: Row = max(reversed(rows), key=itemgetter("at"))
    times = sorted(map(int, map(itemgetter("at"), rows)))
    gap = min(map(sub, times[1:], times), default=0)
    age = min(max(_CENSUS_AGE, 2 * gap), _DAILY_AGE)
    return last if at - int(last["at"]) <= age else None


def _number(row: Row | None, name: str) -> float | None:
    value = None if row is None else row.get(name)
    return None if value is None else float(value)


def _is_closed(unit: Row, at: int) -> bool:
    begins, ends = unit.get("open_from"), unit.get("open_to")
    return (begins is not None and bool(begins > at)) or (ends is not None and bool(ends <= at))


def _waiting(record: LiveRecord) -> dict[str, int] | None:
    """Who boards, by the unit that they wait for; None: the hospital does not say."""
    boarding = boarders(record)
    if boarding is None or not record.gives("visits", "destination_unit"):
        return None
    out: dict[str, int] = {}
    for visit in boarding:
        unit = str(visit.get("destination_unit"))
        out[unit] = out.get(unit, 0) + 1
    return out


def _discharges(record: LiveRecord, here: Sequence[Row]) -> dict[str, int | None]:
    names = ("expected_discharges_today", "overdue_discharges")
    if not record.gives("stays", "expected_left_at"):
        return dict.fromkeys(names)
    expected = [int(s["expected_left_at"]) for s in here if _is_said(s, record.at)]
    _, midnight = record.day
    return dict(
        zip(
            names,
            (sum(record.at <= e < midnight for e in expected), sum(e < record.at for e in expected)),
            strict=True,
        )
    )


def _is_said(stay: Row, at: int) -> bool:
    """Whether the day of leaving had been said by then; a row without `expected_known_at` says so by its reception."""
    known = stay.get("expected_known_at")
    return stay.get("expected_left_at") is not None and (known is None or bool(known <= at))


def _total(units: Sequence[UnitBeds]) -> UnitBeds:
    open_units = [u for u in units if not u.closed]

    def whole(name: str) -> int | None:
        value = _sum(getattr(u, name) for u in open_units)
        return None if value is None else int(value)

    return UnitBeds(
        unit=None,
        label="",
        label_fr=None,
        label_en=None,
        group="",
        occupied=_sum(u.occupied for u in open_units),
        staffed=_sum(u.staffed for u in open_units),
        free=_sum(u.free for u in open_units),
        waiting=_sum(u.waiting for u in open_units),
        closed=bool(units) and not open_units,
        closure_reason=None,
        expected_discharges_today=whole("expected_discharges_today"),
        overdue_discharges=whole("overdue_discharges"),
    )


def _sum(values: Iterable[float | None]) -> float | None:
    """The sum; None: there is nothing, or a part is not known."""
    known = list(values)
    return None if not known or None in known else float(sum(v for v in known if v is not None))
