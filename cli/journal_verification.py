"""What `vigie journal verify` looks at: the entries beside the checkpoints, and the rows beside their entries."""

from functools import partial
from typing import TYPE_CHECKING

from cli.reader import said

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from registry.checkpoints.vouching import Vouching
    from registry.record.journal_audit import JournalFault
    from registry.settings import Settings
    from registry.trust.trusted_people import Trust

__all__ = ["edited_rows", "first_release", "untrusted_key", "vouched"]


def untrusted_key(settings: "Settings", public_key: str) -> list[str]:
    """Of an installation of before, whose trust folder has no key as the service's."""
    from registry.checkpoints.service_key import SERVICE, is_service_key_trusted, service_key

    if public_key or is_service_key_trusted(settings) or not settings.service_key.exists():
        return []
    key = service_key(settings).public_key
    return [said("journal.untrusted_key", command=f"vigie key trust '{SERVICE}' {key} --role service")]


def vouched(settings: "Settings", connection: "Connection", public_key: str) -> "Vouching":
    """What the signed checkpoints say of the entries, by the keys that are accepted or the one that is named."""
    from registry.checkpoints.checkpoint_file import CheckpointFile
    from registry.checkpoints.service_key import accepted_keys
    from registry.checkpoints.vouching import vouch

    keys = frozenset({public_key}) if public_key else accepted_keys(settings)
    trust = _trust(settings)
    statements = () if trust is None else trust.statements
    return vouch(
        connection,
        CheckpointFile(settings.checkpoints),
        keys,
        expected=bool(keys),
        statements=statements,
        known_since=first_release(settings),
        demo=trust is not None and trust.demo,
    )


def first_release(settings: "Settings") -> int | None:
    """Instant of the first release that somebody signed; None: there is none, or nobody knows who may."""
    from registry.releases.release_chain import first_released_at

    trust = _trust(settings)
    return None if trust is None else first_released_at(settings, trust)


def _trust(settings: "Settings") -> "Trust | None":
    """The trust file; None: what is wrong with it stands in the audit of it."""
    from registry.errors import TrustError
    from registry.trust.trust_store import load_trust

    try:
        return load_trust(settings.trust)
    except TrustError:
        return None


def edited_rows(connection: "Connection", settings: "Settings") -> "list[JournalFault]":
    """Rows that are not what their entries say."""
    from sqlalchemy.exc import DBAPIError

    from registry.monitoring import alarm_audit
    from registry.record import observation_batches, protocol_audit, token_audit
    from registry.record.foreign_code import foreign_code
    from registry.record.journal_audit import JournalFault
    from serving.forecasting import decision_record, prediction_record
    from serving.interface.recommendations import audit as recommendation_audit

    faults: list[JournalFault] = []
    for name, edited in (
        ("tables", foreign_code),
        ("predictions", prediction_record.edited),
        ("decisions", decision_record.edited),
        ("recommendations", recommendation_audit.edited),
        ("observations", observation_batches.edited),
        ("tokens", token_audit.edited),
        ("alarms", partial(alarm_audit.edited, trust=_trust(settings))),
        ("protocols", partial(protocol_audit.edited, folder=settings.home / "protocols")),
    ):
        try:
            faults += edited(connection)
        except (
            DBAPIError,
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
        ) as error:  # whatever stands there
            faults.append(JournalFault(0, said(f"journal.unreadable.{name}", kind=type(error).__name__)))
    return faults
