"""The same data, configuration, seed, commit and lock give the same package, wherever and on how many threads."""

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from explain import TreeEngine
from hospital.arrays import Array
from hospital.dataset.baselines import WaitBaselines
from hospital.dataset.splits import PARTS, UNIT_MODEL_DAYS, Split, split_history
from hospital.errors import HistoryError
from hospital.features.bed_list import covariate_feature
from hospital.features.definition_digest import unknown_features
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.simulator import simulate, write
from hospital.times import DAY
from registry.digests import canonical_json
from registry.errors import PackageError
from registry.model.dataset import PreparedBeds, PreparedWaits, forecast, prepare_beds, prepare_waits
from registry.model.forecast_model import MEDIAN, ForecastModel
from registry.model.scope_fallback import answer
from registry.model.scoring import prepare
from registry.package.manifest import HELD_BACK, SPREAD_BY_HOUR, package_digest, write_package
from tests.support.few_trees import FEW_TREES
from tests.support.repository import ROOT
from training.bed_baselines import bed_baselines, usual_of_the_other_half
from training.conformal import Calibration, Errors, calibrated
from training.errors import TrainingError
from training.horizon_trees import HORIZON_TREES, OWN_SHARE
from training.linear import fit_slopes
from training.monotone import WAIT_SIGNS
from training.packages.lessons import bed_lesson, slopes_half_life
from training.packages.package_build import Fitted, fit_beds, fit_waits
from training.packages.package_request import Request
from training.train import Built, build_package
from training.trees import Hyperparameters, fit_median, fit_spread

HORIZONS = (4.0, 24.0)
LEARNED_OF_VALIDATION = {
    "wait-time": {"calibration.json", "median.ubj", "p10.ubj", "p90.ubj", "reference.npz"},
    "bed-demand": {"baseline.json", "linear.json", "median.ubj", "reference.npz"},
}
"""Files of a package that the outcomes of its validation set change; no other one."""


def silent(step: str, share: float) -> None:
    """Tells nobody."""
    del step, share


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small hospital with half a year that can be used."""
    found = tmp_path_factory.mktemp("half-a-year")
    write(simulate(220, seed=33, scale=0.15), found)
    return found


@pytest.fixture(scope="module")
def tables(folder: Path) -> HospitalTables:
    """The same, read."""
    return read_hospital(folder, None, b"one key")


@dataclass(frozen=True)
class BuiltPackage:
    """A package of all trees, which is read and never written to, and what it was made of."""

    folder: Path
    built: Built

    @property
    def model(self) -> ForecastModel:
        """Read anew."""
        return ForecastModel(self.folder)

    def read(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Its manifest without its files, and these."""
        manifest = json.loads((self.folder / "manifest.json").read_bytes())
        return manifest, {name: (self.folder / name).read_bytes() for name in manifest.pop("files")}


@pytest.fixture(scope="module")
def package_of(
    tables: HospitalTables, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], BuiltPackage]:
    """The package of a model from these tables: seed 1, one thread, built by the first who asks."""

    @cache
    def of(model: str) -> BuiltPackage:
        folder = tmp_path_factory.mktemp("package") / model
        return BuiltPackage(folder, build_package(_request(model), tables, folder, silent))

    return of


def _request(model: str, threads: int = 1) -> Request:
    return Request(model, HORIZONS if model == "bed-demand" else (), threads=threads)


def _package(tables: HospitalTables, where: Path, model: str, threads: int = 1) -> str:
    build_package(_request(model, threads), tables, where, silent)
    return package_digest(where)


@pytest.mark.parametrize("model", ["wait-time", "bed-demand"])
def test_threads_and_the_pseudonyms_key_change_no_byte(
    folder: Path,
    tables: HospitalTables,
    package_of: Callable[[str], BuiltPackage],
    tmp_path: Path,
    model: str,
) -> None:
    """One thread or two, one installation's pseudonyms or another's: the same digest."""
    first = package_digest(package_of(model).folder)
    assert _package(tables, tmp_path / "two", model, threads=2) == first
    other = read_hospital(folder, None, b"another key")
    assert _package(other, tmp_path / "three", model) == first


