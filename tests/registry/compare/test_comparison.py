"""Two versions side by side: which figures, over which groups, and what an interval says."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from hospital.words import formats
from hospital.words.language import Language
from hospital.words.plain_console import plain_console
from registry.compare.comparison import Comparison
from registry.compare.comparison_table import print_comparison
from registry.compare.differences import Difference, differences
from registry.evidence.records import Scored
from tests.support.synthetic_evidence import Hospital, beds, waits


def _worse(scored: Scored, minutes: float) -> Scored:
    """The same rows, forecast by so much too high."""
    return replace(scored, quantiles=scored.quantiles + minutes)


def _by(found: list[Difference]) -> dict[tuple[str, str, str], Difference]:
    return {(d.metric, d.by, d.group): d for d in found}


@pytest.fixture(scope="module")
def rows() -> Scored:
    """Judged rows of a sound wait-time version."""
    return waits(Hospital(), np.random.default_rng(3)).test.known()


def test_a_version_differs_from_itself_by_nothing(rows: Scored) -> None:
    """Every difference is 0, every interval holds it, and nothing is said to be better."""
    found = list(differences(rows, rows))
    assert {d.difference for d in found} == {0.0}
    assert {d.shown for d in found} == {0}


def test_a_worse_version_is_found_worse_whichever_comes_first(rows: Scored) -> None:
    """Twenty minutes too high: the error rises, the sign turns with the order, the interval says so."""
    worse = _worse(rows, 20.0)
    one, other = _by(list(differences(rows, worse))), _by(list(differences(worse, rows)))
    for metric in ("mae", "crps"):
        there, back = one[metric, "all", "all"], other[metric, "all", "all"]
        assert (there.shown, back.shown) == (-1, 1)
        assert there.difference == pytest.approx(-back.difference)
        assert there.low == pytest.approx(-(back.high or 0))
        assert there.difference == pytest.approx(there.second - there.first)
    error = np.average(np.abs(rows.outcome - rows.p50), weights=rows.weight)
    assert one["mae", "all", "all"].first == pytest.approx(float(error))
    assert one["inside", "all", "all"].difference < -0.1
    assert one["inside", "all", "all"].shown == 0  # more inside is no better: it should be 0.8


def test_the_crps_of_a_certain_forecast_is_its_error(rows: Scored) -> None:
    """With every quantile at one point nothing but the distance to it is left."""
    point = replace(rows, quantiles=np.repeat(rows.p50[:, None], rows.quantiles.shape[1], axis=1))
    found = _by(list(differences(point, point)))
    assert found["crps", "all", "all"].first == pytest.approx(found["mae", "all", "all"].first)


def test_every_group_that_is_large_enough_has_its_own_line(rows: Scored) -> None:
    """Audit attributes of waits, horizons and unit groups of beds; a handful of rows has none."""
    few = rows.audit["sex"].copy()
    few[:10] = "X"
    found = _by(list(differences(replace(rows, audit={**rows.audit, "sex": few}), rows)))
    groups = {(by, group) for _, by, group in found}
    assert {("sex", "F"), ("sex", "M"), ("all", "all")} <= groups
    assert ("sex", "X") not in groups
    assert found["mae", "sex", "F"].n == int((few == "F").sum())
    judged = beds(Hospital(), np.random.default_rng(3)).test.known()
    of_beds = {(d.by, d.group) for d in differences(judged, judged)}
    assert {f"{h:g} h" for h in np.unique(judged.horizon_hours)} == {
        g for by, g in of_beds if by == "horizon"
    }
    assert set(judged.unit_group) == {g for by, g in of_beds if by == "unit_group"}


def test_two_sound_versions_seldom_differ(rows: Scored) -> None:
    """Of versions that differ by noise alone about one in twenty is called better: the interval is one of 95 %."""
    rng, told = np.random.default_rng(7), 0
    for _ in range(60):
        noise = rng.normal(0, 5, (rows.size, 1))
        ours, theirs = (replace(rows, quantiles=rows.quantiles + sign * noise) for sign in (1, -1))
        told += _by(list(differences(ours, theirs)))["mae", "all", "all"].shown != 0
    assert told <= 8  # of 60; more than 8 would happen once in a hundred


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_table_fits_the_terminal(rows: Scored, width: int, language: Language) -> None:
    """No line is wider, no figure is broken or cut."""
    found = tuple(differences(rows, _worse(rows, 20.0)))
    comparison = Comparison("wait-time", "3", "4", "sha256:0", 0, 86_400_000_000, 2, 0, found)
    stream = io.StringIO()
    print_comparison(comparison, language, plain_console(file=stream, width=width))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in stream.getvalue()
    for difference in found:
        shown = formats.signed(difference.difference, language, 2)
        assert difference.metric == "inside" or any(shown in line for line in lines)


def test_the_table_says_which_is_better(rows: Scored) -> None:
    """In both languages, with the versions' numbers and the number of rows left out."""
    found = tuple(differences(rows, _worse(rows, 20.0)))
    comparison = Comparison("wait-time", "3", "4", "sha256:0", 0, 86_400_000_000, 2, 0, found)
    for language, words in (("fr", "v. 3 meilleure"), ("en", "v. 3 better")):
        console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115 - recorded
        print_comparison(comparison, language, console)  # type: ignore[arg-type]
        text = console.export_text()
        assert words in text
        assert ("Sexe" if language == "fr" else "Sex") in text
        assert " 2 " in text
    assert comparison.metrics()["vs_3.mae"] == pytest.approx(found[0].difference)
