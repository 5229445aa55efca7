"""What a mapping says of a column that the column cannot take."""

import re
from datetime import UTC, date, datetime

from hospital.contracts.codes import whole_code
from hospital.contracts.tables import Column, Kind, Table
from hospital.mapping.mapping_language import Source
from hospital.times import has_hour, writes_a_zone
from hospital.words.fault_texts import FaultText

__all__ = ["AFTERWARDS", "misfits"]

AFTERWARDS = frozenset(
    (
        "gravite",
        "dp",
        "liste_da",
        "liste_actes",
        "orient",
        "orientation",
        "destination",
        "mode_sortie",
        "sortie",
    )
)
"""Names under which French emergency records hold what is set after the examination (DESIGN section 4)."""
_CLASSIFIED = re.compile(r"(?<![a-z])(ccmu|gemsa)(?![a-z])")
_KINDS = ("column", "sum", "difference", "join", "years_since", "constant", "cases")
_NUMBERS = (Kind.NUMBER, Kind.INTEGER)


def misfits(source: Source, column: Column | None, contract: Table | None) -> list[FaultText]:
    """Each thing wrong; `contract` where the column is one of a contract's own."""
    given = [n for n in _KINDS if getattr(source, n) is not None]
    out = [*_alone(source, given), *_cases(source), *_twice(source)]
    for case in source.cases or ():
        out += [fault for fault in misfits(case, column, contract) if fault not in out]
    if column is not None:
        out += _of_kind(source, column, given, contract)
        out += _meanings(source, column)
        if contract is not None and contract.name == "visits" and _is_afterwards(source, column):
            out.append(FaultText("hindsight"))
    return out


def _alone(source: Source, given: list[str]) -> list[FaultText]:
    out = []
    if len(given) != 1:
        out.append(FaultText("not_one_source", {"kinds": _KINDS}))
    if "constant" in given and source.model_fields_set - {"constant", "where"}:
        out.append(FaultText("constant_alone"))
    if "between" in source.model_fields_set and "join" not in given:
        out.append(FaultText("no_join"))
    if source.format is not None:
        out += _form(source.format)
        if source.years_since is not None and "%y" in source.format.replace("%%", ""):
            out.append(FaultText("two_digit_birth"))
    return out


def _twice(source: Source) -> list[FaultText]:
    """Columns that would be added twice, and codes with a meaning that are unknown as well."""
    out = []
    if any(len(set(parts)) < len(parts) for parts in (source.sum, source.difference) if parts is not None):
        out.append(FaultText("same_columns"))
    if {*map(whole_code, source.codes or ())} & {*map(whole_code, source.missing)}:
        out.append(FaultText("code_and_missing"))
    return out


def _cases(source: Source) -> list[FaultText]:
    """What is wrong with cases as such."""
    out = []
    if any(not case.where for case in (source.cases or ())[:-1]):
        out.append(FaultText("case_without_where"))
    if any(case.cases or case.format is not None for case in source.cases or ()):
        out.append(FaultText("cases_in_case"))
    if source.cases is not None and source.model_fields_set & {"codes", "missing", "scale", "offset"}:
        out.append(FaultText("cases_alone"))
    return out


def _form(form: str) -> list[FaultText]:
    """What is wrong with a time format: every time needs a year and a day."""
    wanted = datetime(2024, 12, 31, 23, 58, tzinfo=UTC)
    if writes_a_zone(form):
        return [FaultText("zone_in_format")]
    try:
        read = datetime.strptime(wanted.strftime(form), form)
    except (ValueError, re.error):  # the latter where a part is named twice
        read = datetime.min
    if read.year != wanted.year:
        return [FaultText("bad_format")]
    if read.date() != date(2024, 12, 31):
        return [FaultText("no_day")]
    if has_hour(form) and read.hour != wanted.hour:
        return [FaultText("half_days")]
    return []


def _of_kind(source: Source, column: Column, given: list[str], contract: Table | None) -> list[FaultText]:
    out = []
    numeric, since = column.kind in _NUMBERS, "years_since" in given
    if not numeric:
        if {"sum", "difference", "years_since"}.intersection(given) or source.model_fields_set & {
            "scale",
            "offset",
        }:
            out.append(FaultText("not_a_number/mapped"))
        if source.constant is not None and not isinstance(source.constant, str):
            out.append(FaultText("not_text/constant"))
    elif "join" in given:
        out.append(FaultText("not_a_text"))
    if since and (contract is None or contract.name != "visits"):
        out.append(FaultText("not_here/years_since"))
    if since and source.model_fields_set & {"codes", "scale", "offset"}:
        out.append(FaultText("years_alone"))
    if source.format is not None and column.kind is not Kind.TIME and not since:
        out.append(FaultText("not_a_time/format"))
    return out


def _meanings(source: Source, column: Column) -> list[FaultText]:
    meanings = [*(source.codes or {}).values(), *([source.constant] if source.constant is not None else [])]
    if all(_may_mean(meaning, column) for meaning in meanings):
        return []
    if column.choices:
        return [FaultText("not_a_meaning", {"allowed": column.choices})]
    return [FaultText("not_a_meaning/number")]


def _may_mean(meaning: object, column: Column) -> bool:
    if column.kind in _NUMBERS:
        try:
            float(str(meaning))
        except ValueError:
            return False
        return True
    return column.choices is None or meaning in column.choices


def _is_afterwards(source: Source, column: Column) -> bool:
    """Whether a column that a forecast may see, of the visit itself, is taken from one filled in later."""
    seen = not column.hindsight and column.kind is not Kind.ID and column.name != "received_at"
    names = [name.casefold() for name in source.columns]
    return seen and any(name in AFTERWARDS or _CLASSIFIED.search(name) for name in names)
