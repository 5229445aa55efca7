"""What the routes answer, write and refuse, over a real database."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from hospital.errors import HistoryError
from hospital.times import DAY, HOUR, moment
from registry.errors import ReleaseError
from registry.record.journal import entries
from registry.record.journal_audit import verify
from registry.record.observations import rows_in_force
from registry.record.tables.record_tables import decisions, observations, predictions
from serving.forecasting.decision_record import edited as edited_decisions
from serving.forecasting.prediction_record import edited as edited_predictions
from serving.releases.releases_in_use import Releases
from serving.state.observations import import_rows
from tests.support.fake_service import VISIT, Service, start
from tests.support.serving_fakes import NOW, FakeReleases, loaded


@pytest.fixture
def service(quick_path: Path) -> Iterator[Service]:
    """A service over SQLite."""
    found = start(quick_path / "home")
    yield found
    found.parts.workers.close()
    found.parts.engine.dispose()


def total(explanation: dict[str, Any]) -> float:
    """What an explanation adds up to."""
    shown = sum(c["contribution"] for c in explanation["contributions"])
    adjusted = sum(a["contribution"] for a in explanation["adjustments"])
    return float(explanation["base"] + shown + explanation["other"] + adjusted)


def codes(response: Any) -> list[tuple[str, str]]:
    """Path and code of each fault of a problem."""
    assert response.headers["content-type"] == "application/problem+json"
    return [(e["path"], e["code"]) for e in response.json()["errors"]]


class TestBothDatabases:
    """The way from observations over forecasts to decisions, on SQLite and PostgreSQL."""

    def test_a_day_of_an_application(self, database_url: str, quick_path: Path) -> None:
        """Observations, both forecasts, a decision, the journal: all written, all found again."""
        service = start(quick_path / "home", database_url)
        row = {"unit": "U1", "at": "2025-11-03T02:00:00Z", "occupied": 24}
        sent = service.ask("POST", "/v1/observations", {"census": [row]})
        assert sent.json()["tables"] == {"census": {"new": 1, "revised": 0, "unchanged": 0}}
        waits = service.ask("POST", "/v1/wait-time", {"visits": [VISIT, {**VISIT, "visit_id": "b"}]}).json()
        beds = service.ask("POST", "/v1/bed-demand", {"units": ["U1"], "horizons_hours": [4, 24]}).json()
        assert [p["visit_id"] for p in waits["predictions"]] == ["Dupont-1984", "b"]
        assert [f["horizon_hours"] for f in beds["forecasts"]] == [4, 24]
        chosen = beds["forecasts"][0]["prediction_id"]
        body = {"prediction_id": chosen, "decision": "override", "reason": "travaux", "value": 22}
        decided = service.ask("POST", "/v1/decisions", body, "operator")
        assert decided.status_code == 201
        again = service.ask("GET", f"/v1/predictions/{chosen}", role="auditor").json()
        assert again["prediction"] == beds["forecasts"][0]
        assert again["model"] == beds["model"]
        listed = service.ask("GET", f"/v1/decisions?prediction_id={chosen}", role="board").json()
        assert listed["decisions"] == [decided.json()]
        journal = service.ask("GET", "/v1/journal", role="auditor").json()
        assert [e["action"] for e in journal["entries"]] == ["observe", "predict", "predict", "decide"]
        with service.parts.engine.connect() as connection:
            assert verify(connection) == []
            assert edited_predictions(connection) == []
            assert edited_decisions(connection) == []
        service.parts.workers.close()
        service.parts.engine.dispose()

    def test_imported_versions_are_kept_once(self, database_url: str, quick_path: Path) -> None:
        """A bulk import repeated changes nothing, and each version ends where the next one begins."""
        service = start(quick_path / "home", database_url)
        stay = {"stay_id": "s", "unit": "U1", "entered_at": NOW - DAY, "source": "emergency"}
        rows = [
            {**stay, "received_at": NOW - DAY},
            {**stay, "left_at": NOW - HOUR, "received_at": NOW - HOUR},
        ]
        with service.parts.engine.begin() as connection:
            assert import_rows(connection, "stays", reversed(rows)).__dict__ == {
                "new": 1,
                "revised": 1,
                "unchanged": 0,
            }
        with service.parts.engine.begin() as connection:
            assert import_rows(connection, "stays", rows).unchanged == 2
        with service.parts.engine.begin() as connection:
            middle = {**stay, "visit_id": "v", "received_at": NOW - 2 * HOUR}
            import_rows(connection, "stays", [middle])
        with service.parts.engine.connect() as connection:
            found = connection.execute(
                select(observations.c.received_at, observations.c.superseded_at).order_by(
                    observations.c.received_at
                )
            ).all()
            assert [tuple(r) for r in found] == [
                (NOW - DAY, NOW - 2 * HOUR),
                (NOW - 2 * HOUR, NOW - HOUR),
                (NOW - HOUR, None),
            ]
            (kept,) = rows_in_force(connection, "stays", NOW - 90 * 60_000_000)
            assert sorted(r["received_at"] for r in kept) == [NOW - 2 * HOUR, NOW - HOUR]
            assert list(rows_in_force(connection, "stays", NOW)) == []
        service.parts.workers.close()
        service.parts.engine.dispose()


class TestForecasts:
    """POST /v1/wait-time and /v1/bed-demand."""

    @pytest.mark.parametrize("top", [0, 1, 6, 1000])
    def test_what_is_shown_adds_up_to_what_is_served(self, service: Service, top: int) -> None:
        """With any number of reasons shown the explanation is the p50, to 1e-4."""
        waits = service.ask("POST", "/v1/wait-time", {"visits": [VISIT], "explain": {"top": top}}).json()
        found = waits["predictions"][0]
        assert len(found["explanation"]["contributions"]) == min(top, 8)
        assert total(found["explanation"]) == pytest.approx(found["wait_minutes"]["p50"], abs=1e-4)

    def test_the_default_explanation(self, service: Service) -> None:
        """Six reasons, compared with what is usual, in the settings' language; null asks for the same."""
        for more in ({}, {"explain": None}):
            service.ask("POST", "/v1/wait-time", {"visits": [VISIT], **more})
            options = service.forecaster.asked[-1].explain
            assert (options.top, options.reference, options.language) == (6, "typical", "fr")

    def test_the_id_is_echoed_and_never_stored(self, service: Service, quick_path: Path) -> None:
        """The answer has the id as sent; no file of the home has it."""
        found = service.ask("POST", "/v1/wait-time", {"visits": [VISIT]}).json()["predictions"][0]
        assert found["visit_id"] == "Dupont-1984"
        stored = service.ask("GET", f"/v1/predictions/{found['prediction_id']}").json()
        assert stored["prediction"]["visit_id"] != "Dupont-1984"
        assert {**stored["prediction"], "visit_id": "Dupont-1984"} == found
        for path in (quick_path / "home").iterdir():
            assert path.is_dir() or b"Dupont" not in path.read_bytes()

    def test_an_application_sees_its_own_predictions_only(self, service: Service) -> None:
        """Another's prediction is not there for it."""
        found = service.ask("POST", "/v1/wait-time", {"visits": [VISIT]}, "operator").json()
        path = f"/v1/predictions/{found['predictions'][0]['prediction_id']}"
        assert service.ask("GET", path).status_code == 404
        assert service.ask("GET", path, role="auditor").status_code == 200

    def test_every_fault_at_once(self, service: Service) -> None:
        """Faults of the envelope, of rows and of what lies around them come together, with their paths."""
        first = {"visit_id": "a", "arrived_at": "2025-11-03T02:30:00", "triage": "9", "seen_at": "x"}
        second = {"arrived_at": "2025-11-03T09:00:00Z", "ed_state": {"waiting": -1, "beds": 3}}
        body = {"visits": [first, second], "explain": {"top": -1}}
        response = service.ask("POST", "/v1/wait-time", body)
        assert response.status_code == 422
        assert set(codes(response)) == {
            ("explain.top", "out_of_range"),
            ("visits[0].arrived_at", "naive_time"),
            ("visits[0].triage", "not_a_choice"),
            ("visits[0].seen_at", "hindsight_column"),
            ("visits[1].visit_id", "missing"),
            ("visits[1].arrived_at", "after_reception"),
            ("visits[1].ed_state.waiting", "out_of_range"),
            ("visits[1].ed_state.?", "unknown_field"),
        }

    def test_levels_of_those_who_wait_are_all_of_them(self, service: Service) -> None:
        """Counts by triage level that are not `waiting`, or of no number of them, are refused where they stand."""
        sums = ({"waiting": 3, "waiting_by_triage": {"2": 1, "4": 1}}, {"waiting_by_triage": {"2": 1}})
        others = (
            {"waiting": 1, "waiting_by_triage": {"2": -1}},
            {"waiting": 1, "waiting_by_triage": {"9": 1}},
        )
        body = {
            "visits": [{**VISIT, "visit_id": f"v{i}", "ed_state": s} for i, s in enumerate(sums + others)]
        }
        response = service.ask("POST", "/v1/wait-time", body)
        assert response.status_code == 422
        assert set(codes(response)) == {
            ("visits[0].ed_state.waiting_by_triage", "not_the_sum"),
            ("visits[1].ed_state.waiting_by_triage", "not_the_sum"),
            ("visits[2].ed_state.waiting_by_triage.?", "out_of_range"),
            ("visits[3].ed_state.waiting_by_triage.?.?", "not_a_choice"),
        }
        assert all(fault["message"] for fault in response.json()["errors"])
        right = {"waiting": 3, "waiting_by_triage": {"2": 1, "3A": 0, "4": 2}}
        assert (
            service.ask("POST", "/v1/wait-time", {"visits": [{**VISIT, "ed_state": right}]}).status_code
            == 200
        )
        (state,) = service.forecaster.asked[-1].ed_states
        assert state is not None
        assert state.asked == {"boarding": None, "staff": None, **right}

    @pytest.mark.parametrize(
        ("tag", "spoken", "warned"),
        [
            ("fr", "fr", False),
            ("en", "en", False),
            ("en-GB", "en", False),
            ("FR_ca", "fr", False),
            ("de", "fr", True),
            ("english", "fr", True),
            ("zh-Hant-TW", "fr", True),
            (" ", "fr", True),
        ],
    )
    def test_a_language_that_is_not_there_is_french_with_a_warning(
        self, service: Service, tag: str, spoken: str, warned: bool
    ) -> None:
        """A region is no other language; the answer is given all the same, by either route, and says so."""
        beds = {"units": ["U1"], "horizons_hours": [4]}
        for path, body in (("/v1/wait-time", {"visits": [VISIT]}), ("/v1/bed-demand", beds)):
            response = service.ask("POST", path, {**body, "explain": {"language": tag}})
            assert response.status_code == 200
            assert service.forecaster.asked[-1].explain.language == spoken
            words = response.json().get("warnings", [])
            assert words == (
                ["La langue demandée n'est pas disponible\u00a0: les textes sont en français."]
                if warned
                else []
            )

    @pytest.mark.parametrize("tag", [5, "", "x" * 36, ["fr"], {"fr": 1}])
    def test_what_is_no_language_is_refused(self, service: Service, tag: Any) -> None:
        """As any other wrong field is: a problem document with its path."""
        response = service.ask("POST", "/v1/wait-time", {"visits": [VISIT], "explain": {"language": tag}})
        assert response.status_code == 422
        assert response.headers["content-type"].startswith("application/problem+json")
        assert [path for path, _ in codes(response)] == ["explain.language"]

    def test_limits(self, service: Service) -> None:
        """At least one, at most a thousand visits, a hundred units, twenty horizons; no unit twice."""
        many = [{**VISIT, "visit_id": str(i)} for i in range(1001)]
        assert codes(service.ask("POST", "/v1/wait-time", {"visits": many})) == [("visits", "too_many")]
        assert codes(service.ask("POST", "/v1/wait-time", {"visits": []})) == [("visits", "too_short")]
        body = {"units": ["U1", "U1"], "horizons_hours": list(range(1, 22))}
        found = codes(service.ask("POST", "/v1/bed-demand", body))
        assert ("horizons_hours", "too_many") in found
        body = {"units": ["U1", "U1"], "horizons_hours": [4]}
        assert codes(service.ask("POST", "/v1/bed-demand", body)) == [("units[1]", "repeated")]

    def test_a_fault_says_what_would_be_right(self, service: Service) -> None:
        """The limit, the choices, the name that was probably meant; no word of a mapping, which no request has."""
        visits = [{**VISIT, "visit_id": str(i)} for i in range(1001)]
        row = {"visit_id": "a", "arrived_at": "2025-11-03T02:30:00", "arival_mode": "walk_in", "Zz9": 1}
        asked = {
            "/v1/wait-time": {"visits": [row], "explain": {"top": -1, "of": "p95"}},
            "/v1/bed-demand": {"units": ["U1"], "horizons_hours": [0]},
            "/v1/observations": {"visit": [VISIT]},
        }
        found = [service.ask("POST", path, body).json() for path, body in asked.items()]
        found.append(service.ask("POST", "/v1/wait-time", {"visits": visits}).json())
        messages = {(e["path"], e["message"]) for problem in found for e in problem["errors"]}
        assert messages == {
            ("visits[0].arrived_at", "the time has no zone; write it with one, as 2026-01-31T14:00:00Z"),
            ("visits[0].?", "the contract has no such field; is it arrival_mode?"),
            ("visits[0].?", "the contract has no such field; remove it (/docs has those that there are)"),
            ("explain.top", "a number of at least 0 is expected"),
            ("explain.of", "one of p50, interval, and tension is expected"),
            ("horizons_hours[0]", "a number above 0 is expected"),
            ("?", "there is no such field here; is it visits?"),
            ("visits", "there are more than 1,000; send fewer at a time"),
        }

    def test_an_arrival_of_weeks_ago_is_refused(self, service: Service) -> None:
        """Nobody waits for eight days: the forecast could be no shorter, and would be of days with p10 as p90."""
        week = NOW - 7 * DAY
        sent = [
            {**VISIT, "visit_id": str(i), "arrived_at": moment(at).isoformat()}
            for i, at in enumerate((week, week - 1))
        ]
        response = service.ask("POST", "/v1/wait-time", {"visits": sent})
        assert codes(response) == [("visits[1].arrived_at", "long_ago")]

    def test_unknown_units_are_named_by_their_place(self, service: Service) -> None:
        """Each with its path, none with its name."""
        response = service.ask(
            "POST", "/v1/bed-demand", {"units": ["U1", "Zz9", "Yy8"], "horizons_hours": [4]}
        )
        assert codes(response) == [("units[1]", "unknown_unit"), ("units[2]", "unknown_unit")]
        assert "Zz9" not in response.text

    def test_roles_that_nothing_counts_are_named_with_their_rows(self, service: Service) -> None:
        """A file's own words for beds and nurses would stand in the record, and nobody would count them."""
        at = moment(NOW).isoformat()
        rows = [
            {"at": at, "unit": unit, "role": role, "count": 12}
            for unit, role in (("U1", "lits"), ("U2", "lits"), ("U1", "IDE"), ("U1", "bed"), ("U2", "nurse"))
        ]
        answer = service.ask("POST", "/v1/observations", {"staffing": rows}).json()
        assert answer["tables"]["staffing"]["new"] == 5
        assert answer["unread_roles"] == [{"role": "IDE", "rows": 1}, {"role": "lits", "rows": 2}]
        sound = {"staffing": [{**rows[0], "role": "doctor"}]}
        assert service.ask("POST", "/v1/observations", sound).json()["unread_roles"] == []

    def test_the_hospital_total_comes_beside_its_units(self, service: Service) -> None:
        """Only where it is asked for, one a horizon, each with an id under which it can be read again."""
        body: dict[str, Any] = {"units": ["U1"], "horizons_hours": [4, 24]}
        assert "hospital" not in service.ask("POST", "/v1/bed-demand", body).json()
        both = service.ask("POST", "/v1/bed-demand", {**body, "hospital": True}).json()
        assert [f["unit"] for f in both["forecasts"]] == ["U1", "U1"]
        assert [h["horizon_hours"] for h in both["hospital"]] == [4, 24]
        alone = service.ask("POST", "/v1/bed-demand", {**body, "units": [], "hospital": True}).json()
        assert (alone["forecasts"], len(alone["hospital"])) == ([], 2)
        stored = service.ask("GET", f"/v1/predictions/{alone['hospital'][0]['prediction_id']}", None).json()
        assert stored["prediction"] == alone["hospital"][0]
        assert service.count(predictions) == 2 + 4 + 2
        empty = service.ask("POST", "/v1/bed-demand", {**body, "units": []})
        assert codes(empty) == [("units", "too_short")]
        wrong = service.ask("POST", "/v1/bed-demand", {**body, "hospital": "yes"})
        assert codes(wrong) == [("hospital", "not_true_or_false")]

    def test_a_hospital_that_is_not_the_sum_of_its_units_is_not_served(self, service: Service) -> None:
        """Nor are the units beside it: an answer is whole or none."""
        service.forecaster.apart_by = 1e-4
        body = {"units": ["U1"], "horizons_hours": [4], "hospital": True}
        response = service.ask("POST", "/v1/bed-demand", body)
        assert (response.status_code, response.json()["code"]) == (500, "explanation_does_not_add_up")
        assert service.count(predictions) == 0

    def test_the_past_can_be_asked_about_and_the_future_not(self, service: Service) -> None:
        """`at` goes to the forecaster; one after now is refused."""
        earlier = moment(NOW - DAY).isoformat()
        body = {"units": ["U1"], "horizons_hours": [4], "at": earlier}
        assert service.ask("POST", "/v1/bed-demand", body).status_code == 200
        asked = service.forecaster.asked[-1]
        assert getattr(asked, "at", None) == NOW - DAY
        body["at"] = moment(NOW + HOUR).isoformat()
        assert codes(service.ask("POST", "/v1/bed-demand", body)) == [("at", "after_now")]

    def test_what_does_not_add_up_is_not_served(self, service: Service) -> None:
        """A named problem, an entry in the journal, no prediction."""
        service.forecaster.off_by = 2e-4
        response = service.ask("POST", "/v1/wait-time", {"visits": [VISIT]})
        assert (response.status_code, response.json()["code"]) == (500, "explanation_does_not_add_up")
        assert service.count(predictions) == 0
        with service.parts.engine.connect() as connection:
            assert [e.action for e in entries(connection)] == ["refuse to answer"]
        service.forecaster.off_by = 0.9e-4
        assert service.ask("POST", "/v1/wait-time", {"visits": [VISIT]}).status_code == 200

    def test_nothing_is_half_written(self, service: Service) -> None:
        """A forecaster that fails leaves no prediction, no journal entry, and tells nothing of the error."""
        service.forecaster.error = KeyError("Dupont")
        response = service.ask("POST", "/v1/wait-time", {"visits": [VISIT]})
        assert (response.status_code, response.json()["code"]) == (500, "unexpected")
        assert "Dupont" not in response.text
        with service.parts.engine.connect() as connection:
            assert list(entries(connection)) == []

    def test_a_row_that_cannot_be_written_undoes_the_entry(self, service: Service) -> None:
        """The journal has no entry of predictions that are not stored."""
        with service.parts.engine.begin() as connection:
            connection.execute(
                text(
                    "CREATE TRIGGER refuse BEFORE INSERT ON predictions "
                    "BEGIN SELECT RAISE(ABORT, 'disk'); END"
                )
            )
        assert service.ask("POST", "/v1/wait-time", {"visits": [VISIT]}).status_code == 500
        with service.parts.engine.connect() as connection:
            assert list(entries(connection)) == []

    def test_too_little_history_is_said_in_its_own_words(self, service: Service) -> None:
        """503 with what the forecaster says is missing."""
        service.forecaster.error = HistoryError("Send visits first.")
        response = service.ask("POST", "/v1/wait-time", {"visits": [VISIT]})
        assert (response.status_code, response.json()["detail"]) == (503, "Send visits first.")

    def test_an_edited_prediction_or_decision_is_found(self, service: Service) -> None:
        """The journal's digests show that a row was changed, or is gone."""
        made = service.ask("POST", "/v1/wait-time", {"visits": [VISIT]}, "operator").json()
        body = {
            "prediction_id": made["predictions"][0]["prediction_id"],
            "decision": "accept",
            "reason": "d'accord",
        }
        service.ask("POST", "/v1/decisions", body, "operator")
        with service.parts.engine.begin() as connection:
            connection.execute(text("UPDATE predictions SET response = replace(response, '48.0', '18.0')"))
            connection.execute(text("UPDATE decisions SET reason = 'autre'"))
            assert [f.seq for f in edited_predictions(connection)] == [1]
            assert [f.seq for f in edited_decisions(connection)] == [2]
            connection.execute(text("DELETE FROM decisions"))
            connection.execute(text("DELETE FROM predictions"))
            assert [f.seq for f in edited_predictions(connection)] == [1]
            assert [f.seq for f in edited_decisions(connection)] == [2]


