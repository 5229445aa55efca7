"""The power table: how many rows a group needs before a sound one passes as often as the policy asks."""

import math
import sys
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hospital.words.messages import Message, message

__all__ = ["PowerRow", "power_faults", "rows_needed"]


_NORMAL = NormalDist()


class PowerRow(BaseModel):
    """A row of the table: a score of visits, and the rows that a group needs for the policy's margin of it.

    Attributes:
        deviation: standard deviation of one visit's score.
        rows: visits needed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    metric: str
    deviation: Annotated[float, Field(gt=0, le=1e6)]
    rows: Annotated[int, Field(ge=10)]


def rows_needed(
    *, margin: float, deviation: float, design: float, alpha: float, attempts: int, power: float
) -> int:
    """Visits of a group without a disparity whose upper bound at alpha / attempts stays within the margin, `power` of
    the time.

    Args:
        deviation: of one visit's score.
        design: variance of a mean of dependent visits over that of as many independent ones, the others'
            share included.
    """
    # The standard library's: serving reads policies too, and loads no SciPy.
    standard_errors = _NORMAL.inv_cdf(1 - alpha / attempts) + _NORMAL.inv_cdf(power)
    root = standard_errors * deviation / margin
    needed = root * root * design
    return math.ceil(needed) if math.isfinite(needed) else sys.maxsize  # of a margin of nothing


def power_faults(
    table: Sequence[PowerRow],
    margins: Mapping[str, float],
    minimum_rows: int,
    *,
    design: float,
    alpha: float,
    attempts: int,
    power: float,
) -> list[Message]:
    """What is wrong with a table: a margin without its row, too few rows, or groups judged before they can pass."""
    faults = []
    rows = {row.metric: row for row in table}
    for metric, margin in margins.items():
        row = rows.get(metric)
        if row is None:
            faults.append(message("registry.policy.no_power_row", metric=metric))
            continue
        needed = rows_needed(
            margin=margin, deviation=row.deviation, design=design, alpha=alpha, attempts=attempts, power=power
        )
        if row.rows < needed:
            faults.append(
                message(
                    "registry.policy.few_power_rows", metric=metric, needed=str(needed), rows=str(row.rows)
                )
            )
    faults += [message("registry.policy.no_score", name=name) for name in rows if name not in margins]
    most = max((row.rows for row in table), default=0)
    if minimum_rows < most:
        faults.append(message("registry.policy.few_rows", needed=str(most), rows=str(minimum_rows)))
    return faults
