"""What is older than the policy's terms is erased, said by an entry; the rest stays, and the record is whole."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import delete, insert, inspect, select, text, update

from cli.main import main
from registry.erasure.last_run import last_run
from registry.erasure.retention import Due, due, retain
from registry.policy.board_policy import default_policy, load_policy
from registry.policy.retention_rules import RetentionRules
from registry.policy.strictness import looser_points
from registry.record import observation_batches
from registry.record.database import writing
from registry.record.journal import append, entries_of
from registry.record.journal_audit import verify
from registry.record.tables.recommendation_tables import recommendation_acts, recommendations
from registry.record.tables.record_tables import decisions, observations, payloads, predictions
from registry.record.tombstones import RETAIN, numbers_of, ranges_of
from registry.settings import Settings
from serving.forecasting import decision_record, prediction_record
from serving.interface.recommendations import audit
from serving.interface.recommendations.rows import (
    ACTED,
    RECOMMENDED,
    SERVICE,
    content_done,
    content_made,
    text_of,
)
from tests.support.fake_service import VISIT, Service, start

pytestmark = pytest.mark.usefixtures("english")

TERMS = RetentionRules()
REASON = "Mme Dupont attend"


@pytest.fixture
def service(tmp_path: Path, database_url: str) -> Iterator[Service]:
    """A patient was received, forecast and decided on."""
    found = start(tmp_path, database_url)
    assert found.ask("POST", "/v1/observations", {"visits": [VISIT]}).status_code == 200
    (made,) = found.ask("POST", "/v1/wait-time", {"visits": [VISIT]}).json()["predictions"]
    body = {"prediction_id": made["prediction_id"], "decision": "accept", "reason": REASON}
    assert found.ask("POST", "/v1/decisions", body, "operator").status_code == 201
    yield found
    found.parts.workers.close()
    found.parts.close()


def faults(service: Service) -> list[str]:
    """What is wrong with the record."""
    with service.parts.engine.connect() as connection:
        audits = (observation_batches.edited, prediction_record.edited, decision_record.edited, audit.edited)
        return [f.message for f in (*verify(connection), *(f for of in audits for f in of(connection)))]


def carry_out(service: Service, days: float) -> Due:
    """Carries the terms out so many days from now."""
    with writing(service.parts.engine) as connection:
        return retain(connection, TERMS, actor="DPO", now=datetime.now(UTC) + timedelta(days=days))


def everything(service: Service) -> str:
    """Every text of every table."""
    engine = service.parts.engine
    with engine.connect() as connection:
        names = inspect(engine).get_table_names()
        return str([connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in names])  # noqa: S608


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (364, Due(0, 0, 0)),
        (366, Due(1, 0, 0)),
        (1096, Due(1, 1, 0)),
        (1826, Due(1, 1, 1)),
    ],
)
def test_each_kind_goes_at_its_term(service: Service, days: int, expected: Due) -> None:
    """Not a day before; a dry run says the same and changes nothing; a second time there is nothing."""
    before = everything(service)
    with service.parts.engine.connect() as connection:
        assert due(connection, TERMS, datetime.now(UTC) + timedelta(days=days)) == expected
    assert everything(service) == before
    assert carry_out(service, days) == expected
    assert faults(service) == []
    assert (REASON in everything(service)) == (not expected.decision_reasons)
    counts = (service.count(predictions), service.count(observations))
    assert counts == (1 - expected.predictions, 1 - expected.observations)
    assert service.count(decisions) == 1 - expected.predictions
    assert not carry_out(service, days).anything
    with service.parts.engine.connect() as connection:
        acts = list(entries_of(connection, (RETAIN,)))
    assert [a.subjects["decision_reasons_days"] for a in acts] == ["365"] * expected.anything


def test_a_prediction_that_was_decided_on_since_stays(service: Service) -> None:
    """With its decision."""
    with service.parts.engine.begin() as connection:
        connection.execute(text("UPDATE journal SET at = 0 WHERE action = 'predict'"))
    with service.parts.engine.connect() as connection:
        assert due(connection, TERMS, datetime.now(UTC)) == Due(0, 0, 0)


def test_what_is_deleted_by_hand_still_shows(service: Service) -> None:
    """A payload or an observation that no act names; and an act of which a number was put in."""
    carry_out(service, 366)
    with service.parts.engine.begin() as connection:
        connection.execute(delete(payloads))
        connection.execute(delete(observations))
    found = faults(service)
    assert "its payload is gone, and no entry says that it was erased" in found
    assert "its observations are gone" in found
    with service.parts.engine.begin() as connection:
        connection.execute(
            text("UPDATE journal SET subjects = '{\"payloads\":\"1-99\"}' WHERE action = 'retain'")
        )
    assert "was edited: its digest is another" in faults(service)


def test_what_is_left_of_a_decision_cannot_be_edited(service: Service) -> None:
    """Its digest stands in the entry of the act: who decided, what and when is as it was, and the row is there."""
    carry_out(service, 366)
    assert faults(service) == []
    with service.parts.engine.begin() as connection:
        connection.execute(update(decisions).values(actor="somebody else"))
    assert "its decision was edited after its reason was erased" in faults(service)
    with service.parts.engine.begin() as connection:
        connection.execute(delete(decisions))
    assert "its decision is gone, and no entry says that it was erased" in faults(service)


def test_what_is_left_goes_with_its_prediction_and_nobody_calls_it_gone(service: Service) -> None:
    """First the reason, then all of it, each at its term."""
    carry_out(service, 366)
    assert carry_out(service, 1096).predictions == 1
    assert service.count(decisions) == 0
    assert faults(service) == []


def _recommend(service: Service) -> None:
    """A recommendation that was closed by a decision in somebody's own words, as the command centre stores them."""
    words = {"reason_code": "other", "reason": REASON, "instead": f"{REASON} ailleurs"}
    content = content_done("r1", "rejected", "operator", 7, words)
    with writing(service.parts.engine) as connection:
        at, kind = datetime.now(UTC), "rejected"
        made = content_made("r1", "A", "red", 5, 6, {"why": "beds"}, None)
        subjects = {"recommendation": "r1"}
        first = append(connection, actor=SERVICE, action=RECOMMENDED, subjects=subjects, now=at, payload=made)
        act = f"{ACTED} {kind}"
        last = append(connection, actor="operator", action=act, subjects=subjects, now=at, payload=content)
        row = {"recommendation_id": "r1", "place": "A", "level": "red", "proposed_at": 5, "decide_by": 6}
        row |= {"content": text_of({"why": "beds"}), "closed_at": 7, "journal_seq": first.seq}
        connection.execute(insert(recommendations).values(**row))
        own = {"recommendation_id": "r1", "act": kind, "actor": "operator", "at": 7, "journal_seq": last.seq}
        own["content"] = text_of(words)
        connection.execute(insert(recommendation_acts).values(**own))
        shown = {"recommendation_id": "r1", "act": "shown", "actor": "operator", "at": 6, "journal_seq": 0}
        connection.execute(insert(recommendation_acts).values(**shown, content="{}"))


