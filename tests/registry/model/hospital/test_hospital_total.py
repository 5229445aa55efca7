"""The hospital total: its mean is the sum of the units' means, its intervals are its own, a check finds both again."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.dataset.splits import Split
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.simulator import simulate, write
from hospital.times import DAY
from registry.candidates.candidates import candidate
from registry.cards.card_page import render_html
from registry.cards.report import Report
from registry.check.run import check
from registry.digests import canonical_json
from registry.errors import PackageError
from registry.gates.calibration import judge_calibration
from registry.model.dataset import PreparedBeds
from registry.model.forecast_model import ForecastModel
from registry.model.hospital.hospital_total_answer import answer_hospital_total
from registry.model.hospital.hospital_total_scores import score_hospital_total
from registry.model.hospital_total import HospitalTotal, same_time_and_horizon, sums_of
from registry.model.scope_fallback import answer
from registry.model.scoring import prepare, read_reported, score, write_reported
from registry.package.manifest import package_digest, write_package
from registry.policy.board_policy import default_policy
from registry.settings import Settings
from registry.statistics.verdict import Verdict
from registry.trust.keys import demo_key
from registry.trust.trust_store import create_trust
from tests.support.few_trees import FEW_TREES
from tests.support.new_databases import new_mlflow
from tests.support.synthetic_evidence import Hospital, beds
from training.packages.package_request import Request
from training.refits.child_command import REFITS
from training.train import train

HORIZONS = (4.0, 24.0)
NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
P10, P50, P90 = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)


def silent(step: str, share: float) -> None:
    """Tells nobody."""
    del step, share


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """A small hospital with two thirds of a year."""
    folder = tmp_path_factory.mktemp("hospital")
    write(simulate(240, seed=41, scale=0.2), folder)
    return read_hospital(folder, None, b"one key")


@pytest.fixture(scope="module")
def home(tables: HospitalTables, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation with one registered candidate of bed demand."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    create_trust(settings.trust, policy_digest=default_policy().digest, demo=True)
    new_mlflow(settings.home)
    request = Request("bed-demand", HORIZONS, hyperparameters=FEW_TREES)
    done = train(request, tables, settings, key=demo_key("author"), now=NOW, progress=silent)
    assert any(name.startswith("mae_hospital_") for name in done.metrics)
    return settings


@pytest.fixture(scope="module")
def model(home: Settings) -> ForecastModel:
    """Its package."""
    return ForecastModel(candidate(home.candidates, "bed-demand", "1").package)


@pytest.fixture(scope="module")
def judged(tables: HospitalTables, model: ForecastModel) -> PreparedBeds:
    """The rows that judge it."""
    prepared = prepare(model, tables)
    assert isinstance(prepared, PreparedBeds)
    return prepared.part(Split.from_json(model.manifest.split).members("test", prepared.prediction_time))


def _beds(rng: np.random.Generator, days: int, units: int, shared: float) -> tuple[Array, Array]:
    """(quantiles [n, levels] and outcomes [n]) of units whose errors have a share of their variance in common."""
    errors = np.sqrt(shared) * rng.normal(size=(days, 1)) + np.sqrt(1 - shared) * rng.normal(
        size=(days, units)
    )
    size, middle = rng.uniform(1, 3, units), rng.uniform(10, 40, units)
    z = np.array([-1.645, -1.282, -1.036, -0.842, -0.674, -0.524, -0.385, -0.253, -0.126])
    z = np.concatenate([z, [0.0], -z[::-1]])
    quantiles = (middle[:, None] + size[:, None] * z)[None].repeat(days, axis=0)
    return quantiles.reshape(-1, len(LEVELS)), (middle + size * errors).ravel()


def _times(days: int) -> Array:
    return np.arange(days) * DAY


@pytest.mark.parametrize("shared", [0.0, 0.1, 0.4])
def test_its_own_intervals_hold_however_the_units_go_together(shared: float) -> None:
    """Eighty per cent of new days are inside; the units' quantiles added up hold far more, so say far too little."""
    rng, units = np.random.default_rng(5), 12
    quantiles, outcome = _beds(rng, 4000, units, shared)
    of, horizon = np.repeat(np.arange(4000), units), np.full(4000, 24.0)
    sums, total = sums_of(quantiles, of, 4000), np.bincount(of, weights=outcome)
    early = np.arange(4000) < 2000
    first = sums_of(quantiles[of < 2000], of[of < 2000], 2000)
    hospital_total = HospitalTotal.learned(first, total[early], _times(2000), horizon[early], (24.0,))
    assert hospital_total is not None
    own = hospital_total.forecast(sums, horizon)[~early]
    inside = (total[~early] >= own[:, P10]) & (total[~early] <= own[:, P90])
    assert inside.mean() == pytest.approx(0.8, abs=0.03)
    low, high = (np.bincount(of, weights=quantiles[:, p])[~early] for p in (P10, P90))
    added = ((total[~early] >= low) & (total[~early] <= high)).mean()
    assert added > 0.9
    assert (np.diff(own, axis=1) >= 0).all()


