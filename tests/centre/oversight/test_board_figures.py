"""What people overruled is one figure: on Historique, beside the card, for programs and in the monitor's run."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from hospital.times import DAY, HOUR, moment
from hospital.words import formats
from registry.errors import JournalError
from registry.monitoring.acknowledgement import acknowledge_alarm
from registry.monitoring.alarms import OVERRULED, raise_alarm, standing
from registry.monitoring.overruled import Overruled, lose_overruled
from registry.policy.board_policy import default_policy
from registry.policy.monitor_rules import MonitorRules
from registry.record.database import writing
from serving.interface.recommendations.store import RecommendationStore
from serving.messages.forecast_protocol import LoadedModel
from serving.releases.releases_in_use import Releases
from tests.centre.recommendations.situations import Hospital
from tests.support.installation import Installation
from tests.support.journal_times import entered_at
from tests.support.serving_fakes import NOW, FakeCatalogue, FakeReleases, loaded

STRICTER = default_policy().monitor.model_copy(
    update={"overruled_decisions": 13, "overruled_confidence": 0.99}
)
AT = NOW - 5 * DAY


class StricterCatalogue(FakeCatalogue):
    """Of a board that asks for thirteen known outcomes, at 99 %."""

    def monitor_rules(self, released: LoadedModel) -> MonitorRules:
        return STRICTER


def record(
    connection: Connection,
    *acts: tuple[str, dict[str, Any]],
    unit: str = "U1",
    at: int = AT,
    trust: str = "trusted",
    seeded: str | None = None,
    entered: int | None = None,
) -> None:
    """A recommendation that is over, with these acts; `entered`: when the journal says so, where not at that time."""
    store = RecommendationStore(connection)
    content = {
        "forecast": {"trust": {"status": trust}},
        "unit": None if unit == "*" else unit,
        "level_title": {"fr": "Tendu", "en": "Tense"},
        "role": "Cadre de garde",
    }
    one = store.propose(unit, "tense", content, now=at, decide_by=at + HOUR, seeded_for=seeded)
    for kind, said in acts:
        closes = kind in ("signed", "expired") or (kind == "answered" and not said.get("two_people"))
        store.act(one, kind, said.get("person", ""), at, said, closes=closes)
    entered_at(connection, one.recommendation_id, at if entered is None else entered)


def answer(verdict: str = "rejected", *, two: bool = False) -> tuple[str, dict[str, Any]]:
    """A person's answer; of `two`, another person has to sign it."""
    said = {"person": "A", "role": "Cadre de garde", "verdict": verdict, "instead": "", "two_people": two}
    return "answered", {**said, "reason_code": "no_staff", "reason": "seen"}


RIGHT, WRONG = (("outcome", {"right": right}) for right in (True, False))
_BEDS = {"target_at": moment(AT).isoformat(), "needed": 20.0, "staffed": 22.0, "exceeded": False}
MEASURED_RIGHT = ("measured", {**_BEDS, "right": True})
BY_B, EXPIRED = {"person": "B"}, ("expired", {"cause": "time_passed"})


@pytest.fixture
def hospital(quick_path: Path) -> Hospital:
    """Eleven rightly rejected in medicine, one of them by a second signature, beside what is no such decision."""
    made = Hospital(quick_path)
    made.parts.catalogue = StricterCatalogue()
    with writing(made.parts.engine) as connection:
        for n in range(10):
            record(connection, answer(), RIGHT if n else MEASURED_RIGHT)
        declined = ("declined", BY_B)
        record(
            connection, answer(two=True), declined, answer("overridden", two=True), ("signed", BY_B), RIGHT
        )
        record(connection, answer(), MEASURED_RIGHT, WRONG, unit="U3")  # a person's word goes before
        record(connection, answer("overridden", two=True), declined, EXPIRED, RIGHT)  # undone
        record(connection, answer("overridden", two=True), EXPIRED, RIGHT)  # nobody signed
        record(connection, EXPIRED)
        record(connection, answer(), RIGHT, unit="U2", seeded="the operator")
        record(connection, ("expired", {"cause": "withdrawn"}), unit="U2", seeded="the operator")
        record(connection, answer(), RIGHT, unit="U2", trust="baseline")
        record(connection, answer(), RIGHT, unit="U2", at=NOW - 40 * DAY)  # before the release
        record(connection, answer(), RIGHT, unit="*")
    return made


