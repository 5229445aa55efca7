"""Mapping files: what brings any hospital's tables to the contracts without code.

A TOML file says, for each table, from which columns of which files each contract column comes. Everything
wrong with it is said at once. The language: docs/mappings.md.
"""

import tomllib
from collections.abc import Mapping as Dict
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from hospital.contracts.column_faults import name_fault, text_fault
from hospital.contracts.fault_words import fault, refused_as
from hospital.contracts.tables import TABLES, Column, Kind, Table
from hospital.contracts.text_cleaning import cleaned
from hospital.errors import Fault, MappingError
from hospital.holidays.place import Locality
from hospital.mapping.checked_mapping import Mapping, TableMapping
from hospital.mapping.file_layout import FileLayout
from hospital.mapping.locality_names import locality_of
from hospital.mapping.mapping_faults import misfits
from hospital.mapping.mapping_language import Head, NamePart, Source, TablePart, UnitPart
from hospital.mapping.same_keys import same_keys
from hospital.words.language import Language

__all__ = ["load_mapping"]

Model = TypeVar("Model", bound=BaseModel)
_SECTIONS = ("columns", "audit", "covariates")
_WIDE = ("census", "staffing")
_AS_WRITTEN = frozenset({"between", "format"})
"""Texts of a mapping in which blanks count."""


def load_mapping(path: Path) -> Mapping:
    """Reads and checks a mapping file.

    Raises:
        MappingError: everything that is wrong with it.
    """
    try:
        content = path.read_bytes()
        written = tomllib.loads(content.decode("utf-8-sig"))
    except OSError:
        raise _one(path, "unreadable/mapping") from None
    except UnicodeDecodeError:
        raise _one(path, "not_utf8/mapping") from None
    except tomllib.TOMLDecodeError as error:
        raise _one(path, "not_toml", error=str(error)) from None
    body = cleaned(written, _AS_WRITTEN)
    faults = same_keys(written)
    faults += [_unknown(key) for key in body if key not in ("mapping", "units", "names", "tables")]
    head = _part(Head, body.get("mapping", {}), "mapping", faults)
    units = _units(body.get("units", {}), faults)
    names = _names(body.get("names", {}), faults)
    tables = _tables(body.get("tables"), head, faults)
    locality = _locality(body.get("mapping"), faults)
    if faults or head is None:
        raise MappingError(tuple(faults))
    return Mapping(
        head.name,
        head.source,
        head.licence,
        ZoneInfo(head.zone),
        head.repeated_hour,
        head.skipped_hour,
        head.refused_rows,
        head.decimal_sign,
        head.thousands,
        head.missing,
        units,
        tables,
        content,
        locality,
        names,
    )


def _locality(part: object, faults: list[Fault]) -> Locality:
    locality, wrong = locality_of(part if isinstance(part, dict) else {}, "mapping")
    faults += wrong
    return locality


def _units(part: object, faults: list[Fault]) -> dict[str, UnitPart]:
    if not isinstance(part, dict):
        faults.append(fault("units", "not_a_table/section", at='units."NAME"'))
        return {}
    out, owners = {}, dict.fromkeys(part, "")
    for name, value in part.items():
        at = f"units.{name}"
        unit = _part(UnitPart, value, at, faults)
        code = text_fault(name, "unit")
        if code is not None:
            faults.append(fault(at, code))
        if unit is None:
            continue
        out[name] = unit
        for old in unit.formerly:
            if old in owners:
                faults.append(fault(f"{at}.formerly", "name_taken/unit"))
            owners[old] = name
    return out


def _names(part: object, faults: list[Fault]) -> dict[str, dict[Language, str]]:
    if not isinstance(part, dict):
        faults.append(fault("names", "not_a_table/section", at='names."NAME"'))
        return {}
    out = {}
    for name, value in part.items():
        at = f"names.{name}"
        given = _part(NamePart, value, at, faults)
        if given is None:
            continue
        wrong = [
            (key, text_fault(called, "label"))
            for key, called in (("fr", given.fr), ("en", given.en))
            if called
        ]
        faults += [fault(f"{at}.{key}", code) for key, code in wrong if code is not None]
        if not given.by_language:
            faults.append(fault(at, "missing/name"))
        out[name] = given.by_language
    return out


def _tables(parts: object, whole: Head | None, faults: list[Fault]) -> dict[str, TableMapping]:
    if not isinstance(parts, dict) or not parts:
        faults.append(fault("tables", "missing/table"))
        return {}
    tables = {}
    for name, part in parts.items():
        if name in TABLES:
            tables[name] = _table(TABLES[name], part, whole, faults)
        else:
            faults.append(fault(f"tables.{name}", "unknown_table", tables=tuple(TABLES)))
    return tables