def test_a_second_checkout_gives_the_same_digest(
    folder: Path, package_of: Callable[[str], BuiltPackage], tmp_path: Path
) -> None:
    """The same commit in another folder builds the same package."""
    first = package_digest(package_of("bed-demand").folder)
    checkout = tmp_path / "checkout"
    ignored = shutil.ignore_patterns(".venv", "vigie-demo", "vigie-home", ".bench", "__pycache__", ".*_cache")
    shutil.copytree(ROOT, checkout, ignore=ignored, symlinks=True)
    program = (
        "from pathlib import Path; from hospital.ingest.hospital_reader import read_hospital;"
        "from registry.package.manifest import package_digest; from training.train import build_package;"
        "from training.packages.package_request import Request;"
        f"build_package(Request('bed-demand', {HORIZONS}), read_hospital(Path({str(folder)!r}), None, b'x'),"
        f"Path({str(tmp_path / 'there')!r}), lambda *_: None);"
        f"import training; print(training.__file__); print(package_digest(Path({str(tmp_path / 'there')!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(checkout)},
    )
    where, digest = done.stdout.split()
    assert where.startswith(str(checkout))
    assert digest == first


def _fitted(
    fit: Callable[..., Fitted], prepared: PreparedBeds | PreparedWaits, split: Split
) -> Mapping[str, bytes]:
    """The files of a fit of few trees."""
    return fit(prepared, split, seed=1, threads=1, progress=lambda: None, hyperparameters=FEW_TREES).files


def _calibration_days(prepared: PreparedBeds | PreparedWaits) -> tuple[Split, Array]:
    known = prepared.prediction_time
    split = split_history(int(known.min()), int(known.max()) - DAY, gap=DAY)
    return split, split.members("calibration", known)


def test_what_calibrates_beds_was_never_fitted_to(tables: HospitalTables) -> None:
    """Other outcomes on the days that calibrate change the calibration, and not a byte of what their errors are of.

    The median that is served is fitted once more, on those days too; its spread is not.
    """
    prepared = prepare_beds(events_of(tables), (), HORIZONS, None)
    split, inside = _calibration_days(prepared)
    before = _fitted(fit_beds, prepared, split)
    moved = np.where(inside, prepared.samples.outcome_beds + 9, prepared.samples.outcome_beds)
    changed = replace(prepared, samples=replace(prepared.samples, outcome_beds=moved))
    after = _fitted(fit_beds, changed, split)
    assert after["median.ubj"] != before["median.ubj"]
    assert after["spread.ubj"] == before["spread.ubj"]
    was, now = (np.array(json.loads(files["calibration.json"])["quantiles"]) for files in (before, after))
    assert (now > was).any(axis=1).all()


def test_what_calibrates_waits_was_never_fitted_to(tables: HospitalTables) -> None:
    """Waits that are twice their usual longer on the days that calibrate move the shift by as much, and nothing else:
    neither the median whose errors they are, nor the ways from it to its p10 and p90, knew those days.

    What is served is fitted once more, on those days too.
    """
    prepared = prepare_waits(events_of(tables), (), None)
    split, inside = _calibration_days(prepared)
    before = _fitted(fit_waits, prepared, split)
    scale = prepared.rows(WaitBaselines.from_json(json.loads(before["baseline.json"]))).scale
    longer = prepared.outcome + np.where(inside, 2 * scale, 0.0)
    changed = replace(prepared, outcome=longer)
    after = _fitted(fit_waits, changed, split)
    for name in ("median.ubj", "p10.ubj", "p90.ubj"):
        assert after[name] != before[name]
    was, now = (json.loads(files["held_back_calibration.json"]) for files in (before, after))
    assert np.abs(np.array(now["shift"]) - np.array(was["shift"]) - 2).max() < 1e-9
    assert np.abs(np.array(now["quantiles"]) - np.array(was["quantiles"])).max() < 1e-9


