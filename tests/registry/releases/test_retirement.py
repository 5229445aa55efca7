"""Who has left signs no release any more: not with a key that they kept, nor dated back, whoever completes it."""

import json
import shutil
from datetime import datetime

import pytest

from hospital.times import instant
from registry.candidates.candidates import candidate
from registry.digests import canonical_json, write_atomically
from registry.errors import ReleaseError
from registry.record.database import opened_database, writing
from registry.record.journal import append
from registry.releases.journal_entry import subjects_of
from registry.releases.release import Release
from registry.releases.release_chain import read_chain
from registry.releases.releases import current_release
from registry.releases.vouching import RELEASE, ROLLBACK
from registry.rollback.rollback import approve_rollback
from registry.trust.keys import create_key
from registry.trust.trust_changes import retire_key, trust_key
from registry.trust.trust_store import load_trust, save_trust
from tests.support.installation import Installation, after
from tests.support.releasing import current, promote_version, roll_back

pytestmark = pytest.mark.usefixtures("english")
MODEL = "wait-time"


def _retired(installation: Installation, name: str, hours: float = 2.5) -> None:
    """A person leaves, as the board signs it; the stranger has come in their place."""
    people, now = installation.people, after(hours)
    board = (people["ada"], people["bob"])
    role = "releaser" if name == "releaser" else "board"
    trust_key(
        installation.settings, "Cleo Marin", people["stranger"].public_key, (role,), now=now, signers=board
    )
    retire_key(installation.settings, name, now=now, signers=board, reason="left")


def _way_back_by_hand(installation: Installation, at: datetime) -> None:
    """From 2 back to 1, approved by ada and signed by the releaser, in its place without a command."""
    present = current(installation)
    first, third = present.folder.with_name("000001"), present.folder.with_name("000003")
    shutil.copytree(first, third)
    body = json.loads((first / "release.json").read_bytes())["body"]
    way = {"model": MODEL, "from_release": 2, "from_digest": present.digest, "to_release": 1}
    way |= {"package_digest": body["package_digest"], "reason": "", "at": instant(at)}
    body |= {"sequence": 3, "former_release": present.digest, "released_at": instant(at), "rolled_back_to": 1}
    body |= {"rollback_approvals": [installation.people["ada"].sign(ROLLBACK, way).to_json()]}
    signed = installation.people["releaser"].sign(RELEASE, body)
    write_atomically(third / "release.json", canonical_json(signed.to_json()))


def _enter_by_hand(installation: Installation) -> None:
    """The entry of the newest release, and its number in the trust file."""
    settings = installation.settings
    trust = load_trust(settings.trust)
    link = read_chain(settings, MODEL, trust)[-1]
    with opened_database(settings.database) as engine, writing(engine) as connection:
        append(
            connection,
            actor="releaser",
            action="roll back",
            subjects=subjects_of(link),
            now=after(3),
            reason="",
        )
    save_trust(settings.trust, trust.with_floor(MODEL, link.number))


@pytest.mark.parametrize("who", ["ada", "releaser"])
@pytest.mark.parametrize("hours", [3, 2.2])
def test_no_command_completes_what_somebody_signed_who_had_left(
    installation: Installation, release: Release, who: str, hours: float
) -> None:
    """Neither as of today, nor dated back to before they left: nobody would see that from the signatures."""
    _retired(installation, who)
    _way_back_by_hand(installation, after(hours))
    with pytest.raises(ReleaseError, match=f"the key of {who} was retired before.*remove that folder"):
        approve_rollback(installation.settings, MODEL, installation.people["bob"], now=after(4))
    assert current(installation).digest == release.digest
    shutil.rmtree(release.folder.with_name("000003"))
    approve_rollback(installation.settings, MODEL, installation.people["bob"], now=after(4))


@pytest.mark.parametrize("who", ["ada", "releaser"])
def test_nor_is_it_served_with_an_entry_by_hand(
    installation: Installation, release: Release, who: str
) -> None:
    """By whoever can write the database and the trust file besides: the order of the entries says it."""
    _retired(installation, who)
    _way_back_by_hand(installation, after(2.2))
    _enter_by_hand(installation)
    with pytest.raises(ReleaseError, match=f"the key of {who} was retired before"):
        current_release(installation.settings, MODEL)


def test_a_version_that_somebody_approved_who_had_left_is_not_completed(
    installation: Installation, release: Release
) -> None:
    """A promotion by hand, of approvals that no command would count any more."""
    found = installation.approved("3")
    _retired(installation, "ada")
    third = release.folder.with_name("000003")
    shutil.copytree(found.package, third / "package")
    for name in ("report.json", "card.json", "policy.toml", "check.json"):
        shutil.copyfile(found.folder / name, third / name)
    approvals = [json.loads(p.read_bytes()) for p in sorted((found.folder / "reviews").glob("*.json"))]
    body = release.body | found.digests() | {"version": "3", "sequence": 3, "former_release": release.digest}
    body |= {"registration": found.registration, "approvals": approvals, "released_at": instant(after(3))}
    signed = installation.people["releaser"].sign(RELEASE, body)
    write_atomically(third / "release.json", canonical_json(signed.to_json()))
    with pytest.raises(ReleaseError, match="the key of ada was retired before"):
        promote_version(installation, "3", hours=4)
    assert candidate(installation.settings.candidates, MODEL, "3").version == "3"
    assert current(installation).digest == release.digest


def test_what_was_entered_before_they_left_stays(installation: Installation, release: Release) -> None:
    """Served, completed where its number had not risen yet, and gone back to: they were in office then."""
    back = roll_back(installation)
    _retired(installation, "ada", 3.5)
    assert current(installation).digest == back.digest
    path = installation.settings.trust / "trust.json"
    body = json.loads(path.read_bytes())
    path.write_bytes(canonical_json(body | {"lowest_release": {MODEL: 2}}))
    approve_rollback(installation.settings, MODEL, installation.people["bob"], now=after(4))
    assert load_trust(installation.settings.trust).lowest_release[MODEL] == 3
    assert current(installation).digest == back.digest


def test_a_new_key_of_the_same_person_signs(installation: Installation, release: Release) -> None:
    """What it signs has nothing to do with the former key, which was retired before; also once it is retired, too."""
    settings, people = installation.settings, installation.people
    _retired(installation, "ada", 2.1)
    new, board = create_key("ada", settings.home / "new.json"), (people["bob"], people["stranger"])
    trust_key(settings, "ada", new.public_key, ("board",), now=after(2.2), signers=board)
    approve_rollback(settings, MODEL, new, now=after(3))
    back = roll_back(installation, members=())
    retire_key(settings, "ada", now=after(4), signers=board)
    assert current(installation).digest == back.digest
    assert [a["signature"]["public_key"] for a in back.body["rollback_approvals"]] == [new.public_key]
