"""Numbers, quantities and days, as people of each language write them."""

import datetime as dt
import math
from zoneinfo import ZoneInfo

import pytest

from hospital.words import formats, names
from hospital.words.language import LANGUAGES, Language

NARROW, FIXED = "\u202f", "\u00a0"
WHEN = dt.datetime(2023, 11, 4, 9, 5, tzinfo=ZoneInfo("Europe/Paris"))


def test_numbers_are_written_as_each_language_does() -> None:
    """Decimal comma, narrow no-break spaces between thousands, and a minus that is one."""
    assert formats.number(12345.6, "fr", 1) == f"12{NARROW}345,6"
    assert formats.number(12345.6, "en", 1) == "12,345.6"
    assert formats.number(-0.5, "fr", 1) == "−0,5"
    assert formats.number(2, "en") == "2"
    assert formats.signed(2.0, "fr", 1) == "+2,0"
    assert formats.signed(-2.0, "en", 1) == "−2.0"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_rounds_to_zero_has_no_sign(language: Language) -> None:
    """Neither "−0" nor "+0"."""
    assert formats.number(-0.04, language) == "0"
    assert formats.signed(0.04, language) == "0"
    assert formats.percent(-0.0004, language, plus=True).startswith("0")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_is_a_dash(language: Language) -> None:
    """Never 0."""
    for value in (None, math.nan):
        assert formats.number(value, language) == "–"
        assert formats.signed(value, language) == "–"
        assert formats.percent(value, language) == "–"
        assert formats.beds(value, language) == "–"
        assert formats.points(value, language) == "–"


@pytest.mark.parametrize("value", [0.05, 0.15, 0.25, 0.35, 2.5, 0.285, 12.5, 1e-9])
def test_rounding_is_that_of_the_number_itself(value: float) -> None:
    """Babel writes what Python has rounded: half of a decimal goes where its binary value lies."""
    assert formats.number(value, "en", 1) == f"{value:.1f}"
    assert formats.percent(value, "en", 1) == f"{100 * value:,.1f}%"


def test_percentages_have_their_sign_and_space() -> None:
    """A no-break space in French, none in English."""
    assert formats.percent(0.015, "fr", 1) == f"1,5{FIXED}%"
    assert formats.percent(0.015, "en", 1) == "1.5%"
    assert formats.percent(0.8, "fr") == f"80{FIXED}%"
    assert formats.percent(0.2, "fr", plus=True) == f"+20{FIXED}%"
    assert formats.points(-0.011, "fr") == f"−1,1{FIXED}pt"


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        (0.0, f"moins de 1{FIXED}%", "under 1%"),
        (0.0004, f"moins de 1{FIXED}%", "under 1%"),
        (0.005, f"moins de 1{FIXED}%", "under 1%"),
        (0.0051, f"1{FIXED}%", "1%"),
        (0.5, f"50{FIXED}%", "50%"),
        (0.9949, f"99{FIXED}%", "99%"),
        (0.9951, f"plus de 99{FIXED}%", "over 99%"),
        (1.0, f"plus de 99{FIXED}%", "over 99%"),
        (None, formats.UNKNOWN, formats.UNKNOWN),
        (float("nan"), formats.UNKNOWN, formats.UNKNOWN),
    ],
)
def test_a_probability_is_never_sure(value: float | None, french: str, english: str) -> None:
    """What would be written as 0 or 100 per cent is said to lie under 1, or over 99."""
    assert (formats.probability(value, "fr"), formats.probability(value, "en")) == (french, english)


def test_units_take_the_plural_of_the_number_as_written() -> None:
    """−0.1 beds are "−0,1 lit" in French; 1.96 is written 2.0, hence plural."""
    assert formats.beds(-0.1, "fr") == f"−0,1{FIXED}lit"
    assert formats.beds(1.96, "fr") == f"2,0{FIXED}lits"
    assert formats.beds(1.94, "fr") == f"1,9{FIXED}lit"
    assert formats.beds(1, "en", 0) == f"1{FIXED}bed"
    assert formats.beds(1, "en", 1) == f"1.0{FIXED}beds"
    assert formats.minutes(45.64, "fr") == f"45,6{FIXED}min"


