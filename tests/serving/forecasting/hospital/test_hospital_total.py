"""The hospital total as it is served: it adds up, is the sum of the units it names, and says what it rests on."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hospital.dataset.samples import bed_query
from hospital.features.bed_list import ALL_BED_FEATURES, of_all_units
from hospital.features.beds import BedFeatures
from hospital.features.lookback import lookback_days
from hospital.ingest.event_columns import columns_of, events_of
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.times import DAY, HOUR, instant, moment
from registry.cards.tension.tension_proof import TensionProof
from registry.model.forecast_model import ForecastModel
from registry.model.hospital.all_units import partly_unknown
from registry.record.database import writing
from registry.settings import Settings
from serving.forecasting.explanation_text import ExplanationTerms
from serving.forecasting.forecaster import make_forecaster
from serving.forecasting.hospital.hospital_explanation_text import HospitalExplanationText
from serving.forecasting.row_answers import FeatureRelations
from serving.gateway.service_parts import Parts
from serving.messages.forecast_protocol import LoadedModel, ServedUnit
from serving.messages.forecast_records import BedForecast, HospitalForecast
from serving.messages.judged_tension import JudgedTension
from serving.messages.question_records import BedQuestion, ExplainOptions
from serving.releases.releases_in_use import Releases
from serving.state.history_import import rows_since
from serving.state.observations import import_rows
from tests.support.few_trees import FEW_TREES
from tests.support.serving_fakes import FakeReleases, InProcess, make_parts
from training.packages.package_request import Request
from training.train import build_package

KEY = b"k" * 32
HORIZONS = (24.0, 72.0)
UNITS = ("A", "B", "C", "D", "E")
DAYS = 300
START = pd.Timestamp("2024-01-08T00:00", tz="Europe/Paris")
END = instant((START + pd.Timedelta(days=DAYS - 1, hours=2)).to_pydatetime())

Ask = Callable[..., dict[str, Any]]


def _census(days: int, *, without: dict[str, int] | None = None) -> pd.DataFrame:
    """A daily census of five wards whose weeks and levels move together; `without`: a ward's last days that lack."""
    rng, rows = np.random.default_rng(11), []
    level = 0.0
    for day in range(days):
        level = 0.8 * level + rng.normal()
        at = START + pd.DateOffset(days=day)
        for place, unit in enumerate(UNITS):
            if without and day >= days - without.get(unit, 0):
                continue
            week = (2, 3, 3, 2, 1, -2, -3)[day % 7]
            occupied = max(0, round(20 + 4 * place + week + level + 2 * rng.normal()))
            rows.append({"unit": unit, "at": at, "occupied": occupied, "staffed": 26 + 4 * place})
    return pd.DataFrame(rows)


def _tables(folder: Path, census: pd.DataFrame) -> HospitalTables:
    folder.mkdir(exist_ok=True)
    census.assign(received_at=census["at"] + pd.Timedelta(hours=1)).to_parquet(folder / "census.parquet")
    return read_hospital(folder, None, KEY)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    """A release that may speak for every unit and horizon."""
    root = tmp_path_factory.mktemp("model")
    request = Request("bed-demand", HORIZONS, hyperparameters=FEW_TREES)
    build_package(request, _tables(root / "data", _census(DAYS)), root / "p", lambda *_: None)
    engine = ForecastModel(root / "p")
    units = tuple(ServedUnit(u.unit, u.label, u.group) for u in engine.manifest.units)
    scope = frozenset((u.group, h) for u in units for h in HORIZONS)
    return LoadedModel("bed-demand", "1", "sha256:1", 1, 0, scope, units, HORIZONS, engine=engine)


def test_which_features_belong_together_is_found_once_for_a_model(model: LoadedModel) -> None:
    """It is the same for each of its answers, and a large part of what reasons of one visit cost where it is not."""
    assert model.engine is not None
    found = FeatureRelations.of(model.engine)
    assert FeatureRelations.of(model.engine) is found
    assert [found.groups[place] for place in found.place] == [f.group for f in model.engine.features]


