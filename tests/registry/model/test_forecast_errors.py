"""The scores that gates and monitoring share."""

import numpy as np
import pytest

from registry.model.forecast_errors import held, log_wait


def test_errors_of_waits_are_shares_from_ten_minutes_on() -> None:
    """A tenth more of a long wait is a tenth; one minute for two is hardly anything; unknown stays unknown."""
    assert log_wait(np.array([1090.0]))[0] - log_wait(np.array([990.0]))[0] == pytest.approx(np.log(1.1))
    assert log_wait(np.array([2.0]))[0] - log_wait(np.array([1.0]))[0] < 0.1
    assert log_wait(np.array([-3.0]))[0] == np.log(10)
    assert np.isnan(log_wait(np.array([np.nan]))[0])
    assert list(held(np.array([-4.0, 0.3, 4.0]))) == [-1.0, 0.3, 1.0]
