"""Verifies a journal of Vigie without Vigie: Python 3.11 and the library `cryptography`, nothing else.

    vigie journal export > journal.jsonl            # by whoever runs the installation
    python verify_journal.py journal.jsonl journal-checkpoints.jsonl PUBLIC_KEY

PUBLIC_KEY is the service's public key as you noted it when the installation was made (`vigie key trust` shows it); note
at each visit the last line that this prints, too, and give it at the next: --noted LINE_DIGEST.

Exit codes: 0 nothing is wrong, 1 something is, 2 a file cannot be read.
"""

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

GENESIS = "sha256:" + "0" * 64
WITHIN = 300 * 1_000_000
"""Microseconds: a checkpoint comes a minute after an entry at most, while Vigie runs."""
SIGNED = ("seq", "at", "actor", "action", "subjects", "reason", "payload_digest", "previous")


def canonical(body: Any) -> bytes:
    """The one way in which Vigie writes a JSON value before it takes its digest or signs it."""
    written = json.dumps(body, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return written.encode() + b"\n"


def digest(content: bytes) -> str:
    """SHA-256, as Vigie writes it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that says each name once: of two, one reader takes the first and another the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def entry_faults(lines: list[bytes], digests: dict[int, str], times: dict[int, int]) -> Iterator[str]:
    """What is wrong with the chain; fills `digests` and `times` (in microseconds), by the entries' numbers."""
    previous, number = GENESIS, 0
    for line in lines:
        number += 1
        try:
            entry = json.loads(line, object_pairs_hook=once)
            body = {name: entry[name] for name in SIGNED}
            seq, stands = entry["seq"], entry["digest"]
            computed = digest(canonical(body))
            if entry.keys() - {*SIGNED, "digest", "salt", "payload"}:
                raise ValueError  # no digest covers it, and another reader may take it for something else
            kept = "payload" in entry
            shown = digest(f"{entry['salt']}\n".encode() + canonical(entry["payload"])) if kept else ""
        except (ValueError, KeyError, TypeError, RecursionError):
            yield f"line {number} of the journal is no entry"
            continue
        if seq != number:
            yield f"entry {seq} stands where entry {number} should: entries are missing, or in another order"
            number = seq if type(seq) is int else number
        if entry["previous"] != previous:
            yield f"entry {seq} does not follow the entry before it"
        if computed != stands:
            yield f"entry {seq} was edited: its digest is another"
        if kept and shown != entry["payload_digest"]:
            yield f"the payload of entry {seq} was edited"
        digests[number] = previous = computed
        if type(entry["at"]) is int:
            times[number] = entry["at"]


def checkpoint_faults(
    lines: list[bytes],
    key: str,
    good: list[dict[str, Any]],
    line_digests: list[str],
    lost: list[str],
) -> Iterator[str]:
    """What is wrong with the checkpoints; fills `good` with those that count, the digests of all lines, and `lost`."""
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key))
    previous = ""
    for number, line in enumerate(lines, 1):
        try:
            found = json.loads(line)
            body, signature = found["body"], found["signature"]
            if canonical(found) != line or type(body["seq"]) is not int:
                raise ValueError
            message = canonical({"purpose": "journal checkpoint", "body": body})
            if (signature["public_key"], signature["purpose"]) != (key, "journal checkpoint"):
                raise InvalidSignature
            public.verify(base64.urlsafe_b64decode(signature["value"]), message)
        except (ValueError, KeyError, TypeError, RecursionError, InvalidSignature):
            yield f"line {number} of the checkpoints is not signed by this key, or was changed"
            previous = digest(line)
            continue
        if body["previous"] != previous:
            yield f"line {number} of the checkpoints does not follow the one before it"
        elif "restore" in body:
            yield from act_faults(number, body, previous, good, lost)
        elif good and body["seq"] <= good[-1]["seq"]:
            yield f"line {number} of the checkpoints covers no more than the one before it"
        else:
            good.append(body)
        previous = digest(line)
        line_digests.append(previous)