def _files(tables: HospitalTables, model: str, part: str | None) -> Mapping[str, bytes]:
    """A package's files, where outcomes from the beginning of a part on are others (None: as they were)."""
    horizons = HORIZONS if model == "bed-demand" else ()
    events = events_of(tables)
    prepared = prepare_beds(events, (), horizons, None) if horizons else prepare_waits(events, (), None)
    known = prepared.prediction_time
    split = split_history(int(known.min()), int(known.max()) - DAY, gap=DAY)
    later = prepared.target_time >= (split.spans[part][0] if part else known.max() + 99 * DAY)
    changed: Any
    if isinstance(prepared, PreparedBeds):
        moved = np.where(later, prepared.samples.outcome_beds + 9, prepared.samples.outcome_beds)
        changed = replace(prepared, samples=replace(prepared.samples, outcome_beds=moved))
    else:
        outcome = np.where(later, prepared.samples.outcome_minutes * 2, prepared.samples.outcome_minutes)
        samples = replace(prepared.samples, outcome_minutes=outcome)
        doubled = np.where(later, prepared.outcome * 2, prepared.outcome)
        changed = replace(prepared, samples=samples, outcome=doubled)
    return _fitted(fit_beds if horizons else fit_waits, changed, split)


@pytest.mark.parametrize("model", ["wait-time", "bed-demand"])
def test_what_judges_changes_no_byte(tables: HospitalTables, model: str) -> None:
    """Other outcomes on the days of the test set give the same package, whatever is fitted three times.

    Those of the validation set are learned by what is served, and by nothing that the validation set is asked about:
    its scope is that of a model that never saw it.
    """
    before = _files(tables, model, None)
    assert _files(tables, model, "test") == before
    after = _files(tables, model, "validation")
    assert set(after) == set(before)
    assert len([name for name in before if name.startswith(HELD_BACK)]) == (4 if model == "wait-time" else 3)
    # What beds' errors say is of the calibration set alone; of waits' also of the validation set.
    assert {name for name in before if after[name] != before[name]} == LEARNED_OF_VALIDATION[model]


@pytest.mark.parametrize("model", ["wait-time", "bed-demand"])
def test_the_model_that_is_held_back_is_read_from_its_own_files(
    tables: HospitalTables, package_of: Callable[[str], BuiltPackage], tmp_path: Path, model: str
) -> None:
    """Its trees, its slopes and its calibration; what it has none of its own of is the package's.

    A package without them, as they were made before, was never fitted to the validation set: it is its own.
    """
    served = package_of(model).model
    held_back = served.held_back
    assert held_back.held_back is held_back
    assert served.fitted_part == "validation"
    spans = served.manifest.split
    manifest, files = package_of(model).read()
    before = {n: c for n, c in files.items() if not n.startswith(HELD_BACK)}
    before |= {n.removeprefix(HELD_BACK): c for n, c in files.items() if n.startswith(HELD_BACK)}
    write_package(tmp_path / "before", manifest, before)
    alone = ForecastModel(tmp_path / "before")
    assert alone.held_back is alone
    assert alone.fitted_part == "calibration"
    prepared: Any = prepare(alone, tables)
    baselines = alone.beds or alone.waits_or_raise
    rows = prepared.part(np.arange(prepared.prediction_time.size) % 40 == 0).rows(baselines)
    expected, found = alone.quantiles(rows), held_back.quantiles(rows)
    np.testing.assert_array_equal(found, expected)
    assert (served.quantiles(rows) != expected).any()
    if served.adaptive is not None and held_back.adaptive is not None:
        ends = [spans[part][1] for part in ("calibration", "validation")]  # type: ignore[index]
        assert [held_back.adaptive.since, served.adaptive.since] == ends


