"""A policy that is looser than the one that ships is named point by point, in whichever way."""

import re
from pathlib import Path
from typing import Any

import pytest

from registry.errors import PolicyError
from registry.policy import strictness
from registry.policy.board_policy import Policy, default_policy, load_policy
from registry.policy.strictness import looser_points
from registry.trust.policy_in_force import policy_of_file

SHIPPED = default_policy()


def edited(*edits: tuple[str, str]) -> Policy:
    """The shipped policy with some lines replaced."""
    text = SHIPPED.content.decode()
    for name, value in edits:
        text, count = re.subn(rf"^{name} = [^#\n]*", f"{name} = {value} ", text, count=1, flags=re.MULTILINE)
        assert count == 1
    return load_policy(text.encode())


def test_the_shipped_one_is_not_looser_than_itself() -> None:
    """Nor is a stricter one, in every direction."""
    assert looser_points(SHIPPED, SHIPPED) == []
    stricter = edited(
        ("approvals", "4"), ("history_days", "600"), ("effect", "1.2"), ("least_gain", "0.02"),
        ("attributes", '["sex", "age_band", "language", "insurance"]'), ("settled_before", "[]"),
        ("false_alarms_per_year", "0.03"), ("stops", '["errors"]'), ("required_groups", '{sex = ["F"]}'),
    )  # fmt: skip
    assert looser_points(stricter, SHIPPED) == []


@pytest.mark.parametrize(
    ("name", "value", "point"),
    [
        ("alpha", "0.051", "alpha: 0.051 is more than the 0.05 that ships"),
        ("history_days", "499", "history_days: 499 is less than the 500 that ships"),
        ("retention_days", "30", "retention_days: 30 is less than the 1095 that ships"),
        ("tolerance_short", "0.13", "calibration.tolerance_short: 0.13 is more than the 0.12 that ships"),
        ("margin_bed_bias", "0.06", "fairness.margin_bed_bias: 0.06 is more than the 0.05 that ships"),
        ("least_gain", "0.0", "accuracy.least_gain: 0.0 is less than the 0.01 that ships"),
        ("confidence", "0.7", "scope.confidence: 0.7 is less than the 0.8 that ships"),
        ("effect", "2.0", "drift.effect: 2.0 is more than the 1.5 that ships"),
        (
            "answer_milliseconds",
            "21",
            "efficiency.answer_milliseconds: 21.0 is more than the 20.0 that ships",
        ),
        ("attributes", '["sex", "age_band"]', "fairness.attributes: it lacks language"),
        ("intersections", "[]", "fairness.intersections: it lacks sex*age_band"),
        ("settled_before", '["arrival_mode", "reason"]', "contract.settled_before: it adds reason"),
        ("stated_attributes", '["sex"]', "explanation.stated_attributes: it adds sex"),
        ("windows_days", "[28]", "drift.windows_days: it lacks 56"),
        ("margin_arrivals", "0.2", "monitor.margin_arrivals: 0.2 is more than the 0.07 that ships"),
        (
            "false_alarms_per_year",
            "0.001",
            "monitor.false_alarms_per_year: 0.001 is less than the 0.02 that ships",
        ),
        ("epidemic_months", "[12, 1, 2, 3, 4]", "monitor.epidemic_months: it adds 4"),
    ],
)
def test_a_looser_entry_is_named(name: str, value: str, point: str, tmp_path: Path) -> None:
    """Within the bounds that every policy has, and still looser: it may not be put in force."""
    policy = edited((name, value))
    (found,) = looser_points(policy, SHIPPED)
    assert str(found) == point
    assert found.words("fr") != point
    (tmp_path / "policy.toml").write_bytes(policy.content)
    with pytest.raises(PolicyError, match=re.escape(point)):
        policy_of_file(tmp_path / "policy.toml")


def test_every_point_is_said_at_once() -> None:
    """A board member edits once."""
    assert (
        len(looser_points(edited(("alpha", "0.06"), ("effect", "2.5"), ("stability", "0.9")), SHIPPED)) == 3
    )


def test_every_entry_of_a_policy_has_a_direction() -> None:
    """One that is added is refused until somebody says which way it is stricter."""
    directions: list[Any] = [
        strictness._STRICTER_BELOW, strictness._STRICTER_ABOVE, strictness._STRICTER_WITH_MORE,
        strictness._STRICTER_WITH_FEWER, strictness._WITHOUT_DIRECTION,
    ]  # fmt: skip
    assert sum(map(len, directions)) == len(frozenset.union(*directions))
    assert frozenset.union(*directions) == set(strictness._points(SHIPPED))
