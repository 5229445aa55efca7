"""Files that a program changed without a trace in any one cell (README.md): what all rows together say."""

import math
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hospital.ingest.hospital_reader import HospitalTables
from hospital.ingest.rounded_ids import RoundedIds
from hospital.ingest.swapped_dates import exchanged_days, swapped_rows
from tests.support.hospital_files import read_mapped

HEAD = '[mapping]\nname = "x"\nzone = "Europe/Paris"\n'
CENSUS = (
    HEAD + '[tables.census]\n[tables.census.columns]\nat = { column = "at", format = "%d/%m/%Y" }\n'
    'unit = "unit"\noccupied = "n"\n'
)
STAYS = (
    HEAD + '[tables.stays]\n[tables.stays.columns]\nstay_id = "id"\nunit = "unit"\nentered_at = "at"\n'
    'visit_id = "visit"\nsource = { constant = "emergency" }\n'
)


def _days(count: int, first: date = date(2023, 1, 1)) -> np.ndarray:
    return np.arange(count) + (first - date(1970, 1, 1)).days


def _written(day: int) -> str:
    return f"{date(1970, 1, 1) + timedelta(days=int(day)):%d/%m/%Y}"


def _level(n: int) -> float:
    return round(30 + 9 * math.sin(n / 21) + 3 * (n % 7 < 5) + (n * 7919 % 5) / 2)


def _census(file: Path, days: np.ndarray, order: np.ndarray | None = None) -> HospitalTables:
    """A census whose counts are those of 0, 1, 2 … days, under `days`, in an order of rows."""
    rows = [
        f"{_written(day)};{unit};{_level(n) + k}" for n, day in enumerate(days) for k, unit in enumerate("AB")
    ]
    rows = rows if order is None else [rows[2 * i + k] for i in order for k in range(2)]
    file.write_text("at;unit;n\n" + "\n".join(rows) + "\n")
    return read_mapped(file, CENSUS)


def _codes(tables: HospitalTables) -> dict[str, int]:
    return {f.code: f.rows for f in tables.findings if f.code in ("swapped_dates", "rounded_ids")}


@pytest.mark.parametrize("count", [40, 120, 365, 730])
@pytest.mark.parametrize("ordered", ["as exported", "newest first", "sorted afterwards"])
def test_dates_exchanged_and_saved_in_one_format(tmp_path: Path, count: int, ordered: str) -> None:
    """By the order of the rows, by the days without one, and, where both are gone, by the counts."""
    days = exchanged_days(_days(count))
    order = {"as exported": np.arange(count), "newest first": np.arange(count)[::-1]}.get(
        ordered, np.argsort(days)
    )
    changed = int((days != _days(count)).sum())
    assert changed > 10
    assert _codes(_census(tmp_path / "c.csv", days, order)) == {"swapped_dates": 2 * changed}


def test_dates_of_one_unit_alone_exchanged(tmp_path: Path) -> None:
    """The other units have all their days, so that the table as a whole shows no hole."""
    right = _days(200)
    wrong = exchanged_days(right)
    file = tmp_path / "c.csv"
    rows = [f"{_written(day)};A;{_level(n)}" for n, day in enumerate(right)]
    rows += [f"{_written(day)};B;{_level(n)}" for n, day in enumerate(wrong)]
    file.write_text("at;unit;n\n" + "\n".join(sorted(rows)) + "\n")
    assert _codes(read_mapped(file, CENSUS)) == {"swapped_dates": int((wrong != right).sum())}


@pytest.mark.parametrize("count", [10, 40, 120, 365, 730])
def test_dates_that_are_right_are_no_finding(tmp_path: Path, count: int) -> None:
    """In order, the newest first, shuffled, and sorted as texts."""
    days, shuffled = _days(count), np.random.default_rng(1).permutation(count)
    as_texts = np.array(sorted(range(count), key=lambda n: _written(days[n])))
    for order in (np.arange(count), np.arange(count)[::-1], shuffled, as_texts):
        assert _codes(_census(tmp_path / "c.csv", days, order)) == {}


OPERATIONS = (
    '[mapping]\nname = "x"\nzone = "Etc/GMT-1"\n[tables.operations]\n[tables.operations.columns]\n'
    'operation_id = "id"\nunit = "unit"\nbooked_at = { column = "booked", format = "%d/%m/%Y %H:%M" }\n'
    'planned_at = { column = "planned", format = "%d/%m/%Y %H:%M" }\n'
)


def _operations(folder: Path, changed: str, days_ahead: int = 3) -> HospitalTables:
    """600 operations in two and a half years' order of booking, with one of the two columns of times exchanged."""
    rows = []
    for n in range(600):
        booked = datetime(2023, 1, 1, 7) + timedelta(hours=14 * n)
        times = {"booked": booked, "planned": booked + timedelta(days=days_ahead + n % 5)}
        at = times.get(changed)
        if at is not None and at.day <= 12:
            times[changed] = at.replace(month=at.day, day=at.month)
        rows.append(";".join([f"o{n}", "MED", *(f"{t:%d/%m/%Y %H:%M}" for t in times.values())]))
    (folder / "operations.csv").write_text("id;unit;booked;planned\n" + "\n".join(rows) + "\n")
    days = [f"{date(2024, 1, 1) + timedelta(days=n)};MED;{n % 7}" for n in range(40)]
    (folder / "census.csv").write_text("at;unit;occupied\n" + "\n".join(days) + "\n")
    return read_mapped(folder, OPERATIONS)


