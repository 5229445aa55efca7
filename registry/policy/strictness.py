"""Whether a policy is looser than the one that ships: a board may make it stricter, point by point, never looser."""

from collections.abc import Iterable
from typing import Any

from hospital.words.messages import Message, message
from registry.policy.board_policy import Policy

__all__ = ["looser_points"]

_STRICTER_BELOW = frozenset(
    {
        "alpha",
        "board.approval_days",
        "board.retired_vouch",
        "contract.excess_correlation",
        "contract.beyond_share",
        "accuracy.noninferiority_margin",
        "accuracy.noninferiority_margin_horizon",
        "calibration.tolerance_short",
        "calibration.tolerance_long",
        "calibration.tolerance_above",
        "calibration.tolerance_above_night",
        "calibration.margin_cell",
        "fairness.minimum_rows_to_block",
        "fairness.unknown_share",
        "fairness.margin_share_above",
        "fairness.margin_log_error",
        "fairness.margin_outside",
        "fairness.margin_bed_bias",
        "fairness.margin_outside_beds",
        "drift.effect",
        "drift.spread_floor",
        "drift.volume_effect",
        "drift.missing_effect",
        "drift.correlation_effect",
        "drift.bias_effect",
        "drift.error_effect",
        "drift.unknown_season_factor",
        "drift.outcome_effect",
        "drift.trend_effect",
        "drift.volume_seen",
        "drift.bias_seen",
        "explanation.additivity",
        "explanation.reference_difference",
        "explanation.adjustment_share",
        "explanation.stability",
        "explanation.shift_reported",
        "explanation.shift_block",
        "explanation.proxy_least_group",
        "explanation.proxy_area",
        "explanation.proxy_share",
        "efficiency.package_megabytes",
        "efficiency.answer_milliseconds",
        "efficiency.answers_watt_hours",
        "efficiency.training_watt_hours",
        "efficiency.cost_ratio",
        "monitor.margin_arrivals",
        "monitor.margin_epidemic",
        "monitor.margin_inputs",
        "monitor.margin_missing",
        "monitor.margin_errors",
        "monitor.margin_coverage",
        "monitor.margin_fairness",
        "monitor.margin_explanations",
        "monitor.margin_error_ratio",
        "monitor.overruled_share",
        "monitor.overruled_decisions",
        "monitor.overruled_confidence",
        "monitor.minimum_reference_days",
        "monitor.release_age_days",
    }
)
"""Numbers that are looser the greater they are."""
_STRICTER_ABOVE = frozenset(
    {
        "approvals",
        "board.quorum",
        "board.rollback_approvals",
        "history_days",
        "retention_days",
        "contract.probe_times",
        "contract.probe_rows",
        "scope.confidence",
        "accuracy.least_gain",
        "accuracy.minimum_blocks",
        "accuracy.minimum_rows",
        "calibration.minimum_rows",
        "fairness.minimum_rows",
        "fairness.minimum_bed_rows",
        "fairness.power",
        "fairness.attempts",
        "fairness.design",
        "fairness.resamples",
        "drift.minimum_earlier_days",
        "drift.minimum_outcome_days",
        "drift.power",
        "explanation.minimum_rows",
        "explanation.refit_rows",
        "explanation.refit_rounds",
        "explanation.proxy_rows",
        "monitor.false_alarms_per_year",
    }
)
"""Numbers that are looser the smaller they are."""
_STRICTER_WITH_MORE = frozenset(
    {
        "board.required_roles",
        "board.stop_roles",
        "gates.required",
        "gates.required_of_baseline",
        "fairness.attributes",
        "fairness.intersections",
        "drift.windows_days",
        "monitor.stops",
    }
)
_STRICTER_WITH_FEWER = frozenset(
    {"contract.settled_before", "explanation.stated_attributes", "monitor.epidemic_months"}
)
# Every group that is required by name is one more; the power table is judged by `power_faults`.
_WITHOUT_DIRECTION = frozenset(
    {"version", "name", "fairness.required_groups", "fairness.power_table", "monitor.retrain_new_days"}
)


def looser_points(policy: Policy, shipped: Policy) -> list[Message]:
    """Each point in which a policy is looser than the one that ships, with what is allowed."""
    own, floor = _points(policy), _points(shipped)
    points = (_looser(name, own[name], value) for name, value in floor.items())
    return [point for point in points if point is not None]


def _points(policy: Policy) -> dict[str, Any]:
    """Every entry of a policy by its path, its section on monitoring among them."""
    document = policy.document.model_copy(
        update={"monitor": policy.monitor, "board": policy.board}
    ).model_dump(exclude={"retention"})  # longer is no looser than shorter: the terms are the hospital's own
    points: dict[str, Any] = {}
    for name, value in document.items():
        sections = value.items() if isinstance(value, dict) else ()
        points |= {f"{name}.{entry}": held for entry, held in sections} or {name: value}
    return points


def _looser(name: str, value: Any, shipped: Any) -> Message | None:
    """How one entry is looser; None: it is not.

    Raises:
        KeyError: nobody said which way the entry is stricter.
    """
    if name in _STRICTER_BELOW:
        return _compared("above", name, value, shipped) if value > shipped else None
    if name in _STRICTER_ABOVE:
        return _compared("below", name, value, shipped) if value < shipped else None
    if name in _STRICTER_WITH_MORE:
        return _listed(name, "lacks", set(shipped) - set(value))
    if name in _STRICTER_WITH_FEWER:
        return _listed(name, "adds", set(value) - set(shipped))
    if name in _WITHOUT_DIRECTION:
        return None
    raise KeyError(f"{name}: say in registry/policy/strictness.py which way it is stricter")


def _compared(words: str, name: str, value: object, shipped: object) -> Message:
    # As the file writes them: a person looks for them there.
    return message(f"registry.policy.{words}", name=name, value=str(value), shipped=str(shipped))


def _listed(name: str, words: str, entries: Iterable[object]) -> Message | None:
    listed = ", ".join(sorted(map(str, entries)))
    return message(f"registry.policy.{words}", name=name, entries=listed) if listed else None
