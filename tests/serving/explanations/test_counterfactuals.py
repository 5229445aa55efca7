"""What the model would say if levers stood elsewhere: the least change, against every count there is."""

import itertools
import re
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hospital.features.dictionary import Kind, kind
from registry.explanations.basis import Basis
from registry.explanations.counterfactual import Goal, counterfactuals
from registry.explanations.levers import LEVERS, TABLE, Lever, LeverTable, ranges
from registry.explanations.uncertainty import tension_of
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.question_records import BedQuestion, ExplainOptions
from serving.releases.releases_in_use import Releases
from tests.support.serving_fakes import FakeReleases
from tests.support.ward_census import HORIZONS, UNITS, WardService, ward_census

_P50 = 9


@pytest.fixture
def bases(service: WardService, release: LoadedModel) -> list[Basis]:
    """What the forecasts of all wards and horizons are made of."""
    explain, now = ExplainOptions(6, "typical", "fr", basis=True), service.parts.clock.now()
    with service.parts.engine.connect() as connection:
        question = BedQuestion(UNITS, HORIZONS, now, (), explain)
        made = service.parts.forecaster.bed_demand(release, connection, question, now)
    return [f.basis for f in made if f.basis is not None]


def _more(feature: str) -> Kind | None:
    """The dictionary, but for one count more that somebody can act on."""
    return Kind(lever=True) if feature == "demand_change_24h" else kind(feature)


_STAFFED_BEDS = LEVERS[2]
_OPERATIONS = Lever("operations", "bed-demand", "staffed_now", {})
_NURSES = Lever("nurses", "bed-demand", "demand_change_24h", {})
THREE = LeverTable((_STAFFED_BEDS, _OPERATIONS, _NURSES), _more)
"""With two more counts that these wards' census gives: a hospital with more tables has other levers."""


def _numbers(basis: Basis, of: str, chosen: dict[str, float]) -> float:
    """What the model says of counts, from a row that is made value by value."""
    row, names = basis.row, [f.name for f in basis.model.features]
    X, staffed = row.X.copy(), basis.staffed
    for name, value in chosen.items():
        lever = next(one for one in THREE.levers if one.name == name)
        X[0, names.index(lever.feature)] = value
        if name == "staffed_beds":
            X[0, names.index("free_then")] = value - float(row.X[0, names.index("demand_now")])
            staffed = value
    quantiles = basis.model.quantiles(replace(row, X=X))
    if of == "tension":
        return float(tension_of(basis.model, row, quantiles, np.array([staffed]))[0])
    return float(quantiles[0, _P50])


def _least(basis: Basis, goal: Goal, names: tuple[str, ...], table: LeverTable = TABLE) -> float:
    """The least change of all these levers at once that reaches a goal, by trying every count of each."""
    found = {r.lever.name: r for r in ranges(basis, table=table)}
    best = np.inf
    for counts in itertools.product(*(found[n].counts for n in names)):
        changes = [abs(c - (found[n].now or 0.0)) for n, c in zip(names, counts, strict=True)]
        if all(changes) and sum(changes) < best:
            number = _numbers(basis, goal.of, dict(zip(names, counts, strict=True)))
            if goal.reached(np.array([number]))[0]:
                best = sum(changes)
    return float(best)


@pytest.mark.parametrize("of", ["p50", "tension"])
@pytest.mark.parametrize("least", [True, False])
def test_one_lever_is_the_least_change_of_all_counts(bases: list[Basis], of: Any, least: bool) -> None:
    """Goals near and far, some of them out of reach: the same as of every count that has been seen."""
    outcomes = set()
    for basis in bases:
        now = _numbers(basis, of, {})
        for step in (0.01, 0.1, 0.4, 3.0) if of == "p50" else (0.01, 0.05, 0.2, 0.9):
            goal = Goal(of, least, now + step if least else now - step)
            found = counterfactuals(basis, goal, seconds=60.0)
            changes = [abs(c.changes["staffed_beds"] - (found.ranges[0].now or 0.0)) for c in found.results]
            expected = _least(basis, goal, ("staffed_beds",))
            outcomes.add(np.isfinite(expected))
            assert changes == ([expected] if np.isfinite(expected) else [])
            for one in found.results:
                assert goal.reached(np.array([one.number]))[0]
                assert one.number == pytest.approx(_numbers(basis, of, dict(one.changes)), abs=1e-9)
    assert outcomes == {True, False}


