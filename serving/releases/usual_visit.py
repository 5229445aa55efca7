"""The usual patient of an emergency department, as far as the model expects to know a patient."""

import numpy as np

from hospital.contracts.tables import TABLES, Kind
from registry.model.forecast_model import ForecastModel

__all__ = ["usual_visit"]

_SAID_APART = frozenset({"department", "triage"})


def usual_visit(model: ForecastModel, department: int) -> dict[str, float | str]:
    """What is usual of a patient there, by column of a visit, of what training nearly always knew.

    A visit without it is out of range (`registry.components.training_range`): to ask about a patient of whom nothing
    but the triage is known is to ask about one that the model has never seen.

    Args:
        department: position among the model's departments.
    """
    if model.manifest.kind != "model":
        return {}
    columns, usual = TABLES["visits"].by_name, model.usual_values[department]
    out: dict[str, float | str] = {}
    for j, feature in enumerate(model.features):
        known = model.training_range.always_known[j] and not np.isnan(usual[j])
        if (
            not known
            or feature.group != "patient"
            or feature.name in _SAID_APART
            or feature.name not in columns
        ):
            continue
        if feature.levels:
            out[feature.name] = feature.levels[int(usual[j])]
        else:
            whole = columns[feature.name].kind is Kind.INTEGER
            out[feature.name] = float(round(usual[j], 0 if whole else 1))
    return out
