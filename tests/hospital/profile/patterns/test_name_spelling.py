"""One unit under two spellings is named, whatever makes the difference; names that people keep apart are not."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from hospital.contracts.tables import TABLES
from hospital.profile.current_rows import Latest
from hospital.profile.facts import Weight
from hospital.profile.patterns.name_spelling import spelling_findings
from hospital.profile.words import Words
from hospital.words.language import LANGUAGES


def table(name: str, column: str, names: list[str]) -> tuple[str, Latest]:
    """A table of which only the names of units or departments are looked at."""
    nothing = np.zeros(len(names), np.int64)
    frame = pd.DataFrame({column: names})
    return name, Latest(TABLES[name], frame, len(names), nothing, nothing, ZoneInfo("Europe/Paris"))


def said(*tables: tuple[str, Latest]) -> list[tuple[str, str, str, int, tuple[str, ...]]]:
    """Table, column, name, rows and the name to keep, of each finding."""
    found: Mapping[str, Latest] = dict(tables)
    findings = spelling_findings(found)
    assert all(f.code == "names_alike" and f.weight is Weight.LOOK for f in findings)
    return [(f.table, f.column, f.unit, f.rows, f.names) for f in findings]


@pytest.mark.parametrize(
    "other", ["med-a", "MED A", "MED_A", "Med-A", "MÉD-A", "MED – A", "MED-A.", "ＭＥＤ-A"]
)
def test_spellings_of_one_name(other: str) -> None:
    """The rarer of both is named, with its rows and the name to keep."""
    assert said(table("stays", "unit", ["MED-A", "MED-A", other])) == [
        ("stays", "unit", other, 1, ("MED-A",))
    ]


@pytest.mark.parametrize("other", ["MED-B", "MEDA", "MED-A2", "MED-1", "A-MED"])
def test_names_that_people_tell_apart(other: str) -> None:
    """Another letter, number or order of words is another unit."""
    assert said(table("census", "unit", ["MED-A", "MED-A", other])) == []


def test_the_table_of_units_says_which_is_right_and_departments_are_their_own() -> None:
    """What most rows have is named where the table of units has another; a department may be called as a unit."""
    found = said(
        table("units", "unit", ["Réa"]),
        table("stays", "unit", ["REA", "REA"]),
        table("visits", "department", ["rea", "Paed", "paed", "Paed"]),
    )
    assert found == [("stays", "unit", "REA", 2, ("Réa",)), ("visits", "department", "paed", 1, ("Paed",))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_said_in_words(language: str) -> None:
    """With the other name, and what to do."""
    (finding,) = spelling_findings(dict([table("stays", "unit", ["MED-A", "MED-A", "med-a"])]))
    words = Words(language)  # type: ignore[arg-type]
    assert "MED-A" in words.says(finding)
    assert "codes" in words.does(finding)
