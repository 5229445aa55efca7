"""How far back features look: what a live answer, a monitor or a demo has to read of a hospital's record."""

__all__ = ["ERROR_DAYS", "SEASONAL_PROFILE_WEEKS", "lookback_days"]

SEASONAL_PROFILE_WEEKS = 12
"""Weeks from which a unit's seasonal profile is estimated: fewer make it less reliable; more make a live answer
read more (docs/forecasts.md)."""
ERROR_DAYS = 58
"""Further back lie the forecasts from which intervals are followed (`registry.components.adaptive_width`): the last 40,
about a day apart, a fortnight's horizon before their outcome, and two days until that is settled."""
_WEEKS = 6
_EARLIER_DAYS = 8  # reasons beside last week's look a week further back, and a changed clock an hour
_FROM_SEASONAL_PROFILES = frozenset({"stays", "census"})


def lookback_days(table: str) -> int:
    """Days before an instant of which features may need rows of the table: weeks of local clock, from last week's."""
    weeks = SEASONAL_PROFILE_WEEKS if table in _FROM_SEASONAL_PROFILES else _WEEKS
    return 7 * weeks + _EARLIER_DAYS + ERROR_DAYS