def test_horizons_are_hours_then_days() -> None:
    """From two days on, where they are whole."""
    said = [formats.horizon(h, "fr") for h in (0, 4, 1.5, 30, 72)]
    assert said == ["au tri", f"4{FIXED}h", f"1,5{FIXED}h", f"30{FIXED}h", f"3{FIXED}jours"]
    assert formats.horizon(72.0, "en") == f"3{FIXED}days"


def test_days_and_hours() -> None:
    """The day that the hospital's clock shows, whatever the machine's zone."""
    assert formats.date(WHEN, "fr") == "04/11/2023"
    assert formats.date(WHEN.date(), "en") == "2023-11-04"
    assert formats.time(WHEN, "fr") == f"09{FIXED}h{FIXED}05"
    assert formats.date_time(WHEN, "en") == "2023-11-04 09:05"
    assert formats.date_range(WHEN, WHEN + dt.timedelta(days=1), "fr") == "du 04/11/2023 au 05/11/2023"
    assert formats.weekday(WHEN, "fr") == "samedi"
    assert formats.weekday(WHEN, "en", short=True) == "Sat"


def test_short_numbers_are_whole_from_ten_on() -> None:
    """One decimal below, where there is one."""
    said = [formats.short_number(v, "fr") for v in (12.4, 9.96, 9.94, 3.0, 0.3, -0.04)]
    assert said == ["12", "10", "9,9", "3", "0,3", "0"]


def test_small_numbers_are_powers_of_ten() -> None:
    """With raised digits."""
    assert formats.power_of_ten(1.64e-5, "fr") == f"1,6{FIXED}×{FIXED}10⁻⁵"


def test_groups_have_names_or_keep_their_own() -> None:
    """Known attributes, values and horizons are words; what a hospital calls its own stays."""
    assert names.group("sex=F*age_band=16-39", "fr") == "Sexe\u00a0: femmes × Âge\u00a0: 16-39"
    assert names.group("horizon=24 h", "en") == "horizon: 24\u00a0h"
    assert names.group("72 h", "fr") == "3\u00a0jours"
    assert names.group("hour ~ pulse", "en", {"hour": "Hour"}) == "Hour ~ pulse"
    assert names.value("unit_group", "short_stay", "fr") == "short stay"
    assert names.table("visits", "fr") == "Passages aux urgences"
    assert names.table("their_table", "fr") == "their_table"


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        (0.0, f"moins de 0,1{FIXED}%", "under 0.1%"),
        (0.0004, f"moins de 0,1{FIXED}%", "under 0.1%"),
        (0.0006, f"0,1{FIXED}%", "0.1%"),
        (0.085, f"8,5{FIXED}%", "8.5%"),
        (0.51, f"51{FIXED}%", "51%"),
        (0.994, f"99{FIXED}%", "99%"),
        (0.996, f"plus de 99{FIXED}%", "over 99%"),
    ],
)
def test_a_small_probability_is_not_nothing(value: float, french: str, english: str) -> None:
    """Where tenths are shown, what would be written as 0 lies under one."""
    said = formats.short_probability(value, "fr"), formats.short_probability(value, "en")
    assert said == (french, english)


@pytest.mark.parametrize(
    ("minutes", "french", "english"),
    [
        (0.0, "0 min", "0 min"),
        (9.54, "9,5 min", "9.5 min"),
        (179.4, "179 min", "179 min"),
        (179.5, "3 h", "3 h"),
        (364.06, "6 h 4 min", "6 h 4 min"),
        (2_879.4, "47 h 59 min", "47 h 59 min"),
        (2_880.7, "2 jours", "2 days"),
        (2_920.0, "2 jours 1 h", "2 days 1 h"),
        (10_080.0, "7 jours", "7 days"),
    ],
)
def test_long_times_are_in_hours_and_days(minutes: float, french: str, english: str) -> None:
    """As people say how long somebody waited; nothing is said of 0 hours or minutes beside the rest."""
    assert formats.duration(minutes, "fr").replace(FIXED, " ") == french
    assert formats.duration(minutes, "en").replace(FIXED, " ") == english
