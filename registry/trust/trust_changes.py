"""Changes of whom and what an installation trusts: asked for, signed by a quorum, and in the journal, or not made.

The founding fixes who is who: every member of the board signs. Signatures that are given one after the other, each
where that member's key is, are collected in ``pending.json`` beside the trust file until they are enough.
"""

import getpass
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hospital.words.messages import message
from registry.digests import canonical_json, read_plain_file, sha256_bytes, write_atomically
from registry.errors import SignatureError, TrustError
from registry.people.person_names import same_person
from registry.policy.board_policy import Policy, default_policy
from registry.record.database import opened_database, writing
from registry.record.journal import append
from registry.settings import Settings
from registry.trust.ceremony import is_members, missing_signatures, next_statement, signed_statement
from registry.trust.keys import Key
from registry.trust.policy_in_force import keep_text, policy_of_digest, require_no_looser
from registry.trust.statement_entry import enter_statement
from registry.trust.trust_store import FILE, load_trust, locked_trust, save_trust, trust_digest
from registry.trust.trusted_people import Trust, TrustedKey

__all__ = ["Change", "found_trust", "put_in_force", "retire_key", "trust_key"]

PENDING = "pending.json"


@dataclass(frozen=True)
class Change:
    """What became of a trust folder; `former`: None where there was none."""

    former: Trust | None
    present: Trust

    @property
    def made(self) -> bool:
        """Whether anything is other than before."""
        return self.former != self.present


def trust_key(
    settings: Settings,
    name: str,
    public_key: str,
    roles: tuple[str, ...],
    *,
    now: datetime,
    replacing: bool = False,
    reason: str = "",
    signers: Sequence[Key] = (),
) -> Change:
    """Trusts a person's key with these roles. What is there already is changed only where `replacing` says so.

    Raises:
        TrustError: it would change the roles or the name of a key that is there, or call back a retired one; or the
            name is another key's; or it is none of the things it should be (see `Trust.with_key`).
    """

    def change(trust: Trust) -> Trust:
        changed = trust.with_key(name, public_key, roles)
        standing = next((k for k in trust.keys if k.public_key == public_key), None)
        if standing is None or _as_before(standing, name, roles):
            return changed if standing is None else trust
        if not replacing:
            raise _place_taken(standing, name, roles)
        return changed

    subjects = {"name": name, "public_key": public_key, "roles": ", ".join(roles)}
    return _change(
        settings,
        change,
        lambda trust: _former(trust, public_key),
        "trust key",
        subjects,
        now,
        reason,
        signers,
    )


def found_trust(settings: Settings, *, now: datetime, signers: Sequence[Key], reason: str = "") -> Change:
    """Fixes who is who, by the signatures of all members of the board: from then on a quorum signs each change.

    Raises:
        TrustError: it is done already, there are fewer than two members, or signatures are still missing: those that
            were given are kept.
    """

    def change(trust: Trust) -> Trust:
        if trust.founded:
            raise TrustError("trust_errors.trust.founded_already")
        return trust

    return _change(settings, change, lambda _: "", "found trust", {}, now, reason, signers, founding=True)


def retire_key(
    settings: Settings,
    name: str,
    *,
    now: datetime,
    signers: Sequence[Key] = (),
    taking_out: bool = False,
    reason: str = "",
) -> Change:
    """Retires a person's key, or takes it out: then what rests on it alone ends.

    Raises:
        TrustError: nobody has that name, or signatures are still missing.
    """
    action = "take key out" if taking_out else "retire key"
    return _change(
        settings,
        lambda trust: trust.without(name) if taking_out else trust.with_retired(name),
        lambda trust: "; ".join(f"{k.name}: {', '.join(k.roles)}" for k in trust.keys if k.name == name),
        action,
        {"name": name},
        now,
        reason,
        signers,
    )


def put_in_force(
    settings: Settings, policy: Policy, *, now: datetime, reason: str = "", signers: Sequence[Key] = ()
) -> Change:
    """Puts a policy in force, its text kept beside the trust file.

    Raises:
        PolicyError: it is looser than the one that ships.
        TrustError: the trust folder is broken or cannot be written, or signatures are still missing.
    """
    require_no_looser(policy)

    def change(trust: Trust) -> Trust:
        return trust.with_policy(policy.digest)

    subjects = {"policy": policy.document.name, "policy_digest": policy.digest}
    return _change(
        settings,
        change,
        lambda trust: trust.policy_digest,
        "put policy in force",
        subjects,
        now,
        reason,
        signers,
        policy=policy,
    )


