"""What a check probes and fits beside the scored rows, as evidence: gates judge it, and make none of it themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

from hospital.arrays import Array
from hospital.dataset.entry_traces import Aspect

__all__ = [
    "Alignment",
    "Aspect",
    "EfficiencyFacts",
    "EfficiencyFigures",
    "ExplanationShift",
    "FeatureFacts",
    "LeakageFacts",
    "Probed",
    "ProxyFacts",
    "ProxyGroup",
    "StabilityFacts",
]


@dataclass(frozen=True)
class Alignment:
    """How well one feature goes with the outcome of its own row, and as it was one horizon earlier.

    Attributes:
        feature: its name; one whose values are the tables' own, whose reception nobody else can vouch for. The time of
            entry is the whole row's: its name is the table's.
        own, shifted: partial correlations, given the baselines; of the aspect ``exactness`` shares of departures
            (`hospital.dataset.departure_plans`).
        rows: of them.
        excess_correlation: float64 [blocks], |own| - |shifted| of each block of days, from the products of standardised
            residuals.
        aspect: what of the feature.
        part: of the rows, as a finding names it ("night", "department=KIDS"); "": all of them.
        parts: of how many such figures this is the one that goes furthest.
    """

    feature: str
    own: float
    shifted: float
    rows: int
    excess_correlation: Array
    aspect: Aspect = "value"
    part: str = ""
    parts: int = 1


@dataclass(frozen=True)
class LeakageFacts:
    """What leakage probes found.

    Attributes:
        rows: probed at `times` prediction times.
        dropped_off: of them, whose features change when all that was received later is taken away.
        shuffled_off: when it is shuffled.
        hindsight_off: visits whose own values or prediction time change when what happened to them later was
            something else.
        alignments: of each feature of the tables' own that varies.
    """

    rows: int
    times: int
    dropped_off: int
    shuffled_off: int
    hindsight_off: int
    alignments: tuple[Alignment, ...]


@dataclass(frozen=True)
class FeatureFacts:
    """What the features of a package are in the judged rows.

    Attributes:
        undefined: names of those that this code defines otherwise, in name, group or unit.
        absent: of those that training knew and no judged row has.
        beyond: by name, the share of judged values outside all that training saw by more than a tenth of its
            range, or unknown where training (nearly) always knew it; the calendar is exempt.
        executable: files of the package that hold or may be code.
        rows: judged.
    """

    undefined: tuple[str, ...]
    absent: tuple[str, ...]
    beyond: Mapping[str, float]
    executable: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class StabilityFacts:
    """What refits make of the reasons.

    Attributes:
        failed: why there are none; else empty.
        rows: explained.
        distance: float64 [refits], what a refit moves of the contributions, sum of |refit - served| over sum
            of |served|, by rows and groups of features.
        ranks: float64 [refits], rank correlation of the groups' mean |contribution|, refit and served.
        groups: the same distance by group of features, float64 [refits] each.
    """

    failed: str
    rows: int
    distance: Array
    ranks: Array
    groups: Mapping[str, Array]


@dataclass(frozen=True)
class ExplanationShift:
    """Mean |contribution| by group of features, of this version and of the current release, on the same judged rows.

    Attributes:
        groups: names.
        ours, theirs: float64 [blocks, groups], by block of days, beds or minutes.
        rows: explained.
    """

    groups: tuple[str, ...]
    ours: Array
    theirs: Array
    rows: int


@dataclass(frozen=True)
class ProxyGroup:
    """How well contributions give away one group of an audit attribute.

    Attributes:
        group: attribute=value.
        inside, rows: visits in it, and of which the attribute is known.
        blocks: of days.
        auc, auc_error: area under the curve of cross-validated scores from all contributions, and its
            standard error by blocks of days.
        alone, alone_error: of each feature's contribution by itself, at least one half, by name.
        share: of all |contribution| that each feature carries.
    """

    group: str
    inside: int
    rows: int
    blocks: int
    auc: float
    auc_error: float
    alone: Mapping[str, float]
    alone_error: Mapping[str, float]
    share: Mapping[str, float]


@dataclass(frozen=True)
class ProxyFacts:
    """Audit groups that contributions were asked about; `failed`: why there are none, else empty."""

    failed: str
    groups: tuple[ProxyGroup, ...]


@dataclass(frozen=True)
class EfficiencyFigures:
    """What one version costs.

    Attributes:
        package_bytes: of all its files.
        answer_seconds: float64 [answers], of one forecast with its reasons each.
        answers_watt_hours: of a thousand such answers, estimated.
        training_watt_hours: estimated, as its registration tells; NaN where it does not.
    """

    package_bytes: int
    answer_seconds: Array
    answers_watt_hours: float
    training_watt_hours: float


@dataclass(frozen=True)
class EfficiencyFacts:
    """What this version costs, and the current release on the same rows in turn.

    Attributes:
        current: None without one.
        baseline_before: the current release is of the baselines, which cost nothing.
    """

    own: EfficiencyFigures
    current: EfficiencyFigures | None
    baseline_before: bool = False


@dataclass(frozen=True)
class Probed:
    """Everything of this file; None: not made, which opens nothing where it is required.

    Attributes:
        shift: None where the chain shows no earlier release with reasons of its own.
        proxies: None for bed demand, whose rows have no patient attribute.
    """

    leakage: LeakageFacts | None = None
    features: FeatureFacts | None = None
    stability: StabilityFacts | None = None
    shift: ExplanationShift | None = None
    proxies: ProxyFacts | None = None
    efficiency: EfficiencyFacts | None = None
