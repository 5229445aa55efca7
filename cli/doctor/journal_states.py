"""States of the journal beside its checkpoints, of the key that signs them, and of an old or a future clock in it."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, func, select

from cli.doctor.states import State, Weight
from hospital.times import MINUTE, instant, moment
from registry.errors import CheckpointError, KeyFileError
from registry.record.journal_audit import verify
from registry.record.tables.record_tables import journal, observations
from registry.settings import Settings
from registry.trust.keys import load_key
from registry.trust.service_keys import trusted_service_keys

__all__ = ["clock_states", "journal_states", "service_key_states"]

_CLOCKS_DIFFER = 5 * MINUTE


def journal_states(settings: Settings, connection: Connection) -> Iterator[State]:
    """Whether chain, rows and trust file are whole, and what signed checkpoints say of them: as `journal verify`."""
    from cli.journal_verification import edited_rows, vouched
    from registry.checkpoints.trust_audit import trust_faults

    faults = [*verify(connection), *edited_rows(connection, settings)]
    if faults:
        yield State("journal_edited", Weight.FAULT, {"n": len(faults)})
    else:
        yield State("journal_good", Weight.GOOD)
    if not settings.checkpoints.exists() and not trusted_service_keys(settings):
        return  # of an installation of before: the first verb that writes begins them
    try:
        found = vouched(settings, connection, "")
        changed = trust_faults(connection, settings.trust, found.checkpoints)
    except CheckpointError as error:
        yield State("checkpoints_unreadable", Weight.FAULT, {"why": error})
        return
    except KeyFileError:
        return  # it is the key's file, and said of it
    if found.faults:
        yield State("checkpoints_wrong", Weight.FAULT, {"n": len(found.faults)})
    if changed:
        yield State("trust_edited", Weight.FAULT, {"n": len(changed)})


def service_key_states(settings: Settings) -> Iterator[State]:
    """Whether what is signed with the service's key counts."""
    path, trusted = settings.service_key, trusted_service_keys(settings)
    try:
        found = load_key(path).public_key if path.exists() else ""
    except KeyFileError as error:
        yield State("service_key_damaged", Weight.FAULT, {"why": error})
        return
    if trusted and found not in trusted:
        yield State("service_key_lost", Weight.FAULT, {"path": path})


def clock_states(settings: Settings, connection: Connection, now: datetime) -> Iterator[State]:
    """What the record says of the clock: behind it, ahead of it once, or set back meanwhile.

    SQLite keeps any value in any column: what is no time is a fault of the journal, which says so by itself.
    """
    latest = instant(now) + _CLOCKS_DIFFER
    last = connection.scalar(select(func.max(journal.c.at)))
    if _is_time(last) and last > latest:
        yield State("clock_behind", Weight.FAULT, {"last": moment(last)})
    received = connection.scalar(select(func.max(observations.c.received_at)))
    if settings.clock_start is None and _is_time(received) and received > latest:
        yield State("received_ahead", Weight.FAULT, {"last": moment(received)})
    following = journal.alias()
    back = (
        select(journal.c.seq, journal.c.at, following.c.at)
        .join(following, following.c.seq == journal.c.seq + 1)
        .where(journal.c.at > following.c.at + _CLOCKS_DIFFER)
        .order_by(journal.c.seq.desc())
    )
    found = connection.execute(back.limit(1)).first()
    if found is not None and _is_time(found[1]) and _is_time(found[2]):
        seq, ahead, after = found
        values = {"entry": seq + 1, "ahead": moment(ahead), "after": moment(after)}
        yield State("clock_was_ahead", Weight.NOTICE, values)


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, int) and moment(value) is not None
    except (OverflowError, ValueError):
        return False
