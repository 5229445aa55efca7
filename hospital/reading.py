"""A hospital's tables from its files: mapped, checked, pseudonymised, one row for each thing that was received."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from hospital.errors import ContractError, Fault, HistoryError
from hospital.files import find_table, read_raw
from hospital.frames import Clock, validate
from hospital.mapping import Mapping
from hospital.pseudonyms import pseudonym
from hospital.rows import message_of
from hospital.tables import TABLES, Kind, Table

__all__ = ["Finding", "HospitalTables", "read_hospital"]

_IDS = ("visit_id", "stay_id", "operation_id")
_DEFAULT_ZONE = ZoneInfo("Europe/Paris")
_KNOWN_AUDIT = ("sex", "language", "insurance")
_BEGINNING = pd.Timestamp("1970-01-01", tz="UTC")


@dataclass(frozen=True)
class Finding:
    """Something about the data that a person should know, and the card says."""

    table: str
    code: str
    message: str


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

    Raises:
        ContractError: a file or table is wrong; every fault of every table.
        MappingError: the mapping does not fit the files.
        HistoryError: there is nothing to forecast from.
    """
    files = _files(path, mapping)
    digest = hashlib.sha256(mapping.content if mapping else b"")
    tables: dict[str, pd.DataFrame] = {}
    findings: list[Finding] = []
    faults: list[Fault] = []
    audit: tuple[str, ...] = ()
    for name, file in files.items():
        digest.update(f"\0{name}\0{file.name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}".encode())
        try:
            raw = read_raw(file)
            extra = mapping.audit_attributes if mapping else tuple(c for c in _KNOWN_AUDIT if c in raw.columns)
            audit = extra if name == "visits" else audit
            tables[name] = _table(name, raw, mapping, extra if name == "visits" else (), findings)
        except ContractError as error:
            faults += error.faults
    if faults:
        raise ContractError(tuple(faults))
    _add_units(tables, findings)
    for frame in tables.values():
        _pseudonymise(frame, pseudonym_key)
    zone = mapping.zone if mapping else _DEFAULT_ZONE
    covariates = mapping.covariates if mapping else ()
    cadence = _cadence(tables["census"]) if "census" in tables else None
    return HospitalTables(tables, zone, cadence, audit, covariates, tuple(findings), "sha256:" + digest.hexdigest())


def _files(path: Path, mapping: Mapping | None) -> dict[str, Path]:
    if path.is_file():
        if mapping is None:
            raise _one(path.name, "no_mapping", "one file needs a mapping that says what it is; give --mapping FILE")
        return dict.fromkeys(mapping.tables, path)
    if not path.is_dir():
        raise _one(path.name, "unreadable", "there is no such file or folder; check the path")
    found: dict[str, Path] = {}
    for name in mapping.tables if mapping else TABLES:
        named = mapping.tables[name].file if mapping else None
        file = path / named if named else find_table(path, name)
        if file is None and mapping:
            raise _one(name, "no_file", f"the mapping's table has no file; put {name}.csv there or name a file")
        if file is not None:
            found[name] = file
    if not {"visits", "stays", "census"} & set(found):
        raise HistoryError(
            f"Nothing to forecast from in {path.name}: it needs visits, stays or census as .csv, .csv.gz or .parquet."
        )
    return found


def _table(
    name: str, raw: pd.DataFrame, mapping: Mapping | None, audit: Sequence[str], findings: list[Finding]
) -> pd.DataFrame:
    contract = TABLES[name]
    if raw.empty:
        raise _one(name, "no_rows", "the table has a header and no rows; export it again")
    clock, covariates = Clock(), tuple(mapping.covariates) if mapping and name == "census" else ()
    if mapping:
        raw, clock = mapping.apply(name, raw), mapping.clock(name)
    else:
        raw = raw.copy()
    if name == "units" and "label" not in raw.columns and "unit" in raw.columns:
        raw["label"] = raw["unit"]
    for column in contract.columns:
        if column.name in raw.columns:
            raw[column.name] = _readable(raw[column.name], column.kind)
    told = "received_at" in raw.columns
    if not told:
        raw["received_at"] = pd.Series(pd.Timestamp("2200-01-01", tz="UTC"), index=raw.index)
    frame = validate(raw, name, clock=clock, audit=audit, covariates=covariates)
    if not told:
        frame = _unroll(frame, contract, findings)
    return _without_repeats(frame, contract)