def test_words_about_recommendations_go_at_their_term_and_the_whole_at_its_own(service: Service) -> None:
    """The reason and what was done instead, with the payload; then all of it; what is left is held against the act."""
    _recommend(service)
    assert faults(service) == []
    assert carry_out(service, 364) == Due(0, 0, 0)
    assert carry_out(service, 366) == Due(2, 0, 0)
    assert REASON not in everything(service)
    assert faults(service) == []
    assert (service.count(recommendations), service.count(recommendation_acts)) == (1, 2)
    with service.parts.engine.begin() as connection:
        act = recommendation_acts.c.act
        connection.execute(update(recommendation_acts).where(act == "rejected").values(act="accepted"))
    assert "its decision was edited after its reason was erased" in faults(service)
    with service.parts.engine.begin() as connection:
        connection.execute(update(recommendation_acts).where(act == "accepted").values(act="rejected"))
    assert carry_out(service, 1096) == Due(0, 1, 0, 1)
    assert (service.count(recommendations), service.count(recommendation_acts)) == (0, 0)
    assert faults(service) == []


def test_an_open_recommendation_stays(service: Service) -> None:
    """However old: somebody may still decide."""
    _recommend(service)
    with service.parts.engine.begin() as connection:
        connection.execute(update(recommendations).values(closed_at=None))
    assert carry_out(service, 1096).recommendations == 0
    assert service.count(recommendations) == 1


def test_a_reason_that_came_back_shows(service: Service) -> None:
    """Nobody writes other words into a decision whose reason is gone."""
    carry_out(service, 366)
    with service.parts.engine.begin() as connection:
        connection.execute(update(decisions).values(reason="other words"))
        assert connection.scalar(select(decisions.c.reason)) == "other words"
    assert any("after its term" in words for words in faults(service))


@pytest.mark.parametrize("numbers", [[], [1], [1, 2, 3], [1, 3, 4, 9]])
def test_ranges(numbers: list[int]) -> None:
    """There and back; a text that is none names no entry, and no text names more than there are."""
    assert numbers_of(ranges_of(numbers), 100) == set(numbers)
    assert numbers_of("x,-3,2-1", 100) == set()
    assert numbers_of("1-999999999999", 3) == {1, 2, 3}


def test_the_policy_states_the_terms() -> None:
    """Within bounds, longer or shorter than those that ship."""
    shipped = default_policy()
    assert shipped.retention == TERMS
    own = load_policy(
        shipped.content + b"\n[retention]\ndecision_reasons_days = 30\nobservations_days = 3650\n"
    )
    assert own.retention == RetentionRules(decision_reasons_days=30, observations_days=3650)
    assert looser_points(own, shipped) == []
    with pytest.raises(ValidationError):
        RetentionRules(observations_days=399)


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each kind with its term."""
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "home"))
    assert main(["journal", "retain"]) == 0
    assert "decision reasons: term 365 days, 0 older" in capsys.readouterr().out
    assert last_run(Settings(home=tmp_path / "home")) is None
    assert main(["journal", "retain", "--carry-out"]) == 0
    assert "closed recommendations, with what was decided on them: " in capsys.readouterr().out
    assert last_run(Settings(home=tmp_path / "home")) is not None
