"""At which number of boarders a policy wants to be foreseen: one, named before the training that learns it."""

from centre.levels.level_policy import LevelPolicy

__all__ = ["BOARDERS", "boarding_threshold_of"]

BOARDERS = "boarders"


def boarding_threshold_of(policy: LevelPolicy) -> float | None:
    """That of the mildest level that rests on boarders alone; None: no level does."""
    for level in policy.levels:
        if [(c.indicator, c.side) for c in level.conditions] == [(BOARDERS, "above")]:
            threshold = level.conditions[0].threshold
            if threshold is not None:
                return threshold
    return None
