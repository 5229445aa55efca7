"""How rare a situation is called, in a simulated hospital that the model was not trained on."""

from pathlib import Path

import numpy as np
import pytest

from hospital.arrays import Array
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import read_hospital
from hospital.record.events import Events
from hospital.simulator import Shift, simulate, write
from hospital.times import DAY
from registry.components.familiarity import RARE, UNCOMMON
from registry.model.dataset import prepare_beds, prepare_waits
from registry.model.forecast_model import ForecastModel
from tests.support.small_demo import HORIZONS, SmallDemo

_DAYS, _LAST, _SEED = 130, 30, 77


def _unseen(folder: Path, shift: Shift | None) -> Events:
    """Another hospital of the same size and units, with patients of its own."""
    write(simulate(_DAYS, seed=_SEED, scale=0.15, shift=shift), folder)
    return events_of(read_hospital(folder, None, b"k" * 32))


def _ratios(model: ForecastModel, events: Events) -> Array:
    """Of all forecasts of its last month."""
    if model.beds is None:
        waits = prepare_waits(events, (), model.features)
        X, at = waits.X, waits.prediction_time
    else:
        beds = prepare_beds(events, (), HORIZONS, model.features)
        X, at = beds.X, beds.prediction_time
    return model.familiarity.ratios(X[at > at.max() - _LAST * DAY])


@pytest.mark.parametrize("name", ["wait-time", "bed-demand"])
def test_a_hospital_like_ours_is_familiar_and_a_flood_of_patients_is_not(
    small_demo: SmallDemo, tmp_path: Path, name: str
) -> None:
    """An ordinary month is hardly ever called rare; once twice as many patients come, waits mostly are, and the
    beds of twice as many forecasts are uncommon."""
    package = next(small_demo.settings.home.glob(f"releases/{name}/*/package"))
    model = ForecastModel(package)
    ordinary = _ratios(model, _unseen(tmp_path / "ordinary", None))
    flood = _ratios(model, _unseen(tmp_path / "flood", Shift(2.0, _DAYS - _LAST - 10)))
    assert min(ordinary.size, flood.size) > 500
    assert np.mean(ordinary < RARE) < 0.03
    assert np.mean(ordinary < UNCOMMON) < 0.15
    assert np.median(ordinary) > 0.9
    if name == "wait-time":
        assert np.mean(flood < RARE) > 0.5
    else:
        assert np.mean(flood < UNCOMMON) > 2 * np.mean(ordinary < UNCOMMON)
