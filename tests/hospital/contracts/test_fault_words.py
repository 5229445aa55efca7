"""Faults in French and English: every message that the readers and mappings write has both."""

from pathlib import Path

import pytest

from hospital.contracts.fault_words import fault, lines, said
from hospital.errors import ContractError, Fault, MappingError
from hospital.ingest.hospital_reader import read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.words.messages import Foreign


def test_places_are_kept_and_written_in_the_language() -> None:
    """Names as they are, days and numbers as the language writes them."""
    assert "comme a_*.csv\u00a0; corrigez" in said(fault("x", "no_file/pattern", pattern="a_*.csv"), "fr")
    one = fault("x[3].age_years", "out_of_range/between", 2, low=0.0, high=10_000.0)
    assert one.message == "the number is outside the range of the contract, 0 to 10,000"
    assert said(one, "fr") == "le nombre sort de l'intervalle du contrat, de 0 à 10\u202f000"
    assert lines([one], "fr") == [f"x[3].age_years\u00a0: {said(one, 'fr')} (2 lignes)"]
    assert said(Fault("x", "own", Foreign("what nobody has written")), "fr") == "what nobody has written"


def test_no_english_is_left_in_a_french_message(tmp_path: Path) -> None:
    """Of a quoted cell over several lines, and of a table without columns a unit."""
    rows = "".join(f"{n};MED;{note}\n" for n, note in enumerate(("a", '"x', 'y"z', "b")))
    (tmp_path / "stays.csv").write_text("stay_id;unit;note\n" + rows)
    with pytest.raises(ContractError) as caught:
        read_hospital(tmp_path, None, b"a key of tests, 32 bytes long...")
    [quote] = [line for line in lines(caught.value.faults, "fr") if "guillemet" in line]
    assert "a du texte après son guillemet fermant, à la ligne 4\u00a0; doublez" in quote
    mapping = "[mapping]\nname='x'\nzone='Europe/Paris'\n[tables.visits.units]\nA = { staffed = 'a' }\n"
    (tmp_path / "m.toml").write_text(mapping)
    with pytest.raises(MappingError) as wrong:
        load_mapping(tmp_path / "m.toml")
    assert "seules census, staffing ont des colonnes par unité" in "\n".join(lines(wrong.value.faults, "fr"))


@pytest.mark.parametrize(
    ("mapping", "french"),
    [
        ("[mapping]\nname = 'x'\nzone = 'Europe/Paris'\n", "ne décrit aucune table"),
        ("[mapping\n", "n'est pas du TOML"),
        (
            "[mapping]\nname='x'\nzone='Europe/Paris'\n[tables.visites]\n",
            "il n'y a pas de table de ce nom\u00a0; le contrat a units",
        ),
        (
            "[mapping]\nname='x'\nzone='Europe/Pari'\n",
            "mapping.zone\u00a0: il n'y a pas de fuseau horaire de ce nom",
        ),
        (
            "[mapping]\nname='x'\nzone='Europe/Paris'\nrefused_rows=0.5\n",
            "mapping.refused_rows\u00a0: un nombre d'au plus 0.1 est attendu",
        ),
        (
            "[mapping]\nname='x'\nzone='Europe/Paris'\n[tables.visits.columns]\n"
            "arrived_at={column='a',format='%Y-%m-%dT%H:%MZ'}\n",
            "le format écrit un fuseau comme de simples lettres",
        ),
        (
            "[mapping]\nname='x'\nzone='Europe/Paris'\n[tables.visits]\nwhere={a={not=1,b=2}}\n",
            "une liste de codes ou { not = [...] } est attendu",
        ),
    ],
)
def test_a_wrong_mapping_is_said_in_french(tmp_path: Path, mapping: str, french: str) -> None:
    """As its tables are."""
    (tmp_path / "m.toml").write_text(mapping)
    with pytest.raises(MappingError) as caught:
        load_mapping(tmp_path / "m.toml")
    assert french in "\n".join(lines(caught.value.faults, "fr"))


def test_a_limit_is_named(tmp_path: Path) -> None:
    """The length of a text, the range of a number, the choices of a code."""
    rows = f"{'x' * 70},2024-01-01T01:00Z,9,200\n"
    (tmp_path / "visits.csv").write_text("visit_id,arrived_at,triage,age_years\n" + rows)
    with pytest.raises(ContractError) as caught:
        read_hospital(tmp_path, None, b"a key of tests, 32 bytes long...")
    text = str(caught.value)
    for limit in ("at most 64 characters", "1, 2, 3A, 3B, 3, 4, 5", "0 to 130"):
        assert limit in text


@pytest.mark.parametrize(
    ("path", "rows", "line"),
    [
        ("census", 1, "census: m"),
        ("tables.visits.columns.age", 1, "tables.visits.columns.age: m"),
        ("visits[3].age_years", 1, "visits[3].age_years: m (1 row)"),
        ("visits.AGE", 5120, "visits.AGE: m (5,120 rows)"),
    ],
)
def test_a_fault_of_a_file_or_mapping_counts_no_rows(path: str, rows: int, line: str) -> None:
    """A table without a file has no row that is wrong."""
    assert lines([Fault(path, "x", Foreign("m"), rows)], "en") == [line]
    assert str(ContractError((Fault(path, "x", Foreign("m"), rows),))) == line