@pytest.mark.parametrize("model", ["wait-time", "bed-demand"])
def test_a_part_of_the_fit_that_is_held_back_makes_no_package(
    package_of: Callable[[str], BuiltPackage], tmp_path: Path, model: str
) -> None:
    """It would answer for the validation set together with trees that were fitted to it: each file by itself."""
    manifest, files = package_of(model).read()
    held_back = {n for n in files if n.startswith(HELD_BACK)}
    for lost in sorted(held_back):
        write_package(tmp_path / lost, manifest, {n: c for n, c in files.items() if n != lost})
        with pytest.raises(PackageError):
            ForecastModel(tmp_path / lost)


def test_another_seed_gives_another_package(
    tables: HospitalTables, package_of: Callable[[str], BuiltPackage], tmp_path: Path
) -> None:
    """The digest speaks of what was asked: it is no constant."""
    first = package_digest(package_of("bed-demand").folder)
    build_package(Request("bed-demand", HORIZONS, seed=2), tables, tmp_path / "two", silent)
    assert package_digest(tmp_path / "two") != first


@pytest.mark.parametrize("model", ["wait-time", "bed-demand"])
def test_quantiles_never_cross_and_explanations_add_up(
    package_of: Callable[[str], BuiltPackage], model: str
) -> None:
    """Every row's quantiles rise, its median is the served one, and its reasons add up to it."""
    prepared, split = package_of(model).built.prepared, package_of(model).built.split
    found = package_of(model).model
    judged = prepared.part(split.members("test", prepared.prediction_time))
    few = np.arange(judged.prediction_time.size) % 23 == 0
    part = judged.part(few)
    rows = (
        part.rows(found.beds_or_raise) if isinstance(part, PreparedBeds) else part.rows(found.waits_or_raise)
    )
    quantiles = forecast(found, rows)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert (quantiles >= rows.floor[:, None]).all()
    explained = found.explain(rows)
    total = explained.base + explained.contributions.sum(axis=1) + sum(explained.adjustments.values())
    assert np.abs(total - explained.p50).max() < 1e-4
    assert np.abs(explained.p50 - quantiles[:, 9]).max() < 1e-9
    baseline = found.explain_baseline(rows)
    assert np.abs(baseline.base + sum(baseline.adjustments.values()) - baseline.p50).max() < 1e-9
    assert np.abs(baseline.p50 - found.baseline_quantiles(rows)[:, 9]).max() < 1e-9


def test_contributions_of_a_row_are_those_of_many(package_of: Callable[[str], BuiltPackage]) -> None:
    """Explained alone or among others, a row has the same reasons."""
    engine = TreeEngine.load((package_of("bed-demand").folder / "median.ubj").read_bytes())
    X = package_of("bed-demand").built.prepared.X[:40]
    many = engine.contributions(X)
    for i in range(0, 40, 7):
        one = engine.contributions(X[i : i + 1])
        assert np.array_equal(one.values[0], many.values[i])
        assert engine.predict(X[i : i + 1])[0] == engine.predict(X)[i]


