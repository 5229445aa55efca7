"""At which number of boarders a policy wants to be foreseen: one, named before the training that learns it."""

from centre.levels.level_policy import Level, LevelPolicy

__all__ = ["BOARDERS", "boarders_alone", "boarding_threshold_of"]

BOARDERS = "boarders"


def boarding_threshold_of(policy: LevelPolicy) -> float | None:
    """That of the mildest level that rests on boarders alone; None: no level does."""
    return next((t for t in map(boarders_alone, policy.levels) if t is not None), None)


def boarders_alone(level: Level) -> float | None:
    """The threshold of a level that rests on how many board and on nothing else; None: it does not."""
    alone = [(c.indicator, c.side) for c in level.conditions] == [(BOARDERS, "above")]
    return level.conditions[0].threshold if alone else None
