"""Who is trusted, as ``trust.json`` says: people with their keys and roles, and each change of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from registry.errors import SignatureError, TrustError
from registry.people.person_names import NAME_RULE, is_person_name, same_person
from registry.policy.board_rules import FUNCTIONS
from registry.trust.keys import Key, Signed, is_demo_key, is_public_key

__all__ = ["ROLES", "Trust", "TrustedKey", "same_owner"]

ROLES = ("author", "board", "releaser", "checker", "service", *FUNCTIONS)


@dataclass(frozen=True)
class TrustedKey:
    """A person's public key and roles.

    Attributes:
        retired: the person has left: what they signed stays valid, they sign nothing more. A key that was
        stolen is taken out instead, and with it falls whatever it signed.
    """

    name: str
    public_key: str
    roles: tuple[str, ...]
    retired: bool = False


@dataclass(frozen=True)
class Trust:
    """What ``trust.json`` says.

    Attributes:
        demo: whether demo keys are good here; set when the folder is made and never after.
        keys: one person a key, one key a person: neither a name nor a key stands twice.
        policy_digest: of the policy in force.
        lowest_release: by model; a lower sequence number is refused.
        released_before: by model, the last release of before the policy came in force: up to it, releases that were
            judged by another policy are served.
        statements: about people and policy, signed (`registry.trust.ceremony`); none before the founding.
        stopped: by model, the signed stop that stands; whatever stands there stops it.
    """

    demo: bool
    keys: tuple[TrustedKey, ...]
    policy_digest: str
    lowest_release: Mapping[str, int]
    released_before: Mapping[str, int] = field(default_factory=dict)
    statements: tuple[Mapping[str, Any], ...] = ()
    stopped: Mapping[str, Any] = field(default_factory=dict)

    @property
    def founded(self) -> bool:
        """Whether its board has signed who is who; from then on a quorum signs each change."""
        return bool(self.statements)

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The keys as the file and its statements name them."""
        return [
            {"name": k.name, "public_key": k.public_key, "roles": list(k.roles)}
            | ({"retired": True} if k.retired else {})
            for k in self.keys
        ]

    @property
    def signed(self) -> bool:
        """Whether people and policy are those of the last statement; before the founding there is nothing to be."""
        last = self.statements[-1]["body"] if self.statements else None
        return last is None or (last["keys"], last["policy_digest"]) == (self.entries, self.policy_digest)

    def require(self, signed: Signed, role: str, purpose: str, *, acting: bool = False) -> str:
        """The name of `signer`."""
        return self.signer(signed, role, purpose, acting=acting).name

    def signer(self, signed: Signed, role: str, purpose: str, *, acting: bool = False) -> TrustedKey:
        """Whose signature this is, by the trust file, if that person may sign this; `acting`: now, not once.

        Raises:
            SignatureError: the signature does not verify, or is of an unknown key, another role or purpose.
        """
        if signed.purpose != purpose:
            raise SignatureError(
                "trust_errors.people.other_purpose", name=signed.name, purpose=signed.purpose
            )
        if is_demo_key(signed.public_key) and not self.demo:
            raise SignatureError("trust_errors.people.demo_key", name=signed.name)
        key = self.key_of(signed.public_key)
        if key is None:
            raise SignatureError("trust_errors.people.unknown_key", name=signed.name)
        if role not in key.roles:
            raise SignatureError("trust_errors.people.no_role", name=key.name, role=role)
        if acting and key.retired:
            raise SignatureError("trust_errors.people.retired", name=key.name)
        signed.verify()
        return key

    def key_of(self, public_key: str) -> TrustedKey | None:
        """The entry of a key; None: it is not trusted, or was taken out."""
        return next((k for k in self.keys if k.public_key == public_key), None)

    def with_key(self, name: str, public_key: str, roles: tuple[str, ...]) -> "Trust":
        """The same with a key added, or its roles changed.

        Raises:
            TrustError: a demo key outside a demo, no key, an unknown role, a name that is taken or is none.
        """
        if not is_public_key(public_key):
            raise TrustError("trust_errors.people.no_public_key")
        if is_demo_key(public_key) and not self.demo:
            raise TrustError("trust_errors.people.demo_keys")
        if not roles or set(roles) - set(ROLES):
            raise TrustError("trust_errors.people.roles", roles=", ".join(ROLES))
        if {"checker", "service"} & set(roles) and len(roles) > 1:
            raise TrustError("trust_errors.people.machine_roles")
        if not is_person_name(name):
            raise TrustError(NAME_RULE)
        others, added = (
            tuple(k for k in self.keys if k.public_key != public_key),
            TrustedKey(name, public_key, roles),
        )
        other = next((k for k in others if same_owner(k, added)), None)
        if other is not None:
            raise TrustError("trust_errors.people.same_name", name=other.name)
        return replace(self, keys=(*others, added))

    def with_person(self, key: Key, roles: tuple[str, ...]) -> "Trust":
        """`with_key` for a key at hand."""
        return self.with_key(key.name, key.public_key, roles)

    def with_retired(self, name: str) -> "Trust":
        """The same with a person's key retired.

        Raises:
            TrustError: nobody has that name.
        """
        if all(k.name != name for k in self.keys):
            raise TrustError("trust_errors.people.nobody", name=name)
        return replace(self, keys=tuple(replace(k, retired=True) if k.name == name else k for k in self.keys))

    def without(self, name: str) -> "Trust":
        """The same with a person's keys taken out: with them falls whatever rests on that person alone.

        Raises:
            TrustError: nobody has that name.
        """
        if all(k.name != name for k in self.keys):
            raise TrustError("trust_errors.people.nobody", name=name)
        return replace(self, keys=tuple(k for k in self.keys if k.name != name))

    def with_policy(self, policy_digest: str) -> "Trust":
        """The same with another policy in force; what is released now may go on, what comes is judged by it."""
        before = self.released_before if policy_digest == self.policy_digest else dict(self.lowest_release)
        return replace(self, policy_digest=policy_digest, released_before=before)

    def with_stop(self, model: str, signed: Mapping[str, Any]) -> "Trust":
        """The same with a model stopped."""
        return replace(self, stopped={**self.stopped, model: signed})

    def without_stop(self, model: str) -> "Trust":
        """The same with a model that may speak again."""
        return replace(self, stopped={name: s for name, s in self.stopped.items() if name != model})

    def with_floor(self, model: str, sequence: int) -> "Trust":
        """The same with the lowest acceptable release of a model raised; never lowered."""
        lowest = max(sequence, self.lowest_release.get(model, 0))
        return replace(self, lowest_release={**self.lowest_release, model: lowest})


def same_owner(one: TrustedKey, other: TrustedKey) -> bool:
    """Whether two keys are one person's who has one already; a retired key of the very same name is the former one."""
    if one.name == other.name and (one.retired or other.retired):
        return False
    if is_demo_key(one.public_key) and is_demo_key(other.public_key):
        return one.name == other.name
    return same_person(one.name, other.name)
