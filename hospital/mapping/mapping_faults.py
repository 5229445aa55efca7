"""What a mapping says of a column that the column cannot take."""

import re
from datetime import UTC, date, datetime

from hospital.contracts.codes import whole_code
from hospital.contracts.fault_words import message_of
from hospital.contracts.tables import Column, Kind, Table
from hospital.mapping.mapping_language import Source
from hospital.times import has_hour, writes_a_zone

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


def misfits(source: Source, column: Column | None, contract: Table | None) -> list[tuple[str, str]]:
    """(code, words) of each thing wrong; `contract` where the column is one of a contract's own."""
    given = [n for n in _KINDS if getattr(source, n) is not None]
    out = [*_alone(source, given), *_cases(source), *_twice(source)]
    for case in source.cases or ():
        out += [fault for fault in misfits(case, column, contract) if fault not in out]
    if column is not None:
        out += _of_kind(source, column, given, contract)
        out += _meanings(source, column)
        if contract is not None and contract.name == "visits" and _is_afterwards(source, column):
            words = (
                "this column of French emergency records is set after the examination, never known when a "
                "wait is forecast; leave it out, or take the one that reception or triage filled in"
            )
            out.append(("hindsight", words))
    return out


def _alone(source: Source, given: list[str]) -> list[tuple[str, str]]:
    out = []
    if len(given) != 1:
        out.append(("not_one_source", f"give exactly one of {', '.join(_KINDS)}"))
    if "constant" in given and source.model_fields_set - {"constant", "where"}:
        out.append(("constant_alone", "a constant takes no codes, missing, format, scale or offset"))
    if "between" in source.model_fields_set and "join" not in given:
        out.append(("no_join", "between is for join"))
    if source.format is not None:
        out += _form(source.format)
        if source.years_since is not None and "%y" in source.format.replace("%%", ""):
            out.append(("two_digit_birth", message_of("two_digit_birth")))
    return out


def _twice(source: Source) -> list[tuple[str, str]]:
    """Columns that would be added twice, and codes with a meaning that are unknown as well."""
    out = []
    if any(len(set(parts)) < len(parts) for parts in (source.sum, source.difference) if parts is not None):
        out.append(("same_columns", message_of("same_columns")))
    if {*map(whole_code, source.codes or ())} & {*map(whole_code, source.missing)}:
        out.append(("code_and_missing", message_of("code_and_missing")))
    return out


def _cases(source: Source) -> list[tuple[str, str]]:
    """What is wrong with cases as such."""
    out = []
    if any(not case.where for case in (source.cases or ())[:-1]):
        out.append(
            ("case_without_where", "every case but the last needs a where: the first that holds counts")
        )
    if any(case.cases or case.format is not None for case in source.cases or ()):
        out.append(("cases_in_case", "a case holds no cases and no format; write the format beside cases"))
    if source.cases is not None and source.model_fields_set & {"codes", "missing", "scale", "offset"}:
        out.append(("cases_alone", "codes, missing, scale and offset stand in each case"))
    return out


def _form(form: str) -> list[tuple[str, str]]:
    """What is wrong with a time format: every time needs a year and a day."""
    wanted = datetime(2024, 12, 31, 23, 58, tzinfo=UTC)
    if writes_a_zone(form):
        return [("zone_in_format", message_of("zone_in_format"))]
    try:
        read = datetime.strptime(wanted.strftime(form), form)
    except (ValueError, re.error):  # the latter where a part is named twice
        read = datetime.min
    if read.year != wanted.year:
        words = "the time format is none of strptime's, names a part twice, or has no year"
        return [("bad_format", words)]
    if read.date() != date(2024, 12, 31):
        words = (
            "the time format has no day: from what is counted by the month no day can be recovered; "
            "bring a row a day or an hour"
        )
        return [("no_day", words)]
    if has_hour(form) and read.hour != wanted.hour:
        words = (
            "the time format has hours of twelve (%I) without %p, so that nothing tells the afternoon from the "
            "morning; write %H where the hours go to 23"
        )
        return [("half_days", words)]
    return []


def _of_kind(
    source: Source, column: Column, given: list[str], contract: Table | None
) -> list[tuple[str, str]]:
    out = []
    numeric, since = column.kind in _NUMBERS, "years_since" in given
    if not numeric:
        if {"sum", "difference", "years_since"}.intersection(given) or source.model_fields_set & {
            "scale",
            "offset",
        }:
            words = "sum, difference, years_since, scale and offset are for numbers; this column is none"
            out.append(("not_a_number", words))
        if source.constant is not None and not isinstance(source.constant, str):
            out.append(("not_text", "the constant of this column is a text"))
    elif "join" in given:
        out.append(("not_a_text", "join is for texts and times; this column is a number"))
    if since and (contract is None or contract.name != "visits"):
        out.append(("not_here", "years_since is for columns of visits"))
    if since and source.model_fields_set & {"codes", "scale", "offset"}:
        out.append(("years_alone", "years_since takes no codes, scale or offset"))
    if source.format is not None and column.kind is not Kind.TIME and not since:
        out.append(("not_a_time", "format is for times; this column is none"))
    return out


def _meanings(source: Source, column: Column) -> list[tuple[str, str]]:
    meanings = [*(source.codes or {}).values(), *([source.constant] if source.constant is not None else [])]
    if all(_may_mean(meaning, column) for meaning in meanings):
        return []
    allowed = ", ".join(column.choices) if column.choices else "numbers"
    return [("not_a_meaning", f"a code or constant means what the contract does not have; it has {allowed}")]


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
