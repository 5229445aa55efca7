"""Alarms in the database: raised once, standing until acknowledged, and what an edited row is found by."""

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, delete, update

from hospital.times import instant
from registry.errors import MonitorError
from registry.monitoring.acknowledgement import ACKNOWLEDGEMENT, acknowledge_alarm
from registry.monitoring.alarm_audit import edited
from registry.monitoring.alarms import (
    OVERRULED,
    StandingAlarm,
    last_run,
    raise_alarm,
    restarts,
    standing,
    standing_alarm,
)
from registry.record.database import open_database, writing
from registry.record.journal import entries
from registry.record.tables.record_tables import alarms, monitoring_runs, payloads
from registry.trust.trust_store import load_trust
from tests.support.installation import Installation, after

DAY = 19_000
"""2022-01-08: 52 years of 365 days with 13 leap days make 18,993 days to 2022-01-01."""


@pytest.fixture
def connection(installation: Installation) -> Iterator[Connection]:
    """A transaction on the installation's own database."""
    engine = open_database(installation.settings.database)
    with writing(engine) as connection:
        yield connection
    engine.dispose()


def raised(connection: Connection, **other: Any) -> bool:
    """An alarm of the arrivals of a wait-time release, or what is asked otherwise."""
    fixed = {
        "model": "wait-time",
        "release": 1,
        "digest": "sha256:1",
        "figure": ("arrivals", "visits"),
        "evidence": {"day": DAY, "since": DAY - 10, "change": 0.3},
        "stops": False,
        "now": after(1),
    }
    return raise_alarm(connection, **{**fixed, **other})


def evidence(day: int) -> dict[str, int]:
    """Of another day."""
    return {"day": day, "since": day - 10}


def acknowledged(
    connection: Connection, installation: Installation, alarm: StandingAlarm, reason: str = "an annexe"
) -> None:
    """By a member of the board."""
    acknowledge_alarm(
        connection,
        installation.settings,
        alarm.alarm_id,
        key=installation.people["ada"],
        reason=reason,
        now=after(2),
    )


def test_a_figure_has_one_alarm_at_a_time_and_one_a_day(
    connection: Connection, installation: Installation
) -> None:
    """Raised again it is not doubled; acknowledged, the same day does not raise it again, a later day does."""
    assert raised(connection)
    assert not raised(connection)
    assert not raised(connection, evidence=evidence(DAY + 1))
    for other in (
        {"figure": ("arrivals", "other")},
        {"figure": ("errors", "visits")},
        {"release": 2},
        {"model": "bed-demand"},
    ):
        assert raised(connection, **other)
    (first,) = [
        a for a in standing(connection, "wait-time", 1) if (a.family, a.name) == ("arrivals", "visits")
    ]
    acknowledged(connection, installation, first)
    assert not raised(connection)
    assert raised(connection, evidence=evidence(DAY + 1))
    assert [e.action for e in entries(connection)].count("alarm") == 6


def test_an_alarm_says_when_it_began_and_whether_it_stops_the_model(connection: Connection) -> None:
    """Its days as dates; its entry in the journal carries the evidence and the release's digest."""
    raised(connection, stops=True)
    (alarm,) = standing(connection, "wait-time", 1)
    assert (alarm.raised_on, alarm.since) == (date(2022, 1, 8), date(2021, 12, 29))
    assert (alarm.model, alarm.release, alarm.day, alarm.stops) == ("wait-time", 1, DAY, True)
    assert alarm.evidence["change"] == 0.3
    assert standing_alarm(connection, alarm.alarm_id) == alarm
    named = json.dumps(["wait-time", 1, "arrivals", "visits", DAY], separators=(",", ":")) + "\n"
    assert alarm.alarm_id == hashlib.sha256(named.encode()).hexdigest()[:16]
    (entry,) = list(entries(connection))
    assert (entry.seq, entry.actor, entry.action) == (alarm.journal_seq, "vigie monitor", "alarm")
    assert entry.reason == "arrivals: visits"
    assert entry.subjects["digest"] == "sha256:1"
    assert entry.subjects["stops"] == "1"


def test_the_oldest_stands_first_and_a_release_knows_its_own(connection: Connection) -> None:
    """Another release's and another model's alarms are not its own, whatever the package."""
    for day, name in ((DAY + 5, "late"), (DAY, "early")):
        raised(connection, figure=("errors", name), evidence=evidence(day))
    raised(connection, release=2, evidence={**evidence(DAY), "package": "sha256:1"})
    raised(connection, model="bed-demand")
    assert [a.name for a in standing(connection, "wait-time", 1)] == ["early", "late"]
    assert [a.release for a in standing(connection, "wait-time", 2, "sha256:1")] == [2]
    assert standing(connection, "wait-time", 3, "sha256:1") == ()
    assert standing_alarm(connection, "nothing") is None


