"""Public holidays by country and region, and which of them are unknown.

Those of France and Germany as a whole are computed here, so that no hospital of these countries waits for more. All
others, and those of regions, are of the package `holidays`, which is loaded when a hospital needs it.
"""

from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache, partial

import numpy as np

from hospital.arrays import Array
from hospital.calendar import of_each
from hospital.holidays.place import Place

__all__ = [
    "french_public_holidays",
    "german_public_holidays",
    "holiday_values",
    "holidays_known",
    "is_holiday",
    "regions_of",
]

_EPOCH = date(1970, 1, 1)
_SCHOOL = "Zone "
"""How the package's French school zones begin: no region has these public holidays."""


@lru_cache(maxsize=128)
def french_public_holidays(year: int) -> dict[date, str]:
    """The eleven public holidays of metropolitan France (Code du travail, L3133-1), by date."""
    easter = _easter(year)
    return {
        date(year, 1, 1): "Jour de l'an",
        easter + timedelta(days=1): "Lundi de Pâques",
        date(year, 5, 1): "Fête du Travail",
        date(year, 5, 8): "Victoire 1945",
        easter + timedelta(days=39): "Ascension",
        easter + timedelta(days=50): "Lundi de Pentecôte",
        date(year, 7, 14): "Fête nationale",
        date(year, 8, 15): "Assomption",
        date(year, 11, 1): "Toussaint",
        date(year, 11, 11): "Armistice 1918",
        date(year, 12, 25): "Noël",
    }


@lru_cache(maxsize=128)
def german_public_holidays(year: int) -> dict[date, str]:
    """The nine public holidays that all states of Germany share (Einigungsvertrag Art. 2; their laws), by date.

    In 2017, 500 years after the Reformation, all of them kept its day.
    """
    easter = _easter(year)
    once = {date(2017, 10, 31): "Reformationstag"} if year == 2017 else {}
    return {
        **once,
        date(year, 1, 1): "Neujahr",
        easter - timedelta(days=2): "Karfreitag",
        easter + timedelta(days=1): "Ostermontag",
        date(year, 5, 1): "Tag der Arbeit",
        easter + timedelta(days=39): "Christi Himmelfahrt",
        easter + timedelta(days=50): "Pfingstmontag",
        date(year, 10, 3): "Tag der Deutschen Einheit",
        date(year, 12, 25): "Erster Weihnachtstag",
        date(year, 12, 26): "Zweiter Weihnachtstag",
    }


_WHOLE: dict[str, Callable[[int], dict[date, str]]] = {
    "FR": french_public_holidays,
    "DE": german_public_holidays,
}


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm, Nature 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    ell = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * ell) // 451
    month, day = divmod(h + ell - 7 * m + 114, 31)
    return date(year, month, day + 1)


def holidays_known(place: Place) -> bool:
    """Whether the public holidays of this place are known at all."""
    country = place.country
    return bool(country) and (country in _WHOLE or regions_of(country) is not None)


def is_holiday(days: Array, place: Place) -> Array:
    """Whether each local day (days since 1970-01-01) is known to be a public holiday there: bool [n]."""
    return np.asarray(holiday_values(days, place) == 1.0, bool)


def holiday_values(days: Array, place: Place) -> Array:
    """1 for each local day (days since 1970-01-01) that is a public holiday there, 0 for another: float64 [n].

    NaN where nobody knows: of a country without a calendar, and of years that its calendar does not reach.
    """
    return of_each(days, partial(_value, place.country, place.locality.region))


@lru_cache(maxsize=65536)
def _value(country: str, region: str, day: int) -> float:
    """The same of one day: each of dozens of daily series asks it of the same days."""
    on = _EPOCH + timedelta(days=day)
    of_year = _of_year(country, region, on.year)
    return float("nan") if of_year is None else float(on in of_year)


@lru_cache(maxsize=4096)
def _of_year(country: str, region: str, year: int) -> frozenset[date] | None:
    """The holidays of a year by country and region, so that no two hospitals share what is not the same; None: unknown.

    A holiday that moves to a working day counts on both days, as the package has it, and may fall into the year before
    or after its own.
    """
    if country in _WHOLE and not region:
        return frozenset(_WHOLE[country](year))
    regions = regions_of(country) if country else None
    if regions is None or (region and region not in regions):
        return None
    from holidays import country_holidays  # late: a tenth of a second that French hospitals need not wait

    known = country_holidays(country, region or None)
    if not known.start_year <= year <= known.end_year:
        return None
    around = country_holidays(country, region or None, years=(year - 1, year, year + 1))
    return frozenset(day for day in around if day.year == year)


@lru_cache(maxsize=256)
def regions_of(country: str) -> dict[str, tuple[str, ...]] | None:
    """The regions of a country whose holidays are known: code and other names; None: the country's are not known."""
    from holidays import country_holidays

    try:
        known = country_holidays(country)
    except NotImplementedError:
        return None
    names = known.get_subdivision_aliases()
    return {code: tuple(other) for code, other in names.items() if not code.startswith(_SCHOOL)}
