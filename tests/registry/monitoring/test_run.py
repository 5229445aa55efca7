"""A monitoring run of a release of four trees: its days, its reference, what it needs; and nothing is done twice."""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection

from hospital.arrays import Array
from hospital.calendar import local_day
from hospital.dataset.splits import Split
from hospital.ingest.event_columns import columns_of
from hospital.ingest.hospital_reader import HospitalTables
from hospital.times import DAY, HOUR, instant
from registry.candidates.candidates import candidate, register
from registry.errors import MonitorError
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import prepare
from registry.monitoring.alarms import LastRun, last_run
from registry.monitoring.figure_collection import gather
from registry.monitoring.run import MonitoringRun, run_monitoring
from registry.package.manifest import HELD_BACK, write_package
from registry.policy.board_policy import default_policy
from registry.record.database import opened_database, writing
from registry.releases.releases import current_release
from registry.settings import Settings
from serving.interface.recommendations.store import RecommendationStore
from tests.support.installation import Installation, after
from tests.support.journal_times import entered_at
from tests.support.monitored_release import Released
from tests.support.quick_versions import quick_candidate, quick_release, quick_tables
from training.packages.package_request import Request

KNOWN, DAYS = 185, 215
Prepared = PreparedBeds | PreparedWaits


@dataclass(frozen=True)
class Home:
    """Both models released in one home, and the days after it.

    Attributes:
        released: by model.
    """

    released: dict[str, Released]

    def settings(self, model: str, tmp_path: Path, day: int) -> Settings:
        """A database that has received everything up to a day."""
        return self.released[model].monitored(f"sqlite:///{tmp_path}/{model}-{day}.db", day)

    def package(self, model: str) -> ForecastModel:
        """Of the release."""
        release = current_release(self.released[model].installation.settings, model)
        assert release is not None
        return ForecastModel(release.package)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """What the releases were trained on."""
    return quick_tables(tmp_path_factory.mktemp("known"), KNOWN)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """The same, and 30 days more."""
    return quick_tables(tmp_path_factory.mktemp("all"), DAYS)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, known: HospitalTables, tables: HospitalTables) -> Home:
    """A small hospital that goes on as it was."""
    root = tmp_path_factory.mktemp("monitor-quick")
    installation, released = Installation.make(root / "home"), {}
    for model, horizons in (("wait-time", ()), ("bed-demand", (24.0, 48.0))):
        found = quick_candidate(installation, Request(model, horizons), known, "1")
        quick_release(installation, found, [("ED", 0.0)])
        start = min(tables.tables["visits"]["arrived_at"]).date()
        released[model] = Released(installation, model, tables, root / "all", start, KNOWN)
    return Home(released)


def monitored(settings: Settings, model: str, hours: float = 3) -> tuple[MonitoringRun, LastRun | None]:
    """A run, and what it wrote down."""
    with opened_database(settings.database) as engine:
        run = run_monitoring(settings, engine, model, now=after(hours))
        assert run is not None
        with engine.connect() as connection:
            return run, last_run(connection, model, 1)


def last_reception(home: Home, model: str, day: int) -> int:
    """Of all that the database was given: instant."""
    released = home.released[model]
    first = instant(
        after(0).replace(year=released.start.year, month=released.start.month, day=released.start.day)
    )
    received = [columns_of(frame, name)["received_at"] for name, frame in released.tables.tables.items()]
    return max(int(values[values < first + day * DAY].max()) for values in received)


@pytest.mark.parametrize("model", ["wait-time", "bed-demand"])
def test_every_whole_day_after_the_test_set_is_monitored(home: Home, tmp_path: Path, model: str) -> None:
    """From the day after the one in which it ends to the day before the last reception; a second run sees no more."""
    settings = home.settings(model, tmp_path, DAYS - 5)
    package = home.package(model)
    run, seen = monitored(settings, model)
    end = Split.from_json(package.manifest.split).spans["test"][1]
    zone = package.manifest.place.zone
    first, last = local_day(np.array([end, last_reception(home, model, DAYS - 5)]), zone) + np.array([1, -1])
    assert (run.until_day, run.days) == (last, last - first + 1)
    assert run.days > 15
    assert (run.untested, run.lost) == (None, ())
    assert seen is not None
    assert seen.until_day == last
    shares = [f["threshold_share"] for f in seen.figures]
    assert sum(share is not None for share in shares) > 10
    again, unchanged = monitored(settings, model, hours=9)
    assert (again.until_day, again.days, again.raised) == (run.until_day, run.days, ())
    assert unchanged == seen  # not even when it was made


