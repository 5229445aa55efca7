"""Days and hours of a census whose clock changes at midnight, twice an hour or not at all."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from hospital.contracts.fault_words import said
from hospital.errors import ContractError
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.times import start_of_day
from tests.support.hospital_files import KEY, read_mapped, write_xlsx

MIDNIGHT_ZONES = (
    "Africa/Cairo",
    "Atlantic/Azores",
    "America/Havana",
    "America/Santiago",
    "Asia/Beirut",
    "America/Asuncion",
    "Asia/Gaza",
    "America/Nuuk",
    "Europe/Paris",
    "Africa/Casablanca",
    "Europe/Dublin",
    "Australia/Lord_Howe",
)
_MAPPING = """[mapping]
name = "x"
zone = "{zone}"
{keys}
[tables.census]
file = "{file}"
[tables.census.columns]
at = {at}
unit = "unit"
occupied = "occ"
"""


def _read(folder: Path, file: str, zone: str, keys: str = "", at: str = '"at"') -> HospitalTables:
    return read_mapped(folder, _MAPPING.format(zone=zone, keys=keys, file=file, at=at))


def _days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(count)]


@pytest.mark.parametrize("zone", MIDNIGHT_ZONES)
def test_every_day_of_two_years_exists_in_every_zone_however_it_is_written(tmp_path: Path, zone: str) -> None:
    """As a date, as its midnight, in a form of the mapping's, as a cell of a spreadsheet or of a Parquet file."""
    days, place = _days(date(2023, 1, 1), 731), ZoneInfo(zone)
    expected = [start_of_day(day, place) for day in days]
    for day, at in zip(days, expected, strict=True):
        assert at.astimezone(place).date() == day
        assert (at - timedelta(seconds=1)).astimezone(place).date() < day
    forms = {
        "%Y-%m-%d": '"at"',
        "%Y-%m-%d 00:00:00": '"at"',
        "%d/%m/%Y": '{ column = "at", format = "%d/%m/%Y" }',
        "%d%m%Y": '{ column = "at", format = "%d%m%Y" }',
        "%d %b %Y": '{ column = "at", format = "%d %b %Y" }',
    }
    for number, (form, at_source) in enumerate(forms.items()):
        rows = "".join(f"{day.strftime(form)},A,{n % 9}\n" for n, day in enumerate(days))
        (tmp_path / f"c{number}.csv").write_text("at,unit,occ\n" + rows)
        census = _read(tmp_path, f"c{number}.csv", zone, at=at_source).tables["census"]
        assert census["at"].tolist() == expected, form
    typed = pd.DataFrame({"at": pd.to_datetime(days), "unit": "A", "occ": 1.0})
    typed.to_parquet(tmp_path / "c.parquet")
    assert _read(tmp_path, "c.parquet", zone).tables["census"]["at"].tolist() == expected


def test_a_spreadsheets_dates_are_days_where_midnight_was_skipped(tmp_path: Path) -> None:
    """Its cells hold a date and an hour, and the hour is always midnight."""
    days = _days(date(2024, 4, 20), 12)
    rows = [["at", "unit", "occ"], *[[datetime(d.year, d.month, d.day), "A", 1] for d in days]]
    write_xlsx(tmp_path / "c.xlsx", rows)
    census = _read(tmp_path, "c.xlsx", "Africa/Cairo").tables["census"]
    assert census["at"].tolist() == [start_of_day(d, ZoneInfo("Africa/Cairo")) for d in days]
    assert datetime(2024, 4, 25, 22, tzinfo=UTC) in census["at"].tolist()


def test_a_day_that_a_zone_never_had_is_refused(tmp_path: Path) -> None:
    """Samoa went from 29 to 31 December 2011."""
    rows = "".join(f"{day},A,1\n" for day in _days(date(2011, 12, 25), 10))
    (tmp_path / "c.csv").write_text("at,unit,occ\n" + rows)
    with pytest.raises(ContractError, match="Pacific/Apia skipped this time on 2011-12-30"):
        _read(tmp_path, "c.csv", "Pacific/Apia")


def _hours(*counts: tuple[str, int], unit: str = "A") -> str:
    return "".join(f"2024-10-27T{hour},{unit},{count}\n" for hour, count in counts)


