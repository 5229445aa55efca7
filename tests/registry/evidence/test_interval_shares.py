"""How much of an outcome lies inside its interval: of whole beds a share, of a wait all or nothing."""

from dataclasses import replace

import numpy as np
import pytest

from hospital.dataset.quantiles import LEVELS
from registry.evidence.interval_shares import share_inside, tail_shares
from tests.support.synthetic_evidence import Hospital, beds, waits


def test_whole_beds_lie_inside_by_the_share_of_their_unit_interval() -> None:
    """From 19.5 to 20.5 of 20 beds, three tenths of it above p90; a wait is inside or is not."""
    bed = beds(Hospital(days=540), np.random.default_rng(1)).test.part(np.arange(3))
    quantiles = np.tile(20.2 + 8 * (np.array(LEVELS) - 0.9), (3, 1))
    told = replace(bed, quantiles=quantiles, outcome=np.array([20.0, 12.0, np.nan]))
    assert share_inside(told)[:2] == pytest.approx([0.7, 0.0])
    assert np.isnan(share_inside(told)[2])
    assert tail_shares(told)[0] == pytest.approx([0.0, 0.3])
    assert list(tail_shares(told)[1]) == [1.0, 0.0]
    assert np.isnan(tail_shares(told)[2]).all()
    wait = waits(Hospital(days=540, visits=20), np.random.default_rng(1)).test.part(np.arange(2))
    low, high = wait.quantiles[:, LEVELS.index(0.1)], wait.quantiles[:, LEVELS.index(0.9)]
    assert list(share_inside(replace(wait, outcome=np.array([low[0], high[1] + 0.1])))) == [1.0, 0.0]