@pytest.mark.parametrize("model", ["wait-time", "bed-demand"])
def test_the_reference_is_the_snapshot_s_whole_days_and_is_read_again(
    home: Home, known: HospitalTables, tmp_path: Path, model: str
) -> None:
    """From the second day that has rows to two days before the first monitored; errors from the validation set on."""
    package = home.package(model)
    _, first_seen = monitored(home.settings(model, tmp_path, DAYS - 5), model)
    settings = home.released[model].installation.settings
    path = settings.home / "monitoring" / f"{package.digest.removeprefix('sha256:')}.npz"
    prepared, split = prepare(package, known), Split.from_json(package.manifest.split)
    zone = package.manifest.place.zone
    begun = int(local_day(prepared.prediction_time[:1], zone)[0]) + 1
    ended = int(local_day(np.array([split.spans["test"][1]]), zone)[0]) - 1
    with np.load(path, allow_pickle=False) as kept:
        days, names, values = kept["days"], kept["names"].tolist(), kept["values"]
        assert days.tolist() == list(range(begun, ended + 1))
        errors = values[:, [n.startswith("errors|") for n in names]]
        unfitted = int(local_day(np.array([split.spans["validation"][0]]), zone)[0])
        assert np.isnan(errors[days < unfitted]).all()
        assert np.isfinite(errors[days > unfitted + 2]).any()
        _expect_errors_of_who_never_saw_them(package, prepared, days, names, values)
    content = path.read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    _, second_seen = monitored(home.settings(model, other, DAYS - 5), model)
    assert path.read_bytes() == content
    assert first_seen is not None
    assert second_seen is not None
    assert second_seen.figures == first_seen.figures


def _expect_errors_of_who_never_saw_them(
    package: ForecastModel, prepared: Prepared, days: Array, names: list[str], values: Array
) -> None:
    """On each day of the validation set the mean error is that of the model that was not fitted to it."""
    span = Split.from_json(package.manifest.split).spans["validation"]
    first, last = local_day(np.array(span), prepared.events.zone).tolist()
    attributes = default_policy().document.fairness.attributes

    def errors_of(model: ForecastModel) -> dict[str, Array]:
        found = gather(model, prepared, (first, last), [span], attributes)
        named = zip(found.figures, found.values.T, strict=True)
        return {f"{f.family}|{f.name}": column for f, column in named if f.family == "errors"}

    held_back, served = errors_of(package.held_back), errors_of(package)
    assert held_back
    for name, expected in held_back.items():
        kept = values[(days >= first) & (days <= last), names.index(name)]
        np.testing.assert_allclose(kept, expected)
        assert not np.allclose(kept, served[name], equal_nan=True)


def test_a_package_of_which_no_model_was_held_back_has_its_own_errors_of_both_sets(
    home: Home, tmp_path: Path
) -> None:
    """As they were made before: fitted to neither set, it is asked about the validation set and the test set itself."""
    known, made = home.released["wait-time"].installation.settings, Installation.make(tmp_path / "home")
    shutil.copytree(known.snapshots, made.settings.snapshots)
    first = candidate(known.candidates, "wait-time", "1")
    manifest = json.loads((first.package / "manifest.json").read_bytes())
    files = {name: (first.package / name).read_bytes() for name in manifest["files"]}
    before = {name: content for name, content in files.items() if not name.startswith(HELD_BACK)}
    before |= {n.removeprefix(HELD_BACK): content for n, content in files.items() if n.startswith(HELD_BACK)}
    write_package(tmp_path / "before", manifest, before)
    body = first.registration["body"]
    found = register(
        made.settings.candidates, "wait-time", "1", tmp_path / "before", body, made.people["author"]
    )
    quick_release(made, found, [("ED", 0.0)])
    released = replace(home.released["wait-time"], installation=made)
    run, _ = monitored(released.monitored(f"sqlite:///{tmp_path}/before.db", DAYS - 5), "wait-time")
    assert (run.release, run.untested) == (1, None)
    digest, spans = found.package_digest.removeprefix("sha256:"), Split.from_json(manifest["split"]).spans
    zone = ForecastModel(tmp_path / "before").manifest.place.zone
    with np.load(made.settings.home / "monitoring" / f"{digest}.npz", allow_pickle=False) as kept:
        days, errors = kept["days"], kept["values"][:, [n.startswith("errors|") for n in kept["names"]]]
    assert errors.size
    unfitted, judged, ended = local_day(
        np.array([spans["validation"][0], spans["test"][0], spans["test"][1]]), zone
    ).tolist()
    assert days[-1] == ended - 1, "the day in which the test set ends is not whole"
    assert np.isnan(errors[days < unfitted]).all()
    for first_day, last_day in ((unfitted, judged), (judged, int(days[-1]))):
        assert np.isfinite(errors[(days > first_day) & (days < last_day)]).any()


