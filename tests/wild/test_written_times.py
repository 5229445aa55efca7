"""Times as programs write them when they lost a zero, hold the day as a number, or count the hours to twelve."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hospital.errors import MappingError
from hospital.mapping.mapping_file import load_mapping
from hospital.times import TimeError, instant, parse_time
from tests.support.hospital_files import read_mapped

HEAD = '[mapping]\nname = "x"\nzone = "Europe/Paris"\n'
CENSUS = '[tables.census]\nfile = "c.csv"\n[tables.census.columns]\nunit = "unit"\noccupied = "occ"\nat = '


def _days(folder: Path, form: str, *written: str) -> list[str]:
    file = folder / "c.csv"
    file.write_text("at;unit;occ\n" + "".join(f"{at};MED;{n}\n" for n, at in enumerate(written)))
    rows = read_mapped(file, f'{HEAD}{CENSUS}{{ column = "at", format = "{form}" }}\n').tables["census"]
    return [str(at.tz_convert("Europe/Paris"))[:16] for at in rows["at"]]


def test_a_day_of_digits_that_lost_its_zero(tmp_path: Path) -> None:
    """1032024 is the first of March, and never the tenth."""
    assert _days(tmp_path, "%d%m%Y", "1032024", "02032024", "3032024.0") == [
        "2024-03-01 00:00",
        "2024-03-02 00:00",
        "2024-03-03 00:00",
    ]
    assert _days(tmp_path, "%d%m%Y %H%M", "1032024 130", "1032024 0230", "1032024 330") == [
        "2024-03-01 01:30",
        "2024-03-01 02:30",
        "2024-03-01 03:30",
    ]
    assert _days(tmp_path, "%Y%m%d", "20240301.0", "20240302", "20240303,00")[0] == "2024-03-01 00:00"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%Y%m%d", "2024131"),
        ("%d%m%Y", "132024"),
        ("%d%m%Y", "010320241"),
        ("%H%M %d/%m/%Y", "12345 01/03/2024"),
    ],
)
def test_digits_that_are_no_day(form: str, text: str) -> None:
    """Too few or too many are never made one by guessing where the parts end."""
    with pytest.raises(TimeError):
        parse_time(text, ZoneInfo("Europe/Paris"), form=form)


@pytest.mark.parametrize(
    ("form", "code"),
    [("%d/%m/%Y %I:%M", "half_days"), ("%d/%m/%Y %H:%m", "bad_format"), ("%d/%Y/%Y", "bad_format")],
)
def test_forms_that_cannot_be_meant(tmp_path: Path, form: str, code: str) -> None:
    """Hours of twelve without their half of the day, and a part that is named twice."""
    file = tmp_path / "m.toml"
    file.write_text(f'{HEAD}{CENSUS}{{ column = "at", format = "{form}" }}\n')
    with pytest.raises(MappingError) as caught:
        load_mapping(file)
    assert [f.code for f in caught.value.faults] == [code]
    file.write_text(f'{HEAD}{CENSUS}{{ column = "at", format = "%d/%m/%Y %I:%M %p" }}\n')
    assert load_mapping(file).tables


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%dT%H:%MZ",
        "%Y-%m-%d %H:%M:%S UTC",
        "%d/%m/%Y %H:%M GMT",
        "%Y-%m-%dT%H:%M:%S+02:00",
        "%d/%m/%Y %H:%M -0500",
        "%H:%M CEST %d/%m/%Y",
    ],
)
def test_a_form_that_writes_a_zone_as_letters(tmp_path: Path, form: str) -> None:
    """08:10 UTC would be 08:10 in Paris, an hour or two off on every row."""
    file = tmp_path / "m.toml"
    file.write_text(f'{HEAD}{CENSUS}{{ column = "at", format = "{form}" }}\n')
    with pytest.raises(MappingError) as caught:
        load_mapping(file)
    assert [f.code for f in caught.value.faults] == ["zone_in_format"]


@pytest.mark.parametrize(
    "form",
    ["%d-%m-%Y", "%d/%m/%Y %Hh%M", "%Y%m%d%H%M", "Z %d/%m/%Y", "%d.%m.%Y um %H.%M Uhr", "le %d/%m/%Y-%H:%M"],
)
def test_forms_without_a_zone(tmp_path: Path, form: str) -> None:
    """Letters and dashes that are none."""
    file = tmp_path / "m.toml"
    file.write_text(f'{HEAD}{CENSUS}{{ column = "at", format = "{form}" }}\n')
    assert load_mapping(file).tables


@pytest.mark.parametrize(
    "text",
    [
        "2024-07-01 08:10:00 UTC",
        "2024-07-01T08:10:00.000000GMT",
        "2024-07-01 08:10:00.0000000 +00:00",
        "2024-07-01 10:10:00 +0200",
        "2024-07-01 08:10 Z",
    ],
)
def test_a_zone_that_a_database_writes_apart(text: str) -> None:
    """Behind a blank, or as a word: the same instant, whatever the hospital's zone."""
    assert instant(parse_time(text, ZoneInfo("Europe/Paris"))) == instant(
        datetime(2024, 7, 1, 8, 10, tzinfo=UTC)
    )


@pytest.mark.parametrize("name", ["c\\u0000.csv", f"{'9' * 252}.csv", f"{'folder/' * 200}c.csv"])
def test_a_file_name_that_none_can_have(tmp_path: Path, name: str) -> None:
    """A zero byte in it is a fault of the mapping, and so is more than a system takes."""
    file = tmp_path / "m.toml"
    file.write_text(f'{HEAD}{CENSUS}"at"\n'.replace('"c.csv"', f'"{name}"'))
    with pytest.raises(MappingError) as caught:
        load_mapping(file)
    assert [f.code for f in caught.value.faults] == ["not_text"]
