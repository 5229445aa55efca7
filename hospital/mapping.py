"""Mapping files: what brings any hospital's tables to the contracts without code.

A TOML file says, for each table, from which columns of which file each contract column comes. Everything wrong
with it is said at once. The language: docs/mappings.md.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hospital.errors import Fault, MappingError
from hospital.frames import Clock, Faults
from hospital.tables import TABLES, Kind
from hospital.times import Repeated

__all__ = ["Mapping", "Source", "TableMapping", "load_mapping"]

Names = Annotated[tuple[str, ...], Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """Where a contract column comes from: one column, a sum, a difference, or a constant.

    Attributes:
        codes: what each code of the file means in the contract. missing: codes that mean unknown.
        format: `strptime` form of a time. scale, offset: value x scale + offset, for units of measure.
    """

    column: str | None = None
    sum: Names | None = None
    difference: Names | None = None
    constant: str | float | None = None
    codes: dict[str, str] | None = None
    missing: tuple[str, ...] = ()
    format: str | None = None
    scale: float = 1.0
    offset: float = 0.0

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one(self) -> "Source":
        given = [v for v in (self.column, self.sum, self.difference, self.constant) if v is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of column, sum, difference, constant")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The file's columns that it needs."""
        return (self.column,) if self.column is not None else (self.sum or self.difference or ())


class TableMapping(_Strict):
    """How one contract table is made from one file."""

    file: str | None = None
    columns: dict[str, Source]
    audit: dict[str, Source] = {}
    covariates: dict[str, Source] = {}


class _Head(_Strict):
    name: str
    zone: str
    source: str = ""
    licence: str = ""
    repeated_hour: Repeated = "refuse"
    missing: tuple[str, ...] = ()


class _Document(_Strict):
    mapping: _Head
    tables: dict[str, TableMapping]


@dataclass(frozen=True)
class Mapping:
    """A mapping file, checked.

    Attributes:
        content: its bytes, part of the data's digest. zone: of naive times.
    """

    name: str
    zone: ZoneInfo
    repeated: Repeated
    missing: tuple[str, ...]
    tables: dict[str, TableMapping]
    content: bytes

    @property
    def audit_attributes(self) -> tuple[str, ...]:
        """Attributes that judge a model and are never given to it."""
        return tuple(self.tables["visits"].audit) if "visits" in self.tables else ()

    @property
    def covariates(self) -> tuple[str, ...]:
        """Further numbers of the census."""
        return tuple(self.tables["census"].covariates) if "census" in self.tables else ()

    def clock(self, table: str) -> Clock:
        """How naive times of a table are read."""
        forms = {n: s.format for n, s in self.tables[table].columns.items() if s.format is not None}
        return Clock(self.zone, self.repeated, forms)

    def apply(self, table: str, raw: pd.DataFrame) -> pd.DataFrame:
        """The contract's columns from a file's (still to be validated).

        Raises:
            MappingError: columns the file lacks, codes the mapping does not list, texts where numbers are summed.
        """
        mapped, faults = self.tables[table], Faults(table)
        sources = {**mapped.columns, **mapped.audit, **mapped.covariates}
        lacking = {c for s in sources.values() for c in s.columns} - set(raw.columns)
        for name in sorted(lacking):
            faults.add(name, "column_not_in_file", range(max(len(raw), 1)))
        numeric = {c.name for c in TABLES[table].columns if c.kind in (Kind.NUMBER, Kind.INTEGER)}
        out = {}
        for name, source in sources.items():
            if not lacking.intersection(source.columns):
                number = name in numeric or name in mapped.covariates
                out[name] = self._column(name, source, raw, faults, number)
        if faults.cells:
            raise MappingError(faults.all())
        return pd.DataFrame(out, index=raw.index)

    def _column(self, name: str, source: Source, raw: pd.DataFrame, faults: Faults, number: bool) -> pd.Series:
        if source.constant is not None:
            return pd.Series([source.constant] * len(raw), index=raw.index, dtype=object)
        if source.column is not None:
            cells = self._known(raw[source.column], source)
            if source.codes is not None:
                cells = _decode(name, cells, source.codes, faults)
            if not number:
                return cells
            return _measure(name, cells, faults) * source.scale + source.offset
        parts = [_measure(part, self._known(raw[part], source), faults) for part in source.columns]
        total = parts[0]
        for part in parts[1:]:
            total = total + part if source.sum is not None else total - part
        return total * source.scale + source.offset

    def _known(self, cells: pd.Series, source: Source) -> pd.Series:
        codes = {*self.missing, *source.missing}
        if not codes:
            return cells
        texts = cells.map(_text, na_action="ignore")
        return cells.astype(object).mask(texts.isin(codes), None)