class TestObservations:
    """POST /v1/observations."""

    def test_the_same_again_is_nothing_new(self, service: Service) -> None:
        """Counted as unchanged; other content is a revision, and the former version stays with its end."""
        visit = {"visit_id": "v", "arrived_at": "2025-11-03T02:00:00Z"}
        service.ask("POST", "/v1/observations", {"visits": [visit]})
        again = service.ask("POST", "/v1/observations", {"visits": [visit]}).json()["tables"]["visits"]
        assert again == {"new": 0, "revised": 0, "unchanged": 1}
        service.parts.clock.instant += 60_000_000  # type: ignore[attr-defined]
        seen = {**visit, "seen_at": "2025-11-03T02:20:00Z"}
        revised = service.ask("POST", "/v1/observations", {"visits": [seen]}).json()["tables"]["visits"]
        assert revised == {"new": 0, "revised": 1, "unchanged": 0}
        with service.parts.engine.connect() as connection:
            rows = connection.execute(select(observations).order_by(observations.c.seq)).all()
        assert [(r.received_at, r.superseded_at) for r in rows] == [
            (NOW, NOW + 60_000_000),
            (NOW + 60_000_000, None),
        ]

    def test_all_or_nothing(self, service: Service) -> None:
        """One bad row of one table, and no row of any is stored."""
        body = {
            "visits": [{"visit_id": "v", "arrived_at": "2025-11-03T02:00:00Z"}],
            "census": [{"unit": "U1", "at": "2025-11-03T02:00:00Z", "occupied": -4}],
        }
        assert codes(service.ask("POST", "/v1/observations", body)) == [
            ("census[0].occupied", "out_of_range")
        ]
        assert service.count(observations) == 0

    def test_two_truths_at_one_instant_are_refused(self, service: Service) -> None:
        """409 with the path; the first stays."""
        row = {"unit": "U1", "at": "2025-11-03T02:00:00Z", "occupied": 20}
        service.ask("POST", "/v1/observations", {"census": [row]})
        other = [{**row, "unit": "U2"}, {**row, "occupied": 21}]
        response = service.ask("POST", "/v1/observations", {"census": other})
        assert response.status_code == 409
        assert codes(response) == [("census[1]", "conflicting_revision")]
        assert service.count(observations) == 1

    def test_reception_never_goes_back(self, service: Service) -> None:
        """A clock set back does not: the next reception comes after the last."""
        row = {"unit": "U1", "at": "2025-11-03T01:00:00Z", "occupied": 20}
        service.ask("POST", "/v1/observations", {"census": [row]})
        service.parts.clock.instant -= HOUR  # type: ignore[attr-defined]
        row["unit"] = "U2"
        sent = service.ask("POST", "/v1/observations", {"census": [row]}).json()
        assert sent["received_at"] == "2025-11-03T02:40:00.000001Z"

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("received_at", "2025-11-03T02:00:00Z", "Vigie fills it in itself"),
            ("occupied", 12, "none of this table"),
            ("age_years", "41", "without quote marks"),
            ("left_at", "1900-01-01T00:00:00Z", "leave it out"),
            ("left_at", "9999-12-31T00:00:00Z", "the year is before 1900 or after 2200"),
        ],
    )
    def test_a_field_of_another_kind_is_called_what_it_is(
        self, service: Service, field: str, value: object, words: str
    ) -> None:
        """A request has no mapping to correct: its words name none."""
        visit = {"visit_id": "v", "arrived_at": "2025-11-03T02:00:00Z", field: value}
        response = service.ask("POST", "/v1/observations", {"visits": [visit]})
        (fault,) = response.json()["errors"]
        assert words in fault["message"]
        assert "mapping" not in fault["message"]
        assert "missing" not in fault["message"]

    def test_an_empty_body_and_an_unknown_table(self, service: Service) -> None:
        """Both are refused."""
        assert codes(service.ask("POST", "/v1/observations", {})) == [("", "too_short")]
        assert ("?", "unknown_field") in codes(service.ask("POST", "/v1/observations", {"beds": []}))


