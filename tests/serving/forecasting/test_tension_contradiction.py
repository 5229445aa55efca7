"""An interval and a risk of too few staffed beds that cannot both be right are not served as if they were."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from hospital.times import moment
from registry.components.exceedance_curve import ExceedanceCurve
from registry.components.exceedances import Exceedances
from serving.forecasting.unit_wording import contradicts
from serving.messages.forecast_parts import Quantiles
from tests.support.small_demo import HORIZONS, Service, SmallDemo

_BEDS: Quantiles = {"p10": 125.0, "p50": 135.0, "p90": 152.0}


@pytest.fixture
def service(small_demo: SmallDemo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service on a copy of the home."""
    found = small_demo.copied(tmp_path_factory.mktemp("contradiction") / "home").service()
    yield found
    found.close()


@pytest.mark.parametrize(
    ("staffed", "probability", "found"),
    [
        (124.0, 0.23, True),  # nine in ten above the staffed beds, and a risk of a quarter
        (124.0, 0.5, False),
        (
            125.0,
            0.23,
            False,
        ),  # a full ward is refilled to its last bed: within the interval the two may differ
        (130.0, 0.2, False),
        (152.0, 0.6, False),
        (153.0, 0.6, True),
        (153.0, 0.1, False),
    ],
)
def test_two_figures_that_exclude_one_another(staffed: float, probability: float, found: bool) -> None:
    """The interval wholly on one side of the staffed beds, the probability on the other side of a half."""
    assert contradicts(_BEDS, staffed, probability) is found


def test_the_answer_is_degraded_and_says_so(service: Service) -> None:
    """With the risk as it was learned there is nothing to say; with one that is always 20 % there is."""
    released = service.parts.releases.current("bed-demand")
    engine, unit = released.engine, released.units[0].unit
    at = moment(service.parts.clock.now()).isoformat()
    body: dict[str, Any] = {
        "units": [unit],
        "horizons_hours": [HORIZONS[0]],
        "observations": [{"unit": unit, "at": at, "occupied": 900}],
        "explain": {"language": "en"},
    }
    (usual,) = service.ask("/v1/bed-demand", body)["forecasts"]
    assert usual["beds"]["p10"] > usual["staffed"]
    assert not any("contradict" in warning for warning in usual["trust"]["warnings"])
    rare = ExceedanceCurve(tuple(HORIZONS), np.full(len(HORIZONS), np.log(0.25)), np.zeros(len(HORIZONS)), 30)
    engine.exceedances = Exceedances({"model": rare, "baseline": rare})
    (odd,) = service.ask("/v1/bed-demand", body)["forecasts"]
    assert odd["tension_probability"] == pytest.approx(0.2)
    assert odd["trust"]["status"] == "degraded"
    assert odd["trust"]["warnings"][0].startswith(
        "The interval and the risk of too few staffed beds contradict"
    )
