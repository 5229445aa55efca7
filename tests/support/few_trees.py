"""Trees by tens, for tests of what does not depend on how many a model has: days, files, groups, rows."""

from dataclasses import replace

from training.trees import DEFAULT_HYPERPARAMETERS

__all__ = ["FEW_TREES"]

FEW_TREES = replace(DEFAULT_HYPERPARAMETERS, rounds=26)
"""A tenth of the usual number. What a model gains, and whether a gate opens, is asked of all of them."""
