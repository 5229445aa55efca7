"""Which files each table of a hospital is read from."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from hospital.contracts.fault_words import fault
from hospital.contracts.tables import TABLES
from hospital.contracts.text_cleaning import clean_text
from hospital.errors import ContractError, Fault
from hospital.ingest.raw_files import OF_TABLES, find_table
from hospital.mapping.checked_mapping import Mapping as TablesMapping
from hospital.mapping.checked_mapping import TableMapping

__all__ = ["locate", "unread_files"]

_OF_PROGRAMS = ("~$", "._", ".~lock.")
"""How files begin that programs lay beside an open file, or beside each file; no pattern means them."""


def locate(path: Path, mapping: TablesMapping | None) -> tuple[dict[str, tuple[Path, ...]], list[Fault]]:
    """The files of each table that is there, in the order in which they are read, and what is wrong with the others.

    Args:
        path: a folder with files, or one file that a mapping takes all its tables from.

    Raises:
        ContractError: nothing can be read: there is no such path, or one file that is not what the mapping takes.
    """
    if path.is_file():
        return _one_file(path, mapping), []
    if not path.is_dir():
        raise _one(path.name, "unreadable/path")
    found: dict[str, tuple[Path, ...]] = {}
    faults: list[Fault] = []
    for name in TABLES:
        mapped = mapping.tables.get(name) if mapping else None
        try:
            files = _files(path, name, mapped)
        except ContractError as error:
            faults += error.faults
            continue
        if files:
            found[name] = files
        elif mapped is not None:
            faults.append(fault(name, "no_file", name=name))
    return found, faults


def unread_files(folder: Path, located: Mapping[str, tuple[Path, ...]]) -> dict[str, list[str]]:
    """Files of a folder that are named as a table's are and that no table is read from, by table.

    2024_03.csv among 2024-01.csv and 2024-02.csv is one, and visits_2024.csv where a table is visits.csv, or nothing.
    """
    read = {file for files in located.values() for file in files}
    others = [p for p in sorted(folder.iterdir()) if p not in read and not p.name.startswith(_OF_PROGRAMS)]
    out: dict[str, list[str]] = {}
    for name in TABLES:
        shapes = {_shape(file.name) for file in located.get(name, ())}
        for other in others:
            begins = re.match(rf"{name}[\W_\d]", other.name, re.IGNORECASE) is not None
            alike = begins or _shape(other.name) in shapes
            if alike and other.is_file() and other.name.lower().endswith(OF_TABLES):
                out.setdefault(name, []).append(other.name)
    return out


def _shape(name: str) -> str:
    """A file's name without its ending and what differs from month to month, and from hand to hand."""
    bare = clean_text(name).casefold().partition(".")[0]
    return re.sub(r"[\W_]+", "-", re.sub(r"\d", "0", bare))


def _files(folder: Path, table: str, mapped: TableMapping | None) -> tuple[Path, ...]:
    if mapped is None or not mapped.files:
        file = find_table(folder, table)
        return (file,) if file is not None else ()
    found: dict[Path, None] = {}
    faults = []
    for pattern in mapped.files:
        some = [folder / pattern]
        if _is_pattern(pattern):
            files = (p for p in folder.iterdir() if p.is_file() and not p.name.startswith(_OF_PROGRAMS))
            some = sorted(p for p in files if _is_named(p.name, pattern))
        elif not some[0].is_file():
            # The same name in another form of Unicode, as some systems write accents.
            some = [p for p in folder.iterdir() if clean_text(p.name) == clean_text(pattern)] or some
        if not some:
            faults.append(fault(table, "no_file/pattern", pattern=pattern))
        found |= dict.fromkeys(some)
    if faults:
        raise ContractError(tuple(faults))
    return tuple(found)


def _one_file(path: Path, mapping: TablesMapping | None) -> dict[str, tuple[Path, ...]]:
    if mapping is None:
        raise _one(path.name, "no_mapping")
    others = [n for n, t in mapping.tables.items() if t.files and not _takes(t.files, path.name)]
    if others:
        raise ContractError(tuple(fault(name, "no_file/elsewhere") for name in others))
    return dict.fromkeys(mapping.tables, (path,))


def _takes(files: tuple[str, ...], name: str) -> bool:
    """Whether a table is made of the file `name` alone."""
    return len(files) == 1 and (
        clean_text(files[0]) == clean_text(name) or (_is_pattern(files[0]) and _is_named(name, files[0]))
    )


def _is_named(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) or fnmatchcase(clean_text(name), clean_text(pattern))


def _is_pattern(name: str) -> bool:
    return any(sign in name for sign in "*?")


def _one(path: str, case: str) -> ContractError:
    return ContractError((fault(path, case),))
