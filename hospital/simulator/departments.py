"""Which emergency departments a hospital has, and who goes to which.

A department that the hospital is too small for is not opened: the first one then has its staff and its places, and
takes its patients.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hospital.simulator.parameters.emergency_parameters import DepartmentParameters

__all__ = ["departments_of", "open_departments"]


def open_departments(
    departments: Sequence[DepartmentParameters], scale: float
) -> tuple[DepartmentParameters, ...]:
    """The departments of a hospital of this scale; the first one is always open."""
    first, *others = departments
    for other in others:
        if scale < other.least_scale:
            first = _joined(first, other)
    return (first, *(other for other in others if scale >= other.least_scale))


def departments_of(
    departments: Sequence[DepartmentParameters], age_years: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Index of the department for each age (int64 [n]): the first takes whom no other one is there for."""
    chosen = np.zeros(len(age_years), dtype=np.int64)
    for index, department in enumerate(departments[1:], start=1):
        chosen[(age_years >= department.from_years) & (age_years <= department.until_years)] = index
    return chosen


def _joined(first: DepartmentParameters, other: DepartmentParameters) -> DepartmentParameters:
    def both(name: str) -> tuple[int, ...]:
        return tuple(a + b for a, b in zip(getattr(first, name), getattr(other, name), strict=True))

    return replace(
        first,
        from_years=min(first.from_years, other.from_years),
        until_years=max(first.until_years, other.until_years),
        doctors_weekday=both("doctors_weekday"),
        doctors_weekend=both("doctors_weekend"),
        nurses_weekday=both("nurses_weekday"),
        nurses_weekend=both("nurses_weekend"),
        boxes=first.boxes + other.boxes,
        corridor_places=first.corridor_places + other.corridor_places,
        triage_nurses=first.triage_nurses + other.triage_nurses,
    )