def _service(
    folder: Path, census: pd.DataFrame, model: LoadedModel, units: pd.DataFrame | None = None
) -> tuple[Parts, dict[str, str]]:
    """A service that received a census, and its tokens."""
    tables = _tables(folder / "census", census)
    parts, tokens = make_parts(folder / "home")
    parts.releases = Releases(FakeReleases({"bed-demand": model, "wait-time": None}))
    parts.forecaster = make_forecaster(Settings(home=folder / "home"))
    parts.clock.instant = END  # type: ignore[attr-defined]
    with writing(parts.engine) as connection:
        for name, frame in tables.tables.items():
            if name == "units" and units is not None:
                frame = frame[frame["unit"].isin(units["unit"])]
            since = END - (lookback_days(name) + 10) * DAY
            import_rows(connection, name, rows_since(name, columns_of(frame, name), since))
    return parts, tokens


@pytest.fixture
def asked(model: LoadedModel, tmp_path: Path) -> Callable[..., Ask]:
    """A service on a census; asks it and gives the answer's body."""

    def serve(
        census: pd.DataFrame, changed: LoadedModel = model, *, units: pd.DataFrame | None = None
    ) -> Ask:
        parts, tokens = _service(tmp_path, census, changed, units)
        client = InProcess(parts)

        def ask(status: int = 200, **more: Any) -> dict[str, Any]:
            body = {"units": [], "horizons_hours": list(HORIZONS), "hospital": True, **more}
            headers = {"authorization": f"Bearer {tokens['application']}"}
            response = client.request("POST", "/v1/bed-demand", json=body, headers=headers)
            assert response.status_code == status, response.text
            found: dict[str, Any] = response.json()
            return found

        return ask

    return serve


def _adds_up(forecast: dict[str, Any]) -> None:
    told = forecast["explanation"]
    total = told["base"] + told["other"]
    total += sum(c["contribution"] for c in told["contributions"] + told["adjustments"])
    assert total == pytest.approx(forecast["beds"]["p50"], abs=1e-4)


@pytest.mark.parametrize("reference", ["typical", "last_week"])
def test_it_adds_up_and_is_the_sum_of_its_units(asked: Callable[..., Ask], reference: str) -> None:
    """To the reader: base, contributions and adjustments are the p50, the units' means are the mean."""
    explain = {"top": 3, "reference": reference, "language": "en"}
    answer = asked(_census(DAYS))(units=list(UNITS), explain=explain)
    assert len(answer["hospital"]) == len(HORIZONS)
    for hospital_total in answer["hospital"]:
        units = [f for f in answer["forecasts"] if f["horizon_hours"] == hospital_total["horizon_hours"]]
        _adds_up(hospital_total)
        assert [u["unit"] for u in hospital_total["units"]] == list(UNITS)
        assert sum(u["mean"] for u in hospital_total["units"]) == pytest.approx(
            hospital_total["mean"], abs=1e-9
        )
        # Its start is the units' starts, as those who ask for the units see them.
        assert hospital_total["explanation"]["base"] == pytest.approx(
            sum(f["explanation"]["base"] for f in units)
        )
        assert hospital_total["staffed"] == sum(f["staffed"] for f in units)
        assert 0 <= hospital_total["tension_probability"] <= 1
        low, high = (sum(f["beds"][p] for f in units) for p in ("p10", "p90"))
        assert hospital_total["beds"]["p90"] - hospital_total["beds"]["p10"] < high - low
        assert hospital_total["target_at"] == units[0]["target_at"]
        assert hospital_total["trust"] == {"status": "trusted", "warnings": []}
        assert "patients now in the hospital in total" in hospital_total["explanation"]["reasons"][0]


