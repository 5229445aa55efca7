"""What the hospital sent: stored as received, every revision kept. `registry.record.observations` reads it back.

A row sent again with the same content is nothing new; with other content it is a revision: the former stays,
with the time at which it was superseded, so that a forecast can be replayed as it was made.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, func, insert, select, update

from registry.record.compiled_sql import Question
from registry.record.observation_batches import Batch
from registry.record.tables.record_tables import observations
from serving.errors import Problem, RequestFault
from serving.http.clock import system_time
from serving.state.observation_versions import row_id_of, version_of

__all__ = [
    "Counts",
    "Receptions",
    "add",
    "changes",
    "import_rows",
    "import_versions",
    "latest_reception",
    "next_reception",
]

_CHUNK = 400  # rows an IN clause names; SQLite of old allowed 999 variables
_BATCH = 5_000


_SINCE = Question(
    select(func.max(observations.c.seq), func.max(observations.c.received_at)).where(
        observations.c.seq > bindparam("seq", type_=BigInteger)
    ),
    "seq",
)
"""What every answer asks for."""


@dataclass
class Counts:
    """What became of the rows of one table."""

    new: int = 0
    revised: int = 0
    unchanged: int = 0


class Receptions:
    """The last reception stored; only rows that came since the last question are looked at."""

    def __init__(self) -> None:
        self._seq, self._last = 0, 0

    @property
    def known(self) -> int:
        """Instant of the last reception that was looked at; 0 before the first. Asks nothing."""
        return self._last

    def last(self, connection: Connection) -> int:
        """Instant of the last reception; 0 before the first."""
        seq, last = self._seq, self._last
        newest, received = _SINCE.first(connection, seq) or (None, None)
        if newest is not None:
            self._seq, self._last = max(seq, int(newest)), max(last, int(received or 0))
        return max(last, int(received or 0))


def next_reception(now: int, last: int) -> int:
    """The instant of a reception: never before the last one; behind a clock that is wrong, the order is a sequence."""
    return now if now >= last else last + 1


def latest_reception(connection: Connection) -> int:
    """Instant of the last reception; 0 where nothing has been received."""
    return Receptions().last(connection)


def add(
    connection: Connection,
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    received_at: int,
    *,
    actor: str = "vigie",
    now: datetime | None = None,
) -> dict[str, Counts]:
    """Stores rows of the contracts, ids already pseudonyms, with the journal's entry that covers them.

    The caller's transaction, one of `registry.record.database.writing`, makes it all or nothing.

    Args:
        received_at: instant.
        actor: who sent them.
        now: of the entry; None: the system's time.

    Raises:
        Problem: 409, a row was received at this very instant with other content.
    """
    counts, faults, batch = dict[str, Counts](), [], Batch(connection)
    for kind, sent in rows.items():
        stored = _current(connection, kind, [row_id_of(kind, row) for row in sent])
        new, counts[kind] = [], Counts()
        for number, row in enumerate(sent):
            row_id, values = row_id_of(kind, row), version_of(kind, row, received_at)
            former = stored.get(row_id)
            if former is not None and former[0] == values["digest"]:
                counts[kind].unchanged += 1
            elif former is not None and former[1] == received_at:
                faults.append(_conflict(kind, number))
            else:
                counts[kind].new += former is None
                counts[kind].revised += former is not None
                new.append(values)
                stored[row_id] = (values["digest"], received_at)
        if faults:
            continue
        _supersede(connection, kind, [v["row_id"] for v in new], received_at)
        if new:
            batch.cover(new)
            connection.execute(insert(observations), new)
    if faults:
        raise Problem(409, "conflicting_revision", "problems.conflict_now", faults=faults)
    changed = changes(counts)
    batch.enter(connection, actor=actor, action="observe", subjects=changed, now=now or system_time())
    return counts


def changes(counts: Mapping[str, Counts]) -> dict[str, str]:
    """What is new, by table, as the journal says it."""
    return {kind: f"{c.new} new, {c.revised} revised" for kind, c in counts.items() if c.new or c.revised}


def import_rows(
    connection: Connection, kind: str, rows: Iterable[Mapping[str, Any]], *, now: datetime | None = None
) -> Counts:
    """Stores many versions of many rows, each with its own `received_at`; ids already pseudonyms.

    The connection must be one of `registry.record.database.writing`. Imported again, nothing changes.

    Raises:
        Problem: 409, the same row and reception with other content; every such row.
    """
    batch = Batch(connection)
    versions = [version_of(kind, row, int(row["received_at"])) for row in rows]
    counts = import_versions(connection, kind, versions, batch)
    batch.enter(
        connection, actor="vigie", action="import", subjects=changes({kind: counts}), now=now or system_time()
    )
    return counts


def import_versions(
    connection: Connection, kind: str, versions: Sequence[dict[str, Any]], batch: Batch
) -> Counts:
    """`import_rows` for rows that are written already as they will be stored (`version_of`).

    What was stored before with the same content, and holds at the reception of one, makes that one nothing new.

    Args:
        batch: what the caller enters into the journal when all is stored.

    Raises:
        Problem: 409, the same row and reception with other content; every such row.
    """
    given = sorted(enumerate(versions), key=lambda v: (v[1]["received_at"], v[1]["row_id"]))
    before = _versions(connection, kind, {v["row_id"] for v in versions})
    stored = {row_id: dict(known) for row_id, known in before.items()}
    counts, new, faults = Counts(), [], []
    for number, values in given:
        known = stored.setdefault(values["row_id"], {})
        digest = known.get(values["received_at"])
        if digest is not None and digest != values["digest"]:
            faults.append(_conflict(kind, number))
        elif digest is not None or _in_force(before.get(values["row_id"], {}), values):
            counts.unchanged += 1
        else:
            counts.new += not known
            counts.revised += bool(known)
            known[values["received_at"]] = values["digest"]
            new.append(values)
    if faults:
        raise Problem(409, "conflicting_revision", "problems.conflict_stored", faults=faults)
    following = {row_id: _following(known) for row_id, known in stored.items()}
    for values in new:
        values["superseded_at"] = following[values["row_id"]][values["received_at"]]
    batch.cover(new)
    for start in range(0, len(new), _BATCH):
        connection.execute(insert(observations), new[start : start + _BATCH])
    _restate(connection, kind, following, {(v["row_id"], v["received_at"]) for v in new})
    return counts


def _in_force(known: Mapping[int, str], values: Mapping[str, Any]) -> bool:
    """Whether what was stored last before a version's reception has its content."""
    last = max((at for at in known if at < values["received_at"]), default=None)
    return last is not None and known[last] == values["digest"]


