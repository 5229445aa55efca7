"""Dates that name their month or day of the week, in French or English: 1er janvier 2024, 05-FÉVR.-24, Mon 1 Jan."""

import re
import unicodedata
from datetime import datetime
from functools import cache

__all__ = ["named_parts", "read_by_name"]

_MONTHS = (
    "january janvier", "february fevrier", "march mars", "april avril", "may mai", "june juin", "july juillet",
    "august aout", "september septembre", "october octobre", "november novembre", "december decembre",
)  # fmt: skip
_WEEKDAYS = (
    "monday lundi", "tuesday mardi", "wednesday mercredi", "thursday jeudi", "friday vendredi", "saturday samedi",
    "sunday dimanche",
)  # fmt: skip
_NAMED = {"A": (_WEEKDAYS, 2), "a": (_WEEKDAYS, 2), "B": (_MONTHS, 3), "b": (_MONTHS, 3)}
"""Directives of `strptime` for names: what they are, and the fewest letters that tell one."""


@cache
def named_parts(form: str) -> re.Pattern[str] | None:
    """What a `strptime` form with names of days or months writes, a group for each and for the day; None for others."""
    parts = re.findall("%.|[^%]+", form)
    signs = [part[1:] for part in parts if part[0] == "%"]
    if not _NAMED.keys() & {*signs} or len({*signs}) < len(signs):
        return None
    own = {f"%{sign}": rf"(?P<{sign}>[^\W\d_]+[.]?)" for sign in _NAMED} | {"%d": r"(?P<d>\d\d?)(?:er)?"}
    return re.compile("".join(own.get(part) or _anything(part) for part in parts), re.IGNORECASE)


def _anything(part: str) -> str:
    """A directive's text, whatever it is; signs as they are, blanks as `strptime` takes them."""
    return ".+?" if part[0] == "%" else re.sub(r"(?:\\ )+", r"\\s+", re.escape(part))


def read_by_name(form: str, parts: re.Pattern[str], text: str) -> datetime:
    """The time that a text writes in a form with names; French or English, whole or cut after three letters or more.

    Args:
        parts: `named_parts` of the form.

    Raises:
        ValueError: it is written otherwise, or its day of the week is not the date's.
    """
    match = parts.fullmatch(text)
    if match is None:
        raise ValueError("not in this form")
    for sign in sorted(match.groupdict(), key=match.start, reverse=True):
        start, stop = match.span(sign)
        if sign == "d":
            after = text[stop:]
            text = text[:stop] + (after[2:] if after[:2].casefold() == "er" else after)
            continue
        english = _NAMED[sign][0][_place(match[sign], *_NAMED[sign])].split()[0]
        text = text[:start] + (english if sign.isupper() else english[:3]) + text[stop:]
    when = datetime.strptime(text, form)
    for sign in {"A", "a"} & match.groupdict().keys():
        if _place(match[sign], *_NAMED[sign]) != when.weekday():
            raise ValueError("another day of the week")
    return when


def _place(word: str, names: tuple[str, ...], least: int) -> int:
    """Which of some names a word is, or begins."""
    letters = unicodedata.normalize("NFKD", word.casefold().rstrip("."))
    plain = "".join(c for c in letters if not unicodedata.combining(c))
    found = [n for n, both in enumerate(names) if any(name.startswith(plain) for name in both.split())]
    if len(found) != 1 or len(plain) < least:
        raise ValueError("no name, or that of two")
    return found[0]
