"""Rows of later days, and the series that lead to them: each day once, from the snapshot or from what is judged."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pytest

from hospital.dataset.splits import Split
from hospital.ingest.hospital_reader import HospitalTables
from hospital.times import DAY
from registry.check.recent_data import daily_series, held_back_errors, later
from registry.errors import CandidateError
from registry.evidence.records import UNIT, DailyInput, Scored
from registry.facts.daily_series import InputRows, error_series, input_series, outcome_series
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import prepare, prepare_held_back, score
from tests.support.installation import Installation
from tests.support.quick_versions import quick_candidate, quick_tables
from training.packages.package_request import Request

WINTER = (12, 1, 2, 3)
_NOT_BY_ROW = ("baselines", "audit", "counts")


@dataclass(frozen=True)
class Registered:
    """A version's model, its split, and all rows of its days and of 20 days more."""

    model: ForecastModel
    split: Split
    sealed: PreparedBeds | PreparedWaits
    longer: HospitalTables


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """What the versions were trained on."""
    return quick_tables(tmp_path_factory.mktemp("known"), 185)


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """The same, and 20 days more."""
    return quick_tables(tmp_path_factory.mktemp("longer"), 205)


@pytest.fixture(scope="module", params=["bed-demand", "wait-time"])
def registered(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    known: HospitalTables,
    longer: HospitalTables,
) -> Registered:
    """Of each model."""
    asked = Request(request.param, (24.0,) if request.param == "bed-demand" else ())
    found = quick_candidate(Installation.make(tmp_path_factory.mktemp("recent") / "home"), asked, known, "1")
    model = ForecastModel(found.package)
    return Registered(model, Split.from_json(model.manifest.split), prepare(model, known), longer)


def test_later_rows_go_from_the_registered_end_to_the_last_known_outcome(registered: Registered) -> None:
    """The last one is among them, rows without an outcome are no reason to go on; the other parts stay."""
    prepared, split = later(registered.model, registered.longer, registered.split)
    at = prepared.prediction_time
    known = at[~np.isnan(prepared.outcome)]
    start = registered.split.spans["test"][1]
    assert split.spans["test"] == (start, int(known.max()) + 1)
    assert split.members("test", known).any()
    assert known.max() > start + 15 * DAY
    if isinstance(prepared, PreparedBeds):
        assert at.max() > known.max()  # of the last day's targets nothing is known yet
    others = {part: span for part, span in split.spans.items() if part != "test"}
    assert others == {part: registered.split.spans[part] for part in others}
    assert split.gap == registered.split.gap


def test_tables_that_end_where_the_version_s_do_hold_no_later_row(registered: Registered) -> None:
    """A version is not judged twice on the same days in the name of new ones."""
    end = int(registered.sealed.prediction_time.max())
    spans = {**registered.split.spans, "test": (end - DAY, end + 40 * DAY)}
    with pytest.raises(CandidateError):
        later(registered.model, registered.longer, Split(spans, registered.split.gap))


def assert_same(ours: tuple[DailyInput, ...], theirs: tuple[DailyInput, ...]) -> None:
    """Series by series, day by day."""
    assert [(s.name, s.what) for s in ours] == [(s.name, s.what) for s in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.earlier, other.earlier, atol=1e-9)
        np.testing.assert_allclose(mine.judged, other.judged, atol=1e-9)
        assert (mine.level, mine.spread) == pytest.approx((other.level, other.spread))