def test_each_probability_says_whether_the_check_showed_it_to_be_worth_it(
    asked: Callable[..., Ask], model: LoadedModel
) -> None:
    """By horizon, unit and total as the report has it, as `/v1/tension` says it."""
    proof = TensionProof(frozenset({24.0}), frozenset({("B", 24.0)}), frozenset({(None, 72.0)}))
    ask = asked(_census(DAYS), replace(model, judged=JudgedTension(exceedance=proof)))
    answer = ask(units=list(UNITS))
    found = {(f["unit"], f["horizon_hours"]): f["tension_calibrated"] for f in answer["forecasts"]}
    assert found == {(u, h): h == 24.0 and u != "B" for u in UNITS for h in HORIZONS}
    assert [f["tension_calibrated"] for f in answer["hospital"]] == [False, True]


def test_where_there_is_no_probability_nothing_is_said_of_it(asked: Callable[..., Ask]) -> None:
    """Staffed beds are unknown: neither a probability, nor that it would count."""
    for forecast in asked(_census(DAYS).drop(columns="staffed"))(units=list(UNITS))["forecasts"]:
        assert (forecast["tension_probability"], forecast["tension_calibrated"]) == (None, None)


def test_each_contribution_is_the_sum_of_its_units_and_values_are_those_of_all(
    asked: Callable[..., Ask],
) -> None:
    """Beds and patients are added, what is the same for all is said once, a share of a level is not said at all."""
    answer = asked(_census(DAYS))(
        units=list(UNITS), horizons_hours=[24], explain={"top": 1000, "language": "en"}
    )
    (hospital_total,) = answer["hospital"]
    told = {c["feature"]: c for c in hospital_total["explanation"]["contributions"]}
    each = [{c["feature"]: c for c in f["explanation"]["contributions"]} for f in answer["forecasts"]]
    for name, found in told.items():
        assert found["contribution"] == pytest.approx(sum(u[name]["contribution"] for u in each), abs=1e-9)
    assert told["demand_now"]["value"] == sum(u["demand_now"]["value"] for u in each)
    assert told["target_weekday"]["value"] == each[0]["target_weekday"]["value"]
    assert told["hospital_change_24h"]["value"] == pytest.approx(each[0]["hospital_change_24h"]["value"])
    assert told["unit"]["value"] is None
    assert told["change_24h_share"]["value"] is None
    assert not [r for r in hospital_total["explanation"]["reasons"] if "unknown" in r]


def test_what_is_the_same_for_all_units_is_so(model: LoadedModel) -> None:
    """Features that are said once for the hospital differ between no two units; those that are added do."""
    tables_events = _events()
    features = tuple(f for f in ALL_BED_FEATURES if f.name in {g.name for g in _features(model)})
    query = bed_query(np.array([END - 5 * DAY, END]), np.arange(len(UNITS)), HORIZONS)
    X = BedFeatures(tables_events, _features(model)).compute(query).reshape(2, len(UNITS), len(HORIZONS), -1)
    kinds = {of_all_units(f) for f in features}
    assert kinds == {"same", "sum", "none"}
    for j, feature in enumerate(_features(model)):
        same = np.array_equal(X[:, :1, :, j].repeat(len(UNITS), 1), X[:, :, :, j], equal_nan=True)
        if of_all_units(feature) == "same":
            assert same, feature.name
        elif not np.isnan(X[..., j]).all():
            assert not same, feature.name


def _features(model: LoadedModel) -> tuple[Any, ...]:
    assert model.engine is not None
    return model.engine.features


def _events() -> Any:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return events_of(_tables(Path(folder) / "d", _census(DAYS)))