def act_faults(
    number: int, body: dict[str, Any], previous: str, good: list[dict[str, Any]], lost: list[str]
) -> Iterator[str]:
    """A restore or a lost file of checkpoints that the board accepted: what is lost with it is named for ever.

    After a restore, checkpoints of entries that were lost with it count no more.
    """
    try:
        accepted = body["restore"]["body"]
        is_file = "first" in accepted
        purpose = "vigie-lost-checkpoints-v1" if is_file else "vigie-restore-v1"
        message = canonical({"purpose": purpose, "body": accepted})
        signers: dict[bytes, str] = {}  # by the key itself: one key under two names is one signer
        for s in body["restore"]["signatures"]:
            raw = base64.urlsafe_b64decode(s["public_key"])
            Ed25519PublicKey.from_public_bytes(raw).verify(base64.urlsafe_b64decode(s["value"]), message)
            signers[raw] = f"{s['name']} ({s['public_key']})"
        first, last = (
            (0, int(accepted["covered"])) if is_file else (int(accepted["stands"]), int(accepted["lost"]))
        )
        if accepted["checkpoint"] != previous or len(signers) < 2:
            raise ValueError
        if is_file and good and body["seq"] <= good[-1]["seq"]:
            raise ValueError
    except (ValueError, KeyError, TypeError, InvalidSignature):
        yield f"line {number} of the checkpoints accepts a restore that the board did not sign"
        return
    names = " and ".join(sorted(signers.values())).encode("unicode_escape").decode()
    if is_file:
        good.append(body)
        lost.append(
            f"lost for ever: the checkpoints before entry {last}, whose file was lost; accepted by {names}: "
            "compare the keys"
        )
        return
    good[:] = [one for one in good if one["seq"] <= first] + [body]
    lost.append(
        f"lost for ever: entries {first + 1} to {last}; the restore was accepted by {names}: compare the keys"
    )


def late(good: list[dict[str, Any]], times: dict[int, int]) -> Iterator[str]:
    """Entries that were written long before a checkpoint covered them: who cut the file meanwhile leaves just that.

    So does a service that was killed. The first checkpoint is made with the installation, if nobody took it away.
    """
    covered = 0
    for body in good:
        since = times.get(covered + 1, body["at"])
        if body["at"] - since > WITHIN:
            begun, signed = (
                datetime.fromtimestamp(at // 1_000_000, UTC) for at in (max(since, 0), body["at"])
            )
            yield (
                f"not vouched for: entries {covered + 1} to {body['seq']} were written from {begun:%Y-%m-%d %H:%M:%S} "
                f"UTC on and signed for on {signed:%Y-%m-%d %H:%M:%S} UTC: whether they were written anew meanwhile"
            )
        covered = body["seq"]


def whole_lines(path: str) -> list[bytes]:
    """A file's lines; what has no end was cut off by a crash before anybody relied on it."""
    content = Path(path).read_bytes()
    return content[: content.rfind(b"\n") + 1].splitlines(keepends=True)


def main() -> int:
    """Verifies, and says what was found and what cannot be vouched for."""
    parser = argparse.ArgumentParser(description="Verify a journal of Vigie without Vigie.")
    parser.add_argument("journal", help="what `vigie journal export` printed")
    parser.add_argument("checkpoints", help="the checkpoints' file")
    parser.add_argument("key", help="the service's public key, as you noted it")
    parser.add_argument("--noted", default="", help="the digest of a checkpoint that you noted earlier")
    asked = parser.parse_args()
    digests: dict[int, str] = {}
    times: dict[int, int] = {}
    good: list[dict[str, Any]] = []
    line_digests: list[str] = []
    lost: list[str] = []
    try:
        faults = list(entry_faults(whole_lines(asked.journal), digests, times))
        faults += checkpoint_faults(whole_lines(asked.checkpoints), asked.key, good, line_digests, lost)
    except (OSError, ValueError) as error:
        print(f"A file or the key cannot be read: {type(error).__name__}.", file=sys.stderr)
        return 2
    wrong = [body for body in good if digests.get(body["seq"]) != body["digest"]]
    if wrong:
        what = (
            "was written anew"
            if wrong[0]["seq"] in digests
            else "is gone: entries were cut off, or it is a copy"
        )
        faults.append(f"entry {wrong[0]['seq']}, which a checkpoint covers, {what}")
    if not good:
        faults.append("no checkpoint counts: nothing vouches for the journal")
    if asked.noted and asked.noted not in line_digests:
        faults.append(
            "the checkpoint that you noted is gone: journal and checkpoints were put back or made anew"
        )
    for words in [*faults, *lost, *late([body for body in good if body not in wrong], times)]:
        print(words)
    last, covered = max(digests, default=0), max((b["seq"] for b in good if b not in wrong), default=0)
    if covered < last:
        print(
            f"not vouched for: entries from {covered + 1} on, to {last}: they are younger than the checkpoints"
        )
    print(
        f"{last} entries, checkpoints cover 1 to {covered}: {f'{len(faults)} faults' if faults else 'whole'}."
    )
    print(f"Note this for the next time: {line_digests[-1] if line_digests else 'nothing'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
