"""A row as one version of what is stored: its id, content and digest, and until when it may matter."""

import json
from collections.abc import Mapping
from typing import Any

from hospital.contracts.tables import TABLES
from hospital.times import DAY
from registry.digests import canonical_json, sha256_bytes

__all__ = ["FOREVER", "row_id_of", "version_of"]

FOREVER = 2**63 - 1
STAFFING_LASTS = 7 * DAY
"""How long a published staffing may matter to a forecast after its time."""
OPERATION_LASTS = 2 * DAY


def row_id_of(kind: str, row: Mapping[str, Any]) -> str:
    """A row's key as text, the same for all its versions."""
    return json.dumps([row[name] for name in TABLES[kind].key], ensure_ascii=False)


def version_of(kind: str, row: Mapping[str, Any], received_at: int) -> dict[str, Any]:
    """A row as it is stored: its id, content and digest, and until when it may matter.

    Args:
        received_at: instant.
    """
    content = canonical_json({k: v for k, v in row.items() if k != "received_at" and v is not None})
    return {
        "kind": kind,
        "row_id": row_id_of(kind, row),
        "received_at": received_at,
        "superseded_at": None,
        # Until it was received the version before it was in force: whoever reads that one must read this one too.
        "active_until": max(_active_until(kind, row), received_at),
        "digest": sha256_bytes(content),
        "row": content.decode(),
    }


def _active_until(kind: str, row: Mapping[str, Any]) -> int:
    if kind in ("visits", "stays"):
        return FOREVER if row.get("left_at") is None else int(row["left_at"])
    if kind == "census":
        return int(row["at"])
    if kind == "staffing":
        return int(row["at"]) + STAFFING_LASTS
    if kind == "operations":
        return _operation_over(row)
    return FOREVER


def _operation_over(row: Mapping[str, Any]) -> int:
    """When an operation is over: one that began and was not said to have ended, after the longest of the contract."""
    started, ended = row.get("started_at"), row.get("ended_at")
    unended = 0 if started is None or ended is not None else int(started) + OPERATION_LASTS
    return max(int(row["planned_at"]), int(row.get("cancelled_at") or 0), int(ended or 0), unended)