def test_a_package_of_one_booster_is_read_as_before(
    package_of: Callable[[str], BuiltPackage], tmp_path: Path
) -> None:
    """Trees of all horizons alone, and a manifest that names no others: it forecasts, and its reasons add up."""
    prepared = package_of("bed-demand").built.prepared
    assert isinstance(prepared, PreparedBeds)
    manifest, files = package_of("bed-demand").read()
    configuration = manifest["configuration"]
    added = {n: configuration.pop(n) for n in list(configuration) if n.startswith(("horizon_", "shared_"))}
    assert added["horizon_rounds"] == HORIZON_TREES.rounds
    assert added["horizon_share"] == OWN_SHARE
    rows = prepared.rows(package_of("bed-demand").model.beds_or_raise)
    few = np.flatnonzero(~np.isnan(prepared.outcome + rows.offset))[::29]
    y = ((prepared.outcome - rows.offset) / rows.scale)[few]
    options = {"seed": 1, "progress": lambda: None, "hyperparameters": Hyperparameters(rounds=12)}
    trees = fit_median(prepared.X[few], y, np.ones(few.size), **options)
    write_package(tmp_path / "old", manifest, {**files, "median.ubj": trees})
    model = ForecastModel(tmp_path / "old")
    part = prepared.part(np.isin(np.arange(rows.offset.size), few[::7]))
    asked = part.rows(model.beds_or_raise)
    explained = model.explain(asked)
    total = explained.base + explained.contributions.sum(axis=1) + sum(explained.adjustments.values())
    assert np.abs(total - model.quantiles(asked)[:, MEDIAN]).max() < 1e-4


def test_slopes_forget_twice_as_fast_as_trees(tables: HospitalTables) -> None:
    """A day ahead: a row's weight halves each year for trees and each half-year for slopes, both counted from the
    newest row."""
    prepared = prepare_beds(events_of(tables), (), HORIZONS, None)
    prepared = prepared.part(np.arange(prepared.prediction_time.size) % 5 == 0)
    baselines = bed_baselines(prepared)
    usual = usual_of_the_other_half(prepared, baselines)
    linear, _, rows, _, weight = bed_lesson(prepared, baselines, usual)
    years = (prepared.prediction_time.max() - prepared.prediction_time) / (365 * DAY)
    known = ~np.isnan(prepared.outcome + rows.offset)
    assert np.allclose(weight, known * 0.5**years)
    y = np.nan_to_num((prepared.outcome - rows.offset) / rows.scale)
    group, scale = rows.calibration, rows.scale
    halved = known * 0.25**years
    again, _ = fit_slopes(prepared.features, prepared.X, usual, y, halved, group, scale)
    other = [k for k, name in enumerate(again.names) if name != "seasonal_profile"]
    assert np.abs(linear.slopes[:, other] - again.slopes[:, other]).max() < 1e-6
    slower, _ = fit_slopes(prepared.features, prepared.X, usual, y, weight, group, scale)
    assert np.abs(linear.slopes[:, other] - slower.slopes[:, other]).max() > 1e-4


def test_slopes_of_long_horizons_remember_longer(tables: HospitalTables) -> None:
    """A row's weight halves after 52 periods of its horizon where these are longer than half a year."""
    half_year, year = (days * DAY for days in (182.5, 365))
    hours = np.array([4.0, 24.0, 72.0, 84.0, 168.0, 336.0])
    expected = [half_year, half_year, half_year, 182 * DAY, 364 * DAY, 728 * DAY]
    assert np.allclose(slopes_half_life(hours), np.maximum(expected, half_year), rtol=1e-12)

    prepared = prepare_beds(events_of(tables), (), (24.0, 168.0), None)
    baselines = bed_baselines(prepared)
    usual = usual_of_the_other_half(prepared, baselines)
    linear, _, rows, _, _ = bed_lesson(prepared, baselines, usual)
    age = prepared.prediction_time.max() - prepared.prediction_time
    known = ~np.isnan(prepared.outcome + rows.offset)
    y = np.nan_to_num((prepared.outcome - rows.offset) / rows.scale)
    week, day = (prepared.samples.query.horizon_hours == h for h in (168.0, 24.0))
    for half_life, mine in ((364 / 365 * year, week), (half_year, day)):
        weight = known * 0.5 ** (age / half_life)
        again, _ = fit_slopes(prepared.features, prepared.X, usual, y, weight, rows.calibration, rows.scale)
        group = int(rows.calibration[mine][0])
        other = [k for k, name in enumerate(again.names) if name != "seasonal_profile"]
        off = np.abs(linear.slopes[:, other] - again.slopes[:, other]).max(axis=1)
        assert off[group] < 1e-5
        assert off[1 - group] > 1e-4


