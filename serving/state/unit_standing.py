"""What the record itself says against the forecast of a unit: that it is closed then, that nothing comes from it, or
that nobody is in it who came before the record began.

The first two are asked of one unit: others may be open, and be heard of.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hospital.dataset.samples import WARM_UP_DAYS
from hospital.features.beds import BedFeatures
from hospital.record.events import Events
from hospital.times import DAY, MINUTE, MISSING_TIME

__all__ = ["OpenSpan", "UnitStanding", "standings"]

_WINDOW = 28 * DAY
_SURPRISE_NATS = 20.0
"""Of a silence, if changes came at random as often as before it: two in a thousand million."""
_RECORD_IS_WHOLE = WARM_UP_DAYS * DAY
"""After so long hardly anybody is left who came before the record began."""
_TIMES_LONGEST = 2
"""So many times it must outlast every silence before it: a ward that closes at weekends is heard of on Monday."""


@dataclass(frozen=True)
class OpenSpan:
    """When a unit is open by the table of units (instants); None: it does not say."""

    opens: int | None = None
    closes: int | None = None


ALWAYS = OpenSpan()


@dataclass(frozen=True)
class UnitStanding:
    """What is known against forecasts of a unit.

    Attributes:
        span: when it is open.
        silent_minutes: since when nothing changed in it, where that is longer than can be chance; else None.
        counted_from: instant from which on patients count as present, where nobody who came before was received and
            some of them may be there still; else None.
    """

    span: OpenSpan = ALWAYS
    silent_minutes: float | None = None
    counted_from: int | None = None

    def is_closed(self, at: int) -> bool:
        """Whether it is closed at an instant."""
        return self.opens_after(at) or self.closes_by(at)

    def opens_after(self, at: int) -> bool:
        """Whether it opens after an instant alone."""
        return self.span.opens is not None and self.span.opens > at

    def closes_by(self, at: int) -> bool:
        """Whether it is closed at an instant since before."""
        return self.span.closes is not None and self.span.closes <= at


def standings(events: Events, beds: BedFeatures, at: int, after: int) -> Mapping[str, UnitStanding]:
    """What is known at an instant against each unit of the table of units.

    Args:
        after: microseconds of silence that say nothing yet.
    """
    spans, counted_from = _open_spans(events, at), _counted_from(events, at)
    return {
        unit.unit: UnitStanding(
            spans.get(unit.unit, ALWAYS),
            _silent_minutes(beds, place, at, since=events.history_from, after=after),
            counted_from,
        )
        for place, unit in enumerate(events.units)
    }


def _open_spans(events: Events, at: int) -> Mapping[str, OpenSpan]:
    """By unit, for those of which the table of units gives a time, as it was known at an instant."""
    facts = events.facts("units", ("unit", "open_from", "open_to"))
    said = (facts["open_from"] != MISSING_TIME) | (facts["open_to"] != MISSING_TIME)
    known = facts.where(said & (facts.known_from <= at) & (at < facts.known_until))
    units, opens, closes = (known[name].tolist() for name in ("unit", "open_from", "open_to"))
    return {
        str(unit): OpenSpan(_given(first), _given(last))
        for unit, first, last in zip(units, opens, closes, strict=True)
    }


def _counted_from(events: Events, at: int) -> int | None:
    """The record's start, where it is recent and began without the patients who were there already; else None."""
    start = events.history_from
    if not events.counted or at - start >= _RECORD_IS_WHOLE:
        return None
    entered = events.tables["stays"].columns["entered_at"]
    before = (entered != MISSING_TIME) & (entered < start - DAY)
    return None if before.any() else start


def _silent_minutes(beds: BedFeatures, unit: int, at: int, *, since: int, after: int) -> float | None:
    """Minutes for which nobody came or went before an instant; None: no longer than can be chance, or a census is sent.

    Args:
        since: instant from which the record is whole.
    """
    lately = beds.changes(unit, at - after)
    if lately is None or (lately <= at).any():
        return None
    changes = beds.changes(unit, MISSING_TIME)
    heard = np.sort(changes[changes <= at]) if changes is not None else lately
    if not heard.size:
        return None
    last, first = int(heard[-1]), max(at - _WINDOW, since)
    silence, before = at - last, heard[heard >= first]
    if before.size:
        expected = (before.size - 1) / max(last - first, 1) * silence
        longest = int(np.diff(before).max(initial=0))
        if expected <= _SURPRISE_NATS or silence <= _TIMES_LONGEST * longest:
            return None
    return silence / MINUTE


def _given(instant: int) -> int | None:
    return None if instant == MISSING_TIME else instant