def _text(cell: object) -> str:
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip()


def _decode(name: str, cells: pd.Series, codes: dict[str, str], faults: Faults) -> pd.Series:
    texts = cells.map(_text, na_action="ignore")
    unlisted = cells.notna() & ~texts.isin(codes)
    faults.add(name, "code_not_listed", np.flatnonzero(unlisted).tolist())
    return texts.map(codes, na_action="ignore")


def _measure(name: str, cells: pd.Series, faults: Faults) -> pd.Series:
    numbers = pd.to_numeric(cells, errors="coerce").astype(np.float64)
    faults.add(name, "not_a_number", np.flatnonzero(cells.notna() & numbers.isna()).tolist())
    return numbers


def load_mapping(path: Path) -> Mapping:
    """Reads and checks a mapping file.

    Raises:
        MappingError: everything that is wrong with it.
    """
    try:
        content = path.read_bytes()
        body = tomllib.loads(content.decode())
    except OSError:
        raise MappingError((Fault(path.name, "unreadable", "the mapping file cannot be read; check its path"),)) from None
    except UnicodeDecodeError:
        raise MappingError((Fault(path.name, "not_utf8", "the mapping file is not UTF-8; save it as UTF-8"),)) from None
    except tomllib.TOMLDecodeError as error:
        raise MappingError((Fault(path.name, "not_toml", f"the mapping file is not TOML: {error}"),)) from None
    try:
        document = _Document.model_validate(body)
    except ValidationError as error:
        faults = [Fault(".".join(map(str, e["loc"])), e["type"], e["msg"].removeprefix("Value error, ")) for e in error.errors()]
        raise MappingError(tuple(faults)) from None
    faults = _faults(document)
    if faults:
        raise MappingError(tuple(faults))
    head = document.mapping
    return Mapping(head.name, ZoneInfo(head.zone), head.repeated_hour, head.missing, document.tables, content)


def _faults(document: _Document) -> list[Fault]:
    out = []
    try:
        ZoneInfo(document.mapping.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        out.append(Fault("mapping.zone", "unknown_zone", "no such time zone; name one as in Europe/Paris"))
    for table, mapped in document.tables.items():
        contract, at = TABLES.get(table), f"tables.{table}"
        if contract is None:
            out.append(Fault(at, "unknown_table", f"no such table; the contract has {', '.join(TABLES)}"))
            continue
        known = {c.name for c in contract.columns} | {"received_at"}
        for name in mapped.columns:
            if name not in known:
                out.append(Fault(f"{at}.columns.{name}", "unknown_column", "the contract's table has no such column"))
        for column in contract.columns:
            derived = table == "units" and column.name == "label"
            if column.required and column.name not in mapped.columns and not derived:
                out.append(Fault(f"{at}.columns.{column.name}", "missing", "the contract requires this column"))
        for extra, allowed in ((mapped.audit, "audit"), (mapped.covariates, "covariates")):
            if extra and contract.extra != allowed:
                out.append(Fault(f"{at}.{allowed}", "not_here", f"this table takes no {allowed}"))
            out += [
                Fault(f"{at}.{allowed}.{name}", "taken", "the contract has a column of this name; choose another")
                for name in extra
                if name in known
            ]
    return out
