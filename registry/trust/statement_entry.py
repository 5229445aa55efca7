"""The entry of a change that was signed and stands in the trust file, where the command was killed before its entry.

The file is changed before its entry is committed. Killed between the two, the change is in force and the journal does
not know it: earlier releases would be refused for a policy that never came, and a retirement would be of no date.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from registry.digests import canonical_json, sha256_bytes
from registry.record.database import opened_database, writing
from registry.record.journal import Draft, append_all, entries_of
from registry.settings import Settings
from registry.trust.policy_in_force import policy_of_digest
from registry.trust.trust_store import trust_digest
from registry.trust.trusted_people import Trust

__all__ = ["CHANGES", "enter_statement", "is_entered"]

CHANGES = ("found trust", "trust key", "retire key", "take key out", "put policy in force")
"""The actions of entries of statements."""
_REASON = "signed, but the journal had no entry: the change was killed before it was committed"


def is_entered(connection: Connection, trust: Trust) -> bool:
    """Whether the journal has an entry of the last statement, or there is nothing to be entered of it."""
    if not trust.founded:
        return True
    digest = _digest(trust)
    known = any(e.subjects.get("statement_digest") == digest for e in entries_of(connection, CHANGES))
    return known or not list(_acts(trust))


def enter_statement(settings: Settings, trust: Trust, actor: str, now: datetime) -> None:
    """Enters the last statement, unless it is; the trust folder is held.

    Args:
        settings: of the installation.
        trust: its trust file.
        actor: who completes what was killed.
        now: when.
    """
    if not trust.founded:
        return
    with opened_database(settings.database) as engine, writing(engine) as connection:
        if is_entered(connection, trust):
            return
        more = {"statement_digest": _digest(trust), "trust_digest": trust_digest(trust)}
        drafts = []
        for action, subjects in _acts(trust):
            if action == "put policy in force":
                policy = policy_of_digest(settings.trust, trust.policy_digest)
                subjects = {**subjects, "policy": policy.document.name}
            drafts.append(Draft(actor, action, {**subjects, **more}, _REASON))
        append_all(connection, drafts, now=now)


def _digest(trust: Trust) -> str:
    return sha256_bytes(canonical_json(trust.statements[-1]))


def _acts(trust: Trust) -> Iterator[tuple[str, dict[str, str]]]:
    """What the last statement changed, as the commands name it."""
    body = trust.statements[-1]["body"]
    if len(trust.statements) == 1:
        yield "found trust", {}
        return
    former = trust.statements[-2]["body"]
    before, after = _by_key(former), _by_key(body)
    for public_key, key in after.items():
        known = before.get(public_key)
        if known == key:
            continue
        if key.get("retired", False):
            yield "retire key", {"name": str(key["name"]), "before": _words(key)}
        else:
            was = {} if known is None else {"before": _words(known)}
            named = {"name": str(key["name"]), "public_key": public_key, "roles": ", ".join(key["roles"])}
            yield "trust key", named | was
    for public_key, key in before.items():
        if public_key not in after:
            yield "take key out", {"name": str(key["name"]), "before": _words(key)}
    if former["policy_digest"] != body["policy_digest"]:
        digests = {"policy_digest": body["policy_digest"], "before": former["policy_digest"]}
        yield "put policy in force", digests


def _by_key(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(key["public_key"]): key for key in body["keys"]}


def _words(key: Mapping[str, Any]) -> str:
    return f"{key['name']}: {', '.join(key['roles'])}"
