"""Mapping files: what brings any hospital's tables to the contracts without code.

A TOML file says, for each table, from which columns of which file each contract column comes. Everything
wrong with it is said at once. The language: docs/mappings.md.
"""

import tomllib
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from hospital.clocks import Clock
from hospital.errors import Fault, MappingError
from hospital.rows import message_of, name_fault
from hospital.tables import TABLES, Column, Kind, Table
from hospital.times import Repeated

__all__ = ["Mapping", "Source", "TableMapping", "load_mapping"]

Model = TypeVar("Model", bound=BaseModel)
_SECTIONS = ("columns", "audit", "covariates")


def _as_text(value: object) -> object:
    """A code as people write it in TOML: -9 for "-9"."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        words = "there is no such time zone; name one as in Europe/Paris"
        raise PydanticCustomError("unknown_zone", "{words}", {"words": words}) from None
    return value


Codes = tuple[Annotated[str, BeforeValidator(_as_text)], ...]
Several = Annotated[tuple[str, ...], Field(min_length=2)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """Where a contract column comes from: a column, a sum, a difference (first less others), a constant.

    Attributes:
        codes: what each code of the file means in the contract; one that is not listed is a fault.
        missing: codes that mean unknown, beside the mapping's.
        format: `strptime` form of a time. scale, offset: value x scale + offset, for units of measure.
    """

    column: str | None = None
    sum: Several | None = None
    difference: Several | None = None
    constant: StrictStr | StrictInt | StrictFloat | None = None
    codes: dict[str, Annotated[str, BeforeValidator(_as_text)]] | None = None
    missing: Codes = ()
    format: str | None = None
    scale: Annotated[float, Field(allow_inf_nan=False)] = 1.0
    offset: Annotated[float, Field(allow_inf_nan=False)] = 0.0

    @property
    def columns(self) -> tuple[str, ...]:
        """The file's columns that it needs."""
        return (self.column,) if self.column is not None else (self.sum or self.difference or ())


@dataclass(frozen=True)
class TableMapping:
    """How one contract table is made from one file.

    Attributes:
        file: its name in the hospital's folder; None: the table's own name, or the one file that is given.
    """

    file: str | None
    columns: dict[str, Source]
    audit: dict[str, Source]
    covariates: dict[str, Source]


class _Head(_Strict):
    name: str
    zone: Annotated[str, AfterValidator(_zone)]
    source: str = ""
    licence: str = ""
    repeated_hour: Repeated = "refuse"
    decimal: Literal[".", ","] = "."
    missing: Codes = ()


@dataclass(frozen=True)
class Mapping:
    """A mapping file, checked.

    Attributes:
        zone: of naive times. repeated: which hour in autumn. decimal: the sign in numbers of text files.
        missing: codes that mean unknown in every column.
        content: the file's bytes, part of the data's digest.
    """

    name: str
    source: str
    licence: str
    zone: ZoneInfo
    repeated: Repeated
    decimal: str
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
        """How written times of a table are read."""
        mapped = self.tables.get(table)
        forms = {n: s.format for n, s in mapped.columns.items() if s.format is not None} if mapped else {}
        return Clock(self.zone, self.repeated, forms)


