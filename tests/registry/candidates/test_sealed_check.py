"""What is signed is what the check made: an edited report, a forged card, a wider scope or another policy fail."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from registry.candidates.candidates import CHECK, SIGNED_FILES, Candidate, check_body
from registry.candidates.reviews import review
from registry.candidates.sealed_check import checker_key, read_sealed
from registry.digests import canonical_json, sha256_bytes, write_atomically
from registry.errors import RegistryError, ReleaseError, ReviewError
from registry.policy.board_policy import default_policy
from registry.releases.releases import current_release
from registry.trust.trust_store import load_trust
from tests.support.installation import Installation, after
from tests.support.releasing import (
    current,
    edit,
    promote_version,
    refuses_promotion,
    release_by_hand,
    review_by_hand,
)

WIDER = [{"unit_group": "ED", "horizon_hours": 0.0}, {"unit_group": "X", "horizon_hours": 24.0}]
Forgery = Callable[[dict[str, Any]], None]


def _widen(body: dict[str, Any]) -> None:
    body["scope"] = WIDER


def _better_error(body: dict[str, Any]) -> None:
    body["gates"][0]["findings"][0]["value"] = 0.9


def _no_gates(body: dict[str, Any]) -> None:
    body["gates"], body["required"] = [], []


FORGERIES = pytest.mark.parametrize("forge", [_widen, _better_error, _no_gates])
FILES = pytest.mark.parametrize(
    "names", [("report.json",), ("card.json",), ("report.json", "card.json")], ids="+".join
)


def _forged(found: Candidate, forge: Forgery, names: tuple[str, ...]) -> None:
    for name in names:
        edit(found.folder / name, forge)


@FORGERIES
@FILES
def test_nobody_reviews_what_the_check_did_not_make(
    installation: Installation, forge: Forgery, names: tuple[str, ...]
) -> None:
    """An edit of the report, of the card, or of both in the same way."""
    found = installation.check(installation.register())
    _forged(found, forge, names)
    with pytest.raises(ReviewError, match="is not what the check made"):
        installation.approve(found, "ada")


@FORGERIES
@FILES
def test_signed_by_the_board_it_is_not_promoted(
    installation: Installation, forge: Forgery, names: tuple[str, ...]
) -> None:
    """Even where two members signed the forged bytes with their keys."""
    found = installation.check(installation.register())
    _forged(found, forge, names)
    review_by_hand(installation, found)
    refuses_promotion(installation, "is not what the check made")


@FORGERIES
@FILES
def test_signed_by_board_and_releaser_it_is_not_served(
    installation: Installation, forge: Forgery, names: tuple[str, ...]
) -> None:
    """A release made by hand, of forged bytes, that everybody but the check signed."""
    found = installation.approved()
    release = promote_version(installation)
    _forged(found, forge, names)
    release_by_hand(installation, release, found, review_by_hand(installation, found))
    with pytest.raises(ReleaseError, match="is not what the check made"):
        current_release(installation.settings, "wait-time")


@pytest.mark.parametrize("who", ["author", "ada", "releaser", "stranger", None])
def test_only_the_check_signs_a_check(installation: Installation, who: str | None) -> None:
    """A forged report signed by the author, the board, the releaser, somebody unknown, or nobody."""
    found = installation.check(installation.register())
    release_of = installation.approved("2")
    release = promote_version(installation, "2")
    _forged(found, _widen, ("report.json", "card.json"))
    _sign_check(found, installation, who)
    with pytest.raises(ReviewError, match="its check is not one that is trusted"):
        installation.approve(found, "ada")
    _forged(release_of, _widen, ("report.json", "card.json"))
    _sign_check(release_of, installation, who)
    release_by_hand(installation, release, release_of, review_by_hand(installation, release_of))
    with pytest.raises(ReleaseError, match="its check is not one that is trusted"):
        current_release(installation.settings, "wait-time")


def _sign_check(found: Candidate, installation: Installation, who: str | None) -> None:
    body = check_body(found.registration["body"], found.digests(), found.json("report.json"))
    signed: Any = {"body": body, "signature": None}
    if who is not None:
        signed = installation.people[who].sign(CHECK, body).to_json()
    write_atomically(found.folder / "check.json", canonical_json(signed))


def test_a_check_of_another_version_does_not_carry_this_one(installation: Installation) -> None:
    """All of its files, report, card, policy and signature, in the folder of another."""
    other = installation.check(installation.register("2"))
    found = installation.check(installation.register("1"), verdict="block")
    for name in SIGNED_FILES.values():
        write_atomically(found.folder / name, (other.folder / name).read_bytes())
    with pytest.raises(ReviewError, match=r"of another version \(package_digest, version\)"):
        installation.approve(found, "ada")


def test_a_policy_put_in_place_after_the_check_is_refused(installation: Installation) -> None:
    """The check says which it judged by."""
    found = installation.check(installation.register())
    looser = default_policy().content.replace(b"least_gain = 0.01", b"least_gain = 0.00")
    write_atomically(found.folder / "policy.toml", looser)
    with pytest.raises(ReviewError, match=r"policy\.toml is not what the check made"):
        installation.approve(found, "ada")


@pytest.mark.parametrize(
    "field", ["verdict", "scope", "gates", "performance", "target", "features", "units", "data"]
)
def test_card_and_report_are_held_against_each_other(installation: Installation, field: str) -> None:
    """Even where the check's own key signed both: a card that says otherwise is read by the board, and wrong."""
    found = installation.check(installation.register())
    edit(found.folder / "card.json", lambda body: body.update({field: "pass, and nothing else"}))
    card = sha256_bytes((found.folder / "card.json").read_bytes())
    body = check_body(
        found.registration["body"], found.digests() | {"card_digest": card}, found.json("report.json")
    )
    signed = installation.people["checker"].sign(CHECK, body)
    write_atomically(found.folder / "check.json", canonical_json(signed.to_json()))
    with pytest.raises(ReviewError, match=rf"card and report do not agree \({field}\)"):
        installation.approve(found, "ada")


