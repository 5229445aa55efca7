"""What may be wrong with the cells and names of a column, and each fault's code, in files and in requests."""

import re

from hospital.contracts.codes import NAMES, names_nothing
from hospital.contracts.fault_words import fault
from hospital.contracts.tables import TABLES, Column
from hospital.errors import Fault

__all__ = [
    "NAMES_OF_FEATURES",
    "NAME_PATTERN",
    "TEXT_LENGTH",
    "TEXT_LENGTHS",
    "column_fault",
    "fault_code",
    "name_fault",
    "text_fault",
]

TEXT_LENGTHS = dict.fromkeys(("label", "label_fr", "label_en"), 120)
TEXT_LENGTH = 64
NAMES_OF_FEATURES = frozenset({"demand", "hospital"})
"""What Vigie computes itself: a covariate of such a name would have another feature's (``demand_change_7d``), or
one that is taken for all units' (``hospital_…``)."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
NAME_PATTERN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)


def text_fault(value: str, name: str) -> str | None:
    """The code of what is wrong with a text, or None."""
    if not value.strip():
        return "blank"
    if len(value) > TEXT_LENGTHS.get(name, TEXT_LENGTH):
        return "too_long"
    if _CONTROL.search(value):
        return "control_character"
    return "names_nothing" if name in NAMES and names_nothing(value) else None


def name_fault(table: str, name: str) -> str | None:
    """The code of what is wrong with the name of an audit attribute or covariate, or None."""
    if not NAME_PATTERN.fullmatch(name):
        return "not_a_name"
    if table == "census" and name in NAMES_OF_FEATURES:
        return "name_of_feature"
    return "name_taken" if name in {*TABLES[table].by_name, "received_at", "audit", "covariates"} else None


def column_fault(path: str, code: str, column: Column | None, rows: int = 1, **places: object) -> Fault:
    """A fault of a column's cells, with the limits that the column has.

    Args:
        column: None where the column is none of a contract.
        places: of the text, as the days of a clock's changes.
    """
    if column is None:
        return fault(path, f"{code}/on" if "days" in places else code, rows, **places)
    if code == "too_long":
        return fault(path, "too_long/at", rows, limit=TEXT_LENGTHS.get(column.name, TEXT_LENGTH))
    if code == "out_of_range" and column.minimum is not None and column.maximum is not None:
        return fault(path, "out_of_range/between", rows, low=column.minimum, high=column.maximum)
    if code == "not_a_choice" and column.choices is not None:
        return fault(path, "not_a_choice/of", rows, choices=column.choices)
    return fault(path, f"{code}/on" if "days" in places else code, rows, **places)


def fault_code(kind: str) -> str:
    """Our code of a pydantic error type."""
    return _CODES.get(kind, kind)


_CODES = {
    "extra_forbidden": "unknown_column",
    "string_type": "not_text",
    "string_unicode": "control_character",
    "float_type": "not_a_number",
    "finite_number": "not_a_number",
    "int_type": "not_an_integer",
    "int_from_float": "not_an_integer",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "literal_error": "not_a_choice",
    "model_type": "not_an_object",
    "model_attributes_type": "not_an_object",
    "dict_type": "not_an_object",
}
