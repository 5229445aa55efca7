"""What the release in use answers for the judged rows, beside its package asked by hand; where it answers nothing."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from hospital.dataset.splits import Split
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import HospitalTables
from hospital.times import moment
from registry.check.incumbent import InUse, served_today
from registry.errors import CandidateError
from registry.model.dataset import PreparedBeds, prepare_beds, prepare_waits
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import prepare
from registry.releases.releases import current_release
from registry.settings import Settings
from tests.support.installation import Installation
from tests.support.quick_versions import quick_candidate, quick_release, quick_tables
from training.packages.package_request import Request


@dataclass(frozen=True)
class InService:
    """Both models, released: beds for one unit group at 24 hours (and trained for 48, too).

    Attributes:
        fewer: the tables without the last ward that has rows, on which the beds were trained.
        group: the unit group of the beds' scope.
    """

    settings: Settings
    tables: HospitalTables
    fewer: HospitalTables
    group: str
    ward: str

    def model(self, name: str) -> ForecastModel:
        """Of the release."""
        return ForecastModel(current_release(self.settings, name).package)  # type: ignore[union-attr]

    def answered(
        self, name: str, prepared: PreparedBeds | object, tables: HospitalTables | None = None
    ) -> InUse:
        """What it answers for the test set of its own split."""
        split = Split.from_json(self.model(name).manifest.split)
        return served_today(self.settings, name, tables or self.tables, prepared, split)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """A small hospital's."""
    return quick_tables(tmp_path_factory.mktemp("data"), 185)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, tables: HospitalTables) -> InService:
    """A hospital that opens a ward after its release of bed demand."""
    wards = sorted(set(tables.tables["stays"]["unit"]))
    frames = {n: f[f["unit"] != wards[0]] if "unit" in f else f for n, f in tables.tables.items()}
    fewer = replace(tables, tables=frames, source_digest="sha256:" + "1" * 64)
    installation = Installation.make(tmp_path_factory.mktemp("incumbent") / "home")
    waits = quick_candidate(installation, Request("wait-time"), tables, "1")
    quick_release(installation, waits, [("ED", 0.0)])
    beds = quick_candidate(installation, Request("bed-demand", (24.0, 48.0)), fewer, "1")
    group = ForecastModel(beds.package).manifest.units[0].group
    quick_release(installation, beds, [(group, 24.0)])
    return InService(installation.settings, tables, fewer, group, wards[0])


def test_without_a_release_nothing_is_served(tmp_path: Path, service: InService) -> None:
    """Before anything was set up, and before the first release of this model."""
    prepared = prepare(service.model("wait-time"), service.tables)
    split = Split.from_json(service.model("wait-time").manifest.split)
    nothing = InUse(None, None, False)
    empty = Settings(home=tmp_path / "home")
    assert served_today(empty, "wait-time", service.tables, prepared, split) == nothing
    made = Installation.make(tmp_path / "made").settings
    assert served_today(made, "wait-time", service.tables, prepared, split) == nothing


def test_in_its_scope_the_model_answers_and_elsewhere_its_baseline(service: InService) -> None:
    """One unit group at one horizon; every other row has the baseline's distribution, to the last bit."""
    model = service.model("bed-demand")
    prepared = prepare(model, service.fewer)
    assert isinstance(prepared, PreparedBeds)
    found = service.answered("bed-demand", prepared, service.fewer)
    assert (found.version, found.expected) == ("1", True)
    part = prepared.part(Split.from_json(model.manifest.split).members("test", prepared.prediction_time))
    rows, query = part.rows(model.beds_or_raise), part.samples.query
    groups = np.array([part.events.units[u].group for u in query.unit])
    inside = (groups == service.group) & (query.horizon_hours == 24.0) & ~model.baseline_only(rows)
    assert 0 < inside.sum() < inside.size
    expected = np.where(inside[:, None], model.quantiles(rows), model.baseline_quantiles(rows))
    np.testing.assert_array_equal(found.quantiles, expected)
    assert not np.array_equal(found.quantiles, model.baseline_quantiles(rows))
    assert found.costed is not None
    assert found.costed.judged.prediction_time.size == len(expected)
    assert "data_digest" in found.costed.registration


