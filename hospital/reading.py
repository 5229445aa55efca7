"""A hospital's tables from its files: mapped, checked, pseudonymised, one row for each thing received."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from hospital.cadence import cadence_of
from hospital.cells import as_text, read_numbers
from hospital.clocks import Clock
from hospital.described import described_units
from hospital.errors import ContractError, Fault, HistoryError, MappingError
from hospital.files import SUFFIXES, parse, read_content, stem
from hospital.frames import check, repeats
from hospital.language import FILE_NAME
from hospital.locating import locate
from hospital.mapped import apply_mapping
from hospital.mapping import Mapping
from hospital.origins import Origins
from hospital.pseudonyms import pseudonym
from hospital.renaming import Renamed, rename_units
from hospital.tables import TABLES, Kind
from hospital.unrolling import KEPT_BY_KNOWN_AT, never_known, unroll
from hospital.written import without_zone

__all__ = ["Finding", "HospitalTables", "read_hospital"]

_IDS = ("visit_id", "stay_id", "operation_id")
_DEFAULT_ZONE = ZoneInfo("Europe/Paris")
_KNOWN_AUDIT = ("sex", "language", "insurance")
_ALWAYS = pd.Timestamp("2200-12-31", tz="UTC")


@dataclass(frozen=True)
class Finding:
    """Something about the data that a person should know, and the card says.

    Attributes:
        column, rows: where, and how many rows are concerned; "" and 0 where the message says all.
    """

    table: str
    code: str
    message: str
    column: str = ""
    rows: int = 0


@dataclass(frozen=True)
class HospitalTables:
    """A hospital's tables, by the contracts.

    Attributes:
        tables: frames by name; times datetime64[us, UTC], numbers float64, texts object; one row a version.
        cadence: of a census given directly, "hourly" or "daily"; None where there is none.
        source_digest: of the files' names and bytes and the mapping's; independent of the pseudonyms' key.
    """

    tables: dict[str, pd.DataFrame]
    zone: ZoneInfo
    cadence: str | None
    audit_attributes: tuple[str, ...]
    covariates: tuple[str, ...]
    findings: tuple[Finding, ...]
    source_digest: str


def read_hospital(path: Path, mapping: Mapping | None, pseudonym_key: bytes) -> HospitalTables:
    """Reads a directory with a file a table, or several, or one file that a mapping names.

    In a directory, tables that the mapping does not name are read too where their file has the contract's
    name and columns; their naive times are in the mapping's zone.

    Raises:
        ContractError: a file or table is wrong; every fault of every table.
        MappingError: the mapping does not fit the files; with the faults of the tables, if there are any too.
        HistoryError: there is nothing to forecast from.
    """
    reader = _Reader(mapping)
    located, missing = locate(path, mapping)
    for name, files in located.items():
        reader.read(name, files)
    reader.raise_faults(missing)
    if not {"visits", "stays", "census"} & set(located):
        kinds = ", ".join(SUFFIXES)
        raise HistoryError(
            f"Nothing to forecast from in {path.name}: it needs visits, stays or census (one of {kinds})."
        )
    tables, findings = reader.tables, reader.findings
    findings += [_words(done) for done in rename_units(tables, mapping.former_names if mapping else {})]
    units, derived = described_units(tables, mapping)
    if units is not None:
        tables["units"] = units
    if derived:
        words = "no table of units: they are those that stays or census name"
        findings.append(Finding("units", "derived", words))
    findings += _unknown_units(tables)
    for frame in tables.values():
        _pseudonymise(frame, pseudonym_key)
    return HospitalTables(
        tables=tables,
        zone=mapping.zone if mapping else _DEFAULT_ZONE,
        cadence=cadence_of(tables["census"]) if "census" in tables else None,
        audit_attributes=reader.audit,
        covariates=mapping.covariates if mapping and "census" in tables else (),
        findings=tuple(findings),
        source_digest="sha256:" + reader.digest.hexdigest(),
    )


def _joined(
    name: str, parts: Sequence[pd.DataFrame], labels: tuple[str, ...], mapping: Mapping | None
) -> tuple[pd.DataFrame, Origins]:
    """The rows of all files, one after the other, and where each came from."""
    sizes = [len(part) for part in parts]
    raw = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0].reset_index(drop=True)
    wide = mapping.tables[name].units if mapping and name in mapping.tables else {}
    origins = Origins(
        labels,
        np.repeat(np.arange(len(parts)), sizes),
        np.concatenate([part.index.to_numpy(np.int64) for part in parts]),
        raw["unit"].to_numpy(object) if wide else None,
        frozenset(column for own in wide.values() for column in own),
    )
    return raw.copy(), origins


class _Reader:
    """Reads table after table and keeps what is wrong with any of them."""

    def __init__(self, mapping: Mapping | None) -> None:
        self.mapping = mapping
        self.tables: dict[str, pd.DataFrame] = {}
        self.findings: list[Finding] = []
        self.audit: tuple[str, ...] = ()
        self.digest = hashlib.sha256(mapping.content if mapping else b"")
        self._faults: list[Fault] = []
        self._mapping_wrong = False
        self._digested: set[Path] = set()
        self._parsed: dict[tuple[Path, str | None, int | None], pd.DataFrame] = {}

    def read(self, name: str, files: Sequence[Path]) -> None:
        """One table from its files; each file that is wrong is told of."""
        parts, labels = [], []
        for file in files:
            label = name if len(files) == 1 else f"{name}/{file.name}"
            with self._keeping():
                parts.append(self._mapped(name, file, label))
                labels.append(label)
        if len(parts) == len(files):
            with self._keeping():
                self.tables[name] = self._table(name, parts, tuple(labels))

    def raise_faults(self, before: Sequence[Fault]) -> None:
        """Raises all that was wrong, if anything was; `before` is what was wrong before reading."""
        faults = (*before, *self._faults)
        if faults:
            raise (MappingError if self._mapping_wrong else ContractError)(faults)

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        """Keeps what is wrong, to be raised with all the rest."""
        try:
            yield
        except (ContractError, MappingError) as error:
            self._mapping_wrong |= isinstance(error, MappingError)
            self._faults += [f for f in error.faults if f not in self._faults]

    def _mapped(self, name: str, file: Path, label: str) -> pd.DataFrame:
        """The contract's columns of one file; the index is the file's rows."""
        mapped = self.mapping.tables.get(name) if self.mapping else None
        sheet, header_row = (mapped.sheet, mapped.header_row) if mapped else (None, None)
        way = (file, sheet, header_row)
        if way not in self._parsed:
            content = read_content(file)
            if file not in self._digested:
                self._digested.add(file)
                self.digest.update(f"\0{file.name}\0{hashlib.sha256(content).hexdigest()}".encode())
            self._parsed[way] = parse(file.name, content, sheet, header_row)
        raw = self._parsed[way]
        if mapped is None or self.mapping is None:
            return raw
        if any(FILE_NAME in source.columns for source in mapped.sources):
            raw = raw.assign(**{FILE_NAME: stem(file.name)})
        frame = apply_mapping(self.mapping, name, raw, label)
        if frame.empty:
            words = (
                "no unit of the mapping has a number in any row; correct the mapping, or leave the file out"
            )
            raise ContractError((Fault(label, "no_rows", words, len(raw)),))
        return frame

    def _table(self, name: str, parts: Sequence[pd.DataFrame], labels: tuple[str, ...]) -> pd.DataFrame:
        contract, mapping = TABLES[name], self.mapping
        raw, origins = _joined(name, parts, labels, mapping)
        audit, covariates = self._extras(name, raw)
        clock = mapping.clock(name) if mapping else Clock()
        if name == "units" and "label" not in raw.columns and "unit" in raw.columns:
            raw["label"] = raw["unit"]
        for column in contract.columns:
            if column.name in raw.columns:
                raw[column.name] = _readable(raw[column.name], column.kind)
        for extra in audit:
            raw[extra] = _readable(raw[extra], Kind.TEXT)
        self._find_zones(name, raw)
        told = "received_at" in raw.columns
        if not told:
            raw["received_at"] = _ALWAYS
        frame, faults = check(raw, name, clock=clock, audit=audit, covariates=covariates)
        if faults.cells:
            raise ContractError(origins.faults(faults))
        # Without received_at nothing says which of two rows is the later one.
        by_key = told or name in KEPT_BY_KNOWN_AT
        if not told and name in KEPT_BY_KNOWN_AT:
            frame = unroll(frame, contract)
        again, other = repeats(frame, [*contract.key, "received_at"] if by_key else contract.key)
        faults.mark("received_at", "conflicting_revision", other)
        if faults.cells:
            raise ContractError(origins.faults(faults))
        if again.any():
            rows = int(again.sum())
            words = f"{rows} rows say again what another row of the same key says: they count once"
            self.findings.append(Finding(name, "repeated_row", words, rows=rows))
        frame = frame[~again].reset_index(drop=True)
        if told:
            return frame
        self._find(name, frame)
        return frame if by_key else unroll(frame, contract)

    def _extras(self, name: str, raw: pd.DataFrame) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if name == "census":
            return (), self.mapping.covariates if self.mapping else ()
        if name != "visits":
            return (), ()
        mapped = self.mapping is not None and name in self.mapping.tables
        known = tuple(c for c in _KNOWN_AUDIT if c in raw.columns)
        self.audit = self.mapping.audit_attributes if self.mapping and mapped else known
        return self.audit, ()

    def _find_zones(self, name: str, raw: pd.DataFrame) -> None:
        """Times of one column written with and without a zone: the latter are in the mapping's, if all goes well."""
        for column in TABLES[name].columns:
            if column.kind is not Kind.TIME or column.name not in raw.columns:
                continue
            zoned, naive = without_zone(raw[column.name])
            if zoned and naive:
                words = (
                    f"{column.name} is written with a zone in {zoned} rows and without one in {naive}: these are read "
                    "in the mapping's zone"
                )
                self.findings.append(Finding(name, "mixed_zones", words, column.name, min(zoned, naive)))

    def _find(self, name: str, frame: pd.DataFrame) -> None:
        words = "no received_at: each fact counts as received at its own time"
        self.findings.append(Finding(name, "received_at_missing", words))
        for column, (time, rows) in never_known(frame, TABLES[name]).items():
            words = f"{column} is told in {rows} rows without {time}, so it is never known: left out there"
            self.findings.append(Finding(name, "never_known", words, column, rows))