def of_monitor(hospital: Hospital, rules: MonitorRules = STRICTER) -> dict[str, Overruled]:
    """What a monitoring run counts."""
    release = loaded("bed-demand")
    with writing(hospital.parts.engine) as connection:
        found, _ = lose_overruled(
            connection,
            model="bed-demand",
            release=release.sequence,
            digest=release.digest,
            groups={u.unit: u.group for u in release.units},
            released_at=release.released_at,
            rules=rules,
            now=moment(NOW),
        )
    return {one.group: one for one in found}


def of_page(hospital: Hospital, table: str) -> list[list[str]]:
    """The cells of a table of Historique."""
    page = hospital.get("/history?language=en", "board").text
    found = re.search(rf'id="{table}">(.*?)</table>', page, re.DOTALL)
    assert found is not None
    return cells_of(found[1])


def cells_of(table: str) -> list[list[str]]:
    """The words of a table's cells by row, without its head."""
    rows = re.findall(r"<tr>(.*?)</tr>", table.partition("</thead>")[2] or table, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[re.sub("<[^>]*>", "", cell).strip() for cell in row] for row in cells]


def of_card(hospital: Hospital) -> list[list[list[str]]]:
    """The cells of both tables on the card of the release, as a browser is answered."""
    page = hospital.get("/v1/models/bed-demand/card?format=html&language=en", "board")
    assert page.status_code == 200, page.text
    section = re.search(r'<section[^>]*id="overrides"(.*?)</section>', page.text, re.DOTALL)
    assert section is not None
    return [cells_of(table) for table in re.findall(r"<table.*?</table>", section[1], re.DOTALL)]


def test_page_card_programs_and_monitor_have_the_same_numbers(hospital: Hospital) -> None:
    """Undone, expired, seeded and withdrawn ones, the baseline's and those of before the release are in none."""
    board = hospital.get("/v1/models/bed-demand/overrides", "board").json()
    assert hospital.get("/v1/recommendations/figures", "board").json()["overruled"] == board
    (group,) = board["groups"]
    monitored = of_monitor(hospital)["medicine"]
    counted = ("group", "decided", "overruled", "known", "right", "low", "high", "rightly")
    assert [group[name] for name in counted] == [getattr(monitored, name) for name in counted]
    assert (group["decided"], group["known"], group["right"]) == (12, 12, 11)
    shown = of_page(hospital, "overruled-groups")
    assert shown == [
        ["medicine", "12 / 12", f"11 / 12 ({group['low']:.0%}–{group['high']:.0%})", "unchanged"]
    ]
    cells = {
        (c["unit"], c["reason_code"]): (c["overruled"], c["known"], c["right"]) for c in board["reasons"]
    }
    assert cells == {
        ("*", "no_staff"): (1, 1, 1),
        ("U1", "no_staff"): (11, 11, 11),
        ("U3", "no_staff"): (1, 1, 0),
    }
    names = {u.unit: u.name_in("en") for u in loaded("bed-demand").units}
    shown_units = [row[0] for row in of_page(hospital, "overruled-reasons")]
    assert shown_units == ["The hospital total", names["U1"], names["U3"]]
    by_group, by_unit = of_card(hospital)
    interval = f"{group['low']:.0%}–{group['high']:.0%}"
    assert by_group == [["medicine", "12 / 12", "11 / 12", interval, "unchanged"]]
    assert [row[:5] for row in by_unit] == [
        ["–", "The hospital total", "no_staff", "1 / 1", "1 / 1"],
        ["medicine", names["U1"], "no_staff", "11 / 11", "11 / 11"],
        ["medicine", names["U3"], "no_staff", "1 / 1", "0 / 1"],
    ]


def test_rightly_is_the_board_s_rule_and_no_other(hospital: Hospital) -> None:
    """Where the shipped rule takes the group away, that of a stricter board does, or does not, by its own numbers."""
    assert of_page(hospital, "overruled-groups")[0][-1] == "unchanged"
    assert not of_monitor(hospital)["medicine"].rightly
    hospital.parts.catalogue = FakeCatalogue()
    assert (
        of_page(hospital, "overruled-groups")[0][-1] == "rightly overruled: lost at the next monitoring run"
    )
    page = hospital.get("/history?language=en", "board").text
    assert "from 10 contrary decisions with a known outcome on, if the interval (at 95%)" in page
    assert of_monitor(hospital, default_policy().monitor)["medicine"].rightly