def test_a_horizon_and_a_ward_that_it_does_not_know_have_no_answer(service: InService) -> None:
    """Of a later version for 4 hours, too, and a new ward; the others have the answers of before, by their own codes.

    With the ward first among the units every other one has another code: read by the newcomer's codes a release
    would be held against it with the forecasts of other wards.
    """
    model = service.model("bed-demand")
    events = prepare_beds(events_of(service.tables), model.manifest.covariates, (4.0, 24.0, 48.0), None)
    assert events.features != model.features
    found = service.answered("bed-demand", events)
    split = Split.from_json(model.manifest.split)
    part = events.part(split.members("test", events.prediction_time))
    query = part.samples.query
    names = np.array([part.events.units[u].unit for u in query.unit])
    unknown = (query.horizon_hours == 4.0) | (names == service.ward)
    assert found.quantiles is not None
    np.testing.assert_array_equal(np.isnan(found.quantiles).any(axis=1), unknown)
    np.testing.assert_array_equal(np.isnan(found.quantiles).all(axis=1), unknown)
    own = prepare_beds(events_of(service.tables), model.manifest.covariates, (24.0, 48.0), model.features)
    own = own.part(split.members("test", own.prediction_time))
    rows = own.rows(model.beds_or_raise)
    groups = np.array([own.events.units[u].group for u in own.samples.query.unit])
    inside = (groups == service.group) & (own.samples.query.horizon_hours == 24.0)
    inside &= ~model.baseline_only(rows)
    expected = np.where(inside[:, None], model.quantiles(rows), model.baseline_quantiles(rows))
    np.testing.assert_array_equal(found.quantiles[~unknown], expected)


def test_a_visit_s_wait_is_answered_with_the_features_of_the_release(service: InService) -> None:
    """A version with one feature less is judged on the same visits, which the release reads with all of its own."""
    model = service.model("wait-time")
    events = events_of(service.tables)
    less = prepare_waits(events, service.tables.audit_attributes, model.features[:-1])
    same = prepare_waits(events, service.tables.audit_attributes, model.features)
    split = Split.from_json(model.manifest.split)
    rows = same.part(split.members("test", same.prediction_time)).rows(model.waits_or_raise)
    for prepared in (less, same):
        found = service.answered("wait-time", prepared)
        np.testing.assert_array_equal(found.quantiles, model.quantiles(rows))


def test_other_visits_than_the_version_s_are_refused(service: InService) -> None:
    """Tables of fewer visits than it is judged on answer nothing for the others."""
    model = service.model("wait-time")
    events = events_of(service.tables)
    prepared = prepare_waits(events, service.tables.audit_attributes, model.features[:-1])
    visits = service.tables.tables["visits"]
    start = moment(Split.from_json(model.manifest.split).spans["test"][0])
    visits = visits[visits["arrived_at"] < start + timedelta(days=20)]
    fewer = replace(service.tables, tables={**service.tables.tables, "visits": visits})
    with pytest.raises(CandidateError):
        service.answered("wait-time", prepared, fewer)


def test_a_release_of_baselines_answers_with_its_baseline(tmp_path: Path, service: InService) -> None:
    """In its scope, too: it has no trees."""
    installation = Installation.make(tmp_path / "home")
    found = quick_candidate(installation, Request("wait-time", kind="baseline"), service.tables, "1")
    quick_release(installation, found, [("ED", 0.0)])
    model = ForecastModel(found.package)
    prepared, split = prepare(model, service.tables), Split.from_json(model.manifest.split)
    current = served_today(installation.settings, "wait-time", service.tables, prepared, split)
    part = prepared.part(split.members("test", prepared.prediction_time))
    rows = part.rows(model.waits_or_raise)  # type: ignore[arg-type]
    np.testing.assert_array_equal(current.quantiles, model.baseline_quantiles(rows))