class TestDecisions:
    """POST and GET /v1/decisions."""

    def test_a_decision_needs_a_reason_and_a_prediction(self, service: Service) -> None:
        """A blank reason, a value without an override, an id that is none: all at once or one by one."""
        body = {"prediction_id": "Dupont", "decision": "maybe", "reason": "  "}
        assert set(codes(service.ask("POST", "/v1/decisions", body, "operator"))) == {
            ("prediction_id", "not_an_id"),
            ("decision", "not_a_choice"),
            ("reason", "blank"),
        }
        body = {"prediction_id": "0" * 24, "decision": "accept", "reason": "x", "value": "3"}
        assert codes(service.ask("POST", "/v1/decisions", body, "operator")) == [("value", "not_a_number")]
        odd = {**body, "value": 3}
        assert codes(service.ask("POST", "/v1/decisions", odd, "operator")) == [
            ("value", "value_without_override")
        ]
        del body["value"]
        response = service.ask("POST", "/v1/decisions", body, "operator")
        assert (response.status_code, response.json()["code"]) == (404, "unknown_prediction")
        assert service.count(decisions) == 0

    def test_pages_follow_one_another(self, service: Service) -> None:
        """`next` leads on until there is nothing more."""
        made = service.ask("POST", "/v1/wait-time", {"visits": [VISIT]}, "operator").json()
        body = {
            "prediction_id": made["predictions"][0]["prediction_id"],
            "decision": "reject",
            "reason": "non",
        }
        for _ in range(3):
            service.ask("POST", "/v1/decisions", body, "operator")
        first = service.ask("GET", "/v1/decisions?limit=2", role="operator").json()
        second = service.ask("GET", f"/v1/decisions?limit=2&after={first['next']}", role="operator").json()
        assert (len(first["decisions"]), len(second["decisions"]), second["next"]) == (2, 1, None)

    def test_a_reason_can_be_erased_from_the_journal(self, service: Service) -> None:
        """A person's words stand in the payload, and not in the entry that cannot be erased."""
        made = service.ask("POST", "/v1/wait-time", {"visits": [VISIT]}, "operator").json()
        body = {
            "prediction_id": made["predictions"][0]["prediction_id"],
            "decision": "reject",
            "reason": "Mme Martin",
        }
        service.ask("POST", "/v1/decisions", body, "operator")
        assert "Martin" not in service.ask("GET", "/v1/journal", role="auditor").text


