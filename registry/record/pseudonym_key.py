"""The key of pseudonyms: made anew only where the record holds nothing that an earlier one named.

A new key gives every id another pseudonym: a person who is known would be stored a second time under another name, and
whoever asks to be erased would not be found.
"""

from sqlalchemy import inspect, select

from hospital.ingest.pseudonyms import load_or_create_key
from registry.errors import RegistryError
from registry.record.database import existing_database
from registry.record.tables.record_tables import observations
from registry.settings import Settings

__all__ = ["pseudonym_key"]


def pseudonym_key(settings: Settings) -> bytes:
    """The key; made where there is none yet, and nothing that was stored under one.

    Raises:
        RegistryError: it is missing although there are observations: it has to be restored from its copy.
        VigieError: the file does not hold a key.
    """
    path = settings.pseudonym_key
    if not path.exists() and _has_observations(settings):
        raise RegistryError("registry.record.pseudonym_key_lost", path=path)
    return load_or_create_key(path)


def _has_observations(settings: Settings) -> bool:
    if not settings.database_url and not (settings.home / "vigie.db").is_file():
        return False
    with existing_database(settings.database) as engine, engine.connect() as connection:
        if not inspect(connection).has_table(observations.name):
            return False
        return connection.execute(select(observations.c.seq).limit(1)).first() is not None