def test_fewer_units_have_a_narrower_whole() -> None:
    """What was learned of twelve units holds for eight of them: the spread is that of the units that are open."""
    rng = np.random.default_rng(6)
    quantiles, outcome = _beds(rng, 2000, 12, 0.0)
    of, horizon = np.repeat(np.arange(2000), 12), np.full(2000, 24.0)
    sums, total = sums_of(quantiles, of, 2000), np.bincount(of, weights=outcome)
    hospital_total = HospitalTotal.learned(sums, total, _times(2000), horizon, (24.0,))
    assert hospital_total is not None
    open_now = np.tile(np.arange(12) < 8, 2000)
    fewer = sums_of(quantiles[open_now], of[open_now], 2000)
    own = hospital_total.forecast(fewer, horizon)
    eight = np.bincount(of[open_now], weights=outcome[open_now])
    assert ((eight >= own[:, P10]) & (eight <= own[:, P90])).mean() == pytest.approx(0.8, abs=0.03)


def test_forecasts_that_overlap_are_one_piece_of_news() -> None:
    """A week ahead, sixty days hold nine weeks: what they say is taken for less, and the intervals are wider."""
    rng = np.random.default_rng(8)
    quantiles, outcome = _beds(rng, 240, 5, 0.2)
    sums = sums_of(quantiles, np.repeat(np.arange(240), 5), 240)
    total, at = outcome.reshape(240, 5).sum(axis=1), np.arange(240) * DAY // 4
    day, week = (HospitalTotal.learned(sums, total, at, np.full(240, h), (h,)) for h in (6.0, 168.0))
    assert day is not None
    assert week is not None
    assert (week.quantiles[0, P90:] > day.quantiles[0, P90:] * 1.05).all()
    for hospital_total in (day, week):
        assert np.array_equal(hospital_total.quantiles, -hospital_total.quantiles[:, ::-1])
        assert hospital_total.quantiles[0, P50] == 0


def test_a_horizon_of_few_days_has_everybodys_and_no_day_gives_none() -> None:
    """Unknown outcomes count for nothing."""
    rng = np.random.default_rng(7)
    quantiles, outcome = _beds(rng, 400, 3, 0.2)
    sums, total = (
        sums_of(quantiles, np.repeat(np.arange(400), 3), 400),
        outcome.reshape(400, 3).sum(axis=1),
    )
    horizon = np.where(np.arange(400) < 30, 72.0, 24.0)
    hospital_total = HospitalTotal.learned(sums, total, _times(400), horizon, (24.0, 72.0))
    everybody = HospitalTotal.learned(sums, total, _times(400), np.full(400, 72.0), (72.0,))
    assert hospital_total is not None
    assert everybody is not None
    assert np.array_equal(hospital_total.quantiles[1], everybody.quantiles[0])
    assert not np.array_equal(hospital_total.quantiles[0], everybody.quantiles[0])
    assert HospitalTotal.learned(sums, np.full(400, np.nan), _times(400), horizon, (24.0, 72.0)) is None
    again = HospitalTotal.from_json(json.loads(canonical_json(hospital_total.to_json())))
    assert np.array_equal(again.quantiles, hospital_total.quantiles)