def test_units_outside_the_scope_are_named_with_their_share(
    asked: Callable[..., Ask], model: LoadedModel
) -> None:
    """The baseline answers for them; the total still adds up, and is no longer trusted."""
    groups = {u.unit: u.group for u in model.units}
    scope = frozenset(c for c in model.scope if c[0] not in (groups["D"], groups["E"]))
    answer = asked(_census(DAYS), replace(model, scope=scope))(explain={"language": "en"})
    for hospital_total in answer["hospital"]:
        _adds_up(hospital_total)
        assert {u["unit"]: u["answered_by"] for u in hospital_total["units"]} == {
            **dict.fromkeys("ABC", "model"),
            **dict.fromkeys("DE", "baseline"),
        }
        share = (
            sum(u["mean"] for u in hospital_total["units"] if u["answered_by"] == "baseline")
            / hospital_total["mean"]
        )
        assert hospital_total["trust"]["status"] == "baseline"
        assert hospital_total["trust"]["warnings"] == [
            "Outside the trusted scope, the baseline answers for 2 of 5 units "
            f"({100 * share:.0f}% of the beds)."
        ]


@pytest.mark.parametrize("outside", ["", "E"])
def test_units_that_the_baseline_answers_leave_the_comparison(
    asked: Callable[..., Ask], model: LoadedModel, outside: str
) -> None:
    """What is usual of all units is known, whoever answers for them."""
    groups = {u.unit: u.group for u in model.units}
    scope = frozenset(c for c in model.scope if c[0] not in {groups[unit] for unit in outside})
    answer = asked(_census(DAYS), replace(model, scope=scope))(
        units=["A"], explain={"language": "en", "top": 50}
    )
    for unit, hospital_total in zip(answer["forecasts"], answer["hospital"], strict=True):
        told = hospital_total["explanation"]
        assert told["compared_with"]["hour"] == unit["explanation"]["compared_with"]["hour"]
        words = unit["explanation"]["reasons"][0].partition(" usually ")[2]
        assert words
        assert told["reasons"][0].endswith(f" usually {words}")
        usual = {c["feature"]: c["reference_value"] for c in told["contributions"]}
        assert 0.8 < usual["demand_now"] / sum(u["mean"] for u in hospital_total["units"]) < 1.25


def test_where_the_baseline_answers_for_every_unit_nothing_is_compared(
    asked: Callable[..., Ask], model: LoadedModel
) -> None:
    """And the first sentence says which baseline that is."""
    answer = asked(_census(DAYS), replace(model, scope=frozenset()))(explain={"language": "en"})
    assert answer["hospital"]
    for hospital_total in answer["hospital"]:
        _adds_up(hospital_total)
        told = hospital_total["explanation"]
        assert told["compared_with"] is None
        first = told["reasons"][0]
        assert first.startswith("Baseline, ") or first.endswith(" usually")


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "un dimanche ou un jour férié"), ("en", "Sundays and public holidays")]
)
def test_a_total_on_a_public_holiday_says_so(asked: Callable[..., Ask], language: str, words: str) -> None:
    """As its units do: All Saints' Day counts as a Sunday, and is none."""
    at = moment(END - DAY).isoformat()
    answer = asked(_census(DAYS))(units=["A"], at=at, explain={"language": language})
    for forecast in (*answer["forecasts"], *answer["hospital"]):
        assert words in forecast["explanation"]["reasons"][0]


def test_a_value_that_some_units_lack_is_said_to_be_unknown_in_just_these() -> None:
    """Of a sum one unit of five lacks; what none knows is unknown, what all know is added."""
    features = tuple(f for f in ALL_BED_FEATURES if f.name in ("expected_departures", "demand_now", "hour"))
    departures = [f.name for f in features].index("expected_departures")
    values = np.ones((5, len(features)))
    assert partly_unknown(values, features) == {}
    values[2, :] = np.nan
    found = partly_unknown(values, features)
    assert found[departures] == (1, 5)
    assert {features[c].name for c in found} == {"expected_departures", "demand_now"}
    for lacking, french, english in (
        (1, "valeur inconnue pour une des 5 unités", "unknown in one of 5 units"),
        (3, "valeur inconnue pour 3 des 5 unités", "unknown in 3 of 5 units"),
    ):
        unknown = {departures: (lacking, 5)}
        terms = ExplanationTerms([departures], [np.nan], [4.0], [2.0], 0.0, 30.0, {}, partly_unknown=unknown)
        for language, words in (("fr", french), ("en", english)):
            options = ExplainOptions(3, "typical", language)  # type: ignore[arg-type]
            text_of = HospitalExplanationText(features, options.language)
            label = features[departures].label(options.language)
            said = text_of.explanation(terms, options, 30.0)["reasons"][1]
            assert said.startswith(f"{label}, {words}")
    assert partly_unknown(np.full((5, len(features)), np.nan), features) == {}


