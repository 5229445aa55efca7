"""Groups of judged rows: which can be judged, which are gone, and what is reported of each, by hand."""

import numpy as np
import pytest

from registry.statistics.groups import (
    Groups,
    group_names,
    reported_figures,
    worst_case_of_censored,
)
from registry.statistics.verdict import Finding, Verdict
from tests.support.scored_rows import scored

LEVELS = 19


def groups(sizes: dict[str, int], earlier: dict[str, int], demanded: tuple[str, ...] = ()) -> Groups:
    """Groups of that many rows in the test set and in the validation set."""
    judged, before = (np.repeat(list(part), list(part.values())).astype(object) for part in (sizes, earlier))
    test, validation = (scored([20.0] * part.size, [20.0] * part.size) for part in (judged, before))
    return Groups.of("sex", test, judged, validation, before, demanded)


def notes(found: list[Finding]) -> dict[str, tuple[str, bool, int]]:
    """(note, whether it is required, what is lacking) by group."""
    return {f.group: (f.note, f.required, f.lacking) for f in found}


def test_what_names_no_group_is_unknown() -> None:
    """None, NaN and an empty text are one group, whatever else stands there is its own name."""
    names = group_names(np.array(["F", None, float("nan"), "", 3], object))
    assert names.tolist() == ["F", "unknown", "unknown", "unknown", "3"]


def test_as_many_rows_as_it_takes_are_enough_and_one_less_is_not() -> None:
    """At 10 of 10 a group is judged; at 9 it needs one more, and holds nothing up."""
    judged, found = groups({"F": 10, "M": 9}, {"F": 10, "M": 9}).sort_out("loss", 10)
    assert judged == ["F"]
    assert notes(found) == {"sex=M": ("needs_more_rows", False, 1)}
    assert found[0].n == 9
    assert found[0].threshold == 10


@pytest.mark.parametrize(
    ("rows", "earlier", "note", "required"),
    [
        (4, 10, "missing_group", True),  # 10 were to be expected, fewer than half came
        (5, 10, "needs_more_rows", False),  # half is chance
        (4, 9, "needs_more_rows", False),  # it was too small before, too
    ],
)
def test_a_group_of_which_less_than_half_came_is_missing(
    rows: int, earlier: int, note: str, required: bool
) -> None:
    """Held against what the validation set of the same length lets expect."""
    found = groups({"F": 20, "M": rows}, {"F": 20 + rows - earlier, "M": earlier}).sort_out("loss", 10)[1]
    assert notes(found) == {"sex=M": (note, required, 10 - rows)}


def test_what_is_expected_follows_the_length_of_the_test_set() -> None:
    """12 of 24 rows are 24 of 48: ten of them are fewer than half of what it takes."""
    found = groups({"F": 39, "M": 9}, {"F": 12, "M": 12}).sort_out("loss", 20)[1]
    assert notes(found) == {"sex=M": ("missing_group", True, 11)}


def test_a_group_that_the_policy_names_is_required_and_missing_without_a_row() -> None:
    """With a row it needs more; both keep the gate shut."""
    found = groups({"F": 20, "M": 1}, {"F": 20, "M": 1}, ("M", "X")).sort_out("loss", 10)[1]
    assert notes(found) == {"sex=M": ("needs_more_rows", True, 9), "sex=X": ("missing_group", True, 10)}


def test_rows_without_a_forecast_are_counted_and_named() -> None:
    """A group of which a weighed row has no forecast is not judged on the others; one without weight is left out."""
    test = scored([20.0] * 6, [20.0] * 6, weight=[1, 1, 1, 1, 1, 0])
    test.quantiles[[2, 5], 3] = np.nan
    names = np.array(["F"] * 3 + ["M"] * 3, object)
    made = Groups.of("sex", test, names, test, names)
    judged, found = made.sort_out("loss", 2)
    assert judged == ["M"]
    assert [(f.group, f.n, f.note, f.required) for f in found] == [("sex=F", 1, "not_a_number", True)]


def test_a_single_row_can_be_all_that_it_takes() -> None:
    """A group that the policy names and that has none is missing; that of a test set without a row lacks nothing."""
    found = groups({"F": 1}, {"F": 1}, ("X",)).sort_out("loss", 1)[1]
    assert notes(found) == {"sex=X": ("missing_group", True, 1)}
    assert groups({}, {}).unknown(0.2) == []


