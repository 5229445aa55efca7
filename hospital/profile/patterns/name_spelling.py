"""One unit under two spellings: names that differ only by case, accents, or what stands between their words."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping

from hospital.profile.current_rows import Latest
from hospital.profile.facts import Finding, Weight

__all__ = ["spelling_findings"]

_BETWEEN_WORDS = re.compile(r"[\W_]+")
_BETWEEN_LETTERS = re.compile(r"(?<=\b[^\W\d_]) (?=[^\W\d_]\b)|(?<=[^\W\d_]) (?=\d)")
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})
_LOST = re.compile(
    r"\ufffd|(?<=[^\W\d_])\?(?=[^\W\d_])|(?<=[^\W\d_])\?\Z|&(?:#x?[0-9a-fA-F]+|[A-Za-z]{2,8});|\\u[0-9a-fA-F]{4}"
    r"|\\x[0-9a-fA-F]{2}|(?:%[0-9A-F]{2}){2}|=[A-F][0-9A-F](?=[a-z])"
)
"""A letter that a program could not write: the sign for it, a question mark within a word, or what web pages,
addresses, messages and mails write in its place."""

_MONTH = (
    r"(?:janv?|f[ée]v(?:r|rier)?|feb|mars?|avr(?:il)?|apr|mai|may|juin|jun|juil(?:let)?|jul|ao[ûu]t|aug|sept?|oct"
    r"|nov|d[ée]c)"
)
_DATE = re.compile(
    rf"\d{{1,2}}[-/. ]{_MONTH}[.]?(?:[-/. ]\d{{2,4}})?|{_MONTH}[.]?[-/]\d{{2,4}}|"
    r"\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2} ?h(?:\d\d)?|\d{1,2}:\d\d|lundi|mardi|mercredi|jeudi|vendredi|"
    r"samedi|dimanche|monday|tuesday|wednesday|thursday|friday|saturday|sunday",
    re.IGNORECASE,
)
"""What a spreadsheet makes of a code such as 1-2 or MAR1, in its French and English ways to write a day; and the names
of columns of a table that has a column an hour, or a day of the week."""


def spelling_findings(latest: Mapping[str, Latest]) -> list[Finding]:
    """The spellings of units and of departments that are read as one name by people, and as several by Vigie.

    Units of all tables are held against each other, departments among themselves. The spelling of the table of units
    is the one to keep, else the one with most rows.
    """
    out: list[Finding] = []
    for kind in ("unit", "department"):
        counts = {
            table: Counter({str(name): int(n) for name, n in rows.frame[kind].value_counts().items()})
            for table, rows in latest.items()
            if kind in rows.frame
        }
        for spellings in _spellings(counts).values():
            kept = _kept(spellings, counts)
            for table, names in counts.items():
                out += [
                    Finding(table, "names_alike", Weight.LOOK, kind, name, rows=names[name], names=(kept,))
                    for name in sorted(spellings & set(names))
                    if name != kept
                ]
        out += [
            Finding(table, "damaged_name", Weight.LOOK, kind, name, rows=names[name])
            for table, names in counts.items()
            for name in sorted(names)
            if _LOST.search(name) or _repaired(name) != name
        ]
        out += [
            Finding(table, "name_of_date", Weight.LOOK, kind, name, rows=names[name])
            for table, names in counts.items()
            for name in sorted(names)
            if _DATE.fullmatch(name) and (table != "units" or len(counts) == 1)
        ]
    return out


def _spellings(counts: Mapping[str, Counter[str]]) -> dict[str, set[str]]:
    """By what people read, the names of which there are several."""
    of_reading: dict[str, set[str]] = defaultdict(set)
    for names in counts.values():
        for name in names:
            of_reading[_reading(name)].add(name)
    return {reading: names for reading, names in of_reading.items() if len(names) > 1}


def _reading(name: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", _repaired(name)) if not unicodedata.combining(c))
    words = _BETWEEN_WORDS.sub(" ", plain.casefold().translate(_LIGATURES)).strip()
    # S.S.R. is SSR and UF 12 is UF12; MED A is not MEDA, nor 1 1 11.
    # A code whose zeros a spreadsheet dropped is the same.
    return _ZEROS.sub("", _BETWEEN_LETTERS.sub("", words))


def _repaired(name: str) -> str:
    """A name whose letters of two bytes were read as two letters each, as it was; any other as it is."""
    try:
        return name.encode("cp1252").decode()
    except UnicodeError:
        return name


def _kept(spellings: set[str], counts: Mapping[str, Counter[str]]) -> str:
    declared = counts.get("units", Counter())
    total: Counter[str] = sum((names for table, names in counts.items() if table != "units"), Counter())
    return min(spellings, key=lambda name: (name not in declared, -total[name], name))