def test_a_bed_median_is_moved_by_half_of_what_the_calibration_set_lacked(
    tables: HospitalTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package's shift is half the median of the first fit's errors."""
    prepared = prepare_beds(events_of(tables), (), HORIZONS, None)
    known = prepared.prediction_time
    split = split_history(int(known.min()), int(known.max()) - DAY, gap=DAY)
    seen: list[Errors] = []

    def watched(errors: Errors, groups: int, **options: Any) -> Calibration:
        seen.append(errors)
        return calibrated(errors, groups, **options)

    monkeypatch.setattr("training.packages.package_build.calibrated", watched)
    few = Hyperparameters(rounds=8)
    files = fit_beds(prepared, split, seed=1, threads=1, progress=lambda: None, hyperparameters=few).files
    shift = json.loads(files["calibration.json"])["shift"]
    (errors,) = seen
    whole = calibrated(errors, len(HORIZONS)).shift
    assert np.abs(whole).min() > 0
    assert np.allclose(shift, whole / 2)


def test_the_four_parts_never_mix() -> None:
    """Parts follow one another with at least the gap between them, and cover the history's end."""
    split = split_history(0, 400 * DAY, gap=7 * DAY)
    spans = [split.spans[part] for part in PARTS]
    assert spans[0][0] == 0
    assert spans[-1][1] == 400 * DAY
    for (_, end), (start, _) in itertools.pairwise(spans):
        assert start - end == 7 * DAY
    times = np.arange(0, 400 * DAY, DAY // 3)
    membership = sum(split.members(part, times).astype(int) for part in PARTS)
    assert membership.max() == 1


def test_a_split_of_too_little_says_how_much_is_needed() -> None:
    """The message names the days there are and the days it takes."""
    with pytest.raises(HistoryError, match=r"50 days can be used, at least 144"):
        split_history(0, 50 * DAY, gap=7 * DAY)
    with pytest.raises(HistoryError, match=r"400 days .* enough, but --test-from .* too short: test"):
        split_history(0, 400 * DAY, gap=7 * DAY, test_from=390 * DAY)


def test_what_cannot_be_trained_is_said(tables: HospitalTables, tmp_path: Path) -> None:
    """Wrong horizons, and a model that the tables cannot give."""
    with pytest.raises(TrainingError, match="Horizons"):
        build_package(Request("bed-demand", (500.0,)), tables, tmp_path / "p", silent)
    import dataclasses

    only_visits = {n: t for n, t in tables.tables.items() if n in ("visits", "units")}
    with pytest.raises(TrainingError, match="stays or a census"):
        build_package(
            Request("bed-demand"), dataclasses.replace(tables, tables=only_visits), tmp_path / "p", silent
        )


def test_a_ward_with_a_short_history_is_answered_by_the_baseline(folder: Path, tmp_path: Path) -> None:
    """Under ninety days from its first patient: judged and answered by the baseline; the other wards by the model."""
    young = tmp_path / "young"
    shutil.copytree(folder, young)
    stays = pd.read_parquet(young / "stays.parquet")
    last = stays["entered_at"].max()
    ward = stays["unit"].value_counts().index[0]
    stays = stays[(stays["unit"] != ward) | (stays["entered_at"] > last - pd.Timedelta(days=110))]
    stays.to_parquet(young / "stays.parquet", index=False)
    visits = pd.read_parquet(young / "visits.parquet")
    early = (visits["destination_unit"] == ward) & (visits["arrived_at"] <= last - pd.Timedelta(days=110))
    visits.loc[early, ["destination_unit", "bed_requested_at"]] = None  # nobody waited for it either
    visits.to_parquet(young / "visits.parquet", index=False)
    tables = read_hospital(young, None, b"one key")
    request = Request("bed-demand", HORIZONS, hyperparameters=FEW_TREES)
    built = build_package(request, tables, tmp_path / "p", silent)
    model, prepared = ForecastModel(tmp_path / "p"), built.prepared
    assert isinstance(prepared, PreparedBeds)
    baselines = model.beds_or_raise
    days = dict(zip(baselines.units, baselines.days.tolist(), strict=True))
    assert 20 < days[ward] < UNIT_MODEL_DAYS
    assert min(d for unit, d in days.items() if unit != ward) > UNIT_MODEL_DAYS

    judged = prepared.part(built.split.members("test", prepared.prediction_time))
    rows = judged.rows(baselines)
    names = np.array([u.unit for u in prepared.events.units])[judged.samples.query.unit]
    by_baseline = names == ward
    assert by_baseline.any()
    served, baseline = forecast(model, rows), model.baseline_quantiles(rows)
    assert np.array_equal(served[by_baseline], baseline[by_baseline])
    assert not np.array_equal(served[~by_baseline], baseline[~by_baseline])
    answered = answer(model, rows, np.ones(names.size, bool))
    assert np.array_equal(answered.inside, ~by_baseline)
    assert np.array_equal(answered.quantiles, served)
    assert (answered.contributions[by_baseline] == 0).all()


def test_the_served_median_follows_the_signs(package_of: Callable[[str], BuiltPackage]) -> None:
    """Not the trees alone: what is served as p50, calibration and floor included."""
    model, prepared = package_of("wait-time").model, package_of("wait-time").built.prepared
    assert isinstance(prepared, PreparedWaits)
    few = np.arange(prepared.prediction_time.size) % max(prepared.prediction_time.size // 60, 1) == 0
    rows = prepared.part(few).rows(model.waits_or_raise)
    for name, sign in WAIT_SIGNS.items():
        column = [f.name for f in model.features].index(name)
        grid = np.unique(np.nanquantile(prepared.X[:, column], np.linspace(0, 1, 25))).astype(np.float32)
        p50 = []
        for value in grid:
            X = rows.X.copy()
            X[:, column] = value
            p50.append(model.quantiles(replace(rows, X=X))[:, MEDIAN])
        assert (sign * np.diff(np.stack(p50), axis=0)).min() >= -1e-9, name


def test_a_package_of_another_vigie_is_refused_in_words(
    package_of: Callable[[str], BuiltPackage], tmp_path: Path
) -> None:
    """One whose files lack what this Vigie reads, or name what it does not know, with digests that are right."""
    kept, files = package_of("bed-demand").read()
    for name, spoil in (
        ("baseline.json", lambda body: body.pop("start_share")),
        ("baseline.json", lambda body: body.pop("history_days")),
        ("linear.json", lambda body: body["features"].__setitem__(0, "no such feature")),
        ("linear.json", lambda body: body["trees_share"].pop()),
        ("calibration.json", lambda body: body.pop("shift")),
        ("calibration.json", lambda body: body["shift"].pop()),
        ("calibration.json", lambda body: [body[k].pop() for k in ("shift", "quantiles")]),
    ):
        body = json.loads(files[name])
        spoil(body)
        where = tmp_path / "spoilt"
        shutil.rmtree(where, ignore_errors=True)
        write_package(where, kept, {**files, name: canonical_json(body)})
        with pytest.raises(PackageError, match="Train the model again"):
            ForecastModel(where)
    other = {**kept["features"][-1], "name": "hospital_change_7d"}  # which nobody computes any more
    write_package(tmp_path / "other", {**kept, "features": [*kept["features"][:-1], other]}, files)
    with pytest.raises(PackageError, match=r"does not compute \(hospital_change_7d\).*Train the model again"):
        ForecastModel(tmp_path / "other")
    own = (
        *package_of("bed-demand").model.features,
        covariate_feature("oxygen"),
    )  # of the hospital's own name
    assert unknown_features("bed-demand", own) == ()


def test_widths_know_the_hour_in_a_package_that_says_so(
    package_of: Callable[[str], BuiltPackage], tmp_path: Path
) -> None:
    """Its intervals are the spread's times what its file says of the hour, about the same p50; a package without that
    file, as those made before, has the spread's own."""
    built = package_of("bed-demand")
    prepared = built.built.prepared
    assert isinstance(prepared, PreparedBeds)
    kept, files = built.read()
    assert SPREAD_BY_HOUR not in files  # a fifth of a hospital has too few rows at each hour
    y = prepared.X[:, [f.name for f in prepared.features].index("target_hour")] / 24
    by_hour = fit_median(
        prepared.X, y, np.ones(y.size), seed=1, progress=lambda: None, hyperparameters=FEW_TREES
    )
    write_package(tmp_path / "hours", kept, {**files, SPREAD_BY_HOUR: by_hour})
    few = prepared.part(np.arange(prepared.prediction_time.size) % 101 == 0)
    asked = few.rows(built.model.beds_or_raise)
    (ours, _), (before, _) = (m.intervals(asked) for m in (ForecastModel(tmp_path / "hours"), built.model))
    factor = np.exp(TreeEngine.load(by_hour).predict_exactly(few.X))
    assert factor.max() / factor.min() > 1.5
    assert np.array_equal(ours.centre, before.centre)
    for name in ("below", "above"):
        assert np.allclose(getattr(ours, name), factor * getattr(before, name), rtol=1e-6)


def test_a_package_of_waits_of_before_still_answers(
    package_of: Callable[[str], BuiltPackage], tmp_path: Path
) -> None:
    """One whose intervals come from a spread is read and answers as it did."""
    prepared, split = package_of("wait-time").built.prepared, package_of("wait-time").built.split
    assert isinstance(prepared, PreparedWaits)
    kept, files = package_of("wait-time").read()
    rows = prepared.part(split.members("train", prepared.prediction_time))
    y = (
        np.nan_to_num(rows.outcome)
        / rows.rows(WaitBaselines.from_json(json.loads(files["baseline.json"]))).scale
    )
    spread = fit_spread(rows.X, y, rows.weight, files["median.ubj"], seed=1, progress=lambda: None)
    since = ("p10.ubj", "p90.ubj", HELD_BACK)
    older = {name: content for name, content in files.items() if not name.startswith(since)}
    write_package(tmp_path / "old", kept, {**older, "spread.ubj": spread})
    model = ForecastModel(tmp_path / "old")
    few = prepared.part(np.arange(prepared.prediction_time.size) % 101 == 0)
    asked = few.rows(model.waits_or_raise)
    quantiles, explained = model.quantiles_and_reasons(asked)
    width = np.exp(TreeEngine.load(spread).predict_exactly(few.X))
    body = json.loads(files["calibration.json"])
    z, shift = (np.array(body[name])[asked.calibration] for name in ("quantiles", "shift"))
    median = TreeEngine.load(files["median.ubj"]).predict_exactly(few.X)
    wanted = asked.scale[:, None] * ((median + shift)[:, None] + width[:, None] * z)
    assert quantiles.tobytes() == np.maximum(wanted, asked.floor[:, None]).tobytes()
    total = explained.base + explained.contributions.sum(axis=1) + sum(explained.adjustments.values())
    assert np.abs(total - quantiles[:, MEDIAN]).max() < 1e-4


def test_a_hospital_that_names_no_department_is_one(tables: HospitalTables, tmp_path: Path) -> None:
    """Waits are forecast without the column, with the calibration groups of one department."""
    visits = tables.tables["visits"].assign(department=None)
    unnamed = replace(tables, tables={**tables.tables, "visits": visits})
    build_package(Request("wait-time", (), hyperparameters=FEW_TREES), unnamed, tmp_path / "p", silent)
    model = ForecastModel(tmp_path / "p")
    assert "department" not in {f.name for f in model.features}
    assert model.waits_or_raise is not None
