"""On a card one thing has one name, in the reader's language, and is judged by what the card says it is judged by."""

from zoneinfo import ZoneInfo

import pytest

from hospital.words.language import Language
from registry.cards.figure_sections import Performance
from registry.cards.finding_text import Words
from registry.cards.reference_sections import Data, Limits


def words(language: Language, model: str = "wait-time") -> Words:
    """Those of a card whose model has an age among its inputs."""
    label = {"fr": "Âge", "en": "Age"}[language]
    return Words(language, model, ZoneInfo("Europe/Paris"), {"age_years": label})


@pytest.mark.parametrize(("language", "expected"), [("fr", "Affluence"), ("en", "Crowding")])
def test_groups_of_inputs_have_their_names(language: Language, expected: str) -> None:
    """Findings of the explanation gate are of them; the code's names stood there."""
    assert words(language).group("crowding") == expected


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_department_has_one_name(language: Language) -> None:
    """In the table of errors, as in those of reliability and fairness; there it was the file's code."""
    of = words(language)
    row = {
        "horizon_hours": 0.0,
        "mae": 40.0,
        "served_mae": 40.0,
        "baseline": "usual_hour",
        "baseline_mae": 50.0,
        "gain": [0.2, 0.1, 0.3],
        "coverage": 0.8,
        "in_scope": True,
        "n": 900,
    }
    rows = [row | {"unit_group": name} for name in ("all", "ED-CHILD", "ED")]
    (section,) = Performance(rows).pieces(of)
    assert of.group("ED-CHILD") in repr(section)
    assert "ED-CHILD" not in repr(section)


def test_a_correlation_is_no_power_of_ten() -> None:
    """Beside a bound of 0.00 it read as the larger of the two."""
    for metric in ("excess_correlation", "excess_correlation_known", "correlation_shift"):
        assert words("en").value({"metric": metric}, 0.0008) == "0.00"
    assert "10" in words("en").value({"metric": "later"}, 0.0008)


@pytest.mark.parametrize(
    ("language", "expected"), [("fr", "fréquence respiratoire"), ("en", "respiratory rate")]
)
def test_inputs_that_the_hospital_did_not_give_have_their_names(language: Language, expected: str) -> None:
    """A card has the names of them alone, as the code has them."""
    of = words(language)
    (section,) = Limits("wait-time", ["respiratory_rate", "own_column"], []).pieces(of)
    assert f"{expected}, own column" in repr(section)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (["sex=F", "age_band=80+*sex=F", "all"], ["Sex", "Age"]),
        (["unit_group=medicine", "unit=MED-A"], ["Unit"]),
    ],
)
def test_the_attributes_listed_are_those_that_groups_are_judged_by(
    groups: list[str], expected: list[str]
) -> None:
    """An age band, which no table declares, too; of beds units, and no attribute of people."""
    data = {
        "split": {},
        "rows": {},
        "days": 1,
        "zone": "Europe/Paris",
        "audit_attributes": ["sex", "language"],
        "digest": "sha256:0",
        "findings": [],
    }
    (section,) = Data(data, [{"group": g} for g in groups]).pieces(words("en"))
    listed = repr(section)
    assert all(name in listed for name in expected)
    assert "Language" not in listed
