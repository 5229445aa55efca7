"""The daily figures of a model on its rows: by hand, and of real packages beside counts made another way."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from hospital.arrays import Array
from hospital.calendar import local_day
from hospital.dataset.quantiles import LEVELS
from hospital.ingest.hospital_reader import HospitalTables
from hospital.times import DAY, HOUR
from registry.evidence.records import Scored
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import prepare
from registry.monitoring.daily_figures import DailyFigures, Figure
from registry.monitoring.daily_means import Collected
from registry.monitoring.figure_collection import (
    _between,
    _errors,
    expected_absolute_error,
    gather,
    mature_until,
)
from tests.support.installation import Installation
from tests.support.quick_versions import quick_candidate, quick_tables
from training.packages.package_request import Request


def test_the_expected_error_of_quantiles_by_hand() -> None:
    """1 to 19 about 10: 90 for the levels and half of 9 more on either side for the tails, over 20: 4.95."""
    quantiles = np.array([np.arange(1.0, 20.0), np.full(19, 7.0)])
    assert expected_absolute_error(quantiles).tolist() == pytest.approx([4.95, 0.0])
    assert len(LEVELS) == 19


def test_an_outcome_has_had_the_time_to_come_after_the_longest_horizon() -> None:
    """Of waits, which have none, after a day."""
    assert mature_until(100 * DAY, (24.0, 48.0, 4.0)) == 98 * DAY
    assert mature_until(100 * DAY, ()) == 99 * DAY
    assert mature_until(100 * DAY, (4.0,)) == 100 * DAY - 4 * HOUR


def test_the_others_are_those_of_the_days_that_a_mean_stands_for() -> None:
    """Of day 0 itself: 4. Of days 1 and 2: (1 + 2 x 7) / 3 = 5. Of 3 and 4 nobody's error is known."""
    found = Collected(np.arange(100, 105), np.array([0, 1, 2, 3, 3]))
    values, weight = np.array([4.0, 1.0, 7.0, np.nan, 50.0]), np.array([1.0, 1.0, 2.0, 1.0, 0.0])
    out = _between(found, values, weight, np.array([20, 0, 20, 0, 1]))
    np.testing.assert_array_equal(out, [4.0, np.nan, 5.0, np.nan, np.nan])


def scored(outcome: Array, quantiles: Array, *, counts: bool, **other: Array) -> Scored:
    """Rows with nothing but what errors need."""
    n = outcome.size
    none, texts = np.zeros(n), np.full(n, "", object)
    audit: Mapping[str, Array] = {} if counts else {"sex": other["sex"]}
    return Scored(
        row_id=texts,
        prediction_time=np.zeros(n, np.int64),
        target_time=np.zeros(n, np.int64),
        horizon_hours=other.get("horizon_hours", none),
        unit_group=other.get("unit_group", texts),
        site=texts,
        local_hour=np.zeros(n, np.int64),
        outcome=outcome,
        censored=np.isnan(outcome),
        waited=none,
        weight=other.get("weight", np.ones(n)),
        quantiles=quantiles,
        baselines={},
        audit=audit,
        counts=counts,
    )


def by_name(figures: DailyFigures) -> dict[tuple[str, str], Array]:
    """The values of each figure."""
    return {(f.family, f.name): figures.values[:, j] for j, f in enumerate(figures.figures)}


def test_errors_of_waits_are_weighted_means_of_a_day_and_of_each_group_less_the_others() -> None:
    """Two days of 30 women, 30 men and 30 of whom it is not known; NumPy averages their logarithmic errors.

    An attribute that was not received hides none of those after it.
    """
    rng = np.random.default_rng(5)
    day, sex = np.repeat([0, 1], 90), np.tile(np.repeat(np.array(["F", "M", None], object), 30), 2)
    outcome, weight = rng.uniform(5, 90, 180), rng.uniform(0.5, 2, 180)
    outcome[[0, 100]] = np.nan
    quantiles = 30 + 2.0 * np.arange(-9, 10) + rng.uniform(-5, 5, 180)[:, None]
    rows = scored(outcome, quantiles, counts=False, sex=sex, weight=weight)
    found = Collected(np.arange(2), day)
    _errors(found, rows, ("language", "sex"))
    figures = by_name(found.done())
    known, p50 = np.isfinite(outcome), quantiles[:, 9]
    error = np.log(outcome + 10) - np.log(p50 + 10)
    inside = ((outcome >= quantiles[:, 1]) & (outcome <= quantiles[:, 17])).astype(float)
    spread = 2.0 * 4.95  # steps of 2 where those of 1 expect 4.95

    def mean(values: Array, mask: Array) -> list[float]:
        return [
            float(np.average(values[m], weights=weight[m]))
            for m in ((day == d) & mask & known for d in (0, 1))
        ]

    assert figures["errors", "all"].tolist() == pytest.approx(mean(error, known))
    assert figures["coverage", "all"].tolist() == pytest.approx(mean(inside, known))
    women, men = mean(error, sex == "F"), mean(error, sex == "M")
    gap = [a - b for a, b in zip(women, men, strict=True)]
    assert figures["fairness", "sex=F"].tolist() == pytest.approx(gap)
    assert figures["fairness", "sex=M"].tolist() == pytest.approx([-g for g in gap])
    assert figures["expected_error", "all"].tolist() == pytest.approx([spread, spread])
    ratio = [value / spread for value in mean(np.abs(outcome - p50), known)]
    assert figures["error_ratio", "all"].tolist() == pytest.approx(ratio)
    assert len(figures) == 6


