"""Whether a release was made by people in office: a key that was retired before the release was entered signs no more.

What a retired key signed stays valid, so its signature alone says too little: whoever left still has the key, and may
date what it signs back. The trust file's statements say which one retired it, and the journal in what order they came.
"""

from collections.abc import Iterator
from typing import Any

from hospital.words.messages import Message, message
from registry.digests import canonical_json, sha256_bytes
from registry.errors import SignatureError
from registry.releases.journal_entry import ReleaseRecord
from registry.releases.release import Link
from registry.trust.keys import Signed
from registry.trust.trusted_people import Trust, TrustedKey

__all__ = ["retirement_faults"]


def retirement_faults(
    record: ReleaseRecord | None, link: Link, trust: Trust, entered: int | None
) -> list[Message]:
    """Who had left when a release was made, and signed it all the same; empty where nobody had.

    Args:
        record: what the journal says; None: it cannot be read now.
        link: the release: of a way back the approvals of that way count, those of its version are of before.
        trust: whom the installation trusts now.
        entered: instant of an entry that is about to be written, unless there is one: whoever is retired now had left;
            None: the journal's is looked up.
    """
    made = None if record is None else record.of(link)
    left = [key for key in _signers(link, trust) if key.retired]
    if made is not None and record is not None:
        numbers = [record.number_of_statement(_retiring(trust, key)) for key in left]
        left = [k for k, number in zip(left, numbers, strict=True) if (number or made.seq) < made.seq]
    elif entered is None:
        return []
    return [message("trust_errors.vouching.had_left", name=k.name, number=str(link.number)) for k in left]


def _signers(link: Link, trust: Trust) -> Iterator[TrustedKey]:
    """Releaser, and members who approved it; who is unknown is said by who looks at signatures."""
    approvals: list[Any] = link.body["approvals"]
    if link.origin is not None:
        approvals = link.body.get("rollback_approvals", [])
    for public_key in dict.fromkeys((link.signed.public_key, *map(_public_key, approvals))):
        key = trust.key_of(public_key)
        if key is not None:
            yield key


def _public_key(value: object) -> str:
    try:
        return Signed.from_json(value).public_key
    except SignatureError:
        return ""


def _retiring(trust: Trust, key: TrustedKey) -> str:
    """The digest of the first statement from which on a key is retired."""
    first = len(trust.statements)
    for statement in reversed(trust.statements):
        keys = statement["body"]["keys"]
        if not any(k["public_key"] == key.public_key and k.get("retired", False) for k in keys):
            break
        first -= 1
    return sha256_bytes(canonical_json(trust.statements[first])) if first < len(trust.statements) else ""
