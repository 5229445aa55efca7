"""A member of the board says why an alarm no longer counts, and signs it: a stopped model speaks again after that."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, update

from hospital.contracts.text_cleaning import is_said
from hospital.times import instant
from hospital.words.messages import InWords, message
from hospital.words.names import NO_NAMES, OwnNames
from registry.errors import MonitorError, SignatureError
from registry.monitoring.alarms import StandingAlarm, last_run, standing_alarm
from registry.record.journal import append
from registry.record.tables.record_tables import alarms
from registry.releases.release import Release
from registry.releases.releases import current_release
from registry.settings import Settings
from registry.trust.keys import Key, Signed
from registry.trust.trust_store import load_trust
from registry.trust.trusted_people import Trust

__all__ = ["ACKNOWLEDGEMENT", "AcknowledgedAlarm", "acknowledge_alarm"]

ACKNOWLEDGEMENT = "vigie-acknowledgement-v1"
"""What an acknowledgement is signed as: no signature of a review or a release stands for it."""


@dataclass(frozen=True)
class AcknowledgedAlarm:
    """An alarm that no longer stands.

    Attributes:
        names: the hospital's own, as the release in use has them.
    """

    alarm: StandingAlarm
    names: OwnNames


def acknowledge_alarm(
    connection: Connection, settings: Settings, alarm_id: str, *, key: Key | None, reason: str, now: datetime
) -> AcknowledgedAlarm:
    """Acknowledges an alarm; its figure is monitored anew after the last day that was monitored.

    The connection must be one of `registry.record.database.writing`. The signature is kept with the journal entry.

    Raises:
        MonitorError: no key of the board or no reason is given, the key is the author's of the model's release, or
        there is no such alarm standing.
        ReleaseError: the model's release does not verify.
    """
    trust = load_trust(settings.trust)
    alarm = standing_alarm(connection, alarm_id)
    faults: list[InWords] = [] if is_said(reason) else [message("registry.monitoring.no_reason")]
    if alarm is None:
        faults.append(message("registry.monitoring.no_alarm"))
    subjects = {"model": alarm.model, "release": str(alarm.release)} if alarm is not None else {}
    body = {**subjects, "alarm": alarm_id, "reason": reason.strip(), "at": instant(now)}
    signed, person, release = None, "", None
    if key is None:
        faults.insert(0, message("registry.monitoring.no_key"))
    else:
        signed = key.sign(ACKNOWLEDGEMENT, body)
        try:
            person = trust.require(signed, "board", ACKNOWLEDGEMENT, acting=True)
        except SignatureError as error:
            faults.insert(0, error)
        release = None if alarm is None else current_release(settings, alarm.model)
        if release is not None and person == _author(release, trust):
            faults.insert(0, message("registry.monitoring.author", name=key.name))
    if faults or alarm is None or signed is None:
        raise MonitorError("registry.monitoring.not_acknowledged", faults=tuple(faults))
    run = last_run(connection, alarm.model, alarm.release)
    until = alarm.day if run is None else max(run.until_day, alarm.day)
    append(
        connection,
        actor=person,
        action="acknowledge alarm",
        subjects={**subjects, "alarm": alarm_id, "until_day": str(until)},
        now=now,
        reason=reason.strip(),
        payload=signed.to_json(),
    )
    connection.execute(
        update(alarms)
        .where(alarms.c.alarm_id == alarm_id)
        .values(
            acknowledged_at=instant(now),
            acknowledged_day=until,
            acknowledged_by=person,
            acknowledged_reason=reason.strip(),
        )
    )
    return AcknowledgedAlarm(alarm, NO_NAMES if release is None else release.names)


def _author(release: Release, trust: Trust) -> str | None:
    """The name of whoever registered a release's version, whatever key they have now; None: nobody is known."""
    found = trust.key_of(Signed.from_json(release.body["registration"]).public_key)
    return None if found is None else found.name
