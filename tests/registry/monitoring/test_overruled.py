"""People who rightly overrule a unit group's forecasts take it out of the release's scope, by the policy's rule."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from statsmodels.stats.proportion import proportion_confint

from hospital.times import DAY, HOUR, moment
from registry.errors import MonitorError
from registry.monitoring.acknowledgement import acknowledge_alarm
from registry.monitoring.alarm_text import warning_of
from registry.monitoring.alarms import OVERRULED, standing
from registry.monitoring.overruled import Overruled, lose_overruled
from registry.policy.board_policy import default_policy
from registry.record.database import writing
from registry.record.journal import entries
from serving.gateway.service_parts import Parts
from serving.interface.recommendations.store import RecommendationStore
from serving.releases.monitored_alarms import StoredAlarms, degraded
from serving.releases.releases_in_use import Releases
from tests.support.even_forecasts import forecast
from tests.support.installation import Installation
from tests.support.journal_times import entered_at
from tests.support.serving_fakes import FakeReleases, loaded, make_parts

GROUPS = {"U1": "medicine", "U2": "surgery", "U3": "medicine"}
RELEASED, NOW = 20_000 * DAY, 20_060 * DAY
RULES = default_policy().monitor


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    """An installation's database."""
    return make_parts(tmp_path / "home")[0]


def decide(
    connection: Connection,
    verdict: str,
    right: bool | None,
    *,
    unit: str = "U1",
    at: int = RELEASED + 10 * DAY,
    trust: str = "trusted",
    seeded: str | None = None,
    two_people: bool = False,
    after: tuple[str, ...] = (),
    measured: bool | None = None,
) -> None:
    """A decision with what came of it; `after`: acts after the answer."""
    store = RecommendationStore(connection)
    content = {"forecast": {"trust": {"status": trust}}}
    one = store.propose(unit, "tense", content, now=at, decide_by=at + HOUR, seeded_for=seeded)
    answer = {
        "verdict": verdict,
        "person": "Head nurse A",
        "two_people": two_people,
        "reason_code": "known_better",
    }
    store.act(one, "answered", "a", at, answer, closes=not two_people)
    for kind in after:
        store.act(one, kind, "b", at, {"person": "Head nurse B"}, closes=True)
    if right is not None:
        store.act(one, "outcome", "a", at, {"right": right})
    if measured is not None:
        store.act(one, "measured", "", at, {"right": measured})
    entered_at(connection, one.recommendation_id, at)


def judged(connection: Connection, now: int = NOW) -> tuple[dict[str, Overruled], tuple[str, ...]]:
    """What a monitoring run finds."""
    found, lost = lose_overruled(
        connection,
        model="bed-demand",
        release=1,
        digest="sha256:1",
        groups=GROUPS,
        released_at=RELEASED,
        rules=RULES,
        now=moment(now),
    )
    return {one.group: one for one in found}, lost


@pytest.mark.parametrize(
    ("right", "wrong", "lost"),
    [(10, 0, True), (9, 0, False), (9, 1, True), (8, 2, False), (0, 20, False), (24, 8, True)],
)
def test_a_group_is_lost_where_people_are_right_beyond_chance(
    parts: Parts, right: int, wrong: int, *, lost: bool
) -> None:
    """Ten known outcomes at least, and an interval wholly above one half, as statsmodels has it; others stay."""
    with writing(parts.engine) as connection:
        for n in range(right + wrong):
            decide(connection, ("overridden", "rejected")[n % 2], n < right, unit=("U1", "U3")[n % 2])
        decide(connection, "accepted", True)
        decide(connection, "rejected", None, unit="U2")
        found, groups = judged(connection)
        assert groups == (("medicine",) if lost else ())
        assert judged(connection)[1] == ()  # an alarm is raised once
    one = found["medicine"]
    assert (one.decided, one.overruled, one.known, one.right) == (
        right + wrong + 1,
        right + wrong,
        right + wrong,
        right,
    )
    assert (one.low, one.high) == pytest.approx(proportion_confint(right, right + wrong, method="wilson"))
    assert (found["surgery"].known, found["surgery"].low, found["surgery"].rightly) == (0, None, False)


@pytest.mark.parametrize(
    "more",
    [
        {"seeded": "the operator"},
        {"trust": "baseline"},
        {"at": RELEASED - DAY},
        {"unit": "*"},
        {"unit": "U9"},
        {"two_people": True},  # nobody signed
        {"two_people": True, "after": ("declined",)},
        {"two_people": True, "after": ("expired",)},
    ],
    ids=[
        "seeded",
        "by the baseline",
        "before the release",
        "hospital",
        "unknown unit",
        "open",
        "declined",
        "expired",
    ],
)
def test_what_no_decision_on_the_model_is_does_not_count(parts: Parts, more: dict[str, Any]) -> None:
    """However often it was right."""
    with writing(parts.engine) as connection:
        for _ in range(20):
            decide(connection, "rejected", True, **more)
        found, lost = judged(connection)
    assert lost == ()
    assert all(one.known == 0 for one in found.values())


def test_a_signed_decision_counts_and_a_person_s_word_goes_before_the_census(parts: Parts) -> None:
    """What was measured stands in where nobody said anything."""
    with writing(parts.engine) as connection:
        decide(connection, "overridden", None, two_people=True, after=("signed",), measured=True)
        decide(connection, "rejected", False, measured=True)
        decide(connection, "rejected", True, measured=False)
        decide(connection, "rejected", None, measured=False)
        found, _ = judged(connection)
    assert (found["medicine"].known, found["medicine"].right) == (4, 2)