def _readable(cells: pd.Series, kind: Kind) -> pd.Series:
    """Cells as the contract's kind, where a file can only write them otherwise."""
    if kind in (Kind.NUMBER, Kind.INTEGER) and cells.dtype.kind not in "iufb":
        numbers, wrong = read_numbers(cells)
        return cells.astype(object).where(wrong, numbers.astype(object)) if wrong.any() else numbers
    if kind in (Kind.ID, Kind.TEXT) and (cells.dtype.kind in "iuf" or cells.dtype == object):
        return cells.map(_number_as_text, na_action="ignore").astype(object)
    return cells


def _number_as_text(cell: object) -> object:
    """A number as a text; a spreadsheet's column may hold both."""
    number = isinstance(cell, (int, float, np.integer, np.floating)) and not isinstance(cell, bool)
    return as_text(cell) if number else cell


def _words(done: Renamed) -> Finding:
    words = f"{done.rows} rows of former units count for the units of today"
    if done.left_out:
        words += f"; {done.left_out} times of merged units are left out: not every part was counted then"
    if done.covariates:
        words += "; further numbers are unknown where parts were added"
    return Finding(done.table, "renamed_units", words)


def _unknown_units(tables: dict[str, pd.DataFrame]) -> list[Finding]:
    if "units" not in tables:
        return []
    known, out = set(tables["units"]["unit"]), []
    for name in ("stays", "operations", "census"):
        rows = int((~tables[name]["unit"].isin(known)).sum()) if name in tables else 0
        if rows:
            words = f"{rows} rows are of units that the table of units lacks: they count for no unit"
            out.append(Finding(name, "unknown_unit", words, "unit", rows))
    return out


def _pseudonymise(frame: pd.DataFrame, key: bytes) -> None:
    for name in _IDS:
        if name in frame.columns:
            known = {value: pseudonym(key, value) for value in frame[name].dropna().unique()}
            frame[name] = frame[name].map(known).astype(object).where(frame[name].notna(), None)
