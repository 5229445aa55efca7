"""Waits explained further: the difference of two, how uncertain one is, and other counts of doctors and nurses."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from benchmarks.reasons.uncertainty_agreement import uncertainty_disagreements
from hospital.times import MINUTE, moment
from registry.explanations.basis import Basis
from registry.explanations.uncertainty import RECENT_ERRORS, Uncertainty, explain_width
from serving.explanations.uncertainty_text import uncertainty_explanation
from serving.messages.question_records import EdState, ExplainOptions, WaitQuestion
from tests.support.small_demo import Service, SmallDemo


@pytest.fixture(scope="module")
def service(small_demo: SmallDemo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A small hospital with a real model of waits."""
    found = small_demo.copied(tmp_path_factory.mktemp("waits") / "home").service()
    yield found
    found.close()


def _visits(service: Service, minutes_ago: int = 0) -> list[dict[str, Any]]:
    at = moment(service.parts.clock.now() - minutes_ago * MINUTE).isoformat()
    times = {"arrived_at": at, "triaged_at": at, "department": "ED"}
    return [{"visit_id": f"v{i}", "triage": t, **times} for i, t in enumerate(("2", "3B", "5"))]


def _asked(service: Service, visits: list[dict[str, Any]], **explain: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.ask("/v1/wait-time", {"visits": visits, "explain": explain})[
        "predictions"
    ]
    return found


def _added(explanation: dict[str, Any]) -> float:
    added = [c["contribution"] for c in explanation["contributions"] + explanation["adjustments"]]
    return float(sum(added) + explanation["other"])


def test_a_wait_is_compared_with_one_that_was_given_and_with_another_time(service: Service) -> None:
    """Each adds up to the difference; the same patients ten hours ago, and the prediction of another urgency."""
    visits = _visits(service)
    given = _asked(service, visits)
    reference = {"prediction_id": given[0]["prediction_id"]}
    for before, after in zip([given[0]] * 3, _asked(service, visits, reference=reference), strict=True):
        told = after["explanation"]
        assert told["base"] == before["wait_minutes"]["p50"]
        assert abs(told["base"] + _added(told) - after["wait_minutes"]["p50"]) <= 1e-6
    then = moment(service.parts.clock.now()) - timedelta(hours=10)
    compared = _asked(service, visits, reference={"at": then.isoformat()}, language="fr")
    for after, now in zip(compared, given, strict=True):
        told = after["explanation"]
        assert abs(told["base"] + _added(told) - after["wait_minutes"]["p50"]) <= 1e-6
        assert abs(after["wait_minutes"]["p50"] - now["wait_minutes"]["p50"]) < 5
        assert told["reasons"][0].startswith("Au départ, l'attente selon la prévision faite ")
    assert any(abs(_added(p["explanation"])) > 0.05 for p in compared)


def test_one_of_a_batch_is_refused_alone(service: Service) -> None:
    """Its problem names it; too many at once are a fault of the body."""
    body = {"visits": _visits(service), "explain": {"reference": {"prediction_id": "0" * 24}}}
    assert service.ask("/v1/wait-time", body, 404)["code"] == "unknown_prediction"
    body["visits"] = _visits(service) * 11
    assert [e["code"] for e in service.ask("/v1/wait-time", body, 422)["errors"]] == ["too_many"]
    body = {"visits": _visits(service), "explain": {"of": "tension"}}
    assert [e["path"] for e in service.ask("/v1/wait-time", body, 422)["errors"]] == ["explain.of"]


@pytest.mark.parametrize("minutes_ago", [0, 45])
def test_the_width_of_a_wait_adds_up(service: Service, minutes_ago: int) -> None:
    """Also where the p10 is the wait so far."""
    for made in _asked(service, _visits(service, minutes_ago), of="interval"):
        told, quantiles = made["explanation"], made["wait_minutes"]
        assert abs(told["base"] + _added(told) - (quantiles["p90"] - quantiles["p10"])) <= 1e-6
        assert told["unit"] == "min"


@pytest.mark.parametrize("of", ["p50", "interval"])
def test_an_interval_that_is_the_wait_so_far_says_nothing(service: Service, of: str) -> None:
    """No uncertainty is called usual, and no width is shown as 0; that nothing is forecast is the first warning."""
    said = {
        "fr": "L'intervalle n'est que l'attente déjà passée\u00a0: il ne dit pas combien elle durera encore",
        "en": "The interval is the wait so far alone: it does not say how much longer it will last",
    }
    first = {"fr": "Le patient attend déjà depuis ", "en": "The patient has waited "}
    for language, words in said.items():
        for made in _asked(service, _visits(service, 60 * 40), of=of, language=language):
            quantiles, told = made["wait_minutes"], made["explanation"]
            assert quantiles["p10"] == quantiles["p90"]
            assert made["trust"]["warnings"][0].startswith(first[language])
            if of == "interval":
                assert abs(told["base"] + _added(told)) <= 1e-6
                assert told["reasons"] == [words]
    for made in _asked(service, _visits(service), of="interval", language="en"):
        assert said["en"] not in made["explanation"]["reasons"]


def _uncertainty(
    service: Service, visit: dict[str, Any], board: EdState | None = None
) -> tuple[Basis, Uncertainty]:
    """What a wait's forecast was made of, and how uncertain it is."""
    now, explain = service.parts.clock.now(), ExplainOptions(3, "typical", "en", basis=True)
    question = WaitQuestion([{"department": "ED", "arrived_at": now - 9 * MINUTE, **visit}], [board], explain)
    release = service.parts.releases.current("wait-time")
    with service.parts.engine.connect() as connection:
        made = service.parts.forecaster.wait_time(release, connection, question, now)
    assert made[0].basis is not None
    return made[0].basis, explain_width(made[0].basis)


def _with_reasons(
    basis: Basis, found: Uncertainty, reasons: dict[str, tuple[float, float, float]]
) -> Uncertainty:
    """The uncertainty with these reasons in place of its own: what each adds, its value, and what is usual."""
    names = [f.name for f in basis.model.features]
    adds, values, usual = (np.array([column]) for column in zip(*reasons.values(), strict=True))
    return replace(
        found,
        columns=np.array([[names.index(name) for name in reasons]]),
        contributions=adds,
        values=values,
        usual=usual,
        adjustments={RECENT_ERRORS: np.zeros(1)},
    )


def test_reasons_that_add_up_to_no_width_start_somewhere(service: Service) -> None:
    """Where every interval is the wait so far and reasons cancel each other, they start from a width of 0."""
    basis, made = _uncertainty(service, {"triage": "3B"})
    found = replace(
        _with_reasons(basis, made, {"triage": (-2.4, 3.5, 3.5), "ed_waiting": (0.9, 12.0, 8.0)}),
        base=np.zeros(1),
        other=np.array([1.5]),
    )
    explain = ExplainOptions(3, "typical", "en", of="interval")
    explanation = uncertainty_explanation(basis, found, explain)
    lead, start, *added = explanation["reasons"]
    assert lead.startswith("The interval is the wait so far alone")
    assert start.startswith("To start with, the width of the interval")
    assert start.endswith(": 0\u00a0min")
    assert [sentence.rpartition(": ")[2] for sentence in added] == [
        "−2.4\u00a0min",
        "+0.9\u00a0min",
        "+1.5\u00a0min",
    ]
    assert not uncertainty_disagreements(explanation, "en", 0.0)
    nothing = replace(found, contributions=np.zeros((1, 2)), other=np.zeros(1))
    assert uncertainty_explanation(basis, nothing, explain)["reasons"] == (lead,)


def test_that_nobody_waits_is_one_reason_of_an_uncertainty_too(service: Service) -> None:
    """Of each kind of patients nobody does: one sentence with the sum, which may lead, and their mean wait in it."""
    basis, made = _uncertainty(service, {"triage": "4"}, EdState(waiting=0.0))
    reasons = {
        "waiting_per_doctor": (-66.0, 0.0, 2.8),
        "ed_waiting_ahead": (-32.0, 0.0, 4.1),
        "ed_mean_wait_so_far": (-4.0, np.nan, 28.0),
        "hour": (-24.0, 21.8, 21.8),
    }
    found = replace(_with_reasons(basis, made, reasons), base=np.array([159.0]), other=np.zeros(1))
    explanation = uncertainty_explanation(basis, found, ExplainOptions(4, "typical", "en", of="interval"))
    lead, _, nobody, hour = explanation["reasons"]
    assert lead.startswith(
        "The uncertainty is smaller than usual: no patient waiting for the doctors on duty"
    )
    assert nobody.startswith("No patient waiting for the doctors on duty (2.8 usually")
    assert nobody.endswith(": −102\u00a0min")
    assert hour.startswith("It is 21:48")
    assert not uncertainty_disagreements(explanation, "en", 33.0)


def test_other_counts_of_doctors_and_nurses_are_within_what_was_seen(service: Service) -> None:
    """What follows the doctors is computed anew; every result is what the model says, and reaches the goal."""
    for made in _asked(service, _visits(service)):
        p50 = made["wait_minutes"]["p50"]
        for goal in ({"at_most": p50 - 0.01}, {"at_least": p50 + 0.01}, {"at_most": 0.0}):
            asked = {"prediction_id": made["prediction_id"], "language": "fr", **goal}
            answer = service.ask("/v1/counterfactuals", asked)
            assert {lever["lever"] for lever in answer["levers"]} == {"doctors", "nurses"}
            ranges = {lever["lever"]: (lever["least"], lever["most"]) for lever in answer["levers"]}
            for one in answer["counterfactuals"]:
                number = one["forecast"]["p50"]
                assert number <= goal["at_most"] if "at_most" in goal else number >= goal["at_least"]
                for change in one["changes"]:
                    least, most = ranges[change["lever"]]
                    assert least <= change["count"] <= most
            assert (answer["outcome"] == "reached") == bool(answer["counterfactuals"])
            assert len(answer["counterfactuals"]) <= 3


def test_one_who_waits_by_a_live_board_is_not_a_crowd(service: Service) -> None:
    """Of whom a live board counts alone, nobody knows how urgent they are, nor for how long they wait: the forecast is
    that of a queue as long, not of the longest; unknown stays unknown, and is said."""
    visits = _visits(service)

    def with_waiting(waiting: int) -> list[dict[str, Any]]:
        board = {"ed_state": {"waiting": waiting}}
        return _asked(service, [{**visit, **board} for visit in visits], language="en", top=99)

    nobody, one, twenty = (with_waiting(n) for n in (0, 1, 20))
    for forecast in one:
        told = forecast["explanation"]
        unknown = {c["feature"]: c for c in told["contributions"] if c["value"] is None}
        assert {"ed_waiting_urgent", "ed_waiting_ahead", "ed_waiting_over_2h", "ed_present"} <= set(unknown)
        assert forecast["trust"]["status"] == "degraded"
        assert abs(told["base"] + _added(told) - forecast["wait_minutes"]["p50"]) <= 1e-6
    none, single, crowd = (
        sum(forecast["wait_minutes"]["p50"] for forecast in forecasts) for forecasts in (nobody, one, twenty)
    )
    assert single - none < (crowd - none) / 3  # it was four fifths of the way


def test_levels_of_those_who_wait_are_known_and_explained_again(service: Service) -> None:
    """A live board that has them leaves nothing unknown of how urgent they are; the record gives the same answer."""
    board = {"ed_state": {"waiting": 14, "waiting_by_triage": {"2": 3, "3B": 9, "5": 2}}}
    visits = [{**visit, **board} for visit in _visits(service)]
    for made, ahead in zip(_asked(service, visits, language="en", top=99), (3.0, 12.0, 14.0), strict=True):
        values = {c["feature"]: c["value"] for c in made["explanation"]["contributions"]}
        assert (values["ed_waiting"], values["ed_waiting_urgent"], values["ed_waiting_ahead"]) == (
            14.0,
            3.0,
            ahead,
        )
        assert values["ed_waiting_over_1h"] is None
        asked = {"prediction_id": made["prediction_id"], "explain": {"language": "en", "top": 99}}
        again = service.ask("/v1/explanations", asked)["explanation"]
        assert again["contributions"] == made["explanation"]["contributions"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "l'attente prévue est le plus souvent trop courte"),
        ("en", "the wait forecast is too short more"),
    ],
)
def test_of_a_long_queue_of_unknown_urgency_the_forecast_says_that_it_is_too_short(
    service: Service, language: str, said: str
) -> None:
    """From twelve on; with the levels of those who wait it does not say so, nor of a short queue."""
    boards = {
        "long": {"waiting": 60},
        "short": {"waiting": 11},
        "levels": {"waiting": 60, "waiting_by_triage": {"2": 10, "3B": 50}},
    }
    for name, board in boards.items():
        visits = [{**visit, "ed_state": board} for visit in _visits(service)]
        for made in _asked(service, visits, language=language):
            warnings = made["trust"]["warnings"]
            assert made["trust"]["status"] == "degraded"
            assert len(warnings) <= 2
            assert any(said in warning for warning in warnings) == (name == "long")


