"""The scores that gates and monitoring share."""

from dataclasses import replace

import numpy as np
import pytest

from hospital.dataset.quantiles import LEVELS
from registry.evidence.interval_shares import share_inside, tail_shares
from registry.model.forecast_errors import held, log_wait
from tests.support.synthetic_evidence import Hospital, beds, waits


def test_errors_of_waits_are_shares_from_ten_minutes_on() -> None:
    """A tenth more of a long wait is a tenth; one minute for two is hardly anything; unknown stays unknown."""
    assert log_wait(np.array([1090.0]))[0] - log_wait(np.array([990.0]))[0] == pytest.approx(np.log(1.1))
    assert log_wait(np.array([2.0]))[0] - log_wait(np.array([1.0]))[0] < 0.1
    assert log_wait(np.array([-3.0]))[0] == np.log(10)
    assert np.isnan(log_wait(np.array([np.nan]))[0])
    assert list(held(np.array([-4.0, 0.3, 4.0]))) == [-1.0, 0.3, 1.0]


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