def test_a_unit_whose_level_fell_degrades_the_total(asked: Callable[..., Ask]) -> None:
    """Its own answer says that its intervals do not hold, and so does the sum that it is in."""
    census = _census(DAYS)
    fallen = (census["unit"] == "E") & (census["at"] >= census["at"].max() - pd.Timedelta(days=9))
    census.loc[fallen, "occupied"] -= 22
    answer = asked(census)(units=["A", "E"], explain={"language": "en"})
    status = {(f["unit"], f["horizon_hours"]): f["trust"]["status"] for f in answer["forecasts"]}
    assert {status["E", hours] for hours in HORIZONS} == {"degraded"}
    assert {status["A", hours] for hours in HORIZONS} == {"trusted"}
    for hospital_total in answer["hospital"]:
        assert hospital_total["trust"]["status"] == "degraded"
        assert hospital_total["trust"]["warnings"][0].startswith(
            "The level of one of 5 units may have changed"
        )


def test_a_unit_of_which_nothing_was_received_is_missing_and_said_so(asked: Callable[..., Ask]) -> None:
    """Silent for a week: left out and the forecast degraded; for five weeks: closed. Sent with the request: there."""
    ask = asked(_census(DAYS, without={"B": 7, "E": 35}))
    for hospital_total in ask(explain={"language": "en"})["hospital"]:
        _adds_up(hospital_total)
        assert [u["unit"] for u in hospital_total["units"]] == ["A", "C", "D"]
        assert hospital_total["trust"]["status"] == "degraded"
        assert hospital_total["trust"]["warnings"] == [
            "Units missing from the sum, of which nothing recent was received: 1.",
            "Units that count as closed, of which nothing was received for 28 days: 1.",
        ]
    row = {"unit": "B", "at": moment(END - HOUR).isoformat(), "occupied": 24, "staffed": 30}
    (hospital_total,) = ask(observations=[row], horizons_hours=[24], explain={"language": "en"})["hospital"]
    assert [u["unit"] for u in hospital_total["units"]] == ["A", "B", "C", "D"]
    assert "missing" not in " ".join(hospital_total["trust"]["warnings"])
    for hospital_total in ask(explain={"language": "fr"})["hospital"]:
        assert (
            "patients maintenant dans tout l'établissement, présents ou en attente d'un lit\u00a0; d'ici "
            in hospital_total["explanation"]["reasons"][0]
        )
        assert len(hospital_total["trust"]["warnings"]) == 2


def test_a_ward_that_the_model_does_not_know_is_said_to_be_missing(asked: Callable[..., Ask]) -> None:
    """Opened after training: its patients are in no sum."""
    census = _census(DAYS)
    opened = census[census["unit"] == "A"].tail(20).assign(unit="NEW", occupied=9)
    (hospital_total, _) = asked(pd.concat([census, opened]))(explain={"language": "en"})["hospital"]
    assert [u["unit"] for u in hospital_total["units"]] == list(UNITS)
    assert hospital_total["trust"]["status"] == "degraded"
    assert hospital_total["trust"]["warnings"] == [
        "Units missing from the sum, which the model or the table of units does not know: NEW (9\u00a0patients)."
    ]


