"""How a hospital's file is laid out before its cells mean anything: signs, lines of names, sheets."""

import codecs
from dataclasses import dataclass, replace

__all__ = ["ENCODINGS", "PLAIN", "SEPARATORS", "FileLayout", "encoding_name"]

ENCODINGS = (
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso8859-1", "iso8859-15", "cp850", "cp437", "mac-roman",
    "cp1250", "iso8859-2",
)  # fmt: skip
"""Encodings that are read, by Python's names for them; a mapping may use any other name of one."""
SEPARATORS = {"tab": "\t"}
"""Names of separators that are hard to see."""


@dataclass(frozen=True)
class FileLayout:
    """How a file is laid out.

    Attributes:
        header_rows: the lines of names, from 1, upper first; empty: the first line that is not.
        footer_rows: lines at the end of the file or of each sheet that are not read.
        sheet: spreadsheets: the sheet's name; None: the first.
        sheets: names or patterns of several; else empty.
        encoding, separator: of CSV; None: UTF-8 or what the file's byte-order mark says; as the names are
            separated.
        columns: spreadsheets: names of the columns that count, as in the file; None: all. What is wrong with another
            column, as an error in a helper's formula, is nobody's concern.
    """

    header_rows: tuple[int, ...] = ()
    footer_rows: int = 0
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    encoding: str | None = None
    separator: str | None = None
    columns: frozenset[str] | None = None

    def of_sheet(self, sheet: str) -> "FileLayout":
        """The layout of one of several sheets."""
        return replace(self, sheet=sheet, sheets=())


PLAIN = FileLayout()
"""The layout of a file that nothing is said about."""


def encoding_name(name: str) -> str | None:
    """Python's name of an encoding that is read, None for any other."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    found = "utf-8" if found == "utf-8-sig" else found
    return found if found in ENCODINGS else None