def _table(contract: Table, part: object, whole: Head | None, faults: list[Fault]) -> TableMapping:
    at = f"tables.{contract.name}"
    if not isinstance(part, dict):
        faults.append(fault(at, "not_a_table/section", at=f"{at}.columns"))
        part = {"columns": {}}
    head = _part(TablePart, part, at, faults) or TablePart()
    if head.sheet is not None and head.sheets is not None:
        faults.append(fault(f"{at}.sheets", "named_twice/sheets"))
    named = {s: _entries(part.get(s, {}), f"{at}.{s}", s != "columns", faults) for s in _SECTIONS}
    for section in ("audit", "covariates"):
        if named[section] and contract.extra != section:
            faults.append(fault(f"{at}.{section}", "not_here/section", section=section))
    wide = _entries(part.get("units", {}), f"{at}.units", False, faults)
    if wide and contract.name not in _WIDE:
        faults.append(fault(f"{at}.units", "not_here/units", tables=_WIDE))
        wide = {}
    units = {n: _entries(v, f"{at}.units.{n}", False, faults) for n, v in wide.items()}
    faults += _absent(contract, at, named["columns"], units)
    sources = {s: _sources(contract, s, s, named[s], faults) for s in _SECTIONS}
    each = {n: _sources(contract, "columns", f"units.{n}", v, faults) for n, v in units.items()}
    return TableMapping(
        head.file or (),
        sources["columns"],
        sources["audit"],
        sources["covariates"],
        each,
        _layout(head, whole),
        head.where,
    )


def _layout(part: TablePart, whole: Head | None) -> FileLayout:
    return FileLayout(
        header_rows=part.header_row or (),
        footer_rows=part.footer_rows,
        sheet=part.sheet,
        sheets=part.sheets or (),
        encoding=part.encoding or (whole.encoding if whole is not None else None),
        separator=part.separator or (whole.separator if whole is not None else None),
    )


def _absent(
    contract: Table, at: str, columns: Dict[str, Any], units: Dict[str, Dict[str, Any]]
) -> list[Fault]:
    """Columns that come from nothing, or from two places."""
    out = []
    for column in contract.columns:
        name = column.name
        twice = [u for u, own in units.items() if name in own and (name in columns or name == "unit")]
        out += [fault(f"{at}.units.{unit}.{name}", "named_twice/column") for unit in twice]
        if units and name == "unit":
            if name in columns:
                out.append(fault(f"{at}.columns.unit", "named_twice/column"))
            continue
        if not column.required or name in columns or (contract.name, name) == ("units", "label"):
            continue
        lacking = [f"units.{u}.{name}" for u, own in units.items() if name not in own]
        paths = lacking if units and len(lacking) < len(units) else [f"columns.{name}"]
        if lacking or not units:
            out += [fault(f"{at}.{path}", "missing/column") for path in paths]
    return out


def _entries(value: object, at: str, may_be_list: bool, faults: list[Fault]) -> dict[str, Any]:
    """A section's entries; a list of names means columns of the file with the same names."""
    if may_be_list and isinstance(value, list) and all(isinstance(n, str) for n in value):
        return {name: name for name in value}
    if isinstance(value, dict):
        return value
    faults.append(fault(at, "not_a_table/lines", at=at))
    return {}


def _sources(
    contract: Table, section: str, path: str, entries: Dict[str, Any], faults: list[Fault]
) -> dict[str, Source]:
    out = {}
    for name, value in entries.items():
        at = f"tables.{contract.name}.{path}.{name}"
        column = _column(contract, section, name, at, faults)
        source = _part(Source, {"column": value} if isinstance(value, str) else value, at, faults)
        if source is not None:
            contracted = contract if section == "columns" else None
            faults += [fault(at, one.case, **one.places) for one in misfits(source, column, contracted)]
            out[name] = source
    return out


def _column(contract: Table, section: str, name: str, at: str, faults: list[Fault]) -> Column | None:
    """The contract column, or one like it for an audit attribute or covariate; None for an unknown one."""
    if section == "columns":
        column = contract.by_name.get(name)
        if name == "received_at":
            column = Column(name, Kind.TIME)
        if column is None:
            faults.append(fault(at, "unknown_column/table", table=contract.name))
        return column
    code = name_fault(contract.name, name)
    if code is not None:
        faults.append(fault(at, code))
    return Column(name, Kind.TEXT if section == "audit" else Kind.NUMBER)


def _part(model: type[Model], value: object, at: str, faults: list[Fault]) -> Model | None:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        for e in error.errors(include_input=False, include_url=False):
            path = ".".join([at, *(str(p) for p in e["loc"])])
            if e["type"] == "extra_forbidden":
                faults.append(_unknown(path))
            else:
                faults.append(Fault(path, e["type"], refused_as(e)))
        return None


def _unknown(path: str) -> Fault:
    return fault(path, "unknown_key")


def _one(path: Path, case: str, **places: object) -> MappingError:
    return MappingError((fault(path.name, case, **places),))
