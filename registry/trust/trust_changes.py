"""Changes of whom and what an installation trusts: asked for in words, and in the journal, or not made."""

import getpass
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from registry.errors import TrustError
from registry.people.person_names import same_person
from registry.policy.board_policy import Policy, default_policy
from registry.record.database import opened_database, writing
from registry.record.journal import append
from registry.settings import Settings
from registry.trust.policy_in_force import keep_text
from registry.trust.trust_store import (
    FILE,
    Trust,
    TrustedKey,
    load_trust,
    locked_trust,
    save_trust,
)

__all__ = ["Change", "put_in_force", "trust_key"]


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
            raise TrustError(_place_taken(standing, name, roles))
        return changed

    subjects = {"name": name, "public_key": public_key, "roles": ", ".join(roles)}
    return _change(
        settings, change, lambda trust: _former(trust, public_key), "trust key", subjects, now, reason
    )


def put_in_force(settings: Settings, policy: Policy, *, now: datetime, reason: str = "") -> Change:
    """Puts a policy in force, its text kept beside the trust file.

    Raises:
        TrustError: the trust folder is broken or cannot be written.
    """

    def change(trust: Trust) -> Trust:
        if trust.policy_digest != policy.digest:
            keep_text(settings.trust, policy)
        return trust.with_policy(policy.digest)

    subjects = {"policy": policy.document.name, "policy_digest": policy.digest}
    return _change(
        settings, change, lambda trust: trust.policy_digest, "put policy in force", subjects, now, reason
    )


def _change(
    settings: Settings,
    change: Callable[[Trust], Trust],
    before: Callable[[Trust], str],
    action: str,
    subjects: Mapping[str, str],
    now: datetime,
    reason: str,
) -> Change:
    """Changes the trust file and writes the entry, with what stood `before`, or neither."""
    folder = settings.trust
    if not (folder / FILE).exists():
        change(_new())  # what may not be is refused before a folder is made
    with locked_trust(folder):
        former = load_trust(folder) if (folder / FILE).exists() else None
        present = change(former or _new())
        done = Change(former, present)
        if not done.made:
            return done
        if former is not None and before(former):
            subjects = {**subjects, "before": before(former)}
        try:
            with opened_database(settings.database) as engine, writing(engine) as connection:
                append(connection, actor=_account(), action=action, subjects=subjects, reason=reason, now=now)
                save_trust(folder, present)
        except BaseException:
            _take_back(settings, former)
            raise
    return done


def _new() -> Trust:
    """What a trust folder holds when it is made: nobody, and the policy that ships."""
    return Trust(False, (), default_policy().digest, {})


def _take_back(settings: Settings, former: Trust | None) -> None:
    """Puts back what was there, where the entry could not be written after all."""
    if former is not None:
        save_trust(settings.trust, former)
    else:
        (settings.trust / FILE).unlink(missing_ok=True)


def _former(trust: Trust, public_key: str) -> str:
    """What a key was trusted as; "": it was not there."""
    return next((f"{k.name}: {', '.join(k.roles)}" for k in trust.keys if k.public_key == public_key), "")


def _as_before(standing: TrustedKey, name: str, roles: tuple[str, ...]) -> bool:
    return (standing.name, set(standing.roles), standing.retired) == (name, set(roles), False)


def _place_taken(standing: TrustedKey, name: str, roles: tuple[str, ...]) -> str:
    """Why a key that is there is not changed unless that is asked for."""
    changes = []
    if standing.retired:
        changes.append("the key is retired, and would sign again")
    if standing.name != name:
        same = same_person(standing.name, name)
        changes.append(f"the key is {standing.name}'s" + ("" if same else f", whose place {name} would take"))
    if set(standing.roles) != set(roles):
        changes.append(f"{standing.name} has the roles {', '.join(standing.roles)}, not {', '.join(roles)}")
    return f"Nothing is changed: {'; '.join(changes)}. If that is meant, add --replace."


def _account() -> str:
    """Whoever keeps the trust folder signs nothing with a key: the journal names the account of the machine."""
    try:
        return f"account {getpass.getuser()}"
    except (KeyError, OSError):
        return "account unknown"
