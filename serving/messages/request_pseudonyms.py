"""Pseudonyms in place of the ids that an application sends: nothing behind this line knows the others."""

from collections.abc import Mapping
from typing import Any

from hospital.ingest.pseudonyms import pseudonym

__all__ = ["pseudonymised"]

_IDS = ("visit_id", "stay_id", "operation_id")


def pseudonymised(row: Mapping[str, Any], key: bytes) -> dict[str, Any]:
    """A row with pseudonyms in place of the ids of visits, stays and operations; unit ids are nobody's."""
    ids = {name: pseudonym(key, row[name]) for name in _IDS if row.get(name) is not None}
    return {**row, **ids}
