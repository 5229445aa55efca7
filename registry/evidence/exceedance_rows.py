"""How probably staffed beds are exceeded, beside whether they were: of the rows that a check judges."""

from dataclasses import dataclass

from hospital.arrays import Array

__all__ = ["ExceedanceRows"]


@dataclass(frozen=True)
class ExceedanceRows:
    """Of the rows of `Scored`, in their order.

    Attributes:
        staffed: float64 [n], beds at the target as they were published at the prediction; NaN unknown.
        model, baseline: float64 [n], probability of more demand than that, of either answer; NaN unknown.
        by_hour, by_unit: float64 [n], how often it was exceeded before the judged days: in the unit at that hour and
            weekday, and in the unit at all. The first rests on few days, the second on many.
    """

    staffed: Array
    model: Array
    baseline: Array
    by_hour: Array
    by_unit: Array
