"""Which rows must not be answered: one rule for the service, `vigie explain` and the check."""

import numpy as np
import pytest

from registry.model.scope_fallback import TOLERANCE, unsound

SOUND = (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("total", "quantiles", "is_unsound"),
    [
        (2.0, SOUND, False),
        (2.0 + 0.9 * TOLERANCE, SOUND, False),
        (2.0 + 1.1 * TOLERANCE, SOUND, True),
        (2.0 - 1.1 * TOLERANCE, SOUND, True),
        (2.0, (2.0, 2.0, 2.0), False),
        (2.0, (2.1, 2.0, 3.0), True),
        (2.0, (1.0, 2.0, 1.9), True),
        (np.nan, SOUND, True),
        (2.0, (np.nan, 2.0, 3.0), True),
        (np.nan, (1.0, np.nan, 3.0), True),
        (2.0, (-np.inf, 2.0, 3.0), True),
        (2.0, (1.0, 2.0, np.inf), True),
        (np.inf, (1.0, np.inf, np.inf), True),
    ],
)
def test_a_row_is_unsound_unless_its_reasons_are_its_number(
    total: float, quantiles: tuple[float, float, float], is_unsound: bool
) -> None:
    """Off by more than the tolerance, crossing, unknown or infinite."""
    assert unsound(np.array([2.0, total]), np.array([SOUND, quantiles])).tolist() == [False, is_unsound]
