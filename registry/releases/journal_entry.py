"""The journal's entry of a release: when it was really made, whatever instant its signer wrote into it.

A release.json is signed by one person, who may date it back to when approvals still counted. The entry is written when
the release is made, and stands in a chain under checkpoints.
"""

from sqlalchemy.exc import SQLAlchemyError

from registry.candidates.candidates import SIGNED_FILES
from registry.errors import RegistryError
from registry.record.database import existing_database
from registry.record.journal import about
from registry.releases.release import Link
from registry.settings import Settings

__all__ = ["NO_ENTRY", "entered_at", "subjects_of"]

NO_ENTRY = -1
"""In place of an instant: the journal can be read, and has no entry of the release."""


def entered_at(settings: Settings, link: Link) -> int | None:
    """Instant of the first entry of a release; `NO_ENTRY`, or None while the journal cannot be read.

    A service whose database does not answer goes on by what is signed: its journal is held against it at the next look.
    """
    try:
        with existing_database(settings.database) as engine, engine.connect() as connection:
            entries = about(connection, subjects_of(link))
    except (SQLAlchemyError, RegistryError):
        return None
    return entries[0].at if entries else NO_ENTRY


def subjects_of(link: Link) -> dict[str, str]:
    """What an entry about a release names."""
    fields = ("model", "version", "sequence", "package_digest", *SIGNED_FILES)
    return {field: str(link.body[field]) for field in fields} | {"release_digest": link.digest}
