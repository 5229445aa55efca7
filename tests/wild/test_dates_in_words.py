"""Dates and hours as people write them: months and days of the week by name, 8h, 0830, 8:30 PM (README.md)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from hospital.drafting.mapping_draft import draft_mapping
from hospital.times import TimeError, parse_time
from tests.support.hospital_files import read_mapped

MONTHS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
CUT = ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."]
WEEKDAYS = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"]
DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(366)]
ARRIVALS = [datetime(2024, 1, 1) + timedelta(minutes=97 * n) for n in range(400)]


def _whole(day: date) -> str:
    return f"{'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]} {day.year}"


@pytest.mark.parametrize(
    "write",
    [
        _whole,
        lambda day: f"{WEEKDAYS[day.weekday()]} {_whole(day)}",
        lambda day: f"{WEEKDAYS[day.weekday()].capitalize()} {day:%d/%m/%Y}",
        lambda day: f"{day.day} {CUT[day.month - 1]} {day.year}",
        lambda day: f"{day.day:02}-{CUT[day.month - 1]}-{day.year % 100}",
        lambda day: f"{day:%d-%b-%y}".upper(),
        lambda day: f"{day:%d %B %Y}",
    ],
)
def test_months_by_their_names(tmp_path: Path, write: Callable[[date], str]) -> None:
    """Drafted and read, in French and English: a spreadsheet's 05-févr-24 and a report's lundi 1er janvier 2024."""
    rows = [f"{write(day)};{unit};{20 + n % 7}" for n, day in enumerate(DAYS) for unit in ("MED", "CHIR")]
    (tmp_path / "c.csv").write_text("Jour;Service;Présents\n" + "\n".join(rows) + "\n", encoding="utf-8")
    census = read_mapped(tmp_path, draft_mapping(tmp_path / "c.csv")).tables["census"]
    med = census[census["unit"] == "MED"]
    assert [t.date() for t in med["at"].dt.tz_convert("Europe/Paris")] == DAYS


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%A %d %B %Y", "mardi 1er janvier 2024"),  # a Monday
        ("%d %B %Y", "1 jui 2024"),  # June or July
        ("%d %B %Y", "1 ma 2024"),
        ("%d %B %Y", "31 février 2024"),
        ("%d %B %Y", "janvier 2024"),
        ("%d-%b-%y", "1-vendémiaire-24"),
    ],
)
def test_a_name_that_is_none(form: str, text: str) -> None:
    """A day of the week that is not the date's, what may be two months, and what is none."""
    with pytest.raises(TimeError):
        parse_time(text, form=form)


@pytest.mark.parametrize(
    "write",
    [
        lambda at: f"{at.hour}h{at:%M}",
        lambda at: f"{at.hour} h {at:%M}",
        lambda at: f"{at:%H%M}",
        lambda at: str(int(f"{at:%H%M}")),  # a number has no zeros before it
        lambda at: f"{at:%I:%M %p}",
        lambda at: f"{at:%I:%M}{at:%p}".lower(),
    ],
)
def test_hours_beside_a_date(tmp_path: Path, write: Callable[[datetime], str]) -> None:
    """A draft without the hour would have all patients arrive at midnight."""
    rows = [f"{n};{at:%d/%m/%Y};{write(at)};{n % 5 + 1}" for n, at in enumerate(ARRIVALS)]
    head = "N° passage;Date arrivée;Heure arrivée;Tri\n"
    (tmp_path / "v.csv").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    visits = read_mapped(tmp_path, draft_mapping(tmp_path / "v.csv")).tables["visits"]
    assert (
        sorted(t.replace(tzinfo=None) for t in visits["arrived_at"].dt.tz_convert("Europe/Paris")) == ARRIVALS
    )


@pytest.mark.parametrize("write", [lambda at: f"{at:%H}H", lambda at: f"{at.hour}h", lambda at: f"{at.hour}"])
def test_whole_hours_beside_a_date(tmp_path: Path, write: Callable[[datetime], str]) -> None:
    """8 is the hour, and not eight minutes past midnight."""
    rows = [
        f"{at:%d/%m/%Y};{write(at)};MED;{20 + at.hour}"
        for at in (datetime(2024, 1, 1) + timedelta(hours=n) for n in range(200))
    ]
    (tmp_path / "c.csv").write_text(
        "Jour;Heure;Service;Présents\n" + "\n".join(rows) + "\n", encoding="utf-8"
    )
    census = read_mapped(tmp_path, draft_mapping(tmp_path / "c.csv")).tables["census"]
    assert (census["at"].dt.tz_convert("Europe/Paris").dt.hour + 20 == census["occupied"]).all()


