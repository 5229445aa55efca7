"""What the tests of reviews, promotions and releases do again and again."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from registry.digests import canonical_json, write_atomically
from registry.errors import (
    PromotionError,
)
from registry.record.database import journal, opened_database
from registry.record.journal import audit
from registry.trust.promotion import Release, current_release, promote, release_stamp, rollback
from tests.support.installation import Installation, after

__all__ = ["actions", "current", "edit", "promote_version", "refuses_promotion", "roll_back"]


def promote_version(
    installation: Installation, version: str = "1", who: str = "releaser", hours: float = 2
) -> Release:
    """A version promoted by a person of the installation, hours after it was made."""
    return promote(installation.settings, "wait-time", version, installation.people[who], now=after(hours))


def roll_back(installation: Installation, to: int | None = None) -> Release:
    """Rolled back by the releaser, with a reason."""
    key = installation.people["releaser"]
    return rollback(installation.settings, "wait-time", key, now=after(3), to_sequence=to, reason="too long")


def actions(installation: Installation) -> list[tuple[str, str]]:
    """Who did what, by a journal that is whole."""
    with opened_database(installation.settings.database) as engine, engine.connect() as connection:
        assert audit(connection).faults == ()
        query = select(journal.c.actor, journal.c.action).order_by(journal.c.seq)
        return [(row.actor, row.action) for row in connection.execute(query)]


def current(installation: Installation) -> Release:
    """The release in use."""
    release = current_release(installation.settings, "wait-time")
    assert release is not None
    return release


def refuses_promotion(
    installation: Installation, match: str, version: str = "1", who: str = "releaser"
) -> None:
    """Promotion says why, writes no entry, and nothing is released."""
    before = actions(installation)
    with pytest.raises(PromotionError, match=match):
        promote_version(installation, version, who)
    assert actions(installation) == before
    assert release_stamp(installation.settings, "wait-time")[0] == 0


def edit(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    """A JSON file with a change, written canonically."""
    body = json.loads(path.read_bytes())
    change(body)
    write_atomically(path, canonical_json(body))
