"""Evidence: scored rows and facts that gates judge. It stays in the registry and never reaches serving."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hospital.arrays import Array
from registry.evidence.admission_rows import AdmissionRows
from registry.evidence.boarding_rows import BoardingRows
from registry.evidence.exceedance_rows import ExceedanceRows
from registry.evidence.probe_records import Probed
from registry.evidence.total_exceedance_rows import TotalExceedanceRows

__all__ = [
    "ARRAYS",
    "UNIT",
    "ContractFacts",
    "DailyInput",
    "EarlierGap",
    "Evidence",
    "ExplanationFacts",
    "Scored",
]


UNIT = "unit"
"""The attribute by which rows of bed demand are distinguished within a unit group."""


@dataclass(frozen=True)
class Scored:
    """Rows with forecasts and outcomes, in the order of prediction time.

    Attributes:
        row_id: object [n].
        prediction_time, target_time: int64 [n] instants.
        horizon_hours: float64 [n], 0 for wait time.
        unit_group, site: object [n].
        local_hour: int64 [n].
        outcome: float64 [n], beds or minutes; NaN where censored or unknown.
        censored: bool [n].
        waited: float64 [n], minutes seen to wait (wait time), else NaN.
        weight: float64 [n], 0 where the outcome is unknown.
        quantiles: float64 [n, levels] at 5, 10, … 95 %.
        baselines: float64 [n] by name.
        audit: object [n] by attribute, None where unknown; of beds the `UNIT`.
        counts: whether outcomes are whole numbers.
    """

    row_id: Array
    prediction_time: Array
    target_time: Array
    horizon_hours: Array
    unit_group: Array
    site: Array
    local_hour: Array
    outcome: Array
    censored: Array
    waited: Array
    weight: Array
    quantiles: Array
    baselines: Mapping[str, Array]
    audit: Mapping[str, Array]
    counts: bool

    @property
    def size(self) -> int:
        """Rows."""
        return int(self.prediction_time.size)

    @property
    def p50(self) -> Array:
        """The median forecast: float64 [n]."""
        return self.quantiles[:, self.quantiles.shape[1] // 2]

    def part(self, mask: Array) -> "Scored":
        """The rows of which `mask` (bool [n]) is true, or those at these positions (int64 [m])."""
        one = {name: getattr(self, name)[mask] for name in ARRAYS}
        baselines = {name: values[mask] for name, values in self.baselines.items()}
        audit = {name: values[mask] for name, values in self.audit.items()}
        return Scored(**one, baselines=baselines, audit=audit, counts=self.counts)

    @property
    def is_known(self) -> Array:
        """Whether a row's outcome and forecasts are known: bool [n]."""
        forecast = np.isfinite(self.quantiles).all(axis=1)
        return np.asarray((self.weight > 0) & np.isfinite(self.outcome) & forecast)

    def known(self) -> "Scored":
        """The rows whose outcome and forecasts are known."""
        return self.part(self.is_known)


ARRAYS = (
    "row_id",
    "prediction_time",
    "target_time",
    "horizon_hours",
    "unit_group",
    "site",
    "local_hour",
    "outcome",
    "censored",
    "waited",
    "weight",
    "quantiles",
)
"""The arrays of `Scored`, in their order: one value a row, and of quantiles one a level."""


@dataclass(frozen=True)
class DailyInput:
    """One input of the model by day, with what a season model of the earlier days leaves unexplained.

    Attributes:
        name: the feature, a pair of them, or ``arrivals``, ``forecast_error``.
        what: "count" of rows of the day, "mean", share "missing", "correlation", "outcome" (mean log wait), forecasts'
            "bias" or "loss".
        level: mean of the earlier days.
        spread: standard deviation of the earlier days' values.
        earlier, judged: float64 [days], residuals of the days before the test set, and of its own days.
        fit_error: float64 [judged days, terms]: the squared length of its mean over some days is what the
            season model's own error adds to the variance of their mean residual, in units of a day's long-run
            variance.
        year_known: whether the earlier days show a whole year, so that a season is no shift.
        slope, slope_sd: change a week over all days beside the season, in the series' unit, and its standard deviation;
            NaN and infinite where no slope was fitted.
    """

    name: str
    what: str
    level: float
    spread: float
    earlier: Array
    judged: Array
    fit_error: Array
    year_known: bool = True
    slope: float = float("nan")
    slope_sd: float = float("inf")


