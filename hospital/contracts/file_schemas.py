"""The contracts for files: pandera schemas generated from the one table of columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray
from pandera.errors import SchemaErrors

from hospital.contracts.cell_values import by_value, other_decimal
from hospital.contracts.codes import FREE_TEXTS, whole_code
from hospital.contracts.column_faults import text_fault
from hospital.contracts.faulty_cells import Faults
from hospital.contracts.local_times import Clock
from hospital.contracts.request_models import CLOCK_TOLERANCE
from hospital.contracts.tables import TABLES, Column, Kind, Table
from hospital.contracts.text_cleaning import clean_text
from hospital.contracts.time_columns import clock_changes, read_times
from hospital.errors import ContractError

__all__ = ["Clock", "check", "duplicates", "schema", "validate"]

_RECEIVED = Column("received_at", Kind.TIME, required=True)
_TOLERANCE = pd.Timedelta(microseconds=CLOCK_TOLERANCE)
_NUMBERS = (Kind.NUMBER, Kind.INTEGER)
_CLOCK_CHANGES = (
    "nonexistent_local_time",
    "repeated_local_time",
    "both_hours",
    "hours_apart",
    "hour_after_skipped",
)


@dataclass(frozen=True)
class _Requirement:
    """Something that known cells of a column must meet.

    Attributes:
        code: of a cell that does not, or what says it.
        alone: `holds` takes the column, else the whole table.
    """

    column: str
    code: str | Callable[[str], str | None]
    alone: bool
    holds: Callable[[Any], Any]

    def as_check(self) -> pa.Check:
        """The pandera check; one failing case is enough to refuse."""
        name = self.code if isinstance(self.code, str) else "text"
        return pa.Check(self.holds, name=f"{self.column}:{name}", ignore_na=self.alone, n_failure_cases=1)

    def note(self, frame: pd.DataFrame, faults: Faults) -> None:
        """Notes the cells that do not meet it."""
        judged = frame[self.column].dropna() if self.alone else frame
        wrong = frame.loc[judged.index[~self.holds(judged).to_numpy(bool)], self.column]
        if isinstance(self.code, str):
            faults.add(self.column, self.code, wrong.index.to_numpy())
            return
        meaning = {text: self.code(text) or "not_text" for text in wrong.unique()}
        codes = np.array([meaning[text] for text in wrong], object)
        for code in dict.fromkeys(meaning.values()):
            faults.add(self.column, code, wrong.index.to_numpy()[codes == code])


@lru_cache(maxsize=64)
def schema(table: str, audit: tuple[str, ...] = (), covariates: tuple[str, ...] = ()) -> pa.DataFrameSchema:
    """The pandera schema of a typed table: presence, ranges, choices, texts, orders, reception."""
    needs = _requirements(table, audit, covariates)
    columns = {
        c.name: pa.Column(
            _dtype(c.kind),
            checks=[n.as_check() for n in needs if n.alone and n.column == c.name],
            nullable=not c.required,
        )
        for c in _columns(table, audit, covariates)
    }
    return pa.DataFrameSchema(columns, checks=[n.as_check() for n in needs if not n.alone], strict=True)


def check(
    frame: pd.DataFrame,
    table: str,
    *,
    clock: Clock,
    audit: Sequence[str] = (),
    covariates: Sequence[str] = (),
) -> tuple[pd.DataFrame, Faults]:
    """The typed table and its faulty cells (which are missing in it, where they are of another kind).

    Args:
        frame: raw cells: texts str, numbers int or float, times str or datetime; with ``received_at``.
    """
    faults, size = Faults(table), len(frame)
    columns = _columns(table, tuple(audit), tuple(covariates))
    known = {c.name for c in columns}
    unknown = [str(name) for name in frame.columns if name not in known]
    if unknown and known.isdisjoint(set(frame.columns) - {"received_at"}):
        # Without its line of names a file's first row stands there: nothing of it may be shown.
        faults.add("*", "no_known_column", [0])
    else:
        for name in unknown:
            faults.add(name, "unknown_column", range(max(size, 1)))
    typed = pd.DataFrame(
        {c.name: _typed(frame.get(c.name), c, clock, faults, size) for c in columns}, index=range(size)
    )
    refused = False
    try:
        schema(table, tuple(audit), tuple(covariates)).validate(typed, lazy=True)
    except SchemaErrors:
        refused = True
    if refused:
        before = len(faults.cells)
        for column in columns:
            if column.required:
                faults.mark(column.name, "missing", typed[column.name].isna().to_numpy(bool))
        for need in _requirements(table, tuple(audit), tuple(covariates)):
            need.note(typed, faults)
        if before == 0 and not faults.cells:
            faults.add("*", "refused", [0])
    return typed, faults


def validate(
    frame: pd.DataFrame,
    table: str,
    *,
    clock: Clock,
    audit: Sequence[str] = (),
    covariates: Sequence[str] = (),
) -> pd.DataFrame:
    """The typed table: times datetime64[us, UTC], numbers float64, texts object; every contract column there.

    Raises:
        ContractError: every fault, one for each column and code.
    """
    typed, faults = check(frame, table, clock=clock, audit=audit, covariates=covariates)
    if faults.cells:
        raise ContractError(faults.all())
    return typed


def duplicates(frame: pd.DataFrame, key: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Rows that say again what an earlier row of the same key said; and those that say something else."""
    again = frame.duplicated(list(key)).to_numpy(bool)
    if not again.any():
        return again, again
    same = np.zeros(len(frame), bool)
    shared = frame.duplicated(list(key), keep=False).to_numpy(bool)
    same[shared] = frame[shared].duplicated().to_numpy(bool)
    return again & same, again & ~same


