"""Instants, and how a written time becomes one.

An instant is int64 microseconds since 1970-01-01T00:00Z. A written time carries its zone, or is read in the
zone its mapping names; the hour that a clock repeats and the one that it skips are resolved by rule or refused.
A date without an hour is its day's first instant, also where the clock changes at midnight.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from hospital.date_names import named_parts, read_by_name

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "MISSING_TIME",
    "YEARS",
    "Repeated",
    "Skipped",
    "TimeError",
    "has_hour",
    "instant",
    "localize",
    "moment",
    "parse_time",
    "start_of_day",
    "writes_a_zone",
    "written_in",
]

MISSING_TIME = -(2**63)
"""The instant of what has not happened or is not known."""
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

YEARS = (1900, 2200)
"""First and last year of a time that is one: others are typing errors or codes for "never"."""

Repeated = Literal["first", "second", "in_order", "refuse"]
"""Which of two hours is meant; "in_order" is decided by the order of rows (`hospital.contracts.repeated_hours`)."""
Skipped = Literal["refuse", "shift"]
"""What becomes of a time that the clock skipped; "shift": the clock was not put forward yet, an hour later it was."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DIGITS = {"Y": 4, "m": 2, "d": 2, "H": 2, "I": 2, "M": 2, "S": 2, "y": 2, "j": 3}
_RUN = re.compile(f"((?:%[{''.join(_DIGITS)}]){{2,}})")
"""Parts of a form with nothing between them."""
_ISO_END = re.compile(r"\d{4}-\d\d-\d\d[T ](?P<H>24):00(?::00(?:[.]0+)?)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
_ZONE_APART = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[T ][\d:.]+) ?(?P<zone>UTC|GMT|(?<= )Z|(?<= )[+-]\d\d:?\d\d)", re.ASCII
)
_ZONE_WORD = re.compile(
    r"\b(?:UTC|GMT|CES?T|MES?Z|BST|WES?T|EES?T|E[SD]T)\b|(?:(?<=\0)|(?<= ))(?:Z|[+-]\d\d:?\d\d)\Z"
)
_HOURS = re.compile(r"%[HIcXs]")


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
    text: str,
    zone: ZoneInfo | None = None,
    repeated: Repeated = "refuse",
    form: str | None = None,
    skipped: Skipped = "refuse",
) -> datetime:
    """An aware time from text, ISO 8601 or a `strptime` form; a date is its day's first instant.

    Raises:
        TimeError: ``not_a_time``, ``naive_time`` (no zone in the text and none given),
            ``nonexistent_local_time``, ``repeated_local_time``.
    """
    try:
        when = datetime.fromisoformat(_zone_joined(text)) if form is None else written_in(form, text)
    except ValueError:
        when = _end_of_day(text, form)
        if when.tzinfo is None and zone is not None:
            return start_of_day(_bounded(when).date(), zone)
    if when.tzinfo is not None:
        return _bounded(when)
    if zone is None:
        raise TimeError("naive_time")
    if _is_date(text, form):
        return start_of_day(_bounded(when).date(), zone)
    return localize(_bounded(when), zone, repeated, skipped)


def writes_a_zone(form: str) -> bool:
    """Whether a `strptime` form has a zone as mere letters or digits, which nothing would read: ``%H:%M:%SZ``."""
    return _ZONE_WORD.search(re.sub(r"%.", "\0", form)) is not None


def _zone_joined(text: str) -> str:
    """A time as the norm writes it, of one whose zone a database writes apart or as a word (08:10 +01:00, UTC)."""
    match = _ZONE_APART.fullmatch(text)
    if match is None:
        return text
    return match["time"] + ("Z" if match["zone"] in ("UTC", "GMT") else match["zone"])


def _end_of_day(text: str, form: str | None) -> datetime:
    """The midnight that ends a day, where it is written as that day's 24:00 (ISO 8601).

    Raises:
        TimeError: ``not_a_time``: it is written otherwise.
    """
    match = (_ISO_END if form is None else _end_in(form)).fullmatch(text)
    if match is None:
        raise TimeError("not_a_time")
    start, stop = match.span("H")
    begun = f"{text[:start]}00{text[stop:]}"
    try:
        when = datetime.fromisoformat(begun) if form is None else written_in(form, begun)
        return when + timedelta(days=1)
    except (ValueError, OverflowError):
        raise TimeError("not_a_time") from None