def test_it_is_the_sum_of_its_units_and_adds_up(model: ForecastModel, judged: PreparedBeds) -> None:
    """Mean, start and each feature's contribution are the units' sums, and explain the p50 that is served."""
    part = judged.part(judged.prediction_time < judged.prediction_time.min() + 5 * DAY)
    horizon = part.samples.query.horizon_hours
    of, first = same_time_and_horizon(part.prediction_time, horizon)
    rows = part.rows(model.beds_or_raise)
    inside = part.samples.query.unit % 3 > 0  # the baseline answers for the others
    units = answer(model, rows, inside)
    assert model.hospital_total is not None
    hospital_total = answer_hospital_total(model.hospital_total, units, of, horizon[first])
    for k in (0, 1, first.size - 1):
        mine = (part.prediction_time == part.prediction_time[first[k]]) & (horizon == horizon[first[k]])
        assert mine.sum() == len(part.events.units)
        assert hospital_total.mean[k] == pytest.approx(units.quantiles[mine].mean(axis=1).sum(), abs=1e-9)
        assert hospital_total.base[k] == pytest.approx(units.base[mine].sum(), abs=1e-9)
        assert np.allclose(hospital_total.contributions[k], units.contributions[mine].sum(axis=0), atol=1e-9)
        share = units.quantiles[mine & ~inside].mean(axis=1).sum() / hospital_total.mean[k]
        assert hospital_total.by_baseline[k] == pytest.approx(share)
    assert np.abs(hospital_total.total - hospital_total.p50).max() < 1e-9
    assert np.abs(hospital_total.mean - hospital_total.p50).max() < 1e-9
    assert 0 < hospital_total.by_baseline.min() < hospital_total.by_baseline.max() < 1


def test_on_days_to_come_its_intervals_hold_and_added_ones_are_far_too_wide(
    model: ForecastModel, judged: PreparedBeds
) -> None:
    """On the simulated hospital's test set, which no step of training has seen."""
    units = score(model, judged, np.ones(judged.prediction_time.size, bool))
    hospital_total = score_hospital_total(model.hospital_total, units)
    assert hospital_total is not None
    of, first = same_time_and_horizon(units.prediction_time, units.horizon_hours)
    assert np.array_equal(units.prediction_time[first], hospital_total.prediction_time)
    known = np.isfinite(hospital_total.outcome)
    assert known.mean() > 0.95
    low, high = (np.bincount(of, weights=units.quantiles[:, p]) for p in (P10, P90))
    for hours in HORIZONS:
        mine = known & (hospital_total.horizon_hours == hours)
        outcome, own = hospital_total.outcome[mine], hospital_total.quantiles[mine]
        inside = (outcome >= own[:, P10] - 0.5) & (outcome <= own[:, P90] + 0.5)
        assert 0.66 < inside.mean() < 0.94
        added = (outcome >= low[mine]) & (outcome <= high[mine])
        assert added.mean() > 0.95
        assert (high - low)[mine].mean() > 2 * (own[:, P90] - own[:, P10]).mean()


def _gate(report: Report, name: str) -> dict[str, Any]:
    return next(g for g in report.gates if g["name"] == name)


