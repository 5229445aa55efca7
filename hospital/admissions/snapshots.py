"""Who was present without a bed request every few hours, as it was known then, and whether they were admitted."""

from dataclasses import dataclass

import numpy as np

from hospital.admissions.inputs import COLUMNS
from hospital.admissions.rates import LONGEST, STEP
from hospital.arrays import Array
from hospital.record.column_values import is_filled
from hospital.record.events import Columns, Events, Facts
from hospital.record.interval_counts import later, or_forever
from hospital.times import MISSING_TIME

__all__ = ["Snapshots", "snapshots_of"]

_OUTCOME = ("bed_requested_at", "left_at", "disposition", "destination_unit")


@dataclass(frozen=True)
class Snapshots:
    """Patients at instants, in the order of time.

    Attributes:
        time: int64 [n], instants.
        columns: [n], what was known of each then: no outcome, and nothing received later.
        row: int64 [n], a number for each visit.
        admitted: bool [n], whether a bed was requested, or the visit ended with an admission, in the end.
        decided_at: int64 [n], when that was: the bed request, or the departure.
        unit: object [n], where they were sent; None: home, or not known.
        filled: the columns that the hospital gives at all.
    """

    time: Array
    columns: Columns
    row: Array
    admitted: Array
    decided_at: Array
    unit: Array
    filled: frozenset[str]

    @property
    def size(self) -> int:
        """How many."""
        return int(self.time.size)

    def part(self, mask: Array) -> "Snapshots":
        """Those of which `mask` (bool [n]) is true."""
        return Snapshots(
            self.time[mask],
            {name: values[mask] for name, values in self.columns.items()},
            self.row[mask],
            self.admitted[mask],
            self.decided_at[mask],
            self.unit[mask],
            self.filled,
        )


def snapshots_of(events: Events, start: int, end: int) -> Snapshots:
    """Of the instants from `start` on, before `end`; visits whose outcome is not known are left out.

    A visit counts for three days: one that nobody closed does not crowd the department for ever.
    """
    facts = events.facts("visits", (*COLUMNS, *_OUTCOME))
    last = np.append(facts.row[1:] != facts.row[:-1], True)[: facts.row.size]
    ends = facts.where(last)
    asked = ends["bed_requested_at"] != MISSING_TIME
    left = (ends["left_at"] != MISSING_TIME) & np.array([d is not None for d in ends["disposition"]], bool)
    admitted = asked | np.array([d == "admitted" for d in ends["disposition"]], bool)
    decided = np.where(asked, ends["bed_requested_at"], ends["left_at"])
    of_row = np.cumsum(np.append(False, last[:-1])[: last.size])  # the position in `ends` of each fact
    of, time = _present(facts, (asked | left)[of_row], start, end)
    order = np.argsort(time, kind="stable")
    of, time = of[order], time[order]
    row = of_row[of]
    return Snapshots(
        time,
        {name: facts[name][of] for name in COLUMNS},
        facts.row[of],
        admitted[row],
        decided[row],
        ends["destination_unit"][row],
        frozenset(name for name in COLUMNS if is_filled(facts[name])),
    )


def _present(facts: Facts, known: Array, start: int, end: int) -> tuple[Array, Array]:
    """(position of the fact, instant) of each snapshot."""
    begin = np.maximum(np.maximum(facts["arrived_at"], facts.known_from), start)
    stop = np.minimum(or_forever(facts["bed_requested_at"]), or_forever(facts["left_at"]))
    stop = np.minimum(np.minimum(stop, facts.known_until), later(facts["arrived_at"], LONGEST))
    stop = np.minimum(stop, end)
    first, after = -(-begin // STEP), -(-stop // STEP)
    number = np.where(known, np.maximum(after - first, 0), 0)
    of = np.repeat(np.arange(number.size), number)
    place = np.arange(of.size) - np.repeat(np.cumsum(number) - number, number)
    return of, (first[of] + place) * STEP