def test_what_needs_outcomes_is_not_shown_before_they_can_have_come(home: Home, tmp_path: Path) -> None:
    """Of a horizon of 48 hours the last two days have none yet; what goes into forecasts is known to the end."""
    settings = home.settings("bed-demand", tmp_path, DAYS - 5)
    run, seen = monitored(settings, "bed-demand")
    assert seen is not None
    days = {
        family: [f["days"] for f in seen.figures if f["family"] == family]
        for family in ("inputs", "outcomes", "errors")
    }
    received = last_reception(home, "bed-demand", DAYS - 5)
    zone = home.package("bed-demand").manifest.place.zone
    mature = int(local_day(np.array([received - 2 * DAY]), zone)[0])
    assert run.until_day is not None
    open_days = run.until_day - mature + 1
    assert open_days >= 1
    assert max(days["inputs"]) == run.days
    assert max(days["outcomes"]) == max(days["errors"]) == run.days - open_days


def test_a_database_that_received_nothing_has_no_day(home: Home, tmp_path: Path) -> None:
    """Nor one whose last reception lies before the first day: nothing is written down."""
    for day in (0, KNOWN):
        run, seen = monitored(home.settings("wait-time", tmp_path, day), "wait-time")
        assert (run.days, run.until_day, run.raised) == (0, None, ())
        assert seen is None


@pytest.mark.parametrize(("model", "table"), [("wait-time", "visits"), ("bed-demand", "stays")])
def test_without_the_table_that_it_forecasts_from_its_days_have_no_figure(
    home: Home, tmp_path: Path, model: str, table: str
) -> None:
    """The other one is received and says which days are whole: they are counted, and none of them alarms."""
    released = home.released[model]
    received = released.tables.tables.items()
    others = {name: frame for name, frame in received if (name == "visits") != (table == "visits")}
    released = replace(released, tables=replace(released.tables, tables=others))
    run, seen = monitored(released.monitored(f"sqlite:///{tmp_path}/other.db", DAYS - 5), model)
    assert seen is not None
    assert (run.until_day, run.untested, run.raised) == (seen.until_day, None, ())
    assert run.days > 15
    assert all(figure["days"] == 0 for figure in seen.figures)


def test_decisions_on_beds_are_counted_of_the_beds_model_alone(home: Home, tmp_path: Path) -> None:
    """Twelve times people rightly overruled a unit's level: both models know the unit, one forecast it."""
    (unit, *_) = home.package("bed-demand").manifest.units
    assert unit.unit in {u.unit for u in home.package("wait-time").manifest.units}
    at, found = instant(after(3)), {}
    for model in ("bed-demand", "wait-time"):
        settings = home.settings(model, tmp_path, 0)
        with opened_database(settings.database) as engine, writing(engine) as connection:
            for _ in range(12):
                _overrule(connection, unit.unit, at)
        run, _ = monitored(settings, model, hours=4)
        found[model] = [(one.group, one.decided, one.right) for one in run.overruled], run.lost
    assert found == {"bed-demand": ([(unit.group, 12, 12)], (unit.group,)), "wait-time": ([], ())}


def _overrule(connection: Connection, unit: str, at: int) -> None:
    store, content = RecommendationStore(connection), {"forecast": {"trust": {"status": "trusted"}}}
    one = store.propose(unit, "tense", content, now=at, decide_by=at + HOUR)
    answer = {"verdict": "rejected", "person": "A", "two_people": False, "reason_code": "known_better"}
    store.act(one, "answered", "a", at, answer, closes=True)
    store.act(one, "outcome", "a", at, {"right": True})
    entered_at(connection, one.recommendation_id, at)


def test_without_its_snapshot_figures_are_shown_and_not_tested(home: Home, tmp_path: Path) -> None:
    """Where the workshop's folder is not: why is said, and no figure has a sum."""
    released = home.released["wait-time"]
    copy = tmp_path / "home"
    shutil.copytree(released.installation.settings.home, copy)
    for name in ("snapshots", "monitoring"):
        shutil.rmtree(copy / name, ignore_errors=True)
    given = home.settings("wait-time", tmp_path, DAYS - 5)
    settings = given.model_copy(update={"home": copy})
    run, seen = monitored(settings, "wait-time")
    assert "snapshot" in str(run.untested)
    assert seen is not None
    assert len(seen.figures) > 10
    assert all(f["threshold_share"] is None for f in seen.figures)
    assert run.raised == ()


def test_what_is_no_model_or_has_no_release_is_not_monitored(home: Home, tmp_path: Path) -> None:
    """A name that is none is refused; without people or a release there is nothing to look at."""
    settings = home.settings("wait-time", tmp_path, 0)
    with opened_database(settings.database) as engine:
        with pytest.raises(MonitorError, match="wait-time"):
            run_monitoring(settings, engine, "no-model", now=after(3))
        made = Installation.make(tmp_path / "made").settings
        for bare in (Settings(home=tmp_path / "empty"), made):
            assert run_monitoring(bare, engine, "wait-time", now=after(3)) is None