def test_the_cell_is_served_by_the_baseline_until_the_board_lifts_it(parts: Parts, tmp_path: Path) -> None:
    """That group alone, with the reason in the answer and an entry in the journal; not by whoever is no member."""
    ticks = iter(range(10_000))
    releases = Releases(FakeReleases(), lambda: float(next(ticks) * 2), StoredAlarms(parts.engine))
    releases.refresh()
    whole = releases.current("bed-demand").scope
    assert {group for group, _ in whole} == {"medicine"}
    with writing(parts.engine) as connection:
        for _ in range(12):
            decide(connection, "rejected", True)
        assert judged(connection)[1] == ("medicine",)
        alarm = standing(connection, "bed-demand", 1)[0]
        entry = next(e for e in entries(connection) if e.seq == alarm.journal_seq)
    assert (alarm.family, alarm.name, alarm.stops) == (OVERRULED, "medicine", False)
    assert (entry.action, entry.actor, entry.reason) == ("alarm", "vigie monitor", "overruled: medicine")
    releases.refresh()
    assert releases.current("bed-demand").scope == frozenset()
    assert not releases.current("bed-demand").stopped
    for language, words in (("fr", "12 fois sur 12"), ("en", "right 12 times of 12")):
        assert words in warning_of(alarm, language)  # type: ignore[arg-type]
    board = Installation.make(tmp_path / "board")
    with writing(parts.engine) as connection:
        with pytest.raises(MonitorError):
            acknowledge_alarm(
                connection, board.settings, alarm.alarm_id, key=None, reason="x", now=moment(NOW)
            )
        acknowledge_alarm(
            connection,
            board.settings,
            alarm.alarm_id,
            key=board.people["ada"],
            reason="seen",
            now=moment(NOW),
        )
        found, lost = judged(connection, NOW + DAY)
        assert (found, lost) == ({}, ())  # it is counted anew
        decide(connection, "rejected", True, at=NOW + 2 * DAY)
        assert judged(connection, NOW + 3 * DAY)[0]["medicine"].known == 1
    releases.refresh()
    assert releases.current("bed-demand").scope == whole


def test_other_groups_say_nothing_of_it(parts: Parts) -> None:
    """The forecast of the group and of the hospital is degraded, with why; that of another group is not."""
    with writing(parts.engine) as connection:
        for _ in range(12):
            decide(connection, "rejected", True)
        judged(connection)
        alarms = standing(connection, "bed-demand", 1)
    own, other = degraded([forecast("U1"), forecast("U2")], alarms, "fr", groups=GROUPS)
    assert own.trust["status"] == "degraded"
    assert "medicine" in own.trust["warnings"][-1].lower() or "médecine" in own.trust["warnings"][-1].lower()
    assert other.trust == forecast("U2").trust


@pytest.mark.parametrize(("name", "value"), [("share", 0.6), ("decisions", 60), ("confidence", 0.999)])
def test_the_rule_has_bounds_that_no_board_may_leave(name: str, value: float) -> None:
    """A board cannot keep a model that people rightly overrule."""
    with pytest.raises(ValueError, match=f"overruled_{name}"):
        type(RULES).model_validate({**RULES.model_dump(), f"overruled_{name}": value})


def test_a_policy_of_before_has_the_rule() -> None:
    """Sealed with a release, it is read as it was."""
    before = {k: v for k, v in RULES.model_dump().items() if not k.startswith("overruled")}
    assert type(RULES).model_validate(before) == RULES


def test_the_same_package_released_again_is_still_rightly_overruled(parts: Parts, tmp_path: Path) -> None:
    """A new release of it gives nothing back, a package of another digest begins anew; the board lifts it for all."""
    with writing(parts.engine) as connection:
        for _ in range(12):
            decide(connection, "rejected", True)
        assert judged(connection)[1] == ("medicine",)
        alarm = standing(connection, "bed-demand", 1)[0]
        assert standing(connection, "bed-demand", 2, "sha256:1") == (alarm,)
        assert standing(connection, "bed-demand", 2, "sha256:2") == ()
        assert standing(connection, "bed-demand", 2) == ()
        for _ in range(12):
            decide(connection, "rejected", True, at=NOW + DAY)
        again = lose_overruled(
            connection,
            model="bed-demand",
            release=2,
            digest="sha256:1",
            groups=GROUPS,
            released_at=NOW,
            rules=RULES,
            now=moment(NOW + 2 * DAY),
        )
        assert (again[0][0].rightly, again[1]) == (True, ())
    again_released = replace(loaded("bed-demand", 2), digest="sha256:1")
    source = FakeReleases({"bed-demand": again_released, "wait-time": None})
    ticks = iter(range(10_000))
    releases = Releases(source, lambda: float(next(ticks) * 2), StoredAlarms(parts.engine))
    releases.refresh()
    assert releases.current("bed-demand").scope == frozenset()
    board = Installation.make(tmp_path / "board")
    with writing(parts.engine) as connection:
        acknowledge_alarm(
            connection,
            board.settings,
            alarm.alarm_id,
            key=board.people["ada"],
            reason="seen",
            now=moment(NOW + 2 * DAY),
        )
    releases.refresh()
    assert releases.current("bed-demand").scope == again_released.scope
