"""How far back features look: what a live answer, a monitor or a demo has to read of a hospital's record."""

__all__ = ["HABIT_WEEKS", "reach_days"]

HABIT_WEEKS = 12
"""Weeks that tell a unit's habit: fewer tell it less surely; more make a live answer read more (docs/forecasts.md)."""
_WEEKS = 6
_EARLIER_DAYS = 8  # reasons beside last week's look a week further back, and a changed clock an hour
_FROM_HABITS = frozenset({"stays", "census"})


def reach_days(table: str) -> int:
    """Days before an instant of which features may need rows of the table: weeks of local clock, from last week's."""
    return 7 * (HABIT_WEEKS if table in _FROM_HABITS else _WEEKS) + _EARLIER_DAYS
