"""The values of a mapping file's keys: what each kind of them may be, and what is said of one that is not."""

from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, StrictStr

from hospital.contracts.codes import whole_code
from hospital.contracts.fault_words import refusal
from hospital.contracts.text_cleaning import clean_name
from hospital.mapping.file_layout import SEPARATORS, encoding_name

__all__ = [
    "Code",
    "Codes",
    "ColumnName",
    "Day",
    "Encoding",
    "Number",
    "Separator",
    "SeveralColumns",
    "file_names",
    "line_numbers",
    "zone_name",
]


def _as_text(value: object) -> object:
    """A code as people write it in TOML: -9 (or -9.0) for "-9"."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return whole_code(str(value)) if is_number else value


def zone_name(value: str) -> str:
    """The name of a time zone that there is."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise refusal("unknown_zone") from None
    return value


_LONGEST_NAME, _LONGEST_PATH = 255, 1024
"""Bytes of a file's name and of its path below the folder: no system that Vigie runs on has longer ones."""


def _is_name(value: object) -> bool:
    if not isinstance(value, str) or not value or "\0" in value:
        return False
    parts = [part.encode("utf-8", "surrogatepass") for part in value.split("/")]
    return max(map(len, parts)) <= _LONGEST_NAME and sum(map(len, parts)) + len(parts) <= _LONGEST_PATH


def file_names(value: object) -> object:
    """One name or several, as a tuple."""
    several = [value] if isinstance(value, str) else value
    if not isinstance(several, list) or not several or not all(map(_is_name, several)):
        raise refusal("not_text/files")
    return tuple(several)


def _day(value: object) -> object:
    """A date as TOML or a text writes it, as text."""
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _encoding(value: str) -> str:
    found = encoding_name(value)
    if found is None:
        raise refusal("unknown_encoding")
    return found


def _separator(value: str) -> str:
    found = SEPARATORS.get(value, value)
    if len(found) != 1 or not found.isascii() or found.isalnum() or found in "\"' \r\n.-_":
        raise refusal("not_a_separator")
    return found


def line_numbers(value: object) -> object:
    """One line, or two that follow each other, as a tuple."""
    several: list[Any] = value if isinstance(value, list) else [value]
    whole = all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in several)
    if not whole or not 1 <= len(several) <= 2 or several[-1] - several[0] != len(several) - 1:
        raise refusal("not_a_line")
    return tuple(several)


Code = Annotated[str, BeforeValidator(_as_text)]
Codes = tuple[Code, ...]
ColumnName = Annotated[str, AfterValidator(clean_name)]
"""A column's name, as the readers leave it."""
SeveralColumns = Annotated[tuple[ColumnName, ...], Field(min_length=2)]
Encoding = Annotated[StrictStr, AfterValidator(_encoding)]
Separator = Annotated[StrictStr, AfterValidator(_separator)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Day = Annotated[str, BeforeValidator(_day)]