@pytest.mark.parametrize(
    "write",
    [
        lambda at: f"{at:%d/%m/%Y} à {at:%H}h{at:%M}",
        lambda at: f"{at:%d/%m/%Y} - {at:%H:%M}",
        lambda at: f"{at:%m/%d/%Y %I:%M %p}",
        lambda at: f"{at:%Y%m%d%H%M}",
        lambda at: f"{at:%Y%m%d%H%M%S}",
        lambda at: f"{at:%Y%m%d%H%M%S}+0100",
        lambda at: f"{at:%d/%m/%Y %H:%M:%S},000",
        lambda at: f"{WEEKDAYS[at.weekday()]} {_whole(at)} {at:%H:%M}",
    ],
)
def test_days_and_hours_in_one_cell(tmp_path: Path, write: Callable[[datetime], str]) -> None:
    """As reports, messages between systems and databases write them."""
    rows = [f"{n};{write(at)};{n % 5 + 1}" for n, at in enumerate(ARRIVALS)]
    (tmp_path / "v.csv").write_text("N° passage;Arrivée;Tri\n" + "\n".join(rows) + "\n", encoding="utf-8")
    visits = read_mapped(tmp_path, draft_mapping(tmp_path / "v.csv")).tables["visits"]
    assert (
        sorted(t.replace(tzinfo=None) for t in visits["arrived_at"].dt.tz_convert("Europe/Paris")) == ARRIVALS
    )


def test_the_hour_of_the_entry_and_that_of_the_exit(tmp_path: Path) -> None:
    """Each beside its own date: a draft without them would have everybody come and go at midnight."""
    rows = [
        f"{n};MED;{at:%d/%m/%Y};{at:%H:%M};{at + timedelta(hours=30):%d/%m/%Y};{at + timedelta(hours=30):%H:%M}"
        for n, at in enumerate(ARRIVALS)
    ]
    head = "N° RUM;UF;Date entrée;Heure d'entrée;Date de sortie;Heure sortie\n"
    (tmp_path / "rum.csv").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    draft = draft_mapping(tmp_path / "rum.csv").replace(
        '# source = "COLUMN"', 'source = { constant = "elective" }'
    )
    stays = read_mapped(tmp_path, draft).tables["stays"].drop_duplicates("stay_id", keep="last")
    assert set(stays["left_at"] - stays["entered_at"]) == {timedelta(hours=30)}


def test_one_hour_beside_two_dates(tmp_path: Path) -> None:
    """Nothing says whether it is the entry's or the exit's: it is neither's, and the draft asks; a birth has none."""
    rows = [
        f"{n};MED;01/02/1980;{at:%d/%m/%Y};{at:%H:%M};{at + timedelta(hours=30):%d/%m/%Y}"
        for n, at in enumerate(ARRIVALS)
    ]
    head = "N° RUM;UF;Naissance;Date entrée;Heure;Date de sortie\n"
    (tmp_path / "rum.csv").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    draft = draft_mapping(tmp_path / "rum.csv")
    assert 'join = ["Date' not in draft
    assert draft.count("the date has no hour") == 2
    short = "\n".join(row.rpartition(";")[0] for row in rows)
    (tmp_path / "rum.csv").write_text(head.replace(";Date de sortie", "") + short + "\n", encoding="utf-8")
    assert 'entered_at = { join = ["Date entrée", "Heure"]' in draft_mapping(tmp_path / "rum.csv")


def test_an_hour_of_something_else_is_not_taken(tmp_path: Path) -> None:
    """The hour of the first contact is not that of the arrival: the draft asks."""
    rows = [f"{n};{at:%d/%m/%Y};{at:%H:%M};{n % 5 + 1}" for n, at in enumerate(ARRIVALS)]
    head = "N° passage;Date arrivée;Heure du contact;Tri\n"
    (tmp_path / "v.csv").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    draft = draft_mapping(tmp_path / "v.csv")
    assert 'arrived_at = { column = "Date arrivée"' in draft
    assert "the date has no hour" in draft
