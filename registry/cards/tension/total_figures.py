"""How good probabilities of totals are, of the hospital's and of unit groups', as they are served: by horizon."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from hospital.arrays import Array
from registry.cards.tension.event_figures import event_figures
from registry.evidence.records import Scored
from registry.evidence.total_exceedance_rows import TotalExceedanceRows

__all__ = ["total_figures"]


def total_figures(
    totals: Sequence[TotalExceedanceRows], test: Scored, trusted: Array, alpha: float
) -> list[dict[str, Any]]:
    """A row a total and horizon, the hospital's first (``unit_group`` null).

    Each unit counts with what is served of it: its model's distribution inside the scope, the baseline's outside.

    Args:
        trusted: bool [n], the rows of `test` that the model answers.
    """
    return [row for one in totals for row in _figures(one, test, trusted[one.members], alpha)]


def _figures(one: TotalExceedanceRows, test: Scored, trusted: Array, alpha: float) -> list[dict[str, Any]]:
    served = np.where(trusted[:, None], test.quantiles[one.members], one.baseline)
    probability = one.learned.probability(served, one.of, one.staffed, one.horizon_hours)
    known = np.isfinite(probability) & np.isfinite(one.outcome) & np.isfinite(one.staffed)
    by_model = np.bincount(one.of, weights=trusted, minlength=known.size)
    units = np.bincount(one.of, minlength=known.size)
    out = []
    for horizon in np.unique(one.horizon_hours[known]):
        mine = known & (one.horizon_hours == horizon)
        event = one.outcome[mine] > one.staffed[mine]
        usual = {"by_hour": one.by_hour[mine], "overall": one.overall[mine]}
        asked = probability[mine], event, one.prediction_time[mine], float(horizon)
        whole, some = (by_model[mine] == units[mine]).all(), by_model[mine].any()
        out.append(
            {
                "unit_group": one.unit_group,
                "horizon_hours": float(horizon),
                "in_scope": "all" if whole else "some" if some else "none",
                **event_figures(*asked, usual, alpha),
            }
        )
    return out