def test_what_was_shown_is_what_is_signed(installation: Installation) -> None:
    """A check made anew between the reading and the signature is not approved unread."""
    found = installation.check(installation.register())
    seen = read_sealed(found)
    installation.check(found, verdict="block")
    ada = installation.people["ada"]
    with pytest.raises(ReviewError, match="changed since it was shown"):
        review(installation.settings, "wait-time", "1", ada, "approve", "read", now=after(1), seen=seen)
    installation.check(found)
    signed = review(installation.settings, "wait-time", "1", ada, "approve", "read", now=after(1), seen=seen)
    assert signed.body.items() >= seen.digests.items()


def test_a_release_shows_the_bytes_that_were_verified(installation: Installation) -> None:
    """A card put in place after the release was verified is not shown."""
    installation.approved()
    promote_version(installation)
    release = current(installation)
    edit(release.folder / "card.json", lambda body: body.update(verdict="forged"))
    assert release.json("card.json")["verdict"] == "pass"


def test_the_same_check_again_leaves_the_approvals_valid(installation: Installation) -> None:
    """Nothing in it names a time: what was signed is the same bytes."""
    found = installation.approved()
    before = found.digests()
    installation.check(found)
    assert found.digests() == before
    assert promote_version(installation).sequence == 1


def test_the_checks_key_has_no_other_part(installation: Installation) -> None:
    """Who judges the evidence decides nothing."""
    trust, key = load_trust(installation.settings.trust), installation.people["stranger"]
    with pytest.raises(RegistryError, match="nobody else's"):
        trust.with_person(key, ("board", "checker"))


def test_an_installation_makes_the_key_of_its_check_once(installation: Installation) -> None:
    """For its owner alone; and where a check is trusted already, it stays the only one."""
    first = checker_key(installation.settings, after(0))
    assert installation.settings.checker_key.stat().st_mode & 0o777 == 0o600
    assert checker_key(installation.settings, after(0)).public_key == first.public_key
    keys = load_trust(installation.settings.trust).keys
    assert [k.name for k in keys if "checker" in k.roles] == ["checker"]
    assert json.loads(canonical_json([k.public_key for k in keys])).count(first.public_key) == 0
