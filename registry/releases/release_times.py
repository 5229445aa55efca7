"""Whether a release was made when its signer says, and past no refusal and no policy: by chain, content and journal.

A releaser who makes a release by hand could date it back, so that approvals whose term is over would count in it. So
its instant is never before that of the release before it, nor before what it contains was signed; and an approval must
still have been in its term when the journal's entry was written. What a member had refused then was not released; and
what an earlier policy judged was released before the one in force came.
"""

from collections.abc import Iterator

from hospital.times import DAY
from hospital.words.messages import Message, message
from registry.errors import SignatureError
from registry.policy.board_rules import BoardRules
from registry.releases.journal_entry import ReleaseRecord, Signs
from registry.releases.release import Link
from registry.releases.vouching import AHEAD
from registry.trust.keys import Signed

__all__ = ["policy_faults", "time_faults"]


def time_faults(
    record: ReleaseRecord | None, link: Link, rules: BoardRules, entered: int | None, signed: Signs
) -> list[Message]:
    """Why a release cannot have been made when it says; empty where it can.

    Args:
        record: what the journal says; None: it cannot be read now.
        link: the release; of a way back, its origin is looked at too.
        rules: of the policy in force.
        entered: instant of an entry that is about to be written; None: the journal's is looked up.
        signed: whether a review that an entry names is that person's: a refusal is lifted by nothing else.
    """
    faults = [*_before_faults(link), *_entry_faults(record, link, rules, entered)]
    if link.origin is not None:
        faults += _entry_faults(record, link.origin, rules, None)
    refusals = [] if record is None else record.refusals(link, signed)
    if refusals:
        faults.append(message("trust_errors.vouching.refused", names=", ".join(refusals)))
    return faults


def policy_faults(record: ReleaseRecord | None, approved: Link, own: str, in_force: str) -> list[Message]:
    """Why a release that another policy judged is none of before the one in force; empty where it is.

    The trust file says up to which number it may be, without a signature: the order of the entries is held against it.

    Args:
        record: what the journal says; None: it cannot be read now.
        approved: the release, or the one that it goes back to.
        own, in_force: digests of the policies.
    """
    if own == in_force or record is None or record.precedes(approved, in_force):
        return []
    return [message("trust_errors.releases.other_policy")]


def _before_faults(link: Link) -> Iterator[Message]:
    """What the release was signed before, although it follows or contains it."""
    at = int(link.body["released_at"])
    if link.former_at is not None and at + AHEAD < link.former_at:
        yield message("trust_errors.vouching.before_former", former=str(link.number - 1))
    registered = _instant(link.body["registration"])
    if registered is not None and at + AHEAD < registered:
        yield message("trust_errors.vouching.before_registration")


def _entry_faults(
    record: ReleaseRecord | None, link: Link, rules: BoardRules, entered: int | None
) -> Iterator[Message]:
    """Approvals that were too old when the journal says that the release was made."""
    at = entered
    if at is None and record is not None:
        entry = record.of(link)
        if entry is None:
            yield message("trust_errors.vouching.no_entry", number=str(link.number))
            return
        at = entry.at
    if at is None:
        return
    if int(link.body["released_at"]) > at + AHEAD:
        yield message("trust_errors.vouching.after_entry", number=str(link.number))
    given = [*link.body["approvals"]] if link.origin is None else link.body.get("rollback_approvals", [])
    for value in given:
        approved = _instant(value)
        if approved is not None and at - approved > rules.approval_days * DAY:
            name = Signed.from_json(value).name
            yield message("trust_errors.vouching.old_at_entry", name=name, days=rules.approval_days)


def _instant(value: object) -> int | None:
    """When something was signed; None where it does not say."""
    try:
        at = Signed.from_json(value).body.get("at")
    except SignatureError:
        return None  # said by who looks at signatures
    return at if isinstance(at, int) and not isinstance(at, bool) else None
