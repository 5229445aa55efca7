"""The hospital total explained further: why it differs from another, and how uncertain it is; sums over its units."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hospital.dataset.quantiles import LEVELS
from hospital.times import DAY, HOUR, moment
from registry.explanations.contrast import contrast_totals
from registry.explanations.players import PLAYERS
from registry.explanations.total_basis import TotalBasis
from registry.explanations.total_uncertainty import explain_total
from registry.explanations.uncertainty import moves_of
from registry.model.forecast_model import Rows
from registry.model.hospital_total import sums_of
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.question_records import BedQuestion, ExplainOptions
from tests.support.ward_census import END, HORIZONS, WardService

LOW, HIGH = LEVELS.index(0.1), LEVELS.index(0.9)


def totals(wards: WardService, status: int = 200, **more: Any) -> Any:
    """The hospital's forecasts at both horizons; of another status the whole answer."""
    body = {"units": [], "horizons_hours": list(HORIZONS), "hospital": True, **more}
    answer = wards.ask("/v1/bed-demand", body, status)
    if status != 200:
        return answer
    assert [f["horizon_hours"] for f in answer["hospital"]] == list(HORIZONS)
    return answer["hospital"]


def added(told: dict[str, Any]) -> float:
    """What an explanation adds to where it starts."""
    parts = [c["contribution"] for c in told["contributions"] + told["adjustments"]]
    return float(sum(parts) + told["other"])


def bases(wards: WardService, release: LoadedModel, at: int = END) -> list[TotalBasis]:
    """What the totals at both horizons are made of."""
    explain = ExplainOptions(0, "typical", "fr", basis=True)
    question = BedQuestion((), HORIZONS, at, (), explain, hospital=True)
    with wards.parts.engine.connect() as connection:
        made = wards.parts.forecaster.hospital(release, connection, question, END)
    found = [f.basis for f in made if f.basis is not None]
    assert len(found) == len(HORIZONS)
    return found


@pytest.mark.parametrize("days_ago", [1, 7])
def test_the_difference_of_two_totals_adds_up(wards: WardService, days_ago: int) -> None:
    """To a millionth of a bed, feature by feature and group by group, in words of the whole hospital."""
    at = moment(END - days_ago * DAY).isoformat()
    then = totals(wards, at=at)
    now = totals(wards, explain={"reference": {"at": at}, "top": 3, "language": "fr"})
    for before, after in zip(then, now, strict=True):
        told = after["explanation"]
        assert abs(told["base"] - before["beds"]["p50"]) <= 1e-9
        assert abs(added(told) - (after["beds"]["p50"] - before["beds"]["p50"])) <= 1e-6
        assert told["reference"] == {"at": at}
        features = sum(c["contribution"] for c in told["contributions"]) + told["other"]
        assert sum(g["contribution"] for g in told["groups"]) == pytest.approx(features, abs=1e-9)
        assert {a["name"] for a in told["adjustments"]} == {
            "start",
            "calibration",
            "floor",
            "mean_above_p50",
            "units",
        }
        assert told["reasons"][0].startswith("Au départ, la prévision faite ")
    assert max(abs(added(f["explanation"])) for f in now) > 0.5


def test_a_total_that_was_given_is_compared_with_as_it_was_given(wards: WardService) -> None:
    """With what the caller said of a unit then, and at another horizon; it is also explained again by itself."""
    row = {"unit": "B", "at": moment(END - HOUR).isoformat(), "occupied": 45, "staffed": 30}
    given = totals(wards, observations=[row])[1]
    reference = {"prediction_id": given["prediction_id"]}
    body = {"reference": reference, "language": "en"}
    (now, _) = totals(wards, explain=body)
    told = now["explanation"]
    assert told["base"] == given["beds"]["p50"]
    assert abs(added(told) - (now["beds"]["p50"] - given["beds"]["p50"])) <= 1e-6
    assert "are not of the same time" in told["reasons"][-1]
    for of, served in (
        ("p50", given["beds"]["p50"]),
        ("interval", given["beds"]["p90"] - given["beds"]["p10"]),
        ("tension", given["tension_probability"]),
    ):
        again = wards.ask("/v1/explanations", {**reference, "explain": {"of": of}})["explanation"]
        assert abs(again["base"] + added(again) - served) <= (1e-4 if of == "p50" else 1e-6)


