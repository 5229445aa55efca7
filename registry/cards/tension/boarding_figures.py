"""How good the probabilities of boarding are, as they would be served: by horizon, at the one threshold."""

from typing import Any

import numpy as np

from hospital.arrays import Array
from registry.cards.tension.event_figures import event_figures
from registry.cards.tension.skill_interval import is_better
from registry.components.boarding_model import input_values, summed_shortage
from registry.evidence.boarding_rows import BoardingRows
from registry.evidence.records import Scored
from registry.model.hospital_total import same_time_and_horizon

__all__ = ["boarding_figures"]


def boarding_figures(
    rows: BoardingRows | None, test: Scored, trusted: Array, alpha: float
) -> list[dict[str, Any]]:
    """A row a horizon; empty: the package has no such model.

    ``in_scope``: whether the probability counts as calibrated. It does where its gain over how often it was before lies
    above 0 with its whole interval; else it is shown, and reaches no level.

    Args:
        trusted: bool [n], the rows that the model of beds answers; the baseline answers the others.
    """
    if rows is None:
        return []
    beyond = np.where(trusted, rows.beyond_model, rows.beyond_baseline)
    of, first = same_time_and_horizon(test.prediction_time, test.horizon_hours)
    shortage = summed_shortage(np.where(rows.others[:, 3] == 1, beyond, np.nan), of, first.size)
    # Where no unit's demand at the target is known yet, who boards there is not, either: recent data end before it.
    ended = np.bincount(of, weights=np.isfinite(test.outcome), minlength=first.size) > 0
    counted = np.isfinite(shortage) & ended
    first, shortage = first[counted], shortage[counted]
    boarders, present, hour = (rows.others[first, i] for i in range(3))
    hours, times = test.horizon_hours[first], test.prediction_time[first]
    probability = rows.curve.probability(input_values(shortage, boarders, present, hour), hours)
    event = rows.boarded[first] > rows.curve.threshold
    out = []
    for horizon in np.unique(hours):
        mine = hours == horizon
        usual = {"by_hour": rows.by_hour[first][mine], "overall": rows.overall[first][mine]}
        found = event_figures(probability[mine], event[mine], times[mine], float(horizon), usual, alpha)
        out.append(
            {
                "horizon_hours": float(horizon),
                "threshold": float(rows.curve.threshold),
                "in_scope": is_better(found["skill"]),
                **found,
            }
        )
    return out