NIGHT = (("00:00", 5), ("01:00", 6), ("02:00", 7), ("02:00", 8), ("03:00", 9), ("04:00", 9), ("05:00", 9))


def _night(found: HospitalTables, unit: str = "A") -> list[tuple[str, float]]:
    census = found.tables["census"]
    own = census[census["unit"] == unit].sort_values("at")
    return [(f"{at:%d %H}", occ) for at, occ in zip(own["at"], own["occupied"], strict=True)]


EXPECTED = [("26 22", 5), ("26 23", 6), ("27 00", 7), ("27 01", 8), ("27 02", 9), ("27 03", 9), ("27 04", 9)]


@pytest.mark.parametrize("newest_first", [False, True])
def test_an_hour_that_is_there_twice_is_read_in_the_order_of_its_rows(
    tmp_path: Path, newest_first: bool
) -> None:
    """Unit after unit, or hour after hour of all of them; the other way round in a file that begins with the newest."""
    rows = _hours(*NIGHT).splitlines()
    other = [row.replace(",A,", ",B,") for row in rows]
    for name, lines in (
        ("blocks.csv", rows + other),
        ("mixed.csv", [r for pair in zip(rows, other, strict=True) for r in pair]),
    ):
        ordered = lines[::-1] if newest_first else lines
        (tmp_path / name).write_text("\n".join(["at,unit,occ", *ordered]) + "\n")
        found = _read(tmp_path, name, "Europe/Paris", 'repeated_hour = "in_order"')
        assert _night(found) == EXPECTED
        assert _night(found, "B") == EXPECTED
        assert "duplicate_row" not in {f.code for f in found.findings}


def test_equal_counts_at_both_hours_are_two_rows(tmp_path: Path) -> None:
    """The second hour is no repetition of the first."""
    night = (("00:00", 5), ("01:00", 6), ("02:00", 7), ("02:00", 7), ("03:00", 9))
    (tmp_path / "c.csv").write_text("at,unit,occ\n" + _hours(*night))
    found = _read(tmp_path, "c.csv", "Europe/Paris", 'repeated_hour = "in_order"')
    assert _night(found) == [("26 22", 5), ("26 23", 6), ("27 00", 7), ("27 01", 7), ("27 02", 9)]
    for rule in ("first", "second"):
        with pytest.raises(ContractError, match="the file has both") as caught:
            _read(tmp_path, "c.csv", "Europe/Paris", f'repeated_hour = "{rule}"')
        assert [(f.path, f.code, f.rows) for f in caught.value.faults] == [("census[3].at", "both_hours", 1)]


@pytest.mark.parametrize(
    "hours",
    [("03:00", "02:00", "01:00", "02:00"), ("05:00", "02:00", "02:00", "01:00", "07:00", "04:00", "06:00")],
)
def test_rows_in_no_order_do_not_say_which_hour_is_the_first(tmp_path: Path, hours: tuple[str, ...]) -> None:
    """Another hour between the two, or rows that go forth and back: the file was sorted by something else."""
    (tmp_path / "c.csv").write_text("at,unit,occ\n" + _hours(*((at, n) for n, at in enumerate(hours))))
    with pytest.raises(ContractError, match="not in the order of time") as caught:
        _read(tmp_path, "c.csv", "Europe/Paris", 'repeated_hour = "in_order"')
    assert [(f.path, f.code, f.rows) for f in caught.value.faults] == [("census[1].at", "hours_apart", 2)]


@pytest.mark.parametrize("counts", [(1, 2, 3), (1, 2, 2)])
def test_a_skipped_hour_beside_the_one_after_it_is_no_second_row_of_it(
    tmp_path: Path, counts: tuple[int, ...]
) -> None:
    """With the rule that shifts it the two would be one; the clock's change is named, and not a repeated row."""
    rows = "".join(f"2024-03-31T0{n}:00,A,{count}\n" for n, count in enumerate(counts, 1))
    (tmp_path / "c.csv").write_text("at,unit,occ\n" + rows)
    with pytest.raises(ContractError, match="the hour after it, too") as caught:
        _read(tmp_path, "c.csv", "Europe/Paris", 'skipped_hour = "shift"')
    assert [(f.path, f.code, f.rows) for f in caught.value.faults] == [
        ("census[1].at", "hour_after_skipped", 1)
    ]
    (tmp_path / "c.csv").write_text("at,unit,occ\n" + rows.replace("T03:00,A", "T03:00,B"))
    assert len(_read(tmp_path, "c.csv", "Europe/Paris", 'skipped_hour = "shift"').tables["census"]) == 3


