"""Who vouches for a release, judged by the trust file and the policy that are in force now.

Asked when a release is made, when it is loaded, and for what is being served each time the trust folder changes: a key
that is taken out of it ends what rests on it alone, whatever is in memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hospital.times import DAY, MINUTE
from hospital.words.messages import Clause, InWords, Message, message
from registry.candidates.candidates import CHECK, REGISTRATION, REVIEW, SIGNED_FILES
from registry.errors import SignatureError
from registry.policy.board_policy import Policy
from registry.policy.board_rules import BoardRules
from registry.trust.keys import Signed
from registry.trust.trusted_people import Trust, TrustedKey

__all__ = [
    "AHEAD",
    "RELEASE",
    "ROLLBACK",
    "Rules",
    "approval_fault",
    "rollback_approvals",
    "rules_of",
    "vouching_faults",
]

RELEASE = "vigie-release-v1"
ROLLBACK = "vigie-rollback-v1"
AHEAD = 5 * MINUTE
"""By how much the clocks of two machines may differ."""


@dataclass(frozen=True)
class Rules:
    """How many must approve, and the rest of what the board's policy says of signatures."""

    approvals: int
    board: BoardRules


def rules_of(own: Policy, in_force: Policy) -> Rules:
    """The rules for a version that was judged by its own policy: those in force, or its own where it asked for more."""
    return Rules(max(own.approvals, in_force.approvals), in_force.board)


def approval_fault(
    name: str, at: object, released_at: int, rules: BoardRules, left_at: int | None = None
) -> Message | None:
    """Why a person's approval of that instant does not carry a release of this one; None if it does.

    Args:
        name: whose approval it is.
        at: instant of the approval.
        released_at: instant of the release.
        rules: of the policy in force.
        left_at: instant since when another version is in use in place of this one; None: it was never left.
    """
    if not isinstance(at, int) or isinstance(at, bool):
        return message("trust_errors.vouching.no_date", name=name)
    if at > released_at + AHEAD:
        return message("trust_errors.vouching.dated_later", name=name)
    if released_at - at > rules.approval_days * DAY:
        return message("trust_errors.vouching.old", name=name, days=rules.approval_days)
    if left_at is not None and at < left_at:
        return message("trust_errors.vouching.before_left", name=name)
    return None


def vouching_faults(
    signed: Signed,
    approved: Mapping[str, Any],
    trust: Trust,
    rules: Rules,
    check: Mapping[str, Any],
    left_at: int | None = None,
) -> list[Message]:
    """Why author, board, check and releaser do not vouch for a release as they must; empty if they do.

    Args:
        signed: what the releaser signed.
        approved: the release that the approvals were given for: this one, or the one that it goes back to.
        trust: whom the installation trusts now.
        rules: of the policy in force.
        check: ``check.json`` of the release.
        left_at: instant since when another version was in use in place of the approved one; None: it was never left.
    """
    if not trust.founded:
        return [message("trust_errors.vouching.not_founded")]
    body, now = signed.body, not rules.board.retired_vouch
    try:
        releaser = trust.signer(signed, "releaser", RELEASE, acting=now)
        registration = Signed.from_json(body["registration"])
        author = trust.signer(registration, "author", REGISTRATION, acting=now)
        approvals = [Signed.from_json(value) for value in body["approvals"]]
        counted = [a for a in approvals if trust.key_of(a.public_key) is not None]
        board = [trust.signer(approval, "board", REVIEW, acting=now) for approval in counted]
    except SignatureError as error:
        return [message("trust_errors.vouching.signature", why=error)]
    try:
        trust.signer(Signed.from_json(check), "checker", CHECK, acting=now)
    except SignatureError as error:
        return [message("trust_errors.check.untrusted", why=Clause(error))]
    gone = sorted({a.name for a in approvals} - {a.name for a in counted})
    faults = _people_faults(author, releaser, board, rules, gone)
    same = ("model", "version", "package_digest")
    if not (_agree(registration.body, body, same) and _all_approve(counted, body, same)):
        faults.append(message("trust_errors.vouching.other_version"))
    for approval in counted:
        at, released_at = approval.body.get("at"), int(approved["released_at"])
        fault = approval_fault(approval.name, at, released_at, rules.board, left_at)
        faults += [fault] if fault else []
    return faults + _rollback_faults(body, trust, rules, (author.name, releaser.name))


