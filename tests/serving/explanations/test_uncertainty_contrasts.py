"""Why a forecast is more or less uncertain than another: what is said adds up to the difference of the two numbers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hospital.times import DAY, HOUR, moment
from registry.explanations.basis import Basis
from registry.explanations.players import PLAYERS
from registry.explanations.uncertainty_contrast import contrast_uncertainty
from registry.model.forecast_model import Rows
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.question_records import BedQuestion, ExplainOptions
from tests.support.ward_census import END, HORIZONS, WardService


def number(forecast: dict[str, Any], of: str) -> float:
    """What is explained of a forecast."""
    beds = forecast["beds"]
    return float(beds["p90"] - beds["p10"] if of == "interval" else forecast["tension_probability"])


def reached(told: dict[str, Any]) -> float:
    """What an explanation adds up to."""
    parts = [c["contribution"] for c in told["contributions"] + told["adjustments"]]
    return float(told["base"] + sum(parts) + told["other"])


def bases(wards: WardService, release: LoadedModel, at: int) -> list[Basis]:
    """What the forecasts of all wards and horizons are made of."""
    explain = ExplainOptions(0, "typical", "fr", basis=True)
    question = BedQuestion(("A", "B", "C"), HORIZONS, at, (), explain)
    with wards.parts.engine.connect() as connection:
        made = wards.parts.forecaster.bed_demand(release, connection, question, END)
    return [f.basis for f in made if f.basis is not None]


@pytest.mark.parametrize("of", ["interval", "tension"])
@pytest.mark.parametrize("hours", [24.0, 72.0])
@pytest.mark.parametrize("days_ago", [2, 7])
def test_the_difference_of_two_numbers_adds_up(
    wards: WardService, of: str, hours: float, days_ago: int
) -> None:
    """From the number of then to that of now, to a millionth; a week ago is the forecast made a week ago."""
    at = moment(END - days_ago * DAY).isoformat()
    then = wards.beds("ABC", hours, at=at)["forecasts"]
    references = [{"at": at}, "last_week"] if days_ago == 7 else [{"at": at}]
    for reference in references:
        for top in (0, 2, 50):
            explain = {"of": of, "reference": reference, "top": top, "language": "fr"}
            now = wards.beds("ABC", hours, explain=explain)["forecasts"]
            for before, after in zip(then, now, strict=True):
                told = after["explanation"]
                assert abs(told["base"] - number(before, of)) <= 1e-9
                assert abs(reached(told) - number(after, of)) <= 1e-6
                assert (told["of"], told["reference"]) == (of, reference)
                assert len(told["contributions"]) <= min(top, PLAYERS)
                lead, first = told["reasons"][:2]
                assert " la prévision faite le " in lead
                assert first.startswith("Au départ, la ")


def test_a_prediction_that_was_given_is_compared_with(wards: WardService) -> None:
    """At another horizon, with other counts of beds; also of a prediction that was given itself."""
    row = {"unit": "B", "at": moment(END - HOUR).isoformat(), "occupied": 39, "staffed": 30}
    (before,) = wards.beds("B", 72.0, observations=[row])["forecasts"]
    reference = {"prediction_id": before["prediction_id"]}
    for of in ("interval", "tension"):
        (after,) = wards.beds("B", explain={"of": of, "reference": reference, "language": "en"})["forecasts"]
        told = after["explanation"]
        assert told["base"] == pytest.approx(number(before, of), abs=1e-9)
        assert abs(reached(told) - number(after, of)) <= 1e-6
        assert "are not of the same time" in told["reasons"][-1]
        again = {"prediction_id": after["prediction_id"], "explain": {"of": of, "reference": reference}}
        assert wards.ask("/v1/explanations", again)["explanation"]["base"] == told["base"]


def test_the_same_forecast_is_as_uncertain(wards: WardService) -> None:
    """Nothing is added, and both languages say so."""
    (before,) = wards.beds("A")["forecasts"]
    for language, said in (("fr", "L'incertitude est celle de la"), ("en", "The uncertainty is that of the")):
        explain = {
            "of": "interval",
            "reference": {"prediction_id": before["prediction_id"]},
            "language": language,
        }
        told = wards.beds("A", explain=explain)["forecasts"][0]["explanation"]
        assert len(told["reasons"]) == 2
        assert told["reasons"][0].startswith(said)


def test_what_is_no_feature_s_is_where_it_starts(wards: WardService, release: LoadedModel) -> None:
    """Three patients more and else the same: the width does not change, the probability by the start alone."""
    for earlier in bases(wards, release, END):
        rows = Rows(**{**vars(earlier.rows), "offset": earlier.rows.offset + 3.0})
        quantiles = earlier.model.quantiles(rows)
        later = replace(earlier, rows=rows, answered=replace(earlier.answered, quantiles=quantiles))
        for of in ("interval", "tension"):
            found = contrast_uncertainty(later, earlier, of)  # type: ignore[arg-type]
            assert np.abs(found.contributions).max() < 1e-12
            assert found.adjustments["recent_errors"] == pytest.approx(0.0, abs=1e-12)
            if of == "interval":
                assert found.adjustments["start"] == pytest.approx(0.0, abs=1e-9)
            else:
                assert found.adjustments["start"] > 0.0


def test_what_recent_errors_stretched_is_their_own(wards: WardService, release: LoadedModel) -> None:
    """An interval twice as wide about the same median, and nothing else."""
    for earlier in bases(wards, release, END):
        rows = Rows(**{**vars(earlier.rows), "width": 2.0 * earlier.rows.width})
        quantiles = earlier.model.quantiles(rows)
        later = replace(earlier, rows=rows, answered=replace(earlier.answered, quantiles=quantiles))
        found = contrast_uncertainty(later, earlier, "interval")
        assert found.adjustments["recent_errors"] == pytest.approx(found.base, abs=1e-9)
        assert found.adjustments["start"] == pytest.approx(0.0, abs=1e-9)
        assert np.abs(found.contributions).max() < 1e-12


def test_of_a_baseline_no_feature_says_anything(
    wards: WardService, release: LoadedModel, tmp_path: Path
) -> None:
    """Where either is a baseline's: where it starts and recent errors are all that differs."""
    outside = WardService.of(replace(release, scope=frozenset()), tmp_path)
    for of in ("interval", "tension"):
        then = outside.beds("AB", at=moment(END - 7 * DAY).isoformat())["forecasts"]
        now = outside.beds("AB", explain={"of": of, "reference": "last_week"})["forecasts"]
        for before, after in zip(then, now, strict=True):
            told = after["explanation"]
            assert told["contributions"] == []
            assert abs(told["base"] - number(before, of)) <= 1e-9
            assert abs(reached(told) - number(after, of)) <= 1e-6


def test_the_total_is_as_uncertain_as_is_usual_alone(wards: WardService) -> None:
    """Its width against another forecast is refused by its place, beside whatever else is wrong."""
    body = {"units": ["A"], "horizons_hours": [24.0], "hospital": True}
    explain = {"of": "interval", "reference": "last_week"}
    refused = wards.ask("/v1/bed-demand", {**body, "explain": explain}, 422)
    assert [(e["path"], e["code"]) for e in refused["errors"]] == [("hospital", "of_the_median_only")]
    ahead = {"of": "interval", "reference": {"at": moment(END + DAY).isoformat()}}
    refused = wards.ask("/v1/bed-demand", {**body, "explain": ahead}, 422)
    assert {e["path"] for e in refused["errors"]} == {"hospital", "explain.reference.at"}
    (given, *_) = wards.ask("/v1/bed-demand", body)["hospital"]
    asked = {"prediction_id": given["prediction_id"], "explain": explain}
    refused = wards.ask("/v1/explanations", asked, 422)
    assert [(e["path"], e["code"]) for e in refused["errors"]] == [
        ("explain.reference", "of_the_median_only")
    ]
