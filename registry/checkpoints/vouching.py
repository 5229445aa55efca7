"""The journal held against its checkpoints: what they find, and what they cannot vouch for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from hospital.times import MINUTE, moment
from registry.checkpoints.board_acts import act_fault, is_of_lost_file, members_of
from registry.checkpoints.checkpoint_file import FIRST, PURPOSE, Checkpoint, CheckpointFile
from registry.errors import SignatureError
from registry.record.journal_audit import Audit, JournalFault, audit
from registry.record.tables.record_tables import journal

__all__ = ["Vouching", "vouch"]

_FIRST_WITHIN = 5 * MINUTE
"""Between the first entry and the first checkpoint, both made when an installation is; others come in a minute."""
_NAMED = 10
"""Stretches of entries that were signed for late, so many are named."""


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
        newest: the last line of the file that counts, whether the journal has its entry or not.
        damaged: whether lines of the file do not count.
        lost: in words, what is lost, as the board accepted.
        begun_late: the first checkpoint, where it covers at once what others had covered, and nobody accepted that.
    """

    journal: Audit
    faults: tuple[JournalFault, ...]
    covered: int
    last: Checkpoint | None
    limits: tuple[str, ...]
    checkpoints: tuple[Checkpoint, ...] = ()
    newest: Checkpoint | None = None
    damaged: bool = False
    lost: tuple[str, ...] = ()
    begun_late: Checkpoint | None = None


def vouch(
    connection: Connection,
    file: CheckpointFile,
    keys: frozenset[str],
    *,
    expected: bool = False,
    statements: Sequence[Mapping[str, Any]] = (),
    known_since: int | None = None,
    demo: bool = False,
) -> Vouching:
    """Reads the journal and its checkpoints.

    Args:
        keys: public keys whose signatures count.
        expected: checkpoints were made here before: that there is none is a fault.
        statements: about people, of the trust file: by them the board's signatures under a restore are judged; where
            the first names the service's key, checkpoints were made from the founding on.
        known_since: instant of the first release that somebody signed: checkpoints were made then; None: not known.
        demo: entries are of a demo, whose clock is another than that of checkpoints.

    Raises:
        CheckpointError: the checkpoints' file is there, and cannot be read.
    """
    read = _read(file, keys, statements)
    good, faults, damaged = read.good, read.faults, bool(read.faults)
    found = audit(connection, noted=frozenset(n for c in good for n in (c.seq, c.seq + 1)) | {1})
    wrong = [fault for c in good for fault in _compared(c, found)]
    faults += wrong[:1] if wrong else []  # the first says where it begins
    whole = [c for c in good if found.digests.get(c.seq) == c.digest]
    last = whole[-1] if whole else None
    if not good and (expected or found.entries):
        faults.append(
            JournalFault(0, f"there is no checkpoint in {file.path}: nothing says that it is whole")
        )
    begun_late = None
    if good and _signs_since_the_founding(statements) and good[0].line not in read.known_losses:
        late = _begun_late(connection, good[0], known_since)
        faults, begun_late = [*faults, *late], good[0] if late else None
    covered = last.seq if last is not None else 0
    return Vouching(
        found,
        tuple(faults),
        covered,
        last,
        tuple(_limits(found, covered, last, [] if demo else _late(whole, found, begun_late, read))),
        tuple(whole),
        newest=good[-1] if good else None,
        damaged=damaged,
        lost=tuple(read.lost),
        begun_late=begun_late,
    )


@dataclass
class _Read:
    """The checkpoints that count, in order; what is wrong with the file; what is lost, as the board accepted.

    Attributes:
        known_losses: first lines of files that were begun anew, whose loss the board accepted.
    """

    good: list[Checkpoint]
    faults: list[JournalFault]
    lost: list[str]
    known_losses: set[str]


def _read(file: CheckpointFile, keys: frozenset[str], statements: Sequence[Mapping[str, Any]]) -> _Read:
    read = _Read([], [], [], set())
    previous = FIRST
    for line in file.lines():
        c = line.checkpoint
        fault = "was changed" if c is None else _fault(c, previous, read.good, keys, statements)
        if fault:
            read.faults.append(
                JournalFault(c.seq if c else 0, f"line {line.number} of the checkpoints {fault}")
            )
        elif c is not None:
            _take(c, read, statements)
        previous = c.line if c is not None else previous
    return read


