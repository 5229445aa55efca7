"""What reading a hospital's files found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from hospital.words.fault_texts import translated
from hospital.words.language import Language
from hospital.words.recognition import recognised

__all__ = ["Finding", "alike_findings", "unknown_unit_findings", "unread_findings"]


_FILES_SHOWN = 3
_NAMING = {
    "stays": "unit",
    "operations": "unit",
    "census": "unit",
    "staffing": "unit",
    "visits": "destination_unit",
}
"""Tables whose rows name a unit, and in which column."""


@dataclass(frozen=True)
class Finding:
    """Something about the data that a person should know, and the card says.

    Attributes:
        column, rows: where, and how many rows are concerned; "" and 0 where the message says all.
        place: the first of these rows, as a fault names it, or the files; "" where none is named.
    """

    table: str
    code: str
    message: str
    column: str = ""
    rows: int = 0
    place: str = ""

    def words(self, language: Language) -> str:
        """The message in a language: it is recognised by its English, which cards and packages keep."""
        seen = recognised(self.message, "faults", "findings", language)
        if seen is None:
            return self.message
        places = dict(seen.places)
        if "why" in places:  # a fault's own words
            places["why"] = translated(places["why"], language)
        return seen.words.format_map(places)


def alike_findings(table: str, rows: Mapping[str, int]) -> list[Finding]:
    """Rows whose code is not one that the mapping chooses rows by, and is read as one by people.

    Args:
        rows: how many, by column of the file.
    """
    words = (
        "{n} rows have in {column} a code that differs from one under where by case, accents or signs alone: it counts "
        "as another code; list it in the mapping too if it means the same"
    )
    return [
        Finding(table, "where_alike", words.format(n=n, column=column), column, n)
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
        words = (
            f"{len(names)} files of the folder are named as those of this table are and are not read ({shown}): name "
            "them in the mapping, or take them out of the folder"
        )
        out.append(Finding(table, "unread_files", words, rows=len(names), place=shown))
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
            words = f"{rows} rows are of units that the table of units lacks: they count for no unit"
            out.append(Finding(name, "unknown_unit", words, column, rows))
    return out