@dataclass(frozen=True)
class EarlierGap:
    """What an earlier version's sealed report says of a small group, on rows that this version is not judged on.

    Attributes:
        group, metric: as findings name them.
        value, sd: the gap to the others.
        blocks: days behind it.
        n: rows.
    """

    group: str
    metric: str
    value: float
    sd: float
    blocks: int
    n: int


@dataclass(frozen=True)
class ContractFacts:
    """What the contract gate judges; every count must be 0.

    Attributes:
        files_refused: files a package may not hold.
        infinite_features: infinite values among the judged rows' features.
        crossing_quantiles: judged rows whose quantiles cross.
        forecasts_off: judged rows whose recomputed forecast differs from the reported one by more than 1 ulp.
        outcomes_off, baselines_off: rows that differ at all.
        rows_off: rows in one and not in the other.
        feature_digest_equal: whether this code defines the features as the package does.
        split_overlaps: parts of the split that overlap, with their gaps.
        rows: judged rows.
    """

    files_refused: int
    infinite_features: int
    crossing_quantiles: int
    forecasts_off: int
    outcomes_off: int
    baselines_off: int
    rows_off: int
    feature_digest_equal: bool
    split_overlaps: int
    rows: int


@dataclass(frozen=True)
class ExplanationFacts:
    """What the explanation gate judges.

    Attributes:
        rows: explained rows.
        additivity: largest |base + contributions + adjustments - p50|, beds or minutes.
        verified: rows that were held against XGBoost and shap, every leaf among them.
        predictions_off: of them, whose prediction is another.
        reference_difference: largest difference of a contribution from XGBoost's or shap's, relative to the
            row's sum of |values|.
        largest_adjustment: largest mean |adjustment| as a share of the mean forecast, the unit offset not
            counted.
    """

    rows: int
    verified: int
    predictions_off: int
    additivity: float
    reference_difference: float
    largest_adjustment: float


@dataclass(frozen=True)
class Evidence:
    """All that the gates see.

    Attributes:
        validation, test: scored rows of those parts.
        current: float64 [n, levels], what the current release serves for the test rows, None without.
        current_expected: the signed chain shows an earlier release.
        baseline: float64 [n], the median of the baseline that this version serves outside its scope; None:
            the best one of the validation set.
        inputs: for drift.
        history_days: of the whole snapshot.
        kind: "model" or "baseline".
        hospital: the test set's rows of the hospital total; None where there is no forecast of it.
        exceedances: how probably the test rows exceed their staffed beds; None where that is not known. Gates do not
            judge it: the card shows it.
        totals: how probably the hospital total and those of unit groups exceed theirs, likewise.
        admissions: of those in the emergency department, likewise; None: the package has no model of them.
        boarding: of patients who wait there for a bed, likewise.
        earlier_gaps: of small groups, from earlier versions' reports.
        attempts: versions of this model, this one included, that were registered to be judged on overlapping
            rows.
        probed: what was probed and fitted beside the rows.
    """

    model: str
    version: str
    kind: str
    package_digest: str
    validation: Scored
    test: Scored
    current: Array | None
    current_version: str | None
    current_expected: bool
    inputs: tuple[DailyInput, ...]
    contract: ContractFacts
    explanation: ExplanationFacts
    history_days: float
    hospital: Scored | None = None
    exceedances: ExceedanceRows | None = None
    totals: tuple[TotalExceedanceRows, ...] = ()
    admissions: AdmissionRows | None = None
    boarding: BoardingRows | None = None
    attempts: int = 1
    earlier_gaps: tuple[EarlierGap, ...] = ()
    baseline: Array | None = None
    probed: Probed = field(default_factory=Probed)
