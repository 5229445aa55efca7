"""How far back features look: what a live answer, a monitor or a demo has to read of a hospital's record."""

__all__ = ["SEASONAL_PROFILE_WEEKS", "lookback_days"]

SEASONAL_PROFILE_WEEKS = 12
"""Weeks from which a unit's seasonal profile is estimated: fewer make it less reliable; more make a live answer
read more (docs/forecasts.md)."""
_WEEKS = 6
_EARLIER_DAYS = 8  # reasons beside last week's look a week further back, and a changed clock an hour
_FROM_SEASONAL_PROFILES = frozenset({"stays", "census"})


def lookback_days(table: str) -> int:
    """Days before an instant of which features may need rows of the table: weeks of local clock, from last week's."""
    return 7 * (SEASONAL_PROFILE_WEEKS if table in _FROM_SEASONAL_PROFILES else _WEEKS) + _EARLIER_DAYS
