"""Wait times asked for at the same moment: computed and recorded together, each caller as if it were alone."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.responses import Response

from hospital.errors import HistoryError
from hospital.times import MINUTE, moment
from registry.record.journal import entries
from registry.record.journal_audit import verify
from registry.record.tables.record_tables import predictions
from registry.record.tokens import Caller
from serving.errors import Problem
from serving.forecasting.prediction_record import edited, find
from serving.gateway.endpoint import Call
from serving.gateway.service_parts import Parts
from serving.routes.forecasts import WAIT_TIME
from tests.support.serving_fakes import NOW, FakeForecaster, make_parts


@pytest.fixture
def parts(quick_path: Path) -> Iterator[Parts]:
    """Parts over SQLite and the fake forecaster."""
    found, _ = make_parts(quick_path / "home")
    found.releases.refresh()
    yield found
    found.workers.close()
    found.engine.dispose()


def call(parts: Parts, caller: str, visits: int, **explain: Any) -> Call:
    """A caller who asks for so many visits, each with an id of its own."""
    arrived = moment(NOW - 20 * MINUTE).isoformat()
    rows = [
        {"visit_id": f"{caller}-{i}", "arrived_at": arrived, "triaged_at": arrived, "triage": "3A"}
        for i in range(visits)
    ]
    body = {"visits": rows} | ({"explain": explain} if explain else {})
    return Call(parts, Caller(caller, frozenset({"application"})), "r", {}, {}, body)


def ask(calls: list[Call]) -> list[Any]:
    """What each is answered: a body, or the code of its problem."""
    assert WAIT_TIME.together is not None
    out: list[Any] = []
    for found in WAIT_TIME.together(calls):
        assert isinstance(found, (Response, Problem))
        out.append(found.code if isinstance(found, Problem) else json.loads(bytes(found.body)))
    return out


def test_each_caller_gets_its_own(parts: Parts) -> None:
    """Its visits under the ids it sent, readable by itself alone, in a journal entry of its own."""
    one, two = call(parts, "one", 2), call(parts, "two", 3)
    mine, theirs = ask([one, two])
    assert [p["visit_id"] for p in mine["predictions"]] == ["one-0", "one-1"]
    assert [p["visit_id"] for p in theirs["predictions"]] == ["two-0", "two-1", "two-2"]
    with parts.engine.connect() as connection:
        told = [(e.actor, e.action, e.subjects["predictions"]) for e in entries(connection)]
        assert told == [("one", "predict", "2"), ("two", "predict", "3")]
        assert [*verify(connection), *edited(connection)] == []
        for prediction in mine["predictions"]:
            kept = find(connection, prediction["prediction_id"], one.caller)
            assert kept.asked_by == "one"
            assert kept.prediction.wait_minutes["p50"] == prediction["wait_minutes"]["p50"]  # type: ignore[union-attr]
            with pytest.raises(Problem, match="no prediction with this id"):
                find(connection, prediction["prediction_id"], two.caller)


def test_those_who_want_the_same_reasons_are_asked_as_one(parts: Parts) -> None:
    """The forecaster is asked once for each way of explaining, and the answers go back in their order."""
    calls = [call(parts, "a", 1), call(parts, "b", 2, language="en"), call(parts, "c", 1)]
    found = ask(calls)
    assert isinstance(parts.forecaster, FakeForecaster)
    assert [len(q.visits) for q in parts.forecaster.asked] == [2, 2]  # type: ignore[union-attr]
    assert [[p["visit_id"] for p in f["predictions"]] for f in found] == [["a-0"], ["b-0", "b-1"], ["c-0"]]
    reasons = [f["predictions"][0]["explanation"]["reasons"][0] for f in found]
    assert ["already wait" in r for r in reasons] == [False, True, False]


def test_who_asks_wrongly_is_refused_alone(parts: Parts) -> None:
    """A body that breaks its contract takes nobody else's answer with it."""
    wrong = call(parts, "wrong", 1)
    wrong.body["visits"][0]["triage"] = "9"
    found = ask([call(parts, "a", 1), wrong, call(parts, "b", 1)])
    assert found[1] == "invalid_request"
    assert [found[i]["predictions"][0]["visit_id"] for i in (0, 2)] == ["a-0", "b-0"]


def test_a_sum_that_is_off_is_refused_to_its_caller_alone(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are in the journal: the refusal, and what the other was given."""

    class Off(FakeForecaster):
        def _wait(self, visit: dict[str, Any], explain: Any) -> Any:
            self.off_by = 2e-4 if visit["spo2_percent"] == 50 else 0.0
            return super()._wait(visit, explain)

    parts.forecaster = Off()
    bad = call(parts, "bad", 1)
    bad.body["visits"][0]["spo2_percent"] = 50
    found = ask([bad, call(parts, "good", 1)])
    assert found[0] == "explanation_does_not_add_up"
    assert found[1]["predictions"][0]["visit_id"] == "good-0"
    with parts.engine.connect() as connection:
        told = {(e.actor, e.action) for e in entries(connection)}
        assert told == {("bad", "refuse to answer"), ("good", "predict")}
        assert len(connection.execute(select(predictions)).all()) == 1


@pytest.mark.parametrize("number", [float("inf"), float("nan")])
def test_no_number_without_an_end_is_answered(parts: Parts, number: float) -> None:
    """JSON has none: beside a sum that is right, in quantiles or values, it is refused like one that is off."""

    class Endless(FakeForecaster):
        def _wait(self, visit: dict[str, Any], explain: Any) -> Any:
            made = super()._wait(visit, explain)
            at = visit["spo2_percent"]
            if at == 51:
                return replace(made, wait_minutes={**made.wait_minutes, "p90": number})
            if at == 52:
                made.explanation["contributions"][1]["value"] = number
            if at == 53:
                made.explanation["contributions"][2]["reference_value"] = number
            return made

    parts.forecaster = Endless()
    calls = [call(parts, f"c{i}", 1) for i in range(4)]
    for i, one in enumerate(calls):
        one.body["visits"][0]["spo2_percent"] = 50 + i
    assert [f if isinstance(f, str) else "answered" for f in ask(calls)] == [
        "answered",
        *["explanation_does_not_add_up"] * 3,
    ]


def test_without_history_nobody_is_answered(parts: Parts) -> None:
    """What holds for all is raised as it is, and nothing is written."""
    assert isinstance(parts.forecaster, FakeForecaster)
    parts.forecaster.error = HistoryError("nothing yet")
    with pytest.raises(HistoryError):
        ask([call(parts, "a", 1), call(parts, "b", 1)])
    with parts.engine.connect() as connection:
        assert list(entries(connection)) == []
