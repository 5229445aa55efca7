"""The latest published number of staff, beds or places of each unit or department."""

from serving.interface.live_record import DAY, LiveRecord

__all__ = ["staffed_at"]

_LASTS = 14 * DAY
"""How long a published number holds, as features of forecasts take it."""


def staffed_at(record: LiveRecord, role: str, *, lasts: int = _LASTS) -> dict[str, float]:
    """The number of a role by unit at the record's instant; units of which none is known are left out.

    Args:
        lasts: microseconds that a published number holds.
    """
    latest: dict[str, tuple[int, float]] = {}
    for row in record.tables["staffing"]:
        at, unit = int(row["at"]), str(row["unit"])
        if (
            row["role"] == role
            and record.at - lasts <= at <= record.at
            and at >= latest.get(unit, (0, 0.0))[0]
        ):
            latest[unit] = (at, float(row["count"]))
    return {unit: count for unit, (_, count) in latest.items()}
