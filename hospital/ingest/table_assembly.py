"""One table of the contract from the chunks of its files: checked, pseudonymised, unrolled."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NoReturn
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hospital.contracts.cell_values import as_text, read_numbers, rounded
from hospital.contracts.codes import FREE_TEXTS, NAMES, is_null
from hospital.contracts.fault_words import fault
from hospital.contracts.faulty_cells import Faults
from hospital.contracts.file_schemas import check, duplicates
from hospital.contracts.local_times import Clock
from hospital.contracts.repeated_hours import RowOrder
from hospital.contracts.tables import TABLES, Kind
from hospital.contracts.zone_consistency import without_zone
from hospital.errors import ContractError
from hospital.ingest.changed_files import changed_findings
from hospital.ingest.column_builder import ColumnBuilder
from hospital.ingest.reading_findings import Finding, FindingText
from hospital.ingest.rounded_ids import RoundedIds
from hospital.ingest.row_origins import Origins
from hospital.mapping.checked_mapping import Mapping
from hospital.mapping.revisions import KEPT_BY_KNOWN_AT, never_known, unroll

__all__ = ["ChunkedTable"]

_IDS = ("visit_id", "stay_id", "operation_id")
_KNOWN_AUDIT = ("sex", "language", "insurance")
_OTHERS = NAMES | (FREE_TEXTS - {"reason"})
"""Texts of which a program's word for nothing is refused elsewhere, or does no damage."""
_LONG = ("visits",)
"""Tables whose texts become categories: with a row a visit, eight bytes a cell are most of the memory."""
_ZONE = ZoneInfo("Europe/Paris")
"""Of tables without a mapping, as `hospital.ingest.hospital_reader` has it."""
_IMPOSSIBLE = ("not_a_time", "year_of_never", "day_number", "epoch_number", "total_line", "after_reception")
_ALWAYS = pd.Timestamp("2200-12-31", tz="UTC")


