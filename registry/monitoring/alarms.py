"""Alarms as they stand in the database: raised once, until a new release, or until a member of the board acknowledges
them.

Serving reads them here: it needs no statistics for that.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select

from hospital.times import instant
from registry.digests import canonical_json, sha256_bytes
from registry.record.journal import append
from registry.record.tables.record_tables import alarms, monitoring_runs

__all__ = [
    "OVERRULED",
    "LastRun",
    "StandingAlarm",
    "last_run",
    "raise_alarm",
    "restarts",
    "standing",
    "standing_alarm",
]

_EPOCH = date(1970, 1, 1)
OVERRULED = "overruled"
"""The family of alarms that people rightly overrule a release; their name is the unit group that it lost."""


@dataclass(frozen=True)
class StandingAlarm:
    """An alarm that nobody has acknowledged.

    Attributes:
        release: number of the release.
        family, name: which figure.
        day: local day since 1970-01-01 on which it alarmed.
        stops: the policy has the baseline served.
        evidence: the numbers of `registry.monitoring.sequential_tests.Alarm`.
    """

    alarm_id: str
    model: str
    release: int
    family: str
    name: str
    day: int
    stops: bool
    evidence: Mapping[str, Any]
    journal_seq: int

    @property
    def since(self) -> date:
        """The first day of the change, as the test dates it."""
        return _EPOCH + timedelta(days=int(self.evidence["since"]))

    @property
    def raised_on(self) -> date:
        """The day whose figures raised it."""
        return _EPOCH + timedelta(days=self.day)


@dataclass(frozen=True)
class LastRun:
    """The last monitoring run of a release.

    Attributes:
        run_at: instant.
        until_day: last whole day seen.
        figures: each as `registry.monitoring.run` made it.
    """

    release: int
    run_at: int
    until_day: int
    figures: Sequence[Mapping[str, Any]]


def standing(connection: Connection, model: str, release: int, digest: str = "") -> tuple[StandingAlarm, ...]:
    """The alarms of a release that stand, the oldest first.

    That people rightly overrule a package stands against it in each later release of the same package, too: released
    again, it has not learned anything, and only the board's word lifts it.

    Args:
        digest: of the release's package; "": alarms of the release alone.
    """
    a = alarms.c
    query = select(alarms).where(a.model == model, _of_package(release), a.acknowledged_at.is_(None))
    found = connection.execute(query.order_by(a.day, a.alarm_id)).mappings()
    return tuple(one for row in found if _concerns(one := _read(row), release, digest))


def _of_package(release: int) -> ColumnElement[bool]:
    """Alarms of a release, and those of earlier ones that may stand against its package."""
    a = alarms.c
    return (a.release == release) | ((a.release < release) & (a.family == OVERRULED))


def _concerns(alarm: StandingAlarm, release: int, digest: str) -> bool:
    return alarm.release == release or (digest != "" and alarm.evidence.get("package") == digest)


def standing_alarm(connection: Connection, alarm_id: str) -> StandingAlarm | None:
    """An alarm that stands, by its id."""
    a = alarms.c
    query = select(alarms).where(a.alarm_id == alarm_id, a.acknowledged_at.is_(None))
    row = connection.execute(query).mappings().first()
    return None if row is None else _read(row)


def last_run(connection: Connection, model: str, release: int) -> LastRun | None:
    """The last monitoring run of a release; None before the first."""
    c = monitoring_runs.c
    row = connection.execute(select(monitoring_runs).where(c.model == model, c.release == release)).first()
    if row is None:
        return None
    return LastRun(int(row.release), int(row.run_at), int(row.until_day), json.loads(row.figures))


def restarts(
    connection: Connection, model: str, release: int, digest: str = ""
) -> dict[tuple[str, str], int]:
    """The day after which each figure whose alarm was acknowledged is monitored anew; `digest`: as of `standing`."""
    a, out = alarms.c, dict[tuple[str, str], int]()
    query = select(alarms).where(a.model == model, _of_package(release), a.acknowledged_at.is_not(None))
    for row in connection.execute(query).mappings():
        alarm = _read(row)
        if _concerns(alarm, release, digest):
            key = alarm.family, alarm.name
            out[key] = max(out.get(key, 0), int(row["acknowledged_day"]))
    return out


def raise_alarm(
    connection: Connection,
    *,
    model: str,
    release: int,
    digest: str,
    figure: tuple[str, str],
    evidence: Mapping[str, Any],
    stops: bool,
    now: datetime,
) -> bool:
    """Writes an alarm with its journal entry, unless the figure's alarm stands already; whether it was written.

    The connection must be one of `registry.record.database.writing`. A figure has one alarm at a time, and one for
    each day on which it did: a run that was cut off and is made again finds it there.
    """
    family, name = figure
    a = alarms.c
    same = (a.model == model) & (a.release == release) & (a.family == family) & (a.name == name)
    alarm_id = sha256_bytes(canonical_json([model, release, family, name, evidence["day"]]))[7:23]
    if connection.execute(
        select(a.alarm_id).where(same & (a.acknowledged_at.is_(None) | (a.alarm_id == alarm_id)))
    ).first():
        return False
    subjects = {"model": model, "release": str(release), "digest": digest, "alarm": alarm_id}
    subjects["stops"] = str(int(stops))  # registry.monitoring.alarm_audit reads these
    entry = append(
        connection,
        actor="vigie monitor",
        action="alarm",
        subjects=subjects,
        now=now,
        reason=f"{family}: {name}",
        payload=dict(evidence),
    )
    connection.execute(
        insert(alarms).values(
            alarm_id=alarm_id,
            model=model,
            release=release,
            family=family,
            name=name,
            raised_at=instant(now),
            day=evidence["day"],
            stops=int(stops),
            evidence=canonical_json(dict(evidence)).decode(),
            journal_seq=entry.seq,
        )
    )
    return True


def _read(row: Mapping[Any, Any]) -> StandingAlarm:
    return StandingAlarm(
        alarm_id=row["alarm_id"],
        model=row["model"],
        release=int(row["release"]),
        family=row["family"],
        name=row["name"],
        day=int(row["day"]),
        stops=bool(row["stops"]),
        evidence=json.loads(row["evidence"]),
        journal_seq=int(row["journal_seq"]),
    )
