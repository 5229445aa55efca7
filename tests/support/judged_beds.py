"""A release of beds with models of admissions and of boarding, of which a check found how good they are."""

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from hospital.admissions.inputs import HOUR_BANDS, INPUTS
from registry.components.admission_model import AdmissionModel
from registry.components.boarding_model import BoardingModel
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.judged_tension import JudgedTension
from tests.support.serving_fakes import PROVEN, loaded

__all__ = ["ADMISSIONS", "BEDS", "BOARDING", "EFFECTS", "JUDGED", "release"]

EFFECTS: dict[str, Mapping[str, float]] = {name: {} for name in INPUTS} | {
    "triage": {"2": 1.5, "5": -1.0},
    "age": {"45": 0.25},
    "arrival_mode": {"ambulance": 0.5},
}
ADMISSIONS = AdmissionModel(
    -1.0, EFFECTS, {str(h): 0.25 for h in HOUR_BANDS}, {"": {"U1": 0.75, "U2": 0.25}}, 5000, 1200
)
BOARDING = BoardingModel(
    2.0,
    (4.0, 24.0),
    np.array([-2.0, -1.5]),
    np.array([[0.5, 0.3, 0.01, 0.2, 0.1]] * 2),
    np.array([0.7, 2.0, 20.0, 0.0, 0.0]),
    {"shortage": 1.2, "boarders": 2.0, "present": 20.0},
    44,
)
BEDS = tuple(range(18, 37))
"""Quantiles of each unit, handed out as the real forecaster does."""
JUDGED = JudgedTension(True, 310.5, 300, frozenset({4.0}), PROVEN.exceedance)


def release(judged: JudgedTension = JUDGED, **more: Any) -> LoadedModel:
    """Of beds, with both models."""
    engine: Any = SimpleNamespace(admissions=ADMISSIONS, boarding=BOARDING, group_totals={}, exceedances=None)
    return replace(loaded("bed-demand"), judged=judged, engine=engine, **more)
