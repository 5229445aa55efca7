"""Country, region and school zone in a mapping: recognised as people write them, and all faults said at once."""

from pathlib import Path

import pytest

from hospital.errors import MappingError
from hospital.holidays.place import Locality
from hospital.mapping.mapping_file import load_mapping
from hospital.words.fault_texts import FaultText

BODY = '[tables.census.columns]\nunit = "W"\nat = "T"\noccupied = "N"\n'


def _write(folder: Path, *lines: str, zone: str = "Europe/Paris") -> Path:
    path = folder / "mapping.toml"
    head = "\n".join(("[mapping]", 'name = "Test"', f'zone = "{zone}"', *lines))
    path.write_text(f"{head}\n{BODY}", encoding="utf-8")
    return path


def _faults(path: Path) -> dict[str, str]:
    with pytest.raises(MappingError) as caught:
        load_mapping(path)
    for language in ("fr", "en"):
        assert "{" not in caught.value.words("fr" if language == "fr" else "en")
    return {f.path: f.says.case if isinstance(f.says, FaultText) else f.code for f in caught.value.faults}


@pytest.mark.parametrize(
    ("zone", "lines", "locality"),
    [
        ("Europe/Paris", (), Locality()),
        ("Europe/Paris", ('school_zone = "c"',), Locality(school_zone="C")),
        ("Europe/Paris", ('school_zone = " Zone B "',), Locality(school_zone="B")),
        ("Europe/Paris", ('country = "fr"', 'school_zone = "A"'), Locality("FR", "", "A")),
        ("Europe/Paris", ('region = "alsace"', 'school_zone = "B"'), Locality("", "6AE", "B")),
        ("Europe/Paris", ('region = "Haut-Rhin"',), Locality("", "6AE")),
        ("Europe/Paris", ('region = "MOSELLE"',), Locality("", "57")),
        ("Indian/Reunion", ('region = "La Reunion"',), Locality("", "974")),
        ("Europe/Berlin", ('region = "by"',), Locality("", "BY")),
        ("Europe/Berlin", ('region = "DE-BY"',), Locality("", "BY")),
        ("Europe/Berlin", ('region = "baden wurttemberg"',), Locality("", "BW")),
        ("Europe/Berlin", ('region = "Baden-Wu\u0308rttemberg"',), Locality("", "BW")),
        ("Europe/Zurich", ('region = "Genève"',), Locality("", "GE")),
        ("Europe/Paris", ('country = "CH"', 'region = "ge"'), Locality("CH", "GE")),
        ("UTC", ('country = "it"', 'region = "mi"'), Locality("IT", "MI")),
    ],
)
def test_a_place_is_recognised_as_people_write_it(
    tmp_path: Path, zone: str, lines: tuple[str, ...], locality: Locality
) -> None:
    """In upper or lower case, by code or name, with or without accents, hyphens and the country's prefix."""
    assert load_mapping(_write(tmp_path, *lines, zone=zone)).locality == locality


@pytest.mark.parametrize(
    ("zone", "lines", "faults"),
    [
        ("Europe/Paris", ('country = "France"',), {"mapping.country": "unknown_country"}),
        ("Europe/Paris", ('country = "XX"',), {"mapping.country": "unknown_country"}),
        ("Europe/Paris", ('country = ""',), {"mapping.country": "blank"}),
        ("Europe/Berlin", ('region = "Bretagne"',), {"mapping.region": "unknown_region"}),
        ("Europe/Paris", ('region = "Zone A"',), {"mapping.region": "unknown_region"}),
        ("Europe/Vatican", ('region = "X"',), {"mapping.region": "unknown_region/none"}),
        ("UTC", ('region = "BY"',), {"mapping.region": "unknown_region/country"}),
        ("Europe/Paris", ('school_zone = "D"',), {"mapping.school_zone": "unknown_school_zone"}),
        ("Europe/Paris", ('school_zone = "Corse"',), {"mapping.school_zone": "unknown_school_zone"}),
        ("Europe/Rome", ('school_zone = "A"',), {"mapping.school_zone": "unknown_school_zone/elsewhere"}),
        (
            "Indian/Reunion",
            ('school_zone = "C"',),
            {"mapping.school_zone": "unknown_school_zone/elsewhere"},
        ),
        (
            "Europe/Paris",
            ('region = "Mayotte"', 'school_zone = "C"'),
            {"mapping.school_zone": "unknown_school_zone/elsewhere"},
        ),
        (
            "Europe/Paris",
            ('country = "CH"', 'school_zone = "C"'),
            {"mapping.school_zone": "unknown_school_zone/elsewhere"},
        ),
    ],
)
def test_what_is_no_place_is_named(
    tmp_path: Path, zone: str, lines: tuple[str, ...], faults: dict[str, str]
) -> None:
    """Each with what to write instead, in both languages."""
    assert _faults(_write(tmp_path, *lines, zone=zone)) == faults


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    """Beside faults of other keys, and where the zone itself is none."""
    path = _write(
        tmp_path,
        'country = "QQ"',
        'region = "BY"',
        'school_zone = "Z"',
        'decimal = ";"',
        zone="Europe/Nowhere",
    )
    assert set(_faults(path)) == {
        "mapping.country",
        "mapping.school_zone",
        "mapping.decimal",
        "mapping.zone",
    }
    path = _write(tmp_path, 'country = "DE"', 'region = "Tirol"', 'school_zone = "A"', "decimal = 1")
    assert set(_faults(path)) == {"mapping.region", "mapping.school_zone", "mapping.decimal"}


def test_what_is_no_text_is_one_fault(tmp_path: Path) -> None:
    """A number or a list is no name of a place."""
    assert set(_faults(_write(tmp_path, "country = 33", "region = [1]"))) == {
        "mapping.country",
        "mapping.region",
    }


def test_the_regions_that_are_known_are_named(tmp_path: Path) -> None:
    """So that the next attempt is right."""
    with pytest.raises(MappingError) as caught:
        load_mapping(_write(tmp_path, 'region = "Bavaria"', zone="Europe/Berlin"))
    assert "BY (Bayern)" in caught.value.words("fr")
    assert "Zone A" not in caught.value.words("fr")