def _readable(cells: pd.Series, kind: Kind) -> pd.Series:
    """Cells as the contract's kind, where a file can only write them otherwise."""
    if kind in (Kind.NUMBER, Kind.INTEGER) and cells.dtype.kind not in "iuf":
        numbers = pd.to_numeric(cells, errors="coerce")
        return cells.astype(object).where(numbers.isna(), numbers.astype(object))
    if kind in (Kind.ID, Kind.TEXT) and cells.dtype.kind in "iuf":
        return cells.map(lambda c: str(int(c)) if float(c).is_integer() else str(c), na_action="ignore").astype(object)
    return cells


def _unroll(frame: pd.DataFrame, contract: Table, findings: list[Finding]) -> pd.DataFrame:
    """The revisions that a live system would have sent: one at each event time, with what was known by then."""
    findings.append(
        Finding(contract.name, "received_at_missing", "no received_at: each fact counts as received at its own time")
    )
    if contract.name == "units":
        return frame.assign(received_at=_BEGINNING)
    if contract.name == "staffing":
        return frame.assign(received_at=frame["known_at"].fillna(frame["at"]))
    times = [t for t in contract.event_times if t in contract.by_name and t != "known_at"]
    if contract.name == "census":
        return frame.assign(received_at=frame["at"])
    audit = [c for c in frame.columns if c not in contract.by_name and c != "received_at"]
    parts = []
    for time in times:
        part = frame[frame[time].notna()].copy()
        now = part[time]
        for other in times:
            part[other] = part[other].where(part[other] <= now)
        for column in contract.columns:
            if column.known_with is not None:
                part[column.name] = part[column.name].where(part[column.known_with].notna())
        for name in audit:
            part[name] = part[name].where(part[contract.time].notna()) if contract.time else part[name]
        part["received_at"] = now
        parts.append(part)
    return pd.concat(parts, ignore_index=True).drop_duplicates([*contract.key, "received_at"], ignore_index=True)


def _without_repeats(frame: pd.DataFrame, contract: Table) -> pd.DataFrame:
    """The same row sent twice counts once; with other content at the same time it is a fault."""
    frame = frame.drop_duplicates(ignore_index=True)
    clash = frame.duplicated([*contract.key, "received_at"])
    if clash.any():
        code = "conflicting_revision"
        first = int(np.flatnonzero(clash)[0])
        fault = Fault(f"{contract.name}[{first}].received_at", code, message_of(code), int(clash.sum()))
        raise ContractError((fault,))
    return frame


def _add_units(tables: dict[str, pd.DataFrame], findings: list[Finding]) -> None:
    if "units" in tables:
        return
    named = [tables[t]["unit"] for t in ("stays", "census") if t in tables]
    if not named:
        return
    units = sorted(set(pd.concat(named).dropna()))
    columns = {"received_at": _BEGINNING, "unit": units, "label": units, "site": None, "group": None}
    frame = pd.DataFrame(columns)
    for name in ("open_from", "open_to", "predecessor"):
        frame[name] = pd.Series(pd.NaT, index=frame.index).dt.tz_localize("UTC") if "open" in name else None
    tables["units"] = frame
    findings.append(Finding("units", "derived", "no table of units: they are those that stays or census name"))


def _pseudonymise(frame: pd.DataFrame, key: bytes) -> None:
    for name in _IDS:
        if name in frame.columns:
            known = {value: pseudonym(key, value) for value in frame[name].dropna().unique()}
            frame[name] = frame[name].map(known).astype(object).where(frame[name].notna(), None)


def _cadence(census: pd.DataFrame) -> str:
    gaps = census.sort_values(["unit", "at"]).groupby("unit")["at"].diff().dropna()
    gaps = gaps[gaps > pd.Timedelta(0)]
    if gaps.empty:
        raise HistoryError("The census has one row a unit: it needs a history, hourly or daily.")
    usual = gaps.median()
    if usual <= pd.Timedelta(hours=2):
        return "hourly"
    if usual <= pd.Timedelta(hours=26):
        return "daily"
    raise HistoryError(
        f"The census has a row about every {usual / pd.Timedelta(days=1):.0f} days: no day can be recovered from it. "
        "Bring an hourly or a daily one."
    )


def _one(path: str, code: str, message: str) -> ContractError:
    return ContractError((Fault(path, code, message),))