@pytest.mark.parametrize("of", ["p50", "tension"])
def test_two_levers_are_the_least_change_of_all_counts(bases: list[Basis], of: Any) -> None:
    """Only where one of them alone changes more, or cannot; every pair against every pair of counts."""
    pairs = 0
    for basis in bases:
        for goal in _goals_of_two(basis, of):
            found = counterfactuals(basis, goal, seconds=60.0, table=THREE)
            assert found.complete
            now_of = {r.lever.name: r.now or 0.0 for r in found.ranges}
            single = {n: _least(basis, goal, (n,), THREE) for n in now_of}
            for names in itertools.combinations(single, 2):
                expected = _least(basis, goal, names, THREE)
                made = [c for c in found.results if set(c.changes) == set(names)]
                better = expected < min(single[n] for n in names)
                pairs += better
                changes = [sum(abs(v - now_of[n]) for n, v in c.changes.items()) for c in made]
                assert changes == ([expected] if better else [])
    assert pairs > 0


def _goals_of_two(basis: Basis, of: Any) -> list[Goal]:
    """Goals between the best that one lever reaches and the best of two, where two reach more; and a near one."""
    found = {r.lever.name: r for r in ranges(basis, table=THREE)}
    now = _numbers(basis, of, {})
    singles = [_numbers(basis, of, {n: c}) for n, r in found.items() for c in r.counts]
    goals = [Goal(of, True, now + 0.01)]
    for a, b in itertools.combinations(found, 2):
        grid = itertools.product(found[a].counts, found[b].counts)
        numbers = [_numbers(basis, of, {a: x, b: y}) for x, y in grid]
        if max(numbers) > max(singles):
            goals.append(Goal(of, True, (max(numbers) + max(singles)) / 2))
        if min(numbers) < min(singles):
            goals.append(Goal(of, False, (min(numbers) + min(singles)) / 2))
    return goals[:3]


