"""What lies outside of what training saw, by name."""

import numpy as np

from hospital.features.feature import Feature
from hospital.features.wait import WAIT_FEATURES
from registry.components.training_range import TrainingRange


def test_names_are_those_of_the_marked_features_row_by_row() -> None:
    """Each row's in the order of its features, none where none is marked, and only those asked for."""
    features: tuple[Feature, ...] = WAIT_FEATURES[:7]
    many = len(features)
    seen = TrainingRange(features, np.zeros(many), np.ones(many), np.ones(many, bool), ())
    rng = np.random.default_rng(10)
    marked = rng.random((200, many)) < 0.2
    expected = [
        tuple(f.name for f, is_marked in zip(features, row, strict=True) if is_marked) for row in marked
    ]
    assert seen.names(marked) == expected
    assert () in expected
    few = {features[1].name, features[4].name}
    assert seen.names(marked, few) == [tuple(n for n in names if n in few) for names in expected]
    assert seen.names(np.zeros((0, many), bool)) == []
