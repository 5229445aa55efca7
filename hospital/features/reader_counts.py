"""What a reader says of the emergency department now, laid over what the record counts.

A count that is said in place of the recorded one leaves unknown what was counted together with it: nobody knows how
many of 19 who are said to wait are urgent, where their triage levels are not said, too. Of nobody who is said to wait
none is. What is said as it is recorded changes nothing.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from hospital.arrays import Array
from hospital.features.emergency import URGENT_RANK
from hospital.features.feature import TRIAGE_RANK

__all__ = ["contradictions", "kinds_of_waiting", "lay_over"]

_DEPENDENT = {
    "ed_waiting": (
        "ed_waiting_urgent",
        "ed_waiting_ahead",
        "ed_waiting_over_1h",
        "ed_waiting_over_2h",
        "ed_mean_wait_so_far",
        "ed_present",
    ),
    "ed_boarding": ("ed_present",),
}
"""What is counted from the same patients; patients per doctor are computed from what is said."""
_KINDS_OF_WAITING = frozenset(
    {"ed_waiting_urgent", "ed_waiting_ahead", "ed_waiting_over_1h", "ed_waiting_over_2h"}
)


def lay_over(state: Mapping[str, Array], said: Mapping[str, Array]) -> dict[str, Array]:
    """The state (float64 [n] by feature) with what is said (float64 [n], NaN: nothing) in its place."""
    out = dict(state)
    for feature, values in said.items():
        spoken = ~np.isnan(values)
        other = spoken & (values != state[feature])
        for name in _DEPENDENT.get(feature, ()) if other.any() else ():
            unknown = np.full(values.shape, np.nan)
            if name in _KINDS_OF_WAITING:  # where urgency is not known, who is as urgent stays unknown
                unknown = np.where((values == 0) & ~np.isnan(state[name]), 0.0, unknown)
            out[name] = np.where(other, unknown, out[name])
        out[feature] = np.where(spoken, values, out[feature])
    return out


def kinds_of_waiting(by_triage: Sequence[Mapping[str, float] | None], triage: Array) -> dict[str, Array]:
    """How many of those who are said to wait are urgent, and at least as urgent as the patient (float64 [n], NaN: not
    said, or the patient's own urgency is not known).

    Args:
        by_triage: counts by triage level of all who are said to wait, one a row; None: not said.
        triage: the patients' own levels (object [n]), None for none.
    """
    urgent, ahead = np.full((2, len(by_triage)), np.nan)
    for i, counts in enumerate(by_triage):
        if counts is None:
            continue
        own = TRIAGE_RANK.get(triage[i], np.nan)
        urgent[i] = sum(n for level, n in counts.items() if TRIAGE_RANK[level] <= URGENT_RANK)
        if own == own:
            ahead[i] = sum(n for level, n in counts.items() if TRIAGE_RANK[level] <= own)
    return {"ed_waiting_urgent": urgent, "ed_waiting_ahead": ahead}


def contradictions(state: Mapping[str, Array], said: Mapping[str, Array]) -> Array:
    """Rows (bool [n]) in which more patients are said to wait, for a doctor or for a bed, than are recorded present."""
    present = state["ed_present"]
    waiting, boarding = (
        said.get(name, np.full(present.size, np.nan)) for name in ("ed_waiting", "ed_boarding")
    )
    spoken = ~np.isnan(waiting) | ~np.isnan(boarding)
    return spoken & (np.nan_to_num(waiting) + np.nan_to_num(boarding) > present)