def test_that_people_overrule_a_package_stands_against_it_in_each_later_release(
    connection: Connection, installation: Installation
) -> None:
    """Of the same package; neither of another, nor in an earlier release; and so does the day it is counted anew."""
    package = {**evidence(DAY), "package": "sha256:1", "known": 12, "right": 12}
    raised(connection, release=2, figure=(OVERRULED, "medicine"), evidence=package)
    assert [a.name for a in standing(connection, "wait-time", 3, "sha256:1")] == ["medicine"]
    for release, digest in ((3, "sha256:2"), (3, ""), (1, "sha256:1")):
        assert standing(connection, "wait-time", release, digest) == ()
    (alarm,) = standing(connection, "wait-time", 2)
    acknowledged(connection, installation, alarm)
    anew = {(OVERRULED, "medicine"): DAY}
    assert restarts(connection, "wait-time", 2) == anew
    assert restarts(connection, "wait-time", 3, "sha256:1") == anew
    for release, digest in ((3, "sha256:2"), (3, ""), (1, "sha256:1")):
        assert restarts(connection, "wait-time", release, digest) == {}


@pytest.mark.parametrize(
    ("seen", "until"), [(None, DAY), (DAY - 3, DAY), (DAY + 7, DAY + 7)], ids=["no run", "earlier", "later"]
)
def test_an_acknowledged_figure_is_monitored_anew_after_the_last_day_seen(
    connection: Connection, installation: Installation, seen: int | None, until: int
) -> None:
    """Or after the alarm's own day, where no later one was seen; of several the latest day counts."""
    raised(connection)
    (alarm,) = standing(connection, "wait-time", 1)
    assert last_run(connection, "wait-time", 1) is None
    if seen is not None:
        values = {"model": "wait-time", "release": 1, "run_at": 5, "until_day": seen, "figures": "[]"}
        connection.execute(monitoring_runs.insert().values(values))
        run = last_run(connection, "wait-time", 1)
        assert run is not None
        assert (run.run_at, run.until_day, run.figures) == (5, seen, [])
        assert last_run(connection, "wait-time", 2) is None
        assert last_run(connection, "bed-demand", 1) is None
    acknowledged(connection, installation, alarm, "  an annexe  ")
    assert standing(connection, "wait-time", 1) == ()
    assert restarts(connection, "wait-time", 1) == {("arrivals", "visits"): until}
    entry = list(entries(connection))[-1]
    assert (entry.actor, entry.action, entry.reason) == ("ada", "acknowledge alarm", "an annexe")
    assert entry.subjects["until_day"] == str(until)
    raised(connection, evidence=evidence(until + 9))
    (second,) = standing(connection, "wait-time", 1)
    acknowledged(connection, installation, second)
    assert restarts(connection, "wait-time", 1) == {("arrivals", "visits"): until + 9}


@pytest.mark.parametrize(
    ("alarm", "person", "reason", "refusals"),
    [
        ("nothing", "ada", "known", ["no alarm"]),
        ("first", "ada", "   ", ["say why"]),
        ("first", None, "known", ["board"]),
        ("first", "releaser", "known", ["role board"]),
        ("first", "stranger", "known", ["trust folder"]),
        ("nothing", None, "", ["board", "say why", "no alarm"]),
    ],
)
def test_nobody_but_the_board_acknowledges_and_only_with_a_reason(
    connection: Connection,
    installation: Installation,
    alarm: str,
    person: str | None,
    reason: str,
    refusals: list[str],
) -> None:
    """All that is wrong is said at once, and the alarm stands as before."""
    raised(connection)
    before = standing(connection, "wait-time", 1)
    wanted = before[0].alarm_id if alarm == "first" else alarm
    key = None if person is None else installation.people[person]
    with pytest.raises(MonitorError) as refused:
        acknowledge_alarm(connection, installation.settings, wanted, key=key, reason=reason, now=after(2))
    assert all(words in str(refused.value) for words in refusals)
    assert standing(connection, "wait-time", 1) == before


# --- the audit


@pytest.fixture
def audited(connection: Connection, installation: Installation) -> Connection:
    """Two alarms, the second acknowledged; the journal says the same."""
    raised(connection)
    raised(connection, figure=("errors", "all"), evidence=evidence(DAY + 1), stops=True)
    acknowledged(connection, installation, standing(connection, "wait-time", 1)[1])
    assert edited(connection, load_trust(installation.settings.trust)) == []
    return connection


