"""Whether a release was made when its signer says: held against the chain, what it contains, and the journal's entry.

A releaser who makes a release by hand could date it back, so that approvals whose term is over would count in it. So
its instant is never before that of the release before it, nor before what it contains was signed; and an approval must
still have been in its term when the journal's entry was written.
"""

from collections.abc import Iterator

from hospital.times import DAY
from hospital.words.messages import Message, message
from registry.errors import SignatureError
from registry.policy.board_rules import BoardRules
from registry.releases.journal_entry import NO_ENTRY, entered_at
from registry.releases.release import Link
from registry.releases.vouching import AHEAD
from registry.settings import Settings
from registry.trust.keys import Signed

__all__ = ["time_faults"]


def time_faults(settings: Settings, link: Link, rules: BoardRules, entered: int | None) -> list[Message]:
    """Why a release cannot have been made when it says; empty where it can.

    Args:
        settings: where the journal is.
        link: the release; of a way back, its origin is looked at too.
        rules: of the policy in force.
        entered: instant of an entry that is about to be written; None: the journal's is looked up.
    """
    faults = [*_before_faults(link), *_entry_faults(settings, link, rules, entered)]
    if link.origin is not None:
        faults += _entry_faults(settings, link.origin, rules, None)
    return faults


def _before_faults(link: Link) -> Iterator[Message]:
    """What the release was signed before, although it follows or contains it."""
    at = int(link.body["released_at"])
    if link.former_at is not None and at + AHEAD < link.former_at:
        yield message("trust_errors.vouching.before_former", former=str(link.number - 1))
    registered = _instant(link.body["registration"])
    if registered is not None and at + AHEAD < registered:
        yield message("trust_errors.vouching.before_registration")


def _entry_faults(
    settings: Settings, link: Link, rules: BoardRules, entered: int | None
) -> Iterator[Message]:
    """Approvals that were too old when the journal says that the release was made."""
    at = entered_at(settings, link) if entered is None else entered
    if at is None:
        return
    if at == NO_ENTRY:
        yield message("trust_errors.vouching.no_entry", number=str(link.number))
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