class TestReleases:
    """What is served, and what happens when it changes."""

    def test_a_promotion_is_served_without_a_restart(self, service: Service) -> None:
        """The next request after the check is answered by version 2."""
        source = FakeReleases()
        ticks = [0.0]
        service.parts.releases = Releases(source, clock=lambda: ticks[0])

        def version() -> str:
            answer = service.ask("POST", "/v1/wait-time", {"visits": [VISIT]}).json()
            return str(answer["model"]["version"])

        assert version() == "1"
        source.found["wait-time"] = loaded("wait-time", 2)
        assert version() == "1"
        ticks[0] = 1.0
        assert version() == "2"

    def test_an_unreleased_model_is_a_named_problem(self, service: Service) -> None:
        """503 that says what to do, for either model; nothing is asked of the forecaster."""
        service.parts.releases = Releases(FakeReleases({"bed-demand": None, "wait-time": None}))
        response = service.ask("POST", "/v1/wait-time", {"visits": [VISIT]})
        assert (response.status_code, response.json()["code"]) == (503, "no_release")
        assert "vigie promote wait-time" in response.json()["detail"]
        response = service.ask("POST", "/v1/bed-demand", {"units": ["U1"], "horizons_hours": [4]})
        assert response.json()["code"] == "no_release"
        assert service.forecaster.asked == []
        assert service.client.get("/readyz").status_code == 503

    def test_a_release_that_does_not_verify_is_refused(self, service: Service) -> None:
        """From the start: nothing of it is served, and it is not ready."""
        source = FakeReleases()
        source.found["wait-time"] = ReleaseError("card.json was changed")
        service.parts.releases = Releases(source)
        response = service.ask("POST", "/v1/wait-time", {"visits": [VISIT]})
        assert (response.status_code, response.json()["code"]) == (503, "release_refused")
        ready = service.client.get("/readyz")
        assert (ready.status_code, ready.json()["models"]["wait-time"]["status"]) == (503, "refused")

    def test_what_was_verified_goes_on_while_the_floor_allows(self, service: Service) -> None:
        """A broken release 2 leaves 1 in service, said so; a floor of 2 ends it."""
        source = FakeReleases()
        ticks = [0.0]
        service.parts.releases = Releases(source, clock=lambda: ticks[0])
        service.client.get("/readyz")
        source.found["wait-time"] = ReleaseError("wait-time: release 2 is refused")
        ticks[0] = 1.0
        assert service.ask("POST", "/v1/wait-time", {"visits": [VISIT]}).json()["model"]["version"] == "1"
        ready = service.client.get("/readyz")
        assert (ready.status_code, "newest is refused" in ready.text) == (200, True)
        warned = service.ask("GET", "/v1/models", role="board").json()["released"]
        assert [m["warning"] is None for m in warned] == [True, False]
        headers = {"authorization": f"Bearer {service.tokens['board']}", "accept-language": "fr"}
        warned = service.client.get("/v1/models", headers=headers).json()["released"]
        assert warned[1]["warning"].startswith("la version en service la plus récente n'est pas conforme")
        source.floors["wait-time"] = 2
        ticks[0] = 2.0
        assert service.ask("POST", "/v1/wait-time", {"visits": [VISIT]}).status_code == 503

    def test_a_restored_release_is_tried_again(self, service: Service) -> None:
        """Of a refused one the files may be put right without a new number."""
        source = FakeReleases({"wait-time": ReleaseError("changed"), "bed-demand": None})
        ticks = [0.0]
        releases = Releases(source, clock=lambda: ticks[0])
        releases.refresh()
        fault = source.found["wait-time"]
        source.stamp = lambda model: id(fault)  # type: ignore[method-assign]
        ticks[0] = 20.0
        releases.refresh()
        source.found["wait-time"] = loaded("wait-time")
        ticks[0] = 40.0
        releases.refresh()
        assert releases.current("wait-time").version == "1"

    def test_models_and_candidates(self, service: Service) -> None:
        """Candidates are shown to those who judge them only."""
        board = service.ask("GET", "/v1/models", role="board").json()
        assert [m["name"] for m in board["released"]] == ["bed-demand", "wait-time"]
        assert board["candidates"][0]["version"] == "7"
        assert service.ask("GET", "/v1/models", role="operator").json()["candidates"] is None

    def test_an_application_reads_what_it_may_ask_for(self, service: Service) -> None:
        """Units, horizons, departments, triage levels and scope; no candidates."""
        answer = service.ask("GET", "/v1/models", role="application").json()
        beds, waits = answer["released"]
        assert [unit["unit"] for unit in beds["units"]] == ["U1", "U2", "U3", "U4"]
        assert beds["units"][0] == {"unit": "U1", "label": "Médecine polyvalente", "group": "medicine"}
        assert (beds["horizons_hours"], beds["departments"]) == ([4, 8, 24, 72], [])
        assert beds["scope"] == [
            {"unit_group": "medicine", "horizon_hours": 4},
            {"unit_group": "medicine", "horizon_hours": 24},
        ]
        assert (waits["units"], waits["departments"]) == ([], ["ED"])
        assert waits["triage_levels"] == ["2", "3A", "3B", "4", "5"]
        assert answer["candidates"] is None

    def test_cards(self, service: Service) -> None:
        """The release's for who sees models, a candidate's for who judges it."""
        path = "/v1/models/wait-time/card"
        assert service.ask("GET", path, role="operator").json()["version"] == "1"
        assert service.ask("GET", f"{path}?version=7", role="operator").status_code == 404
        assert service.ask("GET", f"{path}?version=7", role="data_scientist").json()["version"] == "7"
        assert service.ask("GET", f"{path}?version=9", role="board").status_code == 404
        assert service.ask("GET", "/v1/models/other/card", role="board").json()["code"] == "unknown_model"

    def test_a_browser_sees_the_page_of_a_card(self, service: Service) -> None:
        """Who prefers HTML; an application that says nothing, or takes anything, gets JSON; `format` is above both."""
        browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

        def asked(accept: str | None, query: str = "") -> Any:
            headers = {"authorization": f"Bearer {service.tokens['operator']}"}
            headers |= {} if accept is None else {"accept": accept}
            return service.client.get(f"/v1/models/wait-time/card{query}", headers=headers)

        for accept, query, language in (
            (browser, "", "fr"),
            ("text/html", "", "fr"),
            ("*/*", "?format=html", "fr"),
            (browser, "?language=en", "en"),
        ):
            found = asked(accept, query)
            assert found.status_code == 200
            assert found.text.startswith(f'<!doctype html>\n<html lang="{language}">')
            assert ("Model card" if language == "en" else "Fiche") in found.text
            assert found.headers["content-type"] == "text/html; charset=utf-8"
            assert found.headers["vary"] == "Accept"
        for accept, query in ((None, ""), ("*/*", ""), ("application/json", ""), (browser, "?format=json")):
            found = asked(accept, query)
            assert found.json()["version"] == "1"
            assert (found.headers["content-type"], found.headers["vary"]) == ("application/json", "Accept")


