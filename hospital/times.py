"""Instants, and how a written time becomes one.

An instant is int64 microseconds since 1970-01-01T00:00Z. A written time carries its zone, or is read in the
zone its mapping names; the hour that autumn repeats is resolved by rule or refused, the one that spring skips
is always refused: it never was.
"""

from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "MISSING_TIME",
    "YEARS",
    "Repeated",
    "TimeError",
    "instant",
    "moment",
    "parse_time",
]

MISSING_TIME = -(2**63)
"""The instant of what has not happened or is not known."""
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

YEARS = (1900, 2200)
"""First and last year of a time that is one: others are typing errors or codes for "never"."""

Repeated = Literal["first", "second", "refuse"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class TimeError(ValueError):
    """A written time that is none; `code` says why, in a stable word."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def instant(when: datetime) -> int:
    """The instant of an aware time."""
    if when.tzinfo is None:
        raise TimeError("naive_time")
    return (when - _EPOCH) // _MICROSECOND


def moment(at: int) -> datetime:
    """The time (UTC) of an instant."""
    return _EPOCH + timedelta(microseconds=at)


def parse_time(
    text: str, zone: ZoneInfo | None = None, repeated: Repeated = "refuse", form: str | None = None
) -> datetime:
    """An aware time from text, ISO 8601 or a `strptime` form.

    Raises:
        TimeError: ``not_a_time``, ``naive_time`` (no zone in the text and none given),
            ``nonexistent_local_time``, ``repeated_local_time``.
    """
    try:
        when = datetime.fromisoformat(text) if form is None else datetime.strptime(text, form)
    except ValueError:
        raise TimeError("not_a_time") from None
    if when.tzinfo is not None:
        return _bounded(when)
    if zone is None:
        raise TimeError("naive_time")
    return _localize(_bounded(when), zone, repeated)


def _bounded(when: datetime) -> datetime:
    if not YEARS[0] <= when.year <= YEARS[1]:
        raise TimeError("not_a_time")
    return when


def _localize(naive: datetime, zone: ZoneInfo, repeated: Repeated) -> datetime:
    first, second = naive.replace(tzinfo=zone, fold=0), naive.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first
    back = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    if back != naive:
        raise TimeError("nonexistent_local_time")
    if repeated == "refuse":
        raise TimeError("repeated_local_time")
    return first if repeated == "first" else second