def test_a_census_of_a_ward_in_no_table_of_units_is_missed(asked: Callable[..., Ask]) -> None:
    """Its patients are counted; of one not heard of lately enough their number is unknown, and later it is closed."""
    census = _census(DAYS)
    new = [census[census["unit"] == "A"].assign(unit=name, occupied=9) for name in ("NOW", "LATE", "GONE")]
    parts = [new[0].tail(20), new[1].tail(20).head(15), new[2].head(DAYS - 40)]
    units = pd.DataFrame({"unit": UNITS, "label": UNITS})
    (hospital_total, _) = asked(pd.concat([census, *parts]), units=units)(explain={"language": "en"})[
        "hospital"
    ]
    assert hospital_total["trust"]["warnings"] == [
        "Units missing from the sum, which the model or the table of units does not know: "
        "NOW (9\u00a0patients), LATE (number of patients unknown)."
    ]


def test_a_ward_that_the_model_knows_and_the_table_of_units_does_not_is_missed_not_closed(
    asked: Callable[..., Ask],
) -> None:
    """It has patients: to count it as closed would be false."""
    units = pd.DataFrame({"unit": UNITS[1:], "label": UNITS[1:]})
    (hospital_total, _) = asked(_census(DAYS), units=units)(explain={"language": "en"})["hospital"]
    (warning,) = hospital_total["trust"]["warnings"]
    assert re.search(r"does not know: A \(\d+\u00a0patients\)\.$", warning)


def test_without_any_unit_or_any_forecast_of_the_total_it_is_refused(
    asked: Callable[..., Ask], model: LoadedModel
) -> None:
    """In words that say what to do."""
    silent = dict.fromkeys(UNITS, 7)
    refused = asked(_census(DAYS, without=silent))(503)
    assert (refused["code"], "no unit is known" in refused["detail"]) == ("history_too_short", True)


def test_a_package_that_learned_nothing_of_the_total_says_so(
    asked: Callable[..., Ask], model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one made by an earlier Vigie: the units are answered, the hospital is refused with its path."""
    assert model.engine is not None
    monkeypatch.setattr(model.engine, "hospital_total", None)
    ask = asked(_census(DAYS))
    refused = ask(422)
    assert [(e["path"], e["code"]) for e in refused["errors"]] == [("hospital", "no_hospital_forecast")]
    assert len(ask(hospital=False, units=["A"])["forecasts"]) == 2


def test_a_forecast_says_the_same_in_each_language_that_it_is_asked_for(
    model: LoadedModel, tmp_path: Path
) -> None:
    """Of units and of the total, with what stands against them: as who asks in that language is answered."""
    parts, _ = _service(tmp_path, _census(DAYS), model)
    source = FakeReleases({"bed-demand": model, "wait-time": None})
    source.stops.add("bed-demand")
    parts.releases = Releases(source)
    parts.releases.refresh()
    explain = ExplainOptions(3, "typical", "fr", stability=True, translations=("fr", "en"))
    question = BedQuestion(UNITS, HORIZONS, END, (), explain, hospital=True)
    _, units, hospital = parts.forecasts.unrecorded_bed_demand(question, END)
    alone = replace(explain, language="en", translations=())
    _, *english = parts.forecasts.unrecorded_bed_demand(replace(question, explain=alone), END)
    both: list[tuple[BedForecast, BedForecast] | tuple[HospitalForecast, HospitalForecast]] = [
        *zip(units, english[0], strict=True),
        *zip(hospital, english[1], strict=True),
    ]
    for made, asked_in_english in both:
        own, other = made.translations["fr"], made.translations["en"]
        assert (own.explanation, own.trust) == (made.explanation, made.trust)
        assert (other.explanation, other.trust) == (asked_in_english.explanation, asked_in_english.trust)
        assert own.explanation["reasons"] != other.explanation["reasons"]
        assert own.trust["warnings"] != other.trust["warnings"]
        assert "translations" not in made.body()