def test_units_of_one_total_alone_are_a_part_of_their_own(wards: WardService, release: LoadedModel) -> None:
    """A total of three wards less that of two of them is the third ward's mean, and nothing else differs."""
    [whole, _] = bases(wards, release)
    both = (whole.rows, whole.answered, whole.staffed)
    two = TotalBasis.of(
        whole.model, whole.total, whole.units[:2], both, np.array([0, 1]), whole.horizon_hours, p50=1.0
    )
    for later, earlier, sign in ((whole, two, 1.0), (two, whole, -1.0)):
        found = contrast_totals(later, earlier)
        mean = float(whole.answered.quantiles[2].mean())
        assert found.adjustments["units"] == pytest.approx(sign * mean, abs=1e-9)
        others = [v for n, v in found.adjustments.items() if n != "units"]
        assert max(map(abs, [*others, *found.contributions])) < 1e-9


@pytest.mark.parametrize("top", [0, 3, 50])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_width_and_the_tension_of_a_total_add_up(wards: WardService, top: int, language: str) -> None:
    """To a millionth, whatever is shown; in words."""
    for of in ("interval", "tension"):
        for forecast in totals(wards, explain={"of": of, "top": top, "language": language}):
            told, beds = forecast["explanation"], forecast["beds"]
            served = beds["p90"] - beds["p10"] if of == "interval" else forecast["tension_probability"]
            assert abs(told["base"] + added(told) - served) <= 1e-6
            assert len(told["contributions"]) == min(top, PLAYERS)
            assert (told["of"], told["unit"]) == (of, "beds" if of == "interval" else "probability")
            lead = {
                "fr": ("L'incertitude est ", "Manquer de lits armés est "),
                "en": ("The uncertainty is ", "Too few staffed beds are "),
            }[language]
            assert told["reasons"][0].startswith(lead)


def test_where_it_starts_is_the_total_of_usual_values(wards: WardService, release: LoadedModel) -> None:
    """Forecast by the model itself with every feature usual in every ward, and no interval stretched."""
    for basis in bases(wards, release):
        moves = moves_of(basis.of_units, basis.staffed)
        usual, model = moves.usual, basis.model
        column = [f.name for f in model.features].index("demand_now")
        start = basis.rows.offset - (basis.rows.X.astype(np.float64) - usual)[:, column]
        rows = Rows(**{**vars(basis.rows), "X": usual, "offset": start, "width": np.ones(len(usual))})
        quantiles = model.quantiles(rows)
        sums = sums_of(quantiles, np.zeros(len(usual), np.int64), 1)
        total = basis.total.forecast(sums, np.array([basis.horizon_hours]))[0]
        found = explain_total(basis, "interval")
        assert found.base[0] == pytest.approx(total[HIGH] - total[LOW], abs=1e-9)


def test_a_total_of_baselines_has_no_feature(
    wards: WardService, release: LoadedModel, tmp_path: Path
) -> None:
    """Recent errors alone may have stretched it; the difference of two is that of where they start."""
    outside = WardService.of(replace(release, scope=frozenset()), tmp_path)
    for of in ("interval", "tension"):
        for forecast in totals(outside, explain={"of": of, "language": "fr"}):
            told, beds = forecast["explanation"], forecast["beds"]
            served = beds["p90"] - beds["p10"] if of == "interval" else forecast["tension_probability"]
            assert abs(told["base"] + added(told) - served) <= 1e-6
            assert (told["contributions"], told["other"]) == ([], 0.0)
            assert told["reasons"][0].startswith("La prévision de référence répond")
    reference = {"at": moment(END - 2 * DAY).isoformat()}
    for forecast in totals(outside, explain={"reference": reference}):
        assert forecast["explanation"]["contributions"] == []
        assert (
            abs(forecast["explanation"]["base"] + added(forecast["explanation"]) - forecast["beds"]["p50"])
            <= 1e-6
        )


def test_what_a_total_cannot_be_asked_is_refused_by_its_place(wards: WardService) -> None:
    """A unit's prediction beside the total, the total's beside a unit, a lever, a probability of unknown beds."""
    (unit,) = wards.beds("A")["forecasts"]
    whole = totals(wards)[0]
    refused = totals(wards, 422, explain={"reference": {"prediction_id": unit["prediction_id"]}})
    assert [(e["path"], e["code"]) for e in refused["errors"]] == [("hospital", "another_unit")]
    body = {"units": ["A"], "horizons_hours": [24.0]}
    asked = {**body, "explain": {"reference": {"prediction_id": whole["prediction_id"]}}}
    refused = wards.ask("/v1/bed-demand", asked, 422)
    assert [(e["path"], e["code"]) for e in refused["errors"]] == [("units[0]", "another_unit")]
    lever = {"prediction_id": whole["prediction_id"], "at_most": 5.0}
    assert wards.ask("/v1/counterfactuals", lever, 422)["code"] == "of_units_only"
