"""A small hospital's package of beds, trained quickly, with the rows of its test set, for checks and comparisons."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hospital.arrays import Array
from hospital.dataset.splits import Split
from registry.evidence.records import Scored
from registry.model.dataset import PreparedBeds
from registry.model.feature_groups import rows_of
from registry.model.forecast_model import ForecastModel
from registry.model.interval_widths import adapted
from registry.model.scoring import score
from tests.support.quick_versions import quick_tables
from training.packages.package_request import Request
from training.train import build_package
from training.trees import DEFAULT_HYPERPARAMETERS

__all__ = ["QuickBeds", "quick_beds"]

_DAYS, _ROUNDS = 200, 4


@dataclass(frozen=True)
class QuickBeds:
    """The package and its rows.

    Attributes:
        prepared: of the whole history.
        judged: bool [rows of `prepared`], those of the test set.
        test: scored, as a check scores them.
        baseline: float64 [n, levels], what the baseline answers for the rows of `test`.
        all_staffed: float64 [rows of `prepared`], beds at the target; NaN unknown.
    """

    model: ForecastModel
    prepared: PreparedBeds
    split: Split
    judged: Array
    test: Scored
    baseline: Array
    all_staffed: Array

    @property
    def staffed(self) -> Array:
        """Of the rows of `test`: float64 [n]."""
        return np.asarray(self.all_staffed[self.judged])


def quick_beds(folder: Path, horizons: tuple[float, ...]) -> QuickBeds:
    """Trained and scored."""
    request = Request(
        "bed-demand",
        horizons_hours=horizons,
        hyperparameters=replace(DEFAULT_HYPERPARAMETERS, rounds=_ROUNDS),
    )
    built = build_package(request, quick_tables(folder / "data", _DAYS), folder / "package", lambda *_: None)
    model = ForecastModel(folder / "package")
    assert isinstance(built.prepared, PreparedBeds)
    prepared = adapted(model, built.prepared)
    judged = built.split.members("test", prepared.prediction_time)
    staffed = prepared.X[:, [f.name for f in prepared.features].index("staffed_then")]
    baseline = model.baseline_quantiles(rows_of(model, prepared.part(judged)))
    return QuickBeds(
        model,
        prepared,
        built.split,
        judged,
        score(model, prepared, judged),
        baseline,
        np.asarray(staffed, np.float64),
    )
