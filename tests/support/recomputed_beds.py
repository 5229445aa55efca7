"""Values of a bed demand's features counted anew from the tables (`tests.support.recomputed_record`)."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tests.support.recomputed_record import DAY, HOLIDAYS, HOUR, NEVER, Tables, before, hour_of, local

__all__ = ["Beds"]

_LONGEST_REQUEST, _LONGEST_VISIT, _OLDEST_PLAN = 7 * DAY, 3 * DAY, 14 * DAY
_SILENT = 28 * DAY
_WEEKS, _DAYS, _SEASONAL_WEEKS, _LEAST_WEEKS = 4, 28, 12, 4


@dataclass(frozen=True)
class Beds:
    """One unit at prediction times (int64 [n] instants) and one horizon in hours."""

    tables: Tables
    unit: str
    at: Any
    hours: float

    @property
    def target(self) -> Any:
        """The times that are forecast."""
        return self.at + int(self.hours * HOUR)

    def values(self) -> dict[str, Any]:
        """Every feature by its name: [n], NaN unknown."""
        return {**self._calendar(), **self._census(), **self._hospital(), **self._flow(), **self._plans()}

    @cached_property
    def _days_before(self) -> list[Any]:
        return [before(self.at, day) for day in range(1, _DAYS + 1)]

    def _occupied(self, times: Any, unit: str | None = None) -> Any:
        stays = self.tables.stays
        mine = stays.where(stays["unit"] == (unit or self.unit))
        count = mine.inside(times, mine["entered_at"], mine["left_at"])
        return np.where(times >= self.tables.start, count, np.nan)

    def _waiting(self, times: Any, unit: str | None = None) -> Any:
        visits = self.tables.visits
        mine = visits.where(visits["destination_unit"] == (unit or self.unit))
        asked = mine["bed_requested_at"]
        return mine.inside(times, asked, np.minimum(mine["left_at"], asked + _LONGEST_REQUEST))

    def _needed(self, times: Any, unit: str | None = None) -> Any:
        known = np.minimum(times, self.at)
        return self._occupied(known, unit) + self._waiting(known, unit)

    def _same_weekdays(self, times: Any, unit: str | None = None) -> list[Any]:
        """What was needed at this clock in the last four whole weeks before now, newest first."""
        first = int(max(np.ceil((times - self.at).max() / (7 * DAY)), 1))
        return [self._needed(before(times, 7 * (first + k)), unit) for k in range(_WEEKS)]

    def _daily(self, unit: str | None = None) -> list[Any]:
        return [self._needed(times, unit) for times in self._days_before]

    def _calendar(self) -> dict[str, Any]:
        days, then = local(self.at).normalize(), local(self.target).normalize()
        between = [sum(d < h <= t for h in HOLIDAYS) for d, t in zip(days, then, strict=True)]
        return {
            "horizon_hours": np.full(self.at.size, self.hours),
            "hour": hour_of(self.at),
            "target_hour": hour_of(self.target),
            "target_weekday": np.asarray(then.day_of_week, float),
            "target_holiday": np.asarray(then.isin(HOLIDAYS), float),
            "holidays_until": np.array(between, float),
        }

    def _census(self) -> dict[str, Any]:
        now, daily = self._needed(self.at), self._daily()
        month = np.mean(daily, axis=0)
        beds = {
            "change_24h": now - daily[0],
            "change_7d": now - daily[6],
            "above_week": now - np.mean(daily[:7], axis=0),
            "above_month": now - month,
            "above_usual": now - np.mean(self._same_weekdays(self.at), axis=0),
            "usual_then": np.mean(self._same_weekdays(self.target), axis=0) - now,
            "seasonal_profile": self._seasonal_profile(),
        }
        shares = {f"{name}_share": 100 * value / np.maximum(month, 1) for name, value in beds.items()}
        week_ago = self._needed(before(self.target, 7)) - self._needed(before(self.at, 7))
        changes = {"demand_change_24h": beds["change_24h"], "demand_change_7d": beds["change_7d"]}
        levels = {"demand_now": now, "usual_level": month, "last_week_change": week_ago}
        return {**shares, **changes, **levels, **beds}

    def _seasonal_profile(self) -> Any:
        """The mean change of occupied beds from this clock to the target's in the last twelve weeks."""
        moved = [
            self._occupied(np.minimum(before(self.target, 7 * week), self.at))
            - self._occupied(before(self.at, 7 * week))
            for week in range(1, _SEASONAL_WEEKS + 1)
        ]
        known = (~np.isnan(moved)).sum(axis=0)
        return np.where(known >= _LEAST_WEEKS, np.nansum(moved, axis=0) / np.maximum(known, 1), np.nan)

    def _hospital(self) -> dict[str, Any]:
        changed, above, moved, level = (np.zeros(self.at.size) for _ in range(4))
        begin, end = self._whole_weeks_before(self.at), self._whole_weeks_before(self.target)
        for unit in self.tables.units:
            now, daily = self._needed(self.at, unit), self._daily(unit)
            level += np.mean(daily, axis=0)
            changed += now - daily[0]
            above += now - np.mean([daily[day] for day in (6, 13, 20, 27)], axis=0)
            spans = zip(begin, end, strict=True)
            moved += np.mean([self._needed(b, unit) - self._needed(a, unit) for a, b in spans], axis=0)
        sums = {"hospital_change_24h": changed, "hospital_above_usual": above, "hospital_usual_change": moved}
        return {name: 100 * beds / level for name, beds in sums.items()}

    def _whole_weeks_before(self, times: Any) -> list[Any]:
        first = int(max(np.ceil(self.hours / 168), 1))
        return [before(times, 7 * (first + k)) for k in range(_WEEKS)]

    def _flow(self) -> dict[str, Any]:
        stays, visits, day_ago = self.tables.stays, self.tables.visits, self.at - DAY
        mine = stays.where(stays["unit"] == self.unit)
        last = np.minimum(visits["left_at"], visits["arrived_at"] + _LONGEST_VISIT)
        moved = {
            name: ((mine[of] <= self.at[:, None]) & (mine[of] > day_ago[:, None])).sum(axis=1).astype(float)
            for name, of in (("admissions_24h", "entered_at"), ("discharges_24h", "left_at"))
        }
        arrived = visits["arrived_at"]
        return {
            **moved,
            "waiting_for_bed": self._waiting(self.at),
            "ed_present": visits.inside(self.at, arrived, last),
            "ed_boarding": visits.inside(self.at, visits["bed_requested_at"], last),
            "ed_arrivals_3h": visits.inside(self.at, arrived, arrived + 3 * HOUR),
        }

    def _plans(self) -> dict[str, Any]:
        operations, stays, at = self.tables.operations, self.tables.stays, self.at[:, None]
        mine = operations.where(operations["unit"] == self.unit)
        until = at + int(self.hours * HOUR)
        planned = (mine["booked_at"] <= at) & (mine["cancelled_at"] > at) & (mine["planned_at"] > at)
        leaving = stays.where((stays["unit"] == self.unit) & (stays["expected_left_at"] < NEVER))
        said = np.maximum(leaving["expected_known_at"], leaving["entered_at"])
        here = (said <= at) & (at < leaving["left_at"]) & (leaving["expected_left_at"] <= until)
        lately = (leaving["expected_known_at"] <= at) & (leaving["expected_known_at"] > at - _SILENT)
        now = self._needed(self.at)
        staffed, then = (
            self.tables.on_duty(self.unit, "bed", times, self.at, _OLDEST_PLAN)
            for times in (self.at, self.target)
        )
        return {
            "planned_operations": (planned & (mine["planned_at"] <= until)).sum(axis=1).astype(float),
            "expected_departures": np.where(lately.any(axis=1), here.sum(axis=1), np.nan),
            "staffed_now": staffed,
            "staffed_then": then,
            "free_then": then - now,
        }
