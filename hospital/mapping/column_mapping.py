"""From a file's cells to the contract's columns, as a mapping says; all that does not fit is said at once."""

import re
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from hospital.contracts.cell_values import (
    as_text,
    by_value,
    could_be_thousands,
    joined,
    number_and_more,
    other_decimal,
    read_numbers,
    rounded,
    whole_codes,
    whole_years,
)
from hospital.contracts.codes import whole_code
from hospital.contracts.fault_words import fault
from hospital.contracts.faulty_cells import Faults
from hospital.contracts.local_times import Clock
from hospital.contracts.tables import TABLES, Kind
from hospital.contracts.time_columns import dates_and_texts, read_times
from hospital.errors import Fault, MappingError
from hospital.mapping.checked_mapping import Mapping
from hospital.mapping.mapping_language import Source
from hospital.mapping.row_conditions import RowChoice, reading_of, rows_where

__all__ = ["MappedFile", "apply_mapping"]

_NUMBERS = (Kind.NUMBER, Kind.INTEGER)
_DATED = re.compile(r"\d{1,4}\s?[-/. ]\s?\d{1,2}\b")
"""What a text has in it that writes a date; "unknown" among dates is another fault."""
_CALENDAR = Clock(ZoneInfo("UTC"))


def apply_mapping(mapping: Mapping, table: str, raw: pd.DataFrame, label: str | None = None) -> pd.DataFrame:
    """The contract's columns (still to be validated); a table that the mapping does not name stays as it is.

    The index of what is returned is the row of the file, which a file with a column a unit has for each unit.

    Args:
        label: what faults call the file; None: the table's name.

    Raises:
        MappingError: columns the file lacks, codes the mapping does not list, texts instead of numbers.
    """
    file = MappedFile(mapping, table, label or table)
    out = file.chunk(raw)
    file.raise_faults()
    return out


class MappedFile:
    """One file mapped chunk after chunk; what does not fit is gathered from all of them.

    Args:
        label: what faults call the file.
        choice: of rows, where the table has several files; None: its own.
    """

    def __init__(self, mapping: Mapping, table: str, label: str, choice: RowChoice | None = None) -> None:
        self._mapping, self._table, self._label = mapping, table, label
        self._mapped = mapping.tables.get(table)
        self._faults = Faults(label)
        self._lacking: list[str] = []
        self._rows, self._names = 0, tuple[str, ...]()
        self._choice = choice or RowChoice(self._mapped.where if self._mapped else {})

    @property
    def fits(self) -> bool:
        """Whether all chunks so far do."""
        return not self._lacking and not self._faults.cells

    def chunk(self, raw: pd.DataFrame) -> pd.DataFrame:
        """The contract's columns of some rows; of use only while all of them fit."""
        mapped = self._mapped
        if mapped is None:
            return raw
        self._rows += len(raw)
        self._names = tuple(map(str, raw.columns))
        lacking = {*mapped.where, *(c for s in mapped.sources for c in s.columns)} - set(self._names)
        self._lacking = sorted(lacking)
        if not lacking.intersection(mapped.where):
            raw = self._choice.choose(raw)
        rows, raw = raw.index, raw.reset_index(drop=True)
        faults, work = Faults(self._label), _Work(self._mapping, self._table, raw)
        there = {**mapped.columns, **mapped.audit, **mapped.covariates}
        shared = work.columns(there, lacking, faults, dict.fromkeys(mapped.covariates, Kind.NUMBER))
        parts = []
        for unit, sources in mapped.units.items():
            own = work.columns(sources, lacking, faults, {})
            parts.append(_of_unit(unit, shared, own, [n for n, s in sources.items() if s.constant is None]))
        self._faults.take(faults, lambda cells: rows.to_numpy(np.int64)[cells])
        # Line by line, as in the file; in a line the units are in the mapping's order.
        out = pd.concat(parts).sort_index(kind="stable") if parts else shared
        return out.set_axis(rows if parts == [] else rows[out.index])

    def raise_faults(self) -> None:
        """Raises MappingError of all chunks, if anything does not fit."""
        if len(self._lacking) > 1 and len(self._names) == 1:
            places = {"columns": tuple(self._lacking)}
            raise MappingError((fault(self._label, "one_column", self._rows, **places),))
        absent = [self._absent(name) for name in self._lacking]
        if absent or self._faults.cells:
            raise MappingError((*absent, *self._faults.all()))

    def _absent(self, name: str) -> Fault:
        """The fault of a column that the file lacks, with the one of its columns that people read as it."""
        path = f"{self._label}.{name}"
        alike = [own for own in self._names if reading_of(own) == reading_of(name)]
        if not alike:
            return fault(path, "column_not_in_file", self._rows)
        return fault(path, "column_not_in_file/alike", self._rows, near=f'"{alike[0]}"')


