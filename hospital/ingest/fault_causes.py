"""A table's faults by their causes: what is wrong alike in forty files, or in fifty units' columns, is said once."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from hospital.errors import Fault

__all__ = ["by_cause"]

_FEW = 3
"""The same fault at so many places is named at each of them; at more it is one cause, with its count."""
_POSITION = re.compile(r"\[\d+\]|:\d+")
_UNIT = re.compile(r".+\.(?=\w+$)")
"""The unit in the path of a cell of a table with columns a unit."""
_OF_FILE = "column_not_in_file"
"""The fault whose rows are those of the whole file, whichever column it lacks."""


def by_cause(
    faults: Iterable[Fault], labels: Sequence[str], of_units: frozenset[str] = frozenset()
) -> tuple[Fault, ...]:
    """Faults by their causes: one at more than a few places stands once, with the rows of all and its other places.

    Args:
        labels: what faults call the files and sheets of the table; the same fault of two of them is one cause.
        of_units: the files' columns that hold the same of a unit each; the same fault of two of them is one cause.
    """
    longest_first = sorted(labels, key=len, reverse=True)
    causes: dict[tuple[str, str, str], list[Fault]] = {}
    for one in faults:
        causes.setdefault((_field(one, longest_first, of_units), one.code, one.message), []).append(one)
    return tuple(one for same in causes.values() for one in _said_once(same, longest_first))


def _said_once(same: Sequence[Fault], labels: Sequence[str]) -> Sequence[Fault]:
    if len(same) <= _FEW:
        return same
    rows = [one.rows for one in same]
    if same[0].code == _OF_FILE:
        rows = list({_label(one.path, labels): one.rows for one in same}.values())
    return [replace(same[0], rows=sum(rows), others=tuple(one.path for one in same[1:]))]


def _field(one: Fault, labels: Sequence[str], of_units: frozenset[str]) -> str:
    """Which field a fault is of, in whichever file, sheet, row and unit."""
    if one.code == _OF_FILE:
        return ""
    position, dot, name = one.path[len(_label(one.path, labels)) :].partition("].")
    field = "*" if name in of_units else _UNIT.sub("", name)
    return _POSITION.sub("[]", f"{position}]" if dot else position) + field


def _label(path: str, labels: Sequence[str]) -> str:
    return next((name for name in labels if path.startswith(name)), "")
