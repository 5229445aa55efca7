"""`vigie compare` on versions that were really trained: on which rows, with other test sets, and on later tables."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hospital.dataset.splits import Split
from hospital.errors import HistoryError
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.simulator import Beyond, simulate_beyond, write
from hospital.times import DAY, instant
from registry.candidates.candidates import Candidate
from registry.compare.comparison import Comparison, compare
from registry.model.forecast_model import ForecastModel
from registry.settings import Settings
from tests.support.installation import Installation
from tests.support.quick_versions import quick_candidate
from training.packages.package_request import Request

START, KNOWN, DAYS = date(2024, 1, 8), 200, 230
KEY = b"a key for tests of comparisons"


@dataclass(frozen=True)
class Versions:
    """Three versions of a small hospital's waits, and the tables that they knew, and all.

    Attributes:
        split: of each version. Version 2 has a test set that begins later; version 3 one that begins where the known
        tables end, so that no row of them is judged by it.
    """

    settings: Settings
    known: HospitalTables
    later: HospitalTables
    split: tuple[Split, ...]


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    """Of few trees, and held against no other implementation: which rows are compared depends on neither."""
    root = tmp_path_factory.mktemp("compare")
    beyond = Beyond(days=DAYS - KNOWN, busy=1.0, before=KNOWN)  # one and the same hospital, to either day
    lived = simulate_beyond(KNOWN, beyond, seed=8, start=START, scale=0.15)
    for found, name in zip(lived, ("known", "later"), strict=True):
        write(found, root / name)
    known, later = (read_hospital(root / name, None, KEY) for name in ("known", "later"))
    installation, splits = Installation.make(root / "home"), []
    for number, (tables, test_from) in enumerate(
        ((known, _day(158)), (known, _day(171)), (later, _day(KNOWN))), 1
    ):
        request = Request("wait-time", test_from=test_from)
        splits.append(_split(quick_candidate(installation, request, tables, str(number))))
    return Versions(installation.settings, known, later, tuple(splits))


def _day(number: int) -> int:
    return instant(datetime(START.year, START.month, START.day, tzinfo=UTC)) + number * DAY


def _split(candidate: Candidate) -> Split:
    return Split.from_json(ForecastModel(candidate.package).manifest.split)


def _compared(versions: Versions, first: str, second: str, tables: HospitalTables | None) -> Comparison:
    return compare(versions.settings, "wait-time", first, second, tables=tables, progress=lambda *_: None)


def test_only_rows_that_neither_was_fitted_on_are_compared(versions: Versions) -> None:
    """From the later of the two beginnings, whichever version is named first; a version beside itself is the same."""
    begun = [split.spans["test"][0] for split in versions.split]
    assert begun[0] < begun[1]
    for pair in (("1", "2"), ("2", "1")):
        found = _compared(versions, *pair, None)
        assert begun[1] <= found.start < begun[1] + DAY
        assert found.end < versions.split[1].spans["test"][1]
    forth, back = (
        next(d for d in _compared(versions, *pair, None).differences if (d.metric, d.by) == ("mae", "all"))
        for pair in (("1", "2"), ("2", "1"))
    )
    assert forth.n == back.n > 100
    assert forth.difference == pytest.approx(-back.difference) != 0.0
    same = _compared(versions, "2", "2", None)
    assert {d.difference for d in same.differences} == {0.0}


def test_later_tables_are_compared_to_their_end(versions: Versions, tmp_path: Path) -> None:
    """With --data rows after both versions' own count too; those of the sealed days are the same rows."""
    own, later = (_compared(versions, "1", "2", tables) for tables in (None, versions.later))
    assert later.start == own.start
    assert own.end < _day(KNOWN) < later.end
    assert later.data_digest != own.data_digest
    rows = [next(d.n for d in found.differences if d.by == "all") for found in (own, later)]
    assert rows[1] > rows[0]


def test_nothing_in_common_is_said_with_what_to_do(versions: Versions) -> None:
    """Tables that end before one of them was judged hold no row for both."""
    with pytest.raises(HistoryError, match=r"--data, or compare versions trained with the same --test-from"):
        _compared(versions, "1", "3", versions.known)
