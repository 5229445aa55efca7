"""Features present, their definitions and their ranges in the judged rows: made by a check, judged by the contract."""

import numpy as np

from hospital.features.bed_list import ALL_BED_FEATURES
from hospital.features.wait import WAIT_FEATURES
from registry.candidates.candidates import Candidate
from registry.evidence.probe_records import FeatureFacts
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_model import ForecastModel
from registry.package.executable_files import executable_files

__all__ = ["feature_facts"]


def feature_facts(
    found: Candidate, model: ForecastModel, judged: PreparedBeds | PreparedWaits
) -> FeatureFacts:
    """What the package's features are in the judged rows."""
    known = ~np.isnan(judged.X)
    absent, beyond = [], {}
    limits = model.training_range
    outside, missing = limits.outside(judged.X), limits.missing(judged.X)
    for j, feature in enumerate(model.features):
        seen, rows = model.profile["missing"][j] < 1, int(known[:, j].sum())
        unusual = int(missing[:, j].sum())
        if seen and not rows and len(judged.X):
            absent.append(feature.name)
        elif seen and rows and feature.group != "calendar":
            beyond[feature.name] = float((outside[:, j].sum() + unusual) / (rows + unusual))
    return FeatureFacts(
        _undefined(model), tuple(absent), beyond, executable_files(found.package), len(judged.X)
    )


def _undefined(model: ForecastModel) -> tuple[str, ...]:
    """Features that this code has under another group or unit, or not at all."""
    listed = WAIT_FEATURES if model.name == "wait-time" else ALL_BED_FEATURES
    defined = {f.name: (f.group, f.unit) for f in listed}
    covariates = {f"{name}_change_7d" for name in model.manifest.covariates}
    return tuple(
        f.name
        for f in model.features
        if (f.name in covariates and f.group != "covariate")
        or (f.name not in covariates and defined.get(f.name) != (f.group, f.unit))
    )