def test_counts_that_a_ward_has_not_had_are_not_tried(bases: list[Basis]) -> None:
    """Each ward's own: another has more beds."""
    census = ward_census()
    for basis in bases:
        (found,) = ranges(basis)
        unit = basis.model.manifest.units[int(basis.row.cell[0]) // len(HORIZONS)].unit
        staffed = census.loc[census["unit"] == unit, "staffed"]
        assert staffed.min() <= found.counts.min() <= found.counts.max() <= staffed.max()


def test_only_what_the_dictionary_marks_is_a_lever(bases: list[Basis]) -> None:
    """Every lever's feature is marked; one that no longer is is neither named nor tried."""
    marked = [kind(lever.feature) for lever in LEVERS]
    assert all(found is not None and found.lever for found in marked)
    assert [r.lever.name for r in ranges(bases[0])] == ["staffed_beds"]
    unmarked = LeverTable(kind_of=lambda feature: Kind() if feature == "staffed_then" else kind(feature))
    now = _numbers(bases[0], "p50", {})
    found = counterfactuals(bases[0], Goal("p50", True, now + 0.01), seconds=60.0, table=unmarked)
    assert (found.ranges, found.results) == ((), ())


def test_the_search_for_two_stops_when_its_time_is_up(bases: list[Basis]) -> None:
    """And says so: what was not tried is not called out of reach."""
    found = counterfactuals(bases[0], Goal("p50", True, 10_000.0), seconds=-1.0, table=THREE)
    assert (found.results, found.complete) == ((), False)


def test_five_take_less_than_a_tenth_of_a_second(bases: list[Basis]) -> None:
    """With three levers and their pairs, in processor time: others may work on this machine, too."""
    now = _numbers(bases[0], "p50", {})
    counterfactuals(bases[0], Goal("p50", True, now + 0.3), seconds=0.08, table=THREE)
    begin = time.process_time()
    counterfactuals(bases[0], Goal("p50", True, now + 0.3), seconds=0.08, table=THREE)
    assert time.process_time() - begin < 0.1


class TestAsked:
    """POST /v1/counterfactuals."""

    def test_it_says_what_the_model_would_say(self, service: WardService) -> None:
        """Each sentence with its counts and numbers, no word of a cause, and a caveat."""
        (made,) = service.beds("B")["forecasts"]
        body = {"prediction_id": made["prediction_id"], "of": "tension", "language": "fr"}
        now = made["tension_probability"]
        goals = ({"at_most": 0.9 * now}, {"at_least": now + 0.0005}, {"at_least": 0.999})
        answers = [service.ask("/v1/counterfactuals", {**body, **goal}) for goal in goals]
        reached = [a for a in answers if a["outcome"] == "reached"]
        assert reached
        for answer in reached:
            assert [lever["lever"] for lever in answer["levers"]] == ["staffed_beds"]
            assert answer["served"] == made["tension_probability"]
            for one in answer["counterfactuals"]:
                (change,) = one["changes"]
                assert f"{change['count']:g} lit" in one["sentence"]
                assert "le modèle dirait" in one["sentence"]
        said = " ".join(s for a in answers for s in a["sentences"])
        assert not re.search(r"parce que|cause|grâce|entraîne|il faut|devrait|réduit", said)
        assert all("pas un conseil" in a["sentences"][-1] for a in answers)

    def test_no_count_that_has_been_seen_is_an_answer(self, service: WardService) -> None:
        """And so is that the number is as it is to be already."""
        (made,) = service.beds("A")["forecasts"]
        asked = {"prediction_id": made["prediction_id"], "language": "en"}
        never = service.ask("/v1/counterfactuals", {**asked, "at_least": 500})
        assert (never["outcome"], never["counterfactuals"]) == ("out_of_reach", [])
        for language, first in (("en", "With values of these levers"), ("fr", "Avec les valeurs déjà vues")):
            answer = service.ask("/v1/counterfactuals", {**asked, "at_least": 500, "language": language})
            assert answer["sentences"][0].startswith(first)
            tried = [lever for lever in answer["levers"] if lever["least"] is not None]
            assert tried
            for lever in tried:
                between = {"fr": "à", "en": "to"}[language]
                counts = f"{lever['least']:g} {between} {lever['most']:g}"
                name = lever["label"][:1].lower() + lever["label"][1:]
                assert re.search(rf"{name}[\u00a0]?: {counts}", answer["sentences"][0])
        already = service.ask("/v1/counterfactuals", {**asked, "at_most": 500})
        assert already["outcome"] == "already"

    @pytest.mark.parametrize(
        ("asked", "first", "warned"),
        [
            ("de", "Avec les valeurs", True),
            ("en-GB", "With values", False),
            ("FR_ca", "Avec les valeurs", False),
        ],
    )
    def test_a_language_that_is_not_there_is_french_with_a_warning(
        self, service: WardService, asked: str, first: str, warned: bool
    ) -> None:
        """As of a forecast: here, and where a prediction is explained again."""
        (made,) = service.beds("A")["forecasts"]
        of = {"prediction_id": made["prediction_id"]}
        answer = service.ask("/v1/counterfactuals", {**of, "at_least": 500, "language": asked})
        assert answer["sentences"][0].startswith(first)
        again = service.ask("/v1/explanations", {**of, "explain": {"language": asked}})
        for warnings in (answer["warnings"], again["warnings"]):
            assert [w.startswith("La langue demandée") for w in warnings] == [True] * warned

    def test_a_baseline_reads_no_lever(self, service: WardService, release: LoadedModel) -> None:
        """It answers outside the scope."""
        outside = replace(release, scope=frozenset())
        service.parts.releases = Releases(FakeReleases({"bed-demand": outside, "wait-time": None}))
        vars(service.parts).pop("forecasts", None)
        (made,) = service.beds("A")["forecasts"]
        asked = {"prediction_id": made["prediction_id"], "at_least": 500, "language": "en"}
        answer = service.ask("/v1/counterfactuals", asked)
        assert (answer["outcome"], answer["levers"]) == ("no_lever", [])
        assert answer["sentences"][0].startswith("The baseline answers")

    @pytest.mark.parametrize(
        ("more", "faults"),
        [
            ({}, [("at_most", "one_goal")]),
            ({"at_most": 1.0, "at_least": 2.0}, [("at_most", "one_goal")]),
            ({"of": "tension", "at_most": 2.0}, [("at_most", "out_of_range")]),
            ({"at_most": 2.0, "levers": ["doctors", "doctors"]}, [("levers", "repeated")]),
        ],
    )
    def test_bad_questions_are_problems(
        self, service: WardService, more: dict[str, Any], faults: list[tuple[str, str]]
    ) -> None:
        """With every fault and its place."""
        refused = service.ask("/v1/counterfactuals", {"prediction_id": "0" * 24, **more}, 422)
        assert [(e["path"], e["code"]) for e in refused["errors"]] == faults

    def test_an_application_asks_about_its_own_alone(self, service: WardService) -> None:
        """As it reads its own alone; both resources."""
        body = {"units": ["A"], "horizons_hours": [24.0]}
        made = service.ask("/v1/bed-demand", body, role="operator")["forecasts"][0]["prediction_id"]
        asked = {"prediction_id": made}
        assert (
            service.ask("/v1/counterfactuals", {**asked, "at_most": 1.0}, 404)["code"] == "unknown_prediction"
        )
        assert service.ask("/v1/explanations", asked, 404)["code"] == "unknown_prediction"
        assert service.ask("/v1/explanations", asked, role="operator")["explanation"]["of"] == "p50"
