"""What a mapping says of where a hospital is: country, region and school zone recognised, and all that is wrong."""

import unicodedata
from collections.abc import Iterable, Mapping

from hospital.contracts.fault_words import fault
from hospital.errors import Fault
from hospital.holidays.place import Locality, countries, country_of_zone
from hospital.holidays.public_holidays import regions_of
from hospital.holidays.school_holidays import SCHOOL_ZONES

__all__ = ["locality_of"]

_MAINLAND = "Europe/Paris"
_KEYS = ("country", "region", "school_zone")
# What people in Alsace and Moselle call themselves, beside the names of the package `holidays`.
_OTHER_NAMES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "FR": {"6AE": ("67", "68", "Bas-Rhin", "Haut-Rhin", "Alsace-Moselle")}
}
_SCHOOL_REGIONS = ("", "57", "6AE")
"""Regions of France whose schools keep the zones; Corsica has no region here, and overseas keeps its own calendars."""


def locality_of(head: Mapping[str, object], at: str) -> tuple[Locality, list[Fault]]:
    """The locality that a mapping's head names, and everything that is wrong with it, at once.

    Args:
        head: the keys as written; upper or lower case, accents, hyphens and blanks do not count in what they name.
        at: the path of the head, as in ``mapping``.
    """
    texts = {name: value.strip() for name in _KEYS if isinstance(value := head.get(name), str)}
    faults = [fault(f"{at}.{name}", "blank") for name, value in texts.items() if not value]
    zone = head.get("zone")
    country = texts.get("country", "").upper()
    if country and (country not in countries() or regions_of(country) is None):
        case = "unknown_country" if country not in countries() else "unknown_country/holidays"
        faults.append(fault(f"{at}.country", case))
        return _with_school(Locality(), texts, None, at, faults)
    known = country or (country_of_zone(zone) if isinstance(zone, str) else "")
    region = ""
    if texts.get("region"):
        region = _region(known, texts["region"], at, faults)
    mainland = known == "FR" and zone == _MAINLAND and region in _SCHOOL_REGIONS
    return _with_school(Locality(country, region), texts, mainland, at, faults)


def _region(country: str, name: str, at: str, faults: list[Fault]) -> str:
    """The code of a region; "" and a fault where there is none of this name."""
    regions = (regions_of(country) if country else None) or {}
    other = _OTHER_NAMES.get(country, {})
    codes = {
        _folded(called): code
        for code, names in regions.items()
        for called in (*other.get(code, ()), *names, f"{country}-{code}", code)
    }
    code = codes.get(_folded(name), "")
    if not code and not country:
        faults.append(fault(f"{at}.region", "unknown_region/country"))
    elif not code and not regions:
        faults.append(fault(f"{at}.region", "unknown_region/none", country=country))
    elif not code:
        faults.append(fault(f"{at}.region", "unknown_region", country=country, regions=_shown(regions)))
    return code


def _shown(regions: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The codes, each with its first longer name."""
    longer = ((code, [n for n in names if len(n) > len(code)]) for code, names in regions.items())
    return tuple(f"{code} ({names[-1]})" if names else code for code, names in longer)


def _with_school(
    locality: Locality, texts: Mapping[str, str], mainland: bool | None, at: str, faults: list[Fault]
) -> tuple[Locality, list[Fault]]:
    """The locality with its school zone; `mainland`: whether it lies where zones are kept, None: nobody can say."""
    zone = texts.get("school_zone", "")
    if not zone:
        return locality, faults
    letter = _folded(zone).removeprefix("zone").upper()
    if letter not in SCHOOL_ZONES:
        faults.append(fault(f"{at}.school_zone", "unknown_school_zone"))
    elif mainland is False:
        faults.append(fault(f"{at}.school_zone", "unknown_school_zone/elsewhere"))
    return Locality(locality.country, locality.region, letter), faults


def _folded(name: str) -> str:
    """A name without case, accents and what stands between words."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(_letters(plain))


def _letters(text: str) -> Iterable[str]:
    return (sign for sign in text if sign.isalnum())
