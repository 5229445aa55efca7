"""What the tests of reviews, promotions and releases do again and again."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from hospital.times import instant
from registry.candidates.candidates import REVIEW, SIGNED_FILES, Candidate
from registry.digests import canonical_json, write_atomically
from registry.errors import (
    PromotionError,
)
from registry.policy.board_policy import Policy, default_policy, load_policy
from registry.record.database import opened_database
from registry.record.journal_audit import audit
from registry.record.tables.record_tables import journal
from registry.releases.promotion import promote
from registry.releases.release import Release
from registry.releases.release_chain import release_stamp
from registry.releases.releases import current_release
from registry.releases.vouching import RELEASE
from registry.rollback.rollback import approve_rollback, rollback
from registry.trust.trust_changes import put_in_force
from tests.support.installation import Installation, after

__all__ = [
    "actions",
    "approve_way_back",
    "board_policy",
    "current",
    "edit",
    "policy_text",
    "promote_version",
    "put_policy",
    "refuses_promotion",
    "release_by_hand",
    "review_by_hand",
    "roll_back",
]


def promote_version(
    installation: Installation, version: str = "1", who: str = "releaser", hours: float = 2
) -> Release:
    """A version promoted by a person of the installation, hours after it was made."""
    return promote(installation.settings, "wait-time", version, installation.people[who], now=after(hours))


def approve_way_back(installation: Installation, who: str = "ada", to: int | None = None) -> None:
    """A member of the board approves a roll-back."""
    key = installation.people[who]
    approve_rollback(installation.settings, "wait-time", key, now=after(3), to_sequence=to, reason="too long")


def roll_back(
    installation: Installation, to: int | None = None, members: tuple[str, ...] = ("ada",)
) -> Release:
    """Approved by members of the board, rolled back by the releaser, with a reason."""
    for member in members:
        approve_way_back(installation, member, to)
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


def policy_text(**entries: str) -> bytes:
    """The text of the policy that ships with some entries written otherwise, as in approvals="3"."""
    content = default_policy().content.decode()
    for name, value in entries.items():
        content, count = re.subn(
            rf"^{name} = [^#\n]*", f"{name} = {value} ", content, count=1, flags=re.MULTILINE
        )
        assert count == 1
    return content.encode()


def board_policy(**entries: str) -> Policy:
    """The policy of such a text."""
    return load_policy(policy_text(**entries))


def put_policy(installation: Installation, **entries: str) -> Policy:
    """Puts such a policy in force."""
    policy = board_policy(**entries)
    board = [installation.people["ada"], installation.people["bob"]]
    put_in_force(installation.settings, policy, now=after(0), signers=board)
    return policy


def review_by_hand(installation: Installation, found: Candidate, **at: int) -> list[dict[str, object]]:
    """What members of the board sign with their keys and no command of Vigie's, by name with the instant."""
    times = at or dict.fromkeys(("ada", "bob"), instant(after(1)))
    body = {"model": found.model, "version": found.version, **found.digests()}
    body |= {"decision": "approve", "comment": "looks good"}
    signed = [
        installation.people[name].sign(REVIEW, body | {"at": when}).to_json() for name, when in times.items()
    ]
    for number, value in enumerate(signed, 1):
        write_atomically(found.folder / "reviews" / f"{number:04d}-x.json", canonical_json(value))
    return signed


def release_by_hand(
    installation: Installation,
    release: Release,
    found: Candidate,
    approvals: list[dict[str, object]],
    **body: object,
) -> None:
    """A candidate's files as they are in a release's place, signed by the releaser without a command."""
    for name in SIGNED_FILES.values():
        write_atomically(release.folder / name, (found.folder / name).read_bytes())
    whole = (
        release.body | found.digests() | {"scope": found.json("report.json")["scope"], "approvals": approvals}
    )
    signed = installation.people["releaser"].sign(RELEASE, whole | body)
    write_atomically(release.folder / "release.json", canonical_json(signed.to_json()))