def test_the_check_finds_it_again_and_the_card_shows_it(home: Settings) -> None:
    """Every horizon's coverage is reported, the error stands beside the baselines' sums, and both are on the card."""
    report = check(home, "bed-demand", "1", default_policy(), now=NOW, progress=silent, refits=REFITS)
    contract = {f["metric"]: f for f in _gate(report, "contract")["findings"]}
    assert contract["forecasts_differ"]["value"] == 0
    assert contract["outcomes_differ"]["value"] == 0
    told = {f["group"]: f for f in _gate(report, "calibration")["findings"] if f["metric"] == "coverage"}
    for horizon in ("hospital=4 h", "hospital=24 h"):
        # The days judged are too few for the policy: nothing is claimed, nothing kept shut.
        assert told[horizon]["verdict"] == "inconclusive"
        assert not told[horizon]["required"]
    assert _gate(report, "explanation")["verdict"] == "pass"
    rows = report.body["hospital"]
    assert [r["horizon_hours"] for r in rows] == list(HORIZONS)
    assert all(r["n"] > 100 and r["mae"] < r["mean_outcome"] / 4 for r in rows)
    found = candidate(home.candidates, "bed-demand", "1")
    for language in ("fr", "en"):
        page = unescape(render_html(found.json("card.json"), language))  # type: ignore[arg-type]
        assert 'id="hospital"' in page
        assert ("Le total de l'établissement" if language == "fr" else "The hospital total") in page


def _forged(home: Settings, where: Path, spoil: Any) -> Settings:
    """A copy of the home in which the author has packaged and signed another ``hospital.json``."""
    shutil.copytree(home.home, where)
    settings = Settings(home=where)
    found = candidate(settings.candidates, "bed-demand", "1")
    manifest = json.loads((found.package / "manifest.json").read_bytes())
    files = {name: (found.package / name).read_bytes() for name in manifest["files"]}
    body = json.loads(files["hospital.json"])
    spoil(body)
    kept = {k: v for k, v in manifest.items() if k != "files"}
    write_package(found.package, kept, {**files, "hospital.json": canonical_json(body)})
    return settings


def _registered(settings: Settings, **changed: Any) -> None:
    """Writes the registration anew, as an author would who hides what was done."""
    path = settings.candidates / "bed-demand" / "1" / "registration.json"
    body = json.loads(path.read_bytes())
    body["body"] |= changed
    path.write_bytes(canonical_json(body))


def test_an_edited_file_is_refused(home: Settings, tmp_path: Path) -> None:
    """Bytes that are not those of the manifest, and a package that is not the registered one."""
    shutil.copytree(home.home, tmp_path / "copy")
    package = candidate(Settings(home=tmp_path / "copy").candidates, "bed-demand", "1").package
    content = (package / "hospital.json").read_bytes()
    (package / "hospital.json").write_bytes(content.replace(b"0.", b"1.", 1))
    with pytest.raises(PackageError, match=r"hospital\.json is not the file that was signed"):
        ForecastModel(package)
    settings = _forged(home, tmp_path / "forged", lambda body: None)
    assert package_digest(candidate(settings.candidates, "bed-demand", "1").package) == package_digest(
        candidate(home.candidates, "bed-demand", "1").package
    )

    def moved(body: dict[str, Any]) -> None:
        body["quantiles"] = (np.array(body["quantiles"]) - 1).tolist()

    settings = _forged(home, tmp_path / "moved", moved)
    with pytest.raises(PackageError, match="not as this Vigie reads them"):  # its p50 would not be its mean
        check(settings, "bed-demand", "1", default_policy(), now=NOW, progress=silent)

    def narrowed(body: dict[str, Any]) -> None:
        body["quantiles"] = (np.array(body["quantiles"]) / 2).tolist()

    settings = _forged(home, tmp_path / "narrowed", narrowed)
    with pytest.raises(PackageError, match="not the one that was registered"):
        check(settings, "bed-demand", "1", default_policy(), now=NOW, progress=silent)


