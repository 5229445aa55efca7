"""Hours of the week by the hospital's clock, against pandas, over a year with both changes of the clock."""

from dataclasses import replace

import numpy as np
import pandas as pd

from registry.statistics.hours_of_week import HOURS_OF_WEEK, NARROW_HOURS, hours_of_week, narrow_hours
from tests.support.scored_rows import scored


def test_they_are_those_of_the_local_clock() -> None:
    """Every half hour of 2025 in Paris and in Fort-de-France."""
    for zone in ("Europe/Paris", "America/Martinique"):
        times = pd.date_range("2025-01-01", "2026-01-01", freq="30min", tz="UTC")
        local = times.tz_convert(zone)
        rows = scored([1.0] * times.size, [1.0] * times.size)
        rows.prediction_time[:] = times.as_unit("us").asi8
        rows.local_hour[:] = local.hour
        found = hours_of_week(rows)
        assert tuple(found) == HOURS_OF_WEEK
        np.testing.assert_array_equal(found["weekend"], local.day_of_week >= 5)
        np.testing.assert_array_equal(found["night"], (local.hour >= 20) | (local.hour <= 7))
        for name, hours in [("00-06", range(6)), ("06-12", range(6, 12)), ("12-18", range(12, 18))]:
            np.testing.assert_array_equal(found[name], local.hour.isin(hours))
        np.testing.assert_array_equal(found["18-24"], local.hour >= 18)


def test_narrow_hours_are_those_of_the_local_clock() -> None:
    """Every half hour of 2025 in Paris, with both changes of the clock."""
    times = pd.date_range("2025-01-01", "2026-01-01", freq="30min", tz="UTC")
    local = times.tz_convert("Europe/Paris")
    rows = scored([1.0] * times.size, [1.0] * times.size)
    rows = replace(rows, prediction_time=times.as_unit("us").asi8, local_hour=local.hour.to_numpy(np.int64))
    found = narrow_hours(rows)
    assert tuple(found) == NARROW_HOURS
    assert NARROW_HOURS[:12] == tuple(f"{h:02d}-{h + 2:02d}" for h in range(0, 24, 2))
    assert not set(NARROW_HOURS) & set(HOURS_OF_WEEK)
    for begin in range(0, 24, 2):
        np.testing.assert_array_equal(
            found[f"{begin:02d}-{begin + 2:02d}"], local.hour.isin([begin, begin + 1])
        )
    for day, name in enumerate(NARROW_HOURS[-7:]):
        np.testing.assert_array_equal(found[name], local.day_of_week == day)
