"""Each group is its features, all groups are all features; an answer where they are not is refused."""

import numpy as np
import pytest

from explain.reasons import select
from hospital.features.feature import Feature
from serving.forecasting.explanation_text import group_contributions
from serving.forecasting.row_answers import FeatureRelations, group_terms

FEATURES = tuple(
    Feature(f"f{i}", group, f"f{i}", f"f{i}")
    for i, group in enumerate(("staff", "calendar", "staff", "crowding", "calendar", "flow"))
)
RELATIONS = FeatureRelations(FEATURES)


@pytest.mark.parametrize("top", [0, 1, 2, 3, 6])
def test_groups_are_their_features(top: int) -> None:
    """However many are shown: of each group what is shown and its other, of all groups what all features add."""
    contributions = np.random.default_rng(7).normal(size=(40, 6))
    contributions[:, 5] = 0.0
    columns, others = select(contributions, top)
    for i, terms in enumerate(group_terms(RELATIONS, contributions, columns)):
        assert [t.group for t in terms] == ["calendar", "crowding", "staff"]  # flow adds nothing
        for term in terms:
            own = [j for j, f in enumerate(FEATURES) if f.group == term.group]
            shown = [j for j in columns[i] if j in own]
            assert term.total == pytest.approx(contributions[i, own].sum(), abs=1e-12)
            assert term.other == pytest.approx(term.total - contributions[i, shown].sum(), abs=1e-12)
        assert sum(t.other for t in terms) == pytest.approx(others[i], abs=1e-12)


def test_an_answer_has_labels_in_the_readers_language() -> None:
    """Of the catalogue."""
    (terms,) = group_terms(RELATIONS, np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 0.0]]), np.array([[3, 4]]))
    found = group_contributions(terms, "fr")
    assert found[0] == {"group": "calendar", "label": "Calendrier", "contribution": 7.0, "other": 2.0}
    assert [g["label"] for g in group_contributions(terms, "en")] == [
        "Calendar",
        "Crowding",
        "Staff",
    ]
