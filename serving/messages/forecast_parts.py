"""What a forecast is made of: quantiles, reasons, trust. Every number is finite.

These are typed dicts: an answer holds hundreds of them, and a model of pydantic's for each took longer than the
forecast. Their schemas are pydantic's all the same; `serving.forecasting.prediction_record` checks their numbers.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from registry.model.trust_status import TrustStatus

if TYPE_CHECKING:  # NumPy, which a supervisor that only starts workers never loads
    from hospital.features.feature import Feature

__all__ = [
    "Adjustment",
    "ComparedWith",
    "Contribution",
    "Explanation",
    "Finite",
    "GroupContribution",
    "Interaction",
    "Quantiles",
    "Reliability",
    "Trust",
    "UnitShare",
    "contribution_of",
    "groups_off",
    "total",
]

Finite = Annotated[float, Field(allow_inf_nan=False)]
_EXACTLY = ConfigDict(extra="forbid")


@with_config(_EXACTLY)
class Quantiles(TypedDict):
    """What is forecast: one time in ten it is below p10, half the time below p50, one in ten above p90."""

    p10: Finite
    p50: Finite
    p90: Finite


@with_config(_EXACTLY)
class Contribution(TypedDict):
    """What one feature adds to the forecast, in the forecast's own unit.

    Attributes:
        value: the feature's value now; None: unknown.
        reference_value: what it is compared with.
        unknown_units: of a hospital total's sum, in how many of its units it is unknown, where the others know it.
    """

    feature: str
    group: str
    label: str
    value: Finite | str | None
    reference_value: Finite | str | None
    contribution: Finite
    unknown_units: NotRequired[int]


def contribution_of(
    feature: "Feature", label: str, value: float | str | None, usual: float | str | None, contribution: float
) -> Contribution:
    """What a feature adds, as it is answered.

    Args:
        label: of the feature, in the language of the answer.
        value, usual: as `serving.forecasting.feature_words.FeatureWords` gives them for applications.
    """
    return {
        "feature": feature.name,
        "group": feature.group,
        "label": label,
        "value": value,
        "reference_value": usual,
        "contribution": contribution,
    }


@with_config(_EXACTLY)
class GroupContribution(TypedDict):
    """What a group of features adds to the forecast: its contributions that are shown, and its `other`.

    All groups together are all contributions and the explanation's `other`.

    Attributes:
        contribution: of all its features.
        other: of its features that are not shown.
    """

    group: str
    label: str
    contribution: Finite
    other: Finite


@with_config(_EXACTLY)
class Adjustment(TypedDict):
    """A step after the trees, by its own formula: calibration, floor, unit_offset."""

    name: str
    contribution: Finite


@with_config(_EXACTLY)
class ComparedWith(TypedDict):
    """The cases that values are compared with: of the same unit and horizon, or department, in a year of training.

    Attributes:
        cases: how many.
        hour: of the hospital's clock.
        hours_around: how many hours before and after count, too.
        days: Sundays and public holidays together, or all.
        season: three whole months, winter from December on, or all.
    """

    cases: int
    hour: int
    hours_around: int
    days: Literal["weekday", "saturday", "sunday", "all"]
    season: Literal["winter", "spring", "summer", "autumn", "all"]


@with_config(_EXACTLY)
class Interaction(TypedDict):
    """What two features that are shown add together, more than one of the two does; a part of what is shown of both.

    Attributes:
        features: two names.
        contribution: in the forecast's unit, counted from all of the training.
    """

    features: tuple[str, str]
    contribution: Finite
    sentence: str


@with_config(_EXACTLY)
class Reliability(TypedDict):
    """How far to rely on one forecast and its reasons, in a word and in figures.

    Attributes:
        situation: how familiar it is; None: no model answers.
        situation_ratio: how many cases of the training came where this one comes, over how many usually do.
        stable_reasons: of the first three, how many either half of the trees gives, too; None: not asked.
        oldest_input: the table of which nothing was received for longest.
        oldest_input_age_minutes: since when.
        word: all of it in a word or two.
        figures: sentences.
    """

    situation: Literal["usual", "uncommon", "rare"] | None
    situation_ratio: Finite | None
    stable_reasons: int | None
    oldest_input: str | None
    oldest_input_age_minutes: Finite | None
    word: str
    figures: tuple[str, ...]


@with_config(_EXACTLY)
class OtherReference(TypedDict):
    """Another forecast that this one is compared with: by its id, or by the time that it is of."""

    prediction_id: NotRequired[str]
    at: NotRequired[datetime]


@with_config(_EXACTLY)
class Explanation(TypedDict):
    """Why: base + contributions + other + adjustments = the p50 served, to 1e-4.

    Where `of` is ``interval`` the same is the width served, p90 − p10, and where it is ``tension`` the tension
    probability, to 1e-6. Compared with another forecast, `base` is that forecast's number, and the rest the difference.

    Attributes:
        compared_with: what is usual; None: nothing is called so (too few cases, or compared with last week).
        other: the sum of the contributions not shown.
        groups: what the features of each group add; those that add nothing are left out.
        reasons: one sentence a contribution, largest first.
        reliability: how far to rely on it; only where it was asked for, and not of a hospital total.
        interactions: the largest first; only where they were asked for, and not of a hospital total.
    """

    of: Literal["p50", "interval", "tension"]
    unit: Literal["min", "beds", "probability"]
    reference: Literal["typical", "last_week"] | OtherReference
    compared_with: NotRequired[ComparedWith | None]
    base: Finite
    contributions: tuple[Contribution, ...]
    other: Finite
    groups: NotRequired[tuple[GroupContribution, ...]]
    adjustments: tuple[Adjustment, ...]
    reasons: tuple[str, ...]
    reliability: NotRequired[Reliability]
    interactions: NotRequired[tuple[Interaction, ...]]


def total(explanation: Explanation) -> float:
    """What an explanation adds up to."""
    shown = sum([c["contribution"] for c in explanation["contributions"]])
    adjusted = sum([a["contribution"] for a in explanation["adjustments"]])
    return explanation["base"] + shown + explanation["other"] + adjusted


def groups_off(explanation: Explanation) -> float:
    """How far the groups are from what they are made of: each from its features, all from all; 0 without groups.

    In the forecast's unit; NaN where a number is none.
    """
    if "groups" not in explanation:
        return 0.0
    left = {g["group"]: g["contribution"] - g["other"] for g in explanation["groups"]}
    for c in explanation["contributions"]:
        left[c["group"]] = left.get(c["group"], 0.0) - c["contribution"]
    other = sum([g["other"] for g in explanation["groups"]]) - explanation["other"]
    return sum([abs(v) for v in left.values()], abs(other))


@with_config(_EXACTLY)
class Trust(TypedDict):
    """How far to trust this answer.

    ``baseline`` outside the trusted scope; ``degraded`` on stale or out-of-range inputs; `warnings` say why.
    """

    status: TrustStatus
    warnings: tuple[str, ...]


@with_config(_EXACTLY)
class UnitShare(TypedDict):
    """What a unit adds to the hospital total.

    Attributes:
        mean: of its forecast, beds; its p50 is the unit's own answer.
        answered_by: the model, or the baseline.
    """

    unit: str
    mean: Finite
    answered_by: Literal["model", "baseline"]
