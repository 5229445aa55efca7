"""The demo's people: one of each role, named by what they do and by nothing else; each signs in with a token."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from registry.digests import canonical_json, write_atomically
from registry.settings import Settings

__all__ = ["FEEDER", "PEOPLE", "DemoPerson", "make_people"]


@dataclass(frozen=True)
class DemoPerson:
    """A person, or an application, of the demo.

    Attributes:
        name: a function, marked as the demo's.
        roles: of the token.
        scopes: that the token is held to; empty: none.
    """

    name: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...] = ()


PEOPLE = (
    DemoPerson("Cadre de santé (démo)", ("operator",)),
    DemoPerson("Cadre de garde (démo)", ("operator",)),
    DemoPerson("Directeur de garde (démo)", ("operator",)),
    DemoPerson("Médecin des urgences (démo)", ("operator",)),
    DemoPerson("Cadre de maternité (démo)", ("operator",)),
    DemoPerson("Cadre à former (démo)", ("operator",)),
    DemoPerson("Nouvelle arrivée (démo)", ("operator",)),
    DemoPerson("Comité de pilotage (démo)", ("board", "auditor")),
)
"""Who may decide what stands in ``files/decisions.toml``; the last but one reads, the last oversees."""
FEEDER = DemoPerson("Flux de la journée (démo)", ("application",), ("observations",))
"""What `vigie feed` sends the day with."""


def make_people(settings: Settings) -> Mapping[str, str]:
    """The token of each by name: kept in the home, made anew where one is valid no more."""
    from registry.errors import TokenError
    from registry.record.database import opened_database, writing
    from registry.record.tokens import authenticate, create_token

    path, now = settings.home / "demo-people.json", datetime.now(UTC)
    kept: dict[str, str] = json.loads(path.read_bytes()) if path.exists() else {}
    tokens: dict[str, str] = {}
    with opened_database(settings.database) as engine, writing(engine) as connection:
        for one in (*PEOPLE, FEEDER):
            with suppress(TokenError):  # expired, revoked, or of another home
                authenticate(connection, kept.get(one.name, "none"), now=now)
                tokens[one.name] = kept[one.name]
            if one.name not in tokens:
                tokens[one.name] = create_token(connection, one.name, one.roles, now=now, scopes=one.scopes)
        if tokens != kept:
            write_atomically(path, canonical_json(tokens), mode=0o600)
    return tokens
