"""What stands in the checkpoints' file of an act of the board, and whether its signatures hold.

``{"body": {…}, "signatures": [{"name", "public_key", "purpose", "value"}, …]}``. The body names the last checkpoint
before the act, the reason, and the statement that says who the members of the board were. Of a restore it also names
the last entry that was then as a checkpoint saw it, and up to which entry the rest was lost; of a lost file of
checkpoints, the first line of the one that was begun in its place, and up to which entry that covered all at once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from registry.digests import canonical_json, sha256_bytes
from registry.errors import SignatureError
from registry.trust.keys import Signed

__all__ = [
    "LOST_FILE",
    "RESTORE",
    "act_fault",
    "is_of_lost_file",
    "members_of",
    "purpose_of",
    "signatures_of",
]

RESTORE, LOST_FILE = "vigie-restore-v1", "vigie-lost-checkpoints-v1"


def is_of_lost_file(act: Mapping[str, Any]) -> bool:
    """Whether it accepts that a file of checkpoints is lost; else that a database was restored."""
    body = act.get("body")
    return isinstance(body, Mapping) and "first" in body


def purpose_of(act: Mapping[str, Any]) -> str:
    """What its signatures are for."""
    return LOST_FILE if is_of_lost_file(act) else RESTORE


def signatures_of(acceptance: Mapping[str, Any]) -> list[Signed]:
    """What members signed; not verified.

    Raises:
        SignatureError, KeyError, TypeError: it is no acceptance.
    """
    return [Signed.from_json({"body": acceptance["body"], "signature": s}) for s in acceptance["signatures"]]


def members_of(statements: Sequence[Mapping[str, Any]], acceptance: Mapping[str, Any]) -> set[str]:
    """Names of the members whose signatures hold, by the statement that it names.

    Raises:
        SignatureError: a signature does not verify, is for something else or of no member; there is no such statement.
    """
    board = _board(statements, str(acceptance["body"].get("statement")))
    names = set()
    for signed in signatures_of(acceptance):
        if signed.purpose != purpose_of(acceptance) or signed.public_key not in board:
            raise SignatureError("trust_errors.checkpoints.no_member", name=signed.name)
        signed.verify()
        names.add(board[signed.public_key])
    return names


def act_fault(
    statements: Sequence[Mapping[str, Any]], acceptance: Mapping[str, Any], previous: str, seq: int
) -> str:
    """Why an act does not count; "" if it does.

    Args:
        statements: about people, of the trust file.
        acceptance: what the line holds.
        previous: digest of the line before.
        seq: the last entry that the line covers.
    """
    try:
        body = acceptance["body"]
        names = members_of(statements, acceptance)
        quorum = _statement(statements, str(body["statement"]))["quorum"]
        if body["format"] != 1 or body["checkpoint"] != previous or not _is_possible(acceptance, seq):
            return "accepts another restore than this"
    except (SignatureError, KeyError, TypeError, AttributeError) as error:
        words = str(error) if isinstance(error, SignatureError) else type(error).__name__
        return f"accepts a restore, and its signatures do not hold ({words.rstrip('.')})"
    return "" if len(names) >= quorum else "accepts a restore without a quorum of the board"


def _is_possible(act: Mapping[str, Any], seq: int) -> bool:
    body = act["body"]
    if is_of_lost_file(act):
        return type(body["covered"]) is int and 0 < body["covered"] < seq and type(body["first"]) is str
    return type(body["lost"]) is int and 0 <= body["stands"] < min(seq, body["lost"])


def _statement(statements: Sequence[Mapping[str, Any]], digest: str) -> Mapping[str, Any]:
    for statement in statements:
        if sha256_bytes(canonical_json(statement["body"])) == digest:
            body: Mapping[str, Any] = statement["body"]
            return body
    raise SignatureError("trust_errors.checkpoints.no_statement")


def _board(statements: Sequence[Mapping[str, Any]], digest: str) -> dict[str, str]:
    return {
        str(key["public_key"]): str(key["name"])
        for key in _statement(statements, digest)["keys"]
        if "board" in key["roles"] and not key.get("retired", False)
    }