class ChunkedTable:
    """A table being read: chunks go in, the typed table comes out.

    Attributes:
        audit: the attributes that its rows were read with.
        findings: what a person should know, once it is whole.
    """

    def __init__(self, name: str, mapping: Mapping | None, pseudonym: Callable[[str], bytes]) -> None:
        self.name = name
        self.audit: tuple[str, ...] = ()
        self.findings: list[Finding] = []
        self._mapping, self._contract = mapping, TABLES[name]
        texts = [c.name for c in self._contract.columns if c.kind is Kind.TEXT and c.choices is None]
        self._codes = [name for name in texts if name not in _OTHERS]
        self._clock = mapping.clock(name) if mapping else Clock()
        self._pseudonym = pseudonym
        self._faults, self._impossible, self._rows = Faults(name), Faults(name), 0
        self._share = mapping.refused_rows if mapping is not None and name in mapping.tables else 0.0
        self._kept: list[NDArray[np.int64]] = []  # rows of each chunk that are not left out as impossible
        self._empty = 0  # census rows without any number
        self._origins: list[tuple[str, pd.Index, NDArray[np.object_] | None]] = []
        self._zones: dict[str, tuple[int, int]] = {}
        self._orders: dict[str, RowOrder] = {}
        self._long_ids: dict[tuple[str, str], RoundedIds] = {}
        self._has_reception = False
        self._expected = 0
        self._columns: ColumnBuilder | None = None

    def expect(self, rows: int) -> None:
        """Says how many rows will come, so that they grow into room that is there."""
        self._expected += rows

    def add(self, raw: pd.DataFrame, label: str) -> None:
        """Checks the rows of a chunk of the file that faults call `label`; the index is the file's rows."""
        if self.name == "census" and not (raw := self._counted(raw)).size:
            return
        mapped = self._mapping.tables.get(self.name) if self._mapping else None
        units = raw["unit"].to_numpy(object) if mapped is not None and mapped.units else None
        self._origins.append((label, raw.index, units))
        raw = raw.reset_index(drop=True)
        audit, covariates = self._extras(raw)
        if self.name == "units" and "label" not in raw.columns and "unit" in raw.columns:
            raw["label"] = raw["unit"]
        self._make_readable(raw, label, audit)
        self._count_zones(raw)
        self._has_reception = "received_at" in raw.columns
        clock = self._ordered(raw, label)
        if not self._has_reception:
            raw["received_at"] = _ALWAYS
        typed, faults = check(raw, self.name, clock=clock, audit=audit, covariates=covariates)
        first = self._rows
        impossible, others = faults.divided(_is_impossible)
        # A line of totals has no unit either: it is left out for one cause.
        others = others.without(
            [rows for (_, code), rows in impossible.cells.items() if code == "total_line"]
        )
        self._impossible.take(impossible, lambda cells: cells + first)
        self._faults.take(others, lambda cells: cells + first)
        self._rows += len(typed)
        kept = np.setdiff1d(np.arange(len(typed)), impossible.rows())
        self._kept.append(kept + first)
        if len(kept) < len(typed):
            typed = typed.iloc[kept].reset_index(drop=True)
        if self._faults.cells:
            self._columns = None
            return
        if self._columns is None:
            self._columns = self._new(audit, covariates)
        self._columns.add(typed)

    def _make_readable(self, raw: pd.DataFrame, label: str, audit: Sequence[str]) -> None:
        """Each column's cells as its kind has them, in place; ids that lost digits and words for nothing are faults."""
        for column in self._contract.columns:
            if column.name in raw.columns:
                if column.kind is Kind.ID:
                    self._long_ids.setdefault((column.name, label), RoundedIds()).add(raw[column.name])
                if column.kind in (Kind.ID, Kind.TEXT):
                    lost = np.flatnonzero(rounded(raw[column.name]))
                    self._faults.add(column.name, "rounded_id", self._rows + lost)
                raw[column.name] = _readable(raw[column.name], column.kind)
        for extra in audit:
            raw[extra] = _readable(raw[extra], Kind.TEXT)
        for name in (*self._codes, *audit):
            if name in raw.columns:
                self._faults.add(name, "null_word", self._rows + np.flatnonzero(_null_words(raw[name])))

    def frame(self) -> pd.DataFrame:
        """The whole table, one row for each thing received; chunks are given up.

        Raises:
            ContractError: every fault of every row.
        """
        columns = self._columns
        left_out = self._impossible.rows().size
        if self._faults.cells or columns is None or left_out > self._share * self._rows:
            self._refuse()
        contract, has_reception = self._contract, self._has_reception
        # Without received_at nothing says which of two rows is the later one.
        by_key = has_reception or self.name in KEPT_BY_KNOWN_AT
        key = [*contract.key, "received_at"] if by_key else [*contract.key]
        unrolled = not has_reception and self.name in KEPT_BY_KNOWN_AT
        rows = np.arange(self._rows - left_out) if unrolled else columns.may_be_duplicates(key)
        frame = columns.frame()
        if unrolled:
            frame = unroll(frame, contract)
        again, other = (rows[found] for found in duplicates(frame.iloc[rows], key))
        # Named at the column that says which row it is, where no reception can tell two of them apart.
        column, kept = "received_at" if has_reception else contract.key[-1], np.concatenate(self._kept)
        self._faults.add(column, "conflicting_revision", kept[other])
        if self._faults.cells:
            self._refuse()
        self._find_left_out()
        self._find_zones()
        files = self._whole_origins().file[kept] if len(frame) == len(kept) else None
        zone = self._clock.zone or _ZONE
        self.findings += changed_findings(self._contract, frame, zone, self._long_ids, files, self._lengths())
        if again.size:
            says = FindingText("duplicate_row", {"n": again.size})
            self.findings.append(Finding(self.name, "duplicate_row", says, rows=again.size))
            frame = frame.drop(index=again.tolist()).reset_index(drop=True)
        if has_reception:
            return frame
        self._find_no_reception(frame)
        return frame if by_key else unroll(frame, contract)

    def _lengths(self) -> dict[str, int]:
        """The rows of each file, as far as the last of them that was read."""
        out: dict[str, int] = {}
        for label, rows, _ in self._origins:
            out[label] = max(out.get(label, 0), int(rows.max()) + 1)
        return out

    def _refuse(self) -> NoReturn:
        """Raises every fault of every row, impossible times too."""
        if not self._rows:
            raise ContractError((fault(self.name, "no_count", self._empty),))
        self._faults.take(self._impossible, lambda cells: cells)
        raise ContractError(self._whole_origins().faults(self._faults))

    def _counted(self, raw: pd.DataFrame) -> pd.DataFrame:
        """A census's rows without those that hold no number: nothing is known of the unit then."""
        numbers = [c.name for c in self._contract.columns if c.kind is Kind.NUMBER and c.name in raw.columns]
        known = (
            raw[numbers].notna().any(axis="columns") if "occupied" in numbers else pd.Series(True, raw.index)
        )
        self._empty += int((~known).sum())
        return raw if known.all() else raw[known]

    def _find_left_out(self) -> None:
        for one in self._whole_origins().causes(self._impossible) if self._impossible.cells else ():
            says = FindingText("row_left_out", {"n": one.rows, "path": one.path, "why": one.says})
            column = one.path.rpartition(".")[2]
            self.findings.append(Finding(self.name, "row_left_out", says, column, one.rows, one.path))
        if self._empty:
            says = FindingText("empty_rows", {"n": self._empty})
            self.findings.append(Finding(self.name, "empty_rows", says, "occupied", self._empty))

    def _new(self, audit: Sequence[str], covariates: Sequence[str]) -> ColumnBuilder:
        kinds = {"received_at": Kind.TIME} | {c.name: c.kind for c in self._contract.columns}
        kinds |= dict.fromkeys(audit, Kind.TEXT) | dict.fromkeys(covariates, Kind.NUMBER)
        return ColumnBuilder(kinds, self._expected, self._pseudonym, _IDS, self.name in _LONG)

    def _ordered(self, raw: pd.DataFrame, label: str) -> Clock:
        """The clock with the order of the file's rows, where a row is known by its time and no revision repeats it."""
        time, others = self._contract.time, [n for n in self._contract.key if n != self._contract.time]
        if time not in self._contract.key or self._has_reception or not set(others) <= set(raw.columns):
            return self._clock
        order = self._orders.setdefault(label, RowOrder())
        order.chunk(lambda: pd.MultiIndex.from_frame(raw[others]).to_numpy(object))
        return replace(self._clock, order=(str(time), order))

    def _whole_origins(self) -> Origins:
        """Where each row came from: kept in chunks, as most tables have no fault."""
        labels = tuple(dict.fromkeys(label for label, _, _ in self._origins))
        units = [units for _, _, units in self._origins if units is not None]
        mapped = self._mapping.tables.get(self.name) if self._mapping else None
        own = mapped.units.values() if mapped is not None else ()
        return Origins(
            labels,
            np.repeat(
                [labels.index(label) for label, _, _ in self._origins],
                [len(rows) for _, rows, _ in self._origins],
            ),
            np.concatenate([rows.to_numpy(np.int64) for _, rows, _ in self._origins]),
            np.concatenate(units) if units else None,
            frozenset(column for columns in own for column in columns),
        )

    def _extras(self, raw: pd.DataFrame) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if self.name == "census":
            return (), self._mapping.covariates if self._mapping else ()
        if self.name != "visits":
            return (), ()
        mapped = self._mapping is not None and self.name in self._mapping.tables
        known = tuple(c for c in _KNOWN_AUDIT if c in raw.columns)
        self.audit = self._mapping.audit_attributes if self._mapping and mapped else known
        return self.audit, ()

    def _count_zones(self, raw: pd.DataFrame) -> None:
        for column in self._contract.columns:
            if column.kind is Kind.TIME and column.name in raw.columns:
                zoned, naive = without_zone(raw[column.name])
                before = self._zones.get(column.name, (0, 0))
                self._zones[column.name] = (before[0] + zoned, before[1] + naive)

    def _find_zones(self) -> None:
        """Times of one column written with and without a zone: the latter are in the mapping's, if all goes well."""
        for name, (zoned, naive) in self._zones.items():
            if zoned and naive:
                says = FindingText("mixed_zones", {"name": name, "zoned": zoned, "naive": naive})
                self.findings.append(Finding(self.name, "mixed_zones", says, name, min(zoned, naive)))

    def _find_no_reception(self, frame: pd.DataFrame) -> None:
        self.findings.append(Finding(self.name, "received_at_missing", FindingText("received_at_missing")))
        for column, (time, rows) in never_known(frame, self._contract).items():
            says = FindingText("never_known", {"column": column, "n": rows, "time": time})
            self.findings.append(Finding(self.name, "never_known", says, column, rows))