def rollback_approvals(
    way: Mapping[str, Any],
    given: Sequence[Signed],
    trust: Trust,
    board: BoardRules,
    others: Sequence[str],
    at: int,
    *,
    acting: bool,
) -> tuple[list[Signed], list[InWords]]:
    """Approvals of a way back that count, the latest of each person, and why each of the rest does not.

    Args:
        way: fields of the body that must be those of the way: from which release to which (see `registry.rollback`).
        given: what was signed.
        trust: whom the installation trusts now.
        board: of the policy in force.
        others: names of people who have another part in the release: its author and its releaser.
        at: instant of the release.
        acting: whether the key of whoever signed must be in use now, or may be retired since.
    """
    counted: dict[str, Signed] = {}
    faults: list[InWords] = []
    for signed in given:
        try:
            name = trust.require(signed, "board", ROLLBACK, acting=acting)
        except SignatureError as error:
            faults.append(Clause(error))
            continue
        fault = approval_fault(name, signed.body.get("at"), at, board)
        if not _agree(way, signed.body, tuple(way)):
            fault = message("trust_errors.vouching.other_way", name=name)
        elif name in others:
            fault = message("trust_errors.vouching.own_part", name=name)
        if fault:
            faults.append(fault)
        elif name not in counted or signed.body["at"] >= counted[name].body["at"]:
            counted[name] = signed
    return [counted[name] for name in sorted(counted)], faults


def _rollback_faults(
    body: Mapping[str, Any], trust: Trust, rules: Rules, others: Sequence[str]
) -> list[Message]:
    """Why the board did not approve the way back that a release is; empty if it did, or if it is none."""
    if body.get("rolled_back_to") is None:
        return []
    way = {
        "model": body["model"],
        "from_release": body["sequence"] - 1,
        "from_digest": body["former_release"],
        "to_release": body["rolled_back_to"],
        "package_digest": body["package_digest"],
    }
    try:
        given = [Signed.from_json(value) for value in body.get("rollback_approvals", [])]
    except SignatureError as error:
        return [message("trust_errors.vouching.no_approval", why=Clause(error))]
    now, needed = not rules.board.retired_vouch, rules.board.rollback_approvals
    released_at = int(body["released_at"])
    counted, faults = rollback_approvals(way, given, trust, rules.board, others, released_at, acting=now)
    if len(counted) >= needed:
        return []
    key = "trust_errors.vouching.way_back_faults" if faults else "trust_errors.vouching.way_back"
    places = {
        "model": body["model"],
        "to": str(body["rolled_back_to"]),
        "n": len(counted),
        "needed": needed,
    }
    return [message(key, **places, faults=tuple(faults))]


def _people_faults(
    author: TrustedKey, releaser: TrustedKey, board: Sequence[TrustedKey], rules: Rules, gone: Sequence[str]
) -> list[Message]:
    people, faults = [author.name, releaser.name, *(k.name for k in board)], list[Message]()
    if len(set(people)) != len(people) or len(board) < rules.approvals:
        key = "trust_errors.vouching.people_gone" if gone else "trust_errors.vouching.people"
        faults.append(message(key, needed=rules.approvals, gone=", ".join(gone)))
    missing = sorted(set(rules.board.required_roles) - {role for k in board for role in k.roles})
    if missing:
        faults.append(message("trust_errors.vouching.required_roles", roles=tuple(missing)))
    return faults


def _agree(one: Mapping[str, Any], other: Mapping[str, Any], fields: Sequence[str]) -> bool:
    return all(field in one and field in other and one[field] == other[field] for field in fields)


def _all_approve(approvals: Sequence[Signed], body: Mapping[str, Any], same: Sequence[str]) -> bool:
    fields = (*same, *SIGNED_FILES)
    return all(a.body.get("decision") == "approve" and _agree(a.body, body, fields) for a in approvals)