def _columns(table: str, audit: tuple[str, ...], covariates: tuple[str, ...]) -> tuple[Column, ...]:
    contract = TABLES[table]
    extra = [Column(name, Kind.TEXT, known_with=contract.time) for name in audit]
    return (
        _RECEIVED,
        *contract.columns,
        *extra,
        *(Column(name, Kind.NUMBER) for name in covariates),
    )


def _dtype(kind: Kind) -> object:
    if kind is Kind.TIME:
        return pd.DatetimeTZDtype("us", "UTC")
    return "float64" if kind in _NUMBERS else object


@lru_cache(maxsize=64)
def _requirements(
    table: str, audit: tuple[str, ...], covariates: tuple[str, ...]
) -> tuple[_Requirement, ...]:
    contract = TABLES[table]
    needs: list[_Requirement] = []
    for column in _columns(table, audit, covariates):
        needs += _cell_requirements(column)
    for rule in contract.rules:
        holds = partial(_ordered, contract=contract, earlier=rule.earlier, later=rule.later)
        needs.append(_Requirement(rule.later, f"before_{rule.earlier}", False, holds))
    for name in contract.event_times:
        needs.append(_Requirement(name, "after_reception", False, partial(_received, name=name)))
    return tuple(needs)


def _cell_requirements(column: Column) -> list[_Requirement]:
    name, choices = column.name, column.choices
    needs: list[_Requirement] = []
    if column.kind in _NUMBERS:
        low = -np.inf if column.minimum is None else column.minimum
        high = np.inf if column.maximum is None else column.maximum
        needs.append(_Requirement(name, "out_of_range", True, lambda s: s.between(low, high)))
        if column.kind is Kind.INTEGER:
            needs.append(_Requirement(name, "not_an_integer", True, lambda s: s == s.round()))
    elif choices is not None:
        needs.append(_Requirement(name, "not_a_choice", True, lambda s: s.isin(choices)))
    elif column.kind is not Kind.TIME:
        code = partial(text_fault, name=name)
        needs.append(
            _Requirement(name, code, True, lambda s: ~s.isin([t for t in s.unique() if code(t) is not None]))
        )
    return needs


def _ordered(frame: pd.DataFrame, *, contract: Table, earlier: str, later: str) -> pd.Series:
    """Where `later` is not before `earlier`; a time that is itself at fault judges no other."""
    before, after = frame[earlier], frame[later]
    return (after >= before) | before.isna() | after.isna() | ~_sound(frame, contract, earlier)


def _received(frame: pd.DataFrame, *, name: str) -> pd.Series:
    at, received = frame[name], frame["received_at"]
    return (at <= received + _TOLERANCE) | at.isna() | received.isna()


def _sound(frame: pd.DataFrame, contract: Table, name: str) -> pd.Series:
    out = pd.Series(True, index=frame.index)
    if name in contract.event_times:
        out &= _received(frame, name=name)
    for rule in contract.rules:
        if rule.later == name:
            out &= _ordered(frame, contract=contract, earlier=rule.earlier, later=name)
    return out


def _typed(raw: pd.Series | None, column: Column, clock: Clock, faults: Faults, size: int) -> pd.Series:
    if raw is None:
        missing = {Kind.TIME: "datetime64[us, UTC]", Kind.NUMBER: "float64", Kind.INTEGER: "float64"}
        return pd.Series(None, index=range(size), dtype=missing.get(column.kind, "object"))
    raw = raw.reset_index(drop=True)
    if column.kind is Kind.TIME:
        form = clock.forms.get(column.name)
        times, codes = read_times(raw, clock.of(column.name), form)
        for code, rows in codes.items():
            faults.mark(column.name, code, rows)
            if code in _CLOCK_CHANGES:
                faults.note_changes(column.name, code, clock_changes(raw, rows, form), str(clock.zone))
        return times
    if column.kind in _NUMBERS:
        return _numbers(raw, column.name, faults)
    return _texts(raw, column, faults)


def _texts(raw: pd.Series, column: Column, faults: Faults) -> pd.Series:
    cells = raw
    if not isinstance(raw.dtype, pd.StringDtype):
        held = raw.astype(object).where(raw.notna(), None).to_numpy(object, copy=True)
        wrong = np.fromiter((c is not None and not isinstance(c, str) for c in held), bool, len(held))
        faults.mark(column.name, "not_a_choice" if column.choices is not None else "not_text", wrong)
        held[wrong] = None
        cells = pd.Series(held, dtype=np.dtype(object))
    read = clean_text if column.name in FREE_TEXTS else _as_code
    # Done once for each different text; and one object for each, not for each cell.
    return by_value(cells, lambda texts: pd.Series([read(text) for text in texts], dtype=np.dtype(object)))


def _as_code(text: str) -> str:
    return whole_code(clean_text(text))


def _numbers(raw: pd.Series, name: str, faults: Faults) -> pd.Series:
    if raw.dtype.kind in "iuf":
        numbers = raw.to_numpy(np.float64, na_value=np.nan)
        wrong = np.isinf(numbers)
    else:
        cells = raw.to_numpy(object)
        given = np.fromiter(
            (c is not None and c is not pd.NA and c is not pd.NaT for c in cells), bool, len(cells)
        )
        numbers = np.fromiter((_float(c) for c in cells), np.float64, len(cells))
        wrong = given & ~np.isfinite(numbers)
        faults.mark(name, "decimal_comma", wrong & other_decimal(raw))
    faults.mark(name, "not_a_number", wrong)
    return pd.Series(np.where(wrong, np.nan, numbers))


def _float(value: object) -> float:
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(
        value, (bool, np.bool_)
    )
    try:
        return float(value) if number else float("nan")  # type: ignore[arg-type]
    except OverflowError:
        return float("inf")
