"""How far back features look: what a live answer, a monitor or a demo has to read of a hospital's record."""

__all__ = ["HABIT_WEEKS", "reach_days"]

HABIT_WEEKS = 12
"""Weeks that tell a unit's habit: fewer tell it less surely; more make a live answer read more (docs/forecasts.md)."""
_WEEKS, _LATE_DAYS = 6, 8
_FROM_HABITS = frozenset({"stays", "census"})


def reach_days(table: str) -> int:
    """Days before an instant of which features may need rows of the table: weeks of local clock, and late news."""
    return 7 * (HABIT_WEEKS if table in _FROM_HABITS else _WEEKS) + _LATE_DAYS
