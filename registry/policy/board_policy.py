"""The board's policy: which gates are required, with which margins. Versioned, and signed by its digest.

A policy may be stricter than the one that ships; what would switch a gate off is refused: a gate of the floor
that is not required, fewer than two approvals, a margin or a least number of rows outside the bounds below.
"""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hospital.words.messages import Foreign, Message, message
from registry.digests import sha256_bytes
from registry.errors import PolicyError
from registry.policy.board_rules import BoardRules
from registry.policy.monitor_rules import MonitorRules
from registry.policy.power_table import PowerRow, power_faults
from registry.policy.retention_rules import RetentionRules

__all__ = ["BASELINE_FLOOR", "FLOOR", "Policy", "default_policy", "load_policy"]

FLOOR = ("contract", "explanation", "accuracy", "calibration", "fairness", "drift", "efficiency")
"""Gates that every policy must require of a model."""
BASELINE_FLOOR = ("contract", "calibration")
"""Gates that every policy must require of a package that is only a baseline."""

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


class _Document(_Strict):
    version: Literal[1]
    name: Annotated[str, Field(min_length=1)]
    alpha: Annotated[float, Field(gt=0, le=0.1)]
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


@dataclass(frozen=True)
class Policy:
    """A policy that may be used; `digest` names its bytes."""

    content: bytes
    digest: str
    document: _Document

    @property
    def approvals(self) -> int:
        """How many board members must approve."""
        return self.document.approvals

    @property
    def monitor(self) -> MonitorRules:
        """What is monitored after a release, by this policy or, where it says nothing, by the one that ships."""
        return self.document.monitor or _shipped_monitor()

    @property
    def retention(self) -> RetentionRules:
        """How long the record keeps what, by this policy or, where it says nothing, by the terms that ship."""
        return self.document.retention or RetentionRules()

    @property
    def board(self) -> BoardRules:
        """Who must sign what, by this policy or, where it says nothing, by the one that ships."""
        return self.document.board or _shipped_board()

    @property
    def required(self) -> tuple[str, ...]:
        """The gates that must open for a model."""
        return self.document.gates.required

    def required_of(self, kind: str) -> tuple[str, ...]:
        """The gates that must open for a package of this kind: "model" or "baseline"."""
        return self.document.gates.required_of_baseline if kind == "baseline" else self.required


def load_policy(content: bytes) -> Policy:
    """Reads a policy.

    Raises:
        PolicyError: everything that makes it one that may not be used.
    """
    try:
        raw = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError("registry.policy.not_toml", why=str(error)) from None
    faults: list[Message] = []
    document = None
    try:
        document = _Document.model_validate(raw)
    except ValidationError as error:
        faults += [
            message("errors.at", path=".".join(map(str, e["loc"])), why=_constraint(e["msg"]))
            for e in error.errors(include_url=False, include_input=False)
        ]
    gates = raw.get("gates")
    if isinstance(gates, dict):
        for name, floor in (("required", FLOOR), ("required_of_baseline", BASELINE_FLOOR)):
            faults += _floor_faults(f"gates.{name}", gates.get(name), floor)
    if document is not None:
        faults += _fairness_faults(document)
    if document is None or faults:
        raise PolicyError("registry.policy.refused", faults=tuple(faults))
    return Policy(content, sha256_bytes(content), document)


def _constraint(said: str) -> Foreign:
    """What pydantic says of a value."""
    return Foreign(said, "commands", "constraints")


def _fairness_faults(document: _Document) -> list[Message]:
    rules = document.fairness
    faults = power_faults(
        rules.power_table,
        rules.margins,
        rules.minimum_rows,
        design=rules.design,
        alpha=document.alpha,
        attempts=rules.attempts,
        power=rules.power,
    )
    for pair in rules.intersections:
        first, _, second = pair.partition("*")
        if first == second or not {first, second} <= set(rules.attributes):
            faults.append(message("registry.policy.intersection", pair=pair))
    known = {*rules.attributes, "unit_group", "site"}
    faults += [
        message("registry.policy.no_attribute", name=a) for a in rules.required_groups if a not in known
    ]
    if rules.minimum_rows_to_block > rules.minimum_rows:
        faults.append(message("registry.policy.rows_to_block"))
    return faults


def _floor_faults(path: str, required: object, floor: tuple[str, ...]) -> list[Message]:
    """The gates that are there today are the floor: none may be missing, and there is no other."""
    if not isinstance(required, list):
        return []
    missing = [gate for gate in floor if gate not in required]
    unknown = [str(gate) for gate in required if gate not in floor]
    names = {"not_required": missing, "no_gate": unknown}
    return [
        message(f"registry.policy.{key}", path=path, gates=", ".join(gates))
        for key, gates in names.items()
        if gates
    ]


def _shipped_monitor() -> MonitorRules:
    found = default_policy().document.monitor
    if found is None:
        raise PolicyError("registry.policy.no_monitoring")
    return found


def _shipped_board() -> BoardRules:
    found = default_policy().document.board
    if found is None:
        raise PolicyError("registry.policy.no_board")
    return found


def default_policy() -> Policy:
    """The policy that ships with Vigie."""
    return load_policy(files("registry.policy").joinpath("policies/default.toml").read_bytes())
