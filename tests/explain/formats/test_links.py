"""From a base score to its margin: where there is one, and where the C library cannot be asked."""

import ctypes
import math

import numpy as np
import pytest

from explain.formats import links

ONE = np.float32(1)


@pytest.mark.parametrize("score", [0.0, -0.25, -1.0, np.inf, np.nan])
def test_what_is_no_finite_count_has_no_logarithm(score: float) -> None:
    assert math.isnan(links.LINKS["count:poisson"](np.float32(score)))


@pytest.mark.parametrize("score", [1e-45, 1e-10, 1.0, 7.5, 3.4e38])
def test_a_count_has_its_logarithm_however_near_to_an_end(score: float) -> None:
    given = np.float32(score)
    assert links.LINKS["reg:gamma"](given) == pytest.approx(math.log(float(given)), rel=1e-6, abs=1e-7)


def test_a_share_is_at_most_a_millionth_from_its_ends() -> None:
    """Both ends are shares, and get the margin of a millionth beside them; what is beyond one is no share."""
    link = links.LINKS["binary:logistic"]
    assert link(np.float32(0)) == link(np.float32(1e-6)) == pytest.approx(-13.815510, abs=1e-5)
    assert link(ONE) == link(ONE - np.float32(1e-6)) == pytest.approx(13.8, abs=0.1)
    assert link(np.float32(0.25)) == pytest.approx(-math.log(3), abs=1e-6)
    for beyond in (np.nextafter(np.float32(0), -ONE), np.nextafter(ONE, ONE + ONE), np.float32(2)):
        assert math.isnan(link(beyond))


@pytest.mark.parametrize("error", [TypeError, OSError, AttributeError])
def test_where_the_c_library_cannot_be_asked_there_is_none(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """As on Windows, whatever it answers."""

    def refuse(_: object) -> None:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    assert links.c_logarithm.__wrapped__() is None
