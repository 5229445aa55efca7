"""Who is who in an installation, signed: by all members of the board at its founding, by a quorum for each change.

A statement holds everybody's name, roles and public key, the policy in force and the quorum. The first is signed by
every member of the board whom it names; each later one by a quorum of those whom the one before names. A trust file
whose people or policy are not those of its last statement was changed by hand and is refused.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from registry.digests import canonical_json, sha256_bytes
from registry.errors import SignatureError, TrustError
from registry.trust.keys import Key, Signed, is_demo_key

__all__ = [
    "PEOPLE",
    "is_members",
    "missing_signatures",
    "next_statement",
    "signed_statement",
    "verify_statements",
]

PEOPLE = "vigie-people-v1"
_LEAST = 2

Statement = Mapping[str, Any]
"""{"body": …, "signatures": [{"name", "public_key", "purpose", "value"}, …]}"""


def next_statement(
    statements: Sequence[Statement], keys: Sequence[Mapping[str, Any]], policy_digest: str, quorum: int
) -> dict[str, Any]:
    """The body of a statement after others; it names no time, so that each member signs the same.

    Args:
        statements: those before it.
        keys: entries of the trust file, "name", "public_key", "roles" and "retired" where it is.
        policy_digest: of the policy in force.
        quorum: how many sign the next change.
    """
    return {
        "format": 1,
        "serial": len(statements),
        "former": _digest(statements[-1]["body"]) if statements else None,
        "keys": [dict(key) for key in keys],
        "policy_digest": policy_digest,
        "quorum": max(quorum, _LEAST),
    }


def signed_statement(body: dict[str, Any], former: Sequence[Any], keys: Sequence[Key]) -> dict[str, Any]:
    """A statement with the signatures that were collected before and those of these keys, one of each key."""
    signatures = {str(s["public_key"]): s for s in former}
    for key in keys:
        signatures[key.public_key] = key.sign(PEOPLE, body).to_json()["signature"]
    return {"body": body, "signatures": [signatures[name] for name in sorted(signatures)]}


def missing_signatures(
    statements: Sequence[Statement], statement: Statement, *, demo: bool
) -> tuple[int, tuple[str, ...]]:
    """How many members have yet to sign a statement, and who could.

    Raises:
        SignatureError: a signature does not verify, or is of nobody who may sign it.
        TrustError: it is the first, and names fewer than two members of the board.
    """
    judging = statements[-1]["body"] if statements else statement["body"]
    board = _board(judging)
    if not statements and len(set(board.values())) < _LEAST:
        raise TrustError("trust_errors.statements.two_members")
    needed = int(judging["quorum"]) if statements else len(set(board.values()))
    names: set[str] = set()
    for signature in statement["signatures"]:
        signed = Signed.from_json({"body": statement["body"], "signature": signature})
        if signed.purpose != PEOPLE or (is_demo_key(signed.public_key) and not demo):
            raise SignatureError("trust_errors.statements.something_else", name=signed.name)
        if signed.public_key not in board:
            raise SignatureError("trust_errors.statements.no_member", name=signed.name)
        signed.verify()
        names.add(board[signed.public_key])
    return max(needed - len(names), 0), tuple(sorted(set(board.values()) - names))


def is_members(
    statements: Sequence[Statement], body: Mapping[str, Any], signature: object, *, demo: bool
) -> bool:
    """Whether one of the signatures of a statement after others, as a file has it, is of a member who may sign it."""
    try:
        missing_signatures(statements, {"body": body, "signatures": [signature]}, demo=demo)
    except (SignatureError, KeyError, TypeError, AttributeError):
        return False
    return True


def verify_statements(statements: Sequence[Statement], *, demo: bool) -> None:
    """Verifies all statements, each against the one before.

    Raises:
        TrustError: one of them is not signed by those who must have signed it, or does not follow the one before.
    """
    for number, statement in enumerate(statements):
        body, earlier = statement["body"], statements[:number]
        former = _digest(earlier[-1]["body"]) if earlier else None
        if (body["format"], body["serial"], body["former"]) != (1, number, former) or body["quorum"] < _LEAST:
            raise TrustError("trust_errors.statements.does_not_follow", number=number)
        try:
            missing, _ = missing_signatures(earlier, statement, demo=demo)
        except SignatureError as error:
            raise TrustError(*error.args, **error.values) from None
        if missing:
            raise TrustError("trust_errors.statements.signatures", number=number, n=missing)


def _board(body: Mapping[str, Any]) -> dict[str, str]:
    """Names of the members who may sign, by key."""
    return {
        str(key["public_key"]): str(key["name"])
        for key in body["keys"]
        if "board" in key["roles"] and not key.get("retired", False)
    }


def _digest(body: Mapping[str, Any]) -> str:
    return sha256_bytes(canonical_json(body))