def test_a_wait_of_half_a_day_at_triage_says_that_nothing_is_forecast(service: Service) -> None:
    """All three numbers are the wait so far; asked at triage as asked later, the first warning says so."""
    at = moment(service.parts.clock.now()) + timedelta(
        minutes=1
    )  # triage clocks differ: the moment has not gone by
    times = {"triaged_at": at.isoformat(), "arrived_at": (at - timedelta(hours=13)).isoformat()}
    made = _asked(service, [{**_visits(service)[1], **times}], language="fr")[0]
    assert set(made["wait_minutes"].values()) == {780.0}
    assert made["trust"]["warnings"][0].startswith("Le patient attend déjà depuis 13\u00a0h")
    assert "les trois nombres donnés sont l'attente déjà passée" in made["trust"]["warnings"][0]
    assert made["trust"]["status"] == "degraded"


@pytest.mark.parametrize(
    ("language", "said"), [("fr", "Pas de nombre de patients"), ("en", "No number of patients")]
)
def test_without_a_doctor_nobody_is_counted_per_doctor(service: Service, language: str, said: str) -> None:
    """The count of those waiting is known and that of doctors, too: nothing is said to be unknown of either."""
    visits = [{**visit, "ed_state": {"waiting": 3, "staff": 0}} for visit in _visits(service)]
    for made in _asked(service, visits, language=language, top=99):
        reasons = [r for r in made["explanation"]["reasons"] if "par médecin" in r or "per doctor" in r]
        assert all(r.startswith(said) for r in reasons)
        values = {c["feature"]: c["value"] for c in made["explanation"]["contributions"]}
        assert values["ed_doctors"] == 0.0
        assert values["waiting_per_doctor"] is None
