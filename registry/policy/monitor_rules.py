"""The policy's section on what is monitored after a release, with the bounds no board may leave."""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["FAMILIES", "Family", "MonitorRules"]

Family = Literal[
    "arrivals",
    "inputs",
    "missing",
    "outcomes",
    "errors",
    "coverage",
    "fairness",
    "explanations",
    "expected_error",
    "error_ratio",
]
FAMILIES: tuple[Family, ...] = get_args(Family)
"""What is monitored, in the order in which it is shown."""

_Margin = Annotated[float, Field(gt=0, le=0.15)]


class MonitorRules(BaseModel):
    """When a figure monitored after a release alarms, and what then happens.

    Attributes:
        false_alarms_per_year: chance that a hospital whose truth stays within the margins sees any alarm in a
            year, all figures of a model together.
        margin_arrivals, margin_errors, margin_fairness: log.
        margin_epidemic: log, added to that of arrivals in `epidemic_months`.
        margin_missing, margin_coverage, margin_explanations: shares.
        margin_inputs: in standard deviations of a day.
        margin_error_ratio: log of the realised over the expected error.
        overruled_share: people who overrule a unit group's forecasts and are right more often than this, with
            confidence, take the group out of the release's scope.
        overruled_decisions: with a known outcome, before anything follows.
        overruled_confidence: of the interval that must lie above the share.
        minimum_reference_days: fewer, and a figure is shown but not tested.
        stops: families whose alarm has the baseline served instead of the model.
        release_age_days: after which a retraining is due.
        retrain_new_days: of data after the release's last day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    false_alarms_per_year: Annotated[float, Field(gt=0, le=0.05)]
    margin_arrivals: Annotated[float, Field(gt=0, le=0.2)]
    margin_epidemic: Annotated[float, Field(ge=0, le=0.1)]
    epidemic_months: Annotated[
        tuple[Annotated[int, Field(ge=1, le=12)], ...], Field(strict=False, max_length=6)
    ]
    margin_inputs: Annotated[float, Field(gt=0, le=2)]
    margin_missing: _Margin
    margin_errors: _Margin
    margin_coverage: _Margin
    margin_fairness: _Margin
    margin_explanations: _Margin
    margin_error_ratio: Annotated[float, Field(gt=0, le=0.4)]
    overruled_share: Annotated[float, Field(gt=0, le=0.5)] = 0.5
    overruled_decisions: Annotated[int, Field(ge=5, le=50)] = 10
    overruled_confidence: Annotated[float, Field(ge=0.8, le=0.99)] = 0.95
    minimum_reference_days: Annotated[int, Field(ge=28, le=365)]
    stops: Annotated[tuple[Family, ...], Field(strict=False)]
    release_age_days: Annotated[int, Field(ge=30, le=730)]
    retrain_new_days: Annotated[int, Field(ge=14, le=365)]
