"""Rows with forecasts and outcomes: a part of them keeps what belongs together, and what is known is known whole."""

from dataclasses import fields, replace

import numpy as np
import pytest

from hospital.arrays import Array
from registry.evidence.records import Scored
from tests.support.synthetic_evidence import Hospital, beds, waits


@pytest.fixture(scope="module")
def scored() -> Scored:
    """A hundred waits."""
    return waits(Hospital(days=540, visits=20), np.random.default_rng(8)).test.part(np.arange(100))


def _columns(scored: Scored) -> dict[str, Array]:
    """Every array of the rows, by its name."""
    found = {f.name: getattr(scored, f.name) for f in fields(scored)}
    nested = {f"{name} {key}": v for name in ("baselines", "audit") for key, v in found.pop(name).items()}
    found.pop("counts")
    return {**found, **nested}


def test_a_part_holds_the_same_rows_in_every_column(scored: Scored) -> None:
    """By a mask and by positions, in the order that is asked for."""
    positions = np.array([7, 3, 98])
    mask = np.isin(np.arange(100), positions)
    for part, rows in ((scored.part(positions), positions), (scored.part(mask), np.sort(positions))):
        assert part.size == 3
        assert part.counts is scored.counts
        whole = _columns(scored)
        assert len(whole) > 12
        for name, values in _columns(part).items():
            assert np.array_equal(values, whole[name][rows]), name


def test_rows_are_known_whose_weight_outcome_and_quantiles_all_are(scored: Scored) -> None:
    """One quantile that is none makes a row unknown, and so does an outcome without a weight."""
    quantiles, outcome = scored.quantiles.copy(), scored.outcome.copy()
    weight = np.ones(scored.size)
    outcome[:] = 20.0
    quantiles[1, 4], quantiles[2, 0] = np.nan, np.inf
    outcome[3], weight[4], weight[5] = np.nan, 0.0, -1.0
    changed = replace(scored, quantiles=quantiles, outcome=outcome, weight=weight)
    assert list(np.flatnonzero(~changed.is_known)) == [1, 2, 3, 4, 5]
    assert list(changed.known().row_id) == [*scored.row_id[:1], *scored.row_id[6:]]


def test_the_median_is_the_middle_of_the_quantiles(scored: Scored) -> None:
    """Of nineteen, the tenth."""
    assert scored.quantiles.shape[1] == 19
    assert np.array_equal(scored.p50, scored.quantiles[:, 9])
    assert beds(Hospital(days=540), np.random.default_rng(8)).test.counts