@cache
def _end_in(form: str) -> re.Pattern[str]:
    """What a `strptime` form writes of a day's 24:00; nothing where it has no hour up to 23."""
    if "%H" not in form or form.count("%H") > 1:
        return re.compile(r"(?!)(?P<H>)")
    pieces = {"%H": "(?P<H>24)", "%M": "00", "%S": "00", "%Y": r"\d{4}", "%%": "%"}
    known = [
        pieces.get(one, r"\d\d?" if one in ("%d", "%m", "%y") else ".+?")
        if one.startswith("%")
        else re.escape(one)
        for one in re.findall("%.|[^%]+", form)
    ]
    return re.compile("".join(known))


def written_in(form: str, text: str) -> datetime:
    """The time that a text writes in a `strptime` form; its zone is None unless the form has one.

    Parts that follow each other without a sign have all their digits: `strptime` alone would read 1032024 as the 10th
    of March where %d%m%Y means the first, whose zero a program that held it as a number has lost. Names of months and
    days of the week are French or English (`hospital.date_names`).

    Raises:
        ValueError: it is written otherwise.
    """
    named = named_parts(form)
    if named is not None:
        return read_by_name(form, named, text)
    pattern, widths = _runs(form)
    match = pattern.fullmatch(text) if widths else None
    if match is None:
        return datetime.strptime(text, form)
    parts = []
    for number, part in enumerate(match.groups()):
        width = widths.get(number, len(part))
        if len(part) > width:
            raise ValueError(f"more than {width} digits")
        parts.append(part.zfill(width))
    return datetime.strptime("".join(parts), form)


@cache
def _runs(form: str) -> tuple[re.Pattern[str], dict[int, int]]:
    """A form as groups, a run of digits or what lies between, and how many digits each run has."""
    parts = [part for part in _RUN.split(form) if part]
    widths = {
        number: sum(_DIGITS[sign] for sign in part.replace("%", ""))
        for number, part in enumerate(parts)
        if _RUN.fullmatch(part)
    }
    groups = [r"(\d+)" if number in widths else f"({_between(part)})" for number, part in enumerate(parts)]
    return re.compile("".join(groups), re.ASCII), widths


def _between(part: str) -> str:
    """What a part of a form may match: its directives anything, its signs themselves."""
    return "".join(".+?" if one.startswith("%") else re.escape(one) for one in re.findall("%.|[^%]+", part))


def has_hour(form: str) -> bool:
    """Whether a `strptime` form writes an hour; without one it writes a day."""
    return _HOURS.search(form.replace("%%", "")) is not None


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) at which a clock of the zone showed that day.

    That is 01:00 where midnight was skipped, and the first midnight where it came twice.

    Raises:
        TimeError: ``nonexistent_local_time``: the zone went from the day before to the day after.
    """
    midnight = datetime.combine(day, time.min)
    late, early = (midnight.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    # In a gap fold 0 counts from before the change, and lies after it; anywhere else it is the first midnight.
    if late.astimezone(zone).replace(tzinfo=None) == midnight:
        return late
    before = early.astimezone(zone).utcoffset()
    while late - early > _MICROSECOND:
        middle = early + (late - early) / 2
        early, late = (middle, late) if middle.astimezone(zone).utcoffset() == before else (early, middle)
    if late.astimezone(zone).date() != day:
        raise TimeError("nonexistent_local_time")
    return late


def localize(
    naive: datetime, zone: ZoneInfo, repeated: Repeated = "refuse", skipped: Skipped = "refuse"
) -> datetime:
    """A time of the zone's clock as an aware one.

    Raises:
        TimeError: ``nonexistent_local_time``, ``repeated_local_time``.
    """
    first, second = naive.replace(tzinfo=zone, fold=0), naive.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first
    back = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    if back != naive:
        if skipped == "refuse":
            raise TimeError("nonexistent_local_time")
        return first.astimezone(UTC)
    if repeated not in ("first", "second"):
        raise TimeError("repeated_local_time")
    return first if repeated == "first" else second


def _is_date(text: str, form: str | None) -> bool:
    if form is not None:
        return not has_hour(form)
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _bounded(when: datetime) -> datetime:
    if not YEARS[0] <= when.year <= YEARS[1]:
        raise TimeError("not_a_time")
    return when