def _change(
    settings: Settings,
    change: Callable[[Trust], Trust],
    before: Callable[[Trust], str],
    action: str,
    subjects: Mapping[str, str],
    now: datetime,
    reason: str,
    signers: Sequence[Key],
    *,
    founding: bool = False,
    policy: Policy | None = None,
) -> Change:
    """Changes the trust file and writes the entry, with what stood `before`, or neither."""
    folder = settings.trust
    if not (folder / FILE).exists():
        change(_new())  # what may not be is refused before a folder is made
    with locked_trust(folder):
        former = load_trust(folder) if (folder / FILE).exists() else None
        if former is not None and (founding or len(former.statements) > 1):  # of a command that was killed
            enter_statement(settings, former, _account(), now)
        present = change(former or _new())
        if founding or (former is not None and former.founded and not present.signed):
            present = _signed(settings, former or _new(), present, signers, policy)
        done = Change(former, present)
        if not done.made:
            return done
        if former is not None and before(former):
            subjects = {**subjects, "before": before(former)}
        if present.founded:
            subjects = {**subjects, "statement_digest": sha256_bytes(canonical_json(present.statements[-1]))}
        subjects = {**subjects, "trust_digest": trust_digest(present)}
        _write_down(settings, done, action, subjects, now, reason, policy)
    return done


def _write_down(
    settings: Settings,
    done: Change,
    action: str,
    subjects: Mapping[str, str],
    now: datetime,
    reason: str,
    policy: Policy | None,
) -> None:
    """The text of a new policy, the entry, the file: all, or what was there before."""
    folder = settings.trust
    content = (folder / FILE).read_bytes() if done.former is not None else None
    try:
        with opened_database(settings.database) as engine, writing(engine) as connection:
            append(connection, actor=_account(), action=action, subjects=subjects, reason=reason, now=now)
            if policy is not None:
                keep_text(folder, policy)
            save_trust(folder, done.present)
    except BaseException:
        if content is not None:
            write_atomically(folder / FILE, content)
        else:
            (folder / FILE).unlink(missing_ok=True)
        raise
    (folder / PENDING).unlink(missing_ok=True)


def _signed(
    settings: Settings, former: Trust, present: Trust, signers: Sequence[Key], policy: Policy | None
) -> Trust:
    """The change under a statement with enough signatures.

    Raises:
        TrustError: they are not enough yet; those that were given are kept for the next member.
    """
    rules = (policy or policy_of_digest(settings.trust, present.policy_digest)).board
    body = next_statement(former.statements, present.entries, present.policy_digest, rules.quorum)
    members = {k.name for k in present.keys if "board" in k.roles and not k.retired}
    if former.founded and len(members) < body["quorum"]:
        raise TrustError("trust_errors.trust.small_board", members=len(members), quorum=int(body["quorum"]))
    statement = signed_statement(body, _collected(settings, former, body), signers)
    try:
        missing, who = missing_signatures(former.statements, statement, demo=former.demo)
    except SignatureError as error:
        raise TrustError("trust_errors.trust.nothing_changed", why=error) from None
    if not missing:
        return replace(present, statements=(*former.statements, statement))
    if signers:
        write_atomically(settings.trust / PENDING, canonical_json(statement))
    given = len(statement["signatures"])
    key = "trust_errors.trust.signatures_missing_yet" if given else "trust_errors.trust.signatures_missing"
    raise TrustError(key, given=given, n=missing, who=", ".join(who))


def _collected(settings: Settings, former: Trust, body: Mapping[str, Any]) -> list[Any]:
    """Signatures of this very statement that members gave before; what is none counts for nothing, and stops nobody."""
    try:
        pending = json.loads(read_plain_file(settings.trust / PENDING))
        given = list(pending["signatures"]) if pending["body"] == body else []
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    return [one for one in given if is_members(former.statements, body, one, demo=former.demo)]


def _new() -> Trust:
    """What a trust folder holds when it is made: nobody, and the policy that ships."""
    return Trust(False, (), default_policy().digest, {})


def _former(trust: Trust, public_key: str) -> str:
    """What a key was trusted as; "": it was not there."""
    return next((f"{k.name}: {', '.join(k.roles)}" for k in trust.keys if k.public_key == public_key), "")


def _as_before(standing: TrustedKey, name: str, roles: tuple[str, ...]) -> bool:
    return (standing.name, set(standing.roles), standing.retired) == (name, set(roles), False)


def _place_taken(standing: TrustedKey, name: str, roles: tuple[str, ...]) -> TrustError:
    """Why a key that is there is not changed unless that is asked for."""
    changes = []
    if standing.retired:
        changes.append(message("trust_errors.trust.would_sign_again"))
    if standing.name != name:
        key = "key_is_of" if same_person(standing.name, name) else "place_of"
        changes.append(message(f"trust_errors.trust.{key}", name=standing.name, other=name))
    if set(standing.roles) != set(roles):
        given, wanted = ", ".join(standing.roles), ", ".join(roles)
        changes.append(
            message("trust_errors.trust.other_roles", name=standing.name, roles=given, wanted=wanted)
        )
    return TrustError("trust_errors.trust.place_taken", changes=tuple(changes))


def _account() -> str:
    """Whoever keeps the trust folder signs nothing with a key: the journal names the account of the machine."""
    try:
        return f"account {getpass.getuser()}"
    except (KeyError, OSError):
        return "account unknown"