def test_half_hours_and_each_units_own_columns_are_read_in_order_too(tmp_path: Path) -> None:
    """02:00, 02:30, 02:00, 02:30; and a line for all the units."""
    times = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
    rows = "".join(f"2024-10-27T{t},{n},{10 + n}\n" for n, t in enumerate(times))
    (tmp_path / "c.csv").write_text("at,A,B\n" + rows)
    text = _MAPPING.format(
        zone="Europe/Paris", keys='repeated_hour = "in_order"', file="c.csv", at='"at"'
    ).replace('unit = "unit"\noccupied = "occ"\n', "")
    (tmp_path / "m.toml").write_text(
        text + '[tables.census.units]\nA = { occupied = "A" }\nB = { occupied = "B" }\n'
    )
    census = read_hospital(tmp_path, load_mapping(tmp_path / "m.toml"), KEY).tables["census"]
    for unit, base in (("A", 0), ("B", 10)):
        own = census[census["unit"] == unit].sort_values("at")
        assert own["occupied"].tolist() == [base + n for n in range(6)]
        assert own["at"].diff().dropna().unique().tolist() == [pd.Timedelta("30min")]


def test_in_order_is_of_a_census_and_not_of_patients(tmp_path: Path) -> None:
    """Of two arrivals at 02:30 nothing says that they were an hour apart."""
    (tmp_path / "v.csv").write_text("id,a\n1,2024-10-27T02:30\n2,2024-10-27T02:10\n")
    text = '[mapping]\nname = "x"\nzone = "Europe/Paris"\nrepeated_hour = "in_order"\n[tables.visits]\nfile = "v.csv"\n'
    (tmp_path / "m.toml").write_text(text + '[tables.visits.columns]\nvisit_id = "id"\narrived_at = "a"\n')
    with pytest.raises(ContractError) as caught:
        read_hospital(tmp_path, load_mapping(tmp_path / "m.toml"), KEY)
    assert [(f.path, f.code) for f in caught.value.faults] == [
        ("visits[0].arrived_at", "repeated_local_time")
    ]


def test_a_skipped_hour_is_shifted_where_the_mapping_says_so(tmp_path: Path) -> None:
    """A program whose clock had not gone forward yet: 02:30 was 03:30."""
    rows = "".join(f"2024-03-31T{h},A,{n}\n" for n, h in enumerate(("00:30", "01:30", "02:30", "04:30")))
    (tmp_path / "c.csv").write_text("at,unit,occ\n" + rows)
    census = _read(tmp_path, "c.csv", "Europe/Paris", 'skipped_hour = "shift"').tables["census"]
    assert [f"{t:%H:%M}" for t in census["at"]] == ["23:30", "00:30", "01:30", "02:30"]
    with pytest.raises(ContractError, match="Europe/Paris skipped this time on 2024-03-31") as caught:
        _read(tmp_path, "c.csv", "Europe/Paris")
    assert "sauté cette heure le 31/03/2024" in said(caught.value.faults[0], "fr")


def test_a_message_names_every_change_of_the_clock(tmp_path: Path) -> None:
    """Of three years, two autumns and a spring."""
    times = ("2022-10-30T02:10", "2023-10-29T02:10", "2024-03-31T02:10", "2024-05-05T02:10")
    (tmp_path / "c.csv").write_text("at,unit,occ\n" + "".join(f"{t},A,1\n" for t in times))
    with pytest.raises(ContractError) as caught:
        _read(tmp_path, "c.csv", "Europe/Paris")
    messages = {f.code: f.message for f in caught.value.faults}
    assert "on 2022-10-30, 2023-10-29;" in messages["repeated_local_time"]
    assert "on 2024-03-31;" in messages["nonexistent_local_time"]
