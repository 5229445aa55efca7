"""How good the model of admissions is beside the rates it replaces, and whether it may answer in their place."""

from typing import Any

import numpy as np

from hospital.times import DAY
from registry.cards.tension.event_figures import event_figures, slope_figure
from registry.cards.tension.skill_interval import is_better
from registry.evidence.admission_rows import AdmissionRows

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
    asked = rows.admitted, rows.time, _DECIDED_HOURS
    found = event_figures(rows.model, *asked, {"rates": rows.rates}, alpha)
    return {
        "n": found["n"],
        "admitted": found["events"],
        "days": int(np.unique(rows.time // DAY).size),
        "announced": found["announced"],
        "announced_by_rates": float(rows.rates.mean()),
        "happened": found["happened"],
        "brier": float(((rows.model - rows.admitted) ** 2).mean()),
        "brier_of_rates": float(((rows.rates - rows.admitted) ** 2).mean()),
        "gain": found["skill"],
        "slope": found["slope"],
        "slope_of_rates": slope_figure(rows.rates, *asked, alpha),
        "in_scope": is_better(found["skill"]),
    }
