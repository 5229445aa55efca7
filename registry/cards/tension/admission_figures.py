"""How good the model of admissions is beside the rates it replaces, and whether it may answer in their place."""

from typing import Any

import numpy as np

from hospital.times import DAY
from registry.cards.tension.event_figures import LEAST_EVENT_DAYS, estimate
from registry.evidence.admission_rows import AdmissionRows
from registry.statistics.probability_scores import brier_skill, reliability_slope

__all__ = ["admission_figures"]

_DECIDED_HOURS = 24.0
"""Within which the outcome of most of those present is known: neighbouring rows are one piece of news."""


def admission_figures(rows: AdmissionRows | None, alpha: float) -> dict[str, Any] | None:
    """Figures of the test set; None: the package has no such model.

    ``in_scope``: whether the model answers. It does where its gain over the rates lies above 0 with its whole interval,
    as the trusted scope asks of a cell; else the rates answer.
    """
    if rows is None:
        return None
    event, days = rows.admitted, rows.time // DAY
    asked = event, rows.time, _DECIDED_HOURS
    enough = all(np.unique(days[which]).size >= LEAST_EVENT_DAYS for which in (event, ~event))
    gain = estimate(brier_skill(rows.model, rows.rates, *asked), alpha) if enough else None
    return {
        "n": int(event.size),
        "admitted": int(event.sum()),
        "days": int(np.unique(days).size),
        "announced": float(rows.model.mean()),
        "announced_by_rates": float(rows.rates.mean()),
        "happened": float(event.mean()),
        "brier": float(((rows.model - event) ** 2).mean()),
        "brier_of_rates": float(((rows.rates - event) ** 2).mean()),
        "gain": gain,
        "slope": estimate(reliability_slope(rows.model, *asked), alpha) if enough else None,
        "slope_of_rates": estimate(reliability_slope(rows.rates, *asked), alpha) if enough else None,
        "in_scope": gain is not None and gain[1] is not None and gain[1] > 0,
    }