def acknowledged(hospital: Hospital, board: Installation) -> None:
    """A member of the board acknowledges that medicine was rightly overruled up to the day of the decisions."""
    release, day = loaded("bed-demand"), AT // DAY
    with writing(hospital.parts.engine) as connection:
        raised = {"model": release.name, "release": release.sequence, "digest": release.digest}
        evidence = {"day": day, "since": day, "change": 0.9, "package": release.digest}
        figure = (OVERRULED, "medicine")
        assert raise_alarm(
            connection, **raised, figure=figure, evidence=evidence, stops=False, now=moment(AT)
        )
        (alarm,) = standing(connection, release.name, release.sequence)
        ada, why = board.people["ada"], "doctors are back"
        acknowledge_alarm(connection, board.settings, alarm.alarm_id, key=ada, reason=why, now=moment(AT))


def test_what_the_board_acknowledged_is_counted_anew_everywhere(
    hospital: Hospital, installation: Installation
) -> None:
    """As the monitor counts it, and from when on is said."""
    acknowledged(hospital, installation)
    with writing(hospital.parts.engine) as connection:
        record(connection, answer(), RIGHT, unit="U3", at=NOW - 2 * DAY)
    (group,) = hospital.get("/v1/recommendations/figures", "board").json()["overruled"]["groups"]
    assert (group["known"], group["since"]) == (
        1,
        moment((AT // DAY + 1) * DAY).isoformat().replace("+00:00", "Z"),
    )
    assert of_monitor(hospital)["medicine"].known == 1


@pytest.mark.parametrize(
    ("at", "entered", "counts"),
    [(NOW - 400 * DAY, AT, True), (AT, NOW - 40 * DAY, False)],
    ids=["decided by a clock that was behind", "dated later by a clock that was ahead"],
)
def test_what_counts_is_when_it_was_entered_whatever_the_services_clock(
    hospital: Hospital, at: int, entered: int, *, counts: bool
) -> None:
    """The demo's simulated days lie before its release by their dates: page, programs and monitor count them alike."""

    def counted() -> tuple[int, int]:
        board = hospital.get("/v1/models/bed-demand/overrides", "board").json()
        assert hospital.get("/v1/recommendations/figures", "board").json()["overruled"] == board
        return sum(g["decided"] for g in board["groups"]), of_monitor(hospital)["medicine"].decided

    before = counted()
    with writing(hospital.parts.engine) as connection:
        record(connection, answer(), RIGHT, at=at, entered=entered)
    assert counted() == tuple(n + int(counts) for n in before)


def test_by_a_simulated_clock_no_date_is_given_that_the_decisions_lie_before(hospital: Hospital) -> None:
    """The release's date is real, those of decisions are simulated."""
    page = hospital.get("/history?language=en", "board").text
    assert "Decisions since version 1 was released (their dates are those of the simulated clock)" in page
    hospital.parts.clock.simulated = False  # type: ignore[misc]
    page = hospital.get("/history?language=en", "board").text
    day = formats.date(moment(loaded("bed-demand").released_at).date(), "en")
    assert f"Decisions since {day} (release of version 1)" in page


def test_acts_that_cannot_have_been_done_are_refused_by_name(hospital: Hospital) -> None:
    """Who answered signed, too: somebody wrote into the database, and no figure is made of it."""
    with writing(hospital.parts.engine) as connection:
        record(connection, answer("overridden", two=True), ("signed", {"person": "A"}), RIGHT)
    with pytest.raises(JournalError, match="vigie journal verify"):
        of_monitor(hospital)


def test_without_a_release_nothing_is_counted_and_the_page_says_so(hospital: Hospital) -> None:
    """Unknown is missing, and no empty table."""
    hospital.parts.releases = Releases(FakeReleases({"bed-demand": None, "wait-time": None}))
    hospital.parts.releases.refresh()
    assert hospital.get("/v1/recommendations/figures", "board").json()["overruled"] is None
    page = hospital.get("/history?language=en", "board").text
    assert "No version is in use" in page
    assert "overruled-groups" not in page
