"""Each group is its features, all groups are all features; an answer where they are not is refused."""

from typing import Any

import numpy as np
import pytest

from explain.reasons import select
from hospital.features.feature import Feature
from serving.forecasting.explanation_text import group_contributions
from serving.forecasting.row_answers import group_terms
from serving.messages.forecast_parts import Explanation, groups_off

FEATURES = tuple(
    Feature(f"f{i}", group, f"f{i}", f"f{i}")
    for i, group in enumerate(("staff", "calendar", "staff", "crowding", "calendar", "flow"))
)


@pytest.mark.parametrize("top", [0, 1, 2, 3, 6])
def test_groups_are_their_features(top: int) -> None:
    """However many are shown: of each group what is shown and its other, of all groups what all features add."""
    contributions = np.random.default_rng(7).normal(size=(40, 6))
    contributions[:, 5] = 0.0
    columns, others = select(contributions, top)
    for i, terms in enumerate(group_terms(FEATURES, contributions, columns)):
        assert [t.group for t in terms] == ["calendar", "crowding", "staff"]  # flow adds nothing
        for term in terms:
            own = [j for j, f in enumerate(FEATURES) if f.group == term.group]
            shown = [j for j in columns[i] if j in own]
            assert term.total == pytest.approx(contributions[i, own].sum(), abs=1e-12)
            assert term.other == pytest.approx(term.total - contributions[i, shown].sum(), abs=1e-12)
        assert sum(t.other for t in terms) == pytest.approx(others[i], abs=1e-12)


def test_an_answer_has_labels_in_the_readers_language() -> None:
    """Of the catalogue."""
    (terms,) = group_terms(FEATURES, np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 0.0]]), np.array([[3, 4]]))
    found = group_contributions(terms, "fr")
    assert found[0] == {"group": "calendar", "label": "Calendrier", "contribution": 7.0, "other": 2.0}
    assert [g["label"] for g in group_contributions(terms, "en")] == [
        "Calendar",
        "Crowding",
        "Staff",
    ]


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
