"""What is known of somebody who is in the emergency department, as classes: for training, a check and a live answer.

Each input has few classes, one of which is "unknown": what is not known of a patient is said, and never filled in.
"""

from collections.abc import Collection, Mapping, Sequence
from zoneinfo import ZoneInfo

import numpy as np

from hospital.arrays import Array
from hospital.calendar import local_hour
from hospital.times import HOUR, MISSING_TIME

__all__ = ["COLUMNS", "HOUR_BANDS", "INPUTS", "OTHER", "UNKNOWN", "hour_classes", "input_classes"]

UNKNOWN, OTHER = "unknown", "other"
INPUTS = ("triage", "age", "arrival_mode", "reason", "critical", "care", "elapsed", "hour")
"""Triage level; age; how and why they came; whether the desk notes a critical state; hours since the first medical
contact, or that they wait for it; hours since the arrival; the hour of the day."""
COLUMNS = (
    "arrived_at",
    "triaged_at",
    "seen_at",
    "triage",
    "arrival_mode",
    "reason",
    "age_years",
    "critical",
)
"""What of a visit they are read from."""
_AGES = (0, 2, 16, 30, 45, 55, 65, 75, 85)
_ELAPSED_HOURS = (0, 1, 2, 4, 8)
_CARE_HOURS = (0, 2, 4)
_WAITS = "waits"
HOUR_BANDS = (0, 4, 8, 12, 16, 20)
"""Where the bands of the local hour begin."""


def input_classes(
    columns: Mapping[str, Array], at: Array, zone: ZoneInfo, filled: Collection[str]
) -> dict[str, Array]:
    """The class of each input of patients who are present: object [n] each; a band is named by where it begins.

    Args:
        columns: `COLUMNS` as they were known at the instants: int64, float64 or object [n].
        at: int64 [n], instants.
        filled: the columns that the hospital gives at all: nobody waits for a contact that nobody notes.
    """
    triaged = columns["triaged_at"]
    known = (triaged == MISSING_TIME) | (triaged <= at)
    seen = (columns["seen_at"] != MISSING_TIME) & (columns["seen_at"] <= at)
    since = np.where(seen, at - np.where(seen, columns["seen_at"], 0), 0) / HOUR
    care = np.where(seen, _band(since, _CARE_HOURS), _WAITS)
    return {
        "triage": _text(columns["triage"], known),
        "age": _band(columns["age_years"], _AGES),
        "arrival_mode": _text(columns["arrival_mode"]),
        "reason": _text(columns["reason"]),
        "critical": _text(columns["critical"], known),
        "care": care if "seen_at" in filled else np.full(at.size, UNKNOWN, object),
        "elapsed": _band((at - columns["arrived_at"]) / HOUR, _ELAPSED_HOURS),
        "hour": hour_classes(at, zone),
    }


def hour_classes(at: Array, zone: ZoneInfo) -> Array:
    """The band of the local hour of each instant (int64 [n]): object [n]."""
    return _band(np.floor(local_hour(at, zone)), HOUR_BANDS)


def _band(values: Array, edges: Sequence[int]) -> Array:
    names = np.array([*map(str, edges), UNKNOWN], object)
    at = np.searchsorted(np.array(edges), np.nan_to_num(values, nan=0.0), side="right") - 1
    return np.asarray(names[np.where(np.isnan(values), len(edges), np.maximum(at, 0))])


def _text(values: Array, known: Array | None = None) -> Array:
    there = np.array([v is not None for v in values], bool)
    return np.where(there if known is None else there & known, values, UNKNOWN)
