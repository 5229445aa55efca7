"""The journal held against its checkpoints: what they find, and what they cannot vouch for."""

from dataclasses import dataclass

from sqlalchemy import Connection

from hospital.times import moment
from registry.checkpoints.checkpoint_file import FIRST, PURPOSE, Checkpoint, CheckpointFile
from registry.errors import SignatureError
from registry.record.journal_audit import Audit, JournalFault, audit

__all__ = ["Vouching", "vouch"]


@dataclass(frozen=True)
class Vouching:
    """What reading journal and checkpoints gave.

    Attributes:
        journal: of the chain alone.
        faults: of the checkpoints, and of the journal beside them.
        covered: the last entry that they vouch for; 0: none.
        last: the last checkpoint that counts.
        limits: in words, what nothing here can vouch for.
        checkpoints: those that count, of entries that are there.
    """

    journal: Audit
    faults: tuple[JournalFault, ...]
    covered: int
    last: Checkpoint | None
    limits: tuple[str, ...]
    checkpoints: tuple[Checkpoint, ...] = ()


def vouch(
    connection: Connection, file: CheckpointFile, keys: frozenset[str], *, expected: bool = False
) -> Vouching:
    """Reads the journal and its checkpoints.

    Args:
        keys: public keys whose signatures count.
        expected: checkpoints were made here before: that there is none is a fault.

    Raises:
        CheckpointError: the checkpoints' file is there, and cannot be read.
    """
    good, faults = _read(file, keys)
    found = audit(connection, noted=frozenset(c.seq for c in good))
    wrong = [fault for c in good for fault in _compared(c, found)]
    faults += wrong[:1] if wrong else []  # the first says where it begins
    whole = [c for c in good if found.digests.get(c.seq) == c.digest]
    last = whole[-1] if whole else None
    if not good and (expected or found.entries):
        faults.append(
            JournalFault(0, f"there is no checkpoint in {file.path}: nothing says that it is whole")
        )
    covered = last.seq if last is not None else 0
    return Vouching(found, tuple(faults), covered, last, tuple(_limits(found, covered, last)), tuple(whole))


def _read(file: CheckpointFile, keys: frozenset[str]) -> tuple[list[Checkpoint], list[JournalFault]]:
    """The checkpoints that count, in order, and what is wrong with the file."""
    good: list[Checkpoint] = []
    faults: list[JournalFault] = []
    previous = FIRST
    for line in file.lines():
        c = line.checkpoint
        fault = "was changed" if c is None else _fault(c, previous, good, keys)
        if fault:
            faults.append(JournalFault(c.seq if c else 0, f"line {line.number} of the checkpoints {fault}"))
        elif c is not None:
            good.append(c)
        previous = c.line if c is not None else previous
    return good, faults


def _fault(c: Checkpoint, previous: str, good: list[Checkpoint], keys: frozenset[str]) -> str:
    if c.previous != previous:
        return "does not follow the one before it: a line is gone, or was put in"
    if good and c.seq <= good[-1].seq:
        return "covers no more than the one before it"
    if c.signed.purpose != PURPOSE or c.signed.public_key not in keys:
        return "is signed by a key that is not the service's"
    try:
        c.signed.verify()
    except SignatureError:
        return "was changed: its signature does not verify"
    return ""


def _compared(c: Checkpoint, found: Audit) -> list[JournalFault]:
    at = f"the checkpoint of {moment(c.at):%Y-%m-%d %H:%M:%S} UTC"
    digest = found.digests.get(c.seq)
    if digest == c.digest:
        return []
    if digest is not None:
        return [JournalFault(c.seq, f"is not the one that {at} covers: entries up to it were written anew")]
    if c.seq > found.head.seq:
        last = found.head.seq
        words = f"is gone, though {at} covers it: all after entry {last} was cut off, or an older copy was put back"
    else:
        words = f"is gone, though {at} covers it"
    return [JournalFault(c.seq, words)]


def _limits(found: Audit, covered: int, last: Checkpoint | None) -> list[str]:
    limits = []
    if covered < found.head.seq:
        younger = found.head.seq - covered
        limits.append(
            f"entries from {covered + 1} on ({younger}, to {found.head.seq}) are younger than the last checkpoint: "
            "that none of them was cut off or written anew is not vouched for"
        )
    if last is not None:
        limits.append(
            "entries after the last checkpoint that were cut off together with it, and an older copy of journal and "
            f"checkpoints put back together, show only against a checkpoint noted elsewhere: the last is {last.line}, "
            f"of {moment(last.at):%Y-%m-%d %H:%M:%S} UTC, up to entry {last.seq}"
        )
    return limits
