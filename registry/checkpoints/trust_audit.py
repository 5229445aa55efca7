"""The trust file held against the checkpoints that saw it and against the entries that changed it.

Each checkpoint holds the digest of ``trust.json``; each entry of a change of people, policy or a stop holds the digest
that the file had after it. So a file that was exchanged, and put back again, shows for as long as the journal lasts.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from hospital.times import moment
from registry.checkpoints.checkpoint_file import Checkpoint
from registry.digests import canonical_json, read_plain_file, sha256_bytes
from registry.errors import TrustError
from registry.record.journal import Entry, entries_of
from registry.record.journal_audit import JournalFault
from registry.trust.statement_entry import CHANGES, is_entered
from registry.trust.trust_store import FILE, load_trust
from registry.trust.trusted_people import Trust

__all__ = ["ACCEPT", "trust_faults"]

ACCEPT = "accept restore"
_STOPS = ("stop", "resume")
_RELEASES = ("promote", "roll back", "recover")
"""Their entries are committed before the lowest acceptable number rises in the file; the others after it is changed."""
_GONE = ""
_UNENTERED = (
    "has a change that the board signed and no entry names: its command was killed before that; the same command "
    "again, or the next change of people or policy, enters it"
)


@dataclass(frozen=True)
class _State:
    """The file as far as the journal tells.

    Attributes:
        digest: which it has; None: not known, since the change had an entry without it.
        former: of a release, the digest before it: its entry comes first, and the file a moment later.
    """

    digest: str | None
    former: str | None = None


def trust_faults(
    connection: Connection, folder: Path, checkpoints: Sequence[Checkpoint]
) -> list[JournalFault]:
    """What is other in the trust file than checkpoints and entries say.

    Args:
        connection: to the journal.
        folder: of the trust file.
        checkpoints: those that count, of entries that are there, in their order.
    """
    with _nobody_changing(folder):
        changes = list(entries_of(connection, (*CHANGES, *_STOPS, *_RELEASES, ACCEPT)))
        digest = _digest_of(folder)
        faults, state = _seen(changes, checkpoints)
        at = f"{FILE} "
        if digest not in (state.digest, state.former) and state.digest is not None:
            faults.append(JournalFault(0, at + _difference(digest, changes, checkpoints)))
        try:
            trust = load_trust(folder) if digest != _GONE else None
        except TrustError as error:
            return [*faults, JournalFault(0, str(error))]
        if trust is not None and faults and len(trust.statements) > 1 and not is_entered(connection, trust):
            faults.append(JournalFault(0, at + _UNENTERED))
    if trust is not None and not faults:
        faults += [JournalFault(seq, at + words) for seq, words in _content_faults(trust, changes)]
    return faults


@contextmanager
def _nobody_changing(folder: Path) -> Iterator[None]:
    """Waits for whoever changes the file, where that can be seen: else its entry and it would be compared half way."""
    try:
        handle = os.open(folder / ".lock", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        yield
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def _digest_of(folder: Path) -> str:
    try:
        return sha256_bytes(read_plain_file(folder / FILE, follow=True))
    except OSError:
        return _GONE


def _seen(changes: Sequence[Entry], checkpoints: Sequence[Checkpoint]) -> tuple[list[JournalFault], _State]:
    """Checkpoints that saw another file than the entries tell of, and how the file must be after all of them."""
    faults: list[JournalFault] = []
    state, number = _State(None), 0
    for c in checkpoints:
        while number < len(changes) and changes[number].seq <= c.seq:
            state, number = _after(changes[number], state), number + 1
        coming = _named(changes[number]) if number < len(changes) else None
        if state.digest is None:
            state = _State(None, state.former) if c.trust == state.former else _State(c.trust)
        elif c.trust not in (state.digest, coming):
            faults.append(
                JournalFault(
                    c.seq,
                    f"{FILE} was another at the checkpoint of {moment(c.at):%Y-%m-%d %H:%M:%S} UTC than before, and no "
                    "entry says that it was changed",
                )
            )
            state = _State(c.trust)
    for entry in changes[number:]:
        state = _after(entry, state)
    return faults, state


def _after(entry: Entry, state: _State) -> _State:
    """The file after a change."""
    named = _named(entry)
    if named is not None:
        return _State(named)
    return _State(None, state.digest if entry.action in _RELEASES else None)


def _named(entry: Entry) -> str | None:
    """The digest that an entry names; entries of before had none, and those of releases have none."""
    return entry.subjects.get("trust_digest")


def _difference(digest: str, changes: Sequence[Entry], checkpoints: Sequence[Checkpoint]) -> str:
    if digest == _GONE:
        return "is gone: restore it from your own copy"
    seen = [c for c in checkpoints if not changes or c.seq >= changes[-1].seq]
    since = (
        f"the checkpoint of {moment(seen[-1].at):%Y-%m-%d %H:%M:%S} UTC saw"
        if seen
        else f"entry {changes[-1].seq} ({changes[-1].action}) left"
    )
    return f"is not the one that {since}, and no entry says that it was changed: it was edited, or put back"


def _content_faults(trust: Trust, changes: Sequence[Entry]) -> Iterator[tuple[int, str]]:
    """What the file says against what entries say it must; a restore that was accepted begins anew."""
    accepted = max((e.seq for e in changes if e.action == ACCEPT), default=0)
    after = [e for e in changes if e.seq > accepted]
    signed = [e for e in after if "statement_digest" in e.subjects]
    if signed:
        last = sha256_bytes(canonical_json(trust.statements[-1])) if trust.statements else ""
        if last != signed[-1].subjects["statement_digest"]:
            yield signed[-1].seq, "does not end with what the board signed there"
    founded = any(e.action == "found trust" for e in after) and not accepted
    models = {e.subjects.get("model", "") for e in after if e.action in (*_RELEASES, *_STOPS)}
    for model in sorted(models | (set(trust.lowest_release) | set(trust.stopped) if founded else set())):
        yield from _model_faults(
            trust, model, [e for e in after if e.subjects.get("model") == model], founded
        )


def _model_faults(
    trust: Trust, model: str, changes: Sequence[Entry], founded: bool
) -> Iterator[tuple[int, str]]:
    released = [e for e in changes if e.action in _RELEASES]
    numbers = [int(e.subjects["sequence"]) for e in released]
    floor = trust.lowest_release.get(model, 0)
    if (numbers or founded) and floor != max(numbers, default=0):
        yield (
            released[-1].seq if released else 0,
            f"has {floor} as the lowest acceptable release of {model}, and the journal has {max(numbers, default=0)}",
        )
    stops = [e for e in changes if e.action in _STOPS]
    stopped = _digest_of_stop(trust, model)
    entered = stops[-1].subjects.get("stop_digest") if stops and stops[-1].action == "stop" else None
    if (stops or founded) and stopped != entered:
        words = (
            "stopped, and the journal has no such stop" if stopped else "not stopped, and no entry resumed it"
        )
        yield (stops[-1].seq if stops else 0, f"has {model} {words}")


def _digest_of_stop(trust: Trust, model: str) -> str | None:
    return sha256_bytes(canonical_json(trust.stopped[model])) if model in trust.stopped else None
