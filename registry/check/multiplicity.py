"""How often it was tried: versions of a model that were registered to be judged on the same stretch of days.

The journal counts, not the folders: a version that was refused, or whose folder was taken away, was tried all the same.
"""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from registry.record.journal import entries

__all__ = ["attempts", "registered_span"]

_FROM, _TO = "judged_from", "judged_to"


def registered_span(span: tuple[int, int]) -> dict[str, str]:
    """What a registration's entry says of its test set (instants): more subjects of the entry."""
    return {_FROM: str(span[0]), _TO: str(span[1])}


def attempts(connection: Connection, model: str, version: str, span: tuple[int, int]) -> int:
    """Versions of the model whose test set overlaps `span` (instants), this one included: at least 1."""
    return len(set(_overlapping(connection, model, span)) | {version})


def _overlapping(connection: Connection, model: str, span: tuple[int, int]) -> Iterator[str]:
    for entry in entries(connection):
        subjects = entry.subjects
        if entry.action == "register" and subjects.get("model") == model and _overlaps(subjects, span):
            yield subjects.get("version", "")


def _overlaps(subjects: Mapping[str, str], span: tuple[int, int]) -> bool:
    """An entry that does not say where its version was judged counts: it may have been here."""
    if _FROM not in subjects or _TO not in subjects:
        return True
    return int(subjects[_FROM]) < span[1] and span[0] < int(subjects[_TO])
