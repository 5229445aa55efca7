"""The parts of an answer: groups of contributions that do not add up are seen."""

from typing import Any

import pytest

from serving.messages.forecast_parts import Explanation, groups_off


def explanation(**more: Any) -> Explanation:
    """Two contributions of one group, one feature not shown of another."""
    shown = [("a", "staff", 2.0), ("b", "staff", -0.5)]
    return Explanation(
        **{  # type: ignore[typeddict-item]
            "of": "p50",
            "unit": "min",
            "reference": "typical",
            "base": 10.0,
            "contributions": tuple(
                {
                    "feature": f,
                    "group": g,
                    "label": f,
                    "value": 1.0,
                    "reference_value": 1.0,
                    "contribution": c,
                }
                for f, g, c in shown
            ),
            "other": 0.25,
            "groups": (
                {"group": "staff", "label": "Staff", "contribution": 1.5, "other": 0.0},
                {"group": "flow", "label": "Flow", "contribution": 0.25, "other": 0.25},
            ),
            "adjustments": (),
            "reasons": (),
            **more,
        }
    )


def test_groups_that_do_not_add_up_are_seen() -> None:
    """A group that is not its features, groups that are not all of them, a group of nobody, a number that is none."""
    assert groups_off(explanation()) == 0.0
    without = explanation()
    del without["groups"]
    assert groups_off(without) == 0.0
    staff, flow = explanation()["groups"]
    assert groups_off(explanation(groups=({**staff, "contribution": 1.6}, flow))) == pytest.approx(0.1)
    assert groups_off(explanation(groups=(staff,))) == pytest.approx(0.25)
    assert groups_off(explanation(groups=(flow,))) == pytest.approx(1.5)
    swapped = explanation(groups=({**staff, "other": 0.1}, {**flow, "other": 0.15}))
    assert groups_off(swapped) == pytest.approx(0.2)
    assert not groups_off(explanation(groups=({**staff, "contribution": float("nan")}, flow))) <= 1e-4
