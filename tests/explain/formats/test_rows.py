"""What is missing in a column of objects, however it is written."""

import numpy as np
import pandas as pd

from explain.formats.rows import RowReader


def test_every_way_to_say_that_a_value_is_missing_is_missing() -> None:
    """None, not a number, pandas' own for any type and for times: NaN, beside a number that stays."""
    column = pd.Series([1.5, None, float("nan"), pd.NA, pd.NaT], dtype=object)
    rows = RowReader(1, (), {}).read(pd.DataFrame({"a": column}))
    np.testing.assert_array_equal(rows[:, 0], np.array([1.5, *[np.nan] * 4], np.float32))