def _of_unit(unit: str, shared: pd.DataFrame, own: pd.DataFrame, columns_present: list[str]) -> pd.DataFrame:
    """The rows of one unit of a file with columns a unit; without those that hold nothing of it."""
    whole = pd.concat([shared, own], axis=1)
    whole.insert(0, "unit", unit)
    there = [name for name in columns_present if name in own.columns]
    return whole[own[there].notna().any(axis=1)] if there else whole


class _Work:
    """One file's cells being mapped."""

    def __init__(self, mapping: Mapping, table: str, raw: pd.DataFrame) -> None:
        self.mapping = mapping
        self.table = table
        self.raw = raw

    def columns(
        self, sources: dict[str, Source], lacking: set[str], faults: Faults, extra: dict[str, Kind]
    ) -> pd.DataFrame:
        """Contract columns by their sources, without those whose columns the file lacks."""
        kinds = {name: column.kind for name, column in TABLES[self.table].by_name.items()} | extra
        kinds |= {"received_at": Kind.TIME}
        out = {
            name: self._column(source, kinds.get(name, Kind.TEXT), faults)
            for name, source in sources.items()
            if not lacking.intersection(source.columns) and not self._age_lacks(source, lacking)
        }
        return pd.DataFrame(out, index=self.raw.index)

    def _column(self, source: Source, kind: Kind, faults: Faults) -> pd.Series:
        if source.cases is None and not source.where:
            return self._value(source, kind, faults)
        out = pd.Series([None] * len(self.raw), index=self.raw.index, dtype=object)
        left = rows_where(self.raw, source.where)
        for case in source.cases or (source.model_copy(update={"where": {}}),):
            rows = np.flatnonzero(left & rows_where(self.raw, case.where))
            part, own = (
                _Work(self.mapping, self.table, self.raw.iloc[rows].reset_index(drop=True)),
                Faults(""),
            )
            # What chooses the rows is none of the numbers that the case is made of.
            chosen = case.model_copy(update={"where": {}})
            out.iloc[rows] = part._value(chosen, kind, own).astype(object).to_numpy(object)
            faults.take(own, rows.__getitem__)
            left[rows] = False
        return out

    def _value(self, source: Source, kind: Kind, faults: Faults) -> pd.Series:
        if source.constant is not None:
            return pd.Series([source.constant] * len(self.raw), index=self.raw.index, dtype=object)
        if source.years_since is not None:
            return self._years(source, faults)
        if source.join is not None:
            parts = [self._decoded(part, source, faults, codes=False) for part in source.join]
            form = source.format if kind is Kind.TIME else None
            for name, part in zip(source.join, parts, strict=True):
                self._mark(name, part, kind, faults)
            return self._coded(joined(parts, source.between, form), source, ", ".join(source.join), faults)
        if kind not in _NUMBERS:
            self._mark(source.columns[0], self.raw[source.columns[0]], kind, faults)
            return self._decoded(source.columns[0], source, faults)
        numbers = [self._numbers(part, source, faults) for part in source.columns]
        total = numbers[0]
        for part in numbers[1:]:
            total = total + part if source.sum is not None else total - part
        if source.scale == 1.0 and source.offset == 0.0:
            return total
        return total * source.scale + source.offset

    @staticmethod
    def _mark(part: str, cells: pd.Series, kind: Kind, faults: Faults) -> None:
        """Notes the cells of a part that a program has changed before the file was written."""
        if kind is not Kind.TIME:
            faults.mark(part, "rounded_id", rounded(cells))
            return
        mixed = dates_and_texts(cells)
        if mixed.any():
            dated = cells.map(lambda c: isinstance(c, str) and _DATED.search(c) is not None)
            faults.mark(part, "mixed_dates", mixed & dated.to_numpy(bool))

    def _age_lacks(self, source: Source, lacking: set[str]) -> bool:
        arrival = self.mapping.tables[self.table].columns.get("arrived_at")
        return source.years_since is not None and (
            arrival is None or bool(lacking.intersection(arrival.columns))
        )

    def _years(self, source: Source, faults: Faults) -> pd.Series:
        """Whole years to the arrival; an arrival that is none is a fault of its own column, named there."""
        born, column = self._decoded(source.columns[0], source, faults), source.columns[0]
        self._mark(column, self.raw[column], Kind.TIME, faults)
        clock = self.mapping.clock(self.table)
        arrival = self._column(self.mapping.tables[self.table].columns["arrived_at"], Kind.TIME, faults)
        arrived, _ = read_times(arrival, clock, clock.forms.get("arrived_at"))
        # A date has no hour: the clock of UTC reads it without one that is skipped or repeated.
        dates, codes = read_times(born, _CALENDAR, source.format)
        for code, wrong in codes.items():
            faults.mark(column, code, wrong)
        return whole_years(dates.dt.tz_convert(None), arrived.dt.tz_convert(self.mapping.zone))

    def _numbers(self, part: str, source: Source, faults: Faults) -> pd.Series:
        cells = self._decoded(part, source, faults)
        decimal, thousands = self.mapping.decimal, self.mapping.thousands
        numbers, wrong = read_numbers(cells, decimal, thousands)
        if thousands is None and cells.dtype.kind not in "iufb":
            either = could_be_thousands(cells, decimal)
            faults.mark(part, "thousands_or_decimals", either)
            other = could_be_thousands(cells, "," if decimal == "." else ".")
            faults.mark(part, "thousands_or_decimals", wrong & other)
            wrong = wrong & ~other
        if wrong.any():
            faults.mark(part, "decimal_comma", wrong & other_decimal(cells, decimal))
            faults.mark(part, "number_and_more", wrong & number_and_more(cells))
        faults.mark(part, "not_a_number", wrong)
        return numbers

    def _decoded(self, part: str, source: Source, faults: Faults, codes: bool = True) -> pd.Series:
        cells = self.raw[part]
        unknown = {*self.mapping.missing, *source.missing}
        if not unknown and (source.codes is None or not codes):
            return cells
        if isinstance(cells.dtype, pd.StringDtype):
            texts = by_value(cells, lambda values: values.map(as_text))
        else:
            texts = cells.map(as_text, na_action="ignore").astype(object)
        whole = whole_codes(texts)
        missing = texts.isin(unknown) | whole.isin({whole_code(code) for code in unknown}) | texts.isna()
        if source.codes is None or not codes:
            folded = {code.casefold() for code in unknown}
            texts = texts.mask(missing, None)
            alike = [t for t in texts.dropna().unique() if isinstance(t, str) and t.casefold() in folded]
            if alike:
                faults.mark(part, "missing_alike", texts.isin(alike).to_numpy(bool))
            if not missing.any() or isinstance(cells.dtype, pd.StringDtype):
                return cells.mask(missing)
            return cells.astype(object).mask(missing, None)
        return self._coded(texts.mask(missing, None), source, part, faults)

    def _coded(self, texts: pd.Series, source: Source, part: str, faults: Faults) -> pd.Series:
        """Texts as the contract's, where the source has codes."""
        if source.codes is None:
            return texts
        missing = texts.isna()
        # A code is as it is written, or the whole number that it is: 3 for 3.0.
        meanings = {**{whole_code(code): meaning for code, meaning in source.codes.items()}, **source.codes}
        texts = texts.where(texts.isin(source.codes), whole_codes(texts))
        unlisted = ~missing & ~texts.isin(meanings)
        faults.mark(part, "code_not_listed", unlisted.to_numpy(bool))
        return texts.map(meanings, na_action="ignore").astype(object).mask(missing | unlisted, None)
