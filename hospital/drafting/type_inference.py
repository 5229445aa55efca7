"""What the columns of an unknown file look like: their kind, how times are written, which codes they hold."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

import pandas as pd

from hospital.contracts.cell_values import as_text, could_be_thousands
from hospital.times import written_in

__all__ = ["MONTHLY", "Seen", "looks_like_a_value", "see", "words_of"]

MONTHLY = ("%m/%Y", "%Y-%m", "%Y/%m", "%m-%Y")
_HOURS = ("%H:%M", "%H:%M:%S", "%Hh%M", "%H h %M", "%Hh", "%H h", "%I:%M %p", "%I:%M%p", "%I:%M:%S %p")
_DAYS = (
    "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%Y%m%d", "%d %B %Y",
    "%A %d %B %Y", "%d-%b-%y", "%d-%b-%Y", "%d/%b/%Y", "%A %d/%m/%Y",
)  # fmt: skip
_CLOCKS = (
    "", " %H:%M", " %H:%M:%S", " %Hh%M", "T%H:%M", "T%H:%M:%S", " à %Hh%M", " à %H:%M", " - %H:%M", " %H:%M:%S.%f",
    " %H:%M:%S,%f", " %I:%M %p", " %I:%M:%S %p",
)  # fmt: skip
_DIGITS = {8: ("%Y%m%d", "%d%m%Y", "%m%d%Y"), 12: ("%Y%m%d%H%M", "%d%m%Y%H%M"), 14: ("%Y%m%d%H%M%S",)}
"""Forms of digits alone, by how many there are."""
_ZONED = ("%Y%m%d%H%M%S%z", "%Y%m%d%H%M%z")
"""As messages between hospital systems (HL7) write them."""
_OF_HOURS = re.compile(r"\b(heure|hour|hre|hh)\b")
_FORMS = (*(day + clock for day in _DAYS for clock in _CLOCKS), *_ZONED)
_UNKNOWN = ("NR", "NC", "ND", "NA", "N/A", "-", "?", "x", "X", "Inconnu", "inconnu", "unknown")
_ROWS, _SAMPLE = 20_000, 300
_NUMBER = re.compile(
    r"[+-]?(?:\d+|\d{1,3}(?:[ '’]\d{3})+|\d{1,3}(?:[.]\d{3}){2,}|\d{1,3}(?:,\d{3}){2,})([.,]\d+)?"
)

Kind = Literal["empty", "time", "month", "hour", "number", "text"]


@dataclass(frozen=True)
class Seen:
    """A column of a file, as it looks.

    Attributes:
        name: in the file.
        words: the same without accents and signs, in small letters, spaces between.
        form: of times and hours written as text; None: ISO 8601, or held as such.
        others: further forms that fit every value as well: nothing shows which is meant.
        comma: numbers with a decimal comma.
        thousands: the sign that may stand between thousands or before decimals: nothing shows which; None: no sign may.
        unknown: texts among numbers or times that people use for unknown.
        values: each text and how often it is there, most frequent first; never to be shown but where it is
            known to be a code.
        several: whether a value comes more than once.
    """

    name: str
    words: str
    kind: Kind
    form: str | None
    others: tuple[str, ...]
    comma: bool
    thousands: str | None
    unknown: tuple[str, ...]
    values: tuple[tuple[str, int], ...]
    several: bool


def words_of(name: str) -> str:
    """A name as it is compared: without accents and signs, in small letters."""
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = re.sub(r"([a-z])([A-Z])", r"\1 \2", plain)
    return re.sub(r"[^a-z0-9]+", " ", plain.casefold()).strip()


def looks_like_a_value(name: str) -> bool:
    """Whether a name in a file's first line is rather a cell: the file has no line of names then."""
    return _NUMBER.fullmatch(name) is not None or bool(_fitting([name], _FORMS)) or _iso([name])


def see(name: str, cells: pd.Series) -> Seen:
    """A column by its name and its first 20 000 cells."""
    cells = cells.iloc[:_ROWS].dropna()
    counts = cells.map(_shown).value_counts()
    values = tuple((str(text), int(n)) for text, n in counts.items())
    unknown = tuple(text for text, _ in values if text in _UNKNOWN)
    texts = [text for text, _ in values if text not in unknown]
    kind, forms, comma = _kind(cells, texts)
    if kind == "number" and _OF_HOURS.search(words_of(name)) and (of_digits := _hours_of_digits(texts)):
        kind, forms, comma = "hour", [of_digits], False
    several = len(values) < len(cells)
    # Among texts a dash or an x may be a code like any other.
    unknown = () if kind in ("text", "empty") else unknown
    form = forms[0] if forms else None
    sign = _thousands(pd.Series(texts, dtype=object)) if kind == "number" else None
    comma = comma and sign is None
    return Seen(name, words_of(name), kind, form, tuple(forms[1:]), comma, sign, unknown, values, several)


def _thousands(texts: pd.Series) -> str | None:
    return next((sign for sign in ".," if could_be_thousands(texts, sign).any()), None)


def _shown(cell: object) -> str:
    return cell.isoformat() if isinstance(cell, (date, time)) else as_text(cell)


def _kind(cells: pd.Series, texts: list[str]) -> tuple[Kind, list[str], bool]:
    if not texts:
        return "empty", [], False
    if cells.dtype.kind == "M" or cells.map(lambda c: isinstance(c, date)).all():
        return "time", [], False
    if cells.map(lambda c: isinstance(c, time)).all():
        return "hour", ["%H:%M:%S"], False
    sample = texts[:_SAMPLE]
    hours = _fitting(sample, _HOURS)
    if hours:
        return "hour", hours, False
    months = _fitting(sample, MONTHLY)
    if months:
        return "month", months, False
    if _iso(sample) and not all(len(text) == 8 and text.isdigit() for text in sample):
        return "time", [], False
    if all(_NUMBER.fullmatch(text) for text in texts):
        lengths = {len(text) for text in sample}
        days = _fitting(sample, _DIGITS.get(min(lengths), ())) if len(lengths) == 1 else []
        return ("time", days, False) if days else ("number", [], any("," in text for text in texts))
    forms = _fitting(sample, _FORMS)
    return ("time", forms, False) if forms else ("text", [], False)


def _hours_of_digits(texts: Sequence[str]) -> str | None:
    """The form of hours that are digits alone, 0830 or 830 (as numbers they lose their zeros), or 8."""
    if not all(text.isdigit() and len(text) <= len("0830") for text in texts):
        return None
    form = "%H" if max(len(text) for text in texts) <= len("08") else "%H%M"
    return form if _fitting(texts, [form]) else None


def _fitting(texts: Sequence[str], forms: Sequence[str]) -> list[str]:
    return [form for form in forms if all(_is_written(text, form) for text in texts)]


def _is_written(text: str, form: str) -> bool:
    try:
        when = written_in(form, text)
    except ValueError:
        return False
    # strptime reads "1/2/24" as the year 24 too; and hours as months.
    return when.year == 1900 or 1900 < when.year < 2200


def _iso(texts: Sequence[str]) -> bool:
    try:
        for text in texts:
            datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
