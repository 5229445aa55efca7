"""A refusal is lifted by a review that its author signed, and by no entry of the journal alone."""

import json
import shutil
from dataclasses import replace
from typing import Literal, cast

import pytest

from hospital.times import instant
from registry.candidates.candidates import Candidate
from registry.candidates.reviews import review
from registry.digests import sha256_bytes
from registry.errors import ReleaseError
from registry.record.database import opened_database, writing
from registry.record.journal import Entry, append, entries
from registry.releases.journal_entry import subjects_of
from registry.releases.release_chain import read_chain
from registry.releases.releases import current_release
from registry.trust.keys import Key, create_key
from registry.trust.trust_store import load_trust
from tests.support.installation import Installation, after
from tests.support.releasing import (
    current,
    promote_version,
    refuses_promotion,
    release_by_hand,
)

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture
def refused(installation: Installation) -> Candidate:
    """Version 1, which carol approved first and then refused, while ada and bob approve it."""
    carol = create_key("carol", installation.settings.home / "keys" / "carol.json")
    cast(dict[str, Key], installation.people)["carol"] = carol
    installation.change_trust(lambda trust: trust.with_person(carol, ("board",)))
    found = installation.approved()
    decides(installation, "approve", 1.1)
    decides(installation, "refuse", 1.2)
    return found


def decides(
    installation: Installation, decision: Literal["approve", "refuse", "withdraw"], hours: float
) -> None:
    """Carol, by the command."""
    key = installation.people["carol"]
    review(installation.settings, "wait-time", "1", key, decision, "nights", now=after(hours))


def entered(installation: Installation) -> list[Entry]:
    """All entries."""
    with opened_database(installation.settings.database) as engine, engine.connect() as connection:
        return list(entries(connection))


def enter(installation: Installation, action: str, like: str, **subjects: str) -> None:
    """An entry in carol's name, with the subjects of her entry of an action, by who can write the database."""
    own = next(e for e in entered(installation) if (e.actor, e.action) == ("carol", like))
    with opened_database(installation.settings.database) as engine, writing(engine) as connection:
        append(
            connection,
            actor="carol",
            action=action,
            subjects={**own.subjects, **subjects},
            reason="nights",
            now=after(1.5),
        )


def take_away(found: Candidate, decision: str) -> None:
    """Carol's review of this kind, by who can write the folder."""
    taken = [
        p for p in (found.folder / "reviews").glob("*.json") if f'"decision":"{decision}"' in p.read_text()
    ]
    for path in taken:
        path.unlink()
    assert taken


ATTACKS = {
    "an entry alone": ("withdraw", "refuse", {"review_digest": "sha256:1"}),
    "an entry that names the refusal": ("withdraw", "refuse", {}),
    "an entry without a review": ("approve", "refuse", {"review_digest": ""}),
    "her approval of before": ("approve", "approve", {}),
    "her approval of before as a withdrawal": ("withdraw", "approve", {}),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_entry_in_her_name_lifts_nothing(
    installation: Installation, refused: Candidate, attack: str
) -> None:
    """With the file of the refusal gone, and the chain whole: the version was promoted."""
    action, like, more = ATTACKS[attack]
    take_away(refused, "refuse")
    enter(installation, action, like, **more)
    refuses_promotion(installation, "carol refused it")


def test_a_review_of_somebody_else_lifts_nothing(installation: Installation, refused: Candidate) -> None:
    """That of ada lies there, and is no word of carol's."""
    take_away(refused, "refuse")
    ada = next(e for e in entered(installation) if (e.actor, e.action) == ("ada", "approve"))
    enter(installation, "approve", "refuse", review_digest=ada.subjects["review_digest"])
    refuses_promotion(installation, "carol refused it")


@pytest.mark.parametrize("decision", ["withdraw", "approve"])
def test_her_own_word_lifts_it(
    installation: Installation, refused: Candidate, decision: Literal["approve", "withdraw"]
) -> None:
    """And what is released then is served, also once her key is retired."""
    decides(installation, decision, 1.5)
    promote_version(installation)
    assert current(installation).version == "1"
    installation.change_trust(lambda trust: trust.with_retired("carol"))
    assert current(installation).version == "1"


def test_a_release_by_hand_past_it_is_not_served(installation: Installation, refused: Candidate) -> None:
    """Made by the releaser without a command, with an entry of a withdrawal and one of the release in their place."""
    decides(installation, "withdraw", 1.5)
    release = promote_version(installation)
    second = installation.approved("2")
    carol = installation.people["carol"]
    review(installation.settings, "wait-time", "2", carol, "refuse", "nights", now=after(2.5))
    promoted = read_chain(installation.settings, "wait-time", load_trust(installation.settings.trust))[-1]
    place = release.folder.with_name("000002")
    shutil.copytree(release.folder, place)
    shutil.rmtree(place / "package")
    shutil.copytree(second.package, place / "package")
    given = [json.loads(p.read_bytes()) for p in sorted((second.folder / "reviews").glob("*.json"))]
    approvals = [signed for signed in given if signed["body"]["decision"] == "approve"]
    release_by_hand(
        installation,
        replace(release, folder=place),
        second,
        approvals,
        version="2",
        sequence=2,
        former_release=promoted.digest,
        released_at=instant(after(3)),
        registration=second.registration,
    )
    take_away(second, "refuse")
    own = next(e for e in entered(installation) if e.action == "refuse" and e.subjects["version"] == "2")
    link = read_chain(installation.settings, "wait-time", load_trust(installation.settings.trust))[-1]
    with opened_database(installation.settings.database) as engine, writing(engine) as connection:
        lifted = {**own.subjects, "review_digest": sha256_bytes(b"x")}
        append(connection, actor="carol", action="withdraw", subjects=lifted, now=after(2.8))
        append(connection, actor="releaser", action="promote", subjects=subjects_of(link), now=after(3))
    with pytest.raises(ReleaseError, match="carol had refused this version"):
        current_release(installation.settings, "wait-time")