def _take(c: Checkpoint, read: _Read, statements: Sequence[Mapping[str, Any]]) -> None:
    """A line that counts; after a restore, those of entries that were lost with it count no more."""
    if c.restore is not None:
        body = c.restore["body"]
        names = " and ".join(sorted(members_of(statements, c.restore)))
        accepted = f"accepted by {names} on {moment(c.at):%Y-%m-%d %H:%M:%S} UTC ({body['reason']})"
        if is_of_lost_file(c.restore):
            read.known_losses.add(body["first"])
            read.lost.append(
                f"the checkpoints before entry {body['covered']}: their file was lost, {accepted}"
            )
        else:
            read.good = [g for g in read.good if g.seq <= body["stands"]]
            read.lost.append(
                f"entries {body['stands'] + 1} to {body['lost']}, as checkpoints saw them: the database was restored "
                f"from an older copy, {accepted}"
            )
    read.good.append(c)


def _fault(
    c: Checkpoint,
    previous: str,
    good: list[Checkpoint],
    keys: frozenset[str],
    statements: Sequence[Mapping[str, Any]],
) -> str:
    if c.previous != previous:
        return "does not follow the one before it: a line is gone, or was put in"
    goes_on = c.restore is None or is_of_lost_file(c.restore)
    if goes_on and good and c.seq <= good[-1].seq:
        return "covers no more than the one before it"
    if c.signed.purpose != PURPOSE or c.signed.public_key not in keys:
        return "is signed by a key that is not the service's"
    try:
        c.signed.verify()
    except SignatureError:
        return "was changed: its signature does not verify"
    return "" if c.restore is None else act_fault(statements, c.restore, previous, c.seq)


def _signs_since_the_founding(statements: Sequence[Mapping[str, Any]]) -> bool:
    return bool(statements) and any("service" in key["roles"] for key in statements[0]["body"]["keys"])


def _begun_late(connection: Connection, first: Checkpoint, known_since: int | None) -> list[JournalFault]:
    """Whether the first checkpoint came long after the journal's first entry, or a release: a file of before is gone.

    Whoever takes the file away and writes the journal anew has the service sign all of it afresh, at once.
    """
    begun = connection.scalar(select(journal.c.at).where(journal.c.seq == 1))
    since = [
        max(at, 0) for at in (begun, known_since) if isinstance(at, int)
    ]  # what was edited may be no time
    if not since or first.at - min(since) <= _FIRST_WITHIN:
        return []
    begins, written = (f"{moment(at):%Y-%m-%d %H:%M:%S} UTC" for at in (first.at, min(since)))
    words = (
        f"the checkpoints begin on {begins} and cover entries 1 to {first.seq} at once, written since {written}: "
        "the file of before is gone, and nothing says that they were not written anew"
    )
    return [JournalFault(0, words)]


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


def _late(
    good: Sequence[Checkpoint], found: Audit, begun_late: Checkpoint | None, read: "_Read"
) -> list[str]:
    """Entries that were written long before a checkpoint covered them: who cut the file meanwhile leaves just that.

    A service that was killed leaves it, too, so it is no fault; the newest are named, and how many there are before.
    """
    said = []
    for number, c in enumerate(good):
        former = good[number - 1] if number else None
        first = 1 if former is None else former.seq + 1
        since = found.times.get(first, c.at)
        is_said = former is None and (c is begun_late or c.line in read.known_losses)
        if c.at - since <= _FIRST_WITHIN or is_said:
            continue
        begun, signed = (f"{moment(at):%Y-%m-%d %H:%M:%S} UTC" for at in (max(since, 0), c.at))
        said.append(
            f"entries {first} to {c.seq} were written from {begun} on and signed for on {signed}: that none of them "
            "was cut off or written anew meanwhile is not vouched for"
        )
    more = len(said) - _NAMED
    return said[-_NAMED:] + (
        [f"nor is it for {more} other stretches of entries before, which were signed for late"]
        if more > 0
        else []
    )


def _limits(found: Audit, covered: int, last: Checkpoint | None, late: Sequence[str]) -> list[str]:
    limits = []
    if covered < found.head.seq:
        younger = found.head.seq - covered
        limits.append(
            f"entries from {covered + 1} on ({younger}, to {found.head.seq}) are younger than the last checkpoint: "
            "that none of them was cut off or written anew is not vouched for"
        )
    limits += late
    if last is not None:
        limits.append(
            "entries after the last checkpoint that were cut off together with it, and an older copy of journal and "
            f"checkpoints put back together, show only against a checkpoint noted elsewhere: the last is {last.line}, "
            f"of {moment(last.at):%Y-%m-%d %H:%M:%S} UTC, up to entry {last.seq}"
        )
    return limits
