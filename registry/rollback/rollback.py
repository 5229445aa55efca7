"""Rolling back: the next release, of an earlier package, once as many of the board as the policy asks approved the way.

Approving and carrying out are two acts of different people, together in one command or one after the other.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hospital.times import instant
from hospital.words.messages import InWords, message
from registry.candidates.candidates import Candidate
from registry.candidates.standing_reviews import standing_refusals
from registry.errors import PromotionError, SignatureError
from registry.policy.board_rules import BoardRules
from registry.record.database import opened_database, writing
from registry.releases.promotion import releaser_fault
from registry.releases.publication import Hold, Plan, make_release
from registry.releases.recovery import mend
from registry.releases.release import CARRIED, Release
from registry.releases.releases import load_release, verify_release
from registry.releases.vouching import ROLLBACK, rollback_approvals
from registry.rollback.approvals import Way, collected, enter, keep, way_back
from registry.settings import Settings
from registry.trust.keys import Key, Signed
from registry.trust.policy_in_force import policy_of_digest
from registry.trust.trust_store import load_trust, locked_trust
from registry.trust.trusted_people import Trust

__all__ = ["Approval", "approve_rollback", "rollback"]


@dataclass(frozen=True)
class Approval:
    """An approval that was given.

    Attributes:
        name: of whoever gave it.
        way: in words.
        given: how many there are now.
        needed: how many the policy in force asks for.
    """

    name: str
    way: str
    given: int
    needed: int


def approve_rollback(
    settings: Settings,
    model: str,
    key: Key,
    *,
    now: datetime,
    to_sequence: int | None = None,
    reason: str = "",
) -> Approval | Release:
    """Signs the way back, as a member of the board; returns a release if this very one was killed and is complete now.

    Raises:
        PromotionError: there is no such way, it may not be gone, or the person may not approve it.
        ReleaseError: the earlier release, or the chain, does not verify.
    """
    with locked_trust(settings.trust):
        trust, links, mended = mend(settings, model, load_trust(settings.trust), now)
        if mended is not None and mended.body["rolled_back_to"] is not None:
            return load_release(settings, model, mended.number, trust)
        way = way_back(model, links, to_sequence)
        signed = key.sign(ROLLBACK, way.body | {"reason": reason.strip(), "at": instant(now)})
        try:
            name = trust.require(signed, "board", ROLLBACK, acting=True)
        except SignatureError as error:
            raise PromotionError("trust_errors.rollback.not_approved", model=model, why=error) from None
        if name == _author(way, trust):
            version = way.target.body["version"]
            raise PromotionError("trust_errors.rollback.own_work", model=model, name=name, version=version)
        with opened_database(settings.database) as engine, writing(engine) as connection:
            _verified_target(settings, connection, way, trust)
            enter(connection, name, signed, now)
            keep(settings, way, signed)
        board = policy_of_digest(settings.trust, trust.policy_digest).board
        given, _ = _counted(settings, way, trust, board, "", now)
    return Approval(name, str(way), len(given), board.rollback_approvals)


def rollback(
    settings: Settings,
    model: str,
    key: Key,
    *,
    now: datetime,
    to_sequence: int | None = None,
    reason: str = "",
) -> Release:
    """A new release, with the next number, of an earlier package with its approvals and those of the way back.

    Without `to_sequence` it is the package in use before the present one was first released, so that two
    roll-backs go back two packages and never to the one just left. The files of the present release may be
    damaged, as long as its release.json is whole.

    Raises:
        PromotionError: there is no such earlier release, the key may not release, or approvals are missing.
        ReleaseError: the earlier release, or the chain, does not verify.
    """

    def plan(hold: Hold) -> Plan:
        way = way_back(hold.model, hold.links, to_sequence)
        board = policy_of_digest(settings.trust, hold.trust.policy_digest).board
        given, faults = _counted(settings, way, hold.trust, board, key.public_key, hold.now)
        refusal = releaser_fault(hold.trust, key, way.target.body)
        if len(given) < board.rollback_approvals:
            to = "" if to_sequence is None else f" --to {to_sequence}"
            ends = {"present": str(way.present.number), "target": str(way.target.number)}
            count = {"n": len(given), "needed": board.rollback_approvals}
            faults.insert(0, message("trust_errors.rollback.approvals", **count, **ends, model=model, to=to))
        else:
            faults = []
        faults = [refusal, *faults] if refusal else faults
        if faults:
            raise PromotionError("trust_errors.rollback.refused", model=model, faults=tuple(faults))
        earlier = _verified_target(settings, hold.connection, way, hold.trust)
        for signed in given:
            enter(hold.connection, hold.trust.require(signed, "board", ROLLBACK), signed, hold.now)
        body = {field: earlier.body[field] for field in CARRIED}
        body |= {
            "rolled_back_to": way.target.number,
            "rollback_approvals": [signed.to_json() for signed in given],
        }
        return Plan(body, earlier.package, earlier.folder)

    return make_release(settings, model, key, "roll back", plan, now, reason)


def _counted(
    settings: Settings, way: Way, trust: Trust, board: BoardRules, releaser: str, now: datetime
) -> tuple[list[Signed], list[InWords]]:
    """Approvals of a way that count now, and why each of the rest does not; `releaser` is a public key, or empty."""
    found = trust.key_of(releaser)
    others = [_author(way, trust), *([found.name] if found is not None else [])]
    given = collected(settings, way)
    return rollback_approvals(way.body, given, trust, board, others, instant(now), acting=True)


def _author(way: Way, trust: Trust) -> str:
    """The name of whoever made the version to go back to; "": no longer trusted, and the release does not verify."""
    found = trust.key_of(Signed.from_json(way.target.body["registration"]).public_key)
    return "" if found is None else found.name


def _verified_target(settings: Settings, connection: Connection, way: Way, trust: Trust) -> Release:
    """The release to go back to, verified; nobody refused it since.

    Raises:
        PromotionError: who did. ReleaseError: it does not verify.
    """
    model, number = str(way.target.body["model"]), str(way.target.body["version"])
    former = Candidate(model, number, settings.candidates / model / number)
    refusals = standing_refusals(connection, former, str(way.target.body["package_digest"]), trust)
    if refusals:
        raise PromotionError(
            "trust_errors.rollback.refusals", model=model, version=number, names=", ".join(refusals)
        )
    return verify_release(settings, model, way.target, trust)