def test_the_error_that_is_awaited_is_that_of_the_visits_whose_wait_is_known() -> None:
    """30 visits of 54.95 minutes about 50, where 4.95 are awaited; ten without an outcome count for nothing."""
    known = np.arange(40) < 30
    quantiles = 50 + np.where(known, 1.0, 10.0)[:, None] * np.arange(-9.0, 10.0)
    outcome = np.where(known, 54.95, np.nan)
    found = Collected(np.arange(1), np.zeros(40, int))
    _errors(found, scored(outcome, quantiles, counts=False, sex=np.full(40, "F", object)), ())
    assert by_name(found.done())["error_ratio", "all"].tolist() == pytest.approx([1.0])


def test_a_day_on_which_no_error_is_expected_has_no_ratio() -> None:
    """Forecasts without a width divide nothing."""
    found = Collected(np.arange(1), np.zeros(30, int))
    sex = np.full(30, "F", object)
    _errors(found, scored(np.full(30, 5.0), np.full((30, 19), 3.0), counts=False, sex=sex), ())
    figures = by_name(found.done())
    assert ("error_ratio", "all") not in figures
    assert figures["expected_error", "all"].tolist() == [0.0]


def test_errors_of_beds_are_shares_of_what_a_unit_group_usually_needs() -> None:
    """20 beds for one group, and half a bed, which counts as one, for the other: an error of 2 is 0.1 and 2."""
    group = np.repeat(np.array(["large", "small"], object), 60)
    horizon = np.tile(np.repeat([24.0, 48.0], 30), 2)
    p50 = np.where(group == "large", 20.0, 0.5)
    outcome = p50 + np.where(horizon == 24.0, 2.0, 4.0)
    outcome[0] = np.nan
    quantiles = p50[:, None] + np.linspace(-1, 1, 19)
    found = Collected(np.arange(1), np.zeros(120, int))
    rows = scored(outcome, quantiles, counts=True, unit_group=group, horizon_hours=horizon)
    _errors(found, rows, ("sex",))
    figures = by_name(found.done())
    assert figures["errors", "horizon=24h"].tolist() == pytest.approx([(29 * 0.1 + 30 * 2.0) / 59])
    assert figures["errors", "horizon=48h"].tolist() == pytest.approx([(0.2 + 4.0) / 2])
    assert figures["fairness", "unit_group=large"].tolist() == pytest.approx([(29 * 0.1 + 30 * 0.2) / 59])
    assert figures["fairness", "unit_group=small"].tolist() == pytest.approx([3.0])
    assert figures["coverage", "horizon=48h"].tolist() == [0.0]
    assert ("errors", "all") not in figures


@dataclass(frozen=True)
class Packages:
    """Real packages on a small hospital, with their rows."""

    waits: ForecastModel
    baseline: ForecastModel
    beds: ForecastModel
    visits: PreparedWaits
    wards: PreparedBeds


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """A small hospital's."""
    return quick_tables(tmp_path_factory.mktemp("data"), 185)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory, tables: HospitalTables) -> Packages:
    """Of four trees each."""
    installation = Installation.make(tmp_path_factory.mktemp("figures") / "home")
    requests = (
        Request("wait-time"),
        Request("wait-time", kind="baseline"),
        Request("bed-demand", (24.0,)),
    )
    waits, baseline, beds = (
        ForecastModel(quick_candidate(installation, r, tables, str(n)).package)
        for n, r in enumerate(requests, 1)
    )
    visits, wards = prepare(waits, tables), prepare(beds, tables)
    assert isinstance(visits, PreparedWaits)
    assert isinstance(wards, PreparedBeds)
    return Packages(waits, baseline, beds, visits, wards)


