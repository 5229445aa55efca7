"""Where a hospital is: its clock, and whose holidays it keeps."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

__all__ = ["OF_THE_ZONE", "Locality", "Place", "countries", "country_of_zone"]

# Zones that `zone.tab` gives a code of their own, and that keep the holidays of France.
_OF_FRANCE = ("GF", "GP", "MQ", "RE", "YT")


@dataclass(frozen=True)
class Locality:
    """Whose holidays a hospital keeps, as its mapping says; "" where it says nothing.

    Attributes:
        country: two letters (ISO 3166-1); "": the country of the time zone.
        region: its code in the package `holidays`, as ``BY`` in Germany; "": the whole country.
        school_zone: ``A``, ``B`` or ``C`` in metropolitan France; "": the school holidays are unknown.
    """

    country: str = ""
    region: str = ""
    school_zone: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the mapping says nothing, so that all follows from the time zone."""
        return not (self.country or self.region or self.school_zone)

    def to_json(self) -> dict[str, str]:
        """What is said, and no more: where nothing is, files keep the bytes that they had."""
        return {name: value for name, value in vars(self).items() if value}


OF_THE_ZONE = Locality()
"""What a hospital is that names nothing: the country of its time zone counts."""


@dataclass(frozen=True)
class Place:
    """A hospital's time zone and locality.

    Attributes:
        zone: of the local clock.
        locality: whose holidays count.
    """

    zone: ZoneInfo
    locality: Locality = OF_THE_ZONE

    @property
    def country(self) -> str:
        """The country whose public holidays count (ISO 3166-1); "" where none is known, as of UTC."""
        return self.locality.country or country_of_zone(str(self.zone))


def country_of_zone(zone: str) -> str:
    """The country (ISO 3166-1) of a time zone; "" for one that is of none, and for an old name of a zone.

    Overseas departments of France count as France: its holidays are theirs, and their own days need a region.
    """
    country = _zones().get(zone, "")
    return "FR" if country in _OF_FRANCE else country


@cache
def _zones() -> dict[str, str]:
    """Countries by zone, from `zone.tab` of the time zone database."""
    return {zone: country for country, _, zone, *_ in _rows("zone.tab")}


@cache
def countries() -> frozenset[str]:
    """The codes of countries (ISO 3166-1), from `iso3166.tab` of the time zone database."""
    return frozenset(row[0] for row in _rows("iso3166.tab"))


def _rows(name: str) -> list[list[str]]:
    lines = (files("tzdata") / "zoneinfo" / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]
