"""The sections of a policy's file, each number within the bounds in which a gate still says something."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from registry.policy.board_rules import BoardRules
from registry.policy.monitor_rules import MonitorRules
from registry.policy.power_table import PowerRow
from registry.policy.retention_rules import RetentionRules

__all__ = [
    "Accuracy",
    "Calibration",
    "Contract",
    "Document",
    "Drift",
    "Efficiency",
    "Explanation",
    "Fairness",
    "Gates",
    "Scope",
]

# A list in TOML is a tuple here; everything else must have its type as written: no text for a number.
Names = Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
Windows = Annotated[tuple[Annotated[int, Field(ge=7, le=90)], ...], Field(min_length=1, strict=False)]
Rows = Annotated[int, Field(ge=10, le=20_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Gates(_Strict):
    """Which gates are required of a model, and of a package that is only a baseline."""

    required: Names
    required_of_baseline: Names


class Contract(_Strict):
    """Leakage probes and ranges; `probe_times`: how often the record is cut; `excess_correlation`: a partial
    correlation.

    `settled_before`: features that may exceed it, as they are settled before anything is known of the outcome.
    """

    probe_times: Annotated[int, Field(ge=3, le=200)]
    probe_rows: Rows
    excess_correlation: Annotated[float, Field(gt=0, le=0.1)]
    settled_before: Annotated[tuple[str, ...], Field(max_length=4, strict=False)]
    beyond_share: Annotated[float, Field(gt=0, le=0.6)]


class Scope(_Strict):
    """How sure of a gain a unit group and horizon must be to enter the trusted scope."""

    confidence: Annotated[float, Field(ge=0.5, lt=1)]


class Accuracy(_Strict):
    """Margins of the accuracy gate: shares of an error, all horizons together and of each one by itself."""

    least_gain: Annotated[float, Field(ge=0, le=0.2)]
    noninferiority_margin: Annotated[float, Field(gt=0, le=0.1)]
    noninferiority_margin_horizon: Annotated[float, Field(gt=0, le=0.15)]
    minimum_blocks: Annotated[int, Field(ge=8, le=30)]
    minimum_rows: Rows


class Calibration(_Strict):
    """Tolerances around the nominal 80 % of p10 to p90, and above the nominal 10 % beyond p90 by part of the day.

    `margin_cell`: how far under the nominal 80 % a unit group at a horizon may be shown to hold.
    """

    tolerance_short: Annotated[float, Field(gt=0, le=0.15)]
    tolerance_long: Annotated[float, Field(gt=0, le=0.19)]
    tolerance_above: Annotated[float, Field(gt=0, le=0.06)]
    tolerance_above_night: Annotated[float, Field(gt=0, le=0.06)]
    margin_cell: Annotated[float, Field(gt=0, le=0.12)] = 0.08  # as it ships: a policy signed before has none
    minimum_rows: Rows


class Fairness(_Strict):
    """Margins of a disparity by group, and who is judged.

    Attributes:
        intersections: pairs "a*b" of attributes.
        required_groups: by attribute, groups that must be judged.
        unknown_share: of rows without the attribute.
        power: of judging a group.
        attempts: versions that the power table allows for.
        design: of a mean of dependent visits.
        power_table: rows needed per score and margin.
    """

    attributes: Names
    intersections: Annotated[tuple[str, ...], Field(strict=False)]
    required_groups: dict[str, Names]
    minimum_rows: Rows
    minimum_rows_to_block: Rows
    unknown_share: Annotated[float, Field(gt=0, le=0.5)]
    margin_share_above: Annotated[float, Field(gt=0, le=0.08)]
    margin_log_error: Annotated[float, Field(gt=0, le=0.1)]
    margin_outside: Annotated[float, Field(gt=0, le=0.1)]
    margin_bed_bias: Annotated[float, Field(gt=0, le=0.1)]
    margin_outside_beds: Annotated[float, Field(gt=0, le=0.15)]
    minimum_bed_rows: Rows
    power: Annotated[float, Field(ge=0.8, le=0.99)]
    attempts: Annotated[int, Field(ge=1, le=20)]
    design: Annotated[float, Field(ge=1, le=10)]
    resamples: Annotated[int, Field(ge=200, le=5000)]
    power_table: Annotated[tuple[PowerRow, ...], Field(strict=False)]

    @property
    def margins(self) -> dict[str, float]:
        """The margin of each score of visits."""
        return {
            "share_above_p50": self.margin_share_above,
            "log_error": self.margin_log_error,
            "outside_interval": self.margin_outside,
        }


class Drift(_Strict):
    """When the hospital is another one; an effect for each family of series.

    Attributes:
        effect: in standard deviations of a day.
        spread_floor: least deviation of a day, a share of the mean.
        volume_effect, error_effect: shares of the level.
        missing_effect, correlation_effect, bias_effect: as such.
        minimum_outcome_days: days with errors of forecasts before the test set.
        unknown_season_factor: how much larger an effect must be to block where no whole year was seen (6 to
            13 months of history).
        outcome_effect: of the mean log wait.
        trend_effect: a week, as a share of the level.
        volume_seen, bias_seen: shifts of arrivals and of forecasts' errors that a pass must have been able to see.
        power: with at least this chance.
    """

    windows_days: Windows
    effect: Annotated[float, Field(gt=0, le=3)]
    spread_floor: Annotated[float, Field(gt=0, le=0.1)]
    volume_effect: Annotated[float, Field(gt=0, le=0.19)]
    missing_effect: Annotated[float, Field(gt=0, le=0.19)]
    correlation_effect: Annotated[float, Field(gt=0, le=0.19)]
    bias_effect: Annotated[float, Field(gt=0, le=0.19)]
    error_effect: Annotated[float, Field(gt=0, le=0.5)]
    minimum_earlier_days: Annotated[int, Field(ge=60, le=730)]
    minimum_outcome_days: Annotated[int, Field(ge=30, le=730)]
    unknown_season_factor: Annotated[float, Field(ge=1, le=3)]
    # Policies of before did not name these: they hold as shipped.
    outcome_effect: Annotated[float, Field(gt=0, le=0.19)] = 0.15
    trend_effect: Annotated[float, Field(gt=0, le=0.009)] = 0.005
    volume_seen: Annotated[float, Field(gt=0, le=0.2)] = 0.2
    bias_seen: Annotated[float, Field(gt=0, le=0.3)] = 0.25
    power: Annotated[float, Field(ge=0.8, lt=1)] = 0.9


class Explanation(_Strict):
    """Bounds of exactness, of what refits and a new version may move, and of what may give away an audit attribute.

    `stability`, `shift_reported`, `shift_block`: shares of |contribution|. `proxy_area`: under the curve of one
    feature's contribution. `stated_attributes`: audit attributes that are openly an input of the model.
    """

    additivity: Annotated[float, Field(gt=0, le=1e-4)]
    reference_difference: Annotated[float, Field(gt=0, le=1e-4)]
    adjustment_share: Annotated[float, Field(gt=0, le=0.5)]
    minimum_rows: Rows
    refit_rows: Annotated[int, Field(ge=2000, le=200_000)]
    refit_rounds: Annotated[int, Field(ge=30, le=1000)]
    stability: Annotated[float, Field(gt=0, le=1)]
    shift_reported: Annotated[float, Field(gt=0, le=0.5)]
    shift_block: Annotated[float, Field(gt=0, le=1)]
    proxy_rows: Annotated[int, Field(ge=1000, le=100_000)]
    proxy_least_group: Annotated[int, Field(ge=50, le=5000)]
    proxy_area: Annotated[float, Field(gt=0.5, le=0.8)]
    proxy_share: Annotated[float, Field(gt=0, le=0.5)]
    stated_attributes: Annotated[tuple[str, ...], Field(max_length=1, strict=False)]


class Efficiency(_Strict):
    """Budgets of a version, energy estimated; `cost_ratio`: how many times the version in use it may cost."""

    package_megabytes: Annotated[float, Field(gt=0, le=1000)]
    answer_milliseconds: Annotated[float, Field(gt=0, le=1000)]
    answers_watt_hours: Annotated[float, Field(gt=0, le=100)]
    training_watt_hours: Annotated[float, Field(gt=0, le=100_000)]
    cost_ratio: Annotated[float, Field(gt=1, le=5)]


class Document(_Strict):
    """A whole policy, as its file has it."""

    version: Literal[1]
    name: Annotated[str, Field(min_length=1)]
    alpha: Annotated[float, Field(ge=1e-6, le=0.1)]
    approvals: Annotated[int, Field(ge=2)]
    history_days: Annotated[int, Field(ge=180)]
    retention_days: Annotated[int, Field(ge=30)]
    gates: Gates
    board: BoardRules | None = None  # as is that on monitoring, below
    contract: Contract
    scope: Scope
    accuracy: Accuracy
    calibration: Calibration
    fairness: Fairness
    drift: Drift
    explanation: Explanation
    monitor: MonitorRules | None = None  # a policy signed before there was one has the section that ships
    efficiency: Efficiency
    retention: RetentionRules | None = None  # without it, the terms that ship
