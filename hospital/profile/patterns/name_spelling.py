"""One thing under two names: units, roles and values that differ by case, accents or what stands between words."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from hospital.contracts.tables import ROLES
from hospital.profile.current_rows import Latest
from hospital.profile.facts import FLOOR, Finding, Weight

__all__ = ["role_findings", "spelling_findings", "value_findings"]

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


_ROLES = {
    "bed": ("bed", "lit", "lit arme", "lit ouvert", "lit disponible", "staffed bed"),
    "doctor": ("doctor", "medecin", "med", "physician", "senior", "urgentiste", "praticien"),
    "nurse": ("nurse", "infirmier", "infirmiere", "ide", "iao", "ioa", "registered nurse"),
    "place": ("place", "box", "brancard", "treatment place"),
}
"""What files call the roles that are read."""
_SEXES = {"1": "m", "h": "m", "homme": "m", "masculin": "m", "male": "m", "man": "m"} | {
    "2": "f", "femme": "f", "feminin": "f", "female": "f", "woman": "f", "w": "f",
}  # fmt: skip


def role_findings(staffing: Latest) -> list[Finding]:
    """Roles that nothing reads: to look at where their name is one for a role that is read, or none of the table is."""
    counts = {str(role): int(n) for role, n in staffing.frame["role"].value_counts().items()}
    unread = sorted(counts.keys() - set(ROLES))
    return [
        Finding(
            "staffing",
            "unknown_role",
            Weight.LOOK if _role(role) or len(unread) == len(counts) else Weight.NOTE,
            "role",
            role,
            rows=counts[role],
            names=(_role(role) or ", ".join(ROLES),),
        )
        for role in unread
    ]


def _role(name: str) -> str:
    """The role that a name in a file means; "" for none."""
    words = " ".join(word.removesuffix("s") for word in _reading(name).split())
    return next((role for role, names in _ROLES.items() if words in names), "")


def value_findings(visits: Latest, attributes: Sequence[str]) -> list[Finding]:
    """Columns of visits with values that people read as one: two reasons, or two groups of people, where one is meant.

    Args:
        attributes: by which a model is judged.
    """
    out = []
    for column in ("reason", *attributes):
        if column not in visits.frame:
            continue
        counts = visits.frame[column].value_counts()
        meant: dict[str, list[int]] = defaultdict(list)
        for value, n in counts.items():
            reading = _reading(str(value))
            meant[_SEXES.get(reading, reading) if column == "sex" else reading].append(int(n))
        rows = sum(sum(several) - max(several) for several in meant.values())
        if rows >= FLOOR:
            out.append(Finding("visits", "values_alike", Weight.LOOK, column, rows=rows))
    return out


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
