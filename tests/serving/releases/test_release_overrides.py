"""What people decided against the release in use: by group, unit and reason, beside its card."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from statsmodels.stats.proportion import proportion_confint

from hospital.times import DAY, moment
from registry.monitoring.overruled import lose_overruled
from registry.policy.board_policy import default_policy
from registry.record.database import writing
from serving.gateway.service_parts import Parts
from serving.interface.recommendations.store import RecommendationStore
from serving.releases.monitored_alarms import StoredAlarms
from serving.releases.releases_in_use import Releases
from tests.support.journal_times import entered_at
from tests.support.serving_fakes import NOW, FakeReleases, InProcess, loaded, make_parts

TITLES = {
    "known_better": {
        "fr": "Information que la prévision n’a pas",
        "en": "Information that the forecast lacks",
    },
    "no_staff": {},
}


def decide(
    connection: Connection, verdict: str, right: bool | None, reason: str, unit: str = "U1", **more: Any
) -> None:
    """A decision on a recommendation of yesterday, with its outcome where one is known."""
    store, at = RecommendationStore(connection), NOW - DAY
    content = {"forecast": {"trust": {"status": "trusted"}}}
    one = store.propose(unit, "tense", content, now=at, decide_by=at + DAY, **more)
    answer = {"verdict": verdict, "person": "A", "reason_code": reason, "reason_title": TITLES[reason]}
    store.act(one, "answered", "a", at, answer, closes=True)
    if right is not None:
        store.act(one, "outcome", "a", at, {"right": right})
    entered_at(connection, one.recommendation_id, at)


@pytest.fixture
def asked(quick_path: Path) -> tuple[Parts, dict[str, str]]:
    """A service in which U1 was overruled often and rightly, and U3 and U2 once; what was seeded is there, too."""
    parts, tokens = make_parts(quick_path)
    with writing(parts.engine) as connection:
        for n in range(12):
            decide(connection, "rejected", n > 0, "known_better")
        decide(connection, "overridden", None, "no_staff")
        decide(connection, "accepted", True, "known_better")
        decide(connection, "rejected", False, "no_staff", "U3")
        decide(connection, "rejected", None, "no_staff", "U2")
        for _ in range(9):
            decide(connection, "rejected", True, "no_staff", "U2", seeded_for="the operator")
    return parts, tokens


def body(asked: tuple[Parts, dict[str, str]], who: str = "board", status: int = 200) -> dict[str, Any]:
    """What somebody is answered."""
    parts, tokens = asked
    headers = {"authorization": f"Bearer {tokens[who]}"}
    response = InProcess(parts).get("/v1/models/bed-demand/overrides", headers=headers)
    assert response.status_code == status, response.text
    found: dict[str, Any] = response.json()
    return found


def test_by_group_unit_and_reason_with_the_interval_of_the_policy_s_rule(
    asked: tuple[Parts, dict[str, str]],
) -> None:
    """As statsmodels has it; what was seeded to measure oversight is in none."""
    answer = body(asked)
    cells = {(c["group"], c["unit"], c["reason_code"]): c for c in answer["reasons"]}
    counts = {key: (c["overruled"], c["decided"], c["known"], c["right"]) for key, c in cells.items()}
    assert counts == {
        ("medicine", "U1", "known_better"): (12, 14, 12, 11),
        ("medicine", "U1", "no_staff"): (1, 14, 0, 0),
        ("medicine", "U3", "no_staff"): (1, 1, 1, 0),
        ("surgery", "U2", "no_staff"): (1, 1, 0, 0),
    }
    first = cells["medicine", "U1", "known_better"]
    assert (first["low"], first["high"]) == pytest.approx(proportion_confint(11, 12, method="wilson"))
    assert cells["medicine", "U1", "no_staff"]["low"] is None
    assert first["reason_title"] == TITLES["known_better"]
    groups = {g["group"]: (g["overruled"], g["known"], g["right"], g["alarm"]) for g in answer["groups"]}
    assert groups == {"medicine": (14, 13, 11, None), "surgery": (1, 0, 0, None)}
    assert answer["rule"] == {"share": 0.5, "decisions": 10, "confidence": 0.95}
    assert answer["since"] == moment(loaded("bed-demand").released_at).isoformat().replace("+00:00", "Z")


def test_a_group_that_was_lost_has_its_alarm(asked: tuple[Parts, dict[str, str]]) -> None:
    """Until the board acknowledges it."""
    parts, _ = asked
    release = loaded("bed-demand")
    with writing(parts.engine) as connection:
        _, lost = lose_overruled(
            connection,
            model="bed-demand",
            release=release.sequence,
            digest=release.digest,
            groups={u.unit: u.group for u in release.units},
            released_at=release.released_at,
            rules=default_policy().monitor,
            now=moment(NOW),
        )
    assert lost == ("medicine",)
    parts.releases = Releases(FakeReleases(), monitored=StoredAlarms(parts.engine))
    parts.releases.refresh()
    alarms = {g["group"]: g["alarm"] for g in body(asked)["groups"]}
    assert alarms["surgery"] is None
    assert alarms["medicine"] == parts.releases.current("bed-demand").alarms[0].alarm_id


def test_an_application_does_not_see_it(asked: tuple[Parts, dict[str, str]]) -> None:
    """It is of people, and for people."""
    assert body(asked, "application", 403)["code"] == "role_missing"