_MAY = {
    ("POST", "/v1/wait-time"): "application operator admin",
    ("POST", "/v1/bed-demand"): "application operator admin",
    ("POST", "/v1/observations"): "application operator admin",
    ("GET", "/v1/predictions/x"): "application operator auditor admin",
    ("POST", "/v1/explanations"): "application operator auditor admin",
    ("POST", "/v1/counterfactuals"): "application operator auditor admin",
    ("POST", "/v1/decisions"): "operator admin",
    ("GET", "/v1/decisions"): "operator board auditor admin",
    ("GET", "/v1/journal"): "auditor admin",
    ("GET", "/v1/models"): "application operator data_scientist board auditor admin",
    ("GET", "/v1/models/wait-time/card"): "operator data_scientist board auditor admin",
    ("GET", "/metrics"): "auditor admin",
    ("GET", "/"): "operator board auditor admin",
}


@pytest.mark.parametrize(("method", "path"), list(_MAY))
def test_who_may_do_what(service: Service, method: str, path: str) -> None:
    """Each role passes exactly where it may; nobody does without a token or with a wrong one."""
    body: Any = {} if method == "POST" else None
    for role in service.tokens:
        allowed = role in _MAY[method, path].split()
        response = service.ask(method, path, body, role)
        assert (response.status_code == 403) is not allowed, role
    assert service.client.request(method, path, json=body).status_code == 401
    wrong = {"authorization": f"Bearer vigie_{'0' * 12}_{'A' * 43}"}
    response = service.client.request(method, path, json=body, headers=wrong)
    assert (response.status_code, response.json()["code"]) == (401, "unknown_token")
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_a_revoked_token_ends_within_a_second(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was verified a moment ago is asked for again after it."""
    assert service.ask("GET", "/v1/journal", role="auditor").status_code == 200
    with service.parts.engine.begin() as connection:
        connection.execute(text("UPDATE tokens SET revoked_at = 1"))
    monkeypatch.setattr("time.monotonic", lambda: 1e12)
    assert service.ask("GET", "/v1/journal", role="auditor").status_code == 401


def test_the_stored_text_is_canonical(service: Service) -> None:
    """What is kept of a row is JSON with sorted keys, without what is unknown."""
    service.ask("POST", "/v1/observations", {"visits": [{**VISIT, "reason": None}]})
    with service.parts.engine.connect() as connection:
        row = connection.execute(select(observations.c.row)).scalar_one()
    kept = json.loads(row)
    assert list(kept) == sorted(kept)
    assert "reason" not in kept
    assert len(kept["visit_id"]) == 32
