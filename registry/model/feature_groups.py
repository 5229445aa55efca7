"""Contributions by group of features: what refits, releases and audit attributes are set beside.

Single features share what they know (patients waiting, patients waiting per doctor), and which of two carries it is
chance; a reader sees their group, which must not change.
"""

from collections.abc import Sequence

import numpy as np

from hospital.arrays import Array
from hospital.features.feature import Feature, in_group_order
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_model import ForecastModel, Rows

__all__ = ["centred", "feature_groups", "group_contributions", "group_sums", "rows_of", "spread_rows"]


def spread_rows(rows: int, wanted: int) -> Array:
    """Which rows are taken, evenly through all: bool [rows]."""
    mask = np.zeros(rows, bool)
    if rows:
        mask[np.linspace(0, rows - 1, min(wanted, rows)).astype(np.int64)] = True
    return mask


def feature_groups(features: Sequence[Feature]) -> tuple[str, ...]:
    """The groups of features, in the order of `hospital.features.feature.GROUPS`."""
    return in_group_order(f.group for f in features)


def rows_of(model: ForecastModel, part: PreparedBeds | PreparedWaits) -> Rows:
    """Prepared rows as the model's own baselines lay them out."""
    if isinstance(part, PreparedBeds):
        return part.rows(model.beds_or_raise)
    return part.rows(model.waits_or_raise)


def centred(rows: Rows, values: Array) -> Array:
    """Contributions (float64 [n, …] in units of the scale) in beds or minutes, less their mean at each horizon or
    triage level: what is usual there is no reason."""
    out = rows.scale[:, None] * values
    for kind in np.unique(rows.kind):
        mine = rows.kind == kind
        out[mine] -= out[mine].mean(axis=0)
    return out


def group_sums(features: Sequence[Feature], rows: Rows, values: Array) -> Array:
    """Centred contributions of each group of features: float64 [n, groups], beds or minutes."""
    own = centred(rows, values)
    names = np.array([f.group for f in features])
    return np.column_stack([own[:, names == g].sum(axis=1) for g in feature_groups(features)])


def group_contributions(model: ForecastModel, part: PreparedBeds | PreparedWaits) -> Array:
    """The model's own: float64 [n, groups], beds or minutes."""
    rows = rows_of(model, part)
    return group_sums(model.features, rows, model.contributions(rows))