def test_figures_that_are_not_those_of_the_package_block(home: Settings, tmp_path: Path) -> None:
    """An author who reports other forecasts or outcomes of the total, or none, is found out."""
    shutil.copytree(home.home, tmp_path / "copy")
    settings = Settings(home=tmp_path / "copy")
    folder = settings.home / "evidence"
    digest = candidate(settings.candidates, "bed-demand", "1").registration["body"]["evidence_digest"]
    reported = read_reported(folder, digest)
    totals = reported["hospital_p50"].size
    others: tuple[tuple[dict[str, Any], dict[str, int]], ...] = (
        (
            {
                **reported,
                "hospital_p50": reported["hospital_p50"] * 1.001,
                "hospital_outcome": np.zeros(totals),
            },
            {"forecasts_differ": totals, "outcomes_differ": totals},
        ),
        ({n: v for n, v in reported.items() if n != "hospital_p50"}, {"forecasts_differ": totals}),
    )
    for arrays, counts in others:
        _registered(settings, evidence_digest=write_reported(folder, arrays))
        report = check(settings, "bed-demand", "1", default_policy(), now=NOW, progress=silent)
        assert _gate(report, "contract")["verdict"] == "block"
        found = {f["metric"]: f["value"] for f in _gate(report, "contract")["findings"]}
        assert {n: found[n] for n in counts} == counts


@pytest.mark.parametrize(
    ("factor", "verdict"), [(0.1, Verdict.BLOCK), (1.0, Verdict.PASS), (8.0, Verdict.BLOCK)]
)
def test_intervals_that_are_significantly_wrong_block(factor: float, verdict: Verdict) -> None:
    """However well the units are calibrated: what is served of the total is judged on its own."""
    evidence = beds(Hospital(), np.random.default_rng(2))
    early, horizons = evidence.validation, tuple(np.unique(evidence.test.horizon_hours).tolist())
    of, first = same_time_and_horizon(early.prediction_time, early.horizon_hours)
    total = np.bincount(of, weights=early.outcome)
    sums = sums_of(early.quantiles, of, first.size)
    hospital_total = HospitalTotal.learned(
        sums, total, early.prediction_time[first], early.horizon_hours[first], horizons
    )
    assert hospital_total is not None
    served = score_hospital_total(
        replace(hospital_total, quantiles=hospital_total.quantiles * factor), evidence.test
    )
    cells = tuple(sorted(set(zip(evidence.test.unit_group, evidence.test.horizon_hours, strict=True))))
    result = judge_calibration(replace(evidence, hospital=served), default_policy(), cells)
    assert result.verdict is verdict
    told = {f.group: f for f in result.findings if f.metric == "coverage" and f.group.startswith("hospital=")}
    assert set(told) == {f"hospital={h:g} h" for h in horizons}
    assert all(f.required == (f.verdict is Verdict.BLOCK) for f in told.values())
    assert judge_calibration(evidence, default_policy(), cells).verdict is Verdict.PASS


def test_a_package_has_the_totals_of_its_unit_groups_and_one_of_before_has_none(
    home: Settings, model: ForecastModel, judged: PreparedBeds, tmp_path: Path
) -> None:
    """Of each group of several units, of just its units; without the files a package is read, and quantiles are."""
    package = candidate(home.candidates, "bed-demand", "1").package
    members: dict[str, set[str]] = {}
    for unit in judged.events.units:
        members.setdefault(unit.group, set()).add(unit.unit)
    assert {n: set(t.units) for n, t in model.group_totals.items()} == {
        n: units for n, units in members.items() if len(units) > 1
    }
    manifest = json.loads((package / "manifest.json").read_bytes())
    files = {name: (package / name).read_bytes() for name in manifest.pop("files")}
    before = {n: v for n, v in files.items() if n not in ("groups.json", "exceedance.json")}
    write_package(tmp_path / "before", manifest, before)
    old = ForecastModel(tmp_path / "before")
    assert (old.group_totals, dict(old.exceedances.curves)) == ({}, {})
    rows = judged.rows(model.beds_or_raise)
    assert np.array_equal(old.quantiles(rows), model.quantiles(rows))
    spoilt = json.loads(files["groups.json"])
    next(iter(spoilt.values()))["units"] = ["one"]
    for name, content in (("groups.json", canonical_json(spoilt)), ("exceedance.json", b'{"model": {}}')):
        write_package(tmp_path / name, manifest, {**files, name: content})
        with pytest.raises(PackageError, match="Train the model again"):
            ForecastModel(tmp_path / name)
