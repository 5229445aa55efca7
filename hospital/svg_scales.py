"""Where values and days lie in a picture, and where its axes are marked: the scales of all of Vigie's pictures."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Scale", "month_ticks", "value_ticks"]

_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 10_000, 10**6)


@dataclass(frozen=True)
class Scale:
    """A straight scale.

    Attributes:
        low, high: values at the ends, `low` below `high`.
        start, end: where these lie, in units of the picture; an axis that points upwards starts below, at the
            larger one.
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value lies."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def length(self, value: float) -> float:
        """How long a value is drawn, from `low` on."""
        return self.at(value) - self.start


def value_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Whole values between two ends, in round steps: at most so many, where a step is wide enough."""
    step = next((s for s in _STEPS if (high - low) / s <= most), _STEPS[-1])
    first = (int(low // step) + 1) * step
    return [float(first + i * step) for i in range(most + 2) if first + i * step < high]


def month_ticks(first: dt.date, last: dt.date, most: int = 10) -> Iterator[dt.date]:
    """First days of months, quarters or years between two days, whichever are few enough to name."""
    days = (last - first).days
    step = next((s for s in (1, 3, 6) if days / (30 * s) <= most), 12)
    for month in range(first.year * 12, last.year * 12 + 12, step):
        day = dt.date(month // 12, month % 12 + 1, 1)
        if first <= day <= last:
            yield day
