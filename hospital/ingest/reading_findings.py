"""What reading a hospital's files found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral

import pandas as pd

from hospital.words.catalogue import chosen, entries
from hospital.words.fault_texts import translated
from hospital.words.language import Language
from hospital.words.messages import InWords
from hospital.words.recognition import recognised

__all__ = [
    "Finding",
    "FindingText",
    "StoredFinding",
    "alike_findings",
    "unknown_unit_findings",
    "unread_findings",
]


_FILES_SHOWN = 3
_MANY = 2
"""A number whose texts are those of many."""
_NAMING = {
    "stays": "unit",
    "operations": "unit",
    "census": "unit",
    "staffing": "unit",
    "visits": "destination_unit",
}
"""Tables whose rows name a unit, and in which column."""


@dataclass(frozen=True)
class FindingText:
    """What was found, by its text of the catalogue.

    Attributes:
        case: the text's name below ``faults.findings``.
        places: what fills its places: texts, counts, or what has its own words; ``n`` decides its plural.
    """

    case: str
    places: Mapping[str, object] = field(default_factory=dict, hash=False)

    def words(self, language: Language) -> str:
        """It, in a language."""
        n = self.places.get("n")
        return self._filled(language, int(n) if isinstance(n, Integral) else None)

    @property
    def stored(self) -> str:
        """The English that packages, cards and profiles keep: of one row, too, in the words of many."""
        return self._filled("en", _MANY)

    def _filled(self, language: Language, n: int | None) -> str:
        shown = {
            name: value.words(language) if isinstance(value, InWords) else str(value)
            for name, value in self.places.items()
        }
        name = f"findings.{self.case}"
        return chosen(entries("faults")[name][language], f"faults.{name}", language, n, shown)


@dataclass(frozen=True)
class StoredFinding:
    """What a package has of a finding: the English alone, by which it is recognised.

    Attributes:
        stored: the English.
    """

    stored: str

    def words(self, language: Language) -> str:
        """It, in a language; what the catalogue does not have, as it is."""
        seen = recognised(self.stored, "faults", "findings", language)
        if seen is None:
            return self.stored
        places = dict(seen.places)
        if "why" in places:  # a fault's own words
            places["why"] = translated(places["why"], language)
        return seen.words.format_map(places)


@dataclass(frozen=True)
class Finding:
    """Something about the data that a person should know, and the card says.

    Attributes:
        says: what was found.
        column, rows: where, and how many rows are concerned; "" and 0 where the words say all.
        place: the first of these rows, as a fault names it, or the files; "" where none is named.
    """

    table: str
    code: str
    says: FindingText | StoredFinding
    column: str = ""
    rows: int = 0
    place: str = ""

    @property
    def message(self) -> str:
        """Its English, as packages, cards and profiles keep it."""
        return self.says.stored

    def words(self, language: Language) -> str:
        """What was found, in a language."""
        return self.says.words(language)


def alike_findings(table: str, rows: Mapping[str, int]) -> list[Finding]:
    """Rows whose code is not one that the mapping chooses rows by, and is read as one by people.

    Args:
        rows: how many, by column of the file.
    """
    return [
        Finding(table, "where_alike", FindingText("where_alike", {"n": n, "column": column}), column, n)
        for column, n in rows.items()
        if n
    ]


def unread_findings(files: Mapping[str, Sequence[str]]) -> list[Finding]:
    """Files of a folder that look like a table's and are not read.

    Args:
        files: their names by table.
    """
    out = []
    for table, names in files.items():
        shown = ", ".join([*names[:_FILES_SHOWN], *["…"] * (len(names) > _FILES_SHOWN)])
        says = FindingText("unread_files", {"n": len(names), "names": shown})
        out.append(Finding(table, "unread_files", says, rows=len(names), place=shown))
    return out


def unknown_unit_findings(tables: Mapping[str, pd.DataFrame]) -> list[Finding]:
    """Rows of units that the table of units lacks."""
    if "units" not in tables:
        return []
    known, out = set(tables["units"]["unit"]), []
    for name, column in _NAMING.items():
        if name not in tables:
            continue
        frame = tables[name]
        # Doctors, nurses and places are those of an emergency department, which is no unit.
        of_units = frame["role"] == "bed" if name == "staffing" else frame[column].notna()
        rows = int((of_units & ~frame[column].isin(known)).sum())
        if rows:
            says = FindingText("unknown_unit", {"n": rows})
            out.append(Finding(name, "unknown_unit", says, column, rows))
    return out