def load_mapping(path: Path) -> Mapping:
    """Reads and checks a mapping file.

    Raises:
        MappingError: everything that is wrong with it.
    """
    try:
        content = path.read_bytes()
        body = tomllib.loads(content.decode("utf-8-sig"))
    except OSError:
        raise _one(path, "unreadable", "the mapping file cannot be read; check its path") from None
    except UnicodeDecodeError:
        raise _one(path, "not_utf8", "the mapping file is not UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise _one(path, "not_toml", f"the mapping file is not TOML: {error}") from None
    faults = [_unknown(key) for key in body if key not in ("mapping", "tables")]
    head = _part(_Head, body.get("mapping", {}), "mapping", faults)
    parts = body.get("tables")
    if not isinstance(parts, dict) or not parts:
        faults.append(Fault("tables", "missing", "the mapping maps no table; add [tables.NAME.columns]"))
        parts = {}
    tables = {}
    for name, part in parts.items():
        if name in TABLES:
            tables[name] = _table(TABLES[name], part, faults)
        else:
            known = ", ".join(TABLES)
            faults.append(
                Fault(f"tables.{name}", "unknown_table", f"no such table; the contract has {known}")
            )
    if faults or head is None:
        raise MappingError(tuple(faults))
    return Mapping(
        head.name,
        head.source,
        head.licence,
        ZoneInfo(head.zone),
        head.repeated_hour,
        head.decimal,
        head.missing,
        tables,
        content,
    )


def _table(contract: Table, part: object, faults: list[Fault]) -> TableMapping:
    at = f"tables.{contract.name}"
    if not isinstance(part, dict):
        faults.append(Fault(at, "not_a_table", f"write it as [{at}.columns]"))
        part = {"columns": {}}
    faults += [_unknown(f"{at}.{key}") for key in part if key not in ("file", *_SECTIONS)]
    file: Any = part.get("file")
    if file is not None and (not isinstance(file, str) or not file):
        faults.append(Fault(f"{at}.file", "not_text", "the name of a file is expected"))
        file = None
    named = {s: _entries(part.get(s, {}), f"{at}.{s}", s != "columns", faults) for s in _SECTIONS}
    for section in ("audit", "covariates"):
        if named[section] and contract.extra != section:
            faults.append(Fault(f"{at}.{section}", "not_here", f"this table takes no {section}"))
    for column in contract.columns:
        derived = contract.name == "units" and column.name == "label"
        if column.required and column.name not in named["columns"] and not derived:
            faults.append(
                Fault(f"{at}.columns.{column.name}", "missing", "the contract requires this column")
            )
    sources = {s: _sources(contract, s, named[s], faults) for s in _SECTIONS}
    return TableMapping(file, sources["columns"], sources["audit"], sources["covariates"])


def _entries(value: object, at: str, may_be_list: bool, faults: list[Fault]) -> dict[str, Any]:
    """A section's entries; a list of names means columns of the file with the same names."""
    if may_be_list and isinstance(value, list) and all(isinstance(n, str) for n in value):
        return {name: name for name in value}
    if isinstance(value, dict):
        return value
    faults.append(Fault(at, "not_a_table", f"write it as [{at}] with a line for each column"))
    return {}


def _sources(
    contract: Table, section: str, entries: Dict[str, Any], faults: list[Fault]
) -> dict[str, Source]:
    out = {}
    for name, value in entries.items():
        at = f"tables.{contract.name}.{section}.{name}"
        column = _column(contract, section, name, at, faults)
        source = _part(Source, {"column": value} if isinstance(value, str) else value, at, faults)
        if source is not None:
            faults += [Fault(at, code, words) for code, words in _misfits(source, column)]
            out[name] = source
    return out


def _column(contract: Table, section: str, name: str, at: str, faults: list[Fault]) -> Column | None:
    """The contract column, or one like it for an audit attribute or covariate; None for an unknown one."""
    if section == "columns":
        column = contract.by_name.get(name)
        if name == "received_at":
            column = Column(name, Kind.TIME)
        if column is None:
            faults.append(Fault(at, "unknown_column", f"the contract's {contract.name} have no such column"))
        return column
    code = name_fault(contract.name, name)
    if code is not None:
        faults.append(Fault(at, code, message_of(code)))
    return Column(name, Kind.TEXT if section == "audit" else Kind.NUMBER)


def _misfits(source: Source, column: Column | None) -> list[tuple[str, str]]:
    """What a source says that its column cannot take: (code, words)."""
    out = []
    given = [n for n in ("column", "sum", "difference", "constant") if getattr(source, n) is not None]
    if len(given) != 1:
        out.append(("not_one_source", "give exactly one of column, sum, difference, constant"))
    if "constant" in given and source.model_fields_set - {"constant"}:
        out.append(("constant_alone", "a constant takes no codes, missing, format, scale or offset"))
    if source.format is not None and not _is_form(source.format):
        out.append(("bad_format", "the time format is none of strptime's, or has no year"))
    if column is None:
        return out
    if column.kind not in (Kind.NUMBER, Kind.INTEGER):
        if {"sum", "difference"}.intersection(given) or source.model_fields_set & {"scale", "offset"}:
            out.append(
                ("not_a_number", "sum, difference, scale and offset are for numbers; this column is none")
            )
        if source.constant is not None and not isinstance(source.constant, str):
            out.append(("not_text", "the constant of this column is a text"))
    if column.kind is not Kind.TIME and source.format is not None:
        out.append(("not_a_time", "format is for times; this column is none"))
    meanings = [*(source.codes or {}).values(), *([source.constant] if source.constant is not None else [])]
    if not all(_may_mean(meaning, column) for meaning in meanings):
        allowed = ", ".join(column.choices) if column.choices else "numbers"
        out.append(
            ("not_a_meaning", f"a code or constant means what the contract does not have; it has {allowed}")
        )
    return out


def _may_mean(meaning: object, column: Column) -> bool:
    if column.kind in (Kind.NUMBER, Kind.INTEGER):
        try:
            float(str(meaning))
        except ValueError:
            return False
        return True
    return column.choices is None or meaning in column.choices


def _is_form(form: str) -> bool:
    try:
        when = datetime.strptime(datetime(2024, 12, 31, 23, 58).strftime(form), form)
    except ValueError:
        return False
    return when.year == 2024


def _part(model: type[Model], value: object, at: str, faults: list[Fault]) -> Model | None:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        for e in error.errors(include_input=False, include_url=False):
            path = ".".join([at, *(str(p) for p in e["loc"])])
            if e["type"] == "extra_forbidden":
                faults.append(_unknown(path))
            else:
                faults.append(Fault(path, e["type"], e["msg"]))
        return None


def _unknown(path: str) -> Fault:
    return Fault(path, "unknown_key", "the language has no such key; see docs/mappings.md")


def _one(path: Path, code: str, message: str) -> MappingError:
    return MappingError((Fault(path.name, code, message),))
