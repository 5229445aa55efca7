"""Simulated minutes, local days and hours.

The simulation counts elapsed minutes from local midnight of its first day. People keep the local clock:
shifts, rounds and lists follow it through both changes of the hour, so a local day has 1,380, 1,440 or
1,500 minutes.
"""

import bisect
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hospital.holidays.public_holidays import french_public_holidays
from hospital.simulator.school import is_school_holiday

__all__ = ["Clock", "Day", "in_month_days"]

_CHANGE_MINUTE = 180  # French clocks change between 2:00 and 3:00; from 3:00 on the new offset holds


@dataclass(frozen=True)
class Day:
    """One local day.

    Attributes:
        index: days since the first simulated day.
        date: the local date.
        begin: simulated minute of local midnight.
        length: minutes until the next midnight.
        weekday: 0 = Monday.
        holiday: a French public holiday.
        special: 25 December or 1 January.
        school_holiday: schools of the hospital's zone are closed for a holiday.
    """

    index: int
    date: date
    begin: int
    length: int
    weekday: int
    holiday: bool
    special: bool
    school_holiday: bool

    @property
    def working(self) -> bool:
        """Monday to Friday and no holiday."""
        return self.weekday < 5 and not self.holiday

    def minute(self, local_minute: float) -> float:
        """Simulated minute at which the local clock shows `local_minute` after midnight."""
        moved = self.length - 1440 if local_minute >= _CHANGE_MINUTE else 0
        return self.begin + local_minute + moved

    def local_minute(self, minute: float) -> float:
        """Minutes after midnight that the local clock shows at the simulated `minute` of this day."""
        elapsed = minute - self.begin
        changed = _CHANGE_MINUTE if self.length >= 1440 else _CHANGE_MINUTE - 60
        return elapsed if elapsed < changed else elapsed - (self.length - 1440)


class Clock:
    """The local days of a run, and the way between simulated minutes and UTC."""

    def __init__(self, first: date, days: int, zone: str, school_zone: str) -> None:
        """Days from `first` on, `days` of them, in the time zone and the zone of school holidays named."""
        self._zone = ZoneInfo(zone)
        self.origin = self._midnight(first)
        names: dict[int, dict[date, str]] = {}
        self.days: list[Day] = []
        for index in range(days):
            day = first + timedelta(days=index)
            if day.year not in names:
                names[day.year] = french_public_holidays(day.year)
            begin = self._minutes(day)
            self.days.append(
                Day(
                    index=index,
                    date=day,
                    begin=begin,
                    length=self._minutes(day + timedelta(days=1)) - begin,
                    weekday=day.weekday(),
                    holiday=day in names[day.year],
                    special=(day.month, day.day) in {(12, 25), (1, 1)},
                    school_holiday=is_school_holiday(day, school_zone),
                )
            )
        self._begins = [day.begin for day in self.days]

    def day(self, minute: float) -> Day:
        """The local day that holds the simulated `minute` (the first or last one beyond the ends)."""
        return self.days[max(0, bisect.bisect_right(self._begins, minute) - 1)]

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(0), tzinfo=self._zone).astimezone(UTC)

    def _minutes(self, day: date) -> int:
        return int((self._midnight(day) - self.origin).total_seconds() // 60)


def in_month_days(day: date, first: str, last: str) -> bool:
    """Whether `day` lies from `first` to `last`, both ``MM-DD`` and inclusive."""
    return first <= f"{day.month:02d}-{day.day:02d}" <= last
