"""The contracts for files: pandera schemas generated from the one table of columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from hospital.errors import ContractError, Fault
from hospital.rows import CLOCK_TOLERANCE, message_of, text_fault
from hospital.tables import TABLES, Column, Kind, Order, Table
from hospital.times import Repeated, TimeError, parse_time

__all__ = ["Clock", "Faults", "schema", "validate"]

_RECEIVED = Column("received_at", Kind.TIME, required=True)
_TOLERANCE = pd.Timedelta(microseconds=CLOCK_TOLERANCE)


@dataclass(frozen=True)
class Clock:
    """How naive times of a table are read.

    Attributes:
        zone: None: a naive time is refused. repeated: which of the two hours in autumn.
        forms: `strptime` forms by column; others are ISO 8601.
    """

    zone: ZoneInfo | None = None
    repeated: Repeated = "refuse"
    forms: dict[str, str] = field(default_factory=dict)


class Faults:
    """Faulty cells by column and code; each cell is told of once, by its first fault."""

    def __init__(self, table: str) -> None:
        self.table = table
        self.cells: dict[tuple[str, str], list[int]] = {}
        self._told: set[tuple[str, int]] = set()

    def add(self, column: str, code: str, rows: Sequence[int]) -> None:
        """Notes that cells of a column are faulty."""
        new = [int(r) for r in rows if (column, int(r)) not in self._told]
        self._told.update((column, r) for r in new)
        if new:
            self.cells.setdefault((column, code), []).extend(new)

    def told(self, column: str, size: int) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Which rows of a column are faulty: bool [size]."""
        out = np.zeros(size, bool)
        out[[r for name, r in self._told if name == column]] = True
        return out

    def all(self) -> tuple[Fault, ...]:
        """One fault for each column and code, with the first row concerned."""
        return tuple(
            Fault(f"{self.table}[{min(rows)}].{column}", code, message_of(code), len(rows))
            for (column, code), rows in sorted(self.cells.items())
        )


def schema(table: str, audit: Sequence[str] = (), covariates: Sequence[str] = ()) -> pa.DataFrameSchema:
    """The pandera schema of a typed table: presence, ranges, choices, texts, orders, reception."""
    contract = TABLES[table]
    columns = {c.name: _column(c) for c in (_RECEIVED, *_columns(contract, audit, covariates))}
    checks = [_order(rule) for rule in contract.rules] + [_past(name) for name in contract.event_times]
    return pa.DataFrameSchema(columns, checks=checks, strict=True)


def validate(
    frame: pd.DataFrame,
    table: str,
    *,
    clock: Clock,
    audit: Sequence[str] = (),
    covariates: Sequence[str] = (),
) -> pd.DataFrame:
    """The typed table: times datetime64[us, UTC], numbers float64, texts object; every contract column there.

    Args:
        frame: raw cells: texts str, numbers int or float, times str or datetime; with ``received_at``.

    Raises:
        ContractError: every fault, one for each column and code.
    """
    faults = Faults(table)
    columns = (_RECEIVED, *_columns(TABLES[table], audit, covariates))
    known = {c.name for c in columns}
    for name in frame.columns:
        if name not in known:
            faults.add(str(name), "unknown_column", range(max(len(frame), 1)))
    typed = pd.DataFrame(
        {c.name: _typed(frame.get(c.name), c, clock, faults, len(frame)) for c in columns}, index=range(len(frame))
    )
    try:
        schema(table, audit, covariates).validate(typed, lazy=True)
    except SchemaErrors as error:
        _collect(error.failure_cases, faults)
    if faults.cells:
        raise ContractError(faults.all())
    return typed


def _columns(contract: Table, audit: Sequence[str], covariates: Sequence[str]) -> tuple[Column, ...]:
    extra = [Column(name, Kind.TEXT, known_with=contract.time) for name in audit]
    return (*contract.columns, *extra, *(Column(name, Kind.NUMBER) for name in covariates))


def _column(column: Column) -> pa.Column:
    checks = []
    if column.kind is Kind.TIME:
        dtype: object = pd.DatetimeTZDtype("us", "UTC")
    elif column.kind in (Kind.NUMBER, Kind.INTEGER):
        dtype = "float64"
        low, high = column.minimum, column.maximum
        if low is not None and high is not None:
            checks.append(pa.Check(lambda s: s.between(low, high), name="out_of_range"))
        if column.kind is Kind.INTEGER:
            checks.append(pa.Check(lambda s: s == s.round(), name="not_an_integer"))
    else:
        dtype = object
        if column.choices is not None:
            checks.append(pa.Check(lambda s: s.isin(column.choices), name="not_a_choice"))
        for code in ("blank", "too_long", "control_character"):
            checks.append(pa.Check(partial(_text_is_not, code=code, name=column.name), name=code))
    return pa.Column(dtype, checks=checks, nullable=not column.required, name=column.name)


def _text_is_not(texts: pd.Series, *, code: str, name: str) -> pd.Series:
    wrong = {t for t in texts.unique() if text_fault(t, name) == code}
    return ~texts.isin(wrong)


