"""A hospital's tables from its files: mapped, checked, pseudonymised, one row for each thing received."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from hospital.clocks import Clock
from hospital.errors import ContractError, Fault, HistoryError, MappingError
from hospital.files import find_table, parse, read_content
from hospital.frames import check, repeats
from hospital.mapped import apply_mapping, as_text, read_numbers
from hospital.mapping import Mapping
from hospital.pseudonyms import pseudonym
from hospital.tables import TABLES, Kind
from hospital.unrolling import BEGINNING, KEPT_BY_KNOWN_AT, never_known, unroll
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
    """Reads a directory with a file a table, or one file that a mapping names.

    In a directory, tables that the mapping does not name are read too where their file has the contract's
    name and columns; their naive times are in the mapping's zone.

    Raises:
        ContractError: a file or table is wrong; every fault of every table.
        MappingError: the mapping does not fit the files; with the faults of the tables, if there are any too.
        HistoryError: there is nothing to forecast from.
    """
    reader = _Reader(mapping)
    found, faults = _files(path, mapping)
    for name, file in found.items():
        reader.read(name, file)
    reader.raise_faults(faults)
    if not {"visits", "stays", "census"} & set(found):
        raise HistoryError(
            f"Nothing to forecast from in {path.name}: it needs visits, stays or census "
            "as .csv, .csv.gz or .parquet."
        )
    tables, findings = reader.tables, reader.findings
    _add_units(tables, findings)
    findings += _unknown_units(tables)
    for frame in tables.values():
        _pseudonymise(frame, pseudonym_key)
    return HospitalTables(
        tables=tables,
        zone=mapping.zone if mapping else _DEFAULT_ZONE,
        cadence=_cadence(tables["census"]) if "census" in tables else None,
        audit_attributes=reader.audit,
        covariates=mapping.covariates if mapping and "census" in tables else (),
        findings=tuple(findings),
        source_digest="sha256:" + reader.digest.hexdigest(),
    )


def _files(path: Path, mapping: Mapping | None) -> tuple[dict[str, Path], list[Fault]]:
    """The file of each table that is there, and what is wrong with the others."""
    if path.is_file():
        return _one_file(path, mapping), []
    if not path.is_dir():
        raise _one(path.name, "unreadable", "there is no such file or folder; check the path")
    found: dict[str, Path] = {}
    faults: list[Fault] = []
    for name in TABLES:
        mapped = mapping.tables.get(name) if mapping else None
        try:
            file = path / mapped.file if mapped and mapped.file else find_table(path, name)
        except ContractError as error:
            faults += error.faults
            continue
        if file is not None:
            found[name] = file
        elif mapped is not None:
            words = f"the mapping's table has no file; put {name}.csv there, or name its file in the mapping"
            faults.append(Fault(name, "no_file", words))
    return found, faults


def _one_file(path: Path, mapping: Mapping | None) -> dict[str, Path]:
    if mapping is None:
        raise _one(
            path.name, "no_mapping", "one file needs a mapping that says what it is; give --mapping FILE"
        )
    others = [n for n, t in mapping.tables.items() if t.file is not None and t.file != path.name]
    if others:
        words = "the mapping takes this table from another file; give the folder that holds them all"
        raise ContractError(tuple(Fault(name, "no_file", words) for name in others))
    return dict.fromkeys(mapping.tables, path)


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
        self._parsed: dict[Path, pd.DataFrame] = {}

    def read(self, name: str, file: Path) -> None:
        """One table from its file."""
        try:
            if file not in self._parsed:
                content = read_content(file)
                self.digest.update(f"\0{file.name}\0{hashlib.sha256(content).hexdigest()}".encode())
                self._parsed[file] = parse(file.name, content)
            self.tables[name] = self._table(name, self._parsed[file])
        except (ContractError, MappingError) as error:
            self._mapping_wrong |= isinstance(error, MappingError)
            self._faults += [f for f in error.faults if f not in self._faults]

    def raise_faults(self, before: Sequence[Fault]) -> None:
        """Raises all that was wrong, if anything was; `before` is what was wrong before reading."""
        faults = (*before, *self._faults)
        if faults:
            raise (MappingError if self._mapping_wrong else ContractError)(faults)

    def _table(self, name: str, raw: pd.DataFrame) -> pd.DataFrame:
        contract, mapping = TABLES[name], self.mapping
        audit, covariates = self._extras(name, raw)
        clock = mapping.clock(name) if mapping else Clock()
        raw = apply_mapping(mapping, name, raw).copy() if mapping else raw.copy()
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
            raise ContractError(faults.all())
        # Without received_at nothing says which of two rows is the later one.
        by_key = told or name in KEPT_BY_KNOWN_AT
        if not told and name in KEPT_BY_KNOWN_AT:
            frame = unroll(frame, contract)
        again, other = repeats(frame, [*contract.key, "received_at"] if by_key else contract.key)
        faults.mark("received_at", "conflicting_revision", other)
        if faults.cells:
            raise ContractError(faults.all())
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
    if kind in (Kind.ID, Kind.TEXT) and cells.dtype.kind in "iuf":
        return cells.map(as_text, na_action="ignore").astype(object)
    return cells


def _add_units(tables: dict[str, pd.DataFrame], findings: list[Finding]) -> None:
    named = [tables[t]["unit"] for t in ("stays", "census") if t in tables]
    if "units" in tables or not named:
        return
    units = sorted(set(pd.concat(named).dropna()))
    raw = pd.DataFrame({"unit": units, "label": units, "received_at": BEGINNING}, dtype=object)
    raw["received_at"] = BEGINNING
    tables["units"], _ = check(raw, "units", clock=Clock())
    findings.append(
        Finding("units", "derived", "no table of units: they are those that stays or census name")
    )


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


def _cadence(census: pd.DataFrame) -> str:
    """Hourly or daily, by the usual gap between two times of a unit."""
    times = census[["unit", "at"]].drop_duplicates().sort_values(["unit", "at"])
    gaps = times.groupby("unit")["at"].diff().dropna()
    if gaps.empty:
        raise HistoryError("The census has one row a unit: it needs a history, hourly or daily.")
    usual = float(gaps.dt.total_seconds().median()) / 3600
    if usual <= 1.5:
        return "hourly"
    if 20 <= usual <= 28:
        return "daily"
    raise HistoryError(
        f"The census has a row about every {usual:.0f} hours; it needs one an hour or one a day. "
        "Bring such a census, or stays to count it from."
    )


def _one(path: str, code: str, message: str) -> ContractError:
    return ContractError((Fault(path, code, message),))