@pytest.mark.parametrize("changed", ["booked", "planned"])
def test_dates_exchanged_in_one_column_of_two(tmp_path: Path, changed: str) -> None:
    """Whichever it is: the table's own time, or one beside it, which then lies far from it."""
    found = [f for f in _operations(tmp_path, changed).findings if f.code == "swapped_dates"]
    assert [f.column for f in found] == [f"{changed}_at"]
    assert 150 < found[0].rows < 300


@pytest.mark.parametrize("days_ahead", [3, 30, 150])
def test_plans_that_lie_far_ahead_are_not_taken_for_exchanged_ones(tmp_path: Path, days_ahead: int) -> None:
    """An operation that is booked in spring for autumn is none."""
    assert not [f for f in _operations(tmp_path, "", days_ahead).findings if f.code == "swapped_dates"]


def test_days_without_rows_are_not_taken_for_exchanged_ones() -> None:
    """Working days, a closed summer, the first half of each month, a day a week, units one after the other."""
    days = _days(730)
    of_month = np.array([(date(1970, 1, 1) + timedelta(days=int(d))).day for d in days])
    for kept in (
        days[days % 7 < 5],
        days[(days < days[190]) | (days > days[250])],
        days[of_month <= 15],
        days[::7],
        np.concatenate([days[:200]] * 12),
        days[np.random.default_rng(2).random(730) < 0.05],
    ):
        assert swapped_rows(kept) == 0


def test_counts_without_a_course_say_nothing() -> None:
    """Noise is no smoother exchanged than as it is; nor are counts that never change."""
    days = _days(730)
    noise = np.random.default_rng(3).poisson(20, (730, 3)).astype(float)
    assert swapped_rows(days, pd.DataFrame(noise, index=days)) == 0
    assert swapped_rows(days, pd.DataFrame(noise * 0 + 7, index=days)) == 0


def _stays(file: Path, ids: list[str]) -> HospitalTables:
    rows = [f"s{n};{visit};MED;2024-03-{1 + n % 28:02d}" for n, visit in enumerate(ids)]
    file.write_text("id;visit;unit;at\n" + "\n".join(rows) + "\n")
    return read_mapped(file, STAYS)


def _to_15_digits(number: int) -> str:
    return str(number)[:15] + "0" * (len(str(number)) - 15)


_NUMBERS = [20240301000012345 + 7919 * n * n for n in range(40)]


@pytest.mark.parametrize(
    "ids",
    [
        [_to_15_digits(n) for n in _NUMBERS],
        [f"nord-{_to_15_digits(n)}" for n in _NUMBERS],
        [str(int(float(n))) for n in _NUMBERS],
        [_to_15_digits(n // 10) for n in _NUMBERS],
        ["20240300000000000"] * 40,
        [*map(_to_15_digits, _NUMBERS), "A12", "77"],
        [_to_15_digits(n) for n in _NUMBERS[:4]],
    ],
    ids=["15 digits", "with a site", "as a double", "16 digits", "all one", "beside short ones", "four"],
)
def test_rounded_ids_written_out(tmp_path: Path, ids: list[str]) -> None:
    """Whatever wrote them: a finding with the rows."""
    long = sum(len(i) > 15 for i in ids)
    assert _codes(_stays(tmp_path / "s.csv", ids)) == {"rounded_ids": long}


@pytest.mark.parametrize(
    "ids",
    [
        [str(n) for n in _NUMBERS],
        [str(n // 100) for n in _NUMBERS],
        [f"20240301{n:02d}{n % 60:02d}37000" for n in range(24)],
        [f"20240301{n:02d}{n % 60:02d}3700" for n in range(24)],
        [_to_15_digits(_NUMBERS[0]), *map(str, _NUMBERS[1:20])],
        [f"N{_to_15_digits(n)}" for n in _NUMBERS],
        [f"{n}00" for n in range(40)],
        [str(20240301000012345 + 2 * n) for n in range(40)],
    ],
    ids=["17 digits", "15", "milliseconds", "hundredths", "one by chance", "letters", "short", "odd"],
)
def test_sound_ids_are_no_finding(tmp_path: Path, ids: list[str]) -> None:
    """Ids that a program may well give."""
    assert _codes(_stays(tmp_path / "s.csv", ids)) == {}


def test_random_ids_are_hardly_ever_taken_for_rounded_ones() -> None:
    """Of ids drawn at random, of any length and number, none."""
    rng = np.random.default_rng(5)
    for digits in (16, 17, 18, 19):
        for count in (1, 2, 3, 5, 10, 40):
            for _ in range(40):
                ids = RoundedIds()
                ids.add(
                    pd.Series(
                        [str(n) for n in rng.integers(10 ** (digits - 1), 9 * 10 ** (digits - 1), count)]
                    )
                )
                assert ids.rows == 0