def _order(rule: Order) -> pa.Check:
    def holds(frame: pd.DataFrame) -> pd.Series:
        earlier, later = frame[rule.earlier], frame[rule.later]
        return (later >= earlier) | earlier.isna() | later.isna()

    return pa.Check(holds, name=f"{rule.later}:before_{rule.earlier}")


def _past(name: str) -> pa.Check:
    def holds(frame: pd.DataFrame) -> pd.Series:
        at, received = frame[name], frame["received_at"]
        return (at <= received + _TOLERANCE) | at.isna() | received.isna()

    return pa.Check(holds, name=f"{name}:after_reception")


def _collect(cases: pd.DataFrame, faults: Faults) -> None:
    for check, part in cases.groupby("check", sort=False):
        name, _, code = str(check).partition(":")
        if code:
            rows = part["index"].dropna().astype(int).unique()
            faults.add(name, code, sorted(rows))
            continue
        for column, cells in part.groupby("column", sort=False):
            rows = sorted(cells["index"].dropna().astype(int).unique())
            faults.add(str(column), "missing" if name == "not_nullable" else name, rows)


def _typed(raw: pd.Series | None, column: Column, clock: Clock, faults: Faults, size: int) -> pd.Series:
    if raw is None:
        raw = pd.Series(np.full(size, None, object))
    raw = raw.reset_index(drop=True)
    if column.kind is Kind.TIME:
        return _times(raw, column.name, clock, faults)
    if column.kind in (Kind.NUMBER, Kind.INTEGER):
        return _numbers(raw, column.name, faults)
    return _texts(raw, column.name, faults, column.choices is not None)


def _texts(raw: pd.Series, name: str, faults: Faults, choice: bool) -> pd.Series:
    cells = raw.astype(object).where(raw.notna(), None)
    wrong = np.array([c is not None and not isinstance(c, str) for c in cells], bool)
    faults.add(name, "not_a_choice" if choice else "not_text", np.flatnonzero(wrong).tolist())
    # A faulty cell stands as an allowed word, so that it is told of once.
    return pd.Series(np.where(wrong, None, cells.to_numpy()), dtype=object)


def _numbers(raw: pd.Series, name: str, faults: Faults) -> pd.Series:
    if raw.dtype.kind in "iuf":
        numbers = raw.to_numpy(np.float64)
        wrong = np.isinf(numbers)
    else:
        cells = raw.to_numpy(object)
        number = [isinstance(c, (int, float, np.integer, np.floating)) and not isinstance(c, (bool, np.bool_)) for c in cells]
        given = np.array([c is not None and c is not pd.NA and c is not pd.NaT for c in cells], bool)
        numbers = np.array([_float(c) if ok else np.nan for c, ok in zip(cells, number, strict=True)], np.float64)
        wrong = given & (~np.array(number, bool) | ~np.isfinite(numbers))
    faults.add(name, "not_a_number", np.flatnonzero(wrong).tolist())
    return pd.Series(np.where(wrong, np.nan, numbers))


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _times(raw: pd.Series, name: str, clock: Clock, faults: Faults) -> pd.Series:
    if isinstance(raw.dtype, pd.DatetimeTZDtype):
        return raw.dt.tz_convert("UTC").dt.as_unit("us")
    if raw.dtype.kind == "M":
        return _naive(raw, name, clock, faults)
    cells = raw.astype(object).where(raw.notna(), None)
    parsed: dict[object, object] = {None: None}
    codes: dict[object, str] = {}
    for cell in pd.unique(cells):
        if cell is None:
            continue
        try:
            parsed[cell] = _time(cell, clock, clock.forms.get(name))
        except TimeError as error:
            parsed[cell], codes[cell] = None, error.code
    for code in sorted(set(codes.values())):
        faults.add(name, code, np.flatnonzero([codes.get(c) == code for c in cells]).tolist())
    return pd.Series(pd.to_datetime([parsed[c] for c in cells], utc=True)).dt.as_unit("us")


def _time(cell: object, clock: Clock, form: str | None) -> datetime:
    if isinstance(cell, date):  # a Parquet file's own dates and times; a date is its midnight
        cell, form = cell.isoformat(), None
    if not isinstance(cell, str):
        raise TimeError("not_a_time")
    return parse_time(cell, clock.zone, clock.repeated, form)


def _naive(raw: pd.Series, name: str, clock: Clock, faults: Faults) -> pd.Series:
    given = raw.notna()
    if clock.zone is None:
        faults.add(name, "naive_time", np.flatnonzero(given).tolist())
        return pd.Series(pd.NaT, index=raw.index).dt.tz_localize("UTC").dt.as_unit("us")
    both = [
        raw.dt.tz_localize(clock.zone, ambiguous=np.full(len(raw), first), nonexistent="NaT") for first in (True, False)
    ]
    skipped = given & both[0].isna()
    faults.add(name, "nonexistent_local_time", np.flatnonzero(skipped).tolist())
    repeated = given & (both[0] != both[1]) & ~skipped
    if clock.repeated == "refuse":
        faults.add(name, "repeated_local_time", np.flatnonzero(repeated).tolist())
    return both[1 if clock.repeated == "second" else 0].dt.tz_convert("UTC").dt.as_unit("us")