def _current(connection: Connection, kind: str, row_ids: Sequence[str]) -> dict[str, tuple[str, int]]:
    o, found = observations.c, {}
    for chunk in _chunks(row_ids):
        query = select(o.row_id, o.digest, o.received_at).where(
            o.kind == kind, o.row_id.in_(chunk), o.superseded_at.is_(None)
        )
        found.update({row_id: (digest, received) for row_id, digest, received in connection.execute(query)})
    return found


def _supersede(connection: Connection, kind: str, row_ids: Sequence[str], at: int) -> None:
    o = observations.c
    for chunk in _chunks(row_ids):
        where = (o.kind == kind) & o.row_id.in_(chunk) & o.superseded_at.is_(None)
        connection.execute(update(observations).where(where).values(superseded_at=at))


def _versions(connection: Connection, kind: str, row_ids: set[str]) -> dict[str, dict[int, str]]:
    o, found = observations.c, dict[str, dict[int, str]]()
    if connection.execute(select(o.seq).where(o.kind == kind).limit(1)).first() is None:
        return found
    for chunk in _chunks(sorted(row_ids)):
        query = select(o.row_id, o.received_at, o.digest).where(o.kind == kind, o.row_id.in_(chunk))
        for row_id, received, digest in connection.execute(query):
            found.setdefault(row_id, {})[received] = digest
    return found


def _following(versions: Mapping[int, str]) -> dict[int, int | None]:
    times = sorted(versions)
    return dict(zip(times, [*times[1:], None], strict=True))


def _restate(
    connection: Connection,
    kind: str,
    following: Mapping[str, Mapping[int, int | None]],
    fresh: set[tuple[str, int]],
) -> None:
    """Ends versions stored earlier at the import's ones that come after them."""
    touched = {row_id for row_id, _ in fresh}
    o = observations.c
    for row_id in touched:
        for received, until in following[row_id].items():
            if (row_id, received) not in fresh and until is not None and (row_id, until) in fresh:
                where = (o.kind == kind) & (o.row_id == row_id) & (o.received_at == received)
                connection.execute(update(observations).where(where).values(superseded_at=until))


def _chunks(values: Sequence[str]) -> Iterable[list[str]]:
    for start in range(0, len(values), _CHUNK):
        yield list(values[start : start + _CHUNK])


def _conflict(kind: str, number: int) -> RequestFault:
    words = "problems.faults.conflicting_revision"
    return RequestFault(f"{kind}[{number}]", "conflicting_revision", words)