def test_the_series_of_a_snapshot_are_those_of_its_rows_in_one_piece(registered: Registered) -> None:
    """Cut at the test set and joined again no row is lost or counts twice, not even the one on the edge."""
    sealed, split, model = registered.sealed, registered.split, registered.model
    at, place = sealed.prediction_time, sealed.events.place
    start, end = split.spans["test"]
    edge = int(at[at >= start].min())
    split = Split({**split.spans, "test": (edge, end)}, split.gap)  # a row lies on the edge
    calibration = int(at[at >= split.spans["calibration"][0]].min())
    split = Split({**split.spans, "calibration": (calibration, split.spans["calibration"][1])}, split.gap)
    test = score(model, sealed, split.members("test", at))
    earlier = sealed.part(at < edge)
    found = daily_series(model, sealed, earlier, sealed, split, test, WINTER)
    days = at < end
    is_waits = isinstance(sealed, PreparedWaits)
    rows = InputRows(at[days], sealed.X[days], sealed.features, is_waits)
    expected = input_series(rows, edge, place, WINTER)
    count = len(expected)
    assert count > 5
    assert_same(found[:count], expected)
    if isinstance(sealed, PreparedWaits):
        before, now = at < edge, split.members("test", at)
        wait, weight = (
            np.concatenate([values[before], values[now]]) for values in (sealed.outcome, sealed.weight)
        )
        outcome = outcome_series(at[before | now], wait, weight, edge, place, WINTER)
        assert_same(found[count : count + 1], (outcome,))
        assert found[count].what == "outcome"
        assert {s.what for s in found[count + 1 :]} == {"bias", "loss"}
        return
    alone = model.held_back  # asked about all of them, so that the parts can be compared with the whole
    test = score(alone, sealed, split.members("test", at))
    found = daily_series(model, sealed, earlier, sealed, split, test, WINTER)
    errors = error_series(score(alone, sealed, days & (at >= calibration)), edge, place, WINTER)
    assert_same(found[count:], errors)


def _together(parts: list[Scored]) -> Scored:
    """Rows of all, in the order of time, as far as errors by day need them."""
    names = [f.name for f in fields(Scored) if f.name not in _NOT_BY_ROW]
    one: dict[str, Any] = {name: np.concatenate([getattr(p, name) for p in parts]) for name in names}
    return replace(parts[-1], **one, baselines={}, audit={})


def test_errors_before_the_test_set_are_of_the_model_that_never_saw_them(registered: Registered) -> None:
    """Up to the registered test set of the model that is held back; from it on, also where later days are judged, of
    what is served."""
    model, sealed, split = registered.model, registered.sealed, registered.split
    at, (start, end), place = sealed.prediction_time, split.spans["test"], sealed.events.place
    earlier = prepare_held_back(model, sealed, split)
    prepared, judged = later(model, registered.longer, split)
    test = score(model, prepared, judged.members("test", prepared.prediction_time))
    before = score(model.held_back, earlier, earlier.prediction_time >= split.spans["calibration"][0])
    rows = _together([before, score(model, sealed, (at >= start) & (at < end)), test])
    expected = error_series(rows, end, place, WINTER)
    assert len(expected) == 2
    found = daily_series(model, sealed, earlier, prepared, judged, test, WINTER)
    assert_same(found[-2:], expected)
    of_served = score(model, sealed, (at >= split.spans["calibration"][0]) & (at < start))
    assert (before.p50 != of_served.p50).any()


@pytest.mark.parametrize("registered", ["bed-demand"], indirect=True)
def test_errors_that_were_scored_with_the_validation_set_are_the_same_bits(registered: Registered) -> None:
    """Beds before the test set are scored once: a row's forecast is the same among any others. Weights of waits are
    of each part alone, so that waits are not."""
    model, sealed, split = registered.model, registered.sealed, registered.split
    assert isinstance(sealed, PreparedBeds)
    earlier = prepare_held_back(model, sealed, split)
    before = held_back_errors(model, earlier, split)
    members = split.members("validation", earlier.prediction_time)
    alone = score(model.held_back, earlier, members)
    part = before.part(split.members("validation", before.prediction_time))
    for name in (f.name for f in fields(Scored) if f.name not in _NOT_BY_ROW):
        assert getattr(part, name).tobytes() == getattr(alone, name).tobytes() or (
            getattr(part, name).tolist() == getattr(alone, name).tolist()
        )
    assert all(part.baselines[n].tobytes() == alone.baselines[n].tobytes() for n in alone.baselines)
    assert part.audit[UNIT].tolist() == alone.audit[UNIT].tolist()
    test = score(model, sealed, split.members("test", sealed.prediction_time))
    given = (model, sealed, earlier, sealed, split, test, WINTER)
    for ours, theirs in zip(daily_series(*given, before_test=before), daily_series(*given), strict=True):
        assert ours.earlier.tobytes() == theirs.earlier.tobytes()
        assert ours.judged.tobytes() == theirs.judged.tobytes()