def faults(connection: Connection, installation: Installation) -> list[tuple[int, str]]:
    """What the audit finds: the entry's number, and words of it."""
    found = edited(connection, load_trust(installation.settings.trust))
    return [(fault.seq, str(fault)) for fault in found]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("alarm_id", "another"),
        ("model", "bed-demand"),
        ("release", 2),
        ("family", "coverage"),
        ("name", "other"),
        ("raised_at", 7),
        ("day", DAY - 1),
        ("stops", 1),
        ("evidence", json.dumps({**evidence(DAY), "change": 0.01})),
    ],
)
def test_a_raised_alarm_that_was_edited_shows(
    audited: Connection, installation: Installation, column: str, value: object
) -> None:
    """Any of its columns: a smaller change, another day, a stop that the policy did not order."""
    audited.execute(update(alarms).where(alarms.c.family == "arrivals").values({column: value}))
    ((number, words),) = faults(audited, installation)
    assert number == 1
    assert "was edited" in words


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("acknowledged_at", 7),
        ("acknowledged_day", DAY + 400),
        ("acknowledged_by", "bob"),
        ("acknowledged_reason", "nothing"),
        ("acknowledged_at", None),
    ],
)
def test_an_acknowledgement_that_was_edited_shows(
    audited: Connection, installation: Installation, column: str, value: object
) -> None:
    """Who, why, when, and the day after which it is monitored anew; or that it was taken back by hand."""
    audited.execute(update(alarms).where(alarms.c.family == "errors").values({column: value}))
    ((number, words),) = faults(audited, installation)
    assert number == 3
    assert "no member of the board signed" in words


@pytest.mark.parametrize(
    "column", ["acknowledged_at", "acknowledged_day", "acknowledged_by", "acknowledged_reason"]
)
def test_an_alarm_that_was_cleared_by_hand_shows(
    audited: Connection, installation: Installation, column: str
) -> None:
    """There is no entry to name: the model speaks again, and nobody signed that."""
    audited.execute(update(alarms).where(alarms.c.family == "arrivals").values({column: 1}))
    ((number, words),) = faults(audited, installation)
    assert number == 0
    assert "no member of the board signed" in words


def test_an_alarm_that_was_deleted_or_invented_shows(audited: Connection, installation: Installation) -> None:
    """The entry without its alarm, and the alarm without its entry."""
    row = dict(audited.execute(alarms.select().where(alarms.c.family == "arrivals")).mappings().one())
    audited.execute(delete(alarms).where(alarms.c.family == "arrivals"))
    assert [(number, "is gone" in words) for number, words in faults(audited, installation)] == [(1, True)]
    audited.execute(alarms.insert().values({**row, "journal_seq": 99}))
    found = faults(audited, installation)
    assert sorted(number for number, _ in found) == [1, 99]


@pytest.mark.parametrize("signer", ["releaser", "stranger", "bob"])
def test_an_acknowledgement_that_no_member_of_the_board_signed_shows(
    audited: Connection, installation: Installation, signer: str
) -> None:
    """Nor one that another member signed than the entry names; without a trust file nothing can be said of it."""
    entry = list(entries(audited))[-1]
    body = {
        "model": "wait-time",
        "release": "1",
        "alarm": entry.subjects["alarm"],
        "reason": "an annexe",
        "at": instant(after(2)),
    }
    forged = installation.people[signer].sign(ACKNOWLEDGEMENT, body).to_json()
    audited.execute(update(payloads).where(payloads.c.seq == entry.seq).values(payload=json.dumps(forged)))
    ((number, words),) = faults(audited, installation)
    assert number == entry.seq
    assert "no member of the board signed" in words
    assert edited(audited, None) == []


@pytest.mark.parametrize("other", [{"alarm": "other"}, {"reason": "other"}, {"at": 5}])
def test_a_signature_stands_for_its_own_alarm_reason_and_time(
    audited: Connection, installation: Installation, other: dict[str, object]
) -> None:
    """One of the board's own for something else is moved here by whoever edits the record."""
    entry = list(entries(audited))[-1]
    body = {"alarm": entry.subjects["alarm"], "reason": "an annexe", "at": instant(after(2)), **other}
    moved = installation.people["ada"].sign(ACKNOWLEDGEMENT, body).to_json()
    audited.execute(update(payloads).where(payloads.c.seq == entry.seq).values(payload=json.dumps(moved)))
    assert [number for number, _ in faults(audited, installation)] == [entry.seq]


def test_of_an_erased_payload_nothing_is_said(audited: Connection, installation: Installation) -> None:
    """Its retention is over; what the entry itself says is still compared."""
    audited.execute(delete(payloads))
    assert faults(audited, installation) == []
    audited.execute(update(alarms).where(alarms.c.family == "arrivals").values(name="other"))
    assert [number for number, _ in faults(audited, installation)] == [1]
