"""Codes that are numbers: a program that once held them as numbers writes 3.0 for the code 3."""

import re

__all__ = [
    "FREE_TEXTS",
    "NAMES",
    "SCIENTIFIC",
    "TOTAL",
    "is_null",
    "names_nothing",
    "time_code",
    "whole_code",
]

FREE_TEXTS = frozenset(("label", "label_fr", "label_en", "reason"))
"""Texts that are no codes, and stay as they are written."""
NAMES = frozenset(
    (
        "unit",
        "predecessor",
        "department",
        "destination_unit",
        "role",
        "room",
        "visit_id",
        "stay_id",
        "operation_id",
    )
)
"""Texts by which a thing is known: where it is not known they are missing, and never a word for that."""
_NULL = re.compile(
    r"[(<\[{]?(?:NULL|Null|null|NaN|nan|NaT|None|N/A|n/a)[)>\]}]?|<NA>|\\N"
    r"|#(?:N/?[AD]|REF|RÉF|VALUE|VALEUR|WERT|DIV/0|NAME|NOM|NUM|NOMBRE|NULL|NUL|SPILL|CALC)[!?]?"
)
"""What programs write where there is no value: databases, Python, R and spreadsheets, in French and English."""
_SIGNS = re.compile(r"[-–—_.?*/]+")
"""What people write there."""
_WHOLE = re.compile(r"([+-]?\d+)[.,]0+", re.ASCII)

TOTAL = re.compile(
    r"(?:(?:sous|s/|s|grand|sub)[- ]?)?(?:total|totaux|moyenne|moy[.]?|somme|ensemble|cumul|sum|mean|average)\b.*",
    re.IGNORECASE | re.DOTALL,
)
"""What stands in the first cell of a line of totals or means."""

SCIENTIFIC = re.compile(r"[+-]?\d+[.,]\d+[eE][+-]?\d+|[+-]?\d+[eE][+]\d+|##+")
"""A number in scientific notation, or what a spreadsheet shows where there is no room: nothing tells an id by it."""


def names_nothing(text: str) -> bool:
    """Whether a text is a program's word for no value, or an error of a spreadsheet: NULL, NaN, #N/A, a dash."""
    return is_null(text) or _SIGNS.fullmatch(text) is not None


def is_null(text: str) -> bool:
    """Whether a program wrote a text for no value, which no person types: NULL, NaN, #N/A, and no dash."""
    return _NULL.fullmatch(text) is not None


_NEVER = r"(?:0\d{3}|1[0-8]\d\d|2[2-9](?!00)\d\d|2[3-9]00|[3-9]\d{3})"
_NO_TIMES = {
    "year_of_never": re.compile(
        rf"\d\d?([/.-])\d\d?\1{_NEVER}(?:\D.*)?|{_NEVER}([/.-])\d\d?\2\d\d?(?:\D.*)?|99991231\d*|0{{8}}\d*",
        re.ASCII | re.DOTALL,
    ),
    "day_number": re.compile(r"[2-6]\d{4}(?:[.,]\d+)?", re.ASCII),
    "epoch_number": re.compile(r"\d{9,10}(?:[.]\d+)?|\d{12,13}|\d{15,16}|\d{18,19}", re.ASCII),
    "total_line": TOTAL,
}
"""What is no time: a year that means never (9999, 0001, 0000), a spreadsheet's number of a day, seconds since
1970 and their parts, the name of a total."""


def time_code(text: str) -> str:
    """The code of what stands where a time is expected, as far as it is known; else ``not_a_time``."""
    return next((code for code, form in _NO_TIMES.items() if form.fullmatch(text)), "not_a_time")


def whole_code(text: str) -> str:
    """A whole number without its decimals (3 for 3.0 and 3,0), any other text as it is."""
    match = _WHOLE.fullmatch(text)
    return text if match is None else match[1]