@pytest.mark.parametrize(("unknown", "judged"), [(2, False), (3, True)])
def test_too_many_rows_of_unknown_group_keep_the_gate_shut(unknown: int, judged: bool) -> None:
    """A fifth of ten is the limit: two pass, three do not."""
    found = groups({"F": 10 - unknown, "": unknown}, {"F": 10}).unknown(0.2)
    assert bool(found) is judged
    for finding in found:
        assert (finding.value, finding.threshold, finding.n) == (0.3, 0.2, 10)
        assert finding.verdict is Verdict.INCONCLUSIVE
        assert finding.required


def test_figures_of_groups_are_weighted_means() -> None:
    """Of two rows, weights 3 and 1: waits 20 and 60, forecasts 25 and 30, of which the first lies inside."""
    known = scored([20.0, 60.0, 40.0, 40.5], [25.0, 30.0, 30.0, 30.0], weight=[3.0, 1.0, 2.0, 0.0])
    found = reported_figures(known, "sex", np.array(["F", "F", "M", "M"], object))
    values = {(f.group, f.metric): (f.value, f.n) for f in found}
    assert values == {
        ("sex=F", "mean_outcome"): (30.0, 2),
        ("sex=F", "bias"): (3.75, 2),
        ("sex=F", "absolute_error"): (11.25, 2),
        ("sex=F", "coverage"): (0.75, 2),
        ("sex=M", "mean_outcome"): (40.0, 2),
        ("sex=M", "bias"): (10.0, 2),
        ("sex=M", "absolute_error"): (10.0, 2),
        ("sex=M", "coverage"): (1.0, 2),  # at the bound is inside
    }
    assert not any(f.required for f in found)


@pytest.mark.parametrize(
    ("wait", "inside"), [(10.0, 1), (9.9, 0), (30.0, 1), (30.1, 0)]
)  # p5 and p95 are 9 and 31
def test_a_forecast_s_interval_is_that_of_eighty_percent(wait: float, inside: float) -> None:
    """Its bounds are p10 and p90, and belong to it."""
    found = reported_figures(scored([wait], [20.0]), "sex", np.array(["F"], object))
    assert {f.metric: f.value for f in found}["coverage"] == inside


def test_a_group_without_weight_has_no_figure() -> None:
    """It is undecided and not 0, and opens nothing."""
    found = reported_figures(scored([20.0], [20.0], weight=[0.0]), "sex", np.array(["F"], object))
    assert {(f.value, f.note, f.verdict) for f in found} == {(None, "not_a_number", Verdict.INCONCLUSIVE)}
    assert len(found) == 4


def test_who_left_unseen_counts_once_for_and_once_against() -> None:
    """Of four: one waited past the median, one not; one left before it and one after it."""
    test = scored(
        [30.0, 10.0, np.nan, np.nan, 30.0],
        [20.0, 20.0, 20.0, 20.0, np.nan],
        censored=[False, False, True, True, False],
        waited=[np.nan, np.nan, 20.0, 21.0, np.nan],
    )
    (found,) = worst_case_of_censored(test, "sex", np.array(["F"] * 5, object))  # the last has no forecast
    assert found.value == 0.75
    assert found.interval == (0.5, 0.75)
    assert (found.n, found.required, found.verdict) == (4, False, Verdict.PASS)


def test_a_validation_set_of_one_row_lets_expect_as_many_as_the_test_set_has() -> None:
    """Twenty rows for that one: four of them are fewer than half of the twenty that it takes."""
    found = groups({"F": 16, "M": 4}, {"M": 1}).sort_out("loss", 20)[1]
    assert notes(found)["sex=M"] == ("missing_group", True, 16)


def test_figures_do_not_depend_on_the_unit_of_weights_and_nobody_has_none() -> None:
    """Two rows of an eighth each: the means are those of two whole rows, and their weight is said."""
    known = scored([20.0, 60.0], [25.0, 30.0], weight=[0.125, 0.125])
    found = {f.metric: f for f in reported_figures(known, "sex", np.array(["F", "F"], object))}
    assert (found["mean_outcome"].value, found["bias"].value) == (40.0, 12.5)
    assert {f.weight for f in found.values()} == {0.25}
    assert reported_figures(scored([], []), "sex", np.empty(0, object)) == []


def test_a_wait_as_long_as_the_median_was_not_under_predicted() -> None:
    """Nor is it in the worst case; group by group."""
    test = scored([20.0, 21.0, 9.0], [20.0, 20.0, 20.0])
    found = worst_case_of_censored(test, "sex", np.array(["F", "F", "M"], object))
    assert [(f.group, f.value, f.interval, f.n) for f in found] == [
        ("sex=F", 0.5, (0.5, 0.5), 2),
        ("sex=M", 0.0, (0.0, 0.0), 1),
    ]