def _days(prepared: PreparedWaits | PreparedBeds) -> tuple[Array, int, int]:
    local = local_day(prepared.prediction_time, prepared.events.zone)
    return local, int(local.max()) - 30, int(local.max()) - 3


def test_figures_of_visits_are_those_of_their_local_days(packages: Packages) -> None:
    """Arrivals are counted by pandas; errors only where the model learned nothing; a baseline has none."""
    local, first, last = _days(packages.visits)
    span = ((first + 9) * DAY, (last + 2) * DAY)
    found = gather(packages.waits, packages.visits, (first, last), [span], ("sex",))
    assert found.days.tolist() == list(range(first, last + 1))
    figures = by_name(found)
    counts = pd.Series(local).value_counts()
    expected = [float(counts.get(day, np.nan)) for day in found.days]
    np.testing.assert_array_equal(figures["arrivals", "visits"], expected)
    families = {family for family, _ in figures}
    assert families == {
        "arrivals", "inputs", "missing", "outcomes", "errors", "coverage", "fairness", "explanations",
        "expected_error", "error_ratio",
    }  # fmt: skip
    errors = figures["errors", "all"]
    assert np.isnan(errors[:8]).all()
    assert np.isfinite(errors[9:]).any()
    shares = np.sum([v for (family, _), v in figures.items() if family == "explanations"], axis=0)
    np.testing.assert_allclose(shares[np.isfinite(shares)], 1.0)
    features = {f.name: f for f in packages.waits.features}
    named = {name for family, name in figures if family == "inputs"}
    assert named
    assert not any(features[name].levels for name in named)  # codes of categories have no mean
    left_out = {f.name for f in features.values() if f.group in ("calendar", "seasonal_profile", "planned")}
    assert not left_out & {name for family, name in figures if family in ("inputs", "missing")}
    quiet = gather(packages.waits, packages.visits, (first, last), [], ("sex",))
    assert {f.family for f in quiet.figures} == {"arrivals", "inputs", "missing", "outcomes"}
    bare = gather(packages.baseline, packages.visits, (first, last), [span], ("sex",))
    assert {f.family for f in bare.figures} == {"arrivals", "inputs", "missing", "outcomes"}


def test_inputs_and_outcomes_of_wards_are_means_of_a_day(packages: Packages) -> None:
    """pandas averages them; wards have no arrivals, and the demand itself is their outcome."""
    local, first, last = _days(packages.wards)
    span = (first * DAY, (last + 2) * DAY)
    found = gather(packages.beds, packages.wards, (first, last), [span], ())
    figures = by_name(found)
    assert ("arrivals", "visits") not in figures
    demand = pd.Series(packages.wards.outcome).groupby(local).mean()
    per_day = pd.Series(local).value_counts().sort_index()
    assert per_day.loc[first:last].min() >= 20  # so that no day waits for another
    np.testing.assert_allclose(figures["outcomes", "demand"], demand.loc[first:last])
    for name in ("demand_now", "staffed_now"):
        column = [f.name for f in packages.beds.features].index(name)
        values = pd.Series(packages.wards.X[:, column].astype(float)).groupby(local).mean()
        if ("inputs", name) in figures:
            np.testing.assert_allclose(figures["inputs", name], values.loc[first:last])
    assert ("inputs", "demand_now") in figures
    assert ("errors", "horizon=24h") in figures
    assert any(family == "fairness" and name.startswith("unit_group=") for family, name in figures)


def test_the_instant_at_which_a_span_ends_is_no_more_in_it(packages: Packages) -> None:
    """The test set begins there: what is counted of one set is not counted of another."""
    local, first, last = _days(packages.wards)
    at = packages.wards.prediction_time
    end = int(at[local == last].max())
    found = gather(packages.beds, packages.wards, (first, last), [(first * DAY - DAY, end)], ())
    column = found.figures.index(Figure("errors", "horizon=24h"))
    before = (local == last) & (at < end) & np.isfinite(packages.wards.outcome)
    assert before.sum() >= 20  # so that no day waits for another
    assert found.rows[-1, column] == before.sum()
