"""Two versions' probabilities of exceeding staffed beds side by side: of units, of the hospital and of groups."""

import io
from dataclasses import replace

import numpy as np
import pytest

from hospital.words.language import Language
from hospital.words.plain_console import plain_console
from registry.compare.comparison import Comparison
from registry.compare.comparison_table import print_comparison
from registry.compare.differences import BRIER, Difference
from registry.compare.tension_differences import Announced, tension_differences
from registry.evidence.records import UNIT
from registry.model.hospital.hospital_total_scores import score_hospital_total
from tests.support.quick_beds import QuickBeds, quick_beds

HORIZONS = (4.0, 24.0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> QuickBeds:
    """A small hospital's package of beds, and its rows."""
    return quick_beds(tmp_path_factory.mktemp("compared"), HORIZONS)


@pytest.fixture(scope="module")
def version(made: QuickBeds) -> Announced:
    """What it says of its test set."""
    found = Announced.of(made.model, made.prepared, made.judged)
    assert np.array_equal(found.staffed, made.staffed, equal_nan=True)
    return found


def shifted(one: Announced, beds: float) -> Announced:
    """The same version, forecasting so many beds more for each unit."""
    return replace(one, scored=replace(one.scored, quantiles=one.scored.quantiles + beds))


def found_of(first: Announced, second: Announced) -> dict[tuple[str, str, str], Difference]:
    """By figure, kind and group."""
    return {(d.metric, d.by, d.group): d for d in tension_differences(first, second)}


def test_a_version_differs_from_itself_by_nothing(version: Announced, made: QuickBeds) -> None:
    """All units, each horizon and group, the hospital at each horizon, and each group's total have their line."""
    found = found_of(version, version)
    assert {d.difference for d in found.values()} == {0.0}
    lines = {(by, group) for metric, by, group in found if metric == BRIER}
    groups = set(version.scored.unit_group.astype(str))
    assert lines >= {("all", "all"), ("horizon", "4 h"), ("horizon", "24 h"), ("hospital", "4 h")}
    assert {g for by, g in lines if by == "unit_group"} <= groups
    assert {g for by, g in lines if by == "group_total"} == set(made.model.group_totals)
    assert {metric for metric, by, _ in found if by == "hospital"} == {"mae", "crps", "inside", BRIER}


def test_the_brier_score_is_that_by_hand(version: Announced, made: QuickBeds) -> None:
    """Of units' rows, and of the hospital by its own distribution, four hours ahead."""
    found = found_of(version, shifted(version, 3.0))
    rows = version.scored
    known = rows.is_known & np.isfinite(version.staffed)
    asked = rows.quantiles[known], version.staffed[known], rows.horizon_hours[known]
    announced = made.model.exceedances.probability("model", *asked)
    event = rows.outcome[known] > version.staffed[known]
    brier = found[BRIER, "all", "all"]
    assert brier.first == pytest.approx(float(((announced - event) ** 2).mean()))
    assert brier.n == known.sum()
    whole = score_hospital_total(made.model.hospital_total, rows)
    assert whole is not None
    squares = []
    for i in np.flatnonzero(whole.is_known & (whole.horizon_hours == 4.0)):
        mine = (rows.prediction_time == whole.prediction_time[i]) & (rows.horizon_hours == 4.0)
        beds = version.staffed[mine].sum()
        if np.isfinite(beds):
            asked = whole.quantiles[i][None], np.array([beds]), np.array([4.0])
            probability = made.model.exceedances.probability("hospital", *asked)[0]
            squares.append((probability - (whole.outcome[i] > beds)) ** 2)
    assert found[BRIER, "hospital", "4 h"].first == pytest.approx(float(np.mean(squares)))
    assert found["mae", "hospital", "4 h"].shown == -1, "three beds too many in each unit"


def test_a_group_s_total_is_of_all_its_units_together(version: Announced, made: QuickBeds) -> None:
    """Times at which one of them has no row are in none of its figures."""
    name, group = sorted(made.model.group_totals.items())[0]
    unit, times = version.scored.audit[UNIT].astype(str), version.scored.prediction_time
    gone = (unit == group.units[0]) & (times < np.median(times))
    found = found_of(version.part(~gone), version)["mae", "group_total", name]
    assert found.n < found_of(version, version)["mae", "group_total", name].n
    other = replace(made.model.group_totals[name], units=(*group.units, "another"))
    changed = replace_groups(version, {**made.model.group_totals, name: other})
    assert ("mae", "group_total", name) not in found_of(version, changed)


def replace_groups(one: Announced, totals: object) -> Announced:
    """A version that has learned other groups."""

    class Other:
        group_totals = totals

        def __getattr__(self, name: str) -> object:
            return getattr(one.model, name)

    return replace(one, model=Other())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", ("risque de manquer de lits armés", "total de l'établissement", "total du groupe")),
        ("en", ("risk of exceeding staffed beds", "hospital total", "group total")),
    ],
)
def test_the_table_names_them(version: Announced, language: Language, said: tuple[str, ...]) -> None:
    """A Brier score with four digits: with two most differ by nothing."""
    found = tuple(tension_differences(version, shifted(version, 1.0)))
    comparison = Comparison("bed-demand", "1", "2", "sha256:0", 0, 86_400_000_000, 0, 0, found)
    stream = io.StringIO()
    print_comparison(comparison, language, plain_console(file=stream, width=200))
    text = " ".join(stream.getvalue().split())
    for words in said:
        assert words in text
    brier = next(d for d in found if d.metric == BRIER)
    shown = f"{brier.first:.4f}"
    assert (shown.replace(".", ",") if language == "fr" else shown) in text
