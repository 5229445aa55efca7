"""Keys of a mapping that are one key once they are cleaned: refused, all at once, never the last one kept."""

from pathlib import Path

import pytest

from hospital.contracts.fault_words import lines
from hospital.errors import MappingError
from hospital.mapping.mapping_file import load_mapping

HEAD = '[mapping]\nname = "x"\nzone = "Europe/Paris"\n'
CENSUS = '[tables.census]\n[tables.census.columns]\nat = "T"\n'
TWO_FORMS = ("M\u00e9decine", "Me\u0301decine")


def _faults(tmp_path: Path, text: str) -> list[tuple[str, str]]:
    file = tmp_path / "m.toml"
    file.write_text(text, encoding="utf-8")
    try:
        load_mapping(file)
    except MappingError as error:
        return [(f.path, f.code) for f in error.faults]
    return []


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ("MED", "MED ", "MED"),
        ("MED", "\u00a0MED", "MED"),
        ("MED", "ME\u200bD", "MED"),
        (*TWO_FORMS, TWO_FORMS[0]),
    ],
)
def test_wards_units_and_codes(tmp_path: Path, first: str, second: str, name: str) -> None:
    """Each where it stands, and all of them in one answer."""
    wards = f'[tables.census.units]\n"{first}" = {{ occupied = "A" }}\n"{second}" = {{ occupied = "B" }}\n'
    units = f'[units."{first}"]\nlabel = "a"\n[units."{second}"]\nlabel = "b"\n'
    stays = (
        '[tables.stays.columns]\nstay_id = "S"\nentered_at = "E"\nsource = { constant = "emergency" }\n'
        f'unit = {{ column = "U", codes = {{ "{first}" = "X", "{second}" = "Y" }} }}\n'
    )
    found = _faults(tmp_path, HEAD + units + CENSUS + wards + stays)
    assert found == [
        (f"units.{name}", "same_key"),
        (f"tables.census.units.{name}", "same_key"),
        (f"tables.stays.columns.unit.codes.{name}", "same_key"),
    ]


def test_conditions_and_attributes(tmp_path: Path) -> None:
    """The columns of `where`, whose spaces are read as one, audit attributes and covariates."""
    text = CENSUS.replace("census]\n", 'census]\nwhere = { "A  B" = "1", "A B" = "2" }\n', 1)
    text += 'unit = "U"\noccupied = "O"\n[tables.census.covariates]\nflu = "F"\n"flu " = "G"\n'
    assert _faults(tmp_path, HEAD + text) == [
        ("tables.census.where.A B", "same_key"),
        ("tables.census.covariates.flu", "same_key"),
    ]
    case = '{ cases = [{ column = "A", where = { B = "1", "B " = "2" } }, { constant = "x" }] }'
    found = _faults(tmp_path, f'{HEAD}{CENSUS}occupied = "O"\nunit = {case}\n')
    assert found == [("tables.census.columns.unit.cases.0.where.B", "same_key")]


def _codes(tmp_path: Path, codes: str) -> list[tuple[str, str]]:
    column = f'unit = {{ column = "U", {codes} }}\n'
    return _faults(tmp_path, f'{HEAD}{CENSUS}occupied = "O"\n{column}')


def test_whole_numbers_are_their_codes(tmp_path: Path) -> None:
    """With two meanings refused; with one nothing is lost. A code with a meaning is not unknown as well."""
    at = "tables.census.columns.unit"
    assert _codes(tmp_path, 'codes = { "3" = "X", "3.0" = "Y" }') == [(f"{at}.codes.3", "same_key")]
    assert _codes(tmp_path, 'codes = { "3,00" = "X", "3.0" = "Y" }') == [(f"{at}.codes.3", "same_key")]
    assert _codes(tmp_path, 'codes = { "3" = "X", "3.0" = "X", "3.5" = "Y", "03" = "Z" }') == []
    assert _codes(tmp_path, 'codes = { "9" = "X" }, missing = [9.0]') == [(at, "code_and_missing")]


def test_a_column_is_added_once(tmp_path: Path) -> None:
    """Twice in a sum or difference, also in another writing, it would count twice."""
    for kind in ("sum", "difference"):
        text = f'{HEAD}{CENSUS}unit = "U"\noccupied = {{ {kind} = ["LITS", "LITS "] }}\n'
        assert _faults(tmp_path, text) == [("tables.census.columns.occupied", "same_columns")]
    assert _faults(tmp_path, f'{HEAD}{CENSUS}unit = "U"\noccupied = {{ sum = ["A", "B"] }}\n') == []


def test_the_words_name_both_writings(tmp_path: Path) -> None:
    """In both languages."""
    file = tmp_path / "m.toml"
    file.write_text(f'{HEAD}[units."A"]\n[units."A "]\n{CENSUS}unit = "U"\noccupied = "O"\n')
    with pytest.raises(MappingError) as caught:
        load_mapping(file)
    assert '"A", "A " are the same key' in lines(caught.value.faults, "en")[0]
    assert '"A", "A " sont la même clé' in lines(caught.value.faults, "fr")[0]