def _is_impossible(code: str) -> bool:
    """Whether a fault is of one time alone; what a clock repeats or skips is rather the mapping's."""
    return code in _IMPOSSIBLE or code.startswith("before_")


def _readable(cells: pd.Series, kind: Kind) -> pd.Series:
    """Cells as the contract's kind, where a file can only write them otherwise."""
    if kind in (Kind.NUMBER, Kind.INTEGER) and cells.dtype.kind not in "iufb":
        numbers, wrong = read_numbers(cells)
        return cells.astype(object).where(wrong, numbers.astype(object)) if wrong.any() else numbers
    if kind in (Kind.ID, Kind.TEXT) and (cells.dtype.kind in "iuf" or cells.dtype == object):
        return cells.map(_number_as_text, na_action="ignore").astype(object)
    return cells


def _null_words(cells: pd.Series) -> NDArray[np.bool_]:
    """Which cells (bool [n]) are a program's word for nothing: it would be a value, and a group, of its own."""
    words = [cell for cell in cells.dropna().unique() if isinstance(cell, str) and is_null(cell)]
    return cells.isin(words).to_numpy(bool) if words else np.zeros(len(cells), bool)


def _number_as_text(cell: object) -> object:
    """A number as a text; a spreadsheet's column may hold both."""
    number = isinstance(cell, (int, float, np.integer, np.floating)) and not isinstance(cell, bool)
    return as_text(cell) if number else cell
